"""Schedulers in other programs: what is sent to them, and how each of their failures is reported.

The transcript of the protocol page is replayed, line by line.
"""

from __future__ import annotations

import contextlib
import shlex
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from amin_ref import (
    Amin,
    FirstComeFirstServed,
    Instance,
    InvalidValue,
    Machine,
    Request,
    Run,
    Schedule,
    check,
    simulate,
)
from amin_ref.external import LANGUAGES, ExternalPolicy, child, example_text, protocol_text
from amin_ref.model.errors import SchedulerFailed
from amin_ref.strategies import aborts, instances, machines
from tests.support.profiles import times
from tests.support.project import PROJECT

TRANSCRIPT = [line for line in protocol_text().splitlines() if line[:2] in ("→ ", "← ")]

# The three instances of the transcript; the client of "c" goes away in round 3 of the last.
FIRST = Instance(
    8, (Request("a", 2, 2, upper=4), Request("b", 1, 4), Request(7, 2, 2, 2, 3, arrival=1))
)
SECOND = Instance(4, (Request("a", 3, 1),), 2)
THIRD = Instance(
    6,
    (Request("a", 1, 3), Request("b", 2, 4), Request("c", 1, 1, arrival=2)),
    machine=Machine(after_eviction="resume", max_running=2),
)

REPLAYER = f"""
import sys
for line in {TRANSCRIPT!r}:
    if line[0] == "→":
        line_read = sys.stdin.readline().rstrip("\\n")
        assert line_read == line[2:], line_read
    else:
        print(line[2:], flush=True)
"""

# A program that admits one request at a time, with the least code that the protocol needs.
ONE_BY_ONE = """
import json, os, sys, time
{prelude}
waiting, running = [], 0
for line in sys.stdin:
    message = json.loads(line)
    {hook}
    if "end" in message:
        break
    if "round" in message:
        waiting += [request["id"] for request in message["arrived"]]
        running -= len(message["completed"])
        admit = [waiting.pop(0)] if waiting and not running else []
        running += len(admit)
        answer = {{"round": message["round"], "evict": [], "admit": admit}}
    else:
        answer = dict([next(iter(message.items()))])
        waiting, running = [], 0
    print(json.dumps(answer), flush=True)
{ending}
"""


def program(hook: str = "pass", prelude: str = "", ending: str = "") -> list[str]:
    return [
        sys.executable,
        "-S",
        "-c",
        ONE_BY_ONE.format(hook=hook, prelude=prelude, ending=ending),
    ]


def sending(text: str) -> list[str]:
    """A program that sends this text in place of its answers to rounds."""
    return program(f"if 'round' in message: print({text!r}, flush=True); continue")


@contextlib.contextmanager
def external(command: list[str], timeout: float = 10.0) -> Iterator[ExternalPolicy]:
    with ExternalPolicy(command, timeout=timeout) as policy:
        yield policy
    assert policy._child is None


def simulate_and_end(instance: Instance, policy: ExternalPolicy) -> None:
    simulate(instance, policy)
    policy.end()


def failure(
    command: list[str], timeout: float = 10.0, instance: Instance = FIRST
) -> SchedulerFailed:
    """The error that driving the program raises: one sentence of limited length."""
    with external(command, timeout) as policy, pytest.raises(SchedulerFailed) as caught:
        simulate_and_end(instance, policy)
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 600
    return caught.value


@pytest.fixture(scope="module")
def amin_in_a_pipe() -> Iterator[ExternalPolicy]:
    """Amin in a process of its own, one for all examples."""
    command = [sys.executable, "-m", "tests.support.stdin_policy", "amin_ref:Amin"]
    with external(command) as policy:
        yield policy
        policy.end()


@pytest.fixture(scope="module")
def fcfs_in_a_pipe() -> Iterator[ExternalPolicy]:
    """FCFS in a process of its own, one for all examples."""
    name = "amin_ref:FirstComeFirstServed"
    with external([sys.executable, "-m", "tests.support.stdin_policy", name]) as policy:
        yield policy
        policy.end()


class TestDocuments:
    def test_the_page_in_the_notes_is_the_one_in_the_package(self) -> None:
        """There are two files, because documentation is built from the notes alone."""
        notes = PROJECT / "proofs_notes" / "protocol.md"
        assert notes.read_text(encoding="utf-8") == protocol_text()

    def test_every_example_is_named_by_the_page(self) -> None:
        for language in LANGUAGES:
            assert f"amin-ref drive --example {language}" in protocol_text()
            assert "amin-ref drive --protocol" in example_text(language)

    def test_the_wheel_holds_every_file_that_is_not_python(self) -> None:
        """All files of the package are Python, or match a pattern of ``package-data``."""
        tools = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
        patterns: dict[str, list[str]] = tools["setuptools"]["package-data"]
        folder = PROJECT / "amin_ref"
        others = [
            str(file.relative_to(folder))
            for file in folder.rglob("*.*")
            if file.suffix != ".py" and "__pycache__" not in file.parts
        ]
        assert {"external/protocol.md", "external/amin.c", "external/amin.js"} <= set(others)
        folders = {str(file.parent.relative_to(PROJECT)) for file in folder.rglob("__init__.py")}
        assert {name.replace("/", ".") for name in folders} <= set(tools["setuptools"]["packages"])
        for name in others:
            assert any(fnmatch(name, pattern) for pattern in patterns["amin_ref"]), name


class TestDialogue:
    def test_the_transcript_is_replayed(self) -> None:
        with external([sys.executable, "-c", REPLAYER]) as policy:
            assert simulate(FIRST, policy) == simulate(FIRST, Amin())
            assert simulate(SECOND, policy) == simulate(SECOND, Amin())
            third = simulate(THIRD, policy, aborted={"c": 3})
            policy.end()
        runs = [Run("a", 0, 1, "evicted"), Run("b", 0, 4, "completed"), Run("a", 4, 6, "completed")]
        assert third == Schedule(THIRD, runs, aborted={"c": 3})

    def test_the_transcript_shows_an_eviction_and_three_instances(self) -> None:
        text = "\n".join(TRANSCRIPT)
        assert '"evict":[7]' in text
        assert text.count("begin") == 6
        assert TRANSCRIPT[-1] == '→ {"end": true}'

    def test_output_lengths_are_not_sent(self) -> None:
        sent = "\n".join(line for line in TRANSCRIPT if line[0] == "→")
        assert "output" not in sent

    def test_one_process_serves_many_instances(self) -> None:
        with external(program(prelude="started = os.getpid()")) as policy:
            schedules = [simulate(FIRST, policy) for _ in range(3)]
            assert schedules[0] == schedules[1] == schedules[2]
            assert policy._instances == 3

    def test_ids_with_special_characters_are_sent_and_read_back(self) -> None:
        ids = ('"', "\\", "}", "é\n→", "1", 1, -(2**53) + 1, "\ud800", '", "lower": 9')
        instance = Instance(50, tuple(Request(name, 1, 2) for name in ids))
        with external(program()) as policy:
            assert {run.request for run in simulate(instance, policy).runs} == set(ids)

    @times(0.2)
    @given(instance=instances(max_arrival=9))
    def test_amin_in_another_process_makes_the_schedules_of_amin(
        self, amin_in_a_pipe: ExternalPolicy, instance: Instance
    ) -> None:
        assert simulate(instance, amin_in_a_pipe) == simulate(instance, Amin())

    @times(0.2)
    @given(data=st.data(), instance=instances(max_arrival=9, machine=machines()))
    def test_amin_and_fcfs_in_other_processes_make_their_schedules_on_every_machine(
        self,
        amin_in_a_pipe: ExternalPolicy,
        fcfs_in_a_pipe: ExternalPolicy,
        data: st.DataObject,
        instance: Instance,
    ) -> None:
        """Predictions may be wrong, and the clients of waiting or running requests go away."""
        aborted = data.draw(aborts(instance))
        schedule = simulate(instance, Amin(), aborted=aborted)
        assert simulate(instance, amin_in_a_pipe, aborted=aborted) == schedule
        first_come = simulate(instance, FirstComeFirstServed(), aborted=aborted)
        assert simulate(instance, fcfs_in_a_pipe, aborted=aborted) == first_come
        event(f"clients that went away: {len(schedule.aborted) > 0}")


class TestVersion1:
    """A program that was written for version 1: it answers {"hello": 1}, and knows no machine."""

    def test_it_schedules_on_the_papers_machine(self) -> None:
        with external(program()) as policy:
            assert check(simulate(FIRST, policy)) == ()

    def test_it_is_not_told_that_a_client_went_away(self) -> None:
        """It admits that request all the same, which does not run."""
        instance = Instance(4, (Request("a", 1, 2), Request("b", 1, 2), Request("c", 1, 2)))
        with external(program("assert 'cancelled' not in message")) as policy:
            schedule = simulate(instance, policy, aborted={"b": 1})
        assert [(run.request, run.start) for run in schedule.runs] == [("a", 0), ("c", 3)]

    def test_it_is_refused_another_machine_and_can_go_on(self) -> None:
        with external(program()) as policy:
            with pytest.raises(SchedulerFailed) as caught:
                simulate(THIRD, policy)
            assert str(caught.value) == (
                "instance 1, before its first round: it speaks version 1 of the protocol, which "
                "has the paper's machine alone, and the instance is on "
                "Machine(after_eviction='resume', max_running=2)."
            )
            assert caught.value.kind == "cannot-start"
            simulate(FIRST, policy)


# Program, kind of its failure, and a part of the message.
FAILURES = {
    "cannot be started": (["no-such-program"], "cannot-start", "'no-such-program' cannot be"),
    "is a folder": ([str(PROJECT)], "cannot-start", "cannot be started: Permission denied"),
    "has a NUL in its name": (["a\0b"], "cannot-start", "cannot be started"),
    "exits at once with code 1": (["false"], "died", "at hello: it exited with code 1"),
    "exits at once with code 0": (["true"], "died", "at hello: it exited with code 0"),
    "exits in a round": (
        program("if message.get('round') == 2: sys.exit('out of luck')"),
        "died",
        "instance 1, round 2: it exited with code 1; the end of its stderr: 'out of luck'",
    ),
    "raises an exception": (
        program("message['round'] if 'begin' in message else 0"),
        "died",
        "KeyError: 'round'",
    ),
    "is killed": (
        program("if 'round' in message: os.kill(os.getpid(), 9)"),
        "died",
        "round 0: it was killed by SIGKILL",
    ),
    "aborts": (
        program("if 'round' in message: os.abort()"),
        "died",
        "round 0: it was killed by SIGABRT",
    ),
    "closes its output": (
        program("if message.get('round') == 1: os.close(1); time.sleep(60)"),
        "closed-output",
        "round 1: it closed its output and did not exit",
    ),
    "closes its input and exits": (
        program("if message.get('round') == 1: os.close(0); sys.exit(7)"),
        "died",
        "round 1: it exited with code 7",
    ),
    "sends what is not JSON": (
        sending("hm"),
        "nonsense",
        "instance 1, round 0: it sent 'hm': not JSON",
    ),
    "sends an empty line": (
        sending(""),
        "nonsense",
        "round 0: it sent ''",
    ),
    "sends what is not UTF-8": (
        program("if 'round' in message: os.write(1, b'\\xff\\n'); continue"),
        "nonsense",
        "not UTF-8",
    ),
    "echoes its input": (["cat"], "nonsense", "the field 'latest' is unknown"),
    "answers another round": (
        program("if message.get('round') == 2: message['round'] = 5"),
        "nonsense",
        'round 2: it sent \'{"round": 5, "evict": [], "admit": ["b"]}\': round 2 was sent',
    ),
    "answers an earlier round": (
        program("if message.get('round') == 2: message['round'] = 1"),
        "nonsense",
        "round 1 is answered twice",
    ),
    "sends a boolean as the round": (
        program("if message.get('round') == 1: message['round'] = True"),
        "nonsense",
        "round 1 was sent, and this answers another message",
    ),
    "has another protocol version": (
        program("if 'hello' in message: message['hello'] = 3"),
        "nonsense",
        "it speaks version 3 of the protocol, and this release speaks 1 and 2",
    ),
    "omits the round": (
        sending('{"evict": [], "admit": []}'),
        "nonsense",
        'here "round": 0',
    ),
    "omits the evictions": (
        sending('{"round": 0, "admit": []}'),
        "nonsense",
        "the field 'evict' is missing",
    ),
    "adds an unknown field": (
        sending('{"round": 0, "admit": [], "evict": [], "x": 0}'),
        "nonsense",
        "the field 'x' is unknown",
    ),
    "admits null": (
        sending('{"round": 0, "admit": [null], "evict": []}'),
        "nonsense",
        "admit holds None, which is not an id",
    ),
    "admits a string": (
        sending('{"round": 0, "admit": "a", "evict": []}'),
        "nonsense",
        "string 'a' found where an array is needed",
    ),
    "answers twice": (
        sending('{"round": 0, "evict": [], "admit": []}\n{"round": 0, "evict": [], "admit": []}'),
        "too-many-lines",
        "without being asked",
    ),
    "sends lines without end": (
        ["yes"],
        "too-many-lines",
        "at hello: it sent 'y' and, without being asked",
    ),
    "writes after the end": (
        program(ending="print('bye', flush=True)"),
        "too-many-lines",
        "at the end: it sent 'bye' after the end",
    ),
    "exits with code 3 at the end": (
        program(ending="sys.exit(3)"),
        "died",
        "at the end: it exited with code 3",
    ),
}


@pytest.mark.parametrize(("command", "kind", "message_part"), FAILURES.values(), ids=FAILURES)
def test_each_failure_of_a_program_is_reported_in_a_sentence(
    command: list[str], kind: str, message_part: str
) -> None:
    found = failure(command)
    assert found.kind == kind
    assert message_part in str(found)


# Programs that run into the timeout, and a part of the message.
SLOW = {
    "hangs": (
        program("if message.get('round') == 1: time.sleep(60)"),
        "round 1: it did not answer",
    ),
    "stops within a line": (
        program("if message.get('round') == 1: os.write(1, b'{\"ro'); time.sleep(60)"),
        "round 1: it did not answer within 1 s, it only sent '{\"ro' without a newline",
    ),
    "closes its input and hangs": (
        program("if message.get('round') == 1: os.close(0); time.sleep(60)"),
        "did not answer",
    ),
    "writes to stderr without end": (
        program("while 'round' in message: os.write(2, b'late\\n' * 5000); time.sleep(0.01)"),
        "the end of its stderr: 'late', 'late', 'late'",
    ),
    "goes on after the end": (program(ending="time.sleep(60)"), "at the end: it did not exit"),
}


@pytest.mark.parametrize(("command", "message_part"), SLOW.values(), ids=SLOW)
def test_a_program_that_hangs_is_reported_after_the_timeout(
    command: list[str], message_part: str
) -> None:
    """The timeout is short only after the start, which takes long on a busy machine."""
    began = time.monotonic()
    with external(command) as policy:
        policy.begin(1, 1)
        assert policy._child is not None
        policy._child._timeout = 1.0
        with pytest.raises(SchedulerFailed) as caught:
            simulate_and_end(FIRST, policy)
    assert caught.value.kind == "hangs"
    assert message_part in str(caught.value)
    assert time.monotonic() - began < 40


@pytest.mark.parametrize("command", [
    ["sleep", "60"],
    program(prelude="import signal; signal.signal(15, signal.SIG_IGN); time.sleep(60)"),
])  # fmt: skip
def test_a_program_that_never_answers_hello_is_reported_after_the_timeout(
    command: list[str],
) -> None:
    found = failure(command, timeout=0.3)
    assert str(found).startswith("at hello: it did not answer within 0.3 s")


def test_a_line_without_end_is_reported_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "LONGEST_LINE", 100_000)
    found = failure(["cat", "/dev/zero"])
    assert found.kind == "flood"
    assert "at hello: it has written 100,000 bytes without ending the line" in str(found)


class TestPipes:
    MANY = Instance(10, tuple(Request(f"{i:05}" * 20, 1, 1) for i in range(2000)))
    """The message of its first round is 300 kB long: more than a pipe holds."""

    def test_a_message_longer_than_the_pipe_is_sent_whole(self) -> None:
        with external(program()) as policy:
            schedule = simulate(self.MANY, policy)
        assert schedule.makespan == 2000

    def test_long_outputs_of_the_program_block_neither_side(self) -> None:
        """The program writes more than a pipe holds to stderr before it reads, and to stdout."""
        writes_much = program(
            "os.write(2, b'x' * 200_000)", prelude="sys.stdout.write(' ' * 200_000); sys.stdout"
        )
        with external(writes_much) as policy:
            assert simulate(FIRST, policy).makespan > 0
            assert len(policy._child._stderr_end) <= child.KEPT_OF_STDERR  # type: ignore[union-attr]

    def test_an_answer_before_the_message_was_read_is_refused(self) -> None:
        """The program answers round 0 half a second after "begin", without reading the round."""
        answers_early = program(
            "if 'begin' in message: print('{\"begin\": 1}', flush=True); time.sleep(0.5); "
            'print(\'{"round": 0, "evict": [], "admit": []}\', flush=True); time.sleep(60)'
        )
        found = failure(answers_early, instance=self.MANY)
        assert found.kind == "nonsense"
        assert "before it had read the whole message" in str(found)

    def test_a_program_that_never_reads_is_reported_with_the_bytes_unread(self) -> None:
        never_reads = program(
            "if 'begin' in message: print('{\"begin\": 1}', flush=True); time.sleep(60)"
        )
        found = failure(never_reads, timeout=5.0, instance=self.MANY)
        assert "bytes of the message are unread" in str(found)


DETACHED = {
    "a session of its own": "setsid sleep 60 <&- >&- 2>&- & ",
    "forked twice": (
        f"{sys.executable} -c 'import os, time; os.fork() and os._exit(0); os.setsid(); "
        'os.fork() and os._exit(0); open("{note}", "w").write(str(os.getpid())); '
        "time.sleep(60)' <&- >&- 2>&-; "
    ),
    "in the same session, without the environment": "env -i sleep 60 <&- >&- 2>&- & ",
}
"""What a shell runs before the program: processes without its pipes, hard to find."""

FOUND_BELOW_PARENT = {
    "a session of its own, without the environment": "env -i setsid sleep 60 <&- >&- & "
}
"""Such a process is found only while the program that started it runs."""

HIDDEN = [
    *((begins, is_killed) for begins in DETACHED.values() for is_killed in (True, False)),
    *((begins, True) for begins in FOUND_BELOW_PARENT.values()),
]


class TestProcesses:
    def test_a_failed_program_is_started_anew(self, tmp_path: Path) -> None:
        once = tmp_path / "once"
        command = program(
            f"if message.get('round') == 1 and not os.path.exists({str(once)!r}): "
            f"open({str(once)!r}, 'w'); sys.exit(1)"
        )
        with external(command) as policy:
            with pytest.raises(SchedulerFailed, match="instance 1, round 1"):
                simulate(FIRST, policy)
            with pytest.raises(SchedulerFailed, match="begin was not called since"):
                policy.decide(2, [], [])
            assert simulate(FIRST, policy).makespan > 0

    @pytest.mark.skipif(not Path("/proc/self").exists(), reason="reads /proc")
    def test_children_of_a_failed_program_are_killed(self, tmp_path: Path) -> None:
        """The child holds no pipe: it can be found by its process group alone."""
        note = tmp_path / "pid"
        command = ["sh", "-c", f"sleep 60 <&- >&- 2>&- & echo $! > {note}; exec sleep 60"]
        with external(command, timeout=2.0) as policy, pytest.raises(SchedulerFailed):
            simulate(FIRST, policy)
        assert not runs(int(note.read_text()))

    @pytest.mark.skipif(not Path("/proc/self").exists(), reason="reads /proc")
    @pytest.mark.parametrize(("begins", "is_killed"), HIDDEN)
    def test_descendants_of_a_program_are_killed(
        self, tmp_path: Path, begins: str, is_killed: bool
    ) -> None:
        """In whichever session they run; a process of another program goes on."""
        note = tmp_path / "pid"
        start = begins.replace("{note}", str(note))
        if "{note}" not in begins:
            start += f"echo $! > {note}; "
        command = ["sh", "-c", f"{start} {'exec sleep 60' if is_killed else shlex.join(program())}"]
        other = subprocess.Popen(["sleep", "60"], start_new_session=True)
        try:
            with external(command, timeout=2.0 if is_killed else 20.0) as policy:
                if is_killed:
                    with pytest.raises(SchedulerFailed):
                        simulate(FIRST, policy)
                else:
                    simulate(FIRST, policy)
                    policy.end()
            assert not runs(int(note.read_text()))
            assert other.poll() is None
        finally:
            other.kill()
            other.wait()

    def test_closing_a_policy_within_an_instance_ends_its_process(self) -> None:
        with ExternalPolicy(program()) as policy:
            policy.begin(10, 1)
            process = policy._child._process  # type: ignore[union-attr]
        assert process.returncode is not None
        policy.close()

    def test_ending_a_policy_that_never_began_starts_no_program(self) -> None:
        with ExternalPolicy(["false"]) as policy:
            policy.end()


def runs(process: int) -> bool:
    """Whether a process still runs after two seconds, in which it may be killed."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return False
        if state == "Z":
            return False
        time.sleep(0.02)
    return True


@pytest.mark.parametrize("command", [[], "./a.out", ()])
def test_a_command_that_is_no_list_of_words_is_refused(command: list[str]) -> None:
    with pytest.raises(InvalidValue, match="program and its arguments"):
        ExternalPolicy(command)


@pytest.mark.parametrize("timeout", [0.0, -1.0, float("inf"), float("nan")])
def test_a_timeout_must_be_positive_and_finite(timeout: float) -> None:
    with pytest.raises(InvalidValue, match="seconds above 0"):
        ExternalPolicy(["true"], timeout=timeout)

"""Rules of commands at their limits: the last accepted value and the first refused one."""

from __future__ import annotations

import io
import json
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

import click
import pytest

from amin_ref import Amin, Instance, Machine, Request, VisibleRequest, simulate
from amin_ref.cli import claims, drive, signals
from amin_ref.cli.application import application
from amin_ref.cli.bound import evidence_in_words
from amin_ref.cli.compare import MOST_SEEDS, _refuse_equal_seeds
from amin_ref.cli.conform import ConformingPolicy
from amin_ref.cli.exit_codes import run
from amin_ref.cli.flags import POLICY
from amin_ref.cli.foreign import told_in_one_sentence
from amin_ref.cli.options import SECONDS, WorkloadOptions
from amin_ref.cli.skeleton import MyScheduler
from amin_ref.cli.streams import ClosedOutput
from amin_ref.cli.wording import duration
from amin_ref.cli.writing import STANDARD_OUTPUT, OutputFile, terminal_width, write_text
from amin_ref.conformance import POLICY_NAMES
from amin_ref.external import ExternalPolicy
from amin_ref.model.errors import AminError, CannotWrite, SchedulerFailed
from amin_ref.policies.loading import PolicyFailed
from amin_ref.policies.names import POLICIES
from amin_ref.suite import Finding, Report, examine
from amin_ref.workloads import Selection, select_rows
from oracle import Optimum, lower_bound, verify
from oracle import optimum as search

TWO = Instance.from_lengths([(1, 2), (1, 2)], capacity=3)


def refused(capsys: pytest.CaptureFixture[str], line: Sequence[str], code: int = 2) -> str:
    """The sentence with which a command line is refused."""
    capsys.readouterr()
    assert run(application, list(line)) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


@pytest.mark.parametrize("text", ["-0.5", "inf", "nan", "x", "-1e-9"])
def test_seconds_are_finite_and_not_negative(text: str) -> None:
    with pytest.raises(click.BadParameter, match="number of seconds"):
        SECONDS.convert(text, None, None)


@pytest.mark.parametrize("text", ["0", "0.5", "1e3"])
def test_zero_and_positive_numbers_are_seconds(text: str) -> None:
    assert SECONDS.convert(text, None, None) == float(text)


@pytest.mark.parametrize(("times", "code"), [
    ("0", 2), ("1", 0), ("1000000", 0), ("1000001", 2), ("x", 2),
])  # fmt: skip
def test_the_factor_of_the_input_limits_is_a_whole_number(
    times: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "schedule.json"
    file.write_text(simulate(TWO, Amin()).to_json())
    assert run(application, ["check", str(file), "--input-limit", times]) == code


def test_at_most_1000_seeds_are_compared() -> None:
    chat = WorkloadOptions("chat", 5, 0, 900, 1, "exact", "at-once", "position")
    _refuse_equal_seeds(chat, MOST_SEEDS)
    with pytest.raises(click.UsageError, match="at most 1,000 are compared"):
        _refuse_equal_seeds(chat, MOST_SEEDS + 1)


@pytest.mark.parametrize("flag", ["--policies", "--columns"])
def test_an_unknown_name_is_refused_in_one_sentence(
    flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(capsys, ["compare", flag, "nonsense"])
    assert "nonsense" in said
    assert ".;" not in said


def test_a_policy_is_not_converted_again() -> None:
    assert POLICY.convert(POLICIES["amax"], None, None) is POLICIES["amax"]
    assert POLICY.convert("amax", None, None) is POLICIES["amax"]


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_an_output_to_a_closed_standard_output_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kind = OutputFile()
    file = str(tmp_path / "file")
    monkeypatch.setattr(sys, "stdout", ClosedOutput())
    with pytest.raises(CannotWrite, match="standard output is closed"):
        kind.convert(name, None, None)
    written = kind.convert(file, None, None)
    assert written.file is not None
    assert written.file.path == file
    assert kind.convert(written, None, None) is written


def test_completion_opens_no_file(tmp_path: Path) -> None:
    context = click.Context(click.Command("simulate"), resilient_parsing=True)
    absent = str(tmp_path / "absent" / "file")
    assert OutputFile().convert(absent, None, context) is STANDARD_OUTPUT
    with pytest.raises(CannotWrite):
        OutputFile().convert(absent, None, click.Context(click.Command("simulate")))


@pytest.mark.parametrize(("evidence", "says"), [
    ("certificate", "recomputes in exact arithmetic"),
    ("solver", "the integer-programming solver states"),
    ("exhausted", "stopped before it decided"),
])  # fmt: skip
def test_each_kind_of_evidence_is_described(evidence: str, says: str) -> None:
    best = search(TWO, time_limit=5.0)
    text = evidence_in_words(
        Optimum(best.schedule, 4, evidence, None)  # type: ignore[arg-type]  # one of the three
    )
    assert says in text
    proven = evidence_in_words(Optimum(best.schedule, 6, "exhausted", None))
    assert proven == "an exact search, which excluded every schedule that costs less"


def test_the_folder_of_vectors_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "a" / "b"
    for _ in range(2):  # the second time the folder exists
        assert run(application, ["vectors", "--output-folder", str(folder)]) == 0
        said = capsys.readouterr().err
        assert f"groups of vectors to '{folder}'." in said
        assert f"wrote {len(list(folder.iterdir()))} groups" in said
    (tmp_path / "file").write_text("")
    below = str(tmp_path / "file" / "below")
    assert "cannot be made" in refused(capsys, ["vectors", "--output-folder", below], code=3)


def test_a_new_scheduler_replaces_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor a file that another program makes after the command has found no file."""
    file = tmp_path / "mine_in_test.py"
    file.write_text("mine")
    assert "exists, and is left unchanged" in refused(capsys, ["new", str(file)], code=3)
    monkeypatch.setattr("amin_ref.cli.new.os.path.lexists", lambda _: False)
    assert "exists, and is left unchanged" in refused(capsys, ["new", str(file)], code=3)
    assert file.read_text() == "mine"


@pytest.mark.parametrize("name", ["mine.txt", "1st.py", "class.py", "json.py", "pytest.py"])
def test_new_refuses_a_name_that_python_cannot_import(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(capsys, ["new", str(tmp_path / name)])
    assert said.startswith("amin-ref: FILE.py is ")
    assert not (tmp_path / name).exists()


def test_what_one_of_ours_raises_is_a_bug_and_what_yours_raises_is_yours() -> None:
    with pytest.raises(ValueError, match="ours"), told_in_one_sentence("amin"):
        raise ValueError("ours")
    failed = r"the policy 'mine:SJF' raised ValueError"
    with pytest.raises(PolicyFailed, match=failed), told_in_one_sentence("mine:SJF"):
        raise ValueError("yours")
    with pytest.raises(AminError, match="ours"), told_in_one_sentence("mine:SJF"):
        raise AminError("ours")


@pytest.mark.parametrize(("flags", "code"), [
    (["--json"], 0), (["--json", "--format", "json"], 0), (["--format", "json"], 0),
    (["--json", "--format", "csv"], 2),
    (["--json", "--columns", "mean_latency"], 2), (["--columns", "mean_latency"], 0),
])  # fmt: skip
def test_json_is_one_of_the_forms(
    flags: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["compare", "--requests", "3", "--policies", "amin"]
    assert run(application, [*line, *flags]) == code
    assert capsys.readouterr().out.startswith("{") == (code == 0 and "json" in " ".join(flags))


@pytest.mark.parametrize("seeds", [[], ["--seeds", "2"]], ids=["one seed", "two seeds"])
def test_a_report_that_cannot_be_written_is_refused_before_the_work(
    seeds: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And where the work is stopped before anything is done, nothing is printed."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("amin_ref.cli.comparing.simulated", interrupted)
    line = ["compare", "--requests", "3", *seeds]
    absent = str(tmp_path / "absent" / "out.html")
    assert "cannot be written" in refused(capsys, [*line, "--report", absent], code=3)
    assert refused(capsys, line, code=130) == "amin-ref: interrupted.\n"


def test_an_instance_from_standard_input_is_called_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "instance.json"
    file.write_text(TWO.to_json())
    chat = WorkloadOptions("chat", None, 0, 16_492, 1, "exact", "at-once", "position")
    with click.Context(click.Command("drive")).scope(), file.open() as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        assert list(drive._instances(chat, ("-",))) == [drive.NamedInstance("standard input", TWO)]
        (drawn,) = drive._instances(chat, ())
    assert drawn.name == "chat, 200 requests"
    assert len(drawn.instance.requests) == drive.REQUESTS == 200


class TestSkeleton:
    def test_the_skeleton_reserves_whole_blocks_for_the_upper_bound(self) -> None:
        scheduler = MyScheduler()
        scheduler.begin(20, 4)
        visible = [
            VisibleRequest(request.id, request.prompt_len, request.lower, request.upper, 0, place)
            for place, request in enumerate(
                [Request("a", 3, 2, 1, 6), Request("b", 3, 2, 1, 5), Request("c", 9, 2, 1, 90)]
            )
        ]
        assert [scheduler.reserved(request) for request in visible] == [12, 8, 20]
        unknown = VisibleRequest("d", 3, 1, None, 0, 3)
        assert scheduler.reserved(unknown) == 20

    def test_the_skeleton_admits_in_order_of_arrival(self) -> None:
        scheduler = MyScheduler()
        scheduler.begin(10, 1)
        later, sooner = (
            VisibleRequest(name, 2, 1, 3, arrival, place)
            for place, (name, arrival) in enumerate([("later", 4), ("sooner", 1)])
        )
        assert tuple(scheduler.decide(4, [later, sooner], []).admit) == ("sooner", "later")
        third = VisibleRequest("third", 2, 1, 3, 4, 2)
        assert tuple(scheduler.decide(5, [third], []).admit) == ()
        assert tuple(scheduler.decide(6, [], ["sooner"]).admit) == ("third",)


@pytest.mark.parametrize("flags", [[], ["--quick"]])
def test_ctrl_c_prints_the_file_of_the_measurements(
    flags: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(
        *_: object,
        on_measured: Callable[[int], None],
        on_interrupted: Callable[[], None],
        **__: object,
    ) -> None:
        on_measured(3)
        on_interrupted()
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(claims, "measure", interrupted)
    assert run(application, ["claims", "--claim", "C1", "--workers", "1", *flags]) == 130
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("amin-ref: finishing the measurements that have begun;")
    kept = "amin-ref: finished measurements are in 'amin-ref-claims.jsonl'; the same command "
    assert said[1:-1] == ([] if flags else [f"{kept}continues."])
    assert said[-1] == "amin-ref: interrupted."


def test_claims_reads_no_standard_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--workload: claims reads its trace several times" in refused(
        capsys, ["claims", "--quick", "--workload", "-"]
    )


@pytest.mark.parametrize(("workload", "reads"), [("trace.csv", 1), ("chat", 3)])
def test_a_trace_is_read_once_for_all_seeds(
    workload: str,
    reads: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So that a trace may be a pipe. Random rows are drawn for each seed."""
    calls: list[object] = []

    def counted(*given: object, **named: object) -> Selection:
        calls.append(named["seed"])
        return select_rows(*given, **named)  # type: ignore[arg-type]  # the same arguments

    monkeypatch.setattr("amin_ref.cli.options.select_rows", counted)
    monkeypatch.chdir(tmp_path)
    lines = "arrived_at,num_prefill_tokens,num_decode_tokens\n0,3,5\n3501,3,5\n"
    (tmp_path / "trace.csv").write_text(lines)
    line = ["compare", "--workload", workload, "--requests", "2", "--ties", "random"]
    assert run(application, [*line, "--seeds", "3", "--seed", "4", "--policies", "amin"]) == 0
    assert len(calls) == reads
    if workload == "chat":
        assert calls == [4, 5, 6]
    said = capsys.readouterr().err
    assert said.count("the trace spans 58 min 21 s.") == (workload == "trace.csv")


class PrintsAfterTheEnd(ExternalPolicy):
    """A program that prints lines after the last instance."""

    def end(self) -> None:
        raise SchedulerFailed("too-many-lines", "the program printed more")


def test_the_number_of_small_instances_is_the_requested_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resume = Machine(after_eviction="resume")
    given: list[object] = []

    def recording(
        make: Callable[[], object], claimed: str, *, examples: int, seed: int, machine: Machine
    ) -> Report:
        given.extend([make(), claimed, examples, seed, machine])
        return examine(MyScheduler, "valid", examples=2)

    monkeypatch.setattr(drive, "examine", recording)
    lines: list[str] = []
    record = drive._Record(lines.append)
    policy = ExternalPolicy(["never started"])
    assert drive._small(policy, "valid", 0, 7, resume, record) is None
    assert (given, record.report, lines) == ([], None, [])
    assert drive._small(policy, "valid", 9, 7, resume, record) is None
    assert given == [policy, "valid", 9, 7, resume]
    assert record.report is not None
    assert lines == list(record.report.lines())


class TestInterruption:
    """The exception of a signal is raised after an import, or after ``MOST_LOOKS`` delays."""

    @staticmethod
    def frame_in(file: str) -> FrameType:
        found: list[FrameType] = []
        names = {"found": found, "sys": sys}
        exec(compile("found.append(sys._getframe())", file, "exec"), names)
        return found[0]

    def test_an_import_delays_the_exception_a_limited_number_of_times(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        timers: list[float] = []
        monkeypatch.setattr(
            "amin_ref.cli.signals.signal.setitimer", lambda _, seconds: timers.append(seconds)
        )
        handler = signals.Interruption()
        inside = self.frame_in("<frozen importlib._bootstrap>")
        handler.look_again(signal.SIGALRM, inside)  # no signal has arrived
        assert timers == []
        handler(signal.SIGTERM, inside)
        for _ in range(signals.MOST_LOOKS - 1):
            handler.look_again(signal.SIGALRM, inside)
        assert timers == [signals.SECONDS_BETWEEN_LOOKS] * signals.MOST_LOOKS
        with pytest.raises(signals.Terminated):
            handler.look_again(signal.SIGALRM, inside)
        handler(signal.SIGINT, inside)  # the delays of a new signal are counted from 0
        assert len(timers) == signals.MOST_LOOKS + 1
        with pytest.raises(KeyboardInterrupt):
            handler.look_again(signal.SIGALRM, self.frame_in("program.py"))
        handler.was_lost()
        assert len(timers) == signals.MOST_LOOKS + 2

    @pytest.mark.parametrize("file", [
        "<frozen importlib._bootstrap>", "/lib/popen_spawn_posix.py", "/a/amin_ref/cli/workers.py",
    ])  # fmt: skip
    def test_imports_and_process_starts_are_not_interrupted(self, file: str) -> None:
        assert signals._is_within_a_step(self.frame_in(file))
        assert not signals._is_within_a_step(self.frame_in("program.py"))
        assert not signals._is_within_a_step(None)

    def test_handlers_hook_and_timer_are_restored(self) -> None:
        numbers = (*signals.ENDING, signal.SIGALRM)
        before = [signal.getsignal(number) for number in numbers]
        hook = sys.unraisablehook
        with signals.signals_raise():
            within = [signal.getsignal(number) for number in signals.ENDING]
            assert all(isinstance(handler, signals.Interruption) for handler in within)
            assert sys.unraisablehook is not hook
        assert [signal.getsignal(number) for number in numbers] == before
        assert sys.unraisablehook is hook
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)

    def test_an_error_that_is_no_signal_reaches_the_hook_that_was_there(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Dies:
            def __del__(self) -> None:
                raise ValueError("in __del__")

        seen: list[str] = []
        monkeypatch.setattr(sys, "unraisablehook", lambda lost: seen.append(str(lost.exc_value)))
        with signals.signals_raise():
            Dies()
        assert seen == ["in __del__"]

    def test_an_ignored_signal_stays_ignored(self) -> None:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            with signals.signals_raise():
                assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        finally:
            signal.signal(signal.SIGINT, before)


def test_lines_after_the_end_are_a_finding() -> None:
    finding = drive._end(PrintsAfterTheEnd(["never started"]), TWO)
    assert finding is not None
    assert (finding.theorem, finding.rule, finding.instance) == ("T2", "too-many-lines", TWO)
    assert finding.message == "the program printed more."


@pytest.mark.parametrize("missing", ["--prompt", "--lower", "--upper", "--capacity", "--requests"])
def test_a_search_for_the_worst_case_needs_every_number(
    missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    numbers = {
        "--prompt": "1", "--lower": "1", "--upper": "3", "--capacity": "4", "--requests": "2"
    }  # fmt: skip
    line = [word for flag, number in numbers.items() if flag != missing for word in (flag, number)]
    said = refused(capsys, ["worst-case", *line])
    assert f"Missing option '{missing}'" in said
    assert "see 'amin-ref worst-case --help'" in said


class Scripted(ExternalPolicy):
    """In place of a program; notes how it would be started."""

    started: list[tuple[tuple[str, ...], float]]

    def __init__(self, command: Sequence[str], timeout: float = 10.0) -> None:
        super().__init__(command, timeout=timeout)
        Scripted.started.append((tuple(command), timeout))

    def end(self) -> None:
        """Nothing more is said."""


@pytest.mark.parametrize(("small", "large", "code"), [
    (None, None, 0), ("no-progress", None, 1), (None, "no-progress", 1),
    ("cannot-start", None, 2),
])  # fmt: skip
def test_the_first_finding_is_the_verdict(
    small: str | None,
    large: str | None,
    code: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[str] = []

    def finding(rule: str | None, message: str) -> Finding | None:
        looked.append(message)
        return None if rule is None else Finding("T2", rule, TWO, message)

    Scripted.started = []
    monkeypatch.setattr(drive, "ExternalPolicy", Scripted)
    monkeypatch.setattr(drive, "_small", lambda *_: finding(small, "of the small ones"))
    monkeypatch.setattr(drive, "_one", lambda *_: finding(large, "of the large one"))
    case = tmp_path / "case.json"
    line = ["drive", "--requests", "3", "--timeout", "2.5", "--output", str(case), "--", "./mine"]
    assert run(application, line) == code
    captured = capsys.readouterr()
    assert looked == ["of the small ones"] + ["of the large one"] * (small is None)
    assert Scripted.started == [(("./mine",), 2.5)]
    if code == 1:
        assert case.read_text() == TWO.to_json() + "\n"
        assert f"of the {'large' if large else 'small'} one" in captured.out
    else:
        assert not case.exists()


def test_the_width_is_that_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for columns, width in ((50, 50), (99, 99), (100, 100), (101, 100)):
        monkeypatch.setenv("COLUMNS", str(columns))
        assert claims._width() == width
        monkeypatch.setattr(sys, "stdout", Terminal())
        assert terminal_width() == columns
        monkeypatch.setattr(sys, "stdout", io.StringIO())
        assert terminal_width() is None


def test_a_large_certificate_says_what_it_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = Instance.from_lengths([(1, 5)] * 4, capacity=6)
    certificate = lower_bound(instance, time_limit=1.0)
    file = tmp_path / "certificate.json"
    file.write_text(certificate.to_json())
    monkeypatch.setattr("amin_ref.cli.verify.SILENT_OPERATIONS", certificate.operations - 1)
    assert run(application, ["verify", str(file), "--json"]) == 0
    captured = capsys.readouterr()
    about = duration(15 * certificate.operations)
    assert f"takes {certificate.operations} additions: about {about}, and" in captured.err
    proven = verify(instance, certificate)
    assert proven > 20
    assert json.loads(captured.out)["lower_bound"] == proven
    monkeypatch.setattr("amin_ref.cli.verify.SILENT_OPERATIONS", certificate.operations)
    assert run(application, ["verify", str(file)]) == 0
    assert capsys.readouterr().err == ""


def test_what_is_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "report.html"
    write_text(str(file), "text", "the report")
    assert capsys.readouterr().err == f"amin-ref: wrote the report to '{file}'.\n"
    assert run(application, ["simulate", "--requests", "2"]) == 0
    printed = capsys.readouterr().out
    assert printed.endswith("}\n")
    assert printed.count("\n") == 1


@pytest.mark.parametrize("begun", ["", "a", "h", "x"])
def test_policies_that_can_be_replayed_are_completed(begun: str) -> None:
    kind = ConformingPolicy()
    context = click.Context(click.Command("conform"))
    found = kind.shell_complete(context, click.Option(["--policy"]), begun)
    assert [item.value for item in found] == [
        name for name in POLICY_NAMES if name.startswith(begun)
    ]

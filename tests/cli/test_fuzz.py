"""Malformed files and lines end in a result or in one sentence: no traceback, no hang.

The long run is marked ``slow``: 10⁵ cases and more. ``proofs_notes/fuzz.md`` has its figures.
"""

from __future__ import annotations

import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from types import FrameType

import pytest

from amin_ref import (
    AminError,
    Decision,
    FirstComeFirstServed,
    Instance,
    Policy,
    RequestId,
    VisibleRequest,
    simulate,
)
from amin_ref.cli.application import application
from amin_ref.cli.exit_codes import run
from amin_ref.external import messages
from amin_ref.files.reading import LIMITS, Source
from amin_ref.model.errors import InvalidDocument
from amin_ref.model.schedule import read_schedule
from amin_ref.policies import Amin
from amin_ref.suite import judge_schedule
from amin_ref.suite.random_instances import small_instance
from amin_ref.workloads.fields import TimeUnit
from amin_ref.workloads.trace import read_trace
from oracle import Certificate, lower_bound, verify
from tests.support.field_cases import SCHEDULES, TRACES
from tests.support.fuzzing import malformed

SECONDS_FOR_ONE = 10
"""Processor time after which a case counts as hanging; seconds."""


class Hangs(BaseException):
    """Raised when a case takes too long. ``except Exception`` does not catch it."""


@contextmanager
def in_time() -> Iterator[None]:
    """Raises :exc:`Hangs` if the block takes longer than ``SECONDS_FOR_ONE``."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise Hangs

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS_FOR_ONE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


Case = Callable[[Random], str]
"""Breaks a text at random, reads it, and returns the outcome in a word."""


CASE_SHARE = 0.2
"""Share of the schedules that come from bug reports; the others are Amin's or FCFS's."""


def schedule_case(random: Random) -> str:
    policy = random.choice((Amin(), FirstComeFirstServed()))
    schedule = simulate(small_instance(random), policy)
    text = random.choice((schedule.to_json, schedule.to_json_lines))()
    if random.random() < CASE_SHARE:
        text = random.choice(SCHEDULES)
    read = read_schedule(decoded(malformed(text, random)))
    return "sound" if judge_schedule(read, "amin") is None else "judged"


def instance_case(random: Random) -> str:
    instance = Instance.from_json(decoded(malformed(small_instance(random).to_json(), random)))
    return "sound" if instance.to_json() else ""


def certificate_case(random: Random) -> str:
    instance = small_instance(random)
    text = lower_bound(instance, time_limit=0.0).to_json()
    certificate = Certificate.from_json(decoded(malformed(text, random)))
    return "sound" if verify(certificate.instance, certificate) >= 0 else ""


def trace_case(random: Random) -> str:
    """A trace of a known format, its times in its own unit or in another."""
    trace = random.choice(TRACES)
    data = malformed(trace, random)
    unit: TimeUnit | None = random.choice((None, None, "s", "ms", "ns"))
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        with open(file.fileno(), "rb", closefd=False) as plain:
            rows = list(read_trace(Source("trace", plain, LIMITS), unit))
    return "sound" if all(row.prompt_len > 0 for row in rows) else "unusable"


def answer_case(random: Random) -> str:
    """One answer of a scheduler."""
    kind = random.choice(messages.KINDS)
    message = messages.Message(kind, 1, b"")
    fields = ', "evict": ["a", 7], "admit": ["b", "c"]' if kind == "round" else ""
    line = malformed(f'{{"{kind}": 1{fields}}}', random).split(b"\n")[0]
    answer = messages.answer_in(line, message, messages.hello())
    return "decided" if answer.decision != Decision() else "sound"


BROKEN_SHARE = 0.2
"""Share of the answers in a dialogue that are broken."""


class UnknownCompletion(AminError):
    """After a broken answer, the scheduler may receive a completion that it did not cause."""


class SometimesBroken(Policy):
    """Amin, with one answer in five broken at random."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.amin = Amin()

    def begin(self, capacity: int, block_size: int) -> None:
        self.amin.begin(capacity, block_size)

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        try:
            decision = self.amin.decide(now, arrived, completed)
        except KeyError:
            raise UnknownCompletion("a request completed that it did not admit") from None
        if self.random.random() < 1 - BROKEN_SHARE:
            return decision
        message = messages.round_of(now, arrived, completed)
        evict, admit = list(decision.evict), list(decision.admit)
        text = f'{{"round": {now}, "evict": {evict}, "admit": {admit}}}'.replace("'", '"')
        line = malformed(text, self.random).split(b"\n")[0]
        return messages.answer_in(line, message, None).decision


def dialogue_case(random: Random) -> str:
    """A whole dialogue, up to the answer that is refused."""
    schedule = simulate(small_instance(random), SometimesBroken(random))
    return "sound" if judge_schedule(schedule, "amin") is None else "judged"


def decoded(data: bytes) -> str:
    """The text in the bytes, decoded as files are."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidDocument("not UTF-8 text.") from None


def outcomes(case: Case, cases: int, seed: int) -> Counter[str]:
    """The outcomes of all cases; a case that fails is named by its number."""
    found: Counter[str] = Counter()
    for number in range(cases):
        try:
            with in_time():
                found[case(Random(f"{seed}/{number}"))] += 1
        except AminError as error:
            assert_a_sentence(str(error))
            found["refused"] += 1
        except (Exception, Hangs) as error:
            raise AssertionError(f"{case.__name__}, {seed}/{number}: {error!r}") from error
    return found


def assert_a_sentence(text: str) -> None:
    assert text
    assert len(text) < 1500
    assert text.isprintable() or "≺" in text, ascii(text)


@pytest.mark.parametrize(("case", "cases"), [
    (schedule_case, 300),
    (instance_case, 300),
    (certificate_case, 100),
    (trace_case, 300),
    (answer_case, 1000),
    (dialogue_case, 200),
    pytest.param(schedule_case, 30_000, marks=pytest.mark.slow),
    pytest.param(instance_case, 25_000, marks=pytest.mark.slow),
    pytest.param(certificate_case, 10_000, marks=pytest.mark.slow),
    pytest.param(trace_case, 30_000, marks=pytest.mark.slow),
    pytest.param(answer_case, 30_000, marks=pytest.mark.slow),
    pytest.param(dialogue_case, 20_000, marks=pytest.mark.slow),
])  # fmt: skip
def test_malformed_input_gives_a_result_or_a_sentence(case: Case, cases: int) -> None:
    found = outcomes(case, cases, seed=cases)
    print(f"{case.__name__}: {dict(found)}")
    # Damage must not be refused always, nor hardly ever: otherwise the test tests little.
    assert found["refused"] > cases / 5
    assert cases > found["sound"] > 0


COMMANDS = (("check",), ("conform", "--no-bound"), ("verify",),
            ("optimum", "--time-limit", "0", "--workload"))  # fmt: skip


@pytest.mark.parametrize("cases", [60, pytest.param(10_000, marks=pytest.mark.slow)])
def test_malformed_files_end_commands_in_a_result_or_a_sentence(
    cases: int, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The malformed text is in a file, which a command reads."""
    file = tmp_path / "file.json"
    codes: Counter[int] = Counter()
    for number in range(cases):
        random = Random(f"files/{number}")
        schedule = simulate(small_instance(random), Amin())
        certificate = lower_bound(schedule.instance, time_limit=0.0)
        text = random.choice((schedule, certificate, schedule.instance)).to_json()
        if random.random() < CASE_SHARE:
            text = random.choice((*SCHEDULES, *TRACES))
        file.write_bytes(malformed(text, random))
        with in_time():
            code = run(application, [*random.choice(COMMANDS), str(file)])
        codes[code] += 1
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err, number
        assert code in (0, 1, 2), (number, said)
        if code == 2:
            assert said.err.startswith("amin-ref: "), number
            assert said.err.count("\n") == 1, (number, said.err)
    print(dict(codes))
    assert codes[2] > cases / 5


def test_a_case_that_hangs_fails_the_fuzzing(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(random: Random) -> str:
        while True:
            pass

    monkeypatch.setattr("tests.cli.test_fuzz.SECONDS_FOR_ONE", 0.05)
    with pytest.raises(AssertionError, match="endless, 0/0: Hangs"):
        outcomes(endless, 1, seed=0)


def test_a_case_that_raises_fails_the_fuzzing() -> None:
    def raising(random: Random) -> str:
        raise KeyError("no such id")

    with pytest.raises(AssertionError, match="raising, 0/0: KeyError"):
        outcomes(raising, 1, seed=0)

"""Every schedule and certificate that a test run makes, through the proved checkers once.

``AMIN_PROVED_CHECKERS=every pytest`` is a run of the tests in which each new :class:`Schedule`
and :class:`Certificate` is noted. After each test the program that Coq extracts judges those that
the process has not met yet, and the test fails if its verdict or bound differs from that of
``amin_ref.check`` or ``oracle.verify``. The summary says how many were judged and how many were
left out: those on other machines, of which the theorems do not speak, and very large ones.
"""

from __future__ import annotations

import hashlib
import resource
import time
from collections import Counter
from collections.abc import Iterator
from functools import wraps

import pytest

from amin_ref import Schedule, check
from amin_ref.model.machine import PAPERS_MACHINE
from amin_ref.proved import built_program
from oracle import Certificate, verify
from tests.rocq.program import Program, checking_question, verifying_question

MOST_STEPS = 2 * 10**7
"""Steps after which an object is left out. The checkers are proved, but not fast: some seconds."""


MILLISECONDS = "milliseconds of processor time"
"""What all of this takes, in the summary."""


def simple(schedule: Schedule) -> bool:
    """Whether section 2 of the specification knows everything that the schedule has."""
    plain = not (schedule.aborted or schedule.has_computed or schedule.lacks_something)
    return plain and schedule.instance.machine == PAPERS_MACHINE


def covered(certificate: Certificate) -> bool:
    """Whether the certificate bounds the optimum of the paper's machine; limits change nothing."""
    machine = certificate.instance.machine
    return machine.after_eviction == "restart" and machine.last_token_stored


def steps(made: Schedule | Certificate) -> int:
    """About how many steps the proved checker takes."""
    if isinstance(made, Certificate):
        priced = sum(len(part.multipliers) * (1 + len(part.shares)) for part in made.stretches)
        return priced * len(made.instance.requests)
    if len(made.instance.requests) ** 2 > MOST_STEPS:
        return MOST_STEPS + 1  # without a look at the runs, which columns make when first read
    last = max((run.stop for run in made.runs), default=0)
    return len(made.runs) * (len(made.runs) + len(made.instance.requests) + last)


def answer_of_python(made: Schedule | Certificate) -> str:
    """What the program must answer."""
    if isinstance(made, Certificate):
        return str(verify(made.instance, made))
    # Section 2 does not forbid runs after a request's completion.
    broken = {found.rule for found in check(made)} - {"nothing-after-completion"}
    return "invalid" if broken else "valid"


class Judge:
    """Notes what a process makes, and asks the program about it after each test."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._made: list[Schedule | Certificate] = []
        self._met: set[bytes] = set()
        self._program = Program(built_program())

    def note(self, made: Schedule | Certificate) -> None:
        self._made.append(made)

    def judge_all(self) -> None:
        """Compare everything that was noted.

        Raises:
            AssertionError: the program and the Python differ.
        """
        began = time.process_time()
        made, self._made = self._made, []
        asked: list[Schedule | Certificate] = []
        questions: list[str] = []
        for each in made:
            kind = "certificates" if isinstance(each, Certificate) else "schedules"
            question, outcome = self._question(each)
            self.counts[f"{kind} {outcome}"] += 1
            if question:
                asked.append(each)
                questions.append(question)
        for each, answer in zip(asked, self._program.answers(questions), strict=True):
            assert answer == answer_of_python(each), each
        # The Python's own checks may make further ones.
        self._made.clear()
        self.counts[MILLISECONDS] += round(1000 * (time.process_time() - began))

    def _question(self, made: Schedule | Certificate) -> tuple[str, str]:
        """What the program is asked, empty if it is not asked; and what to count."""
        if not (covered(made) if isinstance(made, Certificate) else simple(made)):
            return "", "on other machines"
        if steps(made) > MOST_STEPS:
            return "", "too large"
        if isinstance(made, Certificate):
            question = verifying_question(made)
        else:
            ranks = {request.id: place for place, request in enumerate(made.instance.requests)}
            question = checking_question(made.instance, made.runs, ranks)
        digest = hashlib.sha256(question.encode()).digest()
        if digest in self._met:
            return "", "met before"
        self._met.add(digest)
        return question, "judged"

    def close(self) -> None:
        """End the program, and count its time."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        self._program.__exit__(None, None, None)
        after = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        self.counts[MILLISECONDS] += round(1000 * (after - before))


JUDGE = pytest.StashKey[Judge]()
TOTAL = pytest.StashKey[Counter[str]]()


def pytest_configure(config: pytest.Config) -> None:
    built_program()
    config.stash[TOTAL] = Counter()
    judge = config.stash[JUDGE] = Judge()
    make_schedule, make_certificate = Schedule.__init__, Certificate.__post_init__

    @wraps(make_schedule)
    def schedule_made(self: Schedule, *args: object, **named: object) -> None:
        make_schedule(self, *args, **named)  # type: ignore[arg-type]  # it checks them itself
        judge.note(self)

    @wraps(make_certificate)
    def certificate_made(self: Certificate) -> None:
        make_certificate(self)
        judge.note(self)

    # Methods of the class, so that the tests' own imports of it are noted as well.
    setattr(Schedule, "__init__", schedule_made)  # noqa: B010
    setattr(Certificate, "__post_init__", certificate_made)  # noqa: B010


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    # After the test's own fixtures are gone, and with them what it patched.
    yield
    item.config.stash[JUDGE].judge_all()


def pytest_sessionfinish(session: pytest.Session) -> None:
    judge = session.config.stash[JUDGE]
    judge.close()
    output = getattr(session.config, "workeroutput", None)
    if output is None:
        session.config.stash[TOTAL].update(judge.counts)
    else:  # a worker of pytest-xdist
        output["proved"] = dict(judge.counts)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    config: pytest.Config = getattr(node, "config")  # noqa: B009
    config.stash[TOTAL].update(getattr(node, "workeroutput", {}).get("proved", {}))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    terminalreporter.section("proved checkers")
    for what, count in sorted(config.stash[TOTAL].items()):
        terminalreporter.line(f"{count:>9,} {what}")

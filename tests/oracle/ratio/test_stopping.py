"""A search for a worst ratio that is stopped returns the largest ratio so far, as incomplete."""

from __future__ import annotations

import json
import math
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import ParamSpec, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amin_ref import InvalidValue
from amin_ref.cli.application import application
from amin_ref.cli.exit_codes import run
from amin_ref.small.fast_simulation import FastSimulation
from amin_ref.small.optimum import Hindsight, Stopped
from amin_ref.small.optimum_resume import hindsight_of
from amin_ref.small.setting import Setting
from oracle.ratio.adversary import AdversaryTree
from oracle.ratio.answer import Found, WorstCase
from oracle.ratio.checkpoint import Checkpoint
from oracle.ratio.question import RULES, Question
from oracle.ratio.worst_case import NothingCompared, worst_case, worst_cases
from tests.support.profiles import times
from tests.support.project import PROJECT
from tests.support.settings import RESUME

P = ParamSpec("P")
T = TypeVar("T")

AMIN = Question("amin", Setting(1, 1, 6, 10), 7)
"""792 multisets in four pieces."""

HINDSIGHT = Question("h-sf", Setting(1, 1, 6, 9), 5)
"""252 multisets in two pieces; each multiset needs a search for its optimum."""

BLACK_BOX = Question("sjf", Setting(1, 1, 3, 5), 6)
"""729 assignments in three pieces."""

RESUMING = Question("fcfs", Setting(1, 1, 6, 9, machine=RESUME), 5)
"""252 multisets in two pieces, on the machine whose evicted requests keep their tokens."""

QUESTIONS = (AMIN, HINDSIGHT, BLACK_BOX, RESUMING)


def after(calls: int) -> Callable[[], bool]:
    """A ``should_stop`` that returns True from a number of calls on."""
    left = iter(range(calls))
    return lambda: next(left, None) is None


def calls_to_the_end(question: Question) -> int:
    made = 0

    def count() -> bool:
        nonlocal made
        made += 1
        return False

    worst_case(question, should_stop=count)
    return made


def is_genuine(question: Question, found: Found) -> bool:
    """Whether the instance has the stated cost and optimum."""
    optimum = hindsight_of(question.setting).optimum(found.outputs)
    if question.policy in RULES:
        cost = FastSimulation(question.setting, RULES[question.policy]).cost(found.by_rank)
        return (cost, optimum) == (found.cost, found.optimum)
    return optimum == found.optimum


@pytest.fixture(scope="module", params=QUESTIONS, ids=lambda question: question.policy)
def question(request: pytest.FixtureRequest) -> Question:
    found: Question = request.param
    return found


@pytest.fixture(scope="module")
def whole(question: Question) -> tuple[WorstCase, int]:
    return worst_case(question), calls_to_the_end(question)


@times(0.5)
@given(data=st.data())
def test_stopped_at_any_moment_a_search_has_a_genuine_answer(
    question: Question, whole: tuple[WorstCase, int], data: st.DataObject
) -> None:
    complete, calls = whole
    stopped = after(data.draw(st.integers(0, calls + 1)))
    try:
        answer = worst_case(question, should_stop=stopped)
    except NothingCompared:
        return
    assert is_genuine(question, answer.found)
    assert answer.found.ratio <= complete.found.ratio
    assert answer.seen + answer.unseen == question.candidates
    assert 0 <= answer.unseen < question.candidates
    if answer.is_complete:
        assert answer == complete


@pytest.mark.slow
def test_different_moments_give_answers_of_every_kind(question: Question) -> None:
    """Stopped before the first comparison, after some, after all: the property above has each."""
    calls = calls_to_the_end(question)
    kinds: set[bool | None] = set()
    for stop in range(0, calls + 2, max(1, calls // 30)):
        try:
            kinds.add(worst_case(question, should_stop=after(stop)).is_complete)
        except NothingCompared:
            kinds.add(None)
    assert kinds >= {None, False}
    assert worst_case(question, should_stop=after(calls + 1)).is_complete


def test_finished_pieces_are_kept(tmp_path: Path) -> None:
    """They are in the answer and in the checkpoint, which a second run continues."""
    finished: list[int] = []
    file = tmp_path / "finished.jsonl"
    stopped = worst_case(
        AMIN,
        should_stop=lambda: len(finished) == 2,
        progress=finished.append,
        checkpoint=Checkpoint(file),
    )
    assert finished == [1, 2]
    assert stopped.seen == 500
    assert sorted(Checkpoint(file).finished(AMIN)) == [0, 1]
    assert worst_case(AMIN, checkpoint=Checkpoint(file)) == worst_case(AMIN)


def test_stopped_between_questions_the_answered_and_the_current_ones_are_returned() -> None:
    """The third question, which has not begun, has no answer."""
    finished: list[int] = []
    answers = list(
        worst_cases(
            [HINDSIGHT, AMIN, BLACK_BOX],
            should_stop=lambda: len(finished) == HINDSIGHT.pieces + 1,
            progress=finished.append,
        )
    )
    assert [answer.question for answer in answers] == [HINDSIGHT, AMIN]
    assert answers[0] == worst_case(HINDSIGHT)
    assert answers[1].seen == 250


class Stalls(Executor):
    """Completes the first and the third piece, and no other."""

    submitted = 0

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        self.submitted += 1
        future: Future[T] = Future()
        if self.submitted in (1, 3):
            future.set_result(fn(*args, **kwargs))
        return future


def test_a_stopped_search_does_not_wait_for_workers() -> None:
    """Pieces that are finished by then are in the answer."""
    finished: list[int] = []
    answer = worst_case(
        AMIN, should_stop=lambda: bool(finished), progress=finished.append, executor=Stalls()
    )
    assert answer.seen == 500
    assert finished == [1, 2]
    assert is_genuine(AMIN, answer.found)


class TestTimeLimit:
    def test_without_time_there_is_no_answer(self) -> None:
        with pytest.raises(NothingCompared):
            worst_case(AMIN, 0)
        with ThreadPoolExecutor(2) as executor, pytest.raises(NothingCompared):
            worst_case(AMIN, 0, executor=executor)

    def test_with_enough_time_the_answer_is_complete(self) -> None:
        assert worst_case(AMIN, 3600) == worst_case(AMIN)

    @pytest.mark.parametrize("time_limit", [-1.0, math.nan, math.inf])
    def test_an_invalid_time_limit_is_refused(self, time_limit: float) -> None:
        with pytest.raises(InvalidValue, match=r"^time_limit is "):
            worst_cases([AMIN], time_limit)


class TestSlowSteps:
    """Each slow step calls ``should_stop``."""

    def test_the_walk_over_choices_can_be_stopped(self) -> None:
        tree = AdversaryTree(Setting(1, 1, 6, 10), RULES["amin"], 7, should_stop=after(5))
        with pytest.raises(Stopped):
            tree.worst_costs()
        assert tree.states < 5

    def test_the_search_for_an_optimum_can_be_stopped(self) -> None:
        hindsight = Hindsight(Setting(1, 1, 12, 26))
        outputs = (1, 2, 2, 3, 4, 5, 5, 7, 8, 9, 11, 12)
        limit = hindsight.shortest_first(outputs)
        with pytest.raises(Stopped):
            hindsight.optimum_up_to(outputs, limit, after(5))


COMMAND = [
    *(sys.executable, "-c", "from amin_ref.cli import main; main()", "worst-case"),
    *("--prompt", "1", "--lower", "1", "--upper", "8", "--capacity", "18", "--requests", "8"),
]
"""6435 multisets in 26 pieces; a few seconds."""


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_first_ctrl_c_gives_the_answer_so_far(workers: str, tmp_path: Path) -> None:
    file = tmp_path / "finished.jsonl"
    process = subprocess.Popen(
        [*COMMAND, "--json", "--workers", workers, "--checkpoint", str(file)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not file.exists() or file.read_bytes().count(b"\n") < 4:
        assert process.poll() is None
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    *slow, last = errors.splitlines()
    assert last == "amin-ref: interrupted; this is the largest ratio so far."
    assert all(" takes longer than " in line for line in slow)
    document = json.loads(output)
    seen, of = document["compared"]
    assert not document["complete"]
    assert 3 * 250 <= seen < of == 6435
    assert Fraction(*document["ratio"]) > 1


class TestCommand:
    FLAGS = "--prompt 1 --lower 1 --upper 8 --capacity 18 --requests 8"

    def test_a_time_limit_gives_a_partial_answer(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # A clock that advances with each call, so that the limit passes during any search.
        ticks = iter(range(10**9))
        monkeypatch.setattr(time, "monotonic", lambda: next(ticks) / 1e6)
        assert run(application, ["worst-case", *self.FLAGS.split(), "--time-limit", "0.02"]) == 0
        said = capsys.readouterr().out
        first = said.splitlines()[0]
        assert re.fullmatch(
            r"# amin: largest ratio seen \S+ = \d\.\d{3}, in [\d,]+ of 6,435 multisets of output "
            r"lengths\. The search was stopped: the worst ratio may be larger\.",
            first,
        ), first
        assert "simulate(instance, Amin(ranking))" in said

    def test_too_little_time_is_reported_in_a_sentence(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(application, ["worst-case", *self.FLAGS.split(), "--time-limit", "0"]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith("amin-ref: the search was stopped before any instance")

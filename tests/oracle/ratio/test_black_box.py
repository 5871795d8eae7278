"""Worst ratios of policies as black boxes, which run on every assignment of output lengths."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from fractions import Fraction
from itertools import count, product
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amin_ref import (
    Amin,
    Decision,
    FirstComeFirstServed,
    InvalidValue,
    Policy,
    RequestId,
    Shuffled,
    VisibleRequest,
)
from amin_ref.policies.loading import PolicyFailed
from amin_ref.small.optimum import Hindsight
from amin_ref.small.setting import Setting
from oracle.ratio.checkpoint import Checkpoint
from oracle.ratio.question import MOST_ASSIGNMENTS, Question
from oracle.ratio.worst_case import worst_case
from tests.support.profiles import times
from tests.support.settings import settings_of_requests, simulated

HERE = "tests.oracle.ratio.test_black_box"


class ShuffledAmin(Amin):
    """Amin with its own tie-break, which is not the position."""

    def __init__(self) -> None:
        super().__init__(Shuffled(3))


class NeverBegins(Policy):
    def begin(self, capacity: int, block_size: int) -> None:
        raise KeyError("no cache")

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        return Decision()


class NeverAdmits(NeverBegins):
    def begin(self, capacity: int, block_size: int) -> None:
        pass


class AdmitsAll(NeverAdmits):
    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        return Decision(admit=tuple(request.id for request in arrived))


class WorksOnce(FirstComeFirstServed):
    """Fails when the same object schedules a second instance."""

    begun = False

    def begin(self, capacity: int, block_size: int) -> None:
        assert not self.begun, "not made anew"
        self.begun = True
        super().begin(capacity, block_size)


class AtRandom(Amin):
    """Each new object has another random order of ties."""

    seeds: Iterator[int] = count()

    def __init__(self) -> None:
        super().__init__(Shuffled(random.Random(next(self.seeds)).randrange(1000)))


@pytest.mark.theorem("T12")
@pytest.mark.parametrize(
    ("name", "policy"), [("amin", "Amin"), ("amax", "Amax"), ("h-sf", "HindsightShortestFirst")]
)
@times(0.2)
@given(st.data())
def test_a_black_box_has_the_ratio_of_its_fast_simulation(
    name: str, policy: str, data: st.DataObject
) -> None:
    """Requests differ only in output, so ties by position over all assignments are all rankings."""
    setting = data.draw(settings_of_requests(longest=4, most_spare=10))
    requests = data.draw(st.integers(1, 4))
    by_rules = worst_case(Question(name, setting, requests))
    black_box = worst_case(Question(f"amin_ref:{policy}", setting, requests))
    assert black_box.found.ratio == by_rules.found.ratio
    assert black_box.found.outputs == by_rules.found.outputs


@times(0.2)
@given(st.data())
def test_the_answer_is_the_worst_of_all_assignments(data: st.DataObject) -> None:
    setting = data.draw(settings_of_requests(longest=4, most_spare=10))
    requests = data.draw(st.integers(1, 4))
    found = worst_case(Question(f"{HERE}:ShuffledAmin", setting, requests)).found
    hindsight = Hindsight(setting)
    lengths = range(setting.lower, setting.upper + 1)
    ratios = {
        outputs: Fraction(
            simulated(setting, outputs, ShuffledAmin()).total_latency,
            hindsight.optimum(tuple(sorted(outputs))),
        )
        for outputs in product(lengths, repeat=requests)
    }
    assert found.ratio == max(ratios.values()) == ratios[found.by_rank]


def test_each_assignment_has_a_new_policy_object() -> None:
    setting = Setting(1, 1, 3, 6)
    answer = worst_case(Question(f"{HERE}:WorksOnce", setting, 3))
    assert answer.found == worst_case(Question("fcfs", setting, 3)).found


IN_PIECES = Question(f"{HERE}:ShuffledAmin", Setting(1, 1, 4, 6), 5)
"""1024 assignments: five pieces, the last of 24."""


class TestPieces:
    def test_the_last_piece_is_smaller(self) -> None:
        assert [IN_PIECES.size_of(piece) for piece in range(IN_PIECES.pieces)] == [250] * 4 + [24]

    def test_threads_give_the_same_answer(self) -> None:
        with ThreadPoolExecutor(2) as executor:
            assert worst_case(IN_PIECES, executor=executor) == worst_case(IN_PIECES)

    def test_processes_give_the_same_answer(self) -> None:
        with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
            assert worst_case(IN_PIECES, executor=executor) == worst_case(IN_PIECES)
            # The caller must receive the exception of a worker.
            with pytest.raises(PolicyFailed, match=r"the policy fails: round 0, .*T1"):
                worst_case(Question(f"{HERE}:AdmitsAll", Setting(1, 1, 3, 6), 5), executor=executor)


class TestRefused:
    @pytest.mark.parametrize(
        ("policy", "why"),
        [
            ("NeverBegins", r"output lengths \(1, 1, 1, 1\), by position, .* raises KeyError"),
            ("NeverAdmits", r"the policy fails: round \d+: the cache has been empty"),
            ("AdmitsAll", r"the policy fails: round 0, requests .*T1"),
        ],
    )
    def test_a_policy_that_makes_no_schedule_is_refused(self, policy: str, why: str) -> None:
        with pytest.raises(PolicyFailed, match=why) as failed:
            worst_case(Question(f"{HERE}:{policy}", Setting(1, 1, 3, 6), 4))
        assert "\n" not in str(failed.value)

    def test_a_policy_that_decides_at_random_is_refused(self) -> None:
        question = Question(f"{HERE}:AtRandom", Setting(1, 1, 6, 8), 4)
        with pytest.raises(PolicyFailed, match=r"costs \d+, and \d+ when it runs again"):
            worst_case(question)

    def test_too_many_assignments_are_refused(self) -> None:
        question = Question("sjf", Setting(1, 1, 10, 20), 6)
        assert question.candidates == MOST_ASSIGNMENTS
        with pytest.raises(InvalidValue, match=r"10,000,000 assignments .*at most 1,000,000"):
            Question("sjf", Setting(1, 1, 10, 20), 7)
        assert Question("amin", Setting(1, 1, 10, 20), 7).multisets == 11440

    def test_a_checkpoint_of_the_users_code_is_refused(self, tmp_path: Path) -> None:
        checkpoint = Checkpoint(tmp_path / "finished.jsonl")
        with pytest.raises(InvalidValue, match=r"^policy is .*a checkpoint cannot tell"):
            worst_case(IN_PIECES, checkpoint=checkpoint)

    def test_a_checkpoint_of_a_policy_of_the_package_is_continued(self, tmp_path: Path) -> None:
        question, file = Question("sjf", Setting(1, 1, 4, 6), 5), tmp_path / "finished.jsonl"
        answer = worst_case(question, checkpoint=Checkpoint(file))
        assert len(Checkpoint(file).finished(question)) == 5
        assert worst_case(question, checkpoint=Checkpoint(file)) == answer

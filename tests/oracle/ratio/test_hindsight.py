"""T18: H-SF costs at most 9.63 times OPT, for equal prompts and arrivals in round 0."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, target
from hypothesis import strategies as st

from amin_ref import (
    HindsightShortestFirst,
    Instance,
    Request,
    Run,
    Schedule,
    Shuffled,
    simulate,
)
from amin_ref.families import FAMILIES
from amin_ref.small.optimum import Hindsight
from amin_ref.strategies import tie_breaks
from oracle import lower_bound, verify
from oracle.ratio.tables import read_table
from tests.models.volume_bound import volume_bound
from tests.support.profiles import times
from tests.support.settings import outputs_of, settings_of_requests

FACTOR = Fraction(963, 100)
"""T18."""

FACTOR_OF_BLOCKS = Fraction(1253, 100)
"""T18 for blocks of more than one token."""

TABLE = Path(__file__).parents[3] / "proofs_notes" / "data" / "worst_case.jsonl"

SIZE = "n ≤ 6, s ≤ 4, M ≤ n(s + u)"
"""The instances that the table covers for H-SF, as the matrix states them."""


def in_order(schedule: Schedule) -> list[Run]:
    """H-SF's runs by ascending output length; runs of equal length by start."""
    return sorted(schedule.runs, key=lambda run: (run.length, run.start))


class OfOneClass:
    """The requests whose output lengths lie between two borders, in H-SF's order.

    The lemmas (1) and (2) of the proof hold for any borders between classes.
    """

    def __init__(self, schedule: Schedule, runs: list[Run]) -> None:
        self.runs = runs
        self.longest = max(run.length for run in runs)  # b_r
        prompt_len = schedule.instance.requests[0].prompt_len
        self.guaranteed = schedule.instance.capacity // (prompt_len + self.longest)  # k_r


def classes_of(schedule: Schedule, borders: Sequence[int]) -> list[OfOneClass]:
    """The classes that have a request; each of ``borders`` is the least length of a class."""
    members: dict[int, list[Run]] = {}
    for run in in_order(schedule):
        members.setdefault(sum(border <= run.length for border in borders), []).append(run)
    return [OfOneClass(schedule, members[name]) for name in sorted(members)]


def equal_prompts() -> st.SearchStrategy[Instance]:
    """Up to 30 requests with equal prompts that arrive in round 0, in a tight cache."""

    @st.composite
    def drawn(draw: st.DrawFn) -> Instance:
        setting = draw(settings_of_requests(longest=20, longest_prompt=12, most_spare=60))
        return setting.instance(draw(outputs_of(setting, 30)))

    return drawn()


@pytest.mark.theorem("T18")
@times(2)
@given(st.data(), equal_prompts(), st.lists(st.integers(1, 20), max_size=5))
def test_enough_requests_run_while_the_first_waiting_one_is_of_a_class(
    data: st.DataObject, instance: Instance, borders: list[int]
) -> None:
    """(1): if the first that waits is of class r, at least ⌊M/(s + b_r)⌋ requests run."""
    schedule = simulate(instance, HindsightShortestFirst(data.draw(tie_breaks(instance))))
    classes = [one for one in classes_of(schedule, borders) for _ in one.runs]
    first_that_waits = 0
    for now in range(max(run.start for run in schedule.runs)):
        while in_order(schedule)[first_that_waits].start <= now:
            first_that_waits += 1
        running = sum(run.start <= now < run.stop for run in schedule.runs)
        assert running >= classes[first_that_waits].guaranteed


@pytest.mark.theorem("T18")
@times(2)
@given(st.data(), equal_prompts(), st.lists(st.integers(1, 20), max_size=5))
def test_starts_of_each_class_are_bounded(
    data: st.DataObject, instance: Instance, borders: list[int]
) -> None:
    """(2): the m-th request of class r starts by τ + b + (m - 1)·b_r/k_r; τ, b of the class before.

    Here τ is the start of the last request of the class before.
    """
    schedule = simulate(instance, HindsightShortestFirst(data.draw(tie_breaks(instance))))
    free = Fraction(0)
    for one in classes_of(schedule, borders):
        for place, run in enumerate(one.runs):
            assert run.start <= free + place * Fraction(one.longest, one.guaranteed)
        free = Fraction(max(run.start for run in one.runs) + one.longest)


def ratio_to_volumes(instance: Instance, cost: int) -> Fraction:
    return Fraction(cost, volume_bound(instance))


@pytest.mark.theorem("T18")
@times(3)
@given(st.data(), equal_prompts())
def test_h_sf_keeps_to_its_factor_of_the_volume_bound(
    data: st.DataObject, instance: Instance
) -> None:
    ties = data.draw(tie_breaks(instance))
    cost = simulate(instance, HindsightShortestFirst(ties)).total_latency
    ratio = ratio_to_volumes(instance, cost)
    target(float(ratio), label="ratio to the volume bound")
    assert ratio <= FACTOR


@pytest.mark.theorem("T18")
@given(
    st.data(),
    st.integers(1, 12),
    st.lists(st.integers(1, 20), min_size=1, max_size=30),
    st.sampled_from((2, 4, 16)),
    st.integers(0, 60),
)
def test_blocks_cost_a_larger_factor(
    data: st.DataObject, prompt_len: int, outputs: list[int], block: int, spare: int
) -> None:
    instance = Instance.from_lengths(
        [(prompt_len, output_len) for output_len in outputs],
        capacity=-(-(prompt_len + max(outputs)) // block) * block + spare,
        block_size=block,
    )
    ties = data.draw(tie_breaks(instance))
    cost = simulate(instance, HindsightShortestFirst(ties)).total_latency
    assert ratio_to_volumes(instance, cost) <= FACTOR_OF_BLOCKS


@pytest.mark.theorem("T18", exhausted=SIZE)
def test_h_sf_keeps_to_its_factor_on_every_exhausted_setting() -> None:
    answers = [answer for answer in read_table(TABLE) if answer.question.policy == "h-sf"]
    assert {answer.question.requests for answer in answers} == {4, 6}
    assert max(answer.found.ratio for answer in answers) <= FACTOR


WORST_FOUND = (
    # s, M, {output length: how many of it}
    (6, 25, {1: 3, 13: 53, 14: 2, 15: 2}),
    (1, 33, {3: 1, 8: 2, 9: 2, 20: 1, 29: 5, 30: 14, 31: 26, 32: 3}),
)
"""The largest ratios to the volume bound that a local search over s, M and outputs found."""


@pytest.mark.theorem("T18")
@pytest.mark.parametrize(("prompt_len", "capacity", "counts"), WORST_FOUND)
def test_the_worst_that_a_search_found_keeps_to_the_factor(
    prompt_len: int, capacity: int, counts: dict[int, int]
) -> None:
    outputs = [length for length, number in counts.items() for _ in range(number)]
    instance = Instance.from_lengths([(prompt_len, o) for o in outputs], capacity=capacity)
    cost = simulate(instance, HindsightShortestFirst()).total_latency
    assert Fraction(3, 2) < ratio_to_volumes(instance, cost) <= FACTOR
    # Certified prices prove a bound on OPT as well.
    assert cost <= FACTOR * verify(instance, lower_bound(instance, time_limit=0.5))


@pytest.mark.theorem("T18")
@pytest.mark.parametrize("capacity", [210, 1000])
def test_large_instances_keep_to_the_factor(capacity: int) -> None:
    """3,000 requests, nine of ten short, and a cache for one to five of the long ones."""
    outputs = [1 + i * i % 7 if i % 10 else 40 + i % 160 for i in range(3000)]
    instance = Instance.from_lengths([(8, o) for o in outputs], capacity=capacity)
    cost = simulate(instance, HindsightShortestFirst(Shuffled(1))).total_latency
    assert 1 < ratio_to_volumes(instance, cost) <= FACTOR


@pytest.mark.theorem("T18")
@pytest.mark.slow
def test_a_large_instance_keeps_to_the_factor_of_a_certified_bound() -> None:
    outputs = [1 + i * i % 7 if i % 10 else 40 + i % 160 for i in range(3000)]
    instance = Instance.from_lengths([(8, o) for o in outputs], capacity=1000)
    cost = simulate(instance, HindsightShortestFirst()).total_latency
    proven = verify(instance, lower_bound(instance, time_limit=60))
    assert cost / 2 < proven < cost


@pytest.mark.theorem("T18")
@pytest.mark.parametrize("name", FAMILIES)
def test_families_that_are_bad_for_others_keep_to_the_factor(name: str) -> None:
    family = FAMILIES[name]
    changed = {"longest-first": {"batches": 100}, "steady": {"capacity": 200}}.get(name, {})
    if "requests" in family.parameters(12):
        changed = {"requests": 2000, "capacity": 100}
    instance = family.instance(family.parameters(12, changed))
    cost = simulate(instance, HindsightShortestFirst()).total_latency
    assert 1 <= ratio_to_volumes(instance, cost) <= 2


class TestEachConditionIsNeeded:
    """Instances outside of the statement, with ratios above the factor."""

    def test_equal_prompts(self) -> None:
        large, small = 14, 14**2
        prompts = [2 * small - 1] * large + [1] * small
        instance = Instance.from_lengths([(s, 1) for s in prompts], capacity=2 * small)
        cost = simulate(instance, HindsightShortestFirst()).total_latency
        small_first = small + large * (large + 3) // 2
        assert cost > FACTOR * small_first

    def test_arrivals_in_round_0(self) -> None:
        small = 16
        long = small**2
        instance = Instance(
            capacity=2 * long,
            requests=(
                Request("long", long, long, long, long),
                *(Request(i, long, 1, 1, 1, arrival=1) for i in range(small)),
            ),
        )
        cost = simulate(instance, HindsightShortestFirst()).total_latency
        small_first = long + small + 1 + small * (small + 1) // 2
        assert cost > FACTOR * small_first


@pytest.mark.theorem("T18")
@given(st.data())
def test_the_volume_bound_is_at_most_the_optimum(data: st.DataObject) -> None:
    """(V): Σ_j max(o_(j), ⌈V_(j)/M⌉) ≤ OPT."""
    setting = data.draw(settings_of_requests())
    outputs = data.draw(outputs_of(setting, 7))
    best = Hindsight(setting).optimum(tuple(sorted(outputs)))
    assert volume_bound(setting.instance(outputs)) <= best

"""T19: doubling budgets cost at most 143/3 of OPT, for equal prompts and arrivals in round 0."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise, product

import pytest
from hypothesis import given, target
from hypothesis import strategies as st

from amin_ref import (
    DoublingBudgets,
    Instance,
    Request,
    RequestId,
    Run,
    Schedule,
    Shuffled,
    check,
    simulate,
)
from amin_ref.families import FAMILIES, volume
from amin_ref.small.optimum import Hindsight
from amin_ref.small.setting import Setting
from amin_ref.strategies import tie_breaks
from oracle import lower_bound, verify
from tests.models.volume_bound import volume_bound
from tests.support.profiles import times
from tests.support.settings import outputs_of, settings_of_requests

FACTOR = Fraction(143, 3)
"""T19, where an evicted request waits until the next round, as in this policy."""

FACTOR_OF_BLOCKS = Fraction(191, 3)
"""The same for blocks of more than one token."""


def budgets(capacity: int, prompt_len: int, lower: int) -> list[int]:
    """b_0, b_1, … up to the first that is M - s."""
    found: list[int] = []
    while not found or found[-1] < capacity - prompt_len:
        found.append(min(lower * 2 ** len(found), capacity - prompt_len))
    return found


@dataclass(frozen=True)
class Phase:
    """The runs of one phase, and its budget; tokens."""

    budget: int
    runs: tuple[Run, ...]

    @property
    def begins(self) -> int:
        return min(run.start for run in self.runs)

    @property
    def ends(self) -> int:
        return max(run.stop for run in self.runs)


def phases(schedule: Schedule) -> list[Phase]:
    """The phases of doubling budgets: a request's r-th run belongs to phase r."""
    of_request: dict[RequestId, list[Run]] = defaultdict(list)
    for run in sorted(schedule.runs, key=lambda run: run.start):
        of_request[run.request].append(run)
    request = schedule.instance.requests[0]
    in_order = budgets(schedule.instance.capacity, request.prompt_len, request.lower)
    return [
        Phase(budget, tuple(runs[r] for runs in of_request.values() if len(runs) > r))
        for r, budget in enumerate(in_order[: max(map(len, of_request.values()))])
    ]


@st.composite
def equal_prompts(draw: st.DrawFn) -> Instance:
    """Up to 25 requests with equal prompts that arrive in round 0, in a tight cache."""
    setting = draw(settings_of_requests(longest=20, longest_prompt=12, most_spare=60))
    return setting.instance(draw(outputs_of(setting, 25)))


@pytest.mark.theorem("T19")
@times(2)
@given(st.data(), equal_prompts())
def test_each_phase_runs_each_unfinished_request_once_with_its_budget(
    data: st.DataObject, instance: Instance
) -> None:
    schedule = simulate(instance, DoublingBudgets(data.draw(tie_breaks(instance))))
    found = phases(schedule)
    assert sum(len(phase.runs) for phase in found) == len(schedule.runs)
    outputs = {request.id: request.output_len for request in instance.requests}
    for phase in found:
        for run in phase.runs:
            assert run.length == min(phase.budget, outputs[run.request])
            assert (run.outcome == "evicted") == (phase.budget < outputs[run.request])
    for before, after in pairwise(found):
        assert before.ends <= after.begins <= before.ends + 1


@pytest.mark.theorem("T19")
@times(2)
@given(st.data(), equal_prompts())
def test_a_phase_is_as_short_as_the_proof_says_and_its_budgets_fit(
    data: st.DataObject, instance: Instance
) -> None:
    """At least k run while one waits; at most n_r·b_r/k + b_r rounds; no reservation overflows."""
    schedule = simulate(instance, DoublingBudgets(data.draw(tie_breaks(instance))))
    prompt_len = instance.requests[0].prompt_len
    for phase in phases(schedule):
        budget, runs = phase.budget, phase.runs
        at_once = instance.capacity // (prompt_len + budget)
        assert phase.ends - phase.begins <= Fraction(len(runs) * budget, at_once) + budget
        for now in range(phase.begins, max(run.start for run in runs)):
            assert sum(run.start <= now < run.stop for run in runs) >= at_once
        for now in range(phase.begins, phase.ends):
            running = [run for run in runs if run.start <= now < run.stop]
            for later in range(now, now + budget):
                reserved = sum(
                    prompt_len + later - run.start + 1
                    for run in running
                    if later - run.start < budget
                )
                assert reserved <= instance.capacity


@pytest.mark.theorem("T19")
@given(st.integers(1, 50), st.integers(1, 50), st.integers(0, 500), st.integers(0, 500))
def test_sums_over_the_phases_of_a_request(
    prompt_len: int, lower: int, more: int, spare: int
) -> None:
    """Σ b_r ≤ 4·o and Σ 2·b_r(s + b_r) ≤ (64/3)·v(o), up to the phase that completes it."""
    output_len = lower + more
    tried: list[int] = []
    for budget in budgets(prompt_len + output_len + spare, prompt_len, lower):
        tried.append(budget)
        if budget >= output_len:
            break
    assert sum(tried) <= 4 * output_len
    assert len(tried) - 1 <= output_len - 1
    costs = sum(2 * budget * (prompt_len + budget) for budget in tried)
    assert 3 * costs <= 64 * volume(prompt_len, output_len)


def ratio(instance: Instance, policy: DoublingBudgets) -> Fraction:
    """The policy's total latency over the volume bound, which is at most OPT."""
    return Fraction(simulate(instance, policy).total_latency, volume_bound(instance))


@pytest.mark.theorem("T19")
@times(3)
@given(st.data(), equal_prompts())
def test_doubling_keeps_to_its_factor_of_the_volume_bound(
    data: st.DataObject, instance: Instance
) -> None:
    found = ratio(instance, DoublingBudgets(data.draw(tie_breaks(instance))))
    target(float(found), label="ratio to the volume bound")
    assert found <= FACTOR


@pytest.mark.theorem("T19")
@given(
    st.data(),
    st.integers(1, 12),
    st.lists(st.integers(1, 20), min_size=1, max_size=25),
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
    assert ratio(instance, DoublingBudgets(ties)) <= FACTOR_OF_BLOCKS


SMALL = [
    Setting(s, lower, upper, s + upper + spare)
    for s in (1, 3)
    for lower, upper in ((1, 3), (1, 4), (2, 4))
    for spare in (0, 3)
]
REQUESTS = 4


@pytest.mark.theorem("T19", exhausted="n = 4, s ≤ 3, u ≤ 4, every tie-break")
@pytest.mark.parametrize("setting", SMALL, ids=str)
def test_doubling_keeps_to_its_factor_on_all_small_instances(setting: Setting) -> None:
    """All sequences of output lengths, by rank."""
    hindsight, worst = Hindsight(setting), Fraction(0)
    for outputs in product(range(setting.lower, setting.upper + 1), repeat=REQUESTS):
        cost = simulate(setting.instance(outputs), DoublingBudgets()).total_latency
        worst = max(worst, Fraction(cost, hindsight.optimum(tuple(sorted(outputs)))))
    assert 1 < worst <= FACTOR


@pytest.mark.theorem("T19")
@pytest.mark.parametrize("name", FAMILIES)
def test_doubling_keeps_to_its_factor_on_families_that_are_bad_for_others(name: str) -> None:
    family = FAMILIES[name]
    changed = {"longest-first": {"batches": 100}, "steady": {"capacity": 200}}.get(name, {})
    if "requests" in family.parameters(12):
        changed = {"requests": 2000, "capacity": 100}
    instance = family.instance(family.parameters(12, changed))
    assert 1 <= ratio(instance, DoublingBudgets()) <= 8
    assert 1 <= ratio(instance, DoublingBudgets(Shuffled(0))) <= 8


WORST_FOUND: Sequence[tuple[int, int, tuple[int, ...]]] = (
    (5, 47, (33,) * 6 + (17,) * 13 + (12,) * 1 + (10,) * 1 + (6,) * 1 + (1,) * 8),
    (1, 35, (33,) * 8 + (30,) * 1 + (21,) * 1 + (18,) * 1 + (17,) * 18 + (3,) * 1),
)
"""s, M and outputs by rank: the largest ratios to the volume bound that a local search found."""


@pytest.mark.theorem("T19")
@pytest.mark.parametrize(("prompt_len", "capacity", "outputs"), WORST_FOUND)
def test_the_worst_that_a_search_found_keeps_to_the_factor(
    prompt_len: int, capacity: int, outputs: tuple[int, ...]
) -> None:
    instance = Instance.from_lengths(
        [(prompt_len, output_len) for output_len in outputs],
        capacity=capacity,
        predictions=[(1, max(outputs))] * len(outputs),
    )
    assert 5 < ratio(instance, DoublingBudgets()) <= FACTOR
    cost = simulate(instance, DoublingBudgets()).total_latency
    assert cost <= FACTOR * verify(instance, lower_bound(instance, time_limit=0.5))


@pytest.mark.theorem("T19")
@pytest.mark.parametrize("capacity", [210, 1000])
def test_large_instances_keep_to_the_factor(capacity: int) -> None:
    """3,000 requests, nine of ten short, and a cache for one to five of the long ones."""
    outputs = [1 + i * i % 7 if i % 10 else 40 + i % 160 for i in range(3000)]
    instance = Instance.from_lengths([(8, o) for o in outputs], capacity=capacity)
    schedule = simulate(instance, DoublingBudgets(Shuffled(1)))
    assert check(schedule) == ()
    assert 1 < Fraction(schedule.total_latency, volume_bound(instance)) <= FACTOR


class TestEachConditionIsNeeded:
    """Instances outside of the statement, with ratios above the factor."""

    def test_equal_prompts(self) -> None:
        large, small = 72, 72**2
        prompts = [2 * small - 1] * large + [1] * small
        instance = Instance.from_lengths([(s, 1) for s in prompts], capacity=2 * small)
        cost = simulate(instance, DoublingBudgets()).total_latency
        small_first = small + large * (large + 3) // 2
        assert cost > FACTOR * small_first

    def test_arrivals_in_round_0(self) -> None:
        """Short requests arrive just after the last phase of a long one has begun."""
        doublings, small = 13, 90
        long = 2**doublings
        last_phase = long - 1 + doublings
        instance = Instance(
            capacity=2 * long,
            requests=(
                Request("long", long, long, 1, long),
                *(Request(i, long, 1, 1, long, arrival=last_phase + 1) for i in range(small)),
            ),
        )
        schedule = simulate(instance, DoublingBudgets())
        assert Run("long", last_phase, last_phase + long, "completed") in schedule.runs
        long_first = long + small * (small + 1) // 2
        assert schedule.total_latency > FACTOR * long_first

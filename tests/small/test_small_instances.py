"""The small, fast machine and its OPT, held against the simulator and brute force."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from amin_ref import (
    Amax,
    Amin,
    ClairvoyantPolicy,
    HindsightShortestFirst,
    InvalidValue,
    NoProgress,
    Policy,
    Ranking,
    Run,
    Schedule,
    TieBreak,
    check,
    simulate,
)
from amin_ref.small.instances import Hindsight, Machine, Outputs, Setting
from oracle.ratio.question import RULES, PolicyName
from tests.models.crippled import (
    CrippledAmin,
    EvictsLargest,
    EvictsNewest,
    NeverLooksAhead,
    NeverRefines,
)
from tests.support.profiles import times

CLASSES: Mapping[PolicyName, type[Amin | Amax | CrippledAmin]] = {
    "amin": Amin,
    "amax": Amax,
    "amin-never-refines": NeverRefines,
    "amin-evicts-largest": EvictsLargest,
    "amin-evicts-newest": EvictsNewest,
    "amin-never-looks-ahead": NeverLooksAhead,
}


@st.composite
def settings_of_requests(
    draw: st.DrawFn, *, longest: int = 9, longest_prompt: int = 4, most_spare: int = 20
) -> Setting:
    """Prompts, predictions, and a cache that is mostly tight."""
    prompt_len = draw(st.integers(1, longest_prompt))
    lower, upper = sorted(draw(st.tuples(st.integers(1, longest), st.integers(1, longest))))
    spare = draw(st.integers(0, most_spare))
    return Setting(prompt_len, lower, upper, prompt_len + upper + spare)


def outputs_of(setting: Setting, most: int) -> SearchStrategy[Outputs]:
    length = st.integers(setting.lower, setting.upper)
    return st.lists(length, min_size=1, max_size=most).map(tuple)


def by_position(outputs: Outputs) -> Ranking:
    return Ranking(tuple(range(len(outputs))))


def simulated(setting: Setting, outputs: Outputs, policy: Policy | ClairvoyantPolicy) -> Schedule:
    return simulate(setting.instance(outputs), policy)


@pytest.mark.parametrize("name", CLASSES)
@times(2)
@given(st.data())
def test_rules_cost_what_their_policy_costs(name: PolicyName, data: st.DataObject) -> None:
    setting = data.draw(settings_of_requests())
    outputs = data.draw(outputs_of(setting, 7))
    ties: TieBreak = by_position(outputs)
    try:
        cost = Machine(setting, RULES[name]).cost(outputs)
    except NoProgress:
        with pytest.raises(NoProgress):
            simulate(setting.instance(outputs), CLASSES[name](ties))
        return
    assert simulated(setting, outputs, CLASSES[name](ties)).total_latency == cost


@times(2)
@given(st.data())
def test_hindsight_costs_what_h_sf_costs(data: st.DataObject) -> None:
    setting = data.draw(settings_of_requests())
    outputs = tuple(sorted(data.draw(outputs_of(setting, 8))))
    schedule = simulated(setting, outputs, HindsightShortestFirst())
    assert Hindsight(setting).shortest_first(outputs) == schedule.total_latency


def held(setting: Setting, starts: tuple[int, ...], outputs: Outputs, now: int) -> int:
    return sum(
        setting.prompt_len + now - start + 1
        for start, output_len in zip(starts, outputs, strict=True)
        if start <= now < start + output_len
    )


def brute_force_optimum(setting: Setting, outputs: Outputs) -> int:
    """The least total latency over all start rounds, each at most what serial running needs."""

    def totals() -> Iterator[int]:
        for starts in product(range(sum(outputs)), repeat=len(outputs)):
            ends = [start + o for start, o in zip(starts, outputs, strict=True)]
            if all(held(setting, starts, outputs, t) <= setting.capacity for t in range(max(ends))):
                yield sum(ends)

    return min(totals())


@given(st.data())
def test_optimum_is_that_of_brute_force(data: st.DataObject) -> None:
    setting = data.draw(settings_of_requests(longest=4, most_spare=8))
    outputs = tuple(sorted(data.draw(outputs_of(setting, 3))))
    assert Hindsight(setting).optimum(outputs) == brute_force_optimum(setting, outputs)


@pytest.mark.theorem("T11")
@times(2)
@given(st.data())
def test_bound_optimum_and_policies_in_order(data: st.DataObject) -> None:
    """T11 in the small: lower bound ≤ OPT ≤ H-SF and Amin; and OPT's schedule is valid."""
    setting = data.draw(settings_of_requests())
    outputs = tuple(sorted(data.draw(outputs_of(setting, 6))))
    hindsight = Hindsight(setting)
    starts = hindsight.optimal_starts(outputs)
    runs = (
        Run(i, start, start + o, "completed")
        for i, (start, o) in enumerate(zip(starts, outputs, strict=True))
    )
    schedule = Schedule(setting.instance(outputs), tuple(runs))
    assert check(schedule) == ()
    optimum = hindsight.optimum(outputs)
    assert schedule.total_latency == optimum
    assert hindsight.lower_bound(outputs) <= optimum <= hindsight.shortest_first(outputs)
    by_rank = tuple(data.draw(st.permutations(outputs)))
    assert optimum <= simulated(setting, by_rank, Amin(by_position(by_rank))).total_latency


@given(st.data())
def test_optimum_up_to_a_limit(data: st.DataObject) -> None:
    setting = data.draw(settings_of_requests())
    outputs = tuple(sorted(data.draw(outputs_of(setting, 5))))
    hindsight = Hindsight(setting)
    optimum = hindsight.optimum(outputs)
    assert hindsight.optimum_up_to(outputs, optimum) == optimum
    assert hindsight.optimum_up_to(outputs, optimum - 1) is None
    assert hindsight.optimum_up_to(outputs, optimum + data.draw(st.integers(1, 9))) == optimum


def test_h_sf_is_not_optimal() -> None:
    # Two short requests at once leave no room for a long one beside them; by hand: starting a
    # short and a long one together is cheaper in the end.
    setting = Setting(prompt_len=2, lower=2, upper=5, capacity=10)
    hindsight = Hindsight(setting)
    assert hindsight.shortest_first((2, 2, 5, 5)) == 22
    assert hindsight.optimum((2, 2, 5, 5)) == 20


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ((0, 1, 1, 9), "prompt_len"),
        ((1, 0, 1, 9), "lower"),
        ((1, 2, 1, 9), "upper"),
        ((1, 1, 8, 8), "capacity"),
    ],
)
def test_settings_that_cannot_be(values: tuple[int, int, int, int], field: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        Setting(*values)
    assert refused.value.field == field

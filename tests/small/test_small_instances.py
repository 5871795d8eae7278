"""Fast simulation and OPT of small instances, compared with the simulator and with brute force."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amin_ref import (
    Amin,
    HindsightShortestFirst,
    InvalidValue,
    Machine,
    NoProgress,
    Run,
    Schedule,
    TieBreak,
    check,
    simulate,
)
from amin_ref.policies.smallest_remaining import SmallestRemainingVolume
from amin_ref.small.fast_simulation import FastSimulation
from amin_ref.small.optimum import Hindsight, TokenRounds
from amin_ref.small.optimum_resume import ResumingHindsight, hindsight_of
from amin_ref.small.setting import Outputs, Setting
from oracle.ratio.question import RULES
from oracle.starts.token_rounds import schedule_from_tokens
from tests.models.naive_resume import naive_resume_optimum
from tests.support.profiles import times
from tests.support.settings import (
    CLASSES,
    by_position,
    outputs_of,
    settings_of_requests,
    simulated,
)


@pytest.mark.parametrize("name", CLASSES)
@times(2)
@given(st.data())
def test_the_fast_simulation_costs_what_its_policy_costs(name: str, data: st.DataObject) -> None:
    setting = data.draw(settings_of_requests())
    outputs = data.draw(outputs_of(setting, 7))
    ties: TieBreak = by_position(outputs)
    try:
        cost = FastSimulation(setting, RULES[name]).cost(outputs)
    except NoProgress:
        with pytest.raises(NoProgress):
            simulate(setting.instance(outputs), CLASSES[name](ties))
        return
    assert simulated(setting, outputs, CLASSES[name](ties)).total_latency == cost


MACHINES = (
    Machine(last_token_stored=False),
    Machine(after_eviction="resume"),
    Machine(after_eviction="resume", last_token_stored=False),
)
"""The machines without limits, apart from the paper's."""


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", ["amin", "amax", "fcfs"])
@given(st.data())
def test_the_fast_simulation_knows_every_machine(
    name: str, machine: Machine, data: st.DataObject
) -> None:
    setting = data.draw(settings_of_requests(most_spare=12, machine=machine))
    outputs = data.draw(outputs_of(setting, 7))
    schedule = simulated(setting, outputs, CLASSES[name](by_position(outputs)))
    assert FastSimulation(setting, RULES[name]).cost(outputs) == schedule.total_latency


@pytest.mark.parametrize("machine", MACHINES)
@given(st.data())
def test_the_optimum_of_every_machine_has_a_valid_schedule_and_bounds(
    machine: Machine, data: st.DataObject
) -> None:
    setting = data.draw(settings_of_requests(longest=6, most_spare=12, machine=machine))
    outputs = tuple(sorted(data.draw(outputs_of(setting, 5))))
    hindsight = hindsight_of(setting)
    optimum = hindsight.optimum(outputs)
    assert schedule_of(setting, outputs, hindsight.token_rounds(outputs)).total_latency == optimum
    assert hindsight.lower_bound(outputs) <= optimum <= hindsight.upper_bound(outputs)
    assert hindsight.optimum_up_to(outputs, optimum) == optimum
    assert hindsight.optimum_up_to(outputs, optimum - 1) is None
    shortest = simulated(setting, outputs, HindsightShortestFirst())
    assert shortest.total_latency == hindsight.shortest_first(outputs) >= optimum


def schedule_of(setting: Setting, outputs: Outputs, rounds: TokenRounds) -> Schedule:
    """The valid schedule whose requests generate in these rounds."""
    schedule = schedule_from_tokens(setting.instance(outputs), rounds)
    assert check(schedule) == ()
    return schedule


@times(0.2)
@given(st.data())
def test_the_optimum_of_resume_is_that_of_trying_every_set_in_every_round(
    data: st.DataObject,
) -> None:
    machine = data.draw(st.sampled_from([m for m in MACHINES if m.after_eviction == "resume"]))
    setting = data.draw(settings_of_requests(longest=4, most_spare=6, machine=machine))
    outputs = tuple(sorted(data.draw(outputs_of(setting, 4))))
    naive = naive_resume_optimum(setting.instance(outputs))
    assert ResumingHindsight(setting).optimum(outputs) == naive


@given(st.data())
def test_the_fast_srv_costs_what_the_policy_costs(data: st.DataObject) -> None:
    machine = data.draw(st.sampled_from([m for m in MACHINES if m.after_eviction == "resume"]))
    setting = data.draw(settings_of_requests(machine=machine))
    outputs = tuple(sorted(data.draw(outputs_of(setting, 8))))
    schedule = simulated(setting, outputs, SmallestRemainingVolume())
    assert ResumingHindsight(setting).smallest_first(outputs) == schedule.total_latency


@times(2)
@given(st.data())
def test_the_fast_h_sf_costs_what_the_policy_costs(data: st.DataObject) -> None:
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
    """The least total latency over all start rounds below the makespan of serial running."""

    def totals() -> Iterator[int]:
        for starts in product(range(sum(outputs)), repeat=len(outputs)):
            ends = [start + o for start, o in zip(starts, outputs, strict=True)]
            if all(held(setting, starts, outputs, t) <= setting.capacity for t in range(max(ends))):
                yield sum(ends)

    return min(totals())


@given(st.data())
def test_the_optimum_is_that_of_brute_force(data: st.DataObject) -> None:
    setting = data.draw(settings_of_requests(longest=4, most_spare=8))
    outputs = tuple(sorted(data.draw(outputs_of(setting, 3))))
    assert Hindsight(setting).optimum(outputs) == brute_force_optimum(setting, outputs)


@pytest.mark.theorem("T11")
@times(2)
@given(st.data())
def test_lower_bound_optimum_and_policies_are_in_this_order(data: st.DataObject) -> None:
    """T11 on small instances: lower bound ≤ OPT ≤ H-SF and Amin; and OPT's schedule is valid."""
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
def test_the_optimum_up_to_a_limit_is_none_above_the_limit(data: st.DataObject) -> None:
    setting = data.draw(settings_of_requests())
    outputs = tuple(sorted(data.draw(outputs_of(setting, 5))))
    hindsight = Hindsight(setting)
    optimum = hindsight.optimum(outputs)
    assert hindsight.optimum_up_to(outputs, optimum) == optimum
    assert hindsight.optimum_up_to(outputs, optimum - 1) is None
    assert hindsight.optimum_up_to(outputs, optimum + data.draw(st.integers(1, 9))) == optimum


def test_h_sf_is_not_optimal() -> None:
    # By hand: H-SF starts both short requests, beside which no long one fits; to start a short and
    # a long one together costs less.
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
def test_impossible_settings_are_refused(values: tuple[int, int, int, int], field: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        Setting(*values)
    assert refused.value.field == field

"""Compiled code makes the schedules of the policies on the machines of serving engines, too."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from amin_ref import (
    Amin,
    ByPosition,
    FirstComeFirstServed,
    HindsightShortestFirst,
    Instance,
    InvalidValue,
    Machine,
    NoProgress,
    Request,
    simulate,
)
from amin_ref.compiled import simulation
from amin_ref.compiled.columns import columns_of
from amin_ref.compiled.machines import played_on_machine
from amin_ref.compiled.portions import Portions
from tests.compiled.cases import HUGE
from tests.compiled.machine_cases import (
    COMPILED_ON_EVERY_MACHINE,
    Make,
    differing_on_machine,
    random_machine_case,
)
from tests.support.profiles import many

PORTIONS = 4
"""Parts of the instances, so that both cores take some."""

ENGINES = Machine(after_eviction="resume", last_token_stored=False, tokens_per_round=8)


@pytest.mark.theorem("T6")
@pytest.mark.theorem("T7")
@pytest.mark.parametrize("portion", range(PORTIONS))
def test_compiled_code_makes_the_same_schedules_on_the_machines_of_engines(portion: int) -> None:
    """T6, T7: each of 1,000 instances under the next policy. Deep: 100,000 instances."""
    rng = random.Random(f"machines/{portion}")
    for number in range(many(1_000, deep=100_000) // PORTIONS):
        make = COMPILED_ON_EVERY_MACHINE[number % len(COMPILED_ON_EVERY_MACHINE)]
        assert differing_on_machine(random_machine_case(rng), make) == ""


def test_the_random_instances_are_of_every_kind() -> None:
    """If one of these were rare, the test above would hardly see it."""
    rng = random.Random("kinds of machines")
    seen: Counter[str] = Counter()
    for _ in range(150):
        case = random_machine_case(rng)
        machine = case.instance.machine
        seen[machine.after_eviction] += 1
        seen["last token stored"] += machine.last_token_stored
        seen["limited tokens"] += machine.tokens_per_round is not None
        seen["limited requests"] += machine.max_running is not None
        seen["watermark"] += machine.watermark > 0
        seen["blocks"] += case.instance.block_size > 1
        for policy in (Amin(case.ties), FirstComeFirstServed(case.ties)):
            schedule = simulate(case.instance, policy, compiled=False)
            name = type(policy).__name__
            seen[f"evictions of {name}"] += schedule.evictions > 0
            seen[f"chunks of {name}"] += any(run.computed is not None for run in schedule.runs)
    assert len(seen) == 11
    assert min(seen.values()) > 20, seen


@pytest.mark.parametrize("rounds", [1, 2, 7])
def test_stopping_between_rounds_changes_nothing_on_these_machines(
    monkeypatch: pytest.MonkeyPatch, rounds: int
) -> None:
    """Compiled code returns now and then, so that progress is told and Ctrl-C is noticed."""
    monkeypatch.setattr(simulation, "ROUNDS_AT_A_TIME", rounds)
    rng = random.Random(rounds)
    for make in COMPILED_ON_EVERY_MACHINE:
        assert differing_on_machine(random_machine_case(rng), make) == ""


def test_long_prefixes_in_chunks_and_evictions_are_scheduled_alike() -> None:
    """The plan is moved many times, and the arrays of runs and chunks are made longer."""
    rng = random.Random(7)
    lengths = [(rng.randint(1, 90), rng.randint(1, 60)) for _ in range(25)]
    instance = Instance.from_lengths(lengths, capacity=200, block_size=4, machine=ENGINES)
    for make in (FirstComeFirstServed, Amin):
        found = simulate(instance, make(), compiled=True)
        assert found == simulate(instance, make(), compiled=False)
        assert found.evictions > 0
        assert sum(len(run.computed or ()) for run in found.runs) > 4 * len(lengths)


@pytest.mark.theorem("T7")
def test_a_plan_that_will_exceed_the_cache_lets_no_request_in() -> None:
    """Also one whose own rounds fit: a delayed request made the plan exceed the cache later."""
    lengths = [(16, 13), (3, 1), (14, 29), (4, 18), (29, 10)]
    machine = Machine(after_eviction="resume", last_token_stored=False, tokens_per_round=11)
    instance = Instance.from_lengths(
        lengths, capacity=55, arrivals=[3, 14, 1, 11, 15], machine=machine
    )
    policy = HindsightShortestFirst()
    assert simulate(instance, policy, compiled=True) == simulate(instance, policy, compiled=False)


def test_the_errors_are_those_of_the_reference_on_these_machines() -> None:
    instance = Instance.from_lengths([(1, 2), (2, 3)], capacity=6, machine=ENGINES)
    for compiled in (False, True):
        with pytest.raises(NoProgress, match="the limit is 2 rounds"):
            simulate(instance, Amin(), max_rounds=2, compiled=compiled)
    late = Instance(9, [Request(0, 1, 1, arrival=2**53 - 1)], machine=ENGINES)
    with pytest.raises(InvalidValue, match="the schedule is longer"):
        simulate(late, Amin(), compiled=True)


@pytest.mark.parametrize("make", COMPILED_ON_EVERY_MACHINE)
def test_compiled_rounds_in_which_no_request_runs_end_soon(make: Make) -> None:
    """A fault that admits no request is told at once, though the next arrival is far away."""
    requests = [Request(0, 1, 2), Request(1, 2, 3, arrival=HUGE)]
    instance = Instance(6, requests, machine=ENGINES)
    columns = columns_of(instance, make(ByPosition()))
    too_long = replace(columns, prompts=columns.prompts + instance.capacity)
    with pytest.raises(NoProgress, match="no request has run for 1000 rounds though 1 wait"):
        played_on_machine(instance, too_long, Portions(max_rounds=2 * HUGE, rounds=2**40))


def test_progress_is_told_and_the_policy_is_left_as_after_a_simulation() -> None:
    told: list[int] = []
    policy = Amin()
    instance = Instance.from_lengths([(1, 2), (2, 3)], capacity=6, machine=ENGINES)
    simulate(instance, policy, on_completion=told.append, compiled=True)
    assert told[-1] == len(instance.requests)
    assert policy.lower_bounds == {}

"""Compiled code makes the schedules of the policies, run for run."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from amin_ref import Amin, FirstComeFirstServed, Instance, Request, Shuffled, simulate
from amin_ref.compiled import simulation
from tests.compiled.cases import HUGE, Case, differing, random_case
from tests.support.profiles import many

PORTIONS = 10
"""Parts of the instances, so that both cores take some."""


@pytest.mark.theorem("T6")
@pytest.mark.theorem("T7")
@pytest.mark.parametrize("portion", range(PORTIONS))
def test_compiled_code_makes_the_same_schedules(portion: int) -> None:
    """T6, T7: the rounds in compiled code are those of the policies. Deep: 100,000 instances."""
    rng = random.Random(f"compiled/{portion}")
    for _ in range(many(1_000, deep=100_000) // PORTIONS):
        assert list(differing(random_case(rng))) == []


def test_the_random_instances_are_of_every_kind() -> None:
    """If one of these were rare, the test above would hardly see it."""
    rng = random.Random("kinds")
    seen: Counter[str] = Counter()
    for _ in range(200):
        case = random_case(rng)
        instance = case.instance
        seen[type(case.ties).__name__] += 1
        seen["blocks"] += instance.block_size > 1
        seen["beyond 32 bits"] += instance.capacity > HUGE
        seen["arrivals"] += any(0 < request.arrival < HUGE for request in instance.requests)
        seen["idle rounds"] += any(request.arrival >= HUGE for request in instance.requests)
        for policy in (Amin(case.ties), FirstComeFirstServed(case.ties)):
            evicts = simulate(instance, policy, compiled=False).evictions > 0
            seen[f"evictions of {type(policy).__name__}"] += evicts
    assert len(seen) == 9
    assert min(seen.values()) > 20, seen


@pytest.mark.parametrize("rounds", [1, 2, 7])
def test_stopping_between_rounds_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, rounds: int
) -> None:
    """Compiled code returns now and then, so that progress is told and Ctrl-C is noticed."""
    monkeypatch.setattr(simulation, "ROUNDS_AT_A_TIME", rounds)
    rng = random.Random(rounds)
    for _ in range(20):
        assert list(differing(random_case(rng))) == []


@pytest.mark.parametrize("count", [32, 33, 1_024, 1_025, 1_500])
def test_queues_of_several_words_are_scheduled_alike(count: int) -> None:
    """The marks of those that wait are words of 32 bits in a tree of two, then of three levels."""
    rng = random.Random(count)
    requests = []
    for number in range(count):
        output = rng.randint(1, 8)
        lower, arrival = rng.randint(1, output), rng.choice((0, rng.randint(0, count // 8)))
        requests.append(Request(number, rng.randint(1, 8), output, lower, output, arrival))
    case = Case(Instance(300, requests, rng.choice((1, 4))), Shuffled(count))
    assert list(differing(case)) == []
    # The queues of one word and of two hardly fill the cache.
    evictions = simulate(case.instance, Amin(case.ties), compiled=True).evictions
    assert evictions >= count // 1_000 * 10


def test_outputs_far_beyond_the_bound_are_scheduled_alike() -> None:
    """The plan is moved many times while the requests run."""
    rng = random.Random(5)
    for _ in range(5):
        lengths = [(rng.randint(1, 20), rng.randint(1, 400)) for _ in range(30)]
        instance = Instance.from_lengths(lengths, capacity=1_000, block_size=rng.choice((1, 16)))
        assert simulate(instance, Amin(), compiled=True) == simulate(
            instance, Amin(), compiled=False
        )

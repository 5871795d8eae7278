"""Integer programme, exact search and enumeration find the same optimum, instance by instance."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from amin_ref import Instance, Machine, check
from oracle import optimum
from oracle.programme.branch_and_cut import solve
from oracle.programme.candidates import kinds_of
from oracle.search.branch_and_bound import search
from tests.models.naive_optimum import held, naive_optimum, random_instance

PORTIONS = 40
INSTANCES_PER_PORTION = 50


def portion_of_instances(portion: int) -> list[Instance]:
    rng = random.Random(f"agreement/{portion}")
    return [
        random_instance(
            rng,
            requests=rng.randint(1, 4),
            longest=rng.randint(1, 6),
            block_size=rng.choice((1, 4)),
            latest=rng.choice((0, 0, 3, 8)),
        )
        for _ in range(INSTANCES_PER_PORTION)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("portion", range(PORTIONS))
def test_programme_search_and_enumeration_agree(portion: int) -> None:
    for instance in portion_of_instances(portion):
        least = naive_optimum(instance)
        by_search = search(instance, time_limit=60)
        by_programme = solve(instance, time_limit=60)
        for schedule in (by_search.schedule, by_programme.schedule):
            assert check(schedule) == ()
            assert schedule.total_latency == least, instance
        assert by_search.exhausted
        assert by_search.lower_bound == by_programme.lower_bound == least


UNSTORED = Machine(last_token_stored=False, sound_predictions=False)
"""A machine that restarts evicted requests as the paper's does, and stores less."""


def unstored(instance: Instance) -> Instance:
    """The same requests where the last token is not stored, in a block less if they fit it."""
    block = instance.block_size
    peaks = (request.prompt_len + request.output_len - 1 for request in instance.requests)
    least = max(-(-peak // block) * block for peak in peaks)
    return replace(instance, machine=UNSTORED, capacity=max(instance.capacity - block, least))


def test_all_methods_agree_where_the_last_token_is_not_stored() -> None:
    for instance in map(unstored, portion_of_instances(0)[::2]):
        least = naive_optimum(instance)
        by_search = search(instance, time_limit=60)
        by_programme = solve(instance, time_limit=60)
        by_portfolio = optimum(instance, 60)
        for found in (by_search, by_programme, by_portfolio):
            assert check(found.schedule) == ()
            assert found.schedule.total_latency == found.lower_bound == least, instance


def test_the_programme_knows_what_is_stored() -> None:
    for instance in map(unstored, portion_of_instances(1)):
        for kind in kinds_of(instance):
            for member in kind.members:
                alone = {instance.requests[member].id: 0}
                during = range(kind.output_len)
                assert kind.occupancy.tolist() == [held(instance, alone, t) for t in during]


@pytest.mark.slow
@pytest.mark.parametrize("portion", range(PORTIONS))
def test_programme_and_search_agree_where_the_last_token_is_not_stored(portion: int) -> None:
    for instance in map(unstored, portion_of_instances(portion)[::5]):
        least = naive_optimum(instance)
        assert search(instance, time_limit=60).lower_bound == least
        assert solve(instance, time_limit=60).lower_bound == least


def test_the_instances_vary_in_blocks_arrivals_and_prompts() -> None:
    instances = [
        instance for portion in range(PORTIONS) for instance in portion_of_instances(portion)
    ]
    assert len(instances) >= 2000
    for block_size in (1, 4):
        assert sum(instance.block_size == block_size for instance in instances) > 500
    assert sum(any(r.arrival for r in instance.requests) for instance in instances) > 500
    assert sum(len({r.prompt_len for r in instance.requests}) > 1 for instance in instances) > 500

"""Integer programme, exact search and enumeration find the same optimum, instance by instance."""

from __future__ import annotations

import random

import pytest

from amin_ref import Instance, check
from oracle.programme.branch_and_cut import solve
from oracle.search.branch_and_bound import search
from tests.models.naive_optimum import naive_optimum, random_instance

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


def test_the_instances_vary_in_blocks_arrivals_and_prompts() -> None:
    instances = [
        instance for portion in range(PORTIONS) for instance in portion_of_instances(portion)
    ]
    assert len(instances) >= 2000
    for block_size in (1, 4):
        assert sum(instance.block_size == block_size for instance in instances) > 500
    assert sum(any(r.arrival for r in instance.requests) for instance in instances) > 500
    assert sum(len({r.prompt_len for r in instance.requests}) > 1 for instance in instances) > 500

"""The exact optimum where evicted requests keep their tokens (T22, lemma R1)."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from amin_ref import Instance, InvalidValue, Machine, Request, Schedule, check
from oracle import Method, lower_bound, optimum, verify
from oracle.heuristics.best_tokens import best_token_schedule
from oracle.programme.token_programme import solve_tokens
from oracle.search.token_vectors import search_token_vectors
from tests.models.naive_resume import naive_resume_optimum, random_resume_instance

RESUME = Machine(after_eviction="resume")
EXAMPLE = Instance(11, (Request("A", 1, 10), Request("B", 9, 1, arrival=5)), machine=RESUME)
"""The specification's example, section 7: the optimum is 12, and 16 where tokens are lost."""

SEEDS_THAT_NEED_MORE_TOKENS = (378, 577)
"""Of the first 600 instances of up to 5 requests, those whose optimum is lost, whatever the prices,
if a vector excludes those with more tokens that cost more."""


def assert_exact(seed: int, most: int, solved: int) -> None:
    instance = random_resume_instance(random.Random(seed), most)
    least = naive_resume_optimum(instance)
    first = best_token_schedule(instance, 0)
    assert check(first) == ()
    certificate = lower_bound(instance, 0.02)
    assert verify(instance, certificate) <= least <= first.total_latency
    for prices in (None, certificate):
        found = search_token_vectors(instance, first, certificate=prices)
        assert found.exhausted
        assert check(found.schedule) == ()
        assert found.schedule.total_latency == found.lower_bound == least
    if seed % solved == 0:
        solution = solve_tokens(instance, first, time_limit=60)
        assert check(solution.schedule) == ()
        assert solution.schedule.total_latency == solution.lower_bound == least


@pytest.mark.theorem("T22")
def test_the_search_and_the_programme_find_what_the_enumeration_finds() -> None:
    for seed in range(100):
        assert_exact(seed, most=4, solved=5)


@pytest.mark.theorem("T22")
@pytest.mark.parametrize("seed", SEEDS_THAT_NEED_MORE_TOKENS)
def test_a_vector_with_more_tokens_and_a_higher_cost_may_lead_to_the_optimum(seed: int) -> None:
    assert_exact(seed, most=5, solved=1)


@pytest.mark.slow
@pytest.mark.theorem("T22")
@pytest.mark.parametrize("quarter", range(4))
def test_both_find_what_the_enumeration_finds_on_2000_instances(quarter: int) -> None:
    for seed in range(500 * quarter, 500 * (quarter + 1)):
        assert_exact(seed, most=5, solved=1)


@pytest.mark.parametrize("method", ["auto", "search", "ilp"])
def test_the_specifications_example_costs_12_if_tokens_are_kept(method: Method) -> None:
    found = optimum(EXAMPLE, 10, method)
    assert (found.total_latency, found.lower_bound) == (12, 12)
    assert check(found.schedule) == ()
    assert found.schedule.evictions == 1
    lost = replace(EXAMPLE, machine=Machine())
    assert optimum(lost, 10).total_latency == 16


def test_a_search_without_time_keeps_its_first_schedule_and_a_bound() -> None:
    first = best_token_schedule(EXAMPLE, 0)
    found = search_token_vectors(EXAMPLE, first, time_limit=0)
    assert not found.exhausted
    assert found.schedule == first
    assert 11 <= found.lower_bound <= 12


@pytest.mark.parametrize(
    "limits",
    [
        Machine(after_eviction="resume", tokens_per_round=20),
        Machine(after_eviction="resume", max_running=2),
        Machine(after_eviction="resume", watermark=1),
        Machine(max_running=2),
    ],
)
def test_limits_are_refused_by_name(limits: Machine) -> None:
    name = next(n for n in ("tokens_per_round", "max_running", "watermark") if getattr(limits, n))
    with pytest.raises(InvalidValue, match=f"machine: {name}"):
        optimum(replace(EXAMPLE, machine=limits), 1)


def test_a_machine_that_loses_tokens_is_refused_by_the_search() -> None:
    lost = replace(EXAMPLE, machine=Machine())
    with pytest.raises(InvalidValue, match="resume evicted requests"):
        search_token_vectors(lost, Schedule(lost, ()))


def test_parts_that_arrive_far_apart_are_solved_apart() -> None:
    later = tuple(replace(r, id=f"{r.id}2", arrival=r.arrival + 10**6) for r in EXAMPLE.requests)
    found = optimum(replace(EXAMPLE, requests=(*EXAMPLE.requests, *later)), 10)
    assert found.proven
    assert found.total_latency == 24


@pytest.mark.parametrize(("machine", "least"), [(RESUME, 6), (Machine(), 7)])
def test_a_schedule_of_an_engine_that_keeps_tokens_has_its_own_optimum(
    machine: Machine, least: int
) -> None:
    """The case s31_keep_tokens_beats_optimum, whose engine reaches 6."""
    requests = (Request("long", 1, 4), Request("short", 3, 1, arrival=1))
    found = optimum(Instance(5, requests, machine=machine), 10)
    assert (found.total_latency, found.proven) == (least, True)

"""The exact search against naive enumeration, and properties of the optimum."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amin_ref import Instance, Request, Schedule
from oracle.search import search


def held(instance: Instance, starts: dict[str | int, int], moment: int) -> int:
    """Tokens held in one round, straight from section 1 of the specification."""
    total = 0
    for request in instance.requests:
        if request.id in starts:
            age = moment - starts[request.id] + 1
            if 1 <= age <= request.output_len:
                blocks = -(-(request.prompt_len + age) // instance.block_size)
                total += blocks * instance.block_size
    return total


def naive_optimum(instance: Instance) -> int:
    """Every vector of start rounds, one request after the other; only hopeless costs are cut."""
    horizon = max(request.arrival for request in instance.requests)
    horizon += sum(request.output_len for request in instance.requests)
    best = 10**9

    def extend(position: int, starts: dict[str | int, int], cost: int) -> None:
        nonlocal best
        if position == len(instance.requests):
            best = min(best, cost)
            return
        request = instance.requests[position]
        for start in range(request.arrival, horizon - request.output_len + 1):
            latency = start + request.output_len - request.arrival
            if cost + latency >= best:
                break
            starts[request.id] = start
            during = range(start, start + request.output_len)
            if all(held(instance, starts, moment) <= instance.capacity for moment in during):
                extend(position + 1, starts, cost + latency)
            del starts[request.id]

    extend(0, {}, 0)
    return best


def assert_valid(schedule: Schedule) -> None:
    """Section 2 of the specification, for a schedule without evictions."""
    instance = schedule.instance
    starts = {run.request: run.start for run in schedule.runs}
    assert len(schedule.runs) == len(starts) == len(instance.requests)
    for run in schedule.runs:
        request = instance.by_id[run.request]
        assert run.outcome == "completed"
        assert run.length == request.output_len
        assert run.start >= request.arrival
    moments = range(schedule.makespan)
    assert all(held(instance, starts, moment) <= instance.capacity for moment in moments)


def random_instance(
    rng: random.Random, requests: int, longest: int, block_size: int, latest: int
) -> Instance:
    chosen = [
        Request(index, rng.randint(1, 5), rng.randint(1, longest), arrival=rng.randint(0, latest))
        for index in range(requests)
    ]
    peaks = [
        -(-(request.prompt_len + request.output_len) // block_size) * block_size
        for request in chosen
    ]
    # From "the largest request fills the cache" to "two or three fit": all that is hard.
    capacity = max(peaks) + rng.randint(0, max(peaks))
    return Instance(capacity, tuple(chosen), block_size)


@st.composite
def instances(draw: st.DrawFn, most: int = 6, longest: int = 9) -> Instance:
    seed = draw(st.integers(0, 2**32))
    block_size = draw(st.sampled_from([1, 4]))
    size = draw(st.integers(1, most))
    return random_instance(random.Random(seed), size, longest, block_size, draw(st.integers(0, 8)))


@pytest.mark.parametrize("block_size", [1, 4])
@pytest.mark.parametrize("latest", [0, 6])
def test_agrees_with_naive_enumeration(block_size: int, latest: int) -> None:
    rng = random.Random(1000 * block_size + latest)
    for _ in range(150):
        instance = random_instance(rng, rng.randint(1, 5), rng.randint(1, 6), block_size, latest)
        result = search(instance)
        assert result.exhausted
        assert_valid(result.schedule)
        assert result.schedule.total_latency == result.lower_bound == naive_optimum(instance)


@settings(max_examples=40, deadline=None)
@given(instances(), st.data())
def test_more_capacity_fewer_requests_or_a_shorter_output_never_cost_more(
    instance: Instance, data: st.DataObject
) -> None:
    best = search(instance).lower_bound
    roomier = Instance(instance.capacity + 3, instance.requests, instance.block_size)
    assert search(roomier).lower_bound <= best
    dropped = data.draw(st.sampled_from(instance.requests))
    fewer = tuple(request for request in instance.requests if request is not dropped)
    without = Instance(instance.capacity, fewer, instance.block_size)
    assert search(without).lower_bound <= best - dropped.output_len
    if dropped.output_len > 1:
        shorter = tuple(
            Request(r.id, r.prompt_len, r.output_len - (r is dropped), arrival=r.arrival)
            for r in instance.requests
        )
        less = Instance(instance.capacity, shorter, instance.block_size)
        assert search(less).lower_bound <= best - 1

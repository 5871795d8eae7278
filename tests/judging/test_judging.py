"""Waits, evictions by request, and requests that evict each other in turn, by brute force."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from random import Random

from hypothesis import event, given
from hypothesis import strategies as st

from amin_ref import Instance, Machine, Request, RequestId, Run, Schedule
from amin_ref.judging import (
    EvictedInTurn,
    Wait,
    evicted_in_turn,
    evictions_by_request,
    longest_wait,
)
from amin_ref.strategies import instances, machines
from tests.models.engine_machine import cut_off, random_schedule


@st.composite
def engine_schedules(draw: st.DrawFn) -> Schedule:
    """A valid schedule of any machine, of long outputs, so that requests are evicted often."""
    instance = draw(
        instances(
            min_requests=2, max_requests=4, max_output_len=12, max_arrival=6, machine=machines()
        )
    )
    random = Random(draw(st.integers(0, 2**32 - 1)))
    schedule = random_schedule(instance, random, draw(st.sampled_from((0, 0.02))))
    if draw(st.booleans()):
        schedule = cut_off(schedule, draw(st.integers(0, schedule.makespan + 3)))
    return schedule


def runs_in(schedule: Schedule, request: RequestId, now: int) -> bool:
    return any(run.request == request and run.start <= now < run.stop for run in schedule.runs)


def evictions(schedule: Schedule) -> list[tuple[int, RequestId]]:
    """Round and request of each eviction, in order."""
    return sorted(
        (
            (run.stop, run.request)
            for run in schedule.runs
            if run.outcome == "evicted" and run.stop != schedule.ended
        ),
        key=lambda eviction: eviction[0],
    )


def in_turn(schedule: Schedule, first: RequestId, second: RequestId) -> EvictedInTurn | None:
    """The evictions of two requests beside each other, without repetitions of one of them."""
    turns: list[tuple[int, RequestId]] = []
    every = evictions(schedule)
    for now, victim in every:
        other = {first: second, second: first}.get(victim)
        if other is None or (now, other) in every or not runs_in(schedule, other, now):
            continue
        if not turns or turns[-1][1] != victim:
            turns.append((now, victim))
    if len(turns) < 3:
        return None
    victims = (turns[0][1], turns[1][1])
    return EvictedInTurn(victims, len(turns), turns[0][0], turns[-1][0])


def by_pair(cycles: Iterable[EvictedInTurn]) -> dict[frozenset[RequestId], EvictedInTurn]:
    return {frozenset(cycle.requests): cycle for cycle in cycles}


@given(engine_schedules())
def test_requests_that_evict_each_other_by_brute_force(schedule: Schedule) -> None:
    found = evicted_in_turn(schedule)
    ids = [request.id for request in schedule.instance.requests]
    pairs = [in_turn(schedule, *pair) for pair in combinations(ids, 2)]
    assert by_pair(found) == by_pair(cycle for cycle in pairs if cycle is not None)
    assert list(found) == sorted(found, key=lambda cycle: -cycle.evictions)
    event(f"cycles: {min(3, len(found))}")


@given(engine_schedules())
def test_the_longest_wait_by_brute_force(schedule: Schedule) -> None:
    """A request waits in each round from its arrival until its end in which it does not run."""
    longest = 0
    for request in schedule.instance.requests:
        end = schedule.completions.get(request.id, schedule.aborted.get(request.id, schedule.ended))
        assert end is not None
        waited = 0
        for now in range(request.arrival, end):
            waited = 0 if runs_in(schedule, request.id, now) else waited + 1
            longest = max(longest, waited)
    wait = longest_wait(schedule)
    assert (wait.rounds if wait else 0) == longest
    if wait is not None:
        assert not any(runs_in(schedule, wait.request, now) for now in range(wait.first, wait.stop))


@given(engine_schedules())
def test_evictions_by_request(schedule: Schedule) -> None:
    found = evictions_by_request(schedule)
    victims = [victim for _, victim in evictions(schedule)]
    assert found == {victim: victims.count(victim) for victim in victims}
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert sum(found.values()) == schedule.evictions


def test_two_requests_that_take_each_others_place() -> None:
    """a is evicted while b runs, b while a runs, and a again."""
    instance = Instance(
        20, (Request("a", 2, 9), Request("b", 2, 9)), machine=Machine(after_eviction="resume")
    )
    runs = (
        Run("a", 0, 2, "evicted"),
        Run("b", 0, 4, "evicted"),
        Run("a", 3, 6, "evicted"),
        Run("b", 5, 10, "completed"),
        Run("a", 10, 14, "completed"),
    )
    schedule = Schedule(instance, runs)
    assert evicted_in_turn(schedule) == (EvictedInTurn(("a", "b"), 3, 2, 6),)
    assert longest_wait(schedule) == Wait("a", 6, 10)
    assert evictions_by_request(schedule) == {"a": 2, "b": 1}

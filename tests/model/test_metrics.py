"""The metrics of a schedule, compared with their definitions in section 1 of the specification."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from amin_ref import Instance, InvalidValue, Request, Run, Schedule
from amin_ref.model.schedule import LONGEST_TIMELINE
from amin_ref.strategies import arbitrary_schedules, schedules
from tests.models.naive import naive_occupancy
from tests.support.profiles import times


@given(schedules())
def test_latencies_are_completions_minus_arrivals(schedule: Schedule) -> None:
    """In order of the requests; and their sum, mean, median and 99th percentile."""
    latencies = [
        run.stop - request.arrival
        for request in schedule.instance.requests
        for run in schedule.runs
        if run.request == request.id and run.outcome == "completed"
    ]
    count = len(latencies)
    assert list(schedule.latencies) == latencies
    assert schedule.total_latency == sum(latencies)
    assert schedule.mean_latency == sum(latencies) / count
    in_order = sorted(latencies)
    assert schedule.median_latency == (in_order[(count - 1) // 2] + in_order[count // 2]) / 2
    # The least latency that 99 % of the latencies do not exceed.
    assert schedule.p99_latency == min(
        latency
        for latency in latencies
        if 100 * sum(other <= latency for other in latencies) >= 99 * count
    )
    assert schedule.completions == {
        request.id: request.arrival + latency
        for request, latency in zip(schedule.instance.requests, latencies, strict=True)
    }


@pytest.mark.parametrize(
    ("count", "rank"), [(1, 1), (2, 2), (99, 99), (100, 99), (101, 100), (200, 198), (201, 199)]
)
def test_the_99th_percentile_is_by_nearest_rank(count: int, rank: int) -> None:
    """The latencies are 1 to ``count``: each is its own rank."""
    requests = tuple(Request(place, 1, place) for place in range(1, count + 1))
    runs = tuple(Run(place, 0, place, "completed") for place in range(1, count + 1))
    assert Schedule(Instance(10**6, requests), runs).p99_latency == rank


@times(2)
@given(arbitrary_schedules())
def test_occupancy_of_every_round(schedule: Schedule) -> None:
    """Also for invalid schedules, whose occupancy shows where the cache overflows."""
    totals = naive_occupancy(schedule)
    held = schedule.occupancy()
    assert held.dtype == np.int64
    assert held.shape == (schedule.makespan,)
    assert held.tolist() == totals
    assert schedule.makespan == max((run.stop for run in schedule.runs), default=0)
    assert schedule.peak_occupancy == max(totals, default=0)
    assert schedule.mean_occupancy == (sum(totals) / len(totals) if totals else 0)


@given(arbitrary_schedules())
def test_evictions_and_waste_are_those_of_evicted_runs(schedule: Schedule) -> None:
    evicted = [run for run in schedule.runs if run.outcome == "evicted"]
    assert schedule.evictions == len(evicted)
    assert schedule.wasted_tokens == sum(run.stop - run.start for run in evicted)
    assert [run.length for run in schedule.runs] == [run.stop - run.start for run in schedule.runs]


def test_runs_are_in_order_of_start_then_of_position() -> None:
    instance = Instance(40, (Request("b", 1, 3), Request("a", 1, 3)))
    runs = (
        Run("a", 4, 7, "completed"),
        Run("b", 4, 7, "completed"),
        Run("b", 1, 2, "evicted"),
        Run("a", 0, 2, "evicted"),
    )
    assert Schedule(instance, runs).runs == (runs[3], runs[2], runs[1], runs[0])


def test_a_latency_needs_a_completion() -> None:
    schedule = Schedule(Instance(9, (Request("a", 1, 2),)), (Run("a", 0, 1, "evicted"),))
    for measure in ("latencies", "total_latency", "mean_latency", "median_latency", "p99_latency"):
        with pytest.raises(InvalidValue, match="request 'a': completion is None, but"):
            getattr(schedule, measure)
    assert schedule.evictions == 1
    assert schedule.peak_occupancy == 2


def test_the_first_of_two_completions_counts() -> None:
    runs = (Run("a", 5, 7, "completed"), Run("a", 1, 3, "completed"))
    assert Schedule(Instance(9, (Request("a", 1, 2),)), runs).latencies == (3,)


def test_all_metrics_of_an_empty_schedule_are_zero() -> None:
    nothing = Schedule(Instance(9, ()), ())
    assert nothing.occupancy().shape == (0,)
    assert (nothing.total_latency, nothing.makespan, nothing.peak_occupancy) == (0, 0, 0)
    assert (nothing.mean_latency, nothing.median_latency, nothing.p99_latency) == (0, 0, 0)
    assert (nothing.evictions, nothing.wasted_tokens, nothing.mean_occupancy) == (0, 0, 0)


def test_long_idle_times_limit_only_the_array_of_all_rounds() -> None:
    """Three busy rounds in 10¹²: peak and mean are computed, an array of all rounds is refused."""
    last = 10**12
    instance = Instance(9, (Request("a", 1, 2), Request("b", 3, 1, arrival=last - 1)))
    runs = (Run("a", 0, 2, "completed"), Run("b", last - 1, last, "completed"))
    schedule = Schedule(instance, runs)
    assert schedule.peak_occupancy == 4
    assert schedule.mean_occupancy == (2 + 3 + 4) / last
    with pytest.raises(InvalidValue, match="schedule: rounds is 1000000000000, but at most"):
        schedule.occupancy()


def test_a_busy_period_that_is_too_long_is_refused() -> None:
    length = LONGEST_TIMELINE + 1
    instance = Instance(2 * length, (Request("a", 1, length),))
    schedule = Schedule(instance, (Run("a", 0, length, "completed"),))
    assert schedule.total_latency == length
    with pytest.raises(InvalidValue, match="count time in coarser rounds"):
        _ = schedule.peak_occupancy


def test_a_busy_period_may_be_as_long_as_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amin_ref.model.schedule.LONGEST_TIMELINE", 10)
    for length in (10, 11):
        instance = Instance(50, (Request("a", 1, length),))
        schedule = Schedule(instance, (Run("a", 0, length, "completed"),))
        if length == 10:
            assert schedule.occupancy().tolist() == list(range(2, 12))
            assert schedule.peak_occupancy == 11
        else:
            with pytest.raises(InvalidValue, match="rounds is 11, but at most 10 are laid out"):
                schedule.occupancy()


def test_a_single_round_is_its_own_mean() -> None:
    schedule = Schedule(Instance(9, (Request("a", 3, 1),)), (Run("a", 0, 1, "completed"),))
    assert (schedule.makespan, schedule.mean_occupancy, schedule.mean_latency) == (1, 4, 1)

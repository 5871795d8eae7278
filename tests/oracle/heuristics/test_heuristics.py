"""Heuristic schedules are valid, and lower bounds from prices are never above their costs."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Sequence
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amin_ref.model.errors import InvalidValue
from amin_ref.model.instance import Instance
from amin_ref.model.request import Request
from amin_ref.model.schedule import Schedule
from oracle.budget import Budget
from oracle.certificate import verify
from oracle.deadline import Deadline
from oracle.heuristics.best_schedule import _Improvement, _joined, best_schedule
from oracle.prices import ascent
from oracle.prices.ascent import lower_bound
from oracle.starts.list_schedule import list_schedule
from oracle.starts.parts import busy_periods

READABLE = Budget(compiled=False)
"""For tests that count: no time goes into compiling."""


@pytest.fixture(autouse=True)
def processor_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time limits count processor time here, so that a busy machine makes no search worse."""
    monkeypatch.setattr("oracle.deadline.time", SimpleNamespace(monotonic=time.process_time))


def occupied(tokens: int, block_size: int) -> int:
    return (tokens + block_size - 1) // block_size * block_size


def assert_valid(schedule: Schedule) -> None:
    """Specification, section 2, for schedules without evictions, checked event by event."""
    instance = schedule.instance
    requests = {request.id: request for request in instance.requests}
    assert sorted(map(repr, requests)) == sorted(repr(run.request) for run in schedule.runs)
    for run in schedule.runs:
        request = requests[run.request]
        assert run.outcome == "completed"
        assert run.start >= request.arrival
        assert run.stop == run.start + request.output_len
    # Occupancy falls only when a run ends, so it is largest in the last round of some run.
    for now in {run.stop - 1 for run in schedule.runs}:
        held = sum(
            occupied(requests[run.request].prompt_len + now - run.start + 1, instance.block_size)
            for run in schedule.runs
            if run.start <= now < run.stop
        )
        assert held <= instance.capacity


def random_instance(
    seed: int,
    count: int,
    capacity: int,
    block_size: int = 1,
    last_arrival: int = 0,
    longest: int = 2**53,
) -> Instance:
    """Prompts of up to a sixth of the cache; outputs of up to the rest of it, or ``longest``."""
    draw = np.random.default_rng(seed)
    requests = []
    fits = capacity // block_size * block_size
    for position in range(count):
        prompt_len = int(draw.integers(1, max(2, min(fits, longest) // 6)))
        output_len = int(draw.integers(1, min(fits - prompt_len, longest) + 1))
        arrival = int(draw.integers(0, last_arrival + 1))
        requests.append(Request(position, prompt_len, output_len, arrival=arrival))
    return Instance(capacity, tuple(requests), block_size)


@st.composite
def instances(draw: st.DrawFn) -> Instance:
    return random_instance(
        draw(st.integers(0, 10**6)),
        count=draw(st.integers(0, 9)),
        capacity=draw(st.integers(8, 40)),
        block_size=draw(st.sampled_from([1, 3, 4, 8])),
        last_arrival=draw(st.sampled_from([0, 5, 60, 1000])),
    )


@pytest.mark.theorem("T11")
@settings(deadline=None, max_examples=40)
@given(instances())
def test_the_bound_is_at_most_the_cost_of_a_valid_schedule(instance: Instance) -> None:
    certificate = lower_bound(instance, 0.05)
    schedule = best_schedule(instance, 0.05, certificate=certificate)
    assert_valid(schedule)
    assert verify(instance, certificate) <= schedule.total_latency


@settings(deadline=None, max_examples=60)
@given(instances())
def test_list_schedules_alone_are_valid(instance: Instance) -> None:
    schedule = best_schedule(instance, 0)
    assert_valid(schedule)
    assert schedule.total_latency >= verify(instance, lower_bound(instance, 0))


def crowded(count: int = 200, block_size: int = 1, last_arrival: int = 0) -> Instance:
    """Many requests, each small compared with the cache: there prices improve the bound most."""
    return random_instance(1, count, 400, block_size, last_arrival, longest=60)


@pytest.mark.parametrize(
    "instance",
    [
        pytest.param(crowded(), marks=pytest.mark.slow),
        pytest.param(crowded(block_size=4), marks=pytest.mark.slow),
        crowded(block_size=4, last_arrival=500),
    ],
    ids=["at once", "blocks", "blocks and arrivals"],
)
def test_bound_and_schedule_are_close(instance: Instance) -> None:
    """Within 20 % after a second, which a broken ascent or annealing does not reach."""
    certificate = lower_bound(instance, 0.5)
    lower = verify(instance, certificate)
    schedule = best_schedule(instance, 1.0, certificate=certificate)
    assert_valid(schedule)
    assert lower <= schedule.total_latency <= 1.2 * lower


def test_prices_raise_the_bound_more_than_threefold() -> None:
    instance = crowded()
    assert verify(instance, lower_bound(instance, 0)) == sum(
        request.output_len for request in instance.requests
    )
    assert verify(instance, lower_bound(instance, 0.5)) > 3 * verify(
        instance, lower_bound(instance, 0)
    )


def test_the_bound_reaches_the_relaxations_optimum() -> None:
    """Two equal requests that exclude each other; the linear relaxation is solved by hand.

    In round 2 a request started in round 0, 1, 2 holds 4, 3, 2 tokens of the 4; starting later
    costs a round each. Price 3/4 proves 9, and one after the other costs (0 + 3) + (3 + 3) = 9.
    """
    instance = Instance(4, (Request("x", 1, 3), Request("y", 1, 3)))
    assert verify(instance, lower_bound(instance, 1.0)) == 9
    assert best_schedule(instance, 0.1).total_latency == 9


def test_annealing_improves_on_list_schedules() -> None:
    instance = crowded()
    listed = best_schedule(instance, 0).total_latency
    assert best_schedule(instance, 2.0).total_latency < listed


@pytest.mark.parametrize("count", [0, 1])
def test_none_or_one_request_is_solved_exactly(count: int) -> None:
    instance = Instance(10, tuple(Request(i, 2, 3, arrival=2**53 - 9) for i in range(count)))
    certificate = lower_bound(instance, 0.1)
    schedule = best_schedule(instance, 0.1)
    assert_valid(schedule)
    assert verify(instance, certificate) == schedule.total_latency == 3 * count


def test_busy_periods_far_apart_are_solved_one_by_one() -> None:
    """The busy periods are 2**52 rounds apart; their bounds add up."""
    one = crowded(60)
    late = 2**52
    both = Instance(
        one.capacity,
        one.requests
        + tuple(
            Request(f"late {r.id}", r.prompt_len, r.output_len, arrival=late) for r in one.requests
        ),
    )
    alone = verify(one, lower_bound(one, 1.0))
    certificate = lower_bound(both, 2.0)
    assert len(certificate.stretches) == 2
    assert abs(verify(both, certificate) - 2 * alone) <= 0.01 * alone
    schedule = best_schedule(both, 1.0, certificate=certificate)
    assert_valid(schedule)
    assert schedule.total_latency <= 2 * best_schedule(one, 0).total_latency


def test_a_busy_period_that_lasts_longer_than_planned_delays_the_next() -> None:
    """First come, first served empties the cache by round 9; cheaper schedules need longer."""
    requests = [Request(i, 1, 1 + i % 5, arrival=0) for i in range(6)]
    for last in range(6, 30):
        instance = Instance(8, (*requests, Request("late", 4, 4, arrival=last)))
        assert_valid(best_schedule(instance, 0.02))


def test_a_delayed_request_starts_when_the_period_before_leaves_room() -> None:
    """b runs until round 10, and a period begins in round 8 with a request that does not fit."""
    requests = (Request("a", 4, 4), Request("b", 4, 4), Request("late", 4, 4, arrival=8))
    instance = Instance(8, requests)
    deadline = Deadline.after(1.0)
    first, second = (_Improvement(instance, period, deadline) for period in busy_periods(instance))
    first.best, second.best = [0, 6], [8]
    schedule = _joined(instance, [first, second])
    assert_valid(schedule)
    assert {run.request: run.start for run in schedule.runs} == {"a": 0, "b": 6, "late": 10}


def test_list_schedules_beyond_the_first_are_made_only_within_the_time_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One list schedule of many requests can take longer than the limit; four take four times."""
    made: list[int] = []

    def counted(instance: Instance, requests: Sequence[Request], order: Sequence[int]) -> list[int]:
        made.append(len(requests))
        return list_schedule(instance, requests, order)

    monkeypatch.setattr("oracle.heuristics.best_schedule.list_schedule", counted)
    instance = Instance(8, (Request("a", 4, 4), Request("b", 4, 4), Request("c", 1, 1)))
    certificate = lower_bound(instance, 0.0)
    assert_valid(best_schedule(instance, 0.0, certificate=certificate))
    assert made == [3]
    assert_valid(best_schedule(instance, 0.5, certificate=certificate))
    assert made == [3] * 5


@pytest.mark.parametrize("search", [lower_bound, best_schedule])
@pytest.mark.parametrize("time_limit", [-1, float("nan"), "soon", None])
def test_a_bad_time_limit_is_refused(
    search: Callable[[Instance, float], object], time_limit: object
) -> None:
    with pytest.raises(InvalidValue, match="time_limit is"):
        search(crowded(3), time_limit)  # type: ignore[arg-type]  # wrong on purpose


def test_should_stop_ends_the_search_with_the_best_so_far() -> None:
    instance = crowded()
    calls = 0

    def stop() -> bool:
        nonlocal calls
        calls += 1
        return calls > 40

    began = time.process_time()
    certificate = lower_bound(instance, 600.0, should_stop=stop)
    calls = 0
    schedule = best_schedule(instance, 600.0, should_stop=stop, certificate=certificate)
    assert time.process_time() - began < 30
    assert_valid(schedule)
    assert 5000 < verify(instance, certificate) <= schedule.total_latency


def test_time_limits_are_measured_by_the_given_clock() -> None:
    instance = crowded(60)
    asked = 0

    def clock() -> float:
        nonlocal asked
        asked += 1
        return float(asked)

    # Each call of the clock adds a second, so the search ends after few calls on any machine.
    few = verify(instance, lower_bound(instance, 30.0, clock=clock, budget=READABLE))
    assert asked < 50
    many = verify(instance, lower_bound(instance, 3000.0, clock=clock, budget=READABLE))
    assert few < many
    again, asked = asked, 0
    assert verify(instance, lower_bound(instance, 30.0, clock=clock, budget=READABLE)) == few
    assert asked < again


def few_large_requests() -> Instance:
    """Twelve requests of which two fill the cache, so that shares have prices."""
    return random_instance(1, 12, 30)


def test_more_time_never_proves_less() -> None:
    """The clock counts evaluations: an ascent with more of them begins with those of a shorter."""

    def proven(limit: float) -> int:
        asked = itertools.count()
        return verify(
            instance,
            lower_bound(instance, limit, clock=lambda: float(next(asked)), budget=READABLE),
        )

    instance = few_large_requests()
    bounds = [proven(limit) for limit in (30.0, 70.0, 110.0, 150.0, 190.0, 400.0)]
    assert bounds == sorted(bounds)
    assert bounds[0] < bounds[-1]


def test_an_ascent_keeps_the_best_prices_that_it_meets() -> None:
    """With few rounds each value that it reports is a bound; none is above what it returns."""
    instance = random_instance(4, 8, 16)
    for limit in (30.0, 90.0):
        asked = itertools.count()
        seen: list[float] = []
        certificate = lower_bound(
            instance,
            limit,
            progress=seen.append,
            clock=lambda: float(next(asked)),  # noqa: B023 - called in this turn only
            budget=READABLE,
        )
        # The last prices are others: a step that was too long had just been tried.
        assert verify(instance, certificate) >= max(seen) > seen[-1] + 1


def test_a_long_ascent_goes_on_with_further_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one place and more than one token, with a lead; and never proves less than before."""
    instance = random_instance(1, 6, 12)
    proven, leading = [], []
    for seconds in (ascent.MORE_SHARES_AFTER, math.inf):
        monkeypatch.setattr(ascent, "MORE_SHARES_AFTER", seconds)
        asked = itertools.count()
        certificate = lower_bound(
            instance,
            100_000.0,
            clock=lambda: float(next(asked)),  # noqa: B023 - called in this turn only
            budget=READABLE,
        )
        proven.append(verify(instance, certificate))
        shares = certificate.stretches[0].shares
        leading.append([share for share in shares if share.lead > 0 and share.most > 1])
    assert proven[0] >= proven[1]
    assert leading[0]
    assert not leading[1]


def test_more_time_never_ends_at_a_worse_schedule() -> None:
    """A search that is stopped later first finds, one by one, what one stopped earlier finds."""
    instance = few_large_requests()
    no_prices = lower_bound(instance, 0.0)
    found: list[list[int]] = []
    for looks in (20, 40, 80):
        calls = itertools.count()
        costs: list[int] = []
        best_schedule(
            instance,
            600.0,
            progress=costs.append,
            should_stop=lambda: next(calls) > looks,  # noqa: B023 - called in this turn only
            certificate=no_prices,
            budget=READABLE,
        )
        found.append(costs)
    for earlier, later in itertools.pairwise(found):
        # The last cost of the earlier one is that of a run that was cut off.
        assert earlier[:-1] == later[: len(earlier) - 1]
        assert later[-1] <= earlier[-1]
    assert found[0][-1] < found[0][0]


def test_progress_reports_falling_costs_and_ends_at_the_results() -> None:
    instance = crowded(60)
    bounds: list[float] = []
    costs: list[int] = []
    certificate = lower_bound(instance, 0.3, progress=bounds.append)
    schedule = best_schedule(instance, 1.0, progress=costs.append, certificate=certificate)
    assert bounds[-1] == pytest.approx(verify(instance, certificate), rel=0.01)
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] == schedule.total_latency

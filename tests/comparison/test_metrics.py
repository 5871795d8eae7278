"""Every metric against its definition on ``proofs_notes/metrics.md``, token by token."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amin_ref import Instance, InvalidValue, Request, RequestId, Run, Schedule, simulate
from amin_ref.comparison import ComparisonRow
from amin_ref.comparison.metrics import percentile, request_times
from amin_ref.strategies import instances, machines, schedules
from tests.models.engine_machine import moments
from tests.support.project import PROJECT


@dataclass
class Tokens:
    """The times at which a request's tokens are generated, and the rounds in which it runs.

    Attributes:
        kept: times of the tokens of the completed run; of all runs where evicted requests resume.
        lost: times of the tokens of evicted runs, where they start again from nothing.
        running: the rounds of all runs.
        computed: tokens computed in all runs.
    """

    kept: list[int] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    running: set[int] = field(default_factory=set)
    computed: int = 0


def tokens_of(schedule: Schedule) -> dict[RequestId, Tokens]:
    """Token by token: the token of round t is generated at time t + 1."""
    found: dict[RequestId, Tokens] = defaultdict(Tokens)
    resumes = schedule.instance.machine.after_eviction == "resume"
    for run in schedule.runs:
        tokens = found[run.request]
        prefix = schedule.instance.by_id[run.request].prompt_len + len(tokens.kept)
        for now, moment in enumerate(moments(run, prefix), start=run.start):
            tokens.running.add(now)
            tokens.computed += moment.computed
            if moment.generates:
                is_kept = resumes or run.outcome != "evicted"
                (tokens.kept if is_kept else tokens.lost).append(now + 1)
    return found


@st.composite
def on_any_machine(draw: st.DrawFn) -> Schedule:
    """A schedule of FCFS or Amin on any machine, in which a client may go away."""
    instance = draw(instances(max_requests=6, max_output_len=6, max_arrival=5, machine=machines()))
    first = instance.requests[0]
    aborted = draw(st.none() | st.integers(first.arrival, first.arrival + 6))
    gone = {first.id: aborted} if aborted is not None and len(instance.requests) > 1 else {}
    return simulate(instance, draw(st.sampled_from(("amin", "fcfs"))), aborted=gone)


def naive_percentile(values: list[float], percent: int) -> float:
    """The least value that at least ``percent`` % of the values do not exceed."""
    return min(
        value
        for value in values
        if 100 * sum(other <= value for other in values) >= percent * len(values)
    )


@given(schedules() | on_any_machine(), st.integers(1, 60))
def test_each_metric_equals_its_definition(schedule: Schedule, slo: int) -> None:
    tokens = tokens_of(schedule)
    requests = [each for each in schedule.instance.requests if each.id not in schedule.aborted]
    row = ComparisonRow.of("x", schedule, slo=slo)
    latency = [max(tokens[each.id].kept) - each.arrival for each in requests]
    ttft = [min(tokens[each.id].kept) - each.arrival for each in requests]
    ever = [min(tokens[each.id].kept + tokens[each.id].lost) - each.arrival for each in requests]
    queueing = [
        sum(
            now not in tokens[each.id].running
            for now in range(each.arrival, max(tokens[each.id].kept))
        )
        for each in requests
    ]
    tpot = [
        (max(tokens[each.id].kept) - min(tokens[each.id].kept + tokens[each.id].lost))
        / (each.output_len - 1)
        for each in requests
        if each.output_len > 1
    ]
    for name, values in (
        ("latency", latency), ("ttft", ttft), ("queueing", queueing), ("tpot", tpot)
    ):  # fmt: skip
        if not values:
            assert getattr(row, f"mean_{name}") is None
            continue
        assert getattr(row, f"mean_{name}") == pytest.approx(sum(values) / len(values))
        for percent in (50, 90, 99):
            expected = naive_percentile(list(values), percent)
            assert getattr(row, f"p{percent}_{name}") == expected
    count = len(requests)
    kept = sum(len(tokens[each.id].kept) for each in requests)
    end = max(max(tokens[each.id].kept) for each in requests)
    made = sum(len(each.kept + each.lost) for each in tokens.values())
    lost = sum(len(each.lost) for each in tokens.values())
    assert row.requests == count
    assert row.total_latency == sum(latency)
    assert row.mean_first_token_ever == pytest.approx(sum(ever) / count)
    assert row.mean_normalized_latency == pytest.approx(
        sum(latency[i] / requests[i].output_len for i in range(count)) / count
    )
    assert row.throughput == pytest.approx(kept / (end - min(each.arrival for each in requests)))
    assert row.goodput == sum(each <= slo for each in latency) / count
    assert row.wasted_tokens == lost
    assert row.wasted_share == pytest.approx(lost / made)
    computed = sum(each.computed for each in tokens.values())
    assert row.recomputed_tokens == schedule.recomputed_tokens
    assert row.recomputed_share == pytest.approx(schedule.recomputed_tokens / computed)
    assert row.requests_queued == sum(
        min(tokens[each.id].running) > each.arrival for each in requests
    )
    assert row.evictions == schedule.evictions
    assert row.makespan == schedule.makespan
    assert row.peak_occupancy == schedule.peak_occupancy
    assert row.mean_occupancy == schedule.mean_occupancy
    assert row.median_latency == schedule.median_latency


@given(schedules())
def test_latency_is_the_sum_of_the_times_of_a_request(schedule: Schedule) -> None:
    """The identities on the page, for each request, in exact arithmetic."""
    for request, times in zip(schedule.instance.requests, request_times(schedule), strict=True):
        wasted = sum(
            run.length
            for run in schedule.runs
            if run.request == request.id and run.outcome == "evicted"
        )
        output_len = request.output_len
        assert times.latency == times.queueing_time + wasted + output_len
        assert times.latency == times.time_to_first_token + output_len - 1
        assert 1 <= times.time_to_first_token_ever <= times.time_to_first_token
        if times.time_per_output_token is not None:
            streamed = times.time_per_output_token * (output_len - 1)
            assert times.time_to_first_token_ever + streamed == pytest.approx(times.latency)
            assert times.time_per_output_token >= 1


@given(st.lists(st.integers(0, 30), min_size=1, max_size=250), st.integers(1, 100))
def test_a_percentile_is_the_nearest_rank(values: list[int], percent: int) -> None:
    assert percentile(values, percent) == naive_percentile(list(values), percent)


@pytest.mark.parametrize(
    ("values", "percent"), [([], 50), ([1], 0), ([1], 101), ([1], 50.0), ([1], True)]
)
def test_a_percentile_of_no_values_or_out_of_range_is_refused(
    values: list[int], percent: int
) -> None:
    with pytest.raises(InvalidValue, match="percentile: "):
        percentile(values, percent)


def test_metrics_of_an_evicted_request_are_those_computed_by_hand() -> None:
    """Two tokens are lost in rounds 1 and 2, then three kept in rounds 5 to 7; arrival in 0."""
    schedule = Schedule(
        Instance(9, (Request("a", 1, 3),)), (Run("a", 1, 3, "evicted"), Run("a", 5, 8, "completed"))
    )
    row = ComparisonRow.of("mine", schedule, lower_bound=4, slo=7.5)
    assert (row.total_latency, row.mean_ttft, row.mean_first_token_ever) == (8, 6, 2)
    assert (row.mean_queueing, row.mean_tpot) == (3, 3)
    assert (row.throughput, row.wasted_share, row.goodput) == (3 / 8, 2 / 5, 0)
    assert (row.ratio_to_best, row.ratio_to_bound) == (1, 2)


def test_without_requests_metrics_are_zero_or_unknown() -> None:
    row = ComparisonRow.of("mine", Schedule(Instance(9, ()), ()), lower_bound=0, slo=3)
    assert (row.requests, row.total_latency, row.mean_ttft, row.p99_queueing) == (0, 0, 0, 0)
    assert (row.throughput, row.wasted_share) == (0, 0)
    assert (row.mean_tpot, row.goodput, row.ratio_to_bound) == (None, None, None)


def test_a_request_without_a_completion_has_no_times() -> None:
    schedule = Schedule(Instance(9, (Request("a", 1, 2),)), (Run("a", 0, 1, "evicted"),))
    with pytest.raises(InvalidValue, match="request 'a': completion is None, but"):
        request_times(schedule)


def test_the_page_defines_every_field() -> None:
    page = (PROJECT / "proofs_notes" / "metrics.md").read_text(encoding="utf-8")
    for each in fields(ComparisonRow):
        assert f"`{each.name}`" in page, each.name

"""Theorems on the machine of real engines: what holds there, and what fails.

``proofs_notes/theorems/machines.md`` has the statements. ``simulate`` is first held equal to a
naive engine that takes the words of the specification literally.
"""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from amin_ref import (
    Amin,
    Instance,
    InvalidValue,
    Machine,
    Policy,
    Request,
    RequestId,
    Schedule,
    check,
    simulate,
)
from amin_ref.strategies import aborts, instances, machines
from amin_ref.workloads import keep_usable, read_trace
from tests.models.naive_engine import NaiveEngine, Name
from tests.models.volume_bound import volume_bound
from tests.support.real_data import lmsys_file

SMALL = instances(max_requests=5, max_output_len=6, max_arrival=5, machine=machines())
RESUME = Machine(after_eviction="resume")
POLICIES: tuple[Name, ...] = get_args(Name)


@st.composite
def on_a_resuming_machine(draw: st.DrawFn) -> Instance:
    """A small instance that resumes, without limits."""
    instance = draw(instances(max_requests=5, max_output_len=6, max_arrival=5))
    stored = draw(st.booleans())
    return replace(instance, machine=replace(RESUME, last_token_stored=stored))


@pytest.mark.parametrize("policy", POLICIES)
@given(instance=SMALL, data=st.data())
def test_simulate_is_the_naive_engine_on_every_machine(
    policy: Name, instance: Instance, data: st.DataObject
) -> None:
    aborted = data.draw(aborts(instance))
    engine = NaiveEngine(instance, policy, aborted=aborted)
    naive = Schedule(instance, engine.schedule_runs(), aborted=engine.gone)
    assert simulate(instance, policy, aborted=aborted) == naive
    event(f"evictions: {naive.evictions > 0}, chunks: {naive.has_computed}")
    event(f"aborted: {len(naive.aborted)}")


class Unaware(Amin):
    """Amin that does not know that clients can go away, like policies written before they could."""

    def cancelled(self, request: RequestId) -> None:
        Policy.cancelled(self, request)


@given(instance=instances(max_requests=5, max_output_len=6, max_arrival=5), data=st.data())
def test_aborts_do_not_harm_a_policy_that_is_unaware_of_them(
    instance: Instance, data: st.DataObject
) -> None:
    schedule = simulate(instance, Unaware(), aborted=data.draw(aborts(instance)))
    assert check(schedule) == ()


def test_the_room_of_a_request_admitted_in_vain_is_free_in_the_next_round() -> None:
    """One fits at a time: 1 is gone when it is admitted in round 3, and 2 runs from round 4 on."""
    instance = Instance.from_lengths([(1, 3)] * 3, capacity=4, predictions=[(3, None)] * 3)
    schedule = simulate(instance, Unaware(), aborted={1: 2})
    assert schedule.aborted == {1: 2}
    assert [(run.request, run.start, run.stop) for run in schedule.runs[-1:]] == [(2, 4, 7)]


def test_an_abort_before_the_arrival_is_refused() -> None:
    instance = Instance.from_lengths([(1, 3)], capacity=4, arrivals=[2])
    with pytest.raises(InvalidValue, match="aborted: 0 is 1, but the request arrives in round 2"):
        simulate(instance, "amin", aborted={0: 1})


@pytest.mark.theorem("T1")
@pytest.mark.theorem("T2")
@pytest.mark.parametrize("policy", [*POLICIES, "sjf", "svf", "mc-benchmark", "amin-by-volume"])
@given(instance=SMALL, data=st.data())
def test_every_machine_makes_valid_schedules(
    policy: str, instance: Instance, data: st.DataObject
) -> None:
    schedule = simulate(instance, policy, aborted=data.draw(aborts(instance)))
    assert check(schedule) == ()
    event(f"evictions: {schedule.evictions > 0}, chunks: {schedule.has_computed}")


@pytest.mark.theorem("T2")
@pytest.mark.theorem("T8")
@pytest.mark.parametrize("policy", POLICIES)
@given(instance=on_a_resuming_machine())
def test_under_resume_there_are_at_most_as_many_busy_rounds_as_tokens(
    policy: Name, instance: Instance
) -> None:
    schedule = simulate(instance, policy)
    busy = {now for run in schedule.runs for now in range(run.start, run.stop)}
    assert len(busy) <= sum(request.output_len for request in instance.requests)
    for request, latency in zip(instance.requests, schedule.latencies, strict=True):
        assert busy >= set(range(request.arrival, request.arrival + latency))


@pytest.mark.theorem("T4")
@pytest.mark.theorem("T9")
@given(instance=on_a_resuming_machine())
def test_under_resume_exact_bounds_evict_no_request(instance: Instance) -> None:
    exact = replace(
        instance,
        requests=tuple(
            replace(request, lower=request.output_len, upper=request.output_len)
            for request in instance.requests
        ),
    )
    amin = simulate(exact, "amin")
    assert amin.evictions == 0
    assert amin == simulate(exact, "h-sf")
    assert simulate(instance, "amax").evictions == 0


def test_with_a_budget_of_tokens_exact_bounds_do_not_prevent_an_eviction() -> None:
    """T4 and T9 fail there: the prefill of a is planned for one round and takes longer."""
    instance = Instance(
        8,
        [Request("b", 1, 5, lower=5, upper=5), Request("a", 4, 1, lower=1, upper=1, arrival=1)],
        machine=replace(RESUME, tokens_per_round=2),
    )
    for policy in POLICIES[:3]:
        schedule = simulate(instance, policy)
        assert [(run.request, run.stop) for run in schedule.runs if run.outcome == "evicted"] == [
            ("a", 2)
        ]


def test_a_delayed_prefill_stops_admissions_while_its_plan_exceeds_the_cache() -> None:
    """The prefill of c takes two rounds, so that a and c are planned with 15 tokens in round 7.

    b would fit beside them in its one round, 4; it starts when c is evicted.
    """
    instance = Instance(
        14,
        [
            Request("a", 1, 6, lower=6, arrival=2),
            Request("b", 1, 1, lower=1, arrival=4),
            Request("c", 4, 4, lower=4, arrival=3),
        ],
        machine=replace(RESUME, tokens_per_round=4),
    )
    schedule = simulate(instance, "amin")
    assert [(run.start, run.stop) for run in schedule.runs if run.request == "b"] == [(7, 8)]
    assert next((run.start, run.stop) for run in schedule.runs if run.request == "c") == (3, 7)


class Watched(NaiveEngine):
    """Amin, and what each round leaves: who comes first of those that wait, and who fits."""

    def __init__(self, instance: Instance) -> None:
        super().__init__(instance, "amin")
        self.fitting: dict[int, list[tuple[RequestId, bool]]] = {}

    def after_admission(self) -> None:
        waiting = sorted(self.waiting, key=lambda each: each.key)
        self.fitting[self.now] = [(each.request.id, self.fits(each)) for each in waiting]


def test_under_resume_a_later_request_may_fit_where_the_first_does_not() -> None:
    """T7 (b) fails there: 1 was evicted, so its prefix is longer than the prompt of 0."""
    instance = Instance.from_lengths(
        [(1, 4), (1, 4), (1, 3)],
        capacity=6,
        predictions=[(4, None), (3, None), (3, None)],
        machine=RESUME,
    )
    engine = Watched(instance)
    engine.schedule_runs()
    assert engine.fitting[4] == [(1, False), (0, True)]


@st.composite
def uniform(draw: st.DrawFn) -> Instance:
    """Equal prompts, one interval of bounds, all requests in round 0."""
    prompt_len = draw(st.integers(1, 5))
    lower = draw(st.integers(1, 4))
    upper = draw(st.integers(lower, lower + 8))
    outputs = draw(st.lists(st.integers(lower, upper), min_size=1, max_size=14))
    capacity = draw(st.integers(prompt_len + upper, 4 * (prompt_len + upper)))
    return Instance.from_lengths(
        [(prompt_len, output_len) for output_len in outputs],
        capacity=capacity,
        predictions=[(lower, upper)] * len(outputs),
        machine=RESUME,
    )


@pytest.mark.parametrize("policy", POLICIES)
@given(instance=uniform())
def test_theorem_j_bounds_makespan_and_cost(policy: Name, instance: Instance) -> None:
    first = instance.requests[0]
    prompt_len, lower, upper = first.prompt_len, first.lower, first.upper
    assert upper is not None
    schedule = simulate(instance, policy)
    at_once = instance.capacity // (prompt_len + upper)
    outputs = sum(request.output_len for request in instance.requests)
    assert schedule.makespan <= outputs // at_once + upper
    volume = lower * prompt_len + lower * (lower + 1) // 2
    factor = 4 * upper * (prompt_len + upper) / volume + upper / lower
    assert schedule.total_latency <= factor * volume_bound(instance)
    event(f"evictions: {schedule.evictions > 0}")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("policy", "latency", "evictions"), [("fcfs", 4_358_618, 2_454), ("amin", 4_083_209, 2_166)]
)
def test_the_first_2000_chats_cost_what_vllm_measured(
    policy: Name, latency: int, evictions: int
) -> None:
    """The figures are of vLLM's own scheduler, not of this project."""
    rows = keep_usable(read_trace(lmsys_file()), 16_480, 16, limit=2000).rows
    instance = Instance.from_lengths(
        [(row.prompt_len, row.output_len) for row in rows],
        capacity=16_480,
        block_size=16,
        machine=RESUME,
    )
    for compiled in (False, True):
        schedule = simulate(instance, policy, compiled=compiled)
        assert (schedule.total_latency, schedule.evictions) == (latency, evictions)

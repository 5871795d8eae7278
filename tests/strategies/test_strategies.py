"""The public strategies keep to their arguments, and draw instances that vary enough for tests."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from amin_ref import (
    Amax,
    Amin,
    ByPosition,
    ClairvoyantPolicy,
    FirstComeFirstServed,
    HindsightShortestFirst,
    Instance,
    InvalidValue,
    Machine,
    Policy,
    Ranking,
    Request,
    Schedule,
    Shuffled,
    VisibleRequest,
    check,
    simulate,
)
from amin_ref.policies.names import POLICIES
from amin_ref.strategies import (
    BLOCK_SIZES,
    PREDICTIONS,
    Prediction,
    aborts,
    arbitrary_schedules,
    blind_policies,
    instances,
    machines,
    policies,
    rankings,
    requests,
    schedules,
    tie_breaks,
)
from tests.models.naive import held

FIELDS = [field.name for field in fields(Machine)]


@pytest.mark.parametrize("prediction", sorted(set(PREDICTIONS)))
@given(st.data())
def test_a_drawn_request_keeps_to_the_arguments(
    prediction: Prediction, data: st.DataObject
) -> None:
    request = data.draw(
        requests(max_prompt_len=5, max_output_len=9, max_arrival=3, prediction=prediction)
    )
    assert 1 <= request.prompt_len <= 5
    assert 1 <= request.output_len <= 9
    assert 0 <= request.arrival <= 3
    interval = (request.lower, request.upper)
    if prediction == "exact":
        assert interval == (request.output_len, request.output_len)
    if prediction == "lowest":
        assert interval == (1, None)


@given(
    instances(
        min_requests=2,
        max_requests=5,
        max_prompt_len=3,
        max_output_len=7,
        max_arrival=20,
        block_sizes=(1, 8),
        predictions=("interval",),
    )
)
def test_a_drawn_instance_keeps_to_the_arguments(instance: Instance) -> None:
    assert instance.block_size in (1, 8)
    longest_prompt = 3 if instance.block_size == 1 else 11
    assert 2 <= len(instance.requests) <= 5
    assert all(request.prompt_len <= longest_prompt for request in instance.requests)
    assert all(request.output_len <= 7 for request in instance.requests)
    assert all(request.arrival <= 20 for request in instance.requests)
    largest = max(
        held(request.prompt_len, request.output_len, instance.block_size)
        for request in instance.requests
    )
    assert largest <= instance.capacity <= 3 * largest


@given(st.data(), instances(max_arrival=0))
def test_tie_breaks_and_policies_are_for_the_instance(
    data: st.DataObject, instance: Instance
) -> None:
    ids = sorted(request.id for request in instance.requests if isinstance(request.id, str))
    assert {request.arrival for request in instance.requests} == {0}
    assert sorted(map(str, data.draw(rankings(instance)).ids)) == ids
    assert isinstance(data.draw(tie_breaks(instance)), ByPosition | Ranking | Shuffled)
    assert isinstance(data.draw(blind_policies(instance)), Policy)
    assert isinstance(data.draw(policies(instance)), Policy | ClairvoyantPolicy)


@given(schedules(instances(max_requests=3)), arbitrary_schedules(instances(max_requests=3)))
def test_schedules_are_of_the_instances_given(valid: Schedule, arbitrary: Schedule) -> None:
    assert len(valid.instance.requests) <= 3
    assert len(arbitrary.instance.requests) <= 3
    assert check(valid) == ()


def test_drawn_instances_evict_and_vary_often_enough() -> None:
    """Least shares of instances with evictions, with ties, …, and of each policy and tie-break."""
    seen: Counter[str] = Counter()

    @settings(max_examples=500, phases=[Phase.generate], derandomize=True)
    @given(st.data(), instances())
    def look(data: st.DataObject, instance: Instance) -> None:
        seen["instances"] += 1
        ties = data.draw(tie_breaks(instance))
        schedule = simulate(instance, Amin(ties))
        bounds = [request.lower for request in instance.requests]
        seen["evictions"] += schedule.evictions > 0
        seen["equal bounds"] += len(set(bounds)) < len(bounds)
        seen["unequal prompts"] += len({request.prompt_len for request in instance.requests}) > 1
        seen["arrivals"] += len({request.arrival for request in instance.requests}) > 1
        seen[f"blocks of {instance.block_size}"] += 1
        seen[type(ties).__name__] += 1
        seen[type(data.draw(policies(instance))).__name__] += 1

    look()
    least = {
        "evictions": 0.25,
        "equal bounds": 0.4,
        "unequal prompts": 0.2,
        "arrivals": 0.3,
        **{f"blocks of {size}": 0.1 for size in BLOCK_SIZES},
        **{kind.__name__: 0.1 for kind in (ByPosition, Ranking, Shuffled)},
        **{
            type(policy.make(ByPosition())).__name__: 0.3 / len(POLICIES)
            for policy in POLICIES.values()
        },
    }
    rare = {what: seen[what] for what in least if seen[what] < least[what] * seen["instances"]}
    assert rare == {}


def test_failures_shrink_to_the_smallest_instance() -> None:
    """The smallest instance in which Amin evicts: two requests, three tokens, no extras."""
    smallest = find(
        instances(),
        lambda instance: simulate(instance, Amin()).evictions > 0,
        settings=settings(max_examples=2000, derandomize=True, phases=tuple(Phase)),
    )
    assert len(smallest.requests) == 2
    assert smallest.block_size == 1
    assert smallest.capacity <= 5
    for request in smallest.requests:
        assert (request.prompt_len, request.lower, request.upper, request.arrival) == (
            1,
            1,
            None,
            0,
        )


@given(st.data(), instances(min_requests=0, machine=machines()))
def test_every_policy_drawn_for_a_machine_makes_valid_schedules_there(
    data: st.DataObject, instance: Instance
) -> None:
    """Also where predictions are wrong and clients go away (T1, T2)."""
    aborted = data.draw(aborts(instance))
    for request, now in aborted.items():
        assert 0 <= now - instance.by_id[request].arrival <= 12
    policy = data.draw(policies(instance) | blind_policies(instance))
    assert check(simulate(instance, policy, aborted=aborted)) == ()


@given(schedules(instances(max_requests=3, machine=machines())))
def test_schedules_are_valid_on_the_machine_drawn(schedule: Schedule) -> None:
    assert check(schedule) == ()


def test_drawn_machines_and_predictions_vary_often_enough() -> None:
    """Least shares of each field, of each way to be wrong, and of what follows from them."""
    seen: Counter[str] = Counter()

    @settings(max_examples=500, phases=[Phase.generate], derandomize=True)
    @given(st.data(), instances(machine=machines()))
    def look(data: st.DataObject, instance: Instance) -> None:
        machine = instance.machine
        seen["instances"] += 1
        seen["resumes"] += machine.after_eviction == "resume"
        seen["last token not stored"] += not machine.last_token_stored
        seen["tokens per round"] += machine.tokens_per_round is not None
        seen["most running"] += machine.max_running is not None
        seen["watermark"] += machine.watermark > 0
        seen["unsound"] += not machine.sound_predictions
        requests = instance.requests
        seen["lower too high"] += any(each.lower > each.output_len for each in requests)
        uppers = [(each.upper, each.output_len) for each in requests if each.upper is not None]
        seen["upper too low"] += any(upper < output for upper, output in uppers)
        schedule = simulate(instance, Amin(), aborted=data.draw(aborts(instance)))
        seen["aborted"] += bool(schedule.aborted)
        seen["evictions"] += schedule.evictions > 0
        seen["chunks"] += any(run.computed is not None for run in schedule.runs)
        longest = max(machine.held(each.prompt_len + each.output_len) for each in requests)
        seen["no larger request fits"] += instance.capacity // instance.block_size == -(
            -longest // instance.block_size
        )

    look()
    least = {
        "resumes": 0.3,
        "last token not stored": 0.3,
        "tokens per round": 0.3,
        "most running": 0.3,
        "watermark": 0.3,
        "unsound": 0.3,
        "lower too high": 0.1,
        "upper too low": 0.1,
        "aborted": 0.1,
        "evictions": 0.1,
        "chunks": 0.2,
        "no larger request fits": 0.05,
    }
    rare = {what: seen[what] for what in least if seen[what] < least[what] * seen["instances"]}
    assert rare == {}


@pytest.mark.parametrize(
    "field", [FIELDS[0], *(pytest.param(name, marks=pytest.mark.slow) for name in FIELDS[1:])]
)
def test_a_failure_shrinks_to_the_one_field_of_the_machine_that_it_needs(field: str) -> None:
    smallest = find(
        instances(machine=machines()),
        lambda instance: getattr(instance.machine, field) != getattr(Machine(), field),
        settings=settings(max_examples=2000, derandomize=True, phases=tuple(Phase)),
    )
    others = {name: getattr(Machine(), name) for name in FIELDS if name != field}
    assert {name: getattr(smallest.machine, name) for name in others} == others
    assert len(smallest.requests) == 1
    assert smallest.requests[0].arrival == 0


def visible(position: int) -> VisibleRequest:
    return VisibleRequest(str(position), 1, 1, None, 0, position)


def test_a_shuffle_is_a_fixed_order_for_every_seed() -> None:
    """Of 600 seeds, more than 60 give each order of three; a seed always gives the same order."""
    orders = Counter(
        tuple(sorted(range(3), key=lambda position: Shuffled(seed).rank(visible(position))))
        for seed in range(600)
    )
    assert len(orders) == 6
    assert min(orders.values()) > 60
    assert Shuffled(7).rank(visible(5)) == Shuffled(7).rank(visible(5))
    assert len({Shuffled(7).rank(visible(position)) for position in range(1000)}) == 1000


def test_equal_ranks_are_decided_by_position() -> None:
    class AllEqual(ByPosition):
        def rank(self, request: VisibleRequest) -> float:
            return 0.0

    instance = Instance(3, tuple(Request(name, 1, 2) for name in "cab"))
    for kind in (Amin, Amax, FirstComeFirstServed, HindsightShortestFirst):
        runs = simulate(instance, kind(AllEqual())).runs
        completed = [run.request for run in runs if run.outcome == "completed"]
        assert completed == ["c", "a", "b"]


def test_a_rank_that_is_no_number_is_refused() -> None:
    class NotANumber(ByPosition):
        def rank(self, request: VisibleRequest) -> float:
            return float("nan")

    with pytest.raises(InvalidValue, match="rank of request 'a' is nan, but ranks must be ordered"):
        simulate(Instance(3, (Request("a", 1, 2),)), Amin(NotANumber()))

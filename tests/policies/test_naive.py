"""The four policies against their brute-force models: the same runs on every instance."""

from __future__ import annotations

import pytest
from hypothesis import event, given, target
from hypothesis import strategies as st

from amin_ref import (
    Amax,
    Amin,
    ByPosition,
    FirstComeFirstServed,
    HindsightShortestFirst,
    Instance,
    Request,
    simulate,
)
from amin_ref.strategies import instances, tie_breaks
from tests.models.naive import NaiveAmax, NaiveAmin, NaiveFirstCome, NaiveHindsight, naive_schedule
from tests.models.observation import ranks_of
from tests.support.profiles import times

inexactly_predicted = instances(predictions=("lowest", "interval"))


@pytest.mark.theorem("T6")
@pytest.mark.theorem("T7")
@times(6)
@given(st.data(), inexactly_predicted)
def test_amin_agrees_with_the_naive_amin(data: st.DataObject, instance: Instance) -> None:
    """T6, T7: section 3 of the specification, worked out from scratch in every round."""
    ties = data.draw(tie_breaks(instance))
    schedule = simulate(instance, Amin(ties))
    target(float(schedule.evictions), label="evictions")
    event("evictions: " + ("none" if not schedule.evictions else "some"))
    naive = NaiveAmin(instance.capacity, instance.block_size)
    assert schedule == naive_schedule(instance, naive, ranks_of(instance, ties))


@pytest.mark.theorem("T6")
@pytest.mark.theorem("T7")
@times(3)
@given(st.data(), inexactly_predicted)
def test_fcfs_agrees_with_the_naive_fcfs(data: st.DataObject, instance: Instance) -> None:
    """T6, T7: section 4 of the specification for FCFS."""
    ties = data.draw(tie_breaks(instance))
    schedule = simulate(instance, FirstComeFirstServed(ties))
    target(float(schedule.evictions), label="evictions")
    naive = NaiveFirstCome(instance.capacity, instance.block_size)
    assert schedule == naive_schedule(instance, naive, ranks_of(instance, ties))


@pytest.mark.theorem("T7")
@times(3)
@given(st.data(), instances())
def test_amax_agrees_with_the_naive_amax(data: st.DataObject, instance: Instance) -> None:
    """T7: section 4 of the specification for Amax."""
    ties = data.draw(tie_breaks(instance))
    naive = NaiveAmax(instance.capacity, instance.block_size)
    assert simulate(instance, Amax(ties)) == naive_schedule(
        instance, naive, ranks_of(instance, ties)
    )


@pytest.mark.theorem("T7")
@times(3)
@given(st.data(), instances())
def test_hindsight_agrees_with_the_naive_hindsight(data: st.DataObject, instance: Instance) -> None:
    """T7: section 4 of the specification for H-SF."""
    ties = data.draw(tie_breaks(instance))
    naive = NaiveHindsight(instance.capacity, instance.block_size)
    assert simulate(instance, HindsightShortestFirst(ties)) == naive_schedule(
        instance, naive, ranks_of(instance, ties)
    )


@st.composite
def long_instances(draw: st.DrawFn) -> Instance:
    """Outputs of up to 240 tokens: the array of planned rounds is enlarged and moved."""
    requests = []
    for index in range(draw(st.integers(2, 5))):
        lower = draw(st.integers(1, 150))
        output_len = lower + draw(st.sampled_from((0, 0, 1, 30, 90)))
        arrival = draw(st.sampled_from((0, 0, 1, 20, 63, 64, 65, 130)))
        upper = draw(st.sampled_from((None, output_len, output_len + 40)))
        requests.append(
            Request(index, draw(st.integers(1, 20)), output_len, lower, upper, arrival=arrival)
        )
    block_size = draw(st.sampled_from((1, 16)))
    longest = max(request.prompt_len + request.output_len for request in requests)
    capacity = block_size * (longest // block_size + 1) + draw(st.integers(0, 250))
    return Instance(capacity, tuple(requests), block_size=block_size)


@pytest.mark.theorem("T6")
@pytest.mark.theorem("T7")
@given(long_instances())
def test_long_outputs_are_scheduled_as_by_the_naive_policies(instance: Instance) -> None:
    """T6, T7: no planned round is lost when the array of a plan is enlarged or moved."""
    ranks = ranks_of(instance, ByPosition())
    size = instance.capacity, instance.block_size
    for policy, naive in ((Amin(), NaiveAmin(*size)), (Amax(), NaiveAmax(*size))):
        assert simulate(instance, policy) == naive_schedule(instance, naive, ranks)

"""The four policies against their brute-force models: the same runs on every instance."""

from __future__ import annotations

import pytest
from hypothesis import event, given, target
from hypothesis import strategies as st

from amin_ref import Amax, Amin, FirstComeFirstServed, HindsightShortestFirst, Instance, simulate
from amin_ref.strategies import instances, tie_breaks
from tests.naive import NaiveAmax, NaiveAmin, NaiveFirstCome, NaiveHindsight, naive_schedule
from tests.observation import ranks_of
from tests.profiles import times

wrong_predictions = instances(predictions=("lowest", "interval"))


@pytest.mark.theorem("T6")
@pytest.mark.theorem("T7")
@times(10)
@given(st.data(), wrong_predictions)
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
@given(st.data(), wrong_predictions)
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

"""Columns of runs and requests give the numbers that objects give."""

from __future__ import annotations

import json
import pickle
from dataclasses import fields, replace

import pytest
from hypothesis import given

from amin_ref import (
    Amin,
    AminError,
    Instance,
    InvalidValue,
    Request,
    Run,
    Schedule,
    check,
    simulate,
)
from amin_ref.comparison import ComparisonRow
from amin_ref.model import schedule as module
from amin_ref.strategies import instances, schedules
from tests.support.profiles import times


def in_columns(schedule: Schedule) -> Schedule:
    """The same schedule, made of columns."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "LEAST_IN_COLUMNS", 0)
        columns = Schedule(schedule.instance, schedule.runs).columns
    assert columns is not None
    return Schedule.of_columns(schedule.instance, columns)


@times(2)
@given(schedules(instances(max_arrival=9)))
def test_every_metric_is_that_of_the_objects(schedule: Schedule) -> None:
    other = in_columns(schedule)
    expected = ComparisonRow.of("p", schedule, slo=5.0)
    found = ComparisonRow.of("p", other, slo=5.0)
    assert found == expected
    assert {type(getattr(found, each.name)) for each in fields(found)} <= {
        str,
        int,
        float,
        type(None),
    }
    assert other.columns is not None
    assert "runs" not in other.__dict__, "no metric needs the objects"
    assert other.latencies == schedule.latencies
    assert other.completions == schedule.completions
    assert other.computed_tokens == schedule.computed_tokens
    assert other.occupancy().tolist() == schedule.occupancy().tolist()
    assert other.runs_as(schedule)
    assert other.runs_as(in_columns(schedule))
    assert check(other) == check(schedule) == ()
    assert other == schedule
    assert hash(other) == hash(schedule)
    assert other.to_json() == schedule.to_json()


def test_many_runs_are_put_into_columns_by_themselves() -> None:
    instance = Instance.from_lengths([(1, 2)] * module.LEAST_IN_COLUMNS, capacity=30)
    schedule = simulate(instance, "fcfs")
    assert schedule.columns is not None
    fewer = Schedule(instance, schedule.runs[: module.LEAST_IN_COLUMNS - 1])
    assert fewer.columns is None
    assert Schedule(instance, schedule.runs, ended=10**6).columns is None
    assert not schedule.runs_as(fewer)
    later = [replace(run, start=run.start + 1, stop=run.stop + 1) for run in schedule.runs]
    assert not schedule.runs_as(Schedule(instance, later))


def test_requests_that_never_complete_are_told_as_ever() -> None:
    instance = Instance(9, [Request("a", 1, 2), Request("b", 1, 2)])
    schedule = Schedule(instance, [Run("a", 0, 2, "completed"), Run("b", 0, 1, "evicted")])
    other = in_columns(schedule)
    for each in (schedule, other):
        with pytest.raises(InvalidValue, match="request 'b': completion is None"):
            _ = each.total_latency
    assert check(other) == check(schedule) != ()


def test_a_schedule_of_columns_is_frozen_and_can_be_copied() -> None:
    schedule = in_columns(simulate(Instance.from_lengths([(1, 2), (2, 2)], capacity=4), "amin"))
    assert pickle.loads(pickle.dumps(schedule)) == schedule
    with pytest.raises(AttributeError, match="no attribute 'rnus'"):
        _ = getattr(schedule, "rnus")  # noqa: B009 - a type checker knows that it is not there
    assert replace(schedule, ended=None) == schedule


def test_occupancy_of_rounds_too_far_apart_is_counted_by_busy_periods() -> None:
    far = 2**40
    instance = Instance(9, [Request("a", 1, 2), Request("b", 2, 2, arrival=far)])
    schedule = in_columns(simulate(instance, "amin"))
    assert schedule.peak_occupancy == 4
    assert schedule.mean_occupancy == (2 + 3 + 3 + 4) / (far + 2)


def read(document: object, least: int, monkeypatch: pytest.MonkeyPatch) -> Schedule | str:
    """The schedule of a document, or the error, if as many runs are put into columns."""
    monkeypatch.setattr(module, "LEAST_IN_COLUMNS", least)
    try:
        return Schedule.from_json(json.dumps(document))
    except AminError as error:
        return str(error)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"outcome": "evicted"},
        {"outcome": "aborted"},
        {"outcome": ["completed"]},
        {"request": "1"},
        {"request": True},
        {"request": [1]},
        {"start": -1},
        {"start": True},
        {"start": 2**70, "stop": 2**70},
        {"start": 7, "stop": 6},
        {"stop": 1.5},
        {"stop": 2**53},
        {"computed": [1, 1]},
        {"x-note": "own"},
        {"unknown": 1},
    ],
    ids=str,
)
def test_a_document_is_read_alike_with_and_without_columns(
    change: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = Instance.from_lengths([(1, 2), (2, 2), (1, 1)], capacity=8)
    document = json.loads(simulate(instance, Amin()).to_json())
    document["runs"][1] |= change
    assert read(document, 1, monkeypatch) == read(document, 100, monkeypatch)

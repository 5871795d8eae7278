"""What a log may lack: aborted requests, the end of the log, tokens held; values and JSON."""

from __future__ import annotations

import json
import pickle
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amin_ref import Instance, InvalidDocument, InvalidValue, Request, RequestId, Run, Schedule
from amin_ref.model.schedule import read_schedule
from amin_ref.schemas import SchemaName, validate
from amin_ref.strategies import schedules

INSTANCE = Instance(20, (Request("a", 2, 4), Request(1, 2, 6), Request("1", 3, 3, arrival=2)))
RUNS = (Run("a", 0, 4, "completed"), Run(1, 0, 3, "aborted"))


@st.composite
def lacking(draw: st.DrawFn) -> Schedule:
    """Runs of a policy, with aborts, an end and held tokens that need not be valid."""
    whole = draw(schedules())
    ids = [request.id for request in whole.instance.requests]
    aborted = draw(
        st.dictionaries(st.sampled_from(ids), st.integers(0, 30)) if ids else st.just({})
    )
    runs = [
        replace(run, outcome="aborted") if run.request in aborted and draw(st.booleans()) else run
        for run in whole.runs
    ]
    ended = draw(st.none() | st.integers(whole.makespan, whole.makespan + 5))
    length = whole.makespan if ended is None else ended
    held = draw(st.none() | st.lists(st.integers(0, 99), min_size=length, max_size=length))
    return Schedule(whole.instance, runs, aborted=aborted, ended=ended, held=held)


@given(lacking())
def test_both_forms_keep_what_a_log_lacks(schedule: Schedule) -> None:
    forms: tuple[tuple[SchemaName, str], ...] = (
        ("schedule", schedule.to_json()),
        ("schedule-lines", schedule.to_json_lines()),
    )
    for name, text in forms:
        assert read_schedule(text) == schedule
        assert validate(name, text) == ()
        document = json.loads(text.split("\n")[0])
        assert document["version"] == 1 + schedule.lacks_something
        given = {"aborted": schedule.aborted, "ended": schedule.ended, "held": schedule.held}
        assert document.keys() & given.keys() == {
            field for field, value in given.items() if value not in (None, {})
        }


@given(lacking())
def test_it_is_a_value(schedule: Schedule) -> None:
    same = pickle.loads(pickle.dumps(schedule))
    assert same == schedule
    assert hash(same) == hash(schedule)
    assert same == replace(schedule, runs=tuple(reversed(schedule.runs)))
    if len(schedule.instance.requests) <= 20:
        names = {"Schedule": Schedule, "Instance": Instance, "Request": Request, "Run": Run}
        if schedule.held is None or len(schedule.held) <= 20:
            assert len(schedule.runs) > 20 or eval(repr(schedule), names) == schedule
    for other in (
        Schedule(schedule.instance, schedule.runs),
        replace(schedule, held=None, ended=schedule.makespan + 9),
    ):
        is_same = other.aborted == schedule.aborted and other.ended == schedule.ended
        assert (other == schedule) == (is_same and other.held == schedule.held)


def test_the_mapping_of_aborted_requests_is_frozen_and_in_the_order_of_the_instance() -> None:
    given: dict[RequestId, int] = {"1": 5, "a": 2}
    schedule = Schedule(INSTANCE, (), aborted=given)
    given["a"] = 7
    assert list(schedule.aborted.items()) == [("a", 2), ("1", 5)]
    assert schedule.aborted == {"1": 5, "a": 2}
    assert repr(schedule.aborted) == "{'a': 2, '1': 5}"
    assert not hasattr(schedule.aborted, "__setitem__")
    with pytest.raises(KeyError):
        schedule.aborted[1]


WRONG: dict[str, tuple[tuple[object, str], ...]] = {
    "aborted": (
        (3, "must be a mapping from ids to rounds"),
        ({"b": 1}, "the instance has no such request"),
        ({"a": -1}, "at least 0 rounds"),
        ({"a": True}, "a whole number of rounds"),
        ({"a": 2**53}, "at most 2**53 - 1 rounds"),
        ({"a": None}, "a whole number of rounds"),
        ({None: 1}, "it must be a request's id"),
        ({("a",): 1}, "it must be a request's id"),
    ),
    "ended": (
        (3, "a run stops in round 4"),
        (-1, "at least 0 rounds"),
        (4.0, "a whole number of rounds"),
        ("4", "a whole number of rounds"),
    ),
    "held": (
        (3, "must be an iterable of ints"),
        ((1, 2, 3), "it has 3 numbers and the schedule has 4 rounds"),
        ((), "it has 0 numbers and the schedule has 4 rounds"),
        ((1, 2, 3, -4), "at least 0 tokens"),
        ((1, 2, 3, 4.0), "a whole number of tokens"),
    ),
}


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [(field, *case) for field, cases in WRONG.items() for case in cases],
)
def test_wrong_fields_are_refused_by_name(field: str, value: object, says: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        Schedule(INSTANCE, RUNS, **{field: value})  # type: ignore[arg-type]  # on purpose
    assert caught.value.field.startswith(f"schedule: {field}")
    assert says in str(caught.value)


plain_values = (
    st.none() | st.booleans() | st.integers(-1, 9) | st.floats(0, 9) | st.text(max_size=2)
)
json_values = st.recursive(
    plain_values,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.sampled_from(["a", "1", "b", "request", "round"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.sampled_from(["aborted", "ended", "held"]), json_values)
def test_what_the_schema_refuses_the_readers_refuse(field: str, value: object) -> None:
    """And what the readers take is a value that is written and read back."""
    document = json.loads(Schedule(INSTANCE, RUNS, aborted={1: 3}).to_json()) | {field: value}
    header = {k: v for k, v in document.items() if k != "runs"}
    header["format"] = "amin-ref/schedule-lines"
    lines = "".join(json.dumps(line) + "\n" for line in (header, *document["runs"]))
    text = json.dumps(document)
    try:
        schedule = read_schedule(text)
    except (InvalidDocument, InvalidValue):
        with pytest.raises((InvalidDocument, InvalidValue), match=f": {field}"):
            read_schedule(text)
        with pytest.raises((InvalidDocument, InvalidValue)):
            read_schedule(lines)
    else:
        assert read_schedule(lines) == read_schedule(schedule.to_json()) == schedule
        assert validate("schedule", text) == validate("schedule-lines", lines) == ()


@pytest.mark.parametrize(
    ("aborted", "says"),
    [
        ({"a": 3}, None),
        ([{"request": 1, "round": 3}], None),
        ({"b": 3}, "aborted is 'b', but the instance has no such request"),
        ([{"request": "a"}], "aborted[0]: the field 'round' is missing"),
        ([{"request": "a", "round": 1, "why": 2}], "aborted[0]: the field 'why' is unknown"),
        ([{"request": "a", "round": 1}] * 2, "aborted[1]: request is 'a', but the array already"),
        ([[1, 3]], "aborted[0]: array [1, 3] found where an object is needed"),
    ],
)
def test_aborted_requests_in_a_document(aborted: object, says: str | None) -> None:
    document = json.loads(Schedule(INSTANCE, RUNS).to_json()) | {"aborted": aborted}
    text = json.dumps(document)
    if says is None:
        assert len(Schedule.from_json(text).aborted) == 1
    else:
        with pytest.raises((InvalidDocument, InvalidValue), match=re.escape(says)):
            Schedule.from_json(text)


def test_the_key_of_an_int_is_mended_in_one_sentence() -> None:
    instance = Instance(20, (Request(1, 2, 6),))
    text = Schedule(instance, (), aborted={1: 3}).to_json()
    assert '"aborted": [{"request": 1, "round": 3}]' in text
    wrong = text.replace('[{"request": 1, "round": 3}]', '{"1": 3}')
    says = 'the instance has 1, which is another id; write "aborted": [{"request": 1, "round": …}]'
    with pytest.raises(InvalidValue, match=re.escape(says)):
        Schedule.from_json(wrong)


@pytest.mark.parametrize("field", ["aborted", "ended", "held"])
def test_version_1_lacks_nothing(field: str) -> None:
    whole = Schedule(INSTANCE, (Run("a", 0, 4, "completed"),))
    says = f"the field '{field}' belongs to version 2 and the document is of version 1"
    document = json.loads(whole.to_json()) | {field: None}
    assert document["version"] == 1
    with pytest.raises(InvalidDocument, match=says):
        Schedule.from_json(json.dumps(document))
    assert validate("schedule", json.dumps(document)) != ()
    header, run = whole.to_json_lines().splitlines()
    lines = json.dumps(json.loads(header) | {field: None}) + f"\n{run}\n"
    with pytest.raises(InvalidDocument, match=says):
        Schedule.from_json_lines(lines)
    assert validate("schedule-lines", lines) != ()


def test_version_1_has_no_aborted_runs() -> None:
    text = Schedule(INSTANCE, RUNS, aborted={1: 3}).to_json()
    document = json.loads(text) | {"version": 1}
    del document["aborted"]
    says = "outcome is 'aborted', but it must be 'completed' or 'evicted', because the document"
    with pytest.raises(InvalidValue, match=says):
        Schedule.from_json(json.dumps(document))
    assert validate("schedule", json.dumps(document)) != ()


# Metrics.


def test_metrics_are_over_the_completed_requests() -> None:
    schedule = Schedule(INSTANCE, RUNS, aborted={1: 3}, ended=9)
    served: list[RequestId] = [request.id for request in schedule.served]
    assert served == ["a"]
    assert schedule.unfinished == ("1",)
    assert schedule.latencies == (4,)
    assert (schedule.total_latency, schedule.mean_latency, schedule.p99_latency) == (4, 4.0, 4)
    whole = Schedule(INSTANCE, RUNS, aborted={1: 3})
    with pytest.raises(InvalidValue, match="request '1': completion is None"):
        whole.latencies  # noqa: B018 - the property raises
    nothing = Schedule(INSTANCE, (), ended=0)
    assert (nothing.latencies, nothing.mean_latency, nothing.p99_latency) == ((), 0.0, 0)


def test_the_end_of_the_log_evicts_nothing() -> None:
    """A run that stops there is cut off; one that stops before was evicted, and loses 2 tokens."""
    runs = (Run("a", 0, 2, "evicted"), Run(1, 0, 5, "evicted"))
    cut = Schedule(INSTANCE, runs, ended=5)
    assert (cut.evictions, cut.wasted_tokens) == (1, 2)
    later = Schedule(INSTANCE, runs, ended=6)
    assert (later.evictions, later.wasted_tokens) == (2, 7)


def test_occupancy_is_what_the_engine_says() -> None:
    held = (4, 5, 6, 6, 0, 0)
    schedule = Schedule(INSTANCE, RUNS, aborted={1: 3}, ended=6, held=held)
    assert list(schedule.occupancy()) == [4, 5, 6, 6]
    assert (schedule.peak_occupancy, schedule.mean_occupancy) == (6, 21 / 4)
    by_runs = replace(schedule, held=None)
    assert list(by_runs.occupancy()) == [6, 8, 10, 6]
    assert (by_runs.peak_occupancy, by_runs.mean_occupancy) == (10, 30 / 4)

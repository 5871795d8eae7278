"""Schedules as JSON lines, as an engine logs them: runs in any order, and perhaps cut off."""

from __future__ import annotations

import json

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from amin_ref import AminError, Instance, InvalidDocument, InvalidValue, Request, Run, Schedule
from amin_ref.model.schedule import read_schedule
from amin_ref.strategies import arbitrary_schedules, schedules

INSTANCE = Instance(9, (Request("a", 1, 2), Request("b", 1, 3)))
SCHEDULE = Schedule(INSTANCE, (Run("a", 0, 2, "completed"), Run("b", 0, 3, "completed")))
HEADER, FIRST, SECOND = SCHEDULE.to_json_lines().splitlines()


def test_the_form_of_json_lines_is_fixed() -> None:
    """Engines that write logs in other languages depend on this form."""
    assert [json.loads(line) for line in SCHEDULE.to_json_lines().splitlines()] == [
        {
            "format": "amin-ref/schedule-lines",
            "version": 1,
            "instance": json.loads(SCHEDULE.to_json())["instance"],
        },
        {"request": "a", "start": 0, "stop": 2, "outcome": "completed"},
        {"request": "b", "start": 0, "stop": 3, "outcome": "completed"},
    ]


@given(arbitrary_schedules())
def test_a_schedule_is_read_as_it_was_written(schedule: Schedule) -> None:
    text = schedule.to_json_lines()
    assert Schedule.from_json_lines(text) == schedule
    assert read_schedule(text) == read_schedule(schedule.to_json()) == schedule
    assert read_schedule(text.replace("\n", "\r\n")) == schedule


@given(st.data(), schedules())
def test_runs_may_stand_in_any_order(data: st.DataObject, schedule: Schedule) -> None:
    header, *lines = schedule.to_json_lines().splitlines()
    in_another_order = data.draw(st.permutations(lines))
    assert read_schedule("\n".join([header, *in_another_order])) == schedule


@given(st.data(), schedules())
def test_a_last_line_that_is_cut_off_is_reported(data: st.DataObject, schedule: Schedule) -> None:
    """A text cut between two lines is a schedule; a text cut within a line is refused."""
    text = schedule.to_json_lines()
    behind_header = text.index("\n") + 1
    cut = text[: data.draw(st.integers(behind_header, len(text)))]
    whole, _, rest = cut.rpartition("\n")
    lines = whole.count("\n")
    event("cut off" if rest else "whole lines")
    is_whole = not rest or rest.endswith("}")
    if is_whole:
        runs = lines + bool(rest)
        assert len(read_schedule(cut).runs) == runs
        return
    with pytest.raises(InvalidDocument) as caught:
        read_schedule(cut)
    assert str(caught.value).startswith(
        f"line {lines + 2} is cut off after {len(rest)} characters: the file ends within it. "
        f"The {lines} runs before it are whole; "
    )


def test_a_header_that_is_cut_off_is_reported() -> None:
    with pytest.raises(InvalidDocument, match=r"^line 1 is cut off after 60 characters") as caught:
        read_schedule(HEADER[:60])
    assert "It is the header" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"{HEADER}\n{FIRST[:-3]}\n{SECOND}\n", r"^line 2: not JSON: "),
        (f"{HEADER}\n\n{SECOND}\n", r"^line 2 is empty; remove it\."),
        (f"{HEADER}\n{FIRST}\n{SECOND}\n\n", r"^line 4 is empty; remove it\."),
        (f"\n{HEADER}\n{FIRST}\n", r"^line 1 is empty; remove it\."),
        (f"{HEADER}\nrun\n", r"^line 2: not JSON: Expecting value in column 1\."),
        # A line is "cut off" only if it is the last one and has no line end.
        (f"{HEADER}\n{FIRST}\n{SECOND[:-3]}\n", r"^line 3: not JSON: "),
        (f"{HEADER}\n{FIRST[:-3]}\n{SECOND}", r"^line 2: not JSON: "),
        ('[1, "amin-ref/schedule-lines"]', r"^document: array .* found where an object is needed"),
        (f"{HEADER}\n{HEADER}\n", r"^line 2: the field 'request' is missing"),
        (f'{HEADER}\n{FIRST[:-1]}, "colour": 1}}\n', r"^line 2: the field 'colour' is unknown"),
        (f"{HEADER}\n[1]\n", r"^line 2: array \[1\] found where an object is needed"),
        (HEADER.replace('"version": 1', '"version": 3'), "version is 3, but this release knows"),
        (HEADER.replace('"instance"', '"instances"'), "line 1: the field 'instance' is missing"),
        (FIRST, "format is None"),
        (f"{FIRST}\n{HEADER}\n", "not JSON: Extra data"),
    ],
)
def test_the_error_for_a_malformed_line_names_it(text: str, says: str) -> None:
    with pytest.raises(InvalidDocument, match=says):
        read_schedule(text)


def test_the_error_for_a_wrong_value_names_its_line() -> None:
    with pytest.raises(InvalidValue, match=r"^line 3: start is -1, but"):
        read_schedule(f"{HEADER}\n{FIRST}\n{SECOND.replace('0', '-1')}\n")


def test_a_request_named_like_the_format_is_no_header() -> None:
    instance = Instance(9, (Request("amin-ref/schedule-lines", 1, 2),))
    schedule = Schedule(instance, (Run("amin-ref/schedule-lines", 0, 2, "completed"),))
    assert read_schedule(schedule.to_json()) == schedule
    assert read_schedule(schedule.to_json_lines()) == schedule


@given(st.data())
def test_any_change_of_the_text_is_read_or_refused(data: st.DataObject) -> None:
    text = SCHEDULE.to_json_lines()
    start = data.draw(st.integers(0, len(text)))
    stop = data.draw(st.integers(start, min(len(text), start + 8)))
    changed = text[:start] + data.draw(st.text('{}[]",:0123\n\r \u2028é', max_size=6)) + text[stop:]
    refusal = ""
    try:
        read_schedule(changed)
    except AminError as error:
        refusal = str(error)
    event("refused" if refusal else "read")
    assert not refusal or refusal.endswith(".")
    assert "\n" not in refusal


def test_an_empty_text_is_no_schedule() -> None:
    with pytest.raises(InvalidDocument):
        Schedule.from_json_lines("")

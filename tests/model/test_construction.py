"""Instances from lengths, values from any iterable, and the repr of small and large values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amin_ref import Instance, InvalidValue, Ranking, Request, Run, Schedule
from amin_ref.model.short_form import FIRST_SHOWN, MOST_IN_FULL
from amin_ref.strategies import instances, schedules


@given(instances())
def test_from_lengths_equals_building_each_request(instance: Instance) -> None:
    """With the same predictions and arrivals, only the ids differ: they are 0, 1, 2, …"""
    numbered = tuple(replace(r, id=number) for number, r in enumerate(instance.requests))
    made = Instance.from_lengths(
        ((r.prompt_len, r.output_len) for r in numbered),
        capacity=instance.capacity,
        block_size=instance.block_size,
        predictions=((r.lower, r.upper) for r in numbered),
        arrivals=(r.arrival for r in numbered),
    )
    assert made == replace(instance, requests=numbered)


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_from_lengths_has_the_defaults_of_a_request(lengths: list[tuple[int, int]]) -> None:
    expected = tuple(Request(i, prompt, output) for i, (prompt, output) in enumerate(lengths))
    assert Instance.from_lengths(lengths, capacity=18) == Instance(18, expected)


def from_lengths(lengths: object) -> Callable[[], Instance]:
    return lambda: Instance.from_lengths(lengths, capacity=9)  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize(
    ("make", "field", "value", "mend"),
    [
        (from_lengths(7), "from_lengths: lengths", 7, "give a list"),
        (from_lengths([(1, 2), 3]), "from_lengths: item of lengths", 3, "give two numbers"),
        (from_lengths([(1, 2, 3)]), "from_lengths: item of lengths", (1, 2, 3), "give two numbers"),
        (from_lengths([(0, 2)]), "request 0: prompt_len", 0, "give 1 or more"),
        (
            from_lengths([(1, 2), (9, 1)]),
            "request 1: prompt_len + output_len",
            10,
            "capacity to 10",
        ),
        (
            lambda: Instance.from_lengths([(1, 2)], capacity=9, arrivals=[0, 1]),
            "from_lengths: number of arrivals",
            2,
            "give 1",
        ),
        (
            lambda: Instance.from_lengths([(1, 2)], capacity=9, predictions=[]),
            "from_lengths: number of predictions",
            0,
            "give 1",
        ),
        (
            lambda: Instance.from_lengths([(1, 2)], capacity=9, predictions=[(3, None)]),
            "request 0: lower",
            3,
            "lower it to 2 or less",
        ),
    ],
)
def test_lengths_that_make_no_instance_are_refused(
    make: Callable[[], Instance], field: str, value: object, mend: str
) -> None:
    with pytest.raises(InvalidValue) as caught:
        make()
    assert (caught.value.field, caught.value.value) == (field, value)
    assert mend in caught.value.mend


@given(schedules())
def test_any_iterable_is_taken_and_stored_as_a_tuple(schedule: Schedule) -> None:
    """The type annotations allow it as well: mypy checks these lines."""
    instance = schedule.instance
    requests = list(instance.requests)
    assert Instance(instance.capacity, requests, instance.block_size) == instance
    assert replace(instance, requests=tuple(iter(requests))) == instance
    assert Schedule(instance, (run for run in schedule.runs)) == schedule
    assert replace(schedule, runs=schedule.runs[:1]).runs == schedule.runs[:1]
    ids = (request.id for request in requests)
    ranking = Ranking(ids)
    assert ranking == Ranking([request.id for request in requests])
    assert hash(ranking) == hash(Ranking(tuple(instance.positions)))


@given(schedules())
def test_the_repr_of_a_small_value_is_python_that_makes_it(schedule: Schedule) -> None:
    names = {kind.__name__: kind for kind in (Instance, Request, Run, Schedule, Ranking)}
    if max(len(schedule.runs), len(schedule.instance.requests)) <= MOST_IN_FULL:
        assert eval(repr(schedule), names) == schedule
    ranking = Ranking(schedule.instance.positions)
    assert eval(repr(ranking), names) == ranking


@pytest.mark.parametrize("count", [MOST_IN_FULL, MOST_IN_FULL + 1, 5000])
def test_the_repr_of_a_large_value_is_short(count: int) -> None:
    instance = Instance.from_lengths([(1, 1)] * count, capacity=2)
    schedule = Schedule(instance, (Run(i, i, i + 1, "completed") for i in range(count)))
    ranking = Ranking(range(count))
    if count == MOST_IN_FULL:
        assert "…" not in repr(schedule)
        return
    more = f", … {count - FIRST_SHOWN} more)"
    assert repr(ranking) == f"Ranking(ids=(0, 1, 2{more})"
    assert repr(instance) == (
        f"Instance(capacity=2, requests=({', '.join(map(repr, instance.requests[:3]))}{more}, "
        "block_size=1)"
    )
    assert repr(schedule) == (
        f"Schedule(instance={instance!r}, runs=({', '.join(map(repr, schedule.runs[:3]))}{more})"
    )
    assert len(repr(schedule)) < 1000

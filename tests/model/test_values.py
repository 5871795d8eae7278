"""Request, Instance, Run, Schedule and Ranking refuse wrong fields, and are immutable values."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amin_ref import (
    AminError,
    Instance,
    InvalidValue,
    Ranking,
    Request,
    Run,
    Schedule,
    VisibleRequest,
    simulate,
)
from amin_ref.model.errors import IllegalDecision, shown
from amin_ref.policies import Amin, ByPosition, TieBreak
from amin_ref.strategies import instances, request_ids, requests, schedules
from tests.models.naive import held, longest_output

LARGEST = 2**53 - 1


def request(**fields: object) -> Request:
    """A valid request except for the given fields, which may have any type."""
    made: dict[str, object] = {"id": "a", "prompt_len": 3, "output_len": 5} | fields
    return Request(**made)  # type: ignore[arg-type]  # wrong types are what is tested


def run(**fields: object) -> Run:
    """A valid run except for the given fields."""
    made: dict[str, object] = {"request": "a", "start": 2, "stop": 4, "outcome": "completed"}
    return Run(**made | fields)  # type: ignore[arg-type]  # wrong types are what is tested


def instance(**fields: object) -> Instance:
    """A valid instance except for the given fields."""
    made: dict[str, object] = {"capacity": 40, "requests": (Request("a", 3, 5),)}
    return Instance(**made | fields)  # type: ignore[arg-type]  # wrong types are what is tested


def instance_of(**fields: object) -> Instance:
    """An instance of one request, which is valid except for the given fields."""
    return Instance(40, (request(**fields),))


def refusal(make: Callable[[], object]) -> InvalidValue:
    with pytest.raises(InvalidValue) as caught:
        make()
    message = str(caught.value)
    # One sentence that names the field, the value, the rule and the mend.
    assert message == (
        f"{caught.value.field} is {shown(caught.value.value)}, but {caught.value.rule}; "
        f"{caught.value.mend}."
    )
    assert caught.value.rule
    assert caught.value.mend
    assert "\n" not in message
    return caught.value


NOT_WHOLE: tuple[object, ...] = (
    True,
    False,
    1.0,
    2.5,
    float("nan"),
    "3",
    b"3",
    None,
    [],
    np.int64(3),
    Fraction(3),
)
"""Values of types other than int; some of them equal an int."""


@pytest.mark.parametrize("value", NOT_WHOLE, ids=repr)
@pytest.mark.parametrize("field", ["prompt_len", "output_len", "lower", "upper", "arrival"])
def test_a_request_takes_whole_numbers_only(field: str, value: object) -> None:
    if field == "upper" and value is None:
        assert request(upper=None).upper is None
        return
    found = refusal(lambda: request(**{field: value}))
    assert found.field == f"request 'a': {field}"
    assert found.value is value
    assert "whole number" in found.rule
    assert "an int of at least" in found.mend


@pytest.mark.parametrize("value", NOT_WHOLE, ids=repr)
@pytest.mark.parametrize("field", ["start", "stop"])
def test_a_run_takes_whole_numbers_only(field: str, value: object) -> None:
    found = refusal(lambda: run(**{field: value}))
    assert found.field == f"run of request 'a': {field}"
    assert found.value is value
    assert "whole number of rounds" in found.rule


@pytest.mark.parametrize("value", NOT_WHOLE, ids=repr)
@pytest.mark.parametrize("field", ["capacity", "block_size"])
def test_an_instance_takes_whole_numbers_only(field: str, value: object) -> None:
    found = refusal(lambda: instance(**{field: value}))
    assert found.field == f"instance: {field}"
    assert "whole number of tokens" in found.rule


@pytest.mark.parametrize(
    ("make", "field", "value", "rule", "mend"),
    [
        (lambda: request(prompt_len=0), "prompt_len", 0, "at least 1 tokens", "give 1 or more"),
        (lambda: request(output_len=0), "output_len", 0, "at least 1 tokens", "give 1 or more"),
        (lambda: request(output_len=-7), "output_len", -7, "at least 1 tokens", "give 1 or more"),
        (lambda: request(lower=0), "lower", 0, "at least 1 tokens", "give 1 or more"),
        (lambda: request(upper=0), "upper", 0, "at least 1 tokens", "give 1 or more"),
        (lambda: request(arrival=-1), "arrival", -1, "at least 0 rounds", "give 0 or more"),
        (
            lambda: instance_of(lower=6),
            "lower",
            6,
            "output_len, which is 5",
            "lower it to 5 or less",
        ),
        (lambda: instance_of(upper=4), "upper", 4, "output_len, which is 5", "raise it to 5 or"),
        (lambda: request(lower=6, upper=5), "upper", 5, "lower, which is 6", "raise it to 6 or"),
        (lambda: run(start=-1), "start", -1, "at least 0 rounds", "give 0 or more"),
        (lambda: run(stop=-1), "stop", -1, "at least 0 rounds", "give 0 or more"),
        (lambda: run(stop=1), "stop", 1, "before start, which is 2", "the round after"),
        (lambda: run(outcome="done"), "outcome", "done", "'evicted' or 'aborted'", "one of"),
        (lambda: run(outcome=None), "outcome", None, "'evicted' or 'aborted'", "one of"),
        (lambda: run(outcome=["evicted"]), "outcome", ["evicted"], "or 'aborted'", "one of"),
        (lambda: instance(capacity=0), "capacity", 0, "at least 1 tokens", "give 1 or more"),
        (lambda: instance(capacity=-4), "capacity", -4, "at least 1 tokens", "give 1 or more"),
        (lambda: instance(block_size=0), "block_size", 0, "at least 1 tokens", "give 1 or more"),
        (
            lambda: instance(requests=None),
            "requests",
            None,
            "an iterable of Request",
            "give a list",
        ),
        (lambda: instance(requests=7), "requests", 7, "an iterable of Request", "give a list"),
        (lambda: instance(requests=["a"]), "requests", "a", "must be a Request", "Request(…)"),
    ],
)
def test_numbers_out_of_range_and_wrong_kinds_are_refused(
    make: Callable[[], object], field: str, value: object, rule: str, mend: str
) -> None:
    found = refusal(make)
    assert found.field.rpartition(": ")[2] == field
    assert found.value == value
    assert rule in found.rule
    assert mend in found.mend


@pytest.mark.parametrize(
    "make",
    [
        lambda value: request(prompt_len=value),
        lambda value: request(output_len=value),
        lambda value: request(arrival=value),
        lambda value: request(upper=value),
        lambda value: request(lower=value),
        lambda value: run(stop=value),
        lambda value: run(start=value, stop=value),
        lambda value: instance(capacity=value),
        lambda value: instance(capacity=LARGEST, block_size=value, requests=()),
    ],
)
def test_numbers_that_json_cannot_keep_exact_are_refused(make: Callable[[int], object]) -> None:
    make(LARGEST)
    found = refusal(lambda: make(LARGEST + 1))
    assert "2**53 - 1" in found.rule
    assert refusal(lambda: make(10**400)).rule == found.rule


@pytest.mark.parametrize(
    "value",
    ["", None, 1.0, True, False, b"a", ("a",), ["a"], np.int64(1), 2**53, -(2**53)],
    ids=repr,
)
def test_an_invalid_id_is_refused(value: object) -> None:
    for make in (lambda: request(id=value), lambda: run(request=value)):
        found = refusal(make)
        assert found.value is value
        assert "a string or an int" in found.mend


@pytest.mark.parametrize("value", [0, -1, 2**53 - 1, -(2**53) + 1, "0", " ", "é\n", "\ud800"])
def test_a_valid_id_is_accepted(value: str | int) -> None:
    assert request(id=value).id == value
    assert run(request=value).request == value


def test_the_extreme_values_of_fields_are_allowed() -> None:
    taken = request(lower=5, upper=5, arrival=0)
    assert (taken.lower, taken.upper) == (5, 5)
    assert (request().lower, request().upper, request().arrival) == (1, None, 0)
    assert instance().block_size == 1
    assert run(start=4).length == 0


def test_two_requests_of_one_id_are_refused() -> None:
    found = refusal(
        lambda: Instance(9, (Request("a", 1, 1), Request("b", 1, 1), Request("a", 2, 2)))
    )
    assert (found.field, found.value) == ("request: id", "a")
    assert "already" in found.rule
    both = Instance(9, (Request("1", 1, 1), Request(1, 1, 1)))
    assert len(both.by_id) == 2


@given(requests(st.just("a"), max_prompt_len=40, max_output_len=40), st.integers(1, 20))
def test_a_request_that_does_not_fit_the_empty_cache_is_refused(
    request: Request, block_size: int
) -> None:
    """The least capacity allowed is exactly B·⌈(s + o)/B⌉."""
    needed = held(request.prompt_len, request.output_len, block_size)
    assert Instance(needed, (request,), block_size).capacity == needed
    if needed == 1:
        return
    found = refusal(lambda: Instance(needed - 1, (request,), block_size))
    assert found.field == "request 'a': prompt_len + output_len"
    assert found.value == request.prompt_len + request.output_len
    assert f"needs {needed} tokens" in found.rule
    assert f"blocks of {block_size}" in found.rule
    assert f"raise capacity to {needed}" in found.mend


def test_a_run_of_an_unknown_request_is_refused() -> None:
    found = refusal(lambda: Schedule(instance(), (Run("b", 0, 5, "completed"),)))
    assert (found.field, found.value) == ("run: request", "b")
    assert "no such request" in found.rule


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Schedule(instance(), ("a",)), "schedule: runs"),  # type: ignore[arg-type]  # tested
        (lambda: Schedule(instance(), None), "schedule: runs"),  # type: ignore[arg-type]  # tested
        (lambda: Schedule(None, ()), "schedule: instance"),  # type: ignore[arg-type]  # tested
    ],
)
def test_a_schedule_of_values_of_other_types_is_refused(
    make: Callable[[], object], field: str
) -> None:
    assert refusal(make).field == field


def test_a_ranking_that_repeats_or_misses_an_id_is_refused() -> None:
    found = refusal(lambda: Ranking(("a", "b", "a")))
    assert found.field == "ranking: ids"
    assert "twice" in found.rule
    found = refusal(lambda: simulate(instance(), Amin(Ranking(("b", "c")))))
    assert found.field == "ranking: ids"
    assert "'a' is missing" in found.rule


@given(schedules(), st.randoms())
def test_any_iterable_in_any_order_makes_the_same_schedule(
    schedule: Schedule, random: Random
) -> None:
    runs = list(schedule.runs)
    random.shuffle(runs)
    for iterable in (runs, tuple(runs), iter(runs), (run for run in runs)):
        made = Schedule(schedule.instance, iterable)
        assert made == schedule
        assert made.runs == schedule.runs
    requests = iter(schedule.instance.requests)
    same = Instance(schedule.instance.capacity, requests, schedule.instance.block_size)
    assert same == schedule.instance


@given(schedules())
def test_equal_parts_make_equal_values(schedule: Schedule) -> None:
    """Frozen, hashable, equal when their parts are, the same after copying and pickling."""
    twin = Schedule(
        Instance(
            schedule.instance.capacity,
            tuple(copy.copy(request) for request in schedule.instance.requests),
            schedule.instance.block_size,
        ),
        tuple(copy.copy(run) for run in schedule.runs),
    )
    assert schedule.latencies  # fills the schedule's cache, which must not affect what follows
    assert twin == schedule
    assert hash(twin) == hash(schedule)
    assert len({twin, schedule}) == 1
    for again in (copy.deepcopy(schedule), pickle.loads(pickle.dumps(schedule))):
        assert again == schedule
        assert again.latencies == schedule.latencies


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (Request("a", 1, 1), "output_len"),
        (Run("a", 0, 1, "completed"), "stop"),
        (Instance(9, ()), "capacity"),
        (Schedule(Instance(9, ()), ()), "runs"),
        (VisibleRequest("a", 1, 1, None, 0, 0), "lower"),
        (Ranking(("a",)), "ids"),
    ],
)
def test_fields_cannot_be_changed(value: object, field: str) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(value, field, 1)
    with pytest.raises(FrozenInstanceError):
        delattr(value, field)


@given(instances())
def test_lookups_of_an_instance(instance: Instance) -> None:
    """Requests by id, positions, longest and reserved outputs, and α, by their definitions."""
    for position, request in enumerate(instance.requests):
        assert instance.by_id[request.id] is request
        assert instance.positions[request.id] == position
        assert instance.longest_output(request) == longest_output(
            request.prompt_len, instance.capacity, instance.block_size
        )
    reserved = [
        instance.capacity - request.prompt_len if request.upper is None else request.upper
        for request in instance.requests
    ]
    assert [instance.reserved_output(request) for request in instance.requests] == reserved
    least = min(request.lower for request in instance.requests)
    assert instance.alpha == Fraction(least, max(reserved))


def test_alpha_needs_a_request() -> None:
    assert refusal(lambda: Instance(9, ()).alpha).field == "instance: requests"


class Hostile:
    """Its repr raises an exception."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


def test_every_value_of_a_field_can_be_shown_in_an_error() -> None:
    assert str(refusal(lambda: request(lower=Hostile()))).startswith(
        "request 'a': lower is a Hostile"
    )
    long = refusal(lambda: request(lower="x" * 10**6))
    assert len(str(long)) < 300
    assert "1000002 characters" in str(long)
    assert "\n" not in str(refusal(lambda: request(lower=np.zeros((3, 3)))))


def test_every_error_is_of_one_family() -> None:
    assert issubclass(InvalidValue, AminError)
    assert issubclass(InvalidValue, ValueError)
    found = IllegalDecision(4, ["a", 1], "rule", "mend")
    assert str(found) == "round 4, requests 'a', 1: rule; mend."
    assert found.requests == ("a", 1)


@given(request_ids())
def test_drawn_ids_are_valid(value: str | int) -> None:
    assert request(id=value).id == value


class NoNumber(TieBreak):
    """Gives a rank that is not a number."""

    def rank(self, request: VisibleRequest) -> float:
        return float("nan")


def test_a_rank_is_a_number_and_the_position_decides_between_equals() -> None:
    seen = VisibleRequest("a", prompt_len=1, lower=1, upper=None, arrival=0, position=3)
    found = refusal(lambda: NoNumber().unique_rank(seen))
    assert found.field == "tie-break: rank of request 'a'"
    assert ByPosition().unique_rank(seen) == (3, 3)
    assert Ranking(("b", "a")).unique_rank(seen) == (1, 3)

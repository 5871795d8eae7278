"""The JSON form: a written document is read back; any other text is refused in one sentence."""

from __future__ import annotations

import json
import re
import string

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from amin_ref import (
    AminError,
    Instance,
    InvalidDocument,
    InvalidValue,
    Request,
    RequestId,
    Run,
    Schedule,
)
from amin_ref.model.json_reading import DEEPEST, parse
from amin_ref.strategies import arbitrary_schedules, instances, request_ids, requests
from tests.support.profiles import times

INSTANCE = Instance(40, (Request("a", 3, 5, 2, 10, 7), Request(1, 4, 4)), 2)
SCHEDULE = Schedule(INSTANCE, (Run(1, 0, 4, "completed"), Run("a", 7, 9, "evicted")))

Documents = dict[str, object]


def document() -> Documents:
    loaded: Documents = json.loads(SCHEDULE.to_json())
    return loaded


def test_the_json_form_is_fixed() -> None:
    """Readers in other languages depend on this form."""
    assert document() == {
        "format": "amin-ref/schedule",
        "version": 1,
        "instance": {
            "capacity": 40,
            "block_size": 2,
            "requests": [
                {
                    "id": "a",
                    "prompt_len": 3,
                    "output_len": 5,
                    "lower": 2,
                    "upper": 10,
                    "arrival": 7,
                },
                {"id": 1, "prompt_len": 4, "output_len": 4, "lower": 1},
            ],
        },
        "runs": [
            {"request": 1, "start": 0, "stop": 4, "outcome": "completed"},
            {"request": "a", "start": 7, "stop": 9, "outcome": "evicted"},
        ],
    }
    assert (
        json.loads(INSTANCE.to_json())
        == {
            "format": "amin-ref/instance",
            "version": 1,
        }
        | json.loads(SCHEDULE.to_json())["instance"]
    )
    assert "\n" not in SCHEDULE.to_json()


@given(arbitrary_schedules())
def test_a_schedule_is_read_as_it_was_written(schedule: Schedule) -> None:
    assert Schedule.from_json(schedule.to_json()) == schedule


@given(instances(min_requests=0))
def test_an_instance_is_read_as_it_was_written(instance: Instance) -> None:
    assert Instance.from_json(instance.to_json()) == instance


@given(st.lists(request_ids(), unique=True, max_size=4), requests(st.just("x")))
def test_every_id_keeps_its_value_and_type(ids: list[str | int], like: Request) -> None:
    instance = Instance(
        20,
        tuple(Request(id, like.prompt_len, like.output_len) for id in ids),
    )
    again = Instance.from_json(instance.to_json())
    assert again == instance
    assert [type(request.id) for request in again.requests] == [type(i) for i in ids]


def test_fields_at_their_default_may_be_left_out_or_given() -> None:
    text = (
        '{"format": "amin-ref/instance", "version": 1, "capacity": 9, "requests": ['
        '{"id": "a", "prompt_len": 1, "output_len": 2},'
        '{"id": "b", "prompt_len": 1, "output_len": 2, "lower": 1, "upper": null, "arrival": 0}]}'
    )
    assert Instance.from_json(text) == Instance(9, (Request("a", 1, 2), Request("b", 1, 2)), 1)


Path = tuple[str | int, ...]
OBJECTS: tuple[Path, ...] = ((), ("instance",), ("instance", "requests", 0), ("runs", 0))


def at(value: object, path: Path) -> object:
    for step in path:
        assert isinstance(value, dict | list)
        value = value[step]  # type: ignore[index]  # a step is a key of the one or the other
    return value


def put(path: Path, value: object) -> str:
    """The schedule's document with another value in one place."""
    changed = document()
    parent = at(changed, path[:-1])
    assert isinstance(parent, dict | list)
    parent[path[-1]] = value  # type: ignore[index]  # as above
    return json.dumps(changed)


def place(path: Path) -> str:
    """The name of a part of the document in error messages."""
    parent = "instance" if path[:1] == ("instance",) else "schedule"
    steps = path[1:] if parent == "instance" else path
    return parent + (f": {steps[0]}[{steps[1]}]" if steps else "")


@pytest.mark.parametrize("path", OBJECTS)
def test_an_unknown_field_is_refused(path: Path) -> None:
    says = rf"^{re.escape(place(path))}: the field 'colour' is unknown; known are .*\.$"
    with pytest.raises(InvalidDocument, match=says):
        Schedule.from_json(put((*path, "colour"), "red"))


REQUIRED: tuple[Path, ...] = (
    ("instance",),
    ("runs",),
    ("instance", "capacity"),
    ("instance", "requests"),
    *(("instance", "requests", 1, field) for field in ("id", "prompt_len", "output_len")),
    *(("runs", 1, field) for field in ("request", "start", "stop", "outcome")),
)


@pytest.mark.parametrize("path", REQUIRED)
def test_the_error_for_a_missing_field_names_it(path: Path) -> None:
    changed = document()
    parent = at(changed, path[:-1])
    assert isinstance(parent, dict)
    del parent[path[-1]]
    says = f"^{re.escape(place(path[:-1]))}: the field '{path[-1]}' is missing; add it"
    with pytest.raises(InvalidDocument, match=says):
        Schedule.from_json(json.dumps(changed))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("format",), "amin-ref/instance"),
        (("format",), None),
        (("version",), 0),
        (("version",), 3),
        (("version",), 1.0),
        (("version",), True),
        (("version",), "1"),
    ],
)
def test_another_format_or_version_is_refused(path: Path, value: object) -> None:
    with pytest.raises(InvalidDocument, match=f"{path[0]} is .*, but"):
        Schedule.from_json(put(path, value))
    changed = document()
    del changed[str(path[0])]
    with pytest.raises(InvalidDocument, match=f"{path[0]} is None, but"):
        Schedule.from_json(json.dumps(changed))


KINDS: tuple[object, ...] = (None, True, 1.5, -1, 2**53, "x", "", [], {}, [1], {"a": 1})
PLACES: tuple[Path, ...] = (
    *REQUIRED,
    ("instance", "block_size"),
    ("instance", "requests", 0),
    *(("instance", "requests", 0, field) for field in ("lower", "upper", "arrival")),
    ("runs", 0),
)
GOOD: dict[Path, tuple[object, ...]] = {
    ("runs",): ([],),
    ("instance", "requests", 0, "upper"): (None, 2**53 - 1),
    ("instance", "requests", 1, "id"): (-1, "x"),
}
"""Places where some values of KINDS are valid; a changed id is valid, but a run then names none."""


@pytest.mark.parametrize("path", PLACES, ids=lambda path: ".".join(map(str, path)))
@pytest.mark.parametrize("value", KINDS, ids=repr)
def test_a_value_of_another_kind_is_refused_with_its_place(path: Path, value: object) -> None:
    text = put(path, value)
    if value in GOOD.get(path, ()) and type(value) in map(type, GOOD[path]):
        if path == ("instance", "requests", 1, "id"):
            with pytest.raises(InvalidValue, match="no such request"):
                Schedule.from_json(text)
        else:
            assert isinstance(Schedule.from_json(text), Schedule)
        return
    with pytest.raises((InvalidDocument, InvalidValue)) as caught:
        Schedule.from_json(text)
    place = ".".join(map(str, path[-1:])) if isinstance(path[-1], str) else f"[{path[-1]}]"
    message = str(caught.value)
    assert place in message or "the instance has no such request" in message
    assert message.endswith(".")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not JSON: Expecting value in column 1"),
        ("{", "not JSON: "),
        ("nonsense", "not JSON: "),
        ("\ufeff{}", "not JSON: "),
        ('{"a": 1,}', "not JSON: "),
        ("[]", "document: array [] found where an object is needed"),
        ("null", "document: null None found where an object is needed"),
        ("1", "document: integer 1 found"),
        ('"x"', "document: string 'x' found"),
        ("NaN", "NaN is not a JSON number"),
        ('{"format": Infinity}', "Infinity is not a JSON number"),
        ('{"format": -Infinity}', "-Infinity is not a JSON number"),
        ('{"a": 1, "a": 2}', "the field 'a' is there twice in one object"),
        ('{"a": {"b": 1, "b": 1}}', "the field 'b' is there twice in one object"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        ("1" * 5000, "a number has too many digits"),
        ('{"version": ' + "9" * 5000 + "}", "a number has too many digits"),
    ],
    ids=lambda text: text[:20],
)
def test_a_text_that_is_no_document_is_refused(text: str, says: str) -> None:
    for read in (Schedule.from_json, Instance.from_json):
        with pytest.raises(InvalidDocument) as caught:
            read(text)
        assert says in str(caught.value)
        assert str(caught.value).endswith(".")


def test_exponents_that_overflow_are_refused_as_numbers() -> None:
    text = SCHEDULE.to_json().replace('"start": 7', '"start": 1e999')
    with pytest.raises(InvalidValue, match=r"runs\[1\]: start is inf"):
        Schedule.from_json(text)


def refused_or_read(text: str) -> None:
    """Reading raises nothing but the package's own errors."""
    for read in (Schedule.from_json, Instance.from_json):
        refusal = ""
        try:
            read(text)
        except AminError as error:
            refusal = str(error)
        event("refused" if refusal else "read")
        assert not refusal or refusal.endswith(".")
        assert "\n" not in refusal


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("format", "version", "instance", "requests", "runs", "id")), inner
        )
    ),
    max_leaves=6,
)


@times(2)
@given(st.data())
def test_any_value_in_any_place_is_read_or_refused(data: st.DataObject) -> None:
    refused_or_read(put(data.draw(st.sampled_from(PLACES)), data.draw(json_values)))


@times(2)
@given(st.data())
def test_any_change_of_the_text_is_read_or_refused(data: st.DataObject) -> None:
    text = SCHEDULE.to_json()
    start = data.draw(st.integers(0, len(text)))
    stop = data.draw(st.integers(start, min(len(text), start + 8)))
    alphabet = string.digits + '{}[]",:.-+eE \\untrfalsy\x00é\ud800'
    refused_or_read(text[:start] + data.draw(st.text(alphabet, max_size=6)) + text[stop:])


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    refused_or_read(raw.decode("latin-1"))
    refused_or_read(raw.decode("utf-8", errors="surrogateescape"))


REQUEST = ("instance", "requests", 0)


@pytest.mark.parametrize(
    ("path", "place", "least", "unit"),
    [
        (("instance", "capacity"), "instance: capacity", 1, "tokens"),
        (("instance", "block_size"), "instance: block_size", 1, "tokens"),
        ((*REQUEST, "prompt_len"), "instance: requests[0]: prompt_len", 1, "tokens"),
        ((*REQUEST, "output_len"), "instance: requests[0]: output_len", 1, "tokens"),
        ((*REQUEST, "lower"), "instance: requests[0]: lower", 1, "tokens"),
        ((*REQUEST, "upper"), "instance: requests[0]: upper", 1, "tokens"),
        ((*REQUEST, "arrival"), "instance: requests[0]: arrival", 0, "rounds"),
        (("runs", 1, "start"), "schedule: runs[1]: start", 0, "rounds"),
        (("runs", 1, "stop"), "schedule: runs[1]: stop", 0, "rounds"),
    ],
)
def test_the_error_for_a_wrong_number_names_its_place_minimum_and_unit(
    path: Path, place: str, least: int, unit: str
) -> None:
    for value, rule, mend in (
        (least - 1, f"it must be at least {least} {unit}", f"give {least} or more"),
        (0.5, f"it must be a whole number of {unit} (an int", f"give an int of at least {least}"),
    ):
        with pytest.raises(InvalidValue) as caught:
            Schedule.from_json(put(path, value))
        assert caught.value.field == place
        assert caught.value.rule.startswith(rule)
        assert caught.value.mend == mend


def test_the_error_for_an_invalid_id_names_its_place() -> None:
    for path, place in (
        ((*REQUEST, "id"), "instance: requests[0]: id"),
        (("runs", 1, "request"), "schedule: runs[1]: request"),
    ):
        with pytest.raises(InvalidValue) as caught:
            Schedule.from_json(put(path, ""))
        assert caught.value.field == place


@pytest.mark.parametrize("opening", ["[", '{"x-a":'], ids=["arrays", "objects"])
def test_the_limit_of_nesting_is_exact(opening: str) -> None:
    """The limit does not depend on the depth of the caller's stack."""
    closing = "]" if opening == "[" else "}"
    assert parse(opening * DEEPEST + "1" + closing * DEEPEST)
    with pytest.raises(InvalidDocument, match=f"nested too deeply, more than {DEEPEST} objects"):
        parse(opening * (DEEPEST + 1) + "1" + closing * (DEEPEST + 1))


@pytest.mark.parametrize(("known", "given", "other"), [
    (1, "1", 1), ("1", 1, "1"), (-3, "-3", -3), (1, "01", None), (1, " 1", None), (1, "1_0", None),
    ("x", 7, None), (1, 2, None),
])  # fmt: skip
def test_a_number_and_its_digits_are_two_ids(
    known: RequestId, given: RequestId, other: RequestId | None
) -> None:
    """The error for a run of an unknown request names the id of the other type, if it exists."""
    schedule = Schedule(Instance(9, (Request(known, 1, 2),)), (Run(known, 0, 2, "completed"),))
    document = json.loads(schedule.to_json())
    document["runs"][0]["request"] = given
    with pytest.raises(InvalidValue) as refused:
        Schedule.from_json(json.dumps(document))
    said = str(refused.value)
    assert "runs[0]: request is " in said
    if other is None:
        assert "the instance has no such request" in said
    else:
        assert f"the instance has {other!r}, which is another id" in said
        assert f"write {json.dumps(other)} there, or {json.dumps(given)} in the instance" in said

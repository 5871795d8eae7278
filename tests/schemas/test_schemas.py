"""The published schemas accept every written document, and refuse what the readers refuse."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from amin_ref import (
    AminError,
    Comparison,
    ComparisonRow,
    Instance,
    Machine,
    Schedule,
    compare,
    compare_seeds,
)
from amin_ref.cli.application import application
from amin_ref.cli.exit_codes import run
from amin_ref.comparison.columns import COLUMNS
from amin_ref.logs import read_log
from amin_ref.model.schedule import read_schedule
from amin_ref.schemas import LATER_LINES, SCHEMA_NAMES, SchemaName, schema_text, validate
from amin_ref.strategies import arbitrary_schedules, instances
from amin_ref.vectors import RULES, VectorFile, published_text, published_vectors
from oracle import Certificate, lower_bound
from oracle.certificate import Share, Stretch
from tests.comparison.random_comparisons import large_comparisons, simulated_comparisons
from tests.support.profiles import times

Path = tuple[str | int, ...]


@cache
def validator(name: SchemaName) -> Draft202012Validator:
    return Draft202012Validator(json.loads(schema_text(name)))


def is_refused_by_schema(name: SchemaName, text: str) -> bool:
    """Whether the schema as published refuses a document, or any line of one in JSON lines."""
    lines = text.splitlines() if name in LATER_LINES else [text]
    refused = not all(validator(name).is_valid(json.loads(line)) for line in lines)
    # In JSON lines, only ``validate`` refuses a header as a run, or a run as the header.
    assert bool(validate(name, text)) == refused or name in LATER_LINES
    assert validate(name, text) or not refused
    return refused


@pytest.mark.parametrize("name", SCHEMA_NAMES)
def test_each_schema_is_valid_and_names_its_format_and_version(name: SchemaName) -> None:
    schema = json.loads(schema_text(name))
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:amin-ref:schema:{name}:1"
    header = schema["$defs"]["header"] if name in LATER_LINES else schema
    assert header["properties"]["format"] == {"const": f"amin-ref/{name}"}
    version = header["properties"]["version"]
    assert version == {"const": 1} or (
        name in ("instance", "schedule", "schedule-lines", "vectors") and version["enum"] == [1, 2]
    )
    assert header["required"][:2] == ["format", "version"]


def test_definitions_of_one_name_are_equal_in_all_schemas() -> None:
    """Each schema repeats them, so that it can be used without the others.

    Only the header is one of the form's own.
    """
    found: dict[str, str] = {}
    for name in SCHEMA_NAMES:
        for part, schema in json.loads(schema_text(name))["$defs"].items():
            text = json.dumps(schema)
            assert part == "header" or found.setdefault(part, text) == text


def objects(schema: object) -> Iterator[dict[str, object]]:
    """Every part of a schema that describes objects."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for part in schema.values():
            yield from objects(part)
    if isinstance(schema, list):
        for part in schema:
            yield from objects(part)


@pytest.mark.parametrize("name", SCHEMA_NAMES)
def test_unknown_fields_are_refused_everywhere(name: SchemaName) -> None:
    for found in objects(json.loads(schema_text(name))):
        assert found["additionalProperties"] is False or "propertyNames" in found


def test_the_schema_of_vectors_lists_every_rule() -> None:
    vector = json.loads(schema_text("vectors"))["$defs"]["vector"]
    assert tuple(vector["properties"]["rule"]["enum"]) == RULES


# Documents as they are written.


@given(instances(min_requests=0))
def test_instances_pass(instance: Instance) -> None:
    assert not is_refused_by_schema("instance", instance.to_json())


@given(arbitrary_schedules())
def test_schedules_pass_in_both_forms(schedule: Schedule) -> None:
    assert not is_refused_by_schema("schedule", schedule.to_json())
    assert not is_refused_by_schema("schedule-lines", schedule.to_json_lines())


@times(0.3)
@given(instances(max_requests=4))
def test_certificates_pass(instance: Instance) -> None:
    assert not is_refused_by_schema("certificate", lower_bound(instance, 0.0).to_json())


def test_the_published_vectors_pass() -> None:
    assert not is_refused_by_schema("vectors", published_text())


@given(simulated_comparisons() | large_comparisons())
def test_comparisons_pass(comparison: Comparison) -> None:
    assert not is_refused_by_schema("comparison", comparison.to_json())


@times(0.3)
@given(st.lists(instances(min_requests=1), min_size=2, max_size=3))
def test_comparisons_over_seeds_pass(of_seed: list[Instance]) -> None:
    compared = compare_seeds(of_seed.__getitem__, "amin,fcfs", len(of_seed))
    assert not is_refused_by_schema("seed-comparison", compared.to_json())


@pytest.mark.parametrize(
    ("name", "flags"), [("comparison", []), ("seed-comparison", ["--seeds", "2", "--bound"])]
)
def test_the_output_of_compare_passes(
    name: SchemaName, flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(application, ["compare", "--requests", "20", "--slo", "90", "--json", *flags]) == 0
    text = capsys.readouterr().out
    assert not is_refused_by_schema(name, text)
    other: SchemaName = "seed-comparison" if name == "comparison" else "comparison"
    assert is_refused_by_schema(other, text)


def test_the_schema_of_comparisons_lists_every_metric() -> None:
    for name in ("comparison", "seed-comparison"):
        row = json.loads(schema_text(name))["$defs"]["row"]
        fields = [field.name for field in dataclasses.fields(ComparisonRow)]
        assert list(row["properties"]) == row["required"] == fields
    seeds = json.loads(schema_text("seed-comparison"))["$defs"]["seed_row"]
    assert list(seeds["properties"]) == seeds["required"] == ["policy", *COLUMNS]


@given(st.data())
def test_a_comparison_without_one_of_its_fields_is_refused(data: st.DataObject) -> None:
    document = json.loads(compare(Instance.from_lengths([(1, 1)], capacity=2), "amin").to_json())
    owner = data.draw(st.sampled_from([document, document["policies"][0]]))
    del owner[data.draw(st.sampled_from(sorted(owner)))]
    assert is_refused_by_schema("comparison", json.dumps(document))


# Damaged documents.

READERS: dict[SchemaName, Callable[[str], object]] = {
    "instance": Instance.from_json,
    "schedule": Schedule.from_json,
    "schedule-lines": read_schedule,
    "log": read_log,
    "certificate": Certificate.from_json,
    "vectors": VectorFile.from_json,
}
"""The reader of each kind of document that can be read."""

BEYOND_SCHEMAS = (
    "must not exceed output_len",
    "must be at least output_len",
    "must be at least lower",
    "must have one number for each of the",
    "the field 'computed' belongs to version 2",
    "another request of the instance already has it",
    "tokens in blocks of",
    "must not lie before start",
    "the instance has no such request",
    "the stretch before it prices rounds",
    "one for each round of the stretch",
    "has no note",
    # Of a log: what a line says against the lines before it.
    "does not run",
    "has not arrived",
    "has arrived before",
    "was aborted before",
    "runs since round",
    "has computed tokens in round",
    "write the lines in the order",
    "no line may follow",
    "round .* lacks it",
)
"""Messages about rules that compare two places of a document, which a schema cannot do."""


WHOLE_LOG = """\
{"format": "amin-ref/log", "version": 1, "capacity": 9, "block_size": 2, "machine": {}}
{"event": "arrive", "round": 0, "request": "a", "prompt_len": 3, "lower": 1, "upper": 4}
{"event": "arrive", "round": 0, "request": "b", "prompt_len": 2}
{"event": "start", "round": 0, "request": "a"}
{"event": "start", "round": 0, "request": "b"}
{"event": "computed", "round": 0, "tokens": {"a": 2}, "held": 6}
{"event": "evict", "round": 1, "request": "a"}
{"event": "computed", "round": 1, "tokens": {}, "held": 4}
{"event": "complete", "round": 1, "request": "b"}
{"event": "abort", "round": 2, "request": "a"}
{"event": "end", "round": 2}
"""
"""A log in which every event and every field occurs."""


@cache
def whole_documents() -> dict[SchemaName, str]:
    """A document of each kind in which every field occurs."""
    (group, *_) = (
        group
        for group in published_vectors().groups
        if {vector.result for vector in group.vectors} == {"invalid"}
    )
    vectors = published_vectors()
    some = [vector for vector in vectors.vectors if vector.ties is not None][:1]
    on_papers = (v for v in vectors.vectors if v.instance.machine == Machine())
    schedule = next(v for v in on_papers if v.instance.requests[0].arrival).schedules[0]
    certificate = Certificate(
        schedule.instance,
        7,
        (Stretch(0, (1, 2), (Share(3, 1, 2, 1, (0, 4)),)), Stretch(5, (0,))),
    )
    vector_file = VectorFile(
        vectors.notes,
        (
            group,
            *(g for g in vectors.groups if some[0] in g.vectors),
            *(g for g in vectors.groups if g.flag == "IgnoresTokensPerRound"),
        ),
    )
    assert any(v.schedules[0].has_computed for v in vector_file.vectors)
    used = {flag for vector in vector_file.vectors for flag in vector.flags}
    notes = tuple(note for note in vectors.notes if note.flag in used)
    return {
        "instance": schedule.instance.to_json(),
        "schedule": schedule.to_json(),
        "schedule-lines": schedule.to_json_lines(),
        "log": WHOLE_LOG,
        "certificate": certificate.to_json(),
        "vectors": VectorFile(notes, vector_file.groups).to_json(),
    }


values = (
    st.none()
    | st.booleans()
    | st.integers(-2, 9)
    | st.sampled_from((2**53 - 1, 2**53, 1.5, "", "a", "completed", "amin", "valid", "invalid"))
    | st.sampled_from(([], {}, [1], ["a"], {"a": 1}, [[]]))
)


def places(value: object, here: Path = ()) -> Iterator[Path]:
    """The path of every value in a document, from the outermost to the innermost."""
    yield here
    if isinstance(value, dict):
        for key, part in value.items():
            yield from places(part, (*here, key))
    if isinstance(value, list):
        for index, part in enumerate(value):
            yield from places(part, (*here, index))


def damaged(data: st.DataObject, value: object) -> object:
    """A copy of the document in which a value was replaced, deleted, renamed or added."""
    alike: dict[Path, list[Path]] = {}
    for place in places(value):
        if place:
            shape = tuple(0 if isinstance(step, int) else step for step in place)
            alike.setdefault(shape, []).append(place)
    shape = data.draw(st.sampled_from(list(alike)), label="kind of place")
    place = data.draw(st.sampled_from(alike[shape]), label="place")
    copy = json.loads(json.dumps(value))
    parent = copy
    for step in place[:-1]:
        parent = parent[step]
    kind = data.draw(st.sampled_from(("replace", "delete", "add", "rename")), label="kind")
    if kind == "replace":
        parent[place[-1]] = data.draw(values, label="value")
    elif kind == "delete":
        del parent[place[-1]]
    elif kind == "add" and isinstance(parent, dict):
        parent["colour"] = "red"
    elif isinstance(parent, dict):
        parent[str(place[-1]) + "s"] = parent.pop(place[-1])
    else:
        parent.append(parent[-1])
    return copy


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * (name == "vectors")) for name in READERS],
)
@times(1.5)
@given(st.data())
def test_schema_and_reader_refuse_the_same(name: SchemaName, data: st.DataObject) -> None:
    """The reader refuses what the schema refuses; so does the schema, where one place is wrong."""
    text = whole_documents()[name]
    if name in LATER_LINES:
        lines = [json.loads(line) for line in text.splitlines()]
        line = data.draw(st.integers(0, len(lines) - 1), label="line")
        lines[line] = damaged(data, lines[line])
        text = "".join(json.dumps(document) + "\n" for document in lines)
    else:
        text = json.dumps(damaged(data, json.loads(text)))
    by_schema = is_refused_by_schema(name, text)
    try:
        READERS[name](text)
        refusal = ""
    except AminError as error:
        refusal = str(error)
        assert refusal.endswith(".")
        assert "\n" not in refusal
    event("refused by " + ("both" if by_schema else "the reader" if refusal else "neither"))
    if by_schema:
        assert refusal
    if refusal and not by_schema:
        assert any(re.search(rule, refusal) for rule in BEYOND_SCHEMAS), refusal


@pytest.mark.parametrize("name", READERS)
def test_undamaged_documents_pass_schema_and_reader(name: SchemaName) -> None:
    text = whole_documents()[name]
    assert not is_refused_by_schema(name, text)
    READERS[name](text)

"""Which schedules of small instances are right, and which are wrong? Test vectors.

They are for schedulers and checkers in any language, and follow the design of Wycheproof's vectors:
each says which bugs it catches. :func:`published_vectors` reads ``vectors.json``, the vectors of
this release.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal, TypeVar, get_args

from amin_ref.checker import Rule
from amin_ref.conformance import BugRule, RoundRule
from amin_ref.model.errors import InvalidDocument, InvalidValue, shown
from amin_ref.model.instance import (
    Instance,
    instance_document,
    instance_from_document,
    refuse_machine_field,
)
from amin_ref.model.json_reading import (
    expect_array,
    expect_fields,
    expect_format,
    expect_object,
    parse,
)
from amin_ref.model.machine import PAPERS_MACHINE
from amin_ref.model.schedule import Schedule, run_document, run_from_document
from amin_ref.model.validation import RequestId, is_request_id, whole_number

FORMAT = "amin-ref/vectors"
VERSION = 1
"""Of a file whose instances are all on the paper's machine."""

MACHINE_VERSION = 2
"""Of a file with another machine: an instance may have a ``machine``, and a run ``computed``."""

Result = Literal["valid", "acceptable", "invalid"]
VectorPolicy = Literal[
    "amin",
    "amax",
    "h-sf",
    "fcfs",
    "svf",
    "amin-by-volume",
    "sjf",
    "doubling",
    "mc-benchmark",
    "alpha-greedy",
]
VectorRule = Rule | RoundRule | BugRule

RESULTS: tuple[Result, ...] = get_args(Result)
VECTOR_POLICIES: tuple[VectorPolicy, ...] = get_args(VectorPolicy)
Name = TypeVar("Name", bound=str)
RULES: tuple[VectorRule, ...] = (*get_args(Rule), *get_args(RoundRule), *get_args(BugRule))


@dataclass(frozen=True)
class Note:
    """The meaning of a flag.

    Attributes:
        flag: its name.
        bug: the bug that vectors with this flag catch.
        cost: the cost of the bug in latency or memory.
    """

    flag: str
    bug: str
    cost: str


@dataclass(frozen=True)
class Vector:
    """One instance, some schedules of it, and the correct verdict on them.

    Attributes:
        id: counted from 1.
        comment: what the vector is about.
        flags: the bugs that it catches.
        policy: the policy that makes the schedules; ``None`` if only validity is in question.
        ties: ids in the order that breaks ties; ``None`` for any order, new in every round.
        result: ``"valid"``: the policy makes the one schedule. ``"acceptable"``: the policy makes
            one of the schedules, depending on ties. ``"invalid"``: the one schedule must be
            refused.
        schedules: the schedules; at least one.
        rule: the rule that an invalid schedule breaks; else ``None``.
        round: the round in which it breaks the rule; ``None`` if the rule is about no round.
    """

    id: int
    comment: str
    flags: tuple[str, ...]
    policy: VectorPolicy | None
    ties: tuple[RequestId, ...] | None
    result: Result
    schedules: tuple[Schedule, ...]
    rule: VectorRule | None = None
    round: int | None = None

    @property
    def instance(self) -> Instance:
        """The instance that all schedules are of."""
        return self.schedules[0].instance


@dataclass(frozen=True)
class Group:
    """The vectors that were chosen to catch one bug.

    Attributes:
        flag: the bug.
        vectors: vectors that carry its flag, the smallest first.
    """

    flag: str
    vectors: tuple[Vector, ...]


@dataclass(frozen=True)
class VectorFile:
    """All vectors in groups by bug, and the meanings of the flags."""

    notes: tuple[Note, ...]
    groups: tuple[Group, ...]

    @property
    def vectors(self) -> tuple[Vector, ...]:
        """The vectors of all groups."""
        return tuple(vector for group in self.groups for vector in group.vectors)

    def part(self, flag: str) -> VectorFile:
        """One group as a file of its own, with the notes of all flags that occur in it."""
        groups = tuple(group for group in self.groups if group.flag == flag)
        used = {used for group in groups for vector in group.vectors for used in vector.flags}
        return VectorFile(tuple(note for note in self.notes if note.flag in used), groups)

    def to_json(self) -> str:
        """The vectors as JSON, versioned, with each note and each vector on a line of its own.

        The version is 1 if every instance is on the paper's machine, else 2.
        """
        on_papers = all(vector.instance.machine == PAPERS_MACHINE for vector in self.vectors)
        version = VERSION if on_papers else MACHINE_VERSION
        notes = ",\n".join(
            json.dumps(note.flag) + ": " + json.dumps({"bug": note.bug, "cost": note.cost})
            for note in self.notes
        )
        groups = ",\n".join(
            f'{{"flag": {json.dumps(group.flag)}, "vectors": [\n'
            + ",\n".join(json.dumps(_vector_document(vector)) for vector in group.vectors)
            + "\n]}"
            for group in self.groups
        )
        return (
            f'{{"format": "{FORMAT}", "version": {version},\n'
            f'"notes": {{\n{notes}\n}},\n"groups": [\n{groups}\n]}}\n'
        )

    @classmethod
    def from_json(cls, text: str) -> VectorFile:
        """The vectors that :meth:`to_json` wrote.

        Raises:
            InvalidDocument: the text is not JSON, or not of this format and version.
            InvalidValue: a field's value breaks a rule.
        """
        document = expect_format(parse(text), FORMAT, VERSION, MACHINE_VERSION)
        version = MACHINE_VERSION if document["version"] == MACHINE_VERSION else VERSION
        expect_fields(document, "vectors", ("format", "version", "notes", "groups"), ())
        notes = expect_object(document["notes"], "vectors: notes")
        groups = expect_array(document["groups"], "vectors: groups")
        return cls(
            tuple(_note_from_document(flag, note) for flag, note in notes.items()),
            tuple(
                _group_from_document(group, f"groups[{index}]", notes, version)
                for index, group in enumerate(groups)
            ),
        )


def published_text() -> str:
    """The vectors of this release, as JSON."""
    return files(__name__).joinpath("vectors.json").read_text(encoding="utf-8")


def published_vectors() -> VectorFile:
    """The vectors of this release."""
    return VectorFile.from_json(published_text())


def _vector_document(vector: Vector) -> dict[str, object]:
    document: dict[str, object] = {
        "id": vector.id,
        "comment": vector.comment,
        "flags": vector.flags,
        "policy": vector.policy,
    }
    if vector.ties is not None:
        document["ties"] = vector.ties
    document["instance"] = instance_document(vector.instance)
    document["result"] = vector.result
    if vector.result == "invalid":
        document["rule"] = vector.rule
        document["round"] = vector.round
    document["schedules"] = [
        [run_document(run) for run in schedule.runs] for schedule in vector.schedules
    ]
    return document


def _note_from_document(flag: str, value: object) -> Note:
    where = f"vectors: notes: {shown(flag)}"
    found = expect_object(value, where)
    expect_fields(found, where, ("bug", "cost"), ())
    _text(flag, "vectors: notes: flag")
    return Note(flag, *(_text(found[field], f"{where}: {field}") for field in ("bug", "cost")))


def _group_from_document(
    value: object, where: str, notes: Mapping[str, object], version: int
) -> Group:
    found = expect_object(value, where)
    expect_fields(found, where, ("flag", "vectors"), ())
    return Group(
        _flag(found["flag"], where, notes),
        tuple(
            _vector_from_document(vector, f"{where}: vectors[{index}]", notes, version)
            for index, vector in enumerate(expect_array(found["vectors"], f"{where}: vectors"))
        ),
    )


_ALWAYS = ("id", "comment", "flags", "policy", "instance", "result", "schedules")


def _vector_from_document(
    value: object, where: str, notes: Mapping[str, object], version: int
) -> Vector:
    found = expect_object(value, where)
    result = _one_of(found.get("result"), f"{where}: result", RESULTS)
    refused = ("rule", "round") if result == "invalid" else ()
    expect_fields(found, where, (*_ALWAYS, *refused), ("ties",))
    if version == VERSION:
        refuse_machine_field(
            expect_object(found["instance"], f"{where}: instance"), f"{where}: instance"
        )
    instance = instance_from_document(found["instance"], f"{where}: instance")
    schedules = tuple(
        _schedule_from_document(runs, f"{where}: schedules[{index}]", instance, version)
        for index, runs in enumerate(expect_array(found["schedules"], f"{where}: schedules"))
    )
    if not schedules or (result != "acceptable" and len(schedules) > 1):
        raise InvalidDocument(
            f"{where}: schedules: {len(schedules)} found where {result!r} needs "
            f"{'at least' if result == 'acceptable' else 'exactly'} one."
        )
    policy, broken_in = found["policy"], found.get("round")
    return Vector(
        id=whole_number(f"{where}: id", found["id"], 1, "vectors"),
        comment=_text(found["comment"], f"{where}: comment"),
        flags=tuple(
            _flag(flag, where, notes) for flag in expect_array(found["flags"], f"{where}: flags")
        ),
        policy=None if policy is None else _one_of(policy, f"{where}: policy", VECTOR_POLICIES),
        ties=_ties(found["ties"], f"{where}: ties") if "ties" in found else None,
        result=result,
        schedules=schedules,
        rule=_one_of(found["rule"], f"{where}: rule", RULES) if refused else None,
        round=None
        if broken_in is None
        else whole_number(f"{where}: round", broken_in, 0, "rounds"),
    )


def _schedule_from_document(
    value: object, where: str, instance: Instance, version: int
) -> Schedule:
    runs = enumerate(expect_array(value, where))
    return Schedule(
        instance,
        (run_from_document(run, f"{where}[{index}]", instance, version) for index, run in runs),
    )


def _ties(value: object, where: str) -> tuple[RequestId, ...]:
    ids = []
    for position, request in enumerate(expect_array(value, where)):
        if not is_request_id(request):
            raise InvalidValue(
                f"{where}[{position}]",
                request,
                "it must be a request's id",
                "give a non-empty string or an int",
            )
        ids.append(request)
    return tuple(ids)


def _flag(value: object, where: str, notes: Mapping[str, object]) -> str:
    flag = _text(value, f"{where}: flag")
    if flag not in notes:
        raise InvalidDocument(f"{where}: the flag {shown(flag)} has no note; add one.")
    return flag


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidDocument(f"{where}: {shown(value)} found where a text is needed.")
    return value


def _one_of(value: object, where: str, names: tuple[Name, ...]) -> Name:
    for name in names:
        if value == name:
            return name
    raise InvalidDocument(f"{where}: {shown(value)} found, but known are {', '.join(names)}.")

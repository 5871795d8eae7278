"""The lines of a log: a header with the machine, then what happens, in order of rounds.

Each line is a JSON object. Fields whose names begin with ``x-`` are for the engine; every other
unknown field is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from amin_ref.model.errors import InvalidDocument, InvalidValue, shown
from amin_ref.model.json_reading import (
    OWN_FIELD,
    expect_fields,
    expect_format,
    expect_object,
    parse,
)
from amin_ref.model.machine import Machine, machine_from_document
from amin_ref.model.validation import LARGEST, whole_number

FORMAT = "amin-ref/log"
VERSION = 1

REQUEST_FIELDS = ("event", "round", "request")
"""The fields of an event of one request."""

FIELDS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "arrive": ((*REQUEST_FIELDS, "prompt_len"), ("lower", "upper")),
    "start": (REQUEST_FIELDS, ()),
    "computed": (("event", "round", "tokens"), ("held",)),
    "evict": (REQUEST_FIELDS, ()),
    "complete": (REQUEST_FIELDS, ()),
    "abort": (REQUEST_FIELDS, ()),
    "end": (("event", "round"), ()),
}
"""Each event's required and optional fields."""

_KNOWN = {event: frozenset(required + optional) for event, (required, optional) in FIELDS.items()}
_REQUIRED = {event: frozenset(required) for event, (required, _) in FIELDS.items()}


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a log.

    Attributes:
        capacity: M; tokens.
        block_size: B; tokens per block.
        machine: the rules by which requests run.
    """

    capacity: int
    block_size: int
    machine: Machine


def header_in(line: str, machine: Mapping[str, object]) -> Header:
    """The header that the first line of a log is.

    Args:
        line: the line.
        machine: fields of the machine that override or complete those of the line.

    Raises:
        InvalidDocument: the line is no header of a log of this version.
        InvalidValue: a field's value breaks a rule.
    """
    found = expect_format(_parsed(line, 1), FORMAT, VERSION)
    expect_fields(found, "line 1", ("format", "version", "capacity"), ("block_size", "machine"))
    written = expect_object(found.get("machine", {}), "line 1: machine")
    return Header(
        whole_number("line 1: capacity", found["capacity"], 1, "tokens"),
        whole_number("line 1: block_size", found.get("block_size", 1), 1, "tokens"),
        machine_from_document({**written, **machine}, "line 1: machine"),
    )


@dataclass(frozen=True, slots=True)
class Event:
    """A line of a log after its header.

    Attributes:
        line: its number, from 1.
        kind: a key of :data:`FIELDS`.
        round: the round in which it happens.
        request: the id of the request; empty where the event is of no single request.
        fields: the whole object.
    """

    line: int
    kind: str
    round: int
    request: str
    fields: Mapping[str, object]

    def refuse(self, what: str) -> InvalidDocument:
        """The error for this line; ``what`` is a clause about it."""
        return InvalidDocument(f"line {self.line}: {what}.")


def events_in(lines: Iterator[tuple[int, str]]) -> Iterator[Event]:
    """The events that numbered lines are; each line is checked by itself.

    Raises:
        InvalidDocument: a line is no event.
        InvalidValue: a field's value breaks a rule.
    """
    for number, line in lines:
        found = expect_object(_parsed(line, number), f"line {number}")
        kind = found.get("event")
        if type(kind) is not str or kind not in FIELDS:
            raise InvalidDocument(_unknown_event(found, number))
        keys = found.keys()
        if not (_REQUIRED[kind] <= keys <= _KNOWN[kind]):
            _refuse_fields(found, number, kind)
        now = found["round"]
        if type(now) is not int or not 0 <= now <= LARGEST:
            whole_number(f"line {number}: round", now, 0, "rounds")
            raise AssertionError("whole_number refuses what is no round")
        request = found.get("request", "")
        if type(request) is not str or (request == "" and "request" in keys):
            raise InvalidValue(
                f"line {number}: request",
                request,
                "in a log it must be a non-empty string",
                "write the id in quotes",
            )
        yield Event(number, kind, now, request, found)


def _parsed(line: str, number: int) -> object:
    if not line.strip():
        raise InvalidDocument(f"line {number} is empty; remove it.")
    try:
        return parse(line)
    except InvalidDocument as error:
        raise InvalidDocument(f"line {number}: {error}") from None


def _unknown_event(found: Mapping[str, object], number: int) -> str:
    known = ", ".join(FIELDS)
    if "event" not in found:
        return f"line {number}: the field 'event' is missing; give one of {known}."
    return f"line {number}: event is {shown(found['event'])}; it must be one of {known}."


def _refuse_fields(found: Mapping[str, object], number: int, kind: str) -> None:
    own = {field for field in found if field.startswith(OWN_FIELD)}
    if not _REQUIRED[kind] <= found.keys() or found.keys() - own - _KNOWN[kind]:
        expect_fields(found, f"line {number}: {kind}", *FIELDS[kind])

"""What is the JSON form of each kind of document? JSON Schemas (Draft 2020-12), one in each file.

Programs in other languages validate their output against them. The readers in this package do not
use the schemas, because a reader states more rules, in sentences; a test holds that the two agree.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from itertools import islice
from typing import TYPE_CHECKING, Literal, get_args

from amin_ref.model.errors import InvalidDocument
from amin_ref.model.json_reading import parse

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

SchemaName = Literal[
    "instance",
    "schedule",
    "schedule-lines",
    "log",
    "certificate",
    "vectors",
    "comparison",
    "seed-comparison",
]
SCHEMA_NAMES: tuple[SchemaName, ...] = get_args(SchemaName)

LATER_LINES: dict[SchemaName, str] = {"schedule-lines": "run", "log": "event"}
"""The kinds of documents in JSON lines: what each line after the header is."""

MOST_REFUSALS = 100
"""Most refusals reported for one document: enough to see what is wrong with it."""

LONGEST_REASON = 200
"""Characters of a reason that are kept: jsonschema quotes the refused value, even a long array."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One place in a document that its schema refuses.

    Attributes:
        line: the line, counted from 1, of a document in JSON lines; ``None`` for any other.
        path: the place in the document, as a JSONPath.
        reason: what the schema requires there.
    """

    line: int | None
    path: str
    reason: str

    def text(self) -> str:
        """The refusal in a line."""
        where = self.path if self.line is None else f"line {self.line}: {self.path}"
        return f"{where}: {self.reason}"


def schema_text(name: SchemaName) -> str:
    """The schema of one kind of document, as JSON."""
    return files(__name__).joinpath(f"{name}.json").read_text(encoding="utf-8")


def validate(name: SchemaName, text: str) -> tuple[Refusal, ...]:
    """Validate a document against its schema, with the library jsonschema.

    Returns:
        The refused places, at most :data:`MOST_REFUSALS` of them; empty for a valid document.

    Raises:
        InvalidDocument: the text is not JSON.
    """
    # Imported here: the core needs nothing beyond numpy, and printing a schema needs no validator.
    from jsonschema import Draft202012Validator

    schema: dict[str, object] = json.loads(schema_text(name))
    if name not in LATER_LINES:
        found = _refusals(Draft202012Validator(schema), parse(text), None)
        return tuple(islice(found, MOST_REFUSALS))
    del schema["oneOf"]  # the first line must be a header, and no other line is one
    header, later = (
        Draft202012Validator({**schema, "$ref": f"#/$defs/{part}"})
        for part in ("header", LATER_LINES[name])
    )
    lines = text.split("\n")[: -1 if text.endswith("\n") else None]
    refusals = (
        refusal
        for number, line in enumerate(lines, start=1)
        for refusal in _refusals(header if number == 1 else later, _parsed(line, number), number)
    )
    return tuple(islice(refusals, MOST_REFUSALS))


def _parsed(line: str, number: int) -> object:
    try:
        return parse(line)
    except InvalidDocument as error:
        raise InvalidDocument(f"line {number}: {error}") from None


def _refusals(
    validator: Draft202012Validator, document: object, line: int | None
) -> Iterator[Refusal]:
    for error in validator.iter_errors(document):
        reason = error.message
        if len(reason) > LONGEST_REASON:
            reason = f"… {reason[-LONGEST_REASON:]}"
        yield Refusal(line, error.json_path, reason)

"""The trace formats that are known, and how each line of one becomes a row."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from amin_ref.model.errors import InvalidValue, shown
from amin_ref.workloads.fields import (
    nanoseconds_from_instant,
    nanoseconds_from_milliseconds,
    nanoseconds_from_seconds,
    tokens_from_number,
    tokens_from_text,
)
from amin_ref.workloads.row import Row

LineReader = Callable[[str], Row]
"""Makes a row of a line; refuses it with :exc:`InvalidValue`."""


@dataclass(frozen=True)
class Table:
    """A comma-separated format, recognised by the names in its header.

    Columns may stand in any order and with others between them (later BurstGPT releases add some).

    Attributes:
        name: whose format it is.
        prompt: name of the column with the prompts' lengths; tokens.
        output: name of the column with the answers' lengths; tokens.
        time: name of the column that says when a request came; ``None`` where there is none.
        read_time: its field's name and text to nanoseconds.
    """

    name: str
    prompt: str
    output: str
    time: str | None = None
    read_time: Callable[[str, str], int] = nanoseconds_from_seconds

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the header must name, in the order of the published files."""
        return (*((self.time,) if self.time else ()), self.prompt, self.output)

    def line_reader(self, header: Sequence[str]) -> LineReader:
        """Reads the lines below ``header``, which names all of :attr:`columns`."""
        prompt, output = header.index(self.prompt), header.index(self.output)
        time = None if self.time is None else header.index(self.time)

        def read(line: str) -> Row:
            fields = _fields(line)
            if len(fields) != len(header):
                raise InvalidValue(
                    "the number of fields",
                    len(fields),
                    f"the header names {len(header)} columns",
                    "complete the line or remove it",
                )
            return Row(
                tokens_from_text(self.prompt, fields[prompt]),
                tokens_from_text(self.output, fields[output]),
                None if time is None else self.read_time(header[time], fields[time]),
            )

        return read


AZURE = Table(
    "Azure", "ContextTokens", "GeneratedTokens", "TIMESTAMP", nanoseconds_from_instant
)  # 2023, and 2024 where the instants have an offset
LMSYS = Table("LMSYS lengths", "question_length", "answer_length")
BURSTGPT = Table("BurstGPT", "Request tokens", "Response tokens", "Timestamp")
VIDUR = Table("Vidur", "num_prefill_tokens", "num_decode_tokens", "arrived_at")
VIDUR_LENGTHS = Table("Vidur lengths", "num_prefill_tokens", "num_decode_tokens")

TABLES = (AZURE, LMSYS, BURSTGPT, VIDUR, VIDUR_LENGTHS)
"""In the order in which they are tried: VIDUR_LENGTHS also matches what VIDUR matches."""

MOONCAKE_KEYS = ("timestamp", "input_length", "output_length")
"""What an object of Mooncake's JSON lines must have; ``hash_ids`` and others are not looked at."""


def line_reader(first_line: str) -> tuple[LineReader, bool]:
    """What reads the file that begins so, and whether its first line is a row already.

    Raises:
        InvalidValue: the line is no header that is known; the message lists those that are.
    """
    if first_line.startswith("{"):
        return read_mooncake, True
    header = _fields(first_line)
    for table in TABLES:
        if set(table.columns) <= set(header):
            _refuse_repeats(table, header)
            return table.line_reader(header), False
    known = ", ".join(f"{table.name} ({','.join(table.columns)})" for table in TABLES)
    raise InvalidValue(
        "the header",
        first_line,
        f"it must name the columns of a known format: {known}, "
        f"or Mooncake (JSON lines with {', '.join(MOONCAKE_KEYS)})",
        "convert the file or mend its header",
    )


def _refuse_repeats(table: Table, header: list[str]) -> None:
    for column in table.columns:
        if header.count(column) > 1:
            raise InvalidValue(
                "the header",
                ",".join(header),
                f"it must name the column {column!r} once",
                "rename or remove the other",
            )


def read_mooncake(line: str) -> Row:
    """The row in one of Mooncake's JSON lines; its ``timestamp`` is in milliseconds.

    Raises:
        InvalidValue: the line is not a JSON object, or lacks a key, or a value is of another kind.
    """
    try:
        found: object = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InvalidValue(
            "the line", line, "it must be one JSON object", "correct the line or remove it"
        )
    for key in MOONCAKE_KEYS:
        if key not in found:
            raise InvalidValue(
                "the line", line, f"the key {shown(key)} is missing", "add it or remove the line"
            )
    timestamp, prompt, output = (found[key] for key in MOONCAKE_KEYS)
    return Row(
        tokens_from_number("input_length", prompt),
        tokens_from_number("output_length", output),
        nanoseconds_from_milliseconds("timestamp", timestamp),
    )


def _fields(line: str) -> list[str]:
    if '"' in line:
        try:
            (fields,) = csv.reader([line], strict=True)
        except csv.Error:
            raise InvalidValue(
                "the line",
                line,
                "its quotation marks must come in pairs, around whole fields",
                "correct the line or remove it",
            ) from None
    else:
        fields = line.split(",")
    return [field.strip() for field in fields]

"""The known trace formats, and how a line of each becomes a row."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass

from amin_ref.model.errors import InvalidValue
from amin_ref.workloads.fields import (
    TimeUnit,
    nanoseconds_from_instant,
    nanoseconds_from_text,
    tokens_from_text,
)
from amin_ref.workloads.json_lines import OBJECTS, LineReader, json_line_reader, no_unit
from amin_ref.workloads.row import Row


@dataclass(frozen=True)
class Table:
    """A table format, recognised by the column names in its header.

    Columns may stand in any order, with other columns between them (as in later BurstGPT releases).

    Attributes:
        name: name of the format, for messages.
        prompt: name of the column with the prompts' lengths; tokens.
        output: name of the column with the answers' lengths; tokens.
        time: name of the column with arrival times; ``None`` if there is none.
        unit: unit of that column; ``None`` if it has instants of the calendar.
        separator: the character between two fields.
    """

    name: str
    prompt: str
    output: str
    time: str | None = None
    unit: TimeUnit | None = "s"
    separator: str = ","

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the header must name, in the order of the published files."""
        return (*((self.time,) if self.time else ()), self.prompt, self.output)

    def line_reader(self, header: Sequence[str], time_unit: TimeUnit | None) -> LineReader:
        """A reader for the lines below ``header``, which names all of :attr:`columns`.

        Args:
            header: names of the columns.
            time_unit: unit of the times, if it differs from that of the format.

        Raises:
            InvalidValue: there is a ``time_unit``, and the format has no times, or instants.
        """
        if time_unit is not None and (self.time is None or self.unit is None):
            what = "has no times" if self.time is None else "has instants of the calendar"
            raise no_unit(time_unit, f"{self.name} {what}")
        prompt, output = header.index(self.prompt), header.index(self.output)
        time = None if self.time is None else header.index(self.time)
        unit = time_unit or self.unit

        def time_of(fields: Sequence[str]) -> int | None:
            if time is None:
                return None
            if unit is None:
                return nanoseconds_from_instant(header[time], fields[time])
            return nanoseconds_from_text(header[time], fields[time], unit)

        def read(line: str) -> Row:
            fields = _fields(line, self.separator)
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
                time_of(fields),
            )

        return read


AZURE = Table(
    "Azure", "ContextTokens", "GeneratedTokens", "TIMESTAMP", None
)  # 2023, and 2024 where the instants have an offset
LMSYS = Table("LMSYS lengths", "question_length", "answer_length")
BURSTGPT = Table("BurstGPT", "Request tokens", "Response tokens", "Timestamp")
VIDUR = Table("Vidur", "num_prefill_tokens", "num_decode_tokens", "arrived_at")
VIDUR_LENGTHS = Table("Vidur lengths", "num_prefill_tokens", "num_decode_tokens")
SPLITWISE = Table("splitwise-sim", "prompt_size", "token_size", "arrival_timestamp")
LLMSERVINGSIM = Table(
    "LLMServingSim", "input_toks", "output_toks", "arrival_time_ns", "ns", separator="\t"
)

TABLES = (AZURE, LMSYS, BURSTGPT, VIDUR, VIDUR_LENGTHS, SPLITWISE, LLMSERVINGSIM)
"""In the order in which they are tried: a header that matches VIDUR also matches VIDUR_LENGTHS."""


def line_reader(first_line: str, time_unit: TimeUnit | None = None) -> tuple[LineReader, bool]:
    """The reader for a file with this first line, and whether that line is a row itself.

    Args:
        first_line: the header, or the first of JSON lines.
        time_unit: unit of the times, if it differs from that of the format.

    Raises:
        InvalidValue: the line belongs to no known format (the message lists the known ones), or a
            ``time_unit`` is given and the format has no times or instants of the calendar.
    """
    if first_line.startswith("{"):
        return json_line_reader(first_line, time_unit), True
    if first_line.startswith("["):
        raise InvalidValue(
            "the file",
            first_line,
            "it is taken for a JSON array, such as ShareGPT's conversations, and a trace has one "
            f"request a line, with numbers of tokens; known are {_known()}",
            "count the tokens and write them as JSON lines with input_length and output_length",
        )
    for table in TABLES:
        header = _fields(first_line, table.separator)
        if set(table.columns) <= set(header):
            _refuse_repeats(table, header)
            return table.line_reader(header, time_unit), False
    raise InvalidValue(
        "the header",
        first_line,
        f"it is taken for the header of a table, and names the columns of none that is known: "
        f"{_known()}",
        "convert the file or mend its header",
    )


def _known() -> str:
    tables = [f"{table.name} ({','.join(table.columns)})" for table in TABLES]
    objects = [f"{kind.name} ({', '.join(kind.keys)})" for kind in OBJECTS]
    return f"{', '.join(tables)}; as JSON lines {', '.join(objects)}"


def _refuse_repeats(table: Table, header: list[str]) -> None:
    for column in table.columns:
        if header.count(column) > 1:
            raise InvalidValue(
                "the header",
                ",".join(header),
                f"it must name the column {column!r} once",
                "rename or remove the other",
            )


def _fields(line: str, separator: str) -> list[str]:
    if '"' in line:
        try:
            (fields,) = csv.reader([line], strict=True, delimiter=separator)
        except csv.Error:
            raise InvalidValue(
                "the line",
                line,
                "its quotation marks must come in pairs, around whole fields",
                "correct the line or remove it",
            ) from None
    else:
        fields = line.split(separator)
    return [field.strip() for field in fields]

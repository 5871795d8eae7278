"""The trace formats that are JSON lines: one object for each request."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from amin_ref.model.errors import InvalidValue, shown
from amin_ref.workloads.fields import (
    UNIT_TITLES,
    TimeUnit,
    nanoseconds_from_number,
    tokens_from_number,
)
from amin_ref.workloads.row import Row

LineReader = Callable[[str], Row]
"""Reads a line as a row, or raises :exc:`InvalidValue`."""


@dataclass(frozen=True)
class Objects:
    """A format of JSON lines, recognised by the keys of its first object; other keys are ignored.

    Attributes:
        name: name of the format, for messages.
        prompt: key of the prompt's length; tokens.
        output: key of the answer's length; tokens.
        time: key of the arrival time; ``None`` if there is none.
        unit: unit of that time.
        marks: further keys that the first object must have to be of this format.
        whole_times: whether a time with a fraction shows that the unit is another one.
    """

    name: str
    prompt: str
    output: str
    time: str | None = None
    unit: TimeUnit = "s"
    marks: tuple[str, ...] = ()
    whole_times: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that every object must have."""
        return (*((self.time,) if self.time else ()), self.prompt, self.output)

    def line_reader(self, time_unit: TimeUnit | None) -> LineReader:
        """A reader for the lines of a file of this format.

        Args:
            time_unit: unit of the times, if it differs from that of the format.

        Raises:
            InvalidValue: there is a ``time_unit``, and the format has no times.
        """
        if time_unit is not None and self.time is None:
            raise no_unit(time_unit, f"{self.name} has no times")

        def read(line: str) -> Row:
            found = _object(line)
            for key in self.keys:
                if key not in found:
                    raise InvalidValue(
                        "the line",
                        line,
                        f"the key {shown(key)} is missing, which {self.name} has",
                        "add it or remove the line",
                    )
            return Row(
                tokens_from_number(self.prompt, found[self.prompt]),
                tokens_from_number(self.output, found[self.output]),
                None if self.time is None else self._time(found[self.time], time_unit),
            )

        return read

    def _time(self, value: object, time_unit: TimeUnit | None) -> int:
        assert self.time is not None
        nanoseconds = nanoseconds_from_number(self.time, value, time_unit or self.unit)
        if time_unit is None and self.whole_times and isinstance(value, Decimal) and value % 1:
            raise InvalidValue(
                self.time,
                float(value),
                f"{self.name} has whole {UNIT_TITLES[self.unit]}, so these may be seconds, as in "
                "traces of GuideLLM",
                "say what the times count: --time-unit s, ms or ns (time_unit in Python)",
            )
        return nanoseconds


BAILIAN = Objects(
    "Qwen-Bailian", "input_length", "output_length", "timestamp", "s", marks=("chat_id",)
)
MOONCAKE = Objects("Mooncake", "input_length", "output_length", "timestamp", "ms", whole_times=True)
VLLM_BENCH = Objects("vLLM's bench results", "input_toks", "output_toks", "arrival_time", "s")
LLMSERVINGSIM_LINES = Objects("LLMServingSim", "input_toks", "output_toks", "arrival_time_ns", "ns")
AIPERF = Objects("aiperf", "input_length", "output_length")

OBJECTS = (BAILIAN, MOONCAKE, VLLM_BENCH, LLMSERVINGSIM_LINES, AIPERF)
"""In the order in which they are tried: AIPERF also matches what the first two match."""


def json_line_reader(first_line: str, time_unit: TimeUnit | None) -> LineReader:
    """The reader for JSON lines with this first line.

    Raises:
        InvalidValue: the line is no JSON object, its keys are those of no known format, or a
            ``time_unit`` is given and the format has no times.
    """
    found = _object(first_line)
    for kind in OBJECTS:
        if {*kind.keys, *kind.marks} <= set(found):
            return kind.line_reader(time_unit)
    known = ", ".join(f"{kind.name} ({', '.join(kind.keys)})" for kind in OBJECTS)
    raise InvalidValue(
        "the line",
        first_line,
        f"it is taken for the first of JSON lines, and has the keys of no format that is known: "
        f"{known}",
        "convert the file",
    )


def no_unit(time_unit: TimeUnit, why: str) -> InvalidValue:
    """The error for a unit that is given although the times of the format need none."""
    return InvalidValue("time_unit", time_unit, why, "leave it out")


def _object(line: str) -> Mapping[str, object]:
    try:
        found: object = json.loads(line, parse_float=Decimal)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InvalidValue(
            "the line", line, "it must be one JSON object", "correct the line or remove it"
        )
    return found

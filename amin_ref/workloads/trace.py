"""Reading a trace of real requests from a file of any known format."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import closing
from itertools import chain

from amin_ref.model.errors import InvalidValue, InvalidWorkload, shown_path
from amin_ref.workloads.fields import TimeUnit
from amin_ref.workloads.formats import line_reader
from amin_ref.workloads.lines import text_lines
from amin_ref.workloads.row import Row


def read_trace(
    path: str | os.PathLike[str], time_unit: TimeUnit | None = None
) -> Generator[Row, None, None]:
    """The rows of a trace, one at a time; rows that the caller does not take are not read.

    The format (Azure, LMSYS lengths, BurstGPT, Vidur, splitwise-sim or LLMServingSim tables;
    Mooncake, Qwen-Bailian, vLLM bench, LLMServingSim or aiperf JSON lines; plain or gzip) is
    recognised by the first line. Requests that failed (0 tokens) are rows too;
    :func:`amin_ref.workloads.keep_usable` drops them.

    Args:
        path: the file.
        time_unit: unit of its times, if it differs from that of the format: GuideLLM has Mooncake's
            keys, with times in seconds.

    Raises:
        InvalidWorkload: the file cannot be read, has no known format or no rows, or a line is
            malformed; the message names the line. Raised when that row is read.
    """
    with closing(text_lines(path)) as lines:
        first, first_line = next(lines, (0, ""))
        if first == 0:
            raise InvalidWorkload(f"{shown_path(path)}: the file is empty; give one with a header.")
        try:
            read, is_row = line_reader(first_line, time_unit)
        except InvalidValue as error:
            raise _in_line(path, first, error) from None
        has_rows = False
        for number, line in chain([(first, first_line)] if is_row else [], lines):
            try:
                row = read(line)
            except InvalidValue as error:
                raise _in_line(path, number, error) from None
            has_rows = True
            yield row
        if not has_rows:
            raise InvalidWorkload(
                f"{shown_path(path)}: there is a header and no row below it; "
                "give a file that has rows."
            )


def _in_line(path: str | os.PathLike[str], number: int, error: InvalidValue) -> InvalidWorkload:
    return InvalidWorkload(f"{shown_path(path)}, line {number}: {error}")

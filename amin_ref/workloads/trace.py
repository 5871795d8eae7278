"""Reading a trace of real requests from a file of any known format."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from itertools import chain

from amin_ref.files.reading import CannotRead, Source, open_source
from amin_ref.model.errors import InvalidValue, InvalidWorkload
from amin_ref.workloads.fields import TimeUnit
from amin_ref.workloads.formats import line_reader
from amin_ref.workloads.lines import text_lines
from amin_ref.workloads.row import Row


def read_trace(
    source: str | os.PathLike[str] | Source, time_unit: TimeUnit | None = None
) -> Generator[Row, None, None]:
    """The rows of a trace, one at a time; rows that the caller does not take are not read.

    The format (Azure, LMSYS lengths, BurstGPT, Vidur, splitwise-sim or LLMServingSim tables;
    Mooncake, Qwen-Bailian, vLLM bench, LLMServingSim or aiperf JSON lines; plain or gzip) is
    recognised by the first line. Requests that failed (0 tokens) are rows too;
    :func:`amin_ref.workloads.keep_usable` drops them.

    Args:
        source: the path of the file, or an open file.
        time_unit: unit of its times, if it differs from that of the format: GuideLLM has Mooncake's
            keys, with times in seconds.

    Raises:
        InvalidWorkload: the file cannot be read, has no known format or no rows, or a line is
            malformed; the message names the line. Raised when that row is read.
    """
    try:
        with ExitStack() as stack:
            opened = (
                source if isinstance(source, Source) else stack.enter_context(open_source(source))
            )
            yield from _rows(opened, time_unit)
    except CannotRead as error:
        raise InvalidWorkload(str(error)) from None


def _rows(source: Source, time_unit: TimeUnit | None) -> Iterator[Row]:
    lines = text_lines(source)
    first, first_line = next(lines, (0, ""))
    if first == 0:
        raise InvalidWorkload(f"{source.name}: the file is empty; give one with a header.")
    try:
        read, is_row = line_reader(first_line, time_unit)
    except InvalidValue as error:
        raise InvalidWorkload(f"{source.name}, line {first}: {error}") from None
    has_rows = False
    for number, line in chain([(first, first_line)] if is_row else [], lines):
        try:
            row = read(line)
        except InvalidValue as error:
            raise InvalidWorkload(f"{source.name}, line {number}: {error}") from None
        has_rows = True
        yield row
    if not has_rows:
        raise InvalidWorkload(
            f"{source.name}: there is a header and no row below it; give a file that has rows."
        )

"""Reading a trace of real requests from a file, whatever known format it has."""

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
    """The rows of a trace, one at a time: what a consumer does not take is not read.

    The format (Azure, LMSYS lengths, BurstGPT, Vidur, splitwise-sim or LLMServingSim tables;
    Mooncake, Qwen-Bailian, vLLM bench, LLMServingSim or aiperf JSON lines; plain or gzip) is
    recognised by what the file begins with. Rows of requests that failed (zero tokens) are rows
    too; see :func:`amin_ref.workloads.keep_usable`.

    Args:
        source: the file, or one that is open.
        time_unit: what its times count, if it is not what the format says: GuideLLM has Mooncake's
            keys, and seconds.

    Raises:
        InvalidWorkload: the file cannot be read, is of no known format or has no rows; or a line
            is malformed, which is named. Raised when the row concerned is asked for.
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

"""The lines of a trace: decoded, stripped and without blank ones, one at a time."""

from __future__ import annotations

from collections.abc import Iterator

from amin_ref.files.reading import CannotRead, Source
from amin_ref.model.errors import InvalidWorkload

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def text_lines(source: Source) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, stripped, each with its number (from 1).

    A byte order mark and either kind of line end are taken.

    Raises:
        InvalidWorkload: the source cannot be read, is larger than its limits, or is not UTF-8 text;
            raised when the line concerned is asked for.
    """
    try:
        for number, line in source.lines():
            text = _decoded(line, number, source.name)
            if text:
                yield number, text
    except CannotRead as error:
        raise InvalidWorkload(str(error)) from None


def _decoded(line: bytes, number: int, name: str) -> str:
    if number == 1:
        line = line.removeprefix(_BYTE_ORDER_MARK)
    if b"\0" in line:
        problem = "this is a binary file"
    else:
        try:
            return line.decode("utf-8").strip()
        except UnicodeDecodeError:
            problem = "this is not UTF-8 text"
    raise InvalidWorkload(f"{name}, line {number}: {problem}; give a trace as CSV or JSON lines.")

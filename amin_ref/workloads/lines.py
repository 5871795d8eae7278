"""The lines of a text file, plain or gzip; only one line is in memory at a time."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Generator
from io import BufferedReader

from amin_ref.model.errors import InvalidWorkload, shown_path

LONGEST_LINE = 2**24
"""Most bytes of a line, 16 MiB: a file without line ends must not fill the memory."""

_GZIP_MAGIC = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def text_lines(path: str | os.PathLike[str]) -> Generator[tuple[int, str], None, None]:
    """The lines of a file that are not blank, stripped, each with its number (from 1).

    Gzip is recognised by its first two bytes, not by the file's name. A byte order mark is removed;
    lines may end in LF or CR LF.

    Raises:
        InvalidWorkload: the file is missing, a directory, unreadable, not UTF-8 text, or its gzip
            stream is damaged; raised when the first line, or the bad one, is read.
    """
    number = 0
    try:
        with open(path, "rb") as plain:
            stream = _unzipped(plain)
            while line := stream.readline(LONGEST_LINE + 1):
                number += 1
                text = _decoded(line, number, path)
                if text:
                    yield number, text
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        reason = "ends too early" if isinstance(error, EOFError) else "is damaged"
        raise InvalidWorkload(
            f"{shown_path(path)}: the gzip stream {reason} (after line {number}); "
            "fetch the file again."
        ) from None
    except (OSError, ValueError) as error:
        if isinstance(error, InvalidWorkload):
            raise
        raise InvalidWorkload(f"{shown_path(path)}: {_reason(error)}.") from None


def _unzipped(plain: BufferedReader) -> BufferedReader | gzip.GzipFile:
    return gzip.GzipFile(fileobj=plain) if plain.peek(2)[:2] == _GZIP_MAGIC else plain


def _decoded(line: bytes, number: int, path: str | os.PathLike[str]) -> str:
    if number == 1:
        line = line.removeprefix(_BYTE_ORDER_MARK)
    if b"\0" in line:
        problem = "this is a binary file; give a trace as CSV or JSON lines"
    elif len(line) > LONGEST_LINE:
        problem = f"it is longer than {LONGEST_LINE} bytes; give a trace with one request a line"
    else:
        try:
            return line.decode("utf-8").strip()
        except UnicodeDecodeError:
            problem = "this is not UTF-8 text; give a trace as CSV or JSON lines"
    raise InvalidWorkload(f"{shown_path(path)}, line {number}: {problem}.")


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file; check the path"
    if isinstance(error, IsADirectoryError):
        return "this is a directory; give a file in it"
    if isinstance(error, PermissionError):
        return "it may not be read; change its permissions or give another file"
    what = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"it cannot be read ({what}); give a readable file"

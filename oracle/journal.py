"""A file that grows by whole lines and survives being killed at any moment."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from amin_ref.model.errors import AminError, InvalidDocument


class Journal:
    """A header and one JSON object a line after it.

    A line is appended in one write and forced to the disk before :meth:`append` returns. What a
    kill leaves of a line has no line end: it is cut off when the file is opened again. One process
    at a time may write.

    Args:
        path: the file; made when it is not there.
        header: the first line of a new file, and what a cut-off first line must be the beginning
            of. Whether an old file's first line is right is for the reader to say.

    Raises:
        InvalidDocument: the file's only line has no end, and is no part of the header.
        OSError: it cannot be read or written.
    """

    def __init__(self, path: Path, header: Mapping[str, object]) -> None:
        self._path = path
        self._header = header
        self._lines = self._whole_lines()
        if not self._lines:
            self.append(header)

    def read(self, take: Callable[[int, str], None]) -> None:
        """Give each line that was there on opening to ``take``, with its number from 1.

        Raises:
            InvalidDocument: ``take`` refuses a line; says which, and why.
        """
        for number, line in enumerate(self._lines, start=1):
            try:
                take(number, line.decode("utf-8"))
            except (AminError, UnicodeDecodeError) as error:
                why = str(error) if isinstance(error, AminError) else "it is not UTF-8 text."
                raise InvalidDocument(f"{str(self._path)!r}, line {number}: {why}") from None

    def append(self, document: Mapping[str, object]) -> None:
        """Write one more line, and return when it is on the disk."""
        with self._path.open("ab", buffering=0) as file:
            file.write(_line(document))
            os.fsync(file.fileno())

    def _whole_lines(self) -> list[bytes]:
        with self._path.open("ab+") as file:
            file.seek(0)
            content = file.read()
            whole = content[: content.rfind(b"\n") + 1]
            if len(whole) < len(content):
                if not whole and not _line(self._header).startswith(content):
                    raise InvalidDocument(
                        f"{str(self._path)!r} is no checkpoint; name another file."
                    )
                file.truncate(len(whole))
        return whole.splitlines()


def _line(document: Mapping[str, object]) -> bytes:
    return json.dumps(document).encode() + b"\n"

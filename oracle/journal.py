"""A file that grows by whole lines and survives being killed at any moment."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from amin_ref.files.locking import lock
from amin_ref.files.writing import BINARY, write_all
from amin_ref.model.errors import AminError, CannotWrite, InvalidDocument, shown_path

LONGEST_HEADER = 2**12
"""Bytes that are read to tell whether a file is a journal: headers of ours have some hundred."""


class Journal:
    """A header and one JSON object a line after it.

    A line is on the disk whole before :meth:`append` returns; one that cannot be written whole is
    taken back. What a kill leaves of a line has no line end, and is cut off when the file is opened
    again. The file stays locked while the journal is open, so that one process at a time writes.

    Args:
        path: the file; made when it is not there.
        header: the first line of a new file. An old file's first line must be the same in all
            fields but those that ``take`` of :meth:`read` judges; its ``format`` is looked at
            before anything in the file is changed.

    Raises:
        InvalidDocument: the file is no journal with this ``format``, or no regular file.
        CannotWrite: another process has the file open, or it cannot be opened or written.
    """

    def __init__(self, path: Path, header: Mapping[str, object]) -> None:
        self._path = path
        self._header = header
        self._descriptor = self._open()
        try:
            self._lines = self._whole_lines()
            if not self._lines:
                self.append(header)
        except BaseException:
            self.close()
            raise

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
                raise InvalidDocument(f"{shown_path(self._path)}, line {number}: {why}") from None

    def append(self, document: Mapping[str, object]) -> None:
        """Write one more line, and return when it is on the disk.

        Raises:
            CannotWrite: it cannot be written whole; the file ends where it ended before.
        """
        end = os.lseek(self._descriptor, 0, os.SEEK_END)
        try:
            write_all(self._descriptor, _line(document))
            os.fsync(self._descriptor)
        except BaseException as error:
            os.ftruncate(self._descriptor, end)
            if isinstance(error, OSError):
                raise self._cannot(error) from None
            raise

    def close(self) -> None:
        """Let other processes have the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __del__(self) -> None:
        if getattr(self, "_descriptor", -1) >= 0:
            self.close()

    def _open(self) -> int:
        try:
            if self._path.exists() and not stat.S_ISREG(self._path.stat().st_mode):
                raise InvalidDocument(
                    f"{shown_path(self._path)} is a folder, a device or a pipe, and a checkpoint "
                    "is a regular file; name another one."
                )
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | BINARY, 0o666)
        except InvalidDocument:
            raise
        except (OSError, ValueError) as error:  # a name with a NUL in it is a ValueError
            raise self._cannot(error) from None
        if not lock(descriptor):
            os.close(descriptor)
            raise CannotWrite(
                f"{shown_path(self._path)} is in use by another process; wait for its end, or name "
                "another file."
            )
        return descriptor

    def _whole_lines(self) -> list[bytes]:
        """The lines that were written whole; what is left of another is cut off the file's end.

        Nothing is cut before the file is known to be a journal of this kind.
        """
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        beginning = os.read(self._descriptor, LONGEST_HEADER)
        first, line_end, _ = beginning.partition(b"\n")
        is_ours = (
            _is_alike(first, self._header)
            if line_end
            else _line(self._header).startswith(beginning)
        )
        if not is_ours:
            raise self._is_another()
        content = beginning + self._rest()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            os.ftruncate(self._descriptor, len(whole))
        return whole.splitlines()

    def _rest(self) -> bytes:
        with open(self._descriptor, "rb", closefd=False) as file:
            return file.read()

    def _is_another(self) -> InvalidDocument:
        return InvalidDocument(
            f"{shown_path(self._path)} is no checkpoint of this kind ({self._header['format']}), "
            "and is left as it is; name another file."
        )

    def _cannot(self, error: OSError | ValueError) -> CannotWrite:
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        return CannotWrite(
            f"{shown_path(self._path)} cannot be written: {reason}; free it or name another file."
        )


def _is_alike(line: bytes, header: Mapping[str, object]) -> bool:
    """Whether a line is a header of the same format."""
    try:
        found: object = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and found.get("format") == header["format"]


def _line(document: Mapping[str, object]) -> bytes:
    return json.dumps(document).encode() + b"\n"

"""Reading a source once, and within stated limits.

A source is a file, a pipe or standard input, plain or gzip. It is opened once, so that a pipe is
read like a file. What it holds is limited in bytes (after decompression), in lines and in the
length of a line: a small file must not fill the memory or take minutes unnoticed.
"""

from __future__ import annotations

import gzip
import io
import os
import stat
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

from amin_ref.model.errors import AminError, shown_path

STANDARD_INPUT = "-"
"""The name under which a command line means standard input."""

BEGINNING = 200
"""Bytes by which an instance or schedule is told from a trace: its first field is among them."""

_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Limits:
    """How large an input may be.

    Attributes:
        bytes: in all, after decompression: a schedule of two million requests has as many.
        expansion: bytes that one compressed byte may stand for; text has about 5 to 20.
        unpacked: bytes to which a compressed input may grow in any case: those of a small trace.
        lines: in all; as many as the most requests that may be asked for.
        line: bytes in a line, decompressed; a request has about a hundred.
    """

    bytes: int = 2**29
    expansion: int = 100
    unpacked: int = 2**24
    lines: int = 10**7
    line: int = 2**24

    def times(self, factor: int) -> Limits:
        """All limits multiplied."""
        return Limits(
            bytes=factor * self.bytes,
            expansion=factor * self.expansion,
            unpacked=factor * self.unpacked,
            lines=factor * self.lines,
            line=factor * self.line,
        )


LIMITS = Limits()
"""The default limits."""

RAISE_LIMITS = "if it is as it should be, raise the limits with --input-limit 10"
"""What to do about an input that is too large."""


class CannotRead(AminError, ValueError):
    """A source that cannot be read, or that is larger than its limits.

    Args:
        name: of the source, for messages.
        why: what is wrong and what to do about it, without a full stop.
    """

    def __init__(self, name: str, why: str) -> None:
        self.name = name
        self.why = why
        super().__init__(f"{name}: {why}.")


class Source:
    """An input that was opened once; see :func:`open_source`.

    Attributes:
        name: what messages call it: its path in quotes, or ``standard input``.
        beginning: the first :data:`BEGINNING` bytes, decompressed; all if it has fewer.
    """

    def __init__(self, name: str, plain: io.BufferedReader, limits: Limits) -> None:
        self.name = name
        self._limits = limits
        self._read = 0
        with self._telling():
            is_packed = plain.peek(len(_GZIP_MAGIC)).startswith(_GZIP_MAGIC)
            self._stream = gzip.GzipFile(fileobj=plain) if is_packed else plain
            self._most = _most_bytes(plain, limits) if is_packed else limits.bytes
            self._known_size = 0 if is_packed else _bytes_left(plain)
            self.beginning = self._counted(self._stream.read(BEGINNING))

    def text(self) -> str:
        """All of it, as UTF-8 text without a byte order mark.

        Raises:
            CannotRead: it cannot be read, is larger than the limits, or is no UTF-8 text.
        """
        # A file that is too large is refused before it is read, and takes no memory.
        self._refuse_if_larger(self._known_size)
        parts = [self.beginning]
        with self._telling():
            while part := self._counted(self._stream.read(2**20)):
                parts.append(part)
        try:
            return b"".join(parts).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise CannotRead(
                self.name, f"byte {error.start} is no UTF-8 text; give a text file"
            ) from None

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Its lines, with their line ends and their numbers (from 1), one at a time.

        Raises:
            CannotRead: see :meth:`text`; raised when the line concerned is asked for.
        """
        number = 0
        begun = self.beginning
        while True:
            with self._telling(number):
                line = begun
                while b"\n" not in line and len(line) <= self._limits.line:
                    room = self._limits.line + 1 - len(line)
                    part = self._counted(self._stream.readline(room))
                    if not part:
                        break
                    line += part
            if not line:
                return
            line, end, begun = line.partition(b"\n")
            number += 1
            if len(line) > self._limits.line:
                raise CannotRead(
                    self.name,
                    f"line {number} is longer than {self._limits.line:,} bytes; give one request "
                    f"a line, or, {RAISE_LIMITS}",
                )
            if number > self._limits.lines:
                raise CannotRead(
                    self.name, f"there are more than {self._limits.lines:,} lines; {RAISE_LIMITS}"
                )
            yield number, line + end

    def _counted(self, taken: bytes) -> bytes:
        self._read += len(taken)
        self._refuse_if_larger(self._read)
        return taken

    def _refuse_if_larger(self, size: int) -> None:
        if size > self._most:
            raise CannotRead(self.name, f"it has more than {self._most:,} bytes; {RAISE_LIMITS}")

    @contextmanager
    def _telling(self, line: int = 0) -> Iterator[None]:
        """Failures of the system and of gzip, as sentences."""
        after = f" (after line {line})" if line else ""
        try:
            yield
        except EOFError:
            why = f"the gzip stream ends too early{after}; fetch the file again"
            raise CannotRead(self.name, why) from None
        except (zlib.error, gzip.BadGzipFile):
            why = f"the gzip stream is damaged{after}; fetch the file again"
            raise CannotRead(self.name, why) from None
        except OSError as error:
            raise CannotRead(self.name, _reason(error)) from None


def _bytes_left(plain: io.BufferedReader) -> int:
    """Bytes from here to the end of a regular file; 0 for a pipe or a device."""
    status = os.fstat(plain.fileno())
    return status.st_size - plain.tell() if stat.S_ISREG(status.st_mode) else 0


def _most_bytes(packed: io.BufferedReader, limits: Limits) -> int:
    """What a compressed input may grow to: of a pipe, the size before is not known."""
    status = os.fstat(packed.fileno())
    if not stat.S_ISREG(status.st_mode):
        return limits.bytes
    return min(limits.bytes, max(limits.unpacked, limits.expansion * status.st_size))


@contextmanager
def open_source(path: str | os.PathLike[str], limits: Limits = LIMITS) -> Iterator[Source]:
    """Open a file, a pipe or, for ``"-"``, standard input, once.

    Raises:
        CannotRead: it is missing, a folder, or cannot be read.
    """
    if path == STANDARD_INPUT:
        if sys.stdin is None:
            raise CannotRead("standard input", "it is closed; give a file, or open it")
        yield Source("standard input", _buffered(sys.stdin), limits)
        return
    name = shown_path(path)
    try:
        plain = open(path, "rb")  # noqa: SIM115 - closed below; an error here is told apart
    except (OSError, ValueError) as error:  # a path with a NUL in it is a ValueError
        raise CannotRead(name, _reason(error)) from None
    with plain:
        yield Source(name, plain, limits)


def _buffered(stream: TextIO) -> io.BufferedReader:
    binary = stream.buffer
    assert isinstance(binary, io.BufferedReader)
    return binary


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file; check the path"
    if isinstance(error, IsADirectoryError):
        return "this is a directory; give a file in it"
    if isinstance(error, PermissionError):
        return "it may not be read; change its permissions or give another file"
    what = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"it cannot be read ({what}); give a readable file"

"""Standard input, output and error: closed, full, broken or unbuffered."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TextIO

from amin_ref.model.errors import CannotWrite

OUTPUT_NAMES = ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
"""File names of standard output."""

_INPUT, _OUTPUT, _ERROR = range(3)
"""The descriptors of the three streams."""


class ClosedOutput(io.TextIOBase):
    """Standard output that was closed before the program began: every write fails."""

    def write(self, text: str) -> int:
        """Fail, unless there is nothing to write.

        Raises:
            OSError: ``text`` is not empty.
        """
        if text:
            raise OSError(errno.EBADF, "standard output is closed")
        return 0


def prepare_streams() -> None:
    """Make the three streams safe to use.

    A file that is opened while descriptor 0, 1 or 2 is closed gets that number, and would receive
    what is printed: the numbers are taken by the null device. A result for a closed standard output
    is an error, messages for a closed standard error vanish, and a closed standard input is told
    when it is read.
    """
    closed = [number for number in range(3) if not _is_open(number)]
    for number in closed:
        taken = os.open(os.devnull, os.O_RDONLY if number == _INPUT else os.O_WRONLY)
        assert taken == number  # the lowest that is free
        os.set_inheritable(taken, True)  # else the number would be free in worker processes
    if _OUTPUT in closed or sys.stdout is None:
        sys.stdout = ClosedOutput()
    else:
        sys.stdout = _buffered(sys.stdout)
    if _ERROR in closed or sys.stderr is None:
        sys.stderr = open(_ERROR, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - to the end


def demand_standard_output() -> None:
    """Refuse to begin a long work whose result has nowhere to go.

    Raises:
        CannotWrite: standard output is closed.
    """
    if isinstance(sys.stdout, ClosedOutput):
        raise CannotWrite(
            "standard output is closed; open it, or have the result written to a file."
        )


def flush_or_drop(stream: TextIO) -> OSError | None:
    """Write what a stream has buffered; the error, if it cannot be written.

    What cannot be written is dropped: Python would try once more when it exits, and then end with
    an exit code of its own.
    """
    try:
        stream.flush()
    except OSError as error:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
        return error
    return None


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _buffered(stream: TextIO) -> TextIO:
    """The same stream with a buffer, if it has none.

    With PYTHONUNBUFFERED it has none, and then Python drops what a pipe or a full disk does not
    take at once, and says nothing.
    """
    raw = getattr(stream, "buffer", None)
    if not isinstance(raw, io.FileIO):
        return stream
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=stream.encoding, errors=stream.errors, line_buffering=True
    )

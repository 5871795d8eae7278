"""One process at a time on a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

if sys.platform == "win32":
    import msvcrt

    _LOCKED_BYTE = 2**30
    """A byte behind the end of any checkpoint: Windows lets no other process read a locked one."""

    def _lock(descriptor: int) -> None:
        _at_the_locked_byte(descriptor, msvcrt.LK_NBLCK)

    def _unlock(descriptor: int) -> None:
        _at_the_locked_byte(descriptor, msvcrt.LK_UNLCK)

    def _at_the_locked_byte(descriptor: int, mode: int) -> None:
        position = os.lseek(descriptor, 0, os.SEEK_CUR)
        try:
            os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, mode, 1)
        finally:
            os.lseek(descriptor, position, os.SEEK_SET)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def lock(descriptor: int) -> bool:
    """Take the lock of an open file for this process; ``False`` if another process has it.

    The lock goes with the descriptor: it is free when that is closed, or the process is killed.
    """
    try:
        _lock(descriptor)
    except OSError:
        return False
    return True


@contextmanager
def locked(descriptor: int) -> Iterator[bool]:
    """Whether this process has the lock of an open file, within the context."""
    taken = lock(descriptor)
    try:
        yield taken
    finally:
        if taken:
            _unlock(descriptor)

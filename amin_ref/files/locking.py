"""One process at a time on a file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _unlock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

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

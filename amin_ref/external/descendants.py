"""Every process that a program has started, also those in sessions of their own.

Linux only, by its list of processes; on other systems only a program's process group can be found.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

MARK = "AMIN_REF_PROGRAM"
"""The environment variable by which a program's descendants are known: processes inherit it, and
what daemons do to detach themselves (fork twice, make a session) leaves it in place."""

LONGEST = 2.0
"""Seconds for killing descendants: some may start others meanwhile, some cannot be killed."""

_PROCESSES = Path("/proc")

_PAUSE = 0.002
"""Seconds between two looks: the system needs a moment to end a process."""


@dataclass(frozen=True, slots=True)
class ProcessMark:
    """An environment variable that identifies the descendants of one program."""

    token: str

    @classmethod
    def new(cls) -> ProcessMark:
        """A mark that no other process has."""
        return cls(secrets.token_hex(16))

    def environment(self) -> Mapping[str, str]:
        """The environment of the marked program; it keeps the marks of this process."""
        others = os.environ.get(MARK)
        return {**os.environ, MARK: f"{others}:{self.token}" if others else self.token}


def kill_descendants(program: int, mark: ProcessMark) -> None:
    """Kill a program and all its descendants that still run. Never fails.

    They are found by the mark, by their parents and by their sessions. A process that has no mark,
    since its environment was wiped, and was also left by its parent, is not found. On other systems
    than Linux nothing is killed.

    Args:
        program: number of the process that was started with the mark, not reaped yet.
        mark: its mark.
    """
    if sys.platform != "linux":
        return
    until = time.monotonic() + LONGEST
    while found := _descendants(program, mark):
        for process in found:
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGKILL)
        if time.monotonic() > until:
            return
        time.sleep(_PAUSE)


@dataclass(frozen=True, slots=True)
class _Process:
    """A line of the system's list."""

    number: int
    parent: int
    session: int
    is_marked: bool


def _descendants(program: int, mark: ProcessMark) -> set[int]:
    processes = list(_running(mark))
    found = {program} | {process.number for process in processes if process.is_marked}
    while True:
        # A session is found by its leader, so that no session but the descendants' own is.
        more = {
            process.number
            for process in processes
            if process.parent in found or process.session in found
        } - found
        if not more:
            return found & {process.number for process in processes}
        found |= more


def _running(mark: ProcessMark) -> Iterator[_Process]:
    """The processes of this system that have not ended; none where it has no list."""
    with contextlib.suppress(OSError):
        for entry in os.scandir(_PROCESSES):
            if entry.name.isdigit():
                # A process that cannot be read has ended, or is not a descendant.
                with contextlib.suppress(OSError):
                    process = _read(int(entry.name), mark)
                    if process is not None and process.number != os.getpid():
                        yield process


def _read(number: int, mark: ProcessMark) -> _Process | None:
    folder = _PROCESSES / str(number)
    # The name, in brackets, may hold anything; behind it: state, parent, process group, session.
    state, parent, _, session = (
        (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[:4]
    )
    if state in "ZX":
        return None
    is_marked = False
    with contextlib.suppress(PermissionError):
        is_marked = mark.token.encode() in (folder / "environ").read_bytes()
    return _Process(number, int(parent), int(session), is_marked)

"""A sentence on standard error when a command takes much memory, terminal or not."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

import click

from amin_ref.cli.messages import is_quiet, tell

MEGABYTE = 10**6

SILENT_MEGABYTES = 200
"""Megabytes that a command may take unsaid: Python and every library of ours take half of them."""

GROWTH_MEGABYTES = 100
"""The same for a command in a process that has grown before, in which a program runs several."""

SECONDS_BETWEEN_LOOKS = 0.05
"""Seconds between two looks at the memory. A look takes a few microseconds."""

_PEAK = re.compile(rb"VmHWM:\s+(\d+) kB")


@contextmanager
def told_if_large(context: click.Context) -> Iterator[None]:
    """Say once, within this context, that the process takes more than 200 MB of memory.

    Nothing is said with ``--quiet``, nor on a system that does not tell.
    """
    before = peak()
    if before is None:
        yield
        return
    most = max(SILENT_MEGABYTES * MEGABYTE, before + GROWTH_MEGABYTES * MEGABYTE)
    ended = Event()
    told = Event()

    def look() -> None:
        if not told.is_set() and (peak() or 0) > most:
            told.set()
            with context.scope(cleanup=False), suppress(OSError, ValueError):
                if not is_quiet():
                    tell(f"this takes more than {most // MEGABYTE} MB of memory; Ctrl-C ends it.")

    def watch() -> None:
        while not told.is_set() and not ended.wait(SECONDS_BETWEEN_LOOKS):
            look()

    watching = Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield
    finally:
        ended.set()
        watching.join()
        look()  # one long step of C code may have kept the thread from looking


def peak() -> int | None:
    """The most memory that the process has had so far, in bytes; ``None`` where that is unknown."""
    # Not getrusage on Linux, which begins at what the process had that started this one.
    with suppress(OSError):
        with open("/proc/self/status", "rb") as status:
            found = _PEAK.search(status.read())
        return int(found[1]) * 1024 if found else None
    if sys.platform == "win32":
        return None
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit

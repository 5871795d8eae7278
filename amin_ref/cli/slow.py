"""A sentence on standard error when something takes longer than two seconds, terminal or not.

It needs no library that takes long to import, unlike ``progress``, which draws.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Timer

from amin_ref.cli.messages import is_quiet, tell

SILENT_SECONDS = 2.0
"""Seconds before anything is said or drawn: quick commands say nothing."""


@contextmanager
def told_if_slow(doing: str) -> Iterator[None]:
    """Say that ``doing``, such as ``reading 'log.json'``, takes long, once it does.

    Nothing is said with ``--quiet``.
    """
    if is_quiet():
        yield
        return
    telling = Timer(SILENT_SECONDS, _tell, (doing,))
    telling.daemon = True
    telling.start()
    try:
        yield
    finally:
        telling.cancel()
        telling.join()


def _tell(doing: str) -> None:
    # Standard error may be closed or full: what is being done must not fail because of that.
    with suppress(OSError, ValueError):
        tell(f"{doing} takes longer than {SILENT_SECONDS:g} seconds; Ctrl-C ends it.")

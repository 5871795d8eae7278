"""Progress on stderr, for what takes long and only where somebody watches."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

PATIENCE = 2.0
"""Seconds of silence before progress is shown."""


class Watch:
    """A progress bar that appears only once the work has taken :data:`PATIENCE` seconds."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task
        self._since = time.monotonic()
        self._shown = False

    def update(self, completed: int, doing: str) -> None:
        """Tell how many units are done, and what is going on."""
        if not self._shown and time.monotonic() - self._since > PATIENCE:
            self._progress.start()
            self._shown = True
        self._progress.update(self._task, completed=completed, description=doing)


@contextmanager
def watching(total: int) -> Iterator[Watch]:
    """A :class:`Watch` over ``total`` units of work; gone afterwards, whatever happened."""
    console = Console(stderr=True)
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    try:
        yield Watch(progress, progress.add_task("", total=total))
    finally:
        progress.stop()

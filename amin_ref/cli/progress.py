"""Progress on stderr, for what takes long and only where somebody watches."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

PATIENCE = 2.0
"""Seconds of silence before progress is shown."""


class Watch:
    """Progress that appears only once the work has taken :data:`PATIENCE` seconds."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task
        self._since = time.monotonic()
        self._shown = False

    def update(self, completed: float, doing: str) -> None:
        """Tell how many units are done, and what is going on."""
        if not self._shown and time.monotonic() - self._since > PATIENCE:
            self._progress.start()
            self._shown = True
        self._progress.update(self._task, completed=completed, description=doing)


@contextmanager
def watching(total: int) -> Iterator[Watch]:
    """A :class:`Watch` over ``total`` units of work; gone afterwards, whatever happened."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with _shown(columns, total) as watch:
        yield watch


@contextmanager
def solving(seconds: float) -> Iterator[Watch]:
    """A :class:`Watch` over work that ends when it is done, or after so many seconds."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with _shown(columns, seconds) as watch:
        yield watch


@contextmanager
def _shown(columns: tuple[ProgressColumn, ...], total: float) -> Iterator[Watch]:
    console = Console(stderr=True)
    progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    try:
        yield Watch(progress, progress.add_task("", total=total))
    finally:
        progress.stop()


@contextmanager
def asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed: once asks for the best so far, twice interrupts."""
    presses: list[int] = []
    before = signal.getsignal(signal.SIGINT)

    def press(number: int, _: FrameType | None) -> None:
        presses.append(number)
        if len(presses) > 1:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, press)
    try:
        yield lambda: bool(presses)
    finally:
        signal.signal(signal.SIGINT, before)

"""Progress on stderr, for what takes long and only where somebody watches."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer
from types import FrameType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

PATIENCE = 2.0
"""Seconds of silence before progress is shown."""


class Watch:
    """What the user sees of work that goes on."""

    def __init__(self, progress: Progress, doing: str, total: float | None) -> None:
        self._progress = progress
        self._task = progress.add_task(doing, total=total)

    def update(self, completed: float, doing: str) -> None:
        """Tell how many units are done, and what is going on."""
        self._progress.update(self._task, completed=completed, description=doing)


@contextmanager
def watching(total: int) -> Iterator[Watch]:
    """A :class:`Watch` over ``total`` units of work, with an estimate of what is left."""
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with _shown("", columns, total) as watch:
        yield watch


@contextmanager
def solving(seconds: float) -> Iterator[Watch]:
    """A :class:`Watch` over work that ends when it is done, or after so many seconds."""
    with _shown("", (BarColumn(), TimeElapsedColumn()), seconds) as watch:
        yield watch


@contextmanager
def busy(doing: str) -> Iterator[None]:
    """A sign of life for work that cannot tell how far it is."""
    with _shown(doing, (SpinnerColumn(), TimeElapsedColumn()), None):
        yield


@contextmanager
def _shown(doing: str, columns: tuple[ProgressColumn, ...], total: float | None) -> Iterator[Watch]:
    """Progress from :data:`PATIENCE` seconds on; gone afterwards, whatever happened."""
    console = Console(stderr=True)
    description = TextColumn("{task.description}")
    progress = Progress(description, *columns, console=console, transient=True)
    # Without a terminal it never begins, and nothing is written.
    beginning = Timer(PATIENCE, progress.start)
    beginning.daemon = True
    if console.is_terminal:
        beginning.start()
    try:
        yield Watch(progress, doing, total)
    finally:
        beginning.cancel()
        if beginning.ident is not None:
            beginning.join()
        # What never began would end with an empty line.
        if progress.live.is_started:
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

"""Progress on standard error, drawn on a terminal, and Ctrl-C that ends a search early."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
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

from amin_ref.cli.messages import is_quiet
from amin_ref.cli.signals import ENDING, interruption, remember
from amin_ref.cli.slow import SILENT_SECONDS, told_if_slow


class Watch:
    """A line of progress on the terminal."""

    def __init__(self, progress: Progress, doing: str, total: float | None) -> None:
        self._progress = progress
        self._task = progress.add_task(doing, total=total)

    def update(self, completed: float, doing: str) -> None:
        """Show that ``completed`` units are done, and what is being done now."""
        self._progress.update(self._task, completed=completed, description=doing)


@contextmanager
def watching(total: int, work: str) -> Iterator[Watch]:
    """A :class:`Watch` over work of ``total`` units, with an estimate of the time left.

    Without a terminal, a sentence says that the work takes long: ``work`` is its subject, such as
    ``simulating 2,000 requests``.
    """
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with _shown("", columns, total, work) as watch:
        yield watch


@contextmanager
def solving(seconds: float) -> Iterator[Watch]:
    """A :class:`Watch` over work that takes at most ``seconds``."""
    search = f"the search, with a time limit of {seconds:g} s,"
    with _shown("", (BarColumn(), TimeElapsedColumn()), seconds, search) as watch:
        yield watch


@contextmanager
def busy(doing: str) -> Iterator[None]:
    """A spinner over work whose progress is not known."""
    with _shown(doing, (SpinnerColumn(), TimeElapsedColumn()), None, doing):
        yield


@contextmanager
def _shown(
    doing: str, columns: tuple[ProgressColumn, ...], total: float | None, slow: str | None = None
) -> Iterator[Watch]:
    """Progress, shown after :data:`SILENT_SECONDS` and removed at the end, errors included.

    Without a terminal, a sentence says instead that ``slow`` takes long; with ``None``, none does.
    """
    console = Console(stderr=True)
    description = TextColumn("{task.description}")
    progress = Progress(description, *columns, console=console, transient=True)
    # Without a terminal the display is never started, and nothing is written.
    beginning = Timer(SILENT_SECONDS, progress.start)
    beginning.daemon = True
    if console.is_terminal and not is_quiet():
        beginning.start()
    try:
        with ExitStack() as stack:
            if slow is not None and not console.is_terminal:
                stack.enter_context(told_if_slow(slow))
            yield Watch(progress, doing, total)
    finally:
        beginning.cancel()
        if beginning.ident is not None:
            beginning.join()
        # Stopping a display that was never started would print an empty line.
        if progress.live.is_started:
            progress.stop()


@contextmanager
def asked_to_stop() -> Iterator[Callable[[], bool]]:
    """A function that says whether a signal asked the command to stop.

    The second of these signals interrupts the program.
    """
    received: list[int] = []
    before = {number: signal.getsignal(number) for number in ENDING}

    def receive(number: int, frame: FrameType | None) -> None:
        received.append(number)
        remember(number)
        if len(received) > 1:
            handler = before[signal.Signals(number)]
            if not callable(handler):
                raise interruption(number)
            handler(number, frame)

    for number in ENDING:
        signal.signal(number, receive)
    try:
        yield lambda: bool(received)
    finally:
        for number in ENDING:
            signal.signal(number, before[number])

"""SIGINT (Ctrl-C), SIGTERM and SIGHUP end a command by an exception, so that all is cleaned up.

SIGHUP is what the processes of a terminal get when its window or connection is closed.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import click

ENDING: tuple[signal.Signals, ...] = (signal.SIGINT, signal.SIGTERM)
"""The signals that end the program; beside these SIGHUP, which Windows does not have."""

HANG_UP = 1
"""The number of SIGHUP, on every system that has it."""

if sys.platform != "win32":
    ENDING += (signal.SIGHUP,)

SECONDS_BETWEEN_LOOKS = 0.02
"""Seconds between two checks whether the import that a signal interrupted has ended."""

MOST_LOOKS = 250
"""Number of checks, five seconds in all, after which the signal ends even an import."""

Handler = Callable[[int, FrameType | None], object]

_WHOLE = ("<frozen importlib", "popen_spawn_posix.py", "amin_ref/cli/workers.py")
"""Files whose code no signal may interrupt: Python's own that imports modules and that starts a
worker process and then sends it its work, and ours that begins and ends the pool of them."""


_RECEIVED = "amin_ref.cli.signal"
"""Where click's context keeps the signal that asked the command to stop."""


class Terminated(KeyboardInterrupt):
    """SIGTERM arrived. Code that cleans up after KeyboardInterrupt cleans up after this, too."""


class HungUp(KeyboardInterrupt):
    """SIGHUP arrived."""


def interruption(number: int) -> KeyboardInterrupt:
    """The exception for a signal."""
    if number == signal.SIGTERM:
        return Terminated()
    return HungUp() if number == HANG_UP else KeyboardInterrupt()


def signal_of(error: KeyboardInterrupt) -> int:
    """The signal that an exception stands for."""
    if isinstance(error, Terminated):
        return signal.SIGTERM
    return HANG_UP if isinstance(error, HungUp) else signal.SIGINT


def remember(number: int) -> None:
    """Note a signal that asks the command to stop, for :func:`received`."""
    context = click.get_current_context(silent=True)
    if context is not None:
        context.meta[_RECEIVED] = number


def received() -> int | None:
    """The signal that asked the command to stop; ``None`` if none did."""
    number: int | None = click.get_current_context().meta.get(_RECEIVED)
    return number


def was_asked_to_stop() -> bool:
    """Whether a signal asked the command to stop."""
    return received() is not None


def raise_if_asked_to_stop() -> None:
    """End the command if it was asked to stop.

    Raises:
        KeyboardInterrupt: as :func:`interruption` has it.
    """
    number = received()
    if number is not None:
        raise interruption(number)


class Interruption:
    """The handler of the signals: it raises an exception, but never within an import.

    A module that is left half imported may hide the exception: some turn it into another one, and
    what Python calls between the lines, such as ``__del__``, cannot pass it on. The exception is
    raised after the import, and again where it was lost. The same holds while a worker process
    starts. Windows has no clock that interrupts a program: there a signal ends an import at once.
    """

    def __init__(self) -> None:
        self._pending: int | None = None
        self._looks = 0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal.

        Raises:
            KeyboardInterrupt: as :func:`interruption` has it, unless modules are being imported.
        """
        self._pending = number
        self._looks = 0
        self._raise_between_steps(frame)

    def look_again(self, _: int, frame: FrameType | None) -> None:
        """Handle the clock's signal, which comes :data:`SECONDS_BETWEEN_LOOKS` after a look.

        Raises:
            KeyboardInterrupt: as for the signal that was put off.
        """
        self._raise_between_steps(frame)

    def was_lost(self) -> None:
        """Raise the exception once more, soon: Python could not pass it on."""
        self._look_soon()

    def _raise_between_steps(self, frame: FrameType | None) -> None:
        if self._pending is None:
            return
        if sys.platform != "win32" and _is_within_a_step(frame) and self._looks < MOST_LOOKS:
            self._looks += 1
            self._look_soon()
            return
        raise interruption(self._pending)

    def _look_soon(self) -> None:
        if sys.platform != "win32":
            signal.setitimer(signal.ITIMER_REAL, SECONDS_BETWEEN_LOOKS)


def _is_within_a_step(frame: FrameType | None) -> bool:
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(_WHOLE) or file.endswith(_WHOLE):
            return True
        frame = frame.f_back
    return False


@contextmanager
def signals_raise() -> Iterator[None]:
    """Within the context, the signals of :data:`ENDING` raise exceptions in the main thread.

    A signal that is ignored stays ignored. Afterwards each has the handler that it had before.
    """
    handler = Interruption()
    hook = sys.unraisablehook

    def notice(lost: sys.UnraisableHookArgs) -> None:
        if issubclass(lost.exc_type, KeyboardInterrupt):
            handler.was_lost()
        else:
            hook(lost)

    before = {number: signal.getsignal(number) for number in ENDING}
    if sys.platform != "win32":
        clock = signal.signal(signal.SIGALRM, handler.look_again)
    sys.unraisablehook = notice
    try:
        for number in ENDING:
            if before[number] is not signal.SIG_IGN:
                signal.signal(number, handler)
        yield
    finally:
        for number in ENDING:
            signal.signal(number, before[number])
        if sys.platform != "win32":
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, clock)
        sys.unraisablehook = hook

"""Worker processes for commands whose work can be shared."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import ParamSpec, TypeVar

import click

from amin_ref.cli.signals import ENDING

Given = ParamSpec("Given")
Result = TypeVar("Result")


@contextmanager
def processes(workers: int) -> Iterator[Executor | None]:
    """A pool of ``workers`` processes; ``None`` for one, as the caller's own process does the work.

    Raises:
        click.ClickException: a worker process was killed.
    """
    if workers == 1:
        yield None
        return
    with worker_pool(workers) as executor:
        yield executor


@contextmanager
def worker_pool(workers: int) -> Iterator[Executor]:
    """A pool of ``workers`` processes.

    When the block ends, the result of a task that still runs is not needed: its process is ended
    at once, so that Ctrl-C takes effect at once. When this process is killed, they end as well.

    Raises:
        click.ClickException: a worker process was killed.
    """
    # Spawned, not forked: this process has threads that show progress, and a fork would copy locks
    # that they hold.
    _start_tracker()
    executor = _Pool(workers, mp_context=_Spawned(), initializer=_begin_worker)
    before = multiprocessing.active_children()
    threads_before = threading.enumerate()
    try:
        yield executor
    except BrokenProcessPool:
        raise click.ClickException(
            "a worker process was killed; finished work is in the checkpoint, if there is one"
        ) from None
    finally:
        # First shut down, then kill: the pool's thread forgets cancelled tasks when it hears of
        # the shutdown, but raises an exception on a cancelled task if it hears first that a process
        # has ended (Python 3.11). That thread waits for the processes, and this one for the thread:
        # if two threads wait for one process, one of them takes it for still running.
        managing = [
            thread
            for thread in threading.enumerate()
            if thread not in threads_before and not thread.daemon
        ]
        executor.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            if process not in before:
                process.kill()
        for thread in managing:
            if thread.is_alive():  # not where a signal interrupted its start, as on Windows
                thread.join()


class _Pool(ProcessPoolExecutor):
    """A pool in which no signal interrupts the submission of a task or the start of a thread."""

    def submit(
        self, fn: Callable[Given, Result], /, *args: Given.args, **kwargs: Given.kwargs
    ) -> Future[Result]:
        """Submit the task; a signal that comes meanwhile is handled afterwards."""
        with _signals_blocked():
            return super().submit(fn, *args, **kwargs)


class _Worker(SpawnProcess):
    """A process that ignores Ctrl-C from its start: a terminal sends it to all processes."""

    def start(self) -> None:
        """Start the process, which begins with the signals blocked that this thread has blocked."""
        with _signals_blocked():
            super().start()


class _Spawned(SpawnContext):
    """Start processes by spawning them, as :class:`_Worker`."""

    Process = _Worker


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Within the context, signals that end the program wait until the context is left.

    Windows cannot block signals: there a signal may come within the context.
    """
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_NO_WARNING = "ignore::UserWarning:multiprocessing.resource_tracker"
"""The tracker removes the semaphores of a program that was killed, and warns that it had to."""


def _start_tracker() -> None:
    """Start the process that removes semaphores after this one, without its warning.

    Windows removes them by itself, and has no such process.
    """
    if sys.platform == "win32":
        return
    sys.warnoptions.append(_NO_WARNING)  # where multiprocessing finds the flags of what it starts
    try:
        resource_tracker.ensure_running()
    finally:
        sys.warnoptions.remove(_NO_WARNING)


def _begin_worker() -> None:
    """Leave these signals to the parent process, and end when the parent process ends."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_exit_after, args=(parent,), daemon=True).start()


def _exit_after(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)

"""Worker processes that share the work of a command."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

import click


@contextmanager
def processes(workers: int) -> Iterator[Executor | None]:
    """A pool of that many processes; ``None`` for 1, which means this process itself."""
    if workers == 1:
        yield None
        return
    # Not forked: forking a process with threads, such as those of progress, is not safe.
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin_worker)
    try:
        yield executor
    except BrokenProcessPool:
        raise click.ClickException(
            "a worker process was killed; finished work is in the checkpoint, if there is one"
        ) from None
    finally:
        # The command has its results, or was stopped: the results of running tasks are not needed.
        for process in multiprocessing.active_children():
            process.terminate()
        executor.shutdown(cancel_futures=True)


def _begin_worker() -> None:
    """Leave Ctrl-C to the parent, and end when it is killed, instead of waiting for ever."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_exit_after, args=(parent,), daemon=True).start()


def _exit_after(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)

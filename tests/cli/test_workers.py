"""Worker processes share work, and end at once when the pool ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import active_children, resource_tracker
from multiprocessing.context import SpawnProcess
from threading import Event, Thread, current_thread
from threading import enumerate as enumerate_threads
from types import SimpleNamespace

import click
import pytest

from amin_ref.cli import workers
from amin_ref.cli.signals import ENDING, Terminated, signals_raise
from amin_ref.cli.workers import processes

LONG = 60.0
"""Seconds of a task that is still running when its pool ends."""

SOON = 20.0
"""Seconds within which the pool has to end: a third of the task, for busy machines."""


def test_one_worker_is_the_caller() -> None:
    with processes(1) as executor:
        assert executor is None


def test_two_workers_share_the_work_and_end() -> None:
    with processes(2) as executor:
        assert executor is not None
        assert list(executor.map(abs, range(-5, 0))) == [5, 4, 3, 2, 1]
    assert active_children() == []


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_task_that_still_runs_is_not_waited_for(interrupted: bool) -> None:
    def leave() -> None:
        with processes(2) as executor:
            assert executor is not None
            running = executor.submit(time.sleep, LONG)
            while not running.running():
                time.sleep(0.01)
            if interrupted:
                raise KeyboardInterrupt

    before = time.monotonic()
    if interrupted:
        with pytest.raises(KeyboardInterrupt):
            leave()
    else:
        leave()
    assert time.monotonic() - before < SOON
    assert active_children() == []


def test_a_pool_waits_for_its_own_thread_and_for_no_daemon() -> None:
    """Such as a thread that draws progress, and ends when the program does."""
    ends = Event()
    before = enumerate_threads()
    began = time.monotonic()
    with processes(2) as executor:
        assert executor is not None
        daemon = Thread(target=ends.wait, args=(LONG,), daemon=True)
        daemon.start()
        assert executor.submit(abs, -3).result() == 3
    assert time.monotonic() - began < SOON
    assert [thread for thread in enumerate_threads() if thread not in before] == [daemon]
    ends.set()
    daemon.join()


OF_TWO_WORKERS = """
import os, time
from amin_ref.cli.workers import processes

with processes(2) as executor:
    print(executor.submit(os.getpid).result(), flush=True)
    time.sleep(600)
"""
"""Prints the number of a worker, then waits."""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_workers_end_when_the_process_that_started_them_is_killed() -> None:
    """Standard output, which all of them hold, is closed when the last of them has ended."""
    command = [sys.executable, "-c", OF_TWO_WORKERS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        worker = int(program.stdout.readline())
        program.kill()
        try:
            assert program.communicate(timeout=SOON)[0] == ""
        except subprocess.TimeoutExpired:
            os.kill(worker, signal.SIGKILL)
            raise


HANDED_OUT = 3
"""Tasks that a pool of two processes hands out: one to each process, and one in advance."""


def test_cancelled_tasks_do_not_end_the_thread_of_the_pool_with_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Python 3.11 raises InvalidStateError there, which pytest would report as a failure here.

    The delay before the shutdown is that of a busy machine: a process that was killed before has
    ended by then, and the pool's thread has noticed.
    """
    shutdown = ProcessPoolExecutor.shutdown

    def late(pool: ProcessPoolExecutor, wait: bool = True, *, cancel_futures: bool = False) -> None:
        time.sleep(0.2)
        shutdown(pool, wait, cancel_futures=cancel_futures)

    monkeypatch.setattr(ProcessPoolExecutor, "shutdown", late)
    with processes(2) as executor:
        assert executor is not None
        tasks = [executor.submit(time.sleep, LONG) for _ in range(2 * HANDED_OUT)]
        while sum(task.running() for task in tasks) < HANDED_OUT:
            time.sleep(0.01)
        assert sum(task.cancel() for task in tasks) == HANDED_OUT
    for thread in enumerate_threads():
        if thread is not current_thread() and not thread.daemon:
            thread.join()


def test_a_signal_during_the_start_of_a_pool_is_raised_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A pool cannot be ended while the thread that manages it exists and has not started."""
    started = Thread.start

    def interrupted_start(thread: Thread) -> None:
        signal.raise_signal(signal.SIGTERM)
        started(thread)

    def submit() -> None:
        with processes(2) as executor:
            assert executor is not None
            monkeypatch.setattr(Thread, "start", interrupted_start)
            executor.submit(abs, -1)
            time.sleep(SOON)  # until the signal is raised

    with signals_raise(), pytest.raises(Terminated):
        submit()
    assert active_children() == []


def test_a_signal_that_another_thread_receives_waits_for_the_start_of_a_pool(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The operating system gives a signal to any thread, such as one that shows progress.

    Python handles it in the main thread, whose own blocking of signals does not help then.
    """
    started = Thread.start
    begins, received = Event(), Event()

    def receive() -> None:
        begins.wait()
        signal.raise_signal(signal.SIGTERM)
        received.set()

    def interrupted_start(thread: Thread) -> None:
        begins.set()
        received.wait()
        time.sleep(0.1)  # the main thread handles the signal here
        started(thread)

    def submit() -> None:
        with processes(2) as executor:
            assert executor is not None
            monkeypatch.setattr(Thread, "start", interrupted_start)
            executor.submit(abs, -1)
            time.sleep(SOON)  # until the signal is raised

    Thread(target=receive).start()
    with signals_raise(), pytest.raises(Terminated):
        submit()
    assert active_children() == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such process")
def test_the_process_that_removes_semaphores_starts_without_its_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The option reaches that process alone."""
    at_start: list[list[str]] = []
    monkeypatch.setattr(
        resource_tracker, "ensure_running", lambda: at_start.append(list(sys.warnoptions))
    )
    before = list(sys.warnoptions)
    workers._start_tracker()
    assert at_start == [[*before, "ignore::UserWarning:multiprocessing.resource_tracker"]]
    assert sys.warnoptions == before


def kill_its_worker() -> None:
    with processes(2) as executor:
        assert executor is not None
        running = executor.submit(time.sleep, LONG)
        while not running.running():
            time.sleep(0.01)
        for process in active_children():
            process.kill()
        running.result()


def test_a_killed_worker_is_reported_in_one_sentence() -> None:
    with pytest.raises(click.ClickException, match="a worker process was killed"):
        kill_its_worker()


class Pool:
    """In the place of a pool: says how it was made and ended."""

    made: list[tuple[str, object, dict[str, object]]]

    def __init__(self, workers: int, **how: object) -> None:
        self.made.append(("made", workers, how))

    def shutdown(self, **how: object) -> None:
        self.made.append(("ended", None, how))


def test_a_pool_spawns_its_processes_and_cancels_its_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the process that removes semaphores, which is started first."""
    Pool.made = []
    monkeypatch.setattr(workers, "_Pool", Pool)
    monkeypatch.setattr(workers, "_start_tracker", lambda: Pool.made.append(("tracker", None, {})))
    with processes(3):
        pass
    tracker, (_, size, how), ended = Pool.made
    assert tracker[0] == "tracker"
    assert size == 3
    assert isinstance(how.pop("mp_context"), workers._Spawned)
    assert how == {"initializer": workers._begin_worker}
    assert ended == ("ended", None, {"wait": False, "cancel_futures": True})


def test_a_task_is_submitted_with_all_its_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    submitted: list[tuple[object, ...]] = []

    def submit(_: object, *given: object, **named: object) -> str:
        submitted.append((*given, named))
        return "a future"

    monkeypatch.setattr(ProcessPoolExecutor, "submit", submit)
    pool = workers._Pool.__new__(workers._Pool)
    assert str(pool.submit(int, "12", base=3)) == "a future"
    assert submitted == [(int, "12", {"base": 3})]


def test_a_worker_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    monkeypatch.setattr(SpawnProcess, "start", lambda process: started.append(process))
    worker = workers._Worker()
    worker.start()
    assert started == [worker]


class Parent:
    """The parent process of a worker, as the worker sees it."""

    def __init__(self) -> None:
        self.ended = Event()

    def join(self) -> None:
        self.ended.wait(LONG)


class TestBegin:
    @pytest.fixture
    def signals(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, object]]:
        done: list[tuple[object, object]] = []
        monkeypatch.setattr(signal, "signal", lambda *given: done.append(given))
        monkeypatch.setattr(
            signal, "pthread_sigmask", lambda how, which: done.append((how, tuple(which)))
        )
        return done

    def test_a_worker_ignores_signals_and_ends_with_its_parent(
        self, signals: list[tuple[object, object]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        parent, codes, before = Parent(), list[int](), enumerate_threads()
        monkeypatch.setattr(multiprocessing, "parent_process", lambda: parent)
        monkeypatch.setattr(workers, "os", SimpleNamespace(_exit=codes.append))
        workers._begin_worker()
        (waiting,) = [thread for thread in enumerate_threads() if thread not in before]
        assert waiting.daemon
        assert codes == []
        parent.ended.set()
        waiting.join(SOON)
        assert codes == [1]
        ignored = [(number, signal.SIG_IGN) for number in ENDING]
        assert signals == [*ignored, (signal.SIG_UNBLOCK, ENDING)]

    def test_the_first_process_waits_for_no_parent(
        self, signals: list[tuple[object, object]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(multiprocessing, "parent_process", lambda: None)
        before = enumerate_threads()
        workers._begin_worker()
        assert enumerate_threads() == before

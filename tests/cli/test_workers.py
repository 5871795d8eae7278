"""Worker processes: they share work, and end at once when they are no longer needed."""

from __future__ import annotations

import time
from multiprocessing import active_children

import click
import pytest

from amin_ref.cli.workers import processes

LONG = 60.0
"""Seconds of a task that is still running when its pool ends."""

SOON = 20.0
"""Seconds within which it has to end: a third of the task, on however busy a machine."""


def test_one_worker_is_the_caller() -> None:
    with processes(1) as executor:
        assert executor is None


def test_two_share_the_work_and_end() -> None:
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


def kill_its_worker() -> None:
    with processes(2) as executor:
        assert executor is not None
        running = executor.submit(time.sleep, LONG)
        while not running.running():
            time.sleep(0.01)
        for process in active_children():
            process.kill()
        running.result()


def test_a_killed_worker_is_said_in_one_sentence() -> None:
    with pytest.raises(click.ClickException, match="a worker process was killed"):
        kill_its_worker()

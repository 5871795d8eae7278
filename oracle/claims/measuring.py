"""A measurement run: every task that has no result yet, on any executor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, as_completed, wait
from itertools import islice

from oracle.claims.experiments import Values
from oracle.claims.result_store import ResultStore, Task

IN_FLIGHT = 8
"""Default number of tasks submitted at a time: as many as a small machine has processors."""


def measure(
    wanted: Sequence[Task],
    store: ResultStore,
    *,
    executor: Executor | None = None,
    in_flight: int = IN_FLIGHT,
    on_measured: Callable[[int], None] | None = None,
    on_interrupted: Callable[[], None] | None = None,
) -> None:
    """Measure the wanted tasks that are not in the store, and add them to it.

    Ctrl-C stops the run: tasks that have started are finished and stored, the others are not
    started. A second Ctrl-C drops the started ones.

    Args:
        wanted: the tasks that the store is to hold at the end.
        store: receives each result as soon as there is one.
        executor: from :mod:`concurrent.futures`; by default the tasks run here, one by one.
        in_flight: number of tasks submitted to the executor at a time, at least 1.
        on_measured: called with the number of finished tasks after each result.
        on_interrupted: called on Ctrl-C, before started tasks are waited for.

    Raises:
        AminError: an experiment cannot be measured, such as on a trace that cannot be read.
        KeyboardInterrupt: Ctrl-C was pressed.
    """
    left = [task for task in wanted if task not in store]
    done = len(wanted) - len(left)
    under_way: dict[Future[Values], Task] = {}
    results = (
        _in_turn(left) if executor is None else _in_parallel(left, executor, in_flight, under_way)
    )
    try:
        for task, values in results:
            store.add(task, values)
            done += 1
            if on_measured:
                on_measured(done)
    except KeyboardInterrupt:
        if on_interrupted:
            on_interrupted()
        _finish_started(under_way, store)
        raise


def _finish_started(under_way: Mapping[Future[Values], Task], store: ResultStore) -> None:
    """Cancel what has not started; wait for the rest and store it."""
    started = [future for future in under_way if not future.cancel()]
    for future in as_completed(started):
        task = under_way[future]
        if future.exception() is None and task not in store:
            store.add(task, future.result())


def measured(task: Task) -> Values:
    """The values of one task; a module-level function, so that it can be sent to processes."""
    return task.experiment.measure(task.seed)


def _in_turn(left: Iterable[Task]) -> Iterator[tuple[Task, Values]]:
    for task in left:
        yield task, measured(task)


def _in_parallel(
    left: Iterable[Task],
    executor: Executor,
    in_flight: int,
    under_way: dict[Future[Values], Task],
) -> Iterator[tuple[Task, Values]]:
    """Results in order of completion; ``under_way`` holds those not yet yielded."""
    waiting = iter(left)
    while True:
        for task in islice(waiting, in_flight - len(under_way)):
            under_way[executor.submit(measured, task)] = task
        if not under_way:
            return
        for future in wait(under_way, return_when=FIRST_COMPLETED).done:
            yield under_way[future], future.result()
            del under_way[future]

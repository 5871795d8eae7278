"""Measuring: many experiments with many seeds, on any executor, never twice the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, as_completed, wait
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from amin_ref.comparison.estimate import Estimate
from amin_ref.model.errors import InvalidDocument, shown
from amin_ref.model.json_reading import expect_format, expect_object, parse
from oracle.claims.experiments import Experiment, Values
from oracle.journal import Journal

FORMAT = "amin-ref/claims-measurements"
VERSION = 1


@dataclass(frozen=True)
class Task:
    """An experiment to be measured with a seed."""

    experiment: Experiment
    seed: int

    def as_document(self) -> dict[str, object]:
        """The task as a JSON-ready object."""
        return self.experiment.as_document() | {"seed": self.seed}

    @property
    def key(self) -> str:
        """The same for the same task, in every process."""
        return _key(self.as_document())


def tasks(experiments: Iterable[Experiment], seeds: int) -> list[Task]:
    """Every experiment, once, with every seed that matters to it.

    All of one seed before the next, so that what is left can be estimated from what is done.
    """
    once = list(dict.fromkeys(experiments))
    return [
        Task(experiment, seed)
        for seed in range(seeds)
        for experiment in once
        if seed == 0 or experiment.is_random
    ]


class Notebook:
    """Measurements in a file that survives being killed, one a line.

    Args:
        path: the file; made when it is not there. ``None`` keeps them in memory alone.

    Raises:
        InvalidDocument: the file is there and holds something else.
        OSError: it cannot be read or written.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._values: dict[str, Values] = {}
        self._journal: Journal | None = None
        if path is not None:
            self._journal = Journal(path, {"format": FORMAT, "version": VERSION})
            self._journal.read(self._read_line)

    def add(self, task: Task, values: Values) -> None:
        """Write down what was measured."""
        if self._journal is not None:
            self._journal.append(task.as_document() | {"values": dict(values)})
        self._values[task.key] = values

    def __contains__(self, task: Task) -> bool:
        return task.key in self._values

    def __getitem__(self, task: Task) -> Values:
        return self._values[task.key]

    def _read_line(self, number: int, line: str) -> None:
        if number == 1:
            expect_format(parse(line), FORMAT, VERSION)
            return
        document = dict(expect_object(parse(line), "measurement"))
        values = expect_object(document.pop("values", None), "measurement: values")
        self._values[_key(document)] = {name: _number(value) for name, value in values.items()}


def _key(document: Mapping[str, object]) -> str:
    return json.dumps(document, sort_keys=True)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidDocument(f"measurement: {shown(value)} found where a number is needed.")
    return value


def measure(
    wanted: Sequence[Task],
    notebook: Notebook,
    *,
    executor: Executor | None = None,
    in_flight: int = 8,
    on_measured: Callable[[int], None] | None = None,
    on_interrupted: Callable[[], None] | None = None,
) -> None:
    """Measure what the notebook does not have yet.

    Ctrl-C ends it with what is under way: that is waited for, and written down. Pressed once more,
    what is under way is dropped.

    Args:
        wanted: what it is to have in the end.
        notebook: grows by one measurement after the other, whatever happens in between.
        executor: anything of :mod:`concurrent.futures`; by default the caller works alone.
        in_flight: how many tasks the executor is given at a time.
        on_measured: called with the number of tasks that are done, whenever it grows.
        on_interrupted: called when Ctrl-C was pressed, before anything is waited for.

    Raises:
        AminError: an experiment cannot be measured, such as on a trace that cannot be read.
        KeyboardInterrupt: Ctrl-C was pressed.
    """
    left = [task for task in wanted if task not in notebook]
    done = len(wanted) - len(left)
    under_way: dict[Future[Values], Task] = {}
    results = (
        _in_turn(left) if executor is None else _in_parallel(left, executor, in_flight, under_way)
    )
    try:
        for task, values in results:
            notebook.add(task, values)
            done += 1
            if on_measured:
                on_measured(done)
    except KeyboardInterrupt:
        if on_interrupted:
            on_interrupted()
        _bring_in(under_way, notebook)
        raise


def _bring_in(under_way: Mapping[Future[Values], Task], notebook: Notebook) -> None:
    """Write down what was begun, and begin nothing more."""
    begun = [future for future in under_way if not future.cancel()]
    for future in as_completed(begun):
        task = under_way[future]
        if future.exception() is None and task not in notebook:
            notebook.add(task, future.result())


def measured(task: Task) -> Values:
    """What one task gives; a function that processes elsewhere can be sent."""
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
    """Whatever is done first comes first; ``under_way`` has all that the caller does not yet."""
    waiting = iter(left)
    while True:
        for task in islice(waiting, in_flight - len(under_way)):
            under_way[executor.submit(measured, task)] = task
        if not under_way:
            return
        for future in wait(under_way, return_when=FIRST_COMPLETED).done:
            yield under_way[future], future.result()
            del under_way[future]


class Measurements:
    """What a notebook says of an experiment, over all seeds.

    Args:
        notebook: has all that is asked for.
        seeds: how many each random experiment was measured with.
    """

    def __init__(self, notebook: Notebook, seeds: int) -> None:
        self._notebook = notebook
        self._seeds = seeds

    def of(self, experiment: Experiment, name: str) -> NDArray[np.float64]:
        """One number for each seed, in the order of seeds; shape ``(seeds,)`` or ``(1,)``."""
        seeds = self._seeds if experiment.is_random else 1
        return np.array([self._notebook[Task(experiment, seed)][name] for seed in range(seeds)])

    def exact(self, experiment: Experiment, name: str) -> float:
        """The number of an experiment that no chance is in."""
        return float(self.of(experiment, name)[0])


def estimated(values: NDArray[np.float64]) -> Estimate:
    """Mean and confidence interval over the seeds."""
    return Estimate.of(values.tolist())

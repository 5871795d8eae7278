"""Where measurements are kept: one JSON line for each task, in a file that survives a kill."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from amin_ref.comparison.estimate import Estimate
from amin_ref.model.errors import InvalidDocument, shown
from amin_ref.model.json_reading import (
    expect_array,
    expect_format,
    expect_object,
    parse,
)
from oracle.claims.experiments import Experiment, Values
from oracle.journal import Journal

FORMAT = "amin-ref/claims-measurements"
VERSION = 1


@dataclass(frozen=True)
class Task:
    """One experiment to be measured with one seed."""

    experiment: Experiment
    seed: int

    def as_document(self) -> dict[str, object]:
        """The task as a JSON-ready object."""
        return self.experiment.as_document() | {"seed": self.seed}

    @property
    def key(self) -> str:
        """A text that is the same for equal tasks, in every process."""
        return _key(self.as_document())


def tasks(experiments: Iterable[Experiment], seeds: int) -> list[Task]:
    """Each distinct experiment with the seeds 0 to ``seeds`` - 1; with seed 0 alone if not random.

    The tasks of one seed come before those of the next. Every experiment then takes its share of
    the work done so far, so the remaining time can be estimated from the time spent.
    """
    distinct = list(dict.fromkeys(experiments))
    return [
        Task(experiment, seed)
        for seed in range(seeds)
        for experiment in distinct
        if seed == 0 or experiment.is_random
    ]


class ResultStore:
    """The values measured so far, by task.

    Args:
        path: a file with one measurement a line, or with all seeds of an experiment in one line
            (:func:`packed`); created if missing. ``None`` keeps the values in memory only.

    Raises:
        InvalidDocument: the file exists and holds something else.
        OSError: the file cannot be read or written.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._values: dict[str, Values] = {}
        self._journal: Journal | None = None
        if path is not None:
            self._journal = Journal(path, {"format": FORMAT, "version": VERSION})
            self._journal.read(self._read_line)

    @classmethod
    def finished(cls, path: Path) -> ResultStore:
        """The values of a file that is only read: the file is not locked, and receives nothing.

        Raises:
            InvalidDocument: the file holds something else.
            OSError: the file cannot be read.
        """
        store = cls()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            store._read_line(number, line)
        return store

    def add(self, task: Task, values: Values) -> None:
        """Keep the values of ``task``; with a file, they are on the disk on return."""
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
        if "seeds" not in document:
            self._values[_key(document)] = {name: _number(value) for name, value in values.items()}
            return
        seeds = expect_array(document.pop("seeds"), "measurement: seeds")
        columns = {name: expect_array(value, f"values: {name}") for name, value in values.items()}
        if any(len(column) != len(seeds) for column in columns.values()):
            raise InvalidDocument("measurement: the values do not have one number for each seed.")
        for place, seed in enumerate(seeds):
            self._values[_key(document | {"seed": seed})] = {
                name: _number(column[place]) for name, column in columns.items()
            }


def packed(lines: Iterable[str]) -> list[str]:
    """The lines of a file of measurements, with all seeds of an experiment in one line.

    Args:
        lines: of a file with one measurement a line, its header first.

    Raises:
        InvalidDocument: a line is no measurement with one seed.
    """
    header, *measurements = lines
    expect_format(parse(header), FORMAT, VERSION)
    seeds: dict[str, list[object]] = {}
    columns: dict[str, dict[str, list[object]]] = {}
    for line in measurements:
        document = dict(expect_object(parse(line), "measurement"))
        values = expect_object(document.pop("values", None), "measurement: values")
        seed = document.pop("seed", None)
        experiment = json.dumps(document)
        seeds.setdefault(experiment, []).append(seed)
        for name, value in values.items():
            columns.setdefault(experiment, {}).setdefault(name, []).append(value)
    return [
        header,
        *(
            json.dumps({**json.loads(experiment), "seeds": of, "values": columns[experiment]})
            for experiment, of in seeds.items()
        ),
    ]


def _key(document: Mapping[str, object]) -> str:
    return json.dumps(document, sort_keys=True)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidDocument(f"measurement: {shown(value)} found where a number is needed.")
    return value


class Measurements:
    """The values of an experiment over all seeds.

    Args:
        store: holds the values of every task that is read.
        seeds: number of seeds of each random experiment.
    """

    def __init__(self, store: ResultStore, seeds: int) -> None:
        self._store = store
        self._seeds = seeds

    def of(self, experiment: Experiment, name: str) -> NDArray[np.float64]:
        """The value ``name`` for each seed, in order of seeds; shape ``(seeds,)`` or ``(1,)``."""
        seeds = self._seeds if experiment.is_random else 1
        return np.array([self._store[Task(experiment, seed)][name] for seed in range(seeds)])

    def exact(self, experiment: Experiment, name: str) -> float:
        """The value ``name`` of an experiment that is not random."""
        return float(self.of(experiment, name)[0])


def estimated(values: NDArray[np.float64]) -> Estimate:
    """Mean and confidence interval over the seeds."""
    return Estimate.of(values.tolist())

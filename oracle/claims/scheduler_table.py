"""The table of schedulers of one workload as values, with a JSON form."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from amin_ref.comparison.estimate import Estimate
from amin_ref.model.json_reading import expect_array, expect_fields, expect_format, parse
from amin_ref.model.validation import whole_number
from oracle.claims.json_values import estimate_in, number_in, object_in, text_in

FORMAT = "amin-ref/schedulers"
VERSION = 1

TABLES = Path(__file__).with_name("schedulers.jsonl")
"""The tables measured for this release, one a line, which ``proofs_notes/which.md`` shows."""

SIGNIFICANT_DIGITS = 6
"""Digits of a number in a table's JSON form: pages show up to four."""

BASELINE = "fcfs"
"""What engines do by default and without predictions: the advice names another policy only if
FCFS is not as good as the best."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A policy at one load.

    Attributes:
        load: of the Poisson arrivals; ``None`` if all requests arrive in round 0.
        ratio: total latency / certified lower bound.
        mean: mean latency; rounds.
        p99: 99th percentile of the latency; rounds.
        wait: most rounds from an arrival to the start of the request's completed run.
        wasted: wasted tokens / all generated tokens.
    """

    load: float | None
    ratio: Estimate
    mean: Estimate
    p99: Estimate
    wait: Estimate
    wasted: Estimate


QUANTITIES = ("ratio", "mean", "p99", "wait", "wasted")
"""The measured attributes of :class:`Cell`."""


@dataclass(frozen=True, slots=True)
class SchedulerRow:
    """A policy with a prediction, at every load.

    Attributes:
        policy: its name.
        prediction: what it is told of the lengths; empty if it reads no prediction.
        cells: one for each load, in the order of the table.
    """

    policy: str
    prediction: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Advice:
    """What to run at one load with one kind of prediction.

    Attributes:
        load: of the Poisson arrivals; ``None`` if all requests arrive in round 0.
        prediction: what is known of the lengths.
        use: name of the policy.
        text: the advice, with its price, in one sentence.
    """

    load: float | None
    prediction: str
    use: str
    text: str


@dataclass(frozen=True, slots=True)
class SchedulerTable:
    """All policies on one workload.

    Attributes:
        workload: name of the embedded workload, or of the trace.
        requests: number of requests in each sample.
        capacity: M; tokens.
        seeds: number of samples.
        rows: the policies.
        advice: one for each load and prediction.
    """

    workload: str
    requests: int
    capacity: int
    seeds: int
    rows: tuple[SchedulerRow, ...]
    advice: tuple[Advice, ...]

    def to_json(self) -> str:
        """The table as one line of JSON, versioned."""
        document = {"format": FORMAT, "version": VERSION, **asdict(self)}
        return json.dumps(_rounded(document))

    @classmethod
    def from_json(cls, text: str) -> SchedulerTable:
        """The table that :meth:`to_json` wrote.

        Raises:
            InvalidDocument: the text is not JSON, or not of this format and version.
            InvalidValue: a number breaks a rule.
        """
        document = expect_format(parse(text), FORMAT, VERSION)
        fields = ("workload", "requests", "capacity", "seeds", "rows", "advice")
        expect_fields(document, "schedulers", ("format", "version", *fields), ())
        return cls(
            workload=text_in(document["workload"], "workload"),
            requests=whole_number("requests", document["requests"], 1, "requests"),
            capacity=whole_number("capacity", document["capacity"], 1, "tokens"),
            seeds=whole_number("seeds", document["seeds"], 1, "seeds"),
            rows=tuple(
                _row(row, f"rows[{index}]")
                for index, row in enumerate(expect_array(document["rows"], "rows"))
            ),
            advice=tuple(
                _advice(advice, f"advice[{index}]")
                for index, advice in enumerate(expect_array(document["advice"], "advice"))
            ),
        )


def released() -> tuple[SchedulerTable, ...]:
    """The tables of :data:`TABLES`."""
    return tuple(map(SchedulerTable.from_json, TABLES.read_text(encoding="utf-8").splitlines()))


def _rounded(value: object) -> object:
    """The same document with :data:`SIGNIFICANT_DIGITS` of each number that is not whole."""
    if isinstance(value, float):
        return float(f"{value:.{SIGNIFICANT_DIGITS}g}")
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    return [_rounded(part) for part in value] if isinstance(value, list | tuple) else value


def _row(value: object, where: str) -> SchedulerRow:
    found = object_in(value, where, ("policy", "prediction", "cells"))
    return SchedulerRow(
        text_in(found["policy"], where),
        text_in(found["prediction"], where),
        tuple(_cell(cell, where) for cell in expect_array(found["cells"], where)),
    )


def _cell(value: object, where: str) -> Cell:
    found = object_in(value, where, ("load", *QUANTITIES))
    return Cell(
        load=_load(found["load"], where),
        **{name: estimate_in(found[name], f"{where}: {name}") for name in QUANTITIES},
    )


def _advice(value: object, where: str) -> Advice:
    found = object_in(value, where, ("load", "prediction", "use", "text"))
    texts = {name: text_in(found[name], where) for name in ("prediction", "use", "text")}
    return Advice(load=_load(found["load"], where), **texts)


def _load(value: object, where: str) -> float | None:
    return None if value is None else number_in(value, where)

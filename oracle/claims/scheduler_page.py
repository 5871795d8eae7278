"""The table of schedulers as text and as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from amin_ref.comparison.estimate import Estimate
from amin_ref.comparison.grid import Grid, Heading, wrapped
from amin_ref.policies.names import title_of
from oracle.claims.scheduler_table import Advice, Cell, SchedulerRow, SchedulerTable

PREDICTED: Mapping[str, str] = {
    "exact": "exact",
    "bins:10": "10 bins",
    "naive": "rough",
}
"""What a policy is told, in a table."""

KNOWN: Mapping[str, str] = {
    "exact": "exact lengths",
    "bins:10": "ten bins",
    "naive": "one rough interval",
}
"""What is known of the lengths, in advice."""

COLUMNS: tuple[tuple[Heading, Callable[[Cell], str]], ...] = (
    (("latency", "× bound", ""), lambda cell: _ratio(cell.ratio)),
    (("latency", "mean", "rounds"), lambda cell: _whole(cell.mean)),
    (("latency", "p99", "rounds"), lambda cell: _whole(cell.p99)),
    (("longest", "wait", "rounds"), lambda cell: _whole(cell.wait)),
    (("wasted", "tokens", "%"), lambda cell: _share(cell.wasted)),
)
"""The columns of the table at one load."""


def _ratio(estimate: Estimate) -> str:
    return f"{estimate.mean:,.3f} ± {estimate.margin:,.3f}"


def _whole(estimate: Estimate) -> str:
    return f"{estimate.mean:,.0f} ± {estimate.margin:,.0f}"


def _share(estimate: Estimate) -> str:
    return f"{estimate.mean * 100:.1f} ± {estimate.margin * 100:.1f}"


def at_load(load: float | None) -> str:
    """``at once`` or ``load 0.7``."""
    return "at once" if load is None else f"load {load:g}"


def caption(table: SchedulerTable) -> str:
    """What was measured, in one sentence."""
    return (
        f"{table.requests:,} requests of {table.workload}, M = {table.capacity:,}; means over "
        f"{table.seeds} seeds with 95 % intervals."
    )


def text(table: SchedulerTable, width: int) -> str:
    """The advice, and a plain table for each load."""
    parts = [wrapped(caption(table), width)]
    parts += [wrapped(_in_words(advice), width, indent="  ") for advice in table.advice]
    parts += [
        f"{at_load(load)}\n{_at_one_load(table, load).fitted(width)}" for load in loads(table)
    ]
    return "\n\n".join(parts) + "\n"


def _in_words(advice: Advice) -> str:
    return f"{at_load(advice.load)}, {KNOWN[advice.prediction]}: {advice.text}"


def loads(table: SchedulerTable) -> tuple[float | None, ...]:
    """The loads of the table, in its order."""
    return tuple(cell.load for cell in table.rows[0].cells)


def _name(row: SchedulerRow) -> str:
    predicted = f", {PREDICTED[row.prediction]}" if row.prediction else ""
    return f"{title_of(row.policy)}{predicted}"


def _at_one_load(table: SchedulerTable, load: float | None) -> Grid:
    index = loads(table).index(load)
    return Grid(
        rows_are="policy",
        names=tuple(map(_name, table.rows)),
        headings=tuple(heading for heading, _ in COLUMNS),
        cells=tuple(tuple(of(row.cells[index]) for _, of in COLUMNS) for row in table.rows),
    )


def ratios(table: SchedulerTable) -> Grid:
    """Total latency / certified bound: a row for each policy, a column for each load."""
    return Grid(
        rows_are="policy",
        names=tuple(map(_name, table.rows)),
        headings=tuple((at_load(load), "", "") for load in loads(table)),
        cells=tuple(tuple(_ratio(cell.ratio) for cell in row.cells) for row in table.rows),
    )


def markdown(table: SchedulerTable) -> str:
    """The advice as a table, the ratios of every load, and all numbers load by load."""
    return "\n".join(_lines(table))


def _lines(table: SchedulerTable) -> Iterator[str]:
    yield f"{caption(table)}\n"
    yield "| arrivals | known of the lengths | run |"
    yield "|---|---|---|"
    for advice in table.advice:
        yield f"| {at_load(advice.load)} | {KNOWN[advice.prediction]} | {advice.text} |"
    yield "\nTotal latency / certified bound:\n"
    yield ratios(table).markdown()
    for load in loads(table):
        yield f"All numbers, {at_load(load)}:\n"
        yield _at_one_load(table, load).markdown()

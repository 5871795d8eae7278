"""The table of schedulers as text and as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from amin_ref.comparison.estimate import Estimate
from amin_ref.comparison.grid import Grid, Heading, wrapped
from amin_ref.policies.names import title_of
from oracle.claims.scheduler_table import BASELINE, Advice, Cell, SchedulerRow, SchedulerTable

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
    parts += [wrapped(in_words(advice), width, indent="  ") for advice in table.advice]
    parts += [
        f"{at_load(load)}\n{_at_one_load(table, load).fitted(width)}" for load in loads(table)
    ]
    return "\n\n".join(parts) + "\n"


def in_words(advice: Advice) -> str:
    """The advice with the situation that it is for."""
    return f"{at_load(advice.load)}, {KNOWN[advice.prediction]}: {advice.text}"


def loads(table: SchedulerTable) -> tuple[float | None, ...]:
    """The loads of the table, in its order."""
    return tuple(cell.load for cell in table.rows[0].cells)


def name_of(row: SchedulerRow) -> str:
    """The policy's title, and what it is told."""
    predicted = f", {PREDICTED[row.prediction]}" if row.prediction else ""
    return f"{title_of(row.policy)}{predicted}"


def _at_one_load(table: SchedulerTable, load: float | None) -> Grid:
    index = loads(table).index(load)
    return Grid(
        rows_are="policy",
        names=tuple(map(name_of, table.rows)),
        headings=tuple(heading for heading, _ in COLUMNS),
        cells=tuple(tuple(of(row.cells[index]) for _, of in COLUMNS) for row in table.rows),
    )


def ratios(table: SchedulerTable) -> Grid:
    """Total latency / certified bound: a row for each policy, a column for each load."""
    return Grid(
        rows_are="policy",
        names=tuple(map(name_of, table.rows)),
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


def overview(tables: Sequence[SchedulerTable]) -> str:
    """What to run where, as Markdown: a row for each workload and load, FCFS for comparison."""
    lines = [
        f"| requests | arrivals | {' | '.join(KNOWN.values())} | FCFS |",
        f"|---|---|{'---|' * len(KNOWN)}--:|",
    ]
    for table in tables:
        for load in loads(table):
            cells = [_advised(table, load, prediction) for prediction in KNOWN]
            first_come = _cell(table, BASELINE, "", load).ratio.mean
            line = (f"`{table.workload}`", at_load(load), *cells, f"{first_come:.2f}")
            lines.append(f"| {' | '.join(line)} |")
    return "\n".join(lines) + "\n"


def _advised(table: SchedulerTable, load: float | None, prediction: str) -> str:
    (advice,) = (
        each for each in table.advice if (each.load, each.prediction) == (load, prediction)
    )
    told_of = "" if advice.use == BASELINE else prediction
    ratio = next(
        _cell(table, row.policy, row.prediction, load).ratio.mean
        for row in table.rows
        if row.policy == advice.use and row.prediction in ("", told_of)
    )
    return f"{title_of(advice.use)} {ratio:.2f}"


def _cell(table: SchedulerTable, policy: str, prediction: str, load: float | None) -> Cell:
    (row,) = (row for row in table.rows if (row.policy, row.prediction) == (policy, prediction))
    return row.cells[loads(table).index(load)]


def prices(tables: Sequence[SchedulerTable], load: float | None) -> str:
    """What each choice costs at one load, as Markdown: the range over the workloads."""
    lines = [
        f"| policy, {at_load(load)} | latency × bound | p99 / that of FCFS | "
        "longest wait / that of FCFS | wasted tokens, % |",
        "|:--|--:|--:|--:|--:|",
    ]
    for row in tables[0].rows:
        cells = [_cell(table, row.policy, row.prediction, load) for table in tables]
        of_fcfs = [_cell(table, BASELINE, "", load) for table in tables]
        columns = (
            [cell.ratio.mean for cell in cells],
            [
                cell.p99.mean / max(1.0, of.p99.mean)
                for cell, of in zip(cells, of_fcfs, strict=True)
            ],
            [
                cell.wait.mean / max(1.0, of.wait.mean)
                for cell, of in zip(cells, of_fcfs, strict=True)
            ],
            [cell.wasted.mean * 100 for cell in cells],
        )
        digits = (2, 2, 2, 1)
        ranges = (
            f"{min(column):.{digit}f} – {max(column):.{digit}f}"
            for column, digit in zip(columns, digits, strict=True)
        )
        lines.append(f"| {name_of(row)} | {' | '.join(ranges)} |")
    return "\n".join(lines) + "\n"

"""The ledger as a page of Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from amin_ref.comparison.estimate import Estimate
from oracle.claims.ledger import Entry, Figure, Ledger


def table(ledger: Ledger) -> str:
    """One line for each claim: the verdict, and the condition or else what was measured."""
    lines = ["| claim | verdict | |", "|---|---|---|"]
    for entry in ledger.entries:
        judgement = entry.judgement
        lines.append(
            f"| {entry.claim} “{entry.words}” | **{judgement.verdict}** | "
            f"{judgement.condition or judgement.measured} |"
        )
    return "\n".join(lines) + "\n"


def page(ledger: Ledger) -> str:
    """Everything: verdicts, rules, settings, and the numbers of every figure."""
    return "\n".join(_lines(ledger))


def _lines(ledger: Ledger) -> Iterator[str]:
    yield (
        f"Workload `{ledger.workload}`, {ledger.requests:,} requests, M = {ledger.capacity:,}, "
        f"{ledger.seeds} seeds. In brackets: 95 % confidence intervals of means over the seeds.\n"
    )
    for entry in ledger.entries:
        yield from _entry(entry)


def _entry(entry: Entry) -> Iterator[str]:
    judgement = entry.judgement
    yield f"### {entry.claim}: {judgement.verdict}\n"
    yield f"> {entry.words}\n"
    yield f"- Rule: {entry.rule}"
    yield f"- Setting: {entry.setting}."
    yield f"- Measured: {judgement.measured}"
    if judgement.condition:
        yield f"- Condition: {judgement.condition}"
    yield f"- Command: `{entry.command}`\n"
    for figure in judgement.figures:
        yield from _figure(figure)


def _figure(figure: Figure) -> Iterator[str]:
    yield f"{figure.title}: {figure.y_label}. {figure.reading}\n"
    headings, *rows = figure_rows(figure)
    yield f"| {' | '.join(headings)} |"
    yield f"|{'---:|' * len(headings)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def figure_rows(figure: Figure) -> list[tuple[str, ...]]:
    """The figure's numbers as a table: headings first, then a row for each x."""
    rows = [(figure.x_label, *(series.name for series in figure.series))]
    for x in sorted({point.x for series in figure.series for point in series.points}):
        found = [
            next((_estimate(point.y) for point in series.points if point.x == x), "")
            for series in figure.series
        ]
        rows.append((_number(x), *found))
    return rows


def _estimate(estimate: Estimate) -> str:
    if estimate.low == estimate.high:
        return _number(estimate.mean)
    return f"{_number(estimate.mean)} [{_number(estimate.low)}, {_number(estimate.high)}]"


def _number(value: float) -> str:
    """Four digits that matter, no exponent."""
    if value == int(value):
        return f"{int(value):,}"
    digits = max(0, 3 - len(str(int(abs(value)))) + 1)
    return f"{value:,.{digits}f}"

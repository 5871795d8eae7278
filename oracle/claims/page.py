"""The ledger as a page of Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from oracle.claims.figures import Figure, figure_rows
from oracle.claims.ledger import Entry, Ledger


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

"""The ledger as Markdown: a table of verdicts, and a page with every number."""

from __future__ import annotations

import re
from collections.abc import Iterator

from oracle.claims.figures import Figure, figure_rows
from oracle.claims.judging import CLAIMS
from oracle.claims.ledger import Entry, Ledger


def table(ledger: Ledger) -> str:
    """One row for each claim: its title, its verdict, and the first clause of the reason."""
    lines = ["| claim | verdict | measured |", "|---|---|---|"]
    for entry in ledger.entries:
        (claim,) = (claim for name, claim in CLAIMS.items() if name == entry.claim)
        judgement = entry.judgement
        clause = _first_clause(judgement.condition or judgement.measured)
        lines.append(f"| {entry.claim} {claim.title} | **{judgement.verdict}** | {clause} |")
    return "\n".join(lines) + "\n"


def _first_clause(text: str) -> str:
    """Up to the first full stop, colon or semicolon before a space."""
    return re.split(r"[.:;]\s", text, maxsplit=1)[0].rstrip(".")


def page(ledger: Ledger) -> str:
    """Verdicts, rules, settings, and the numbers of every figure."""
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

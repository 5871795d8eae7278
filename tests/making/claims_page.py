"""All that the project commits of the ledger, made from its measurements.

``python -m tests.making.claims_page`` writes the ledger that the report shows, and what stands
between the markers in README and in ``proofs_notes/claims.md``, and the images beside them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from oracle.claims import CLAIMS, LEDGER, Ledger, Plan, ResultStore, judged
from oracle.claims.c3_varying import LONG_ERROR, LONG_LOAD, LONGER
from oracle.claims.experiments import Predicted
from oracle.claims.page import page, table
from oracle.claims.result_store import Measurements, estimated
from tests.support.project import PROJECT

README = PROJECT / "README.md"
PAGE = PROJECT / "proofs_notes" / "claims.md"
DATA = PROJECT / "proofs_notes" / "data"
FIGURES = PROJECT / "proofs_notes" / "figures"

TRACES = {
    "lmsys": ("lmsys_chat_lengths.csv", 2000, 20),
    "azure": ("AzureLLMInferenceTrace_conv.csv", 2000, 20),
}
"""Marker in the page: file, requests in a sample, and number of seeds."""

ON_TRACES = ("C1", "C2", "C3", "C6")
"""Claims that depend on the workload."""


def full_ledger() -> Ledger:
    """The full ledger, from the committed measurements."""
    return judged(Plan(), list(CLAIMS.values()), ResultStore(DATA / "claims.jsonl"))


def on_trace(name: str) -> Ledger:
    """The rows that were measured on a real trace, with a part of each grid."""
    file, requests, seeds = TRACES[name]
    plan = Plan(file, requests, seeds=seeds, quick=True)
    claims = [claim for claim in CLAIMS.values() if claim.name in ON_TRACES]
    return judged(plan, claims, ResultStore(DATA / f"claims_{name}.jsonl"))


def blocks() -> Iterator[tuple[Path, str, str]]:
    """File, marker, and what has to stand between it and its end."""
    full = full_ledger()
    traces = {name: on_trace(name) for name in TRACES}
    yield README, "claims", table(full)
    yield PAGE, "verdicts", verdicts([full, *traces.values()])
    yield PAGE, "saturation", saturation()
    yield PAGE, "chat", page(full)
    for name, ledger in traces.items():
        yield PAGE, name, page(ledger)


def verdicts(ledgers: Sequence[Ledger]) -> str:
    """The claims that depend on the workload: one line for each workload."""
    lines = [f"| workload | {' | '.join(ON_TRACES)} |", f"|{'---|' * (1 + len(ON_TRACES))}"]
    for ledger in ledgers:
        of_claim = {entry.claim: entry.judgement.verdict for entry in ledger.entries}
        told = " | ".join(of_claim[claim] for claim in ON_TRACES)
        lines.append(f"| `{ledger.workload}`, {ledger.seeds} seeds | {told} |")
    return "\n".join(lines) + "\n"


def saturation() -> str:
    """What each policy's latency does when the stream where C3 finds five times lasts longer."""
    plan = Plan()
    found = Measurements(ResultStore(DATA / "claims.jsonl"), plan.seeds)
    lines = [
        "| requests | Amin, mean latency | Amax, mean latency | cache that Amin holds | Amax |",
        "|--:|--:|--:|--:|--:|",
    ]
    for longer in LONGER:
        workload = plan.sampled(LONG_LOAD, requests=longer * plan.requests)
        measured = Predicted(workload, f"relative:{LONG_ERROR}")
        policies = ("amin", "amax")
        latencies = [estimated(found.of(measured, name) / workload.requests) for name in policies]
        held = [estimated(found.of(measured, f"{name}_held")) for name in policies]
        cells = (
            f"{workload.requests:,}",
            *(f"{mean.mean:,.0f} [{mean.low:,.0f}, {mean.high:,.0f}]" for mean in latencies),
            *(f"{share.mean:.0%}" for share in held),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def between(text: str, marker: str) -> str:
    """What stands between a marker and its end."""
    found = re.search(f"<!-- {marker} -->\n(.*?)<!-- end of {marker} -->", text, re.DOTALL)
    assert found is not None, f"there is no marker {marker!r}"
    return found[1]


def main() -> None:
    LEDGER.write_text(full_ledger().to_json() + "\n", encoding="utf-8")
    for file, marker, wanted in blocks():
        text = file.read_text(encoding="utf-8")
        before = f"<!-- {marker} -->\n{between(text, marker)}<!--"
        file.write_text(text.replace(before, f"<!-- {marker} -->\n{wanted}<!--"), encoding="utf-8")
    # Drawn from the ledger that was just written.
    from oracle.report import images

    images.main(str(FIGURES))


if __name__ == "__main__":
    main()

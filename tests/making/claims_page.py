"""Write the pages of claims from measurements: ``python -m tests.making.claims_page``.

From the committed measurements it writes the ledger that the report shows, the tables of claims in
README and in ``proofs_notes/claims.md``, and the figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from oracle.claims import CLAIMS, LEDGER, Ledger, Plan, ResultStore, judged
from oracle.claims.article_setting import ARTICLE, ARTICLE_CLAIMS
from oracle.claims.c3_varying import LONG_ERROR, LONG_LOAD, LONGER
from oracle.claims.experiments import Predicted
from oracle.claims.ledger import Verdict
from oracle.claims.page import page, table
from oracle.claims.result_store import Measurements, estimated
from tests.making.markers import replaced
from tests.support.project import PROJECT

README = PROJECT / "README.md"
PAGE = PROJECT / "proofs_notes" / "claims.md"
DATA = PROJECT / "proofs_notes" / "data"
FIGURES = PROJECT / "proofs_notes" / "figures"

TRACES = {
    "lmsys": ("lmsys_chat_lengths.csv", 2000, 20),
    "azure": ("AzureLLMInferenceTrace_conv.csv", 2000, 20),
}
"""For each trace, by its marker in the page: the file, the requests of a sample, the seeds."""

ON_TRACES = ("C1", "C2", "C3", "C6")
"""Claims that depend on the workload."""


def full_ledger() -> Ledger:
    """The full ledger, from the committed measurements."""
    return judged(Plan(), list(CLAIMS.values()), ResultStore.finished(DATA / "claims.jsonl"))


def article_ledger() -> Ledger:
    """C1 to C4 in the article's setting, on the lengths of LMSYS chats."""
    file, requests, seeds = TRACES["lmsys"]
    store = ResultStore.finished(DATA / "claims_article.jsonl")
    return judged(Plan(file, requests, seeds=seeds), ARTICLE_CLAIMS, store, ARTICLE)


def on_trace(name: str) -> Ledger:
    """The ledger of a real trace, with a part of each grid."""
    file, requests, seeds = TRACES[name]
    plan = Plan(file, requests, seeds=seeds, quick=True)
    claims = [claim for claim in CLAIMS.values() if claim.name in ON_TRACES]
    return judged(plan, claims, ResultStore.finished(DATA / f"claims_{name}.jsonl"))


def blocks() -> Iterator[tuple[Path, str, str]]:
    """File, marker, and the text between the marker and its end."""
    full = full_ledger()
    traces = {name: on_trace(name) for name in TRACES}
    article = article_ledger()
    yield README, "claims", in_brief(full, article)
    yield PAGE, "claims", table(full)
    yield PAGE, "verdicts", verdicts([full, *traces.values()])
    yield PAGE, "saturation", saturation()
    yield PAGE, "article", page(article)
    yield PAGE, "chat", page(full)
    for name, ledger in traces.items():
        yield PAGE, name, page(ledger)


IN_BRIEF: Mapping[tuple[str, Verdict], str] = {
    ("C1", "holds under conditions"): "while the cache rarely overflows, where FCFS matches too",
    ("C2", "holds under conditions"): ("with one to five bins; with more, Amax is nearly as good"),
    ("C3", "holds under conditions"): ("only with arrivals that Amin can serve and Amax cannot"),
    ("C4", "does not hold"): (
        "of order 1/α, proved; below 3.3 + 0.9·ln(1/α) on the exhausted small instances only"
    ),
    ("C5", "holds"): "proved as T14, and measured to grow more slowly",
    ("C6", "holds"): "every schedule stays the same without upper bounds",
}
"""For a claim and its verdict, the condition or the reason in README, in one clause.

A changed verdict has no entry here, which is an error until its clause is written.
"""

ONE_WORD: Mapping[Verdict, str] = {
    "holds": "holds",
    "holds under conditions": "conditionally",
    "does not hold": "fails",
}


def in_brief(ledger: Ledger, article: Ledger) -> str:
    """Two verdicts, here and in the article's setting, and one clause for each claim."""
    lines = ["| claim | holds? | article's setting | where |", "|---|---|---|---|"]
    in_setting = {entry.claim: ONE_WORD[entry.judgement.verdict] for entry in article.entries}
    for entry in ledger.entries:
        verdict = entry.judgement.verdict
        (title,) = (claim.title for name, claim in CLAIMS.items() if name == entry.claim)
        clause = IN_BRIEF[entry.claim, verdict]
        word = f"**{ONE_WORD[verdict]}** | {in_setting.get(entry.claim, '–')}"
        lines.append(f"| {entry.claim} {title} | {word} | {clause} |")
    return "\n".join(lines) + "\n"


def verdicts(ledgers: Sequence[Ledger]) -> str:
    """The verdicts of the claims that depend on the workload: one line for each workload."""
    lines = [f"| workload | {' | '.join(ON_TRACES)} |", f"|{'---|' * (1 + len(ON_TRACES))}"]
    for ledger in ledgers:
        of_claim = {entry.claim: entry.judgement.verdict for entry in ledger.entries}
        cells = " | ".join(of_claim[claim] for claim in ON_TRACES)
        lines.append(f"| `{ledger.workload}`, {ledger.seeds} seeds | {cells} |")
    return "\n".join(lines) + "\n"


def saturation() -> str:
    """Latency and occupancy of Amin and Amax by the length of C3's longer streams."""
    plan = Plan()
    found = Measurements(ResultStore.finished(DATA / "claims.jsonl"), plan.seeds)
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
            *(f"{share.mean * 100:.0f} %" for share in held),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    LEDGER.write_text(full_ledger().to_json() + "\n", encoding="utf-8")
    for file, marker, wanted in blocks():
        text = replaced(file.read_text(encoding="utf-8"), marker, wanted)
        file.write_text(text, encoding="utf-8")
    # Imported here, because the figures are drawn from the ledger that was just written.
    from oracle.report import images

    images.main(str(FIGURES))


if __name__ == "__main__":
    main()

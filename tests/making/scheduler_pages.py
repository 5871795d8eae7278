"""Write the pages on schedulers from measurements: ``python -m tests.making.scheduler_pages``.

It writes the tables of ``proofs_notes/which.md`` and ``proofs_notes/what-to-run.md``, and the
tables that the report shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from amin_ref.comparison.estimate import Estimate
from amin_ref.policies.names import POLICIES, title_of
from oracle.claims import Measurements, Plan, ResultStore, tasks
from oracle.claims.experiments import Scheduled
from oracle.claims.result_store import estimated
from oracle.claims.scheduler_page import markdown, overview, prices
from oracle.claims.scheduler_table import TABLES, SchedulerTable
from oracle.claims.schedulers import (
    REQUESTS,
    reads_predictions,
    scheduler_experiments,
    scheduler_table,
)
from tests.making.markers import replaced
from tests.support.project import PROJECT

NOTES = PROJECT / "proofs_notes"
DATA = NOTES / "data" / "schedulers.jsonl"

SEEDS = 20

WORKLOADS = {
    "lmsys": ("lmsys_chat_lengths.csv", 16_492),
    "conversation": ("AzureLLMInferenceTrace_conv.csv", 65_536),
    "code": ("AzureLLMInferenceTrace_code.csv", 65_536),
    "mooncake": ("mooncake_conversation_lengths.jsonl", 131_072),
    "chat": ("chat", 16_492),
}
"""For each workload, by its marker in the page: its name or file, and M in tokens."""


MAIN_JOB = Plan("chat", 2000, 16_492, SEEDS)
"""The comparison of README's main job, over several seeds."""


def main_job_experiments() -> dict[str, Scheduled]:
    """The experiment of each policy on README's main job, with predictions in ten bins."""
    return {
        policy: Scheduled(
            MAIN_JOB.sampled(), policy, "bins:10" if reads_predictions(policy) else "exact"
        )
        for policy in POLICIES
    }


def main_job() -> str:
    """Each policy compared with Amin on README's main job, as a table in Markdown."""
    store = ResultStore.finished(DATA)
    found = Measurements(store, SEEDS)
    every = main_job_experiments()
    experiments = {policy: every[policy] for policy in measured_policies(store)}
    amin = found.of(experiments["amin"], "total")
    lines = [
        "| policy | total latency / that of Amin | p99, rounds | wasted tokens, % |",
        "|:--|--:|--:|--:|",
    ]
    for policy, experiment in experiments.items():
        cells = (
            _plus_minus(estimated(found.of(experiment, "total") / amin), 3),
            _plus_minus(estimated(found.of(experiment, "p99")), 0),
            _plus_minus(estimated(100 * found.of(experiment, "wasted")), 1),
        )
        lines.append(f"| {title_of(policy)} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _plus_minus(estimate: Estimate, decimals: int) -> str:
    return f"{estimate.mean:,.{decimals}f} ± {estimate.margin:,.{decimals}f}"


def plans() -> dict[str, Plan]:
    """The plan of each workload by its marker."""
    return {
        name: Plan(workload, REQUESTS, capacity, SEEDS)
        for name, (workload, capacity) in WORKLOADS.items()
    }


def measured_policies(store: ResultStore) -> tuple[str, ...]:
    """The policies that have all measurements that the pages show."""
    return tuple(
        policy
        for policy in POLICIES
        if all(
            task in store
            for plan in plans().values()
            for task in tasks(scheduler_experiments(plan, [policy]), SEEDS)
        )
        and all(task in store for task in tasks([main_job_experiments()[policy]], SEEDS))
    )


def tables() -> dict[str, SchedulerTable]:
    """The table of each workload by its marker, from the committed measurements."""
    store = ResultStore.finished(DATA)
    policies = measured_policies(store)
    found = Measurements(store, SEEDS)
    return {name: scheduler_table(plan, found, policies) for name, plan in plans().items()}


def for_report(found: dict[str, SchedulerTable]) -> str:
    """The tables as the report reads them: one a line."""
    return "".join(f"{table.to_json()}\n" for table in found.values())


def blocks(found: dict[str, SchedulerTable]) -> Iterator[tuple[Path, str, str]]:
    """File, marker, and the text between the marker and its end."""
    for name, table in found.items():
        yield NOTES / "which.md", name, markdown(table)
    every = list(found.values())
    yield NOTES / "what-to-run.md", "overview", overview(every)
    yield NOTES / "what-to-run.md", "prices at once", prices(every, None)
    yield NOTES / "what-to-run.md", "prices at load 0.9", prices(every, 0.9)
    yield NOTES / "what-to-run.md", "main job", main_job()


def main() -> None:
    found = tables()
    TABLES.write_text(for_report(found), encoding="utf-8")
    for file, marker, wanted in blocks(found):
        text = replaced(file.read_text(encoding="utf-8"), marker, wanted)
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

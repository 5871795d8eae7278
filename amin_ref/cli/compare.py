"""``amin-ref compare``: the policies side by side on one workload."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from amin_ref.cli.bound import best_known, proven_bound
from amin_ref.cli.options import SECONDS, WorkloadOptions, workload_options
from amin_ref.cli.progress import Watch, watching
from amin_ref.cli.report_file import (
    command,
    ledger_in,
    refuse_what_cannot_be_made,
    write_report,
)
from amin_ref.model.schedule import Schedule
from amin_ref.policies.names import POLICIES
from amin_ref.simulator.simulation import simulate
from amin_ref.workloads import Workload

FORMAT = "amin-ref/comparison"
VERSION = 1

TIME_LIMIT = 10.0
"""Seconds that the search for the bound may take unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Row:
    """What is reported of one policy; latencies in rounds, occupancy in tokens."""

    policy: str
    total_latency: int
    mean_latency: float
    median_latency: float
    p99_latency: int
    makespan: int
    evictions: int
    wasted_tokens: int
    mean_occupancy: float
    peak_occupancy: int

    @classmethod
    def of(cls, policy: str, schedule: Schedule) -> Row:
        """The figures of ``policy``'s schedule."""
        return cls(
            policy=policy,
            total_latency=schedule.total_latency,
            mean_latency=schedule.mean_latency,
            median_latency=schedule.median_latency,
            p99_latency=schedule.p99_latency,
            makespan=schedule.makespan,
            evictions=schedule.evictions,
            wasted_tokens=schedule.wasted_tokens,
            mean_occupancy=schedule.mean_occupancy,
            peak_occupancy=schedule.peak_occupancy,
        )


def ratios_to_best(rows: list[Row]) -> list[float]:
    """Each row's total latency over the least among them."""
    best = min((row.total_latency for row in rows), default=1)
    return [row.total_latency / best for row in rows]


class PolicyNames(click.ParamType[tuple[str, ...]]):
    """A list of policies, separated by commas."""

    name = "names"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """The names in ``value``, each once and each known."""
        names = tuple(name.strip() for name in value.split(","))
        for name in names:
            if name not in POLICIES:
                self.fail(f"{name!r} is no policy; known are {', '.join(POLICIES)}", param, ctx)
            if names.count(name) > 1:
                self.fail(f"{name!r} stands twice; name each policy once", param, ctx)
        return names


@click.command(
    "compare",
    epilog="""\b
Examples:
  amin-ref compare
  amin-ref compare --prediction rough:1:1000 --arrivals poisson:0.5
  amin-ref compare --workload trace.csv --capacity 65536 --block-size 16
  amin-ref compare --policies amin,h-sf --json | python -m json.tool""",
)
@workload_options
@click.option(
    "--policies",
    type=PolicyNames(),
    default=",".join(POLICIES),
    show_default=True,
    help="Which to run, separated by commas: Amin, Amax (reserves upper bounds), H-SF (knows every "
    "length, shortest first), FCFS (first come, first served).",
)
@click.option(
    "--bound",
    is_flag=True,
    help="Also prove a lower bound on what any schedule costs, and compare with that: a policy's "
    "total latency over it is at least its ratio to the optimum.",
)
@click.option(
    "--time-limit",
    type=SECONDS,
    default=TIME_LIMIT,
    show_default=True,
    help="Seconds that the search for the bound may take.",
)
@click.option(
    "--report",
    metavar="OUT.html",
    help="Also write a report that can be opened in a browser: these policies, the best that is "
    "possible, and the article's claims. Proves a bound, too. Needs the extra 'report'.  "
    "[default: not written]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def compare_command(
    options: WorkloadOptions,
    policies: tuple[str, ...],
    bound: bool,
    time_limit: float,
    report: str | None,
    as_json: bool,
) -> None:
    """Simulate policies on one workload and compare latencies.

    Without flags: 2,000 requests drawn like LMSYS chats, all at once, in a cache of 16,492 tokens.
    """
    workload = options.build()
    size = len(workload.instance.requests)
    if report is not None:
        refuse_what_cannot_be_made(report)
    flags = [] if policies == tuple(POLICIES) else ["--policies", ",".join(policies)]
    flags += [] if time_limit == TIME_LIMIT else ["--time-limit", f"{time_limit:g}"]
    rows: list[Row] = []
    schedules: dict[str, Schedule] = {}
    least: int | None = None
    try:
        with watching(len(policies) * size) as watch:
            for policy in policies:
                schedule = simulate(
                    workload.instance,
                    POLICIES[policy].make(options.tie_break()),
                    on_completion=partial(_count, watch, policy, len(rows) * size),
                )
                rows.append(Row.of(policy, schedule))
                schedules[policy] = schedule
        if report is not None:
            best = best_known(workload.instance, time_limit).optimum
            least = best.lower_bound
            ledger = ledger_in(None)
            again = command(("compare", "--report", "report.html"), options, flags)
            write_report(report, options, again, schedules, best, ledger)
        elif bound:
            least = proven_bound(workload.instance, time_limit).total_latency
    finally:
        # Whatever ends the program early, the policies that are through are not lost.
        if rows:
            show = _print_json if as_json else _print_table
            show(rows, workload, options, least)


def _count(watch: Watch, policy: str, before: int, completed: int) -> None:
    watch.update(before + completed, policy)


def _print_json(
    rows: list[Row], workload: Workload, options: WorkloadOptions, least: int | None
) -> None:
    document = {
        "format": FORMAT,
        "version": VERSION,
        "options": options.as_document(),
        "requests": len(workload.instance.requests),
        "rows_read": workload.rows_read,
        "dropped": asdict(workload.dropped),
        "lower_bound": least,
        "policies": [
            asdict(row)
            | {"ratio_to_best": ratio, "ratio_to_bound": least and row.total_latency / least}
            for row, ratio in zip(rows, ratios_to_best(rows), strict=True)
        ],
    }
    click.echo(json.dumps(document))


_COLUMNS: tuple[tuple[str, Callable[[Row], str]], ...] = (
    ("policy", lambda row: row.policy),
    ("mean", lambda row: f"{row.mean_latency:,.1f}"),
    ("median", lambda row: f"{row.median_latency:,.1f}"),
    ("p99", lambda row: f"{row.p99_latency:,}"),
    ("makespan", lambda row: f"{row.makespan:,}"),
    ("evictions", lambda row: f"{row.evictions:,}"),
    ("wasted", lambda row: f"{row.wasted_tokens:,}"),
    ("mean held", lambda row: f"{row.mean_occupancy:,.0f}"),
    ("peak held", lambda row: f"{row.peak_occupancy:,}"),
)


def _print_table(
    rows: list[Row], workload: Workload, options: WorkloadOptions, least: int | None
) -> None:
    instance = workload.instance
    click.echo(
        f"{len(instance.requests):,} requests from {workload.source}, {options.arrivals}, "
        f"prediction {options.prediction}; cache of {instance.capacity:,} tokens in blocks of "
        f"{instance.block_size}."
    )
    if workload.dropped.total:
        click.echo(f"Left out of {workload.rows_read:,} rows read: {workload.dropped}.")
    table = Table(box=SIMPLE_HEAD)
    for heading, _ in _COLUMNS:
        table.add_column(heading, justify="left" if heading == "policy" else "right")
    table.add_column("× best", justify="right")
    if least is not None:
        table.add_column("≤ × OPT", justify="right")
    for row, ratio in zip(rows, ratios_to_best(rows), strict=True):
        certified = [] if least is None else [f"{row.total_latency / least:.3f}"]
        table.add_row(*(text(row) for _, text in _COLUMNS), f"{ratio:.3f}", *certified)
    console = Console()
    if not console.is_terminal:
        # A file or a pipe has no width to which a table would have to be cut.
        console.width = 200
    console.print(table)
    click.echo(
        "mean, median, p99: latency in rounds; wasted: tokens generated in evicted runs; held: "
        "tokens\nof cache; × best: total latency over the least in this table."
    )
    if least is not None:
        click.echo(
            f"≤ × OPT: total latency over {least:,}, which is proven to be at most that of any "
            "schedule."
        )

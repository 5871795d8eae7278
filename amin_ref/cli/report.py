"""``amin-ref report``: policies, optimum and claims as one HTML file to look at."""

from __future__ import annotations

from functools import partial

import click

from amin_ref.cli.bound import best_known
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

TIME_LIMIT = 20.0
"""Seconds that the search for the optimum may take unless told otherwise."""


@click.command(
    "report",
    epilog="""\b
Examples:
  amin-ref report report.html
  amin-ref report report.html --workload trace.csv --capacity 65536
  amin-ref claims --json > claims.json && amin-ref report report.html --claims claims.json""",
)
@click.argument("output", metavar="OUT.html")
@workload_options
@click.option(
    "--claims",
    "claims_file",
    metavar="FILE",
    help="The ledger that is shown: the JSON that 'amin-ref claims' prints.  [default: the one "
    "measured for this release]",
)
@click.option(
    "--time-limit",
    type=SECONDS,
    default=TIME_LIMIT,
    show_default=True,
    help="Seconds that the search for the optimum and its bound may take.",
)
def report_command(
    options: WorkloadOptions, output: str, claims_file: str | None, time_limit: float
) -> None:
    """Write an HTML report of policies, optimum and claims.

    It is one file, for any browser, without a network. It shows a small instance token by token,
    the four policies on one workload beside the best that is possible, and the article's claims
    with what was measured of each.
    """
    refuse_what_cannot_be_made(output)
    ledger = ledger_in(claims_file)
    workload = options.build()
    size = len(workload.instance.requests)
    schedules: dict[str, Schedule] = {}
    with watching(len(POLICIES) * size) as watch:
        for policy, named in POLICIES.items():
            schedules[policy] = simulate(
                workload.instance,
                named.make(options.tie_break()),
                on_completion=partial(_count, watch, policy, len(schedules) * size),
            )
    best = best_known(workload.instance, time_limit).optimum
    flags = [] if time_limit == TIME_LIMIT else ["--time-limit", f"{time_limit:g}"]
    flags += ["--claims", claims_file] if claims_file else []
    again = command(("report", "report.html"), options, flags)
    write_report(output, options, again, schedules, best, ledger)


def _count(watch: Watch, policy: str, before: int, completed: int) -> None:
    watch.update(before + completed, policy)

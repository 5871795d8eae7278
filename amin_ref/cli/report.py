"""``amin-ref report``: policies, optimum and claims, and your schedule, as one HTML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from amin_ref.cli.bound import best_known, best_of, proven_bound, tell_interrupted
from amin_ref.cli.compare import policies_option, refuse_ties_without_effect
from amin_ref.cli.comparing import schedules_of
from amin_ref.cli.flags import refuse_without_effect
from amin_ref.cli.given import given_schedule
from amin_ref.cli.machine import flags_of, machine_options, on_machine
from amin_ref.cli.options import (
    SECONDS,
    WholeNumber,
    WorkloadOptions,
    workload_options,
)
from amin_ref.cli.progress import watching
from amin_ref.cli.report_file import (
    command,
    ledger_in,
    refuse_what_cannot_be_made,
    write_report,
)
from amin_ref.cli.signals import was_asked_to_stop
from amin_ref.cli.wording import has_limits
from amin_ref.comparison import Comparison
from amin_ref.comparison.selection import DEFAULT_SELECTION
from amin_ref.model.instance import Instance
from amin_ref.model.schedule import Schedule
from amin_ref.policies import TieBreak

if TYPE_CHECKING:
    from oracle.report import GivenSchedule

TIME_LIMIT = 20.0
"""Default time limit of the search for the optimum; seconds."""

DEFAULT_SEEDS = 5
"""Default number of seeds. A 95 % interval of five seeds is ± 1.2 standard deviations wide, of
20 seeds ± 0.5, and each seed takes three seconds more on 2,000 requests."""

BOUND_SECONDS = 1.0
"""Seconds for the bound of each seed after the first: at most 0.7 % below what six seconds find."""

GIVEN = "yours"
"""Name of the schedule of ``--schedule`` among the policies."""


@dataclass(frozen=True, slots=True)
class _Requests:
    """What the policies schedule for one seed, and what orders equal bounds."""

    seed: int
    instance: Instance
    ties: TieBreak

    @classmethod
    def of(cls, options: WorkloadOptions, machine: Mapping[str, object]) -> _Requests:
        instance = on_machine(options.build().instance, machine)
        return cls(options.seed, instance, options.tie_break())


@click.command(
    "report",
    epilog="""\b
Examples:
  amin-ref report report.html
  amin-ref report report.html --workload trace.csv --capacity 65536
  amin-ref report report.html --schedule mine.json
  amin-ref report report.html --policies amin,mine:SJF
  amin-ref claims --json > claims.json && amin-ref report report.html --claims claims.json""",
)
@click.argument("output", metavar="OUT.html")
@workload_options
@machine_options
@policies_option
@click.option(
    "--schedule",
    "schedule_file",
    metavar="FILE",
    help="Also show this schedule: its Gantt chart, its occupancy, and the policies on its "
    "requests. JSON, JSON lines or a log; - is standard input.  [default: no schedule]",
)
@click.option(
    "--seeds",
    type=WholeNumber("number", least=1),
    help="Compare over this number of seeds, from --seed on: means with 95 % intervals.  "
    f"[default: {DEFAULT_SEEDS}; 1 where nothing is random]",
)
@click.option(
    "--claims",
    "claims_file",
    metavar="FILE",
    help="The measurements of the claims to show: the output of 'amin-ref claims --json'.  "
    "[default: those of this release]",
)
@click.option(
    "--time-limit",
    type=SECONDS,
    default=TIME_LIMIT,
    show_default=True,
    help="Seconds that the search for the optimum and its bound may take, for the first seed.",
)
@click.pass_context
def report_command(
    context: click.Context,
    options: WorkloadOptions,
    machine: Mapping[str, object],
    output: str,
    policies: tuple[str, ...],
    schedule_file: str | None,
    seeds: int | None,
    claims_file: str | None,
    time_limit: float,
) -> None:
    """Write an HTML report of policies, optimum and claims.

    The report is one file that any browser shows without a network: a small instance token by
    token, the policies on one workload with the best schedule found, and the article's
    claims with their measurements.

    After Ctrl-C the report is written with the best schedule found so far, and with the seeds
    compared until then (exit code 130).
    """
    refuse_what_cannot_be_made(output)
    refuse_ties_without_effect(context, policies)
    ledger = ledger_in(claims_file)
    given = None if schedule_file is None else _given(context, schedule_file, machine)
    if given is not None:
        requests = [_Requests(options.seed, given.schedule.instance, options.tie_break())]
    else:
        chosen = range(options.seed, options.seed + _number_of_seeds(context, options, seeds))
        requests = [_Requests.of(replace(options, seed=seed), machine) for seed in chosen]
    schedules = _simulated(requests, policies)
    if given is not None:
        schedules[0] = {GIVEN: given.schedule} | schedules[0]
    if has_limits(requests[0].instance.machine):
        best = best_of(schedules[0].values(), time_limit)
    else:
        best = best_known(requests[0].instance, time_limit)
    further = {}
    if not best.interrupted:
        further = _compared(requests[1:], schedules[1:], min(time_limit, BOUND_SECONDS))
    flags = [] if ",".join(policies) == DEFAULT_SELECTION else ["--policies", ",".join(policies)]
    flags += ["--seeds", str(seeds)] if seeds is not None else []
    flags += [] if time_limit == TIME_LIMIT else ["--time-limit", f"{time_limit:g}"]
    flags += ["--schedule", schedule_file] if schedule_file else []
    flags += ["--claims", claims_file] if claims_file else []
    flags += flags_of(machine)
    again = command(("report", Path(output).name), options, flags)
    write_report(
        output,
        options,
        again,
        schedules[0],
        best.optimum,
        ledger,
        further=further,
        given=given,
    )
    if was_asked_to_stop():
        context.exit(tell_interrupted())


def _given(context: click.Context, file: str, machine: Mapping[str, object]) -> GivenSchedule:
    """The schedule of ``--schedule``, as the report shows it; raises as :func:`given_schedule`."""
    # What draws takes a second to import.
    from oracle.report import GivenSchedule

    return GivenSchedule(*given_schedule(context, file, machine))


def _number_of_seeds(context: click.Context, options: WorkloadOptions, seeds: int | None) -> int:
    """The number of seeds; one if the seed has no effect.

    Raises:
        click.UsageError: ``--seeds`` was given, and the seed has no effect.
    """
    if options.is_random:
        return DEFAULT_SEEDS if seeds is None else seeds
    refuse_without_effect(context, "seeds", "where nothing is random")
    return 1


def _simulated(requests: Sequence[_Requests], policies: Sequence[str]) -> list[dict[str, Schedule]]:
    """The schedule of each policy, for each seed."""
    total = len(policies) * sum(len(each.instance.requests) for each in requests)
    schedules: list[dict[str, Schedule]] = []
    done = 0
    with watching(total, f"simulating {', '.join(policies)}") as watch:
        for each in requests:
            schedules.append(dict(schedules_of(policies, each.instance, each.ties, watch, done)))
            done += len(policies) * len(each.instance.requests)
    return schedules


def _compared(
    requests: Sequence[_Requests], schedules: Sequence[dict[str, Schedule]], seconds: float
) -> dict[int, Comparison]:
    """A comparison for each seed, with a certified bound of its own; until Ctrl-C."""
    comparisons: dict[int, Comparison] = {}
    for each, of_policy in zip(requests, schedules, strict=True):
        bound = proven_bound(each.instance, seconds)
        if bound.interrupted:
            break
        comparisons[each.seed] = Comparison(of_policy, bound.total_latency)
    return comparisons

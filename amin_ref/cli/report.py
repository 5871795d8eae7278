"""``amin-ref report``: policies, optimum and claims, and your schedule, as one HTML file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from amin_ref.checker import check
from amin_ref.cli.bound import best_known, proven_bound
from amin_ref.cli.options import SECONDS, WholeNumber, WorkloadOptions, workload_options
from amin_ref.cli.progress import Watch, watching
from amin_ref.cli.reading import schedule_in
from amin_ref.cli.report_file import (
    command,
    ledger_in,
    refuse_what_cannot_be_made,
    write_report,
)
from amin_ref.model.errors import InvalidDocument
from amin_ref.model.instance import Instance
from amin_ref.model.schedule import Schedule
from amin_ref.policies import TieBreak
from amin_ref.policies.names import POLICIES
from amin_ref.simulator.simulation import simulate

if TYPE_CHECKING:
    from oracle.report import GivenSchedule, Sample

TIME_LIMIT = 20.0
"""Seconds that the search for the optimum may take unless told otherwise."""

SEEDS = 5
"""Seeds unless told otherwise. A 95 % interval of five seeds is ± 1.2 standard deviations wide, of
20 seeds ± 0.5, and each seed takes two seconds more on 2,000 requests."""

BOUND_SECONDS = 1.0
"""Seconds for the bound of each seed after the first: at most 0.7 % below what six seconds find."""

GIVEN = "yours"
"""Name of the schedule of ``--schedule`` among the policies."""

OF_THE_SCHEDULE = (
    "workload",
    "requests",
    "seed",
    "capacity",
    "block_size",
    "prediction",
    "arrivals",
    "seeds",
)
"""Flags without an effect beside ``--schedule``, whose file has the requests and the cache."""


@dataclass(frozen=True, slots=True)
class _Drawn:
    """The requests that one seed draws, and what orders equal bounds."""

    seed: int
    instance: Instance
    ties: TieBreak


@click.command(
    "report",
    epilog="""\b
Examples:
  amin-ref report report.html
  amin-ref report report.html --workload trace.csv --capacity 65536
  amin-ref report report.html --schedule mine.json
  amin-ref claims --json > claims.json && amin-ref report report.html --claims claims.json""",
)
@click.argument("output", metavar="OUT.html")
@workload_options
@click.option(
    "--schedule",
    "schedule_file",
    metavar="FILE",
    help="Show this schedule, too: its Gantt chart, its occupancy, and the policies on its "
    "requests. JSON or JSON lines; - is standard input.",
)
@click.option(
    "--seeds",
    type=WholeNumber("seeds", least=1),
    default=SEEDS,
    show_default=True,
    help="Samples of the workload, with the seeds S, S + 1, … for --seed S. Means over them get "
    "95 % intervals.",
)
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
    help="Seconds for the search for the optimum of the first sample, and its bound.",
)
@click.pass_context
def report_command(
    context: click.Context,
    options: WorkloadOptions,
    output: str,
    schedule_file: str | None,
    seeds: int,
    claims_file: str | None,
    time_limit: float,
) -> None:
    """Write an HTML report of policies, optimum and claims.

    It is one file, for any browser, without a network. It shows a small instance token by token,
    the four policies on one workload beside the best schedule that is found, and the article's
    claims with the measurements. Ctrl-C ends the search for the optimum; the report is written with
    the best that was found, and with one seed.
    """
    refuse_what_cannot_be_made(output)
    ledger = ledger_in(claims_file)
    given = None if schedule_file is None else _given(context, schedule_file)
    first = _drawn(options) if given is None else _replaced(options, given)
    drawn = [first] if given else list(_all_drawn(context, options, first, seeds))
    schedules = _simulated(drawn)
    if given is not None:
        schedules[0] = {GIVEN: given.schedule} | schedules[0]
    best = best_known(first.instance, time_limit)
    further = [] if best.interrupted else list(_samples(drawn[1:], schedules[1:], time_limit))
    flags = ["--seeds", str(seeds)] if seeds != SEEDS else []
    flags += [] if time_limit == TIME_LIMIT else ["--time-limit", f"{time_limit:g}"]
    flags += ["--schedule", schedule_file] if schedule_file else []
    flags += ["--claims", claims_file] if claims_file else []
    write_report(
        output,
        options,
        command(("report", Path(output).name), options, flags),
        schedules[0],
        best.optimum,
        ledger,
        is_random=given is None and (len(drawn) > 1 or seeds == 1),
        further=further,
        given=given,
    )


def _given(context: click.Context, file: str) -> GivenSchedule:
    """The schedule of ``--schedule``.

    Raises:
        click.UsageError: a flag was given that would have no effect.
        InvalidDocument: the file cannot be read, or its schedule is not valid or has no requests.
    """
    # What draws takes a second to import.
    from oracle.report import GivenSchedule

    for name in OF_THE_SCHEDULE:
        if context.get_parameter_source(name) == ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"--{name.replace('_', '-')} has no effect beside --schedule, whose file has the "
                "requests and the cache; leave it out",
                context,
            )
    schedule = schedule_in(file)
    shown = "standard input" if file == "-" else Path(file).name
    if violations := check(schedule):
        raise InvalidDocument(
            f"{shown!r} holds a schedule that is not valid: {violations[0].message} "
            "'amin-ref check' lists every violation."
        )
    if not schedule.instance.requests:
        raise InvalidDocument(f"{shown!r} holds a schedule of no requests; give one with requests.")
    return GivenSchedule(shown, schedule)


def _replaced(options: WorkloadOptions, given: GivenSchedule) -> _Drawn:
    """The requests of a schedule in place of a workload's."""
    return _Drawn(options.seed, given.schedule.instance, options.tie_break())


def _drawn(options: WorkloadOptions) -> _Drawn:
    return _Drawn(options.seed, options.build().instance, options.tie_break())


def _all_drawn(
    context: click.Context, options: WorkloadOptions, first: _Drawn, seeds: int
) -> Iterator[_Drawn]:
    """The samples of all seeds; only the first where the seed has no effect.

    Raises:
        click.UsageError: ``--seeds`` was given, and the seed has no effect.
    """
    yield first
    for seed in range(options.seed + 1, options.seed + seeds):
        drawn = _drawn(replace(options, seed=seed))
        if drawn.instance == first.instance and options.ties == "position":
            if context.get_parameter_source("seeds") == ParameterSource.COMMANDLINE:
                raise click.UsageError(
                    "--seeds has no effect on a workload in which nothing is random; leave it out",
                    context,
                )
            return
        yield drawn


def _simulated(drawn: Sequence[_Drawn]) -> list[dict[str, Schedule]]:
    """The schedules of every policy for each sample."""
    size = sum(len(each.instance.requests) for each in drawn)
    done = 0
    schedules: list[dict[str, Schedule]] = []
    with watching(len(POLICIES) * size) as watch:
        for each in drawn:
            schedules.append({})
            for policy, named in POLICIES.items():
                schedules[-1][policy] = simulate(
                    each.instance,
                    named.make(each.ties),
                    on_completion=partial(_count, watch, policy, done),
                )
                done += len(each.instance.requests)
    return schedules


def _samples(
    drawn: Sequence[_Drawn], schedules: Sequence[dict[str, Schedule]], time_limit: float
) -> Iterator[Sample]:
    """The samples after the first, each with a certified bound of its own; until Ctrl-C."""
    from oracle.report import Sample

    for each, of_policy in zip(drawn, schedules, strict=True):
        bound = proven_bound(each.instance, min(time_limit, BOUND_SECONDS))
        if bound.interrupted:
            return
        yield Sample(each.seed, of_policy, bound.total_latency)


def _count(watch: Watch, policy: str, before: int, completed: int) -> None:
    watch.update(before + completed, policy)

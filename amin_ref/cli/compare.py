"""``amin-ref compare``: policies beside each other on one workload, or over several seeds."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Literal, get_args

import click

from amin_ref.cli.bound import best_known, proven_bound
from amin_ref.cli.foreign import told_in_one_sentence
from amin_ref.cli.options import SECONDS, WholeNumber, WorkloadOptions, workload_options
from amin_ref.cli.progress import Watch, watching
from amin_ref.cli.report_file import (
    caption,
    command,
    ledger_in,
    refuse_what_cannot_be_made,
    write_report,
)
from amin_ref.comparison import Comparison, Display, SeedComparison, simulated
from amin_ref.comparison.columns import COLUMNS, DEFAULT_COLUMNS, chosen_columns
from amin_ref.comparison.selection import ALL_POLICIES, policies_by_name
from amin_ref.model.errors import AminError, shown
from amin_ref.model.schedule import Schedule
from amin_ref.policies.ties import ByPosition
from amin_ref.workloads import Workload

Format = Literal["table", "markdown", "csv", "json"]

TIME_LIMIT = 10.0
"""Seconds that the search for the bound may take unless told otherwise."""

MOST_SEEDS = 10_000
"""More would say nothing that 10,000 do not: the interval is a hundredth of the spread."""


class PolicyNames(click.ParamType[tuple[str, ...]]):
    """Policies by their names or as MODULE:NAME, with commas between."""

    name = "names"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """The names in ``value``, each once and each of a policy that can be made."""
        try:
            return tuple(policies_by_name(value, ByPosition()))
        except AminError as error:
            self.fail(str(error).rstrip("."), param, ctx)


class ColumnNames(click.ParamType[tuple[str, ...]]):
    """Columns of the table by the names that JSON has for them."""

    name = "names"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """The names in ``value``, each once and each of a column."""
        try:
            return tuple(column.field for column in chosen_columns(value))
        except AminError as error:
            self.fail(str(error).rstrip("."), param, ctx)


@dataclass(frozen=True, slots=True)
class Latency:
    """A latency as the user states it.

    Attributes:
        amount: how much, above 0.
        in_seconds: whether it is in seconds rather than rounds.
    """

    amount: float
    in_seconds: bool

    def rounds(self, round_seconds: float | None) -> float:
        """The latency in rounds.

        Raises:
            click.UsageError: it is in seconds, and the duration of a round is not known.
        """
        if not self.in_seconds:
            return self.amount
        if round_seconds is None:
            raise click.UsageError("--slo in seconds needs --round SECONDS, the time of a round")
        return self.amount / round_seconds


class LatencyParameter(click.ParamType[Latency]):
    """A latency in rounds, ``400``, or in seconds, ``20s``."""

    name = "latency"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> Latency:
        """The latency that ``value`` stands for."""
        number = SECONDS.convert(value.removesuffix("s"), param, ctx)
        if number == 0:
            self.fail(f"{shown(value)} is not above 0", param, ctx)
        return Latency(number, value.endswith("s"))


@click.command(
    "compare",
    epilog="""\b
Examples:
  amin-ref compare
  amin-ref compare --policies amin,mine:SJF --seeds 10
  amin-ref compare --load 0.8 --round 0.05 --slo 20s
  amin-ref compare --workload trace.csv --capacity 65536 --block-size 16
  amin-ref compare --policies amin,h-sf --json | python -m json.tool""",
)
@workload_options
@click.option(
    "--policies",
    type=PolicyNames(),
    default=ALL_POLICIES,
    show_default=True,
    help="Which to run, separated by commas: Amin, Amax (reserves upper bounds), H-SF (knows every "
    "length, shortest first), FCFS (first come, first served), or MODULE:NAME for a policy of your "
    "own, where MODULE is looked for in the current folder first.",
)
@click.option(
    "--seeds",
    type=WholeNumber("number", least=2),
    help="Compare over that many seeds, the given one and those after it: means with 95 % "
    "intervals, and which differences between policies the seeds support.  [default: one seed]",
)
@click.option(
    "--bound",
    is_flag=True,
    help="Also prove a lower bound on what any schedule costs, and compare with that: a policy's "
    "ratio to the optimum is at most its total latency over the bound.",
)
@click.option(
    "--time-limit",
    type=SECONDS,
    default=TIME_LIMIT,
    show_default=True,
    help="Seconds that the search for the bound may take, for each seed.",
)
@click.option(
    "--round",
    "round_seconds",
    type=SECONDS,
    help="Duration of a round: shows times in seconds, and throughput in tokens a second. JSON "
    "stays in rounds.  [default: times in rounds]",
)
@click.option(
    "--slo",
    type=LatencyParameter(),
    help="Also show goodput, the share of requests that complete within this latency: in rounds "
    "('400'), or in seconds ('20s') where a round has a duration.  [default: not shown]",
)
@click.option(
    "--columns",
    type=ColumnNames(),
    help=f"Columns to show, separated by commas, or 'all': {', '.join(COLUMNS)}.  [default: what "
    f"fits of {', '.join(DEFAULT_COLUMNS)}, the first ones before the last]",
)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(get_args(Format)),
    help="How to print the comparison.  [default: table]",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--report",
    metavar="OUT.html",
    help="Also write a report that can be opened in a browser: these policies, the best that is "
    "possible, and the article's claims. Proves a bound, too. Needs the extra 'report'.  "
    "[default: not written]",
)
def compare_command(
    options: WorkloadOptions,
    policies: tuple[str, ...],
    seeds: int | None,
    bound: bool,
    time_limit: float,
    round_seconds: float | None,
    slo: Latency | None,
    columns: tuple[str, ...] | None,
    output_format: Format | None,
    as_json: bool,
    report: str | None,
) -> None:
    """Simulate policies on one workload and compare latencies.

    Without flags: 2,000 requests drawn like LMSYS chats, all at once, in a cache of 16,492 tokens.
    """
    if as_json and output_format not in (None, "json"):
        raise click.UsageError(f"--json and --format {output_format} contradict each other")
    display = Display(round_seconds, None if slo is None else slo.rounds(round_seconds))
    shown_as: Format = "json" if as_json else output_format or "table"
    printing = Printing(shown_as, columns)
    bound_limit = time_limit if bound else None
    if seeds is None:
        flags = [] if ",".join(policies) == ALL_POLICIES else ["--policies", ",".join(policies)]
        flags += [] if time_limit == TIME_LIMIT else ["--time-limit", f"{time_limit:g}"]
        _one(options, policies, display, printing, bound_limit, report, time_limit, flags)
    elif report is not None:
        raise click.UsageError("--report shows one seed; leave out --seeds")
    else:
        _refuse_equal_seeds(options, seeds)
        _several(options, policies, seeds, display, printing, bound_limit)


@dataclass(frozen=True, slots=True)
class Printing:
    """How a comparison is printed.

    Attributes:
        shown_as: the format.
        columns: the columns chosen; ``None`` for the default.
    """

    shown_as: Format
    columns: tuple[str, ...] | None

    def show(
        self, comparison: Comparison | SeedComparison, workload: Workload, options: WorkloadOptions
    ) -> None:
        """Print it on standard output."""
        if self.shown_as == "json":
            document = comparison.document()
            begin = {"format": document["format"], "version": document["version"]}
            how = {
                "options": options.as_document(),
                "rows_read": workload.rows_read,
                "dropped": asdict(workload.dropped),
            }
            click.echo(json.dumps(begin | how | document))
        elif self.shown_as == "csv":
            click.echo(comparison.to_csv(self.columns), nl=False)
        elif self.shown_as == "markdown":
            click.echo(f"{comparison.caption}\n")
            click.echo(comparison.to_markdown(self.columns), nl=False)
        else:
            click.echo(comparison.table(_terminal_width(), self.columns))


def _one(
    options: WorkloadOptions,
    policies: tuple[str, ...],
    display: Display,
    printing: Printing,
    bound_limit: float | None,
    report: str | None,
    time_limit: float,
    flags: list[str],
) -> None:
    """Compare on one instance; what is done is printed, whatever ends the program early."""
    workload = options.build()
    if report is not None:
        refuse_what_cannot_be_made(report)
    schedules: dict[str, Schedule] = {}
    least: int | None = None
    try:
        size = len(workload.instance.requests)
        with watching(len(policies) * size) as watch:
            # Schedules that are done stay in the dictionary when a later one is interrupted.
            schedules.update(_simulated(workload, policies, options, watch, 0))
        if report is not None:
            best = best_known(workload.instance, time_limit).optimum
            least = best.lower_bound
            again = command(("compare", "--report", "report.html"), options, flags)
            write_report(report, options, again, schedules, best, ledger_in(None))
        elif bound_limit is not None:
            least = proven_bound(workload.instance, bound_limit).total_latency
    finally:
        if schedules:
            text = _caption(options, workload, schedules)
            printing.show(Comparison(schedules, least, display, text), workload, options)


def _several(
    options: WorkloadOptions,
    policies: tuple[str, ...],
    seeds: int,
    display: Display,
    printing: Printing,
    bound_limit: float | None,
) -> None:
    """Compare over seeds; the seeds that are done are printed, whatever ends the program early."""
    comparisons: dict[int, Comparison] = {}
    workload: Workload | None = None
    try:
        for seed in range(options.seed, options.seed + seeds):
            of_seed = replace(options, seed=seed)
            workload = of_seed.build()
            size = len(policies) * len(workload.instance.requests)
            with watching(seeds * size) as watch:
                done = len(comparisons) * size
                schedules = dict(_simulated(workload, policies, of_seed, watch, done))
            least = None
            if bound_limit is not None:
                least = proven_bound(workload.instance, bound_limit).total_latency
            text = _caption(of_seed, workload, schedules)
            comparisons[seed] = Comparison(schedules, least, display, text)
    finally:
        if workload is not None and len(comparisons) == 1:
            (comparison,) = comparisons.values()
            printing.show(comparison, workload, options)
        elif workload is not None and comparisons:
            first, last = min(comparisons), max(comparisons)
            text = f"Seeds {first:,} to {last:,}, each: {next(iter(comparisons.values())).caption}"
            printing.show(SeedComparison(comparisons, text), workload, options)


def _simulated(
    workload: Workload,
    policies: tuple[str, ...],
    options: WorkloadOptions,
    watch: Watch,
    done_before: int,
) -> Iterator[tuple[str, Schedule]]:
    """Each policy's schedule, with progress, and errors of users' policies in one sentence."""
    size = len(workload.instance.requests)
    for index, policy in enumerate(policies):
        before = done_before + index * size

        def count(policy: str, completed: int, before: int = before) -> None:
            watch.update(before + completed, policy)

        with told_in_one_sentence(policy):
            yield from simulated(
                workload.instance, policy, ties=options.tie_break(), progress=count
            )


def _refuse_equal_seeds(options: WorkloadOptions, seeds: int) -> None:
    """Refuse several seeds of a workload that has nothing random in it, before it is read."""
    if seeds > MOST_SEEDS:
        raise click.UsageError(f"--seeds is {seeds}, and at most {MOST_SEEDS:,} are compared")
    if not options.is_random:
        raise click.UsageError(
            "--seeds: nothing is random in the requests of a file with these arrivals, prediction "
            "and ties; give --load 0.8 or --ties random"
        )


def _caption(
    options: WorkloadOptions, workload: Workload, schedules: Mapping[str, Schedule]
) -> str:
    text = caption(options, next(iter(schedules.values())))
    if workload.dropped.total:
        text += f" Left out of {workload.rows_read:,} rows read: {workload.dropped}."
    return text


def _terminal_width() -> int | None:
    """Columns of the terminal that standard output is; ``None`` for a file or a pipe."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None

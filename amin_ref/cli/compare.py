"""``amin-ref compare``: policies beside each other on one workload, or over several seeds."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from typing import Literal, get_args

import click
from click.shell_completion import CompletionItem

from amin_ref.cli.bound import best_known, proven_bound, tell_interrupted
from amin_ref.cli.flags import completed_policies, is_given, without_effect
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
from amin_ref.workloads import Dropped, Workload

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

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The lists that begin with ``incomplete`` and have one policy more."""
        del ctx, param
        return completed_policies(incomplete)


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
@click.pass_context
def compare_command(
    context: click.Context,
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

    Ctrl-C ends the command with a comparison of the policies, or seeds, that are done (exit code
    130).
    """
    if as_json and output_format not in (None, "json"):
        raise click.UsageError(f"--json and --format {output_format} contradict each other")
    shown_as: Format = "json" if as_json else output_format or "table"
    if columns is not None and shown_as == "json":
        raise without_effect(context, "columns", "on JSON, which has every column")
    if is_given(context, "time_limit") and not bound and report is None:
        raise without_effect(context, "time_limit", "without --bound or --report")
    plan = Plan(
        options=options,
        policies=policies,
        display=Display(round_seconds, None if slo is None else slo.rounds(round_seconds)),
        shown_as=shown_as,
        columns=columns,
        bound=bound,
        time_limit=time_limit,
    )
    if seeds is None:
        is_interrupted = _compare_one(plan, report)
    elif report is not None:
        raise click.UsageError("--report shows one seed; leave out --seeds")
    else:
        _refuse_equal_seeds(options, seeds)
        is_interrupted = _compare_seeds(plan, seeds)
    if is_interrupted:
        context.exit(tell_interrupted())


@dataclass(frozen=True, slots=True)
class Plan:
    """What is compared, and how it is printed.

    Attributes:
        options: the workload.
        policies: names of the policies.
        display: how times are shown.
        shown_as: the format.
        columns: the columns chosen; ``None`` for the default.
        bound: whether a lower bound is proven.
        time_limit: seconds that the search for the bound of an instance may take.
    """

    options: WorkloadOptions
    policies: tuple[str, ...]
    display: Display
    shown_as: Format
    columns: tuple[str, ...] | None
    bound: bool
    time_limit: float

    def flags(self) -> list[str]:
        """The flags that a report must repeat to show the same again."""
        flags = []
        if ",".join(self.policies) != ALL_POLICIES:
            flags += ["--policies", ",".join(self.policies)]
        if self.time_limit != TIME_LIMIT:
            flags += ["--time-limit", f"{self.time_limit:g}"]
        return flags

    def print(self, comparison: Comparison | SeedComparison, read: Read) -> None:
        """Print the comparison on standard output."""
        if self.shown_as == "json":
            document = comparison.document()
            head = {"format": document["format"], "version": document["version"]}
            source = {
                "options": self.options.as_document(),
                "rows_read": read.rows,
                "dropped": asdict(read.dropped),
            }
            click.echo(json.dumps(head | source | document))
        elif self.shown_as == "csv":
            click.echo(comparison.to_csv(self.columns), nl=False)
        elif self.shown_as == "markdown":
            click.echo(f"{comparison.caption}\n")
            click.echo(comparison.to_markdown(self.columns), nl=False)
        else:
            click.echo(comparison.table(_terminal_width(), self.columns))


@dataclass(frozen=True, slots=True)
class Read:
    """What was read or drawn to make one or more instances.

    Attributes:
        rows: rows of the trace, or draws, that were looked at.
        dropped: those that could not be scheduled, by reason.
    """

    rows: int = 0
    dropped: Dropped = field(default_factory=Dropped)

    def plus(self, workload: Workload) -> Read:
        """With what was read for another instance."""
        before, more = self.dropped, workload.dropped
        return Read(
            self.rows + workload.rows_read,
            Dropped(
                before.empty_prompt + more.empty_prompt,
                before.empty_output + more.empty_output,
                before.longer_than_cache + more.longer_than_cache,
            ),
        )

    def sentence(self) -> str:
        """What was left out, behind a space; empty where nothing was."""
        if not self.dropped.total:
            return ""
        return f" Left out of {self.rows:,} rows read: {self.dropped}."


def _compare_one(plan: Plan, report: str | None) -> bool:
    """Compare on one instance; print the policies that are done, whatever ends the program.

    Returns:
        Whether Ctrl-C ended the search for a lower bound.
    """
    if report is not None:
        refuse_what_cannot_be_made(report)
    workload = plan.options.build()
    instance = workload.instance
    schedules: dict[str, Schedule] = {}
    least: int | None = None
    is_interrupted = False
    try:
        with watching(len(plan.policies) * len(instance.requests)) as watch:
            # Schedules that are done stay in the dictionary when a later one is interrupted.
            schedules.update(_simulated(plan, plan.options, workload, watch, 0))
        if report is not None:
            found = best_known(instance, plan.time_limit)
            least, is_interrupted = found.optimum.lower_bound, found.interrupted
            again = command(("compare", "--report", "report.html"), plan.options, plan.flags())
            write_report(report, plan.options, again, schedules, found.optimum, ledger_in(None))
        elif plan.bound:
            proven = proven_bound(instance, plan.time_limit)
            least, is_interrupted = proven.total_latency, proven.interrupted
    finally:
        if schedules:
            read = Read().plus(workload)
            text = caption(plan.options, next(iter(schedules.values()))) + read.sentence()
            plan.print(Comparison(schedules, least, plan.display, text), read)
    return is_interrupted


def _compare_seeds(plan: Plan, count: int) -> bool:
    """Compare over seeds; print the seeds that are done, whatever ends the program.

    Returns:
        Whether Ctrl-C ended the search for a lower bound.
    """
    comparisons: dict[int, Comparison] = {}
    read = Read()
    is_interrupted = False
    try:
        with ExitStack() as stack:
            watch: Watch | None = None
            for seed in range(plan.options.seed, plan.options.seed + count):
                options = replace(plan.options, seed=seed)
                workload = options.build() if watch is None else options.build_silently()
                instance = workload.instance
                size = len(plan.policies) * len(instance.requests)
                if watch is None:
                    watch = stack.enter_context(watching(count * size))
                done = len(comparisons) * size
                schedules = dict(_simulated(plan, options, workload, watch, done))
                least = None
                if plan.bound:
                    # The search for a bound shows progress of its own.
                    stack.close()
                    watch = None
                    proven = proven_bound(instance, plan.time_limit)
                    least, is_interrupted = proven.total_latency, proven.interrupted
                read = read.plus(workload)
                text = caption(options, next(iter(schedules.values())))
                comparisons[seed] = Comparison(schedules, least, plan.display, text)
                if is_interrupted:
                    break
    finally:
        _print_seeds(plan, comparisons, read)
    return is_interrupted


def _print_seeds(plan: Plan, comparisons: Mapping[int, Comparison], read: Read) -> None:
    """Print what there is: of a single seed, there is no interval."""
    if not comparisons:
        return
    first, *others = comparisons.values()
    if not others:
        plan.print(replace(first, caption=first.caption + read.sentence()), read)
        return
    seeds = f"Seeds {min(comparisons):,} to {max(comparisons):,}, each: "
    plan.print(SeedComparison(comparisons, seeds + first.caption + read.sentence()), read)


def _simulated(
    plan: Plan, options: WorkloadOptions, workload: Workload, watch: Watch, done: int
) -> Iterator[tuple[str, Schedule]]:
    """Each policy's schedule, with progress, and errors of users' policies in one sentence.

    Args:
        plan: names the policies.
        options: say how ties are broken.
        workload: the instance.
        watch: shows the progress.
        done: requests completed before, by other seeds.
    """
    for policy in plan.policies:
        before = done

        def count(policy: str, completed: int, before: int = before) -> None:
            watch.update(before + completed, policy)

        with told_in_one_sentence(policy):
            yield from simulated(
                workload.instance, policy, ties=options.tie_break(), progress=count
            )
        done += len(workload.instance.requests)


def _refuse_equal_seeds(options: WorkloadOptions, seeds: int) -> None:
    """Refuse several seeds of a workload that has nothing random in it, before it is read."""
    if seeds > MOST_SEEDS:
        raise click.UsageError(f"--seeds is {seeds:,}, but at most {MOST_SEEDS:,} are compared")
    if not options.is_random:
        raise click.UsageError(
            "--seeds: nothing is random in the requests of a file with these arrivals, this "
            "prediction and these ties; give --load 0.8 or --ties random"
        )


def _terminal_width() -> int | None:
    """Columns of the terminal that standard output is; ``None`` for a file or a pipe."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None

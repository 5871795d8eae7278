"""``amin-ref compare``: the flags of the command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

import click
from click.shell_completion import CompletionItem

from amin_ref.cli.bound import tell_interrupted
from amin_ref.cli.comparing import TIME_LIMIT, ComparisonOptions, Format, compare_one, compare_seeds
from amin_ref.cli.flags import (
    OWN_POLICY,
    completed_policies,
    is_given,
    policies_in_words,
    refuse_without_effect,
    without_effect,
)
from amin_ref.cli.given import given_schedule
from amin_ref.cli.options import SECONDS, WholeNumber, WorkloadOptions, workload_options
from amin_ref.cli.report_file import refuse_what_cannot_be_made
from amin_ref.comparison import Display
from amin_ref.comparison.columns import COLUMNS, DEFAULT_COLUMNS, chosen_columns
from amin_ref.comparison.selection import DEFAULT_SELECTION, policies_by_name
from amin_ref.model.errors import AminError, shown
from amin_ref.policies.names import POLICIES
from amin_ref.policies.ties import ByPosition

MOST_SEEDS = 1000
"""With 1,000 seeds an interval is ± 6 % of the spread between seeds. All schedules are kept in
memory: for 2,000 requests and four policies, about a gigabyte."""


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


policies_option = click.option(
    "--policies",
    type=PolicyNames(),
    default=DEFAULT_SELECTION,
    show_default=True,
    help=f"Which to run, separated by commas: {policies_in_words()}; or {OWN_POLICY}. 'all' stands "
    "for every one that has a name.",
)
"""The flag that names the policies to compare."""


@click.command(
    "compare",
    epilog="""\b
Examples:
  amin-ref compare
  amin-ref compare --policies all
  amin-ref compare --policies amin,mine:SJF --seeds 10
  amin-ref compare --load 0.8 --round 0.05 --slo 20s
  amin-ref compare --workload trace.csv --capacity 65536 --block-size 16
  amin-ref compare --schedule engine.jsonl
  amin-ref compare --policies amin,h-sf --json | python -m json.tool""",
)
@workload_options
@policies_option
@click.option(
    "--schedule",
    "schedule_file",
    metavar="FILE",
    help="Also compare this schedule: the policies run on its requests. JSON, JSON lines or the "
    "log of an engine; - is standard input.  [default: no schedule]",
)
@click.option(
    "--seeds",
    type=WholeNumber("number", least=2),
    help="Compare over this number of seeds, from --seed on: means with 95 % intervals, and which "
    "differences between policies the seeds support.  [default: one seed]",
)
@click.option(
    "--bound",
    is_flag=True,
    help="Also prove a lower bound on the optimum, and show each policy's total latency divided by "
    "it: the policy's ratio to the optimum is at most that.",
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
    help="Duration of a round: the table shows times in seconds and throughput in tokens per "
    "second. JSON stays in rounds.  [default: times in rounds]",
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
    help=f"Columns to show, separated by commas, or 'all': {', '.join(COLUMNS)}.  [default: the "
    f"first ones of {', '.join(DEFAULT_COLUMNS)}, as many as fit]",
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
    help="Also write a report for a browser: these policies, a lower bound on the optimum, and the "
    "article's claims. Needs the extra 'report'.  [default: not written]",
)
@click.pass_context
def compare_command(
    context: click.Context,
    options: WorkloadOptions,
    policies: tuple[str, ...],
    schedule_file: str | None,
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

    Without flags: 2,000 requests with random lengths, distributed like LMSYS chats, all in round 0,
    in a cache of 16,492 tokens.

    After Ctrl-C the policies, or seeds, that are finished are compared (exit code 130).
    """
    if as_json and output_format not in (None, "json"):
        raise click.UsageError(f"--json and --format {output_format} contradict each other")
    shown_as: Format = "json" if as_json else output_format or "table"
    if columns is not None and shown_as == "json":
        raise without_effect(context, "columns", "on JSON, which has every column")
    if is_given(context, "time_limit") and not bound and report is None:
        raise without_effect(context, "time_limit", "without --bound or --report")
    refuse_ties_without_effect(context, policies)
    given = None
    if schedule_file is not None:
        refuse_without_effect(context, "report", "beside --schedule; report has --schedule, too")
        given = given_schedule(context, schedule_file)
        options = replace(options, workload=schedule_file)
    plan = ComparisonOptions(
        options=options,
        given=given,
        policies=policies,
        display=Display(round_seconds, None if slo is None else slo.rounds(round_seconds)),
        shown_as=shown_as,
        columns=columns,
        bound=bound,
        time_limit=time_limit,
        report=report,
    )
    if report is not None:
        refuse_what_cannot_be_made(report)
    if seeds is None:
        is_interrupted = compare_one(plan)
    else:
        _refuse_equal_seeds(options, seeds)
        is_interrupted = compare_seeds(plan, seeds)
    if is_interrupted:
        context.exit(tell_interrupted())


def refuse_ties_without_effect(context: click.Context, policies: Sequence[str]) -> None:
    """Refuse ``--ties`` where every policy is the user's own, and breaks ties in its own way.

    Raises:
        click.UsageError: ``--ties`` was given, and no policy takes it.
    """
    if not any(policy in POLICIES for policy in policies):
        refuse_without_effect(context, "ties", "on policies of your own")


def _refuse_equal_seeds(options: WorkloadOptions, seeds: int) -> None:
    """Refuse several seeds of a workload that has nothing random in it, before it is read."""
    if seeds > MOST_SEEDS:
        raise click.UsageError(f"--seeds is {seeds:,}, but at most {MOST_SEEDS:,} are compared")
    if not options.is_random:
        raise click.UsageError(
            "--seeds: nothing is random in the requests of a file with these arrivals, this "
            "prediction and these ties; give --load 0.8 or --ties random"
        )

"""The work of ``amin-ref compare``: simulate, and print the finished part when stopped."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from amin_ref.cli.bound import BestKnown, best_known, best_of, proven_bound
from amin_ref.cli.foreign import told_in_one_sentence
from amin_ref.cli.machine import flags_of, on_machine
from amin_ref.cli.options import WorkloadOptions
from amin_ref.cli.progress import Watch, watching
from amin_ref.cli.report_file import caption, command, ledger_in, write_report
from amin_ref.cli.wording import count, has_limits
from amin_ref.cli.writing import terminal_width
from amin_ref.comparison import Comparison, Display, SeedComparison, simulated
from amin_ref.comparison.selection import DEFAULT_SELECTION
from amin_ref.model.instance import Instance
from amin_ref.model.machine import machine_document
from amin_ref.model.schedule import Schedule
from amin_ref.policies import TieBreak
from amin_ref.workloads import Dropped, Workload

if TYPE_CHECKING:
    from oracle import Optimum

Format = Literal["table", "markdown", "csv", "json"]

TIME_LIMIT = 10.0
"""Default time limit of the search for the bound; seconds."""


@dataclass(frozen=True, slots=True)
class ComparisonOptions:
    """What is compared, and how it is printed.

    Attributes:
        options: the workload.
        policies: names of the policies.
        display: how times are shown.
        shown_as: the format.
        columns: the columns chosen; ``None`` for the default.
        bound: whether a lower bound is proven.
        time_limit: seconds that the search for the bound of an instance may take.
        report: the file of the report; ``None`` for none. A report needs a bound for each seed.
        given: a schedule of the user's own, of the requests of ``options``, and its name.
        machine: the fields of the machine that flags have given.
    """

    options: WorkloadOptions
    policies: tuple[str, ...]
    display: Display
    shown_as: Format
    columns: tuple[str, ...] | None
    bound: bool
    time_limit: float
    report: str | None
    given: tuple[str, Schedule] | None = None
    machine: Mapping[str, object] = field(default_factory=dict)

    def workload(self) -> Workload:
        """What is scheduled: the requests of the user's schedule, or what the flags name."""
        if self.given is None:
            return self.on_machine(self.options.build())
        instance = self.given[1].instance
        size = len(instance.requests)
        return Workload(instance, self.options.shown_workload, None, size, Dropped())

    def on_machine(self, workload: Workload) -> Workload:
        """The workload on the machine that flags have given."""
        return replace(workload, instance=on_machine(workload.instance, self.machine))

    def best(self, schedules: Mapping[str, Schedule], instance: Instance) -> BestKnown:
        """The best schedule known of the first seed's instance, and its bound."""
        if has_limits(instance.machine):
            return best_of(schedules.values(), self.time_limit)
        return best_known(instance, self.time_limit)

    def flags(self) -> list[str]:
        """The flags that a report must repeat to show the same again."""
        flags = []
        if ",".join(self.policies) != DEFAULT_SELECTION:
            flags += ["--policies", ",".join(self.policies)]
        if self.time_limit != TIME_LIMIT:
            flags += ["--time-limit", f"{self.time_limit:g}"]
        return [*flags, *flags_of(self.machine)]

    def work(self, instance: Instance) -> str:
        """What the simulations of one instance are called where they take long."""
        requests = count(len(instance.requests), "request")
        return f"simulating {requests} under {', '.join(self.policies)}"

    def write_report(
        self,
        schedules: Mapping[str, Schedule],
        best: Optimum,
        further: Mapping[int, Comparison],
    ) -> None:
        """Write the report, if ``--report`` was given.

        Args:
            schedules: of the first seed, by policy.
            best: the best schedule and the bound of the first seed.
            further: the comparisons of the other seeds.
        """
        if self.report is None:
            return
        flags = [*self.flags(), *(["--seeds", str(1 + len(further))] if further else [])]
        again = command(("compare", "--report", Path(self.report).name), self.options, flags)
        write_report(
            self.report, self.options, again, schedules, best, ledger_in(None), further=further
        )

    def print(self, comparison: Comparison | SeedComparison, read: Read) -> None:
        """Print the comparison on standard output."""
        if self.shown_as == "json":
            document = comparison.document()
            head = {"format": document["format"], "version": document["version"]}
            source = {
                "options": self.options.as_document() | _machine_of(comparison),
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
            click.echo(comparison.table(terminal_width(), self.columns))


def _machine_of(comparison: Comparison | SeedComparison) -> dict[str, object]:
    """The machine for JSON; empty for the paper's."""
    if isinstance(comparison, SeedComparison):
        comparison = next(iter(comparison.comparisons.values()))
    machine = machine_document(comparison.instance.machine)
    return {"machine": machine} if machine else {}


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


def compare_one(plan: ComparisonOptions) -> bool:
    """Compare on one instance; print the policies that are done, whatever ends the program.

    Returns:
        Whether Ctrl-C ended the search for a lower bound.
    """
    workload = plan.workload()
    instance = workload.instance
    schedules: dict[str, Schedule] = {} if plan.given is None else dict([plan.given])
    least: int | None = None
    is_interrupted = False
    try:
        size = len(plan.policies) * len(instance.requests)
        with watching(size, plan.work(instance)) as watch:
            # Schedules that are done stay in the dictionary when a later one is interrupted.
            ties = plan.options.tie_break()
            schedules.update(schedules_of(plan.policies, instance, ties, watch, 0))
        if plan.report is not None:
            found = plan.best(schedules, instance)
            least, is_interrupted = found.optimum.lower_bound, found.interrupted
            plan.write_report(schedules, found.optimum, {})
        elif plan.bound:
            proven = proven_bound(instance, plan.time_limit)
            least, is_interrupted = proven.total_latency, proven.interrupted
    finally:
        if schedules:
            read = Read().plus(workload)
            text = caption(plan.options, next(iter(schedules.values()))) + read.sentence()
            plan.print(Comparison(schedules, least, plan.display, text), read)
    return is_interrupted


def compare_seeds(plan: ComparisonOptions, seeds: int) -> bool:
    """Compare over seeds; print the seeds that are done, whatever ends the program.

    Returns:
        Whether Ctrl-C ended the search for a lower bound.
    """
    comparisons: dict[int, Comparison] = {}
    read = Read()
    best: BestKnown | None = None
    is_interrupted = False
    try:
        with ExitStack() as stack:
            watch: Watch | None = None
            for seed in range(plan.options.seed, plan.options.seed + seeds):
                options = replace(plan.options, seed=seed)
                build = options.build if watch is None else options.build_silently
                workload = plan.on_machine(build())
                instance = workload.instance
                size = len(plan.policies) * len(instance.requests)
                if watch is None:
                    watch = stack.enter_context(watching(seeds * size, plan.work(instance)))
                done = len(comparisons) * size
                ties = options.tie_break()
                schedules = dict(schedules_of(plan.policies, instance, ties, watch, done))
                least = None
                if plan.bound or plan.report is not None:
                    # The search for a bound shows progress of its own.
                    stack.close()
                    watch = None
                if plan.report is not None and best is None:
                    best = plan.best(schedules, instance)
                    least, is_interrupted = best.optimum.lower_bound, best.interrupted
                elif plan.bound or plan.report is not None:
                    proven = proven_bound(instance, plan.time_limit)
                    least, is_interrupted = proven.total_latency, proven.interrupted
                read = read.plus(workload)
                text = caption(options, next(iter(schedules.values())))
                comparisons[seed] = Comparison(schedules, least, plan.display, text)
                if is_interrupted:
                    break
        if best is not None:
            first, *others = comparisons
            further = {seed: comparisons[seed] for seed in others}
            plan.write_report(comparisons[first].schedules, best.optimum, further)
    finally:
        _print_seeds(plan, comparisons, read)
    return is_interrupted


def _print_seeds(
    plan: ComparisonOptions, comparisons: Mapping[int, Comparison], read: Read
) -> None:
    """Print what there is: of a single seed, there is no interval."""
    if not comparisons:
        return
    first, *others = comparisons.values()
    if not others:
        plan.print(replace(first, caption=first.caption + read.sentence()), read)
        return
    seeds = f"Seeds {min(comparisons):,} to {max(comparisons):,}, each: "
    plan.print(SeedComparison(comparisons, seeds + first.caption + read.sentence()), read)


def schedules_of(
    policies: Iterable[str], instance: Instance, ties: TieBreak, watch: Watch, done: int
) -> Iterator[tuple[str, Schedule]]:
    """Each policy's schedule, with progress, and errors of users' policies in one sentence.

    Args:
        policies: their names.
        instance: what is scheduled.
        ties: breaks ties.
        watch: shows the progress.
        done: requests completed before, by other seeds.

    Raises:
        PolicyFailed: a policy of the user's raises.
    """
    for policy in policies:
        before = done

        def show(policy: str, completed: int, before: int = before) -> None:
            watch.update(before + completed, policy)

        with told_in_one_sentence(policy):
            yield from simulated(instance, policy, ties=ties, progress=show)
        done += len(instance.requests)

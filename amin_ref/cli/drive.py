"""``amin-ref drive``: is a scheduler in another program valid, is it Amin, how near the optimum?"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import click

from amin_ref.cli.bound import best_known, proven_bound
from amin_ref.cli.options import Seconds, WholeNumber, WorkloadOptions, workload_options
from amin_ref.cli.progress import watching
from amin_ref.cli.reading import instance_in, read_text, write_text
from amin_ref.conformance import conform
from amin_ref.external import ExternalPolicy
from amin_ref.model.errors import InvalidDocument, SchedulerFailed
from amin_ref.model.instance import Instance
from amin_ref.model.schedule import Schedule
from amin_ref.suite import CLAIMS, FAILURES, Claim, Finding, examine, judge_schedule
from amin_ref.suite.judgement import schedule_of
from amin_ref.workloads import EMBEDDED

REQUESTS = 200
"""Requests of an embedded workload, where no other number is asked for."""

BOUND_SECONDS = 2.0
"""What the search for an instance's optimum, or for a lower bound on it, may take."""

MOST_FOR_OPTIMUM = 12
"""Requests up to which the optimum itself is searched for."""


@dataclass(frozen=True, slots=True)
class Named:
    """An instance, under a name to speak of it by."""

    name: str
    instance: Instance


@click.command(
    "drive",
    context_settings={"allow_interspersed_args": False},
    epilog="""\b
Examples:
  amin-ref drive -- ./my-scheduler
  amin-ref drive --claims valid --small 1000 -- node scheduler.js
  amin-ref drive --instance case.json --instance schedule.json -- python3 -u scheduler.py --fast""",
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option(
    "--claims",
    type=click.Choice(CLAIMS),
    default="amin",
    show_default=True,
    help="What the scheduler claims: to be Amin, or only to make valid schedules.",
)
@click.option(
    "--timeout",
    type=Seconds(),
    default=10.0,
    show_default=True,
    help="Seconds that each answer may take.",
)
@click.option(
    "--small",
    type=WholeNumber("instances", least=0),
    default=200,
    show_default=True,
    help="Random small instances to begin with.",
)
@click.option(
    "--instance",
    "files",
    metavar="FILE",
    multiple=True,
    help="Drive it with the instance in this file (an instance or a schedule of ours, JSON), and "
    "with nothing else that is not asked for in the same way.  [default: small instances, then "
    "the workload]",
)
@click.option(
    "--counterexample",
    metavar="FILE",
    help="Write the instance on which it fails there, as JSON.  [default: not written]",
)
@workload_options
@click.pass_context
def drive_command(
    context: click.Context,
    options: WorkloadOptions,
    command: tuple[str, ...],
    claims: Claim,
    timeout: float,
    small: int,
    files: tuple[str, ...],
    counterexample: str | None,
) -> None:
    """Test a scheduler that runs as another program.

    COMMAND is asked for the decisions of every round.

    COMMAND speaks lines of JSON: it reads arrivals and completions on its standard input and
    answers each line with whom to evict and whom to admit. proofs_notes/protocol.md has the page to
    write it from; tests/examples has schedulers in C and JavaScript.

    Exit code 0: it is what it claims to be. 1: it is not, or it dies, hangs or talks nonsense.
    2: it cannot be started.
    """
    named = list(_instances(options, files))
    with ExternalPolicy(command, timeout=timeout) as policy:
        finding = None if files else _small(policy, claims, small, options.seed)
        for case in named:
            finding = finding or _one(policy, case, claims)
        finding = finding or _end(policy, named[-1].instance)
    program = shlex.join(command)
    if finding is None:
        what = "valid, and every decision is one that Amin could have made"
        click.echo(f"{program}: {what if claims == 'amin' else 'valid'}.")
        return
    if finding.rule == "cannot-start":
        raise click.ClickException(finding.message)
    broken = "" if finding.rule in FAILURES else f"{finding.theorem} does not hold: "
    click.echo(f"{program}: {broken}{finding.rule}: {finding.message}")
    if counterexample is None:
        click.echo(f"The instance, for --instance: {finding.instance.to_json()}")
    else:
        write_text(counterexample, finding.instance.to_json() + "\n")
    context.exit(1)


def _instances(options: WorkloadOptions, files: tuple[str, ...]) -> Iterator[Named]:
    """What to drive with besides small instances."""
    for file in files:
        instance = instance_in(file)
        if instance is None:
            read_text(file)  # one that cannot be read is told as such
            raise InvalidDocument(
                f"{file!r} holds no instance and no schedule; give a file that begins "
                '{"format": "amin-ref/instance", …}.'
            )
        yield Named(Path(file).name, instance)
    if files:
        return
    if options.requests is None and options.workload in EMBEDDED:
        options = replace(options, requests=REQUESTS)
    instance = instance_in(options.workload) or options.build().instance
    yield Named(f"{options.workload}, {len(instance.requests):,} requests", instance)


def _small(policy: ExternalPolicy, claims: Claim, examples: int, seed: int) -> Finding | None:
    """Small instances, theorem by theorem; the first finding among them."""
    if examples == 0:
        return None
    report = examine(lambda: policy, claims, examples=examples, seed=seed)
    finding = report.first
    if finding is None or finding.rule not in FAILURES:
        # Of a program that failed, nothing else could be judged.
        click.echo("\n".join(report.lines()))
    return finding


def _one(policy: ExternalPolicy, case: Named, claims: Claim) -> Finding | None:
    """One instance, and how far from the optimum it was scheduled."""
    with watching(len(case.instance.requests)) as watch:
        schedule = schedule_of(
            case.instance, policy, claims, on_completion=lambda done: watch.update(done, case.name)
        )
    if isinstance(schedule, Finding):
        return schedule
    click.echo(f"{case.name}: {_figures(schedule, claims)}.")
    return judge_schedule(schedule, claims)


def _figures(schedule: Schedule, claims: Claim) -> str:
    figures = [f"total latency {schedule.total_latency:,} request·rounds"]
    bound, proven = _least(schedule.instance)
    if bound:
        ratio = f"{schedule.total_latency / bound:.3f} × OPT"
        figures.append(ratio if proven else f"at most {ratio}")
    if claims == "valid":
        figures.append("as Amin's could be" if conform(schedule).conforms else "not Amin's")
    return ", ".join(figures)


def _least(instance: Instance) -> tuple[int, bool]:
    """What no schedule costs less than; request·rounds. And whether that is the optimum."""
    if len(instance.requests) <= MOST_FOR_OPTIMUM:
        best = best_known(instance, BOUND_SECONDS).optimum
        return best.lower_bound, best.proven
    return proven_bound(instance, BOUND_SECONDS).total_latency, False


def _end(policy: ExternalPolicy, last: Instance) -> Finding | None:
    """What goes wrong when the program is told that this was all."""
    try:
        policy.end()
    except SchedulerFailed as failure:
        return Finding("T2", failure.kind, last, str(failure))
    return None

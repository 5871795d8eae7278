"""``amin-ref drive``: is a scheduler in another program valid, is it Amin, how near the optimum?"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import click

from amin_ref.cli.bound import best_known, proven_bound
from amin_ref.cli.flags import refuse_without_effect, renamed_flag
from amin_ref.cli.machine import machine_options, on_machine
from amin_ref.cli.options import (
    INSTANCE_FLAGS,
    Seconds,
    WholeNumber,
    WorkloadOptions,
    seeded_instance_options,
)
from amin_ref.cli.progress import watching
from amin_ref.cli.reading import STANDARD_INPUT, instance_in, read_text, shown_file
from amin_ref.cli.signals import raise_if_asked_to_stop
from amin_ref.cli.wording import count, has_limits, ratio
from amin_ref.cli.writing import Output, OutputFile, print_sentence
from amin_ref.conformance import conform
from amin_ref.external import LANGUAGES, ExternalPolicy, Language, example_text, protocol_text
from amin_ref.model.errors import InvalidDocument, SchedulerFailed
from amin_ref.model.instance import Instance
from amin_ref.model.machine import Machine
from amin_ref.model.schedule import Schedule
from amin_ref.suite import (
    FAILURES,
    SCHEDULER_CLAIMS,
    Claim,
    Finding,
    Report,
    examine,
    judge_schedule,
)
from amin_ref.suite.judgement import schedule_of
from amin_ref.workloads import EMBEDDED

FORMAT = "amin-ref/drive"
VERSION = 1

REQUESTS = 200
"""Default number of requests of an embedded workload: a second's work for most programs,
and enough that requests queue and the cache overflows."""

BOUND_SECONDS = 2.0
"""Seconds for the search for an instance's optimum, or for a lower bound on it: a wait that a user
accepts after each instance."""

MOST_FOR_OPTIMUM = 12
"""Requests up to which the optimum is searched for: within :data:`BOUND_SECONDS` it is proven for
most instances of this size, and for few larger ones."""

Evidence = Literal["optimum", "lower-bound"]


@dataclass(frozen=True, slots=True)
class NamedInstance:
    """An instance, and its name in messages."""

    name: str
    instance: Instance


@dataclass(frozen=True, slots=True)
class Drive:
    """What one instance showed.

    Attributes:
        name: of the instance.
        requests: number of requests.
        total_latency: of the program's schedule; request·rounds.
        bound: a lower bound on the total latency of every schedule; request·rounds.
        evidence: whether the bound is the optimum.
        conforms: whether Amin could have made the schedule; ``None`` if the program claims to be
            Amin, since the finding says so then.
    """

    name: str
    requests: int
    total_latency: int
    bound: int
    evidence: Evidence
    conforms: bool | None

    def line(self) -> str:
        """The figures in a sentence: "× OPT" where the optimum is known, else "× bound"."""
        figures = [f"total latency {self.total_latency:,} request·rounds"]
        if self.bound:
            times = ratio(self.total_latency / self.bound)
            figures.append(f"{times} × {'OPT' if self.evidence == 'optimum' else 'bound'}")
        if self.conforms is not None:
            figures.append("as Amin's could be" if self.conforms else "not Amin's")
        return f"{self.name}: {', '.join(figures)}."

    def as_document(self) -> dict[str, object]:
        """The same for JSON."""
        return {
            "instance": self.name,
            "requests": self.requests,
            "total_latency": self.total_latency,
            "lower_bound": self.bound,
            "evidence": self.evidence,
            "conforms": self.conforms,
        }


@dataclass(slots=True)
class _Record:
    """Results in the order in which they come; a text is printed at once, JSON at the end."""

    say: Callable[[str], object]
    report: Report | None = None
    drives: list[Drive] = field(default_factory=list)

    def add_report(self, report: Report) -> None:
        self.report = report
        for line in report.lines():
            self.say(line)

    def add_drive(self, drive: Drive) -> None:
        self.drives.append(drive)
        self.say(drive.line())


def _print_and_exit(context: click.Context, _parameter: click.Parameter, value: object) -> None:
    """Print the protocol page or an example in place of driving a program."""
    if not value or context.resilient_parsing:
        return
    language: Language | None = next((name for name in LANGUAGES if name == value), None)
    click.echo(protocol_text() if language is None else example_text(language), nl=False)
    context.exit()


@click.command(
    "drive",
    context_settings={"allow_interspersed_args": False},
    epilog="""\b
Examples:
  amin-ref drive -- ./my-scheduler
  amin-ref drive --claims valid --small 1000 -- node scheduler.js
  amin-ref drive --instance case.json --instance schedule.json -- python3 -u scheduler.py --fast
  amin-ref drive --protocol
  amin-ref drive --example c > amin.c && cc -O2 -o amin amin.c && amin-ref drive -- ./amin""",
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option(
    "--claims",
    type=click.Choice(SCHEDULER_CLAIMS),
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
    help="Number of random small instances to test first.",
)
@click.option(
    "--instance",
    "files",
    metavar="FILE",
    multiple=True,
    help="Test the program on the instance in this JSON file (an instance or a schedule); may be "
    "repeated.  [default: small instances, then the workload]",
)
@click.option(
    "--output",
    "output",
    type=OutputFile(),
    help="File for the instance on which the program fails, as JSON.  [default: it is printed with "
    "the verdict]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of sentences.")
@click.option(
    "--protocol",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_and_exit,
    help="Print the specification of the lines of JSON, and exit.",
)
@click.option(
    "--example",
    type=click.Choice(LANGUAGES),
    is_eager=True,
    expose_value=False,
    callback=_print_and_exit,
    help="Print Amin in C or JavaScript, as a program for this command, and exit.  [default: drive "
    "COMMAND]",
)
@renamed_flag("--counterexample", "--output", "output")
@seeded_instance_options
@machine_options
@click.pass_context
def drive_command(
    context: click.Context,
    options: WorkloadOptions,
    machine: Mapping[str, object],
    command: tuple[str, ...],
    claims: Claim,
    timeout: float,
    small: int,
    files: tuple[str, ...],
    output: Output | None,
    as_json: bool,
) -> None:
    """Test a scheduler that runs as another program.

    COMMAND is started once and schedules many instances. It reads lines of JSON from its standard
    input, with the requests that arrive and complete, and answers each line with the requests to
    evict and to admit. 'amin-ref drive --protocol' prints the specification of these lines.

    Exit code 0: the scheduler is what it claims to be. 1: it is not, or it exits early, hangs or
    gives an invalid answer. 2: it cannot be started.
    """
    if files:
        for name in ("workload", *INSTANCE_FLAGS, "small"):
            refuse_without_effect(context, name, "with --instance")
    named = [
        replace(case, instance=on_machine(case.instance, machine))
        for case in _instances(options, files)
    ]
    record = _Record(_ignore if as_json else print_sentence)
    with ExternalPolicy(command, timeout=timeout) as policy:
        finding = None
        if not files:
            (workload,) = named
            small_machine = workload.instance.machine
            finding = _small(policy, claims, small, options.seed, small_machine, record)
        for case in named:
            finding = finding or _one(policy, case, claims, record)
        finding = finding or _end(policy, named[-1].instance)
    if finding is not None and finding.rule == "cannot-start":
        raise click.ClickException(finding.message)
    if finding is not None and output is not None:
        output.write(finding.instance.to_json() + "\n", "the instance")
    if as_json:
        click.echo(json.dumps(_document(command, claims, record, finding)))
    else:
        _print_conclusion(shlex.join(command), claims, finding, output)
    context.exit(0 if finding is None else 1)


def _ignore(_line: str) -> None:
    """Print nothing."""


def _print_conclusion(
    program: str, claims: Claim, finding: Finding | None, output: Output | None
) -> None:
    """Print the verdict, and the instance on which the program fails unless a file holds it."""
    if finding is None:
        what = "valid, and every decision is one that Amin could have made"
        print_sentence(f"{program}: {what if claims == 'amin' else 'valid'}.")
        return
    broken = "" if finding.rule in FAILURES else f"{finding.theorem} does not hold: "
    print_sentence(f"{program}: {broken}{finding.rule}: {finding.message}")
    if output is None:
        # In one line, which can be copied.
        click.echo(f"The instance, for --instance: {finding.instance.to_json()}")


def _document(
    command: tuple[str, ...], claims: Claim, record: _Record, finding: Finding | None
) -> dict[str, object]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "command": list(command),
        "claims": claims,
        "holds": finding is None,
        "theorems": None if record.report is None else record.report.as_document(),
        "instances": [drive.as_document() for drive in record.drives],
        "finding": None if finding is None else finding.as_document(),
    }


def _instances(options: WorkloadOptions, files: tuple[str, ...]) -> Iterator[NamedInstance]:
    """The instances to drive the program with, apart from random small ones."""
    for file in files:
        instance = instance_in(file)
        if instance is None:
            read_text(file)  # refuses a file that cannot be read, with the reason
            raise InvalidDocument(
                f"{shown_file(file)} holds no instance and no schedule; give a file that begins "
                '{"format": "amin-ref/instance", …}.'
            )
        yield NamedInstance(STANDARD_INPUT if file == "-" else Path(file).name, instance)
    if files:
        return
    if options.requests is None and options.workload in EMBEDDED:
        options = replace(options, requests=REQUESTS)
    instance = options.build().instance
    name = f"{options.shown_workload}, {count(len(instance.requests), 'request')}"
    yield NamedInstance(name, instance)


def _small(
    policy: ExternalPolicy,
    claims: Claim,
    examples: int,
    seed: int,
    machine: Machine,
    record: _Record,
) -> Finding | None:
    """The first finding on random small instances, in the order of theorems."""
    if examples == 0:
        return None
    report = examine(lambda: policy, claims, examples=examples, seed=seed, machine=machine)
    finding = report.first
    if finding is None or finding.rule not in FAILURES:
        # If the program failed, no theorem was judged.
        record.add_report(report)
    return finding


def _one(
    policy: ExternalPolicy, case: NamedInstance, claims: Claim, record: _Record
) -> Finding | None:
    """What the program breaks on one instance; records how far from the optimum it schedules."""
    requests = len(case.instance.requests)
    with watching(requests, f"scheduling {count(requests, 'request')}") as watch:
        schedule = schedule_of(
            case.instance, policy, claims, on_completion=lambda done: watch.update(done, case.name)
        )
    if isinstance(schedule, Finding):
        return schedule
    record.add_drive(_measured(case.name, schedule, claims))
    return judge_schedule(schedule, claims)


def _measured(name: str, schedule: Schedule, claims: Claim) -> Drive:
    instance = schedule.instance
    if len(instance.requests) <= MOST_FOR_OPTIMUM and not has_limits(instance.machine):
        best = best_known(instance, BOUND_SECONDS).optimum
        bound, proven = best.lower_bound, best.proven
    else:
        bound, proven = proven_bound(instance, BOUND_SECONDS).total_latency, False
    raise_if_asked_to_stop()
    return Drive(
        name,
        len(instance.requests),
        schedule.total_latency,
        bound,
        "optimum" if proven else "lower-bound",
        conform(schedule).conforms if claims == "valid" else None,
    )


def _end(policy: ExternalPolicy, last: Instance) -> Finding | None:
    """What the program does wrong after the message that there are no more instances."""
    try:
        policy.end()
    except SchedulerFailed as failure:
        return Finding("T2", failure.kind, last, str(failure))
    return None

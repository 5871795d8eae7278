"""``amin-ref optimum``: the least total latency of any schedule, or proven bounds on it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from amin_ref.cli.bound import best_known, evidence_in_words, tell_interrupted
from amin_ref.cli.flags import refuse_without_effect, renamed_argument, renamed_flag
from amin_ref.cli.machine import machine_options, on_machine
from amin_ref.cli.messages import warn
from amin_ref.cli.options import SECONDS, WholeNumber, WorkloadOptions, instance_options
from amin_ref.cli.wording import gap
from amin_ref.cli.writing import STANDARD_OUTPUT, Output, OutputFile, terminal_width
from amin_ref.comparison.grid import Grid, wrapped
from amin_ref.model.instance import Instance

if TYPE_CHECKING:
    from oracle import Method, Optimum

FORMAT = "amin-ref/optimum"
VERSION = 1


@click.command(
    "optimum",
    epilog="""\b
Examples:
  amin-ref optimum --requests 12 --capacity 800 --workers 4
  amin-ref optimum --workload schedule.json --output best.json
  amin-ref optimum --requests 2000 --output-certificate certificate.json""",
)
@renamed_argument("WORKLOAD", "--workload", "workload")
@renamed_flag("--schedule", "--output", "output")
@renamed_flag("--certificate", "--output-certificate", "output_certificate")
@instance_options
@machine_options
@click.option(
    "--time-limit",
    type=SECONDS,
    default=60.0,
    show_default=True,
    help="Seconds after which the best so far is returned.",
)
@click.option(
    "--method",
    type=click.Choice(["auto", "ilp", "search"]),
    default="auto",
    show_default=True,
    help="'search': exact search; 'ilp': integer programme; 'auto': chosen by the size.",
)
@click.option(
    "--workers",
    type=WholeNumber("processes", least=1),
    default=1,
    show_default=True,
    help="Processes that share the exact search.",
)
@click.option(
    "--output",
    type=OutputFile(),
    help="File to write the best schedule to, as JSON; - prints it in place of the table.  "
    "[default: not written]",
)
@click.option(
    "--output-certificate",
    type=OutputFile(),
    help="File to write the certificate of the lower bound to, as JSON; - prints it in place of "
    "the table.  [default: not written]",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON, not as a table.")
@click.pass_context
def optimum_command(
    context: click.Context,
    options: WorkloadOptions,
    machine: Mapping[str, object],
    time_limit: float,
    method: Method,
    workers: int,
    output: Output | None,
    output_certificate: Output | None,
    as_json: bool,
) -> None:
    """Find the best schedule in hindsight, and a lower bound.

    The search knows every output length. The lower bound holds for the total latency of every
    schedule of the instance.

    Ctrl-C ends the search, prints the best so far, and exits with code 130.
    """
    if method == "ilp":
        refuse_without_effect(context, "workers", "with --method ilp")
    printed = (output, output_certificate).count(STANDARD_OUTPUT) + as_json
    if printed > 1:
        raise click.UsageError("--json and files named - all go to standard output; give one")
    instance = on_machine(options.build().instance, machine)
    found = best_known(instance, time_limit, method=method, workers=workers)
    best = found.optimum
    if as_json:
        _print_json(instance, best)
    elif not printed:
        _print_table(instance, best)
    if output is not None:
        output.write(best.schedule.to_json() + "\n", "the best schedule")
    if output_certificate is not None:
        _write_certificate(output_certificate, best)
    if found.interrupted:
        context.exit(tell_interrupted())


def _print_table(instance: Instance, best: Optimum) -> None:
    table = Grid(
        rows_are="",
        names=("",),
        headings=tuple(
            (heading, "", "")
            for heading in ("requests", "best schedule", "lower bound", "gap", "evidence")
        ),
        cells=(
            (
                f"{len(instance.requests):,}",
                f"{best.total_latency:,}",
                f"{best.lower_bound:,}",
                "0, optimal" if best.proven else gap(best.gap),
                best.evidence,
            ),
        ),
    )
    width = terminal_width()
    click.echo(f"{table.fitted(width)}\n")
    click.echo(wrapped("best schedule, lower bound: total latency in request·rounds.", width))
    click.echo(wrapped(f"The lower bound rests on {evidence_in_words(best)}.", width))


def _print_json(instance: Instance, best: Optimum) -> None:
    certificate = best.certificate
    document = {
        "format": FORMAT,
        "version": VERSION,
        "requests": len(instance.requests),
        "total_latency": best.total_latency,
        "lower_bound": best.lower_bound,
        "gap": best.gap,
        "proven": best.proven,
        "evidence": best.evidence,
        "schedule": json.loads(best.schedule.to_json()),
        "certificate": None if certificate is None else json.loads(certificate.to_json()),
    }
    click.echo(json.dumps(document))


def _write_certificate(output: Output, best: Optimum) -> None:
    if best.certificate is None:
        warn(f"no certificate is written: the lower bound rests on {evidence_in_words(best)}.")
    else:
        output.write(best.certificate.to_json() + "\n", "the certificate")

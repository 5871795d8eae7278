"""``amin-ref optimum``: the least total latency of any schedule, or proven bounds on it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from amin_ref.cli.bound import best_known
from amin_ref.cli.exit_codes import INTERRUPTED
from amin_ref.cli.options import SECONDS, WholeNumber, WorkloadOptions, workload_argument
from amin_ref.cli.reading import instance_in, write_text
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
  amin-ref optimum schedule.json --certificate certificate.json
  amin-ref optimum chat --requests 2000 --time-limit 60 --json""",
)
@workload_argument
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
    help="'search': exact search; 'ilp': integer programme; 'auto': what suits the size.",
)
@click.option(
    "--workers",
    type=WholeNumber("processes", least=1),
    default=1,
    show_default=True,
    help="Processes that share the exact search.",
)
@click.option(
    "--schedule",
    "schedule_file",
    metavar="FILE",
    help="Write the best schedule there, as JSON.  [default: not written]",
)
@click.option(
    "--certificate",
    "certificate_file",
    metavar="FILE",
    help="Write the certificate of the bound there, as JSON.  [default: not written]",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON, not as a table.")
@click.pass_context
def optimum_command(
    context: click.Context,
    options: WorkloadOptions,
    time_limit: float,
    method: Method,
    workers: int,
    schedule_file: str | None,
    certificate_file: str | None,
    as_json: bool,
) -> None:
    """Find the best schedule in hindsight, and a lower bound.

    FILE_OR_WORKLOAD is a file with an instance or a schedule of ours (JSON), whose instance is
    taken as it is, or a workload as for compare: 'chat', 'conversation' or a trace, to which the
    flags apply.

    Ctrl-C ends the search and gives the best bounds so far (exit code 130).
    """
    instance = instance_in(options.workload)
    if instance is None:
        instance = options.build().instance
    found = best_known(instance, time_limit, method=method, workers=workers)
    best = found.optimum
    (_print_json if as_json else _print_table)(instance, best)
    if schedule_file is not None:
        write_text(schedule_file, best.schedule.to_json() + "\n")
    if certificate_file is not None:
        _write_certificate(certificate_file, best)
    if found.interrupted:
        click.echo("amin-ref: interrupted; these are the best bounds so far.", err=True)
        context.exit(INTERRUPTED)


def _print_table(instance: Instance, best: Optimum) -> None:
    table = Table(box=SIMPLE_HEAD)
    for heading in ("requests", "best schedule", "lower bound", "gap", "evidence"):
        table.add_column(heading, justify="right")
    table.add_row(
        f"{len(instance.requests):,}",
        f"{best.total_latency:,}",
        f"{best.lower_bound:,}",
        "0, optimal" if best.proven else f"{best.gap:.2%}",
        best.evidence,
    )
    Console().print(table)
    click.echo("best schedule, lower bound: total latency in request·rounds.")


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


def _write_certificate(file: str, best: Optimum) -> None:
    if best.certificate is None:
        click.echo(
            f"amin-ref: the bound rests on evidence of the kind {best.evidence!r}, so there is no "
            f"certificate to write to {file!r}.",
            err=True,
        )
    else:
        write_text(file, best.certificate.to_json() + "\n")

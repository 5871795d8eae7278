"""``amin-ref claims``: the article's claims, each measured, with a verdict."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill

import click

from amin_ref.cli.options import REQUESTS, TOKENS, WholeNumber
from amin_ref.cli.progress import watching
from amin_ref.cli.workers import processes
from amin_ref.workloads import DEFAULT_WORKLOAD
from oracle.claims import (
    CLAIMS,
    Entry,
    Ledger,
    Plan,
    ResultStore,
    experiments,
    judged,
    measure,
    tasks,
)
from oracle.claims.page import page
from oracle.claims.plan import CAPACITY, QUICK_REQUESTS, QUICK_SEEDS, SEEDS
from oracle.claims.plan import REQUESTS as ARTICLE

RESULT_STORE = Path("amin-ref-claims.jsonl")
"""Where the measurements of a full run are kept unless another file is named."""

PATIENCE = 10
"""Seconds after which a Dask scheduler that does not answer is given up."""

_COLOURS = {"holds": "green", "holds under conditions": "yellow", "does not hold": "red"}


@click.command(
    "claims",
    epilog="""\b
Examples:
  amin-ref claims --quick
  amin-ref claims --claim C1 --workload trace.csv
  amin-ref claims --workers 8 --json > claims.json""",
)
@click.option(
    "--workload",
    metavar="NAME|FILE",
    default=DEFAULT_WORKLOAD,
    show_default=True,
    help="'chat' or 'conversation', or a trace file, from which each seed draws a sample.",
)
@click.option(
    "--claim",
    "names",
    type=click.Choice(list(CLAIMS)),
    multiple=True,
    help="Measure this claim only; may be given several times.  [default: all]",
)
@click.option(
    "--quick",
    is_flag=True,
    help=f"Take a look in less than a minute: {QUICK_REQUESTS:,} requests, {QUICK_SEEDS} seeds, "
    "and a part of each grid.",
)
@click.option("--requests", type=REQUESTS, help=f"Requests in each sample.  [default: {ARTICLE:,}]")
@click.option(
    "--capacity",
    type=TOKENS,
    default=CAPACITY,
    show_default=True,
    help="M, size of the KV cache, in tokens.",
)
@click.option(
    "--seeds",
    type=WholeNumber("seeds", least=2),
    help=f"Samples of each random setting.  [default: {SEEDS}]",
)
@click.option(
    "--workers",
    type=WholeNumber("processes", least=1),
    help="Processes that share the work.  [default: one for each processor]",
)
@click.option(
    "--dask",
    metavar="ADDRESS",
    help="Work on the Dask cluster with this scheduler, such as tcp://10.0.0.1:8786. Needs the "
    "extra 'dask'.  [default: processes here]",
)
@click.option(
    "--checkpoint",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File of what is measured: made where it is not there, continued where it is.  "
    f"[default: {RESULT_STORE}; none with --quick]",
)
@click.option("--json", "form", flag_value="json", help="Print JSON, every figure included.")
@click.option("--markdown", "form", flag_value="markdown", help="Print a page of Markdown.")
def claims_command(
    workload: str,
    names: tuple[str, ...],
    quick: bool,
    requests: int | None,
    capacity: int,
    seeds: int | None,
    workers: int | None,
    dask: str | None,
    checkpoint: Path | None,
    form: str | None,
) -> None:
    """Measure the article's claims and say whether they hold.

    Each claim has a rule that was laid down before measuring (it is printed); the verdict follows
    from the measurements: holds, holds under conditions, does not hold. Ctrl-C loses nothing: what
    is begun is ended and written down, and the same command continues.
    """
    plan = Plan(
        workload=workload,
        requests=requests or (QUICK_REQUESTS if quick else ARTICLE),
        capacity=capacity,
        seeds=seeds or (QUICK_SEEDS if quick else SEEDS),
        quick=quick,
    )
    claims = [claim for name, claim in CLAIMS.items() if name in names or not names]
    kept = checkpoint or (None if quick else RESULT_STORE)
    store = ResultStore(kept)
    wanted = tasks(experiments(plan, claims), plan.seeds)
    try:
        with (
            _cluster(dask) if dask else _here(workers) as pool,
            watching(len(wanted)) as watch,
        ):
            measure(
                wanted,
                store,
                executor=pool.executor,
                in_flight=pool.in_flight,
                on_measured=lambda done: watch.update(done, "measuring"),
                on_interrupted=lambda: click.echo(
                    "Ending what is begun; Ctrl-C again drops it.", err=True
                ),
            )
    except KeyboardInterrupt:
        if kept:
            click.echo(f"What is measured is in {str(kept)!r}; continue with it.", err=True)
        raise
    ledger = judged(plan, claims, store)
    if form == "json":
        click.echo(ledger.to_json())
    elif form == "markdown":
        click.echo(page(ledger), nl=False)
    else:
        _print(ledger)


@dataclass(frozen=True)
class _WorkerPool:
    """Who does the work, and how many tasks they have at a time.

    No executor for the caller alone.
    """

    executor: Executor | None
    in_flight: int


@contextmanager
def _here(workers: int | None) -> Iterator[_WorkerPool]:
    size = workers or os.cpu_count() or 1
    with processes(size) as executor:
        # None ahead: on Ctrl-C nobody waits for more than what is being measured.
        yield _WorkerPool(executor, size)


@contextmanager
def _cluster(address: str) -> Iterator[_WorkerPool]:
    try:
        from distributed import Client
    except ImportError:
        raise click.UsageError(
            "--dask needs the extra 'dask': pip install 'amin-ref[dask]'"
        ) from None
    try:
        client = Client(address, timeout=PATIENCE)
    except (OSError, ValueError) as error:
        raise click.UsageError(f"--dask: no scheduler answers at {address!r}: {error}") from None
    with client:
        size = sum(client.ncores().values())
        # One ahead for each: a task's way through a network takes a while.
        yield _WorkerPool(client.get_executor(pure=False), 2 * max(1, size))


def _print(ledger: Ledger) -> None:
    if ledger.quick:
        click.echo(
            f"A quick look, with {ledger.seeds} seeds: no more than an indication. Leave out "
            "--quick to measure.\n"
        )
    width = min(100, shutil.get_terminal_size((100, 1)).columns)
    for entry in ledger.entries:
        verdict = entry.judgement.verdict
        click.secho(f"{entry.claim} {verdict}", bold=True, fg=_COLOURS[verdict])
        for heading, text in _lines(entry):
            click.echo(
                fill(f"{heading}: {text}", width, initial_indent="  ", subsequent_indent="    ")
            )
        click.echo()


def _lines(entry: Entry) -> Sequence[tuple[str, str]]:
    judgement = entry.judgement
    lines = [
        ("Article", f"“{entry.words}”"),
        ("Rule", entry.rule),
        ("Measured", judgement.measured),
        ("Setting", entry.setting),
        ("Command", entry.command),
    ]
    if judgement.condition:
        lines.insert(3, ("Condition", judgement.condition))
    return lines

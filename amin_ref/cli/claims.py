"""``amin-ref claims``: the article's claims, each measured, with a verdict."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill

import click

from amin_ref.cli.flags import refuse_without_effect
from amin_ref.cli.messages import tell
from amin_ref.cli.options import REQUESTS, TOKENS, WholeNumber
from amin_ref.cli.progress import watching
from amin_ref.cli.wording import count
from amin_ref.cli.workers import processes
from amin_ref.model.errors import shown_path
from amin_ref.workloads import DEFAULT_WORKLOAD
from oracle.claims import (
    CLAIMS,
    Claim,
    Entry,
    Ledger,
    Measurements,
    Plan,
    ResultStore,
    experiments,
    judged,
    measure,
    scheduler_page,
    tasks,
)
from oracle.claims.article_setting import ARTICLE as IN_ITS_SETTING
from oracle.claims.article_setting import ARTICLE_CLAIMS
from oracle.claims.page import page
from oracle.claims.plan import CAPACITY, QUICK_REQUESTS, QUICK_SEEDS, SEEDS
from oracle.claims.plan import REQUESTS as ARTICLE
from oracle.claims.result_store import Task
from oracle.claims.scheduler_table import SchedulerTable
from oracle.claims.schedulers import REQUESTS as OF_TABLE
from oracle.claims.schedulers import WHICH, scheduler_experiments, scheduler_table

RESULT_STORE = Path("amin-ref-claims.jsonl")
"""File of the measurements of a full run, unless ``--checkpoint`` names another one."""

CLUSTER_SECONDS = 10
"""Seconds to wait for the answer of a Dask scheduler: enough for a network, and bearable where the
address is wrong."""

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
    help="'chat', 'conversation', 'code' or 'mooncake', or a trace file; each seed gives a random "
    "sample of it. Standard input is refused, because the file is read again when a run is "
    "continued.",
)
@click.option(
    "--claim",
    "names",
    type=click.Choice([*CLAIMS, IN_ITS_SETTING, WHICH]),
    multiple=True,
    help=f"Measure this claim only; may be repeated. '{IN_ITS_SETTING}': C1 to C4 with one prompt "
    f"length for all and H-SF as hindsight. '{WHICH}': every policy at four loads with three "
    "predictions, and advice which one to run. These two stand alone.  [default: C1 to C6]",
)
@click.option(
    "--quick",
    is_flag=True,
    help=f"Measure for about a minute: {QUICK_REQUESTS:,} requests, {QUICK_SEEDS} seeds, a part "
    "of each grid.",
)
@click.option(
    "--requests",
    type=REQUESTS,
    help=f"Requests in each sample.  [default: {ARTICLE:,}; {OF_TABLE:,} with --claim {WHICH}]",
)
@click.option(
    "--capacity",
    type=TOKENS,
    default=CAPACITY,
    help=f"M, size of the KV cache, in tokens.  [default: {CAPACITY:,}]",
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
    help="Measure on the Dask cluster with this scheduler, such as tcp://10.0.0.1:8786. Needs the "
    "extra 'dask'.  [default: processes on this machine]",
)
@click.option(
    "--checkpoint",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File of finished measurements: created if it does not exist, continued if it does.  "
    f"[default: {RESULT_STORE}; none with --quick]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, every figure included.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print a page of Markdown.")
@click.pass_context
def claims_command(
    context: click.Context,
    workload: str,
    names: tuple[str, ...],
    quick: bool,
    requests: int | None,
    capacity: int,
    seeds: int | None,
    workers: int | None,
    dask: str | None,
    checkpoint: Path | None,
    as_json: bool,
    as_markdown: bool,
) -> None:
    """Measure the article's claims and say whether they hold.

    Each claim has a rule that was written before the measurement; the rule is printed. By this
    rule, the claim holds, holds under conditions, or does not hold.

    After Ctrl-C the measurements in progress are finished and written to the checkpoint; the same
    command continues from there. A second Ctrl-C drops them.
    """
    if as_json and as_markdown:
        raise click.UsageError("--json and --markdown exclude each other; give one of them")
    if workload == "-":
        raise click.UsageError("--workload: claims reads its trace several times; give a file")
    if dask is not None:
        refuse_without_effect(context, "workers", "with --dask")
    for alone in (IN_ITS_SETTING, WHICH):
        if alone in names and len(set(names)) > 1:
            raise click.UsageError(f"--claim {alone} stands alone: leave out the other claims")
    which, article = WHICH in names, IN_ITS_SETTING in names
    plan = Plan(
        workload=workload,
        requests=requests or (QUICK_REQUESTS if quick else OF_TABLE if which else ARTICLE),
        capacity=capacity,
        seeds=seeds or (QUICK_SEEDS if quick else SEEDS),
        quick=quick,
    )
    claims: Sequence[Claim] = [
        claim for name, claim in CLAIMS.items() if name in names or not names
    ]
    if article:
        claims = ARTICLE_CLAIMS
    kept = checkpoint or (None if quick else RESULT_STORE)
    store = ResultStore(kept)
    wanted = scheduler_experiments(plan) if which else experiments(plan, claims)
    _measure(tasks(wanted, plan.seeds), store, kept, _cluster(dask) if dask else _here(workers))
    if which:
        table = scheduler_table(plan, Measurements(store, plan.seeds))
        click.echo(_of_table(table, as_json=as_json, as_markdown=as_markdown), nl=False)
        return
    ledger = judged(plan, claims, store, IN_ITS_SETTING if article else None)
    if as_json:
        click.echo(ledger.to_json())
    elif as_markdown:
        click.echo(page(ledger), nl=False)
    else:
        _print(ledger)


def _measure(
    wanted: Sequence[Task],
    store: ResultStore,
    kept: Path | None,
    workers: AbstractContextManager[_WorkerPool],
) -> None:
    """Measure what the store lacks; after Ctrl-C say where the finished measurements are."""
    try:
        with (
            workers as pool,
            watching(len(wanted), f"making {count(len(wanted), 'measurement')}") as watch,
        ):
            measure(
                wanted,
                store,
                executor=pool.executor,
                in_flight=pool.in_flight,
                on_measured=lambda done: watch.update(done, "measuring"),
                on_interrupted=lambda: tell(
                    "finishing the measurements that have begun; Ctrl-C again drops them."
                ),
            )
    except KeyboardInterrupt:
        if kept:
            tell(f"finished measurements are in {shown_path(kept)}; the same command continues.")
        raise


def _of_table(table: SchedulerTable, *, as_json: bool, as_markdown: bool) -> str:
    if as_json:
        return table.to_json() + "\n"
    return scheduler_page.markdown(table) if as_markdown else scheduler_page.text(table, _width())


def _width() -> int:
    return min(100, shutil.get_terminal_size((100, 1)).columns)


@dataclass(frozen=True)
class _WorkerPool:
    """The workers that share the measurements.

    Attributes:
        executor: runs tasks in workers; ``None`` runs them in this process.
        in_flight: number of tasks that the workers have at a time.
    """

    executor: Executor | None
    in_flight: int


@contextmanager
def _here(workers: int | None) -> Iterator[_WorkerPool]:
    size = workers or os.cpu_count() or 1
    with processes(size) as executor:
        # No task is queued behind the running ones, so that Ctrl-C waits for the running ones only.
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
        client = Client(address, timeout=CLUSTER_SECONDS)
    except (OSError, ValueError) as error:
        raise click.UsageError(f"--dask: no scheduler answers at {address!r}: {error}") from None
    with client:
        size = sum(client.ncores().values())
        # One task is queued behind each running one, as its way through a network takes time.
        yield _WorkerPool(client.get_executor(pure=False), 2 * max(1, size))


def _print(ledger: Ledger) -> None:
    if ledger.quick:
        click.echo(
            f"A quick measurement with {ledger.seeds} seeds: an indication only. Leave out --quick "
            "for the full one.\n"
        )
    width = _width()
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

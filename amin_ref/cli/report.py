"""``amin-ref report``: policies, optimum and claims as one HTML file to look at."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from amin_ref.cli.bound import best_known
from amin_ref.cli.options import SECONDS, WorkloadOptions, workload_options
from amin_ref.cli.progress import Watch, busy, watching
from amin_ref.cli.reading import read_text, write_text
from amin_ref.model.errors import AminError, CannotWrite, InvalidDocument
from amin_ref.model.schedule import Schedule
from amin_ref.policies.names import POLICIES
from amin_ref.simulator.simulation import simulate

if TYPE_CHECKING:
    from oracle import Optimum
    from oracle.claims import Ledger

TIME_LIMIT = 20.0
"""Seconds that the search for the optimum may take unless told otherwise."""

NEEDED = ("matplotlib", "jinja2")
"""What the extra 'report' brings."""


@click.command(
    "report",
    epilog="""\b
Examples:
  amin-ref report report.html
  amin-ref report report.html --workload trace.csv --capacity 65536
  amin-ref claims --json > claims.json && amin-ref report report.html --claims claims.json""",
)
@click.argument("output", metavar="OUT.html")
@workload_options
@click.option(
    "--claims",
    "claims_file",
    metavar="FILE",
    help="The ledger that is shown: the JSON that 'amin-ref claims' prints.  [default: the one "
    "measured for this release]",
)
@click.option(
    "--time-limit",
    type=SECONDS,
    default=TIME_LIMIT,
    show_default=True,
    help="Seconds that the search for the optimum and its bound may take.",
)
def report_command(
    options: WorkloadOptions, output: str, claims_file: str | None, time_limit: float
) -> None:
    """Write an HTML report of policies, optimum and claims.

    It is one file, for any browser, without a network. It shows a small instance token by token,
    the four policies on one workload beside the best that is possible, and the article's claims
    with what was measured of each.
    """
    refuse_what_cannot_be_made(output)
    ledger = release_ledger() if claims_file is None else _ledger(claims_file)
    workload = options.build()
    size = len(workload.instance.requests)
    schedules: dict[str, Schedule] = {}
    with watching(len(POLICIES) * size) as watch:
        for policy, named in POLICIES.items():
            schedules[policy] = simulate(
                workload.instance,
                named.make(options.tie_break()),
                on_completion=partial(_count, watch, policy, len(schedules) * size),
            )
    best = best_known(workload.instance, time_limit).optimum
    flags = [] if time_limit == TIME_LIMIT else ["--time-limit", f"{time_limit:g}"]
    flags += ["--claims", claims_file] if claims_file else []
    again = command(("report", "report.html"), options, flags)
    write_report(output, options, again, schedules, best, ledger)


def release_ledger() -> Ledger:
    """The claims as they were measured for this release."""
    from oracle.claims import LEDGER

    return _ledger(str(LEDGER))


def _ledger(file: str) -> Ledger:
    from oracle.claims import Ledger

    text = read_text(file)
    try:
        return Ledger.from_json(text)
    except AminError as error:
        raise InvalidDocument(f"{file!r}: {error}") from None


def _count(watch: Watch, policy: str, before: int, completed: int) -> None:
    watch.update(before + completed, policy)


def refuse_what_cannot_be_made(output: str) -> None:
    """Say so before anything is computed.

    Raises:
        click.UsageError: what draws reports is not installed.
        CannotWrite: there is no folder for the output.
    """
    if not all(find_spec(module) for module in NEEDED):
        raise click.UsageError("a report needs the extra 'report': pip install 'amin-ref[report]'")
    if not Path(output).parent.is_dir():
        raise CannotWrite(f"{output!r} cannot be written: there is no such folder.")


def write_report(
    output: str,
    options: WorkloadOptions,
    again: str,
    schedules: Mapping[str, Schedule],
    best: Optimum,
    ledger: Ledger,
) -> None:
    """Draw everything and write the file; ``again`` is the command that does it once more.

    Raises:
        CannotWrite: the file cannot be written.
    """
    # Drawing takes a second to import, and is not installed everywhere.
    from oracle.report import Comparison, document

    comparison = Comparison(
        caption=caption(options, best.schedule),
        command=again,
        schedules=schedules,
        best=best.schedule,
        bound=best.lower_bound,
    )
    with busy("drawing"):
        page = document(comparison, ledger)
    write_text(output, page)


def caption(options: WorkloadOptions, schedule: Schedule) -> str:
    """What was scheduled, in one sentence."""
    instance = schedule.instance
    return (
        f"{len(instance.requests):,} requests from {Path(options.workload).name}, "
        f"{options.arrivals}, prediction {options.prediction}; a cache of {instance.capacity:,} "
        f"tokens in blocks of {instance.block_size}."
    )


def command(begin: Sequence[str], options: WorkloadOptions, flags: Sequence[str]) -> str:
    """What writes the same report again.

    Args:
        begin: the command and its file.
        options: the workload's flags; those that are the default are left out.
        flags: the command's other flags.
    """
    words = ["amin-ref", *begin]
    for name, value in options.as_document().items():
        if value != DEFAULTS[name]:
            words += [f"--{name.replace('_', '-')}", str(value)]
    if options.requests is not None:
        words += ["--requests", str(options.requests)]
    return shlex.join([*words, *flags])


DEFAULTS: Mapping[str, object] = WorkloadOptions(
    "chat", None, 0, 16_492, 1, "bins:10", "at-once", "position"
).as_document()
"""Flags that need not be told."""

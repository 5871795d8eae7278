"""Writing the report's file: what ``amin-ref report`` and ``amin-ref compare --report`` share."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from amin_ref import __version__
from amin_ref.cli.options import WorkloadOptions
from amin_ref.cli.progress import busy
from amin_ref.cli.reading import named, read_text, shown_file
from amin_ref.cli.slow import told_if_slow
from amin_ref.cli.wording import count, machine_in_words
from amin_ref.cli.writing import write_text
from amin_ref.comparison import Comparison
from amin_ref.files.writing import destination
from amin_ref.model.schedule import Schedule
from amin_ref.workloads import (
    DEFAULT_ARRIVALS,
    DEFAULT_CAPACITY,
    DEFAULT_PREDICTION,
    DEFAULT_WORKLOAD,
)

if TYPE_CHECKING:
    from oracle import Optimum
    from oracle.claims import Ledger
    from oracle.report import GivenSchedule

NEEDED = ("matplotlib", "jinja2")
"""Modules that the extra 'report' installs."""


def refuse_what_cannot_be_made(output: str) -> None:
    """Refuse a report that cannot be written, before anything is computed.

    Raises:
        click.UsageError: the extra 'report' is not installed.
        CannotWrite: the file cannot be written.
    """
    if not all(find_spec(module) for module in NEEDED):
        raise click.UsageError("a report needs the extra 'report': pip install 'amin-ref[report]'")
    destination(output)


def ledger_in(file: str | None) -> Ledger:
    """The claims ledger in ``file``, or the one measured for this release for ``None``.

    Raises:
        InvalidDocument: the file cannot be read, or does not hold a ledger.
    """
    # A ledger is defined beside the experiments, which import solvers.
    from oracle.claims import LEDGER, Ledger

    chosen = str(LEDGER) if file is None else file
    with told_if_slow(f"reading {shown_file(chosen)}"):
        text = read_text(chosen)
        with named(chosen):
            return Ledger.from_json(text)


def write_report(
    output: str,
    options: WorkloadOptions,
    again: str,
    schedules: Mapping[str, Schedule],
    best: Optimum,
    ledger: Ledger,
    *,
    further: Mapping[int, Comparison],
    given: GivenSchedule | None = None,
) -> None:
    """Draw everything and write the file.

    Args:
        output: the file.
        options: the flags of the workload.
        again: the command that writes the same report.
        schedules: by policy, on the requests that the seed of ``options`` draws.
        best: the best schedule known of these requests, and the certified bound.
        ledger: the article's claims.
        further: the same policies with other seeds, each with a certified bound.
        given: a schedule of the user's, shown by itself.

    Raises:
        CannotWrite: the file cannot be written.
    """
    # Importing what draws takes a second, and not every installation has it.
    from oracle.claims.scheduler_table import released
    from oracle.report import Policies, Provenance, document

    first = Comparison(schedules, best.lower_bound)
    policies = Policies(
        caption=caption(options, best.schedule, given),
        comparisons={options.seed: first, **further},
        best=best.schedule,
        is_random=options.is_random and given is None,
    )
    provenance = Provenance(__version__, datetime.now(UTC).date(), again)
    with busy("drawing"):
        page = document(policies, ledger, provenance, given, released())
    write_text(output, page, "the report")


def caption(
    options: WorkloadOptions, schedule: Schedule, given: GivenSchedule | None = None
) -> str:
    """What is scheduled, in one sentence."""
    if given is None:
        return options.sentence(schedule.instance)
    instance = schedule.instance
    return (
        f"The {count(len(instance.requests), 'request')} of {given.name}; a cache of "
        f"{count(instance.capacity, 'token')} in blocks of {instance.block_size:,}"
        f"{machine_in_words(instance.machine)}."
    )


def command(begin: Sequence[str], options: WorkloadOptions, flags: Sequence[str]) -> str:
    """The command that writes the same report.

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
    workload=DEFAULT_WORKLOAD,
    requests=None,
    seed=0,
    capacity=DEFAULT_CAPACITY,
    block_size=1,
    prediction=DEFAULT_PREDICTION,
    arrivals=DEFAULT_ARRIVALS,
    ties="position",
).as_document()
"""Values of the flags that a command need not name."""

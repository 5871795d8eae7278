"""Writing the report's file: what ``amin-ref report`` and ``amin-ref compare --report`` share."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from amin_ref.cli.options import WorkloadOptions
from amin_ref.cli.progress import busy
from amin_ref.cli.reading import read_text
from amin_ref.cli.writing import write_text
from amin_ref.model.errors import AminError, CannotWrite, InvalidDocument
from amin_ref.model.schedule import Schedule

if TYPE_CHECKING:
    from oracle import Optimum
    from oracle.claims import Ledger

NEEDED = ("matplotlib", "jinja2")
"""Modules that the extra 'report' installs."""


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


def ledger_in(file: str | None) -> Ledger:
    """The claims ledger in ``file``, or the one measured for this release for ``None``.

    Raises:
        InvalidDocument: the file cannot be read, or does not hold a ledger.
    """
    # A ledger is defined beside the experiments, which import solvers.
    from oracle.claims import LEDGER, Ledger

    text = read_text(str(LEDGER) if file is None else file)
    try:
        return Ledger.from_json(text)
    except AminError as error:
        raise InvalidDocument(f"{file!r}: {error}") from None


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
    write_text(output, page, "the report")


def caption(options: WorkloadOptions, schedule: Schedule) -> str:
    """What was scheduled, in one sentence."""
    return options.sentence(schedule.instance)


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

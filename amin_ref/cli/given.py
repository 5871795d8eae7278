"""The schedule of the user's own that ``compare`` and ``report`` show beside those of policies."""

from __future__ import annotations

from pathlib import Path

import click

from amin_ref.checker import check
from amin_ref.cli.flags import is_given, refuse_without_effect
from amin_ref.cli.options import INSTANCE_FLAGS
from amin_ref.cli.reading import schedule_in, shown_file
from amin_ref.cli.slow import told_if_slow
from amin_ref.model.errors import InvalidDocument
from amin_ref.model.schedule import Schedule


def given_schedule(context: click.Context, file: str) -> tuple[str, Schedule]:
    """The name and the schedule of ``--schedule``, which is valid.

    Raises:
        click.UsageError: a flag was given that has no effect beside ``--schedule``.
        InvalidDocument: the file cannot be read, or its schedule is not valid or has no requests.
    """
    for name in ("workload", *INSTANCE_FLAGS, "seeds"):
        if not (name == "seed" and is_given(context, "ties")):
            refuse_without_effect(context, name, "beside --schedule, whose file has the requests")
    schedule = schedule_in(file)
    shown = "standard input" if file == "-" else Path(file).name
    with told_if_slow(f"checking {shown_file(file)}"):
        violations = check(schedule)
    if violations:
        raise InvalidDocument(
            f"{shown!r} holds a schedule that is not valid: {violations[0].message} "
            "'amin-ref check' lists every violation."
        )
    if not schedule.instance.requests:
        raise InvalidDocument(f"{shown!r} holds a schedule of no requests; give one with requests.")
    return shown, schedule

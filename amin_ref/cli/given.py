"""The schedule of the user's own that ``compare`` and ``report`` show beside those of policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import click

from amin_ref.checker import check, prefixes_shared_in
from amin_ref.cli.flags import is_given, refuse_without_effect
from amin_ref.cli.messages import warn
from amin_ref.cli.options import INSTANCE_FLAGS
from amin_ref.cli.reading import schedule_in, shown_file
from amin_ref.cli.slow import told_if_slow
from amin_ref.cli.wording import count
from amin_ref.model.errors import InvalidDocument
from amin_ref.model.schedule import Schedule

NO_FLAGS: Mapping[str, object] = MappingProxyType({})
"""No field of the machine is given by a flag."""


def given_schedule(
    context: click.Context, file: str, machine: Mapping[str, object] = NO_FLAGS
) -> tuple[str, Schedule]:
    """The name and the schedule of ``--schedule``, which is valid, of its completed requests alone.

    A log of an engine may have aborted and unfinished requests. No policy can be compared on those:
    without them the runs of the others are still a valid schedule. A warning says how many they
    are.

    Args:
        context: of the command.
        file: the file's name.
        machine: fields of the machine that flags have given; they override those of the file.

    Raises:
        click.UsageError: a flag was given that has no effect beside ``--schedule``.
        InvalidDocument: the file cannot be read, or its schedule is not valid, has no completed
            requests, or has requests that share prefixes.
    """
    for name in ("workload", *INSTANCE_FLAGS, "seeds"):
        if not (name == "seed" and is_given(context, "ties")):
            refuse_without_effect(context, name, "beside --schedule, whose file has the requests")
    schedule = schedule_in(file, machine)
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
    return shown, _of_completed_requests(schedule, shown)


def _of_completed_requests(schedule: Schedule, shown: str) -> Schedule:
    if prefixes_shared_in(schedule) is not None:
        raise InvalidDocument(
            f"{shown!r} holds less than the runs imply, so requests share prefixes, and what a "
            "request would occupy under another policy is not known; give a schedule of requests "
            "that share nothing."
        )
    served = schedule.served
    if not served:
        raise InvalidDocument(f"no request completes in {shown!r}; give one with such requests.")
    left_out = len(schedule.instance.requests) - len(served)
    if left_out:
        warn(
            f"{shown!r}: {count(len(schedule.aborted), 'request')} aborted and "
            f"{len(schedule.unfinished):,} unfinished are left out; compared: "
            f"{count(len(served), 'completed request')}."
        )
    ids = {request.id for request in served}
    return Schedule(
        replace(schedule.instance, requests=served),
        [run for run in schedule.runs if run.request in ids],
    )

"""``amin-ref check``: is a schedule valid?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import click

from amin_ref.checker import SharedPrefixes, Violation, check, prefixes_shared_in
from amin_ref.cli.exit_codes import ANSWER_IS_NO
from amin_ref.cli.machine import machine_options
from amin_ref.cli.proved import Confirmed, confirmed_validity, proved_document, proved_option
from amin_ref.cli.reading import left_out_in_words, log_in, shown_file
from amin_ref.cli.slow import told_if_slow
from amin_ref.cli.wording import count, machine_in_words
from amin_ref.cli.writing import print_sentence
from amin_ref.logs import LastRound
from amin_ref.model.machine import machine_document
from amin_ref.model.schedule import Schedule

FORMAT = "amin-ref/check"
VERSION = 1


@click.command(
    "check",
    epilog="""\b
Examples:
  amin-ref simulate --requests 100 | amin-ref check -
  amin-ref check schedule.json --json
  amin-ref check schedule.json --proved
  amin-ref check engine.jsonl --after-eviction resume --no-last-token-stored""",
)
@click.argument("file")
@machine_options
@proved_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of sentences.")
@click.pass_context
def check_command(
    context: click.Context, file: str, machine: Mapping[str, object], proved: bool, as_json: bool
) -> None:
    """Check whether a schedule is valid.

    FILE holds the schedule as JSON or JSON lines; - is standard input.

    A schedule is valid if each request has exactly one completed run, of its output length; if the
    runs of a request do not overlap, and none starts before its arrival; and if the running
    requests never occupy more than the cache. The machine of the file, or that of the flags, says
    what an eviction costs, what a token occupies, and what limits hold in a round. Requests that
    the file names as aborted, and unfinished ones of a log that ended early, have no latency.

    With --proved a program that is extracted from machine-checked proofs answers as well. It covers
    schedules on the paper's machine.

    Exit code 0: valid. 1: not valid, and each broken rule is named with its round. 2: not readable.
    """
    log = log_in(file, machine)
    schedule = log.schedule
    with told_if_slow(f"checking {shown_file(file)}"):
        violations, shared = check(log.to_check), prefixes_shared_in(schedule)
    confirmed = confirmed_validity(log.to_check, violations) if proved else None
    if as_json:
        document = _document(schedule, log.left_out, violations, shared, confirmed)
        click.echo(json.dumps(document))
    elif violations:
        for violation in violations:
            print_sentence(f"{violation.rule}: {violation.message}")
        print_sentence(f"not valid: {count(len(violations), 'violation')}.")
    else:
        print_sentence(valid_in_words(schedule))
    if shared is not None and not as_json:
        print_sentence(shared_in_words(schedule, shared))
    if log.left_out is not None and not as_json:
        print_sentence(left_out_in_words(log.left_out))
    if confirmed is not None and not as_json:
        print_sentence(confirmed.text())
    if violations:
        context.exit(ANSWER_IS_NO)


def valid_in_words(schedule: Schedule) -> str:
    """That the schedule is valid, its size, and its total latency."""
    requests = count(len(schedule.instance.requests), "request")
    return (
        f"valid: {requests}{_not_completed(schedule)}, {count(len(schedule.runs), 'run')}, "
        f"total latency {schedule.total_latency:,} request·rounds{_of_the_completed(schedule)}"
        f"{machine_in_words(schedule.instance.machine)}."
    )


def _not_completed(schedule: Schedule) -> str:
    """How many requests were aborted or are unfinished, in brackets; empty if none."""
    aborted, unfinished = len(schedule.aborted), len(schedule.unfinished)
    parts = [f"{aborted:,} aborted"] if aborted else []
    parts += [f"{unfinished:,} unfinished"] if unfinished else []
    return f" ({', '.join(parts)})" if parts else ""


def _of_the_completed(schedule: Schedule) -> str:
    """Over which requests the latency is, where some have none."""
    if len(schedule.served) == len(schedule.instance.requests):
        return ""
    return f" of the {count(len(schedule.served), 'request')} completed"


def shared_in_words(schedule: Schedule, shared: SharedPrefixes) -> str:
    """That the verdict rests on ``held``, and why."""
    budget = (
        " The tokens computed in a round are not judged."
        if schedule.instance.machine.tokens_per_round is not None
        else ""
    )
    return (
        f"The verdict on the cache rests on 'held', what the engine says that it held: less than "
        f"the runs imply in {count(shared.rounds, 'round')}, first in round {shared.first:,} "
        f"({shared.held:,} tokens where the runs imply {shared.by_runs:,}), as when requests share "
        f"prefixes.{budget}"
    )


def left_out_document(last: LastRound | None) -> dict[str, object] | None:
    """The round that was left out, as an object for ``json``."""
    return None if last is None else {"round": last.round, "lines": last.lines}


def _document(
    schedule: Schedule,
    left_out: LastRound | None,
    violations: Sequence[Violation],
    shared: SharedPrefixes | None,
    confirmed: Confirmed | None,
) -> dict[str, object]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "valid": not violations,
        "requests": len(schedule.instance.requests),
        "runs": len(schedule.runs),
        "total_latency": None if violations else schedule.total_latency,
        "aborted": len(schedule.aborted),
        "unfinished": len(schedule.unfinished),
        "rests_on_held": None if shared is None else asdict(shared),
        "left_out": left_out_document(left_out),
        "machine": machine_document(schedule.instance.machine),
        "violations": [asdict(violation) for violation in violations],
        "proved": proved_document(confirmed),
    }

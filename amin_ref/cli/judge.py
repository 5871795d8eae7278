"""``amin-ref judge``: one page on what an engine did with its requests."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import islice

import click

from amin_ref.checker import SharedPrefixes, Violation, check, prefixes_shared_in
from amin_ref.cli.bound import proven_bound, tell_interrupted
from amin_ref.cli.check import left_out_document, shared_in_words, valid_in_words
from amin_ref.cli.exit_codes import ANSWER_IS_NO
from amin_ref.cli.flags import refuse_without_effect
from amin_ref.cli.machine import machine_options
from amin_ref.cli.options import SECONDS
from amin_ref.cli.reading import left_out_in_words, log_in, shown_file
from amin_ref.cli.slow import told_if_slow
from amin_ref.cli.wording import count, has_limits, ratio
from amin_ref.cli.writing import print_sentence
from amin_ref.conformance import Departure, PolicyName, conform
from amin_ref.judging import (
    EvictedInTurn,
    Wait,
    evicted_in_turn,
    evictions_by_request,
    longest_wait,
)
from amin_ref.logs import ReadLog
from amin_ref.model.errors import InvalidValue, shown
from amin_ref.model.machine import machine_document
from amin_ref.model.schedule import Schedule
from amin_ref.model.validation import RequestId
from amin_ref.policies.names import title_of

FORMAT = "amin-ref/judgement"
VERSION = 1

JUDGED: tuple[PolicyName, ...] = ("fcfs", "amin")
"""The policies whose decisions the schedule is compared with: the engines' default, and Amin."""

MOST_NAMED = 5
"""Requests, or pairs of them, that are named in a sentence; JSON has :data:`MOST_LISTED`."""

MOST_LISTED = 100
"""Requests, or pairs of them, that JSON lists."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """Whether a policy could have made a schedule.

    Attributes:
        policy: its name.
        conforms: whether it could; ``None`` if that was not judged.
        departure: the first round in which it could not; ``None`` if there is none.
        not_judged: why it was not judged, a sentence; ``None`` if it was.
    """

    policy: str
    conforms: bool | None
    departure: Departure | None
    not_judged: str | None


@dataclass(frozen=True, slots=True)
class Bound:
    """A lower bound on the total latency of the completed requests.

    Attributes:
        total_latency: the bound; request·rounds. ``None`` if none was computed.
        not_judged: why not, a sentence; ``None`` if it was.
        interrupted: whether Ctrl-C ended the search for it.
    """

    total_latency: int | None
    not_judged: str | None
    interrupted: bool = False


@click.command(
    "judge",
    epilog="""\b
Examples:
  amin-ref judge engine.jsonl
  amin-ref judge engine.jsonl.gz --time-limit 60 --json
  amin-ref simulate --policy fcfs --requests 100 | amin-ref judge -""",
)
@click.argument("file")
@machine_options
@click.option(
    "--time-limit",
    type=SECONDS,
    default=10.0,
    show_default=True,
    help="Seconds that the search for a lower bound on the optimum may take.",
)
@click.option("--no-bound", is_flag=True, help="Do not compare with the optimum.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of sentences.")
@click.pass_context
def judge_command(
    context: click.Context,
    file: str,
    machine: Mapping[str, object],
    time_limit: float,
    no_bound: bool,
    as_json: bool,
) -> None:
    """Say on one page what an engine did with its requests.

    FILE holds the log of an engine, or a schedule as JSON or JSON lines; - is standard input.

    Is it valid? Are its decisions those of FCFS, or of Amin, and where is the first that is not?
    How far is it from the best possible? How many tokens were computed again, which requests were
    evicted how often, which evicted each other in turn, and which waited longest?

    Exit code 0: valid. 1: not valid; each broken rule is named, and nothing else is judged. 2: not
    readable. 130: Ctrl-C, with the bound found so far.
    """
    if no_bound:
        refuse_without_effect(context, "time_limit", "with --no-bound")
    log = log_in(file, machine)
    schedule = log.schedule
    with told_if_slow(f"checking {shown_file(file)}"):
        violations, shared = check(log.to_check), prefixes_shared_in(schedule)
    if violations:
        _print_violations(log, violations, shared, as_json)
        context.exit(ANSWER_IS_NO)
    with told_if_slow(f"the replay of {shown_file(file)}"):
        decisions = tuple(_decisions(schedule, policy, shared) for policy in JUDGED)
    bound = _bound(schedule, shared, None if no_bound else time_limit)
    if as_json:
        click.echo(json.dumps(_document(log, (), shared, decisions, bound)))
    else:
        for sentence in _page(log, shared, decisions, bound):
            print_sentence(sentence)
    if bound.interrupted:
        context.exit(tell_interrupted())


def _decisions(schedule: Schedule, policy: PolicyName, shared: SharedPrefixes | None) -> Decisions:
    """Whether the policy could have made a valid schedule."""
    if shared is not None:
        why = "requests share prefixes, and what a request would occupy is not known."
        return Decisions(policy, None, None, why)
    verdict = conform(schedule, policy)
    return Decisions(policy, verdict.conforms, verdict.departure, None)


def _bound(schedule: Schedule, shared: SharedPrefixes | None, time_limit: float | None) -> Bound:
    """A bound for the completed requests alone.

    Without the other requests, the runs of the completed ones are still valid, so that the bound
    holds for what the engine did, too.
    """
    if time_limit is None:
        return Bound(None, "--no-bound was given.")
    if shared is not None:
        why = "requests share prefixes, so that more may fit into the cache than the bound assumes."
        return Bound(None, why)
    if not schedule.served:
        return Bound(None, "no request completed.")
    try:
        proven = proven_bound(replace(schedule.instance, requests=schedule.served), time_limit)
    except InvalidValue as error:
        return Bound(None, str(error))
    return Bound(proven.total_latency, None, proven.interrupted)


def _page(
    log: ReadLog,
    shared: SharedPrefixes | None,
    decisions: tuple[Decisions, ...],
    bound: Bound,
) -> Iterator[str]:
    schedule = log.schedule
    yield valid_in_words(schedule)
    if log.left_out is not None:
        yield left_out_in_words(log.left_out)
    if shared is not None:
        yield shared_in_words(schedule, shared)
    yield from map(_decisions_in_words, decisions)
    yield _bound_in_words(schedule, bound)
    yield _latency_in_words(schedule)
    yield _computed_in_words(schedule)
    yield _evictions_in_words(evictions_by_request(schedule))
    yield _cycles_in_words(evicted_in_turn(schedule))
    yield _wait_in_words(longest_wait(schedule))


def _decisions_in_words(decisions: Decisions) -> str:
    title = title_of(decisions.policy)
    if decisions.not_judged is not None:
        return f"{title}'s decisions: not judged: {decisions.not_judged}"
    if decisions.departure is None:
        return f"{title}'s decisions: yes, every decision is one that {title} could have made."
    departure = decisions.departure
    return (
        f"{title}'s decisions: no, not from round {departure.round:,} on. {departure.rule}: "
        f"{departure.message}"
    )


def _bound_in_words(schedule: Schedule, bound: Bound) -> str:
    if bound.total_latency is None:
        return f"optimum: not judged: {bound.not_judged}"
    times = ratio(schedule.total_latency / bound.total_latency)
    machine = schedule.instance.machine
    limits = " without the limits of a round" * has_limits(machine)
    return (
        f"optimum: at most {times} times the least total latency that is possible{limits}: every "
        f"schedule of the completed requests has {bound.total_latency:,} request·rounds or more, "
        "by a certificate."
    )


def _latency_in_words(schedule: Schedule) -> str:
    return (
        f"latency: mean {schedule.mean_latency:,.1f}, median {schedule.median_latency:,.1f}, "
        f"99th percentile {schedule.p99_latency:,} rounds."
    )


def _computed_in_words(schedule: Schedule) -> str:
    """The recompute tax: what evictions cost the engine."""
    again, computed = schedule.recomputed_tokens, schedule.computed_tokens
    share = 100 * again / max(1, computed)
    lost = (
        f" {count(schedule.wasted_tokens, 'generated token')} were lost."
        if schedule.wasted_tokens
        else ""
    )
    return (
        f"recomputed: {count(again, 'token')} of {computed:,} that were computed, {share:.1f} %, "
        f"belong to prefixes computed again after an eviction.{lost}"
    )


def _evictions_in_words(evictions: Mapping[RequestId, int]) -> str:
    if not evictions:
        return "evicted: none."
    most = ", ".join(
        f"{shown(request)} {times:,}×" for request, times in islice(evictions.items(), MOST_NAMED)
    )
    return (
        f"evicted: {count(sum(evictions.values()), 'run')} of "
        f"{count(len(evictions), 'request')}; most often {most}."
    )


def _cycles_in_words(cycles: tuple[EvictedInTurn, ...]) -> str:
    if not cycles:
        return "evicted in turn: no two requests, each while the other ran, three times or more."
    named = "; ".join(
        f"{shown(cycle.requests[0])} and {shown(cycle.requests[1])} {cycle.evictions:,}× in rounds "
        f"{cycle.first:,} to {cycle.last:,}"
        for cycle in cycles[:MOST_NAMED]
    )
    return (
        f"evicted in turn: {count(len(cycles), 'pair')} of requests, each while the other ran: "
        f"{named}."
    )


def _wait_in_words(wait: Wait | None) -> str:
    if wait is None:
        return "longest wait: no request waits."
    return (
        f"longest wait: request {shown(wait.request)}, {count(wait.rounds, 'round')}, from round "
        f"{wait.first:,} to {wait.stop:,}."
    )


def _print_violations(
    log: ReadLog,
    violations: tuple[Violation, ...],
    shared: SharedPrefixes | None,
    as_json: bool,
) -> None:
    if as_json:
        why = "the schedule is not valid."
        decisions = tuple(Decisions(policy, None, None, why) for policy in JUDGED)
        bound = Bound(None, why)
        click.echo(json.dumps(_document(log, violations, shared, decisions, bound)))
        return
    for violation in violations:
        print_sentence(f"{violation.rule}: {violation.message}")
    print_sentence(f"not valid: {count(len(violations), 'violation')}; nothing else is judged.")
    if shared is not None:
        print_sentence(shared_in_words(log.schedule, shared))
    if log.left_out is not None:
        print_sentence(left_out_in_words(log.left_out))


def _document(
    log: ReadLog,
    violations: tuple[Violation, ...],
    shared: SharedPrefixes | None,
    decisions: tuple[Decisions, ...],
    bound: Bound,
) -> dict[str, object]:
    schedule = log.schedule
    valid = not violations
    evictions = evictions_by_request(schedule)
    wait = longest_wait(schedule) if valid else None
    cycles = evicted_in_turn(schedule) if valid else ()
    return {
        "format": FORMAT,
        "version": VERSION,
        "valid": valid,
        "violations": [asdict(violation) for violation in violations],
        "rests_on_held": None if shared is None else asdict(shared),
        "left_out": left_out_document(log.left_out),
        "machine": machine_document(schedule.instance.machine),
        "requests": len(schedule.instance.requests),
        "completed": len(schedule.completions),
        "aborted": len(schedule.aborted),
        "unfinished": len(schedule.unfinished),
        "runs": len(schedule.runs),
        "decisions": [asdict(each) for each in decisions],
        "total_latency": schedule.total_latency if valid else None,
        "lower_bound": bound.total_latency,
        "no_bound_because": bound.not_judged,
        "computed_tokens": schedule.computed_tokens,
        "recomputed_tokens": schedule.recomputed_tokens,
        "wasted_tokens": schedule.wasted_tokens,
        "evictions": schedule.evictions,
        "evicted_requests": len(evictions),
        "most_evicted": [
            {"request": request, "evictions": times}
            for request, times in islice(evictions.items(), MOST_LISTED)
        ],
        "pairs_evicted_in_turn": len(cycles),
        "evicted_in_turn": [asdict(cycle) for cycle in cycles[:MOST_LISTED]],
        "longest_wait": None if wait is None else asdict(wait),
    }

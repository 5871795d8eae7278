"""``amin-ref conform``: could Amin have made this schedule, and how far is it from the optimum?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from amin_ref.cli.bound import best_known, evidence_in_words, proven_bound, tell_interrupted
from amin_ref.cli.exit_codes import ANSWER_IS_NO
from amin_ref.cli.flags import refuse_without_effect
from amin_ref.cli.machine import machine_options
from amin_ref.cli.options import SECONDS
from amin_ref.cli.reading import schedule_in, shown_file
from amin_ref.cli.slow import told_if_slow
from amin_ref.cli.wording import count, has_limits, ratio
from amin_ref.cli.writing import print_sentence
from amin_ref.conformance import POLICY_NAMES, Conformance, PolicyName, conform
from amin_ref.model.errors import shown
from amin_ref.model.schedule import Schedule
from amin_ref.policies import ByPosition, TieBreak
from amin_ref.policies.names import POLICIES, title_of

if TYPE_CHECKING:
    from oracle.portfolio import Evidence

FORMAT = "amin-ref/conformance"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is known of the least total latency of the completed requests.

    Attributes:
        lower: it is at least that; request·rounds.
        upper: it is at most that; ``None`` where no schedule was searched for.
        evidence: how ``lower`` was proved.
        in_words: the same, in a clause.
    """

    lower: int
    upper: int | None
    evidence: Evidence
    in_words: str


class ConformingPolicy(click.ParamType[PolicyName]):
    """A policy that schedules can be replayed for."""

    name = "|".join(POLICY_NAMES)

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> PolicyName:
        """The policy called ``value``."""
        for name in POLICY_NAMES:
            if value == name:
                return name
        known = ", ".join(POLICY_NAMES)
        problem = f"{shown(value)} is no policy; give one of {known}"
        if value in POLICIES or ":" in value:
            problem = (
                f"{shown(value)} is a policy that conform cannot replay; give one of {known}, or "
                "use 'amin-ref check', which checks any schedule"
            )
        return self.fail(problem, param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The policies whose names begin with ``incomplete``."""
        del ctx, param
        return [CompletionItem(name) for name in POLICY_NAMES if name.startswith(incomplete)]


@click.command(
    "conform",
    epilog="""\b
Examples:
  amin-ref simulate --requests 12 --capacity 800 | amin-ref conform -
  amin-ref conform schedule.json --policy amax --ties position --no-bound
  amin-ref conform engine.jsonl --policy fcfs --after-eviction resume --max-running 256""",
)
@click.argument("file")
@machine_options
@click.option(
    "--policy",
    type=ConformingPolicy(),
    default="amin",
    show_default=True,
    help="The policy that the schedule is checked against.",
)
@click.option(
    "--ties",
    type=click.Choice(["any", "position"]),
    default="any",
    show_default=True,
    help="How requests with equal bounds (for FCFS, of one arrival round) may be ordered: in any "
    "order, which may differ from round to round; or by position in the instance.",
)
@click.option(
    "--time-limit",
    type=SECONDS,
    default=10.0,
    show_default=True,
    help="Seconds that the search for the optimum may take.",
)
@click.option("--no-bound", is_flag=True, help="Do not compare with the optimum.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of sentences.")
@click.pass_context
def conform_command(
    context: click.Context,
    file: str,
    machine: Mapping[str, object],
    policy: PolicyName,
    ties: str,
    time_limit: float,
    no_bound: bool,
    as_json: bool,
) -> None:
    """Check whether a policy could have made a schedule.

    FILE holds the schedule as JSON or JSON lines, or the log of an engine; - is standard input.

    The schedule is replayed round by round. Could the policy, from the state of the schedule in
    that round, have made the same evictions and admissions? The first round in which it could not
    is explained. A valid schedule is also compared with the optimum.

    Exit code 0: the policy could have made it. 1: it could not, or the schedule is not valid.
    2: not readable. 130: Ctrl-C, with the bounds found so far.
    """
    if no_bound:
        refuse_without_effect(context, "time_limit", "with --no-bound")
    schedule = schedule_in(file, machine)
    tie_break: TieBreak | None = ByPosition() if ties == "position" else None
    with told_if_slow(f"the replay of {shown_file(file)}"):
        verdict = conform(schedule, policy, ties=tie_break)
    bounds, stopped = None, False
    try:
        if not (no_bound or verdict.violations):
            bounds, stopped = _bounds(schedule, time_limit)
    finally:
        # The verdict is printed also where the search for the optimum fails or a signal ends it.
        if as_json:
            click.echo(json.dumps(_document(schedule, verdict, bounds)))
        else:
            _print(schedule, verdict, bounds)
    if stopped:
        context.exit(tell_interrupted())
    context.exit(0 if verdict.conforms else ANSWER_IS_NO)


def _bounds(schedule: Schedule, time_limit: float) -> tuple[Bounds, bool]:
    """Bounds on the optimum of the completed requests, and whether Ctrl-C ended the search.

    Without the other requests the runs of the completed ones are still valid. The limits of a
    round only remove schedules. So where the machine has limits, a lower bound on the optimum
    without them holds, and no schedule is searched for.
    """
    instance = replace(schedule.instance, requests=schedule.served)
    if has_limits(instance.machine):
        proven = proven_bound(instance, time_limit)
        bounds = Bounds(proven.total_latency, None, "certificate", "a certificate")
        return bounds, proven.interrupted
    found = best_known(instance, time_limit)
    best = found.optimum
    upper = min(best.total_latency, schedule.total_latency)
    bounds = Bounds(best.lower_bound, upper, best.evidence, evidence_in_words(best))
    return bounds, found.interrupted


def _print(schedule: Schedule, verdict: Conformance, bounds: Bounds | None) -> None:
    title = title_of(verdict.policy)
    for violation in verdict.violations:
        print_sentence(f"{violation.rule}: {violation.message}")
    if verdict.violations:
        violations = count(len(verdict.violations), "violation")
        print_sentence(f"not valid, and so not {title}'s: {violations}.")
    elif verdict.departure is not None:
        print_sentence(f"{verdict.departure.rule}: {verdict.departure.message}")
        print_sentence(f"valid, but not {title}'s from round {verdict.departure.round:,} on.")
    else:
        print_sentence(
            f"valid, and {title}'s: {count(len(schedule.instance.requests), 'request')}, "
            f"{count(len(schedule.runs), 'run')}, {count(verdict.rounds, 'round')}."
        )
    if bounds is not None:
        print_sentence(_distance(schedule, bounds))
        print_sentence(f"The lower bound rests on {bounds.in_words}.")


def _distance(schedule: Schedule, bounds: Bounds) -> str:
    cost = f"total latency {schedule.total_latency:,} request·rounds"
    times = ratio(schedule.total_latency / max(1, bounds.lower))
    if bounds.upper is None:
        return (
            f"{cost}, at most {times} times the optimum without the limits of a round, "
            f"{bounds.lower:,} or more."
        )
    if bounds.upper == bounds.lower:
        return f"{cost}, {times} times the optimum, {bounds.lower:,}."
    return (
        f"{cost}, at most {times} times the optimum, which lies between {bounds.lower:,} and "
        f"{bounds.upper:,}."
    )


def _document(schedule: Schedule, verdict: Conformance, bounds: Bounds | None) -> dict[str, object]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "policy": verdict.policy,
        "conforms": verdict.conforms,
        "rounds": verdict.rounds,
        "violations": [asdict(violation) for violation in verdict.violations],
        "departure": None if verdict.departure is None else asdict(verdict.departure),
        "total_latency": None if verdict.violations else schedule.total_latency,
        "lower_bound": None if bounds is None else bounds.lower,
        "upper_bound": None if bounds is None else bounds.upper,
        "evidence": None if bounds is None else bounds.evidence,
    }

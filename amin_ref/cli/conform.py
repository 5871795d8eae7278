"""``amin-ref conform``: could Amin have made this schedule, and how far is it from the optimum?"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from amin_ref.cli.bound import best_known, evidence_in_words, tell_interrupted
from amin_ref.cli.exit_codes import ANSWER_IS_NO
from amin_ref.cli.flags import refuse_without_effect
from amin_ref.cli.options import SECONDS
from amin_ref.cli.reading import schedule_in, shown_file
from amin_ref.cli.slow import told_if_slow
from amin_ref.cli.wording import count, ratio
from amin_ref.cli.writing import print_sentence
from amin_ref.conformance import POLICY_NAMES, Conformance, PolicyName, conform
from amin_ref.model.errors import shown
from amin_ref.model.schedule import Schedule
from amin_ref.policies import ByPosition, TieBreak
from amin_ref.policies.names import POLICIES, title_of

if TYPE_CHECKING:
    from oracle import Optimum

FORMAT = "amin-ref/conformance"
VERSION = 1


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
  amin-ref conform schedule.json --policy amax --ties position --no-bound""",
)
@click.argument("file")
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
    help="How requests with equal bounds may be ordered: in any order, which may differ from round "
    "to round; or by position in the instance.",
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
    policy: PolicyName,
    ties: str,
    time_limit: float,
    no_bound: bool,
    as_json: bool,
) -> None:
    """Check whether a policy could have made a schedule.

    FILE holds the schedule as JSON or JSON lines; - is standard input.

    The schedule is replayed round by round. Could the policy, from the state of the schedule in
    that round, have made the same evictions and admissions? The first round in which it could not
    is explained. A valid schedule is also compared with the optimum.

    Exit code 0: the policy could have made it. 1: it could not, or the schedule is not valid.
    2: not readable. 130: Ctrl-C, with the bounds found so far.
    """
    if no_bound:
        refuse_without_effect(context, "time_limit", "with --no-bound")
    schedule = schedule_in(file)
    tie_break: TieBreak | None = ByPosition() if ties == "position" else None
    with told_if_slow(f"the replay of {shown_file(file)}"):
        verdict = conform(schedule, policy, ties=tie_break)
    best, stopped = None, False
    try:
        if not (no_bound or verdict.violations):
            found = best_known(schedule.instance, time_limit)
            best, stopped = found.optimum, found.interrupted
    finally:
        # The verdict is printed also where the search for the optimum fails or a signal ends it.
        if as_json:
            click.echo(json.dumps(_document(schedule, verdict, best)))
        else:
            _print(schedule, verdict, best)
    if stopped:
        context.exit(tell_interrupted())
    context.exit(0 if verdict.conforms else ANSWER_IS_NO)


def _print(schedule: Schedule, verdict: Conformance, best: Optimum | None) -> None:
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
    if best is not None:
        print_sentence(_distance(schedule, best))
        print_sentence(f"The lower bound rests on {evidence_in_words(best)}.")


def _distance(schedule: Schedule, best: Optimum) -> str:
    cost = f"total latency {schedule.total_latency:,} request·rounds"
    times = ratio(schedule.total_latency / max(1, best.lower_bound))
    if best.proven:
        return f"{cost}, {times} times the optimum, {best.lower_bound:,}."
    highest = min(best.total_latency, schedule.total_latency)
    return (
        f"{cost}, at most {times} times the optimum, which lies between {best.lower_bound:,} and "
        f"{highest:,}."
    )


def _document(schedule: Schedule, verdict: Conformance, best: Optimum | None) -> dict[str, object]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "policy": verdict.policy,
        "conforms": verdict.conforms,
        "rounds": verdict.rounds,
        "violations": [asdict(violation) for violation in verdict.violations],
        "departure": None if verdict.departure is None else asdict(verdict.departure),
        "total_latency": None if verdict.violations else schedule.total_latency,
        "lower_bound": None if best is None else best.lower_bound,
        "upper_bound": None if best is None else min(best.total_latency, schedule.total_latency),
        "evidence": None if best is None else best.evidence,
    }

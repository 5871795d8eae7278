"""``amin-ref conform``: could Amin have made this schedule, and how far is it from the optimum?"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from amin_ref.cli.bound import best_known
from amin_ref.cli.exit_codes import INTERRUPTED
from amin_ref.cli.options import SECONDS
from amin_ref.cli.reading import schedule_in
from amin_ref.conformance import POLICY_NAMES, Conformance, PolicyName, conform
from amin_ref.model.schedule import Schedule
from amin_ref.policies import ByPosition, TieBreak
from amin_ref.policies.names import title_of

if TYPE_CHECKING:
    from oracle import Optimum

FORMAT = "amin-ref/conformance"
VERSION = 1


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
    type=click.Choice(POLICY_NAMES),
    default="amin",
    show_default=True,
    help="Whose schedule it claims to be.",
)
@click.option(
    "--ties",
    type=click.Choice(["any", "position"]),
    default="any",
    show_default=True,
    help="What equal bounds are ordered by: anything, and something else in every round; or the "
    "position in the instance.",
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
    """Say whether a policy could have made a schedule.

    FILE holds the schedule as JSON or JSON lines; - is standard input. It is replayed round by
    round. In each round, from the state that the schedule itself is in, its evictions and
    admissions must be ones that the policy could have made. The first round in which they are not
    is explained. A valid schedule is also compared with the optimum.

    Exit code 0: it is. 1: it is not. 2: not readable. 130: Ctrl-C, with the bounds so far.
    """
    schedule = schedule_in(file)
    tie_break: TieBreak | None = ByPosition() if ties == "position" else None
    verdict = conform(schedule, policy, ties=tie_break)
    best, stopped = None, False
    if not (no_bound or verdict.violations):
        found = best_known(schedule.instance, time_limit)
        best, stopped = found.optimum, found.interrupted
    if as_json:
        click.echo(json.dumps(_document(schedule, verdict, best)))
    else:
        _tell(schedule, verdict, best)
    if stopped:
        click.echo("amin-ref: interrupted; these are the best bounds so far.", err=True)
        context.exit(INTERRUPTED)
    context.exit(0 if verdict.conforms else 1)


def _tell(schedule: Schedule, verdict: Conformance, best: Optimum | None) -> None:
    title = title_of(verdict.policy)
    for violation in verdict.violations:
        click.echo(f"{violation.rule}: {violation.message}")
    if verdict.violations:
        click.echo(f"not valid, and so not {title}'s: {len(verdict.violations)} violations.")
    elif verdict.departure is not None:
        click.echo(f"{verdict.departure.rule}: {verdict.departure.message}")
        click.echo(f"valid, but not {title}'s from round {verdict.departure.round} on.")
    else:
        click.echo(
            f"valid, and {title}'s: {len(schedule.instance.requests)} requests, "
            f"{len(schedule.runs)} runs, {verdict.rounds} rounds."
        )
    if best is not None:
        click.echo(_distance(schedule, best))


def _distance(schedule: Schedule, best: Optimum) -> str:
    cost = f"total latency {schedule.total_latency} request·rounds"
    ratio = schedule.total_latency / max(1, best.lower_bound)
    evidence = f"evidence: {best.evidence}"
    if best.proven:
        return f"{cost}, {ratio:.4g} times the optimum, {best.lower_bound} ({evidence})."
    return (
        f"{cost}, at most {ratio:.4g} times the optimum, which lies between {best.lower_bound} "
        f"({evidence}) and {min(best.total_latency, schedule.total_latency)}."
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

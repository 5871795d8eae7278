"""One instance, one scheduler: what does it break?"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence

from amin_ref.checker import Violation, check
from amin_ref.conformance import Conformance, ConformanceRule, conform
from amin_ref.conformance.bound_rules import KNOWN_BUGS
from amin_ref.conformance.replay import replay
from amin_ref.model.errors import AminError, IllegalDecision, NoProgress, SchedulerFailed, shown
from amin_ref.model.instance import Instance
from amin_ref.model.schedule import Schedule
from amin_ref.policies import Policy
from amin_ref.simulator.simulation import simulate
from amin_ref.suite.finding import THEOREM_OF_DECISION, Claim, Finding, Theorem

THEOREM_OF_DEPARTURE: Mapping[ConformanceRule, Theorem] = {
    "did-not-refine": "T3",
    "refined-too-far": "T3",
    "refined-too-late": "T3",
    "forgot-what-it-learnt": "T3",
    "evicted-needlessly": "T4",
    "read-the-upper-bound": "T5",
    "read-the-output-length": "T5",
    "wrong-victim": "T6",
    "evicted-too-many": "T6",
    "readmitted-at-once": "T7",
    "admitted-what-cannot-fit": "T7",
    "admitted-out-of-order": "T7",
    "skipped-the-first": "T7",
    "stopped-too-early": "T7",
}
"""Which theorem a scheduler breaks that departs from Amin in a way."""


PATIENCE = 100
"""Rounds that a scheduler which does not claim to be Amin may waste on any instance."""


def judge(instance: Instance, policy: Policy, claims: Claim) -> Finding | None:
    """What ``policy`` breaks on ``instance``; ``None`` when it keeps what it claims.

    Validity first: T1 and T2 by the machine and by the checker, T8; then, of what claims to be
    Amin, every decision.
    """
    schedule = schedule_of(instance, policy, claims)
    if isinstance(schedule, Finding):
        return schedule
    return judge_schedule(schedule, claims)


def judge_schedule(schedule: Schedule, claims: Claim) -> Finding | None:
    """What is wrong with a finished schedule; see :func:`judge`."""
    if claims == "valid":
        return _not_valid(schedule, check(schedule)) or _idles(schedule)
    verdict = conform(schedule)
    return (
        _not_valid(schedule, verdict.violations) or _idles(schedule) or _departs(schedule, verdict)
    )


def most_rounds(instance: Instance, claims: Claim) -> int:
    """The round by which all must have completed.

    For Amin, by theorem T2, n times the rounds of running all one at a time, after the last
    arrival. Others may take twice as long, and have :data:`PATIENCE` for small instances.
    """
    last_arrival = max((request.arrival for request in instance.requests), default=0)
    one_by_one = sum(request.output_len for request in instance.requests)
    most = last_arrival + len(instance.requests) * one_by_one
    return most if claims == "amin" else 2 * most + PATIENCE


def schedule_of(
    instance: Instance,
    policy: Policy,
    claims: Claim,
    on_completion: Callable[[int], None] | None = None,
) -> Schedule | Finding:
    """The schedule that ``policy`` makes of ``instance``, or why there is none."""
    limit = most_rounds(instance, claims)
    try:
        return simulate(instance, policy, max_rounds=limit, on_completion=on_completion)
    except IllegalDecision as error:
        theorem, rule = THEOREM_OF_DECISION[error.name], str(error.name)
        return Finding(theorem, rule, instance, str(error))
    except NoProgress as error:
        return Finding("T2", "no-progress", instance, str(error) + _needs_no_more(claims))
    except SchedulerFailed as error:
        return Finding("T2", error.kind, instance, str(error))
    except AminError as error:
        return Finding("T2", "raised", instance, str(error))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the scheduler is somebody else's code
        return Finding("T2", "raised", instance, _raised(error))


def _needs_no_more(claims: Claim) -> str:
    """What to look for in an Amin that gets nowhere, to be put behind a sentence."""
    if claims == "valid":
        return ""
    return (
        " Amin needs no more rounds under any tie-break that stays; one that changes, like the "
        "place in a queue that the evicted join again at its end, can make it evict for ever."
    )


def _raised(error: BaseException) -> str:
    """A foreign exception in one sentence, with the place that raised it."""
    (frame,) = traceback.extract_tb(error.__traceback__, limit=-1)
    where = f"{frame.name}, line {frame.lineno} of {frame.filename}"
    return f"the scheduler raised {type(error).__name__}: {shown(str(error))} ({where})."


def _not_valid(schedule: Schedule, violations: Sequence[Violation]) -> Finding | None:
    for violation in violations:
        theorem: Theorem = "T1" if violation.rule == "within-capacity" else "T2"
        return Finding(theorem, violation.rule, schedule.instance, violation.message)
    return None


def _idles(schedule: Schedule) -> Finding | None:
    """A round in which nothing runs though a request waits; of a valid schedule."""
    by_arrival = sorted(schedule.instance.requests, key=lambda request: request.arrival)
    unfinished = iter(by_arrival)
    first = next(unfinished, None)
    latest = 0
    for run in schedule.runs:
        if run.start > latest:
            # Nothing runs from here to the start: whoever has not completed by now waits then.
            while first is not None and schedule.completions[first.id] <= latest:
                first = next(unfinished, None)
            if first is not None and (idle := max(latest, first.arrival)) < run.start:
                return Finding(
                    "T8",
                    "idle",
                    schedule.instance,
                    f"round {idle}: nothing runs though request {shown(first.id)} waits, which "
                    "fits the empty cache.",
                )
        latest = max(latest, run.stop)
    return None


def _departs(schedule: Schedule, verdict: Conformance) -> Finding | None:
    departure = verdict.departure
    if departure is None:
        return None
    theorem = THEOREM_OF_DEPARTURE[departure.rule]
    return Finding(theorem, departure.rule, schedule.instance, departure.message, schedule)


def explains(rule: str, schedule: Schedule) -> bool:
    """Whether Amin with the known bug ``rule`` would make every round of a valid schedule."""
    return any(
        replay(schedule, bug.bound_rule, None).wrong is None
        for bug in KNOWN_BUGS["amin"]
        if bug.rule == rule
    )

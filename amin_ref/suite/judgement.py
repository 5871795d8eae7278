"""One scheduler on one instance: which theorem does it break?"""

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
    "evicted-too-few": "T6",
    "readmitted-at-once": "T7",
    "admitted-after-evicting": "T7",
    "admitted-what-cannot-fit": "T7",
    "admitted-out-of-order": "T7",
    "skipped-the-first": "T7",
    "stopped-too-early": "T7",
    "wrong-chunk": "T7",
}
"""The theorem that a scheduler breaks if it departs from Amin by this rule."""

SPARE_ROUNDS = 100
"""Rounds added to the limit of a scheduler that does not claim to be Amin: it may start slowly."""


def judge(instance: Instance, policy: Policy, claims: Claim) -> Finding | None:
    """What ``policy`` breaks on ``instance``; ``None`` if it does what it claims.

    Validity is judged first: T1 and T2 by the simulator and the checker, then T8. If the policy
    claims to be Amin, every decision is judged then.
    """
    schedule = schedule_of(instance, policy, claims)
    if isinstance(schedule, Finding):
        return schedule
    return judge_schedule(schedule, claims)


def judge_schedule(schedule: Schedule, claims: Claim) -> Finding | None:
    """What is wrong with a complete schedule; see :func:`judge`."""
    if claims == "valid":
        return _not_valid(schedule, check(schedule)) or _idles(schedule)
    verdict = conform(schedule)
    return (
        _not_valid(schedule, verdict.violations) or _idles(schedule) or _departs(schedule, verdict)
    )


def most_rounds(instance: Instance, claims: Claim) -> int:
    """The round by which all requests must have completed.

    For Amin it is max r_i + n·Σ o_i, by theorem T2; where a round computes C tokens, ⌈M/C⌉ times
    that. Other schedulers get twice as many rounds, and :data:`SPARE_ROUNDS` more.
    """
    last_arrival = max((request.arrival for request in instance.requests), default=0)
    one_by_one = sum(request.output_len for request in instance.requests)
    most = last_arrival + len(instance.requests) * one_by_one
    if instance.machine.tokens_per_round is not None:
        most *= -(-instance.capacity // instance.machine.tokens_per_round)
    return most if claims == "amin" else 2 * most + SPARE_ROUNDS


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
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the scheduler is foreign code, which may raise anything
        return Finding("T2", "raised", instance, _raised(error))


def _needs_no_more(claims: Claim) -> str:
    """Why Amin itself ends within the limit: a further sentence for the message."""
    if claims == "valid":
        return ""
    return (
        " Amin needs no more rounds under any fixed tie-break; a tie-break that changes, such as "
        "a queue that evicted requests join again at its end, can make it evict for ever."
    )


def _raised(error: BaseException) -> str:
    """An exception of the scheduler in one sentence, with the line that raised it."""
    (frame,) = traceback.extract_tb(error.__traceback__, limit=-1)
    where = f"{frame.name}, line {frame.lineno} of {frame.filename}"
    return f"the scheduler raised {type(error).__name__}: {shown(str(error))} ({where})."


def _not_valid(schedule: Schedule, violations: Sequence[Violation]) -> Finding | None:
    for violation in violations:
        theorem: Theorem = "T1" if violation.rule == "within-capacity" else "T2"
        return Finding(theorem, violation.rule, schedule.instance, violation.message)
    return None


def _idles(schedule: Schedule) -> Finding | None:
    """A finding if in some round of a valid schedule no request runs and one waits (T8)."""
    by_arrival = sorted(schedule.instance.requests, key=lambda request: request.arrival)
    unfinished = iter(by_arrival)
    first = next(unfinished, None)
    latest = 0
    for run in schedule.runs:
        if run.start > latest:
            # No request runs from `latest` to this start, so those not completed by then wait.
            while first is not None and schedule.completions[first.id] <= latest:
                first = next(unfinished, None)
            if first is not None and (idle := max(latest, first.arrival)) < run.start:
                return Finding(
                    "T8",
                    "idle",
                    schedule.instance,
                    f"round {idle}: no request runs although request {shown(first.id)} waits and "
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

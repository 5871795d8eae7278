"""Could Amin, Amax or H-SF have made this schedule?

:func:`conform` replays a schedule round by round, whichever program made it. In each round, from
the state that the schedule itself is in, it decides whether the policy could have made the
schedule's evictions and admissions, and it explains the first round in which the policy could not.

To read: ``verdict`` (the answer); ``bound_rules`` (what each policy assumes of output lengths);
``busy_periods``, ``growing``, ``long_plan``, ``plan`` and ``waiting`` (the state of a replay),
``replay`` (which finds the first wrong round); ``explanation`` (which puts that round into words).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from amin_ref.checker import check
from amin_ref.conformance.bound_rules import BOUND_RULES, BoundRule, recognisable_bugs
from amin_ref.conformance.explanation import Explanation
from amin_ref.conformance.replay import RoundState
from amin_ref.conformance.replay import replay as _replay
from amin_ref.conformance.verdict import (
    POLICY_NAMES,
    BugRule,
    Conformance,
    ConformanceRule,
    Departure,
    PolicyName,
    RoundRule,
)
from amin_ref.conformance.waiting import Ranks
from amin_ref.model.errors import InvalidValue, shown
from amin_ref.model.schedule import Schedule, refuse_other_schedules
from amin_ref.model.validation import RequestId
from amin_ref.policies import TieBreak, VisibleRequest
from amin_ref.policies.names import title_of

__all__ = [
    "POLICY_NAMES",
    "BugRule",
    "Conformance",
    "ConformanceRule",
    "Departure",
    "PolicyName",
    "RoundRule",
    "conform",
]


def conform(
    schedule: Schedule, policy: PolicyName = "amin", *, ties: TieBreak | None = None
) -> Conformance:
    """Whether ``schedule`` is one that ``policy`` could have made (specification, sections 3, 4).

    Every schedule that the policy could have made is accepted, and no other. The proof is in
    ``proofs_notes/conformance.md``.

    Args:
        schedule: made by any program.
        policy: ``"amin"``, ``"amax"`` or ``"h-sf"``.
        ties: breaks ties between equal assumed lengths. ``None``: any order, which may differ from
            round to round (decision D31).

    Raises:
        InvalidValue: the policy is unknown or has no bound rule; or a rank is not a number.
    """
    refuse_other_schedules(schedule, "conform")
    bound_rule = BOUND_RULES.get(policy)
    if bound_rule is None:
        raise InvalidValue(
            "conformance: policy",
            policy,
            "only policies that have a bound rule can be checked",
            f"give one of {', '.join(POLICY_NAMES)}",
        )
    violations = check(schedule)
    if violations:
        return Conformance(policy, 0, violations, None)
    ranks = None if ties is None else _ranks(schedule, ties)
    replayed = _replay(schedule, bound_rule, ranks)
    departure = None
    if replayed.wrong is not None:
        text = Explanation(schedule.instance, policy, bound_rule, ranks, replayed.wrong).text()
        departure = _named(schedule, policy, ranks, replayed.wrong, text)
    return Conformance(policy, replayed.rounds, (), departure)


def _named(
    schedule: Schedule, policy: PolicyName, ranks: Ranks | None, wrong: RoundState, text: str
) -> Departure:
    """The departure, named after a known bug that explains the whole schedule, if one does."""
    departure = Departure(wrong.now, wrong.rule, wrong.requests, text)
    for bug in recognisable_bugs(policy, schedule.instance):
        if _explains(bug.bound_rule, schedule, ranks):
            whole = f" Every round is one that {title_of(policy)} would make if it {bug.behaviour}."
            return replace(departure, rule=bug.rule, message=text + whole)
    return departure


def _explains(bound_rule: BoundRule, schedule: Schedule, ranks: Ranks | None) -> bool:
    """Whether every round of the schedule is right under another bound rule."""
    return _replay(schedule, bound_rule, ranks).wrong is None


def _ranks(schedule: Schedule, ties: TieBreak) -> Mapping[RequestId, tuple[float, int]]:
    """Every request's rank; where two are equal, the position decides (decision D1)."""
    ranks = {}
    for position, request in enumerate(schedule.instance.requests):
        rank = ties.rank(VisibleRequest.of(request, position))
        if rank != rank:
            raise InvalidValue(
                f"tie-break: rank of request {shown(request.id)}",
                rank,
                "ranks must be ordered",
                "return a number other than NaN",
            )
        ranks[request.id] = (rank, position)
    return ranks

"""Is a schedule one that Amin could have made? And Amax, and H-SF.

:func:`conform` replays a schedule, whoever made it, round by round. In each round, from the state
that the schedule itself is in, it decides whether the evictions and admissions are ones that the
policy could have made, and explains the first round in which they are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from amin_ref.checker import check
from amin_ref.conformance.explanation import Explanation
from amin_ref.conformance.readings import READINGS, WRONG_IDEAS, Reading
from amin_ref.conformance.replay import Ranks, Situation
from amin_ref.conformance.replay import replay as _replay
from amin_ref.conformance.verdict import (
    POLICY_NAMES,
    ActRule,
    Conformance,
    ConformanceRule,
    Departure,
    PolicyName,
    ReadingRule,
)
from amin_ref.model.errors import InvalidValue, shown
from amin_ref.model.schedule import Schedule
from amin_ref.model.validation import RequestId
from amin_ref.policies import TieBreak, VisibleRequest
from amin_ref.policies.names import title_of

__all__ = [
    "POLICY_NAMES",
    "ActRule",
    "Conformance",
    "ConformanceRule",
    "Departure",
    "PolicyName",
    "ReadingRule",
    "conform",
]


def conform(
    schedule: Schedule, policy: PolicyName = "amin", *, ties: TieBreak | None = None
) -> Conformance:
    """Whether ``schedule`` is one that ``policy`` could have made (specification, sections 3, 4).

    Nothing that the policy could do is refused, and nothing else is accepted:
    ``proofs_notes/conformance.md``.

    Args:
        schedule: anybody's.
        policy: ``"amin"``, ``"amax"`` or ``"h-sf"``.
        ties: what equal lengths are ordered by. ``None``: by anything, and by something else in
            every round (decision D31).

    Raises:
        InvalidValue: no such policy; a rank is not a number; or more than 2**26 rounds, look-ahead
            included, would have to be laid out.
    """
    reading = READINGS.get(policy)
    if reading is None:
        raise InvalidValue(
            "conformance: policy", policy, "it must be one that is known", "give amin, amax or h-sf"
        )
    violations = check(schedule)
    if violations:
        return Conformance(policy, 0, violations, None)
    ranks = None if ties is None else _ranks(schedule, ties)
    replayed = _replay(schedule, reading, ranks)
    departure = None
    if replayed.wrong is not None:
        text = Explanation(schedule.instance, policy, reading, ranks, replayed.wrong).text()
        departure = _named(schedule, policy, ranks, replayed.wrong, text)
    return Conformance(policy, replayed.rounds, (), departure)


def _named(
    schedule: Schedule, policy: PolicyName, ranks: Ranks | None, wrong: Situation, text: str
) -> Departure:
    """The departure under the name of what is wrong with the round or with the whole schedule."""
    departure = Departure(wrong.now, wrong.rule, wrong.requests, text)
    for idea in WRONG_IDEAS[policy]:
        if _explains(idea.reading, schedule, ranks):
            title = title_of(policy)
            whole = f" Every round is one that {title} would make if it {idea.behaviour}."
            return replace(departure, rule=idea.rule, message=text + whole)
    return departure


def _explains(reading: Reading, schedule: Schedule, ranks: Ranks | None) -> bool:
    """Whether every round of the schedule is right under another reading."""
    try:
        return _replay(schedule, reading, ranks).wrong is None
    except InvalidValue:
        # What it assumes may be too long to lay out; the verdict does not depend on it.
        return False


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

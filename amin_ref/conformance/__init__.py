"""Could Amin, Amax, H-SF or FCFS have made this schedule?

:func:`conform` replays a schedule round by round, whichever program made it. In each round, from
the state that the schedule itself is in, it decides whether the policy could have made the
schedule's evictions and admissions, and it explains the first round in which the policy could not.

To read: ``verdict`` (the answer). The state of a replay: ``traced`` (what a run does in each
round), ``busy_periods``, ``waiting``, ``admission_order``. FCFS: ``first_come`` (which finds the
first wrong round), ``first_come_words`` (which explains it). The other policies: ``bound_rules``
(what each assumes of output lengths), ``growing``, ``long_plan`` and ``plan`` (what is planned),
``replay`` and ``explanation``. ``wording`` has the words that both explanations use. ``large`` asks
compiled code whether a schedule of many runs has a wrong round at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from amin_ref.checker import check, prefixes_shared_in
from amin_ref.compiled.refusal import NotCompiled
from amin_ref.compiled.replay import JudgedRounds
from amin_ref.conformance.bound_rules import BOUND_RULES, BoundRule, recognisable_bugs
from amin_ref.conformance.explanation import Explanation
from amin_ref.conformance.first_come import replay_first_come
from amin_ref.conformance.first_come_words import FirstComeExplanation
from amin_ref.conformance.large import judged
from amin_ref.conformance.replay import RoundState
from amin_ref.conformance.replay import replay as _replay
from amin_ref.conformance.verdict import (
    POLICY_NAMES,
    BoundPolicyName,
    BugRule,
    ChunkRule,
    Conformance,
    ConformanceRule,
    Departure,
    FirstComeRule,
    PolicyName,
    RoundRule,
)
from amin_ref.conformance.waiting import Ranks
from amin_ref.model.errors import InvalidValue, shown
from amin_ref.model.schedule import Schedule
from amin_ref.model.validation import RequestId
from amin_ref.policies import TieBreak, VisibleRequest
from amin_ref.policies.names import title_of

__all__ = [
    "POLICY_NAMES",
    "BugRule",
    "ChunkRule",
    "Conformance",
    "ConformanceRule",
    "Departure",
    "FirstComeRule",
    "PolicyName",
    "RoundRule",
    "conform",
]


def conform(
    schedule: Schedule,
    policy: PolicyName = "amin",
    *,
    ties: TieBreak | None = None,
    compiled: bool | None = None,
) -> Conformance:
    """Whether ``schedule`` is one that ``policy`` could have made (specification, sections 3, 4).

    Every schedule that the policy could have made is accepted, and no other. The proof is in
    ``proofs_notes/conformance.md``.

    Args:
        schedule: made by any program, on any machine, also one with aborted or unfinished requests
            (specification, section 7).
        policy: ``"amin"``, ``"amax"``, ``"h-sf"`` or ``"fcfs"``.
        ties: breaks ties: between equal assumed lengths; for FCFS between equal arrival rounds.
            ``None``: any order, which may differ from round to round (decision D31).
        compiled: whether compiled code looks for the first wrong round before one is explained. It
            finds the same one. ``None``: it does where there are at least
            :data:`~amin_ref.conformance.large.LEAST_RUNS` runs and it can.

    Raises:
        InvalidValue: no schedule can be checked for the policy; the requests share prefixes; a
            rank is not a number; or ``compiled`` is true and compiled code cannot judge the
            schedule.
    """
    if policy not in POLICY_NAMES:
        raise InvalidValue(
            "conformance: policy",
            policy,
            "no schedule can be checked for it",
            f"give one of {', '.join(POLICY_NAMES)}",
        )
    violations = check(schedule)
    if violations:
        return Conformance(policy, 0, violations, None)
    _refuse_shared_prefixes(schedule)
    ranks = None if ties is None else _ranks(schedule, ties)
    if policy == "fcfs":
        return _first_come(schedule, ranks, compiled)
    return _by_bounds(schedule, policy, ranks, compiled)


def _refuse_shared_prefixes(schedule: Schedule) -> None:
    shared = prefixes_shared_in(schedule)
    if shared is not None:
        raise InvalidValue(
            f"schedule: held: round {shared.first}",
            shared.held,
            f"the runs imply {shared.by_runs}, so requests share prefixes, and what a request "
            "would occupy is not known",
            "give a schedule of requests that share nothing",
        )


def _first_come(schedule: Schedule, ranks: Ranks | None, compiled: bool | None) -> Conformance:
    found = _judged(schedule, None, ranks, compiled)
    if found is not None and found.wrong is None:
        return Conformance("fcfs", found.rounds, (), None)
    replayed = replay_first_come(schedule, ranks)
    wrong = replayed.wrong
    if wrong is None:
        return Conformance("fcfs", replayed.rounds, (), None)
    explanation = FirstComeExplanation(schedule.instance, any_tie=ranks is None, wrong=wrong)
    departure = Departure(wrong.now, wrong.rule, wrong.requests, explanation.text())
    return Conformance("fcfs", replayed.rounds, (), departure)


def _by_bounds(
    schedule: Schedule, policy: BoundPolicyName, ranks: Ranks | None, compiled: bool | None
) -> Conformance:
    bound_rule = BOUND_RULES[policy]
    found = _judged(schedule, bound_rule, ranks, compiled)
    if found is not None and found.wrong is None:
        return Conformance(policy, found.rounds, (), None)
    replayed = _replay(schedule, bound_rule, ranks)
    departure = None
    if replayed.wrong is not None:
        text = Explanation(schedule.instance, policy, bound_rule, ranks, replayed.wrong).text()
        departure = _named(schedule, policy, ranks, replayed.wrong, text, compiled)
    return Conformance(policy, replayed.rounds, (), departure)


def _judged(
    schedule: Schedule, bound_rule: BoundRule | None, ranks: Ranks | None, compiled: bool | None
) -> JudgedRounds | None:
    """The verdict of compiled code; ``None`` where it is not used."""
    if compiled is False:
        return None
    try:
        return judged(schedule, bound_rule, ranks, however_few=bool(compiled))
    except NotCompiled as reason:
        if compiled:
            raise InvalidValue(
                "conform: compiled", compiled, str(reason), "leave it out, or give False"
            ) from None
        return None


def _named(
    schedule: Schedule,
    policy: BoundPolicyName,
    ranks: Ranks | None,
    wrong: RoundState,
    text: str,
    compiled: bool | None,
) -> Departure:
    """The departure, named after a known bug that explains the whole schedule, if one does."""
    departure = Departure(wrong.now, wrong.rule, wrong.requests, text)
    for bug in recognisable_bugs(policy, schedule.instance):
        if _explains(bug.bound_rule, schedule, ranks, compiled):
            whole = f" Every round is one that {title_of(policy)} would make if it {bug.behaviour}."
            return replace(departure, rule=bug.rule, message=text + whole)
    return departure


def _explains(
    bound_rule: BoundRule, schedule: Schedule, ranks: Ranks | None, compiled: bool | None
) -> bool:
    """Whether every round of the schedule is right under another bound rule."""
    if compiled is not False:
        try:
            found = judged(schedule, bound_rule, ranks, however_few=bool(compiled))
        except NotCompiled:
            pass
        else:
            return found.wrong is None
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

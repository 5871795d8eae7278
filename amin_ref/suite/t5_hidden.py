"""T5: does a scheduler see what is hidden from it?

Two instances that differ in nothing but what is hidden must be scheduled alike until a completion
shows the difference. So each is played twice over, and what the scheduler was told and answered is
compared, round by round, for as long as it was told the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from amin_ref.model.errors import shown
from amin_ref.model.instance import Instance
from amin_ref.model.validation import RequestId
from amin_ref.policies import Decision, Policy, VisibleRequest
from amin_ref.suite.finding import BY_CHANCE, NO_SCHEDULE, Claim, Finding, Unjudged
from amin_ref.suite.judgement import schedule_of
from amin_ref.suite.random_instances import twin, without_uppers

TWINS = 2
"""Instances with other outputs that each instance is compared with."""

REPETITIONS = 10
"""How often each of two instances is played again before their difference is believed."""

WrongSight = Literal["read-the-output-length", "read-the-upper-bound"]


@dataclass(frozen=True, slots=True)
class Told:
    """What a scheduler is told in a round."""

    now: int
    arrived: tuple[VisibleRequest, ...]
    completed: tuple[RequestId, ...]


class Listener(Policy):
    """A policy that another one decides for, and that keeps what was said."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.said: list[tuple[Told, Decision]] = []

    def begin(self, capacity: int, block_size: int) -> None:
        """See :meth:`Policy.begin`."""
        self._policy.begin(capacity, block_size)

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        """See :meth:`Policy.decide`."""
        decision = self._policy.decide(now, arrived, completed)
        self.said.append((Told(now, tuple(arrived), tuple(completed)), decision))
        return decision


Said = Sequence[tuple[Told, Decision]]


def foresees(instance: Instance, policy: Policy, claims: Claim) -> Finding | Unjudged | None:
    """What shows that ``policy`` depends on something hidden; ``None`` when nothing does.

    Output lengths are hidden from everybody; from what claims to be Amin, the upper bounds, too.
    Nothing can be said of a policy that decides differently on the very same instance. So that none
    is accused of what was chance, a difference is believed only if both sides stand by it.
    """

    def said(other: Instance) -> Said:
        """Until the end, or until the scheduler is stopped: that is for T1 and T2."""
        listener = Listener(policy)
        schedule_of(other, listener, claims)
        return listener.said

    def wavers(other: Instance, before: Said) -> bool:
        return any(_difference(before, said(other)) is not None for _ in range(REPETITIONS))

    listener = Listener(policy)
    outcome = schedule_of(instance, listener, claims)
    first = listener.said
    random = Random(0)
    others: list[tuple[WrongSight, Instance]] = [
        ("read-the-output-length", twin(instance, random)) for _ in range(TWINS)
    ]
    if claims == "amin":
        others.append(("read-the-upper-bound", without_uppers(instance)))
    for rule, other in others:
        theirs = said(other)
        if rule == "read-the-upper-bound":
            now = _difference(_without_uppers(first), _without_uppers(theirs))
        else:
            now = _difference(first, theirs)
        if now is not None:
            if wavers(instance, first) or wavers(other, theirs):
                return BY_CHANCE
            return _finding(rule, instance, other, now)
    return NO_SCHEDULE if isinstance(outcome, Finding) else None


def _without_uppers(said: Said) -> Said:
    return [
        (replace(told, arrived=tuple(replace(r, upper=None) for r in told.arrived)), decision)
        for told, decision in said
    ]


def _difference(one: Said, other: Said) -> int | None:
    """The first round that was decided differently after all the same had been told."""
    for (told, decision), (told_too, decision_too) in zip(one, other, strict=False):
        if told != told_too:
            return None
        if decision != decision_too:
            return told.now
    return None


def _finding(rule: WrongSight, instance: Instance, other: Instance, now: int) -> Finding:
    what = "output lengths" if rule == "read-the-output-length" else "upper bounds"
    pairs = list(_changed(instance, other, rule))
    return Finding(
        "T5",
        rule,
        instance,
        f"round {now} is decided differently when the {what}, which nobody has been told, are "
        f"{shown(dict(pairs))}.",
    )


def _changed(
    instance: Instance, other: Instance, rule: WrongSight
) -> Iterator[tuple[RequestId, int | None]]:
    for request in other.requests:
        value = request.output_len if rule == "read-the-output-length" else request.upper
        if request != instance.by_id[request.id]:
            yield request.id, value

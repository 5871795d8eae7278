"""T5: do decisions depend on fields that are hidden from the scheduler?

Two instances that differ only in hidden fields must get the same decisions until a completion
shows the difference. Both are simulated, and the scheduler's inputs and decisions are compared
round by round, up to the first round in which the inputs differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from amin_ref.model.errors import shown
from amin_ref.model.instance import Instance
from amin_ref.model.machine import Machine
from amin_ref.model.validation import RequestId
from amin_ref.policies import Decision, Policy, VisibleRequest
from amin_ref.suite.finding import AT_RANDOM, NO_SCHEDULE, Claim, Finding, Unjudged
from amin_ref.suite.judgement import schedule_of
from amin_ref.suite.random_instances import twin, without_uppers

TWINS = 2
"""Instances with other output lengths to compare each with: one may get equal decisions by luck."""

REPETITIONS = 10
"""Simulations that must repeat the decisions on each instance before a difference counts. A
scheduler that flips a fair coin passes them with probability 2**-10 at most."""

HiddenField = Literal["read-the-output-length", "read-the-upper-bound"]


@dataclass(frozen=True, slots=True)
class RoundInput:
    """A scheduler's input in a round."""

    now: int
    arrived: tuple[VisibleRequest, ...]
    completed: tuple[RequestId, ...]


class RecordingPolicy(Policy):
    """Another policy's decisions, recorded together with their inputs."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.record: list[tuple[RoundInput, Decision]] = []

    def use(self, machine: Machine) -> None:
        """See :meth:`Policy.use`."""
        self._policy.use(machine)

    def begin(self, capacity: int, block_size: int) -> None:
        """See :meth:`Policy.begin`."""
        self._policy.begin(capacity, block_size)

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        """See :meth:`Policy.decide`."""
        decision = self._policy.decide(now, arrived, completed)
        self.record.append((RoundInput(now, tuple(arrived), tuple(completed)), decision))
        return decision


Record = Sequence[tuple[RoundInput, Decision]]


def depends_on_hidden(
    instance: Instance, policy: Policy, claims: Claim
) -> Finding | Unjudged | None:
    """A finding if the decisions of ``policy`` depend on hidden fields; ``None`` if none shows it.

    Output lengths are hidden from every scheduler, and upper bounds from one that claims to be
    Amin. A scheduler that decides differently on the same instance cannot be judged. A difference
    counts only if the scheduler repeats its decisions on both instances.
    """

    def recorded(other: Instance) -> Record:
        """The record up to the end, or up to an error of the scheduler, which T1 and T2 report."""
        recording = RecordingPolicy(policy)
        schedule_of(other, recording, claims)
        return recording.record

    def is_random(other: Instance, before: Record) -> bool:
        return any(_difference(before, recorded(other)) is not None for _ in range(REPETITIONS))

    recording = RecordingPolicy(policy)
    outcome = schedule_of(instance, recording, claims)
    first = recording.record
    random = Random(0)
    others: list[tuple[HiddenField, Instance]] = [
        ("read-the-output-length", twin(instance, random)) for _ in range(TWINS)
    ]
    if claims == "amin":
        others.append(("read-the-upper-bound", without_uppers(instance)))
    for rule, other in others:
        second = recorded(other)
        if rule == "read-the-upper-bound":
            now = _difference(_without_uppers(first), _without_uppers(second))
        else:
            now = _difference(first, second)
        if now is not None:
            if is_random(instance, first) or is_random(other, second):
                return AT_RANDOM
            return _finding(rule, instance, other, now)
    return NO_SCHEDULE if isinstance(outcome, Finding) else None


def _without_uppers(record: Record) -> Record:
    return [
        (replace(seen, arrived=tuple(replace(r, upper=None) for r in seen.arrived)), decision)
        for seen, decision in record
    ]


def _difference(one: Record, other: Record) -> int | None:
    """The first round with another decision although all inputs so far were the same."""
    for (seen, decision), (seen_too, decision_too) in zip(one, other, strict=False):
        if seen != seen_too:
            return None
        if decision != decision_too:
            return seen.now
    return None


def _finding(rule: HiddenField, instance: Instance, other: Instance, now: int) -> Finding:
    what = "output lengths" if rule == "read-the-output-length" else "upper bounds"
    pairs = list(_changed(instance, other, rule))
    return Finding(
        "T5",
        rule,
        instance,
        f"round {now} is decided differently when the {what}, which are hidden, are "
        f"{shown(dict(pairs))}.",
    )


def _changed(
    instance: Instance, other: Instance, rule: HiddenField
) -> Iterator[tuple[RequestId, int | None]]:
    for request in other.requests:
        value = request.output_len if rule == "read-the-output-length" else request.upper
        if request != instance.by_id[request.id]:
            yield request.id, value

"""Records a policy's input and decision in every round, and the state of each round.

The states are derived from the record and the specification alone, not from the policy's or the
simulator's own state.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from amin_ref import (
    ByPosition,
    ClairvoyantPolicy,
    Decision,
    Instance,
    Policy,
    Ranking,
    RequestId,
    RevealedRequest,
    Schedule,
    TieBreak,
    VisibleRequest,
    simulate,
)


@dataclass(frozen=True)
class Observed:
    """A policy's input and decision in one round."""

    now: int
    arrived: tuple[VisibleRequest, ...]
    completed: tuple[RequestId, ...]
    decision: Decision


class Recorder(Policy):
    """A policy that passes each round on to another policy, and records it."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.rounds: list[Observed] = []

    def begin(self, capacity: int, block_size: int) -> None:
        self.rounds = []
        self.policy.begin(capacity, block_size)

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        decision = self.policy.decide(now, arrived, completed)
        self.rounds.append(Observed(now, tuple(arrived), tuple(completed), decision))
        return decision


class ClairvoyantRecorder(ClairvoyantPolicy):
    """As :class:`Recorder`, for a policy that receives output lengths."""

    def __init__(self, policy: ClairvoyantPolicy) -> None:
        self.policy = policy
        self.rounds: list[Observed] = []

    def begin(self, capacity: int, block_size: int) -> None:
        self.rounds = []
        self.policy.begin(capacity, block_size)

    def decide(
        self, now: int, arrived: Sequence[RevealedRequest], completed: Sequence[RequestId]
    ) -> Decision:
        decision = self.policy.decide(now, arrived, completed)
        self.rounds.append(Observed(now, tuple(arrived), tuple(completed), decision))
        return decision


def record(
    instance: Instance, policy: Policy | ClairvoyantPolicy
) -> tuple[Schedule, tuple[Observed, ...]]:
    """The schedule that a policy makes, and its input and decision in every round."""
    if isinstance(policy, ClairvoyantPolicy):
        clairvoyant = ClairvoyantRecorder(policy)
        return simulate(instance, clairvoyant), tuple(clairvoyant.rounds)
    recorder = Recorder(policy)
    return simulate(instance, recorder), tuple(recorder.rounds)


@dataclass(frozen=True)
class RoundState:
    """The start of a round, once arrivals and completions are known.

    Attributes:
        now: the round.
        running: tokens that each running request has generated, in order of admission.
        waiting: the waiting requests.
        bounds: ℓ̃ of every request that has arrived, before step 2 of the specification.
        refined: ℓ̃ after step 2.
        decision: what the policy decided.
    """

    now: int
    running: Mapping[RequestId, int]
    waiting: frozenset[RequestId]
    bounds: Mapping[RequestId, int]
    refined: Mapping[RequestId, int]
    decision: Decision


def round_states(rounds: Sequence[Observed]) -> Iterator[RoundState]:
    """The state of every round of a record, with ℓ̃ by the specification."""
    running: dict[RequestId, int] = {}
    waiting: set[RequestId] = set()
    bounds: dict[RequestId, int] = {}
    for observed in rounds:
        for request in observed.completed:
            del running[request]
        waiting |= {request.id for request in observed.arrived}
        bounds |= {request.id: request.lower for request in observed.arrived}
        refined = bounds | {i: max(bounds[i], tokens) for i, tokens in running.items()}
        yield RoundState(
            observed.now, dict(running), frozenset(waiting), bounds, refined, observed.decision
        )
        bounds = refined
        for request in observed.decision.evict:
            del running[request]
            waiting.add(request)
        for request in observed.decision.admit:
            waiting.remove(request)
            running[request] = 0
        for request in running:
            running[request] += 1


def ranks_of(instance: Instance, ties: TieBreak) -> dict[RequestId, float]:
    """The rank of every request under ``ByPosition`` or ``Ranking``, without calling them."""
    if isinstance(ties, ByPosition):
        return {request.id: place for place, request in enumerate(instance.requests)}
    if isinstance(ties, Ranking):
        return {request.id: ties.ids.index(request.id) for request in instance.requests}
    return {
        request.id: ties.rank(VisibleRequest.of(request, position))
        for position, request in enumerate(instance.requests)
    }

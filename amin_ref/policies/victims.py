"""FCFS with another victim on overflow: which request should an engine preempt?

vLLM preempts the request that was admitted last. Each policy here admits as FCFS does, and evicts
by another rule, which needs what an engine knows anyway, or a predicted lower bound; with exact
predictions it shows what knowing the lengths is worth. ``proofs_notes/victims.md`` compares them.
They are made for machines without ``tokens_per_round``.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from amin_ref.model.blocks import volume
from amin_ref.model.errors import InvalidValue
from amin_ref.model.machine import Machine
from amin_ref.model.validation import RequestId
from amin_ref.policies.first_come import FirstComeFirstServed
from amin_ref.policies.lookahead import Batch, Job
from amin_ref.policies.names import NamedPolicy
from amin_ref.policies.policy import Decision, VisibleRequest


@dataclass(eq=False)
class FirstComeWithVictims(FirstComeFirstServed):
    """FCFS that evicts in ascending order of a number; of equal ones the last admitted first.

    Args:
        ties: breaks ties between requests that arrive in the same round.
    """

    _lower: dict[RequestId, int] = field(default_factory=dict, init=False, repr=False)

    def use(self, machine: Machine) -> None:
        """See :meth:`Policy.use`.

        Raises:
            InvalidValue: the machine limits the tokens of a round.
        """
        if machine.tokens_per_round is not None:
            raise InvalidValue(
                "instance: machine",
                machine,
                f"the policy {type(self).__name__} is not made for limited tokens of a round",
                "leave tokens_per_round out",
            )
        super().use(machine)

    def begin(self, capacity: int, block_size: int) -> None:
        """See :meth:`Policy.begin`."""
        super().begin(capacity, block_size)
        self._block_size = block_size
        self._lower = {}

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        """See :meth:`Policy.decide`."""
        self._lower.update((request.id, request.lower) for request in arrived)
        return super().decide(now, arrived, completed)

    def victims(self, batch: Batch) -> Iterator[Job]:
        """See :meth:`FirstComeFirstServed.victims`."""
        latest_first = list(super().victims(batch))
        yield from sorted(latest_first, key=lambda job: self.number(batch, job))

    @abstractmethod
    def number(self, batch: Batch, job: Job) -> int:
        """The running job with the smallest number is evicted first."""

    def bound(self, batch: Batch, job: Job) -> int:
        """ℓ̃: the predicted lower bound, or the tokens generated if these are more."""
        return max(self._lower[job.id], batch.generated(job))

    def remaining(self, batch: Batch, job: Job) -> int:
        """How many tokens the job has still to generate by its bound; at least 1."""
        return max(1, self._lower[job.id] - batch.generated(job))


class EvictsLeastComputed(FirstComeWithVictims):
    """Evicts the request with the fewest tokens in the cache: the least to compute again."""

    def number(self, batch: Batch, job: Job) -> int:
        """The prompt and the generated tokens."""
        return job.prompt_len + batch.generated(job)


class EvictsSmallestBound(FirstComeWithVictims):
    """Evicts the request with the smallest ℓ̃, as Amin does."""

    def number(self, batch: Batch, job: Job) -> int:
        """ℓ̃."""
        return self.bound(batch, job)


class EvictsMostRemaining(FirstComeWithVictims):
    """Evicts the request that has the most tokens to come, by its predicted bound."""

    def number(self, batch: Batch, job: Job) -> int:
        """The tokens to come, negated."""
        return -self.remaining(batch, job)


class EvictsLargestVolume(FirstComeWithVictims):
    """Evicts the request that would still occupy the most, summed over its rounds to come."""

    def number(self, batch: Batch, job: Job) -> int:
        """The volume of the rounds to come, negated; token·rounds."""
        tokens = job.prompt_len + batch.generated(job)
        return -volume(tokens, self.remaining(batch, job), self._block_size)


VICTIMS: Mapping[str, NamedPolicy] = MappingProxyType(
    {
        policy.name: policy
        for policy in (
            NamedPolicy("last-admitted", "last admitted", "as vLLM", FirstComeFirstServed),
            NamedPolicy(
                "least-computed",
                "least computed",
                "fewest tokens in the cache",
                EvictsLeastComputed,
            ),
            NamedPolicy(
                "smallest-bound", "smallest bound", "smallest ℓ̃, as Amin", EvictsSmallestBound
            ),
            NamedPolicy(
                "most-remaining", "most remaining", "most tokens to come", EvictsMostRemaining
            ),
            NamedPolicy(
                "largest-volume", "largest volume", "most cache to come", EvictsLargestVolume
            ),
        )
    }
)
"""FCFS with each rule for the victim, by the rule's name."""

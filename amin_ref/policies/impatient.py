"""Impatient Amin: evicts a request that turns out much longer than one that waits.

A variant of this project's, measured on ``proofs_notes/open.md``. No theorem bounds its ratio.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amin_ref.model.errors import InvalidValue
from amin_ref.model.validation import RequestId
from amin_ref.policies.lookahead import (
    Batch,
    Job,
    WaitingQueue,
    admit_in_order,
    ascending,
    evict_in_order,
)
from amin_ref.policies.policy import Decision, Policy, VisibleRequest
from amin_ref.policies.ties import ByPosition, TieBreak

DEFAULT_FACTOR = 8
"""Evict at eight times the bound of the admission: fewer cost much where prompts are long."""


@dataclass(eq=False)
class ImpatientAmin(Policy):
    """Amin that also evicts a request at F times the bound that it was admitted with.

    Before step 3, each running request is evicted that has generated at least F·ℓ̃ tokens, with the
    ℓ̃ of its admission, if the first that waits has a smaller ℓ̃ than it has now.

    Args:
        factor: F, above 1, so that an eviction of this kind raises ℓ̃ and a request has only
            finitely many; ``math.inf`` makes Amin's decisions.
        ties: breaks ties between equal ℓ̃.

    Raises:
        InvalidValue: ``factor`` is not above 1.
    """

    factor: float = DEFAULT_FACTOR
    ties: TieBreak = ByPosition()

    def __post_init__(self) -> None:
        if not self.factor > 1:
            raise InvalidValue(
                "factor",
                self.factor,
                "it must be above 1: at 1 two requests can evict each other for ever",
                "give 1.1 or more",
            )

    def begin(self, capacity: int, block_size: int) -> None:
        """See :meth:`Policy.begin`."""
        self._batch = Batch(capacity, block_size)
        self._waiting = WaitingQueue()
        self._admitted_with: dict[RequestId, int] = {}

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        """See :meth:`Policy.decide`."""
        batch, waiting = self._batch, self._waiting
        batch.begin_round(now, completed)
        waiting.add(
            Job(request.id, request.prompt_len, request.lower, self.ties.unique_rank(request))
            for request in arrived
        )
        for job in batch.running:
            job.assumed = max(job.assumed, now - job.start)
        evicted = self._outgrown(now)
        evicted += evict_in_order(batch, ascending(batch.running))
        admitted = admit_in_order(batch, waiting)
        waiting.add(evicted)
        self._admitted_with = {
            job.id: self._admitted_with.get(job.id, job.assumed) if job.start < now else job.assumed
            for job in batch.running
        }
        return Decision(evict=tuple(job.id for job in evicted), admit=admitted)

    def _outgrown(self, now: int) -> list[Job]:
        first = self._waiting.first()
        outgrown = [
            job
            for job in self._batch.running
            if first is not None
            and now - job.start >= self.factor * self._admitted_with[job.id]
            and first.assumed < job.assumed
        ]
        for job in outgrown:
            self._batch.remove(job)
        return outgrown

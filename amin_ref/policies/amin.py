"""Amin, step by step as in section 3 of the specification.

Chen, Ye, Zhou: *Adaptively Robust LLM Inference Optimization under Prediction Uncertainty*
(arXiv 2508.14544), algorithm A_min.

**Cost.** Steps 2 and 3 look at running requests only, of which the cache holds fewer than M. Step 4
asks two data structures. Waiting requests lie in a heap whose first entry is always the next in ≺:
a round touches those that it admits and one that it does not, never the rest of the queue. And the
cache's future lies in one array over coming rounds (:class:`.lookahead.Batch`), so whether a
request fits is one look along its own assumed run, not a new simulation of everybody's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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


@dataclass(eq=False)
class Amin(Policy):
    """Assume the least, learn from every token, evict those of whom least is known.

    A job's ``assumed`` is the working lower bound ℓ̃; its rank breaks ties: the order ≺.

    Args:
        ties: what a tie between equal bounds is broken by.
    """

    ties: TieBreak = ByPosition()

    def begin(self, capacity: int, block_size: int) -> None:
        """See :meth:`Policy.begin`."""
        self._batch = Batch(capacity, block_size)
        self._waiting = WaitingQueue()

    @property
    def lower_bounds(self) -> dict[RequestId, int]:
        """ℓ̃ of every request that runs or waits, as the last decision left it; tokens."""
        return {job.id: job.assumed for job in (*self._batch.running, *self._waiting)}

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        """See :meth:`Policy.decide`."""
        batch, waiting = self._batch, self._waiting
        batch.begin_round(now, completed)

        # 1. Arrive: at first, ℓ̃ is the predicted lower bound.
        waiting.add(
            Job(request.id, request.prompt_len, request.lower, self.ties.unique_rank(request))
            for request in arrived
        )

        # 2. Refine: whoever has generated a tokens has an output of at least a.
        for job in batch.running:
            generated = now - job.start
            job.assumed = max(job.assumed, generated)

        # 3. Evict, in ascending ≺, no more than needed for the next token of all others to fit.
        evicted = evict_in_order(batch, ascending(batch.running))

        # 4. Admit, in ascending ≺, while everybody fits up to their assumed stops.
        admitted = admit_in_order(batch, waiting)

        # Evicted requests keep their ℓ̃, and may be admitted again from the next round on.
        waiting.add(evicted)

        # 5. Generate: the engine does, and tells of completions in the next round.
        return Decision(evict=tuple(job.id for job in evicted), admit=admitted)

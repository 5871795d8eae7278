"""Amin, step by step as in section 3 of the specification.

Chen, Ye, Zhou: *Adaptively Robust LLM Inference Optimization under Prediction Uncertainty*
(arXiv 2508.14544), algorithm A_min.

**Cost.** Steps 2 and 3 look at running requests only, of which the cache holds fewer than M. Step 4
uses two data structures. The waiting requests are a heap whose first entry is the first in ≺: a
round touches the requests that it admits and the one that does not fit, never the rest of the
queue. The planned occupancy is one array over the coming rounds (:class:`.lookahead.Batch`), so
whether a request fits takes one look along that request's own assumed run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amin_ref.model.machine import PAPERS_MACHINE, Machine
from amin_ref.model.validation import RequestId
from amin_ref.policies.chunked import batch_for
from amin_ref.policies.lookahead import (
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
    """Plan with lower bounds, raise them as tokens are generated, evict the smallest on overflow.

    A :class:`.lookahead.Job` is one request; its ``assumed`` is the working lower bound ℓ̃. The
    order ≺ is by ℓ̃, then by tie-break rank.

    Args:
        ties: breaks ties between requests with equal ℓ̃.
    """

    ties: TieBreak = ByPosition()
    _machine = PAPERS_MACHINE

    def use(self, machine: Machine) -> None:
        """See :meth:`Policy.use`: Amin schedules on every machine."""
        self._machine = machine

    def begin(self, capacity: int, block_size: int) -> None:
        """See :meth:`Policy.begin`."""
        self._batch = batch_for(capacity, block_size, self._machine)
        self._waiting = WaitingQueue()

    def cancelled(self, request: RequestId) -> None:
        """See :meth:`Policy.cancelled`."""
        self._waiting.remove(request)

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

        # 1. Arrive: at first, ℓ̃ is the predicted lower bound ℓ.
        waiting.add(
            Job(request.id, request.prompt_len, self.bound(request), self.ties.unique_rank(request))
            for request in arrived
        )

        # 2. Refine: a request that has generated a tokens has an output of at least a.
        for job in batch.running:
            generated = batch.generated(job)
            job.assumed = max(job.assumed, generated)

        # 3. Evict in ascending ≺, until the next token of every request that still runs fits.
        evicted = evict_in_order(batch, ascending(batch.running))

        # 4. Admit in ascending ≺, as long as all fit in every round up to their assumed stops.
        admitted = admit_in_order(batch, waiting)

        # Evicted requests keep their ℓ̃, and can be admitted again from the next round on.
        waiting.add(evicted)

        # 5. Generate: the engine does, and reports completions at the start of the next round.
        return Decision(evict=tuple(job.id for job in evicted), admit=admitted)

    def bound(self, request: VisibleRequest) -> int:
        """ℓ; the longest output that fits the cache if the prediction is wrong and exceeds it."""
        return min(request.lower, self._batch.longest_output(request.prompt_len))

"""FCFS: what a serving engine does by default (specification, section 4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from amin_ref.model.validation import RequestId
from amin_ref.policies.lookahead import Batch, Job, WaitingQueue, admit_in_order, evict_in_order
from amin_ref.policies.policy import Decision, Policy, VisibleRequest
from amin_ref.policies.ties import ByPosition, TieBreak


@dataclass(eq=False)
class FirstComeFirstServed(Policy):
    """Admit in arrival order while the next token of everything fits; evict the latest admitted.

    No look-ahead is a look-ahead of one token, and arrival order is an order by rank among jobs
    that are all assumed equally long: so every job is assumed to generate one token more.

    Args:
        ties: what a tie between requests of the same arrival round is broken by.
    """

    ties: TieBreak = ByPosition()

    def begin(self, capacity: int, block_size: int) -> None:
        """See :meth:`Policy.begin`."""
        self._batch = Batch(capacity, block_size)
        self._waiting = WaitingQueue()

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        """See :meth:`Policy.decide`."""
        self._batch.begin_round(now, completed)
        self._waiting.add(self._job(request) for request in arrived)
        evicted = evict_in_order(self._batch, _latest_admitted_first(self._batch))
        if evicted:
            self._waiting.add(evicted)
            return Decision(evict=tuple(job.id for job in evicted))
        return Decision(admit=admit_in_order(self._batch, self._waiting))

    def _job(self, request: VisibleRequest) -> Job:
        rank = (request.arrival, *self.ties.unique_rank(request))
        return Job(request.id, request.prompt_len, assumed=1, rank=rank)


def _latest_admitted_first(batch: Batch) -> Iterator[Job]:
    yield from reversed(list(batch.running))

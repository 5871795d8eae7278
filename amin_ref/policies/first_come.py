"""FCFS: what a serving engine does by default (specification, section 4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from amin_ref.model.machine import PAPERS_MACHINE, Machine
from amin_ref.model.validation import RequestId
from amin_ref.policies.first_come_by_blocks import FirstComeByBlocks
from amin_ref.policies.lookahead import Batch, Job, WaitingQueue, admit_in_order, evict_in_order
from amin_ref.policies.policy import Decision, Policy, VisibleRequest
from amin_ref.policies.ties import ByPosition, TieBreak


@dataclass(eq=False)
class FirstComeFirstServed(Policy):
    """Admit in arrival order while the next tokens fit; on overflow evict the latest admitted.

    Every request is assumed to generate one more token. So the look-ahead is one round long; and
    since all assumed lengths are equal, ≺ is the order of ranks: arrival round, then tie-break.

    Args:
        ties: breaks ties between requests that arrive in the same round.
    """

    ties: TieBreak = ByPosition()
    _machine = PAPERS_MACHINE

    def use(self, machine: Machine) -> None:
        """See :meth:`Policy.use`: FCFS schedules on every machine, as vLLM's scheduler does."""
        self._machine = machine

    def begin(self, capacity: int, block_size: int) -> None:
        """See :meth:`Policy.begin`."""
        self._waiting = WaitingQueue()
        self._batch = Batch(capacity, block_size, self._machine)
        self._by_blocks = None
        if self._machine.tokens_per_round is not None:
            self._by_blocks = FirstComeByBlocks(
                capacity // block_size, block_size, self._machine, self._machine.tokens_per_round
            )

    def cancelled(self, request: RequestId) -> None:
        """See :meth:`Policy.cancelled`."""
        self._waiting.remove(request)

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        """See :meth:`Policy.decide`."""
        self._waiting.add(
            Job(request.id, request.prompt_len, assumed=1, rank=self.place(request))
            for request in arrived
        )
        if self._by_blocks is not None:
            return self._by_blocks.decide(completed, self._waiting)
        self._batch.begin_round(now, completed)
        evicted = evict_in_order(self._batch, self.victims(self._batch))
        if evicted:
            self._waiting.add(evicted)
            return Decision(evict=tuple(job.id for job in evicted))
        return Decision(admit=admit_in_order(self._batch, self._waiting))

    def place(self, request: VisibleRequest) -> tuple[float, ...]:
        """The request's place in the queue, which it keeps when it is evicted."""
        return (request.arrival, *self.ties.unique_rank(request))

    def victims(self, batch: Batch) -> Iterator[Job]:
        """The running jobs in the order in which an overflow evicts them: the latest first."""
        yield from reversed(list(batch.running))

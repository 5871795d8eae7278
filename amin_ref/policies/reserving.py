"""The policies that never evict: Amax reserves the upper bound, H-SF the true output length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amin_ref.model.machine import PAPERS_MACHINE, Machine
from amin_ref.model.validation import RequestId
from amin_ref.policies.chunked import batch_for
from amin_ref.policies.lookahead import (
    Batch,
    Job,
    Order,
    WaitingQueue,
    admit_in_order,
    ascending,
    evict_in_order,
    precedence,
)
from amin_ref.policies.policy import (
    ClairvoyantPolicy,
    Decision,
    Policy,
    RevealedRequest,
    VisibleRequest,
)
from amin_ref.policies.ties import ByPosition, TieBreak


class Reservations:
    """Amin's admission, with assumed lengths that no request outlives, so that none is evicted.

    On two machines requests are evicted all the same, as by Amin: where predictions may be wrong, a
    request may outlive its reservation; and where a round computes a limited number of tokens, a
    request may stay longer than planned.

    Args:
        batch: the empty cache; says which jobs fit.
        order: the order in which jobs wait; ≺ by default, that is, by assumed length.
    """

    def __init__(self, batch: Batch, order: Order = precedence) -> None:
        self._batch = batch
        self._waiting = WaitingQueue(order)

    def decide(self, now: int, arrived: Sequence[Job], completed: Sequence[RequestId]) -> Decision:
        """Admit in order, as long as all fit up to their assumed lengths."""
        self._batch.begin_round(now, completed)
        self._waiting.add(arrived)
        evicted = self._evict()
        admitted = admit_in_order(self._batch, self._waiting)
        self._waiting.add(evicted)
        return Decision(evict=tuple(job.id for job in evicted), admit=admitted)

    def cancelled(self, request: RequestId) -> None:
        """Forget a waiting job."""
        self._waiting.remove(request)

    def _evict(self) -> list[Job]:
        if not self._batch.overflows():
            return []
        for job in self._batch.running:
            job.assumed = max(job.assumed, self._batch.generated(job))
        return evict_in_order(self._batch, ascending(self._batch.running))


@dataclass(eq=False)
class Amax(Policy):
    """Amax reserves u for every request: the longest output that fits, where u is unknown.

    The longest output that fits is B·⌊M/B⌋ - s. Source: A_max of arXiv 2508.14544; specification,
    section 4.

    Args:
        ties: breaks ties between equal reservations.
    """

    ties: TieBreak = ByPosition()
    _machine = PAPERS_MACHINE

    def use(self, machine: Machine) -> None:
        """See :meth:`Policy.use`: Amax schedules on every machine."""
        self._machine = machine

    def begin(self, capacity: int, block_size: int) -> None:
        """See :meth:`Policy.begin`."""
        self._batch = batch_for(capacity, block_size, self._machine)
        self._reservations = Reservations(self._batch)

    def cancelled(self, request: RequestId) -> None:
        """See :meth:`Policy.cancelled`."""
        self._reservations.cancelled(request)

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        """See :meth:`Policy.decide`."""
        jobs = [
            Job(
                request.id,
                request.prompt_len,
                self._reserved(request),
                self.ties.unique_rank(request),
            )
            for request in arrived
        ]
        return self._reservations.decide(now, jobs, completed)

    def _reserved(self, request: VisibleRequest) -> int:
        most = self._batch.longest_output(request.prompt_len)
        return most if request.upper is None else min(request.upper, most)


@dataclass(eq=False)
class HindsightShortestFirst(ClairvoyantPolicy):
    """H-SF knows every output length and admits the shortest first.

    It is a heuristic, not the optimum. Source: the hindsight benchmark of arXiv 2508.14544;
    specification, section 4. MC-SF of Jaillet et al. (arXiv 2502.07115) is the same policy.

    Args:
        ties: breaks ties between equal output lengths.
    """

    ties: TieBreak = ByPosition()
    _machine = PAPERS_MACHINE

    def use(self, machine: Machine) -> None:
        """See :meth:`Policy.use`: H-SF schedules on every machine."""
        self._machine = machine

    def begin(self, capacity: int, block_size: int) -> None:
        """See :meth:`Policy.begin`."""
        self._reservations = Reservations(batch_for(capacity, block_size, self._machine))

    def cancelled(self, request: RequestId) -> None:
        """See :meth:`Policy.cancelled`."""
        self._reservations.cancelled(request)

    def decide(
        self, now: int, arrived: Sequence[RevealedRequest], completed: Sequence[RequestId]
    ) -> Decision:
        """See :meth:`Policy.decide`."""
        jobs = [
            Job(request.id, request.prompt_len, request.output_len, self.rank(request))
            for request in arrived
        ]
        return self._reservations.decide(now, jobs, completed)

    def rank(self, request: RevealedRequest) -> tuple[float, ...]:
        """The request's tie-break rank, unique in the instance."""
        return self.ties.unique_rank(request)

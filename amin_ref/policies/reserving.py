"""The policies that never evict: Amax reserves the upper bound, H-SF the true output length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amin_ref.model.blocks import longest_output
from amin_ref.model.validation import RequestId
from amin_ref.policies.lookahead import (
    Batch,
    Job,
    Order,
    WaitingQueue,
    admit_in_order,
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
        return Decision(admit=admit_in_order(self._batch, self._waiting))


@dataclass(eq=False)
class Amax(Policy):
    """Amax reserves u for every request: the longest output that fits, where u is unknown.

    The longest output that fits is B·⌊M/B⌋ - s. Source: A_max of arXiv 2508.14544; specification,
    section 4.

    Args:
        ties: breaks ties between equal reservations.
    """

    ties: TieBreak = ByPosition()

    def begin(self, capacity: int, block_size: int) -> None:
        """See :meth:`Policy.begin`."""
        self._capacity, self._block_size = capacity, block_size
        self._reservations = Reservations(Batch(capacity, block_size))

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
        most = longest_output(request.prompt_len, self._capacity, self._block_size)
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

    def begin(self, capacity: int, block_size: int) -> None:
        """See :meth:`Policy.begin`."""
        self._reservations = Reservations(Batch(capacity, block_size))

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

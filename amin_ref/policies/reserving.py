"""The policies that never evict: Amax reserves the upper bound, H-SF the true output length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amin_ref.model.blocks import longest_output
from amin_ref.model.validation import RequestId
from amin_ref.policies.lookahead import Batch, Job, WaitingQueue, admit_in_order
from amin_ref.policies.policy import (
    ClairvoyantPolicy,
    Decision,
    Policy,
    RevealedRequest,
    VisibleRequest,
)
from amin_ref.policies.ties import ByPosition, TieBreak


class Reservations:
    """Amin's admission, with assumed lengths that no request outlives, so that none is evicted."""

    def __init__(self, capacity: int, block_size: int) -> None:
        self._batch = Batch(capacity, block_size)
        self._waiting = WaitingQueue()

    def decide(self, now: int, arrived: Sequence[Job], completed: Sequence[RequestId]) -> Decision:
        """Admit in ascending order of assumed length, as long as all fit up to that length."""
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
        self._reservations = Reservations(capacity, block_size)

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
    specification, section 4.

    Args:
        ties: breaks ties between equal output lengths.
    """

    ties: TieBreak = ByPosition()

    def begin(self, capacity: int, block_size: int) -> None:
        """See :meth:`Policy.begin`."""
        self._reservations = Reservations(capacity, block_size)

    def decide(
        self, now: int, arrived: Sequence[RevealedRequest], completed: Sequence[RequestId]
    ) -> Decision:
        """See :meth:`Policy.decide`."""
        jobs = [
            Job(
                request.id,
                request.prompt_len,
                request.output_len,
                self.ties.unique_rank(request),
            )
            for request in arrived
        ]
        return self._reservations.decide(now, jobs, completed)

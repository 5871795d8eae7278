"""α-protection greedy: admits below a threshold, clears the cache on overflow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from fractions import Fraction
from math import floor

from amin_ref.model.errors import InvalidValue
from amin_ref.model.validation import RequestId
from amin_ref.policies.lookahead import Batch, Job, WaitingQueue
from amin_ref.policies.policy import Decision, Policy, VisibleRequest
from amin_ref.policies.ties import ByPosition, TieBreak


@dataclass(eq=False)
class AlphaGreedy(Policy):
    """Admit in order of arrival while at most (1 - α)·M is occupied; on overflow evict everything.

    It reads no prediction and does not look ahead: each request is assumed to generate one more
    token. When the next tokens of the running requests do not fit, all of them are evicted, and the
    first in order of arrival are admitted again in the same round. As it stands, that rule need not
    end: the same requests can fill the cache again and again. So an overflow before which no
    request has completed since the last one halves the limit (1 - α)·M, until no request runs or
    waits. M counts whole blocks here, B·⌊M/B⌋.
    Source: the file alpha-greedy.py in the code of Jaillet et al. (arXiv 2502.07115; decision D36).

    Args:
        ties: breaks ties between requests that arrive in the same round.
        alpha: α, the share of the cache that is kept free for growth; 0 < α < 1.
    """

    ties: TieBreak = ByPosition()
    _: KW_ONLY
    alpha: float = 0.25

    def __post_init__(self) -> None:
        """Refuse a share that is none.

        Raises:
            InvalidValue: α is not between 0 and 1.
        """
        if not 0 < self.alpha < 1:
            raise InvalidValue(
                "alpha", self.alpha, "it must be between 0 and 1", "give a share such as 0.25"
            )

    def begin(self, capacity: int, block_size: int) -> None:
        """See :meth:`Policy.begin`."""
        self._batch = Batch(capacity, block_size)
        self._waiting = WaitingQueue()
        whole_blocks = capacity // block_size * block_size
        self._limit = floor((1 - Fraction(str(self.alpha))) * whole_blocks)
        self._halvings = 0
        self._has_completed = True

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        """See :meth:`Policy.decide`."""
        self._batch.begin_round(now, completed)
        self._has_completed |= bool(completed)
        if not len(self._batch) and self._waiting.first() is None:
            self._halvings = 0
        self._waiting.add(
            Job(request.id, request.prompt_len, assumed=1, rank=self._rank(request))
            for request in arrived
        )
        evicted = self._clear() if self._batch.overflows() else []
        self._waiting.add(evicted)
        return Decision(evict=tuple(job.id for job in evicted), admit=self._admit())

    def is_evicted(self, job: Job) -> bool:  # noqa: ARG002 - for policies that choose
        """Whether an overflow evicts this running job."""
        return True

    def _clear(self) -> list[Job]:
        """Evict running jobs until the next tokens of the others fit."""
        self._halvings += not self._has_completed
        self._has_completed = False
        evicted: list[Job] = []
        while len(self._batch) and self._batch.overflows():
            chosen = [job for job in self._batch.running if self.is_evicted(job)]
            for job in chosen:
                self._batch.remove(job)
            evicted += chosen
        return evicted

    def _admit(self) -> tuple[RequestId, ...]:
        """Admit the first in the queue while no more than the limit is occupied, and it fits."""
        admitted: list[RequestId] = []
        while self._batch.held() <= self._limit >> self._halvings:
            job = self._waiting.first()
            if job is None or not self._batch.fits(job):
                break
            self._batch.admit(self._waiting.take())
            admitted.append(job.id)
        return tuple(admitted)

    def _rank(self, request: VisibleRequest) -> tuple[float, ...]:
        return (request.arrival, *self.ties.unique_rank(request))

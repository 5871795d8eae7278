"""Doubling budgets: restarts with budgets that double (specification, section 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amin_ref.model.blocks import longest_output
from amin_ref.model.validation import RequestId
from amin_ref.policies.lookahead import Batch, Job, WaitingQueue, admit_in_order
from amin_ref.policies.policy import Decision, Policy, VisibleRequest
from amin_ref.policies.ties import ByPosition, TieBreak


@dataclass(eq=False)
class DoublingBudgets(Policy):
    """In phase r each unfinished request runs once, with a budget of b_r tokens reserved for it.

    b_r = min(2^r·ℓ_min, B·⌊M/B⌋ - s). A request that has used up its budget is evicted. The next
    phase begins in the first round in which every request of the phase was tried and none of them
    runs; so an evicted request waits for at least one round. A request that arrives joins the phase
    that runs. If none does, phase 0 begins, with ℓ_min the smallest ℓ of the requests that arrive.
    The upper bounds u are not read, and ℓ only for ℓ_min.

    With equal prompts, one ℓ and all requests at once, its total latency is at most 143/3 times the
    optimum (T19).

    Args:
        ties: orders the requests of a phase that have equal budgets.
    """

    ties: TieBreak = ByPosition()

    def begin(self, capacity: int, block_size: int) -> None:
        """See :meth:`Policy.begin`."""
        self._capacity, self._block_size = capacity, block_size
        self._batch = Batch(capacity, block_size)
        self._untried = WaitingQueue()
        self._tried: list[Job] = []
        self._budget = 0

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        """See :meth:`Policy.decide`."""
        self._batch.begin_round(now, completed)
        if not len(self._batch) and self._untried.first() is None:
            self._begin_phase(arrived)
        self._untried.add(
            self._with_budget(
                Job(request.id, request.prompt_len, 0, self.ties.unique_rank(request))
            )
            for request in arrived
        )
        used_up = [job for job in self._batch.running if now - job.start == job.assumed]
        for job in used_up:
            self._batch.remove(job)
        self._tried += used_up
        admitted = admit_in_order(self._batch, self._untried)
        return Decision(evict=tuple(job.id for job in used_up), admit=admitted)

    def _begin_phase(self, arrived: Sequence[VisibleRequest]) -> None:
        """Double the budget for the requests that were tried; if there are none, begin anew."""
        if self._tried:
            self._budget *= 2
        else:
            self._budget = min((request.lower for request in arrived), default=0)
        self._untried.add(self._with_budget(job) for job in self._tried)
        self._tried = []

    def _with_budget(self, job: Job) -> Job:
        """The job, which now assumes the budget of the present phase."""
        fits = longest_output(job.prompt_len, self._capacity, self._block_size)
        job.assumed = min(self._budget, fits)
        return job

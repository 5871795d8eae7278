"""Look-ahead where a round computes a limited number of tokens, so that prefixes take rounds.

Each round's tokens go to the running requests in order of admission, then to the admitted ones. A
job plans as if its whole prefix were computed in its next round (specification, section 7), so the
plan of a job moves by one round whenever its prefix is not complete.
"""

from __future__ import annotations

from collections.abc import Sequence

from amin_ref.model.machine import Machine
from amin_ref.model.validation import RequestId
from amin_ref.policies.lookahead import Batch, Job


class ChunkedBatch(Batch):
    """A :class:`.lookahead.Batch` on a machine with ``tokens_per_round``.

    A round costs time linear in the running jobs, and one addition for each planned round of each
    job whose prefix is not complete.
    """

    def __init__(self, capacity: int, block_size: int, machine: Machine, tokens: int) -> None:
        super().__init__(capacity, block_size, machine)
        self._tokens = tokens
        self._may_exceed = False

    def begin_round(self, now: int, completed: Sequence[RequestId]) -> None:
        """As in :class:`.lookahead.Batch`; jobs that generated no token are planned anew."""
        delayed = self._compute()
        super().begin_round(now, completed)
        for job in delayed:
            if job.id in self._running:
                self._plan_anew(job)

    def fits(self, job: Job) -> bool:
        """As in :class:`.lookahead.Batch`; no job fits while the plan exceeds the cache anyway.

        Only a job that was planned anew, and so stays longer than planned before, can cause that.
        """
        if self._may_exceed:
            coming = self._planned[self._now - self._planned_from :]
            self._may_exceed = bool(coming.max(initial=0) > self._capacity)
        return not self._may_exceed and super().fits(job)

    def may_admit(self) -> bool:
        """Whether one more job may run, and tokens of this round are left for it."""
        uncomputed = sum(job.uncomputed for job in self._running.values())
        return uncomputed < self._tokens and super().may_admit()

    def admit(self, job: Job) -> None:
        """Let ``job`` run from the present round on; its whole prefix is to be computed."""
        super().admit(job)
        job.uncomputed = job.prefix

    def _compute(self) -> list[Job]:
        """Give the tokens of the round before to the jobs that ran; returns those without a token.

        The engine gives them in the order of admission, so no job needs to be told.
        """
        left = self._tokens
        delayed = []
        for job in self._running.values():
            computed = min(job.uncomputed, left)
            left -= computed
            job.uncomputed -= computed
            if computed and not job.uncomputed:
                job.uncomputed = 1  # the token that the job has just generated
            else:
                delayed.append(job)
        return delayed

    def _plan_anew(self, job: Job) -> None:
        """Move a job's plan by one round, as it generated no token in the round before."""
        self._unplan(job)
        job.start += 1
        job.stop = self._now + max(1, job.assumed - self.generated(job))
        self._plan(job)
        self._may_exceed = True


def batch_for(capacity: int, block_size: int, machine: Machine) -> Batch:
    """The plan of running jobs on this machine, with no job."""
    if machine.tokens_per_round is None:
        return Batch(capacity, block_size, machine)
    return ChunkedBatch(capacity, block_size, machine, machine.tokens_per_round)

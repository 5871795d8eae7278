"""Amin with one rule removed or reversed: tests must be able to tell these from Amin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from amin_ref import ByPosition, Decision, Policy, RequestId, TieBreak, VisibleRequest
from amin_ref.policies.lookahead import (
    Batch,
    Job,
    WaitingQueue,
    admit_in_order,
    ascending,
    evict_in_order,
    precedence,
)


@dataclass(eq=False)
class CrippledAmin(Policy):
    """Amin in methods, of which each subclass replaces one."""

    ties: TieBreak = field(default_factory=ByPosition)

    def begin(self, capacity: int, block_size: int) -> None:
        self.batch = Batch(capacity, block_size)
        self.waiting = WaitingQueue()

    @property
    def lower_bounds(self) -> dict[RequestId, int]:
        """As :attr:`Amin.lower_bounds`."""
        return {job.id: job.assumed for job in (*self.batch.running, *self.waiting)}

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        evicted = self.hear_and_evict(now, arrived, completed)
        admitted = self.admit()
        self.waiting.add(evicted)
        return Decision(evict=tuple(job.id for job in evicted), admit=admitted)

    def hear_and_evict(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> list[Job]:
        """Steps 1 to 3. The caller lets the evicted jobs wait from the next round on."""
        self.batch.begin_round(now, completed)
        self.waiting.add(
            Job(request.id, request.prompt_len, request.lower, self.ties.unique_rank(request))
            for request in arrived
        )
        for job in self.batch.running:
            job.assumed = self.refined(job, now - job.start)
        return evict_in_order(self.batch, self.victims(self.batch.running))

    def taken_out(self) -> list[Job]:
        """Empty the waiting queue; its jobs in ascending ≺."""
        jobs = []
        while self.waiting.first() is not None:
            jobs.append(self.waiting.take())
        return jobs

    def refined(self, job: Job, generated: int) -> int:
        return max(job.assumed, generated)

    def victims(self, running: Iterable[Job]) -> Iterator[Job]:
        return ascending(running)

    def admit(self) -> tuple[RequestId, ...]:
        return admit_in_order(self.batch, self.waiting)


class NeverRefines(CrippledAmin):
    """Leaves out step 2: ℓ̃ stays the predicted lower bound."""

    def refined(self, job: Job, generated: int) -> int:
        return job.assumed


class EvictsLargest(CrippledAmin):
    """Evicts the last in ≺ first: the largest bounds, and so the most tokens lost."""

    def victims(self, running: Iterable[Job]) -> Iterator[Job]:
        return reversed(list(ascending(running)))


class EvictsNewest(CrippledAmin):
    """Evicts the latest admitted first; of those admitted together, the last in ≺."""

    def victims(self, running: Iterable[Job]) -> Iterator[Job]:
        yield from sorted(running, key=lambda job: (job.start, precedence(job)), reverse=True)


class NeverLooksAhead(CrippledAmin):
    """Admits as long as the next token of every request fits."""

    def admit(self) -> tuple[RequestId, ...]:
        admitted = []
        while (job := self.waiting.first()) is not None:
            bound, job.assumed = job.assumed, 1
            fits = self.batch.fits(job)
            if fits:
                self.batch.admit(self.waiting.take())
                admitted.append(job.id)
            job.assumed = bound
            if not fits:
                break
        return tuple(admitted)

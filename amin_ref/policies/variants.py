"""Amin with one rule changed, for ablations and as known bugs.

Each variant departs from Amin (specification, section 3) in one step. The tests of Amin must fail
for every variant, and ``amin-ref worst-case`` shows what the changed rule costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from amin_ref.model.validation import RequestId
from amin_ref.policies.lookahead import (
    Batch,
    Job,
    WaitingQueue,
    admit_in_order,
    ascending,
    evict_in_order,
    precedence,
)
from amin_ref.policies.names import NamedPolicy
from amin_ref.policies.policy import Decision, Policy, VisibleRequest
from amin_ref.policies.ties import ByPosition, TieBreak


@dataclass(eq=False)
class AminVariant(Policy):
    """Amin, with a method for each rule that a derived class may change.

    As it stands it makes Amin's decisions. A job's ``assumed`` is the working lower bound ℓ̃.

    Args:
        ties: breaks ties between equal bounds.
    """

    ties: TieBreak = ByPosition()

    def begin(self, capacity: int, block_size: int) -> None:
        """See :meth:`Policy.begin`."""
        self.batch = Batch(capacity, block_size)
        self.waiting = WaitingQueue()

    @property
    def lower_bounds(self) -> dict[RequestId, int]:
        """ℓ̃ of every unfinished request after the last decision; tokens."""
        return {job.id: job.assumed for job in (*self.batch.running, *self.waiting)}

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        """See :meth:`Policy.decide`."""
        evicted = self.refine_and_evict(now, arrived, completed)
        admitted = self.admit()
        self.waiting.add(evicted)
        return Decision(evict=tuple(job.id for job in evicted), admit=admitted)

    def refine_and_evict(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> list[Job]:
        """Steps 1 to 3. The evicted jobs, which are returned, are not yet in the waiting queue."""
        self.batch.begin_round(now, completed)
        self.waiting.add(
            Job(request.id, request.prompt_len, request.lower, self.ties.unique_rank(request))
            for request in arrived
        )
        for job in self.batch.running:
            job.assumed = self.refined(job, now - job.start)
        return evict_in_order(self.batch, self.victims(self.batch.running))

    def refined(self, job: Job, generated: int) -> int:
        """Step 2: ℓ̃ of a running job that has generated this number of tokens in its run."""
        return max(job.assumed, generated)

    def victims(self, running: Iterable[Job]) -> Iterator[Job]:
        """Step 3: the running jobs in the order in which an overflow evicts them."""
        return ascending(running)

    def admit(self) -> tuple[RequestId, ...]:
        """Step 4: admit waiting jobs, and return their ids."""
        return admit_in_order(self.batch, self.waiting)


class NeverRefines(AminVariant):
    """Keeps ℓ̃ at the predicted lower bound, whatever a request generates (step 2)."""

    def refined(self, job: Job, generated: int) -> int:  # noqa: ARG002 - the rule that is left out
        """See :meth:`AminVariant.refined`."""
        return job.assumed


class EvictsLargest(AminVariant):
    """Evicts in descending ≺: the running request with the largest ℓ̃ first (step 3)."""

    def victims(self, running: Iterable[Job]) -> Iterator[Job]:
        """See :meth:`AminVariant.victims`."""
        return reversed(list(ascending(running)))


class EvictsNewest(AminVariant):
    """Evicts the request admitted last; of those admitted together, the last in ≺ (step 3)."""

    def victims(self, running: Iterable[Job]) -> Iterator[Job]:
        """See :meth:`AminVariant.victims`."""
        yield from sorted(running, key=lambda job: (job.start, precedence(job)), reverse=True)


class NeverLooksAhead(AminVariant):
    """Admits while the next token of all running requests fits, without a plan (step 4)."""

    def admit(self) -> tuple[RequestId, ...]:
        """See :meth:`AminVariant.admit`."""
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


VARIANTS: Mapping[str, NamedPolicy] = MappingProxyType(
    {
        variant.name: variant
        for variant in (
            NamedPolicy(
                "amin-never-refines",
                "Amin that never refines",
                "keeps the predicted lower bound",
                NeverRefines,
            ),
            NamedPolicy(
                "amin-evicts-largest",
                "Amin that evicts the largest",
                "evicts the largest bound first",
                EvictsLargest,
            ),
            NamedPolicy(
                "amin-evicts-newest",
                "Amin that evicts the newest",
                "evicts the last admitted first",
                EvictsNewest,
            ),
            NamedPolicy(
                "amin-never-looks-ahead",
                "Amin that never looks ahead",
                "admits while the next tokens fit",
                NeverLooksAhead,
            ),
        )
    }
)
"""Every variant by its name on the command line."""

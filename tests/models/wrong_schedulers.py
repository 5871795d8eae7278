"""Schedulers that are deliberately wrong, each with the theorem and the rule that it breaks.

The suite must find every one of them, and report its theorem and rule.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from amin_ref import (
    Amin,
    Decision,
    FirstComeFirstServed,
    Instance,
    Machine,
    Policy,
    RequestId,
    VisibleRequest,
)
from amin_ref.policies.lookahead import (
    Batch,
    Job,
    WaitingQueue,
    admit_in_order,
    ascending,
)
from amin_ref.policies.variants import (
    AminVariant,
    EvictsLargest,
    EvictsNewest,
    NeverLooksAhead,
    NeverRefines,
)

if TYPE_CHECKING:  # the suite is not needed to run one of them
    from amin_ref.suite import Claim, Theorem

AnyOrder = Callable[[Job], tuple[float, ...]]


def taken_out(waiting: WaitingQueue) -> list[Job]:
    """All waiting jobs in ascending ≺, taken out of the queue."""
    jobs = []
    while waiting.first() is not None:
        jobs.append(waiting.take())
    return jobs


class OtherQueue(WaitingQueue):
    """Waiting jobs in an order other than ≺."""

    def __init__(self, order: AnyOrder) -> None:
        self._by = order
        self._jobs: list[Job] = []

    def add(self, jobs: Iterable[Job]) -> None:
        self._jobs = sorted([*self._jobs, *jobs], key=self._by)

    def first(self) -> Job | None:
        return self._jobs[0] if self._jobs else None

    def take(self) -> Job:
        return self._jobs.pop(0)


class Visible(AminVariant):
    """Amin that records the visible fields of each request, for bugs that use them."""

    def begin(self, capacity: int, block_size: int) -> None:
        super().begin(capacity, block_size)
        self.capacity, self.block_size = capacity, block_size
        self.visible: dict[RequestId, VisibleRequest] = {}
        self.completed: Sequence[RequestId] = ()

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        self.visible |= {request.id: request for request in arrived}
        self.completed = completed
        return super().decide(now, arrived, completed)


class SortsByUpper(Visible):
    """Admits in ascending order of the upper bound."""

    def begin(self, capacity: int, block_size: int) -> None:
        super().begin(capacity, block_size)
        self.waiting = OtherQueue(self.order)

    def order(self, job: Job) -> tuple[float, ...]:
        upper = self.visible[job.id].upper
        return (self.capacity - job.prompt_len if upper is None else upper, *job.rank)


class SortsByPromptAndLower(SortsByUpper):
    """Admits in ascending order of prompt length plus ℓ̃."""

    def order(self, job: Job) -> tuple[float, ...]:
        return (job.prompt_len + job.assumed, *job.rank)


class Peeks(SortsByUpper):
    """Reads output lengths from the simulation, which it finds on the call stack."""

    def order(self, job: Job) -> tuple[float, ...]:
        return (self.output_of(job.id), *job.rank)

    def output_of(self, request: RequestId) -> int:
        frame = sys._getframe()
        while "simulation" not in frame.f_locals:
            assert frame.f_back is not None
            frame = frame.f_back
        output_len: int = frame.f_locals["simulation"]._instance.by_id[request].output_len
        return output_len


class PeeksAtFile(Peeks):
    """Reads output lengths from the file of the instance that it is driven with."""

    def __init__(self, file: str) -> None:
        super().__init__()
        self.secret = Instance.from_json(Path(file).read_text(encoding="utf-8"))

    def output_of(self, request: RequestId) -> int:
        return self.secret.by_id[request].output_len


class ReservesBlend(Policy):
    """Reserves the mean of both bounds and never evicts, though an output may be longer."""

    def begin(self, capacity: int, block_size: int) -> None:
        self.batch = Batch(capacity, block_size)
        self.waiting = WaitingQueue()

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        self.batch.begin_round(now, completed)
        self.waiting.add(
            Job(
                request.id,
                request.prompt_len,
                (request.lower + (request.upper or request.lower)) // 2,
                (request.position,),
            )
            for request in arrived
        )
        return Decision(admit=admit_in_order(self.batch, self.waiting))


class LosesTheEvicted(AminVariant):
    """Never admits an evicted request again."""

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        decision = super().decide(now, arrived, completed)
        self.waiting.add(job for job in taken_out(self.waiting) if job.id not in decision.evict)
        return decision


class AdmitsTwice(AminVariant):
    """Names the first of two admitted requests twice."""

    def admit(self) -> tuple[RequestId, ...]:
        admitted = super().admit()
        return (*admitted, admitted[0]) if len(admitted) == 2 else admitted


class RefinesTooFar(AminVariant):
    """Refines to a + 1 after a tokens: a true bound, but not what Amin does."""

    def refined(self, job: Job, generated: int) -> int:
        return max(job.assumed, generated + 1)


class RefinesTooLate(AminVariant):
    """Refines to a - 1 after a tokens."""

    def refined(self, job: Job, generated: int) -> int:
        return max(job.assumed, generated - 1)


class ForgetsOnEviction(Visible):
    """Sets ℓ̃ back to the predicted lower bound when a request is evicted."""

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        decision = super().decide(now, arrived, completed)
        jobs = taken_out(self.waiting)
        for job in jobs:
            if job.id in decision.evict:
                job.assumed = self.visible[job.id].lower
        self.waiting.add(jobs)
        return decision


class Skips(AminVariant):
    """Skips a request that does not fit, and tries the next."""

    def admit(self) -> tuple[RequestId, ...]:
        admitted, skipped = [], []
        for job in taken_out(self.waiting):
            if self.batch.fits(job):
                self.batch.admit(job)
                admitted.append(job.id)
            else:
                skipped.append(job)
        self.waiting.add(skipped)
        return tuple(admitted)


class AdmitsOneARound(AminVariant):
    """Admits at most one request a round."""

    def admit(self) -> tuple[RequestId, ...]:
        job = self.waiting.first()
        if job is None or not self.batch.fits(job):
            return ()
        self.batch.admit(self.waiting.take())
        return (job.id,)


class ReadmitsAtOnce(AminVariant):
    """Admits, in the round of an eviction, requests that were just evicted."""

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        evicted = self.refine_and_evict(now, arrived, completed)
        self.waiting.add(evicted)
        return Decision(tuple(job.id for job in evicted), self.admit())


class CountsTokensNotBlocks(AminVariant):
    """Counts the tokens that a request occupies, not its whole blocks."""

    def begin(self, capacity: int, block_size: int) -> None:
        super().begin(capacity, 1)


class EvictsOneTooMany(AminVariant):
    """Evicts one request more than is needed."""

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        decision = super().decide(now, arrived, completed)
        spared = [job for job in ascending(self.batch.running) if job.id not in decision.admit]
        if not decision.evict or not spared:
            return decision
        self.batch.remove(spared[0])
        self.waiting.add(spared[:1])
        return Decision((*decision.evict, spared[0].id), decision.admit)


class EvictsOneTooFew(AminVariant):
    """Evicts only the first victim, even if that is not enough."""

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        decision = super().decide(now, arrived, completed)
        return Decision(decision.evict[:1], decision.admit)


class EvictsWhenFull(AminVariant):
    """Evicts when the next tokens fill the cache exactly."""

    def begin(self, capacity: int, block_size: int) -> None:
        super().begin(capacity, block_size)
        self.batch = FullOverflows(capacity, block_size)


class FullOverflows(Batch):
    """A batch that counts a full cache as an overflow, unless it has only one request."""

    def overflows(self) -> bool:
        full = bool(self._coming(1)[0] >= self._capacity)
        return full and len(self._running) > 1


class WaitsForCompany(Visible):
    """Admits no request in a round with completions; its name is that of a flag of the vectors."""

    def admit(self) -> tuple[RequestId, ...]:
        return () if self.completed else super().admit()


class JoinsTheQueueAgain(AminVariant):
    """Breaks ties by the place in a queue that evicted requests join again at its end.

    Amin could have made each of its rounds, but the rank does not stay the same (D1, D31): of
    requests that tie, the one nearest to completion is evicted, which may go on for ever (T2).
    """

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        decision = super().decide(now, arrived, completed)
        jobs = taken_out(self.waiting)
        for job in jobs:
            if job.id in decision.evict:
                job.rank = (now + 0.5, *job.rank)  # behind all requests that arrived by now
        self.waiting.add(jobs)
        return decision


class Raises(AminVariant):
    """Raises an exception of Python."""

    def victims(self, running: Iterable[Job]) -> Iterator[Job]:
        table: dict[RequestId, Job] = {}
        yield table["no such job"]


@dataclass(frozen=True)
class Wrong:
    """A wrong scheduler, with the theorem and the rule under which it must be reported."""

    make: type[Policy]
    theorem: Theorem
    rule: str
    claims: Claim = "amin"

    @property
    def name(self) -> str:
        return self.make.__name__


WRONG = (
    Wrong(NeverRefines, "T3", "did-not-refine"),
    Wrong(RefinesTooFar, "T3", "refined-too-far"),
    Wrong(RefinesTooLate, "T3", "refined-too-late"),
    Wrong(ForgetsOnEviction, "T3", "forgot-what-it-learnt"),
    Wrong(EvictsWhenFull, "T4", "evicted-needlessly"),
    Wrong(EvictsLargest, "T6", "wrong-victim"),
    Wrong(EvictsNewest, "T6", "wrong-victim"),
    Wrong(EvictsOneTooMany, "T6", "evicted-too-many"),
    Wrong(EvictsOneTooFew, "T1", "overflow", "valid"),
    Wrong(CountsTokensNotBlocks, "T1", "overflow", "valid"),
    Wrong(ReservesBlend, "T1", "overflow", "valid"),
    Wrong(FirstComeFirstServed, "T7", "stopped-too-early"),
    Wrong(NeverLooksAhead, "T7", "admitted-what-cannot-fit"),
    Wrong(SortsByUpper, "T5", "read-the-upper-bound"),
    Wrong(SortsByPromptAndLower, "T7", "admitted-out-of-order"),
    Wrong(Skips, "T7", "skipped-the-first"),
    Wrong(AdmitsOneARound, "T7", "stopped-too-early"),
    Wrong(ReadmitsAtOnce, "T7", "readmitted-at-once"),
    Wrong(Peeks, "T5", "read-the-output-length", "valid"),
    Wrong(LosesTheEvicted, "T2", "no-progress", "valid"),
    Wrong(AdmitsTwice, "T2", "admitted-what-does-not-wait", "valid"),
    Wrong(WaitsForCompany, "T8", "idle", "valid"),
    Wrong(Raises, "T2", "raised", "valid"),
)
"""Bugs that break validity are also found in schedulers that claim only to be valid."""


class LosesKeptTokens(Amin):
    """Counts the tokens of an evicted request from nothing where the machine keeps them."""

    def use(self, machine: Machine) -> None:
        super().use(replace(machine, after_eviction="restart"))


class StoresTheLastToken(Amin):
    """Counts cache for the newest token where the machine does not store it."""

    def use(self, machine: Machine) -> None:
        super().use(replace(machine, last_token_stored=True))


class IgnoresTokensPerRound(Amin):
    """Takes every prefix for computed in one round, whatever the limit.

    So it counts tokens that were not generated, and may evict for ever to make room for them.
    """

    def use(self, machine: Machine) -> None:
        super().use(replace(machine, tokens_per_round=None))


class IgnoresMaxRunning(Amin):
    """Admits what the cache has room for, however many requests run."""

    def use(self, machine: Machine) -> None:
        super().use(replace(machine, max_running=None))


class IgnoresTheWatermark(Amin):
    """Admits into the blocks that the machine wants free."""

    def use(self, machine: Machine) -> None:
        super().use(replace(machine, watermark=0))


@dataclass(frozen=True)
class WrongOn:
    """A scheduler that is Amin on the paper's machine, and a machine on which it is wrong."""

    wrong: Wrong
    machine: Machine


WRONG_ON_OTHER_MACHINES = (
    WrongOn(
        Wrong(LosesKeptTokens, "T1", "overflow", "valid"),
        Machine(after_eviction="resume"),
    ),
    WrongOn(
        Wrong(StoresTheLastToken, "T7", "stopped-too-early"),
        Machine(last_token_stored=False),
    ),
    WrongOn(
        Wrong(IgnoresTokensPerRound, "T2", "no-progress", "valid"),
        Machine(tokens_per_round=4),
    ),
    WrongOn(
        Wrong(IgnoresMaxRunning, "T1", "too-many-running", "valid"),
        Machine(max_running=2),
    ),
    WrongOn(
        Wrong(IgnoresTheWatermark, "T7", "admitted-what-cannot-fit"),
        Machine(after_eviction="resume", watermark=1),
    ),
)
"""What the suite reports of each, on the machine whose field it ignores."""

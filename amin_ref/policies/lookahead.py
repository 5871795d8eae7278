"""Look-ahead admission, which all policies share.

Each of them *assumes* an output length for every request, and admits a request only if the cache
can hold all running requests up to their assumed stops. The policies differ in the length that
they assume, in the order in which requests wait, and in the requests that they evict.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amin_ref.model.blocks import longest_output, occupied, occupied_by_round, volume
from amin_ref.model.errors import InvalidValue
from amin_ref.model.machine import PAPERS_MACHINE, Machine
from amin_ref.model.validation import RequestId

LONGEST_LOOK_AHEAD = 2**26
"""The most rounds that are planned ahead: half a GiB of 8-byte counts."""

FIRST_PLAN = 64
"""Rounds of the plan at the start. It is doubled when needed, so any small number would do."""


@dataclass(slots=True, eq=False)
class Job:
    """A policy's own record of one request.

    Attributes:
        id: the request's id.
        prompt_len: s; tokens.
        assumed: the output length that the policy assumes at present; tokens.
        rank: breaks ties between equal assumed lengths; different for every job.
        start: first round of the present run; later by one for each round of the run in which no
            token was generated.
        stop: the round after the last one of the present run, as assumed.
        kept: tokens of earlier runs that were not lost when the request was evicted.
        uncomputed: what the present run has still to compute before it generates; tokens. It is
            counted only where a round computes a limited number of tokens.
    """

    id: RequestId
    prompt_len: int
    assumed: int
    rank: tuple[float, ...]
    start: int = 0
    stop: int = 0
    kept: int = 0
    uncomputed: int = 0

    @property
    def prefix(self) -> int:
        """What a run computes before its first token: the prompt and the tokens kept."""
        return self.prompt_len + self.kept

    @property
    def ahead(self) -> int:
        """How many tokens a run that begins now is assumed to generate."""
        return max(1, self.assumed - self.kept)


Place = tuple[int, tuple[float, ...]]
"""A job's place in an order: a number, then the tie-break rank, which is different for all jobs."""

Order = Callable[[Job], Place]
"""An order of jobs: a job with a smaller place comes first."""


def precedence(job: Job) -> Place:
    """The order ≺: by assumed length, then by tie-break rank."""
    return job.assumed, job.rank


def by_rank(job: Job) -> Place:
    """The order of ranks alone."""
    return 0, job.rank


def by_volume(block_size: int, machine: Machine = PAPERS_MACHINE) -> Order:
    """The order by the volume of a run of the assumed length, then by tie-break rank.

    The volume Σ_{a=1..ℓ̃} occ(a) is computed in closed form, in exact integers. Of a request that
    has kept g tokens it is the volume to come, Σ_{a=g+1..ℓ̃} occ(a), as if its prefix were computed
    in one round.
    """
    unstored = 0 if machine.last_token_stored else 1

    def place(job: Job) -> Place:
        return volume(job.prompt_len + job.kept - unstored, job.ahead, block_size), job.rank

    return place


class WaitingQueue:
    """Waiting jobs in ascending order, as a binary heap.

    Looking at the first job takes constant time. Adding or taking a job takes time logarithmic in
    the number that wait; a round that does neither costs nothing.

    Args:
        order: the order; ≺ by default.
    """

    def __init__(self, order: Order = precedence) -> None:
        self._order = order
        self._heap: list[tuple[Place, Job]] = []

    def __iter__(self) -> Iterator[Job]:
        """The jobs, in no particular order."""
        return (job for _, job in self._heap)

    def add(self, jobs: Iterable[Job]) -> None:
        """Add jobs. Their ``assumed`` must not change while they wait."""
        for job in jobs:
            heapq.heappush(self._heap, (self._order(job), job))

    def remove(self, request: RequestId) -> None:
        """Remove the job of a request whose client went away; time linear in the queue."""
        self._heap = [entry for entry in self._heap if entry[1].id != request]
        heapq.heapify(self._heap)

    def first(self) -> Job | None:
        """The job that comes first in the order; ``None`` when no job waits."""
        return self._heap[0][1] if self._heap else None

    def take(self) -> Job:
        """Remove and return the first job."""
        return heapq.heappop(self._heap)[1]


class Batch:
    """The running jobs, and the plan: what they will occupy in each coming round.

    The plan is an array over the rounds from the present one on. Entry k is what the cache will
    hold k rounds from now if every running job generates max(1, assumed - generated) more tokens. A
    job is added to the plan when it is admitted, and removed from it when it stops early. The jobs
    that have outlived their assumed length are counted together: what they occupy, and how many
    take a new block in which rounds. So a round looks at the jobs alone that are admitted, stop, or
    reach their assumed length, and costs one addition for each planned round of each job that is
    admitted or evicted. The plan fits the cache, and a job that runs for k more rounds holds at
    least k + 2 tokens by then. So at most M / (k + 2) jobs run that long, and the plan is the sum
    of at most Σ_k M / (k + 2) = O(M log M) entries of jobs.

    Args:
        capacity: M; tokens.
        block_size: B; tokens.
        machine: what an eviction loses, what a token occupies, and the limits of a round.
    """

    def __init__(self, capacity: int, block_size: int, machine: Machine = PAPERS_MACHINE) -> None:
        self._capacity = capacity
        self._block_size = block_size
        self._machine = machine
        self._running: dict[RequestId, Job] = {}
        self._now = 0
        self._planned: NDArray[np.int64] = np.zeros(FIRST_PLAN, dtype=np.int64)
        self._planned_from = 0
        self._stopping: defaultdict[int, dict[RequestId, Job]] = defaultdict(dict)
        # Of the jobs that have outlived their assumed length: what they occupy with the token of
        # the present round, and how many take a new block in the rounds of a remainder modulo B.
        self._outlived = 0
        self._new_blocks: Counter[int] = Counter()

    def __len__(self) -> int:
        """How many jobs run."""
        return len(self._running)

    @property
    def running(self) -> Iterable[Job]:
        """The running jobs, in the order in which they were admitted."""
        return self._running.values()

    def begin_round(self, now: int, completed: Sequence[RequestId]) -> None:
        """Go to round ``now``: remove completed jobs; each other job has one more token to go.

        Rounds may be left out only while no job runs.
        """
        self._now = now
        if now - self._planned_from >= len(self._planned):
            self._planned[:] = 0
            self._planned_from = now
        self._outlived += self._new_blocks[now % self._block_size] * self._block_size
        for job in self._stopping.pop(now, {}).values():
            self._count_outlived(job, 1)
        self._coming(1)[0] += self._outlived
        for request in completed:
            self.remove(self._running[request])

    def generated(self, job: Job) -> int:
        """The tokens of a running job at the start of the present round."""
        return job.kept + self._now - job.start

    def longest_output(self, prompt_len: int) -> int:
        """The longest output of a prompt that fits the empty cache; tokens."""
        return longest_output(self._machine.held(prompt_len), self._capacity, self._block_size)

    def held(self) -> int:
        """Tokens that the running jobs occupy once each has generated its token of this round."""
        return int(self._coming(1)[0])

    def overflows(self) -> bool:
        """Whether the running jobs' next token does not fit."""
        return bool(self._coming(1)[0] > self._capacity)

    def fits(self, job: Job) -> bool:
        """Whether no coming round exceeds the cache when ``job`` runs for its assumed length.

        A job does not fit either if one more may not run, or if it would not leave the machine's
        watermark free.
        """
        if not self.may_admit():
            return False
        planned = self._coming(job.ahead)
        # A job holds most in its last round: one look there refuses most jobs that do not fit.
        at_the_end = self._occupied(job, job.ahead)
        if planned[-1] + at_the_end > self._capacity:
            return False
        held = self._occupied_by_round(job, 0, job.ahead)
        held += planned
        if (watermark := self._watermark()) and held[0] + watermark > self._capacity:
            return False
        return bool(held.max() <= self._capacity)

    def may_admit(self) -> bool:
        """Whether the machine lets one more job run."""
        limit = self._machine.max_running
        return limit is None or len(self._running) < limit

    def admit(self, job: Job) -> None:
        """Let ``job`` run from the present round on."""
        job.start = self._now
        job.stop = self._now + job.ahead
        self._running[job.id] = job
        self._plan(job)

    def evict(self, job: Job) -> None:
        """Remove a job that will wait again; it keeps its tokens where the machine resumes."""
        self.remove(job)
        if self._machine.after_eviction == "resume":
            job.kept = self.generated(job)

    def remove(self, job: Job) -> None:
        """Remove a job that has completed or is evicted, and free what is planned for it."""
        del self._running[job.id]
        self._unplan(job)

    def _plan(self, job: Job) -> None:
        """Add the coming rounds of a running job to the plan, up to its assumed stop."""
        left = job.stop - self._now
        self._coming(left)[:] += self._occupied_by_round(job, self._now - job.start, left)
        self._stopping[job.stop][job.id] = job

    def _unplan(self, job: Job) -> None:
        """Remove the coming rounds of a job from the plan."""
        left = job.stop - self._now
        if left > 0:
            self._coming(left)[:] -= self._occupied_by_round(job, self._now - job.start, left)
            del self._stopping[job.stop][job.id]
        else:
            self._coming(1)[0] -= self._count_outlived(job, -1)

    def _count_outlived(self, job: Job, times: int) -> int:
        """Count a job among those that have outlived their assumed length, or no longer (-1).

        Returns what it occupies with its token of the present round.
        """
        tokens = self._occupied(job, self._now - job.start + 1)
        self._outlived += times * tokens
        # It takes a new block in the rounds before which it holds a whole number of blocks.
        remainder = (job.start - self._machine.held(job.prefix)) % self._block_size
        self._new_blocks[remainder] += times
        return tokens

    def _occupied(self, job: Job, generated: int) -> int:
        """What a job occupies in the round in which its run generates this token."""
        return occupied(self._machine.held(job.prefix + generated), self._block_size)

    def _occupied_by_round(self, job: Job, generated: int, rounds: int) -> NDArray[np.int64]:
        """What a job occupies in the next rounds if its run has generated so far."""
        return occupied_by_round(
            self._machine.held(job.prefix + generated), rounds, self._block_size
        )

    def _watermark(self) -> int:
        """Tokens that an admission leaves free: none if no job runs."""
        return self._machine.watermark * self._block_size if self._running else 0

    def _coming(self, rounds: int) -> NDArray[np.int64]:
        """The plan for the next ``rounds`` rounds, as a view."""
        offset = self._now - self._planned_from
        if offset + rounds > len(self._planned):
            if rounds > LONGEST_LOOK_AHEAD:
                raise InvalidValue(
                    "look-ahead: rounds",
                    rounds,
                    f"at most {LONGEST_LOOK_AHEAD} rounds are planned ahead",
                    "give the requests an upper bound or the cache a smaller capacity",
                )
            # Twice the length needed: a copy of n entries is then followed by n rounds without one.
            longer = np.zeros(2 * rounds, dtype=np.int64)
            longer[: len(self._planned) - offset] = self._planned[offset:]
            self._planned, self._planned_from, offset = longer, self._now, 0
        return self._planned[offset : offset + rounds]


def ascending(jobs: Iterable[Job]) -> Iterator[Job]:
    """The jobs in ascending ≺. They are sorted only when the first one is taken."""
    yield from sorted(jobs, key=precedence)


def evict_in_order(batch: Batch, victims: Iterator[Job]) -> list[Job]:
    """Evict one victim after the other until the next token of all remaining jobs fits."""
    evicted: list[Job] = []
    while batch.overflows():
        evicted.append(next(victims))
        batch.evict(evicted[-1])
    return evicted


def admit_in_order(batch: Batch, waiting: WaitingQueue) -> tuple[RequestId, ...]:
    """Admit waiting jobs in the queue's order; stop at the first that does not fit."""
    admitted: list[RequestId] = []
    while (job := waiting.first()) is not None and batch.fits(job):
        batch.admit(waiting.take())
        admitted.append(job.id)
    return tuple(admitted)

"""Amin with probes: near Amin where Amin is good, and never far from the optimum (T19, corollary).

A variant of this project's: when Amin's cost so far exceeds what the lengths known so far prove of
the optimum, times a factor, one phase of doubling budgets finds out how long the requests are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amin_ref.model.blocks import longest_output, volume
from amin_ref.model.errors import InvalidValue
from amin_ref.model.validation import RequestId
from amin_ref.policies.lookahead import (
    Batch,
    Job,
    WaitingQueue,
    admit_in_order,
    ascending,
    evict_in_order,
)
from amin_ref.policies.policy import Decision, Policy, VisibleRequest
from amin_ref.policies.ties import ByPosition, TieBreak

DEFAULT_FACTOR = 16
"""With it the total latency is at most 4.1 % above Amin's on four measured workloads."""


@dataclass(eq=False)
class ProbingAmin(Policy):
    """Amin, and phases of doubling budgets whenever its cost exceeds F times a known lower bound.

    In a round of *Amin's* the decision is Amin's. Such rounds cost as many request·rounds as there
    are unfinished requests. Before each, the cost of Amin's rounds, this one included, is compared
    with F times a lower bound on OPT: the volume bound with, for each output length, what is known
    to be its least value. If the cost is larger, a *probe* begins instead: all running requests are
    evicted, and each unfinished request that may have at most b tokens runs once with b tokens
    reserved, as in a phase of doubling budgets. Then Amin goes on, with ℓ̃ raised to what is known.
    The budgets b are ℓ_min, 2ℓ_min, 4ℓ_min, …, each used once at most.

    With equal prompts, all requests at once and blocks of one token, the total latency is at most
    F + 140/3 times the optimum. A round costs O(n log n) for n requests.

    Args:
        factor: F, at least 1; ``math.inf`` makes Amin's decisions.
        ties: breaks ties between equal ℓ̃, and orders the requests of a probe.

    Raises:
        InvalidValue: ``factor`` is below 1.
    """

    factor: float = DEFAULT_FACTOR
    ties: TieBreak = ByPosition()

    def __post_init__(self) -> None:
        if not self.factor >= 1:
            raise InvalidValue("factor", self.factor, "it must be at least 1", "give 1 or more")

    @property
    def budget(self) -> int | None:
        """The budget of the probe that runs, as the last decision left it; tokens."""
        return self._budget or None

    def begin(self, capacity: int, block_size: int) -> None:
        """See :meth:`Policy.begin`."""
        self._capacity, self._block_size = capacity, block_size
        self._batch = Batch(capacity, block_size)
        self._waiting, self._untried = WaitingQueue(), WaitingQueue()
        self._unfinished: dict[RequestId, Job] = {}
        self._known = _KnownLengths(capacity, block_size)
        self._budget = 0  # of the running probe; 0 in rounds of Amin's
        self._next_budget = 0
        self._cost = 0

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        """See :meth:`Policy.decide`."""
        self._batch.begin_round(now, completed)
        for request in completed:
            self._known.is_exactly(request, now - self._unfinished.pop(request).start)
        self._arrive(arrived)
        for job in self._batch.running:
            job.assumed = max(job.assumed, now - job.start)
            self._known.is_at_least(job.id, now - job.start + 1)

        evicted: list[Job] = []
        if self._budget:
            evicted = self._stop_at_budget(now)
            admitted = admit_in_order(self._batch, self._untried)
            if len(self._batch):
                return _decision(evicted, admitted)
            self._end_probe()
        if self._cost + len(self._unfinished) > self.factor * self._known.volume_bound():
            evicted += self._begin_probe()
            admitted = admit_in_order(self._batch, self._untried)
        else:
            self._cost += len(self._unfinished)
            overflowing = evict_in_order(self._batch, ascending(self._batch.running))
            admitted = admit_in_order(self._batch, self._waiting)
            self._waiting.add(overflowing)
            evicted += overflowing
        return _decision(evicted, admitted)

    def _arrive(self, arrived: Sequence[VisibleRequest]) -> None:
        jobs = [
            Job(request.id, request.prompt_len, request.lower, self.ties.unique_rank(request))
            for request in arrived
        ]
        self._known.add(jobs)
        self._unfinished |= {job.id: job for job in jobs}
        if not self._budget:  # during a probe they wait until it ends
            self._waiting.add(jobs)
        if not self._next_budget:
            self._next_budget = min((job.assumed for job in jobs), default=0)

    def _stop_at_budget(self, now: int) -> list[Job]:
        used_up = [job for job in self._batch.running if now - job.start == self._budget]
        for job in used_up:
            self._batch.remove(job)
        return used_up

    def _begin_probe(self) -> list[Job]:
        """Evict all running requests, and let those try that may be within the next budget."""
        evicted = list(self._batch.running)
        for job in evicted:
            self._batch.remove(job)
        least = min(self._known.least(job.id) for job in self._unfinished.values())
        while self._next_budget < least:
            self._next_budget *= 2
        self._budget = self._next_budget
        self._next_budget *= 2
        for job in self._unfinished.values():
            if self._known.least(job.id) <= self._budget:
                fits = longest_output(job.prompt_len, self._capacity, self._block_size)
                job.assumed = min(self._budget, fits)
                self._untried.add([job])
        return evicted

    def _end_probe(self) -> None:
        self._budget = 0
        self._waiting = WaitingQueue()
        for job in self._unfinished.values():
            job.assumed = self._known.least(job.id)
        self._waiting.add(self._unfinished.values())


def _decision(evicted: Sequence[Job], admitted: tuple[RequestId, ...]) -> Decision:
    return Decision(evict=tuple(job.id for job in evicted), admit=admitted)


class _KnownLengths:
    """The least value that each output length can have, and what that proves of the optimum."""

    def __init__(self, capacity: int, block_size: int) -> None:
        self._capacity, self._block_size = capacity, block_size
        self._place: dict[RequestId, int] = {}
        self._prompt_lens: list[int] = []
        self._lengths: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._volumes: NDArray[np.int64] = np.zeros(0, dtype=np.int64)

    def add(self, jobs: Iterable[Job]) -> None:
        """Requests of which no more is known than their ℓ."""
        lengths, volumes = [], []
        for job in jobs:
            self._place[job.id] = len(self._prompt_lens)
            self._prompt_lens.append(job.prompt_len)
            lengths.append(job.assumed)
            volumes.append(volume(job.prompt_len, job.assumed, self._block_size))
        self._lengths = np.append(self._lengths, np.array(lengths, dtype=np.int64))
        self._volumes = np.append(self._volumes, np.array(volumes, dtype=np.int64))

    def least(self, request: RequestId) -> int:
        """What the request's output length is at least; tokens."""
        return int(self._lengths[self._place[request]])

    def is_at_least(self, request: RequestId, output_len: int) -> None:
        """The request's output length is at least ``output_len`` tokens."""
        if self.least(request) < output_len:
            self.is_exactly(request, output_len)

    def is_exactly(self, request: RequestId, output_len: int) -> None:
        """The request's output length is ``output_len`` tokens."""
        place = self._place[request]
        self._lengths[place] = output_len
        self._volumes[place] = volume(self._prompt_lens[place], output_len, self._block_size)

    def volume_bound(self) -> int:
        """Σ_j max(o_(j), ⌈V_(j)/M⌉) for the least lengths; request·rounds."""
        used = np.cumsum(np.sort(self._volumes))
        return int(np.maximum(np.sort(self._lengths), -(-used // self._capacity)).sum())

"""Restatements of what the package computes with arrays, in integers, tuples and loops alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from amin_ref import RequestId
from amin_ref.model.blocks import occupied
from amin_ref.model.machine import PAPERS_MACHINE, Machine
from amin_ref.policies import amin, first_come, reserving
from amin_ref.policies.lookahead import Batch, Job

Prices = tuple[int, ...]
"""The price of a token of cache in each round from 0 on; afterwards it is free."""


class PlainBatch(Batch):
    """A batch without a plan: the running jobs, and every sum computed when it is needed."""

    def __init__(self, capacity: int, block_size: int, machine: Machine = PAPERS_MACHINE) -> None:
        self._capacity = capacity
        self._block_size = block_size
        self._machine = machine
        self._jobs: list[Job] = []
        self._now = 0

    @property
    def running(self) -> Iterable[Job]:
        return self._jobs

    def begin_round(self, now: int, completed: Sequence[RequestId]) -> None:
        self._now = now
        self._jobs = [job for job in self._jobs if job.id not in completed]

    def overflows(self) -> bool:
        return self._held_in(self._now, self._jobs) > self._capacity

    def fits(self, job: Job) -> bool:
        admitted = Job(job.id, job.prompt_len, job.assumed, job.rank, start=self._now)
        together = [*self._jobs, admitted]
        last = max(self._assumed_stop(other) for other in together)
        for round in range(self._now, last):
            if self._held_in(round, together) > self._capacity:
                return False
        return True

    def admit(self, job: Job) -> None:
        job.start = self._now
        self._jobs.append(job)

    def remove(self, job: Job) -> None:
        self._jobs.remove(job)

    def _assumed_stop(self, job: Job) -> int:
        return self._now + max(1, job.assumed - (self._now - job.start))

    def _held_in(self, round: int, jobs: Sequence[Job]) -> int:
        return sum(
            occupied(job.prompt_len + round - job.start + 1, self._block_size)
            for job in jobs
            if round < self._assumed_stop(job)
        )


def use_plain_batches() -> None:
    """Make all policies plan with Python integers, since arrays cannot hold symbolic ones."""
    first_come.Batch = PlainBatch  # type: ignore[attr-defined]  # a name it imports
    for module in (amin, reserving):
        module.batch_for = PlainBatch  # type: ignore[attr-defined]  # a name it imports


def rent(prices: Prices, prompt_len: int, output_len: int, start: int, block_size: int) -> int:
    """The cost of a start: over all rounds of the run, the price times the tokens occupied."""
    return sum(
        prices[start + k] * occupied(prompt_len + k + 1, block_size)
        for k in range(output_len)
        if start + k < len(prices)
    )


def bound(
    prices: Prices,
    denominator: int,
    requests: Sequence[tuple[int, int, int]],
    capacity: int,
    block_size: int,
) -> int:
    """The lower bound of section 5 of the specification, times the denominator.

    Each request is its prompt length, output length and arrival.
    """
    total = -capacity * sum(prices)
    for prompt_len, output_len, arrival in requests:
        total += min(
            denominator * (start + output_len - arrival)
            + rent(prices, prompt_len, output_len, start, block_size)
            for start in range(arrival, len(prices) + 1)
        )
    return total

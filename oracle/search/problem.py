"""An instance as the exact search sees it: requests in one fixed order, as rows of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from amin_ref import Instance, Run, Schedule
from amin_ref.model.blocks import occupied_by_round


@dataclass(frozen=True)
class Problem:
    """The requests of an instance, largest peak first, equal ones side by side.

    ``order[j]`` is the position in the instance of the search's request j. The order decides two
    things: which requests the sequencing bound looks at (the first ones), and in which order
    requests that start in one round are tried.
    """

    instance: Instance
    order: tuple[int, ...]

    @classmethod
    def of(cls, instance: Instance) -> Problem:
        """The problem of scheduling ``instance``."""

        def key(position: int) -> tuple[int, int, int, int]:
            request = instance.requests[position]
            peak = request.prompt_len + request.output_len
            return (-peak, request.output_len, request.arrival, position)

        return cls(instance, tuple(sorted(range(len(instance.requests)), key=key)))

    @property
    def size(self) -> int:
        """Number of requests."""
        return len(self.order)

    @property
    def capacity(self) -> int:
        """M, tokens."""
        return self.instance.capacity

    @property
    def block_size(self) -> int:
        """B, tokens."""
        return self.instance.block_size

    @cached_property
    def prompt_len(self) -> tuple[int, ...]:
        """s of each request, tokens."""
        return tuple(self.instance.requests[position].prompt_len for position in self.order)

    @cached_property
    def output_len(self) -> tuple[int, ...]:
        """o of each request, tokens."""
        return tuple(self.instance.requests[position].output_len for position in self.order)

    @cached_property
    def arrival(self) -> tuple[int, ...]:
        """r of each request, rounds."""
        return tuple(self.instance.requests[position].arrival for position in self.order)

    @cached_property
    def occupancy(self) -> tuple[NDArray[np.int64], ...]:
        """What each request occupies in each of its rounds: shape ``(o_j,)``, tokens."""
        return tuple(
            occupied_by_round(prompt_len, output_len, self.block_size)
            for prompt_len, output_len in zip(self.prompt_len, self.output_len, strict=True)
        )

    @cached_property
    def peak(self) -> tuple[int, ...]:
        """What each request occupies in its last round, tokens."""
        return tuple(int(occupancy[-1]) for occupancy in self.occupancy)

    @property
    def longest(self) -> int:
        """The longest output, rounds."""
        return max(self.output_len, default=0)

    @property
    def horizon(self) -> int:
        """A round by which every optimal schedule is over: max r + Σ o.

        From round max r on, an optimal schedule has no idle round before its end (all that
        follows could start one round earlier), so it lasts at most Σ o rounds more.
        """
        return max(self.arrival, default=0) + sum(self.output_len)

    def kind(self, index: int) -> tuple[int, int, int]:
        """All that tells one request from another: (s, o, r)."""
        return self.prompt_len[index], self.output_len[index], self.arrival[index]

    def twin(self, index: int) -> int | None:
        """The request before ``index`` in the order, if it is of the same kind."""
        same = index > 0 and self.kind(index) == self.kind(index - 1)
        return index - 1 if same else None

    def cost(self, starts: Sequence[int]) -> int:
        """Total latency of starting request j in round ``starts[j]``; request·rounds."""
        return sum(
            start + output_len - arrival
            for start, output_len, arrival in zip(
                starts, self.output_len, self.arrival, strict=True
            )
        )

    def fits(self, starts: Sequence[int]) -> bool:
        """Whether no request starts before it arrives and no round exceeds the capacity."""
        if any(start < arrival for start, arrival in zip(starts, self.arrival, strict=True)):
            return False
        ends = [start + out for start, out in zip(starts, self.output_len, strict=True)]
        # Occupancy only falls when a request completes, so last rounds are the only peaks.
        return all(self._held(starts, end - 1) <= self.capacity for end in ends)

    def _held(self, starts: Sequence[int], moment: int) -> int:
        return sum(
            int(occupancy[moment - start])
            for start, occupancy in zip(starts, self.occupancy, strict=True)
            if 0 <= moment - start < len(occupancy)
        )

    def schedule(self, starts: Sequence[int]) -> Schedule:
        """The schedule in which request j starts in round ``starts[j]`` and is never evicted."""
        runs = []
        for position, start, output_len in zip(self.order, starts, self.output_len, strict=True):
            request = self.instance.requests[position]
            runs.append(Run(request.id, int(start), int(start) + output_len, "completed"))
        return Schedule(self.instance, tuple(runs))


def list_schedule(problem: Problem, order: Sequence[int]) -> tuple[int, ...]:
    """Start rounds that give each request, in ``order``, the earliest round that is left to it."""
    # Nothing is placed later than one after another from the last arrival on.
    load = np.zeros(problem.horizon + problem.longest, dtype=np.int64)
    starts = [0] * problem.size
    for index in order:
        occupancy = problem.occupancy[index]
        start = problem.arrival[index]
        while True:
            over = np.flatnonzero(
                load[start : start + len(occupancy)] + occupancy > problem.capacity
            )
            if len(over) == 0:
                break
            start += 1
        load[start : start + len(occupancy)] += occupancy
        starts[index] = start
    return tuple(starts)


def first_schedule(problem: Problem) -> tuple[int, ...]:
    """The best list schedule by volume, by output length and by peak."""

    def volume(index: int) -> int:
        return int(problem.occupancy[index].sum())

    orders = [
        sorted(range(problem.size), key=lambda index: (rule(index), problem.arrival[index], index))
        for rule in (volume, problem.output_len.__getitem__, problem.peak.__getitem__)
    ]
    return min((list_schedule(problem, order) for order in orders), key=problem.cost)

"""An instance in the form of the exact search: requests in one fixed order, as rows of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from amin_ref import Instance, Request, Schedule
from amin_ref.model.blocks import occupied_by_round
from oracle.starts.list_schedule import list_schedule
from oracle.starts.start_rounds import latency_of, schedule_from


@dataclass(frozen=True)
class Problem:
    """The requests of an instance, largest peak first, equal requests side by side.

    The order decides two things: which requests the sequencing bound looks at (the first ones), and
    in which order requests that start in one round are tried. Start rounds and all properties are
    in this order.

    Attributes:
        instance: the instance.
        order: ``order[j]`` is the position in the instance of request j of the search.
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
        """M; tokens."""
        return self.instance.capacity

    @property
    def block_size(self) -> int:
        """B; tokens."""
        return self.instance.block_size

    @cached_property
    def requests(self) -> tuple[Request, ...]:
        """The requests."""
        return tuple(self.instance.requests[position] for position in self.order)

    @cached_property
    def prompt_len(self) -> tuple[int, ...]:
        """What each request stores beside its tokens: s, or s - 1 without the last one; tokens."""
        held = self.instance.machine.held
        return tuple(held(request.prompt_len) for request in self.requests)

    @cached_property
    def output_len(self) -> tuple[int, ...]:
        """o of each request; tokens."""
        return tuple(request.output_len for request in self.requests)

    @cached_property
    def arrival(self) -> tuple[int, ...]:
        """r of each request; rounds."""
        return tuple(request.arrival for request in self.requests)

    @cached_property
    def occupancy(self) -> tuple[NDArray[np.int64], ...]:
        """What each request occupies in each of its rounds: shape ``(o_j,)``; tokens."""
        return tuple(
            occupied_by_round(prompt_len, output_len, self.block_size)
            for prompt_len, output_len in zip(self.prompt_len, self.output_len, strict=True)
        )

    @cached_property
    def peak(self) -> tuple[int, ...]:
        """What each request occupies in its last round; tokens."""
        return tuple(int(occupancy[-1]) for occupancy in self.occupancy)

    @property
    def longest(self) -> int:
        """The longest output; rounds."""
        return max(self.output_len, default=0)

    @property
    def horizon(self) -> int:
        """A round by which every optimal schedule is over: max r + Σ o.

        From round max r on, an optimal schedule has no idle round before its end (every
        later start could be one round earlier), so it lasts at most Σ o rounds more.
        """
        return max(self.arrival, default=0) + sum(self.output_len)

    def kind(self, index: int) -> tuple[int, int, int]:
        """(s, o, r): requests with equal values are interchangeable."""
        return self.prompt_len[index], self.output_len[index], self.arrival[index]

    def twin(self, index: int) -> int | None:
        """The request before ``index`` in the order, if it is of the same kind."""
        same = index > 0 and self.kind(index) == self.kind(index - 1)
        return index - 1 if same else None

    def cost(self, starts: Sequence[int]) -> int:
        """Total latency when request j starts in round ``starts[j]``; request·rounds."""
        return latency_of(self.requests, starts)

    def schedule(self, starts: Sequence[int]) -> Schedule:
        """The schedule in which request j starts in round ``starts[j]`` and is never evicted."""
        in_instance = [0] * self.size
        for position, start in zip(self.order, starts, strict=True):
            in_instance[position] = start
        return schedule_from(self.instance, in_instance)

    def in_order(self, starts: Sequence[int]) -> tuple[int, ...]:
        """Start rounds in the order of the instance, brought into the order of the search."""
        return tuple(starts[position] for position in self.order)


def first_schedule(problem: Problem) -> tuple[int, ...]:
    """Start rounds of the best list schedule by volume, by output length and by peak."""

    def volume(index: int) -> int:
        return int(problem.occupancy[index].sum())

    orders = [
        sorted(range(problem.size), key=lambda index: (rule(index), problem.arrival[index], index))
        for rule in (volume, problem.output_len.__getitem__, problem.peak.__getitem__)
    ]
    requests = problem.requests
    schedules = [tuple(list_schedule(problem.instance, requests, order)) for order in orders]
    return min(schedules, key=problem.cost)

"""Good schedules where evicted requests keep their tokens: SRV, then local search.

The local search takes a few requests out of the schedule and places them anew in another order,
token by token, each in the first round from the one before on that has room for it. A change is
kept unless it raises the total latency.
"""

from __future__ import annotations

import numpy as np

from amin_ref.model.instance import Instance
from amin_ref.model.schedule import Schedule
from oracle.deadline import Deadline, ShouldStop
from oracle.heuristics.local_search import VOLUME_NOISE
from oracle.heuristics.remaining_volume import smallest_remaining_volume_first
from oracle.starts.token_rounds import held_by_token, schedule_from_tokens, tokens_of

MOST_MOVED = 7
"""Requests that one move places anew at most, as in a small busy period of
:mod:`oracle.heuristics.local_search`."""

MEAN_REACH = 1 / 30
"""Mean distance, in the order of completion, of the requests that a move takes from its centre, as
a share of all requests."""

LEAST_REACH = 3
"""Requests to each side of the centre from which a move takes at least."""


def best_token_schedule(
    instance: Instance,
    time_limit: float = 60.0,
    seed: int = 0,
    should_stop: ShouldStop | None = None,
    warm_start: Schedule | None = None,
) -> Schedule:
    """A valid schedule of as little total latency as the time allows; requests keep their tokens.

    Args:
        instance: its machine has ``after_eviction="resume"``; limits of the machine are ignored.
        time_limit: seconds; finite, 0 or more. The schedule of SRV is made in any case.
        seed: of the random moves.
        should_stop: called now and then; the search ends after ``True``.
        warm_start: a valid schedule of the instance to start from, in place of SRV's.

    Raises:
        InvalidValue: ``time_limit`` is not a finite number of seconds, 0 or more, or ``warm_start``
            is of another instance or not valid.
    """
    deadline = Deadline.after(time_limit, should_stop)
    if warm_start is None:
        rounds = smallest_remaining_volume_first(instance)
    else:
        rounds = [list(own) for own in tokens_of(instance, warm_start, "warm_start")]
    if len(rounds) > 1 and not deadline.passed:
        rounds = _LocalSearch(instance, rounds, np.random.default_rng(seed)).run(deadline)
    return schedule_from_tokens(instance, rounds)


class _LocalSearch:
    """Ruin and recreate on token rounds, from the rounds of a valid schedule on."""

    def __init__(
        self, instance: Instance, rounds: list[list[int]], generator: np.random.Generator
    ) -> None:
        self._arrivals = [request.arrival for request in instance.requests]
        self._held = [held_by_token(instance, one).tolist() for one in instance.requests]
        self._volumes = [sum(own) for own in self._held]
        self._rounds = rounds
        self._generator = generator
        last = max(self._arrivals) + sum(len(own) for own in self._held)
        first = min(self._arrivals)
        self._first = first
        self._capacity = instance.capacity
        self._free = [instance.capacity] * (last - first + 1)
        for position in range(len(rounds)):
            self._hold(position, -1)

    def run(self, deadline: Deadline) -> list[list[int]]:
        """The best rounds found until the deadline."""
        while not deadline.passed:
            self._move()
        return self._rounds

    def _hold(self, position: int, sign: int) -> None:
        """Take (-1) or give back (1) what the request holds."""
        for round_, held in zip(self._rounds[position], self._held[position], strict=True):
            self._free[round_ - self._first] += sign * held

    def _move(self) -> None:
        taken = self._taken()
        before = {position: self._rounds[position] for position in taken}
        for position in taken:
            self._hold(position, 1)
        gain = sum(own[-1] for own in before.values())
        for position in taken:
            self._rounds[position] = self._earliest(position)
            self._hold(position, -1)
            gain -= self._rounds[position][-1]
        if gain < 0:
            for position in taken:
                self._hold(position, 1)
                self._rounds[position] = before[position]
            for position in taken:
                self._hold(position, -1)

    def _earliest(self, position: int) -> list[int]:
        """Each token in the first round with room for it: no sequence completes earlier."""
        now = self._arrivals[position] - self._first
        found: list[int] = []
        for held in self._held[position]:
            while now < len(self._free) and self._free[now] < held:
                now += 1
            if now == len(self._free):
                self._free.append(self._capacity)
            found.append(now + self._first)
            now += 1
        return found

    def _taken(self) -> list[int]:
        """Positions of some requests that complete near each other, in the order of placing."""
        random = self._generator
        size = len(self._rounds)
        by_end = sorted(range(size), key=lambda position: self._rounds[position][-1])
        centre = int(random.integers(size))
        reach = int(max(LEAST_REACH, random.exponential(MEAN_REACH * size)))
        near = by_end[max(0, centre - reach) : centre + reach + 1]
        count = int(random.integers(2, MOST_MOVED + 1))
        taken = [near[place] for place in random.permutation(len(near))[:count].tolist()]
        noise = np.exp(VOLUME_NOISE * random.standard_normal(len(taken)))
        keys = [self._volumes[position] * x for position, x in zip(taken, noise, strict=True)]
        return [position for _, position in sorted(zip(keys, taken, strict=True))]

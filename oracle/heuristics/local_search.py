"""Local search: a few requests are taken out of a schedule and placed anew in another order.

The third step of :mod:`oracle.heuristics.best_schedule`. The change is kept if it lowers the total
latency, or raises it by less than a random amount that shrinks to zero.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from amin_ref.model.instance import Instance
from oracle.deadline import Deadline
from oracle.starts.free_capacity import FreeCapacity
from oracle.starts.list_schedule import volume_of
from oracle.starts.parts import BusyPeriod

MOST_MOVED, MOST_MOVED_OF_FEW = 10, 7
"""Requests that one move places anew at most: in a large busy period, and in a small one.

With more requests a move reaches more schedules, but takes longer and succeeds less often.
"""

FEW = 200
"""Requests up to which a busy period is small. Only there does it happen often that two requests
far apart in time have to change places."""

MOST_SCATTERED = 4
"""Requests that a move places anew at most when they are taken from anywhere in time."""

SCATTERED_MOVES = 0.2
"""Share of the moves in a small busy period that take requests from anywhere in time."""

MEAN_REACH = 1 / 30
"""Mean distance in time of the requests that a move takes, as a share of all rounds.

The distance is random (exponential), so every distance occurs: MEAN_REACH only decides how often.
"""

MOVES_BY_VOLUME = 0.5
"""Share of the moves that place small requests first; the others place in random order.

Order by volume is the best guess, and random order reaches every schedule. Half of each was chosen
without tuning: other shares change how fast a schedule is found, not which can be found.
"""

VOLUME_NOISE = 0.4
"""Standard deviation of the random factor on each volume, as a logarithm.

exp(±0.4) is 0.67 or 1.5: requests of similar volume change places, and 1 : 10 stays in order. It
was chosen without tuning, and trades variety against good orders.
"""

LEAST_RISE, RISE = 3.0, 1 / 450
"""Mean of the rise in total latency that a move may cause at first; request·rounds.

``RISE`` is a share of the rounds of the busy period, the same as the highest temperature of
:mod:`oracle.heuristics.annealing`, and ``LEAST_RISE`` keeps it above zero where rounds are few.
"""


class LocalSearch:
    """The local search in one busy period, from feasible start rounds on.

    Args:
        instance: gives capacity and block size.
        period: the requests to be moved.
        starts: feasible start rounds of the requests of the period.
        generator: of the random moves.
    """

    def __init__(
        self,
        instance: Instance,
        period: BusyPeriod,
        starts: Sequence[int],
        generator: np.random.Generator,
    ) -> None:
        self._requests = period.requests
        self._starts = np.array(starts)
        self._generator = generator
        self._rounds = period.rounds
        self._free = FreeCapacity(instance, period.first_round)
        for request, start in zip(period.requests, starts, strict=True):
            self._free.place(request, start)

    def run(self, deadline: Deadline) -> list[int]:
        """The best start rounds found until the deadline."""
        best, least = self._starts.copy(), 0
        change = 0
        while not deadline.passed:
            rise = max(LEAST_RISE, RISE * self._rounds) * (1 - deadline.elapsed)
            change += self._move(rise * self._generator.exponential())
            if change < least:
                best, least = self._starts.copy(), change
        found: list[int] = best.tolist()
        return found

    def _move(self, rise: float) -> int:
        """Place some requests anew unless that costs more than ``rise``; the change in latency."""
        taken = self._in_new_order(self._taken())
        before = [int(self._starts[position]) for position in taken]
        for position, start in zip(taken, before, strict=True):
            self._free.remove(self._requests[position], start)
        most = sum(before) + rise
        # No round before the first of these starts has become freer.
        earliest = min(before)
        after: list[int] = []
        for position in taken:
            request = self._requests[position]
            after.append(self._free.place_earliest(request, max(earliest, request.arrival)))
            if sum(after) > most:
                break
        if sum(after) <= most:
            self._starts[taken] = after
            return sum(after) - sum(before)
        for position, start in zip(taken, after, strict=False):
            self._free.remove(self._requests[position], start)
        for position, start in zip(taken, before, strict=True):
            self._free.place(self._requests[position], start)
        return 0

    def _in_new_order(self, taken: list[int]) -> list[int]:
        """The requests in the order in which they are placed: as they are, or by noisy volume."""
        random = self._generator
        if random.random() < MOVES_BY_VOLUME:
            noise = np.exp(VOLUME_NOISE * random.standard_normal(len(taken)))
            keys = [volume_of(self._requests[i]) * x for i, x in zip(taken, noise, strict=True)]
            taken = [position for _, position in sorted(zip(keys, taken, strict=True))]
        return taken

    def _taken(self) -> list[int]:
        """Positions of some requests that start near each other, or of some from anywhere."""
        random = self._generator
        few = len(self._requests) <= FEW
        if few and random.random() < SCATTERED_MOVES:
            shuffled: list[int] = random.permutation(len(self._requests)).tolist()
            return shuffled[: int(random.integers(2, MOST_SCATTERED + 1))]
        centre = int(self._starts[random.integers(len(self._requests))])
        reach = 1 + random.exponential(MEAN_REACH * self._rounds)
        near = np.flatnonzero(np.abs(self._starts - centre) <= reach)
        count = int(random.integers(2, (MOST_MOVED_OF_FEW if few else MOST_MOVED) + 1))
        taken: list[int] = random.permutation(near)[:count].tolist()
        return taken

"""Local search: a few requests are taken out of a schedule and placed anew in another order.

The third step of :mod:`oracle.heuristics.best_schedule`. The change is kept if it lowers the total
latency, or raises it by less than a random amount that shrinks to zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

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


MOVES_AT_ONCE = 256
"""Moves whose random numbers are made together, and between which the clock is not read.

They take 40 ms with 50 requests, less than the time between two calls of ``should_stop``.
"""


class Moves(NamedTuple):
    """Random moves: entry or row i of each array is for move i.

    Attributes:
        centre: position of a request.
        reach: which requests the move can take: those that start within this many rounds of the
            start of ``centre``.
        most: how many of them it takes, if there are enough.
        pick: numbers in [0, 1) that decide which; a column for each request.
        by_volume: whether the move places them by volume, or in the order in which it took them.
        factor: random factors on their volumes; a column for each request.
        rise: by how much the total latency may rise; request·rounds.
    """

    centre: NDArray[np.int64]
    reach: NDArray[np.float64]
    most: NDArray[np.int64]
    pick: NDArray[np.float64]
    by_volume: NDArray[np.bool_]
    factor: NDArray[np.float64]
    rise: NDArray[np.float64]


class LocalSearch:
    """The local search in one busy period, from feasible start rounds on.

    :class:`oracle.heuristics.compiled_moves.CompiledLocalSearch` makes the same moves, faster.

    Args:
        instance: gives capacity and block size.
        period: the requests to be moved.
        starts: feasible start rounds of the requests of the period.
        generator: of the random moves.

    Attributes:
        moves_per_request: moves of a run that ends after a number of moves, for each request.
            They take a second at 50 requests, in compiled code, too.
    """

    moves_per_request: ClassVar[int] = 500

    def __init__(
        self,
        instance: Instance,
        period: BusyPeriod,
        starts: Sequence[int],
        generator: np.random.Generator,
    ) -> None:
        self._requests = period.requests
        self._volumes = [volume_of(request) for request in period.requests]
        self._starts = np.array(starts, dtype=np.int64)
        self._best = self._starts.copy()
        # By how much the total latency has changed, now and in the best schedule.
        self._change, self._least = 0, 0
        self._generator = generator
        self._rounds = period.rounds
        self._free = FreeCapacity(instance, period.first_round)
        for request, start in zip(period.requests, starts, strict=True):
            self._free.place(request, start)

    def run(self, deadline: Deadline) -> list[int]:
        """The best start rounds found until the deadline."""
        highest = max(LEAST_RISE, RISE * self._rounds)
        while not deadline.passed:
            self._make(self._random_moves(highest * (1 - deadline.elapsed)))
        found: list[int] = self._best.tolist()
        return found

    def run_moves(self, deadline: Deadline) -> list[int]:
        """The same after ``moves_per_request`` moves for each request, or at the deadline.

        What is found by then does not depend on the time that is left. So a search that has more
        time repeats what one with less time has done, and then goes on.
        """
        highest = max(LEAST_RISE, RISE * self._rounds)
        most = self.moves_per_request * len(self._requests)
        for made in range(0, most, MOVES_AT_ONCE):
            if deadline.passed:
                break
            self._make(self._random_moves(highest * (1 - made / most)))
        found: list[int] = self._best.tolist()
        return found

    def _random_moves(self, mean_rise: float) -> Moves:
        """The next moves. How the schedule has changed so far does not matter."""
        random, size = self._generator, len(self._requests)
        few = size <= FEW
        scattered = few & (random.random(MOVES_AT_ONCE) < SCATTERED_MOVES)
        most = MOST_MOVED_OF_FEW if few else MOST_MOVED
        shape = (MOVES_AT_ONCE, most)
        near = 1 + random.exponential(MEAN_REACH * self._rounds, MOVES_AT_ONCE)
        return Moves(
            centre=random.integers(0, size, MOVES_AT_ONCE),
            reach=np.where(scattered, np.inf, near),
            most=random.integers(2, np.where(scattered, MOST_SCATTERED, most) + 1),
            pick=random.random(shape),
            by_volume=random.random(MOVES_AT_ONCE) < MOVES_BY_VOLUME,
            factor=np.exp(VOLUME_NOISE * random.standard_normal(shape)),
            rise=random.exponential(mean_rise, MOVES_AT_ONCE),
        )

    def _make(self, moves: Moves) -> None:
        """Make these moves, one after the other, and remember the best schedule."""
        for row, rise in enumerate(moves.rise.tolist()):
            self._change += self._placed_anew(self._taken(moves, row), rise)
            if self._change < self._least:
                self._best, self._least = self._starts.copy(), self._change

    def _taken(self, moves: Moves, row: int) -> list[int]:
        """Positions of some requests that start near each other, in the order of placing."""
        distance = np.abs(self._starts - self._starts[moves.centre[row]])
        near: list[int] = np.flatnonzero(distance <= moves.reach[row]).tolist()
        count = min(int(moves.most[row]), len(near))
        for place, number in enumerate(moves.pick[row, :count].tolist()):
            other = place + int(number * (len(near) - place))
            near[place], near[other] = near[other], near[place]
        taken = near[:count]
        if not moves.by_volume[row]:
            return taken
        factors = moves.factor[row, :count].tolist()
        keys = [self._volumes[i] * factor for i, factor in zip(taken, factors, strict=True)]
        return [position for _, position in sorted(zip(keys, taken, strict=True))]

    def _placed_anew(self, taken: Sequence[int], rise: float) -> int:
        """Place these requests anew unless that costs more than ``rise``; the change in latency."""
        before: list[int] = [int(self._starts[position]) for position in taken]
        for position, start in zip(taken, before, strict=True):
            self._free.remove(self._requests[position], start)
        # No round before the first of these starts has become freer.
        floors = [max(min(before), self._requests[position].arrival) for position in taken]
        # The change is at least this, whatever the requests that are not placed yet will cost.
        change = sum(floors) - sum(before)
        after: list[int] = []
        for position, floor in zip(taken, floors, strict=True):
            if change > rise:
                break
            start = self._free.place_earliest(self._requests[position], floor)
            after.append(start)
            change += start - floor
        if change <= rise:
            self._starts[taken] = after
            return change
        for position, start in zip(taken, after, strict=False):
            self._free.remove(self._requests[position], start)
        for position, start in zip(taken, before, strict=True):
            self._free.place(self._requests[position], start)
        return 0

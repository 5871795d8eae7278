"""Annealing through infeasible schedules, guided by prices (the second step of the heuristics).

A list schedule can only start things as early as possible, and so starts together what grows
together. Here every request first takes a start that is cheap at good prices, which fills the
cache evenly but not exactly. Then requests move, one at a time, to a start drawn by its cost:
the start itself, plus what the request adds to the overflow of the rounds it runs in, weighted by
their prices and by a penalty that rises from mild to prohibitive.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from amin_ref.model.blocks import occupied_by_round
from amin_ref.model.instance import Instance
from oracle.deadline import Deadline
from oracle.prices.dual import Dual, Floats, Rounds
from oracle.starts.free_capacity import Crowd, FreeCapacity, volume

LIKELY_STARTS = 64
"""Starts that the prices favour, kept for each request."""
PROPOSALS = 20
"""Likely starts, and as many near the present one, that a move chooses among."""
MOVES_AT_ONCE = 200
"""Moves whose random numbers are drawn together, and that share temperature and penalty."""
SAMPLING, HOT, COLD = 1 / 1000, 1 / 450, 1 / 2250
"""Temperatures of the likely starts and of the annealing, as shares of the crowd's rounds."""
FIRST_PENALTY, LAST_PENALTY = 1.5, 1000.0
"""What overflow costs at the beginning and at the end, in multiples of the price."""
LEAST_WEIGHT = 0.5
"""The price of overflow in cheap rounds, as a share of the dearest: it must vanish there too."""
HOPELESS = 8.0
"""How much dearer than staying a start may be to be looked at, in temperatures."""

Singles = NDArray[np.float32]
"""Exact for tokens below 2**24, and half the memory to go through; what is found is checked."""


class Annealing:
    """Requests on the move; rounds are counted from the crowd's first.

    Args:
        instance: gives capacity and block size.
        crowd: whose requests these are.
        dual: of the crowd.
        prices: for the dual; not all zero.
        generator: of the random moves.
    """

    def __init__(
        self,
        instance: Instance,
        crowd: Crowd,
        dual: Dual,
        prices: Floats,
        generator: np.random.Generator,
    ) -> None:
        self.generator = generator
        self.crowd = crowd
        block = instance.block_size
        self.capacity = instance.capacity // block * block
        requests = crowd.requests
        self.arrivals = np.array([one.arrival - crowd.first_round for one in requests])
        self.occupied: list[Singles] = [
            occupied_by_round(one.prompt_len, one.output_len, block).astype(np.float32)
            for one in requests
        ]
        self.likely = dual.likely_starts(prices, SAMPLING * crowd.rounds, LIKELY_STARTS)
        self.longest = max(len(occupied) for occupied in self.occupied)
        token = dual.limits @ prices / instance.capacity
        weights = np.maximum(token, LEAST_WEIGHT * token.max())
        self.weights = np.append(weights, np.full(self.longest, weights[-1]))
        self.starts = self.arrivals.copy()
        self.held: Singles = np.zeros(len(self.weights), dtype=np.float32)
        # Row t of these views: the rounds from t on, as a request that starts in t meets them.
        self.held_from = sliding_window_view(self.held, self.longest)

    def run(self, deadline: Deadline) -> list[int]:
        """A start for each request, from new random ones; a little may still overflow."""
        count = len(self.occupied)
        self.starts = self.likely[
            np.arange(count), self.generator.integers(0, LIKELY_STARTS, count)
        ]
        self.held[:] = -self.capacity
        for start, occupied in zip(self.starts.tolist(), self.occupied, strict=True):
            self.held[start : start + len(occupied)] += occupied
        while not deadline.passed:
            cooled = deadline.elapsed
            temperature = self.crowd.rounds * HOT * (COLD / HOT) ** cooled
            penalty = FIRST_PENALTY * (LAST_PENALTY / FIRST_PENALTY) ** cooled
            self._move_some(temperature, (penalty * self.weights).astype(np.float32))
        starts: list[int] = (self.starts + self.crowd.first_round).tolist()
        return starts

    def _move_some(self, temperature: float, weights: Singles) -> None:
        chosen = self.generator.permutation(len(self.occupied))[:MOVES_AT_ONCE]
        size = (len(chosen), PROPOSALS)
        likely = self.likely[chosen[:, None], self.generator.integers(0, LIKELY_STARTS, size)]
        # Steps of every order of magnitude, there and back.
        steps = np.exp(self.generator.random(size) * np.log(self.crowd.rounds + 1))
        steps *= self.generator.choice((-1, 1), size)
        near = self.starts[chosen, None] + np.rint(steps).astype(np.int64)
        proposals = np.concatenate((likely, near), axis=1)
        np.clip(proposals, self.arrivals[chosen, None], self.crowd.rounds, out=proposals)
        # The least of cost + temperature·Gumbel noise is a draw by exp(−cost/temperature).
        noise = np.log(self.generator.exponential(size=(len(chosen), 1 + 2 * PROPOSALS)))
        noise *= temperature
        reach = HOPELESS * temperature
        weights_from = sliding_window_view(weights, self.longest)
        for row, request in enumerate(chosen.tolist()):
            self._move(request, proposals[row], noise[row], reach, weights_from)

    def _move(
        self, request: int, proposals: Rounds, noise: Floats, reach: float, weights_from: Singles
    ) -> None:
        start, occupied = int(self.starts[request]), self.occupied[request]
        stop = start + len(occupied)
        held = self.held[start:stop]
        # Of the overflow in a round, a request answers for no more than it occupies.
        weights = weights_from[start, : len(occupied)]
        staying = start + float(np.minimum(np.maximum(held, 0.0), occupied) @ weights)
        held -= occupied
        proposals = proposals[proposals < staying + reach]
        if len(proposals) > 0:
            overflow = self.held_from[proposals, : len(occupied)]
            overflow += occupied
            np.maximum(overflow, 0.0, out=overflow)
            np.minimum(overflow, occupied, out=overflow)
            overflow *= weights_from[proposals, : len(occupied)]
            costs = overflow.sum(axis=1) + proposals
            costs += noise[1 : 1 + len(proposals)]
            best = int(costs.argmin())
            if costs[best] < staying + noise[0]:
                start = int(proposals[best])
                self.starts[request] = start
        self.held[start : start + len(occupied)] += occupied


def repaired(instance: Instance, crowd: Crowd, starts: list[int]) -> list[int]:
    """Feasible starts: what overflows is placed anew, then all move up to where there is room."""
    requests = crowd.requests
    starts = starts.copy()
    free = FreeCapacity(instance, crowd.first_round)
    for request, start in zip(requests, starts, strict=True):
        free.place(request, start)
    first = np.array(starts) - crowd.first_round
    stop = first + np.array([request.output_len for request in requests])
    placed = np.ones(len(requests), dtype=np.bool_)
    while (overflow := free.overflow()).any():
        at = int(overflow.argmax())
        running = np.flatnonzero(placed & (first <= at) & (at < stop)).tolist()
        # Take out whoever answers for most overflow in its run, for every round that it runs.
        relief = [
            np.minimum(
                overflow[first[i] : stop[i]],
                occupied_by_round(
                    requests[i].prompt_len, requests[i].output_len, instance.block_size
                ),
            ).mean()
            for i in running
        ]
        taken = running[int(np.argmax(relief))]
        free.remove(requests[taken], starts[taken])
        placed[taken] = False
    out = np.flatnonzero(~placed).tolist()
    out.sort(key=lambda position: volume(requests[position]))
    for position in out:
        starts[position] = free.earliest_start(requests[position], requests[position].arrival)
        free.place(requests[position], starts[position])
    for position in np.argsort(starts, kind="stable").tolist():
        free.remove(requests[position], starts[position])
        starts[position] = free.earliest_start(requests[position], requests[position].arrival)
        free.place(requests[position], starts[position])
    return starts

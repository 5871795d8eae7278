"""Annealing through infeasible schedules, guided by prices.

The second step of :mod:`oracle.heuristics.best_schedule`. A list schedule starts each request as
early as possible, and so requests that start together also grow together. Here each request first
takes a start round that is cheap at good prices, which fills the cache evenly but not exactly. Then
requests move, one at a time, to a random start round. The cost of a start round is the round
itself, plus the overflow that the request causes in the rounds of its run, weighted by the prices
of these rounds and by a penalty that rises during the annealing.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from amin_ref.model.blocks import occupied_by_round
from amin_ref.model.instance import Instance
from oracle.deadline import Deadline
from oracle.prices.dual import Dual, Floats, Rounds
from oracle.starts.free_capacity import FreeCapacity
from oracle.starts.list_schedule import volume_of
from oracle.starts.parts import BusyPeriod

LIKELY_STARTS = 64
"""Start rounds that the prices favour, kept for each request."""

PROPOSALS = 20
"""A move chooses among this many likely start rounds and as many near the present one.

With 5 or 10 schedules of 2,000 requests change by less than chance (``proofs_notes/oracle.md``).
"""

MOVES_AT_ONCE = 200
"""Moves that share temperature and penalty, and whose random numbers are made together."""

SAMPLING, HOT, COLD = 1 / 1000, 1 / 450, 1 / 2250
"""Temperatures as shares of the rounds of the busy period: for the choice of likely start rounds,
and for the annealing at its beginning and at its end. Found by trial: other temperatures change
schedules of 2,000 requests by less than chance (``proofs_notes/oracle.md``)."""

FIRST_PENALTY, LAST_PENALTY = 1.5, 1000.0
"""Cost of a token of overflow at the beginning and at the end, as a multiple of its price.

At 1.5 overflow is common; at 1,000 almost none is left for :func:`repaired`.
"""

LEAST_OVERFLOW_PRICE = 0.5
"""Least price of overflow, as a share of the largest price: overflow must vanish in cheap rounds,
too."""

HOPELESS = 8.0
"""Proposals that exceed the present cost by more than 8 temperatures are not evaluated: less than
one in exp(8) ≈ 3,000 of them would be taken."""

Singles = NDArray[np.float32]
"""Single precision: exact for tokens below 2**24, and half the memory. What is found is checked."""


class Annealing:
    """The requests of one busy period and their present start rounds.

    Rounds are counted from the first round of the busy period.

    Args:
        instance: gives capacity and block size.
        period: the requests to be moved.
        dual: the dual function of the busy period.
        prices: prices for ``dual``; not all zero.
        generator: of the random moves.
    """

    def __init__(
        self,
        instance: Instance,
        period: BusyPeriod,
        dual: Dual,
        prices: Floats,
        generator: np.random.Generator,
    ) -> None:
        self._generator = generator
        self._period = period
        block = instance.block_size
        self._capacity = instance.capacity // block * block
        requests = period.requests
        held = instance.machine.held
        self._arrivals = np.array([one.arrival - period.first_round for one in requests])
        self._occupied: list[Singles] = [
            occupied_by_round(held(one.prompt_len), one.output_len, block).astype(np.float32)
            for one in requests
        ]
        self._likely = dual.likely_starts(prices, SAMPLING * period.rounds, LIKELY_STARTS)
        self._longest = max(len(occupied) for occupied in self._occupied)
        token = dual.limits @ prices / instance.capacity
        weights = np.maximum(token, LEAST_OVERFLOW_PRICE * token.max())
        self._weights = np.append(weights, np.full(self._longest, weights[-1]))
        self._starts = self._arrivals.copy()
        # Tokens held beyond the capacity, negative where there is room.
        self._held: Singles = np.zeros(len(self._weights), dtype=np.float32)
        # Row t of this view: the rounds from t on, which a request meets that starts in t.
        self._held_from = sliding_window_view(self._held, self._longest)

    def run(self, deadline: Deadline) -> list[int]:
        """A start round for each request, from new random ones; a little may still overflow."""
        count = len(self._occupied)
        self._starts = self._likely[
            np.arange(count), self._generator.integers(0, LIKELY_STARTS, count)
        ]
        self._held[:] = -self._capacity
        for start, occupied in zip(self._starts.tolist(), self._occupied, strict=True):
            self._held[start : start + len(occupied)] += occupied
        while not deadline.passed:
            cooled = deadline.elapsed
            temperature = self._period.rounds * HOT * (COLD / HOT) ** cooled
            penalty = FIRST_PENALTY * (LAST_PENALTY / FIRST_PENALTY) ** cooled
            self._move_some(temperature, (penalty * self._weights).astype(np.float32))
        starts: list[int] = (self._starts + self._period.first_round).tolist()
        return starts

    def _move_some(self, temperature: float, weights: Singles) -> None:
        chosen = self._generator.permutation(len(self._occupied))[:MOVES_AT_ONCE]
        size = (len(chosen), PROPOSALS)
        likely = self._likely[chosen[:, None], self._generator.integers(0, LIKELY_STARTS, size)]
        # Steps of every order of magnitude, earlier and later.
        steps = np.exp(self._generator.random(size) * np.log(self._period.rounds + 1))
        steps *= self._generator.choice((-1, 1), size)
        near = self._starts[chosen, None] + np.rint(steps).astype(np.int64)
        proposals = np.concatenate((likely, near), axis=1)
        np.clip(proposals, self._arrivals[chosen, None], self._period.rounds, out=proposals)
        # The least of cost + temperature·Gumbel noise is a sample by exp(−cost/temperature).
        noise = np.log(self._generator.exponential(size=(len(chosen), 1 + 2 * PROPOSALS)))
        noise *= temperature
        reach = HOPELESS * temperature
        weights_from = sliding_window_view(weights, self._longest)
        for row, request in enumerate(chosen.tolist()):
            self._move(request, proposals[row], noise[row], reach, weights_from)

    def _move(
        self, request: int, proposals: Rounds, noise: Floats, reach: float, weights_from: Singles
    ) -> None:
        start, occupied = int(self._starts[request]), self._occupied[request]
        stop = start + len(occupied)
        held = self._held[start:stop]
        # A request causes no more overflow in a round than it occupies there.
        weights = weights_from[start, : len(occupied)]
        staying = start + float(np.minimum(np.maximum(held, 0.0), occupied) @ weights)
        held -= occupied
        proposals = proposals[proposals < staying + reach]
        if len(proposals) > 0:
            overflow = self._held_from[proposals, : len(occupied)]
            overflow += occupied
            np.maximum(overflow, 0.0, out=overflow)
            np.minimum(overflow, occupied, out=overflow)
            overflow *= weights_from[proposals, : len(occupied)]
            costs = overflow.sum(axis=1) + proposals
            costs += noise[1 : 1 + len(proposals)]
            best = int(costs.argmin())
            if costs[best] < staying + noise[0]:
                start = int(proposals[best])
                self._starts[request] = start
        self._held[start : start + len(occupied)] += occupied


def repaired(instance: Instance, period: BusyPeriod, starts: list[int]) -> list[int]:
    """Feasible start rounds, near the given ones.

    Requests are taken out until no round overflows, and placed anew by ascending volume. Then each
    request, in order of start, moves to the earliest round in which it fits.
    """
    requests = period.requests
    held = instance.machine.held
    starts = starts.copy()
    free = FreeCapacity(instance, period.first_round)
    for request, start in zip(requests, starts, strict=True):
        free.place(request, start)
    first = np.array(starts) - period.first_round
    stop = first + np.array([request.output_len for request in requests])
    placed = np.ones(len(requests), dtype=np.bool_)
    while (overflow := free.overflow()).any():
        at = int(overflow.argmax())
        running = np.flatnonzero(placed & (first <= at) & (at < stop)).tolist()
        # Take out the request that causes most overflow for each round of its run.
        relief = [
            np.minimum(
                overflow[first[i] : stop[i]],
                occupied_by_round(
                    held(requests[i].prompt_len), requests[i].output_len, instance.block_size
                ),
            ).mean()
            for i in running
        ]
        taken = running[int(np.argmax(relief))]
        free.remove(requests[taken], starts[taken])
        placed[taken] = False
    out = np.flatnonzero(~placed).tolist()
    out.sort(key=lambda position: volume_of(requests[position]))
    for position in out:
        starts[position] = free.place_earliest(requests[position], requests[position].arrival)
    for position in np.argsort(starts, kind="stable").tolist():
        free.remove(requests[position], starts[position])
        starts[position] = free.place_earliest(requests[position], requests[position].arrival)
    return starts

"""Annealing through infeasible schedules, guided by prices.

The second step of :mod:`oracle.heuristics.best_schedule`. A list schedule starts each request as
early as possible, and so requests that start together also grow together. Here each request first
takes a start round that is cheap at good prices, which fills the cache evenly but not exactly. Then
requests move, one at a time, to a random start round. The cost of a start round is the round
itself, plus the overflow that the request causes in the rounds of its run, weighted by the prices
of these rounds and by a penalty that rises during the annealing.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from amin_ref.model.blocks import occupied_by_round, volume
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

MANTISSA_BITS = 53
"""Bits of a float: sums of multiples of one unit that need fewer bits are exact in any order."""


class Annealing:
    """The requests of one busy period and their present start rounds.

    Rounds are counted from the first round of the busy period. Costs are exact, so that
    :class:`oracle.heuristics.compiled_moves.CompiledAnnealing` makes the same moves, faster.

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
        stored = np.array([instance.machine.held(one.prompt_len) for one in requests])
        self._arrivals = np.array([one.arrival - period.first_round for one in requests])
        self._output_len = np.array([one.output_len for one in requests])
        self._longest = int(self._output_len.max())
        # What a request occupies in its k-th round: ``full`` plus entry ``phase`` + k of the ramp.
        # Where blocks are longer than outputs, the ramp begins only ``cut`` tokens into a block.
        cut = max(0, block - self._longest)
        tokens = np.arange(1 + cut, 1 + cut + self._longest + min(block, self._longest))
        self._ramp: Floats = (-(-tokens // block) * block).astype(np.float64)
        self._full: Floats = (stored // block * block).astype(np.float64)
        self._phase: Rounds = np.maximum(stored % block - cut, 0)
        likely = dual.likely_starts(prices, SAMPLING * period.rounds, LIKELY_STARTS)
        self._likely = np.minimum(likely, period.rounds)
        token = dual.limits @ prices / instance.capacity
        weights = np.maximum(token, LEAST_OVERFLOW_PRICE * token.max())
        self._weights = np.append(weights, np.full(self._longest, weights[-1]))
        most = max(
            volume(held, one.output_len, block)
            for held, one in zip(stored.tolist(), requests, strict=True)
        )
        self._most_paid = most * float(self._weights.max())
        self._starts = self._arrivals.copy()
        # Tokens held beyond the capacity, negative where there is room.
        self._held: Floats = np.zeros(len(self._weights))
        # Row t of this view: the rounds from t on, which a request meets that starts in t.
        self._held_from = sliding_window_view(self._held, self._longest)

    def run(self, deadline: Deadline) -> list[int]:
        """A start round for each request, from new random ones; a little may still overflow."""
        count = len(self._likely)
        self._starts = self._likely[
            np.arange(count), self._generator.integers(0, LIKELY_STARTS, count)
        ]
        self._held[:] = -self._capacity
        for request, start in enumerate(self._starts.tolist()):
            self._hold(request, start, 1)
        while not deadline.passed:
            cooled = deadline.elapsed
            temperature = self._period.rounds * HOT * (COLD / HOT) ** cooled
            penalty = FIRST_PENALTY * (LAST_PENALTY / FIRST_PENALTY) ** cooled
            self._move_some(temperature, self._in_units(penalty))
        starts: list[int] = (self._starts + self._period.first_round).tolist()
        return starts

    def _in_units(self, penalty: float) -> Floats:
        """The weights of overflow in each round, rounded so that all sums of costs are exact."""
        _, exponent = math.frexp(penalty * self._most_paid)
        unit = math.ldexp(1.0, exponent + 1 - MANTISSA_BITS)
        weights: Floats = np.rint(penalty / unit * self._weights) * unit
        return weights

    def _move_some(self, temperature: float, weights: Floats) -> None:
        chosen = self._generator.permutation(len(self._likely))[:MOVES_AT_ONCE]
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
        self._make(chosen, proposals, noise, weights)

    def _make(self, chosen: Rounds, proposals: Rounds, noise: Floats, weights: Floats) -> None:
        """Move each of these requests, one after the other.

        Args:
            chosen: their positions.
            proposals: a row of start rounds for each.
            noise: added to the cost of staying, in column 0, and of each proposal.
            weights: cost of a token of overflow in each round.
        """
        weights_from = sliding_window_view(weights, self._longest)
        for row, request in enumerate(chosen.tolist()):
            self._move(request, proposals[row], noise[row], weights_from)

    def _move(self, request: int, proposals: Rounds, noise: Floats, weights_from: Floats) -> None:
        start, occupied = int(self._starts[request]), self._occupied(request)
        self._hold(request, start, -1)
        here = np.array([start])
        staying = (here + noise[:1] + self._overflow_cost(occupied, here, weights_from))[0]
        # Overflow costs nothing at best.
        hopeful = proposals + noise[1:] < staying
        proposals, noise = proposals[hopeful], noise[1:][hopeful]
        if len(proposals) > 0:
            costs = proposals + noise + self._overflow_cost(occupied, proposals, weights_from)
            best = int(costs.argmin())
            if costs[best] < staying:
                start = int(proposals[best])
                self._starts[request] = start
        self._hold(request, start, 1)

    def _overflow_cost(self, occupied: Floats, starts: Rounds, weights_from: Floats) -> Floats:
        """What the overflow costs that the request causes when it starts in each of these rounds.

        A request causes no more overflow in a round than it occupies there.
        """
        overflow = self._held_from[starts, : len(occupied)]
        overflow += occupied
        np.maximum(overflow, 0.0, out=overflow)
        np.minimum(overflow, occupied, out=overflow)
        overflow *= weights_from[starts, : len(occupied)]
        cost: Floats = overflow.sum(axis=1)
        return cost

    def _occupied(self, request: int) -> Floats:
        """What the request occupies in each of its rounds."""
        phase = self._phase[request]
        ramp = self._ramp[phase : phase + self._output_len[request]]
        occupied: Floats = self._full[request] + ramp
        return occupied

    def _hold(self, request: int, start: int, sign: int) -> None:
        """Take (1) or give back (-1) what the request occupies from this round on."""
        self._held[start : start + self._output_len[request]] += sign * self._occupied(request)


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

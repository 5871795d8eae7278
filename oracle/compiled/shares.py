"""The dual function with prices of shares, as loops that Numba compiles.

This file states :meth:`oracle.prices.dual.Dual.evaluate` a second time; the tests hold both equal,
but for the rounding of sums. There, Fourier transforms give what each kind of request pays for
shares. Here its count, a function of its age that is straight but at a few ages, is a sum of ramps,
so that each ramp pays one sum of prices. Arrays are never allocated here:
:func:`amin_ref.compiled.compiling.compiled` turns reference counting off.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from amin_ref.compiled.compiling import compiled, inlined

Numbers = NDArray[np.int64]
"""An array of whole numbers."""

Floats = NDArray[np.float64]
"""An array of numbers."""

WITHOUT_WEIGHT = 40.0
"""Temperatures above the least cost from which on a cost adds nothing to a sum of weights that is
at least 1: exp(−40) is below a float's precision."""

# The entries of ``sums``, over all requests.
LEAST = 0
"""Σ of the least cost."""
SMOOTHED = 1
"""The same with each minimum smoothed."""
SUM_ENTRIES = 2


class Kinds(NamedTuple):
    """The kinds of requests of a busy period; names as in the reference.

    Attributes:
        requests: the number of requests of each kind.
        output_len: o.
        arrival: since the first round of the busy period.
        before: blocks before its growth.
        after: blocks after its growth.
        done: the round after its last, if it starts at its arrival.
        growing_from: the round of its first further block, likewise.
        growing_until: the round after that of its last one.
        first_ramp: place of its first ramp; at the end the number of all ramps.
        ramp_share: the share of each ramp.
        ramp_from: place of its first round among ``ramps``, less the start round.
        ramp_rise: by how much the count rises more in each round from there on.
        rounds: rounds of the busy period.
    """

    requests: Floats
    output_len: Floats
    arrival: Numbers
    before: Floats
    after: Floats
    done: Numbers
    growing_from: Numbers
    growing_until: Numbers
    first_ramp: Numbers
    ramp_share: Numbers
    ramp_from: Numbers
    ramp_rise: Floats
    rounds: int


class Sums(NamedTuple):
    """What prices sum up to, or what weights are summed up in.

    Attributes:
        onwards: for a block from a round on; (2·rounds + 1).
        rising: for a block in a round, and one more after every block_size rounds; likewise.
        ramps: for a count of a share that is 1 in a round, and 1 more after each round; a row for
            each share, in which entry 0 is as many rounds before the busy period as the longest
            lead.
    """

    onwards: Floats
    rising: Floats
    ramps: Floats


@inlined
def _price(kinds: Kinds, sums: Sums, kind: int, step: int, costs: Floats) -> None:
    """Delay plus price of each start round of the kind."""
    arrival, done = kinds.arrival[kind], kinds.done[kind]
    rising, falling = kinds.growing_from[kind], kinds.growing_until[kind]
    before, after = kinds.before[kind], kinds.after[kind]
    for column in range(len(costs)):
        delay = column * step
        costs[column] = (
            sums.onwards[arrival + delay] * before
            - sums.onwards[done + delay] * after
            + sums.rising[rising + delay]
            - sums.rising[falling + delay]
            + delay
        )
    # A later start than the last round is priced as that one.
    inside = (kinds.rounds - arrival) // step + 1
    for ramp in range(kinds.first_ramp[kind], kinds.first_ramp[kind + 1]):
        rise, share = kinds.ramp_rise[ramp], kinds.ramp_share[ramp]
        since = kinds.ramp_from[ramp]
        paid = sums.ramps[share, arrival + since :]
        if step == 1:
            for column in range(inside):
                costs[column] += rise * paid[column]
        else:
            for column in range(inside):
                costs[column] += rise * paid[column * step]
        last = rise * sums.ramps[share, kinds.rounds + since]
        for column in range(inside, len(costs)):
            costs[column] += last


@inlined
def _pull(
    kinds: Kinds, pulls: Sums, kind: int, step: int, weights: Floats, low: int, high: int
) -> None:
    """Add what starts with the weights of columns from ``low`` to ``high`` - 1 count and hold."""
    arrival, done = kinds.arrival[kind], kinds.done[kind]
    rising, falling = kinds.growing_from[kind], kinds.growing_until[kind]
    for column in range(low, high):
        delay, weight = column * step, weights[column]
        pulls.onwards[arrival + delay] += weight * kinds.before[kind]
        pulls.onwards[done + delay] -= weight * kinds.after[kind]
        pulls.rising[rising + delay] += weight
        pulls.rising[falling + delay] -= weight
    inside = min(high, (kinds.rounds - arrival) // step + 1)
    for ramp in range(kinds.first_ramp[kind], kinds.first_ramp[kind + 1]):
        rise, share = kinds.ramp_rise[ramp], kinds.ramp_share[ramp]
        since = kinds.ramp_from[ramp]
        pulled = pulls.ramps[share, arrival + since :]
        if step == 1:
            for column in range(low, inside):
                pulled[column] += rise * weights[column]
        else:
            for column in range(low, inside):
                pulled[column * step] += rise * weights[column]
        for column in range(max(low, inside), high):
            pulls.ramps[share, kinds.rounds + since] += rise * weights[column]


@compiled
def evaluate(
    kinds: Kinds,
    prices: Sums,
    step: int,
    temperature: float,
    negligible: float,
    costs: Floats,
    totals: Floats,
    pulls: Sums,
) -> None:
    """Add to ``totals`` and ``pulls`` what each kind adds; arguments as in the reference.

    Args:
        kinds: the requests.
        prices: sums of prices.
        step: rounds between two delays.
        temperature: in rounds.
        negligible: weights below this share are left out of ``pulls``.
        costs: an entry for each delay, for intermediate values.
        totals: the entries named above.
        pulls: sums of weights, from which the gradient follows.
    """
    for kind in range(len(kinds.requests)):
        _price(kinds, prices, kind, step, costs)
        least = costs[0]
        for column in range(1, len(costs)):
            least = min(least, costs[column])
        total = 0.0
        low, high = len(costs), 0
        for column in range(len(costs)):
            above = costs[column] - least
            weight = 0.0
            if above < WITHOUT_WEIGHT * temperature:
                weight = math.exp(-above / temperature)
                total += weight
                high = column + 1
                low = min(low, column)
            costs[column] = weight
        count = kinds.requests[kind]
        totals[LEAST] += count * (least + kinds.output_len[kind])
        totals[SMOOTHED] += count * (least + kinds.output_len[kind] - temperature * math.log(total))
        for column in range(low, high):
            weight = costs[column]
            costs[column] = weight * (count / total) if weight > negligible * total else 0.0
        _pull(kinds, pulls, kind, step, costs, low, high)

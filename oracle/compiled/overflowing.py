"""The moves of the annealing, as loops that Numba compiles.

This file states :class:`oracle.heuristics.annealing.Annealing` a second time; the tests hold both
equal, start round for start round. Arrays are never allocated here:
:func:`amin_ref.compiled.compiling.compiled` turns reference counting off.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from amin_ref.compiled.compiling import compiled, inlined, summed

Numbers = NDArray[np.int64]
"""An array of whole numbers."""

Floats = NDArray[np.float64]
"""An array of numbers."""

ROUNDS_AT_ONCE = 64
"""Rounds of a run that are summed up before the sum is compared with the best cost so far."""


class Requests(NamedTuple):
    """The requests of a busy period, and tokens; names as in the reference.

    Attributes:
        full: (n,).
        phase: (n,).
        output_len: o; (n,).
        ramp: what a request occupies besides ``full``, from round to round.
    """

    full: Floats
    phase: Numbers
    output_len: Numbers
    ramp: Floats


@inlined
def _hold(requests: Requests, held: Floats, request: int, start: int, sign: int) -> None:
    """Take (1) or give back (-1) what the request occupies from this round on."""
    full, phase, ramp = requests.full[request], requests.phase[request], requests.ramp
    for k in range(requests.output_len[request]):
        held[start + k] += sign * (full + ramp[phase + k])


@summed
def _overflow_cost(
    ramp: Floats, held: Floats, weights: Floats, full: float, phase: int, start: int, length: int
) -> float:
    """What the overflow costs that a request causes in some rounds; exact in any order."""
    cost = 0.0
    for k in range(length):
        occupied = full + ramp[phase + k]
        overflow = held[start + k] + occupied
        overflow = overflow if overflow > 0.0 else 0.0
        overflow = overflow if overflow < occupied else occupied
        cost += overflow * weights[start + k]
    return cost


@inlined
def _cost(
    requests: Requests,
    held: Floats,
    weights: Floats,
    request: int,
    start: int,
    noise: float,
    limit: float,
) -> float:
    """The cost of a start round, or a number that is not below ``limit``."""
    full, phase = requests.full[request], requests.phase[request]
    length, done = requests.output_len[request], 0
    overflow = 0.0
    while done < length:
        if start + noise + overflow >= limit:
            break
        rounds = min(ROUNDS_AT_ONCE, length - done)
        overflow += _overflow_cost(
            requests.ramp, held, weights, full, phase + done, start + done, rounds
        )
        done += rounds
    return start + noise + overflow


@compiled
def make(
    requests: Requests,
    starts: Numbers,
    held: Floats,
    chosen: Numbers,
    proposals: Numbers,
    noise: Floats,
    weights: Floats,
) -> None:
    """Move each of the chosen requests, one after the other; arguments as in the reference."""
    for row in range(len(chosen)):
        request = chosen[row]
        start = starts[request]
        _hold(requests, held, request, start, -1)
        best = _cost(requests, held, weights, request, start, noise[row, 0], np.inf)
        for column in range(proposals.shape[1]):
            proposal = proposals[row, column]
            cost = _cost(requests, held, weights, request, proposal, noise[row, column + 1], best)
            if cost < best:
                best, start = cost, proposal
        starts[request] = start
        _hold(requests, held, request, start, 1)

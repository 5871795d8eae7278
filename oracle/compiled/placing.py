"""The moves of the local search, as loops that Numba compiles.

This file states :class:`oracle.heuristics.local_search.LocalSearch` a second time; the tests hold
both equal, start round for start round. Arrays are never allocated here:
:func:`amin_ref.compiled.compiling.compiled` turns reference counting off.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from amin_ref.compiled.compiling import compiled, inlined

Numbers = NDArray[np.int64]
"""An array of whole numbers."""

Floats = NDArray[np.float64]
"""An array of numbers."""

# The entries of State.counts.
CHANGE = 0
"""By how much the total latency has changed; request·rounds."""
LEAST = 1
"""The same in the best schedule."""
END = 2
"""A round, counted from the first, from which on the whole cache is free."""
COUNT_ENTRIES = 3


class Requests(NamedTuple):
    """The requests of a busy period.

    Attributes:
        stored: tokens that each holds besides those of its rounds; (n,).
        output_len: o; (n,).
        arrival: r, in rounds; (n,).
        volume: as in the reference; (n,).
        first_round: the round of the first entry of ``State.level``.
        block_size: B; tokens.
        longest: the largest o.
    """

    stored: Numbers
    output_len: Numbers
    arrival: Numbers
    volume: Floats
    first_round: int
    block_size: int
    longest: int


class State(NamedTuple):
    """The schedule, and arrays for intermediate values.

    Attributes:
        starts: the start round of each request; (n,).
        best: the same in the best schedule.
        level: round minus free tokens, as in ``oracle.starts.free_capacity``.
        counts: the entries named above.
        near: the requests that a move can take; (n,).
        before: the starts of those that it takes; (most,).
        after: their new starts; (most,).
        key: what they are ordered by; (most,).
    """

    starts: Numbers
    best: Numbers
    level: Numbers
    counts: Numbers
    near: Numbers
    before: Numbers
    after: Numbers
    key: Floats


class Moves(NamedTuple):
    """Random moves, as in the reference."""

    centre: Numbers
    reach: Floats
    most: Numbers
    pick: Floats
    by_volume: NDArray[np.bool_]
    factor: Floats
    rise: Floats


@inlined
def _hold(requests: Requests, state: State, request: int, start: int, sign: int) -> None:
    """Take (1) or give back (-1) what the request occupies from this round on."""
    block, level = requests.block_size, state.level
    stored, since = requests.stored[request], start - requests.first_round
    length = requests.output_len[request]
    held = stored // block * block
    for k in range(length):
        if stored + k + 1 > held:
            held += block
        level[since + k] += sign * held
    if sign > 0:
        state.counts[END] = max(state.counts[END], since + length)


@inlined
def _earliest(requests: Requests, state: State, request: int, floor: int) -> int:
    """The first round from ``floor`` on in which the request can start."""
    stored, length = requests.stored[request], requests.output_len[request]
    level = state.level
    start = floor - requests.first_round
    for now in range(start, state.counts[END]):
        # Round ``now`` forbids the starts up to this one.
        forbidden = min(level[now] + stored, now)
        start = max(start, forbidden + 1)
        if now - start >= length - 1:
            break
    return start + requests.first_round


@inlined
def _take(requests: Requests, state: State, moves: Moves, row: int) -> int:
    """Bring the requests that a move takes to the front of ``near``, in order; their number."""
    starts, near, key = state.starts, state.near, state.key
    centre, reach = starts[moves.centre[row]], moves.reach[row]
    size: int = 0
    for request in range(len(starts)):
        if abs(starts[request] - centre) <= reach:
            near[size] = request
            size += 1
    count: int = min(moves.most[row], size)
    for place in range(count):
        other = place + int(moves.pick[row, place] * (size - place))
        near[place], near[other] = near[other], near[place]
    if moves.by_volume[row]:
        for place in range(count):
            key[place] = requests.volume[near[place]] * moves.factor[row, place]
        for place in range(1, count):
            least, request, at = key[place], near[place], place
            while at > 0 and (
                key[at - 1] > least or (key[at - 1] == least and near[at - 1] > request)
            ):
                key[at], near[at] = key[at - 1], near[at - 1]
                at -= 1
            key[at], near[at] = least, request
    return count


@compiled
def make(requests: Requests, state: State, moves: Moves, begin: int) -> int:
    """Make the moves from row ``begin`` on; the row of the first that was not made.

    Moves are left out if ``level`` may be too short for them. The call is then to be repeated with
    a longer one.
    """
    starts, near, counts = state.starts, state.near, state.counts
    before, after = state.before, state.after
    for row in range(begin, len(moves.rise)):
        if counts[END] + len(before) * requests.longest > len(state.level):
            return row
        rise = moves.rise[row]
        count = _take(requests, state, moves, row)
        earliest = starts[near[0]]
        for place in range(count):
            before[place] = starts[near[place]]
            earliest = min(earliest, before[place])
            _hold(requests, state, near[place], before[place], -1)
        change = 0
        for place in range(count):
            change += max(earliest, requests.arrival[near[place]]) - before[place]
        placed = 0
        while placed < count and change <= rise:
            request = near[placed]
            floor = max(earliest, requests.arrival[request])
            after[placed] = _earliest(requests, state, request, floor)
            _hold(requests, state, request, after[placed], 1)
            change += after[placed] - floor
            placed += 1
        if change <= rise:
            for place in range(count):
                starts[near[place]] = after[place]
            counts[CHANGE] += change
            if counts[CHANGE] < counts[LEAST]:
                counts[LEAST] = counts[CHANGE]
                for request in range(len(starts)):
                    state.best[request] = starts[request]
        else:
            for place in range(placed):
                _hold(requests, state, near[place], after[place], -1)
            for place in range(count):
                _hold(requests, state, near[place], before[place], 1)
    return len(moves.rise)

"""The free capacity of the cache in each round, and the earliest round in which a request fits.

A request that starts in round t fits when

    s + (τ − t + 1)  ≤  free[τ]    for every round τ = t, …, t + o − 1,

for every block size B: with the capacity rounded down to whole blocks ``free`` is a multiple of B,
and a multiple of B is at least s + a exactly when it is at least B·⌈(s + a)/B⌉. Where the last
token is not stored, s − 1 stands for s.

Round τ therefore forbids the starts from τ − o + 1 to τ − max(0, free[τ] − s), a range that may be
empty. As its left end moves with τ, start t is forbidden by some round exactly when the running
maximum of the right ends, over rounds up to t + o − 1, reaches t: one pass of numpy over the
rounds finds the earliest start.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from amin_ref.model.blocks import occupied_by_round
from amin_ref.model.instance import Instance
from amin_ref.model.request import Request

Rounds = NDArray[np.int64]

FIRST_ROUNDS = 1024
"""Rounds laid out at first; the arrays double whenever they are too short."""

STARTS_AT_ONCE = 256
"""Start rounds tried in the first pass, and twice as many in each pass after it.

Most requests fit near the first round tried. A wrong guess costs only time.
"""


class FreeCapacity:
    """The tokens of cache that no placed request holds, for each round from ``first_round`` on.

    Args:
        instance: gives capacity and block size.
        first_round: no request is placed earlier.

    Attributes:
        first_round: as given.
        end: a round from which on the whole cache is free. After :meth:`remove` it may be later
            than the first such round.
    """

    def __init__(self, instance: Instance, first_round: int) -> None:
        self.first_round = first_round
        self.end = first_round
        self._block_size = instance.block_size
        self._held = instance.machine.held
        self._capacity = instance.capacity // instance.block_size * instance.block_size
        # Rounds are counted from first_round. The level of round τ is τ − free[τ]: the search
        # for a start needs nothing else.
        self._rounds = np.arange(0, dtype=np.int64)
        self._level = self._rounds
        self._reach(FIRST_ROUNDS)

    def earliest_start(self, request: Request, not_before: int) -> int:
        """The first round from ``not_before`` on in which the request can start."""
        since = not_before - self.first_round
        of_run = request.output_len - 1
        starts = STARTS_AT_ONCE
        while since < self.end - self.first_round:
            until = since + starts + of_run
            self._reach(until)
            rounds = self._rounds[since:until]
            forbidden = self._level[since:until] + self._held(request.prompt_len)
            np.minimum(forbidden, rounds, out=forbidden)
            np.maximum.accumulate(forbidden, out=forbidden)
            allowed = forbidden[of_run:] < rounds[:starts]
            first = int(allowed.argmax())
            if allowed[first]:
                return self.first_round + since + first
            since += starts
            starts *= 2
        return self.first_round + since

    def place_earliest(self, request: Request, not_before: int) -> int:
        """Place the request in its :meth:`earliest_start`; that round."""
        start = self.earliest_start(request, not_before)
        self.place(request, start)
        return start

    def place(self, request: Request, start: int) -> None:
        """Take what the request occupies when it starts in that round, whether it fits or not."""
        since = start - self.first_round
        until = since + request.output_len
        self._reach(until)
        self._level[since:until] += self._occupied(request)
        self.end = max(self.end, start + request.output_len)

    def remove(self, request: Request, start: int) -> None:
        """Give back what :meth:`place` held."""
        since = start - self.first_round
        self._level[since : since + request.output_len] -= self._occupied(request)

    def overflow(self) -> Rounds:
        """Tokens held beyond the capacity, for each round from ``first_round`` to ``end``."""
        rounds = self.end - self.first_round
        overflow: Rounds = np.maximum(0, self._level[:rounds] - self._rounds[:rounds])
        return overflow

    def level(self) -> Rounds:
        """Round minus free tokens, for each round from ``first_round`` to ``end``; both counted
        from ``first_round``."""
        return self._level[: self.end - self.first_round].copy()

    def _occupied(self, request: Request) -> Rounds:
        stored = self._held(request.prompt_len)
        return occupied_by_round(stored, request.output_len, self._block_size)

    def _reach(self, rounds: int) -> None:
        known = len(self._rounds)
        if rounds > known:
            self._rounds = np.arange(2 * rounds, dtype=np.int64)
            more = self._rounds[known:] - self._capacity
            self._level = np.concatenate((self._level, more))

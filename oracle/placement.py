"""Placing requests in the free capacity of the cache: the ground that heuristics stand on.

A request that starts in round t holds more in every round of its run, so it fits when

    s + (τ − t + 1)  ≤  free[τ]    for every round τ = t, …, t + o − 1,

where ``free`` counts only whole blocks. (What a request occupies is a multiple of the block size,
hence so is what is left of a capacity that is one; and a multiple of B is at least s + a exactly
when it is at least B·⌈(s + a)/B⌉. So the test reads the same for every block size.)

Round τ therefore forbids the starts from τ − o + 1 to τ − max(0, free[τ] − s), a range that may be
empty. As its left end moves with τ, start t is forbidden by some round exactly when
the running maximum of the right ends, over rounds up to t + o − 1, reaches t: one pass of numpy
finds the earliest start.
"""

from __future__ import annotations

import numpy as np

from amin_ref.blocks import occupied_by_round
from amin_ref.instance import Instance
from amin_ref.request import Request


class FreeCapacity:
    """Tokens of cache that nothing holds yet, for every round from ``first_round`` on.

    Grows as far as something is placed; beyond that, everything is free.
    """

    def __init__(self, instance: Instance, first_round: int) -> None:
        self.first_round = first_round
        self.block_size = instance.block_size
        self.capacity = instance.capacity // self.block_size * self.block_size
        self.end = first_round
        """The round from which on nothing is held; it may be late once something was removed."""
        self._free = np.full(1024, self.capacity, dtype=np.int64)
        self._rounds = np.arange(1024, dtype=np.int64)

    def earliest_start(self, request: Request, not_before: int) -> int:
        """The first round from ``not_before`` on in which the request can start."""
        if not_before >= self.end:
            return not_before
        since, until = not_before - self.first_round, self.end - self.first_round
        rounds = self._rounds[since:until]
        last_forbidden = rounds - self._free[since:until]
        last_forbidden += request.prompt_len
        np.minimum(last_forbidden, rounds, out=last_forbidden)
        np.maximum.accumulate(last_forbidden, out=last_forbidden)
        of_run = request.output_len - 1
        allowed = last_forbidden[of_run:] < rounds[: max(0, len(rounds) - of_run)]
        found = int(allowed.argmax()) if len(allowed) else 0
        if len(allowed) and allowed[found]:
            return not_before + found
        # Runs from here on reach past the end, where everything is free.
        tail = rounds[len(allowed) :] > last_forbidden[-1]
        found = int(tail.argmax())
        return not_before + len(allowed) + found if tail[found] else self.end

    def place(self, request: Request, start: int) -> None:
        """Hold what the request occupies when it starts in that round."""
        self._add(request, start, -1)
        self.end = max(self.end, start + request.output_len)

    def remove(self, request: Request, start: int) -> None:
        """Give back what :meth:`place` held."""
        self._add(request, start, 1)

    def _add(self, request: Request, start: int, sign: int) -> None:
        since = start - self.first_round
        until = since + request.output_len
        if until > len(self._free):
            more = np.full(until, self.capacity, dtype=np.int64)
            self._free = np.concatenate((self._free, more))
            self._rounds = np.arange(len(self._free), dtype=np.int64)
        self._free[since:until] += sign * occupied_by_round(
            request.prompt_len, request.output_len, self.block_size
        )

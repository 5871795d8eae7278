"""Requests that grow by a token a round, each up to a known round: what they hold in any round.

Nothing here is laid out round by round, so memory and time depend on the number of requests, not
on how long they run. Block rounding is written anew here, as in ``plan``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

ROUNDING = 1e-9
"""Share by which a sum of floating-point numbers is trusted: a million times its error at most.

The error is below n·2^-53 of the sum for n requests, all of whose terms are positive.
"""

HALF_BITS = 32
"""Bits of the lower half of a 64-bit number: the halves of two thousand million sum up in 64."""


class Growing:
    """A collection of requests that hold cache, each until a known round.

    Args:
        block_size: B; tokens.
    """

    def __init__(self, block_size: int) -> None:
        self._block_size = block_size
        # What a request holds in round t before rounding is its offset + t + 1.
        self._entries: Counter[tuple[int, int]] = Counter()
        self._now = 0
        self._arrays: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None

    def add(self, now: int, tokens: int, rounds: int) -> None:
        """A request that has ``tokens`` tokens before round ``now`` grows for ``rounds`` rounds."""
        self._entries[tokens - now, now + rounds] += 1
        self._arrays = None

    def remove(self, now: int, tokens: int, rounds: int) -> None:
        """Remove a request, given as in :meth:`add`, though perhaps in a later round of it."""
        self._entries[tokens - now, now + rounds] -= 1
        self._arrays = None

    def forget(self, now: int) -> None:
        """Drop the requests that hold nothing from round ``now`` on. Earlier rounds are over."""
        self._now = now
        self._entries = Counter(
            {entry: count for entry, count in self._entries.items() if count and entry[1] > now}
        )
        self._arrays = None

    def held(self, round: int) -> int:
        """Tokens held in ``round``, in whole blocks; exact."""
        offsets, stops = self._sorted()
        tokens = offsets[np.searchsorted(stops, round, side="right") :] + (round + 1)
        blocks = -(-tokens // self._block_size)
        low = int((blocks & (2**HALF_BITS - 1)).sum())
        return ((int((blocks >> HALF_BITS).sum()) << HALF_BITS) + low) * self._block_size

    def last_rounds(self, first: int, stop: int) -> Sequence[int]:
        """The rounds from ``first`` to ``stop`` - 1 that are the last of a request, ascending."""
        _, stops = self._sorted()
        found = np.unique(stops) - 1
        inside: list[int] = found[(found >= first) & (found < stop)].tolist()
        return inside

    def first_over(
        self, capacity: int, first: int, stop: int, own: int | None = None
    ) -> int | None:
        """A round from ``first`` to ``stop`` - 1 that exceeds the capacity; ``None``: none does.

        What is held only grows until a request stops, so that the last rounds of the requests and
        the last round of all are enough to look at.

        Args:
            capacity: M; tokens.
            first: the first round looked at.
            stop: the round after the last one.
            own: tokens of one more request before round ``first``, which grows as well.
        """
        if first >= stop:
            return None
        offsets, stops = self._sorted()
        rounds = np.array([*self.last_rounds(first, stop - 1), stop - 1], dtype=np.int64)
        # First in floating point and for all rounds at once: most are decided by that.
        ages = (rounds - self._now).astype(np.float64)
        behind = np.searchsorted(stops, rounds, side="right")
        tokens = np.append(np.cumsum((offsets + self._now + 1)[::-1].astype(np.float64))[::-1], 0.0)
        count = (len(stops) - behind).astype(np.float64)
        least = tokens[behind] + count * ages
        if own is not None:
            least += own + 1 + (rounds - first)
            count += 1
        most = least + count * (self._block_size - 1)
        for place in np.flatnonzero(most * (1 + ROUNDING) + 1 > capacity):
            round = int(rounds[place])
            if least[place] * (1 - ROUNDING) - 1 > capacity:
                return round
            more = 0 if own is None else self.occupied(own + 1 + round - first)
            if self.held(round) + more > capacity:
                return round
        return None

    def occupied(self, tokens: int) -> int:
        """What one request with ``tokens`` tokens occupies: B·⌈tokens/B⌉; tokens."""
        return (tokens + self._block_size - 1) // self._block_size * self._block_size

    def _sorted(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Offset and stop of every request, by stop."""
        if self._arrays is None:
            entries = sorted(self._entries.elements(), key=lambda entry: entry[1])
            table = np.array(entries, dtype=np.int64).reshape(-1, 2)
            self._arrays = table[:, 0], table[:, 1]
        return self._arrays

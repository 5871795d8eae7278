"""Optima of many small instances with one prompt length and all arrivals in round 0.

The ratio of a policy to the optimum is studied on such instances. Tests need hundreds of thousands
of their optima, and the general exact search would spend most of its time on preparations.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import add

from amin_ref.model.errors import InvalidValue
from amin_ref.model.validation import whole_number

Waiting = tuple[int, ...]
"""Output lengths of the requests still to start, ascending."""

Running = tuple[int, ...]
"""Tokens held in each of the coming rounds by the requests that run."""


class IdenticalPrompts:
    """Optima for one capacity and one prompt length, arrivals 0 and blocks of one token.

    Optima of subproblems are cached: similar instances share most of their subproblems.

    Attributes:
        capacity: M, tokens.
        prompt_len: s, tokens.
    """

    def __init__(self, capacity: int, prompt_len: int) -> None:
        self.capacity = whole_number("capacity", capacity, 1, "tokens")
        self.prompt_len = whole_number("prompt_len", prompt_len, 1, "tokens")
        self._delays: dict[tuple[Waiting, Running], int] = {}

    def least_total_latency(self, outputs: Sequence[int]) -> int:
        """The least total latency for requests with these output lengths; request·rounds.

        Raises:
            InvalidValue: an output length is not a whole number of at least 1, or its request does
                not fit into the cache.
        """
        for output_len in outputs:
            whole_number("output_len", output_len, 1, "tokens")
            if self.prompt_len + output_len > self.capacity:
                raise InvalidValue(
                    "output_len",
                    output_len,
                    f"with a prompt of {self.prompt_len} it does not fit into a cache of "
                    f"{self.capacity} tokens",
                    f"give at most {self.capacity - self.prompt_len}",
                )
        return sum(outputs) + self._delay(tuple(sorted(outputs)), ())

    def _delay(self, waiting: Waiting, running: Running) -> int:
        """The least sum of the rounds that the waiting requests wait from now on."""
        if not waiting:
            return 0
        known = self._delays.get((waiting, running))
        if known is None:
            known = self._least_delay(waiting, running)
            self._delays[waiting, running] = known
        return known

    def _least_delay(self, waiting: Waiting, running: Running) -> int:
        """The better of starting one more request now, and of starting no other one now."""
        # More than the requests can wait one after another.
        least = len(waiting) * (len(running) + sum(waiting))
        for position, output_len in enumerate(waiting):
            if position and waiting[position - 1] == output_len:
                continue
            together = self._with(running, output_len)
            if together is not None:
                rest = waiting[:position] + waiting[position + 1 :]
                least = min(least, self._delay(rest, together))
                if least == 0:
                    return 0
        # If no request starts, all wait for a round; with an empty cache that is never best.
        if running and len(waiting) < least:
            least = min(least, len(waiting) + self._delay(waiting, running[1:]))
        return least

    def _with(self, running: Running, output_len: int) -> Running | None:
        """The tokens held once one more request starts now; ``None`` if it does not fit."""
        own = range(self.prompt_len + 1, self.prompt_len + output_len + 1)
        both = tuple(map(add, running, own))
        if both and max(both) > self.capacity:
            return None
        return both + running[len(both) :] + tuple(own[len(both) :])


def least_total_latency(capacity: int, prompt_len: int, outputs: Sequence[int]) -> int:
    """The least total latency of one such instance; see :class:`IdenticalPrompts`.

    Raises:
        InvalidValue: a number is not whole and positive, or a request does not fit.
    """
    return IdenticalPrompts(capacity, prompt_len).least_total_latency(outputs)

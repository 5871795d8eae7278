"""Requests and runs as columns of numbers: where objects cost more than the work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from amin_ref.model.request import Request

Numbers = NDArray[np.int64]

COMPLETED = 1
EVICTED = 2
"""How a run ends, as a number. The numbers are in the order of the words, as the runs of a schedule
are: ``"aborted"``, ``"completed"``, ``"evicted"``."""

LONGEST_ARRAY = 2**25
"""The most rounds that are laid out at a time: 256 MiB of 8-byte counts."""

LARGEST_SUM = 2**62
"""Sums stay below it, so that 64 bits suffice."""


@dataclass(frozen=True, slots=True, eq=False)
class RequestColumns:
    """The requests of an instance by position; arrays of shape ``(n,)``.

    Attributes:
        prompts: s; tokens.
        outputs: o; tokens.
        lowers: ℓ; tokens.
        uppers: u; tokens, 0 where unknown.
        arrivals: r; rounds.
    """

    prompts: Numbers
    outputs: Numbers
    lowers: Numbers
    uppers: Numbers
    arrivals: Numbers

    @classmethod
    def of(cls, requests: Sequence[Request]) -> RequestColumns:
        """The columns of these requests."""

        def column(field: str) -> Numbers:
            return np.fromiter(map(attrgetter(field), requests), np.int64, len(requests))

        uppers = (request.upper or 0 for request in requests)
        return cls(
            column("prompt_len"),
            column("output_len"),
            column("lower"),
            np.fromiter(uppers, np.int64, len(requests)),
            column("arrival"),
        )


@dataclass(frozen=True, slots=True, eq=False)
class RunColumns:
    """Runs that start from nothing and generate a token in each round; shapes ``(runs,)``.

    Attributes:
        positions: the request of each run, by its position in the instance.
        starts: the first round.
        stops: the round after the last.
        outcomes: :data:`COMPLETED` or :data:`EVICTED`.
    """

    positions: Numbers
    starts: Numbers
    stops: Numbers
    outcomes: Numbers

    def __len__(self) -> int:
        """How many runs there are."""
        return len(self.starts)

    @property
    def lengths(self) -> Numbers:
        """The rounds of each run, which are its tokens."""
        return self.stops - self.starts

    @property
    def completed(self) -> NDArray[np.bool_]:
        """Whether each run completes its request; otherwise it is evicted."""
        found: NDArray[np.bool_] = self.outcomes == COMPLETED
        return found

    def equal(self, other: RunColumns) -> bool:
        """Whether the columns hold the same numbers."""
        return (
            np.array_equal(self.positions, other.positions)
            and np.array_equal(self.starts, other.starts)
            and np.array_equal(self.stops, other.stops)
            and np.array_equal(self.outcomes, other.outcomes)
        )

    def in_order(self) -> RunColumns:
        """The same runs in the order of a schedule: by start, position, stop and outcome."""
        order = np.lexsort((self.outcomes, self.stops, self.positions, self.starts))
        return RunColumns(
            self.positions[order], self.starts[order], self.stops[order], self.outcomes[order]
        )

    def completions(self, requests: int) -> Numbers:
        """When each request completes, by position; of several times the first; -1 if never."""
        found = np.full(requests, -1, dtype=np.int64)
        completed = np.flatnonzero(self.outcomes == COMPLETED)[::-1]
        # Of several values for one place numpy keeps the last, which is the first run's here.
        found[self.positions[completed]] = self.stops[completed]
        return found


def occupancy(runs: RunColumns, prompts: Numbers, block_size: int) -> Numbers | None:
    """Tokens held in each round up to the last stop, in whole blocks.

    A run of a prompt of s tokens holds ⌈(s + t - start + 1)/B⌉ blocks in round t. With
    s - start + B = q·B + r that is q + ⌊(t + r)/B⌋, so runs are counted by r, and their q added up.
    It takes B steps over all rounds.

    Args:
        runs: the runs.
        prompts: s of each request by position; tokens.
        block_size: B; tokens.

    Returns:
        ``None`` if there are too many rounds, too large blocks or too large numbers for this way.
    """
    rounds = int(runs.stops.max(initial=0))
    own = prompts[runs.positions]
    largest = int(own.max(initial=0)) + rounds + block_size
    if rounds * block_size > LONGEST_ARRAY * 16 or rounds > LONGEST_ARRAY:
        return None
    if largest * (len(runs) + 1) > LARGEST_SUM:
        return None
    quotients, remainders = np.divmod(own - runs.starts + block_size, block_size)
    blocks = _running_sum(runs.starts, runs.stops, quotients, rounds)
    times = np.arange(rounds, dtype=np.int64)
    for remainder in range(block_size):
        chosen = remainders == remainder
        if chosen.any():
            starts, stops = runs.starts[chosen], runs.stops[chosen]
            running = _running_sum(starts, stops, np.ones(len(starts), dtype=np.int64), rounds)
            blocks += running * ((times + remainder) // block_size)
    return blocks * block_size


def _running_sum(starts: Numbers, stops: Numbers, amounts: Numbers, rounds: int) -> Numbers:
    """The sum of the amounts of the runs that run, in each round."""
    changes = np.zeros(rounds + 1, dtype=np.int64)
    np.add.at(changes, starts, amounts)
    np.subtract.at(changes, stops, amounts)
    found: Numbers = np.cumsum(changes[:-1])
    return found

"""The relaxation whose prices give the lower bounds of the exact search.

In it each request j starts in one round t. Three kinds of restriction are priced or kept (proofs:
``proofs_notes/search.md``):

* **capacity rows**, priced: in every round the cache holds at most M tokens;
* **shares**, priced: what requests hold, counted so that it looks ahead to the next completion
  (:class:`oracle.certificate.Share`);
* **sequencing**, kept: the few requests with the largest peaks follow each other at offsets at
  which two of them fit together.

With prices on the first two, the rest is a dynamic programme over subsets of the few large
requests, and a minimum over rounds for each other request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from oracle.certificate import Share
from oracle.search.problem import Problem

Number = TypeVar("Number", np.int64, np.float64)

NEVER = 2**55
"""A reduced cost that stands for "not in this round". 64 of them still fit into 64 bits."""

MOST_SHARE_CELLS = 2**21
"""Most entries of the tables of shares: shares × rounds × the larger of requests and longest
run. They take 16 MiB."""

ONE_PLACE, TWO_PLACES = (0.15, 0.3, 0.45, 0.6, 0.75, 0.9), (0.3, 0.35, 0.4)
"""What one request counts at most in shares of one and of two places, as parts of the capacity.

Fewer than in :mod:`oracle.prices.dual`, since each step of the search pays for them.
"""


@dataclass(frozen=True)
class Prices:
    """Prices of the restrictions, none negative.

    Attributes:
        tokens: price of a token of cache in each round; shape (rounds,).
        shares: price of a counted token in each share; shape (shares, rounds).
    """

    tokens: NDArray[np.float64]
    shares: NDArray[np.float64]


class Rows:
    """The priced restrictions of a problem, one for each round from 0 to ``rounds`` − 1.

    Attributes:
        shares: the shares that are priced, besides the capacity.
        limits: the limit of each share; shape (shares,), tokens.
    """

    def __init__(self, problem: Problem, rounds: int) -> None:
        self.problem = problem
        self.rounds = rounds
        self.output_len = np.array(problem.output_len, dtype=np.int64)
        self.occupancy = np.zeros((problem.size, problem.longest), dtype=np.int64)
        for index, occupancy in enumerate(problem.occupancy):
            self.occupancy[index, : len(occupancy)] = occupancy
        cells = rounds * max(problem.size, problem.longest)
        self.shares = tuple(_shares(problem, MOST_SHARE_CELLS // cells))
        self.limits = np.array([share.limit for share in self.shares], dtype=np.int64)
        self._lead = max((share.lead for share in self.shares), default=0)
        # What request j counts in each share, from as many rounds before its start.
        self._counted = np.zeros(
            (problem.size, len(self.shares), self._lead + problem.longest), dtype=np.int64
        )
        for index, (prompt_len, output_len) in enumerate(
            zip(problem.prompt_len, problem.output_len, strict=True)
        ):
            ages = range(1 - self._lead, output_len + 1)
            for row, share in enumerate(self.shares):
                self._counted[index, row, : len(ages)] = share.counted(
                    problem.instance, prompt_len, output_len, ages
                )

    def no_prices(self) -> Prices:
        """Prices of zero."""
        return Prices(np.zeros(self.rounds), np.zeros((len(self.limits), self.rounds)))

    def prices_from(self, longer: Prices) -> Prices:
        """Prices that were found for more rounds of the problem, cut to these rounds.

        With fewer rounds there is room for more shares; the new ones have a price of 0.
        """
        new = len(self.limits) - len(longer.shares)
        shares = np.pad(longer.shares[:, : self.rounds], ((0, new), (0, 0)))
        return Prices(longer.tokens[: self.rounds], shares)

    def charges(self, tokens: NDArray[Number], shares: NDArray[Number]) -> NDArray[Number]:
        """What request j pays when it starts in round t: shape (n, rounds)."""
        padded = np.concatenate([tokens, np.zeros(self.problem.longest, dtype=tokens.dtype)])
        windows = np.lib.stride_tricks.sliding_window_view(padded, self.problem.longest)
        paid: NDArray[Number] = self.occupancy.astype(tokens.dtype) @ windows[: self.rounds].T
        ages = self._counted.shape[2]
        padded = np.pad(shares, ((0, 0), (self._lead, ages)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, ages, axis=1)
        # One share at a time: on a busy machine the threads of larger products wait for each other.
        for row, price in enumerate(shares):
            if price.any():
                counted = self._counted[:, row].astype(tokens.dtype)
                paid += counted @ windows[row, : self.rounds].T
        return paid

    def income(self, tokens: NDArray[Number], shares: NDArray[Number]) -> Number:
        """Σ price · limit over all restrictions: M Σ tokens + Σ limit · shares."""
        worth: Number = self.problem.capacity * tokens.sum() + self.limits @ shares.sum(axis=1)
        return worth

    def excess(self, starts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """By how much each limit is exceeded when request j starts in round ``starts[j]``."""
        tokens = np.full(self.rounds + self.problem.longest, -self.problem.capacity)
        ages = self._counted.shape[2]
        counted = np.zeros((len(self.limits), self.rounds + ages), dtype=np.int64)
        for index, start in enumerate(starts):
            occupancy = self.problem.occupancy[index]
            tokens[start : start + len(occupancy)] += occupancy
            counted[:, start : start + ages] += self._counted[index]
        within = counted[:, self._lead : self._lead + self.rounds]
        return tokens[: self.rounds], within - self.limits[:, None]


def _shares(problem: Problem, room: int) -> list[Share]:
    """The shares that are priced, at most ``room`` of them."""
    lead = sorted(problem.prompt_len)[problem.size // 2]
    shares = [Share(1, 1, 0, 0, ()), Share(1, 1, 0, lead, ())]
    for places, parts in ((1, ONE_PLACE), (2, TWO_PLACES)):
        most = {round(part * problem.capacity) for part in parts}
        shares += [Share(places, tokens, 0, 0, ()) for tokens in sorted(most) if tokens > 1]
    # The lead may be 0, as the first share's is.
    return list(dict.fromkeys(shares))[:room]


@dataclass(frozen=True)
class Offsets:
    """By how many rounds a request may start after another, with no others in the cache.

    The offsets are 0 … ``close``, and ``apart`` or more. At a close offset the later request starts
    while the earlier one is small, and completes first. At the others the earlier one is about to
    complete.
    """

    close: int
    apart: int

    @classmethod
    def of(cls, problem: Problem, earlier: int, later: int) -> Offsets:
        """The offsets at which ``later`` may follow ``earlier``."""
        length = problem.output_len[earlier]
        fits = [_fit(problem, earlier, later, offset) for offset in range(length)]
        apart = length
        while apart > 0 and fits[apart - 1]:
            apart -= 1
        close = next((offset for offset in range(apart) if not fits[offset]), apart) - 1
        return cls(close, apart)


def _fit(problem: Problem, earlier: int, later: int, offset: int) -> bool:
    last = min(problem.output_len[earlier], offset + problem.output_len[later]) - 1
    held = problem.occupancy[earlier][last] + problem.occupancy[later][last - offset]
    return bool(held <= problem.capacity)


class Sequencing:
    """Least reduced cost of a sequence of all large requests in which neighbours fit together.

    The first ``large`` requests of the problem are large. In order of start, each has to fit
    together with one of its predecessors: the one that *completes last*, but for the rules in
    ``proofs_notes/search.md``. Subsets are bit masks of the requests still to start.

    Args:
        problem: the problem.
        large: number of large requests.
        rounds: rounds in which a request may start.
        members: the large requests; ``None``: the first ones.

    Attributes:
        members: the large requests. Wherever a large request has a number, it is its place here.
    """

    def __init__(
        self, problem: Problem, large: int, rounds: int, members: tuple[int, ...] | None = None
    ) -> None:
        self.large = large
        self.rounds = rounds
        self.members = tuple(range(large)) if members is None else members
        self._offsets = {
            (earlier, later): Offsets.of(problem, self.members[earlier], self.members[later])
            for earlier in range(large)
            for later in range(large)
            if earlier != later
        }
        self._padding = problem.longest + 1
        masks = np.arange(1 << large)
        counts = np.bitwise_count(masks)
        self._having = {
            (count, index): masks[(counts == count) & (masks >> index & 1 == 1)]
            for count in range(1, large + 1)
            for index in range(large)
        }
        self._following = {
            (count, earlier, later): masks[masks >> earlier & 1 == 0]
            for (count, later), masks in self._having.items()
            for earlier in range(large)
            if earlier != later
        }

    def solve(self, reduced: NDArray[Number]) -> Sequences[Number]:
        """Tables for reduced costs of shape (large, rounds)."""
        subsets, padded_rounds = 1 << self.large, self.rounds + self._padding
        padded = np.full((self.large, padded_rounds), NEVER, dtype=reduced.dtype)
        padded[:, : self.rounds] = reduced
        first = np.full((subsets, self.large, padded_rounds), NEVER, dtype=reduced.dtype)
        later = first.copy()
        after = np.full((subsets, self.large, self.rounds), NEVER, dtype=reduced.dtype)
        after[0] = 0
        sequences = Sequences(self, padded, first, later, after)
        inside = self._inside(padded)
        for count in range(1, self.large + 1):
            for index in range(self.large):
                masks = self._having[count, index]
                begun = reduced[index] + after[masks ^ (1 << index), index]
                np.minimum(begun, NEVER, out=begun)
                first[masks, index, : self.rounds] = begun
                later[masks, index] = np.minimum.accumulate(first[masks, index, ::-1], axis=1)[
                    :, ::-1
                ]
            if count < self.large:
                for previous in range(self.large):
                    self._follow(sequences, inside, count, previous)
        return sequences

    def solver(self) -> Callable[[NDArray[np.float64]], Sequences[np.float64]]:
        """As :meth:`solve`; the function may overwrite the last result when it is called again."""
        return self.solve

    def _follow(
        self,
        sequences: Sequences[Number],
        inside: dict[tuple[int, int], NDArray[Number]],
        count: int,
        previous: int,
    ) -> None:
        """Fill ``after[masks, previous]`` for all masks of ``count`` requests but ``previous``."""
        for index in range(self.large):
            if index == previous:
                continue
            masks = self._following[count, previous, index]
            apart = self._offsets[previous, index].apart
            best = np.minimum(
                sequences.after[masks, previous],
                sequences.later[masks, index, apart : apart + self.rounds],
            )
            if (previous, index) in inside:
                rest = sequences.after[masks ^ (1 << index), previous]
                np.minimum(best, inside[previous, index] + rest, out=best)
            sequences.after[masks, previous] = best

    def _inside(self, reduced: NDArray[Number]) -> dict[tuple[int, int], NDArray[Number]]:
        """Least cost of a request that completes before the earlier one, by the earlier's start."""
        return {
            (earlier, later): np.min(
                [reduced[later, offset : offset + self.rounds] for offset in nested], axis=0
            )
            for earlier, later in self._offsets
            if (nested := self.nested(earlier, later))
        }

    def nested(self, previous: int, index: int) -> range:
        """Close offsets: ``index`` completes first, and the next must fit with ``previous``."""
        return range(self._offsets[previous, index].close + 1)

    def apart(self, previous: int, index: int) -> int:
        """The offset from which on ``index`` may follow ``previous``."""
        return self._offsets[previous, index].apart


@dataclass(frozen=True)
class Sequences(Generic[Number]):
    """Tables of :class:`Sequencing`; masks are sets of large requests still to start.

    Attributes:
        sequencing: the sequencing bound that made the tables.
        reduced: cost of starting request j in round t; (large, rounds + padding).
        first: cost of ``mask`` when request j of it is the first to start, in round t;
            (subsets, large, rounds + padding).
        later: the same, in round t or later.
        after: cost of ``mask`` when its first request must fit together with request j, which
            starts in round t; (subsets, large, rounds).
    """

    sequencing: Sequencing
    reduced: NDArray[Number]
    first: NDArray[Number]
    later: NDArray[Number]
    after: NDArray[Number]

    def cheapest(self) -> Number:
        """Least reduced cost of starting all large requests."""
        least: Number = self.later[-1, :, 0].min()
        return least

    def starts(self) -> list[int]:
        """Start rounds of a cheapest sequence of all large requests."""
        starts = [0] * self.sequencing.large
        mask = len(self.first) - 1
        _, index, begin = min(
            (begun.min(), index, int(begun.argmin())) for index, begun in enumerate(self.first[-1])
        )
        starts[index] = begin
        mask ^= 1 << index
        previous = index
        while mask:
            _, index, begin, inside = min(self._next(mask, previous, starts[previous]))
            starts[index] = begin
            mask ^= 1 << index
            previous = previous if inside else index
        return starts

    def _next(
        self, mask: int, previous: int, start: int
    ) -> Iterator[tuple[Number, int, int, bool]]:
        """Of each request that may come next: cost, index, start, whether it completes first."""
        for index in range(self.sequencing.large):
            if not mask >> index & 1:
                continue
            begun = self.first[mask, index]
            begin = start + self.sequencing.apart(previous, index)
            begin += int(begun[begin:].argmin())
            yield begun[begin], index, begin, False
            rest = self.after[mask ^ (1 << index), previous, start]
            for offset in self.sequencing.nested(previous, index):
                begin = start + offset
                yield self.reduced[index, begin] + rest, index, begin, True

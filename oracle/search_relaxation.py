"""The relaxation whose prices bound the exact search's nodes (proofs: ``proofs_notes/search.md``).

Time-indexed: request j starts in one round t. Three kinds of restriction are kept or priced:

* **capacity rows**, priced: in every round the cache holds at most M tokens;
* **core rows**, priced: of the requests whose peak is at least P, at most m are in their *core*
  in one round, the core being the rounds in which m times the occupancy exceeds M − P;
* **sequencing**, kept: the few requests with the largest peaks follow each other at offsets at
  which two of them fit together.

With prices on the rows what is left is a dynamic programme over subsets of the few large requests,
and a minimum over rounds for each of the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from oracle.search_problem import Problem

Number = TypeVar("Number", np.int64, np.float64)

NEVER = 2**55
"""A reduced cost that stands for "not in this round". 64 of them still fit into 64 bits."""

MOST_CORE_CELLS = 2**21
"""Prices of core rows are summed for at most so many pairs of family and start."""

MOST_CORES = 3
"""Core rows are made for m = 1 … this many requests at a time."""


@dataclass(frozen=True)
class Prices:
    """Lagrange multipliers, none negative.

    Attributes:
        tokens: price of a token of cache in each round; shape (rounds,).
        cores: price of a place in each core row; shape (families, rounds).
    """

    tokens: NDArray[np.float64]
    cores: NDArray[np.float64]

    def until(self, rounds: int) -> Prices:
        """The prices of the first ``rounds`` rounds."""
        return Prices(self.tokens[:rounds], self.cores[:, :rounds])


class Rows:
    """The priced rows of a problem in rounds 0 to ``rounds`` − 1."""

    def __init__(self, problem: Problem, rounds: int) -> None:
        self.problem = problem
        self.rounds = rounds
        self.output_len = np.array(problem.output_len, dtype=np.int64)
        self.occupancy = np.zeros((problem.size, problem.longest), dtype=np.int64)
        for index, occupancy in enumerate(problem.occupancy):
            self.occupancy[index, : len(occupancy)] = occupancy
        places, ages = _core_families(problem, MOST_CORE_CELLS // (rounds * problem.size))
        self.places = np.array(places, dtype=np.int64)
        self.first_ages = np.array(ages, dtype=np.int64).reshape(-1, problem.size)
        # Who has a core in which family, in the order of requests.
        self._member, self._family = np.nonzero((self.first_ages < self.output_len).T)
        self._paying, self._paying_from = np.unique(self._member, return_index=True)
        # A core's rounds are t + first age … t + o − 1; outside the horizon nothing is priced.
        row = (self._family * (rounds + 1))[:, None]
        first_ages = self.first_ages[self._family, self._member][:, None]
        begins = np.arange(rounds) + first_ages
        stops = np.arange(rounds) + self.output_len[self._member][:, None]
        self._begins = row + np.minimum(begins, rounds)
        self._stops = row + np.minimum(stops, rounds)

    def no_prices(self) -> Prices:
        """Prices of zero."""
        return Prices(np.zeros(self.rounds), np.zeros((len(self.places), self.rounds)))

    def charges(self, tokens: NDArray[Number], cores: NDArray[Number]) -> NDArray[Number]:
        """What request j pays when it starts in round t: shape (n, rounds)."""
        padded = np.concatenate([tokens, np.zeros(self.problem.longest, dtype=tokens.dtype)])
        windows = np.lib.stride_tricks.sliding_window_view(padded, self.problem.longest)
        paid: NDArray[Number] = self.occupancy.astype(tokens.dtype) @ windows[: self.rounds].T
        sums = np.zeros((len(self.places), self.rounds + 1), dtype=tokens.dtype)
        np.cumsum(cores, axis=1, out=sums[:, 1:])
        if len(self._member):
            flat = sums.ravel()
            each = flat.take(self._stops) - flat.take(self._begins)
            paid[self._paying] += np.add.reduceat(each, self._paying_from, axis=0)
        return paid

    def income(self, tokens: NDArray[Number], cores: NDArray[Number]) -> Number:
        """What the rows' right-hand sides are worth: M Σ tokens + Σ m cores."""
        worth: Number = self.problem.capacity * tokens.sum() + self.places @ cores.sum(axis=1)
        return worth

    def excess(self, starts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """By how much each row is exceeded when request j starts in round ``starts[j]``."""
        tokens = np.full(self.rounds + self.problem.longest, -self.problem.capacity)
        cores = np.zeros((len(self.places), self.rounds + 1), dtype=np.int64)
        for index, start in enumerate(starts):
            occupancy = self.problem.occupancy[index]
            tokens[start : start + len(occupancy)] += occupancy
        begins = starts[self._member] + self.first_ages[self._family, self._member]
        stops = starts[self._member] + self.output_len[self._member]
        np.add.at(cores, (self._family, np.minimum(begins, self.rounds)), 1)
        np.add.at(cores, (self._family, np.minimum(stops, self.rounds)), -1)
        held = np.cumsum(cores, axis=1)[:, :-1] - self.places[:, None]
        return tokens[: self.rounds], held


def _core_families(problem: Problem, room: int) -> tuple[list[int], list[list[int]]]:
    """(m, first age of each request's core) of each family of core rows; o where it has none.

    At most about ``room`` families, of evenly spread peaks.
    """
    peaks = sorted(set(problem.peak))
    stride = -(-len(peaks) * MOST_CORES // room) if room else len(peaks) + 1
    places: list[int] = []
    first_ages: list[list[int]] = []
    for least_peak in peaks[stride - 1 :: stride]:
        for most in range(1, MOST_CORES + 1):
            ages = [
                int(np.searchsorted(occupancy * most, problem.capacity - least_peak, side="right"))
                if peak >= least_peak
                else len(occupancy)
                for occupancy, peak in zip(problem.occupancy, problem.peak, strict=True)
            ]
            members = sum(age < out for age, out in zip(ages, problem.output_len, strict=True))
            if members > most:
                places.append(most)
                first_ages.append(ages)
    return places, first_ages


@dataclass(frozen=True)
class Offsets:
    """By how many rounds a request may start after another, the two alone in the cache.

    The offsets are 0 … ``close`` and ``apart`` or more. At the close ones the later request starts
    while the earlier is small and is over before it; at the others the earlier is nearly over.
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
    """Least reduced cost of starting a set of large requests, two by two compatible in sequence.

    The first ``large`` requests of the problem, in order of start: each is compatible with one
    among its predecessors, as a rule the one that *completes last*. Subsets are bit masks of
    requests still to start.
    """

    def __init__(self, problem: Problem, large: int, rounds: int) -> None:
        self.large = large
        self.rounds = rounds
        self._offsets = {
            (earlier, later): Offsets.of(problem, earlier, later)
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

    def _follow(
        self,
        sequences: Sequences[Number],
        inside: dict[tuple[int, int], NDArray[Number]],
        count: int,
        previous: int,
    ) -> None:
        """Fill ``after[masks, previous]`` for all masks of ``count`` requests without it."""
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
        """Least cost of a request that is over before the earlier one, by the earlier's start."""
        return {
            (earlier, later): np.min(
                [reduced[later, offset : offset + self.rounds] for offset in nested], axis=0
            )
            for earlier, later in self._offsets
            if (nested := self.nested(earlier, later))
        }

    def nested(self, previous: int, index: int) -> range:
        """Close offsets: ``index`` is over first, and ``previous`` restricts what follows."""
        return range(self._offsets[previous, index].close + 1)

    def apart(self, previous: int, index: int) -> int:
        """The offset from which on ``index`` may follow ``previous``."""
        return self._offsets[previous, index].apart


@dataclass(frozen=True)
class Sequences(Generic[Number]):
    """Tables of :class:`Sequencing`; masks are sets of large requests still to start.

    Attributes:
        sequencing: what they are tables of.
        reduced: cost of starting request j in round t; (large, rounds + padding).
        first: cost of ``mask`` when request j of it is the first to start, in round t;
            (subsets, large, rounds + padding).
        later: the same, in round t or later.
        after: cost of ``mask`` when what comes next must be compatible with request j, started in
            round t; (subsets, large, rounds).
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
        """(cost, request, its start, completes before ``previous``) of what may come next."""
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

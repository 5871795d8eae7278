"""Lower bounds for the nodes of the exact search, in exact integer arithmetic.

Prices are found in floating point and then rounded to whole multiples of 1/``unit``. Everything
that the search compares is a whole multiple of 1/``unit``, so no bound rests on a rounded float.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from oracle.deadline import ShouldStop
from oracle.search.problem import Problem
from oracle.search.relaxation import NEVER, Prices, Rows, Sequencing

MOST_LARGE = 8
"""Most requests in the sequencing bound: its tables have 2**large rows, and one solution takes as
much longer."""

LARGEST_TABLE = 2**22
"""Most numbers in one table of the sequencing bound: 32 MiB."""

TABULATED = 8
"""Requests whose sums over subsets are tabulated together: 256 sums are read from the cache."""

LEAST_PROGRESS = 1e-4
"""Gain of the bound, as a share of the best schedule's cost, below which a step counts as idle.

At 10 and 16 requests 1e-5 gives the same bounds and 1e-3 bounds within 0.2 %; with 1e-2 steps get
short too soon, and bounds are up to 1 % worse.
"""

FAR_BELOW = 0.04
"""How far below the best bound Polyak's step assumes the present bound at most, as a share of the
best schedule's cost: far below it, his step would be far too long. At 10 and 16 requests no limit
at all gives the same bounds, and 0.005 bounds that differ by 0.3 % to either side."""

FINEST_UNIT, LARGEST_SUM = 2.0**24, 2.0**50
"""Prices are rounded to multiples of 2**-24 at the finest, and so that the sum of all charges stays
below 2**50: sums with :data:`oracle.search.relaxation.NEVER` then fit in 64 bits."""


@dataclass(frozen=True)
class Ascent:
    """How prices are improved: a deflected subgradient method with Polyak's step.

    Attributes:
        steps: most steps.
        patience: idle steps after which the share of Polyak's step is shortened.
        scale: the share of Polyak's step that is taken at first.
        shrink: the factor by which it is shortened.
        deflection: weight of the newest subgradient in the direction; the rest keeps the old one.
        least_scale: the share at which the method ends.

    The defaults of the last three are usual values; they were not tuned.
    """

    steps: int
    patience: int
    scale: float = 1.0
    shrink: float = 0.75
    deflection: float = 0.3
    least_scale: float = 1e-3


INDEPENDENT = Ascent(steps=200, patience=10)
"""Without sequences. Fewer steps make the search longer (``proofs_notes/oracle.md``)."""

SEQUENCED = Ascent(steps=60, patience=3)
"""With sequences, where a step takes many times as long; it begins from good prices."""

ANEW = Ascent(steps=20, patience=3, scale=0.5)
"""For one partial schedule, from prices that were good for another. At 16 requests 30 or 60 steps
did not make the search shorter (``proofs_notes/oracle.md``)."""


def ascend(
    rows: Rows,
    sequencing: Sequencing | None,
    prices: Prices,
    upper: int,
    ascent: Ascent,
    should_stop: ShouldStop,
    costs: NDArray[np.int64] | None = None,
) -> Prices:
    """The prices with the best bound among all steps; never worse than the given prices.

    Args:
        rows: the priced restrictions.
        sequencing: the sequencing bound for the large requests; ``None``: without it.
        prices: where to begin.
        upper: cost of the best schedule.
        ascent: how prices are improved.
        should_stop: called in every step; ``True`` ends the ascent.
        costs: cost of starting request j in round t, shape (n, rounds), ``NEVER`` where it must not
            start; ``None``: :func:`plain_costs`.
    """
    problem = rows.problem
    base = (plain_costs(rows) if costs is None else costs).astype(np.float64)
    capacity, limits = problem.capacity, rows.limits[:, None]
    tokens, shares = prices.tokens, prices.shares
    best, best_bound = prices, -np.inf
    direction_tokens: NDArray[np.float64] | None = None
    direction_shares = np.zeros_like(shares)
    scale, idle = ascent.scale, 0
    solve = None if sequencing is None else sequencing.solver()
    members = np.array(() if sequencing is None else sequencing.members, dtype=np.int64)
    others = np.setdiff1d(np.arange(problem.size), members)
    for _ in range(ascent.steps):
        reduced = base + rows.charges(tokens, shares)
        starts = reduced.argmin(axis=1)
        bound = -float(rows.income(tokens, shares))
        if solve is not None:
            sequences = solve(reduced[members])
            starts[members] = sequences.starts()
            bound += float(sequences.cheapest())
        bound += float(reduced[others].min(axis=1).sum())
        if bound > best_bound:
            idle = 0 if bound > best_bound + LEAST_PROGRESS * upper else idle + 1
            best, best_bound = Prices(tokens, shares), bound
        else:
            idle += 1
        if idle > ascent.patience:
            scale, idle = scale * ascent.shrink, 0
        if best_bound > upper - 1 or scale < ascent.least_scale or should_stop():
            break
        over_tokens, over_shares = rows.excess(starts)
        # Excess is measured as a share of each restriction's limit.
        part_tokens, part_shares = over_tokens / capacity, over_shares / limits
        if direction_tokens is None:
            direction_tokens, direction_shares = part_tokens, part_shares
        keep = 1 - ascent.deflection
        direction_tokens = ascent.deflection * part_tokens + keep * direction_tokens
        direction_shares = ascent.deflection * part_shares + keep * direction_shares
        squares = max(
            _squares(direction_tokens, tokens) + _squares(direction_shares, shares),
            _squares(part_tokens, tokens) + _squares(part_shares, shares),
        )
        if squares == 0.0:
            break
        missing = upper - max(bound, best_bound - FAR_BELOW * upper)
        step = scale * missing / squares
        tokens = np.maximum(0.0, tokens + step * direction_tokens / capacity)
        shares = np.maximum(0.0, shares + step * direction_shares / limits)
    return best


def _squares(direction: NDArray[np.float64], prices: NDArray[np.float64]) -> float:
    free = (prices > 0) | (direction > 0)
    return float((direction[free] ** 2).sum())


def plain_costs(rows: Rows) -> NDArray[np.int64]:
    """Latency of request j when it starts in round t; shape (n, rounds).

    ``NEVER`` before the arrival, and where the run would end after the last round.
    """
    arrival = np.array(rows.problem.arrival, dtype=np.int64)[:, None]
    start = np.arange(rows.rounds)
    stop = start + rows.output_len[:, None]
    allowed = (start >= arrival) & (stop <= rows.rounds)
    return np.where(allowed, stop - arrival, NEVER)


def large_requests(problem: Problem, rounds: int) -> int:
    """Number of requests in the sequencing bound: those whose peak exceeds half the cache.

    Fewer where the tables would be too large, and 0 instead of 1.
    """
    count = sum(2 * peak > problem.capacity for peak in problem.peak)
    count = min(count, MOST_LARGE)
    while count > 0 and (count << count) * (rounds + problem.longest + 1) > LARGEST_TABLE:
        count -= 1
    return count if count > 1 else 0


class Pricing(NamedTuple):
    """The restrictions, the sequencing bound and the prices that bounds are computed from."""

    rows: Rows
    sequencing: Sequencing | None
    prices: Prices


@dataclass(frozen=True)
class NodeBounds:
    """Lower bounds on the cost of partial schedules, as whole multiples of 1/``unit``.

    A partial schedule that has started the requests j at t_j and starts no other before round t
    costs at least constant + Σ reduced[j, t_j] + the least reduced cost of the others from t on.

    Attributes:
        made_from: what they were computed from.
        unit: bounds are multiples of 1/``unit`` request·rounds.
        large: number of requests in the sequencing bound; they are the first ones.
        constant: minus Σ price · limit over the priced restrictions.
        reduced: reduced cost of starting request j in round t; (n, rounds).
        later: the least reduced cost in round t or later; (n, rounds + longest output + 1).
        sequence: cost of the large requests not in the mask when request j of them is the first
            to start, in round t or later; (subsets, large, rounds + longest output + 1).
    """

    made_from: Pricing
    unit: int
    large: int
    constant: int
    reduced: NDArray[np.int64]
    later: NDArray[np.int64]
    sequence: NDArray[np.int64]

    @classmethod
    def of(cls, rows: Rows, sequencing: Sequencing | None, prices: Prices) -> NodeBounds:
        """The bounds that the rounded prices prove."""
        unit = _unit(rows, prices)
        if unit < 1:
            prices, unit = rows.no_prices(), 1
        return cls._in_units(rows, sequencing, prices, unit)

    @classmethod
    def _in_units(
        cls, rows: Rows, sequencing: Sequencing | None, prices: Prices, unit: int
    ) -> NodeBounds:
        tokens = np.rint(prices.tokens * unit).astype(np.int64)
        shares = np.rint(prices.shares * unit).astype(np.int64)
        plain = plain_costs(rows)
        reduced = np.where(plain < NEVER, plain * unit + rows.charges(tokens, shares), NEVER)
        padding = np.full((len(reduced), rows.problem.longest + 1), NEVER)
        later = np.concatenate([reduced, padding], axis=1)
        later = np.minimum.accumulate(later[:, ::-1], axis=1)[:, ::-1]
        large, sequence = 0, np.zeros((1, 0, later.shape[1]), dtype=np.int64)
        if sequencing is not None:
            large = sequencing.large
            # Tables are indexed by the requests still to start, the search's masks by the others.
            sequence = sequencing.solve(reduced[:large]).later[::-1]
        income = int(rows.income(tokens, shares))
        made_from = Pricing(rows, sequencing, prices)
        sequence = np.ascontiguousarray(sequence)
        return cls(made_from, unit, large, -income, reduced, later, sequence)

    def anew(
        self, starts: NDArray[np.int64], now: int, upper: int, should_stop: ShouldStop
    ) -> NodeBounds:
        """Bounds with prices that are good for one partial schedule in round ``now``.

        They hold for every other partial schedule, too, and have the same unit.

        Args:
            starts: the round in which each request has started, negative if it has not.
            now: the other requests start in this round at the earliest.
            upper: cost of the best schedule.
            should_stop: called in every step; ``True`` ends the ascent.
        """
        rows, sequencing, prices = self.made_from
        rounds = np.arange(rows.rounds)
        possible = np.where(starts[:, None] < 0, rounds >= now, rounds == starts[:, None])
        costs = np.where(possible, plain_costs(rows), NEVER)
        waiting = _among_waiting(rows, sequencing, starts)
        prices = ascend(rows, waiting, prices, upper, ANEW, should_stop, costs)
        if _unit(rows, prices) < self.unit:
            return self
        return self._in_units(rows, sequencing, prices, self.unit)

    def with_sequencing(self, kind: type[Sequencing]) -> NodeBounds:
        """The same bounds; from now on tables of sequences are made by this class."""
        rows, sequencing, prices = self.made_from
        if sequencing is None or isinstance(sequencing, kind):
            return self
        other = kind(rows.problem, sequencing.large, sequencing.rounds)
        return replace(self, made_from=Pricing(rows, other, prices))

    def of_started(self, starts: NDArray[np.int64]) -> NDArray[np.int64]:
        """The constant plus reduced costs of the started requests; ``starts`` is (n, states)."""
        total = np.full(starts.shape[1], self.constant)
        for row, rounds in zip(self.reduced, starts, strict=True):
            total += np.where(rounds < 0, 0, row[rounds])
        return total

    @cached_property
    def sequence_from(self) -> NDArray[np.int64]:
        """Cost of the large requests not in the mask, from round t on; (subsets, …)."""
        least = np.zeros((len(self.sequence), self.later.shape[1]), dtype=np.int64)
        least[:-1] = self.sequence[:-1].min(axis=1, initial=NEVER)
        return least

    @property
    def rounds(self) -> int:
        """Rounds in which a request may start."""
        return int(self.reduced.shape[1])

    @cached_property
    def root(self) -> int:
        """The lower bound for the whole problem."""
        small = int(self.later[self.large :, 0].sum())
        return self.constant + int(self.sequence_from[0, 0]) + small

    def whole(self, bound: int) -> int:
        """The least whole number of request·rounds that is not below ``bound``."""
        return -(-bound // self.unit)

    def at(self, start: int) -> Rest:
        """The bounds for requests that start in round ``start`` or later."""
        tables = []
        for first in range(self.large, len(self.later), TABULATED):
            sums = np.zeros(1, dtype=np.int64)
            for later in self.later[first : first + TABULATED, start]:
                sums = np.concatenate([sums + later, sums])
            tables.append(sums)
        return Rest(self.large, self.sequence_from[:, start], tuple(tables))

    def last_useful(self, limit: int, output_len: NDArray[np.int64]) -> int:
        """A round by which every schedule that costs at most ``limit`` is over.

        Only for bounds without sequencing.
        """
        spare = limit * self.unit - self.root
        useful = self.reduced - self.later[:, :1] <= spare
        stops = np.arange(self.rounds) + output_len[:, None]
        return int((useful * stops).max(initial=1))


@dataclass(frozen=True)
class Rest:
    """Lower bounds on the cost of all requests that are not in a mask, from one round on."""

    large: int
    sequence: NDArray[np.int64]
    groups: tuple[NDArray[np.int64], ...]

    def of(self, placed: NDArray[np.int64]) -> NDArray[np.int64]:
        """The bound for each mask of started requests."""
        total: NDArray[np.int64] = self.sequence[placed & ((1 << self.large) - 1)]
        shift = self.large
        for sums in self.groups:
            total = total + sums[(placed >> shift) & (len(sums) - 1)]
            shift += TABULATED
        return total


def _among_waiting(
    rows: Rows, sequencing: Sequencing | None, starts: NDArray[np.int64]
) -> Sequencing | None:
    """The sequencing bound for the large requests that have not started."""
    if sequencing is None:
        return None
    waiting = tuple(index for index in sequencing.members if starts[index] < 0)
    if len(waiting) < 2:
        return None
    return type(sequencing)(rows.problem, len(waiting), sequencing.rounds, waiting)


def _unit(rows: Rows, prices: Prices) -> int:
    """The unit for these prices: as fine as 64 bits allow, and at most ``FINEST_UNIT``."""
    largest = float(rows.charges(prices.tokens, prices.shares).max(initial=0.0))
    largest += rows.rounds + float(rows.income(prices.tokens, prices.shares))
    parts = LARGEST_SUM / (max(1.0, largest) * max(1, rows.problem.size))
    return int(min(FINEST_UNIT, parts))

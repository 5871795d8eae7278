"""The exact optimum where evicted requests keep their tokens: a search over token vectors.

On a machine with ``after_eviction="resume"`` all that counts at the start of a round is the vector
of the tokens that each request has generated. *Progress dominates* (lemma R1 in
``proofs_notes/theorems/optimum_resume.md``): a vector that is nowhere smaller costs no more from
there on. So in each round only maximal sets of requests are tried, and a vector is dropped when
another one is nowhere smaller and has cost no more.

The search goes round by round. What a vector costs at least from a round on is bounded with prices
λ of cache: Σ_i of the least that request i costs with its tokens to come, minus M' · Σ λ of the
rounds to come (T21 for the rest of the schedule). All of it is in whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amin_ref.model.errors import InvalidValue
from amin_ref.model.instance import Instance
from amin_ref.model.schedule import Schedule
from oracle.certificate import Certificate
from oracle.deadline import Deadline, ShouldStop
from oracle.starts.token_rounds import (
    TokenRounds,
    held_by_token,
    latency_of_tokens,
    schedule_from_tokens,
    tokens_of,
)

UNITS = 2**20
"""What a request·round counts as: prices are rounded to multiples of 1/UNITS, which is 1e-6."""

MOST_CELLS = 2**24
"""Most entries of the tables of costs to go, 128 MiB; a larger instance is not searched."""

MOST_STATES = 2**21
"""Most vectors of all rounds together, which are kept to trace the schedule back: about 1 GiB."""

DOMINATORS = 64
"""Vectors of a round, those with the least bounds, with which all others of it are compared."""

LARGEST_SUM = 2**62
"""Below it, the sums of prices of all requests are exact in 64-bit integers."""

Vectors = NDArray[np.int64]


@dataclass(frozen=True)
class VectorSearchResult:
    """What a search over token vectors found and proved.

    Attributes:
        schedule: the best schedule known.
        lower_bound: no schedule has a smaller total latency; request·rounds.
        exhausted: whether the search is complete, so that ``schedule`` is optimal.
        states: vectors that were extended.
    """

    schedule: Schedule
    lower_bound: int
    exhausted: bool
    states: int


def search_token_vectors(
    instance: Instance,
    warm_start: Schedule,
    *,
    certificate: Certificate | None = None,
    time_limit: float = 60.0,
    should_stop: ShouldStop | None = None,
) -> VectorSearchResult:
    """The optimum of an instance whose evicted requests resume, or bounds when time runs out.

    Args:
        instance: its machine has ``after_eviction="resume"``; limits of the machine are ignored.
        warm_start: a valid schedule of the instance; only better ones are sought.
        certificate: its prices make the bounds; ``None``: no prices.
        time_limit: seconds; finite, 0 or more.
        should_stop: called now and then; the search ends after ``True``.

    Raises:
        InvalidValue: the machine restarts evicted requests, the time limit is not a finite number
            of seconds, or ``warm_start`` is of another instance or not valid.
    """
    if instance.machine.after_eviction != "resume":
        raise InvalidValue(
            "instance: machine",
            instance.machine,
            "the search over token vectors is for machines that resume evicted requests",
            "give after_eviction='resume', or call oracle.optimum",
        )
    deadline = Deadline.after(time_limit, should_stop)
    rounds = tokens_of(instance, warm_start, "warm_start")
    return _Search(instance, rounds, _prices(instance, certificate), deadline).run()


def _last_round(instance: Instance) -> int:
    """A round by which every optimal schedule is over: max r + Σ o, as no round idles (R1)."""
    last = max((request.arrival for request in instance.requests), default=0)
    return last + sum(request.output_len for request in instance.requests)


def _prices(instance: Instance, certificate: Certificate | None) -> dict[int, int]:
    """The certificate's price of each round, in UNITS; rounds without a price are left out.

    There are none where a sum of prices would leave the range of 64-bit integers: any prices, and
    so none at all, make a bound.
    """
    if certificate is None:
        return {}
    found = {
        round_: multiplier * UNITS // certificate.denominator
        for stretch in certificate.stretches
        for round_, multiplier in enumerate(stretch.multipliers, start=stretch.first_round)
    }
    requests = len(instance.requests) + 1
    return found if sum(found.values()) * instance.capacity * requests < LARGEST_SUM else {}


@dataclass(frozen=True)
class _Layer:
    """All vectors at the start of a round that may still lead to a better schedule.

    Attributes:
        vectors: tokens generated by each request: shape ``(states, n)``.
        cost: rounds that requests have spent so far; request·rounds.
        parent: the row of the round before from which each was reached.
        bound: a lower bound on the total latency, in UNITS.
    """

    vectors: Vectors
    cost: Vectors
    parent: Vectors
    bound: Vectors

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> _Layer:
        return _Layer(self.vectors[rows], self.cost[rows], self.parent[rows], self.bound[rows])


class _Search:
    """One search: the layers so far, and the best schedule."""

    def __init__(
        self,
        instance: Instance,
        rounds: TokenRounds,
        prices: dict[int, int],
        deadline: Deadline,
    ) -> None:
        self._instance = instance
        self._deadline = deadline
        self._best: TokenRounds = rounds
        self._least = latency_of_tokens(instance, rounds)
        # Requests of one kind stand side by side, so that their tokens can be kept descending.
        requests = instance.requests
        self._kinds = [(one.arrival, one.prompt_len, one.output_len) for one in requests]
        self._order = sorted(range(len(requests)), key=self._kinds.__getitem__)
        self._requests = [requests[position] for position in self._order]
        self._kinds.sort()
        self._held = [held_by_token(instance, one).tolist() for one in self._requests]
        self._room = instance.capacity // instance.block_size * instance.block_size
        self._first = min((one.arrival for one in requests), default=0)
        self._priced = prices
        self._states = 0

    def run(self) -> VectorSearchResult:
        """The whole search."""
        last = _last_round(self._instance)
        cells = (last - self._first + 1) * sum(len(own) + 1 for own in self._held)
        trivial = sum(one.output_len for one in self._requests)
        if cells > MOST_CELLS or self._least == trivial:
            return self._result(trivial)
        self._to_go = self._tables(last)
        layers = [self._layer([(0,) * len(self._requests)], [0], [0], self._first)]
        kept = 1
        while len(layers[-1].cost):
            now = self._first + len(layers) - 1
            following = self._extended(layers, now)
            if following is None or kept > MOST_STATES:
                least = int(layers[-1].bound.min())
                return self._result(max(trivial, -(-least // UNITS)))
            kept += len(following.cost)
            layers.append(following)
        return self._result(self._least)

    def _result(self, bound: int) -> VectorSearchResult:
        bound = min(bound, self._least)
        schedule = schedule_from_tokens(self._instance, self._best)
        return VectorSearchResult(schedule, bound, bound == self._least, self._states)

    def _tables(self, last: int) -> list[Vectors]:
        """For each request, the least that it costs from a round on, with so many tokens; UNITS.

        Entry [a, t - first] counts the rounds from max(t, r) to completion and the prices of the
        tokens after a. The last table is M' times the prices to come, with one row.
        """
        rounds = last - self._first
        price = np.array([self._priced.get(self._first + t, 0) for t in range(rounds)], np.int64)
        found: list[Vectors] = []
        for request, held in zip(self._requests, self._held, strict=True):
            table = np.zeros((len(held) + 1, rounds + 1), np.int64)
            # After the last round tokens cost nothing but their rounds.
            table[:, rounds] = UNITS * (len(held) - np.arange(len(held) + 1))
            own = np.array(held, np.int64)
            for t in range(rounds - 1, -1, -1):
                table[:, t] = table[:, t + 1]
                if self._first + t >= request.arrival:
                    run = table[1:, t + 1] + price[t] * own
                    table[:-1, t] = UNITS + np.minimum(table[:-1, t + 1], run)
            found.append(table)
        coming = np.zeros((1, rounds + 1), np.int64)
        coming[0, :rounds] = self._room * np.cumsum(price[::-1])[::-1]
        return [*found, coming]

    def _layer(
        self, vectors: Sequence[tuple[int, ...]], cost: list[int], parent: list[int], now: int
    ) -> _Layer:
        """The vectors of a round with their bounds, without those that cannot be better."""
        rows = np.array(vectors, np.int64).reshape(len(vectors), len(self._requests))
        costs = np.array(cost, np.int64)
        t = now - self._first
        bound = costs * UNITS - self._to_go[-1][0, t]
        for column, table in enumerate(self._to_go[:-1]):
            bound = bound + table[rows[:, column], t]
        layer = _Layer(rows, costs, np.array(parent, np.int64), bound)
        return _without_dominated(layer.take(bound <= (self._least - 1) * UNITS))

    def _extended(self, layers: list[_Layer], now: int) -> _Layer | None:
        """The next round's vectors; ``None`` when the time is over."""
        layer = layers[-1]
        found: dict[tuple[int, ...], tuple[int, int]] = {}
        for row, (vector, cost) in enumerate(
            zip(layer.vectors.tolist(), layer.cost.tolist(), strict=True)
        ):
            if row % DOMINATORS == 0 and self._deadline.passed:
                return None
            self._states += 1
            present = [
                index
                for index, one in enumerate(self._requests)
                if one.arrival <= now and vector[index] < one.output_len
            ]
            spent = cost + len(present)
            for chosen in self._maximal_sets(vector, present):
                after = list(vector)
                for index in chosen:
                    after[index] += 1
                key = self._in_order(after)
                if all(done == len(own) for done, own in zip(key, self._held, strict=True)):
                    if spent < self._least:
                        self._least = spent
                        self._best = self._traced(layers, row, key)
                elif key not in found or spent < found[key][0]:
                    found[key] = (spent, row)
        return self._layer(
            list(found),
            [cost for cost, _ in found.values()],
            [row for _, row in found.values()],
            now + 1,
        )

    def _in_order(self, vector: list[int]) -> tuple[int, ...]:
        """The vector with the tokens of requests of one kind in descending order.

        Requests of one kind are interchangeable. Where one vector becomes another in a round, so
        do the ordered ones place by place: each place gains the same 0 or 1, and as many requests
        as before generate their a-th token, for each a.
        """
        first = 0
        while first < len(vector):
            end = first + 1
            while end < len(vector) and self._kinds[end] == self._kinds[first]:
                end += 1
            if end > first + 1:
                vector[first:end] = sorted(vector[first:end], reverse=True)
            first = end
        return tuple(vector)

    def _maximal_sets(self, vector: list[int], present: list[int]) -> Iterator[list[int]]:
        """Every set of requests that fits, and to which no other can be added.

        Of requests of one kind with equal tokens, the first ones are taken.
        """
        needs = [(self._held[index][vector[index]], index) for index in present]
        # The kind is part of the key, so that interchangeable requests are neighbours.
        needs.sort(key=lambda need: (-need[0], self._kinds[need[1]], vector[need[1]], need[1]))
        twin = [False] + [
            self._kinds[needs[place - 1][1]] == self._kinds[needs[place][1]]
            and vector[needs[place - 1][1]] == vector[needs[place][1]]
            for place in range(1, len(needs))
        ]
        rest = [0] * (len(needs) + 1)
        for place in range(len(needs) - 1, -1, -1):
            rest[place] = rest[place + 1] + needs[place][0]
        # Place, room left, the least need left out, whether the one before was left out, the set.
        stack: list[tuple[int, int, int, bool, list[int]]] = [
            (0, self._room, self._room + 1, False, [])
        ]
        while stack:
            place, room, left_out, skipped, chosen = stack.pop()
            must_skip = skipped and place < len(needs) and twin[place]
            if not must_skip and rest[place] <= room:
                if left_out > room - rest[place]:
                    yield chosen + [index for _, index in needs[place:]]
                continue
            if place == len(needs):
                if left_out > room:
                    yield chosen
                continue
            need, index = needs[place]
            stack.append((place + 1, room, min(left_out, need), True, chosen))
            if need <= room and not must_skip:
                stack.append((place + 1, room - need, left_out, False, [*chosen, index]))

    def _traced(
        self, layers: list[_Layer], row: int, last: tuple[int, ...]
    ) -> tuple[tuple[int, ...], ...]:
        """The token rounds, in the order of the instance, that lead to ``last`` through ``row``."""
        vectors = [last]
        for layer in reversed(layers):
            vectors.append(tuple(layer.vectors[row].tolist()))
            row = int(layer.parent[row])
        vectors.reverse()
        rounds: list[tuple[int, ...]] = [()] * len(last)
        for place, position in enumerate(self._order):
            rounds[position] = tuple(
                self._first + step
                for step in range(len(vectors) - 1)
                if vectors[step + 1][place] > vectors[step][place]
            )
        return tuple(rounds)


def _without_dominated(layer: _Layer) -> _Layer:
    """The layer in order of its bounds, without vectors that a better one dominates (R1)."""
    layer = layer.take(np.argsort(layer.bound, kind="stable"))
    dominated = np.zeros(len(layer.cost), dtype=bool)
    for row in range(min(DOMINATORS, len(layer.cost))):
        if not dominated[row]:
            nowhere_larger = (layer.vectors[row + 1 :] <= layer.vectors[row]).all(axis=1)
            dominated[row + 1 :] |= nowhere_larger & (layer.cost[row + 1 :] >= layer.cost[row])
    return layer.take(~dominated)

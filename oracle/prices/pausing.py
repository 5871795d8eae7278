"""The dual function where evicted requests keep their tokens, and its gradient.

There the bound is a sum of minima over the rounds r ≤ t_1 < … < t_o in which a request generates
its tokens (T21 in ``proofs_notes/theorems/optimum_resume.md``). The dynamic programme of
:mod:`oracle.cheapest_rounds` gives each minimum for one request after the other; here it runs for
all requests at once, round by round, because numpy is fast on long rows only. The row has the least
price of the first a tokens of each request, ordered by arrival, so that the requests to which a
round matters are a slice of it. A second pass, from the last round to the first, follows the
choices of the first: it gives the rounds of the cheapest sequences, and so the gradient.

Only the minimum over the round of the last token is smoothed. Floating point is good enough:
:func:`oracle.certificate.verify` recomputes exactly what prices prove.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amin_ref.model.blocks import occupied_by_round
from amin_ref.model.instance import Instance
from oracle.prices.dual import NEGLIGIBLE, Evaluation, Floats, Rounds
from oracle.starts.parts import BusyPeriod

UNREACHED = 1e30
"""The price of tokens that cannot have been generated yet: above every price, and in range."""

SMOOTHED_ROUNDS = 3
"""Temperatures by which a last token may cost more than running at once and still be considered:
beyond, it weighs less than exp(−3) of that run, which itself is seldom among the cheapest."""


@dataclass(frozen=True)
class _Visited:
    """A round of the first pass, as the second pass needs it.

    Attributes:
        entries: the slice of the row to which the round matters.
        kinds: the slice of the kinds of requests to which it matters.
        generated: for each entry, in bits, whether its last token is generated in this round.
        costs: delay plus price of each of these kinds if it completes with this round.
    """

    entries: slice[int, int, None]
    kinds: slice[int, int, None]
    generated: NDArray[np.uint8]
    costs: Floats


class PausingDual:
    """The Lagrangian bound of one busy period whose requests keep their tokens.

    Attributes:
        rounds: rounds of the busy period.
        capacity: in whole blocks; tokens.
        entries: length of the row: tokens of each prompt and arrival.
    """

    def __init__(self, instance: Instance, period: BusyPeriod) -> None:
        self.rounds = period.rounds
        block = instance.block_size
        self.capacity = instance.capacity // block * block
        kinds = Counter(
            (
                request.arrival - period.first_round,
                instance.machine.held(request.prompt_len),
                request.output_len,
            )
            for request in period.requests
        )
        outputs: dict[tuple[int, int], list[int]] = {}
        for arrival, stored, output_len in sorted(kinds):
            outputs.setdefault((arrival, stored), []).append(output_len)
        # Groups of one prompt and arrival share a part of the row: tokens 0 … longest − 1.
        self._longest = np.array([found[-1] for found in outputs.values()], dtype=np.int64)
        self._first = np.concatenate(([0], np.cumsum(self._longest)))
        self.entries = int(self._first[-1])
        self._arrival = np.array([arrival for arrival, _ in outputs], dtype=np.int64)
        self._held_by_group = [
            occupied_by_round(stored, int(longest), block).astype(np.float64)
            for (_, stored), longest in zip(outputs, self._longest, strict=True)
        ]
        every = np.concatenate(self._held_by_group)
        # Entry a of a group has a tokens; the last of them held occ(a).
        self._held = np.concatenate(([0.0], every[:-1]))
        self._held[self._first[:-1]] = 0.0
        # The kinds, group by group: the entry with all tokens but the last, and what that holds.
        of_group = np.array([len(found) for found in outputs.values()], dtype=np.int64)
        self._kinds_before = np.concatenate(([0], np.cumsum(of_group)))
        self._group = np.repeat(np.arange(len(outputs)), of_group)
        self._output_len = np.array([o for found in outputs.values() for o in found])
        self._count = np.array([kinds[kind] for kind in sorted(kinds)], dtype=np.float64)
        self._last = self._first[self._group] + self._output_len - 1
        self._last_held = every[self._last]

    def evaluate(self, prices: Floats, temperature: float) -> Evaluation:
        """The bound at these prices of a token, one for each round.

        Args:
            prices: λ of each round.
            temperature: μ, in rounds: the minimum over the round of the last token is smoothed to
                −μ·log Σ exp(−cost/μ).
        """
        until = self._until(prices, temperature)
        row = np.full(self.entries, UNREACHED)
        row[self._first[:-1]] = 0.0
        visited = self._forwards(prices, until, row)
        late, late_entry = self._after_the_prices(until, row)
        least = late.copy()
        for each in visited.values():
            np.minimum(least[each.kinds], each.costs, out=least[each.kinds])
        total = np.exp((least - late) / temperature)
        for each in visited.values():
            some = each.kinds
            total[some] += np.exp((least[some] - each.costs) / temperature)
        worth = self.capacity * float(prices.sum())
        gradient = self._backwards(visited, least, total, temperature, (late, late_entry))
        return Evaluation(
            value=float(self._count @ least) - worth,
            smoothed=float(self._count @ (least - temperature * np.log(total))) - worth,
            gradient=gradient - self.capacity,
        )

    def cells(self, prices: Floats) -> int:
        """Entries of the row that the rounds matter to, summed over the rounds; at least that."""
        windows = self._until(prices, 0.0) - self._arrival
        return int(windows @ self._longest)

    def _until(self, prices: Floats, temperature: float) -> Rounds:
        """For each group, the round from which on no cheapest sequence completes."""
        found = np.zeros(len(self._arrival), dtype=np.int64)
        for group, held in enumerate(self._held_by_group):
            arrival = int(self._arrival[group])
            paid = prices[arrival : arrival + len(held)]
            found[group] = arrival + len(held) + float(paid @ held[: len(paid)]) + 1
        return np.minimum(found + int(SMOOTHED_ROUNDS * temperature), self.rounds)

    def _forwards(self, prices: Floats, until: Rounds, row: Floats) -> dict[int, _Visited]:
        """Fill the row round by round; what each round has chosen."""
        visited: dict[int, _Visited] = {}
        arrived = np.searchsorted(self._arrival, np.arange(self.rounds), side="right").tolist()
        since = self._arrival[self._group] - 1
        ends = until[self._group]
        low = 0
        for now, high in enumerate(arrived):
            while low < high and until[low] <= now:
                low += 1
            if low == high:
                continue
            entries = slice(int(self._first[low]), int(self._first[high]))
            kinds = slice(int(self._kinds_before[low]), int(self._kinds_before[high]))
            costs = row[self._last[kinds]] + prices[now] * self._last_held[kinds]
            costs += now - since[kinds]
            costs[ends[kinds] <= now] = UNREACHED
            part = row[entries]
            with_token = prices[now] * self._held[entries]
            with_token[1:] += part[:-1]
            with_token[0] = UNREACHED
            generated = np.packbits(with_token < part)
            np.minimum(part, with_token, out=part)
            visited[now] = _Visited(entries, kinds, generated, costs)
        return visited

    def _after_the_prices(self, until: Rounds, row: Floats) -> tuple[Floats, Rounds]:
        """For each kind, the least cost of completing after all priced rounds, and from where.

        A request with k tokens by then completes o − k rounds later.
        """
        costs = np.full(len(self._last), UNREACHED)
        entry = self._last.copy()
        for kind in np.flatnonzero(until[self._group] >= self.rounds):
            first, last = int(self._first[self._group[kind]]), int(self._last[kind])
            left = np.arange(self._output_len[kind], 0, -1)
            price = row[first : last + 1] + left
            best = int(price.argmin())
            entry[kind] = first + best
            costs[kind] = price[best] + self.rounds - self._arrival[self._group[kind]]
        return costs, entry

    def _backwards(
        self,
        visited: dict[int, _Visited],
        least: Floats,
        total: Floats,
        temperature: float,
        late: tuple[Floats, Rounds],
    ) -> Floats:
        """Tokens held in each round by the cheapest sequences, averaged by weight."""
        gradient = np.zeros(self.rounds)
        share = self._count / total

        def weighed(costs: Floats, some: slice[int, int, None] | slice[None]) -> Floats:
            """The weights of these completions, without those that make no difference.

            Among them are numbers so small that processors take a hundred times as long for each.
            """
            weights: Floats = np.exp((least[some] - costs) / temperature)
            weights[weights < NEGLIGIBLE] = 0.0
            return share[some] * weights

        # How many requests have these tokens, and no more, at the start of the round, in the
        # average by weight; and where that is not zero, which is at few entries.
        weight = np.zeros(self.entries)
        present = np.zeros(self.entries, dtype=np.bool_)
        np.add.at(weight, late[1], weighed(late[0], slice(None)))
        present[late[1]] = True
        for now in reversed(visited):
            each = visited[now]
            some = each.kinds
            entry = np.flatnonzero(present[each.entries])
            bits = each.generated[entry >> 3] >> (7 - (entry & 7)) & 1
            entry = entry[bits == 1] + each.entries.start
            moved = weight[entry]
            weight[entry] = 0.0
            present[entry] = False
            weight[entry - 1] += moved
            present[entry - 1] = True
            completed = weighed(each.costs, some)
            gradient[now] = moved @ self._held[entry] + completed @ self._last_held[some]
            weight[self._last[some]] += completed
            present[self._last[some]] |= completed > 0
        return gradient

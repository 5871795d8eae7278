"""The dual function: the Lagrangian bound as a function of the prices, and its gradient.

The bound of specification section 5 is a concave function of the prices λ: a sum of minima, one
for every request, over its possible start rounds. Here each minimum is smoothed, so that the bound
has a gradient. Floating point is good enough: :func:`oracle.certificate.verify` recomputes exactly
what prices prove.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from amin_ref.model.instance import Instance
from oracle.certificate import Share, keeps_tokens
from oracle.starts.parts import BusyPeriod

Floats = NDArray[np.float64]
Rounds = NDArray[np.int64]

NEGLIGIBLE = 1e-6
"""Start rounds with less than this share of the weight are left out of the gradient, which saves
most of its work."""

ENTRIES_AT_ONCE = 2**17
"""Costs that are computed together: 1 MiB of floats stays in the processor's cache."""

MOST_SHARED = 2**19
"""Kinds times rounds up to which shares are priced: with more, a Fourier transform for each share
takes longer than its price is worth."""

FEW_AT_ONCE = 6
"""Shares are priced where the cache holds at most 6 requests of the median peak. Where it holds
more, shares add little to prices of tokens."""

ONE_PLACE = tuple(k / 10 for k in range(1, 10))
"""What one request counts at most in shares of one place, as parts of the capacity.

With tenths instead of quarters the gap at 50 requests was 4.0 instead of 4.6 %
(``proofs_notes/oracle.md``).
"""

TWO_PLACES = (0.25, 0.3, 0.35, 0.4, 0.45)
"""The same for shares of two places, which took the gap from 4.0 to 3.9 %."""

FURTHER_PARTS, FURTHER_LEADS = (0.1, 0.2, 0.3, 0.4, 0.5), (1, 2, 3, 5)
"""Parts of the capacity and leads of further shares of one place, which gain another 0.2 %."""

MOST_DELAYS = 1024
"""Most delays among which likely start rounds are sought: finer ones hardly differ in cost."""


@dataclass(frozen=True)
class Evaluation:
    """The Lagrangian bound at some prices.

    Attributes:
        value: the bound, with each minimum over the start rounds evaluated. Over all start rounds,
            and without rounding errors, a certificate proves it. Request·rounds.
        smoothed: the same with each minimum smoothed; never above ``value``.
        gradient: of ``smoothed``, by each price; shape as the prices.
    """

    value: float
    smoothed: float
    gradient: Floats


class Dual:
    """The Lagrangian bound of one busy period as a function of its prices.

    Prices have one row for tokens of cache and one for each of the ``shares``; a column is a round.
    Costs have one row for each kind of request and one column for each delay after its arrival. As
    in :mod:`oracle.certificate`, the price of a run is a sum of four entries of two tables:
    ``onwards``, the price of one token from a round to the end, and ``rising``, the price of one
    token more every block_size rounds. Prices of shares are correlated with what a run counts in
    each of its rounds, by fast Fourier transforms.

    Args:
        instance: gives capacity and block size.
        period: the requests.
        more_shares: whether further shares may have a price, after the others.

    Attributes:
        rounds: rounds of the busy period.
        shares: the shares that may have a price, without multipliers.
        limits: the capacity in whole blocks, and the limit of each share; tokens.
    """

    def __init__(
        self, instance: Instance, period: BusyPeriod, *, more_shares: bool = False
    ) -> None:
        of_request = [
            (
                instance.machine.held(request.prompt_len),
                request.output_len,
                request.arrival - period.first_round,
            )
            for request in period.requests
        ]
        kinds = Counter(of_request)
        position = {kind: row for row, kind in enumerate(kinds)}
        self.kind_of_request = np.array([position[kind] for kind in of_request])
        # In whole blocks: no schedule holds more (T10 (c)).
        self.capacity = instance.capacity // instance.block_size * instance.block_size
        self.block_size = instance.block_size
        self.rounds = period.rounds
        self.count = np.array(list(kinds.values()), dtype=np.float64)
        prompt_len, self.output_len, self.arrival = np.array(list(kinds), dtype=np.int64).T
        block = self.block_size
        self.before = -(-(prompt_len + 1) // block)
        self.after = -(-(prompt_len + self.output_len) // block)
        self.growing_from = self._within(self.arrival + self.before * block - prompt_len)
        self.growing_until = self._within(self.arrival + self.after * block - prompt_len)
        self.done = self._within(self.arrival + self.output_len)
        self.shares = [] if keeps_tokens(instance) else self._useful_shares(prompt_len)
        if more_shares:
            self.shares += self._further_shares()
        self.limits = np.array(
            [self.capacity, *(share.limit for share in self.shares)], dtype=np.float64
        )
        self._lead = max((share.lead for share in self.shares), default=0)
        longest = int(self.output_len.max())
        self._padded = 1 << (self._lead + longest + self.rounds + 1).bit_length()
        counted = np.zeros((len(kinds), len(self.shares), self._lead + longest))
        for row, (prompt, output, _) in enumerate(kinds):
            ages = range(1 - self._lead, output + 1)
            for column, share in enumerate(self.shares):
                counted[row, column, : len(ages)] = share.counted(instance, prompt, output, ages)
        self._counts = counted
        self._counted = np.fft.rfft(counted, self._padded)

    def _useful_shares(self, prompt_len: Rounds) -> list[Share]:
        """The shares that may have a price: none where kinds are too many or requests small."""
        median_peak = float(np.median(self.block_size * self.after))
        few = self.capacity <= FEW_AT_ONCE * median_peak
        if not few or len(self.count) * self.rounds > MOST_SHARED:
            return []
        # Shares that allow one request at a time (m = d = 1), without lead and with leads at the
        # 0th, 50th and 100th percentile of the prompt lengths.
        leads = np.unique(np.quantile(prompt_len, (0.0, 0.5, 1.0)).astype(np.int64)).tolist()
        shares = [Share(1, 1, 0, lead, ()) for lead in (0, *leads)]
        for places, parts in ((1, ONE_PLACE), (2, TWO_PLACES)):
            most = np.rint(np.multiply(parts, self.capacity)).astype(np.int64)
            shares += [
                Share(places, tokens, 0, 0, ()) for tokens in np.unique(most).tolist() if tokens > 1
            ]
        return shares

    def _further_shares(self) -> list[Share]:
        """Shares that may have a price besides: of one place, with leads."""
        most = np.rint(np.multiply(FURTHER_PARTS, self.capacity)).astype(np.int64)
        sizes = [tokens for tokens in np.unique(most).tolist() if tokens > 1]
        return [Share(1, tokens, 0, lead, ()) for tokens in sizes for lead in FURTHER_LEADS]

    def _within(self, rounds: Rounds) -> Rounds:
        """Rounds, with every round past the end replaced by the end: no price differs there."""
        return np.minimum(rounds, self.rounds)

    def evaluate(self, prices: Floats, step: int, temperature: float) -> Evaluation:
        """The bound at these prices, over delays that are multiples of ``step``.

        Args:
            prices: a row for tokens and one for each share, a column for each round.
            step: rounds between two delays.
            temperature: μ, in rounds: each minimum is smoothed to −μ·log Σ exp(−cost/μ).
        """
        rounds, block = self.rounds, self.block_size
        delays = np.arange(0, rounds + 1, step)
        value = smoothed = -float(self.limits @ prices.sum(axis=1))
        gradient = np.empty_like(prices)
        to_onwards, to_rising = np.zeros(2 * rounds + 1), np.zeros(2 * rounds + 1)
        for first, costs in self._costs(prices, delays):
            some = slice(first, first + len(costs))
            count, output_len = self.count[some], self.output_len[some]
            least, weights = _softened(costs, temperature)
            total = weights.sum(axis=1)
            value += float(count @ (least + output_len))
            smoothed += float(count @ (least + output_len - temperature * np.log(total)))
            # Each start round has a weight, and the gradient is the occupancy averaged by weight.
            # Most weights are negligible.
            kind, column = np.nonzero(weights > NEGLIGIBLE * total[:, None])
            weight = weights[kind, column] * (count / total)[kind]
            if self.shares:
                gradient[1:] = self._pull_on_shares(kind, delays[column], weight)
            kind, delay = kind + first, delays[column]
            scatter(to_onwards, self.arrival[kind] + delay, weight * self.before[kind])
            scatter(to_onwards, self.done[kind] + delay, -weight * self.after[kind])
            scatter(to_rising, self.growing_from[kind] + delay, weight)
            scatter(to_rising, self.growing_until[kind] + delay, -weight)
        to_onwards[:rounds] += sums_from_the_start(to_rising[:rounds], block)
        gradient[0] = block * sums_from_the_start(to_onwards[:rounds], 1)
        return Evaluation(value, smoothed, gradient - self.limits[:, None])

    def _paid_for_shares(self, prices: Floats, delays: Rounds) -> Floats:
        """What a request of each kind pays for shares at each delay."""
        spectrum = np.fft.rfft(np.pad(prices, ((0, 0), (self._lead, 0))), self._padded)
        # The conjugate of a product, because ``_counted`` is large: tens of megabytes.
        product = np.conj(np.einsum("ksf,sf->kf", self._counted, np.conj(spectrum)))
        paid = np.fft.irfft(product, self._padded)
        starts = self._within(self.arrival[:, None] + delays)
        return np.take_along_axis(paid, starts, axis=1)

    def _pull_on_shares(self, kind: Rounds, delay: Rounds, weight: Floats) -> Floats:
        """What starts with these weights count in each share and round."""
        rows = len(self.count)
        at = kind * self._padded + self._within(self.arrival[kind] + delay)
        started = np.bincount(at, weight, rows * self._padded).reshape(rows, self._padded)
        spectrum = np.einsum("ksf,kf->sf", self._counted, np.fft.rfft(started))
        taken: Floats = np.fft.irfft(spectrum, self._padded)
        return taken[:, self._lead : self._lead + self.rounds]

    def likely_starts(self, prices: Floats, temperature: float, size: int) -> Rounds:
        """Good start rounds at these prices: a row of ``size`` for each request of the period.

        They are quantiles of the distribution in which a start round has the weight
        exp(−cost/temperature). Rounds since the first round of the period, ascending in each row.
        """
        delays = np.arange(0, self.rounds + 1, -(-self.rounds // MOST_DELAYS))
        found = np.zeros((len(self.count), size), dtype=np.int64)
        levels = (np.arange(size) + 0.5) / size
        for first, costs in self._costs(prices, delays):
            _, weights = _softened(costs, temperature)
            below = np.cumsum(weights, axis=1)
            for kind, row in enumerate(below, start=first):
                columns = np.searchsorted(row, levels * row[-1])
                found[kind] = self.arrival[kind] + delays[columns]
        starts: Rounds = found[self.kind_of_request]
        return starts

    def _costs(self, prices: Floats, delays: Rounds) -> Iterator[tuple[int, Floats]]:
        """Delay plus price of every start round, for some kinds at a time.

        Yields the position of the first of these kinds, and a row of costs for each of them.
        """
        onwards = sums_to_the_end(np.append(prices[0], 0.0), 1)
        rising = sums_to_the_end(onwards, self.block_size)
        price_from = _by_delay(self.block_size * onwards, delays)
        rising_from = _by_delay(self.block_size * rising, delays)
        paid = self._paid_for_shares(prices[1:], delays) if self.shares else None
        # With shares, the costs of all kinds are computed at once.
        rows = max(1, ENTRIES_AT_ONCE // len(delays)) if paid is None else len(self.count)
        for first in range(0, len(self.count), rows):
            some = slice(first, first + rows)
            costs = price_from[self.arrival[some]] * self.before[some, None]
            costs -= price_from[self.done[some]] * self.after[some, None]
            costs += rising_from[self.growing_from[some]]
            costs -= rising_from[self.growing_until[some]]
            if paid is not None:
                costs += paid
            costs += delays
            yield first, costs


def _by_delay(sums: Floats, delays: Rounds) -> Floats:
    """A view whose row t has the sums at t + delay, for each delay; zero past the end."""
    padded = np.concatenate((sums, np.zeros(int(delays[-1]))))
    return sliding_window_view(padded, int(delays[-1]) + 1)[:, :: int(delays[1])]


def _softened(costs: Floats, temperature: float) -> tuple[Floats, Floats]:
    """The least cost of each row, and the weights exp(−(cost − least)/temperature).

    The weights are written over the costs.
    """
    least = costs.min(axis=1)
    np.subtract(least[:, None], costs, out=costs)
    costs *= 1 / temperature
    return least, np.exp(costs, out=costs)


def scatter(sums: Floats, at: Rounds, values: Floats) -> None:
    """Add each value to the sum at its place, in place; a place may occur several times."""
    sums += np.bincount(at, values, len(sums))


def sums_to_the_end(values: Floats, step: int) -> Floats:
    """values[t] + values[t + step] + values[t + 2·step] + … for every t."""
    return sums_from_the_start(values[::-1], step)[::-1]


def sums_from_the_start(values: Floats, step: int) -> Floats:
    """values[t] + values[t − step] + values[t − 2·step] + … for every t."""
    step = min(step, len(values))
    filled = np.zeros(-(-len(values) // step) * step)
    filled[: len(values)] = values
    sums: Floats = np.cumsum(filled.reshape(-1, step), axis=0).ravel()[: len(values)]
    return sums

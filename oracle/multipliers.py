"""Finding the prices of a certificate: ascent on the Lagrangian dual, smoothed and coarse to fine.

The bound of specification section 5 is a concave function of the prices λ: a sum of minima, one
for every request, over its possible starts. Plain subgradient steps crawl on it, as each minimum
jumps from start to start. Two remedies make thousands of requests a matter of a second:

* **Smoothing.** Each minimum is replaced by −μ·log Σ exp(−cost/μ), which is never above it and has
  a gradient that quasi-Newton steps (L-BFGS, projected on λ ≥ 0) can follow. The *temperature* μ,
  in rounds, falls from level to level.
* **Coarse to fine.** Prices are first piecewise linear between a few knots, and starts are looked
  at every few rounds only. Each level doubles the knots, down to one price a round.

Nothing here has to be exact: :func:`oracle.certificate.verify` works out what the prices prove.
"""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from amin_ref.errors import InvalidValue
from amin_ref.instance import Instance
from amin_ref.request import Request
from oracle.certificate import Certificate, Stretch
from oracle.placement import FreeCapacity

Floats = NDArray[np.float64]
Rounds = NDArray[np.int64]

FIRST_KNOTS = 16
STARTS_PER_KNOT = 4
COLDEST = 0.005
"""Temperature, in rounds, below which smoothing costs less than is lost by rounding up."""
NEGLIGIBLE = 1e-6
"""Share of a request's starts that is left out of the gradient."""
ENTRIES_AT_ONCE = 2**17
"""Costs worked out in one go; they should stay in the processor's cache."""
CURVATURE_PAIRS = 12


def lower_bound(
    instance: Instance,
    time_limit: float = 10.0,
    progress: Callable[[float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Certificate:
    """Prices whose bound on OPT is near the best that any prices prove (specification, section 5).

    Args:
        instance: what is to be bounded.
        time_limit: seconds after which the best prices so far are returned; 0 or more. With 0
            they are all zero. Preparation and rounding are not counted; they are quick.
        progress: called now and then with the bound as it stands; an estimate, in request·rounds,
            until :func:`oracle.certificate.verify` has worked it out exactly.
        stop: asked now and then; when it says True, the best prices so far are returned.

    Raises:
        InvalidValue: ``time_limit`` is negative or not a number.
    """
    if not time_limit >= 0:
        raise InvalidValue(
            "time_limit", time_limit, "it must be a number of seconds, 0 or more", "give 10.0"
        )
    deadline = time.monotonic() + time_limit
    crowds = [crowd for crowd in _crowds(instance) if crowd.waiting.any()]
    work = [len(crowd.requests) * crowd.rounds for crowd in crowds]
    # Without any price, every request counts with its output length.
    settled = float(sum(request.output_len for request in instance.requests))
    prices: list[Floats] = []
    for index, crowd in enumerate(crowds):
        now = time.monotonic()
        share = (deadline - now) * work[index] / sum(work[index:])
        search = _Search(instance, crowd, now + share, stop)
        unpriced = sum(request.output_len for request in crowd.requests)
        search.run(progress, settled - unpriced)
        prices.append(search.prices)
        settled += search.value - unpriced
    return _rounded(instance, crowds, prices)


@dataclass(frozen=True)
class _Crowd:
    """Requests that keep the cache from running empty when served in order of arrival.

    Attributes:
        first_round: the first arrival.
        requests: in order of arrival.
        waiting: how many have arrived but not started, in every round from ``first_round`` until
            the last one is done.
    """

    first_round: int
    requests: tuple[Request, ...]
    waiting: Rounds

    @property
    def rounds(self) -> int:
        return len(self.waiting)


def _crowds(instance: Instance) -> list[_Crowd]:
    """The instance, cut wherever a schedule in order of arrival leaves the cache empty."""
    crowds: list[_Crowd] = []
    requests: list[Request] = []
    starts: list[int] = []
    free = FreeCapacity(instance, 0)
    for request in sorted(instance.requests, key=lambda request: request.arrival):
        if requests and request.arrival >= free.end:
            crowds.append(_crowd(free, requests, starts))
            requests, starts = [], []
        if not requests:
            free = FreeCapacity(instance, request.arrival)
        start = free.earliest_start(request, request.arrival)
        free.place(request, start)
        requests.append(request)
        starts.append(start)
    if requests:
        crowds.append(_crowd(free, requests, starts))
    return crowds


def _crowd(free: FreeCapacity, requests: Sequence[Request], starts: Sequence[int]) -> _Crowd:
    changes = np.zeros(free.end - free.first_round, dtype=np.int64)
    for request, start in zip(requests, starts, strict=True):
        changes[request.arrival - free.first_round] += 1
        changes[start - free.first_round] -= 1
    return _Crowd(free.first_round, tuple(requests), np.cumsum(changes))


def _rounded(instance: Instance, crowds: Sequence[_Crowd], prices: Sequence[Floats]) -> Certificate:
    """The prices as integers, fine enough to change the bound by less than one request·round."""
    held = sum(r.output_len * (r.prompt_len + r.output_len) for r in instance.requests)
    held += instance.capacity * sum(crowd.rounds for crowd in crowds)
    largest = max((float(price.max()) for price in prices), default=0.0)
    bits = min(held.bit_length() + 1, 52 - math.ceil(math.log2(max(1.0, largest))))
    denominator = 2 ** max(0, bits)
    stretches = [
        Stretch(crowd.first_round, tuple(np.rint(price * denominator).astype(np.int64).tolist()))
        for crowd, price in zip(crowds, prices, strict=True)
        if price.any()
    ]
    return Certificate(instance, denominator, tuple(stretches))


class _Search:
    """The ascent for one crowd; ``prices`` and ``value`` are the best it has so far."""

    def __init__(
        self,
        instance: Instance,
        crowd: _Crowd,
        deadline: float,
        stop: Callable[[], bool] | None,
    ) -> None:
        self.dual = _Dual(instance, crowd)
        self.deadline = deadline
        self.stop = stop
        self.waiting = crowd.waiting.astype(np.float64)
        self.prices: Floats = np.zeros(crowd.rounds)
        self.value = float(sum(request.output_len for request in crowd.requests))

    def finished(self) -> bool:
        return time.monotonic() >= self.deadline or (self.stop is not None and self.stop())

    def run(self, progress: Callable[[float], None] | None, elsewhere: float) -> None:
        """Climb from level to level until the time is up or nothing is left to gain.

        ``elsewhere`` is what the other requests add to the bound that ``progress`` is told.
        """
        rounds = len(self.prices)
        capacity = self.dual.capacity
        knots = _Knots(rounds, min(FIRST_KNOTS, rounds))
        # With one more token of cache in round τ, everybody who waits would gain about 1/M of a
        # round: that is what the token is worth. `values` are M times the prices at the knots.
        values = knots.sampled(self.waiting)
        temperature = 2.0 * rounds
        while temperature > COLDEST and not self.finished():
            spacing = rounds / knots.count
            temperature = min(spacing / 8, temperature / 2)
            step = max(1, int(spacing / STARTS_PER_KNOT))

            def smoothed(
                values: Floats,
                knots: _Knots = knots,
                step: int = step,
                temperature: float = temperature,
            ) -> tuple[float, Floats]:
                prices = knots.spread(values) / capacity
                found = self.dual.evaluate(prices, step, temperature)
                if progress is not None:
                    progress(elsewhere + found.value)
                return found.smoothed, knots.gathered(found.gradient) / capacity

            tolerance = 1e-5 if knots.count < rounds else 1e-7
            first_move = 0.05 * float(values.max(initial=1.0))
            values = _climbed(smoothed, values, first_move, tolerance, self.finished)
            self._keep(knots.spread(values) / capacity, step)
            finer = _Knots(rounds, min(2 * knots.count, rounds))
            values, knots = finer.sampled(knots.spread(values)), finer

    def _keep(self, prices: Floats, step: int) -> None:
        value = self.dual.evaluate(prices, step, COLDEST).value
        if value > self.value:
            self.prices, self.value = prices, value


@dataclass(frozen=True)
class _Evaluation:
    """The Lagrangian bound at some prices.

    Attributes:
        value: the bound over the starts looked at; without rounding errors, and over all starts,
            what a certificate proves.
        smoothed: the same with every minimum smoothed; never above ``value``.
        gradient: of ``smoothed``, by the price of each round.
    """

    value: float
    smoothed: float
    gradient: Floats


class _Dual:
    """The Lagrangian bound of one crowd as a function of its prices.

    Costs are laid out as one row for each kind of request and one column for each delay after its
    arrival. As in :mod:`oracle.certificate`, the price of a run is made of four looks at two
    running sums: ``onwards``, the price of one token from a round to the end, and ``rising``, of
    one more every block_size rounds.
    """

    def __init__(self, instance: Instance, crowd: _Crowd) -> None:
        kinds = Counter(
            (request.prompt_len, request.output_len, request.arrival - crowd.first_round)
            for request in crowd.requests
        )
        self.capacity = instance.capacity
        self.block_size = instance.block_size
        self.rounds = crowd.rounds
        self.count = np.array(list(kinds.values()), dtype=np.float64)
        prompt_len, self.output_len, self.arrival = np.array(list(kinds), dtype=np.int64).T
        block = self.block_size
        self.before = -(-(prompt_len + 1) // block)
        self.after = -(-(prompt_len + self.output_len) // block)
        self.growing_from = self._within(self.arrival + self.before * block - prompt_len)
        self.growing_until = self._within(self.arrival + self.after * block - prompt_len)
        self.done = self._within(self.arrival + self.output_len)

    def _within(self, rounds: Rounds) -> Rounds:
        """All rounds past the end are alike: nothing has a price there."""
        return np.minimum(rounds, self.rounds)

    def evaluate(self, prices: Floats, step: int, temperature: float) -> _Evaluation:
        """The bound over delays that are multiples of ``step``."""
        rounds, block = self.rounds, self.block_size
        delays = np.arange(0, rounds + 1, step)
        onwards = _sums_to_the_end(np.append(prices, 0.0), 1)
        rising = _sums_to_the_end(onwards, block)
        price_from = self._by_delay(block * onwards, delays)
        rising_from = self._by_delay(block * rising, delays)
        value = smoothed = -self.capacity * float(prices.sum())
        to_onwards, to_rising = np.zeros(2 * rounds + 1), np.zeros(2 * rounds + 1)
        rows = max(1, ENTRIES_AT_ONCE // len(delays))
        for first in range(0, len(self.count), rows):
            some = slice(first, first + rows)
            count, output_len = self.count[some], self.output_len[some]
            costs = price_from[self.arrival[some]] * self.before[some, None]
            costs -= price_from[self.done[some]] * self.after[some, None]
            costs += rising_from[self.growing_from[some]]
            costs -= rising_from[self.growing_until[some]]
            costs += delays
            least = costs.min(axis=1)
            np.subtract(least[:, None], costs, out=costs)
            costs *= 1 / temperature
            shares = np.exp(costs, out=costs)
            total = shares.sum(axis=1)
            value += float(count @ (least + output_len))
            smoothed += float(count @ (least + output_len - temperature * np.log(total)))
            # A start with share p of the kind's requests pulls on the sums that its cost is
            # made of; most shares are next to nothing.
            kind, column = np.nonzero(shares > NEGLIGIBLE * total[:, None])
            weight = shares[kind, column] * (count / total)[kind]
            kind, delay = kind + first, delays[column]
            _scatter(to_onwards, self.arrival[kind] + delay, weight * self.before[kind])
            _scatter(to_onwards, self.done[kind] + delay, -weight * self.after[kind])
            _scatter(to_rising, self.growing_from[kind] + delay, weight)
            _scatter(to_rising, self.growing_until[kind] + delay, -weight)
        to_onwards[:rounds] += _sums_from_the_start(to_rising[:rounds], block)
        held = block * _sums_from_the_start(to_onwards[:rounds], 1)
        return _Evaluation(value, smoothed, held - self.capacity)

    def _by_delay(self, sums: Floats, delays: Rounds) -> Floats:
        """A view whose row t holds the sums at t + delay, zero past the end."""
        padded = np.concatenate((sums, np.zeros(int(delays[-1]))))
        step = int(delays[1]) if len(delays) > 1 else 1
        return sliding_window_view(padded, int(delays[-1]) + 1)[:, ::step]


def _scatter(sums: Floats, at: Rounds, values: Floats) -> None:
    sums += np.bincount(at, values, len(sums))


def _sums_to_the_end(values: Floats, step: int) -> Floats:
    """values[t] + values[t + step] + values[t + 2·step] + … for every t."""
    return _sums_from_the_start(values[::-1], step)[::-1]


def _sums_from_the_start(values: Floats, step: int) -> Floats:
    """values[t] + values[t − step] + values[t − 2·step] + … for every t."""
    step = min(step, len(values))
    filled = np.zeros(-(-len(values) // step) * step)
    filled[: len(values)] = values
    sums: Floats = np.cumsum(filled.reshape(-1, step), axis=0).ravel()[: len(values)]
    return sums


class _Knots:
    """Prices that are straight lines between ``count`` equal parts of the rounds.

    With as many knots as rounds there is simply one price for each round.
    """

    def __init__(self, rounds: int, count: int) -> None:
        self.rounds = rounds
        self.count = count
        position = (np.arange(rounds) + 0.5) * count / rounds
        self._left = np.minimum(position.astype(np.int64), count - 1)
        self._right_weight = position - self._left

    def sampled(self, prices: Floats) -> Floats:
        """The values at the knots of given prices."""
        if self.count == self.rounds:
            return prices.copy()
        at = np.linspace(0, self.rounds, self.count + 1)
        return np.interp(at, np.arange(self.rounds) + 0.5, prices)

    def spread(self, values: Floats) -> Floats:
        """The price of every round."""
        if self.count == self.rounds:
            return values
        left, right = values[self._left], values[self._left + 1]
        prices: Floats = left + self._right_weight * (right - left)
        return prices

    def gathered(self, gradient: Floats) -> Floats:
        """The gradient by the values at the knots, from the one by the price of each round."""
        if self.count == self.rounds:
            return gradient
        gathered = np.zeros(self.count + 1)
        _scatter(gathered, self._left, gradient * (1 - self._right_weight))
        _scatter(gathered, self._left + 1, gradient * self._right_weight)
        return gathered


def _climbed(
    function: Callable[[Floats], tuple[float, Floats]],
    point: Floats,
    first_move: float,
    tolerance: float,
    finished: Callable[[], bool],
) -> Floats:
    """Where a concave function of values ≥ 0 is near its largest: projected L-BFGS.

    Args:
        function: gives value and gradient.
        point: where to begin.
        first_move: how far the first step changes a value at most.
        tolerance: gain, as a share of the value, that is no longer worth an evaluation.
        finished: asked after each evaluation.
    """
    pairs: deque[tuple[Floats, Floats]] = deque(maxlen=CURVATURE_PAIRS)
    value, gradient = function(point)
    stalls = 0
    while stalls < 3 and not finished():
        free = (point > 0) | (gradient > 0)
        uphill = np.where(free, gradient, 0.0)
        steepest = first_move / max(float(np.abs(uphill).max(initial=0.0)), 1e-300) * uphill
        direction = np.where(free, _newton_step(uphill, pairs), 0.0) if pairs else steepest
        if float(direction @ uphill) <= 0:
            pairs.clear()
            direction = steepest
        length = 1.0
        while True:
            moved = np.maximum(point + length * direction, 0.0)
            new_value, new_gradient = function(moved)
            if new_value >= value + 1e-4 * float(gradient @ (moved - point)):
                break
            length *= 0.4
            if length < 1e-5 or finished():
                return point
        change, bend = moved - point, gradient - new_gradient
        if float(change @ bend) > 1e-12 * float(bend @ bend):
            pairs.append((change, bend))
        stalls = stalls + 1 if new_value - value < tolerance * abs(new_value) else 0
        point, value, gradient = moved, new_value, new_gradient
    return point


def _newton_step(gradient: Floats, pairs: deque[tuple[Floats, Floats]]) -> Floats:
    """The gradient times the inverse curvature that the last steps tell of (L-BFGS, two loops)."""
    step = gradient.copy()
    weights: list[float] = []
    for change, bend in reversed(pairs):
        weights.append(float(change @ step) / float(change @ bend))
        step -= weights[-1] * bend
    change, bend = pairs[-1]
    step *= float(change @ bend) / float(bend @ bend)
    for (change, bend), weight in zip(pairs, reversed(weights), strict=True):
        step += change * (weight - float(bend @ step) / float(change @ bend))
    return step

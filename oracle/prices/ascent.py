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
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from amin_ref.model.instance import Instance
from oracle.certificate import Certificate, Stretch
from oracle.deadline import Clock, Deadline, ShouldStop
from oracle.prices.dual import Dual, Floats, Rounds, scatter
from oracle.starts.parts import BusyPeriod, busy_periods

FIRST_KNOTS = 16
"""Parts that the time is first cut into."""
STARTS_PER_KNOT = 4
"""How finely starts are looked at, compared with the prices."""
COLDEST = 0.005
"""Temperature, in rounds, below which smoothing costs less than is lost by rounding up."""
CURVATURE_PAIRS = 12
"""Past steps that L-BFGS learns the curvature from."""


def lower_bound(
    instance: Instance,
    time_limit: float = 10.0,
    progress: Callable[[float], None] | None = None,
    should_stop: ShouldStop | None = None,
    clock: Clock | None = None,
) -> Certificate:
    """Prices whose bound on OPT is near the best that any prices prove (specification, section 5).

    Args:
        instance: what is to be bounded.
        time_limit: seconds after which the best prices so far are returned; 0 or more. With 0
            they are all zero. Preparation and rounding are not counted; they are quick.
        progress: called now and then with the bound as it stands; an estimate, in request·rounds,
            until :func:`oracle.certificate.verify` has worked it out exactly.
        should_stop: asked now and then; when it says True, the best prices so far are returned.
        clock: what ``time_limit`` is counted by, :func:`time.monotonic` by default; with
            :func:`time.thread_time` it is processor time, and a busy machine makes the bound no
            weaker.

    Raises:
        InvalidValue: ``time_limit`` is negative or not a number.
    """
    deadline = Deadline.after(time_limit, should_stop, clock)
    periods = [period for period in busy_periods(instance) if period.has_queue]
    work = [len(period.requests) * period.rounds for period in periods]
    # Without any price, every request counts with its output length.
    settled = float(sum(request.output_len for request in instance.requests))
    ascents: list[_Ascent] = []
    for index, period in enumerate(periods):
        share = work[index] / sum(work[index:])
        ascent = _Ascent(instance, period, deadline.within(share * deadline.remaining))
        ascent.run(progress, settled)
        ascents.append(ascent)
        settled += ascent.gain
    return _rounded(instance, ascents)


def _rounded(instance: Instance, ascents: Sequence[_Ascent]) -> Certificate:
    """The prices as integers, fine enough to change the bound by less than one request·round."""
    held = sum(r.output_len * (r.prompt_len + r.output_len) for r in instance.requests)
    held += sum(int(ascent.dual.limits.sum()) * ascent.period.rounds for ascent in ascents)
    held *= max((len(ascent.dual.limits) for ascent in ascents), default=1)
    largest = max((float(ascent.prices.max()) for ascent in ascents), default=0.0)
    bits = min(held.bit_length() + 1, 52 - math.ceil(math.log2(max(1.0, largest))))
    denominator = 2 ** max(0, bits)
    stretches = [
        _stretch(ascent, np.rint(ascent.prices * denominator).astype(np.int64))
        for ascent in ascents
    ]
    return Certificate(instance, denominator, tuple(stretches))


def _stretch(ascent: _Ascent, multipliers: Rounds) -> Stretch:
    """The multipliers, row by row, without rounds at the end and shares that have no price."""
    priced = np.flatnonzero(multipliers.any(axis=0))
    tokens, *others = multipliers[:, : priced[-1] + 1 if len(priced) else 0].tolist()
    shares = [
        replace(share, multipliers=tuple(prices))
        for share, prices in zip(ascent.dual.shares, others, strict=True)
        if any(prices)
    ]
    return Stretch(ascent.period.first_round, tuple(tokens), tuple(shares))


class _Ascent:
    """The ascent for one busy period; ``prices`` are the best it has so far.

    ``gain`` is what they add to the bound over prices of zero.
    """

    def __init__(self, instance: Instance, period: BusyPeriod, deadline: Deadline) -> None:
        self.period = period
        self.dual = Dual(instance, period)
        self.deadline = deadline
        self.waiting = period.waiting().astype(np.float64)
        self.prices: Floats = np.zeros((len(self.dual.limits), period.rounds))
        self.unpriced = sum(request.output_len for request in period.requests)
        self.gain = 0.0

    def run(self, progress: Callable[[float], None] | None, elsewhere: float) -> None:
        """Climb from level to level until the time is up or nothing is left to gain.

        ``elsewhere`` is the bound so far, which ``progress`` is told together with the gain.
        """
        rows, rounds = self.prices.shape
        limits = self.dual.limits[:, None]
        knots = _Knots(rounds, min(FIRST_KNOTS, rounds))
        # With one more token of cache in round τ, everybody who waits would gain about 1/M of a
        # round: that is what the token is worth. `values` are prices at the knots times limits.
        values = np.zeros((rows, len(knots.sampled(self.waiting))))
        values[0] = knots.sampled(self.waiting)
        temperature = 2.0 * rounds
        while temperature > COLDEST and not self.deadline.passed:
            spacing = rounds / knots.count
            temperature = min(spacing / 8, temperature / 2)
            step = max(1, int(spacing / STARTS_PER_KNOT))

            def smoothed(
                values: Floats,
                knots: _Knots = knots,
                step: int = step,
                temperature: float = temperature,
            ) -> tuple[float, Floats]:
                prices = knots.spread(values.reshape(rows, -1)) / limits
                found = self.dual.evaluate(prices, step, temperature)
                if progress is not None:
                    progress(elsewhere + found.value - self.unpriced)
                return found.smoothed, (knots.gathered(found.gradient) / limits).ravel()

            tolerance = 1e-5 if knots.count < rounds else 1e-7
            first_move = 0.05 * float(values.max(initial=1.0))
            values = _climbed(smoothed, values.ravel(), first_move, tolerance, self.deadline)
            values = values.reshape(rows, -1)
            left = self.deadline.remaining
            self._keep_better(knots.spread(values) / limits, step)
            if self.deadline.remaining < 3 * (left - self.deadline.remaining):
                return  # The next level would not get beyond its first steps.
            finer = _Knots(rounds, min(2 * knots.count, rounds))
            values, knots = finer.sampled(knots.spread(values)), finer

    def _keep_better(self, prices: Floats, step: int) -> None:
        """Take new prices if they beat the best so far, compared over the same starts."""
        value = self.dual.evaluate(prices, step, COLDEST).value
        if value > self.dual.evaluate(self.prices, step, COLDEST).value:
            self.prices = prices
            self.gain = value - self.unpriced


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
        middle = np.arange(self.rounds) + 0.5
        return np.apply_along_axis(lambda row: np.interp(at, middle, row), -1, prices)

    def spread(self, values: Floats) -> Floats:
        """The price of every round."""
        if self.count == self.rounds:
            return values
        left, right = values[..., self._left], values[..., self._left + 1]
        prices: Floats = left + self._right_weight * (right - left)
        return prices

    def gathered(self, gradient: Floats) -> Floats:
        """The gradient by the values at the knots, from the one by the price of each round."""
        if self.count == self.rounds:
            return gradient
        gathered = np.zeros((len(gradient), self.count + 1))
        for sums, row in zip(gathered, gradient, strict=True):
            scatter(sums, self._left, row * (1 - self._right_weight))
            scatter(sums, self._left + 1, row * self._right_weight)
        return gathered


def _climbed(
    function: Callable[[Floats], tuple[float, Floats]],
    point: Floats,
    first_move: float,
    tolerance: float,
    deadline: Deadline,
) -> Floats:
    """Where a concave function of values ≥ 0 is near its largest: projected L-BFGS.

    Args:
        function: gives value and gradient.
        point: where to begin.
        first_move: how far the first step changes a value at most.
        tolerance: gain, as a share of the value, that is no longer worth an evaluation.
        deadline: looked at after each evaluation.
    """
    pairs: deque[tuple[Floats, Floats]] = deque(maxlen=CURVATURE_PAIRS)
    value, gradient = function(point)
    stalls = 0
    while stalls < 3 and not deadline.passed:
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
            if length < 1e-5 or deadline.passed:
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

"""Finding the prices of a certificate: ascent on the Lagrangian dual function.

The bound of specification section 5 is a concave function of the prices λ: a sum of minima, one
for every request, over its possible start rounds. Plain subgradient steps are slow on it, as each
minimum jumps from one start round to another. With two changes, thousands of requests take a
second:

* **Smoothing.** Each minimum is replaced by −μ·log Σ exp(−cost/μ), which is never above it and has
  a gradient that quasi-Newton steps (L-BFGS, projected on λ ≥ 0) can follow. The *temperature* μ,
  in rounds, falls from level to level.
* **Coarse to fine.** Prices are first piecewise linear between a few knots, and only every few
  rounds is a start round. Each level doubles the number of knots, up to one price for each round.

Where evicted requests keep their tokens, prices are sought in three steps: those of the machine
where they lose them; prices that never rise, with which both machines have the same bound (lemma
R2 in ``proofs_notes/theorems/optimum_resume.md``); and, if these prove less, prices of any shape,
by the dynamic programme of :mod:`oracle.prices.pausing`.

Nothing here has to be exact: :func:`oracle.certificate.verify` recomputes what the prices prove. So
the numbers below decide only how soon a bound is found, and how near it is to the best.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from amin_ref.model.instance import Instance
from oracle.budget import DEFAULT_BUDGET, Budget
from oracle.certificate import Certificate, Stretch, keeps_tokens
from oracle.deadline import Clock, Deadline, ShouldStop
from oracle.prices.choice import faster_dual, faster_pausing_dual
from oracle.prices.dual import Dual, Floats, Rounds, scatter
from oracle.prices.pausing import PausingDual
from oracle.starts.parts import BusyPeriod, busy_periods

FIRST_KNOTS = 16
"""Parts into which the rounds are cut on the first level. It takes milliseconds, and eight levels
reach 4,096 rounds."""

STARTS_PER_KNOT = 4
"""Start rounds between two knots: over a quarter of that distance prices change little."""

FIRST_TEMPERATURE = 2.0
"""Temperature before the first level, as a multiple of the number of rounds: no start round is
preferred much to another. Each level at least halves it."""

TEMPERATURE_PER_KNOT = 1 / 8
"""Highest temperature of a level, as a share of the rounds between two knots: more smoothing would
hide what the new knots can express."""

COLDEST = 0.005
"""Temperature, in rounds, below which smoothing costs less than is lost by rounding up."""

FIRST_MOVE = 0.05
"""Largest change of a value in the first step of a level, as a share of the largest value.

In its first step L-BFGS has no estimate of curvature. A step that is too long is shortened, and one
that is too short costs a few evaluations: 0.01 and 0.25 gave the same bounds on three instances of
20 to 150 requests.
"""

COARSE_TOLERANCE, FINE_TOLERANCE = 1e-5, 1e-7
"""Gain of a step, as a share of the bound, below which it counts as stalled.

Coarse levels are only starting points. On the finest level (one price for each round) the gain
that is left is lost: 1e-7 of a bound of a million is a tenth of a request·round. On three instances
of 20 to 150 requests ten times as much or as little changed bounds by 0.1 % at most.
"""

MOST_STALLED = 3
"""Stalled steps in a row after which a level ends: one or two also occur between larger gains."""

EVALUATIONS_OF_A_LEVEL = 3
"""A level is begun only if the time for three comparisons of prices is left. With less it would not
get beyond its first steps."""

CURVATURE_PAIRS = 12
"""Past steps from which L-BFGS learns the curvature. Ten, more or less, is usual."""

LEAST_CURVATURE = 1e-12
"""Relative curvature below which a step teaches L-BFGS only rounding errors."""

SUFFICIENT_GAIN = 1e-4
"""Least gain of a step, as a share of the gain that the gradient promises: Armijo's rule with its
usual constant (Nocedal and Wright, Numerical Optimization, section 3.1)."""

SHORTENING, SHORTEST = 0.4, 1e-5
"""Factor by which a step that gains too little is shortened, and the length that ends the level.

Any factor near a half will do: a smaller one takes fewer evaluations and shorter steps.
"""

LEAST_DIVISOR = 1e-300
"""Keeps a division by the gradient from a division by zero."""

MANTISSA_BITS = 52
"""Bits of a float after its first: finer multiples of a price would be rounding errors."""

WITHOUT_PAUSES, FALLING = 0.15, 0.15
"""Shares of the time for the first two steps where evicted requests keep their tokens.

Ten seconds are enough for each of them at 2,000 requests that arrive at once. The third step, with
arrivals, takes whatever time there is (``proofs_notes/oracle.md``).
"""

NEAR_ENOUGH = 5e-5
"""Part of the bound below which the third step is left out.

At its best prices the bound with pauses is at most the one without, so no more could be gained."""

PAUSING_TEMPERATURES = (1.0, 0.3, 0.1)
"""Temperatures of the third step, in rounds, from the smoothest level on.

With 2,000 requests of LMSYS at a load of 0.9 the levels end at 329,522, 329,614 and 329,629. From 4
rounds on, and from coarse to fine, the same time ended at 329,608.
"""

SCALES = (1.0, 0.5, 0.25, 0.12, 0.06)
"""Parts of the prices of the first step, the best of which begins the third step.

Where requests arrive over time those prices are too high: at the load of 0.9 they prove less than
prices of zero, and an eighth of them proves most.
"""

MORE_SHARES_AFTER = 2.0
"""Seconds of an ascent after which it goes on with further shares. At 50 requests they gain 0.2 %
in three times the time (``proofs_notes/oracle.md``); where prices are found sooner the exact search
proves more."""

MORE_SHARES_TEMPERATURE = 0.5
"""Temperature, in rounds, from which that begins: smooth enough for prices that are zero so far."""

MOST_CELLS = 2**31
"""Cells of the dynamic programme up to which the third step is taken. The choice made in each is
remembered as a bit, in 256 MiB; and an evaluation takes some twenty seconds."""


def lower_bound(
    instance: Instance,
    time_limit: float = 10.0,
    progress: Callable[[float], None] | None = None,
    should_stop: ShouldStop | None = None,
    clock: Clock | None = None,
    budget: Budget = DEFAULT_BUDGET,
) -> Certificate:
    """A certificate of a lower bound on OPT, near the best one (specification, section 5).

    OPT is that of the instance's machine, without its limits (``tokens_per_round``,
    ``max_running``, ``watermark``): limits only exclude schedules, so the bound holds with them,
    and may be further from the optimum. Where evicted requests keep their tokens the certificate
    has no shares, and if all requests arrive at once, usually, prices that never rise.

    Args:
        instance: the instance whose OPT is bounded.
        time_limit: seconds after which the best prices so far are returned; finite, 0 or more.
            With 0 all prices are zero. Preparation and rounding are not counted; they are quick.
        progress: called now and then with the bound so far, in request·rounds: an estimate, which
            :func:`oracle.verify` recomputes exactly at the end.
        should_stop: called now and then; after ``True`` the best prices so far are returned.
        clock: tells the time for ``time_limit``; :func:`time.monotonic` by default. With
            :func:`time.thread_time` it is processor time, and a busy machine makes the bound no
            weaker.
        budget: from when on compiled code is used.

    Raises:
        InvalidValue: ``time_limit`` is not a finite number of seconds, 0 or more.
    """
    deadline = Deadline.after(time_limit, should_stop, clock)
    periods = [period for period in busy_periods(instance) if period.has_queue]
    work = [len(period.requests) * period.rounds for period in periods]
    # With prices of zero each request adds its output length to the bound.
    settled = float(sum(request.output_len for request in instance.requests))
    ascents: list[_Ascent] = []
    for index, period in enumerate(periods):
        share = work[index] / sum(work[index:])
        within = deadline.within(share * deadline.remaining)
        if keeps_tokens(instance):
            ascent = _with_tokens_kept(instance, period, within, progress, settled, budget)
        else:
            ascent = _Ascent(instance, period, within, budget)
            ascent.run(progress, settled)
        ascents.append(ascent)
        settled += ascent.gain
    return _rounded(instance, ascents)


def _rounded(instance: Instance, ascents: Sequence[_Ascent]) -> Certificate:
    """The prices as integers, so fine that rounding changes the bound by less than 1.

    The denominator is twice the token·rounds that all requests and restrictions could pay for, or
    less where a float has no more bits.
    """
    held = sum(r.output_len * (r.prompt_len + r.output_len) for r in instance.requests)
    held += sum(int(ascent.dual.limits.sum()) * ascent.period.rounds for ascent in ascents)
    held *= max((len(ascent.dual.limits) for ascent in ascents), default=1)
    largest = max((float(ascent.prices.max()) for ascent in ascents), default=0.0)
    bits = min(held.bit_length() + 1, MANTISSA_BITS - math.ceil(math.log2(max(1.0, largest))))
    denominator = 2 ** max(0, bits)
    stretches = [
        _stretch(ascent, np.rint(ascent.prices * denominator).astype(np.int64))
        for ascent in ascents
    ]
    return Certificate(instance, denominator, tuple(stretches))


def _stretch(ascent: _Ascent, multipliers: Rounds) -> Stretch:
    """The multipliers, row by row, without the last rounds and the shares that have no price."""
    priced = np.flatnonzero(multipliers.any(axis=0))
    tokens, *others = multipliers[:, : priced[-1] + 1 if len(priced) else 0].tolist()
    shares = [
        replace(share, multipliers=tuple(prices))
        for share, prices in zip(ascent.dual.shares, others, strict=True)
        if any(prices)
    ]
    return Stretch(ascent.period.first_round, tuple(tokens), tuple(shares))


def _with_tokens_kept(
    instance: Instance,
    period: BusyPeriod,
    deadline: Deadline,
    progress: Callable[[float], None] | None,
    elsewhere: float,
    budget: Budget,
) -> _Ascent:
    """The ascent for one busy period on a machine where evicted requests keep their tokens."""
    limit = deadline.remaining
    without_pauses = _Ascent(instance, period, deadline.within(WITHOUT_PAUSES * limit), budget)
    without_pauses.run(None, 0.0)
    best = _Ascent(instance, period, deadline.within(FALLING * limit), budget, _FallingKnots)
    best.run(progress, elsewhere)
    # Rounding in the interpolation between knots may make a price rise by its last bit.
    for prices in (best.prices, without_pauses.prices):
        best.take_if_better(np.minimum.accumulate(prices, axis=1), 1)
    left_to_gain = without_pauses.gain - best.gain
    if left_to_gain > NEAR_ENOUGH * (best.gain + best.unpriced) and not deadline.passed:
        prices = without_pauses.prices[0]
        cells = PausingDual(instance, period).cells(prices)
        if cells <= MOST_CELLS:
            dual = faster_pausing_dual(cells, deadline, budget)(instance, period)
            _climb_with_pauses(best, dual, prices, deadline, progress, elsewhere)
    return best


def _climb_with_pauses(
    best: _Ascent,
    dual: PausingDual,
    prices: Floats,
    deadline: Deadline,
    progress: Callable[[float], None] | None,
    elsewhere: float,
) -> None:
    """Look for prices of any shape, and leave them in ``best`` if they prove more.

    Args:
        best: the best prices so far, which never rise.
        dual: the bound with pauses, of the same busy period.
        prices: where to begin.
        deadline: when to end.
        progress: called with ``elsewhere`` plus the gain so far.
        elsewhere: the bound with prices of zero in this period, all others included.
    """

    def smoothed(values: Floats, temperature: float) -> tuple[float, Floats]:
        found = dual.evaluate(values / dual.capacity, temperature)
        gain = found.value - best.unpriced
        if gain > best.gain:
            best.prices, best.gain = values[None, :] / dual.capacity, gain
        if progress is not None:
            progress(elsewhere + best.gain)
        return found.smoothed, found.gradient / dual.capacity

    proven: list[float] = []
    for scale in SCALES:
        if deadline.passed:
            return
        proven.append(smoothed(scale * prices * dual.capacity, PAUSING_TEMPERATURES[0])[0])
    values = SCALES[int(np.argmax(proven))] * prices * dual.capacity
    for level, temperature in enumerate(PAUSING_TEMPERATURES):
        if deadline.passed:
            return
        levels = len(PAUSING_TEMPERATURES) - level
        values = _climbed(
            partial(smoothed, temperature=temperature),
            values,
            FIRST_MOVE * float(values.max(initial=1.0)),
            FINE_TOLERANCE,
            deadline.within(deadline.remaining / levels),
        )


class _Ascent:
    """The ascent for one busy period.

    Attributes:
        period: the requests.
        dual: the dual function of the busy period.
        prices: the best prices so far; one row for tokens and one for each share.
        unpriced: the bound of the busy period with prices of zero; request·rounds.
        gain: what the prices add to ``unpriced``; request·rounds.
    """

    def __init__(
        self,
        instance: Instance,
        period: BusyPeriod,
        deadline: Deadline,
        budget: Budget,
        knots: type[_Knots] | None = None,
    ) -> None:
        self._instance = instance
        self.period = period
        self.dual = Dual(instance, period)
        self._knots = knots or _Knots
        self._deadline = deadline
        self._budget = budget
        self._waiting = period.waiting().astype(np.float64)
        self.prices: Floats = np.zeros((len(self.dual.limits), period.rounds))
        self.unpriced = sum(request.output_len for request in period.requests)
        self.gain = 0.0

    def run(self, progress: Callable[[float], None] | None, elsewhere: float) -> None:
        """Climb from level to level until the time is over or nothing is left to gain.

        Args:
            progress: called with ``elsewhere`` plus the gain so far.
            elsewhere: the bound with prices of zero in this period, all others included.
        """
        rounds = self.period.rounds
        knots = self._knots(rounds, min(FIRST_KNOTS, rounds))
        # First prices: with one more token of cache in round τ each waiting request would gain
        # about 1/M of a round, so λ_τ = (number waiting)/M. Values are prices times limits.
        values = np.zeros((len(self.prices), len(knots.sampled(self._waiting))))
        values[0] = knots.sampled(self._waiting)
        temperature = FIRST_TEMPERATURE * rounds

        def report(value: float) -> None:
            if progress is not None:
                progress(elsewhere + value - self.unpriced)

        while temperature > COLDEST and not self._deadline.passed:
            spacing = rounds / knots.count
            temperature = min(TEMPERATURE_PER_KNOT * spacing, temperature / 2)
            kind = faster_dual(self.dual, self._deadline, self._budget)
            if type(self.dual) is not kind:
                self.dual = kind(self._instance, self.period)
            step = max(1, int(spacing / STARTS_PER_KNOT))
            values = self._climb_level(values, knots, step, temperature, report)
            left = self._deadline.remaining
            self.take_if_better(knots.spread(values) / self.dual.limits[:, None], step)
            left_then = self._deadline.remaining
            if left_then < EVALUATIONS_OF_A_LEVEL * (left - self._deadline.remaining):
                return
            finer = self._knots(rounds, min(2 * knots.count, rounds))
            values, knots = finer.sampled(knots.spread(values)), finer
        worth = self.dual.shares and self._deadline.lasted >= MORE_SHARES_AFTER
        if worth and not self._deadline.passed:
            self._climb_with_more_shares(report)

    def _climb_with_more_shares(self, report: Callable[[float], None]) -> None:
        """Go on from the best prices, with further shares that have no price yet."""
        self.dual = type(self.dual)(self._instance, self.period, more_shares=True)
        further = np.zeros((len(self.dual.limits) - len(self.prices), self.period.rounds))
        self.prices = np.concatenate((self.prices, further))
        values = self.prices * self.dual.limits[:, None]
        every_round = self._knots(self.period.rounds, self.period.rounds)
        temperature = MORE_SHARES_TEMPERATURE
        while temperature > COLDEST and not self._deadline.passed:
            values = self._climb_level(values, every_round, 1, temperature, report)
            temperature /= 2

    def _climb_level(
        self,
        values: Floats,
        knots: _Knots,
        step: int,
        temperature: float,
        report: Callable[[float], None],
    ) -> Floats:
        """Better values at the knots, with one smoothness and one distance of start rounds."""
        rows, limits = len(values), self.dual.limits[:, None]
        if step == 1:
            # From here on each value is a bound, not only an estimate over some start rounds.
            self.gain = self._value(self.prices, step) - self.unpriced

        def smoothed(values: Floats) -> tuple[float, Floats]:
            prices = knots.spread(values.reshape(rows, -1)) / limits
            found = self.dual.evaluate(prices, step, temperature)
            if step == 1 and found.value - self.unpriced > self.gain:
                self.prices, self.gain = prices, found.value - self.unpriced
            report(found.value)
            return found.smoothed, (knots.gathered(found.gradient) / limits).ravel()

        tolerance = COARSE_TOLERANCE if knots.count < knots.rounds else FINE_TOLERANCE
        first_move = FIRST_MOVE * float(values.max(initial=1.0))
        climbed = _climbed(smoothed, values.ravel(), first_move, tolerance, self._deadline)
        return climbed.reshape(rows, -1)

    def take_if_better(self, prices: Floats, step: int) -> None:
        """Take new prices if they prove more than the best so far, over the same start rounds."""
        value = self._value(prices, step)
        if value > self._value(self.prices, step):
            self.prices = prices
            self.gain = value - self.unpriced

    def _value(self, prices: Floats, step: int) -> float:
        """The bound of the busy period at these prices, over some of the start rounds."""
        return self.dual.evaluate(prices, step, COLDEST).value


class _Knots:
    """Prices that are linear in each of ``count`` equal parts of the rounds.

    With ``count`` = ``rounds`` there is one price for each round.
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
        """The gradient by values at the knots, from the gradient by the price of each round."""
        if self.count == self.rounds:
            return gradient
        gathered = np.zeros((len(gradient), self.count + 1))
        for sums, row in zip(gathered, gradient, strict=True):
            scatter(sums, self._left, row * (1 - self._right_weight))
            scatter(sums, self._left + 1, row * self._right_weight)
        return gathered


class _FallingKnots(_Knots):
    """Prices that never rise: a value is by how much the price falls from its knot to the next.

    Values that are not negative give every sequence of prices that never rises, and no other.
    """

    def sampled(self, prices: Floats) -> Floats:
        """The falls at the knots of given prices, after a running minimum."""
        falling = np.minimum.accumulate(super().sampled(prices), axis=-1)
        falls: Floats = falling.copy()
        falls[..., :-1] -= falling[..., 1:]
        return falls

    def spread(self, values: Floats) -> Floats:
        """The price of every round."""
        falling: Floats = np.cumsum(values[..., ::-1], axis=-1)[..., ::-1]
        return super().spread(falling)

    def gathered(self, gradient: Floats) -> Floats:
        """The gradient by the falls, from the gradient by the price of each round."""
        gathered: Floats = np.cumsum(super().gathered(gradient), axis=-1)
        return gathered


def _climbed(
    function: Callable[[Floats], tuple[float, Floats]],
    point: Floats,
    first_move: float,
    tolerance: float,
    deadline: Deadline,
) -> Floats:
    """A point at which a concave function of values ≥ 0 is near its maximum: projected L-BFGS.

    Args:
        function: gives value and gradient.
        point: where to begin.
        first_move: the largest change of a value in the first step.
        tolerance: gain, as a share of the function's value, below which a step counts as stalled.
        deadline: looked at after each evaluation.
    """
    pairs: deque[tuple[Floats, Floats]] = deque(maxlen=CURVATURE_PAIRS)
    value, gradient = function(point)
    stalls = 0
    while stalls < MOST_STALLED and not deadline.passed:
        free = (point > 0) | (gradient > 0)
        uphill = np.where(free, gradient, 0.0)
        steepest = first_move / max(float(np.abs(uphill).max(initial=0.0)), LEAST_DIVISOR) * uphill
        direction = np.where(free, _newton_step(uphill, pairs), 0.0) if pairs else steepest
        if float(direction @ uphill) <= 0:
            pairs.clear()
            direction = steepest
        length = 1.0
        while True:
            moved = np.maximum(point + length * direction, 0.0)
            new_value, new_gradient = function(moved)
            if new_value >= value + SUFFICIENT_GAIN * float(gradient @ (moved - point)):
                break
            length *= SHORTENING
            if length < SHORTEST or deadline.passed:
                return point
        change, bend = moved - point, gradient - new_gradient
        if float(change @ bend) > LEAST_CURVATURE * float(bend @ bend):
            pairs.append((change, bend))
        stalls = stalls + 1 if new_value - value < tolerance * abs(new_value) else 0
        point, value, gradient = moved, new_value, new_gradient
    return point


def _newton_step(gradient: Floats, pairs: deque[tuple[Floats, Floats]]) -> Floats:
    """The gradient times the inverse curvature, estimated from the last steps (L-BFGS, two loops).

    Args:
        gradient: the gradient at the present point.
        pairs: change of the point and change of the gradient in each of the last steps.
    """
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

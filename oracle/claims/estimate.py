"""A mean and how far it can be trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from amin_ref.model.errors import InvalidValue

CONFIDENCE = 0.95
"""Share of such intervals that hold the true mean, if the values are normal and independent."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The mean of several independent measurements, with its confidence interval.

    Attributes:
        mean: of the values.
        low: lower end of the 95 % interval; the mean itself where there is nothing to estimate.
        high: its upper end.
        count: how many values; 1 for a number that is exact.
    """

    mean: float
    low: float
    high: float
    count: int

    @classmethod
    def exactly(cls, value: float) -> Estimate:
        """A number that no chance is in."""
        return cls(value, value, value, 1)

    @classmethod
    def of(cls, values: Sequence[float]) -> Estimate:
        """Mean and Student's interval, mean ± t·s/√n with n − 1 degrees of freedom.

        Raises:
            InvalidValue: there are fewer than two values, so nothing tells how far they spread.
        """
        count = len(values)
        if count < 2:
            raise InvalidValue(
                "estimate: number of values",
                count,
                "a confidence interval needs at least two",
                "measure with more seeds",
            )
        mean = math.fsum(values) / count
        variance = math.fsum((value - mean) ** 2 for value in values) / (count - 1)
        margin = student_quantile(count - 1) * math.sqrt(variance / count)
        return cls(mean, mean - margin, mean + margin, count)

    def __str__(self) -> str:
        if self.count == 1:
            return f"{self.mean:,.3g}"
        return f"{self.mean:,.3g} [{self.low:,.3g}, {self.high:,.3g}]"


def student_quantile(freedom: int, confidence: float = CONFIDENCE) -> float:
    """The t that a Student variable stays within, on both sides, with probability ``confidence``.

    By bisection of the distribution function: scipy, which has it, is not worth a dependency.

    Args:
        freedom: degrees of freedom, at least 1.
        confidence: in (0, 1).
    """
    low, high = 0.0, 1.0
    while _within(high, freedom) < confidence:
        high *= 2
    while (middle := (low + high) / 2) not in (low, high):
        if _within(middle, freedom) < confidence:
            low = middle
        else:
            high = middle
    return high


def _within(t: float, freedom: int) -> float:
    """P(|T| ≤ t), by the finite series for whole degrees of freedom.

    Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4.
    """
    angle = math.atan(t / math.sqrt(freedom))
    cosine = math.cos(angle)
    odd = freedom % 2
    term = cosine if odd else 1.0
    total = 0.0
    for power in range(1 + odd, freedom, 2):
        total += term
        term *= cosine * cosine * power / (power + 1)
    if odd:
        return 2 / math.pi * (angle + math.sin(angle) * total)
    return math.sin(angle) * total

"""The mean of independent measurements, with its confidence interval (Student's t)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from amin_ref.model.errors import InvalidValue

CONFIDENCE = 0.95
"""Share of 95 % intervals that contain the true mean, if values are normal and independent."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The mean of several independent measurements, with its confidence interval.

    Attributes:
        mean: mean of the values, in the unit of the values.
        low: lower end of the confidence interval; equal to the mean where the number is exact.
        high: upper end of the confidence interval; equal to the mean where the number is exact.
        count: number of values; 1 for a number that is exact.
    """

    mean: float
    low: float
    high: float
    count: int

    @classmethod
    def exactly(cls, value: float) -> Estimate:
        """A number without a random part: its interval is the number itself."""
        return cls(value, value, value, 1)

    @classmethod
    def of(cls, values: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
        """Mean and Student's interval, mean ± t·s/√n with n − 1 degrees of freedom.

        Args:
            values: independent measurements, at least two.
            confidence: probability, in (0, 1), that the interval contains the true mean.

        Raises:
            InvalidValue: there are fewer than two values, so their spread is unknown.
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
        margin = student_quantile(count - 1, confidence) * math.sqrt(variance / count)
        return cls(mean, mean - margin, mean + margin, count)

    @property
    def margin(self) -> float:
        """Half the width of the interval, in the unit of the values."""
        return self.high - self.mean

    @property
    def excludes_zero(self) -> bool:
        """Whether 0 lies outside of the interval."""
        return self.low > 0 or self.high < 0

    def __str__(self) -> str:
        if self.count == 1:
            return f"{self.mean:,.3g}"
        return f"{self.mean:,.3g} [{self.low:,.3g}, {self.high:,.3g}]"


def student_quantile(freedom: int, confidence: float = CONFIDENCE) -> float:
    """The t with P(|T| ≤ t) = ``confidence``, for T of Student's distribution.

    The quantile is found by bisection of the distribution function, which spares the core a
    dependency on scipy.

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

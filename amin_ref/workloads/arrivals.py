"""When requests arrive: the first round in which each may be admitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Protocol

import numpy as np

from amin_ref.model.errors import InvalidValue
from amin_ref.model.validation import LARGEST
from amin_ref.workloads.decimals import decimal_from_text, exact_decimal, plain
from amin_ref.workloads.fields import NANOSECONDS
from amin_ref.workloads.row import Row


class Arrivals(Protocol):
    """A law of arrivals; ``str(arrivals)`` is what :func:`parse_arrivals` reads."""

    def rounds(self, rows: Sequence[Row], generator: np.random.Generator) -> list[int]:
        """The arrival round of each row; at least 0.

        Raises:
            InvalidValue: the rows lack what the law needs, or a round lies beyond 2**53 - 1.
        """
        ...


@dataclass(frozen=True)
class AtOnce:
    """All requests are there in round 0."""

    def rounds(self, rows: Sequence[Row], generator: np.random.Generator) -> list[int]:  # noqa: ARG002 - the protocol's
        """0 for each."""
        return [0] * len(rows)

    def __str__(self) -> str:
        return "at-once"


@dataclass(frozen=True)
class Poisson:
    """A Poisson process: the number that arrives in each round is Poisson, independently.

    Requests arrive in the order of the workload.

    Attributes:
        rate: mean number of arrivals; requests per round, above 0.
    """

    rate: Decimal

    def __post_init__(self) -> None:
        exact_decimal("arrivals poisson: RATE", self.rate, least_is_zero=False)

    def rounds(self, rows: Sequence[Row], generator: np.random.Generator) -> list[int]:
        """The round within which each arrival of the process falls.

        Raises:
            InvalidValue: the rate is so small that a round lies beyond 2**53 - 1.
        """
        times = np.cumsum(generator.exponential(1 / float(self.rate), len(rows)))
        if len(rows) and times[-1] > LARGEST:
            raise InvalidValue(
                "arrivals",
                str(self),
                "the last request would arrive later than round 2**53 - 1",
                "give a larger rate",
            )
        rounds: list[int] = times.astype(np.int64).tolist()
        return rounds

    def __str__(self) -> str:
        return f"poisson:{plain(self.rate)}"


@dataclass(frozen=True)
class TraceArrivals:
    """The trace's own times, counted from its earliest.

    A request that comes while a round is under way can be admitted in the next one: with d the
    duration of a round, it arrives in round ⌈(time - earliest)/d⌉.

    Attributes:
        seconds: duration of a round, above 0; exact.
    """

    seconds: Decimal

    def __post_init__(self) -> None:
        exact_decimal("arrivals trace: SECONDS", self.seconds, least_is_zero=False)

    def rounds(self, rows: Sequence[Row], generator: np.random.Generator) -> list[int]:  # noqa: ARG002 - the protocol's
        """⌈(time - earliest)/d⌉ for each, without rounding errors.

        Raises:
            InvalidValue: the workload has no times, or the rounds are so short that one lies
                beyond 2**53 - 1.
        """
        times = [row.time_ns for row in rows if row.time_ns is not None]
        if len(times) < len(rows):
            raise InvalidValue(
                "arrivals",
                str(self),
                "the workload has no timestamps",
                "give a trace that has them, or arrivals at-once or poisson:RATE",
            )
        earliest = min(times, default=0)
        numerator, denominator = (Fraction(self.seconds) * NANOSECONDS).as_integer_ratio()
        rounds = [-((earliest - time) * denominator // numerator) for time in times]
        if max(rounds, default=0) > LARGEST:
            raise InvalidValue(
                "arrivals",
                str(self),
                "the last request would arrive later than round 2**53 - 1",
                "give a longer duration of a round",
            )
        return rounds

    def __str__(self) -> str:
        return f"trace:{plain(self.seconds)}"


def parse_arrivals(text: str) -> Arrivals:
    """The law that ``at-once``, ``poisson:RATE`` or ``trace:SECONDS`` names.

    Raises:
        InvalidValue: it is none of these, or its number breaks a rule.
    """
    if text == "at-once":
        return AtOnce()
    kind, colon, number = text.partition(":")
    if colon and kind == "poisson":
        return Poisson(decimal_from_text("arrivals poisson: RATE", number, "poisson:0.5"))
    if colon and kind == "trace":
        return TraceArrivals(decimal_from_text("arrivals trace: SECONDS", number, "trace:0.05"))
    raise InvalidValue(
        "arrivals",
        text,
        "it must be at-once, poisson:RATE or trace:SECONDS",
        "give for example poisson:0.5",
    )

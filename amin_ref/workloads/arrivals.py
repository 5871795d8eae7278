"""When requests arrive: the first round in which each may be admitted.

This is the only grammar of arrivals in the project: ``at-once``, ``poisson:RATE``, ``load:L`` and
``trace:SECONDS``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Protocol, runtime_checkable

import numpy as np

from amin_ref.model.blocks import volume
from amin_ref.model.errors import InvalidValue
from amin_ref.model.validation import LARGEST
from amin_ref.workloads.decimals import decimal_from_text, exact_decimal, plain
from amin_ref.workloads.fields import NANOSECONDS
from amin_ref.workloads.row import Row


@runtime_checkable
class Arrivals(Protocol):
    """A law of arrivals. ``str(arrivals)`` is the text that :func:`parse_arrivals` reads."""

    def rounds(self, rows: Sequence[Row], generator: np.random.Generator) -> list[int]:
        """The arrival round of each row; at least 0.

        Raises:
            InvalidValue: the rows lack what the law needs, or a round lies beyond 2**53 - 1.
        """
        ...


@dataclass(frozen=True)
class AtOnce:
    """All requests arrive in round 0."""

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

    def __init__(self, rate: Decimal | float) -> None:
        object.__setattr__(self, "rate", exact_decimal("arrivals poisson: RATE", rate))

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
class Load:
    """A Poisson process whose rate is given relative to what the cache can serve.

    The cache offers M token·rounds in each round, and a request takes up its volume
    v_i = Σ_{a=1..o_i} B·⌈(s_i + a)/B⌉ token·rounds. The rate is load · M / mean(v_i) requests per
    round, so at load 1 the offered work equals the cache. No scheduler keeps up with more.

    Attributes:
        load: offered work over what the cache can serve; a ratio, above 0.
    """

    load: Decimal

    def __init__(self, load: Decimal | float) -> None:
        object.__setattr__(self, "load", exact_decimal("arrivals load: L", load))

    def process(self, rows: Sequence[Row], capacity: int, block_size: int = 1) -> Poisson:
        """The Poisson process at this load; its rate is rounded to 9 decimal places.

        Args:
            rows: the requests that arrive; at least one, each with tokens to generate.
            capacity: M; tokens.
            block_size: B; tokens per block.

        Raises:
            InvalidValue: the rate rounds to 0, or exceeds 2**53 - 1.
        """
        work = sum(volume(row.prompt_len, row.output_len, block_size) for row in rows)
        rate = Decimal(f"{float(self.load) * capacity * len(rows) / work:.{_RATE_PLACES}f}")
        if not 0 < rate <= LARGEST:
            raise InvalidValue(
                "arrivals load: L",
                str(self.load),
                f"it gives {plain(rate)} requests a round",
                "give a load nearer to 1",
            )
        return Poisson(rate)

    def __str__(self) -> str:
        return f"load:{plain(self.load)}"


_RATE_PLACES = 9
"""Decimal places of a rate that is computed from a load: enough for one request in 10**9 rounds."""


@dataclass(frozen=True)
class TraceArrivals:
    """The trace's own times, counted from its earliest.

    A request that comes during a round can be admitted in the next one: with d the duration of a
    round, it arrives in round ⌈(time - earliest)/d⌉.

    Attributes:
        seconds: duration of a round, above 0; exact.
    """

    seconds: Decimal

    def __init__(self, seconds: Decimal | float) -> None:
        object.__setattr__(self, "seconds", exact_decimal("arrivals trace: SECONDS", seconds))

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


def parse_arrivals(text: str) -> Arrivals | Load:
    """The law that ``at-once``, ``poisson:RATE``, ``load:L`` or ``trace:SECONDS`` names.

    Raises:
        InvalidValue: the text is none of these, or its number breaks a rule.
    """
    if text == "at-once":
        return AtOnce()
    kind, colon, number = text.partition(":")
    if colon and kind == "poisson":
        return Poisson(decimal_from_text("arrivals poisson: RATE", number, "poisson:0.5"))
    if colon and kind == "load":
        return Load(decimal_from_text("arrivals load: L", number, "load:0.8"))
    if colon and kind == "trace":
        return TraceArrivals(decimal_from_text("arrivals trace: SECONDS", number, "trace:0.05"))
    raise InvalidValue(
        "arrivals",
        text,
        "it must be at-once, poisson:RATE, load:L or trace:SECONDS",
        "give for example poisson:0.5 or load:0.8",
    )


def as_arrivals(value: Arrivals | Load | str) -> Arrivals | Load:
    """The law itself, or the one that a text names; see :func:`parse_arrivals`.

    Raises:
        InvalidValue: it is neither, or the text names none.
    """
    if isinstance(value, str):
        return parse_arrivals(value)
    if isinstance(value, type) or not isinstance(value, Arrivals | Load):
        raise InvalidValue(
            "arrivals",
            value,
            "it must be a text or an object with the method rounds",
            "give for example 'load:0.8' or Poisson(0.5)",
        )
    return value

"""Predicted output lengths: for each request an interval [ℓ, u] that holds its true length."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Protocol

from amin_ref.model.errors import InvalidValue
from amin_ref.model.validation import whole_number
from amin_ref.workloads.decimals import decimal_from_text, exact_decimal, plain


class Prediction(Protocol):
    """How well the output lengths are known beforehand.

    ``str(prediction)`` is what :func:`parse_prediction` reads.
    """

    def intervals(self, output_lens: Sequence[int]) -> list[tuple[int, int]]:
        """(ℓ, u) for each of the true lengths, 1 ≤ ℓ ≤ o ≤ u; tokens.

        Raises:
            InvalidValue: a true length lies outside what the prediction says of all.
        """
        ...


@dataclass(frozen=True)
class Exact:
    """Every length is known: ℓ = u = o."""

    def intervals(self, output_lens: Sequence[int]) -> list[tuple[int, int]]:
        """(o, o) for each."""
        return [(output_len, output_len) for output_len in output_lens]

    def __str__(self) -> str:
        return "exact"


@dataclass(frozen=True)
class Rough:
    """The same interval for all: the naive prediction of the source, there [1, 1000].

    Attributes:
        lower: ℓ of every request; tokens, at least 1.
        upper: u of every request; tokens, at least ``lower``.
    """

    lower: int
    upper: int

    def __post_init__(self) -> None:
        whole_number("prediction rough: LO", self.lower, 1, "tokens")
        whole_number("prediction rough: HI", self.upper, self.lower, "tokens")

    def intervals(self, output_lens: Sequence[int]) -> list[tuple[int, int]]:
        """(ℓ, u) for each.

        An output outside is refused, not clipped to and not made room for: an interval that
        gives way where it is wrong would be a better predictor than the one asked for.

        Raises:
            InvalidValue: names the first request whose length lies outside, and an interval wide
                enough for all.
        """
        for position, output_len in enumerate(output_lens):
            if not self.lower <= output_len <= self.upper:
                least = min(self.lower, min(output_lens))
                most = max(self.upper, max(output_lens))
                raise InvalidValue(
                    f"request {position}: output_len",
                    output_len,
                    f"the prediction {self} says that it lies from {self.lower} to {self.upper}",
                    f"predict rough:{least}:{most} or wider",
                )
        return [(self.lower, self.upper)] * len(output_lens)

    def __str__(self) -> str:
        return f"rough:{self.lower}:{self.upper}"


@dataclass(frozen=True)
class Bins:
    """The bin that the length falls into, of ``count`` bins of equal width up to the longest.

    With L the longest output and w = L/K, bin k holds the lengths in ((k-1)·w, k·w], and a request
    in it gets ℓ = ⌊(k-1)·w⌋ + 1 and u = ⌊k·w⌋: the least and the largest whole number in the bin.

    Attributes:
        count: K, at least 1.
    """

    count: int

    def __post_init__(self) -> None:
        whole_number("prediction bins: K", self.count, 1, "bins")

    def intervals(self, output_lens: Sequence[int]) -> list[tuple[int, int]]:
        """(ℓ, u) of each request's bin."""
        longest = max(output_lens, default=0)
        return [self._interval(output_len, longest) for output_len in output_lens]

    def _interval(self, output_len: int, longest: int) -> tuple[int, int]:
        bin_number = -(-output_len * self.count // longest)
        return (bin_number - 1) * longest // self.count + 1, bin_number * longest // self.count

    def __str__(self) -> str:
        return f"bins:{self.count}"


@dataclass(frozen=True)
class Relative:
    """Every length is known up to a share of itself: [⌈(1-X)·o⌉, ⌊(1+X)·o⌋], ℓ at least 1.

    Attributes:
        error: X, at least 0, exact. From 1 on, ℓ is 1 and only u still grows.
    """

    error: Decimal

    def __post_init__(self) -> None:
        exact_decimal("prediction relative: X", self.error, least_is_zero=True)

    def intervals(self, output_lens: Sequence[int]) -> list[tuple[int, int]]:
        """(ℓ, u) for each, rounded towards o."""
        error = Fraction(self.error)
        return [
            (max(1, ceil((1 - error) * output_len)), floor((1 + error) * output_len))
            for output_len in output_lens
        ]

    def __str__(self) -> str:
        return f"relative:{plain(self.error)}"


_ROUGH = re.compile(r"rough:([0-9]{1,16}):([0-9]{1,16})")
_BINS = re.compile(r"bins:([0-9]{1,16})")


def parse_prediction(text: str) -> Prediction:
    """The prediction that ``exact``, ``rough:LO:HI``, ``bins:K`` or ``relative:X`` names.

    Raises:
        InvalidValue: it is none of these, or its numbers break a rule.
    """
    if text == "exact":
        return Exact()
    if found := _ROUGH.fullmatch(text):
        return Rough(int(found[1]), int(found[2]))
    if found := _BINS.fullmatch(text):
        return Bins(int(found[1]))
    if text.startswith("relative:"):
        share = text.removeprefix("relative:")
        return Relative(decimal_from_text("prediction relative: X", share, "relative:0.2"))
    raise InvalidValue(
        "prediction",
        text,
        "it must be exact, rough:LO:HI, bins:K or relative:X",
        "give for example rough:1:1000 or bins:10",
    )

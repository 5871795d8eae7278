"""Predicted output lengths: for each request an interval [ℓ, u] that holds its true length.

This is the only grammar of predictions in the project: ``exact``, ``naive``, ``rough:LO:HI``,
``bins:K``, ``relative:X``, ``varying:X`` and ``mixed:P``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from types import MappingProxyType
from typing import Protocol, runtime_checkable

import numpy as np

from amin_ref.model.errors import InvalidValue
from amin_ref.model.validation import whole_number
from amin_ref.workloads.decimals import decimal_from_text, exact_decimal, plain

NAIVE_UPPER = 1000
"""Upper end of the source's naive prediction, the same for every request: 1,000 tokens."""


@runtime_checkable
class Prediction(Protocol):
    """How well output lengths are known before they are generated.

    ``str(prediction)`` is the text that :func:`parse_prediction` reads.
    """

    def intervals(
        self, output_lens: Sequence[int], generator: np.random.Generator
    ) -> list[tuple[int, int]]:
        """(ℓ, u) for each of the true lengths, 1 ≤ ℓ ≤ o ≤ u; tokens.

        Args:
            output_lens: the true lengths; tokens.
            generator: the source of every random choice. Predictions without one ignore it.

        Raises:
            InvalidValue: a true length lies outside the interval predicted for it.
        """
        ...


@dataclass(frozen=True)
class Exact:
    """Every length is known: ℓ = u = o."""

    def intervals(
        self,
        output_lens: Sequence[int],
        generator: np.random.Generator | None = None,  # noqa: ARG002 - the protocol's
    ) -> list[tuple[int, int]]:
        """(o, o) for each."""
        return [(output_len, output_len) for output_len in output_lens]

    def __str__(self) -> str:
        return "exact"


@dataclass(frozen=True)
class Naive:
    """The source's naive prediction: [1, 1000] for every request.

    If the longest output L exceeds 1,000 tokens, the interval is [1, L].
    """

    def intervals(
        self,
        output_lens: Sequence[int],
        generator: np.random.Generator | None = None,  # noqa: ARG002 - the protocol's
    ) -> list[tuple[int, int]]:
        """(1, max(1000, L)) for each."""
        return [(1, max(NAIVE_UPPER, max(output_lens, default=0)))] * len(output_lens)

    def __str__(self) -> str:
        return "naive"


@dataclass(frozen=True)
class Rough:
    """One interval for all requests.

    Attributes:
        lower: ℓ of every request; tokens, at least 1.
        upper: u of every request; tokens, at least ``lower``.
    """

    lower: int
    upper: int

    def __post_init__(self) -> None:
        whole_number("prediction rough: LO", self.lower, 1, "tokens")
        whole_number("prediction rough: HI", self.upper, self.lower, "tokens")

    def intervals(
        self,
        output_lens: Sequence[int],
        generator: np.random.Generator | None = None,  # noqa: ARG002 - the protocol's
    ) -> list[tuple[int, int]]:
        """(ℓ, u) for each.

        An output length outside the interval is refused; neither is changed to fit the other. An
        interval that widens where it is wrong would be a better predictor than the one specified.

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

    def intervals(
        self,
        output_lens: Sequence[int],
        generator: np.random.Generator | None = None,  # noqa: ARG002 - the protocol's
    ) -> list[tuple[int, int]]:
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

    def __init__(self, error: Decimal | float) -> None:
        number = exact_decimal("prediction relative: X", error, least_is_zero=True)
        object.__setattr__(self, "error", number)

    def intervals(
        self,
        output_lens: Sequence[int],
        generator: np.random.Generator | None = None,  # noqa: ARG002 - the protocol's
    ) -> list[tuple[int, int]]:
        """(ℓ, u) for each, rounded towards o."""
        error = Fraction(self.error)
        return [
            (max(1, ceil((1 - error) * output_len)), floor((1 + error) * output_len))
            for output_len in output_lens
        ]

    def __str__(self) -> str:
        return f"relative:{plain(self.error)}"


@dataclass(frozen=True)
class Varying:
    """Accuracy differs by request: :class:`Relative` with an error uniform on [0, X] for each.

    Attributes:
        error: X, the largest error, from 0 to 1.
    """

    error: Decimal

    def __init__(self, error: Decimal | float) -> None:
        number = exact_decimal("prediction varying: X", error, least_is_zero=True, largest=1)
        object.__setattr__(self, "error", number)

    def intervals(
        self, output_lens: Sequence[int], generator: np.random.Generator
    ) -> list[tuple[int, int]]:
        """([⌈(1-e)·o⌉, ⌊(1+e)·o⌋]) for each, with an error e of its own; ℓ at least 1."""
        errors = generator.uniform(0, float(self.error), len(output_lens))
        return [
            (max(1, ceil((1 - error) * output_len)), floor((1 + error) * output_len))
            for error, output_len in zip(errors.tolist(), output_lens, strict=True)
        ]

    def __str__(self) -> str:
        return f"varying:{plain(self.error)}"


@dataclass(frozen=True)
class Mixed:
    """:class:`Naive` for a random share of the requests, :class:`Exact` for the others.

    Attributes:
        share: P, the probability that a request's prediction is naive; from 0 to 1.
    """

    share: Decimal

    def __init__(self, share: Decimal | float) -> None:
        number = exact_decimal("prediction mixed: P", share, least_is_zero=True, largest=1)
        object.__setattr__(self, "share", number)

    def intervals(
        self, output_lens: Sequence[int], generator: np.random.Generator
    ) -> list[tuple[int, int]]:
        """(1, max(1000, L)) or (o, o) for each, at random and independently."""
        is_exact = generator.random(len(output_lens)) >= float(self.share)
        return [
            exact if known else naive
            for known, exact, naive in zip(
                is_exact.tolist(),
                Exact().intervals(output_lens),
                Naive().intervals(output_lens),
                strict=True,
            )
        ]

    def __str__(self) -> str:
        return f"mixed:{plain(self.share)}"


_ROUGH = re.compile(r"rough:([0-9]{1,16}):([0-9]{1,16})")
_BINS = re.compile(r"bins:([0-9]{1,16})")

_BY_NAME: Mapping[str, Prediction] = MappingProxyType({"exact": Exact(), "naive": Naive()})
_BY_SHARE: Mapping[str, tuple[str, Callable[[Decimal], Prediction]]] = MappingProxyType(
    {"relative": ("X", Relative), "varying": ("X", Varying), "mixed": ("P", Mixed)}
)
"""Kinds with one number, each with what the number is called."""


def parse_prediction(text: str) -> Prediction:
    """The prediction that a text names.

    Args:
        text: ``exact``, ``naive``, ``rough:LO:HI``, ``bins:K``, ``relative:X``, ``varying:X`` or
            ``mixed:P``.

    Raises:
        InvalidValue: the text is none of these, or its numbers break a rule.
    """
    if text in _BY_NAME:
        return _BY_NAME[text]
    if found := _ROUGH.fullmatch(text):
        return Rough(int(found[1]), int(found[2]))
    if found := _BINS.fullmatch(text):
        return Bins(int(found[1]))
    kind, colon, number = text.partition(":")
    if colon and kind in _BY_SHARE:
        symbol, make = _BY_SHARE[kind]
        return make(decimal_from_text(f"prediction {kind}: {symbol}", number, f"{kind}:0.2"))
    raise InvalidValue(
        "prediction",
        text,
        "it must be exact, naive, rough:LO:HI, bins:K, relative:X, varying:X or mixed:P",
        "give for example rough:1:1000 or bins:10",
    )


def as_prediction(value: Prediction | str) -> Prediction:
    """The prediction itself, or the one that a text names; see :func:`parse_prediction`.

    Raises:
        InvalidValue: it is neither, or the text names none.
    """
    if isinstance(value, str):
        return parse_prediction(value)
    if isinstance(value, type) or not isinstance(value, Prediction):
        raise InvalidValue(
            "prediction",
            value,
            "it must be a text or an object with the method intervals",
            "give for example 'bins:10' or Bins(10)",
        )
    return value

"""Exact decimals for parameters: ``0.1`` on the command line means a tenth, not a float near it."""

from __future__ import annotations

import re
from decimal import Decimal

from amin_ref.model.errors import InvalidValue
from amin_ref.model.validation import LARGEST

_PLACES = 18
"""Digits after the point; more could not change any round or token, and would slow the sums."""

_DECIMAL = re.compile(rf"[0-9]{{1,16}}(\.[0-9]{{1,{_PLACES}}})?")


def decimal_from_text(field: str, text: str, example: str) -> Decimal:
    """The decimal that ``text`` writes out in digits, such as ``0.25``.

    Raises:
        InvalidValue: it is anything else: signed, with an exponent, nan, empty, too long.
    """
    if not _DECIMAL.fullmatch(text):
        raise InvalidValue(
            field,
            text,
            f"it must be a decimal with at most {_PLACES} digits after the point",
            f"write it as in {example}",
        )
    return Decimal(text)


def exact_decimal(field: str, value: object, least_is_zero: bool) -> Decimal:
    """``value`` itself, if it is a ``Decimal`` that is positive (or zero, where that may be).

    Raises:
        InvalidValue: it is a float or anything else, negative, not finite, above 2**53 - 1 or of
            more than 18 places.
    """
    rule = f"it must be a Decimal {'from' if least_is_zero else 'above'} 0 to 2**53 - 1"
    mend = "give one such as Decimal('0.25')"
    if not isinstance(value, Decimal) or not value.is_finite():
        raise InvalidValue(field, value, rule, mend)
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and not -_PLACES <= exponent <= _PLACES:
        raise InvalidValue(field, value, f"it may have at most {_PLACES} places", mend)
    if value < 0 or value > LARGEST or (value == 0 and not least_is_zero):
        raise InvalidValue(field, value, rule, mend)
    return value


def plain(value: Decimal) -> str:
    """The decimal in digits, without an exponent, as :func:`decimal_from_text` reads it."""
    return format(value, "f")

"""Exact decimals for rates and shares: ``0.1`` means a tenth, not the binary fraction near it."""

from __future__ import annotations

import re
from decimal import Decimal

from amin_ref.model.errors import InvalidValue
from amin_ref.model.validation import LARGEST

_PLACES = 18
"""Most digits after the point; more could not change any round or token, and would slow sums."""

_DECIMAL = re.compile(rf"[0-9]{{1,16}}(\.[0-9]{{1,{_PLACES}}})?")


def decimal_from_text(field: str, text: str, example: str) -> Decimal:
    """The decimal that ``text`` writes out in digits, such as ``0.25``.

    Raises:
        InvalidValue: the text is anything else: signed, with an exponent, nan, empty, too long.
    """
    if not _DECIMAL.fullmatch(text):
        raise InvalidValue(
            field,
            text,
            "it must be a number in digits, without a sign, with at most "
            f"{_PLACES} digits after the point",
            f"write it as in {example}",
        )
    return Decimal(text)


def exact_decimal(
    field: str, value: object, *, least_is_zero: bool = False, largest: int = LARGEST
) -> Decimal:
    """The number ``value`` as a decimal. A float stands for its shortest text: 0.1 is a tenth.

    Args:
        field: where the value stands, for the message.
        value: a ``Decimal``, an ``int`` or a ``float``. Digits of a float beyond 18 places are
            rounded away.
        least_is_zero: whether 0 is allowed; if not, the value must be above 0.
        largest: the largest value allowed.

    Raises:
        InvalidValue: the value is of another type (a bool included), negative, not finite, above
            ``largest``, or a decimal of more than 18 places.
    """
    least = "from" if least_is_zero else "above"
    most = "2**53 - 1" if largest == LARGEST else str(largest)
    rule = f"it must be a number {least} 0 to {most} (a float, int or Decimal)"
    mend = "give one such as 0.25"
    if isinstance(value, bool) or not isinstance(value, Decimal | int | float):
        raise InvalidValue(field, value, rule, mend)
    number = Decimal(repr(float(value))) if isinstance(value, float) else Decimal(value)
    # On the command line the user has written digits, and never "Decimal".
    given = str(value) if isinstance(value, Decimal) else value
    if not number.is_finite():
        raise InvalidValue(field, given, rule, mend)
    exponent = number.as_tuple().exponent
    if isinstance(value, float) and isinstance(exponent, int) and exponent < -_PLACES:
        number = round(number, _PLACES)
    elif isinstance(exponent, int) and not -_PLACES <= exponent <= _PLACES:
        raise InvalidValue(field, given, f"it may have at most {_PLACES} places", mend)
    if number < 0 or number > largest or (number == 0 and not least_is_zero):
        raise InvalidValue(field, given, rule, mend)
    return number


def plain(value: Decimal) -> str:
    """The decimal in digits, without an exponent, as :func:`decimal_from_text` reads it."""
    return format(value, "f")

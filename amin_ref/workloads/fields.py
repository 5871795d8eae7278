"""From the text of a trace's field to its exact number, or to an error of one sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal, get_args

from amin_ref.model.errors import InvalidValue
from amin_ref.model.validation import LARGEST

NANOSECONDS = 10**9
"""Nanoseconds in a second."""

TimeUnit = Literal["s", "ms", "ns"]
"""The unit of the times in a trace: seconds, milliseconds or nanoseconds."""

TIME_UNITS: tuple[TimeUnit, ...] = get_args(TimeUnit)

NANOSECONDS_IN: Mapping[TimeUnit, int] = {"s": NANOSECONDS, "ms": 10**6, "ns": 1}

UNIT_TITLES: Mapping[TimeUnit, str] = {"s": "seconds", "ms": "milliseconds", "ns": "nanoseconds"}

_WHOLE = re.compile(r"([+-]?[0-9]+)(\.0*)?")
_DECIMAL_TIME = re.compile(r"[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]{1,2})?")
_INSTANT = re.compile(
    r"(?P<whole>\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d)"
    r"(?:\.(?P<fraction>\d{1,9}))?"
    r"(?P<zone>Z|[+-]\d\d:\d\d)?",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FAST_DIGITS = 15
"""A number of at most this many digits is below :data:`LARGEST`, which has 16."""

_MOST_DIGITS = 20
"""A number of more digits, leading zeros included, is refused before it is converted."""


def tokens_from_text(field: str, text: str) -> int:
    """A number of tokens. It may be 0 or negative; :func:`keep_usable` drops such rows later.

    Raises:
        InvalidValue: it is not a whole number, or too large to be a number of tokens.
    """
    if len(text) <= _FAST_DIGITS and text.isdecimal() and text.isascii():
        return int(text)
    found = _WHOLE.fullmatch(text)
    if not found:
        raise _not_tokens(field, text)
    if len(found[1]) > _MOST_DIGITS:
        raise _too_many_tokens(field, text)
    return tokens_from_number(field, int(found[1]))


def tokens_from_number(field: str, value: object) -> int:
    """A number of tokens from a JSON value; ``300.0`` is a whole number, too.

    Args:
        field: its name in the line.
        value: an ``int``, or a ``Decimal`` for a number with a point or an exponent; a bool, a
            float (NaN, an infinity) or anything else is no number of tokens.

    Raises:
        InvalidValue: as :func:`tokens_from_text`.
    """
    if isinstance(value, Decimal):
        # Compared first: int would write out all digits of 1e999999999, and abs overflows.
        if not -LARGEST <= value <= LARGEST:
            raise _too_many_tokens(field, float(value))
        if value % 1:
            raise _not_tokens(field, float(value))
        value = int(value)
    if type(value) is not int:
        raise _not_tokens(field, value)
    if abs(value) > LARGEST:
        raise _too_many_tokens(field, value)
    return value


def nanoseconds_from_text(field: str, text: str, unit: TimeUnit) -> int:
    """Nanoseconds, rounded down, in a decimal number of ``unit`` such as ``5.89`` or ``1e-05``.

    Raises:
        InvalidValue: it is not a number, negative, infinite, or beyond 2**53 - 1 units.
    """
    if not _DECIMAL_TIME.fullmatch(text) or Decimal(text) > LARGEST:
        raise InvalidValue(
            field,
            text,
            f"it must be a time in {UNIT_TITLES[unit]}, a decimal number from 0 to 2**53 - 1",
            "correct the line or remove it",
        )
    return int(Decimal(text) * NANOSECONDS_IN[unit])


def nanoseconds_from_number(field: str, value: object, unit: TimeUnit) -> int:
    """Nanoseconds, rounded down, in a JSON number of ``unit``.

    Args:
        field: its name in the line.
        value: an ``int``, or a ``Decimal`` for a number with a point or an exponent, so that 0.1
            means a tenth and not the nearest binary fraction.
        unit: what the number counts.

    Raises:
        InvalidValue: it is not a number, negative, infinite, or beyond 2**53 - 1 units.
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 <= value <= LARGEST:
        raise InvalidValue(
            field,
            float(value) if isinstance(value, Decimal) else value,
            f"it must be a time in {UNIT_TITLES[unit]}, a number from 0 to 2**53 - 1",
            "correct the line or remove it",
        )
    return int(value * NANOSECONDS_IN[unit])


def nanoseconds_from_instant(field: str, text: str) -> int:
    """Nanoseconds since 1970 of an instant such as ``2023-11-16 18:15:46.6805900``.

    A fraction of a second has at most 9 digits. An offset (``+00:00``, ``Z``) may follow; without
    one, the instant is in UTC.

    Raises:
        InvalidValue: the text is not of this form, or names no day or time of the calendar.
    """
    found = _INSTANT.fullmatch(text)
    try:
        if found is None:
            raise ValueError(text)
        zone = found["zone"] or "+00:00"
        since = datetime.fromisoformat(found["whole"] + zone) - _EPOCH
    except (ValueError, OverflowError):
        raise InvalidValue(
            field,
            text,
            "it must be a time such as 2023-11-16 18:15:46.6805900",
            "correct the line or remove it",
        ) from None
    return since // timedelta(seconds=1) * NANOSECONDS + int(
        (found["fraction"] or "").ljust(9, "0")
    )


def _not_tokens(field: str, value: object) -> InvalidValue:
    return InvalidValue(
        field, value, "it must be a whole number of tokens", "correct the line or remove it"
    )


def _too_many_tokens(field: str, value: object) -> InvalidValue:
    return InvalidValue(
        field, value, "no request has more than 2**53 - 1 tokens", "correct the line or remove it"
    )

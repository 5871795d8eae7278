"""From the text of one field to its number, exactly; anything else is refused in one sentence."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from amin_ref.model.errors import InvalidValue
from amin_ref.model.validation import LARGEST

NANOSECONDS = 10**9
"""Nanoseconds in a second."""

_WHOLE = re.compile(r"[+-]?[0-9]+")
_SECONDS = re.compile(r"[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]{1,2})?")
_INSTANT = re.compile(
    r"(?P<whole>\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d)"
    r"(?:\.(?P<fraction>\d{1,9}))?"
    r"(?P<zone>Z|[+-]\d\d:\d\d)?",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FAST_DIGITS = 15
"""A number of so few digits is below :data:`LARGEST` without being looked at any further."""


def tokens_from_text(field: str, text: str) -> int:
    """A number of tokens, which may be zero or negative: that is for others to judge.

    Raises:
        InvalidValue: it is not a whole number, or too large to be a number of tokens.
    """
    if len(text) <= _FAST_DIGITS and text.isdecimal() and text.isascii():
        return int(text)
    if not _WHOLE.fullmatch(text):
        raise _not_tokens(field, text)
    # Leading zeros count as digits here; nobody pads to twenty.
    if len(text) > 20:
        raise _too_many_tokens(field, text)
    return tokens_from_number(field, int(text))


def tokens_from_number(field: str, value: object) -> int:
    """The same for a value that JSON gave; a bool and a float are no number of tokens.

    Raises:
        InvalidValue: as :func:`tokens_from_text`.
    """
    if type(value) is not int:
        raise _not_tokens(field, value)
    if abs(value) > LARGEST:
        raise _too_many_tokens(field, value)
    return value


def nanoseconds_from_seconds(field: str, text: str) -> int:
    """Nanoseconds, rounded down, in a decimal number of seconds such as ``5.89`` or ``1e-05``.

    Raises:
        InvalidValue: it is not a number, negative, infinite, or beyond 2**53 - 1 seconds.
    """
    if not _SECONDS.fullmatch(text) or Decimal(text) > LARGEST:
        raise InvalidValue(
            field,
            text,
            "it must be a time in seconds, a decimal number from 0 to 2**53 - 1",
            "correct the line or remove it",
        )
    return int(Decimal(text) * NANOSECONDS)


def nanoseconds_from_milliseconds(field: str, value: object) -> int:
    """Nanoseconds, rounded down, in a JSON number of milliseconds.

    Raises:
        InvalidValue: it is not a number, negative, infinite, or beyond 2**53 - 1 milliseconds.
    """
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= LARGEST:
        raise InvalidValue(
            field,
            value,
            "it must be a time in milliseconds, a number from 0 to 2**53 - 1",
            "correct the line or remove it",
        )
    # By way of its text, so that 0.1 means a tenth and not the nearest binary fraction.
    return int(Decimal(str(value)) * (NANOSECONDS // 1000))


def nanoseconds_from_instant(field: str, text: str) -> int:
    """Nanoseconds since 1970 of an instant such as ``2023-11-16 18:15:46.6805900``.

    At most nine digits of a second; an offset (``+00:00``, ``Z``) may follow, and UTC is meant
    where there is none.

    Raises:
        InvalidValue: it is not of this form, or no day or time of the calendar.
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

"""Rules that several values share: what is a whole number, and what is a request's id."""

from __future__ import annotations

from typing import TypeGuard

from amin_ref.model.errors import InvalidValue

LARGEST = 2**53 - 1
"""The largest number of tokens or rounds: JSON readers that use doubles keep it exact."""

RequestId = str | int
"""A request's id. ``1`` and ``"1"`` are two different ids."""


def is_whole(value: object, least: int) -> TypeGuard[int]:
    """Whether ``value`` is an ``int`` from ``least`` to :data:`LARGEST`."""
    return type(value) is int and least <= value <= LARGEST


def whole_number(field: str, value: object, least: int, unit: str) -> int:
    """``value`` itself, if it is an ``int`` from ``least`` to :data:`LARGEST`.

    Raises:
        InvalidValue: it is a bool, a float, a numpy number or anything else, or out of range.
    """
    if type(value) is not int:
        raise InvalidValue(
            field,
            value,
            f"it must be a whole number of {unit} (an int, no bool and no float)",
            f"give an int of at least {least}",
        )
    if value < least:
        raise InvalidValue(
            field, value, f"it must be at least {least} {unit}", f"give {least} or more"
        )
    if value > LARGEST:
        raise InvalidValue(
            field,
            value,
            f"it must be at most 2**53 - 1 {unit}, so that it stays exact in JSON",
            "use a coarser unit",
        )
    return value


def is_request_id(value: object) -> TypeGuard[RequestId]:
    """Whether ``value`` may be an id: a non-empty string, or an int of at most 53 bits."""
    if type(value) is str:
        return value != ""
    return type(value) is int and -LARGEST <= value <= LARGEST

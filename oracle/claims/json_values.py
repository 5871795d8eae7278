"""Texts, numbers, estimates and objects out of a JSON document, with errors that name the place."""

from __future__ import annotations

from collections.abc import Mapping

from amin_ref.comparison.estimate import Estimate
from amin_ref.model.errors import InvalidDocument, shown
from amin_ref.model.json_reading import expect_fields, expect_object
from amin_ref.model.validation import whole_number


def object_in(value: object, where: str, fields: tuple[str, ...]) -> Mapping[str, object]:
    """The object, which must have these fields and no others.

    Raises:
        InvalidDocument: it is no such object.
    """
    found = expect_object(value, where)
    expect_fields(found, where, fields, ())
    return found


def text_in(value: object, where: str) -> str:
    """The text.

    Raises:
        InvalidDocument: the value is none.
    """
    if not isinstance(value, str):
        raise InvalidDocument(f"{where}: {shown(value)} found where a text is needed.")
    return value


def number_in(value: object, where: str) -> float:
    """The number.

    Raises:
        InvalidDocument: the value is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidDocument(f"{where}: {shown(value)} found where a number is needed.")
    return float(value)


def estimate_in(value: object, where: str) -> Estimate:
    """The mean with its interval.

    Raises:
        InvalidDocument: a field is missing, or is no number.
        InvalidValue: the count is not a whole number of at least 1.
    """
    found = object_in(value, where, ("mean", "low", "high", "count"))
    return Estimate(
        mean=number_in(found["mean"], where),
        low=number_in(found["low"], where),
        high=number_in(found["high"], where),
        count=whole_number(f"{where}: count", found["count"], 1, "values"),
    )

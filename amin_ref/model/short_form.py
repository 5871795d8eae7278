"""The short ``repr`` of values that hold thousands of others."""

from __future__ import annotations

from collections.abc import Sequence

MOST_IN_FULL = 20
"""Items that a ``repr`` shows in full: an instance of a failing test can be pasted as code."""

FIRST_SHOWN = 3
"""Items that a ``repr`` shows of more than that: enough to see what kind of items they are."""


def short_tuple(items: Sequence[object]) -> str:
    """The ``repr`` of a tuple of these items; of a long one, the first items and a count.

    ``(1, 2, 3, … 1997 more)`` is no Python code, so a shortened value cannot be taken for another.
    """
    if len(items) <= MOST_IN_FULL:
        return repr(tuple(items))
    first = ", ".join(map(repr, items[:FIRST_SHOWN]))
    return f"({first}, … {len(items) - FIRST_SHOWN} more)"

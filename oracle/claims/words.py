"""Lists and counts in sentences."""

from __future__ import annotations

from collections.abc import Iterable


def listed(items: Iterable[object], last: str = "and") -> str:
    """``a, b and c``."""
    *before, end = map(str, items)
    return f"{', '.join(before)} {last} {end}" if before else end


def counted(count: int, thing: str) -> str:
    """``1 bin``, ``2 bins``."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"

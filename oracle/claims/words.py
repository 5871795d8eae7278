"""Lists and counts in sentences, and the label of the quantity that most figures show."""

from __future__ import annotations

from collections.abc import Iterable

from amin_ref.comparison.columns import COLUMNS

TIMES_BOUND = f"{COLUMNS['ratio_to_bound'].statistic}: total latency / certified bound"
"""The ratio to the certified bound, under the name that tables have for it."""


def listed(items: Iterable[object], last: str = "and") -> str:
    """``a, b and c``; empty where there are no items."""
    *before, end = ["", *map(str, items)]
    return f"{', '.join(before[1:])} {last} {end}" if before[1:] else end


def counted(count: int, thing: str) -> str:
    """``1 bin``, ``2 bins``."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"

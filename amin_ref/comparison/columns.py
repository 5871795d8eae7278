"""The columns of a comparison's table: headings, units, and how their numbers are written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from amin_ref.model.errors import InvalidValue
from amin_ref.model.validation import LARGEST

SHORTEST_ROUND = 1e-9
"""Seconds; a shorter round is shorter than a clock cycle."""

LONGEST_ROUND = 1e9
"""Seconds; a longer round is longer than thirty years."""

Quantity = Literal["time", "time per token", "rate", "count", "tokens", "share", "ratio"]
"""What a column's numbers are, and so which unit they have and how they are written."""


@dataclass(frozen=True, slots=True)
class Column:
    """A metric of :class:`ComparisonRow` as a column.

    Attributes:
        field: name of the attribute of the row; also the column's name for ``--columns``.
        quantity: what its numbers are.
        head: first line of its heading: what is measured.
        statistic: second line: which number of it.
    """

    field: str
    quantity: Quantity
    head: str
    statistic: str


@dataclass(frozen=True, slots=True)
class Display:
    """How times are shown.

    Attributes:
        round_seconds: duration of a round; seconds, from :data:`SHORTEST_ROUND` to
            :data:`LONGEST_ROUND`. ``None``: times are shown in rounds.
        slo: the latency that goodput counts requests within; rounds, at least 1. ``None`` when none
            is stated.

    Raises:
        InvalidValue: a number is out of its range.
    """

    round_seconds: float | None = None
    slo: float | None = None

    def __post_init__(self) -> None:
        _number("compare: round_seconds", self.round_seconds, SHORTEST_ROUND, LONGEST_ROUND)
        _number("compare: slo", self.slo, 1, LARGEST)

    def value(self, column: Column, number: float) -> float:
        """The number in the unit of :meth:`unit`."""
        if column.quantity == "share":
            return 100 * number
        if self.round_seconds is None:
            return number
        if column.quantity in ("time", "time per token"):
            return number * self.round_seconds
        return number / self.round_seconds if column.quantity == "rate" else number

    def unit(self, column: Column) -> str:
        """Third line of the heading: the unit, empty for plain numbers."""
        in_rounds = self.round_seconds is None
        units: dict[Quantity, str] = {
            "time": "rounds" if in_rounds else "s",
            "time per token": "rounds/tok" if in_rounds else "s/token",
            "rate": "tok/round" if in_rounds else "tokens/s",
            "count": "",
            "tokens": "tokens",
            "share": "%",
            "ratio": "",
        }
        return units[column.quantity]

    def heading(self, column: Column) -> tuple[str, str, str]:
        """What is measured, which statistic of it, and the unit."""
        statistic = column.statistic
        if column.field == "goodput" and self.slo is not None:
            statistic = f"≤ {self.latency(self.slo)}"
        return column.head, statistic, self.unit(column)

    def latency(self, rounds: float) -> str:
        """A latency in the unit of display, without the unit."""
        if self.round_seconds is None:
            return f"{rounds:,.10g}" if rounds < _EXACT_DIGITS else f"{rounds:,.0f}"
        return f"{rounds * self.round_seconds:,.{self.decimals()}f}"

    def text(self, column: Column, number: float | None) -> str:
        """The number with all digits before the point, in groups of three; "–" for ``None``."""
        if number is None:
            return "–"
        shown_number = self.value(column, number)
        if self.round_seconds is not None and column.quantity == "time":
            return f"{shown_number:,.{self.decimals()}f}"
        if self.round_seconds is not None and column.quantity == "time per token":
            return f"{shown_number:,.{self.decimals() + 2}f}"
        if isinstance(shown_number, int):
            return f"{shown_number:,}"
        return f"{shown_number:,.{_DECIMALS[column.quantity]}f}"

    def decimals(self) -> int:
        """Decimals of a time in seconds: at least two, and enough to tell two rounds apart."""
        if self.round_seconds is None:
            return 0
        return max(2, -math.floor(math.log10(self.round_seconds)))


_EXACT_DIGITS = 10**10
"""A stated latency below this is shown with up to ten significant digits; above, in rounds."""

_DECIMALS: dict[Quantity, int] = {
    "time": 1,
    "time per token": 3,
    "rate": 1,
    "count": 1,
    "tokens": 0,
    "share": 1,
    "ratio": 3,
}
"""Decimals of a number that is not whole: few enough to read, and enough to see 0.1 %."""


def _percentiles(metric: str, quantity: Quantity, head: str) -> tuple[Column, ...]:
    statistics = ("mean", "p50", "p90", "p99")
    return tuple(Column(f"{each}_{metric}", quantity, head, each) for each in statistics)


COLUMNS: dict[str, Column] = {
    column.field: column
    for column in (
        Column("requests", "count", "requests", "total"),
        Column("total_latency", "time", "latency", "total"),
        *_percentiles("latency", "time", "latency"),
        Column("median_latency", "time", "latency", "median"),
        *_percentiles("ttft", "time", "TTFT"),
        Column("mean_first_token_ever", "time", "TTFT ever", "mean"),
        *_percentiles("queueing", "time", "queueing"),
        *_percentiles("tpot", "time per token", "TPOT"),
        Column("mean_normalized_latency", "time per token", "latency/o", "mean"),
        Column("throughput", "rate", "output", "mean"),
        Column("goodput", "share", "goodput", "within"),
        Column("requests_queued", "count", "queued", "requests"),
        Column("evictions", "count", "evicted", "runs"),
        Column("wasted_tokens", "tokens", "wasted", "total"),
        Column("wasted_share", "share", "wasted", "tokens"),
        Column("recomputed_tokens", "tokens", "recomputed", "total"),
        Column("recomputed_share", "share", "recomputed", "tokens"),
        Column("mean_occupancy", "tokens", "held", "mean"),
        Column("peak_occupancy", "tokens", "held", "peak"),
        Column("makespan", "time", "makespan", "last stop"),
        Column("ratio_to_best", "ratio", "latency", "× best"),
        Column("ratio_to_bound", "ratio", "latency", "× bound"),
    )
}
"""Every column by its name, in the order in which they are shown. ``policy`` always comes first."""

DEFAULT_COLUMNS = (
    "mean_latency",
    "ratio_to_best",
    "ratio_to_bound",
    "p99_latency",
    "mean_ttft",
    "goodput",
    "evictions",
    "throughput",
    "wasted_share",
    "recomputed_share",
    "p50_latency",
)
"""Shown by default, the most important first: a narrow table drops them from the end.

``ratio_to_bound`` and ``goodput`` are shown only where a bound or a latency was given;
``recomputed_share`` only where evicted requests resume, and ``wasted_share`` only elsewhere.
"""

ALWAYS_SHOWN = 2
"""The first columns of :data:`DEFAULT_COLUMNS` that no width drops."""


def chosen_columns(names: Sequence[str] | str) -> tuple[Column, ...]:
    """The columns of those names, in the order given.

    Args:
        names: names of :data:`COLUMNS`, or a text of them with commas between; ``"all"`` for all.

    Raises:
        InvalidValue: a name is not that of a column, or stands twice, or there is none.
    """
    if isinstance(names, str):
        names = [name.strip() for name in names.split(",")]
    if list(names) == ["all"]:
        return tuple(COLUMNS.values())
    if not names:
        raise InvalidValue("columns", names, "it must name at least one", "give 'all'")
    for name in names:
        if name not in COLUMNS:
            raise InvalidValue(
                "columns", name, "there is no such column", f"give 'all', or some of {_known()}"
            )
        if list(names).count(name) > 1:
            raise InvalidValue("columns", name, "it stands twice", "name each column once")
    return tuple(COLUMNS[name] for name in names)


def _known() -> str:
    return ", ".join(COLUMNS)


def _number(field: str, value: object, least: float, most: float) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise InvalidValue(
            field, value, f"it must be a number from {least:g} to {most:g}", "give one, or None"
        )

"""What a chart shows, apart from how it is drawn: series of estimates, and their table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from amin_ref.comparison.estimate import Estimate

Scale = Literal["linear", "log"]


@dataclass(frozen=True, slots=True)
class Point:
    """A measured value ``y`` at the setting ``x``."""

    x: float
    y: Estimate


@dataclass(frozen=True, slots=True)
class Series:
    """The points of one line, in ascending order of x."""

    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A constant level to compare the lines with, such as a threshold."""

    label: str
    y: float


@dataclass(frozen=True, slots=True)
class Figure:
    """A line chart.

    Attributes:
        name: unique in a page; letters, digits and hyphens.
        title: one line.
        reading: what the chart shows, in one or two sentences; also its text alternative.
        x_label: quantity on the x axis, with its unit.
        y_label: quantity on the y axis, with its unit.
        series: the lines, at least one.
        x_scale: of the x axis.
        y_scale: of the y axis.
        marks: horizontal lines to compare with.
    """

    name: str
    title: str
    reading: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    x_scale: Scale = "linear"
    y_scale: Scale = "linear"
    marks: tuple[Mark, ...] = ()


SIGNIFICANT_DIGITS = 4
"""Digits shown of a number in a table: one more than its confidence interval leaves certain."""


def figure_rows(figure: Figure) -> list[tuple[str, ...]]:
    """The figure's numbers as text: headings first, then one row for each x."""
    rows = [(figure.x_label, *(series.name for series in figure.series))]
    for x in sorted({point.x for series in figure.series for point in series.points}):
        cells = [
            next((shown(point.y) for point in series.points if point.x == x), "")
            for series in figure.series
        ]
        rows.append((_number(x), *cells))
    return rows


def shown(estimate: Estimate) -> str:
    """``mean [low, high]``; the mean alone where the interval is a point."""
    if estimate.low == estimate.high:
        return _number(estimate.mean)
    return f"{_number(estimate.mean)} [{_number(estimate.low)}, {_number(estimate.high)}]"


def _number(value: float) -> str:
    """:data:`SIGNIFICANT_DIGITS` digits, and no exponent; a whole number has no decimals."""
    if value == int(value):
        return f"{int(value):,}"
    decimals = max(0, SIGNIFICANT_DIGITS - len(str(int(abs(value)))))
    return f"{value:,.{decimals}f}"

"""Figures drawn by matplotlib, as SVG that belongs into a page: real text, colours from its CSS."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from itertools import chain, count
from textwrap import fill
from typing import TypeVar

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from amin_ref.comparison.estimate import Estimate
from amin_ref.policies.names import DEFAULT_POLICIES, POLICIES
from oracle.claims.figures import Figure, Series, shown
from oracle.report.hover import RADIUS, Target, around, with_overlay

WIDTH = 4.4
"""Of a chart; inches of 72 units. A phone of 360 pixels has room for 318 units in full size."""

PLOT_HEIGHT = 2.85
"""Of a line chart without its legend; inches."""

LEGEND_ROW = 0.23
"""Height of each row of a legend; inches."""

FONT_SIZE = 11.5
"""Of all text in a chart; units. On a phone of 360 pixels it has 11 pixels at least."""

POINTS_MARKED = 25
"""A line with at most this many points has a marker at each; more would touch each other."""

LEGEND_LABEL = 20
"""Characters of a label up to which two stand beside each other in a legend."""

LINE_OF_TEXT = 44
"""Characters of an axis label that fit into the width; a longer one is broken."""

STRIP_HEIGHT, ONLY_STRIP_HEIGHT = 1.15, 2.2
"""Height of each strip of :func:`drawn_apart`, and of a strip that is alone; inches."""

HEADING_HEIGHT = 0.7
"""Room for the heading and the label of the axis of :func:`drawn_apart`; inches."""

AREA_OPACITY = 0.3
"""Of the areas of :func:`drawn_apart`: the grid is seen through them."""

BAR_HEIGHT, AXIS_HEIGHT = 0.42, 0.9
"""Height that each bar of :func:`drawn_bars` takes, and room for the axis and its label; inches."""

BAR_SHARE = 0.62
"""Share of :data:`BAR_HEIGHT` that is the bar itself; the rest keeps bars apart."""

NUMBER_GAP = 4
"""Room between a bar and the number behind it; units."""

NUMBER_ROOM = 1.2
"""Length of the axis of bars in longest bars: a fifth more, for the number behind that bar."""

AREA_LINE, INTERVAL_LINE, MARK_LINE, BEGIN_LINE = 1.2, 1.4, 1.0, 2.4
"""Widths of lines: around an area, for an interval beside a bar, for a mark across a chart, and
where bars begin, which is the widest since bars must not seem to begin at 0; units."""

POINT_INTERVAL_LINE = 1.1
"""Width of the line of an interval through a point: narrower than the line through the points."""

DASHED = (0, (3, 3))
"""The line of a mark: its dashes and the gaps between them are three line widths long."""

MARK_REACH = 2
"""A pointer this near to a mark shows the mark's value; units."""

MOST_TICKS, TICK_STEPS = 5, (1, 2, 5, 10)
"""Most intervals of an axis, whose numbers stand apart on a phone, and their round steps."""

TICK_APART = 1 / 8
"""Share of the axis of bars by which a number stands from the first one: nearer, they touch."""

DECADES_ACROSS, DECADES_UP = 100, 200
"""A logarithmic axis whose ends have a smaller ratio shows 1, 2 and 5 of each power of ten. Numbers
stand beside each other across, and below each other up, where more of them fit."""

LEAST_SPAN = 0.05
"""Least length of the axis of bars: a difference below 1 % must not look like a large one."""

COLOURS = 8
"""Number of colours for lines in the page's CSS: ``--line-0`` and so on."""

OF_POLICY: Mapping[str, int] = {
    policy.title: number for number, policy in enumerate(POLICIES.values())
}
"""Policies have the same colour in every picture."""

POINTS_PER_INCH = 72
"""The unit of SVG that matplotlib writes."""

_INK, _FAINT, _GROUND = "#000001", "#000002", "#000003"
_LINES = tuple(f"#0001{number:02x}" for number in range(COLOURS))
_CSS = {
    _INK: "var(--ink)",
    _FAINT: "var(--faint)",
    _GROUND: "var(--ground)",
    **{colour: f"var(--line-{number})" for number, colour in enumerate(_LINES)},
}
"""What stands for a colour while matplotlib draws, and what the page makes of it."""

_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_DASHES: tuple[str | tuple[int, tuple[float, ...]], ...] = (
    "solid",
    (0, (5, 1.5)),
    (0, (1.2, 1.2)),
    (0, (6, 1.5, 1.2, 1.5)),
    (0, (8, 2)),
    (0, (3, 1, 1, 1, 1, 1)),
    (0, (2, 2)),
    (0, (10, 3)),
)


Choice = TypeVar("Choice")


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: it ends at the mean of ``value``, and a line shows the confidence interval."""

    label: str
    value: Estimate


@dataclass(frozen=True, slots=True)
class Bars:
    """A bar chart; fields as in :class:`oracle.claims.figures.Figure`, and ``begin``.

    Attributes:
        begin: the number at which every bar starts; the caption has to say it.
    """

    name: str
    title: str
    reading: str
    x_label: str
    begin: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """The map from numbers to places in the drawing; a test compares drawings with it.

    Attributes:
        scale: ``"linear"`` or ``"log"``.
        numbers: at the two ends of the axis.
        places: of these two numbers, in the drawing's units.
    """

    scale: str
    numbers: tuple[float, float]
    places: tuple[float, float]

    def place(self, number: float) -> float:
        """Where a number is in the drawing."""
        begin, end = self.numbers
        if self.scale == "log":
            begin, end, number = math.log(begin), math.log(end), math.log(number)
        share = (number - begin) / (end - begin)
        return self.places[0] + share * (self.places[1] - self.places[0])


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing: an ``<svg>`` element, and its axes.

    The line of series number k of figure f is the element with the id ``f-line-k``.
    """

    svg: str
    x: Axis
    y: Axis


def drawn(figure: Figure) -> Picture:
    """Lines with markers and confidence intervals."""
    with _styled(figure.name):
        labels = [each.name for each in figure.series] + [mark.label for mark in figure.marks]
        columns = 2 if max(map(len, labels)) <= LEGEND_LABEL else 1
        rows = -(-len(labels) // columns) if len(labels) > 1 else 0
        tall = PLOT_HEIGHT + LEGEND_ROW * rows
        canvas = Canvas(figsize=(WIDTH, tall), layout="constrained")
        axes = canvas.add_subplot()
        for number, series in enumerate(figure.series):
            _line(axes, figure, number, series)
        for mark in figure.marks:
            axes.axhline(
                mark.y, color=_INK, linewidth=MARK_LINE, linestyle=DASHED, label=mark.label
            )
        _scale(axes, figure)
        axes.set_xlabel(fill(figure.x_label, LINE_OF_TEXT))
        # Above the axis: beside it, a long label would be longer than the axis.
        axes.set_title(fill(figure.y_label, LINE_OF_TEXT), loc="left", fontsize=FONT_SIZE)
        if rows:
            canvas.legend(
                loc="outside upper left", ncols=columns, handlelength=2.4, columnspacing=1.0
            )
        return _finished(
            canvas,
            [axes],
            figure,
            lambda x, y: [*_levels(figure, x, y[0]), *_points(figure, x, y[0])],
        )


def drawn_apart(figure: Figure) -> Picture:
    """Each line as an area in a strip of its own, over the same axes, so that lines do not tangle.

    The axes of the result are those of the first strip.
    """
    with _styled(figure.name):
        strip = STRIP_HEIGHT if len(figure.series) > 1 else ONLY_STRIP_HEIGHT
        tall = strip * len(figure.series) + HEADING_HEIGHT
        canvas = Canvas(figsize=(WIDTH, tall), layout="constrained")
        strips = canvas.subplots(len(figure.series), sharex=True, sharey=True, squeeze=False)[:, 0]
        colours = styles([each.name for each in figure.series])
        for number, (series, axes) in enumerate(zip(figure.series, strips, strict=True)):
            colour = _colour(colours[number])
            x = [point.x for point in series.points]
            y = [point.y.mean for point in series.points]
            axes.fill_between(x, y, color=colour, alpha=AREA_OPACITY, linewidth=0)
            (line,) = axes.plot(x, y, color=colour, linewidth=AREA_LINE)
            line.set_gid(f"{figure.name}-line-{number}")
            for mark in figure.marks:
                axes.axhline(mark.y, color=_INK, linewidth=MARK_LINE, linestyle=DASHED)
            axes.set_title(series.name, loc="left", fontsize=FONT_SIZE, fontweight="bold")
            _scale(axes, figure)
            axes.yaxis.set_major_locator(MaxNLocator(3))
        marks = [f"dashed: {mark.label}" for mark in figure.marks]
        heading = "; ".join([figure.y_label, *marks])
        canvas.suptitle(fill(heading, LINE_OF_TEXT), x=0.01, ha="left", fontsize=FONT_SIZE)
        strips[-1].set_xlabel(figure.x_label)
        return _finished(canvas, list(strips), figure, lambda x, y: _columns(figure, x, y))


def drawn_bars(figure: Bars) -> Picture:
    """Horizontal bars from ``begin`` on, each with its number; a line where they begin."""
    with _styled(figure.name):
        tall = BAR_HEIGHT * len(figure.bars) + AXIS_HEIGHT
        canvas = Canvas(figsize=(WIDTH, tall), layout="constrained")
        axes = canvas.add_subplot()
        colours = styles([bar.label for bar in figure.bars])
        for place, bar in enumerate(figure.bars):
            value, colour = bar.value, _colour(colours[place])
            (patch,) = axes.barh(
                place, value.mean - figure.begin, left=figure.begin, height=BAR_SHARE, color=colour
            )
            patch.set_gid(f"{figure.name}-line-{place}")
            if value.count > 1:
                axes.hlines(place, value.low, value.high, color=_INK, linewidth=INTERVAL_LINE)
            axes.annotate(
                f"{value.mean:.3f}",
                (max(value.mean, value.high), place),
                (NUMBER_GAP, 0),
                textcoords="offset points",
                va="center",
            )
        axes.set_yticks(range(len(figure.bars)), [bar.label for bar in figure.bars])
        axes.invert_yaxis()
        longest = max(bar.value.high for bar in figure.bars) - figure.begin
        end = figure.begin + max(LEAST_SPAN, NUMBER_ROOM * longest)
        axes.set_xlim(figure.begin, end)
        axes.set_xticks(_ticks_from(figure.begin, end))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.axvline(figure.begin, color=_INK, linewidth=BEGIN_LINE)
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(fill(figure.x_label, LINE_OF_TEXT))
        return _finished(canvas, [axes], figure, lambda x, y: _bar_targets(figure, x, y[0]))


def _ticks_from(begin: float, end: float) -> list[float]:
    """Round numbers on an axis of bars, and the number at which it begins."""
    ticks = MaxNLocator(MOST_TICKS - 1, steps=TICK_STEPS).tick_values(begin, end)
    first = begin + (end - begin) * TICK_APART
    return [begin, *(float(tick) for tick in ticks if first <= tick <= end)]


def _points(figure: Figure, x: Axis, y: Axis) -> list[Target]:
    """One target around each point."""
    return around(
        (
            x.place(point.x),
            y.place(point.y.mean),
            f"{series.name}: {shown(point.y)} at {figure.x_label} {_short(point.x)}",
        )
        for series in figure.series
        for point in series.points
    )


def _levels(figure: Figure, x: Axis, y: Axis) -> Iterator[Target]:
    """One target along each mark."""
    left, right = x.places
    for mark in figure.marks:
        top, text = y.place(mark.y) - MARK_REACH, f"{mark.label}: {mark.y:g}"
        yield Target(left, top, right - left, 2 * MARK_REACH, text)


def _columns(figure: Figure, x: Axis, y: Sequence[Axis]) -> Iterator[Target]:
    """One target for each point of each strip, as tall as the strip and up to the next point."""
    for series, strip in zip(figure.series, y, strict=True):
        places = [x.place(point.x) for point in series.points]
        step = places[1] - places[0] if len(places) > 1 else x.places[1] - places[0]
        bottom, top = strip.places
        for point, place in zip(series.points, places, strict=True):
            text = f"{series.name}, {figure.x_label} {_short(point.x)}: {_short(point.y.mean)}"
            yield Target(place, top, step, bottom - top, f"{text} {figure.y_label}")


def _bar_targets(figure: Bars, x: Axis, y: Axis) -> Iterator[Target]:
    """One target for each bar, at least wide enough for a pointer."""
    left = x.places[0]
    for number, bar in enumerate(figure.bars):
        top, bottom = y.place(number - BAR_SHARE / 2), y.place(number + BAR_SHARE / 2)
        width = max(2 * RADIUS, x.place(bar.value.mean) - left)
        text = f"{bar.label}: {shown(bar.value)} {figure.x_label}"
        yield Target(left, top, width, bottom - top, text)


def styles(names: Sequence[str]) -> tuple[int, ...]:
    """A number for the style of each line: a policy's own, or the next free.

    Numbers from :data:`COLOURS` on have the colours again, with other markers and dashes.
    """
    taken = {OF_POLICY[name] for name in names if name in OF_POLICY}
    usual = len(DEFAULT_POLICIES)
    # The colour of a policy that is usually shown goes to something else last.
    in_turn = chain(range(usual, COLOURS), reversed(range(usual)), count(COLOURS))
    free = (number for number in in_turn if number not in taken)
    return tuple(OF_POLICY[name] if name in OF_POLICY else next(free) for name in names)


def _colour(style: int) -> str:
    return _LINES[style % COLOURS]


def _of_style(style: int, choices: Sequence[Choice]) -> Choice:
    """A marker or dash: styles with the same colour have different ones."""
    return choices[(style + style // COLOURS) % len(choices)]


@contextmanager
def _styled(name: str) -> Iterator[None]:
    """How everything looks; the picture's name makes its ids its own, and the same every time."""
    with mpl.rc_context(
        {
            "svg.hashsalt": name,
            "svg.fonttype": "none",
            "figure.facecolor": "none",
            "axes.facecolor": "none",
            "font.size": FONT_SIZE,
            "axes.edgecolor": _FAINT,
            "axes.labelcolor": _INK,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.color": _FAINT,
            "grid.alpha": 0.25,
            "grid.linewidth": 0.6,
            "text.color": _INK,
            "xtick.color": _FAINT,
            "ytick.color": _FAINT,
            "xtick.labelcolor": _INK,
            "ytick.labelcolor": _INK,
            "lines.linewidth": 1.8,
            "lines.markersize": 4.5,
            "legend.frameon": False,
            "legend.fontsize": FONT_SIZE,
        }
    ):
        yield


def _line(axes: Axes, figure: Figure, number: int, series: Series) -> None:
    style = styles([each.name for each in figure.series])[number]
    marked = len(series.points) <= POINTS_MARKED
    drawn_line, *_ = axes.plot(
        [point.x for point in series.points],
        [point.y.mean for point in series.points],
        color=_colour(style),
        linestyle=_of_style(style, _DASHES),
        marker=_of_style(style, _MARKERS) if marked else None,
        label=series.name,
    )
    drawn_line.set_gid(f"{figure.name}-line-{number}")
    estimated = [point for point in series.points if point.y.count > 1]
    axes.vlines(
        [point.x for point in estimated],
        [point.y.low for point in estimated],
        [point.y.high for point in estimated],
        color=_colour(style),
        linewidth=POINT_INTERVAL_LINE,
    )


def _scale(axes: Axes, figure: Figure) -> None:
    axes.set_xscale(figure.x_scale)
    axes.set_yscale(figure.y_scale)
    lowest = min(point.y.low for series in figure.series for point in series.points)
    if figure.y_scale == "linear" and lowest >= 0:
        axes.set_ylim(bottom=0)
    for axis, scale in ((axes.xaxis, figure.x_scale), (axes.yaxis, figure.y_scale)):
        axis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
        if scale == "log":
            low, high = axis.get_view_interval()
            few = high < (DECADES_ACROSS if axis is axes.xaxis else DECADES_UP) * low
            axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0,)))
        else:
            axis.set_major_locator(MaxNLocator(MOST_TICKS, steps=TICK_STEPS))
    axes.minorticks_off()


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:.3g}"


def _finished(
    canvas: Canvas,
    strips: Sequence[Axes],
    figure: Figure | Bars,
    targets: Callable[[Axis, Sequence[Axis]], Iterable[Target]],
) -> Picture:
    """The drawing with its hover targets; ``strips`` are one above the other, over the same x."""
    file = io.StringIO()
    canvas.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    height = canvas.get_figheight() * POINTS_PER_INCH
    # The canvas counts in dots, from below; a drawing in points, from above.
    points = POINTS_PER_INCH / canvas.dpi
    boxes = [axes.get_window_extent() for axes in strips]
    x = _axis(
        strips[0].get_xscale(), strips[0].get_xlim(), (boxes[0].x0 * points, boxes[0].x1 * points)
    )
    y = [
        _axis(
            axes.get_yscale(), axes.get_ylim(), (height - box.y0 * points, height - box.y1 * points)
        )
        for axes, box in zip(strips, boxes, strict=True)
    ]
    svg = _for_page(file.getvalue(), figure.name, figure.title, figure.reading)
    return Picture(with_overlay(svg, targets(x, y)), x, y[0])


def _axis(scale: str, numbers: tuple[float, float], places: tuple[float, float]) -> Axis:
    """As plain floats: matplotlib gives numpy's."""
    begin, end = map(float, numbers)
    first, last = (round(float(place), 4) for place in places)
    return Axis(scale, (begin, end), (first, last))


def _for_page(svg: str, name: str, title: str, reading: str) -> str:
    """The element alone, with ids of its own, colours of the page and a text alternative."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(rf'\bid="(?!{re.escape(name)}-)', f'id="{name}-', svg)
    svg = svg.replace("url(#", f"url(#{name}-").replace('href="#', f'href="#{name}-')
    for colour, variable in _CSS.items():
        svg = svg.replace(colour, variable)
    svg = re.sub(r"'DejaVu Sans'[^;\"]*", "inherit", svg)
    svg = re.sub(r"font: ([\d.]+px) inherit", r"font-size: \1", svg)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg)
    head, rest = svg.split(">", 1)
    return (
        f'{head} role="img" aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-desc">{escape(reading)}</desc>{rest.strip()}'
    )

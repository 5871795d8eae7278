"""Figures drawn by matplotlib, as SVG that belongs into a page: real text, colours from its CSS."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from oracle.claims.figures import Figure, Series

WIDTH, HEIGHT = 4.6, 3.5
"""Of a picture; inches of 72 points. At that width its text is readable on a phone."""

FONT_SIZE = 10.5

MARKED = 25
"""Lines of at most so many points show each of them."""

LONG_LABEL = 24
"""Longer labels do not fit beside each other."""

COLOURS = 8
"""How many colours the page's CSS has for lines: ``--line-0`` and so on."""

OF_POLICY: Mapping[str, int] = {"Amin": 0, "Amax": 1, "H-SF": 2, "FCFS": 3}
"""Policies have the same colour in every picture."""

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


@dataclass(frozen=True, slots=True)
class Bar:
    """One of several lengths that are compared."""

    label: str
    value: float


@dataclass(frozen=True, slots=True)
class Bars:
    """Lengths side by side; fields as in :class:`oracle.claims.ledger.Figure`."""

    name: str
    title: str
    reading: str
    x_label: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """Where numbers lie in the drawing, so that a drawing can be held against its numbers.

    Attributes:
        scale: ``"linear"`` or ``"log"``.
        numbers: at the beginning and the end of the axis.
        places: of these, in the drawing's own coordinates.
    """

    scale: str
    numbers: tuple[float, float]
    places: tuple[float, float]


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
        canvas = Canvas(figsize=(WIDTH, HEIGHT), layout="constrained")
        axes = canvas.add_subplot()
        for number, series in enumerate(figure.series):
            _line(axes, figure, number, series)
        for mark in figure.marks:
            axes.axhline(mark.y, color=_INK, linewidth=1.0, linestyle=(0, (3, 3)), label=mark.label)
        _scale(axes, figure)
        axes.set_xlabel(figure.x_label)
        # Upright, a long label would be longer than the axis.
        axes.set_title(figure.y_label, loc="left", fontsize=FONT_SIZE)
        labels = [each.name for each in figure.series] + [mark.label for mark in figure.marks]
        if len(labels) > 1:
            columns = 2 if max(map(len, labels)) <= LONG_LABEL else 1
            canvas.legend(
                loc="outside upper left", ncols=columns, handlelength=2.6, columnspacing=1.2
            )
        return _finished(canvas, axes, figure.name, figure.title, figure.reading)


def drawn_apart(figure: Figure) -> Picture:
    """Each line as an area in a strip of its own, over the same axes: for lines that would tangle.

    The axes given are those of the first strip; the others are the same, further down.
    """
    with _styled(figure.name):
        canvas = Canvas(figsize=(WIDTH, 1.05 * len(figure.series) + 0.5), layout="constrained")
        strips = canvas.subplots(len(figure.series), sharex=True, sharey=True, squeeze=False)
        for number, (series, axes) in enumerate(zip(figure.series, strips[:, 0], strict=True)):
            colour = _LINES[styles([each.name for each in figure.series])[number]]
            x = [point.x for point in series.points]
            y = [point.y.mean for point in series.points]
            axes.fill_between(x, y, color=colour, alpha=0.3, linewidth=0)
            (line,) = axes.plot(x, y, color=colour, linewidth=1.2)
            line.set_gid(f"{figure.name}-line-{number}")
            for mark in figure.marks:
                axes.axhline(mark.y, color=_INK, linewidth=1.0, linestyle=(0, (3, 3)))
            axes.set_title(series.name, loc="left", fontsize=FONT_SIZE, fontweight="bold")
            _scale(axes, figure)
            axes.yaxis.set_major_locator(MaxNLocator(3))
        marks = "; ".join(f"dashed: {mark.label}" for mark in figure.marks)
        strips[0, 0].set_title(
            f"{figure.y_label}{'; ' if marks else ''}{marks}", loc="right", fontsize=FONT_SIZE - 1
        )
        strips[-1, 0].set_xlabel(figure.x_label)
        return _finished(canvas, strips[0, 0], figure.name, figure.title, figure.reading)


def drawn_bars(figure: Bars) -> Picture:
    """Horizontal bars, each with its number behind it; a line at 1."""
    with _styled(figure.name):
        canvas = Canvas(figsize=(WIDTH, 0.42 * len(figure.bars) + 0.9), layout="constrained")
        axes = canvas.add_subplot()
        longest = max(bar.value for bar in figure.bars)
        for place, bar in enumerate(figure.bars):
            number = OF_POLICY.get(bar.label, len(OF_POLICY))
            (patch,) = axes.barh(place, bar.value, height=0.62, color=_LINES[number])
            patch.set_gid(f"{figure.name}-line-{place}")
            axes.annotate(
                f"{bar.value:.3f}", (bar.value, place), (4, 0), textcoords="offset points",
                va="center",
            )  # fmt: skip
        axes.set_yticks(range(len(figure.bars)), [bar.label for bar in figure.bars])
        axes.invert_yaxis()
        axes.set_xlim(0, 1.18 * longest)
        axes.axvline(1, color=_INK, linewidth=1.2)
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(figure.x_label)
        return _finished(canvas, axes, figure.name, figure.title, figure.reading)


def styles(names: Sequence[str]) -> tuple[int, ...]:
    """A number for the colour, marker and dash of each line: a policy's own, or the next free."""
    taken = {OF_POLICY[name] for name in names if name in OF_POLICY}
    # A policy's colour goes to something else last.
    in_turn = (*range(len(OF_POLICY), COLOURS), *reversed(range(len(OF_POLICY))))
    free = (number for number in in_turn if number not in taken)
    return tuple(OF_POLICY[name] if name in OF_POLICY else next(free) for name in names)


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
            "legend.fontsize": FONT_SIZE - 0.5,
        }
    ):
        yield


def _line(axes: Axes, figure: Figure, number: int, series: Series) -> None:
    style = styles([each.name for each in figure.series])[number]
    marked = len(series.points) <= MARKED
    drawn_line, *_ = axes.plot(
        [point.x for point in series.points],
        [point.y.mean for point in series.points],
        color=_LINES[style],
        linestyle=_DASHES[style],
        marker=_MARKERS[style] if marked else None,
        label=series.name,
    )
    drawn_line.set_gid(f"{figure.name}-line-{number}")
    estimated = [point for point in series.points if point.y.count > 1]
    axes.vlines(
        [point.x for point in estimated],
        [point.y.low for point in estimated],
        [point.y.high for point in estimated],
        color=_LINES[style],
        linewidth=1.1,
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
            # Numbers stand beside each other on one axis, and below each other on the other.
            few = high < (100 if axis is axes.xaxis else 200) * low
            axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0,)))
        else:
            axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.minorticks_off()


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:.3g}"


def _finished(canvas: Canvas, axes: Axes, name: str, title: str, reading: str) -> Picture:
    file = io.StringIO()
    canvas.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    height = canvas.get_figheight() * 72
    box = axes.get_window_extent()
    # The canvas counts in its own dots, from below; a drawing in points, from above.
    points = 72 / canvas.dpi
    return Picture(
        svg=_for_page(file.getvalue(), name, title, reading),
        x=_axis(axes.get_xscale(), axes.get_xlim(), (box.x0 * points, box.x1 * points)),
        y=_axis(
            axes.get_yscale(),
            axes.get_ylim(),
            (height - box.y0 * points, height - box.y1 * points),
        ),
    )


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

"""The report: one HTML file that needs nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from oracle.claims.figures import Figure, figure_rows
from oracle.claims.ledger import Entry, Ledger
from oracle.report import gantt
from oracle.report.comparison import HEADINGS, Comparison
from oracle.report.pictures import Bars, Picture, drawn, drawn_apart, drawn_bars

TEMPLATE = Path(__file__).with_name("report.html.jinja")


@dataclass(frozen=True)
class Shown:
    """A picture, with the numbers behind it.

    Attributes:
        name: unique in the page.
        title: its heading.
        reading: what to see in it.
        svg: the drawing.
        data: the numbers as JSON, for programs.
        headings: of the table of numbers.
        rows: the same for people.
    """

    name: str
    title: str
    reading: str
    svg: Markup
    data: Markup
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Told:
    """A row of the ledger, with its pictures."""

    entry: Entry
    pictures: tuple[Shown, ...]


def document(comparison: Comparison, ledger: Ledger | None) -> str:
    """The whole page.

    Args:
        comparison: policies on one workload.
        ledger: the article's claims; left out where it is ``None``.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    teaching = gantt.panels()
    rounds = max(panel.schedule.makespan for panel in teaching)
    return template.render(
        comparison=comparison,
        headings=HEADINGS,
        pictures=[
            _shown_bars(comparison.gap()),
            _shown(comparison.occupancy(), drawing=drawn_apart),
            _shown(comparison.latencies(), comparison.percentiles()),
        ],
        panels=[(panel, Markup(gantt.drawn(panel, rounds))) for panel in teaching],
        evictions=gantt.evictions(teaching[0].schedule),
        teaching=gantt.TEACHING,
        ledger=ledger,
        claims=[
            Told(entry, tuple(_shown(figure) for figure in entry.judgement.figures))
            for entry in (ledger.entries if ledger else ())
        ],
    )


def _shown(
    figure: Figure,
    table: list[tuple[str, ...]] | None = None,
    drawing: Callable[[Figure], Picture] = drawn,
) -> Shown:
    headings, *rows = table or figure_rows(figure)
    return Shown(
        figure.name,
        figure.title,
        figure.reading,
        *_drawing(drawing(figure), asdict(figure)),
        headings=headings,
        rows=tuple(rows),
    )


def _shown_bars(figure: Bars) -> Shown:
    return Shown(
        figure.name,
        figure.title,
        figure.reading,
        *_drawing(drawn_bars(figure), asdict(figure)),
        headings=("", figure.x_label),
        rows=tuple((bar.label, f"{bar.value:.3f}") for bar in figure.bars),
    )


def _drawing(picture: Picture, numbers: dict[str, object]) -> tuple[Markup, Markup]:
    """The drawing, and its numbers as JSON with where they lie in it."""
    text = json.dumps(numbers | {"axes": {"x": asdict(picture.x), "y": asdict(picture.y)}})
    # The only thing that could end a script element early; JSON may write it in this way.
    return Markup(picture.svg), Markup(text.replace("<", "\\u003c"))

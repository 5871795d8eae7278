"""The report: one HTML file that needs no other file and no network."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from amin_ref import Schedule
from amin_ref.model.schedule import refuse_what_a_log_lacks
from oracle.claims import scheduler_page
from oracle.claims.figures import Figure, figure_rows, shown
from oracle.claims.ledger import Entry, Ledger
from oracle.claims.scheduler_table import SchedulerTable
from oracle.report import gantt
from oracle.report.downloads import Download, as_csv, as_json, of_figure
from oracle.report.pictures import Bars, Picture, drawn, drawn_apart, drawn_bars
from oracle.report.policies import TIMES_BOUND, Policies, occupancy
from oracle.report.provenance import ARTICLE, Provenance
from oracle.report.timeline import Timeline

TEMPLATE = Path(__file__).with_name("report.html.jinja")


@dataclass(frozen=True)
class GivenSchedule:
    """A schedule of the reader's.

    Attributes:
        name: of its file.
        schedule: valid, with at least one request, all of which complete.

    Raises:
        InvalidValue: the schedule has what only logs of engines have: aborted or unfinished
            requests, or ``held``.
    """

    name: str
    schedule: Schedule

    def __post_init__(self) -> None:
        refuse_what_a_log_lacks(self.schedule, "report")


@dataclass(frozen=True)
class Shown:
    """A drawing with the numbers behind it.

    Attributes:
        name: unique in the page.
        title: its heading.
        reading: what it shows.
        svg: the drawing.
        downloads: the numbers as files.
        headings: of the table of numbers; empty without a table.
        rows: of the table.
    """

    name: str
    title: str
    reading: str
    svg: Markup
    downloads: tuple[Download, ...]
    headings: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class ClaimShown:
    """A row of the ledger with its figures."""

    entry: Entry
    pictures: tuple[Shown, ...]


@dataclass(frozen=True)
class SchedulersShown:
    """The policies on one workload, by load.

    Attributes:
        caption: what was measured.
        headings: the loads.
        rows: name of each policy, and its mean total latency / certified bound at each load.
        advice: what to run, in sentences.
    """

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    advice: tuple[str, ...]

    @classmethod
    def of(cls, table: SchedulerTable) -> SchedulersShown:
        """What the page shows of a table."""
        return cls(
            caption=scheduler_page.caption(table),
            headings=tuple(map(scheduler_page.at_load, scheduler_page.loads(table))),
            rows=tuple(
                (
                    scheduler_page.name_of(row),
                    tuple(f"{cell.ratio.mean:.2f}" for cell in row.cells),
                )
                for row in table.rows
            ),
            advice=tuple(map(scheduler_page.in_words, table.advice)),
        )


def document(
    policies: Policies,
    ledger: Ledger | None,
    provenance: Provenance,
    given: GivenSchedule | None = None,
    schedulers: Sequence[SchedulerTable] = (),
) -> str:
    """The whole page.

    Args:
        policies: policies on one workload.
        ledger: the article's claims; left out where it is ``None``.
        provenance: how the page is made.
        given: a schedule of the reader's, shown by itself; left out where it is ``None``.
        schedulers: the policies on several workloads; left out where there are none.
    """
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, finalize=_kept_together
    )
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    teaching = gantt.panels()
    rounds = max(panel.schedule.makespan for panel in teaching)
    return template.render(
        article=ARTICLE,
        provenance=provenance,
        policies=policies,
        times_bound=TIMES_BOUND,
        pictures=[
            _shown_bars(policies.gap()),
            _shown(policies.occupancy(), drawing=drawn_apart),
            _shown(policies.latencies(), policies.percentiles()),
        ],
        given=given,
        given_pictures=_shown_schedule(given) if given else (),
        panels=[
            (panel, Markup(gantt.drawn(panel, rounds)), _runs(panel.name, panel.schedule))
            for panel in teaching
        ],
        evictions=gantt.evictions(teaching[0].schedule),
        teaching=gantt.TEACHING,
        schedulers=[SchedulersShown.of(table) for table in schedulers],
        ledger=ledger,
        claims=[
            ClaimShown(entry, tuple(_shown(figure) for figure in entry.judgement.figures))
            for entry in (ledger.entries if ledger else ())
        ],
    )


def _kept_together(value: object) -> object:
    """Text with no line break between a number and its per cent sign."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return re.sub(r"(?<=\d) %", "\u00a0%", value)
    return value


def _shown(
    figure: Figure,
    table: list[tuple[str, ...]] | None = None,
    drawing: Callable[[Figure], Picture] = drawn,
) -> Shown:
    headings, *rows = table or figure_rows(figure)
    picture = drawing(figure)
    return Shown(
        figure.name,
        figure.title,
        figure.reading,
        Markup(picture.svg),
        of_figure(figure, asdict(figure) | _axes(picture)),
        headings,
        tuple(rows),
    )


def _shown_bars(figure: Bars) -> Shown:
    picture = drawn_bars(figure)
    numbers = [(bar.label, *asdict(bar.value).values()) for bar in figure.bars]
    return Shown(
        figure.name,
        figure.title,
        figure.reading,
        Markup(picture.svg),
        (
            as_csv(figure.name, ("policy", figure.x_label, "low", "high", "seeds"), numbers),
            as_json(figure.name, json.dumps(asdict(figure) | _axes(picture))),
        ),
        ("policy", figure.x_label),
        tuple((bar.label, shown(bar.value)) for bar in figure.bars),
    )


def _shown_schedule(given: GivenSchedule) -> tuple[Shown, ...]:
    timeline = Timeline.of(given.schedule)
    title = "When each request runs"
    return (
        Shown(
            "timeline",
            title,
            timeline.reading,
            Markup(timeline.svg("timeline", title)),
            _runs("timeline", given.schedule),
        ),
        _shown(occupancy("given-occupancy", {given.name: given.schedule}), drawing=drawn_apart),
    )


def _runs(name: str, schedule: Schedule) -> tuple[Download, Download]:
    """A schedule's runs as CSV, and the schedule as JSON."""
    rows = [(run.request, run.start, run.stop, run.outcome) for run in schedule.runs]
    return (
        as_csv(name, ("request", "start", "stop", "outcome"), rows),
        as_json(name, schedule.to_json()),
    )


def _axes(picture: Picture) -> dict[str, object]:
    """Where numbers lie in the drawing, for programs that compare the two."""
    return {"axes": {"x": asdict(picture.x), "y": asdict(picture.y)}}

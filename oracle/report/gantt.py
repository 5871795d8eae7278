"""Five requests, token by token, under three schedulers: how Amin works, in one picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from amin_ref import Amax, Amin, Instance, Request, Run, Schedule, simulate
from oracle.claims.words import counted, listed

CELL, ROW, LEFT, TOP = 19, 24, 20, 4
"""Width of a round, height of a request, room for ids at the left, room at the top; units."""

METER = 44
"""Height of the bar chart of occupancy below the runs; units."""

BELOW = 24
"""Room below the bar chart for the numbers of rounds, and below a picture for its legend; units."""

APART, ABOVE = 24, 24
"""Room between panels beside each other, and above them for their headings; units."""

GAP = 8
"""Room between an axis and the text beside it, and between the panels and their legend; units."""

METER_GAP = 6
"""Room between the last run and the bar chart; units."""

PADDING, CORNER = 3, 3
"""Room above and below a cell within its row, and the radius of its corners; units."""

SWATCH, SWATCH_TEXT = 14, 20
"""Side of a square of the legend, and from its left end to that of its text; units."""

MIDDLE = 4
"""From the middle of a text of 11 units down to its baseline, so that it stands centred; units."""

UNDER_AXIS, HEADING_BASELINE, SWATCH_BASELINE = 13, 14, 11
"""Baselines: of the rounds, below the axis; of a heading, below the top; of the legend's text,
below the top of its square; units."""

LEGEND = (
    ("completed", "a token, numbered within its run", 225),
    ("evicted", "a token that was lost: its run was evicted (✕)", 295),
    ("held", "tokens held in the cache, up to M", 0),
)
"""Kind, meaning and width of each entry of the legend, if they stand beside each other; units."""

TEACHING = Instance(
    11,
    (
        Request("A", prompt_len=2, output_len=6, lower=1, upper=6),
        Request("B", prompt_len=2, output_len=6, lower=1, upper=6),
        Request("C", prompt_len=2, output_len=2, lower=1, upper=6),
        Request("D", prompt_len=2, output_len=1, lower=1, upper=6),
        Request("E", prompt_len=2, output_len=1, lower=1, upper=6),
    ),
)
"""Five prompts of two tokens, with outputs predicted in [1, 6]: small enough to follow by hand, and
with every kind of decision in it."""

OPTIMAL = Schedule(
    TEACHING,
    (
        Run("A", 0, 6, "completed"),
        Run("B", 5, 11, "completed"),
        Run("C", 0, 2, "completed"),
        Run("D", 0, 1, "completed"),
        Run("E", 1, 2, "completed"),
    ),
)
"""One of the optimal schedules; a test proves that it is optimal. It is written down because a
search may find another one."""


@dataclass(frozen=True)
class Panel:
    """One scheduler's schedule.

    Attributes:
        name: unique in a page; letters and hyphens.
        title: the scheduler's name.
        reading: what the scheduler does.
        schedule: its schedule of :data:`TEACHING`.
    """

    name: str
    title: str
    reading: str
    schedule: Schedule


def panels() -> tuple[Panel, ...]:
    """Amin, Amax and the optimum on :data:`TEACHING`."""
    amin, amax = simulate(TEACHING, Amin()), simulate(TEACHING, Amax())
    return (
        Panel(
            "gantt-amin",
            "Amin",
            "Plans with the predicted lower bound, one token, so it admits as many requests as "
            "fit. The bound rises with each generated token. When the cache would overflow, the "
            "request with the smallest bound is evicted, and starts again later.",
            amin,
        ),
        Panel(
            "gantt-amax",
            "Amax",
            "Reserves the predicted upper bound, six tokens, for each request, so one request runs "
            "at a time and most of the cache stays empty.",
            amax,
        ),
        Panel(
            "gantt-optimum",
            "Optimum",
            "Made in hindsight, with every output length known. No schedule has a smaller total "
            "latency; this is proven.",
            OPTIMAL,
        ),
    )


def drawn(panel: Panel, rounds: int) -> str:
    """The panel as an ``<svg>`` element that is ``rounds`` wide."""
    schedule = panel.schedule
    instance = schedule.instance
    rows = len(instance.requests)
    width, height = _size(schedule, rounds)
    parts = [
        f'<svg viewBox="0 0 {width} {height}" role="img" '
        f'aria-labelledby="{panel.name}-title {panel.name}-desc">',
        f'<title id="{panel.name}-title">{escape(panel.title)}</title>',
        f'<desc id="{panel.name}-desc">{escape(described(schedule))}</desc>',
    ]
    for row, request in enumerate(instance.requests):
        y = TOP + ROW * row
        parts.append(_text(LEFT - GAP, y + ROW / 2 + MIDDLE, str(request.id), "name"))
        parts.append(_line(LEFT, y + ROW, LEFT + CELL * rounds, y + ROW, "rule"))
    for run in schedule.runs:
        parts += _run(run, instance.positions[run.request])
    parts += _meter(schedule, rounds, TOP + ROW * rows + METER_GAP)
    return "".join(parts) + "</svg>"


def drawn_beside(panels: Sequence[Panel]) -> str:
    """All panels in one ``<svg>`` element, from left to right, each with its total latency."""
    width, height = _size(panels[0].schedule, _most_rounds(panels))
    places = [((width + APART) * number, 0) for number in range(len(panels))]
    whole, below = (width + APART) * len(panels) - APART, height + ABOVE + GAP
    legend, x = [], LEFT
    for kind, words, wide in LEGEND:
        legend.append(_legend_entry(kind, words, x, below))
        x += wide
    return _together(panels, places, legend, whole, height + ABOVE + BELOW)


def drawn_below(panels: Sequence[Panel]) -> str:
    """The same for narrow screens: the panels and the entries of the legend, one a line."""
    width, height = _size(panels[0].schedule, _most_rounds(panels))
    tall = ABOVE + height + GAP
    places = [(0, tall * number) for number in range(len(panels))]
    below = tall * len(panels)
    legend = [
        _legend_entry(kind, words, LEFT, below + BELOW * line)
        for line, (kind, words, _) in enumerate(LEGEND)
    ]
    return _together(panels, places, legend, width, below + BELOW * len(LEGEND))


def _most_rounds(panels: Sequence[Panel]) -> int:
    return max(panel.schedule.makespan for panel in panels)


def _together(
    panels: Sequence[Panel],
    places: Sequence[tuple[int, int]],
    legend: Sequence[str],
    whole_width: int,
    whole_height: int,
) -> str:
    """The panels at their places and the legend, in one ``<svg>`` element."""
    rounds = _most_rounds(panels)
    width, height = _size(panels[0].schedule, rounds)
    parts = []
    for panel, (x, y) in zip(panels, places, strict=True):
        place = f'<svg x="{x}" y="{y + ABOVE}" width="{width}" height="{height}" '
        heading = f"{panel.title}: total latency {panel.schedule.total_latency}"
        parts.append(_text(x + LEFT, y + HEADING_BASELINE, heading, "heading"))
        parts.append(drawn(panel, rounds).replace("<svg ", place, 1))
    parts += legend
    return (
        f'<svg class="gantt" viewBox="0 0 {whole_width} {whole_height}" role="img" '
        f'aria-label="{len(panels)} schedules of the same requests">{"".join(parts)}</svg>'
    )


def _legend_entry(kind: str, words: str, x: int, y: int) -> str:
    """The meaning of one kind of cell or bar."""
    return (
        f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{SWATCH}" height="{SWATCH}" '
        f'rx="{CORNER}"/>' + _text(x + SWATCH_TEXT, y + SWATCH_BASELINE, words, "legend")
    )


def _size(schedule: Schedule, rounds: int) -> tuple[int, int]:
    """Width and height of a panel."""
    rows = len(schedule.instance.requests)
    return LEFT + CELL * rounds + 2, TOP + ROW * rows + METER + BELOW


def described(schedule: Schedule) -> str:
    """The runs in words: a text alternative with everything that the drawing shows."""
    sentences = []
    for request in schedule.instance.requests:
        runs = [run for run in schedule.runs if run.request == request.id]
        sentences.append(f"{request.id}: " + ", then ".join(map(_in_words, runs)))
    return f"{'; '.join(sentences)}. Total latency {schedule.total_latency}."


def evictions(schedule: Schedule) -> tuple[str, ...]:
    """Each of Amin's evictions in words: the overflow, each request's ℓ̃, and the request evicted.

    ℓ̃, the working lower bound, is the predicted lower bound or the most tokens that any run of the
    request has generated, whichever is more.

    Args:
        schedule: Amin's, on an instance in blocks of one token, with one eviction a round at most.
    """
    evicted = [run for run in schedule.runs if run.outcome == "evicted"]
    return tuple(_eviction(schedule, run) for run in sorted(evicted, key=lambda run: run.stop))


def _eviction(schedule: Schedule, evicted: Run) -> str:
    now = evicted.stop
    ending = {"completed": now + 1, "evicted": now}
    running = sorted(
        (run for run in schedule.runs if run.start < now and run.stop >= ending[run.outcome]),
        key=lambda run: schedule.instance.positions[run.request],
    )
    needed = sum(_prompt_len(schedule, run) + now - run.start + 1 for run in running)
    bounds = {run.request: _bound(schedule, run, now) for run in running}
    least = [request for request, tokens in bounds.items() if tokens == min(bounds.values())]
    smallest = f"{evicted.request} has the smallest"
    if len(least) > 1:
        smallest = f"{listed(least)} have the smallest, and {evicted.request} is the first of them"
    return (
        f"Round {now}: with their next tokens {listed(bounds)} would hold {needed} tokens, more "
        f"than {schedule.instance.capacity}. Their lower bounds are now "
        f"{', '.join(f'{request} {tokens}' for request, tokens in bounds.items())}. {smallest}: it "
        f"is evicted, and loses {counted(evicted.length, 'token')}."
    )


def _prompt_len(schedule: Schedule, run: Run) -> int:
    instance = schedule.instance
    return instance.requests[instance.positions[run.request]].prompt_len


def _bound(schedule: Schedule, run: Run, now: int) -> int:
    instance = schedule.instance
    generated = (
        min(other.stop, now) - other.start
        for other in schedule.runs
        if other.request == run.request and other.start < now
    )
    return max(instance.requests[instance.positions[run.request]].lower, *generated)


def _in_words(run: Run) -> str:
    end = "completes" if run.outcome == "completed" else "is evicted"
    return f"runs in rounds {run.start} to {run.stop - 1} and {end}"


def _run(run: Run, row: int) -> list[str]:
    y = TOP + ROW * row + PADDING
    cells = [
        f'<rect class="{run.outcome}" x="{LEFT + CELL * now + 1}" y="{y}" width="{CELL - 2}" '
        f'height="{ROW - 2 * PADDING}" rx="{CORNER}">'
        f"<title>{escape(str(run.request))}, round {now}: token {token}"
        f"{', lost' if run.outcome == 'evicted' else ''}</title></rect>"
        + _text(LEFT + CELL * (now + 0.5), y + ROW / 2 + MIDDLE - PADDING, str(token), run.outcome)
        for token, now in enumerate(range(run.start, run.stop), start=1)
    ]
    if run.outcome == "evicted":
        x, above = LEFT + CELL * (run.stop + 0.5), y + ROW / 2 + MIDDLE - PADDING + 1
        title = f"{run.request} is evicted at the start of round {run.stop}"
        cells.append(
            f'<text class="cross" x="{x:g}" y="{above:g}">✕<title>{escape(title)}</title></text>'
        )
    return cells


def _meter(schedule: Schedule, rounds: int, y: float) -> list[str]:
    """Occupancy in each round, as bars from 0 up to M."""
    capacity = schedule.instance.capacity
    bottom = y + METER
    parts = [
        _line(LEFT, y, LEFT + CELL * rounds, y, "capacity"),
        _line(LEFT, bottom, LEFT + CELL * rounds, bottom, "rule"),
        _text(LEFT - GAP, y + 2 * MIDDLE, "M", "name"),
    ]
    for now, held in enumerate(schedule.occupancy().tolist()):
        tall = METER * held / capacity
        parts.append(
            f'<rect class="held" x="{LEFT + CELL * now + 1}" y="{bottom - tall:.1f}" '
            f'width="{CELL - 2}" height="{tall:.1f}">'
            f"<title>round {now}: {held} of {capacity} tokens held</title></rect>"
        )
    parts += [
        _text(LEFT + CELL * (now + 0.5), bottom + UNDER_AXIS, str(now), "tick")
        for now in range(rounds)
    ]
    return parts


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}">{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>'

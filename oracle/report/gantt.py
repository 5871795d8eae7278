"""The picture that teaches: a few requests, token by token, under three schedulers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from amin_ref import Amax, Amin, Instance, Request, Run, Schedule, simulate
from oracle.claims.words import counted, listed

CELL, ROW, LEFT, TOP = 19, 24, 20, 4
"""Width of a round, height of a request, room for names and above; in the drawing's units."""

METER = 44
"""Height of the cache's meter under the runs."""

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
"""Five prompts of two tokens, each answer predicted to have one to six. Chosen to be small enough
to be followed by hand, and to have every kind of decision in it."""

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
"""One of the optimal schedules. Written down, since a search may find another one every time; a
test proves that it is optimal."""


@dataclass(frozen=True)
class Panel:
    """One scheduler's schedule.

    Attributes:
        name: unique in a page; letters and hyphens.
        title: whose schedule it is.
        reading: what happens in it.
        schedule: the schedule.
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
            "Assumes one token of everybody, so it starts as many as fit. Whoever outlives the "
            "assumption is learnt of; on overflow the one of whom least is known is evicted, and "
            "starts again later.",
            amin,
        ),
        Panel(
            "gantt-amax",
            "Amax",
            "Reserves six tokens for everybody, so one request runs at a time and most of the "
            "cache stays empty.",
            amax,
        ),
        Panel(
            "gantt-optimum",
            "Optimum",
            "Made in hindsight, with every length known. Proven: no schedule has a smaller total "
            "latency.",
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
        parts.append(_text(LEFT - 8, y + ROW / 2 + 4, str(request.id), "name"))
        parts.append(_line(LEFT, y + ROW, LEFT + CELL * rounds, y + ROW, "rule"))
    for run in schedule.runs:
        parts += _run(run, instance.positions[run.request])
    parts += _meter(schedule, rounds, TOP + ROW * rows + 6)
    return "".join(parts) + "</svg>"


def drawn_beside(panels: Sequence[Panel]) -> str:
    """All panels in one ``<svg>`` element, from left to right, each with its total latency."""
    rounds = max(panel.schedule.makespan for panel in panels)
    width, height = _size(panels[0].schedule, rounds)
    apart, above = 24, 24
    parts = []
    for number, panel in enumerate(panels):
        x = (width + apart) * number
        place = f'<svg x="{x}" y="{above}" width="{width}" height="{height}" '
        heading = f"{panel.title}: total latency {panel.schedule.total_latency}"
        parts.append(_text(x + LEFT, 14, heading, "heading"))
        parts.append(drawn(panel, rounds).replace("<svg ", place, 1))
    whole = (width + apart) * len(panels) - apart
    parts += _legend(LEFT, height + above + 8)
    return (
        f'<svg class="gantt" viewBox="0 0 {whole} {height + above + 24}" role="img" '
        f'aria-label="{len(panels)} schedules of the same requests">{"".join(parts)}</svg>'
    )


def _legend(x: float, y: float) -> list[str]:
    """What cells and bars are, in one line."""
    parts = []
    for kind, words, wide in (
        ("completed", "a token, numbered within its run", 225),
        ("evicted", "a token that was lost: its run was evicted (✕)", 295),
        ("held", "what the cache holds, up to M", 0),
    ):
        parts.append(
            f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="14" height="14" rx="3"/>'
            + _text(x + 20, y + 11, words, "legend")
        )
        x += wide
    return parts


def _size(schedule: Schedule, rounds: int) -> tuple[int, int]:
    """Width and height of a panel."""
    rows = len(schedule.instance.requests)
    return LEFT + CELL * rounds + 2, TOP + ROW * rows + METER + 24


def described(schedule: Schedule) -> str:
    """The runs in words: a text alternative that has all that the drawing shows."""
    told = []
    for request in schedule.instance.requests:
        runs = [run for run in schedule.runs if run.request == request.id]
        told.append(f"{request.id}: " + ", then ".join(map(_told, runs)))
    return f"{'; '.join(told)}. Total latency {schedule.total_latency}."


def evictions(schedule: Schedule) -> tuple[str, ...]:
    """Each of Amin's evictions in words: what overflows, what is known of whom, and who goes.

    Known of a request are as many tokens as its lower bound has, or as any run of it had: ℓ̃.

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
    known = {run.request: _known(schedule, run, now) for run in running}
    least = [request for request, tokens in known.items() if tokens == min(known.values())]
    of_whom = f"of {evicted.request}: it"
    if len(least) > 1:
        of_whom = f"alike of {listed(least)}: {evicted.request}, the first of them,"
    return (
        f"Round {now}: with their next tokens {listed(known)} would hold {needed}, more than "
        f"{schedule.instance.capacity}. Known so far of their answers: "
        f"{', '.join(f'{request} {tokens}' for request, tokens in known.items())}. Least is known "
        f"{of_whom} goes, and loses {counted(evicted.length, 'token')}."
    )


def _prompt_len(schedule: Schedule, run: Run) -> int:
    instance = schedule.instance
    return instance.requests[instance.positions[run.request]].prompt_len


def _known(schedule: Schedule, run: Run, now: int) -> int:
    instance = schedule.instance
    generated = (
        min(other.stop, now) - other.start
        for other in schedule.runs
        if other.request == run.request and other.start < now
    )
    return max(instance.requests[instance.positions[run.request]].lower, *generated)


def _told(run: Run) -> str:
    end = "completes" if run.outcome == "completed" else "is evicted"
    return f"runs in rounds {run.start} to {run.stop - 1} and {end}"


def _run(run: Run, row: int) -> list[str]:
    y = TOP + ROW * row + 3
    cells = [
        f'<rect class="{run.outcome}" x="{LEFT + CELL * now + 1}" y="{y}" width="{CELL - 2}" '
        f'height="{ROW - 6}" rx="3"/>'
        + _text(LEFT + CELL * (now + 0.5), y + ROW / 2 + 1, str(token), run.outcome)
        for token, now in enumerate(range(run.start, run.stop), start=1)
    ]
    if run.outcome == "evicted":
        cells.append(_text(LEFT + CELL * (run.stop + 0.5), y + ROW / 2 + 2, "✕", "cross"))
    return cells


def _meter(schedule: Schedule, rounds: int, y: float) -> list[str]:
    """What the cache holds in each round, up to M."""
    capacity = schedule.instance.capacity
    bottom = y + METER
    parts = [
        _line(LEFT, y, LEFT + CELL * rounds, y, "capacity"),
        _line(LEFT, bottom, LEFT + CELL * rounds, bottom, "rule"),
        _text(LEFT - 8, y + 8, "M", "name"),
    ]
    for now, held in enumerate(schedule.occupancy().tolist()):
        tall = METER * held / capacity
        parts.append(
            f'<rect class="held" x="{LEFT + CELL * now + 1}" y="{bottom - tall:.1f}" '
            f'width="{CELL - 2}" height="{tall:.1f}"/>'
        )
    parts += [
        _text(LEFT + CELL * (now + 0.5), bottom + 13, str(now), "tick") for now in range(rounds)
    ]
    return parts


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}">{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>'

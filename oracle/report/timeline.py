"""A schedule of any size as a Gantt chart: one line for each of at most forty requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from amin_ref import Request, Run, Schedule

MOST_LINES = 40
"""Requests that are shown: their labels still stand apart on a phone."""

WIDTH, LINE, LEFT, RIGHT, TOP = 317, 14, 58, 6, 4
"""Width, height of a line, and room at the left (for ids), right and top; units. The width is that
of the charts, so that text of 11 units has 11 pixels on a phone of 360 pixels."""

BOTTOM = 34
"""Room for the axis: ticks and its label; units."""

LEAST_WIDTH = 1.5
"""Of a run in a long schedule: a narrower one cannot be seen; units."""

LONGEST_ID = 7
"""Characters of a request's id that fit at the left."""

TICKS = 4
"""Most intervals of the axis: numbers of six digits still stand apart."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """A Gantt chart of a schedule.

    Attributes:
        schedule: valid, with at least one request.
        lines: the requests that are shown, from top to bottom.
    """

    schedule: Schedule
    lines: tuple[Request, ...]

    @classmethod
    def of(cls, schedule: Schedule) -> Timeline:
        """All requests in order of first start, or :data:`MOST_LINES` evenly spaced among them."""
        first: dict[object, int] = {}
        for run in schedule.runs:
            first[run.request] = min(run.start, first.get(run.request, run.start))
        in_order = sorted(schedule.instance.requests, key=lambda request: first[request.id])
        count = min(MOST_LINES, len(in_order))
        return cls(
            schedule, tuple(in_order[number * len(in_order) // count] for number in range(count))
        )

    @property
    def reading(self) -> str:
        """What is shown."""
        total = len(self.schedule.instance.requests)
        shown = (
            f"{len(self.lines)} of {total:,} requests, evenly spaced in order of first start. "
            if len(self.lines) < total
            else "Every request, in order of first start. "
        )
        return (
            f"{shown}A solid bar is a run that completes, a dashed one a run that is evicted; the "
            "thin line before a bar is the time that the request waits."
        )

    def svg(self, name: str, title: str) -> str:
        """The drawing as an ``<svg>`` element whose ids begin with ``name``."""
        height = TOP + LINE * len(self.lines) + BOTTOM
        parts = [
            f'<svg class="timeline" viewBox="0 0 {WIDTH} {height}" role="img" '
            f'aria-labelledby="{name}-title {name}-desc">',
            f'<title id="{name}-title">{escape(title)}</title>',
            f'<desc id="{name}-desc">{escape(self.reading)}</desc>',
            *self._axis(),
        ]
        runs: dict[object, list[Run]] = {request.id: [] for request in self.lines}
        for run in self.schedule.runs:
            if run.request in runs:
                runs[run.request].append(run)
        for number, request in enumerate(self.lines):
            own = sorted(runs[request.id], key=lambda run: run.start)
            parts += self._line(TOP + LINE * number, request, own)
        return "".join(parts) + "</svg>"

    def _x(self, time: int) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * time / max(1, self.schedule.makespan)

    def _axis(self) -> Iterator[str]:
        bottom = TOP + LINE * len(self.lines)
        for time in range(0, self.schedule.makespan + 1, _step(self.schedule.makespan)):
            x = f"{self._x(time):.1f}"
            yield f'<line class="grid" x1="{x}" y1="{TOP}" x2="{x}" y2="{bottom + 3}"/>'
            yield f'<text class="tick" x="{x}" y="{bottom + 15}">{time:,}</text>'
        middle = (LEFT + WIDTH - RIGHT) / 2
        yield f'<text class="tick" x="{middle:g}" y="{bottom + 30}">round</text>'

    def _line(self, y: float, request: Request, runs: Sequence[Run]) -> Iterator[str]:
        label = str(request.id)
        if len(label) > LONGEST_ID:
            label = f"{label[: LONGEST_ID - 1]}…"
        yield f'<text class="name" x="{LEFT - 5}" y="{y + 10.5:g}">{escape(label)}</text>'
        waiting = request.arrival
        for run in runs:
            if run.start > waiting:
                title = f"{request.id} waits from round {waiting:,} to {run.start:,}"
                yield self._mark("waits", y + LINE / 2 - 0.75, 1.5, waiting, run.start, title)
            done = "completes" if run.outcome == "completed" else "is evicted"
            title = f"{request.id} runs from round {run.start:,} to {run.stop:,} and {done}"
            yield self._mark(run.outcome, y + 2, LINE - 4, run.start, run.stop, title)
            waiting = run.stop

    def _mark(self, kind: str, y: float, height: float, start: int, stop: int, title: str) -> str:
        width = max(LEAST_WIDTH, self._x(stop) - self._x(start))
        return (
            f'<rect class="{kind}" x="{self._x(start):.1f}" y="{y:g}" width="{width:.1f}" '
            f'height="{height:g}"><title>{escape(title)}</title></rect>'
        )


def _step(makespan: int) -> int:
    """The least of 1, 2, 5, 10, 20, 50, … that makes at most :data:`TICKS` intervals."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if makespan <= TICKS * step * factor:
                return step * factor
        step *= 10

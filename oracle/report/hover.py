"""Values on hover: transparent shapes over a drawing, each with a ``<title>`` for the browser."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

RADIUS = 6.0
"""Largest distance from a point at which its text is shown; units. A marker is 4.5 units wide."""


@dataclass(frozen=True, slots=True)
class Target:
    """A rectangle that shows a text on hover; places in the drawing's units, from the top left.

    Attributes:
        x: left end.
        y: upper end.
        width: at least 0.
        height: at least 0.
        text: one or more lines.
    """

    x: float
    y: float
    width: float
    height: float
    text: str


def around(points: Iterable[tuple[float, float, str]]) -> list[Target]:
    """One target around each point ``(x, y, text)``, as large as its neighbours leave room for.

    Points that are less than half a unit from each other share one target, with a line for each.
    """
    texts: dict[tuple[int, int], list[str]] = {}
    for x, y, text in points:
        texts.setdefault((round(x), round(y)), []).append(text)
    targets = []
    for x, y in texts:
        apart = (max(abs(x - other), abs(y - above)) for other, above in texts)
        nearest = min((distance for distance in apart if distance > 0), default=2 * RADIUS)
        radius = min(RADIUS, nearest / 2)
        lines = "\n".join(texts[x, y])
        targets.append(Target(x - radius, y - radius, 2 * radius, 2 * radius, lines))
    return targets


def overlay(targets: Iterable[Target]) -> str:
    """The targets as SVG."""
    shapes = "".join(
        f'<rect x="{target.x:.1f}" y="{target.y:.1f}" width="{target.width:.1f}" '
        f'height="{target.height:.1f}"><title>{escape(target.text)}</title></rect>'
        for target in targets
    )
    return f'<g class="hover" fill="transparent" stroke="none">{shapes}</g>'


def with_overlay(svg: str, targets: Iterable[Target]) -> str:
    """An ``<svg>`` element with the targets on top of everything else in it."""
    end = svg.rindex("</svg>")
    return svg[:end] + overlay(targets) + svg[end:]

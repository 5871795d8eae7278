"""Values on hover: transparent shapes over a drawing, each with a ``<title>`` that browsers show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

RADIUS = 6.0
"""Of the shape around a point; units of the drawing. A pointer on the point's marker is within."""


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


def around(x: float, y: float, text: str) -> Target:
    """The target around a point."""
    return Target(x - RADIUS, y - RADIUS, 2 * RADIUS, 2 * RADIUS, text)


def overlay(targets: Iterable[Target]) -> str:
    """The targets as SVG. Targets in the same place become one, with all their lines."""
    lines: dict[str, list[str]] = {}
    for target in targets:
        place = (
            f'x="{target.x:.0f}" y="{target.y:.0f}" '
            f'width="{target.width:.3g}" height="{target.height:.3g}"'
        )
        lines.setdefault(place, []).append(target.text)
    shapes = "".join(
        f"<rect {place}><title>{escape(chr(10).join(texts))}</title></rect>"
        for place, texts in lines.items()
    )
    return f'<g class="hover" fill="transparent" stroke="none">{shapes}</g>'


def with_overlay(svg: str, targets: Iterable[Target]) -> str:
    """An ``<svg>`` element with the targets on top of everything else in it."""
    end = svg.rindex("</svg>")
    return svg[:end] + overlay(targets) + svg[end:]

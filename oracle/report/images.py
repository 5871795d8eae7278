"""Figures as image files: ``python -m oracle.report.images FOLDER``.

They are drawn from the ledger of this release; a test compares the committed ones with it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from amin_ref.files.writing import write_whole
from oracle.claims import LEDGER, Ledger
from oracle.report import gantt
from oracle.report.document import TEMPLATE
from oracle.report.pictures import drawn

FIGURES = ("c1-at-once", "c1-arriving", "c3-stream")
"""Names of the ledger's figures that become images."""

MARGIN = 8
"""Room around the drawing, in its units."""

_AS_IMAGE = ":root { font-family: system-ui, sans-serif; background: var(--raised); }"
"""An image has a background of its own: the page around it may be light on a dark system."""


def images() -> Iterator[tuple[str, str]]:
    """Name of the file and its text, for each image."""
    ledger = Ledger.from_json(LEDGER.read_text(encoding="utf-8"))
    for entry in ledger.entries:
        for figure in entry.judgement.figures:
            if figure.name in FIGURES:
                yield f"{figure.name}.svg", _alone(drawn(figure).svg)
    yield "gantt.svg", _alone(gantt.drawn_beside(gantt.panels()))
    yield "gantt-narrow.svg", _alone(gantt.drawn_below(gantt.panels()))


def _alone(svg: str) -> str:
    """The element as a file: with the page's colours and the name space of SVG."""
    page = TEMPLATE.read_text(encoding="utf-8")
    colours = re.findall(r"^:root \{.*?^\}|^@media \(prefers.*?^\}", page, re.MULTILINE | re.DOTALL)
    kinds = re.findall(r"^\.gantt .*$", page, re.MULTILINE)
    style = "\n".join([*colours, *kinds, _AS_IMAGE])
    if "xmlns=" not in svg:
        svg = svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    # Without a size, a page would show the image as wide as possible.
    svg = re.sub(
        r'viewBox="0 0 ([\d.]+) ([\d.]+)"',
        lambda box: _framed(float(box[1]) + 2 * MARGIN, float(box[2]) + 2 * MARGIN),
        svg,
        count=1,
    )
    head, rest = svg.split(">", 1)
    return f"{head}><style>\n{style}\n</style>{rest}\n"


def _framed(width: float, height: float) -> str:
    """The view box with a margin, and the image's size in pixels: 4/3 of a point."""
    return (
        f'viewBox="-{MARGIN} -{MARGIN} {width:g} {height:g}" '
        f'width="{width * 4 / 3:.0f}" height="{height * 4 / 3:.0f}"'
    )


def main(folder: str) -> None:
    """Write every image into the folder, which is made where it is not there."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    for name, text in images():
        write_whole(target / name, text)


if __name__ == "__main__":
    main(*sys.argv[1:])

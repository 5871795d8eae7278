"""The numbers of a figure as files: CSV and JSON in links that need no network."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from oracle.claims.figures import Figure


@dataclass(frozen=True, slots=True)
class Download:
    """A link to a file that is inside the page.

    Attributes:
        file: name that the browser saves it under.
        kind: ``"CSV"`` or ``"JSON"``, the link's text.
        address: a ``data:`` address with the file's content in base 64.
    """

    file: str
    kind: str
    address: str


def as_json(name: str, text: str) -> Download:
    """``name.json`` with a JSON text."""
    return Download(f"{name}.json", "JSON", _address("application/json", text))


def as_csv(name: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Download:
    """``name.csv`` with a header line; cells are quoted where they need it (RFC 4180)."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(headings)
    writer.writerows(rows)
    return Download(f"{name}.csv", "CSV", _address("text/csv;charset=utf-8", file.getvalue()))


def of_figure(figure: Figure, document: dict[str, object]) -> tuple[Download, Download]:
    """A line chart's numbers: one CSV line for each point, and a JSON document."""
    rows = [
        (series.name, point.x, point.y.mean, point.y.low, point.y.high, point.y.count)
        for series in figure.series
        for point in series.points
    ]
    headings = ("series", figure.x_label, f"mean of {figure.y_label}", "low", "high", "seeds")
    return as_csv(figure.name, headings, rows), as_json(figure.name, json.dumps(document))


def _address(media_type: str, text: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(text.encode()).decode('ascii')}"

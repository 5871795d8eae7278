"""A table of texts: laid out in plain text within a width, as Markdown, and as HTML."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

COLUMN_GAP = 2
"""Spaces between two columns of a plain table."""

LONGEST_NAME = 30
"""Characters of a row's name in a plain table: beside it, two numbers of 53 bits fit into 80."""

PROSE_WIDTH = 80
"""Columns of captions and explanations where the table itself may have any width."""

Heading = tuple[str, str, str]
"""What is measured, which statistic of it, and the unit."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Named rows of cells under headings.

    Attributes:
        rows_are: what the rows are, in a word: the heading of their names.
        names: name of each row.
        headings: heading of each column.
        cells: for each row, a text for each column.
    """

    rows_are: str
    names: tuple[str, ...]
    headings: tuple[Heading, ...]
    cells: tuple[tuple[str, ...], ...]

    def width(self) -> int:
        """Characters in the longest line of :meth:`text`."""
        return max(len(line) for line in self.text().split("\n"))

    def text(self) -> str:
        """The plain table, as wide as it needs to be: a line for each row."""
        depth = max((_depth(heading) for heading in self.headings), default=1)
        # The names' heading stands in the last line, just above them.
        columns = [[*[""] * (depth - 1), self.rows_are, *short_names(self.names)]]
        for index, heading in enumerate(self.headings):
            columns.append([*heading[:depth], *(row[index] for row in self.cells)])
        return _aligned(columns, depth)

    def fitted(self, width: int | None) -> str:
        """The plain table, or the turned one where lines would exceed ``width`` characters."""
        return self.text() if width is None or self.width() <= width else self.turned(width)

    def turned(self, width: int | None) -> str:
        """The plain table with a line for each column of this grid.

        Args:
            width: most characters in a line, ``None`` for any number. Rows of the grid that do not
                fit beside each other follow in further tables below; a single row is never split.
        """
        labels = ["", *(_label(heading) for heading in self.headings)]
        names = short_names(self.names)
        columns = [
            [name, *row] for name, row in zip(names, (list(row) for row in self.cells), strict=True)
        ]
        tables: list[list[list[str]]] = [[labels]]
        for column in columns:
            if len(tables[-1]) > 1 and width is not None and _width([*tables[-1], column]) > width:
                tables.append([labels])
            tables[-1].append(column)
        return "\n\n".join(_aligned(table, 1) for table in tables)

    def markdown(self) -> str:
        """The table in GitHub's Markdown: the headings in one line, numbers to the right."""
        heads = [self.rows_are, *(_label(heading) for heading in self.headings)]
        lines = [heads, [":--", *["--:"] * len(self.headings)]]
        lines += [[name, *row] for name, row in zip(self.names, self.cells, strict=True)]
        escaped = [[_markdown_cell(cell) for cell in line] for line in lines]
        return "".join(f"| {' | '.join(line)} |\n" for line in escaped)

    def html(self, caption: str) -> str:
        """The table in HTML, every text escaped."""
        heads = "".join(f"<th>{escape(_label(heading))}</th>" for heading in self.headings)
        rows = "".join(
            f'<tr><th scope="row" style="text-align:left">{escape(printable(name))}</th>'
            + "".join(f'<td style="text-align:right">{escape(cell)}</td>' for cell in row)
            + "</tr>"
            for name, row in zip(self.names, self.cells, strict=True)
        )
        return (
            f"<table><caption>{escape(caption)}</caption>"
            f"<thead><tr><th>{escape(self.rows_are)}</th>{heads}</tr></thead>"
            f"<tbody>{rows}</tbody></table>"
        )


def wrapped(text: str, width: int | None, indent: str = "") -> str:
    """Prose in lines of at most ``width`` characters, or :data:`PROSE_WIDTH`; words stay whole.

    Args:
        text: a paragraph.
        width: most characters in a line, except where a word is longer.
        indent: what each line but the first begins with.
    """
    return textwrap.fill(
        printable(text),
        width or PROSE_WIDTH,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def printable(text: str) -> str:
    """The text with control characters, line ends and lone surrogates as escapes."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def short_names(names: Sequence[str]) -> list[str]:
    """Each name in at most :data:`LONGEST_NAME` characters: its end, which tells names apart.

    Where two ends are equal, the names' numbers stand before them.
    """
    shown = [printable(name) for name in names]
    ends = [_end(name, LONGEST_NAME) for name in shown]
    if len(set(ends)) == len(set(names)):
        return ends
    return [
        f"{number} {_end(name, LONGEST_NAME - len(str(number)) - 1)}"
        for number, name in enumerate(shown, start=1)
    ]


def _end(name: str, most: int) -> str:
    return name if len(name) <= most else f"…{name[1 - most :]}"


def _depth(heading: Heading) -> int:
    """Lines of the heading: what is empty at its end takes none."""
    return max(line for line, part in enumerate(heading, start=1) if part or line == 1)


def _label(heading: Heading) -> str:
    head, statistic, unit = heading
    what = f"{head} {statistic}".strip()
    return f"{what}, {unit}" if unit else what


def _width(columns: Sequence[Sequence[str]]) -> int:
    return sum(max(map(len, column)) for column in columns) + COLUMN_GAP * (len(columns) - 1)


def _aligned(columns: Sequence[Sequence[str]], heading_lines: int) -> str:
    """The columns beside each other, the first to the left; a rule below the heading."""
    widths = [max(map(len, column)) for column in columns]
    first, *others = columns
    lines = [
        (" " * COLUMN_GAP)
        .join(
            [
                name.ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True)),
            ]
        )
        .rstrip()
        for name, *cells in zip(first, *others, strict=True)
    ]
    rule = (" " * COLUMN_GAP).join("-" * width for width in widths)
    return "\n".join([*lines[:heading_lines], rule, *lines[heading_lines:]])


def _markdown_cell(text: str) -> str:
    escaped = printable(text).replace("\\", "\\\\")
    for special in "|`*_<[~&$":
        escaped = escaped.replace(special, f"\\{special}")
    return escaped

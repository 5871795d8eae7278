"""Which columns a table of some width shows, and the sentences above and below the table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from amin_ref.comparison.columns import ALWAYS_SHOWN, COLUMNS, DEFAULT_COLUMNS, Column
from amin_ref.comparison.grid import Grid, wrapped
from amin_ref.model.machine import Machine

TABLE_WIDTH = 80
"""Characters in a line of ``str(comparison)``: what every terminal has."""

MakeGrid = Callable[[Sequence[Column]], Grid]
"""Makes the table of some columns."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A table that fits.

    Attributes:
        text: the table itself.
        columns: the columns that it shows.
        left_out: the columns that did not fit, the most important first.
    """

    text: str
    columns: tuple[Column, ...]
    left_out: tuple[Column, ...]

    def notes(self) -> tuple[str, ...]:
        """A sentence that names the columns left out and says how to see them, if there are any."""
        if not self.left_out:
            return ()
        names = ", ".join(column.field for column in self.left_out)
        return (
            f"Left out for lack of width: {names}; --columns all (in Python, "
            "table(columns='all')) shows them.",
        )


def laid_out(
    make: MakeGrid, columns: Sequence[Column], width: int | None, *, may_drop: bool
) -> Layout:
    """The table of these columns in lines of at most ``width`` characters; no number is cut.

    Args:
        make: makes the table of some of the columns.
        columns: the columns, as they stand in the table.
        width: most characters in a line; ``None`` for any number.
        may_drop: whether columns that do not fit are left out, those that stand last in
            :data:`DEFAULT_COLUMNS` first and never its first two. Otherwise, and where these two do
            not fit, the table is turned: a line for each column.
    """
    kept = list(columns)
    left_out: list[Column] = []
    grid = make(kept)
    while width is not None and grid.width() > width:
        if not may_drop or len(kept) <= ALWAYS_SHOWN:
            return Layout(grid.turned(width), tuple(kept), tuple(left_out))
        least = max(kept, key=lambda column: DEFAULT_COLUMNS.index(column.field))
        kept.remove(least)
        left_out.insert(0, least)
        grid = make(kept)
    return Layout(grid.text(), tuple(kept), tuple(left_out))


def default_columns(machine: Machine, *, has_bound: bool, has_slo: bool) -> tuple[Column, ...]:
    """The columns that are shown unless others are chosen, in the order in which they stand."""
    wanted = set(DEFAULT_COLUMNS)
    wanted -= set() if has_bound else {"ratio_to_bound"}
    wanted -= set() if has_slo else {"goodput"}
    wanted.discard("wasted_share" if machine.after_eviction == "resume" else "recomputed_share")
    return tuple(column for name, column in COLUMNS.items() if name in wanted)


def reading(columns: Sequence[Column], lower_bound: int | None) -> tuple[str, ...]:
    """How to read the columns: a paragraph, or none where the headings say it all."""
    fields = {column.field for column in columns}
    heads = {column.head for column in columns}
    sentences = []
    if "latency" in heads:
        sentences.append("Latency: from arrival to last token.")
    if "TTFT" in heads:
        sentences.append("TTFT: from arrival to the first token that no eviction takes back.")
    if "evicted" in heads:
        sentences.append("evicted: runs cut short, to start again.")
    if "recomputed" in heads:
        sentences.append("recomputed: tokens of prefixes computed again, of all computed.")
    if "wasted" in heads:
        sentences.append("wasted: tokens that evictions lose.")
    if "ratio_to_best" in fields:
        sentences.append("× best: total latency / the least one here.")
    if "ratio_to_bound" in fields:
        bound = "the seed's lower bound" if lower_bound is None else f"{lower_bound:,}"
        sentences.append(
            f"× bound: total latency / {bound}; no schedule has a smaller total latency."
        )
    return (" ".join(sentences),) if sentences else ()


def page(caption: str, table: str, notes: Sequence[str], width: int | None) -> str:
    """A caption, the table, and paragraphs below it, with empty lines around the table."""
    paragraphs = [wrapped(caption, width), "", table, ""]
    return "\n".join([*paragraphs, *(wrapped(note, width) for note in notes)])

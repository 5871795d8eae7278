"""Which rows can be scheduled, and how many cannot, by reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from amin_ref.model.blocks import occupied
from amin_ref.workloads.row import Row


@dataclass(frozen=True)
class Dropped:
    """How many rows were left out because they cannot be scheduled.

    A row is counted once, under the first reason that applies.

    Attributes:
        empty_prompt: prompts of zero (or fewer) tokens.
        empty_output: answers of zero (or fewer) tokens: requests that failed.
        longer_than_cache: B·⌈(s + o)/B⌉ > M: the request exceeds an empty cache.
    """

    empty_prompt: int = 0
    empty_output: int = 0
    longer_than_cache: int = 0

    @property
    def total(self) -> int:
        """Rows left out, for all reasons together."""
        return self.empty_prompt + self.empty_output + self.longer_than_cache

    def __str__(self) -> str:
        """The reasons that occurred, in words; ``"none"`` if no row was left out."""
        counts = (
            (self.empty_prompt, "without prompt tokens"),
            (self.empty_output, "without output tokens"),
            (self.longer_than_cache, "longer than the cache"),
        )
        return ", ".join(f"{count} {reason}" for count, reason in counts if count) or "none"


@dataclass(frozen=True)
class Selection:
    """The rows to schedule, out of those that were read.

    Attributes:
        rows: in the order of the workload.
        rows_read: number of rows read, kept or not.
        dropped: numbers of rows not kept, by reason.
    """

    rows: tuple[Row, ...]
    rows_read: int
    dropped: Dropped

    @property
    def span_ns(self) -> int | None:
        """From the first to the last of the rows' times; nanoseconds. ``None`` without times."""
        times = [row.time_ns for row in self.rows if row.time_ns is not None]
        return max(times) - min(times) if times else None


def keep_usable(
    rows: Iterable[Row], capacity: int, block_size: int = 1, limit: int | None = None
) -> Selection:
    """The first ``limit`` usable rows (all of them without a limit), and the count of the others.

    No row beyond the last one kept is taken from ``rows``.

    Args:
        rows: read from a trace, or random; may be endless if there is a limit.
        capacity: M; tokens.
        block_size: B; tokens per block.
        limit: at least 1, or ``None``.
    """
    kept: list[Row] = []
    rows_read = empty_prompt = empty_output = longer_than_cache = 0
    for row in rows:
        rows_read += 1
        if row.prompt_len < 1:
            empty_prompt += 1
        elif row.output_len < 1:
            empty_output += 1
        elif occupied(row.prompt_len + row.output_len, block_size) > capacity:
            longer_than_cache += 1
        else:
            kept.append(row)
            if len(kept) == limit:
                break
    return Selection(tuple(kept), rows_read, Dropped(empty_prompt, empty_output, longer_than_cache))

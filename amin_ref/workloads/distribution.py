"""The distribution of a workload's lengths: measured on a trace, then sampled without it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amin_ref.model.errors import InvalidWorkload
from amin_ref.workloads.row import Row

LEVELS = (*(percent / 100 for percent in range(100)), 0.995, 0.999, 1.0)
"""Levels of the quantiles that are kept: every per cent, and two more in the upper tail."""

_BATCH = 4096
"""Rows drawn at a time, for speed; the rows that a seed gives do not depend on it."""


@dataclass(frozen=True)
class LengthDistribution:
    """The distribution of prompt and output lengths in a workload, as quantiles.

    Prompt and output lengths are drawn independently of each other; ``rank_correlation`` says how
    far that is from the workload.

    Attributes:
        rows: number of rows that it was measured on.
        prompt_mean: mean prompt length; tokens.
        output_mean: mean output length; tokens.
        rank_correlation: Spearman's correlation of prompt and output lengths; ties get their mean
            rank.
        prompt_quantiles: prompt length at each of :data:`LEVELS`; tokens.
        output_quantiles: output length at each of :data:`LEVELS`; tokens.
    """

    rows: int
    prompt_mean: float
    output_mean: float
    rank_correlation: float
    prompt_quantiles: tuple[int, ...]
    output_quantiles: tuple[int, ...]

    def draw(self, generator: np.random.Generator) -> Iterator[Row]:
        """Endless random rows, by linear interpolation of the inverse distribution function.

        The first n rows do not depend on how many are taken.
        """
        while True:
            levels = generator.random((_BATCH, 2))
            prompt_lens = _lengths_at(levels[:, 0], self.prompt_quantiles)
            output_lens = _lengths_at(levels[:, 1], self.output_quantiles)
            yield from map(Row, prompt_lens, output_lens)


def _lengths_at(levels: NDArray[np.float64], quantiles: tuple[int, ...]) -> list[int]:
    lengths: list[int] = np.rint(np.interp(levels, LEVELS, quantiles)).astype(np.int64).tolist()
    return lengths


def measure_lengths(rows: Iterable[Row]) -> LengthDistribution:
    """The distribution of lengths over the rows that have prompt and output tokens.

    ``print(measure_lengths(read_trace(path)))`` prints the figures of
    :mod:`amin_ref.workloads.embedded`. The quantile at level q is the smallest length that at least
    the share q of the rows does not exceed, so it is always a length that occurs.

    Raises:
        InvalidWorkload: there is no such row.
    """
    lengths = [
        (row.prompt_len, row.output_len)
        for row in rows
        if row.prompt_len >= 1 and row.output_len >= 1
    ]
    if not lengths:
        raise InvalidWorkload("no row has both prompt and output tokens; give a trace that has.")
    prompt_lens, output_lens = np.array(lengths, dtype=np.int64).T
    return LengthDistribution(
        rows=len(lengths),
        prompt_mean=round(float(prompt_lens.mean()), 2),
        output_mean=round(float(output_lens.mean()), 2),
        rank_correlation=round(_correlation(_ranks(prompt_lens), _ranks(output_lens)), 3),
        prompt_quantiles=_quantiles(prompt_lens),
        output_quantiles=_quantiles(output_lens),
    )


def _quantiles(lengths: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(np.quantile(lengths, LEVELS, method="inverted_cdf").tolist())


def _ranks(lengths: NDArray[np.int64]) -> NDArray[np.float64]:
    _, which, counts = np.unique(lengths, return_inverse=True, return_counts=True)
    mean_ranks = np.cumsum(counts) - (counts - 1) / 2
    return np.asarray(mean_ranks[which], dtype=np.float64)


def _correlation(left: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    left, right = left - left.mean(), right - right.mean()
    scale = float(np.sqrt((left @ left) * (right @ right)))
    return float(left @ right) / scale if scale else 0.0

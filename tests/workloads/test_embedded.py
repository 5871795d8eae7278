"""The embedded workloads: quantiles measured on the files, and random lengths like the files'."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from amin_ref import InvalidWorkload
from amin_ref.workloads import (
    CHAT,
    CODE,
    CONVERSATION,
    EMBEDDED,
    MOONCAKE,
    LengthDistribution,
    Row,
    measure_lengths,
    read_trace,
)
from amin_ref.workloads.distribution import LEVELS
from tests.support.real_data import azure_file, code_file, lmsys_file, mooncake_file

FILES = {
    "chat": lmsys_file,
    "conversation": azure_file,
    "code": code_file,
    "mooncake": mooncake_file,
}

each = pytest.mark.parametrize(
    ("embedded", "real"),
    [pytest.param(EMBEDDED[name], real, id=name) for name, real in FILES.items()],
)


def test_each_embedded_workload_has_its_file() -> None:
    assert FILES.keys() == EMBEDDED.keys()


def lengths_of(rows: list[Row]) -> NDArray[np.int64]:
    return np.array([(row.prompt_len, row.output_len) for row in rows], dtype=np.int64)


def drawn(embedded: LengthDistribution, number: int, seed: int = 0) -> list[Row]:
    return list(islice(embedded.draw(np.random.default_rng(seed)), number))


def usable_lengths(path: Path) -> NDArray[np.int64]:
    lengths = lengths_of(list(read_trace(path)))
    usable: NDArray[np.int64] = lengths[(lengths > 0).all(axis=1)]
    return usable


@each
def test_the_figures_in_the_code_are_those_of_the_file(
    embedded: LengthDistribution, real: Callable[[], Path]
) -> None:
    assert measure_lengths(read_trace(real())) == embedded


@pytest.mark.slow
@each
def test_drawn_lengths_are_distributed_as_in_the_file(
    embedded: LengthDistribution, real: Callable[[], Path]
) -> None:
    lengths = usable_lengths(real())
    draws = lengths_of(drawn(embedded, 200_000))
    for column in (0, 1):
        assert greatest_difference(draws[:, column], lengths[:, column]) < 0.012
        assert draws[:, column].min() >= lengths[:, column].min()
        assert draws[:, column].max() <= lengths[:, column].max()
        if embedded == CODE and column == 1:
            continue  # the next test
        # 200,000 draws put the mean within 0.25 % and the distribution within 0.004 of their own.
        assert draws[:, column].mean() == pytest.approx(lengths[:, column].mean(), rel=0.0075)
        assert draws[:, column].std() == pytest.approx(lengths[:, column].std(), rel=0.03)


def test_drawn_outputs_of_code_are_longer_than_the_files_as_stated() -> None:
    """The quantiles 0.999 and 1 are 361 and 1,899 tokens; draws between them are interpolated."""
    real = usable_lengths(code_file())[:, 1]
    draws = lengths_of(drawn(CODE, 200_000))[:, 1]
    # The margins are four standard errors of the mean and of the deviation of 200,000 draws.
    assert draws.mean() / real.mean() - 1 == pytest.approx(0.03, abs=0.02)
    assert draws.std() / real.std() - 1 == pytest.approx(0.15, abs=0.06)
    most = CODE.output_quantiles[LEVELS.index(0.99)]
    assert draws[draws <= most].mean() == pytest.approx(real[real <= most].mean(), rel=0.0075)


def greatest_difference(left: NDArray[np.int64], right: NDArray[np.int64]) -> float:
    points = np.union1d(left, right)
    below_left = np.searchsorted(np.sort(left), points, side="right") / len(left)
    below_right = np.searchsorted(np.sort(right), points, side="right") / len(right)
    return float(np.abs(below_left - below_right).max())


@given(st.lists(st.builds(Row, st.integers(-1, 2), st.integers(-1, 2)), max_size=30))
def test_rows_without_prompt_or_output_are_not_measured(rows: list[Row]) -> None:
    usable = [row for row in rows if min(row.prompt_len, row.output_len) > 0]
    if not usable:
        with pytest.raises(InvalidWorkload, match="no row has both prompt and output tokens"):
            measure_lengths(rows)
        return
    found = measure_lengths(rows)
    assert found.rows == len(usable)
    assert found.prompt_mean == round(fmean(row.prompt_len for row in usable), 2)
    assert found.output_mean == round(fmean(row.output_len for row in usable), 2)


@pytest.mark.slow
def test_independent_draws_change_the_mean_token_rounds_as_stated() -> None:
    """Prompt and output are drawn independently: the mean of Σ (s + a) differs by a known share."""
    for embedded, real, stated in (
        (CHAT, lmsys_file, -0.020),
        (CONVERSATION, azure_file, 0.078),
        (CODE, code_file, 0.036),
        (MOONCAKE, mooncake_file, -0.062),
    ):
        draws, lengths = lengths_of(drawn(embedded, 200_000)), usable_lengths(real())
        ratio = memory_time(draws) / memory_time(lengths)
        assert ratio - 1 == pytest.approx(stated, abs=0.012)


def memory_time(lengths: NDArray[np.int64]) -> float:
    prompts, outputs = lengths.T
    return float((prompts * outputs + outputs * (outputs + 1) / 2).mean())


def test_the_rank_correlation_is_spearmans() -> None:
    """By hand, with a tie: ranks 1, 2.5, 2.5, 4 and 1, 3, 2, 4."""
    rows = [Row(3, 1), Row(5, 9), Row(5, 7), Row(8, 10)]
    # 4.5 / √(4.5 · 5) = 0.94868…, to three places.
    assert measure_lengths(rows).rank_correlation == 0.949
    assert measure_lengths([Row(3, 1), Row(5, 1)]).rank_correlation == 0


@given(
    st.lists(st.builds(Row, st.integers(-2, 500), st.integers(-2, 500)), min_size=1, max_size=30)
)
def test_a_quantile_is_the_least_length_that_the_share_does_not_exceed(rows: list[Row]) -> None:
    usable = [row for row in rows if row.prompt_len > 0 and row.output_len > 0]
    if not usable:
        with pytest.raises(InvalidWorkload):
            measure_lengths(rows)
        return
    measured = measure_lengths(rows)
    assert measured.rows == len(usable)
    prompts, outputs = zip(*((row.prompt_len, row.output_len) for row in usable), strict=True)
    assert measured.prompt_mean == round(sum(prompts) / len(usable), 2)
    assert measured.output_mean == round(sum(outputs) / len(usable), 2)
    for lengths, quantiles in (
        (prompts, measured.prompt_quantiles),
        (outputs, measured.output_quantiles),
    ):
        for level, quantile in zip(LEVELS, quantiles, strict=True):
            assert quantile in lengths
            share = sum(length <= quantile for length in lengths) / len(lengths)
            assert share >= level - 1e-9
            assert sum(length < quantile for length in lengths) / len(lengths) <= level + 1e-9


@given(
    name=st.sampled_from(sorted(EMBEDDED)),
    seed=st.integers(0, 2**64),
    few=st.integers(1, 50),
    more=st.integers(0, 50),
)
def test_the_first_rows_do_not_depend_on_how_many_are_taken(
    name: str, seed: int, few: int, more: int
) -> None:
    assert drawn(EMBEDDED[name], few, seed) == drawn(EMBEDDED[name], few + more, seed)[:few]


def test_another_seed_gives_other_rows() -> None:
    assert drawn(CHAT, 20, seed=1) != drawn(CHAT, 20, seed=2)


@given(name=st.sampled_from(sorted(EMBEDDED)), seed=st.integers(0, 2**64))
def test_each_row_of_a_seed_comes_from_two_uniform_numbers(name: str, seed: int) -> None:
    """Published figures rest on the rows of a seed, so the rows of a seed must not change."""
    distribution = EMBEDDED[name]
    generator = np.random.default_rng(seed)
    for row in drawn(distribution, 30, seed):
        prompt, output = generator.random(2)
        assert row.prompt_len == round(np.interp(prompt, LEVELS, distribution.prompt_quantiles))
        assert row.output_len == round(np.interp(output, LEVELS, distribution.output_quantiles))


def test_the_levels_of_the_quantiles_are_the_per_cents_and_three_of_the_tail() -> None:
    thousandths = [*range(0, 1000, 10), 995, 999, 1000]
    assert [level * 1000 for level in LEVELS] == pytest.approx(thousandths, rel=1e-12, abs=0)
    assert list(LEVELS) == sorted(LEVELS)

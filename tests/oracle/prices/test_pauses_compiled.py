"""Prices with pauses in compiled code: value and gradient of the reference."""

from __future__ import annotations

import random

import numpy as np
import pytest

from oracle.prices import compiled_pausing
from oracle.prices.compiled_pausing import CompiledPausingDual
from oracle.prices.pausing import PausingDual
from tests.oracle.prices.test_shares_compiled import RESUME, assert_same, random_period
from tests.support.profiles import many


@pytest.mark.theorem("T21")
def test_prices_prove_the_same_with_pauses() -> None:
    """Default: 60 busy periods; deep: 3,000."""
    rng = random.Random("pauses")
    for seed in range(many(60, deep=3_000)):
        instance, period = random_period(rng, RESUME, rng.choice((1, 2)))
        prices = np.random.default_rng(seed).random(period.rounds) * rng.choice((0.0, 0.05, 0.5))
        if rng.random() < 0.3:
            prices[rng.randrange(period.rounds) :] = 0.0
        temperature = rng.choice((0.01, 0.5, 5.0))
        assert_same(
            CompiledPausingDual(instance, period).evaluate(prices, temperature),
            PausingDual(instance, period).evaluate(prices, temperature),
        )


@pytest.mark.theorem("T21")
def test_too_many_cells_for_the_memory_are_left_to_the_reference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    instance, period = random_period(random.Random(1), RESUME, 1)
    prices = np.full(period.rounds, 0.01)
    expected = PausingDual(instance, period).evaluate(prices, 0.5)
    monkeypatch.setattr(compiled_pausing, "MOST_CELLS_OF_A_GROUP", 0)
    found = CompiledPausingDual(instance, period).evaluate(prices, 0.5)
    assert (found.value, found.smoothed) == (expected.value, expected.smoothed)

"""Prices of shares in compiled code: value and gradient of the reference, and when it is used."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import numpy as np
import pytest

from amin_ref.model.instance import Instance
from amin_ref.model.machine import Machine
from amin_ref.model.request import Request
from oracle.budget import Budget
from oracle.certificate import verify
from oracle.compiled import readiness
from oracle.deadline import Clock, Deadline
from oracle.prices import choice
from oracle.prices.ascent import lower_bound
from oracle.prices.choice import faster_dual, faster_pausing_dual
from oracle.prices.compiled_pausing import CompiledPausingDual
from oracle.prices.compiled_shares import CompiledDual
from oracle.prices.dual import Dual, Evaluation
from oracle.prices.pausing import PausingDual
from oracle.starts.parts import BusyPeriod, busy_periods
from tests.support.profiles import many

RESUME = Machine(after_eviction="resume")


def random_period(rng: random.Random, machine: Machine, parts: int) -> tuple[Instance, BusyPeriod]:
    """A busy period whose requests take up to a few parts of the cache, with blocks and arrivals.

    Several requests are equal, or differ in the output length alone.
    """
    block = rng.choice((1, 1, 3))
    capacity = rng.randint(20, 60)
    longest = capacity // block * block // parts
    machine = replace(machine, last_token_stored=rng.random() < 0.5)
    first = rng.choice((0, 7))
    latest = rng.choice((0, 0, 5, 40))
    requests: list[Request] = []
    for position in range(rng.choice((2, 5, 20))):
        prompt_len = rng.randint(1, longest - 1)
        output_len = rng.randint(1, longest - prompt_len)
        arrival = first + rng.randint(0, latest)
        if requests and rng.random() < 0.3:
            prompt_len, arrival = requests[-1].prompt_len, requests[-1].arrival
            output_len = min(output_len, longest - prompt_len)
        requests.append(Request(position, prompt_len, output_len, arrival=arrival))
    instance = Instance(capacity, tuple(requests), block, machine=machine)
    return instance, rng.choice(busy_periods(instance))


def assert_same(found: Evaluation, reference: Evaluation) -> None:
    """Asserts that two evaluations differ by rounding errors alone."""
    scale = 1 + float(np.abs(reference.gradient).max())
    assert found.value == pytest.approx(reference.value, rel=1e-9, abs=1e-7)
    assert found.smoothed == pytest.approx(reference.smoothed, rel=1e-9, abs=1e-7)
    assert np.abs(found.gradient - reference.gradient).max() <= 1e-7 * scale


@pytest.mark.theorem("T10")
def test_prices_of_shares_prove_the_same() -> None:
    """Default: 25 busy periods; deep: 3,000."""
    rng = random.Random("shares")
    shared = 0
    for seed in range(many(25, deep=3_000)):
        instance, period = random_period(rng, Machine(), 1)
        reference, found = Dual(instance, period), CompiledDual(instance, period)
        shared += bool(reference.shares)
        prices = np.random.default_rng(seed).random((len(reference.limits), period.rounds))
        prices *= rng.choice((0.0, 0.002, 0.1, 5.0)) / len(prices)
        if rng.random() < 0.5:
            # Dear at first, and free soon: to start in that round is cheapest.
            prices[:, rng.randint(1, min(3, period.rounds)) :] = 0.0
        for step in {1, min(rng.randint(1, 9), period.rounds)}:
            temperature = rng.choice((0.01, 0.5, 20.0))
            assert_same(
                found.evaluate(prices, step, temperature),
                reference.evaluate(prices, step, temperature),
            )
    assert shared > 15


def after(seconds: float, limit: float = 60.0) -> Deadline:
    """A deadline whose search has lasted this long, by a clock that stands still."""
    return Deadline(0.0, limit, lambda: seconds)


def test_compiled_code_is_used_where_it_is_worth_its_loading(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Loaded after a second, compiled after four, and never where it does not work."""
    instance = Instance.from_lengths([(1, 3)] * 3, capacity=5)
    dual = Dual(instance, busy_periods(instance)[0])
    budget, cells = Budget(), Budget().cells_compiled_from
    for kept in (False, True):
        monkeypatch.setattr(readiness, "prices_are_kept", lambda kept=kept: kept)
        loaded = CompiledDual if kept else Dual
        assert faster_dual(dual, after(0.9), budget) is Dual
        assert faster_dual(dual, after(1.1), budget) is loaded
        assert faster_dual(dual, after(4.1), budget) is CompiledDual
        assert faster_dual(dual, after(4.1, limit=5.0), budget) is Dual
        pausing = CompiledPausingDual if kept else PausingDual
        assert faster_pausing_dual(cells, after(57.0), budget) is pausing
        assert faster_pausing_dual(cells, after(50.0), budget) is CompiledPausingDual
        assert faster_pausing_dual(cells, after(59.5), budget) is PausingDual
        assert faster_pausing_dual(cells - 1, after(50.0), budget) is PausingDual
    without = Budget(compiled=False)
    assert faster_dual(dual, after(4.1), without) is Dual
    assert faster_pausing_dual(cells, after(50.0), without) is PausingDual
    large = Instance.from_lengths([(1, 3)] * 9, capacity=40)
    assert faster_dual(Dual(large, busy_periods(large)[0]), after(4.1), budget) is Dual
    monkeypatch.setattr(choice, "busy_periods", lambda _: ())  # nothing to try: an error
    assert faster_dual(dual, after(4.1), budget) is Dual
    assert faster_pausing_dual(cells, after(50.0), budget) is PausingDual


def counting_clock() -> Clock:
    """A clock that adds a second with each question."""
    asked = itertools.count()
    return lambda: float(next(asked))


def test_an_ascent_changes_to_compiled_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """And comes as near to the best bound."""
    instance = Instance.from_lengths([(1, 9), (2, 5), (3, 12), (1, 4)] * 2, capacity=17)
    used: list[int] = []
    evaluate = CompiledDual.evaluate

    def watched(self: CompiledDual, *arguments: object) -> Evaluation:
        used.append(1)
        return evaluate(self, *arguments)  # type: ignore[arg-type]  # as they were given

    monkeypatch.setattr(CompiledDual, "evaluate", watched)
    proven = []
    for compiled in (False, True):
        certificate = lower_bound(
            instance, 400.0, clock=counting_clock(), budget=Budget(compiled=compiled)
        )
        proven.append(verify(instance, certificate))
        assert bool(used) == compiled
    # Rounding errors lead to other steps, which near the best prices gain about as much.
    assert proven[1] == pytest.approx(proven[0], rel=0.05)
    assert min(proven) > 1.5 * sum(request.output_len for request in instance.requests)

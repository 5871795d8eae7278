"""Prices where evicted requests keep their tokens: the dual function, and ``lower_bound``."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amin_ref.model.instance import Instance
from amin_ref.model.machine import AfterEviction, Machine
from amin_ref.model.request import Request
from oracle.certificate import Certificate, Stretch, verify
from oracle.prices.ascent import lower_bound
from oracle.prices.dual import Dual
from oracle.prices.pausing import PausingDual
from oracle.starts.parts import BusyPeriod, busy_periods

RESUME = Machine(after_eviction="resume")
FINEST = 1e-3
"""A temperature, in rounds, at which smoothing changes nothing that a float shows."""

SMALLER = Instance(11, (Request("A", 1, 10), Request("B", 9, 1, arrival=5)), machine=RESUME)
"""The specification's example: OPT is 12, and 16 where tokens are lost."""


@st.composite
def queues(draw: st.DrawFn) -> tuple[Instance, BusyPeriod]:
    """An instance, on either kind of block, and one of its busy periods."""
    block_size = draw(st.sampled_from([1, 3]))
    requests = tuple(
        Request(
            position,
            draw(st.integers(1, 8)),
            draw(st.integers(1, 7)),
            arrival=draw(st.integers(2, 9)),
        )
        for position in range(draw(st.integers(1, 6)))
    )
    machine = replace(RESUME, last_token_stored=draw(st.booleans()))
    instance = Instance(draw(st.integers(15, 20)), requests, block_size, machine=machine)
    return instance, draw(st.sampled_from(busy_periods(instance)))


@pytest.mark.theorem("T21")
@settings(deadline=None, max_examples=100)
@given(queues(), st.integers(0, 2**32 - 1), st.booleans())
def test_the_dual_function_is_what_a_certificate_proves(
    queue: tuple[Instance, BusyPeriod], seed: int, few: bool
) -> None:
    """Whether prices fall, rise, or are zero in most rounds."""
    instance, period = queue
    random = np.random.default_rng(seed)
    numerators = random.integers(0, 40, period.rounds)
    if few:
        numerators *= random.integers(0, 4, period.rounds) == 0
    found = PausingDual(instance, period).evaluate(numerators / 60, FINEST)
    alone = replace(instance, requests=period.requests)
    stretch = Stretch(period.first_round, tuple(numerators.tolist()))
    # Sixty times the bound is a whole number, and the certificate's bound is rounded up.
    proven = verify(alone, Certificate(alone, 60, (stretch,)))
    assert proven == -(-round(found.value * 60) // 60)
    assert found.smoothed <= found.value + 1e-6


@pytest.mark.theorem("T21")
@settings(deadline=None, max_examples=60)
@given(queues(), st.integers(0, 2**32 - 1), st.sampled_from([0.3, 2.0, 20.0]))
def test_the_gradient_is_the_change_of_the_smoothed_value(
    queue: tuple[Instance, BusyPeriod], seed: int, temperature: float
) -> None:
    """In a random direction; the prices are random, so that no two sequences cost the same."""
    instance, period = queue
    random = np.random.default_rng(seed)
    prices = random.uniform(0.0, 0.5, period.rounds)
    direction = random.uniform(-1.0, 1.0, period.rounds)
    dual = PausingDual(instance, period)
    here = dual.evaluate(prices, temperature)
    step = 1e-6
    there = dual.evaluate(prices + step * direction, temperature).smoothed
    back = dual.evaluate(prices - step * direction, temperature).smoothed
    assert (there - back) / (2 * step) == pytest.approx(here.gradient @ direction, abs=1e-3)


@pytest.mark.theorem("T21")
@settings(deadline=None, max_examples=50)
@given(queues(), st.integers(0, 2**32 - 1))
def test_falling_prices_have_the_same_bound_with_and_without_pauses(
    queue: tuple[Instance, BusyPeriod], seed: int
) -> None:
    """Lemma R2, between the two dual functions."""
    instance, period = queue
    prices = -np.sort(-np.random.default_rng(seed).uniform(0.0, 0.5, period.rounds))
    with_pauses = PausingDual(instance, period).evaluate(prices, FINEST).value
    assert Dual(instance, period).shares == []
    without = Dual(instance, period).evaluate(prices[None, :], 1, FINEST).value
    assert with_pauses == pytest.approx(without, abs=1e-6)


@pytest.mark.theorem("T22")
def test_the_bound_of_the_example_is_the_optimum() -> None:
    """12; the machine that loses tokens has 16, of which its bound proves 15."""
    certificate = lower_bound(SMALLER, 1.0, clock=time.thread_time)
    assert verify(SMALLER, certificate) == 12
    assert not certificate.falling
    loses = replace(SMALLER, machine=Machine())
    assert verify(loses, lower_bound(loses, 1.0, clock=time.thread_time)) == 15


def overload(machine: Machine, arrivals: int) -> Instance:
    """Sixty requests, more than the cache holds at once."""
    random = np.random.default_rng(7)
    requests = tuple(
        Request(position, int(s), int(o), arrival=int(r))
        for position, (s, o, r) in enumerate(
            zip(
                random.integers(1, 9, 60),
                random.integers(1, 31, 60),
                np.sort(random.integers(0, arrivals + 1, 60)),
                strict=True,
            )
        )
    )
    return Instance(130, requests, machine=machine)


def with_falling_prices(certificate: Certificate) -> Certificate:
    """The running minima of the prices, stretch by stretch."""
    falling = tuple(
        replace(each, multipliers=tuple(np.minimum.accumulate(each.multipliers).tolist()))
        for each in certificate.stretches
    )
    return replace(certificate, stretches=falling)


def test_all_at_once_falling_prices_prove_nearly_as_much() -> None:
    """A queue that is long: pauses gain little, and neither do rising prices."""
    kept, lost = overload(RESUME, 0), overload(Machine(), 0)
    certificate = lower_bound(kept, 0.4, clock=time.thread_time)
    assert not any(stretch.shares for stretch in certificate.stretches)
    proven = verify(kept, certificate)
    falling = with_falling_prices(certificate)
    assert falling.falling
    assert verify(kept, falling) > 0.99 * proven
    assert proven > 2 * sum(r.output_len for r in kept.requests)
    without_pauses = verify(lost, lower_bound(lost, 0.4, clock=time.thread_time))
    assert 0.99 * without_pauses < proven <= without_pauses


def test_with_arrivals_rising_prices_prove_more_than_falling_ones() -> None:
    """What falling prices alone prove is little more than the outputs (``oracle.md``)."""
    instance = overload(RESUME, 100)
    certificate = lower_bound(instance, 0.5, clock=time.thread_time)
    assert not certificate.falling
    proven = verify(instance, certificate)
    assert proven > 1.01 * verify(instance, with_falling_prices(certificate))
    assert proven > 1.01 * sum(r.output_len for r in instance.requests)


@pytest.mark.parametrize("after_eviction", ["restart", "resume"])
def test_limits_are_ignored_and_the_last_token_is_not(after_eviction: AfterEviction) -> None:
    """A machine that stores a token less holds more requests, so that the bound is smaller."""
    machine = replace(RESUME, after_eviction=after_eviction)
    limited = replace(machine, tokens_per_round=40, max_running=3, watermark=1)
    less = replace(machine, last_token_stored=False)
    proven = {}
    for name, each in (("plain", machine), ("limited", limited), ("less", less)):
        instance = overload(each, 0)
        certificate = lower_bound(instance, 0.1, clock=time.thread_time)
        assert certificate.instance == instance
        proven[name] = verify(instance, certificate)
    assert proven["limited"] == pytest.approx(proven["plain"], rel=0.02)
    assert proven["less"] < 0.98 * proven["plain"]


def test_without_time_all_prices_are_zero() -> None:
    for arrivals in (0, 200):
        instance = overload(RESUME, arrivals)
        certificate = lower_bound(instance, 0)
        assert verify(instance, certificate) == sum(r.output_len for r in instance.requests)


def test_the_progress_is_a_bound_and_stops_when_asked() -> None:
    """No figure of the machine that loses tokens is shown: it may exceed OPT."""
    seen: list[float] = []
    certificate = lower_bound(SMALLER, 1.0, seen.append, clock=time.thread_time)
    assert max(seen) <= 12
    assert verify(SMALLER, certificate) == 12
    stopped = lower_bound(overload(RESUME, 200), 60.0, should_stop=lambda: True)
    assert verify(stopped.instance, stopped) == sum(r.output_len for r in stopped.instance.requests)

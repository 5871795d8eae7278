"""Compiled simulation is nearly as fast as C, and far faster than the policies themselves."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from amin_ref import Amin, ClairvoyantPolicy, Instance, Policy, conform, simulate
from tests.long.benchmarks.compiled import (
    ARRIVALS,
    POLICIES,
    PREDICTIONS,
    compile_c,
    lmsys_like,
    measured,
    user_seconds,
)

pytestmark = pytest.mark.slow

MOST_TIMES_C = 5
"""The aim: at most 5 times the processor time of C."""

MOST_GROWTH = 3
"""Between the measured 1.5 and the 10 of a quadratic time."""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("gcc") is None:
        pytest.skip("there is no gcc to compile the peer with")
    return compile_c(tmp_path_factory.mktemp("peer"))


@pytest.mark.parametrize("prediction", PREDICTIONS)
@pytest.mark.parametrize("arrivals", ARRIVALS)
@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: type(policy).__name__)
def test_compiled_code_takes_at_most_five_times_as_long_as_c(
    policy: Policy | ClairvoyantPolicy, arrivals: str, prediction: str, program: Path
) -> None:
    instance = lmsys_like(200_000, prediction, arrivals)
    found = measured(instance, policy, program)
    assert found.ratio < MOST_TIMES_C, found


def test_the_compiled_replay_is_ten_times_as_fast_as_the_readable_one() -> None:
    schedule = simulate(lmsys_like(20_000, "rough:1:1000", "at-once"), Amin(), compiled=True)
    conform(schedule, compiled=True)
    seconds = []
    for compiled in (True, False):
        began = user_seconds()
        assert conform(schedule, compiled=compiled).conforms
        seconds.append(user_seconds() - began)
    assert 10 * seconds[0] < seconds[1], seconds


def test_the_time_of_the_replay_grows_with_the_number_of_runs() -> None:
    """From 10⁵ to 10⁶ requests a run costs 1.5 times as much, as memory is slower than caches.

    A replay whose time is quadratic would have a factor of 10.
    """
    whole = lmsys_like(1_000_000, "bins:10", "at-once")
    few = replace(whole, requests=whole.requests[:100_000])
    assert seconds_per_run(whole) < MOST_GROWTH * seconds_per_run(few)


def seconds_per_run(instance: Instance) -> float:
    """Of ``conform`` in compiled code. The first call, which makes columns, is not measured."""
    schedule = simulate(instance, Amin(), compiled=True)
    conform(schedule, compiled=True)
    best = math.inf
    for _ in range(2):
        began = user_seconds()
        assert conform(schedule, compiled=True).conforms
        best = min(best, user_seconds() - began)
    return best / (len(instance.requests) + schedule.evictions)  # a run for each of these


def test_compiled_code_is_ten_times_as_fast_as_the_policy() -> None:
    instance = lmsys_like(20_000, "rough:1:1000", "at-once")
    simulate(instance, Amin(), compiled=True)
    seconds = []
    for compiled in (True, False):
        began = user_seconds()
        simulate(instance, Amin(), compiled=compiled)
        seconds.append(user_seconds() - began)
    assert 10 * seconds[0] < seconds[1], seconds

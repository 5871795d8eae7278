"""Theorem H: where Amin evicts no request, its ratio is at most 1 + 4·√(v(u)/v(ℓ)).

It is an upper bound for the families of T15, on which Amin evicts no request.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from itertools import accumulate
from math import sqrt

import pytest
from hypothesis import assume, given, target
from hypothesis import strategies as st

from amin_ref import Amin, FirstComeFirstServed, Instance, RequestId, Schedule, simulate
from amin_ref.families import adaptive, staggered, volume
from amin_ref.small.setting import Setting
from tests.models.volume_bound import volume_bound
from tests.support.profiles import times
from tests.support.settings import outputs_of, settings_of_requests

ROUNDING = 1e-9
"""Relative error allowed where a square root is used."""


def quotient(instance: Instance) -> float:
    """√(v(u)/v(ℓ))."""
    request = instance.requests[0]
    assert request.upper is not None
    longest = volume(request.prompt_len, request.upper)
    return sqrt(longest / volume(request.prompt_len, request.lower))


def starts_are_early(schedule: Schedule) -> bool:
    """(1): M·S_j ≤ 4·Σ v(o_i) over the requests i that start before j; S_j is the first start."""
    instance = schedule.instance
    prompt_len = instance.requests[0].prompt_len
    outputs = {request.id: request.output_len for request in instance.requests}
    firsts: dict[RequestId, int] = {}
    for run in sorted(schedule.runs, key=lambda run: run.start):
        firsts.setdefault(run.request, run.start)
    in_order = sorted((start, outputs[request]) for request, start in firsts.items())
    before = accumulate((volume(prompt_len, o) for _, o in in_order), initial=0)
    return all(
        instance.capacity * start <= 4 * used
        for (start, _), used in zip(in_order, before, strict=False)
    )


@st.composite
def uniform(draw: st.DrawFn) -> Instance:
    """Up to 25 requests of a setting with room for several of them."""
    setting = draw(settings_of_requests(longest=12, longest_prompt=12, most_spare=120))
    return setting.instance(draw(outputs_of(setting, 25)))


@pytest.mark.theorem("T15")
@times(3)
@given(uniform())
def test_without_evictions_starts_are_early_and_the_ratio_is_bounded(instance: Instance) -> None:
    schedule = simulate(instance, Amin())
    target(-float(schedule.evictions), label="few evictions")
    assume(schedule.evictions == 0)
    ratio = schedule.total_latency / volume_bound(instance)
    assert starts_are_early(schedule)
    assert ratio <= (1 + 4 * quotient(instance)) * (1 + ROUNDING)


@pytest.mark.theorem("T15")
@times(2)
@given(uniform())
def test_without_evictions_starts_are_early_and_the_ratio_is_bounded_for_fcfs(
    instance: Instance,
) -> None:
    schedule = simulate(instance, FirstComeFirstServed())
    assume(schedule.evictions == 0)
    assert starts_are_early(schedule)
    ratio = schedule.total_latency / volume_bound(instance)
    assert ratio <= (1 + 4 * quotient(instance)) * (1 + ROUNDING)


@pytest.mark.theorem("T15")
@given(st.data(), settings_of_requests(longest=20, longest_prompt=12))
def test_the_mean_larger_volume_is_bounded_by_the_mean_smaller_volume(
    data: st.DataObject, setting: Setting
) -> None:
    """(2), and the same with random ties."""
    outputs = data.draw(outputs_of(setting, 30))
    volumes = [volume(setting.prompt_len, output_len) for output_len in outputs]
    largest = sum(max(a, b) for a in volumes for b in volumes)
    smallest = sum(min(a, b) for a in volumes for b in volumes)
    root = quotient(setting.instance(outputs))
    target(largest / smallest / root, label="share of the bound")
    assert largest <= root * smallest * (1 + ROUNDING)
    assert len(volumes) * sum(volumes) <= (1 + root) / 2 * smallest * (1 + ROUNDING)


@pytest.mark.theorem("T15")
def test_two_lengths_attain_the_quotient_of_means() -> None:
    """s = 1, ℓ = 1, u = 15: v(1) = 2, v(15) = 135; 1/(1 + √67.5) of the lengths are u; to 1 %."""
    share = 1 / (1 + sqrt(67.5))
    largest = 135 * (1 - (1 - share) ** 2) + 2 * (1 - share) ** 2
    smallest = 135 * share**2 + 2 * (1 - share**2)
    assert Fraction(99, 100) < largest / smallest / sqrt(67.5) < Fraction(101, 100)


@pytest.mark.theorem("T15")
@pytest.mark.parametrize(
    "family",
    [
        partial(staggered, 1, 24, 1, 240, 3000),
        partial(staggered, 30, 20, 2, 200, 800),
        partial(adaptive, 9, 2, 20, 6, 80, 600),
    ],
    ids=["staggered", "staggered with long prompts", "adaptive"],
)
def test_ratios_on_the_families_of_t15_are_a_tenth_of_the_bound_or_more(
    family: Callable[[], Instance],
) -> None:
    instance = family()
    schedule = simulate(instance, Amin())
    assert schedule.evictions == 0
    assert starts_are_early(schedule)
    bound = 1 + 4 * quotient(instance)
    assert bound / 10 < schedule.total_latency / volume_bound(instance) <= bound


@pytest.mark.theorem("T15")
def test_with_evictions_starts_may_be_late() -> None:
    """(1) fails where a request is evicted and restarted while all others wait.

    Two requests of 31 tokens are ranked before 40 of 30; ℓ = 30, u = 31, M = 47.
    """
    instance = Setting(1, 30, 31, 47).instance((31,) * 2 + (30,) * 40)
    schedule = simulate(instance, Amin())
    assert schedule.evictions > 0
    assert not starts_are_early(schedule)

"""T15: the start rounds that theorems A1 and A2 predict, and ratios that exceed any logarithm.

The predictions are those of the theorem book, request by request (A1's is in
:mod:`tests.models.staggered_starts`), and share no code with ``amin_ref.families``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import astuple, replace
from itertools import product
from math import isqrt, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amin_ref import (
    Amin,
    FirstComeFirstServed,
    HindsightShortestFirst,
    Instance,
    Schedule,
    check,
    simulate,
)
from amin_ref.families import adaptive, staggered
from amin_ref.families.adaptive import fewest_slots
from amin_ref.small.bound import ratio_bound
from tests.long.counterexamples.search import Parameters, better_schedule, ratio_of
from tests.models.staggered_starts import starts_by_a1, volume


def starts_by_rank(schedule: Schedule) -> list[int]:
    """The start round of each request, in the order of the instance; no request is evicted."""
    assert schedule.evictions == 0
    start_of = {run.request: run.start for run in schedule.runs}
    return [start_of[request.id] for request in schedule.instance.requests]


A1_SETTINGS = [
    (s, u, c, long, 3 * u + 4)
    for s, u, c in product((1, 2, 3, 7, 20), (2, 3, 5, 8, 13), (1, 2, 5))
    for long in (0, 4 * c + 1)
]
"""150 settings (s, u, c, K, m), with prompts shorter and longer than the outputs."""


@pytest.mark.theorem("T15")
def test_a1_starts_are_as_predicted_on_a_grid() -> None:
    for setting in A1_SETTINGS:
        schedule = simulate(staggered(*setting), Amin())
        assert starts_by_rank(schedule) == starts_by_a1(*setting), setting


@pytest.mark.theorem("T15")
@given(
    st.integers(1, 40),
    st.integers(2, 24),
    st.integers(1, 6),
    st.integers(0, 60),
    st.integers(0, 99),
)
def test_a1_starts_are_as_predicted(s: int, u: int, c: int, long: int, short: int) -> None:
    """FCFS makes the same schedule: with ℓ = 1 and no overflow both admit while next tokens fit."""
    instance = staggered(s, u, c, long, short)
    schedule = simulate(instance, Amin())
    assert starts_by_rank(schedule) == starts_by_a1(s, u, c, long, short)
    assert simulate(instance, FirstComeFirstServed()).runs == schedule.runs


def adversary_of_a2(s: int, low: int, u: int, c: int, rounds: int) -> tuple[list[int], list[int]]:
    """Starts and outputs, in the order of rank, of the requests that start before round T.

    Amin runs here on identical requests whose lengths the adversary fixes: the plan is summed
    request by request, and the claims of the proof are asserted in each round.
    """
    w, e = u - low, (s + u) // (s + 1)
    m = c * volume(s, w)
    starts: list[int] = []
    outputs: dict[int, int] = {}
    for t in range(rounds):
        running = [i for i in range(len(starts)) if i not in outputs]
        needed = sum(s + t - starts[i] + 1 for i in running)
        if t >= low:
            assert needed > m - c * (s + 1), "the adversary completes a request"
            while needed > m - c * (s + 1):
                first = running.pop(0)  # most tokens generated, then least rank
                assert low <= t - starts[first] <= (u if starts[first] < low - 1 else w)
                outputs[first] = t - starts[first]
                needed -= s + t - starts[first] + 1
        assert needed <= m, "nothing overflows"
        plan = [0] * low
        for i in running:
            age = t - starts[i]
            for k in range(max(1, low - age)):
                plan[k] += s + age + 1 + k
        begun = 0
        while all(plan[k] + s + 1 + k <= m for k in range(low)):
            plan = [plan[k] + s + 1 + k for k in range(low)]
            starts.append(t)
            begun += 1
        if t >= low:
            assert c <= begun <= c + e
    for i, start in enumerate(starts):
        outputs.setdefault(i, max(low, rounds - start))
    return starts, [outputs[i] for i in range(len(starts))]


def is_as_a2_predicts(s: int, low: int, u: int, c: int, rounds: int, short: int) -> None:
    instance = adaptive(s, low, u, c, rounds, short)
    starts, outputs = adversary_of_a2(s, low, u, c, rounds)
    assert Counter(
        (start, request.output_len)
        for start, request in zip(starts, instance.requests, strict=False)
    ) == Counter(zip(starts, outputs, strict=True))
    found = starts_by_rank(simulate(instance, Amin()))
    assert found[: len(starts)] == starts
    assert all(start >= rounds for start in found[len(starts) :])
    assert len(found) == len(starts) + short


A2_SETTINGS = [
    (s, low, u, fewest_slots(s, low, u) + more, 2 * u + 3, 40)
    for s, low in product((1, 2, 4, 9, 25), (1, 2, 3, 5))
    for u in (2 * low + 1, 3 * low + 1, 16)
    for more in (0, 2)
]
"""120 settings (s, ℓ, u, c, T, m), with the least c that the proof allows, and with 2 more."""


@pytest.mark.theorem("T15")
def test_a2_starts_are_as_predicted_on_a_grid() -> None:
    for setting in A2_SETTINGS:
        is_as_a2_predicts(*setting)


@pytest.mark.theorem("T15")
@given(st.data())
def test_a2_starts_are_as_predicted(data: st.DataObject) -> None:
    s = data.draw(st.integers(1, 30))
    low = data.draw(st.integers(1, 6))
    u = data.draw(st.integers(2 * low + 1, 2 * low + 14))
    c = fewest_slots(s, low, u) + data.draw(st.integers(0, 3))
    is_as_a2_predicts(s, low, u, c, data.draw(st.integers(1, 40)), data.draw(st.integers(0, 50)))


A1_EXAMPLE = (2, 6, 2, 9, 20)
"""s, u, c, K and m of an instance on which each hypothesis of A1 matters."""


@pytest.mark.theorem("T15")
@pytest.mark.parametrize(
    ("dropped", "change", "block_size"),
    [
        ("none", {}, 1),
        ("all in round 0", {"arrival": 2}, 1),
        ("equal prompts", {"prompt_len": 5}, 1),
        ("ℓ = 1 for all", {"lower": 6}, 1),
        ("blocks of one token", {}, 4),
    ],
)
def test_a1_starts_differ_where_a_hypothesis_is_dropped(
    dropped: str, change: Mapping[str, int], block_size: int
) -> None:
    """The first long request behind block 0 is changed, or the cache has blocks of 4 tokens."""
    instance = staggered(*A1_EXAMPLE)
    requests = list(instance.requests)
    place = starts_by_a1(*A1_EXAMPLE).index(1)
    requests[place] = replace(requests[place], **change)
    schedule = simulate(Instance(instance.capacity, requests, block_size), Amin())
    is_as_predicted = not schedule.evictions and starts_by_rank(schedule) == starts_by_a1(
        *A1_EXAMPLE
    )
    assert is_as_predicted == (dropped == "none")


@pytest.mark.theorem("T15")
def test_a2_fails_where_u_is_at_most_twice_lower() -> None:
    """With w = u - ℓ ≤ ℓ no c leaves the plans of a round room: (c + e + 1)·v(ℓ) > c·v(w)."""
    for s, low, u in ((1, 2, 4), (3, 4, 7)):
        with pytest.raises(AssertionError):
            adversary_of_a2(s, low, u, 30, 40)


@pytest.mark.theorem("T15")
@pytest.mark.slow
def test_a1_and_a2_starts_are_as_predicted_on_large_instances() -> None:
    for s, u, c, long in ((1, 64, 1, 600), (4, 40, 3, 800), (2, 33, 5, 999)):
        setting = (s, u, c, long, 14_000)
        assert starts_by_rank(simulate(staggered(*setting), Amin())) == starts_by_a1(*setting)
    for s, low, u, c, rounds in ((2, 2, 12, 12, 150), (4, 3, 20, 15, 200), (1, 2, 32, 8, 300)):
        is_as_a2_predicts(s, low, u, c, rounds, 5_000)


def ratio_to_h_sf(instance: Instance) -> float:
    """Amin's total latency over H-SF's: a lower bound on the ratio to OPT."""
    schedules = [simulate(instance, policy()) for policy in (Amin, HindsightShortestFirst)]
    assert [check(schedule) for schedule in schedules] == [(), ()]
    amin, hindsight = (schedule.total_latency for schedule in schedules)
    return amin / hindsight


@pytest.mark.theorem("T15")
@given(st.integers(1, 50), st.integers(0, 60), st.data())
def test_with_short_prompts_volumes_grow_with_the_square_of_lengths(
    low: int, more: int, data: st.DataObject
) -> None:
    """v(u - ℓ)/v(ℓ) ≥ (1/α - 1)²/10 for s ≤ 4ℓ and u > 2ℓ; and not for long prompts."""
    w = low + 1 + more
    s = data.draw(st.integers(1, 4 * low))
    assert 10 * volume(s, w) * low**2 >= w**2 * volume(s, low)
    far = 400 * low
    assert 10 * volume(far, 40 * low) * low**2 < (40 * low) ** 2 * volume(far, low)


SMALLEST_COUNTEREXAMPLE = Parameters(prompt_len=1, upper=13, slots=1, long=36, short=352)
"""The smallest instance above T12's number that ``python -m tests.long.counterexamples`` finds."""


@pytest.mark.theorem("T15")
def test_the_smallest_counterexample_found_exceeds_the_bound_of_t12() -> None:
    """It has 462 requests. OPT is at most the cost of a valid list schedule."""
    instance = staggered(*astuple(SMALLEST_COUNTEREXAMPLE))
    amin, better = simulate(instance, Amin()), better_schedule(SMALLEST_COUNTEREXAMPLE)
    assert len(instance.requests) == 462
    assert check(amin) == check(better) == ()
    assert amin.total_latency > ratio_bound(instance.alpha) * better.total_latency
    assert ratio_of(SMALLEST_COUNTEREXAMPLE) == amin.total_latency / better.total_latency


@pytest.mark.theorem("T15")
@pytest.mark.parametrize("upper", [8, 16, 32, 64])
def test_the_ratio_grows_in_proportion_to_u(upper: int) -> None:
    """s = ℓ = 1: the supremum is √(u² + 3u)/2. Half of it is reached by 10·u long requests."""
    long = 10 * upper
    short = isqrt(long * long * (upper * upper + 3 * upper) // 4)
    limit = (upper * upper + 3 * upper) ** 0.5 / 2
    ratio = ratio_to_h_sf(staggered(1, upper, 1, long, short))
    assert 0.6 * limit < ratio < limit
    assert upper < 16 or ratio > 3.3 + 0.9 * log(upper)


@pytest.mark.theorem("T15")
def test_with_lower_bounds_of_2_tokens_the_ratio_exceeds_the_bound_of_t12() -> None:
    instance = adaptive(prompt_len=1, lower=2, upper=48, slots=8, rounds=144, short=17_000)
    assert ratio_to_h_sf(instance) > ratio_bound(instance.alpha) > 6

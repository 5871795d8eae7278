"""T16: each lemma of its proof, and each bound, as a property of simulated runs.

The names are those of ``proofs_notes/theorems/ratio_upper.md``: k, h, phases, P_t, θ_t, t*.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import log

import pytest
from hypothesis import event, given, target
from hypothesis import strategies as st

from amin_ref import (
    Amin,
    HindsightShortestFirst,
    Instance,
    Request,
    RequestId,
    check,
    simulate,
)
from amin_ref.small.bound import phase_length, proved_makespan, proved_ratio
from amin_ref.small.setting import Setting
from oracle import lower_bound, verify
from tests.models.uniform import Moment, uniform, watched
from tests.support.profiles import times

ARRIVE_EVERY = 4
"""Rounds between two arrivals: 3 rounds of a cache of 13 tokens hold a run of volume 35."""


SIZES = pytest.mark.parametrize(
    "most_requests", [60, pytest.param(400, marks=pytest.mark.slow, id="larger")]
)


def k_of(setting: Setting) -> int:
    return setting.capacity // (setting.prompt_len + setting.upper)


@dataclass(frozen=True)
class Phase:
    """Consecutive rounds with at least k running and fewer than h completions since the first."""

    rounds: tuple[Moment, ...]
    completions: tuple[int, ...]
    """c_t of each round."""

    def greatest(self, k: int) -> Iterator[tuple[Moment, tuple[RequestId, ...]]]:
        """Each round with P_t, the k - c_t greatest running requests."""
        for moment, done in zip(self.rounds, self.completions, strict=True):
            yield moment, moment.running[: k - done]


def phases(moments: Sequence[Moment], k: int) -> list[Phase]:
    h = (k + 1) // 2
    found: list[Phase] = []
    rounds: list[Moment] = []
    completions: list[int] = []
    done = 0
    for moment in moments:
        if done >= h or len(moment.running) < k:
            found.append(Phase(tuple(rounds), tuple(completions)))
            rounds, completions, done = [], [], 0
        if len(moment.running) < k:
            break
        rounds.append(moment)
        completions.append(done)
        done += len(moment.completed)
    if rounds:
        found.append(Phase(tuple(rounds), tuple(completions)))
    return [phase for phase in found if phase.rounds]


@pytest.mark.theorem("T16")
@SIZES
@given(st.data())
def test_few_running_requests_have_large_bounds(most_requests: int, data: st.DataObject) -> None:
    """Lemma 1: at most 4M/(2s + max(b, ℓ)) running requests have ℓ̃ ≥ b."""
    setting, outputs = data.draw(uniform(most_requests=most_requests))
    _, moments = watched(setting.instance(outputs))
    worst = Fraction(0)
    for moment in moments:
        for place, request in enumerate(moment.running, start=1):
            b = moment.bound(request)  # in descending order: `place` of them have ℓ̃ ≥ b
            share = Fraction(place * (2 * setting.prompt_len + b), 4 * setting.capacity)
            worst = max(worst, share)
    target(float(worst), label="share of Lemma 1's number")
    assert worst <= 1


@pytest.mark.theorem("T16")
@SIZES
@given(st.data())
def test_the_k_greatest_running_requests_are_not_evicted(
    most_requests: int, data: st.DataObject
) -> None:
    """Lemma 2: beside an evicted request at least k with greater keys run on.

    Lemma 3: with fewer than k running, none waits or is evicted; all complete within u rounds.
    """
    setting, outputs = data.draw(uniform(most_requests=most_requests))
    schedule, moments = watched(setting.instance(outputs))
    event("evictions: " + ("none" if not schedule.evictions else "some"))
    k = k_of(setting)
    for moment in moments:
        if moment.evicted:
            assert len(moment.running) >= k
            kth_greatest = moment.running[k - 1]
            assert moment.key[kth_greatest] > max(moment.key[i] for i in moment.evicted)
        if len(moment.running) < k:
            assert not moment.waiting
            assert not moment.evicted
            assert schedule.makespan <= moment.now + setting.upper


@pytest.mark.theorem("T16")
@times(2)
@SIZES
@given(st.data())
def test_each_token_counts_once_in_a_phase(most_requests: int, data: st.DataObject) -> None:
    """Claims 1 and 2: θ_t never falls, and i generates its a-th token in P_t at most once."""
    setting, outputs = data.draw(uniform(most_requests=most_requests))
    _, moments = watched(setting.instance(outputs))
    k = k_of(setting)
    for phase in phases(moments, k):
        least = (0, -1.0)
        seen: set[tuple[RequestId, int]] = set()
        for moment, greatest in phase.greatest(k):
            assert 2 * len(greatest) >= k + 1
            theta = moment.key[greatest[-1]]
            assert theta >= least
            least = theta
            tokens = {(request, moment.generated[request] + 1) for request in greatest}
            assert not tokens & seen
            seen |= tokens


@pytest.mark.theorem("T16")
@times(2)
@SIZES
@given(st.data())
def test_both_parts_of_a_phase_are_bounded(most_requests: int, data: st.DataObject) -> None:
    """From t* on, all of P_t have t - t* + 1 tokens; up to t*, the tokens of Q are bounded."""
    setting, outputs = data.draw(uniform(most_requests=most_requests))
    _, moments = watched(setting.instance(outputs))
    k, u = k_of(setting), setting.upper
    longest = phase_length(setting)
    share = 0.0
    for phase in phases(moments, k):
        rounds = list(phase.greatest(k))
        entered = [t for t, (m, best) in enumerate(rounds) if m.admitted & set(best)]
        star = entered[-1] if entered else 0
        for t, (moment, greatest) in enumerate(rounds[star:]):
            assert all(moment.generated[request] >= t for request in greatest)
        assert len(rounds) - star <= u
        if entered:
            most: dict[RequestId, int] = {}
            done: set[RequestId] = set()
            for moment, greatest in rounds[: star + 1]:
                for request in greatest:
                    token = moment.generated[request] + 1
                    most[request] = max(token, most.get(request, 0))
            for moment, _ in rounds[:star]:
                done |= moment.completed
            last = rounds[star][0]
            left = most.keys() - done
            assert left <= set(last.running) | last.evicted
            assert all(last.bound(request) >= most[request] - 1 for request in left)
            assert sum(len(greatest) for _, greatest in rounds[: star + 1]) <= sum(most.values())
            for b in range(1, u + 1):
                divisor = 2 * setting.prompt_len + max(b - 2, setting.lower)
                assert sum(most[i] >= b for i in left) * divisor <= 8 * setting.capacity
        share = max(share, len(rounds) / float(longest))
    target(share, label="rounds of a phase, as a share of D")
    assert share < 1


@pytest.mark.theorem("T16")
@given(uniform())
def test_makespan_completions_and_ratio_are_bounded(
    drawn: tuple[Setting, tuple[int, ...]],
) -> None:
    """(a), (b), and T_j ≤ ((j - 1)/h + 1)·D + u for every j."""
    setting, outputs = drawn
    instance = setting.instance(outputs)
    schedule, _ = watched(instance)
    h = (k_of(setting) + 1) // 2
    longest = phase_length(setting)
    for j, time in enumerate(sorted(schedule.completions.values())):
        assert time <= (Fraction(j, h) + 1) * longest + setting.upper
    assert schedule.makespan <= proved_makespan(setting, len(outputs))
    least = verify(instance, lower_bound(instance, time_limit=0.02))
    assert schedule.total_latency <= proved_ratio(setting) * least


@pytest.mark.theorem("T16")
def test_the_bounds_equal_those_computed_by_hand() -> None:
    """By hand, for (s, ℓ, u, M) = (1, 7, 8, 13): Λ = 8/9, D = 16 + 128, 3·9·144/35 + 152/7."""
    setting = Setting(1, 7, 8, 13)
    assert phase_length(setting) == 144
    assert proved_ratio(setting) == Fraction(3 * 9 * 144, 35) + Fraction(152, 7)
    assert proved_makespan(setting, 10) == 10 * 144 + 8


@pytest.mark.theorem("T16")
@given(st.integers(1, 300), st.integers(1, 60), st.integers(0, 400))
def test_the_short_form_of_the_bound_is_larger(prompt_len: int, lower: int, more: int) -> None:
    """(c): 127·(1 + ln(1/α))·(s + u)²/(ℓ(s + ℓ)), and 127/α where s > u."""
    upper = lower + more
    setting = Setting(prompt_len, lower, upper, prompt_len + upper)
    ratio, inverse = float(proved_ratio(setting)), upper / lower
    wide = (prompt_len + upper) ** 2 / (lower * (prompt_len + lower))
    assert ratio <= 127 * (1 + log(inverse)) * wide
    if prompt_len > upper:
        assert ratio <= 127 * inverse
    else:
        assert ratio <= 254 * inverse**2 * (1 + log(inverse))


class TestOutsideOfTheStatement:
    """The same numbers fail where a hypothesis of T16 is dropped."""

    @pytest.mark.theorem("T16")
    def test_with_arrivals_the_ratio_grows_with_n(self) -> None:
        """Amin falls behind a load that can be served, so its latencies grow without limit."""
        setting = Setting(1, 7, 8, 13)
        ratios = []
        for count in (200, 400, 800):
            instance = Instance(
                setting.capacity,
                tuple(
                    Request(i, 1, 8 if i < 2 else 7, 7, 8, arrival=ARRIVE_EVERY * max(0, i - 2))
                    for i in range(count)
                ),
            )
            amin, better = simulate(instance, Amin()), simulate(instance, HindsightShortestFirst())
            assert check(amin) == check(better) == ()
            ratios.append(amin.total_latency / better.total_latency)
        assert ratios[-1] > proved_ratio(setting)
        assert ratios[0] < ratios[1] < ratios[2]

    @pytest.mark.theorem("T16")
    def test_with_unequal_prompts_the_ratio_grows_with_n(self) -> None:
        """K prompts of 2K² - 1 tokens before K² of one; every output is one token, so α = 1."""
        k = 80
        large, small = 2 * k * k - 1, 1
        prompts = [large] * k + [small] * (k * k)
        instance = Instance.from_lengths(
            [(prompt_len, 1) for prompt_len in prompts],
            capacity=2 * k * k,
            predictions=[(1, 1)] * len(prompts),
        )
        small_first = k * k + k * (k + 3) // 2  # all small ones at once, then the large ones
        ratio = Fraction(simulate(instance, Amin()).total_latency, small_first)
        for prompt_len in (small, large):
            assert ratio > proved_ratio(Setting(prompt_len, 1, 1, 2 * k * k))

    @pytest.mark.theorem("T16")
    def test_with_blocks_some_of_the_k_greatest_are_evicted(self) -> None:
        """Lemma 2 with k = ⌊M/(s + u)⌋ counts tokens: in blocks of 4, fewer requests fit.

        s = 1, ℓ = 1, u = 4, M = 20: k = 4, but a request of four tokens occupies two blocks of 4.
        """
        setting = Setting(1, 1, 4, 20)
        instance = Instance(20, setting.instance((4,) * 5).requests, block_size=4)
        _, moments = watched(instance)
        kept = [
            len([i for i in moment.running if moment.key[i] > moment.key[request]])
            for moment in moments
            for request in moment.evicted
        ]
        assert kept
        assert min(kept) < k_of(setting)

"""Theorem C, the part of T16 about s ≤ u: each lemma, as a property of simulated runs.

The names are those of ``proofs_notes/theorems/ratio_scales.md``: levels, classes, the working level
g_t, phases of a level, t*, q*. The lemmas hold for every choice of shares ε_r that add up to 1 at
most and grow by no more than 5/4 a level. The proof's shares are (4/5)^(R - r)/10; in a small cache
they make most k_r equal to 1. Shares twice as large make more k_r larger than 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from amin_ref import RequestId
from amin_ref.small.setting import Setting
from tests.models.uniform import Moment, uniform, watched

LARGEST_SHARES = (Fraction(1, 10), Fraction(1, 5))
"""ε_R: the proof's, and one whose shares add up to 1."""


SIZES = pytest.mark.parametrize(
    "most_requests", [60, pytest.param(400, marks=pytest.mark.slow, id="larger")]
)


@dataclass(frozen=True)
class Scales:
    """β_r, ε_r and k_r of a setting.

    Attributes:
        setting: s, ℓ, u and M, with s ≤ u.
        largest_share: ε_R.
    """

    setting: Setting
    largest_share: Fraction
    beta: tuple[int, ...] = field(init=False)
    highest: int = field(init=False)
    share: tuple[Fraction, ...] = field(init=False)
    k: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        s, u = self.setting.prompt_len, self.setting.upper
        least = max(self.setting.lower, s)
        highest = (u // least).bit_length() - 1
        beta = tuple(least << r for r in range(highest + 6))
        share = tuple(
            self.largest_share * Fraction(4, 5) ** (highest - r) for r in range(highest + 1)
        )
        k = tuple(
            max(1, int(share[r] * self.setting.capacity / (s + beta[r + 1])))
            for r in range(highest + 1)
        )
        for name, value in (("beta", beta), ("highest", highest), ("share", share), ("k", k)):
            object.__setattr__(self, name, value)

    def level(self, length: int) -> int:
        """The level of a request with ℓ̃ = ``length``, or the class of one with o = ``length``."""
        return max((r for r in range(self.highest + 1) if self.beta[r] <= length), default=0)

    def at_least(self, level: int, moment: Moment, requests: Iterable[RequestId]) -> int:
        """How many of the requests have this level or a higher one."""
        return sum(self.level(moment.bound(request)) >= level for request in requests)


@dataclass(frozen=True)
class Leveled:
    """A round with N_t, N'_t and the working level g_t."""

    moment: Moment
    running: tuple[int, ...]
    before: tuple[int, ...]
    working: int


def leveled(scales: Scales, moments: Sequence[Moment]) -> list[Leveled]:
    levels, k = range(scales.highest + 1), scales.k
    working = -1
    found = []
    for moment in moments:
        running = tuple(scales.at_least(r, moment, moment.running) for r in levels)
        before = tuple(scales.at_least(r, moment, moment.before) for r in levels)
        above = [r for r in levels if r > working and running[r] >= k[r]]
        if above:
            working = above[-1]
        elif working < 0 or 2 * running[working] < k[working]:
            working = max((r for r in levels if running[r] >= k[r]), default=-1)
        found.append(Leveled(moment, running, before, working))
    return found


Drawn = tuple[Setting, tuple[int, ...], Fraction]


def wide(most_requests: int = 60) -> st.SearchStrategy[Drawn]:
    """Settings with s ≤ u, mostly of several levels, outputs, and a largest share."""
    return st.tuples(
        uniform(longest_prompt=4, most_requests=most_requests, most_at_once=90).filter(
            lambda drawn: drawn[0].prompt_len <= drawn[0].upper
        ),
        st.sampled_from(LARGEST_SHARES),
    ).map(lambda drawn: (*drawn[0], drawn[1]))


@pytest.mark.theorem("T16")
@SIZES
@given(st.data())
def test_above_the_working_level_few_requests_run_and_none_is_evicted(
    most_requests: int, data: st.DataObject
) -> None:
    """Lemma S, (I1) and (I2): nothing above the working level is evicted."""
    setting, outputs, share = data.draw(wide(most_requests))
    scales = Scales(setting, share)
    _, moments = watched(setting.instance(outputs))
    event(f"levels: {scales.highest + 1}")
    assert sum(scales.share) <= 1
    assert list(scales.k) == sorted(scales.k, reverse=True)
    for t in leveled(scales, moments):
        for r in range(t.working + 1, scales.highest + 1):
            assert t.running[r] < scales.k[r]
            assert t.before[r] < scales.k[r]
        for r in range(max(0, t.working), scales.highest + 1):
            assert not set(t.moment.before[: scales.k[r]]) & t.moment.evicted
        for request in t.moment.evicted:
            assert scales.level(t.moment.bound(request)) <= t.working


@pytest.mark.theorem("T16")
@SIZES
@given(st.data())
def test_the_working_level_falls_only_after_completions(
    most_requests: int, data: st.DataObject
) -> None:
    """More than k_r/2 requests of class r or more complete while g = r, before g falls."""
    setting, outputs, share = data.draw(wide(most_requests))
    scales = Scales(setting, share)
    instance = setting.instance(outputs)
    _, moments = watched(instance)
    completed = 0
    working = -1
    for t in leveled(scales, moments):
        if t.working < working:
            event("dropped")
            assert 2 * completed > scales.k[working]
        if t.working != working:
            completed = 0
        working = t.working
        completed += sum(
            scales.level(instance.by_id[request].output_len) >= working
            for request in t.moment.completed
        )


@dataclass
class LevelPhase:
    """A level-r phase, round by round."""

    rounds: list[Leveled] = field(default_factory=list)
    completions: list[int] = field(default_factory=list)
    done: int = 0


def level_phases(
    scales: Scales, r: int, rounds: Sequence[Leveled], class_of: dict[RequestId, int]
) -> list[LevelPhase]:
    """The intervals with g ≤ r, cut after ⌈k_r/4⌉ completions of class r or more."""
    found: list[LevelPhase] = []
    phase: LevelPhase | None = None
    for t in rounds:
        if t.working > r:
            phase = None
            continue
        if phase is None or phase.done >= -(-scales.k[r] // 4):
            phase = LevelPhase()
            found.append(phase)
        phase.rounds.append(t)
        phase.completions.append(phase.done)
        phase.done += sum(class_of[request] >= r for request in t.moment.completed)
    return found


@pytest.mark.theorem("T16")
@SIZES
@given(st.data())
def test_phases_of_every_level_are_short(most_requests: int, data: st.DataObject) -> None:
    """Full rounds come last, θ_t never falls, a token counts once, and both parts are bounded."""
    setting, outputs, share = data.draw(wide(most_requests))
    scales = Scales(setting, share)
    instance = setting.instance(outputs)
    _, moments = watched(instance)
    rounds = leveled(scales, moments)
    class_of = {q.id: scales.level(q.output_len) for q in instance.requests}
    for r in range(scales.highest + 1):
        for phase in level_phases(scales, r, rounds, class_of):
            checked_phase(scales, r, phase, {q.id: q.output_len for q in instance.requests})


def checked_phase(
    scales: Scales, r: int, phase: LevelPhase, output_of: dict[RequestId, int]
) -> None:
    k, capacity = scales.k[r], scales.setting.capacity
    full: list[tuple[Moment, tuple[RequestId, ...]]] = []
    done: list[frozenset[RequestId]] = []
    for t, count in zip(phase.rounds, phase.completions, strict=True):
        size = -(-k // 2) - count
        assert 4 * size >= k + 1
        if t.running[r] < size:
            assert t.working != r
            assert not full, "full rounds are the last ones of the phase"
            continue
        full.append((t.moment, t.moment.running[:size]))
        done.append(t.moment.completed)
    if not full:
        return
    least = (0, -1.0)
    seen: set[tuple[RequestId, int]] = set()
    for moment, greatest in full:
        assert moment.key[greatest[-1]] >= least
        least = moment.key[greatest[-1]]
        tokens = {(request, moment.generated[request] + 1) for request in greatest}
        assert not tokens & seen
        seen |= tokens
    entered = [place for place, (m, best) in enumerate(full) if m.admitted & set(best)]
    star = entered[-1] if entered else 0
    for age, (moment, greatest) in enumerate(full[star:]):
        assert all(moment.generated[request] >= age for request in greatest)
    assert len(full) - star <= 16 * scales.beta[r]
    if entered:
        finished = frozenset().union(*done[:star])
        most: dict[RequestId, int] = {}
        for moment, greatest in full[: star + 1]:
            for request in greatest:
                most[request] = max(moment.generated[request] + 1, most.get(request, 0))
        last = full[star][0]
        assert most.keys() - finished <= set(last.running) | last.evicted
        left = sum(b for request, b in most.items() if request not in finished)
        assert left <= (16 + sum(scales.share)) * capacity
        completed = sum(output_of[request] for request in most if request in finished)
        assert sum(len(greatest) for _, greatest in full[: star + 1]) <= left + completed
    if scales.largest_share == LARGEST_SHARES[0]:
        completed = sum(output_of[request] for ended in done for request in ended)
        displayed = scales.beta[r] / scales.share[r] * (200 + Fraction(12 * completed, capacity))
        assert len(full) <= displayed


@st.composite
def sparse(draw: st.DrawFn) -> tuple[Setting, tuple[int, ...]]:
    """Wide intervals, and few requests in a large cache, so that often no level is working."""
    prompt_len, lower = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    upper = draw(st.integers(10, 40))
    capacity = (prompt_len + upper) * draw(st.integers(2, 100))
    outputs = draw(st.lists(st.integers(lower, upper), min_size=1, max_size=30))
    return Setting(prompt_len, lower, upper, capacity), tuple(outputs)


@pytest.mark.theorem("T16")
@given(sparse())
def test_without_a_working_level_all_requests_of_low_levels_run(
    drawn: tuple[Setting, tuple[int, ...]],
) -> None:
    """g = -1: none is evicted, and exactly the unfinished requests below q* run.

    An interval of such rounds with k_q ≤ L_t < k_(q - 1) has at most β_q rounds.
    """
    setting, outputs = drawn
    scales = Scales(setting, LARGEST_SHARES[0])
    _, moments = watched(setting.instance(outputs))
    s, capacity = setting.prompt_len, setting.capacity
    levels = range(scales.highest + 1)
    large = min((q for q in levels if 2 * (s + 2 * scales.beta[q]) > capacity), default=None)
    assert large is None or scales.k[large] == 1
    length, group = 0, -1
    for t in leveled(scales, moments):
        if t.working >= 0:
            length = 0
            continue
        low = {
            request
            for request in t.moment.key
            if large is None or scales.level(t.moment.bound(request)) < large
        }
        assert not t.moment.evicted
        assert set(t.moment.running) == low
        q = min((q for q in levels if scales.k[q] <= len(low)), default=None)
        if q is None:
            continue  # fewer than k_R are left: all run to their ends
        event("an interval without a working level")
        length = length + 1 if length and q == group else 1
        group = q
        assert length <= scales.beta[q]


@pytest.mark.theorem("T16")
@given(wide())
def test_the_makespan_is_bounded_by_volumes_of_classes(drawn: Drawn) -> None:
    """T ≤ (14,450/M)·Σ n_q·(β_q/ε_q)² + 5,340u."""
    setting, outputs, _ = drawn
    scales = Scales(setting, LARGEST_SHARES[0])
    schedule, _ = watched(setting.instance(outputs))
    squares = sum((scales.beta[q] / scales.share[q]) ** 2 for q in map(scales.level, outputs))
    assert schedule.makespan <= 14_450 * squares / setting.capacity + 5_340 * setting.upper

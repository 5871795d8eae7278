"""Theorem I: for s ≥ u Amin's ratio is at most of order √(1/α), up to a logarithm squared.

Its lemmas are tested as properties of simulated runs. T16 has another upper bound.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import pytest
from hypothesis import event, given, target
from hypothesis import strategies as st

from amin_ref import Instance, RequestId
from amin_ref.small.setting import Setting
from tests.models.uniform import Moment, uniform, watched
from tests.models.volume_bound import volume_bound
from tests.support.profiles import times


@st.composite
def long_prompts(draw: st.DrawFn) -> Instance:
    """A uniform instance with s ≥ u."""
    drawn, outputs = draw(uniform(most_requests=70))
    prompt_len = drawn.upper + draw(st.integers(0, 10))
    largest = prompt_len + drawn.upper
    capacity = largest * draw(st.integers(1, 24)) + draw(st.integers(0, largest - 1))
    return Setting(prompt_len, drawn.lower, drawn.upper, capacity).instance(outputs)


class Levels:
    """k, h, K_r, β_r and R of the proof, the level of a length, and the working level."""

    def __init__(self, instance: Instance) -> None:
        request = instance.requests[0]
        assert request.upper is not None
        self.lower = request.lower
        self.at_once = instance.capacity // (request.prompt_len + request.upper)
        self.highest = (request.upper // request.lower).bit_length() - 1
        many = self.at_once >= 4 * (self.highest + 1)
        self.share = self.at_once // (4 * (self.highest + 1)) if many else 1
        self.thresholds = [
            self.at_once - (2 * self.share * level if many else 0)
            for level in range(self.highest + 1)
        ]
        self.outputs = {request.id: request.output_len for request in instance.requests}

    def of(self, length: int) -> int:
        """The r with β_r ≤ length < β_{r+1}."""
        return (length // self.lower).bit_length() - 1

    def working(self, moment: Moment) -> int:
        """g_t, the working level: the largest r with K_r running requests of level r or more."""
        return max(
            level
            for level, threshold in enumerate(self.thresholds)
            if sum(self.of(moment.bound(i)) >= level for i in moment.running) >= threshold
        )

    def class_of(self, request: RequestId) -> int:
        return self.of(self.outputs[request])


@dataclass(frozen=True)
class Top:
    """P_t of a level-r phase, by descending key, with the state of round t."""

    moment: Moment
    members: tuple[RequestId, ...]


def phases(levels: Levels, moments: Sequence[Moment], level: int) -> Iterator[list[Top]]:
    """The level-r phases: P_t from the first round t₀ with N_t(r) ≥ K_r on."""
    phase: list[Top] = []
    completions = 0
    for moment in moments:
        above = sum(levels.of(moment.bound(i)) >= level for i in moment.running)
        if phase or above >= levels.thresholds[level]:
            phase.append(Top(moment, moment.running[: levels.thresholds[level] - completions]))
        completions += sum(levels.class_of(i) >= level for i in moment.completed)
        if completions >= levels.share:
            yield phase
            phase, completions = [], 0
    yield phase


def before_the_end(levels: Levels, moments: Sequence[Moment]) -> list[Moment]:
    """The rounds with |R_t| ≥ k; they come first."""
    full = [moment for moment in moments if len(moment.running) >= levels.at_once]
    assert full == list(moments[: len(full)])
    return full


@pytest.mark.theorem("T16")
@times(2)
@given(long_prompts())
def test_lemmas_of_theorem_i_hold_in_every_phase(instance: Instance) -> None:
    levels = Levels(instance)
    _, moments = watched(instance)
    moments = before_the_end(levels, moments)
    event(f"h = {levels.share}")
    for level in range(levels.highest + 1):
        for phase in phases(levels, moments, level):
            tops_rise(levels, phase, level)
            each_token_once(phase)
            if phase:
                few_rounds_at_the_level(levels, phase, level)


def tops_rise(levels: Levels, phase: Sequence[Top], level: int) -> None:
    """(1): P_t is complete, of level r or more, and θ_t does not fall."""
    least = (0, -1.0)
    for top in phase:
        assert all(levels.of(top.moment.bound(i)) >= level for i in top.members)
        assert top.moment.key[top.members[-1]] >= least
        least = top.moment.key[top.members[-1]]


def each_token_once(phase: Sequence[Top]) -> None:
    """(1): no request of P_t generates a token for a second time in the phase."""
    tokens = [(i, top.moment.generated[i]) for top in phase for i in top.members]
    assert len(tokens) == len(set(tokens))


def few_rounds_at_the_level(levels: Levels, phase: Sequence[Top], level: int) -> None:
    """(2) and (3): bounds on the rounds of a phase in which its level is the working level."""
    longest = 2 * levels.lower * 2**level  # 2·β_r
    latest = max(
        (top.moment.now for top in phase if top.moment.admitted & set(top.members)),
        default=phase[0].moment.now,
    )
    others: set[RequestId] = set()
    rounds = 0
    for top in phase:
        now = top.moment.now
        if now > latest:
            assert all(top.moment.generated[i] >= now - latest for i in top.members)
        if levels.working(top.moment) == level:
            exactly = {i for i in top.members if levels.of(top.moment.bound(i)) == level}
            assert len(exactly) >= levels.share
            rounds += 1
            if now <= latest:
                others |= exactly
            else:
                assert now - latest < longest
    assert len(others) <= 6 * levels.at_once
    assert rounds <= Fraction(7 * longest * levels.at_once, levels.share)


@pytest.mark.theorem("T16")
@times(2)
@given(long_prompts())
def test_makespan_and_cost_are_bounded_for_long_prompts(instance: Instance) -> None:
    """(4): T', the makespan, and Amin's total latency against the volume bound."""
    levels = Levels(instance)
    schedule, moments = watched(instance)
    full = len(before_the_end(levels, moments))
    scales = sum(levels.lower * 2 ** levels.class_of(i) for i in levels.outputs)
    factor = 3584 * (levels.highest + 1) ** 2
    target(full * levels.at_once / scales, label="rounds")
    assert full * levels.at_once <= factor * scales
    upper = instance.requests[0].upper
    assert upper is not None
    assert schedule.makespan <= full + upper
    root = (upper / levels.lower) ** 0.5
    most = 1 + 10**5 * (levels.highest + 1) ** 2 * root
    assert schedule.total_latency <= most * volume_bound(instance)


@pytest.mark.theorem("T16")
def test_short_prompts_let_more_requests_run_than_theorem_i_allows() -> None:
    """s = 1, [ℓ, u] = [1, 63], M = 128: k = 2, and 64 requests of level 0 run in round 0."""
    instance = Setting(1, 1, 63, 128).instance((1,) * 64)
    levels = Levels(instance)
    _, moments = watched(instance)
    assert levels.at_once == 2
    assert len(moments[0].running) == 64 > 2 * levels.at_once + 1

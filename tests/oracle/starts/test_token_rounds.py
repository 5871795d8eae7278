"""Token rounds: to and from a schedule, what they cost, and whether they fit."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amin_ref import Instance, InvalidValue, Machine, Request, Run, Schedule, check
from oracle.starts.token_rounds import (
    held_by_token,
    latency_of_tokens,
    schedule_from_tokens,
    tokens_fit,
    tokens_of,
)
from tests.models.naive_resume import held, random_resume_instance


@st.composite
def token_rounds(draw: st.DrawFn) -> tuple[Instance, tuple[tuple[int, ...], ...]]:
    """Any ascending rounds from the arrival on, whether they fit or not."""
    instance = random_resume_instance(random.Random(draw(st.integers(0, 2**32))))
    found = []
    for request in instance.requests:
        pauses = draw(
            st.lists(
                st.sampled_from((0, 0, 0, 1, 4)),
                min_size=request.output_len,
                max_size=request.output_len,
            )
        )
        now, own = request.arrival, []
        for pause in pauses:
            own.append(now + pause)
            now += pause + 1
        found.append(tuple(own))
    return instance, tuple(found)


@given(token_rounds())
def test_they_fit_and_cost_what_check_says_of_their_schedule(
    given_rounds: tuple[Instance, tuple[tuple[int, ...], ...]],
) -> None:
    instance, rounds = given_rounds
    schedule = schedule_from_tokens(instance, rounds)
    assert tokens_fit(instance, rounds) == (check(schedule) == ())
    assert latency_of_tokens(instance, rounds) == schedule.total_latency
    if tokens_fit(instance, rounds):
        assert tokens_of(instance, schedule, "schedule") == rounds
    pauses = sum(b > a + 1 for own in rounds for a, b in pairwise(own))
    assert schedule.evictions == pauses


@given(token_rounds())
def test_a_token_holds_what_the_specification_says(
    given_rounds: tuple[Instance, tuple[tuple[int, ...], ...]],
) -> None:
    instance, _ = given_rounds
    for request in instance.requests:
        tokens = range(1, request.output_len + 1)
        expected = [held(instance, request, token) for token in tokens]
        assert held_by_token(instance, request).tolist() == expected


INSTANCE = Instance(9, (Request("a", 4, 3),), machine=Machine(after_eviction="resume"))


def test_rounds_that_only_compute_a_prefix_have_no_token() -> None:
    runs = (
        Run("a", 0, 3, "evicted", computed=(3, 1, 0)),
        Run("a", 5, 8, "completed", computed=(5, 0, 1)),
    )
    schedule = Schedule(INSTANCE, runs)
    assert check(schedule) == ()
    assert tokens_of(INSTANCE, schedule, "schedule") == ((1, 5, 7),)


@pytest.mark.parametrize("rounds", [((0, 1),), ((0, 0, 1),), ((0, 2, 1),)])
def test_rounds_of_no_schedule_do_not_fit(rounds: tuple[tuple[int, ...], ...]) -> None:
    assert not tokens_fit(INSTANCE, rounds)


def test_schedules_that_are_not_valid_are_refused() -> None:
    with pytest.raises(InvalidValue, match="its tokens are not a valid schedule"):
        tokens_of(INSTANCE, Schedule(INSTANCE, (Run("a", 0, 2, "completed"),)), "warm")
    other = Instance(10, INSTANCE.requests, machine=INSTANCE.machine)
    with pytest.raises(InvalidValue, match="warm: instance"):
        tokens_of(INSTANCE, Schedule(other, ()), "warm")

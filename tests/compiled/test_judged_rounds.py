"""Compiled code finds the first wrong round that the readable replay finds."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from amin_ref import (
    Amin,
    ByPosition,
    Instance,
    InvalidValue,
    Machine,
    Request,
    Run,
    Schedule,
    check,
    conform,
    simulate,
)
from amin_ref.compiled import replay
from amin_ref.compiled.refusal import NotCompiled
from amin_ref.conformance import POLICY_NAMES, PolicyName, large
from amin_ref.conformance.bound_rules import BOUND_RULES, BoundRule, lower, upper_if_known
from tests.compiled.cases import HUGE
from tests.compiled.judged_cases import (
    RULES,
    JudgedCase,
    compiled_verdict,
    differing,
    random_judged_case,
    readable_verdict,
)
from tests.support.profiles import many

PORTIONS = 10
"""Parts of the schedules, so that both cores take some."""


@pytest.mark.theorem("T6")
@pytest.mark.theorem("T7")
@pytest.mark.parametrize("portion", range(PORTIONS))
def test_compiled_code_finds_the_same_first_wrong_round(portion: int) -> None:
    """T6, T7: under each policy and each known bug, with ties free and given."""
    rng = random.Random(f"judged/{portion}")
    for _ in range(many(1_000, deep=100_000) // PORTIONS):
        case = random_judged_case(rng)
        assert list(differing(case, rng)) == [], case


def test_the_random_schedules_are_right_and_wrong_under_every_rule() -> None:
    """If one of these were rare, the test above would hardly see it."""
    rng = random.Random("kinds")
    seen: Counter[tuple[int, bool, bool]] = Counter()
    for _ in range(500):
        case, index = random_judged_case(rng), rng.randrange(len(RULES))
        for ranks in (None, case.ranks()):
            if (found := compiled_verdict(case, RULES[index], ranks)) is not None:
                seen[index, ranks is None, found[1] is None] += 1
    assert len(seen) == 4 * len(RULES)
    assert min(seen.values()) >= 3, seen


@pytest.mark.theorem("T7")
def test_of_tied_requests_with_different_bounds_any_may_be_the_one_that_does_not_fit() -> None:
    """Both come first by the upper bound: "short" fits from round 1 on, "long" from round 10 on."""
    instance = Instance(
        12,
        [
            Request("runs", 1, 10, 10, 10),
            Request("short", 2, 1, 1, 10, arrival=1),
            Request("long", 1, 10, 10, 10, arrival=1),
        ],
    )
    runs = [
        Run("runs", 0, 10, "completed"),
        Run("short", 10, 11, "completed"),
        Run("long", 10, 20, "completed"),
    ]
    case = JudgedCase(Schedule(instance, runs), ByPosition())
    rule = BoundRule(lower, order=upper_if_known)
    assert readable_verdict(case, rule, None) == (20, None)
    assert compiled_verdict(case, rule, None) == (20, None)


@pytest.mark.theorem("T7")
def test_a_request_may_not_start_in_the_round_that_evicts_it() -> None:
    instance = Instance.from_lengths([(1, 5), (1, 5)], capacity=9)
    runs = [Run(0, 0, 5, "completed"), Run(1, 0, 3, "evicted"), Run(1, 3, 8, "completed")]
    case = JudgedCase(Schedule(instance, runs), ByPosition())
    assert check(case.schedule) == ()
    rule = BOUND_RULES["amin"]
    assert compiled_verdict(case, rule, None) == readable_verdict(case, rule, None) == (4, 3)


@pytest.mark.theorem("T7")
def test_a_round_may_complete_one_request_and_evict_others() -> None:
    """In round 1 the first has left; the others need 12 tokens of 11."""
    requests = [Request("first", 1, 1), *(Request(i, 1, 5, 1) for i in range(4))]
    schedule = simulate(Instance(11, requests), "amin")
    assert {run.outcome for run in schedule.runs if run.stop == 1} == {"completed", "evicted"}
    case = JudgedCase(schedule, ByPosition())
    rule = BOUND_RULES["amin"]
    rounds = (schedule.makespan, None)
    assert compiled_verdict(case, rule, None) == readable_verdict(case, rule, None) == rounds


@pytest.mark.parametrize("policy", POLICY_NAMES)
def test_the_verdicts_are_the_same_word_for_word(policy: PolicyName) -> None:
    rng = random.Random(f"words/{policy}")
    for _ in range(40):
        case = random_judged_case(rng)
        if case.schedule.instance.capacity >= HUGE:
            continue  # Amax plans further ahead than compiled code does
        for ties in (None, case.ties):
            assert conform(case.schedule, policy, ties=ties, compiled=True) == conform(
                case.schedule, policy, ties=ties, compiled=False
            )


@pytest.mark.parametrize("rounds", [1, 2, 7])
def test_stopping_between_rounds_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, rounds: int
) -> None:
    monkeypatch.setattr(replay, "ROUNDS_AT_A_TIME", rounds)
    rng = random.Random(rounds)
    for _ in range(10):
        case = random_judged_case(rng)
        assert list(differing(case, rng)) == [], case


def test_compiled_code_is_used_for_many_runs_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = simulate(Instance.from_lengths([(1, 1)] * 1000, capacity=4), Amin())
    monkeypatch.setattr(large, "LEAST_RUNS", 1001)
    with pytest.raises(NotCompiled, match="less than 1001 runs"):
        large.judged(schedule, None, None, however_few=False)
    monkeypatch.setattr(large, "LEAST_RUNS", 1000)
    expected = replay.JudgedRounds(500, None)
    assert large.judged(schedule, None, None, however_few=False) == expected


def test_compiled_code_refuses_other_machines() -> None:
    instance = Instance.from_lengths([(1, 2)], capacity=4, machine=Machine(max_running=1))
    schedule = simulate(instance, Amin())
    assert conform(schedule).conforms
    with pytest.raises(InvalidValue) as caught:
        conform(schedule, compiled=True)
    assert str(caught.value) == (
        "conform: compiled is True, but the schedule has more than the runs of the paper's "
        "machine; leave it out, or give False."
    )

"""``conform`` accepts what a policy can make on each machine and nothing else, in every round.

``tests/models/naive_engine.py`` is the policy; it is tried with every order of tied requests.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from itertools import islice
from typing import get_args

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from amin_ref import (
    Amin,
    ByPosition,
    Instance,
    Machine,
    Outcome,
    Ranking,
    Request,
    RequestId,
    Run,
    Schedule,
    check,
    conform,
    simulate,
)
from amin_ref.policies.names import POLICIES
from amin_ref.strategies import aborts, instances, machines, tie_breaks
from tests.models.engine_machine import cut_off
from tests.models.every_engine_order import Deviating, first_round_that_no_order_explains
from tests.models.every_valid_schedule import every_schedule_of, every_valid_schedule
from tests.models.naive_engine import Name

SMALL = instances(max_requests=5, max_output_len=6, max_arrival=5, machine=machines())
NAMES: tuple[Name, ...] = get_args(Name)


@pytest.mark.theorem("T6")
@pytest.mark.theorem("T7")
@pytest.mark.parametrize("policy", NAMES)
@given(instance=SMALL, data=st.data())
def test_a_policy_is_never_refused(policy: Name, instance: Instance, data: st.DataObject) -> None:
    ties = data.draw(tie_breaks(instance))
    aborted = data.draw(aborts(instance))
    schedule = simulate(instance, POLICIES[policy].make(ties), aborted=aborted)
    assert conform(schedule, policy).departure is None
    assert conform(schedule, policy, ties=ties).conforms
    event(f"evictions: {schedule.evictions > 0}, chunks: {schedule.has_computed}")


@pytest.mark.theorem("T6")
@pytest.mark.theorem("T7")
@pytest.mark.parametrize("policy", ["amin", "fcfs"])
@given(instance=SMALL, data=st.data())
def test_a_given_tie_break_allows_one_schedule(
    policy: Name, instance: Instance, data: st.DataObject
) -> None:
    ties, other = data.draw(tie_breaks(instance)), data.draw(tie_breaks(instance))
    own = simulate(instance, POLICIES[policy].make(ties))
    schedule = simulate(instance, POLICIES[policy].make(other))
    assert conform(schedule, policy, ties=ties).conforms == (schedule == own)


@pytest.mark.parametrize("policy", ["amin", "fcfs"])
@given(instance=SMALL, data=st.data())
def test_a_log_that_ends_early_conforms(
    policy: Name, instance: Instance, data: st.DataObject
) -> None:
    schedule = simulate(instance, policy, aborted=data.draw(aborts(instance)))
    cut = cut_off(schedule, data.draw(st.integers(0, schedule.makespan)))
    assert check(cut) == ()
    assert conform(cut, policy, ties=ByPosition()).departure is None
    event(f"unfinished: {len(cut.unfinished)}")


def limited(rng: random.Random, prompts: int, outputs: int, most: int) -> Instance:
    """Two to ``most`` requests on a machine drawn at random, with ties, blocks and gaps."""
    machine = Machine(
        after_eviction=rng.choice(("restart", "resume")),
        last_token_stored=rng.random() < 0.5,
        tokens_per_round=rng.choice((None, 1, 2, 3, prompts)),
        max_running=rng.choice((None, None, 1, 2)),
        watermark=rng.choice((0, 0, 1)),
        sound_predictions=rng.random() < 0.7,
    )
    requests = []
    for request_id in "abcde"[: rng.randint(2, most)]:
        output_len = rng.randint(1, outputs)
        lower = rng.randint(1, output_len if machine.sound_predictions else outputs + 2)
        least = max(lower, output_len) if machine.sound_predictions else lower
        upper = rng.choice((None, least + rng.randint(0, 2)))
        arrival = rng.choice((0, 0, 1, rng.randint(0, outputs)))
        prompt_len = rng.randint(1, prompts)
        requests.append(Request(request_id, prompt_len, output_len, lower, upper, arrival))
    block_size = rng.choice((1, 1, 2, 3))
    largest = max(
        -(-(each.prompt_len + each.output_len) // block_size) * block_size for each in requests
    )
    return Instance(largest + rng.randint(0, largest), requests, block_size, machine)


# All valid schedules of tiny instances.

HORIZON = 4
"""The largest makespan of the enumerated schedules."""


def judged_rightly(seed: int, requests: int, most: int) -> Counter[bool]:
    """How many valid schedules of an instance are a policy's, or are not; each is judged.

    Instances with more than ``most`` schedules are left out.
    """
    instance = limited(random.Random(seed), 2, 2, requests)
    reached = {policy: every_schedule_of(instance, policy, HORIZON) for policy in NAMES}
    makespans = [schedule.makespan for found in reached.values() for schedule in found]
    horizon = min(HORIZON, max(makespans, default=HORIZON) + 1)
    every = list(islice(every_valid_schedule(instance, horizon), most + 1))
    found: Counter[bool] = Counter()
    if len(every) > most:
        return found
    for schedule in every:
        for policy in NAMES:
            accepted = conform(schedule, policy).conforms
            assert accepted == (schedule in reached[policy]), (seed, policy, schedule)
            found[accepted] += 1
    return found


@pytest.mark.theorem("T6")
@pytest.mark.theorem("T7")
def test_conform_accepts_the_schedules_of_all_orders_and_no_others() -> None:
    found = sum(
        (judged_rightly(seed, 2, 300) for seed in (*range(1, 6), *range(10, 16))), Counter[bool]()
    )
    assert found[True] > 20
    assert found[False] > 1000


MANY_ORDERS = {103, 105, 130, 131, 134, 144, 148, 158}
"""Seeds of instances whose orders of admission take minutes to enumerate."""


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_conform_accepts_the_schedules_of_all_orders_on_more_instances(part: int) -> None:
    seeds = [seed for seed in range(100 + part * 15, 115 + part * 15) if seed not in MANY_ORDERS]
    found = sum((judged_rightly(seed, 3, 4000) for seed in seeds), Counter[bool]())
    assert found[False] > 1_000


# Round by round, on instances with too many schedules to enumerate.


def deviating(rng: random.Random, policy: Name) -> Schedule:
    """A valid schedule of an engine that in up to two rounds does not do what its policy does."""
    instance = limited(rng, rng.choice((3, 5, 12)), rng.choice((5, 5, 8)), 5)
    aborted: dict[RequestId, int] = {
        each.id: each.arrival + rng.randint(0, 9)
        for each in instance.requests
        if rng.random() < 0.15
    }
    engine = Deviating(instance, policy, aborted=aborted)
    rounds = rng.choice((set[int](), {rng.randint(0, 4)}, {rng.randint(0, 9)}, {1, 3}))
    engine.rng, engine.deviates = rng, lambda now: now in rounds
    return Schedule(instance, engine.schedule_runs(), aborted=engine.gone)


@pytest.mark.theorem("T6")
@pytest.mark.theorem("T7")
@pytest.mark.parametrize("policy", NAMES)
@pytest.mark.parametrize("count", [150, pytest.param(5_000, marks=pytest.mark.slow)])
def test_a_departure_is_the_first_round_that_no_order_explains(policy: Name, count: int) -> None:
    right = 0
    for seed in range(count):
        schedule = deviating(random.Random(f"{policy}/{seed}"), policy)
        verdict = conform(schedule, policy)
        assert not verdict.violations
        expected = first_round_that_no_order_explains(schedule, policy)
        if expected is None or verdict.departure is None:
            assert (expected, verdict.departure) == (None, None), (seed, schedule)
            right += 1
            continue
        assert verdict.departure.round == expected.now, (seed, schedule)
        decision = would_be_right(verdict.departure.message)
        possible = {(each.evicted, each.admitted) for each in expected.possible}
        assert decision in possible, (seed, schedule, verdict.departure)
    assert count / 20 < right < count * 19 / 20


def would_be_right(message: str) -> tuple[frozenset[str], frozenset[str]]:
    """The evictions and admissions that an explanation says the policy would have made."""
    words = r"would have evicted (.*?) and admitted (.*?)(?:, computing|, and given|, with|\.)"
    found = re.search(words, message)
    assert found is not None
    evicted, admitted = (frozenset(re.findall(r"'(\w)'", names)) for names in found.groups())
    return evicted, admitted


@pytest.mark.parametrize("policy", NAMES)
@pytest.mark.parametrize("outcome", ["aborted", "evicted"])
def test_a_run_that_stops_with_its_client_is_no_decision(policy: Name, outcome: Outcome) -> None:
    """Decision D51: b, which waits for the room that a holds, starts in the same round."""
    instance = Instance(15, (Request("a", 5, 5, 5, 5), Request("b", 9, 6, 6, 6)))
    for start in (2, 3):
        runs = (Run("a", 0, 2, outcome), Run("b", start, start + 6, "completed"))
        verdict = conform(Schedule(instance, runs, aborted={"a": 2}), policy)
        assert not verdict.violations
        assert verdict.conforms == (start == 2)


@pytest.mark.parametrize(
    ("capacity", "lengths", "arrivals", "order"),
    [
        (7, [(1, 5), (1, 4), (1, 5)], None, "cab"),
        (11, [(4, 4), (1, 5), (3, 5), (4, 5)], [0, 0, 5, 5], "dcba"),
    ],
)
def test_of_tied_requests_that_kept_different_tokens_any_may_be_the_one_that_does_not_fit(
    capacity: int, lengths: list[tuple[int, int]], arrivals: list[int] | None, order: str
) -> None:
    """The prefix of one is longer, the run of the other is: either may be the one of the two."""
    instance = Instance.from_lengths(
        lengths,
        capacity=capacity,
        arrivals=arrivals,
        predictions=[(4, None)] * len(lengths),
        machine=Machine(after_eviction="resume"),
    )
    ties = Ranking("abcd".index(letter) for letter in order)
    assert conform(simulate(instance, Amin(ties))).conforms


def test_amax_evicts_by_what_has_been_generated_where_upper_bounds_are_wrong() -> None:
    """Both outlive u. In round 5 they need 13 tokens; b has generated 4 and a 5, but u_b > u_a."""
    requests = (Request("a", 1, 8, 1, 2), Request("b", 1, 8, 1, 3, arrival=1))
    instance = Instance(12, requests, machine=Machine(sound_predictions=False))
    schedule = simulate(instance, "amax")
    assert Run("b", 1, 5, "evicted") in schedule.runs
    assert conform(schedule, "amax").conforms


def test_amax_reserves_the_longest_output_that_fits_without_the_last_token() -> None:
    """a reserves 4 tokens, so in round 3 it holds 4, and b, which needs 2 by then, has to wait."""
    requests = (Request("a", 1, 4), Request("b", 1, 2, 1, 2, arrival=2))
    instance = Instance(4, requests, machine=Machine(last_token_stored=False))
    runs = (Run("a", 0, 4, "completed"), Run("b", 4, 6, "completed"))
    assert conform(Schedule(instance, runs), "amax").conforms


def test_requests_are_evicted_until_the_whole_prefixes_fit() -> None:
    """In round 2, b needs 4 tokens, and a 5 with its whole prefix, of which it computes 2."""
    requests = (Request("b", 1, 3, lower=3), Request("a", 4, 1, lower=1, arrival=1))
    machine = Machine(after_eviction="resume", tokens_per_round=2)
    instance = Instance(8, requests, machine=machine)
    runs = (Run("b", 0, 3, "completed"), Run("a", 1, 4, "completed", (1, 1, 2)))
    departure = conform(Schedule(instance, runs)).departure
    assert departure is not None
    assert (departure.round, departure.rule) == (2, "evicted-too-few")
    assert departure.requests == ("a",)
    assert "whose next tokens need 9 tokens of cache" in departure.message
    assert "Amin would have evicted 'a' and admitted none" in departure.message


@pytest.mark.parametrize("policy", NAMES[:3])
def test_a_request_starts_in_the_first_round_that_has_tokens_for_it(policy: Name) -> None:
    """a takes all tokens of rounds 0 and 1, and one of round 2, in which nothing else happens."""
    requests = (Request("a", 6, 4, 4, 4), Request("b", 1, 5, 5, 5))
    instance = Instance(30, requests, machine=Machine(tokens_per_round=3))
    first = Run("a", 0, 5, "completed", (3, 3, 1, 1, 1))
    for start in (2, 3):
        verdict = conform(
            Schedule(instance, (first, Run("b", start, start + 5, "completed"))), policy
        )
        assert not verdict.violations
        assert verdict.conforms == (start == 2)


@pytest.mark.parametrize("longest", [2**20, 0], ids=["by round", "by request"])
def test_no_request_starts_while_a_delayed_prefill_is_planned_to_exceed_the_cache(
    longest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The prefill of c takes two rounds, so that a and c are planned with 15 tokens in round 7."""
    monkeypatch.setattr("amin_ref.conformance.plan.LONGEST_PLAN", longest)
    requests = (
        Request("a", 1, 6, lower=6, arrival=2),
        Request("b", 1, 1, lower=1, arrival=4),
        Request("c", 4, 4, lower=4, arrival=3),
    )
    machine = Machine(after_eviction="resume", tokens_per_round=4)
    instance = Instance(14, requests, machine=machine)
    others = (
        Run("a", 2, 8, "completed"),
        Run("c", 3, 7, "evicted", (3, 1, 1, 1)),
        Run("c", 8, 10, "completed", (4, 3)),
    )
    assert conform(Schedule(instance, (*others, Run("b", 7, 8, "completed")))).conforms
    for start, rule in ((4, "admitted-what-cannot-fit"), (9, "stopped-too-early")):
        schedule = Schedule(instance, (*others, Run("b", start, start + 1, "completed")))
        departure = conform(schedule).departure
        assert departure is not None
        assert (departure.round, departure.requests) == (min(start, 7), ("b",))
        assert departure.rule == rule
    first = conform(Schedule(instance, (*others, Run("b", 4, 5, "completed")))).departure
    assert first is not None
    assert "'b' and the requests that keep running hold 15 tokens in round 7" in first.message


@pytest.mark.parametrize("policy", NAMES[:2])
def test_a_plan_by_request_gives_the_verdict_of_a_plan_by_round(
    policy: Name, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedules = [deviating(random.Random(f"plan/{seed}"), policy) for seed in range(60)]
    by_round = [conform(schedule, policy) for schedule in schedules]
    monkeypatch.setattr("amin_ref.conformance.plan.LONGEST_PLAN", 0)
    assert [conform(schedule, policy) for schedule in schedules] == by_round

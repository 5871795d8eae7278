"""``conform`` accepts what FCFS can make on each machine and nothing else, and names the rule."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from dataclasses import replace
from itertools import islice, permutations
from typing import get_args

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from amin_ref import (
    FirstComeFirstServed,
    Instance,
    InvalidValue,
    Machine,
    Ranking,
    Request,
    Run,
    Schedule,
    check,
    conform,
    simulate,
)
from amin_ref.conformance import FirstComeRule
from amin_ref.strategies import tie_breaks
from amin_ref.workloads import Rough, build_instance
from tests.models.drawn_machines import aborts, on_any_machine
from tests.models.engine_machine import cut_off
from tests.models.every_engine_order import Deviating, first_round_that_no_order_explains
from tests.models.every_valid_schedule import every_schedule_of, every_valid_schedule
from tests.support.profiles import times

VLLM = Machine(after_eviction="resume", last_token_stored=False)


@pytest.mark.theorem("T6")
@pytest.mark.theorem("T7")
@times(2)
@given(instance=on_any_machine(), data=st.data())
def test_fcfs_is_never_refused(instance: Instance, data: st.DataObject) -> None:
    ties = data.draw(tie_breaks(instance))
    aborted = data.draw(aborts(instance))
    schedule = simulate(instance, FirstComeFirstServed(ties), aborted=aborted)
    assert conform(schedule, "fcfs").departure is None
    assert conform(schedule, "fcfs", ties=ties).conforms
    event(f"evictions: {schedule.evictions > 0}, chunks: {schedule.has_computed}")


@given(instance=on_any_machine(), data=st.data())
def test_a_log_of_fcfs_that_ends_early_conforms(instance: Instance, data: st.DataObject) -> None:
    schedule = simulate(instance, "fcfs", aborted=data.draw(aborts(instance)))
    ended = data.draw(st.integers(0, schedule.makespan))
    cut = cut_off(schedule, ended)
    if check(cut):  # a request that is cut off right before its last token has no shorter output
        return
    assert conform(cut, "fcfs").departure is None
    event(f"unfinished: {len(cut.unfinished)}")


@pytest.mark.theorem("T6")
@pytest.mark.theorem("T7")
@given(instance=on_any_machine(), data=st.data())
def test_a_given_tie_break_allows_one_schedule(instance: Instance, data: st.DataObject) -> None:
    ties, other = data.draw(tie_breaks(instance)), data.draw(tie_breaks(instance))
    own = simulate(instance, FirstComeFirstServed(ties))
    schedule = simulate(instance, FirstComeFirstServed(other))
    assert conform(schedule, "fcfs", ties=ties).conforms == (schedule == own)


# All valid schedules of tiny instances, and the first wrong round of larger ones.


def limited(rng: random.Random, prompts: int, outputs: int, most: int) -> Instance:
    """Two to ``most`` requests on a machine drawn at random, with ties, blocks and gaps."""
    machine = Machine(
        after_eviction=rng.choice(("restart", "resume")),
        last_token_stored=rng.random() < 0.5,
        tokens_per_round=rng.choice((None, 1, 2, 3, prompts)),
        max_running=rng.choice((None, None, 1, 2)),
        watermark=rng.choice((0, 0, 1)),
    )
    requests = [
        Request(
            request_id,
            rng.randint(1, prompts),
            rng.randint(1, outputs),
            arrival=rng.choice((0, 0, 1, rng.randint(0, outputs))),
        )
        for request_id in "abcde"[: rng.randint(2, most)]
    ]
    block_size = rng.choice((1, 1, 2, 3))
    largest = max(
        -(-(each.prompt_len + each.output_len) // block_size) * block_size for each in requests
    )
    return Instance(largest + rng.randint(0, largest), requests, block_size, machine)


HORIZON = 4
"""The largest makespan of the enumerated schedules."""


def judged_rightly(seed: int, requests: int, most: int) -> Counter[bool]:
    """How many valid schedules of an instance are FCFS's, and how many are not; each is judged.

    Instances with more than ``most`` schedules are left out.
    """
    instance = limited(random.Random(seed), 2, 2, requests)
    reached = every_schedule_of(instance, "fcfs", HORIZON)
    longest = max((schedule.makespan for schedule in reached), default=HORIZON - 1)
    horizon = min(HORIZON, longest + 1)
    every = list(islice(every_valid_schedule(instance, horizon), most + 1))
    if len(every) > most:
        return Counter()
    found: Counter[bool] = Counter()
    for schedule in every:
        accepted = conform(schedule, "fcfs").conforms
        assert accepted == (schedule in reached), (seed, schedule)
        found[accepted] += 1
    return found


@pytest.mark.theorem("T6")
@pytest.mark.theorem("T7")
def test_conform_accepts_the_schedules_of_all_orders_and_no_others() -> None:
    found = sum((judged_rightly(seed, 2, 300) for seed in range(25)), Counter[bool]())
    assert found[True] > 15
    assert found[False] > 500


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_conform_accepts_the_schedules_of_all_orders_on_more_instances(part: int) -> None:
    found = sum(
        (judged_rightly(seed, 3, 4000) for seed in range(100 + part * 40, 140 + part * 40)),
        Counter[bool](),
    )
    assert found[False] > 5000


def deviating(rng: random.Random) -> Schedule:
    """A valid schedule of an engine under FCFS that in up to two rounds does anything."""
    instance = limited(rng, 5, 5, 5)
    aborted = {
        each.id: each.arrival + rng.randint(0, 9)
        for each in instance.requests
        if rng.random() < 0.15
    }
    engine = Deviating(instance, "fcfs", aborted=aborted)
    rounds = rng.choice((set[int](), {rng.randint(0, 4)}, {rng.randint(0, 9)}, {1, 3}))
    engine.rng, engine.deviates = rng, lambda now: now in rounds
    return Schedule(instance, engine.schedule_runs(), aborted=engine.gone)


@pytest.mark.theorem("T6")
@pytest.mark.theorem("T7")
@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_a_departure_is_the_first_round_that_no_order_explains(count: int) -> None:
    right = 0
    for seed in range(count):
        schedule = deviating(random.Random(seed))
        verdict = conform(schedule, "fcfs")
        assert not verdict.violations
        expected = first_round_that_no_order_explains(schedule, "fcfs")
        if expected is None or verdict.departure is None:
            assert (expected, verdict.departure) == (None, None), (seed, schedule)
            right += 1
            continue
        assert verdict.departure.round == expected.now, (seed, schedule)
        evicted, admitted = would_be_right(verdict.departure.message)
        possible = {(each.evicted, each.admitted) for each in expected.possible}
        assert (evicted, admitted) in possible, (seed, schedule)
    assert count / 20 < right < count * 19 / 20


def would_be_right(message: str) -> tuple[frozenset[str], frozenset[str]]:
    """The evictions and admissions that an explanation says FCFS would have made."""
    found = re.search(
        r"would have evicted (.*?) and admitted (.*?)(?:, computing|, with|\.)", message
    )
    assert found is not None
    evicted, admitted = (frozenset(re.findall(r"'(\w)'", names)) for names in found.groups())
    return evicted, admitted


# Each rule by itself.


def chunked(*parts: str) -> tuple[Run, ...]:
    """Runs such as ``a 0-3`` (completed), ``a 0-1 e`` (evicted), ``a 0-2 3,1`` (computed)."""
    found = []
    for part in parts:
        request, rounds, *more = part.split()
        start, stop = map(int, rounds.split("-"))
        computed = next((tuple(map(int, word.split(","))) for word in more if word != "e"), None)
        outcome = "evicted" if "e" in more else "completed"
        found.append(Run(request, start, stop, outcome, computed))  # type: ignore[arg-type]  # both are outcomes
    return tuple(found)


def instance(capacity: int, *rows: tuple[int, ...], **machine: int) -> Instance:
    """Requests a, b, … with prompt, output and arrival, in blocks of one token."""
    requests = [
        Request(name, prompt_len, output_len, arrival=arrival[0] if arrival else 0)
        for name, (prompt_len, output_len, *arrival) in zip("abc", rows, strict=False)
    ]
    return Instance(capacity, requests, machine=Machine(**machine))  # type: ignore[arg-type]  # the limits


TWO = instance(9, (1, 4), (1, 4))
OVERFLOWS = instance(6, (1, 4), (1, 4, 1), (1, 1, 2))

WRONG: tuple[tuple[FirstComeRule, int, tuple[str, ...], Instance, tuple[str, ...]], ...] = (
    ("evicted-needlessly", 1, ("b",), TWO, ("a 0-4", "b 0-1 e", "b 2-6")),
    ("wrong-victim", 2, ("a", "b"), OVERFLOWS, ("a 0-2 e", "b 1-5", "a 5-9", "c 9-10")),
    # Of 10 tokens two are too many; either of b and c is enough.
    ("evicted-too-many", 2, ("b", "c"), instance(8, (1, 4), (1, 4, 1), (1, 4, 1)),
     ("a 0-4", "b 1-2 e", "c 1-2 e", "b 4-8", "c 8-12")),
    ("admitted-after-evicting", 2, ("c",), OVERFLOWS, ("a 0-4", "b 1-2 e", "c 2-3", "b 4-8")),
    ("admitted-after-evicting", 2, ("b",), OVERFLOWS, ("a 0-4", "b 1-2 e", "b 2-3 e", "b 4-8",
      "c 8-9")),
    # The cache is full, so no watermark is left.
    ("admitted-what-cannot-fit", 0, ("a", "b"), instance(9, (1, 2), (6, 1), watermark=1),
     ("a 0-2", "b 0-1")),
    # b and c fit from round 2 on, when a has completed; b arrived first.
    ("admitted-out-of-order", 2, ("c", "b"), instance(6, (4, 2), (2, 1), (2, 1, 1)),
     ("a 0-2", "c 2-3", "b 3-4")),
    ("skipped-the-first", 2, ("c", "b"), instance(8, (2, 4), (4, 1, 1), (1, 1, 2)),
     ("a 0-4", "c 2-3", "b 4-5")),
    ("stopped-too-early", 0, ("b",), TWO, ("a 0-4", "b 1-5")),
    # In round 3, after the eviction, the prompt of b fits again, although no request comes or goes.
    ("stopped-too-early", 3, ("b",), instance(7, (1, 6), (1, 6)),
     ("a 0-6", "b 0-2 e", "b 6-12")),
    ("wrong-chunk", 0, ("a",), instance(9, (4, 2), (2, 2), tokens_per_round=3),
     ("a 0-3 2,2,1", "b 1-4 1,1,1")),
    # a, which is first, computes one token of its rest of 4 in round 1, and b its whole prompt.
    ("wrong-chunk", 1, ("a",), instance(12, (7, 1), (2, 1, 1), tokens_per_round=3),
     ("a 0-3 3,1,3", "b 1-2")),
    ("wrong-chunk", 1, ("a",), TWO, ("a 0-5 1,0,1,1,1", "b 0-4")),
    # b starts in a round of which no tokens are left.
    ("wrong-chunk", 0, ("b",), instance(9, (3, 1), (2, 1), tokens_per_round=3),
     ("a 0-1", "b 0-2 0,2")),
    # Round 0 shows that a was admitted before b: it computes its whole prompt, b a part.
    ("wrong-victim", 2, ("a", "b"), instance(8, (2, 3), (2, 3), tokens_per_round=3),
     ("a 0-2 e", "b 0-4 1,1,1,1", "a 4-7")),
)  # fmt: skip


@pytest.mark.parametrize(("rule", "now", "requests", "instance", "written"), WRONG)
def test_a_departure_names_the_rule_the_round_and_the_requests(
    rule: FirstComeRule,
    now: int,
    requests: tuple[str, ...],
    instance: Instance,
    written: tuple[str, ...],
) -> None:
    verdict = conform(Schedule(instance, chunked(*written)), "fcfs")
    assert verdict.violations == ()
    assert verdict.departure is not None
    assert (verdict.departure.rule, verdict.departure.round) == (rule, now)
    assert verdict.departure.requests == requests
    assert verdict.departure.message.startswith(f"round {now}: ")
    assert "\n" not in verdict.departure.message


def test_every_rule_has_an_example() -> None:
    assert {rule for rule, *_ in WRONG} == set(get_args(FirstComeRule))


def test_the_same_victim_conforms_where_no_round_shows_the_order() -> None:
    whole = instance(8, (2, 3), (2, 3))
    assert conform(Schedule(whole, chunked("a 0-2 e", "b 0-3", "a 3-6")), "fcfs").conforms
    assert conform(Schedule(whole, chunked("b 0-2 e", "a 0-3", "b 3-6")), "fcfs").conforms


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (
            ("a 0-3 2,2,1", "b 1-4 1,1,1"),
            "round 0: the cache has 9 tokens, a round computes at most 3 tokens; running: none; "
            "waiting: 'a' (arrived in round 0, 4 to compute), 'b' (arrived in round 0, 2 to "
            "compute). The schedule has evicted none and admitted 'a'. A request computes less "
            "than the rest of its prefix only if none are left: 'a' computes 2 of 4 tokens. FCFS "
            "would have evicted none and admitted 'a', computing tokens: 'a' 3, with ties broken "
            "in favour of what the schedule did.",
        ),
        (
            ("a 0-3 3,1,1", "b 1-5 1,0,1,1"),
            "round 1: the cache has 9 tokens, a round computes at most 3 tokens; running: 'a' (3 "
            "tokens computed, 1 to compute); waiting: 'b' (arrived in round 0, 2 to compute). The "
            "schedule has evicted none and admitted 'b'. A request computes less than the rest of "
            "its prefix only if none are left: 'b' computes 1 of 2 tokens. FCFS would have evicted "
            "none and admitted 'b', computing tokens: 'a' 1, 'b' 2, with ties broken in favour of "
            "what the schedule did.",
        ),
    ],
)
def test_an_explanation_has_state_decision_rule_and_right_decision(
    written: tuple[str, ...], says: str
) -> None:
    limited = instance(9, (4, 2), (2, 2), tokens_per_round=3)
    departure = conform(Schedule(limited, chunked(*written)), "fcfs").departure
    assert departure is not None
    assert departure.message == says


# Ties, gaps, aborts, what is refused, speed.


def test_ties_are_between_requests_of_one_arrival_round() -> None:
    one_at_a_time = instance(4, (2, 2), (2, 2), (2, 2))
    for order in permutations("abc"):
        schedule = simulate(one_at_a_time, FirstComeFirstServed(Ranking(order)))
        assert conform(schedule, "fcfs").conforms
        assert conform(schedule, "fcfs", ties=Ranking(order)).conforms
        assert not conform(schedule, "fcfs", ties=Ranking(order[::-1])).conforms


def test_a_gap_of_2_to_the_51_rounds_is_skipped() -> None:
    most = 2**51
    requests = (
        Request("a", 1, most),
        Request("b", 1, 2, arrival=3),
        Request("c", 1, 2, arrival=2 * most),
    )
    schedule = simulate(Instance(2**53 - 1, requests[1:]), "fcfs")
    with_long = Schedule(
        Instance(2**53 - 1, requests), (*schedule.runs, Run("a", 0, most, "completed"))
    )
    verdict = conform(with_long, "fcfs")
    assert verdict.conforms
    assert verdict.rounds == most + 2


def test_the_client_of_a_waiting_request_may_go_away() -> None:
    one_at_a_time = instance(4, (2, 2), (2, 2), (2, 2))
    for now in (1, 2):
        assert conform(
            Schedule(one_at_a_time, chunked("a 0-2", "c 2-4"), aborted={"b": now}), "fcfs"
        ).conforms
    late = Schedule(one_at_a_time, chunked("a 0-2", "c 2-4"), aborted={"b": 3})
    assert conform(late, "fcfs", ties=Ranking("acb")).conforms
    departure = conform(late, "fcfs", ties=Ranking("abc")).departure
    assert departure is not None
    assert (departure.rule, departure.requests) == ("admitted-out-of-order", ("c", "b"))


def test_shared_prefixes_are_refused() -> None:
    schedule = Schedule(TWO, chunked("a 0-4", "b 0-4"), held=(3, 6, 8, 9))
    with pytest.raises(InvalidValue, match="held: round 0 is 3, but the runs imply 4, so requests"):
        conform(schedule, "fcfs")
    assert conform(replace_held(schedule, (4, 6, 8, 10)), "fcfs").violations
    enough = Schedule(replace(TWO, capacity=10), schedule.runs, held=(4, 6, 8, 10))
    assert conform(enough, "fcfs").conforms


def replace_held(schedule: Schedule, held: tuple[int, ...]) -> Schedule:
    return Schedule(schedule.instance, schedule.runs, held=held)


def test_conform_takes_less_than_five_seconds_for_2000_requests() -> None:
    chats = build_instance("chat", requests=2000, capacity=16_480, prediction=Rough(1, 1000))
    machine = replace(VLLM, tokens_per_round=2048, max_running=256)
    schedule = simulate(replace(chats.instance, block_size=16, machine=machine), "fcfs")
    begun = time.process_time()
    assert conform(schedule, "fcfs").conforms
    assert time.process_time() - begun < 5

"""``conform`` accepts what FCFS can make on each machine and nothing else, and names the rule."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import permutations
from typing import get_args

import pytest

from amin_ref import (
    FirstComeFirstServed,
    Instance,
    InvalidValue,
    Machine,
    Ranking,
    Request,
    Run,
    Schedule,
    conform,
    simulate,
)
from amin_ref.conformance import FirstComeRule
from amin_ref.workloads import Rough, build_instance

VLLM = Machine(after_eviction="resume", last_token_stored=False)


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
    # In round 2 two tokens are left for b, with which it fits; its whole prefix would not.
    ("evicted-needlessly", 2, ("b",), instance(12, (1, 9), (8, 1, 1), tokens_per_round=3),
     ("a 0-9", "b 1-2 2 e", "b 9-12 3,3,2")),
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
    # a takes all tokens of rounds 0 and 1, and one of round 2, in which nothing else happens.
    ("stopped-too-early", 2, ("b",), instance(20, (6, 4), (1, 1), tokens_per_round=3),
     ("a 0-5 3,3,1,1,1", "b 3-4")),
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


@pytest.mark.theorem("T6")
@pytest.mark.theorem("T7")
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


@pytest.mark.theorem("T7")
def test_the_watermark_counts_only_beside_a_running_request() -> None:
    alone = instance(5, (2, 2), watermark=4)
    assert conform(Schedule(alone, chunked("a 0-2")), "fcfs").conforms
    beside = instance(9, (2, 2), (2, 2), watermark=4)
    assert conform(Schedule(beside, chunked("a 0-2", "b 2-4")), "fcfs").conforms


@pytest.mark.theorem("T7")
def test_a_request_waits_while_as_many_run_as_the_machine_allows() -> None:
    one_by_one = instance(20, (1, 2), (1, 2), max_running=1)
    assert conform(Schedule(one_by_one, chunked("a 0-2", "b 2-4")), "fcfs").conforms


def test_the_same_victim_conforms_where_no_round_shows_the_order() -> None:
    whole = instance(8, (2, 3), (2, 3))
    assert conform(Schedule(whole, chunked("a 0-2 e", "b 0-3", "a 3-6")), "fcfs").conforms
    assert conform(Schedule(whole, chunked("b 0-2 e", "a 0-3", "b 3-6")), "fcfs").conforms


def test_one_order_in_which_as_many_must_be_evicted_is_enough() -> None:
    """If b is the last admitted, c must go as well; if c is the last, b may stay."""
    tied = instance(6, (1, 4), (1, 2, 1), (3, 3, 1), last_token_stored=False)
    both = chunked("a 0-4", "b 1-2 e", "c 1-2 e", "b 4-6", "c 4-7")
    assert conform(Schedule(tied, both), "fcfs").conforms
    one = chunked("a 0-4", "b 1-3", "c 1-2 e", "c 4-7")
    assert conform(Schedule(tied, one), "fcfs").conforms


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


@pytest.mark.slow
def test_conform_takes_at_most_five_times_what_the_simulation_takes() -> None:
    chats = build_instance("chat", requests=2000, capacity=16_480, prediction=Rough(1, 1000))
    machine = replace(VLLM, tokens_per_round=2048, max_running=256)
    instance = replace(chats.instance, block_size=16, machine=machine)
    begun = time.process_time()
    schedule = simulate(instance, "fcfs")
    simulated = time.process_time()
    assert conform(schedule, "fcfs").conforms
    assert time.process_time() - simulated < 5 * (simulated - begun)

"""``conform`` accepts what a policy can make and nothing else, and names the broken rule."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain, combinations, permutations

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from amin_ref import (
    Amax,
    Amin,
    AminError,
    ClairvoyantPolicy,
    ConformanceRule,
    FirstComeFirstServed,
    HindsightShortestFirst,
    Instance,
    InvalidValue,
    Policy,
    Ranking,
    Request,
    RequestId,
    Run,
    Schedule,
    Shuffled,
    TieBreak,
    VisibleRequest,
    check,
    conform,
    simulate,
)
from amin_ref.conformance import POLICY_NAMES, Conformance, PolicyName
from amin_ref.conformance.bound_rules import recognisable_bugs
from amin_ref.conformance.busy_periods import ScheduledBusyPeriod
from amin_ref.conformance.long_plan import LongPlan
from amin_ref.conformance.plan import PlanByRound
from amin_ref.conformance.traced import TracedRun
from amin_ref.model.schedule import Outcome
from amin_ref.policies.variants import (
    EvictsLargest,
    EvictsNewest,
    NeverLooksAhead,
    NeverRefines,
)
from amin_ref.strategies import arbitrary_schedules, instances, schedules, tie_breaks
from amin_ref.workloads import Exact, Rough, build_instance
from tests.models.every_tie import (
    MakeNaive,
    copied,
    every_order,
    every_order_of_ties,
    every_schedule,
)
from tests.models.naive import (
    NaiveAmax,
    NaiveAmin,
    NaiveHindsight,
    NaiveScheduler,
    held,
    naive_schedule,
)
from tests.models.wrong_schedulers import WRONG as WRONG_SCHEDULERS
from tests.models.wrong_schedulers import SortsByPromptAndLower
from tests.support.profiles import times

NAIVE: dict[PolicyName, type[NaiveScheduler]] = {
    "amin": NaiveAmin,
    "amax": NaiveAmax,
    "h-sf": NaiveHindsight,
}

inexactly_predicted = instances(predictions=("lowest", "interval"))


class AminWithChangingRanks(NaiveAmin):
    """Amin with new random tie-break ranks in every round."""

    rng = random.Random(0)

    def decide(self) -> tuple[list[RequestId], list[RequestId]]:
        for known in self.known.values():
            known.rank = self.rng.random()
        return super().decide()


@pytest.mark.theorem("T6")
@pytest.mark.theorem("T7")
@times(5)
@given(st.data(), inexactly_predicted)
def test_amin_is_never_refused(data: st.DataObject, instance: Instance) -> None:
    """Under 500 fixed tie-breaks: ``conform`` is called with the tie-break, and without."""
    ties = data.draw(tie_breaks(instance))
    schedule = simulate(instance, Amin(ties))
    event("evictions: " + ("some" if schedule.evictions else "none"))
    assert conform(schedule).departure is None
    assert conform(schedule, ties=ties).conforms


@times(5)
@given(inexactly_predicted, st.integers(0, 2**32 - 1))
def test_amin_with_ranks_that_change_is_never_refused(instance: Instance, seed: int) -> None:
    """Under 500 tie-breaks that change from round to round."""
    AminWithChangingRanks.rng = random.Random(seed)
    scheduler = AminWithChangingRanks(instance.capacity, instance.block_size)
    ranks = dict.fromkeys(instance.by_id, 0.0)
    assert conform(naive_schedule(instance, scheduler, ranks)).departure is None


@given(st.data(), inexactly_predicted)
def test_amax_and_hindsight_are_never_refused(data: st.DataObject, instance: Instance) -> None:
    ties = data.draw(tie_breaks(instance))
    for chosen in (None, ties):
        assert conform(simulate(instance, Amax(ties)), "amax", ties=chosen).conforms
        hindsight = simulate(instance, HindsightShortestFirst(ties))
        assert conform(hindsight, "h-sf", ties=chosen).conforms


@pytest.mark.theorem("T6")
@pytest.mark.theorem("T7")
@times(2)
@given(st.data(), schedules(inexactly_predicted))
def test_a_given_tie_break_allows_one_schedule(data: st.DataObject, schedule: Schedule) -> None:
    """With the order fixed, Amin has no freedom: its own schedule conforms and no other."""
    ties = data.draw(tie_breaks(schedule.instance))
    own = simulate(schedule.instance, Amin(ties))
    event(f"the same: {schedule == own}")
    assert conform(schedule, ties=ties).conforms == (schedule == own)


@given(arbitrary_schedules())
def test_a_schedule_that_is_not_valid_does_not_conform(schedule: Schedule) -> None:
    violations = check(schedule)
    verdict = conform(schedule)
    assert verdict.violations == violations
    if violations:
        assert not verdict.conforms
        assert (verdict.rounds, verdict.departure) == (0, None)


# All valid schedules of tiny instances.


def subsets(items: list[RequestId]) -> Iterator[tuple[RequestId, ...]]:
    return chain.from_iterable(combinations(items, size) for size in range(len(items) + 1))


def every_valid_schedule(instance: Instance, horizon: int) -> list[Schedule]:
    """All valid schedules with a makespan of at most ``horizon``, evictions included."""
    found: list[Schedule] = []

    def extend(
        now: int,
        generated: dict[RequestId, int],
        completed: frozenset[RequestId],
        runs: tuple[Run, ...],
    ) -> None:
        if len(completed) == len(instance.requests):
            found.append(Schedule(instance, runs))
            return
        least_left = max(
            request.output_len - generated.get(request.id, 0)
            for request in instance.requests
            if request.id not in completed
        )
        if now + least_left > horizon:
            return
        for evicted in subsets(list(generated)):
            staying = {i: a for i, a in generated.items() if i not in evicted}
            ended = tuple(Run(i, now - generated[i], now, "evicted") for i in evicted)
            startable = [
                request.id
                for request in instance.requests
                if request.id not in staying
                and request.id not in completed
                and request.arrival <= now
            ]
            for admitted in subsets(startable):
                after = {i: a + 1 for i, a in (staying | dict.fromkeys(admitted, 0)).items()}
                total = sum(
                    held(instance.by_id[i].prompt_len, a, instance.block_size)
                    for i, a in after.items()
                )
                if total > instance.capacity:
                    continue
                done = {i for i, a in after.items() if a == instance.by_id[i].output_len}
                extend(
                    now + 1,
                    {i: a for i, a in after.items() if i not in done},
                    completed | done,
                    (
                        *runs,
                        *ended,
                        *(Run(i, now + 1 - after[i], now + 1, "completed") for i in done),
                    ),
                )

    extend(0, {}, frozenset(), ())
    return found


def tiny_instance(rng: random.Random) -> Instance:
    """Two or three requests of at most three tokens, in a cache for one or two of them."""
    block_size = rng.choice((1, 1, 2))
    requests = []
    for request_id in "abc"[: rng.choice((2, 3, 3))]:
        output_len = rng.randint(1, 3)
        lower = rng.randint(1, output_len)
        upper = rng.choice((None, output_len + rng.randint(0, 2)))
        arrival = rng.choice((0, 0, 0, 1, 2))
        requests.append(Request(request_id, rng.randint(1, 3), output_len, lower, upper, arrival))
    largest = max(held(request.prompt_len, request.output_len, block_size) for request in requests)
    return Instance(largest + rng.randint(0, largest // 2), tuple(requests), block_size)


LONGEST = 7
"""The largest makespan of the enumerated schedules; most schedules of Amin end earlier."""


def disagreement(instance: Instance) -> tuple[Schedule | None, int]:
    """A valid schedule that ``conform`` misjudges, or ``None``; and how many it judged rightly."""
    reached = {
        policy: every_schedule(instance, NAIVE[policy], every_order, longest=LONGEST)
        for policy in NAIVE
    }
    longest = max((schedule.makespan for schedule in reached["amin"]), default=LONGEST)
    agreed = 0
    for schedule in every_valid_schedule(instance, min(LONGEST, longest + 1)):
        for policy, expected in reached.items():
            if conform(schedule, policy).conforms != (schedule in expected):
                return schedule, agreed
        agreed += 1
    return None, agreed


TINY_INSTANCES = 6
"""Instances of the default run: they have more than 1,000 valid schedules."""

MORE_TINY_INSTANCES = 200
"""Further instances, of the slow run."""


def tiny_instances(first: int, stop: int) -> Iterator[Instance]:
    return (tiny_instance(random.Random(seed)) for seed in range(first, stop))


@pytest.mark.theorem("T6")
@pytest.mark.theorem("T7")
def test_conform_accepts_the_schedules_of_all_orders_and_no_others() -> None:
    judged = 0
    for instance in tiny_instances(0, TINY_INSTANCES):
        wrongly, agreed = disagreement(instance)
        assert wrongly is None
        judged += agreed
    assert judged > 1000


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_conform_accepts_the_schedules_of_all_orders_on_more_instances(part: int) -> None:
    size = MORE_TINY_INSTANCES // 4
    first = TINY_INSTANCES + part * size
    for instance in tiny_instances(first, first + size):
        assert disagreement(instance)[0] is None


@pytest.mark.parametrize("policy", NAIVE)
def test_orders_of_tied_requests_lead_to_the_schedules_of_all_orders(policy: PolicyName) -> None:
    for instance in tiny_instances(0, 60):
        assert every_schedule(instance, NAIVE[policy], every_order) == every_schedule(
            instance, NAIVE[policy], every_order_of_ties
        )


# Round by round, on instances with too many schedules to enumerate.


Decided = tuple[frozenset[RequestId], frozenset[RequestId]]
"""The requests that a round evicts, and those that it admits."""


def first_round_that_no_order_explains(
    schedule: Schedule, make: MakeNaive
) -> tuple[int, set[Decided]] | None:
    """By brute force: in each round state of the schedule, all orders of tied requests are tried.

    Returns the round, and every decision that some order leads to in that round.
    """
    instance = schedule.instance
    scheduler = make(instance.capacity, instance.block_size)
    for now in range(schedule.makespan):
        for request in instance.requests:
            if request.arrival == now:
                scheduler.arrive(request, 0.0)
        for run in schedule.runs:
            if run.outcome == "completed" and run.stop == now:
                scheduler.complete(run.request)
        evicted = {r.request for r in schedule.runs if r.outcome == "evicted" and r.stop == now}
        admitted = {run.request for run in schedule.runs if run.start == now}
        possible: set[Decided] = set()
        for order in every_order_of_ties(scheduler):
            tried = copied(scheduler)
            for rank, request_id in enumerate(order):
                tried.known[request_id].rank = rank
            out, into = tried.decide()
            possible.add((frozenset(out), frozenset(into)))
            if (set(out), set(into)) == (evicted, admitted):
                scheduler = tried
                break
        else:
            return now, possible
        scheduler.generate()
    return None


def larger_instance(rng: random.Random) -> Instance:
    """Two to five requests with ties, blocks, gaps, and a capacity that may be no whole blocks."""
    block_size = rng.choice((1, 1, 2, 3, 4))
    gap = rng.choice((0, 0, 30))
    requests = []
    for request_id in "abcde"[
        : rng.randint(2, 5)
    ]:  # few enough for an explanation to name them all
        output_len = rng.randint(1, 9)
        lower = rng.choice((1, output_len, rng.randint(1, output_len)))
        upper = rng.choice((None, output_len + rng.randint(0, 4)))
        arrival = rng.choice((0, 0, rng.randint(0, 9), gap))
        requests.append(Request(request_id, rng.randint(1, 5), output_len, lower, upper, arrival))
    largest = max(held(r.prompt_len, r.output_len, block_size) for r in requests)
    return Instance(largest + rng.randint(0, largest), tuple(requests), block_size)


def would_be_right(message: str) -> Decided:
    """The evictions and admissions that an explanation says the policy would have made."""
    found = re.search(r"would have evicted (.*?) and admitted (.*?)(?:, with ties|\.)", message)
    assert found is not None
    evicted, admitted = (frozenset(re.findall(r"'(\w)'", names)) for names in found.groups())
    return evicted, admitted


SCHEDULERS: tuple[Policy | ClairvoyantPolicy, ...] = (
    Amin(Shuffled(1)),
    Amax(),
    HindsightShortestFirst(Shuffled(2)),
    FirstComeFirstServed(),
    *(wrong.make() for wrong in WRONG_SCHEDULERS if wrong.claims == "amin"),
)


@pytest.mark.theorem("T6")
@pytest.mark.theorem("T7")
@pytest.mark.parametrize("policy", NAIVE)
@pytest.mark.parametrize("count", [150, pytest.param(2_500, marks=pytest.mark.slow)])
def test_a_departure_is_the_first_round_that_no_order_explains(
    policy: PolicyName, count: int
) -> None:
    right = 0
    for seed in range(count):
        rng = random.Random(f"{policy}/{seed}")
        instance = larger_instance(rng)
        try:
            schedule = simulate(instance, rng.choice(SCHEDULERS))
        except AminError:  # a wrong scheduler may overflow the cache or make no progress
            continue
        if rng.random() < 0.3:  # all runs from some round on start a round late: requests wait
            since = rng.choice(schedule.runs).start
            schedule = Schedule(
                instance,
                tuple(
                    replace(r, start=r.start + 1, stop=r.stop + 1) if r.start >= since else r
                    for r in schedule.runs
                ),
            )
        verdict = conform(schedule, policy)
        if verdict.violations:  # an earlier run of a request was not moved, and overlaps
            continue
        expected = first_round_that_no_order_explains(schedule, NAIVE[policy])
        if expected is None or verdict.departure is None:
            assert (expected, verdict.departure) == (None, None), (seed, schedule)
            right += 1
            continue
        now, possible = expected
        assert verdict.departure.round == now, (seed, schedule)
        assert would_be_right(verdict.departure.message) in possible, (seed, schedule)
    assert count / 20 < right < count * 19 / 20


# Each rule by itself.


def runs(*parts: str) -> tuple[Run, ...]:
    """Runs written as in the notes: ``a 0-2`` completed, ``a 0-1e`` evicted."""
    found = []
    for part in parts:
        request, rounds = part.split()
        start, stop = rounds.removesuffix("e").split("-")
        outcome: Outcome = "evicted" if rounds.endswith("e") else "completed"
        found.append(Run(request, int(start), int(stop), outcome))
    return tuple(found)


THREE = Instance(4, (Request("a", 1, 1), Request("b", 1, 1), Request("c", 2, 1)))

# b can be admitted in a round in which no request arrives, starts or stops.
NO_EVENT = Instance(9, (Request("a", 1, 6, 6, 6), Request("b", 1, 4, 4, 4, 1)))
NO_EVENT_LATER = Instance(9, (Request("a", 1, 6, 6, 6, 3), Request("b", 1, 4, 4, 4, 4)))
NO_EVENT_AFTER_C = replace(NO_EVENT, requests=(*NO_EVENT.requests, Request("c", 1, 7, 7, 7, 4)))

WRONG: tuple[tuple[ConformanceRule, int, tuple[str, ...], Instance, tuple[str, ...]], ...] = (
    (
        "evicted-needlessly",
        1,
        ("a",),
        Instance(9, (Request("a", 1, 3, 1, 3), Request("b", 1, 2, 1, 3))),
        ("a 0-1e", "b 0-2", "a 2-5"),
    ),
    (
        "wrong-victim",
        2,
        ("b", "a"),
        Instance(6, (Request("a", 1, 4, 1, 4), Request("b", 1, 5, 4, 5))),
        ("a 0-4", "b 0-2e", "b 4-9"),
    ),
    (
        "evicted-too-many",
        1,
        ("a", "b"),
        Instance(4, (Request("a", 1, 2, 1, 3), Request("b", 1, 3, 1, 3))),
        ("a 0-1e", "b 0-1e", "a 2-4", "b 4-7"),
    ),
    (
        "readmitted-at-once",
        3,
        ("a",),
        Instance(8, (Request("a", 1, 4), Request("b", 1, 5, 3))),
        ("a 0-3e", "a 3-4e", "b 0-5", "a 5-9"),
    ),
    (
        "admitted-what-cannot-fit",
        0,
        ("a", "b"),
        Instance(5, (Request("a", 1, 2, 2, 4), Request("b", 1, 3, 3, 4))),
        ("a 0-2", "b 0-1e", "b 2-5"),
    ),
    (
        "admitted-out-of-order",
        0,
        ("b", "a"),
        Instance(5, (Request("a", 1, 2, 2, 3), Request("b", 1, 3, 3, 4))),
        ("b 0-3", "a 3-5"),
    ),
    (
        "skipped-the-first",
        0,
        ("c", "b"),
        Instance(4, (Request("a", 1, 2, 1, 2), Request("b", 3, 1, 1, 3), Request("c", 1, 3, 2, 3))),
        ("a 0-2", "c 0-1e", "b 2-3", "c 3-6"),
    ),
    ("stopped-too-early", 1, ("c",), THREE, ("a 0-1", "b 0-1", "c 2-3")),
    # The next tokens fill the cache exactly, and a request is evicted all the same.
    (
        "evicted-needlessly",
        1,
        ("b",),
        Instance(6, (Request("a", 1, 3, 2, 3), Request("b", 1, 3, 2, 3))),
        ("a 0-3", "b 0-1e", "b 3-6"),
    ),
    # Two requests must be evicted, a and b; the schedule evicts a and c.
    (
        "wrong-victim",
        1,
        ("c", "b"),
        Instance(
            15,
            (Request("a", 3, 2, 1, 2), Request("b", 3, 2, 1, 2), Request("c", 3, 3, 2, 3)),
            block_size=4,
        ),
        ("a 0-1e", "b 0-2", "c 0-1e", "a 2-4", "c 4-7"),
    ),
    # a must be evicted; its blocks are enough, so that b, the next in order, may stay.
    (
        "evicted-too-many",
        1,
        ("b",),
        Instance(
            10, (Request("a", 4, 3, 1, 3), Request("b", 1, 3, 2, 3), Request("c", 1, 3, 3, 3))
        ),
        ("a 0-1e", "b 0-1e", "c 0-3", "a 3-6", "b 6-9"),
    ),
    # a completes after one round; b and c overflow the cache in a later round.
    (
        "admitted-what-cannot-fit",
        0,
        ("a", "b", "c"),
        Instance(7, (Request("a", 1, 1, 1, 1), Request("b", 1, 3, 3, 3), Request("c", 1, 3, 3, 3))),
        ("a 0-1", "b 0-3", "c 0-2e", "c 3-6"),
    ),
    # b fits while it runs; a holds more in later rounds, which does not matter.
    (
        "stopped-too-early",
        1,
        ("b",),
        Instance(10, (Request("a", 1, 8, 8, 8), Request("b", 2, 3, 3, 3, 1))),
        ("a 0-8", "b 8-11"),
    ),
    # What a scheduler decides that raises each lower bound a token late, and no correct one.
    (
        "refined-too-late",
        6,
        ("b",),
        Instance(
            15,
            (Request("a", 4, 9, 6, 9, 2), Request("b", 4, 8, 2, 8, 1), Request("c", 4, 6, 1, 6, 1)),
        ),
        (
            *("b 1-4e", "c 1-6e", "a 4-13", "b 6-8e", "b 9-10e", "b 13-16e", "c 13-19"),
            *("b 17-18e", "b 19-27"),
        ),
    ),
    # By upper bounds b and c tie, so b may be tried first; it does not fit, and admission stops.
    (
        "read-the-upper-bound",
        0,
        ("a", "c"),
        Instance(
            13, (Request("a", 1, 6, 6, 6), Request("b", 1, 9, 9, 9), Request("c", 5, 1, 1, 9))
        ),
        ("a 0-6", "b 1-10", "c 1-2"),
    ),
    # By lower bounds, 1 token each, both fit together; by upper bounds b is admitted alone.
    (
        "read-the-upper-bound",
        0,
        ("a",),
        Instance(4, (Request("a", 1, 1, 1, 3), Request("b", 1, 1, 1, 2))),
        ("b 0-1", "a 1-2"),
    ),
    # The same where b has no upper bound: by upper bounds, each reserves the whole cache.
    (
        "read-the-upper-bound",
        0,
        ("b",),
        Instance(4, (Request("a", 1, 1, 1, 3), Request("b", 1, 1, 1))),
        ("a 0-1", "b 1-2"),
    ),
    # Without upper bounds the departure is not called read-the-upper-bound.
    (
        "stopped-too-early",
        0,
        ("b",),
        Instance(4, (Request("a", 1, 1, 1), Request("b", 1, 1, 1))),
        ("a 0-1", "b 1-2"),
    ),
    # Where u = o, a schedule does not show which of the two was read: neither is named.
    (
        "stopped-too-early",
        0,
        ("b",),
        Instance(4, (Request("a", 1, 3, 1, 3), Request("b", 1, 3, 1, 3))),
        ("a 0-3", "b 3-6"),
    ),
    # a was evicted with 2 tokens, so ℓ̃ = 2; with ℓ = 1, c would fit beside it.
    (
        "forgot-what-it-learnt",
        4,
        ("a", "c"),
        Instance(7, (Request("a", 2, 3, 1, 4), Request("b", 1, 4, 1, 4), Request("c", 2, 3, 2, 3))),
        ("a 0-2e", "b 0-4", "c 2-3e", "a 4-5e", "c 4-7", "a 7-10"),
    ),
    # b fits beside the end of a in round 5 (8), in which no request arrives, starts or stops.
    ("stopped-too-early", 5, ("b",), NO_EVENT, ("a 0-6", "b 6-10")),
    ("stopped-too-early", 8, ("b",), NO_EVENT_LATER, ("a 3-9", "b 9-13")),
    # The same after another request, c, has arrived.
    ("stopped-too-early", 5, ("b",), NO_EVENT_AFTER_C, ("a 0-6", "b 6-10", "c 7-14")),
)


def test_tied_requests_may_be_evicted_in_any_order() -> None:
    """If a is evicted first, b may stay; if b is evicted first, a must be evicted as well."""
    requests = (Request("a", 7, 2, 1), Request("b", 1, 2, 1), Request("c", 3, 3, 2))
    schedule = simulate(Instance(16, requests, block_size=4), Amin(Ranking(("b", "a", "c"))))
    assert {run.request for run in schedule.runs if run.outcome == "evicted"} == {"a", "b"}
    assert conform(schedule).conforms


def test_an_admission_in_a_round_without_other_events_conforms() -> None:
    assert conform(Schedule(NO_EVENT, runs("a 0-6", "b 5-9"))).conforms
    assert conform(Schedule(NO_EVENT_LATER, runs("a 3-9", "b 8-12"))).conforms


@pytest.mark.theorem("T6")
@pytest.mark.theorem("T7")
@pytest.mark.parametrize(("rule", "now", "requests", "instance", "written"), WRONG)
def test_a_departure_names_the_rule_the_round_and_the_requests(
    rule: ConformanceRule,
    now: int,
    requests: tuple[str, ...],
    instance: Instance,
    written: tuple[str, ...],
) -> None:
    verdict = conform(Schedule(instance, runs(*written)))
    assert verdict.violations == ()
    assert verdict.departure is not None
    assert (verdict.departure.rule, verdict.departure.round) == (rule, now)
    assert verdict.departure.requests == requests
    assert verdict.departure.message.startswith(f"round {now}: ")


@pytest.mark.theorem("T6")
@pytest.mark.theorem("T7")
@pytest.mark.parametrize(("rule", "now", "requests", "instance", "written"), WRONG)
def test_a_departure_in_a_second_busy_period_names_the_same(
    rule: ConformanceRule,
    now: int,
    requests: tuple[str, ...],
    instance: Instance,
    written: tuple[str, ...],
) -> None:
    """The schedules above, nine rounds later, after a busy period of another request."""
    later = tuple(replace(r, arrival=r.arrival + 9) for r in instance.requests)
    moved = tuple(replace(r, start=r.start + 9, stop=r.stop + 9) for r in runs(*written))
    before = Request("before", 1, 1, 1, 1, arrival=2)
    schedule = Schedule(replace(instance, requests=(before, *later)), (*runs("before 2-3"), *moved))
    departure = conform(schedule).departure
    assert departure is not None
    assert (departure.rule, departure.round) == (rule, now + 9)
    assert departure.requests == requests


def rules(policy: Policy, name: PolicyName = "amin", seeds: int = 400) -> set[ConformanceRule]:
    """Every rule that a policy is found to break on small instances."""
    found: set[ConformanceRule] = set()
    for seed in range(seeds):
        verdict = conform(simulate(small_instance(random.Random(seed)), policy), name)
        if verdict.departure is not None:
            found.add(verdict.departure.rule)
    return found


def small_instance(rng: random.Random) -> Instance:
    """Up to six requests that compete; the cache holds two or three of them."""
    requests = []
    for request_id in "abcdef"[: rng.randint(2, 6)]:
        output_len = rng.randint(1, 8)
        lower = rng.randint(1, output_len) if rng.random() < 0.6 else 1
        upper = output_len + rng.randint(0, 4)
        arrival = rng.choice((0, 0, rng.randint(0, 9)))
        requests.append(Request(request_id, rng.randint(1, 4), output_len, lower, upper, arrival))
    largest = max(request.prompt_len + request.output_len for request in requests)
    return Instance(largest + rng.randint(0, largest), tuple(requests), 1)


@pytest.mark.parametrize(
    ("policy", "rule"),
    [
        (NeverRefines(), "did-not-refine"),
        (EvictsLargest(), "wrong-victim"),
        (EvictsNewest(), "wrong-victim"),
        (NeverLooksAhead(), "admitted-what-cannot-fit"),
        (SortsByPromptAndLower(), "admitted-out-of-order"),
        (FirstComeFirstServed(), "admitted-out-of-order"),
        (Amax(), "read-the-upper-bound"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_a_variant_is_refused_by_the_rule_that_it_breaks(
    policy: Policy, rule: ConformanceRule
) -> None:
    assert rule in rules(policy)


def test_schedules_of_h_sf_are_refused_for_amin() -> None:
    instance = Instance(6, (Request("a", 1, 4), Request("b", 1, 2), Request("c", 1, 4)))
    departure = conform(simulate(instance, HindsightShortestFirst())).departure
    assert departure is not None
    assert departure.rule == "read-the-output-length"
    assert "if it knew the output lengths before completion (T5)" in departure.message


def test_h_sf_is_refused_for_amax_and_amax_for_h_sf() -> None:
    """The rule names what the other policy reads: output lengths or upper bounds."""
    requests = (Request("a", 1, 4, 1, 4), Request("b", 1, 2, 1, 5), Request("c", 1, 3, 1, 4))
    instance = Instance(6, requests)
    departure = conform(simulate(instance, HindsightShortestFirst()), "amax").departure
    assert departure is not None
    assert departure.rule == "read-the-output-length"
    departure = conform(simulate(instance, Amax()), "h-sf").departure
    assert departure is not None
    assert departure.rule == "read-the-upper-bound"


def test_schedules_of_amin_are_refused_for_amax_and_h_sf() -> None:
    """Amax and H-SF never evict: they admit a request only if it fits until it completes."""
    instance = Instance(6, (Request("a", 1, 4, 1, 4), Request("b", 1, 4, 1, 4)))
    schedule = simulate(instance, Amin())
    for policy in ("amax", "h-sf"):
        departure = conform(schedule, policy).departure
        assert departure is not None
        assert departure.rule == "admitted-what-cannot-fit"
    late = Schedule(instance, runs("a 0-1e", "a 1-5", "b 5-9"))
    departure = conform(late, "amax").departure
    assert departure is not None
    assert (departure.round, departure.rule) == (1, "evicted-needlessly")


# Tie-breaks.


def test_ties_may_be_broken_differently_in_every_round() -> None:
    """Decision D31: c is next in round 0, b in round 1; no fixed ranking does that."""
    schedule = Schedule(THREE, runs("a 0-1", "b 1-2", "c 2-3"))
    assert conform(schedule).conforms
    for order in permutations("abc"):
        assert not conform(schedule, ties=Ranking(order)).conforms


def test_a_rank_that_is_no_number_is_refused() -> None:
    class NoNumber(TieBreak):
        def rank(self, request: VisibleRequest) -> float:
            return float("nan")

    with pytest.raises(InvalidValue, match="ranks must be ordered"):
        conform(simulate(THREE, Amin()), ties=NoNumber())


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(InvalidValue, match="give one of amin, amax, h-sf, fcfs"):
        conform(simulate(THREE, Amin()), "sjf")  # type: ignore[arg-type]  # that is the point


# Arrivals, gaps, sizes.


def test_a_gap_of_2_to_the_52_rounds_is_skipped() -> None:
    far = 2**52
    requests = (Request("a", 1, 2), Request("b", 1, 2, arrival=far), Request("c", 1, 1, arrival=5))
    verdict = conform(simulate(Instance(9, requests), Amin()))
    assert verdict.conforms
    assert verdict.rounds == 2 + 2 + 1


def test_a_request_left_waiting_for_a_million_rounds_is_reported_at_its_arrival() -> None:
    instance = Instance(9, (Request("a", 1, 2), Request("b", 1, 2, arrival=3)))
    verdict = conform(Schedule(instance, runs("a 0-2", "b 1000000-1000002")))
    assert verdict.departure is not None
    assert (verdict.departure.round, verdict.rounds) == (3, 3)


def test_a_departure_in_a_cache_of_2_to_the_40_tokens_is_explained() -> None:
    """With M - s in place of an unknown upper bound, a plan covers 2**40 rounds."""
    instance = Instance(2**40, (Request("a", 1, 2),))
    departure = conform(Schedule(instance, runs("a 1-3"))).departure
    assert departure is not None
    assert departure.rule == "stopped-too-early"


def test_an_empty_schedule_conforms() -> None:
    verdict = conform(Schedule(Instance(1, ()), ()))
    assert verdict.conforms
    assert verdict.rounds == 0


# Explanations.


def test_an_explanation_has_state_decision_rule_and_right_decision() -> None:
    instance = Instance(6, (Request("a", 1, 4, 1, 4), Request("b", 1, 5, 4, 5)))
    departure = conform(Schedule(instance, runs("a 0-4", "b 0-2e", "b 4-9"))).departure
    assert departure is not None
    assert departure.message == (
        "round 2: the cache has 6 tokens; running: 'a' (prompt 1, assumed 2, 2 generated), "
        "'b' (prompt 1, assumed 4, 2 generated), whose next tokens need 8 tokens of cache; "
        "waiting: none. The schedule has evicted 'b' and admitted none. Requests are "
        "evicted by assumed length, then tie-break rank: 'b' only after 'a'. Amin would have "
        "evicted 'a' and admitted none, with ties broken in favour of what the schedule did."
    )


def test_an_explanation_names_five_requests_and_counts_the_others() -> None:
    instance = Instance(10**6, tuple(Request(f"request {i}", 1, 1) for i in range(500)))
    late = tuple(Run(request.id, 1, 2, "completed") for request in instance.requests)
    departure = conform(Schedule(instance, late)).departure
    assert departure is not None
    assert "and 495 more" in departure.message
    assert len(departure.message) < 1000


@given(st.data(), schedules(inexactly_predicted))
def test_every_explanation_is_one_line_with_a_decision_that_would_be_right(
    data: st.DataObject, schedule: Schedule
) -> None:
    ties = data.draw(st.none() | tie_breaks(schedule.instance))
    departure = conform(schedule, ties=ties).departure
    event("conforms" if departure is None else departure.rule)
    if departure is not None:
        assert departure.message.startswith(f"round {departure.round}: ")
        assert "\n" not in departure.message
        done, would_be_right = re.findall(
            r"evicted (.*?) and admitted (.*?)(?:, with ties|\.)", departure.message
        )
        assert done != would_be_right
        assert departure.requests


# Speed.


def processor_seconds(work: Callable[[], object]) -> float:
    """The least of three."""
    spent = []
    for _ in range(3):
        begun = time.process_time()
        work()
        spent.append(time.process_time() - begun)
    return min(spent)


@pytest.mark.slow
def test_conform_takes_at_most_five_times_what_the_simulation_takes() -> None:
    instance = build_instance(
        "chat", requests=2000, capacity=16_492, prediction=Rough(1, 1000)
    ).instance
    schedule = simulate(instance, Amin())
    simulating = processor_seconds(lambda: simulate(instance, Amin(), compiled=False))
    assert processor_seconds(lambda: conform(schedule)) < 5 * simulating
    assert conform(schedule).conforms


@pytest.mark.slow
def test_an_explanation_takes_at_most_fifty_times_what_the_simulation_takes() -> None:
    """All requests arrive at once and fit, so the right decision admits all 2,000 of them."""
    instance = build_instance("chat", requests=2000, capacity=10**6, prediction=Exact()).instance
    late = tuple(Run(r.id, 1, 1 + r.output_len, "completed") for r in instance.requests)
    schedule = Schedule(instance, late)
    simulating = processor_seconds(lambda: simulate(instance, Amin(), compiled=False))
    assert processor_seconds(lambda: conform(schedule)) < 50 * simulating
    departure = conform(schedule).departure
    assert departure is not None
    assert departure.rule == "stopped-too-early"
    assert departure.message.endswith(
        "and 1995 more, with ties broken in favour of what the schedule did."
    )


def test_conform_takes_at_most_ten_times_what_the_simulation_of_a_small_instance_takes() -> None:
    instances = [small_instance(random.Random(seed)) for seed in range(300)]
    schedules = [simulate(instance, Amin()) for instance in instances]
    simulating = processor_seconds(lambda: [simulate(each, Amin()) for each in instances])
    assert processor_seconds(lambda: [conform(each) for each in schedules]) < 10 * simulating


@pytest.mark.theorem("T6")
@given(arbitrary_schedules() | schedules(), st.sampled_from(POLICY_NAMES))
def test_a_plan_by_request_gives_the_verdict_of_a_plan_by_round(
    schedule: Schedule, policy: PolicyName
) -> None:
    """Verdict, round, requests and message: of schedules that conform and of others."""
    by_round = conform(schedule, policy)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("amin_ref.conformance.plan.LONGEST_PLAN", 0)
        assert conform(schedule, policy) == by_round
    event(f"departs: {by_round.departure is not None}, valid: {not by_round.violations}")


@pytest.mark.parametrize(
    "seed", [*range(5), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(5, 20))]
)
def test_a_plan_by_request_gives_the_verdict_of_a_plan_by_round_for_60_requests(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each schedule is also judged by the rules of the other policies."""
    rng = random.Random(seed)
    requests = []
    for number in range(60):
        output_len = rng.randint(1, 40)
        lower, upper = rng.randint(1, output_len), output_len + rng.randint(0, 30)
        arrival = rng.randint(0, 200)
        requests.append(Request(number, rng.randint(1, 30), output_len, lower, upper, arrival))
    instance = Instance(rng.choice((130, 200)), requests, rng.choice((1, 3, 16)))
    made = [simulate(instance, policy) for policy in (Amin(), Amax(), FirstComeFirstServed())]
    late = [
        # In round 0 nothing is admitted, although something fits.
        Schedule(
            instance, [replace(run, start=run.start + 9, stop=run.stop + 9) for run in made[0].runs]
        )
    ]
    found = [conform(schedule, policy) for schedule in (*made, *late) for policy in POLICY_NAMES]
    monkeypatch.setattr("amin_ref.conformance.plan.LONGEST_PLAN", 0)
    again = [conform(schedule, policy) for schedule in (*made, *late) for policy in POLICY_NAMES]
    assert again == found
    assert {verdict.conforms for verdict in found} == {True, False}


@given(st.data(), st.integers(1, 5), st.integers(1, 60))
def test_plans_find_the_first_round_in_which_a_request_fits(
    data: st.DataObject, block_size: int, capacity: int
) -> None:
    """Both plans skip rounds; this test adds up the occupancy of every round."""
    whole = capacity // block_size * block_size
    small = st.integers(1, max(1, whole // 3))
    running = data.draw(st.lists(st.tuples(small, st.integers(1, 12)), max_size=4))
    prompt_len, assumed = data.draw(st.tuples(small, st.integers(1, 12)))
    # The running requests complete after all rounds that are searched.
    instance = Instance(10**6, [Request(i, s, 30) for i, (s, _) in enumerate(running)], block_size)
    held_by = [TracedRun(Run(i, 0, 30, "completed"), s) for i, (s, _) in enumerate(running)]
    period = ScheduledBusyPeriod(0, 30, instance.requests, held_by, {})

    def occupied(tokens: int) -> int:
        return -(-tokens // block_size) * block_size

    def fits(now: int) -> bool:
        rounds = range(now, now + assumed)
        return all(
            occupied(prompt_len + age)
            + sum(occupied(s + t + 1) for s, left in running if t == now or t < left)
            <= capacity
            for age, t in enumerate(rounds, start=1)
        )

    right = next((now for now in range(20) if fits(now)), None)
    if right is not None and right > 0:
        event("later")
    instance = replace(instance, capacity=10**6)
    for plan in (PlanByRound(instance, period, 40), LongPlan(instance, period)):
        for prompt, left in running:
            plan.add(0, prompt, left)
        object.__setattr__(plan, "_capacity", capacity)
        assert plan.first_fit(0, 20, prompt_len, assumed) == right, plan


def test_one_long_request_takes_no_memory_for_its_rounds() -> None:
    """It has as many rounds as the JSON format allows: an array of them would exceed any memory."""
    most = 2**53 - 9
    requests = [Request("long", 1, most, lower=most), Request("short", 9, 4, arrival=3)]
    instance = Instance(2**53 - 1, requests)

    def verdict(instance: Instance, start: int) -> Conformance:
        later = Run("short", start, start + 4, "completed")
        return conform(Schedule(instance, [Run("long", 0, most, "completed"), later]))

    assert verdict(instance, 3).conforms
    departure = verdict(instance, 2**40).departure
    assert departure is not None
    assert (departure.rule, departure.round) == ("stopped-too-early", 3)
    # A prompt that leaves room for 20 tokens of the other request, and arrives in round 30.
    large = replace(requests[1], prompt_len=2**53 - 20, arrival=30)
    assert verdict(replace(instance, requests=(requests[0], large)), most).conforms


def test_a_bug_is_offered_only_where_its_bounds_differ_from_others() -> None:
    """Where u = o, reading o and reading u are one bug; without u, none reads it."""
    bounds = {
        "u = o": Request("a", 1, 3, 1, 3),
        "no u": Request("a", 1, 3, 1),
        "o < u": Request("a", 1, 3, 1, 4),
    }
    offered = {
        name: {bug.rule for bug in recognisable_bugs("amin", Instance(9, (request,)))}
        for name, request in bounds.items()
    }
    assert "read-the-output-length" not in offered["u = o"]
    assert "read-the-upper-bound" not in offered["no u"]
    assert {"read-the-upper-bound", "read-the-output-length"} <= offered["o < u"]
    assert all("did-not-refine" in rules for rules in offered.values())

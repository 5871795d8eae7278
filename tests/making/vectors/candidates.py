"""Vectors to choose from: random small instances, with verdicts by brute force.

Right schedules come from the naive policies, tie-break by tie-break
(:mod:`tests.models.every_tie`). They also determine the wrong round of a wrong schedule: the first
round in which no right schedule makes the same decision.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import permutations

from amin_ref import (
    AminError,
    Instance,
    Ranking,
    Request,
    RequestId,
    Run,
    Schedule,
    check,
    conform,
    simulate,
)
from amin_ref.families import adaptive, staggered
from amin_ref.policies.names import title_of
from amin_ref.vectors import RULES, Vector, VectorPolicy
from tests.models.every_tie import MakeNaive, TooMany, every_schedule
from tests.models.naive import (
    NaiveAlphaGreedy,
    NaiveAmax,
    NaiveAmin,
    NaiveAminByVolume,
    NaiveDoubling,
    NaiveFirstCome,
    NaiveHindsight,
    NaiveMCBenchmark,
    NaiveShortestPredicted,
    NaiveSmallestVolume,
    held,
    naive_amin,
    naive_faults,
    naive_schedule,
)
from tests.models.wrong_schedulers import WRONG

NAIVE: dict[VectorPolicy, MakeNaive] = {
    "amin": NaiveAmin,
    "amax": NaiveAmax,
    "h-sf": NaiveHindsight,
    "fcfs": NaiveFirstCome,
    "svf": NaiveSmallestVolume,
    "amin-by-volume": NaiveAminByVolume,
    "sjf": NaiveShortestPredicted,
    "doubling": NaiveDoubling,
    "mc-benchmark": NaiveMCBenchmark,
    "alpha-greedy": NaiveAlphaGreedy,
}
WITHOUT_FREEDOM: tuple[VectorPolicy, ...] = (
    "svf",
    "amin-by-volume",
    "sjf",
    "doubling",
    "mc-benchmark",
    "alpha-greedy",
)
"""Policies whose vectors are instances of which every tie-break makes the same schedule."""

MOST_SCHEDULES = 6
"""The largest number of schedules of one vector, so that vectors stay readable."""


class PortableRandom:
    """Random numbers that are the same under every version of Python."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def number(self, least: int, most: int) -> int:
        """A whole number from ``least`` to ``most``, all equally likely."""
        return least + int(self._random.random() * (most - least + 1))

    def chance(self, share: float) -> bool:
        """True with probability ``share``."""
        return self._random.random() < share

    def order(self, ids: Iterable[RequestId]) -> tuple[RequestId, ...]:
        """A random order."""
        return tuple(sorted(ids, key=lambda _: self._random.random()))


def drawn_instance(rng: PortableRandom, most_requests: int = 5) -> Instance:
    """Two to ``most_requests`` requests that do not always fit into the cache together."""
    block_size = (1, 1, 2, 4)[rng.number(0, 3)]
    lowest = rng.chance(0.4)
    equal_prompts = rng.number(1, 3) if rng.chance(0.4) else None
    latest = rng.number(1, 6) if rng.chance(0.4) else 0
    requests = []
    for request_id in "abcdef"[: rng.number(2, most_requests)]:
        output_len = rng.number(1, 7)
        requests.append(
            Request(
                request_id,
                equal_prompts or rng.number(1, 5),
                output_len,
                1 if lowest else rng.number(1, output_len),
                None if rng.chance(0.3) else output_len + rng.number(0, 4),
                rng.number(0, latest),
            )
        )
    largest = max(held(request.prompt_len, request.output_len, block_size) for request in requests)
    return Instance(largest + rng.number(0, largest), tuple(requests), block_size)


def right(policy: VectorPolicy, count: int) -> Iterator[Vector]:
    """Vectors with all schedules that the policy can make, one for each way to break ties."""
    for index in range(count):
        instance = drawn_instance(PortableRandom(f"{policy}/{index}"))
        try:
            schedules = every_schedule(instance, NAIVE[policy], most=40)
        except TooMany:
            continue
        if len(schedules) <= MOST_SCHEDULES:
            yield _right(policy, None, schedules)


def right_without_freedom(policy: VectorPolicy, count: int) -> Iterator[Vector]:
    """Vectors of instances that have the same schedule under every tie-break."""
    for index in range(count):
        instance = drawn_instance(PortableRandom(f"{policy}/{index}"), most_requests=4)
        schedules = under_every_ranking(policy, instance)
        if len(schedules) == 1:
            yield _right(policy, None, schedules)


def under_every_ranking(policy: VectorPolicy, instance: Instance) -> frozenset[Schedule]:
    """The schedules that the naive policy makes, under all fixed orders of ties."""
    return frozenset(
        naive_schedule(
            instance,
            NAIVE[policy](instance.capacity, instance.block_size),
            {request: float(rank) for rank, request in enumerate(order)},
        )
        for order in permutations(instance.by_id)
    )


def right_with_ties(count: int) -> Iterator[Vector]:
    """Vectors with a given order of ties, under which Amin makes one schedule."""
    for index in range(count):
        rng = PortableRandom(f"ties/{index}")
        instance = drawn_instance(rng)
        order = rng.order(instance.by_id)
        schedule = naive_amin(instance, {request: rank for rank, request in enumerate(order)})
        yield _right("amin", order, [schedule])


def family_instances() -> tuple[Instance, ...]:
    """The smallest of the families of T15: Amin serves requests in the order of rank there."""
    return staggered(1, 2, 1, 1, 2), staggered(1, 3, 1, 1, 2), adaptive(1, 1, 4, 1, 3, 2)


def of_families() -> tuple[Vector, ...]:
    """Vectors of instances on which Amin is far from the optimum (T15), in the order of rank."""
    return tuple(
        _right(
            "amin",
            tuple(instance.by_id),
            [naive_amin(instance, {request: rank for rank, request in enumerate(instance.by_id)})],
        )
        for instance in family_instances()
    )


def _right(
    policy: VectorPolicy, ties: tuple[RequestId, ...] | None, schedules: Iterable[Schedule]
) -> Vector:
    in_order = sorted(schedules, key=lambda schedule: (schedule.total_latency, str(schedule.runs)))
    return Vector(
        id=1,
        comment=_described(policy, in_order, ties is not None),
        flags=(),
        policy=policy,
        ties=ties,
        result="valid" if len(in_order) == 1 else "acceptable",
        schedules=tuple(in_order),
    )


def _described(policy: VectorPolicy, schedules: Sequence[Schedule], is_ordered: bool) -> str:
    instance = schedules[0].instance
    requests = instance.requests
    parts = [f"{len(requests)} requests"]
    parts.append(
        "equal prompts" if len({r.prompt_len for r in requests}) == 1 else "unequal prompts"
    )
    if instance.block_size > 1:
        parts.append(f"blocks of {instance.block_size}")
    if any(request.arrival for request in requests):
        parts.append("arrivals")
    evictions = sorted({schedule.evictions for schedule in schedules})
    parts.append(
        f"{title_of(policy)} evicts {' or '.join(map(str, evictions))} times"
        if evictions[-1]
        else f"{title_of(policy)} evicts no request"
    )
    if is_ordered:
        parts.append("ties broken in the order given")
    elif len(schedules) > 1:
        parts.append(f"{len(schedules)} schedules, depending on ties")
    return ", ".join(parts) + "."


def not_valid(count: int) -> Iterator[Vector]:
    """Vectors of invalid schedules: valid ones with one change, which breaks one rule."""
    for index in range(count):
        rng = PortableRandom(f"not valid/{index}")
        instance = drawn_instance(rng, most_requests=3)
        ranks = {request: float(place) for place, request in enumerate(instance.by_id)}
        schedule = naive_schedule(
            instance, NaiveAmin(instance.capacity, instance.block_size), ranks
        )
        damaged = _damaged(rng, schedule)
        if len(naive_faults(damaged)) == 1:
            yield _faulty(damaged)


def _faulty(schedule: Schedule) -> Vector:
    """The vector of a schedule that breaks one rule, which the checker must report."""
    ((rule, now, _),) = naive_faults(schedule)
    (violation,) = check(schedule)
    return Vector(
        id=1,
        comment=violation.message,
        flags=(),
        policy=None,
        ties=None,
        result="invalid",
        schedules=(schedule,),
        rule=rule,
        round=now,
    )


def _damaged(rng: PortableRandom, schedule: Schedule) -> Schedule:
    """A schedule with one run, or the instance, changed."""
    runs = list(schedule.runs)
    place = rng.number(0, len(runs) - 1)
    run = runs[place]
    kind = rng.number(0, 7)
    instance = schedule.instance
    match kind:
        case 0:
            del runs[place]
        case 1:
            start = rng.number(0, schedule.makespan + 2)
            runs.append(replace(run, start=start, stop=start + run.length))
        case 2:
            stop = max(run.start, run.stop + rng.number(-2, 2))
            runs[place] = replace(run, stop=stop)
        case 3:
            start = max(0, run.start - rng.number(1, 3))
            runs[place] = replace(run, start=start, stop=start + run.length)
        case 4:
            start = schedule.makespan + rng.number(0, 2)
            length = rng.number(0, instance.by_id[run.request].output_len)
            runs.append(Run(run.request, start, start + length, "evicted"))
        case 5:
            later = rng.number(1, 3)
            first = [replace(r, start=r.start + later, stop=r.stop + later) for r in runs]
            length = min(later, instance.by_id[run.request].output_len)
            arrival = instance.by_id[run.request].arrival
            runs = [*first, Run(run.request, arrival, arrival + length, "evicted")]
        case 6:
            try:
                instance = replace(instance, capacity=instance.capacity - rng.number(1, 3))
            except AminError:
                return schedule
        case _:
            start = rng.number(run.start, run.stop)
            runs.append(Run(run.request, start, start + 1, "evicted"))
    return Schedule(instance, tuple(runs))


class Straying(NaiveAmin):
    """Amin that makes another decision, random but valid, in one round."""

    def __init__(self, instance: Instance, rng: PortableRandom) -> None:
        super().__init__(instance.capacity, instance.block_size)
        self._rng = rng
        self._rounds_left = rng.number(0, 8)

    def decide(self) -> tuple[list[RequestId], list[RequestId]]:
        self._rounds_left -= 1
        if self._rounds_left != 0:
            return super().decide()
        for request, tokens in self.generated.items():
            self.known[request].assumed = max(self.known[request].assumed, tokens)
        evicted = []
        for request in self._rng.order(self.generated):
            if self.overflows(self.generated) or self._rng.chance(0.15):
                del self.generated[request]
                evicted.append(request)
        admitted = []
        candidates = [*self.waiting, *evicted] if self._rng.chance(0.3) else [*self.waiting]
        for request in self._rng.order(sorted(map(str, candidates))):
            if self._rng.chance(0.6) and not self.overflows([*self.generated, request]):
                self.generated[request] = 0
                self.waiting.discard(request)
                admitted.append(request)
        self.waiting |= set(evicted) - set(admitted)
        return evicted, admitted

    def held_in(self, rounds: int, more: Mapping[RequestId, int]) -> int:
        """As in the base class; requests that do not run count from their first token."""
        return sum(
            held(self.known[i].prompt_len, self.generated.get(i, 0) + rounds + 1, self.block_size)
            for i in more
            if more[i] > rounds
        )


def not_amins(count: int) -> Iterator[Vector]:
    """Vectors of valid schedules that Amin could not have made: of wrong schedulers, or strayed."""
    for index in range(count):
        rng = PortableRandom(f"not Amin's/{index}")
        instance = drawn_instance(rng, most_requests=4)
        try:
            rights = every_schedule(instance, NaiveAmin, most=100)
        except TooMany:
            continue
        wrong = WRONG[rng.number(0, len(WRONG) - 1)]
        for schedule in (_strayed(instance, rng), _made_by(wrong.make, instance)):
            if schedule is not None and schedule not in rights:
                yield _refused(schedule, None, rights)


def not_in_this_order(count: int) -> Iterator[Vector]:
    """Vectors of Amin's schedules under another order of ties than the given one."""
    for index in range(count):
        rng = PortableRandom(f"another order/{index}")
        instance = drawn_instance(rng, most_requests=4)
        orders = rng.order(instance.by_id), rng.order(instance.by_id)
        own, other = (
            naive_amin(instance, {request: rank for rank, request in enumerate(order)})
            for order in orders
        )
        if own != other:
            yield _refused(other, orders[0], [own])


def _strayed(instance: Instance, rng: PortableRandom) -> Schedule | None:
    ranks = {request: float(place) for place, request in enumerate(instance.by_id)}
    schedule = naive_schedule(instance, Straying(instance, rng), ranks)
    return None if naive_faults(schedule) else schedule


def _made_by(make: type, instance: Instance) -> Schedule | None:
    try:
        return simulate(instance, make())
    except Exception:  # noqa: BLE001 - they are wrong, and may do anything
        return None


def _refused(
    schedule: Schedule, ties: tuple[RequestId, ...] | None, rights: Iterable[Schedule]
) -> Vector:
    order = None if ties is None else Ranking(ties)
    departure = conform(schedule, ties=order).departure
    assert departure is not None, "conform accepts a schedule that is none of the right ones"
    assert departure.round == first_wrong_round(schedule, rights)
    return Vector(
        id=1,
        comment=departure.message,
        flags=(),
        policy="amin",
        ties=ties,
        result="invalid",
        schedules=(schedule,),
        rule=next(rule for rule in RULES if rule == departure.rule),
        round=departure.round,
    )


def recomputed(vector: Vector) -> Vector:
    """The vector of the same instance (and the same schedule, if invalid), all else recomputed."""
    if vector.result == "invalid" and vector.policy is None:
        return _faulty(vector.schedules[0])
    assert vector.policy is not None
    if vector.policy in WITHOUT_FREEDOM:
        rights = under_every_ranking(vector.policy, vector.instance)
    elif vector.ties is None:
        rights = every_schedule(vector.instance, NAIVE[vector.policy])
    else:
        ranks = {request: float(rank) for rank, request in enumerate(vector.ties)}
        rights = frozenset({naive_amin(vector.instance, ranks)})
    if vector.result == "invalid":
        assert vector.schedules[0] not in rights
        return _refused(vector.schedules[0], vector.ties, rights)
    return _right(vector.policy, vector.ties, rights)


def first_wrong_round(schedule: Schedule, rights: Iterable[Schedule]) -> int:
    """The first round up to which no right schedule has made all of this schedule's decisions."""
    longest = 0
    mine = _decisions_by_round(schedule)
    for other in rights:
        theirs = _decisions_by_round(other)
        last = max((*mine, *theirs))
        same = next((now for now in range(last + 1) if mine.get(now) != theirs.get(now)), last)
        longest = max(longest, same)
    return longest


def _decisions_by_round(schedule: Schedule) -> dict[int, frozenset[tuple[str, RequestId]]]:
    """The evictions and admissions of each round that has any."""
    found: dict[int, frozenset[tuple[str, RequestId]]] = {}
    for run in schedule.runs:
        found[run.start] = found.get(run.start, frozenset()) | {("admit", run.request)}
        if run.outcome == "evicted":
            found[run.stop] = found.get(run.stop, frozenset()) | {("evict", run.request)}
    return found


def candidates() -> list[Vector]:
    """All different candidates, the smallest first."""
    found = [
        *right("amin", 400),
        *right_with_ties(100),
        *right("amax", 90),
        *right("h-sf", 90),
        *right("fcfs", 120),
        *not_valid(350),
        *not_amins(500),
        *not_in_this_order(40),
        *(vector for policy in WITHOUT_FREEDOM for vector in right_without_freedom(policy, 150)),
    ]
    different = {(vector.policy, vector.ties, vector.schedules): vector for vector in found}
    return sorted(different.values(), key=size)


def size(vector: Vector) -> tuple[int, int, int, int]:
    """A sort key: vectors with fewer requests, schedules and tokens are easier to follow."""
    requests = vector.instance.requests
    tokens = sum(request.prompt_len + request.output_len for request in requests)
    return len(requests), len(vector.schedules), tokens, vector.instance.capacity

"""By brute force: the first round of a schedule that a policy cannot have made, on any machine.

The policy is the naive engine. In every round it tries every order of the requests that tie. A
schedule does not show in which order the requests of one round were admitted, so every order that
agrees with the schedule so far is kept.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, replace
from itertools import groupby, permutations, product

from amin_ref import Request, RequestId, Run, Schedule
from tests.models.naive_engine import NaiveEngine, Name, Served

Computed = dict[RequestId, int]


@dataclass(frozen=True)
class Decided:
    """What happens in a round.

    Attributes:
        evicted: the requests evicted at its start.
        admitted: the requests that start in it.
        computed: the tokens that each running request computes, by id, in sorted order.
    """

    evicted: frozenset[RequestId]
    admitted: frozenset[RequestId]
    computed: tuple[tuple[RequestId, int], ...]


@dataclass(frozen=True)
class NoOrder:
    """A round that no order explains, and everything that some order leads to in it."""

    now: int
    possible: frozenset[Decided]


def copied(engine: NaiveEngine) -> NaiveEngine:
    """A copy of the engine in its present state, on which a round can be tried."""
    found = copy(engine)
    found.running = [replace(each, computed=list(each.computed)) for each in engine.running]
    found.waiting = [replace(each, computed=list(each.computed)) for each in engine.waiting]
    found.runs, found.gone = list(engine.runs), dict(engine.gone)
    return found


def every_order(engine: NaiveEngine) -> Iterator[tuple[RequestId, ...]]:
    """One order of all requests for each way to break the ties of the coming round."""
    served = {each.request.id: each for each in (*engine.running, *engine.waiting)}

    def tied(request: Request) -> int:
        if engine.policy == "fcfs":
            return request.arrival
        each = served.get(request.id)
        if each is None:
            return engine.first_bound(request)
        return max(each.assumed, each.generated) if engine.policy != "h-sf" else each.assumed

    in_order = sorted(engine.instance.requests, key=tied)
    present = [r for r in in_order if r.id in served or r.arrival == engine.now]
    groups = [tuple(group) for _, group in groupby(present, key=tied)]
    for chosen in product(*(permutations(group) for group in groups)):
        yield tuple(request.id for group in chosen for request in group)


def after_round(engine: NaiveEngine, order: tuple[RequestId, ...]) -> NaiveEngine:
    """The engine after its next round, with ties broken in this order."""
    after = copied(engine)
    places = {request.id: len(order) for request in engine.instance.requests}
    places |= {request: place for place, request in enumerate(order)}
    after.ranks = places
    for each in (*after.running, *after.waiting):
        each.rank = places[each.request.id]
    after.round()
    return after


def decided_by(engine: NaiveEngine) -> Decided:
    """What the last round of an engine decided."""
    now = engine.now - 1
    evicted = {run.request for run in engine.runs if run.outcome == "evicted" and run.stop == now}
    return Decided(
        frozenset(evicted),
        frozenset(each.request.id for each in engine.running if each.start == now),
        _sorted({each.request.id: each.computed[-1] for each in engine.running}),
    )


def decided_in(schedule: Schedule, now: int) -> Decided:
    """What a schedule decides in a round."""
    evicted = {run.request for run in schedule.runs if run.outcome == "evicted" and run.stop == now}
    running = {
        run.request: _computed(run, prefix, now)
        for run, prefix in zip(schedule.runs, schedule.prefixes, strict=True)
        if run.start <= now < run.stop
    }
    admitted = {run.request for run in schedule.runs if run.start == now}
    return Decided(frozenset(evicted), frozenset(admitted), _sorted(running))


def _computed(run: Run, prefix: int, now: int) -> int:
    if run.computed is not None:
        return run.computed[now - run.start]
    return prefix if now == run.start else 1


def _sorted(computed: Computed) -> tuple[tuple[RequestId, int], ...]:
    return tuple(sorted(computed.items(), key=lambda item: str(item[0])))


def first_round_that_no_order_explains(schedule: Schedule, policy: Name) -> NoOrder | None:
    """The first round that the policy cannot have made; ``None`` if it can have made them all."""
    start = NaiveEngine(schedule.instance, policy, aborted=dict(schedule.aborted))
    engines: dict[tuple[RequestId, ...], NaiveEngine] = {(): start}
    stop = max([schedule.makespan, *schedule.aborted.values()])
    if schedule.ended is not None:
        stop = schedule.ended
    for now in range(stop):
        expected = decided_in(schedule, now)
        possible: set[Decided] = set()
        following = {}
        for engine in engines.values():
            for order in every_order(engine):
                after = after_round(engine, order)
                decided = decided_by(after)
                possible.add(decided)
                if decided == expected:
                    following[tuple(each.request.id for each in after.running)] = after
        if not following:
            return NoOrder(now, frozenset(possible))
        engines = following
    return None


class Deviating(NaiveEngine):
    """An engine that in some rounds does anything that is valid, and else what its policy does.

    Attributes:
        rng: makes every decision of such a round, and its own order of the requests in others.
        deviates: whether a round is one of these.
    """

    rng: random.Random
    deviates: Callable[[int], bool]

    def round(self) -> None:
        """As :meth:`NaiveEngine.round`, with ranks of its own in each round."""
        order = self.rng.sample(self.instance.requests, len(self.instance.requests))
        self.ranks = {request.id: place for place, request in enumerate(order)}
        for each in (*self.running, *self.waiting):
            each.rank = self.ranks[each.request.id]
        super().round()

    def first_come_first_served(self) -> dict[int, int]:
        """A round of FCFS, or anything."""
        return self.anything() if self.deviates(self.now) else super().first_come_first_served()

    def by_bounds(self) -> dict[int, int]:
        """A round of the other policies, or anything."""
        return self.anything() if self.deviates(self.now) else super().by_bounds()

    def anything(self) -> dict[int, int]:
        """A round at random, within the limits of the machine."""
        usually = self.rng.random()
        for each in list(self.running):
            if self.rng.random() < 0.3 * usually:
                self.evict(each)
        taken: dict[int, int] = {}
        for each in self.rng.sample(self.running, len(self.running)):
            self.take_some(each, taken, usually)
        for each in self.rng.sample(self.waiting, len(self.waiting)):
            if self.may_run_more() and self.rng.random() < usually:
                self.waiting.remove(each)
                self.running.append(each)
                each.start, each.prefix = self.now, each.whole
                self.take_some(each, taken, usually)
        return taken

    def take_some(self, each: Served, taken: dict[int, int], usually: float) -> None:
        """Let a request compute its rest, or less, so that all fit."""
        most = min(each.rest, self.left)
        if self.rng.random() > usually:
            most = self.rng.randint(0, most)
        taken[id(each)] = most
        while sum(self.held(one, taken) for one in self.running) > self.all_blocks:
            taken[id(each)] -= 1
        self.left -= taken[id(each)]

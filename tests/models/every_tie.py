"""Every schedule that a policy can make under some tie-break, by trying the tie-breaks one by one.

The policies are the naive ones, written from the specification alone, so nothing here is shared
with the implementation, nor with the conformance checker. A tie-break is chosen afresh in every
round (decision D31).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby, permutations, product

from amin_ref import Instance, RequestId, Run, Schedule
from tests.models.naive import NaiveAmin, NaiveFirstCome, NaiveScheduler

MakeNaive = Callable[[int, int], NaiveScheduler]
Orders = Callable[[NaiveScheduler], Iterator[tuple[RequestId, ...]]]


class TooMany(Exception):
    """There are more schedules than the limit allows."""


@dataclass(frozen=True)
class _Path:
    """The scheduler's state at the start of a round, and the runs that have ended by then."""

    now: int
    scheduler: NaiveScheduler
    runs: frozenset[Run]

    def key(self) -> tuple[object, ...]:
        known = self.scheduler.known
        return (
            self.now,
            tuple(sorted((i, known[i].assumed) for i in known)),
            tuple(self.scheduler.generated.items()),
            self.runs,
        )


def every_order(scheduler: NaiveScheduler) -> Iterator[tuple[RequestId, ...]]:
    """All orders of all requests: every tie-break."""
    return permutations(sorted(scheduler.known, key=str))


def every_order_of_ties(scheduler: NaiveScheduler) -> Iterator[tuple[RequestId, ...]]:
    """One order of the requests for each way to break the present ties."""
    known = scheduler.known

    def tied(request: RequestId) -> int:
        if isinstance(scheduler, NaiveFirstCome):
            return known[request].arrival
        assumed = known[request].assumed
        if isinstance(scheduler, NaiveAmin):
            return max(assumed, scheduler.generated.get(request, 0))
        return assumed

    present = sorted([*scheduler.waiting, *scheduler.generated], key=lambda i: (tied(i), str(i)))
    groups = [tuple(group) for _, group in groupby(present, key=tied)]
    for chosen in product(*(permutations(group) for group in groups)):
        yield tuple(request for group in chosen for request in group)


def every_schedule(
    instance: Instance,
    policy: MakeNaive,
    orders: Orders = every_order_of_ties,
    most: int = 1000,
    longest: float = math.inf,
) -> frozenset[Schedule]:
    """All schedules of at most ``longest`` rounds that some choice of tie-breaks leads to.

    Without a limit the number of schedules may be infinite: with ties broken anew in every round,
    Amin can evict for ever (T2).

    Raises:
        TooMany: there are more than ``most`` unfinished and finished schedules.
    """
    ended: set[frozenset[Run]] = set()
    paths = [_Path(0, policy(instance.capacity, instance.block_size), frozenset())]
    while paths:
        following: dict[tuple[object, ...], _Path] = {}
        for path in paths:
            for after in _one_round(instance, path, orders):
                if len({run for run in after.runs if run.outcome == "completed"}) == len(
                    instance.requests
                ):
                    ended.add(after.runs)
                else:
                    following[after.key()] = after
        paths = [path for path in following.values() if path.now < longest]
        if len(paths) + len(ended) > most:
            raise TooMany
    return frozenset(Schedule(instance, tuple(runs)) for runs in ended)


def _one_round(instance: Instance, path: _Path, orders: Orders) -> Iterator[_Path]:
    before = copied(path.scheduler)
    for request in instance.requests:
        if request.arrival == path.now:
            before.arrive(request, 0.0)
    for order in orders(before):
        scheduler = copied(before)
        for rank, request_id in enumerate(order):
            scheduler.known[request_id].rank = rank
        evicted, _ = scheduler.decide()
        scheduler.generate()
        now = path.now + 1
        runs = {
            Run(i, path.now - before.generated[i], path.now, "evicted") for i in evicted
        } | _completed(instance, scheduler, now)
        yield _Path(now, scheduler, path.runs | runs)


def _completed(instance: Instance, scheduler: NaiveScheduler, now: int) -> set[Run]:
    generated: Mapping[RequestId, int] = dict(scheduler.generated)
    done = {i for i, tokens in generated.items() if tokens == instance.by_id[i].output_len}
    for request in done:
        scheduler.complete(request)
    return {Run(i, now - generated[i], now, "completed") for i in done}


def copied(scheduler: NaiveScheduler) -> NaiveScheduler:
    """A copy of the scheduler in its present state, on which a round can be tried."""
    copy = type(scheduler)(scheduler.capacity, scheduler.block_size)
    copy.known = {request: replace(known) for request, known in scheduler.known.items()}
    copy.waiting = set(scheduler.waiting)
    copy.generated = dict(scheduler.generated)
    return copy

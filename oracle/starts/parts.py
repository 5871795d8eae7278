"""Busy periods of an instance, and the parts of it that can be solved apart.

An instance is split by arrival: a piece has all requests that arrive in an interval of rounds.
There are two ways to split:

* The lower bounds of the pieces of any split add up to a lower bound, because dropping requests
  only frees cache. :func:`busy_periods` splits wherever first come, first served leaves the cache
  empty. Prices and heuristics work on one busy period at a time.
* *Optimal schedules* of the pieces add up to an optimal schedule only if every optimal schedule of
  a piece ends before the next piece arrives. :func:`independent_parts` splits only there. The
  exact search and the integer programme solve one part at a time. A part is one busy period or
  several.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from amin_ref.model.instance import Instance
from amin_ref.model.request import Request
from amin_ref.model.schedule import Schedule
from oracle.starts.free_capacity import FreeCapacity
from oracle.starts.start_rounds import schedule_from


@dataclass(frozen=True)
class BusyPeriod:
    """Requests that keep the cache from running empty when served first come, first served.

    First come, first served means here: in order of arrival, each as early as it fits, none before
    a request that arrived earlier, none evicted.

    Attributes:
        first_round: the first arrival.
        requests: in order of arrival.
        starts: start round of each request when served first come, first served.
        end: the round in which that schedule has completed every request.
    """

    first_round: int
    requests: tuple[Request, ...]
    starts: tuple[int, ...]
    end: int

    @property
    def rounds(self) -> int:
        """Rounds from the first arrival to the end."""
        return self.end - self.first_round

    @property
    def has_queue(self) -> bool:
        """Whether any request has to wait. Where none does, the schedule is optimal."""
        arrivals = (request.arrival for request in self.requests)
        return any(start > arrival for start, arrival in zip(self.starts, arrivals, strict=True))

    def waiting(self) -> NDArray[np.int64]:
        """Number of requests that have arrived and not started, in each round."""
        changes = np.zeros(self.rounds, dtype=np.int64)
        for request, start in zip(self.requests, self.starts, strict=True):
            changes[request.arrival - self.first_round] += 1
            changes[start - self.first_round] -= 1
        return np.cumsum(changes)


def busy_periods(instance: Instance) -> list[BusyPeriod]:
    """The instance cut wherever first come, first served leaves the cache empty.

    Time between busy periods costs nothing, however long it is.
    """
    found: list[BusyPeriod] = []
    members: list[Request] = []
    starts: list[int] = []
    free = FreeCapacity(instance, 0)
    for request in _by_arrival(instance):
        if members and request.arrival >= free.end:
            found.append(BusyPeriod(free.first_round, tuple(members), tuple(starts), free.end))
            members, starts = [], []
        if not members:
            free = FreeCapacity(instance, request.arrival)
        starts.append(free.place_earliest(request, max([request.arrival, *starts[-1:]])))
        members.append(request)
    if members:
        found.append(BusyPeriod(free.first_round, tuple(members), tuple(starts), free.end))
    return found


def first_come_first_served(instance: Instance) -> Schedule:
    """The schedule in which requests start in order of arrival, as early as they fit."""
    start_of = {
        request.id: start
        for period in busy_periods(instance)
        for request, start in zip(period.requests, period.starts, strict=True)
    }
    return schedule_from(instance, [start_of[request.id] for request in instance.requests])


@dataclass(frozen=True)
class Part:
    """Requests that every optimal schedule serves before any request of the next part arrives.

    Attributes:
        first_round: the first arrival, in rounds of the whole instance.
        instance: the requests of the part, in order of arrival, as an instance whose round 0 is
            ``first_round``.
    """

    first_round: int
    instance: Instance

    def of(self, schedule: Schedule) -> Schedule:
        """What a schedule of the whole instance does with the requests of the part."""
        return Schedule(
            self.instance,
            tuple(
                replace(run, start=run.start - self.first_round, stop=run.stop - self.first_round)
                for run in schedule.runs
                if run.request in self.instance.by_id
            ),
        )


def independent_parts(instance: Instance) -> list[Part]:
    """Parts of the instance that every optimal schedule serves one after the other.

    A new part begins with a request that arrives no earlier than the requests before it would
    complete if, from the last of their arrivals on, they ran one at a time
    (``proofs_notes/ilp.md``, lemma 2). First come, first served is over by then, too.
    """
    parts: list[Part] = []
    members: list[Request] = []
    work = 0
    for request in _by_arrival(instance):
        if members and request.arrival >= members[-1].arrival + work:
            parts.append(_part(instance, members))
            members, work = [], 0
        members.append(request)
        work += request.output_len
    if members:
        parts.append(_part(instance, members))
    return parts


def joined(instance: Instance, parts: Sequence[Part], schedules: Sequence[Schedule]) -> Schedule:
    """Schedules of the parts as one schedule of the whole instance."""
    runs = tuple(
        replace(run, start=run.start + part.first_round, stop=run.stop + part.first_round)
        for part, schedule in zip(parts, schedules, strict=True)
        for run in schedule.runs
    )
    return Schedule(instance, runs)


def _by_arrival(instance: Instance) -> list[Request]:
    return sorted(instance.requests, key=lambda request: request.arrival)


def _part(instance: Instance, members: Sequence[Request]) -> Part:
    first_round = members[0].arrival
    requests = tuple(replace(one, arrival=one.arrival - first_round) for one in members)
    return Part(first_round, replace(instance, requests=requests))

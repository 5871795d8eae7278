"""Which requests are evicted how often, and which ones evict each other in turn?"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from amin_ref.model.schedule import Run, Schedule
from amin_ref.model.validation import RequestId

FEWEST_IN_TURN = 3
"""Evictions that make a cycle: a beside b, then b beside a, then a beside b again."""


def evictions_by_request(schedule: Schedule) -> Mapping[RequestId, int]:
    """How often each request is evicted, the most often first; without those that never are."""
    counts = Counter(run.request for run in _evicted(schedule))
    return dict(counts.most_common())


@dataclass(frozen=True, slots=True)
class EvictedInTurn:
    """Two requests of which each is evicted while the other runs, one after the other.

    Attributes:
        requests: the two ids; the one that is evicted first stands first.
        evictions: how many evictions there are, alternating between the two.
        first: the round of the first one.
        last: the round of the last one.
    """

    requests: tuple[RequestId, RequestId]
    evictions: int
    first: int
    last: int


@dataclass(slots=True)
class _Turns:
    """Two requests that have been evicted in turn so far."""

    victims: tuple[RequestId, RequestId]
    evictions: int
    first: int
    last: int
    latest: RequestId


def evicted_in_turn(schedule: Schedule) -> tuple[EvictedInTurn, ...]:
    """Pairs of requests that are evicted in turn, :data:`FEWEST_IN_TURN` times or more.

    A request is evicted beside another one if the other one runs in the round in which the first
    one's run stops, and is not evicted in that round itself. Of several evictions of one request,
    with none of the other in between, the first counts. The pairs with the most evictions stand
    first.

    It takes O(R log R) for R runs, and for each eviction the number of running requests that were
    evicted before.
    """
    evictions: dict[RequestId, list[int]] = {}
    turns: dict[frozenset[RequestId], _Turns] = {}
    running = _Running(schedule)
    evicted = sorted(_evicted(schedule), key=lambda run: run.stop)
    together = {(run.request, run.stop) for run in evicted}
    for run in evicted:
        victim, now = run.request, run.stop
        for other in running.in_round(now):
            before = evictions.get(other)
            if before is None or (other, now) in together:
                continue
            pair = frozenset((victim, other))
            known = turns.get(pair)
            if known is None:
                beside = [
                    then
                    for then in before
                    if running.ran(victim, then) and (victim, then) not in together
                ]
                if beside:
                    turns[pair] = _Turns((other, victim), 2, beside[0], now, victim)
            elif known.latest != victim:
                known.evictions += 1
                known.latest, known.last = victim, now
        evictions.setdefault(victim, []).append(now)
    cycles = [
        EvictedInTurn(known.victims, known.evictions, known.first, known.last)
        for known in turns.values()
        if known.evictions >= FEWEST_IN_TURN
    ]
    return tuple(sorted(cycles, key=lambda cycle: -cycle.evictions))


class _Running:
    """Which of the requests that are ever evicted run in a round; asked in order of rounds."""

    def __init__(self, schedule: Schedule) -> None:
        ever = {run.request for run in _evicted(schedule)}
        runs = [run for run in schedule.runs if run.length and run.request in ever]
        self._starts: dict[RequestId, list[int]] = {}
        self._stops: dict[RequestId, list[int]] = {}
        for run in runs:
            self._starts.setdefault(run.request, []).append(run.start)
            self._stops.setdefault(run.request, []).append(run.stop)
        self._starting = deque(runs)
        self._stopping = deque(sorted(runs, key=lambda run: run.stop))
        self._now: set[RequestId] = set()

    def in_round(self, now: int) -> set[RequestId]:
        """The requests that run in round ``now``, which is not before the round of the last call.

        A request may stop and start in one round; the runs of one do not overlap.
        """
        moments = [(run.stop, 0, run) for run in _taken(self._stopping, "stop", now)]
        moments += [(run.start, 1, run) for run in _taken(self._starting, "start", now)]
        for _, starts, run in sorted(moments, key=lambda moment: moment[:2]):
            if starts:
                self._now.add(run.request)
            else:
                self._now.discard(run.request)
        return self._now

    def ran(self, request: RequestId, now: int) -> bool:
        """Whether the request runs in round ``now``."""
        index = bisect_right(self._starts.get(request, []), now) - 1
        return index >= 0 and now < self._stops[request][index]


def _taken(runs: deque[Run], moment: Literal["start", "stop"], now: int) -> list[Run]:
    """The first runs that start, or stop, in round ``now`` or before, taken from the queue."""
    found: list[Run] = []
    while runs and getattr(runs[0], moment) <= now:
        found.append(runs.popleft())
    return found


def _evicted(schedule: Schedule) -> list[Run]:
    """The evicted runs, without those that the end of the log cuts off."""
    return [run for run in schedule.runs if run.outcome == "evicted" and run.stop != schedule.ended]

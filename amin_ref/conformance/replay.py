"""Replaying a schedule round by round, up to the first round that is not the policy's.

The proof that nothing legal is refused and nothing illegal accepted is in
``proofs_notes/conformance.md``; it names the places here by L1 to L5. Nothing is shared with the
simulator, the cache or the policies.

**Cost.** A valid schedule is known from its first to its last round, so what the cache holds is one
array, laid out at the start. A second one is the plan: what the running requests will hold in each
coming round if they stop as assumed. Only rounds in which something arrives, starts or stops change
who runs or waits. In those between, all that can go wrong is that the request on which admission
stopped would fit by now, and one look along its own assumed run tells.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from amin_ref.conformance.readings import Reading
from amin_ref.conformance.verdict import ActRule
from amin_ref.model.errors import InvalidValue
from amin_ref.model.instance import Instance
from amin_ref.model.request import Request
from amin_ref.model.schedule import Run, Schedule
from amin_ref.model.validation import RequestId

LONGEST_STRETCH = 2**26
"""Rounds that are laid out at most, look-ahead included (half a GiB of counts for each array)."""

Ranks = Mapping[RequestId, tuple[float, int]]
Precedence = tuple[int, tuple[float, int]]
"""A place in ≺: what is assumed, then the rank. Equal where the tie-break is free."""

ANY_RANK = (0.0, 0)


@dataclass(frozen=True, slots=True)
class Stay:
    """A running request: when its run began, and what was assumed of its length then."""

    start: int
    assumed: int


@dataclass(frozen=True, slots=True)
class Situation:
    """A round that is wrong: the state at its start, what was done, and which rule that breaks.

    Attributes:
        now: the round.
        running: who runs, before any eviction.
        waiting: who waits, and what is assumed of each; tokens.
        evicted: whom the schedule evicts.
        admitted: whom it admits.
        rule: what is wrong.
        requests: the requests at fault.
    """

    now: int
    running: Mapping[RequestId, Stay]
    waiting: Mapping[RequestId, int]
    evicted: tuple[RequestId, ...]
    admitted: tuple[RequestId, ...]
    rule: ActRule
    requests: tuple[RequestId, ...]


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many rounds were replayed, and the wrong one in which that ended, if any."""

    rounds: int
    wrong: Situation | None


def replay(schedule: Schedule, reading: Reading, ranks: Ranks | None) -> Replayed:
    """Replay a *valid* schedule under a reading, up to the first wrong round.

    Args:
        schedule: one in which :func:`amin_ref.check` finds no violation.
        reading: what is assumed of the requests.
        ranks: what ties are broken by; ``None``: anything, afresh in every round.

    Raises:
        InvalidValue: more than :data:`LONGEST_STRETCH` rounds would have to be laid out.
    """
    rounds = 0
    for stretch in _stretches(schedule):
        wrong = _Replay(schedule.instance, stretch, reading, ranks).first_wrong()
        if wrong is not None:
            return Replayed(rounds + wrong.now - stretch.first + 1, wrong)
        rounds += stretch.stop - stretch.first
    return Replayed(rounds, None)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Rounds ``first`` to ``stop - 1``, in each of which a request runs or waits."""

    first: int
    stop: int
    requests: Sequence[Request]
    runs: Sequence[Run]


def _stretches(schedule: Schedule) -> Iterator[_Stretch]:
    """The schedule in parts that have no request in common, with nothing to decide in between."""
    runs_of: dict[RequestId, list[Run]] = defaultdict(list)
    for run in schedule.runs:
        runs_of[run.request].append(run)
    requests: list[Request] = []
    stop = 0
    for request in sorted(schedule.instance.requests, key=lambda request: request.arrival):
        if requests and request.arrival >= stop:
            yield _stretch(requests, runs_of, stop)
            requests = []
        requests.append(request)
        stop = max(stop, schedule.completions[request.id])
    if requests:
        yield _stretch(requests, runs_of, stop)


def _stretch(
    requests: list[Request], runs_of: Mapping[RequestId, list[Run]], stop: int
) -> _Stretch:
    runs = [run for request in requests for run in runs_of[request.id]]
    return _Stretch(requests[0].arrival, stop, requests, runs)


class _Replay:
    """The state of a replay: who runs, who waits, what is assumed, and what the cache holds."""

    def __init__(
        self, instance: Instance, stretch: _Stretch, reading: Reading, ranks: Ranks | None
    ) -> None:
        self._instance = instance
        self._requests = instance.by_id
        self._capacity = instance.capacity
        self._block_size = instance.block_size
        self._reading = reading
        self._ranks = ranks
        self._first = stretch.first

        self._running: dict[RequestId, Stay] = {}
        self._waiting: dict[RequestId, tuple[Precedence, int, int, RequestId]] = {}
        self._queue: list[tuple[Precedence, int, int, RequestId]] = []
        self._assumed = {
            request.id: reading.first(instance, request) for request in stretch.requests
        }

        self._arriving: dict[int, list[Request]] = defaultdict(list)
        self._starting: dict[int, list[RequestId]] = defaultdict(list)
        self._completing: dict[int, list[RequestId]] = defaultdict(list)
        self._evicting: dict[int, list[RequestId]] = defaultdict(list)
        for request in stretch.requests:
            self._arriving[request.arrival].append(request)
        for run in stretch.runs:
            self._starting[run.start].append(run.request)
            stopping = self._completing if run.outcome == "completed" else self._evicting
            stopping[run.stop].append(run.request)
        self._turns = sorted({*self._arriving, *self._starting, *self._completing, *self._evicting})

        longest = max(
            max(self._assumed[request.id], request.output_len) for request in stretch.requests
        )
        laid_out = stretch.stop - stretch.first + longest
        if laid_out > LONGEST_STRETCH:
            raise InvalidValue(
                "conformance: rounds",
                laid_out,
                f"at most {LONGEST_STRETCH} rounds are laid out at once",
                "count time in coarser rounds, or give the requests a smaller upper bound",
            )
        self._held: NDArray[np.int64] = np.zeros(laid_out, dtype=np.int64)
        self._planned: NDArray[np.int64] = np.zeros(laid_out, dtype=np.int64)
        for run in stretch.runs:
            prompt_len = self._requests[run.request].prompt_len
            self._held[run.start - self._first : run.stop - self._first] += self._growth(
                prompt_len, run.stop - run.start
            )

    def first_wrong(self) -> Situation | None:
        """The first round whose evictions or admissions no tie-break explains."""
        for now, following in pairwise(self._turns):
            wrong = self._turn(now) or self._quiet(now + 1, following)
            if wrong is not None:
                return wrong
        return None

    def _turn(self, now: int) -> Situation | None:
        """Judge a round in which something arrives, starts or stops, and go on to the next."""
        for request in self._completing.get(now, ()):
            self._drop_plan(request, self._running.pop(request), now)
        for arrived in self._arriving.get(now, ()):
            self._wait(arrived.id)
        evicted = self._evicting.get(now, [])
        admitted = self._starting.get(now, [])
        before = dict(self._running) if evicted else self._running
        wrong = self._judge_evictions(now, evicted, admitted) if evicted else None
        if wrong is None:
            wrong = self._judge_admissions(now, evicted, admitted)
        if wrong is not None:
            return self._situation(now, before, evicted, admitted, *wrong)
        for request in admitted:
            self._running[request] = Stay(now, self._assumed[request])
        for request in evicted:
            self._wait(request)
        return None

    def _judge_evictions(
        self, now: int, evicted: list[RequestId], admitted: list[RequestId]
    ) -> tuple[ActRule, tuple[RequestId, ...]] | None:
        """L1: some prefix of ≺ among those who run, and no shorter one that is enough."""
        stays = {request: self._running.pop(request) for request in evicted}
        places = {request: self._victim_place(request, stays[request], now) for request in stays}
        staying = self._holding(now, admitted)
        next_token = {
            request: self._occupied(self._tokens(request, stay, now) + 1)
            for request, stay in stays.items()
        }
        for request, stay in stays.items():
            self._drop_plan(request, stay, now)
            self._assumed[request] = self._kept(request, stay, now)
        if staying + sum(next_token.values()) <= self._capacity:
            return "evicted-needlessly", tuple(evicted)
        last = max(places.values())
        spared = [
            request
            for request, stay in self._running.items()
            if self._victim_place(request, stay, now) < last
        ]
        if spared:
            wrongly = [r for r in evicted if places[r] == last]
            return "wrong-victim", (*wrongly, *spared)
        could_be_last = [request for request in evicted if places[request] == last]
        if staying + max(next_token[request] for request in could_be_last) <= self._capacity:
            return "evicted-too-many", tuple(could_be_last)
        return None

    def _judge_admissions(
        self, now: int, evicted: Sequence[RequestId], admitted: Sequence[RequestId]
    ) -> tuple[ActRule, tuple[RequestId, ...]] | None:
        """L2: some prefix of ≺ among those who wait, and it ends where the next does not fit."""
        again = tuple(request for request in admitted if request in evicted)
        if again:
            return "readmitted-at-once", again
        if not admitted and not self._waiting:
            return None
        places = {request: self._waiting.pop(request)[0] for request in admitted}
        stopped_at = self._first_waiting()
        overtaking = (
            ()
            if stopped_at is None
            else tuple(r for r in admitted if places[r] > self._waiting[stopped_at][0])
        )
        holding = self._holding(now, admitted)
        for request in admitted:
            if request not in overtaking:
                holding += self._occupied(self._requests[request].prompt_len + 1)
                self._plan(request, now)
        longest = max((self._assumed[r] for r in admitted if r not in overtaking), default=0)
        if self._exceeds(now, holding, longest):
            return "admitted-what-cannot-fit", tuple(r for r in admitted if r not in overtaking)
        if stopped_at is not None and self._fits(stopped_at, now, holding):
            if overtaking:
                return "admitted-out-of-order", (*overtaking, stopped_at)
            return "stopped-too-early", (stopped_at,)
        if stopped_at is not None and overtaking:
            return "skipped-the-first", (*overtaking, stopped_at)
        return None

    def _quiet(self, first: int, stop: int) -> Situation | None:
        """Judge rounds in which nothing arrives, starts or stops (L3)."""
        request = self._first_waiting() if first < stop else None
        if request is None:
            return None
        # What the same requests hold only grows: from the first round that has no room for one
        # more token on, there is none.
        room = self._capacity - self._occupied(self._requests[request].prompt_len + 1)
        held = self._held[first - self._first : stop - self._first]
        for now in range(first, first + int(held.searchsorted(room, side="right"))):
            if self._fits(request, now, int(self._held[now - self._first])):
                return self._situation(now, self._running, (), (), "stopped-too-early", (request,))
        return None

    def _situation(
        self,
        now: int,
        running: Mapping[RequestId, Stay],
        evicted: Sequence[RequestId],
        admitted: Sequence[RequestId],
        rule: ActRule,
        requests: tuple[RequestId, ...],
    ) -> Situation:
        waiting = [*self._waiting, *(r for r in admitted if r not in self._waiting)]
        return Situation(
            now,
            dict(running),
            {request: self._assumed[request] for request in waiting if request not in evicted},
            tuple(evicted),
            tuple(admitted),
            rule,
            requests,
        )

    # The order ≺.

    def _place(self, request: RequestId, assumed: int) -> Precedence:
        order = self._reading.order
        first = assumed if order is None else order(self._instance, self._requests[request])
        return first, ANY_RANK if self._ranks is None else self._ranks[request]

    def _victim_place(self, request: RequestId, stay: Stay, now: int) -> Precedence:
        return self._place(request, self._reading.refined(stay.assumed, now - stay.start))

    def _kept(self, request: RequestId, stay: Stay, now: int) -> int:
        if self._reading.remembers:
            return self._reading.refined(stay.assumed, now - stay.start)
        return self._reading.first(self._instance, self._requests[request])

    # Who waits.

    def _wait(self, request: RequestId) -> None:
        """Let a request wait. Of equals, the one that will hold most comes first (L4)."""
        assumed = self._assumed[request]
        most = self._requests[request].prompt_len + assumed
        position = self._instance.positions[request]
        entry = self._place(request, assumed), -most, position, request
        self._waiting[request] = entry
        heapq.heappush(self._queue, entry)

    def _first_waiting(self) -> RequestId | None:
        """Of the first in ≺ who wait, the one that is the likeliest not to fit."""
        while self._queue:
            request = self._queue[0][3]
            if self._waiting.get(request) is self._queue[0]:
                return request
            heapq.heappop(self._queue)
        return None

    # What the cache holds.

    def _occupied(self, tokens: int) -> int:
        """Whole blocks of one request (specification, section 1); tokens."""
        return (tokens + self._block_size - 1) // self._block_size * self._block_size

    def _growth(self, tokens: int, rounds: int) -> NDArray[np.int64]:
        """What one request of ``tokens`` tokens occupies in each of its next rounds."""
        held = np.arange(tokens + 1, tokens + rounds + 1, dtype=np.int64)
        if self._block_size > 1:
            held += self._block_size - 1
            held -= held % self._block_size
        return held

    def _tokens(self, request: RequestId, stay: Stay, now: int) -> int:
        return self._requests[request].prompt_len + now - stay.start

    def _holding(self, now: int, admitted: Iterable[RequestId]) -> int:
        """What those who run on hold at the end of round ``now``, without those admitted in it."""
        new = sum(self._occupied(self._requests[r].prompt_len + 1) for r in admitted)
        return int(self._held[now - self._first]) - new

    def _plan(self, request: RequestId, now: int) -> None:
        """Plan for a request that starts at ``now``."""
        offset, assumed = now - self._first, self._assumed[request]
        self._planned[offset : offset + assumed] += self._growth(
            self._requests[request].prompt_len, assumed
        )

    def _drop_plan(self, request: RequestId, stay: Stay, now: int) -> None:
        """Free what was planned for a request that completes or is evicted at ``now``."""
        left = stay.start + stay.assumed - now
        if left > 0:
            offset = now - self._first
            self._planned[offset : offset + left] -= self._growth(
                self._tokens(request, stay, now), left
            )

    def _exceeds(self, now: int, holding: int, rounds: int) -> bool:
        """Whether round ``now``, or the plan of the rounds after it, exceeds the cache (L5)."""
        ahead = self._planned[now + 1 - self._first : now + rounds - self._first]
        return holding > self._capacity or (ahead.size > 0 and int(ahead.max()) > self._capacity)

    def _fits(self, request: RequestId, now: int, holding: int) -> bool:
        """Whether one more request fits beside those who run and hold so much in round ``now``."""
        prompt_len, assumed = self._requests[request].prompt_len, self._assumed[request]
        if holding + self._occupied(prompt_len + 1) > self._capacity:
            return False
        if assumed == 1:
            return True
        offset = now - self._first
        # In its last round a request holds most: the likeliest place, and a cheap one, to fail.
        at_the_end = self._occupied(prompt_len + assumed)
        if self._planned[offset + assumed - 1] + at_the_end > self._capacity:
            return False
        ahead = self._growth(prompt_len + 1, assumed - 1)
        ahead += self._planned[offset + 1 : offset + assumed]
        return bool(ahead.max() <= self._capacity)

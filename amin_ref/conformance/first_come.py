"""Replays a schedule as FCFS's, on any machine, up to the first round that FCFS could not make.

``proofs_notes/conformance.md`` proves that exactly the schedules of FCFS are accepted: L6 is about
the order of admission, L7 about evictions, L8 about admissions, L9 about the rounds looked at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from amin_ref.conformance.admission_order import (
    AdmissionOrder,
    AdmissionPlace,
    Share,
    WrongShare,
)
from amin_ref.conformance.busy_periods import ScheduledBusyPeriod, busy_periods
from amin_ref.conformance.traced import Blocks, TracedRun
from amin_ref.conformance.verdict import FirstComeRule
from amin_ref.conformance.waiting import ANY_RANK, Place, Ranks, Waiting
from amin_ref.model.instance import Instance
from amin_ref.model.request import Request
from amin_ref.model.schedule import Schedule
from amin_ref.model.validation import RequestId


@dataclass(frozen=True, slots=True)
class Cached:
    """A request that runs in a round, or is evicted in it.

    Attributes:
        computed: what its run has computed before the round; tokens.
        share: what is left of its prefix, and what it computes of that in the round: nothing if it
            is evicted.
    """

    computed: int
    share: Share

    @property
    def tokens(self) -> int:
        """The whole prefix; tokens."""
        return self.computed + self.share.rest


@dataclass(frozen=True, slots=True)
class FirstComeRound:
    """A wrong round: the state at its start, what the schedule does, and the rule that breaks.

    Attributes:
        now: the round.
        running: the running requests before any eviction, the first admitted first; of those in any
            order, the ones that the schedule evicts come last.
        waiting: the waiting requests in order, and the prefix of each; tokens. Of those in any
            order, the ones that the schedule admits come first.
        evicted: the requests that the schedule evicts.
        admitted: those that it admits, each with what it computes.
        rule: the rule that it breaks.
        requests: the requests at fault.
        wrong_share: for the rule ``"wrong-chunk"``, what is wrong.
    """

    now: int
    running: Mapping[RequestId, Cached]
    waiting: Mapping[RequestId, int]
    evicted: tuple[RequestId, ...]
    admitted: Mapping[RequestId, Share]
    rule: FirstComeRule
    requests: tuple[RequestId, ...]
    wrong_share: WrongShare | None


@dataclass(frozen=True, slots=True)
class FirstComeReplayed:
    """How far a schedule was replayed.

    Attributes:
        rounds: number of rounds replayed, the wrong one included.
        wrong: the first wrong round; ``None`` when every round is right.
    """

    rounds: int
    wrong: FirstComeRound | None


def replay_first_come(schedule: Schedule, ranks: Ranks | None) -> FirstComeReplayed:
    """Replay a *valid* schedule up to the first round that FCFS could not have made.

    Args:
        schedule: one in which :func:`amin_ref.check` finds no violation.
        ranks: break ties between requests of one arrival round; ``None``: any order.
    """
    rounds = 0
    for period in busy_periods(schedule):
        wrong = _Replay(schedule.instance, period, ranks).first_wrong()
        if wrong is not None:
            return FirstComeReplayed(rounds + wrong.now - period.first + 1, wrong)
        rounds += period.stop - period.first
    return FirstComeReplayed(rounds, None)


_Fault = tuple[FirstComeRule, tuple[RequestId, ...], WrongShare | None]
"""The rule that breaks, the requests at fault, and what is wrong with a share of the tokens."""


class _Replay:
    """The replay of one busy period."""

    def __init__(
        self, instance: Instance, period: ScheduledBusyPeriod, ranks: Ranks | None
    ) -> None:
        self._by_id = instance.by_id
        self._machine = instance.machine
        self._blocks = Blocks.of(instance)
        self._ranks = ranks
        self._running: dict[RequestId, TracedRun] = {}
        self._order = AdmissionOrder()
        self._waiting = Waiting(instance.positions)
        self._prefixes: dict[RequestId, int] = {}

        self._arriving: dict[int, list[Request]] = defaultdict(list)
        self._leaving: dict[int, list[RequestId]] = defaultdict(list)
        self._starting: dict[int, list[TracedRun]] = defaultdict(list)
        self._stopping: dict[int, list[RequestId]] = defaultdict(list)
        self._evicting: dict[int, list[RequestId]] = defaultdict(list)
        for request in period.requests:
            self._arriving[request.arrival].append(request)
        for aborted, now in period.aborted.items():
            self._leaving[now].append(aborted)
        self._starved: set[int] = set()
        for traced in period.runs:
            run = traced.run
            self._starting[run.start].append(traced)
            is_evicted = run.outcome == "evicted" and period.aborted.get(run.request) != run.stop
            (self._evicting if is_evicted else self._stopping)[run.stop].append(run.request)
            self._starved.update(traced.rounds_without_token())
        self._rounds = self._rounds_to_judge(period.stop)

    def _rounds_to_judge(self, stop: int) -> Sequence[int]:
        """L9: rounds with an event, those without a token for some request, and those after."""
        events = {
            *self._arriving,
            *self._leaving,
            *self._starting,
            *self._stopping,
            *self._evicting,
        }
        after = {now + 1 for now in events} | {
            now + more for now in self._starved for more in (1, 2)
        }
        return sorted(now for now in events | self._starved | after if now < stop)

    def first_wrong(self) -> FirstComeRound | None:
        """The first round that no order of requests of one arrival round explains."""
        for now in self._rounds:
            wrong = self._round(now)
            if wrong is not None:
                return wrong
        return None

    def _round(self, now: int) -> FirstComeRound | None:
        """Judge a round; then carry it out."""
        self._begin(now)
        victims = {request: self._running.pop(request) for request in self._evicting.get(now, ())}
        admitted = {traced.run.request: traced for traced in self._starting.get(now, ())}
        if not (victims or admitted or self._waiting or now in self._starved):
            return None
        evicted = {request: _cached(traced, now) for request, traced in victims.items()}
        fault = self._fault(now, evicted, admitted)
        if fault is not None:
            return self._wrong(now, evicted, admitted, fault)
        for request, traced in victims.items():
            self._order.leave(request)
            self._wait(self._by_id[request], self._kept(traced, now))
        return None

    def _begin(self, now: int) -> None:
        """Requests complete or their clients go away; then requests arrive."""
        for request in self._stopping.get(now, ()):
            del self._running[request]
            self._order.leave(request)
        for request in self._leaving.get(now, ()):
            if request in self._waiting:
                self._waiting.take(request)
        for arrived in self._arriving.get(now, ()):
            self._wait(arrived, 0)

    def _fault(
        self, now: int, evicted: Mapping[RequestId, Cached], admitted: Mapping[RequestId, TracedRun]
    ) -> _Fault | None:
        """What is wrong with the round; if nothing is, the admitted run."""
        if evicted and admitted:
            return "admitted-after-evicting", tuple(admitted), None
        places = {request: self._waiting.take(request) for request in admitted}
        for request, place in places.items():
            self._order.admit(now, request, place)
        self._running |= admitted
        running = {request: _cached(traced, now) for request, traced in self._running.items()}
        shares = {request: cached.share for request, cached in running.items()}
        wrong = self._order.share(shares, self._machine.tokens_per_round)
        if wrong is not None:
            return "wrong-chunk", (wrong.request,), wrong
        if evicted:
            return self._judge_evictions(running, evicted)
        return self._judge_admissions(running, places)

    def _judge_evictions(
        self, staying: Mapping[RequestId, Cached], evicted: Mapping[RequestId, Cached]
    ) -> _Fault | None:
        """L7: the victims are the last admitted, and no fewer are enough."""
        holding = sum(map(self._held, staying.values()))
        left = self._left(staying.values())
        first = self._order.sorted(evicted)
        if self._fit(holding, left, [evicted[request] for request in first]):
            return "evicted-needlessly", tuple(evicted), None
        earliest = self._order.place(first[0])
        spared = [r for r in staying if self._order.place(r) > earliest]
        could_be_first = [r for r in first if self._order.place(r) == earliest]
        if spared:
            return "wrong-victim", (*could_be_first, *spared), None
        if all(self._fit(holding, left, [evicted[request]]) for request in could_be_first):
            return "evicted-too-many", tuple(could_be_first), None
        return None

    def _judge_admissions(
        self, running: Mapping[RequestId, Cached], places: Mapping[RequestId, Place]
    ) -> _Fault | None:
        """L8: the admitted are the first of the waiting, and the next one does not fit."""
        starved = tuple(request for request in places if not running[request].share.taken)
        if starved:
            return "wrong-chunk", starved, WrongShare(starved[0], None)
        stopped_at = self._waiting.first()
        overtaking = (
            ()
            if stopped_at is None
            else tuple(r for r in places if places[r] > self._waiting.place(stopped_at))
        )
        in_turn = tuple(request for request in places if request not in overtaking)
        before = {r: cached for r, cached in running.items() if r not in overtaking}
        if in_turn and not self._all_fit(before, in_turn):
            return "admitted-what-cannot-fit", in_turn, None
        if stopped_at is None:
            return None
        fits = self._fits_next(before, self._prefixes[stopped_at])
        if overtaking:
            rule: FirstComeRule = "admitted-out-of-order" if fits else "skipped-the-first"
            return rule, (*overtaking, stopped_at), None
        return ("stopped-too-early", (stopped_at,), None) if fits else None

    def _all_fit(self, running: Mapping[RequestId, Cached], admitted: Sequence[RequestId]) -> bool:
        """Whether the whole prefixes of the admitted fit, and leave the watermark free."""
        holding = sum(
            self._blocks.generating(cached.tokens) if request in admitted else self._held(cached)
            for request, cached in running.items()
        )
        return holding + self._watermark(len(running) - 1) <= self._blocks.capacity

    def _fits_next(self, running: Mapping[RequestId, Cached], prefix: int) -> bool:
        """Whether one more request is admitted beside those that run."""
        limit = self._machine.max_running
        left = self._left(running.values())
        if left == 0 or (limit is not None and len(running) >= limit):
            return False
        holding = sum(map(self._held, running.values())) + self._blocks.generating(prefix)
        return holding + self._watermark(len(running)) <= self._blocks.capacity

    def _watermark(self, running: int) -> int:
        """Blocks that an admission leaves free beside as many running requests."""
        return self._machine.watermark if running else 0

    def _fit(self, holding: int, left: int | None, more: Iterable[Cached]) -> bool:
        """Whether requests fit that take, in this order, what is left of the round's tokens."""
        for cached in more:
            rest = cached.share.rest
            taken = rest if left is None else min(rest, left)
            holding += self._held(replace(cached, share=Share(rest, taken)))
            left = None if left is None else left - taken
        return holding <= self._blocks.capacity

    def _left(self, running: Iterable[Cached]) -> int | None:
        """Tokens of the round that these requests leave; ``None``: any number."""
        limit = self._machine.tokens_per_round
        return None if limit is None else limit - sum(each.share.taken for each in running)

    def _held(self, cached: Cached) -> int:
        """Blocks that a request holds at the end of the round."""
        if cached.share.taken == cached.share.rest:
            return self._blocks.generating(cached.tokens)
        return self._blocks.holding(cached.computed + cached.share.taken)

    def _kept(self, traced: TracedRun, now: int) -> int:
        """The tokens that a request has generated and keeps when it is evicted."""
        if self._machine.after_eviction == "restart":
            return 0
        return traced.tokens(now) - self._by_id[traced.run.request].prompt_len

    def _wait(self, request: Request, kept: int) -> None:
        prefix = request.prompt_len + kept
        self._prefixes[request.id] = prefix
        self._waiting.add(request.id, self._place(request), prefix, ahead=1)

    def _wrong(
        self,
        now: int,
        evicted: Mapping[RequestId, Cached],
        admitted: Mapping[RequestId, TracedRun],
        fault: _Fault,
    ) -> FirstComeRound:
        rule, requests, wrong_share = fault
        before = {r: _cached(traced, now) for r, traced in self._running.items()} | dict(evicted)
        running = [request for request in before if request in evicted or request not in admitted]
        waiting = [*self._waiting, *(r for r in admitted if r not in evicted)]
        starting = {request: _cached(traced, now).share for request, traced in admitted.items()}
        return FirstComeRound(
            now,
            {
                request: before[request]
                for request in sorted(
                    running, key=lambda r: self._favoured_place(r, before[r], r in evicted)
                )
            },
            {
                request: self._prefixes[request]
                for request in sorted(waiting, key=lambda r: self._favoured_turn(r, starting))
            },
            tuple(evicted),
            starting,
            rule,
            requests,
            wrong_share,
        )

    def _favoured_place(
        self, request: RequestId, cached: Cached, is_evicted: bool
    ) -> tuple[AdmissionPlace, bool, int, int]:
        """The order of admission that makes FCFS do what the schedule did, as far as it can."""
        size = -self._blocks.generating(cached.tokens) if is_evicted else 0
        kind = 0 if is_evicted else cached.share.kind
        return self._order.place(request), is_evicted, kind, size

    def _favoured_turn(
        self, request: RequestId, starting: Mapping[RequestId, Share]
    ) -> tuple[Place, bool, int, int]:
        """The order of the queue that makes FCFS do what the schedule did, as far as it can."""
        is_waiting = request not in starting
        kind = 0 if is_waiting else starting[request].kind
        size = -self._prefixes[request] if is_waiting else 0
        return self._place(self._by_id[request]), is_waiting, kind, size

    def _place(self, request: Request) -> Place:
        return request.arrival, ANY_RANK if self._ranks is None else self._ranks[request.id]


def _cached(traced: TracedRun, now: int) -> Cached:
    """A run in one of its rounds, or in the round in which it is evicted."""
    taken = traced.taken(now) if now < traced.run.stop else 0
    return Cached(traced.computed(now), Share(traced.rest(now), taken))

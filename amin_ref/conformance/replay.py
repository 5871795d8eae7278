"""Replays a schedule round by round, up to the first round that the policy could not have made.

``proofs_notes/conformance.md`` proves that exactly the schedules of the policy are accepted; the
comments in this folder refer to its sections L1 to L5. This folder shares no code with the
simulator, the cache or the policies.

**Cost.** The running and waiting requests change only in rounds in which a request arrives, starts
or stops. In the quiet rounds between two of these, one violation is possible: the request at which
admission stopped fits after all. A pass over that request's own assumed rounds decides this.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from amin_ref.conformance.bound_rules import BoundRule
from amin_ref.conformance.busy_periods import ScheduledBusyPeriod, busy_periods
from amin_ref.conformance.plan import plan_of
from amin_ref.conformance.verdict import RoundRule
from amin_ref.conformance.waiting import ANY_RANK, Place, Ranks, Waiting
from amin_ref.model.instance import Instance
from amin_ref.model.request import Request
from amin_ref.model.schedule import Schedule
from amin_ref.model.validation import RequestId


@dataclass(frozen=True, slots=True)
class RunningRequest:
    """A running request.

    Attributes:
        start: the first round of its present run.
        assumed: the output length that was assumed when the run began; tokens.
    """

    start: int
    assumed: int


@dataclass(frozen=True, slots=True)
class RoundState:
    """A wrong round: the state at its start, what the schedule does, and the rule that breaks.

    Attributes:
        now: the round.
        running: the running requests, before any eviction.
        waiting: the waiting requests, and the output length assumed of each; tokens.
        evicted: the requests that the schedule evicts.
        admitted: the requests that the schedule admits.
        rule: the rule that the schedule breaks.
        requests: the requests at fault.
    """

    now: int
    running: Mapping[RequestId, RunningRequest]
    waiting: Mapping[RequestId, int]
    evicted: tuple[RequestId, ...]
    admitted: tuple[RequestId, ...]
    rule: RoundRule
    requests: tuple[RequestId, ...]


@dataclass(frozen=True, slots=True)
class Replayed:
    """How far a schedule was replayed.

    Attributes:
        rounds: number of rounds replayed, the wrong one included.
        wrong: the first wrong round; ``None`` when every round is right.
    """

    rounds: int
    wrong: RoundState | None


def replay(schedule: Schedule, bound_rule: BoundRule, ranks: Ranks | None) -> Replayed:
    """Replay a *valid* schedule up to the first round that is wrong under a bound rule.

    Args:
        schedule: one in which :func:`amin_ref.check` finds no violation.
        bound_rule: what is assumed of the requests' output lengths.
        ranks: break ties; ``None``: any order, which may differ from round to round.
    """
    rounds = 0
    for period in busy_periods(schedule):
        wrong = _Replay(schedule.instance, period, bound_rule, ranks).first_wrong()
        if wrong is not None:
            return Replayed(rounds + wrong.now - period.first + 1, wrong)
        rounds += period.stop - period.first
    return Replayed(rounds, None)


class _Replay:
    """The replay of one busy period."""

    def __init__(
        self,
        instance: Instance,
        period: ScheduledBusyPeriod,
        bound_rule: BoundRule,
        ranks: Ranks | None,
    ) -> None:
        self._instance = instance
        self._requests = instance.by_id
        self._capacity = instance.capacity
        self._bound_rule = bound_rule
        self._ranks = ranks

        self._running: dict[RequestId, RunningRequest] = {}
        self._waiting = Waiting(instance.positions)
        self._assumed = {
            request.id: bound_rule.first(instance, request) for request in period.requests
        }

        self._arriving: dict[int, list[Request]] = defaultdict(list)
        self._starting: dict[int, list[RequestId]] = defaultdict(list)
        self._completing: dict[int, list[RequestId]] = defaultdict(list)
        self._evicting: dict[int, list[RequestId]] = defaultdict(list)
        for request in period.requests:
            self._arriving[request.arrival].append(request)
        for run in (traced.run for traced in period.runs):
            self._starting[run.start].append(run.request)
            stopping = self._completing if run.outcome == "completed" else self._evicting
            stopping[run.stop].append(run.request)
        self._events = sorted(
            {*self._arriving, *self._starting, *self._completing, *self._evicting}
        )

        longest = max(
            max(self._assumed[request.id], request.output_len) for request in period.requests
        )
        self._plan = plan_of(instance, period, longest)

    def first_wrong(self) -> RoundState | None:
        """The first round whose evictions or admissions no tie-break explains."""
        for now, following in pairwise(self._events):
            wrong = self._event(now) or self._quiet(now + 1, following)
            if wrong is not None:
                return wrong
        return None

    def _event(self, now: int) -> RoundState | None:
        """Judge a round in which a request arrives, starts or stops; then carry it out."""
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
            return self._state(now, before, evicted, admitted, *wrong)
        for request in admitted:
            self._running[request] = RunningRequest(now, self._assumed[request])
        for request in evicted:
            self._wait(request)
        return None

    def _judge_evictions(
        self, now: int, evicted: list[RequestId], admitted: list[RequestId]
    ) -> tuple[RoundRule, tuple[RequestId, ...]] | None:
        """L1: the victims are a prefix of ≺ on the running, and no shorter prefix is enough."""
        victims = {request: self._running.pop(request) for request in evicted}
        places = {
            request: self._victim_place(request, run, now) for request, run in victims.items()
        }
        staying = self._holding(now, admitted)
        next_token = {
            request: self._plan.occupied(self._tokens(request, run, now) + 1)
            for request, run in victims.items()
        }
        for request, run in victims.items():
            self._drop_plan(request, run, now)
            self._assumed[request] = self._kept(request, run, now)
        if staying + sum(next_token.values()) <= self._capacity:
            return "evicted-needlessly", tuple(evicted)
        last = max(places.values())
        spared = [
            request
            for request, run in self._running.items()
            if self._victim_place(request, run, now) < last
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
    ) -> tuple[RoundRule, tuple[RequestId, ...]] | None:
        """L2: the admitted are a prefix of ≺ on the waiting, and the next one does not fit."""
        again = tuple(request for request in admitted if request in evicted)
        if again:
            return "readmitted-at-once", again
        if not admitted and not self._waiting:
            return None
        places = {request: self._waiting.take(request) for request in admitted}
        stopped_at = self._waiting.first()
        overtaking = (
            ()
            if stopped_at is None
            else tuple(r for r in admitted if places[r] > self._waiting.place(stopped_at))
        )
        holding = self._holding(now, admitted)
        for request in admitted:
            if request not in overtaking:
                prompt_len = self._requests[request].prompt_len
                holding += self._plan.occupied(prompt_len + 1)
                self._plan.add(now, prompt_len, self._assumed[request])
        longest = max((self._assumed[r] for r in admitted if r not in overtaking), default=0)
        if self._plan.exceeds(now, holding, longest):
            return "admitted-what-cannot-fit", tuple(r for r in admitted if r not in overtaking)
        if stopped_at is not None and self._fits(stopped_at, now, holding):
            if overtaking:
                return "admitted-out-of-order", (*overtaking, stopped_at)
            return "stopped-too-early", (stopped_at,)
        if stopped_at is not None and overtaking:
            return "skipped-the-first", (*overtaking, stopped_at)
        return None

    def _quiet(self, first: int, stop: int) -> RoundState | None:
        """Judge rounds ``first`` to ``stop - 1``, in which no request arrives, starts or stops."""
        request = self._waiting.first() if first < stop else None
        if request is None:
            return None
        prompt_len, assumed = self._requests[request].prompt_len, self._assumed[request]
        now = self._plan.first_fit(first, stop, prompt_len, assumed)
        if now is None:
            return None
        return self._state(now, self._running, (), (), "stopped-too-early", (request,))

    def _state(
        self,
        now: int,
        running: Mapping[RequestId, RunningRequest],
        evicted: Sequence[RequestId],
        admitted: Sequence[RequestId],
        rule: RoundRule,
        requests: tuple[RequestId, ...],
    ) -> RoundState:
        waiting = [*self._waiting, *(r for r in admitted if r not in self._waiting)]
        return RoundState(
            now,
            dict(running),
            {request: self._assumed[request] for request in waiting if request not in evicted},
            tuple(evicted),
            tuple(admitted),
            rule,
            requests,
        )

    def _place(self, request: RequestId, assumed: int) -> Place:
        order = self._bound_rule.order
        first = assumed if order is None else order(self._instance, self._requests[request])
        return first, ANY_RANK if self._ranks is None else self._ranks[request]

    def _victim_place(self, request: RequestId, run: RunningRequest, now: int) -> Place:
        return self._place(request, self._bound_rule.refined(run.assumed, now - run.start))

    def _kept(self, request: RequestId, run: RunningRequest, now: int) -> int:
        """What is assumed of a request from its eviction at ``now`` on; tokens."""
        if self._bound_rule.remembers:
            return self._bound_rule.refined(run.assumed, now - run.start)
        return self._bound_rule.first(self._instance, self._requests[request])

    def _wait(self, request: RequestId) -> None:
        assumed = self._assumed[request]
        most = self._requests[request].prompt_len + assumed
        self._waiting.add(request, self._place(request, assumed), most)

    def _tokens(self, request: RequestId, run: RunningRequest, now: int) -> int:
        """What a running request has at the start of round ``now``: its prompt and its output."""
        return self._requests[request].prompt_len + now - run.start

    def _holding(self, now: int, admitted: Iterable[RequestId]) -> int:
        """What is held in round ``now`` by all runs but those that start in it; tokens."""
        new = sum(self._plan.occupied(self._requests[r].prompt_len + 1) for r in admitted)
        return self._plan.held(now) - new

    def _drop_plan(self, request: RequestId, run: RunningRequest, now: int) -> None:
        tokens = self._tokens(request, run, now)
        self._plan.remove(now, tokens, run.start + run.assumed - now)

    def _fits(self, request: RequestId, now: int, holding: int) -> bool:
        """Whether a waiting request fits beside requests that hold ``holding`` tokens now."""
        prompt_len, assumed = self._requests[request].prompt_len, self._assumed[request]
        return self._plan.fits(now, holding, prompt_len, assumed)

"""Runs a policy on an instance, round by round, and refuses decisions that are impossible."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

from amin_ref.compiled.refusal import NotCompiled
from amin_ref.compiled.simulation import compiled_simulation
from amin_ref.model.ending import NONE_ABORTED, aborted_requests
from amin_ref.model.errors import (
    MOST_NAMED,
    DecisionRule,
    IllegalDecision,
    InvalidValue,
    NoProgress,
    shown,
)
from amin_ref.model.instance import Instance
from amin_ref.model.request import Request
from amin_ref.model.schedule import Outcome, Run, Schedule
from amin_ref.model.validation import RequestId, is_request_id
from amin_ref.policies import ClairvoyantPolicy, Decision, Policy, RevealedRequest, VisibleRequest
from amin_ref.policies.loading import policy_of
from amin_ref.simulator.chunked_cache import ChunkedCache, cache_for

IDLE_ROUNDS = 1000
"""Most consecutive rounds with an empty cache while requests wait and no arrivals remain.

One more raises NoProgress. No policy needs even one such round (T8). The number is large enough for
a policy that waits on purpose, such as for a batch, and small enough to end a test soon.
"""

LEAST_FACTOR = 100
"""Least factor of the default limit of rounds, relative to running one request at a time.

The policies of this package need at most the factor n for n requests (T2). With few requests the
factor is higher, so that a wasteful policy is not stopped before all its requests complete.
"""

LONGEST_CYCLE = 1000
"""The most evictions of a repeating pattern that is looked for before NoProgress is raised.

Looking takes about as many comparisons as this number squared, less than a second.
"""


def simulate(
    instance: Instance,
    policy: Policy | ClairvoyantPolicy | str,
    *,
    aborted: Mapping[RequestId, int] = NONE_ABORTED,
    max_rounds: int | None = None,
    on_completion: Callable[[int], None] | None = None,
    compiled: bool | None = None,
) -> Schedule:
    """The schedule that ``policy`` makes of ``instance`` (specification, sections 1 and 3).

    In every round, the policy receives the requests that arrive and the ids that have completed,
    and decides which requests to evict and to admit; then every running request generates one
    token. Only a :class:`ClairvoyantPolicy` receives output lengths.

    Args:
        instance: the cache and its requests.
        policy: a scheduler, which is begun anew; or the name of one: ``"amin"``, ``"amax"``,
            ``"h-sf"``, … (:data:`amin_ref.policies.names.POLICIES`), or ``"MODULE:NAME"`` for a
            class or function of that module.
        aborted: ids of the requests whose clients go away, each with the round at whose start that
            happens; not before its arrival. A request that has completed by then is not affected.
        max_rounds: the round by which every request must have completed. By default the last
            arrival, and max(100, n) times the rounds that n requests take one at a time, and
            :data:`IDLE_ROUNDS`. No policy of this package needs more (T2).
        on_completion: called with the number of completed requests: whenever that number grows, or
            once a second or so where compiled code is used.
        compiled: whether compiled code makes the schedule, in place of the policy. It makes the
            same one. ``None``: it does where it can and there are at least 20,000 requests, or
            2,000 if an earlier call or process has compiled it.

    Raises:
        InvalidValue: ``policy`` is not a policy: a class, for example, instead of an instance; it
            is not made for the machine of the instance; a request is aborted before it arrives; or
            ``compiled`` is true and compiled code cannot make the schedule.
        NoScheduler: no policy has that name.
        IllegalDecision: the policy evicts a request that does not run, admits one that does not
            wait, names one twice, or overflows the cache. The message names round, request, rule.
        NoProgress: the policy leaves the cache empty for more than :data:`IDLE_ROUNDS` consecutive
            rounds while requests wait and no arrivals remain, or a request has not completed by
            ``max_rounds``.
    """
    aborted = aborted_requests(aborted, instance)
    _refuse_early_aborts(aborted, instance)
    policy = policy_of(policy, "simulate: policy")
    if max_rounds is None:
        last_arrival = max((request.arrival for request in instance.requests), default=0)
        one_by_one = sum(request.output_len for request in instance.requests)
        most = max(LEAST_FACTOR, len(instance.requests)) * one_by_one
        if instance.machine.tokens_per_round is not None:
            # Before a token, a whole prefix may have to be computed, of M tokens at most (T2).
            most *= -(-instance.capacity // instance.machine.tokens_per_round)
        max_rounds = last_arrival + most + IDLE_ROUNDS
    if compiled is None or compiled:
        try:
            if aborted:
                raise NotCompiled("requests are aborted")
            schedule = compiled_simulation(
                instance, policy, max_rounds, on_completion, asked=bool(compiled)
            )
        except NotCompiled as reason:
            if compiled:
                raise InvalidValue(
                    "simulate: compiled", compiled, str(reason), "leave it out, or give False"
                ) from None
        else:
            if schedule is not None:
                return schedule
    return _reference(instance, policy, aborted, max_rounds, on_completion)


def _reference(
    instance: Instance,
    policy: Policy | ClairvoyantPolicy,
    aborted: Mapping[RequestId, int],
    max_rounds: int,
    on_completion: Callable[[int], None] | None,
) -> Schedule:
    """The schedule that the policy itself makes, asked round by round."""
    simulation = _Simulation(instance, policy, aborted)
    completed = 0
    while not simulation.is_done():
        if simulation.now > max_rounds:
            raise NoProgress(
                f"round {simulation.now}: {simulation.unfinished()} requests are not completed "
                f"yet, but the limit is {max_rounds} rounds (T2){_cycle_in_words(simulation.runs)}"
                "; mend the policy or raise max_rounds."
            )
        simulation.step()
        if on_completion is not None and simulation.completed > completed:
            completed = simulation.completed
            on_completion(completed)
    return Schedule(instance, tuple(simulation.runs), aborted=simulation.gone)


def _refuse_early_aborts(aborted: Mapping[RequestId, int], instance: Instance) -> None:
    for request, now in aborted.items():
        arrival = instance.by_id[request].arrival
        if now < arrival:
            raise InvalidValue(
                f"simulate: aborted: {shown(request)}",
                now,
                f"the request arrives in round {arrival}",
                "give that round or a later one",
            )


def _cycle_in_words(runs: Sequence[Run]) -> str:
    """Which requests evict each other for ever, as a clause; empty if the last runs do not repeat.

    The pattern is shown as it last occurred: each run with its first round and its eviction.
    """
    cycle = _cycle(runs)
    if not cycle:
        return ""
    every = cycle[-1].stop - runs[-len(cycle) - 1].stop
    ids = list(dict.fromkeys(run.request for run in cycle))
    named = ", ".join(map(shown, ids[:MOST_NAMED]))
    if len(ids) > MOST_NAMED:
        named += f" and {len(ids) - MOST_NAMED} more"
    verb = "evict each other" if len(ids) > 1 else "is evicted"
    last = ", ".join(
        f"{shown(run.request)} from round {run.start} to its eviction in round {run.stop}"
        for run in cycle[:MOST_NAMED]
    )
    if len(cycle) > MOST_NAMED:
        last += f" and {len(cycle) - MOST_NAMED} runs more"
    return f": {named} {verb} again and again, in a cycle of {every} rounds (the last: {last})"


def _cycle(runs: Sequence[Run]) -> Sequence[Run]:
    """The shortest run of evictions at the end that also stands before itself, only earlier."""
    for length in range(1, min(LONGEST_CYCLE, len(runs) // 2) + 1):
        shift = runs[-1].start - runs[-1 - length].start
        if shift > 0 and all(
            later.outcome == earlier.outcome == "evicted"
            and later.request == earlier.request
            and later.start - earlier.start == later.stop - earlier.stop == shift
            for later, earlier in zip(runs[-length:], runs[-2 * length : -length], strict=True)
        ):
            return runs[-length:]
    return ()


class _Simulation:
    """The state of a simulation between two rounds."""

    def __init__(
        self,
        instance: Instance,
        policy: Policy | ClairvoyantPolicy,
        aborted: Mapping[RequestId, int],
    ) -> None:
        self.now = 0
        self.runs: list[Run] = []
        self.completed = 0
        self._instance = instance
        self._policy = policy
        self._cache = cache_for(instance)
        self._waiting: set[RequestId] = set()
        self._kept: dict[RequestId, int] = {}
        self.gone: dict[RequestId, int] = {}
        self._aborted = aborted
        self._aborting: dict[int, list[RequestId]] = {}
        for request, now in aborted.items():
            self._aborting.setdefault(now, []).append(request)
        # Admitted though the clients are gone; in the next round the policy is told that they end.
        self._admitted_in_vain: list[RequestId] = []
        self._completing: dict[int, list[RequestId]] = {}
        self._idle_rounds = 0
        by_arrival = sorted(instance.requests, key=lambda request: request.arrival)
        self._arrivals = {
            arrival: list(requests)
            for arrival, requests in groupby(by_arrival, key=lambda request: request.arrival)
        }
        self._arrival_rounds = sorted(self._arrivals, reverse=True)
        policy.use(instance.machine)
        policy.begin(instance.capacity, instance.block_size)

    def is_done(self) -> bool:
        return self.unfinished() == 0

    def unfinished(self) -> int:
        return len(self._instance.requests) - self.completed - len(self.gone)

    def step(self) -> None:
        """One round, or a jump to the next arrival when nothing runs, waits or has completed."""
        completed = self._complete() + self._abort()
        if self.is_done():
            return
        if not (completed or self._waiting or self._cache.running):
            self.now = max(self.now, self._arrival_rounds[-1])
        arrived = self._arrive()
        decision = self._ask(arrived, completed)
        self._refuse_nonsense(decision)
        self._evict(decision)
        self._admit(decision)
        self._refuse_overflow()
        self._refuse_idleness()
        self._cache.generate(self.now)
        self.now += 1

    def _complete(self) -> tuple[RequestId, ...]:
        """Release the requests that generated their last token in the round before."""
        completed = []
        for request in self._due():
            # When a request is evicted, its entry in _completing stays. That entry is out of date:
            # the request does not run, or its present run began later.
            if request in self._cache.running and self._left(request) == 0:
                self._stop(request, "completed")
                completed.append(request)
        self.completed += len(completed)
        return tuple(completed)

    def _due(self) -> Sequence[RequestId]:
        """The requests that may have generated their last token in the round before."""
        if isinstance(self._cache, ChunkedCache):
            return list(self._cache.running)
        return self._completing.pop(self.now, [])

    def _left(self, request: RequestId) -> int:
        """Tokens that a running request has still to generate."""
        generated = self._kept.get(request, 0) + self._cache.generated(request, self.now)
        return self._instance.by_id[request].output_len - generated

    def _stop(self, request: RequestId, outcome: Outcome) -> None:
        """End the present run of a request."""
        stay = self._cache.release(request, self.now)
        self.runs.append(Run(request, stay.start, self.now, outcome, stay.computed))
        if self._instance.machine.after_eviction == "resume":
            self._kept[request] = self._kept.get(request, 0) + stay.generated

    def _abort(self) -> tuple[RequestId, ...]:
        """Remove the requests whose clients go away in this round.

        Returns:
            Those that ran, and those that the policy has admitted since in vain.
        """
        ran, self._admitted_in_vain = self._admitted_in_vain, []
        for request in self._aborting.pop(self.now, ()):
            if request in self._cache.running:
                self._stop(request, "aborted")
                ran.append(request)
            elif request in self._waiting:
                self._waiting.remove(request)
                self._policy.cancelled(request)
            else:
                continue  # it has completed, or not arrived
            self.gone[request] = self.now
        return tuple(ran)

    def _arrive(self) -> Sequence[Request]:
        if not self._arrival_rounds or self._arrival_rounds[-1] > self.now:
            return ()
        arrived = []
        for request in self._arrivals[self._arrival_rounds.pop()]:
            if self._aborted.get(request.id, self.now + 1) <= self.now:
                self.gone[request.id] = self._aborted[request.id]
            else:
                arrived.append(request)
        self._waiting.update(request.id for request in arrived)
        return arrived

    def _ask(self, arrived: Sequence[Request], completed: tuple[RequestId, ...]) -> Decision:
        positions = self._instance.positions
        if isinstance(self._policy, ClairvoyantPolicy):
            revealed = [RevealedRequest.of(request, positions[request.id]) for request in arrived]
            return self._policy.decide(self.now, revealed, completed)
        visible = [VisibleRequest.of(request, positions[request.id]) for request in arrived]
        return self._policy.decide(self.now, visible, completed)

    def _refuse_nonsense(self, decision: object) -> None:
        if not isinstance(decision, Decision):
            raise IllegalDecision(
                self.now,
                (),
                f"decide returned {shown(decision)}, which is no Decision",
                "return Decision(evict=(…), admit=(…))",
            )
        for field, ids in (("evict", decision.evict), ("admit", decision.admit)):
            if not isinstance(ids, tuple):
                raise IllegalDecision(
                    self.now,
                    (),
                    f"{field} is {shown(ids)}, which is no tuple of ids",
                    "give a tuple, also of a single id",
                )
        for request in (*decision.evict, *decision.admit):
            if not is_request_id(request):
                raise IllegalDecision(
                    self.now, (request,), "that is no request's id", "name requests by their id"
                )

    def _evict(self, decision: Decision) -> None:
        for request in decision.evict:
            if request in self.gone:
                continue
            if request not in self._cache.running:
                self._refuse(
                    request,
                    "evicted, but it is not running",
                    "evict running requests",
                    "evicted-what-does-not-run",
                )
            self._stop(request, "evicted")
            self._waiting.add(request)

    def _admit(self, decision: Decision) -> None:
        for request in decision.admit:
            if request in self.gone:
                self._admitted_in_vain.append(request)
                continue
            if request not in self._waiting:
                self._refuse(
                    request,
                    "admitted, but it is not waiting",
                    "admit waiting requests",
                    "admitted-what-does-not-wait",
                )
            self._waiting.remove(request)
            known, kept = self._instance.by_id[request], self._kept.get(request, 0)
            self._cache.admit(request, known.prompt_len + kept, self.now)
            due = self.now + known.output_len - kept
            self._completing.setdefault(due, []).append(request)

    def _refuse_overflow(self) -> None:
        limit = self._instance.machine.max_running
        if limit is not None and len(self._cache.running) > limit:
            raise IllegalDecision(
                self.now,
                tuple(self._cache.running),
                f"{len(self._cache.running)} requests run and the machine runs at most {limit}",
                "admit fewer",
                "too-many-running",
            )
        needed = self._cache.after_round(self.now)
        if needed > self._cache.capacity:
            raise IllegalDecision(
                self.now,
                tuple(self._cache.running),
                f"the running requests' next token needs {needed} tokens of cache and it has "
                f"{self._cache.capacity} (T1)",
                "evict more or admit fewer",
                "overflow",
            )

    def _refuse_idleness(self) -> None:
        idle = bool(self._waiting) and not self._cache.running and not self._arrival_rounds
        self._idle_rounds = self._idle_rounds + 1 if idle else 0
        if self._idle_rounds > IDLE_ROUNDS:
            raise NoProgress(
                f"round {self.now}: the cache has been empty for {IDLE_ROUNDS} rounds though "
                f"{len(self._waiting)} requests wait, {shown(min(self._waiting, key=str))} among "
                "them (T2, T8); admit one of them: each fits the empty cache."
            )

    def _refuse(self, request: RequestId, rule: str, mend: str, name: DecisionRule) -> None:
        raise IllegalDecision(self.now, (request,), rule, mend, name)

"""The machine of serving engines by brute force: valid schedules, and every broken rule.

Every sum is computed from scratch in every round, from section 7 of the specification alone. Only
the values (requests, runs, schedules) are shared with the implementation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from hypothesis import strategies as st

from amin_ref import Instance, Machine, Outcome, Request, RequestId, Run, Schedule

BrokenRule = tuple[str, int | None]
"""A rule, and the round in which it is broken."""


@dataclass(frozen=True)
class Moment:
    """A run in one of its rounds: tokens computed, tokens in the cache, whether it generates."""

    computed: int
    in_cache: int
    generates: bool


def moments(run: Run, prefix: int) -> list[Moment]:
    """The rounds of a run whose first token needs ``prefix`` tokens in the cache."""
    found: list[Moment] = []
    cached = 0
    for index in range(run.stop - run.start):
        usual = prefix if index == 0 else 1
        computed = usual if run.computed is None else run.computed[index]
        cached += computed
        tokens = sum(moment.generates for moment in found)
        found.append(Moment(computed, cached, cached >= prefix + tokens))
    return found


def blocks(tokens: int, block_size: int) -> int:
    """Tokens in whole blocks."""
    held = 0
    while held < tokens:
        held += block_size
    return held


def broken_rules(schedule: Schedule) -> list[BrokenRule]:
    """Every rule that the schedule breaks, in sorted order; empty for a valid schedule."""
    instance, machine = schedule.instance, schedule.instance.machine
    found: list[BrokenRule] = []
    rounds = range(max((run.stop for run in schedule.runs), default=0))
    held = [0 for _ in rounds]
    computed = [0 for _ in rounds]
    running = [0 for _ in rounds]
    for request in instance.requests:
        runs = sorted(
            (run for run in schedule.runs if run.request == request.id),
            key=lambda run: (run.start, run.stop),
        )
        kept = 0
        for position, run in enumerate(runs):
            prefix = request.prompt_len + kept
            lived = moments(run, prefix)
            found += _broken_by_run(request, run, lived, prefix, kept)
            if any(other.stop > run.start for other in runs[:position]):
                found.append(("no-overlap", run.start))
            if machine.after_eviction == "resume":
                kept += sum(moment.generates for moment in lived)
            for now, moment in enumerate(lived, start=run.start):
                newest = 1 if moment.generates and machine.last_token_stored else 0
                held[now] += blocks(moment.in_cache + newest, instance.block_size)
                computed[now] += moment.computed
                running[now] += 1
        found += _broken_by_completions(schedule, request, runs)
        found += _broken_by_the_abort(schedule, request, runs)
    shares = False
    if schedule.held is None:
        found += _first_rounds_over("within-capacity", held, instance.capacity)
    else:
        held += [0] * (len(schedule.held) - len(held))
        found += _first_rounds_over("within-capacity", list(schedule.held), instance.capacity)
        more = [says - by_runs for says, by_runs in zip(schedule.held, held, strict=True)]
        found += _first_rounds_over("held-by-runs", more, 0)
        shares = min(more, default=0) < 0
    if machine.tokens_per_round is not None and not shares:
        found += _first_rounds_over("within-tokens-per-round", computed, machine.tokens_per_round)
    if machine.max_running is not None:
        found += _first_rounds_over("within-max-running", running, machine.max_running)
    return sorted(found, key=str)


def _broken_by_run(
    request: Request, run: Run, lived: list[Moment], prefix: int, kept: int
) -> list[BrokenRule]:
    found: list[BrokenRule] = []
    if run.start < request.arrival:
        found.append(("not-before-arrival", run.start))
    too_much = [
        run.start + index
        for index, moment in enumerate(lived)
        if moment.in_cache > prefix + sum(before.generates for before in lived[:index])
    ]
    if too_much:
        found.append(("computes-its-prefix", too_much[0]))
    together = kept + sum(moment.generates for moment in lived)
    if run.outcome == "completed":
        if together != request.output_len or not lived or not lived[-1].generates:
            found.append(("completed-length", run.start))
    elif not lived or together >= request.output_len:
        found.append((f"{run.outcome}-length", run.start))
    return found


def _broken_by_completions(
    schedule: Schedule, request: Request, runs: list[Run]
) -> list[BrokenRule]:
    completed = [run for run in runs if run.outcome == "completed"]
    if not completed:
        exempt = request.id in schedule.aborted or schedule.ended is not None
        return [] if exempt else [("completes-once", None)]
    found: list[BrokenRule] = [("completes-once", run.start) for run in completed[1:]]
    late = [run for run in runs if run not in completed and run.start >= completed[0].stop]
    return found + [("nothing-after-completion", run.start) for run in late]


def _broken_by_the_abort(schedule: Schedule, request: Request, runs: list[Run]) -> list[BrokenRule]:
    left = schedule.aborted.get(request.id)
    found: list[int] = []
    if left is None:
        found += [run.stop for run in runs if run.outcome == "aborted"]
    else:
        if left < request.arrival:
            found.append(left)
        if schedule.ended is not None and left > schedule.ended:
            found.append(left)
        for run in runs:
            if run.outcome == "completed" or (run.outcome == "aborted" and run.stop != left):
                found.append(run.stop)
            elif run.stop > left:
                found.append(run.start)
    return [("stops-when-aborted", now) for now in found]


def _first_rounds_over(rule: str, amounts: list[int], limit: int) -> list[BrokenRule]:
    return [
        (rule, now)
        for now, amount in enumerate(amounts)
        if amount > limit and (now == 0 or amounts[now - 1] <= limit)
    ]


PATIENCE = 60
"""Rounds of random decisions, after which one request runs at a time until it completes."""


@dataclass
class _Stay:
    """A request in the cache: first round, prefix, tokens computed in each round, tokens made."""

    start: int
    prefix: int
    computed: list[int]
    tokens: int = 0

    def in_cache(self) -> int:
        return sum(self.computed)

    def left(self) -> int:
        return self.prefix + self.tokens - self.in_cache()


class _Engine:
    """An engine that decides at random, and never breaks a rule."""

    def __init__(self, instance: Instance, random: Random, aborts: float) -> None:
        self.instance = instance
        self.aborts = aborts
        self.aborted: dict[RequestId, int] = {}
        self.machine: Machine = instance.machine
        self.random = random
        self.now = 0
        self.runs: list[Run] = []
        self.kept = {request.id: 0 for request in instance.requests}
        self.stays: dict[RequestId, _Stay] = {}
        self.done: set[RequestId] = set()

    def schedule(self) -> Schedule:
        while len(self.done) < len(self.instance.requests):
            careful = self.now > PATIENCE
            self._clients_leave()
            for name in list(self.stays):
                if len(self.stays) > 1 if careful else self.random.random() < 0.15:
                    self._leave(name, "evicted")
            self._admit(1 if careful else self.machine.max_running)
            self._compute(careful)
            self.now += 1
            for request in self.instance.requests:
                stay = self.stays.get(request.id)
                if stay and self.kept[request.id] + stay.tokens == request.output_len:
                    self._leave(request.id, "completed")
                    self.done.add(request.id)
        return Schedule(self.instance, self.runs, aborted=self.aborted)

    def _clients_leave(self) -> None:
        for request in self.instance.requests:
            is_here = request.arrival <= self.now and request.id not in self.done
            if is_here and self.random.random() < self.aborts:
                if request.id in self.stays:
                    self._leave(request.id, "aborted")
                self.aborted[request.id] = self.now
                self.done.add(request.id)

    def _admit(self, most: int | None) -> None:
        waiting = [
            request
            for request in self.instance.requests
            if request.id not in self.stays
            and request.id not in self.done
            and request.arrival <= self.now
        ]
        self.random.shuffle(waiting)
        for request in waiting:
            if (most is None or len(self.stays) < most) and self.random.random() < 0.7:
                prefix = request.prompt_len + self.kept[request.id]
                self.stays[request.id] = _Stay(self.now, prefix, [])

    def _compute(self, careful: bool) -> None:
        """Each request computes as much as a random wish, the budget and the cache allow."""
        budget = self.machine.tokens_per_round
        left = budget if budget is not None else 10**9
        for stay in self.stays.values():
            stay.computed.append(0)
        order = list(self.stays.values())
        self.random.shuffle(order)
        for stay in order:
            wish = min(stay.left(), left)
            if not careful and self.random.random() < 0.4:
                wish = self.random.randint(0, wish)
            stay.computed[-1] = wish
            while self._held() > self.instance.capacity:
                stay.computed[-1] -= 1
            left -= stay.computed[-1]
        for stay in order:
            stay.tokens += stay.left() == 0

    def _held(self) -> int:
        """What is held in this round, before the tokens of this round are counted in ``tokens``."""
        newest = 1 if self.machine.last_token_stored else 0
        return sum(
            blocks(stay.in_cache() + newest * (stay.left() == 0), self.instance.block_size)
            for stay in self.stays.values()
        )

    def _leave(self, request: RequestId, outcome: Outcome) -> None:
        stay = self.stays.pop(request)
        computed: tuple[int, ...] | None = tuple(stay.computed)
        usual = (stay.prefix, *[1] * (len(stay.computed) - 1))
        if computed == usual and self.random.random() < 0.7:
            computed = None
        self.runs.append(Run(request, stay.start, self.now, outcome, computed))
        if self.machine.after_eviction == "resume":
            self.kept[request] += stay.tokens


def random_schedule(instance: Instance, random: Random, aborts: float = 0.0) -> Schedule:
    """A valid schedule of the instance on its machine: chunks, pauses and evictions at random.

    Args:
        instance: the instance.
        random: makes every decision.
        aborts: probability that the client of a request goes away, in each round.
    """
    return _Engine(instance, random, aborts).schedule()


@st.composite
def engine_schedules(draw: st.DrawFn, instances: st.SearchStrategy[Instance]) -> Schedule:
    """A valid schedule of an instance, with chunks, pauses, evictions and aborts.

    Some are cut off by the end of the log, and some say what was held.
    """
    random = draw(st.randoms(use_true_random=False))
    schedule = random_schedule(draw(instances), random, draw(st.sampled_from((0, 0.05))))
    if draw(st.booleans()):
        schedule = cut_off(schedule, draw(st.integers(0, schedule.makespan + 3)))
    if draw(st.booleans()):
        rounds = schedule.makespan if schedule.ended is None else schedule.ended
        held = [int(tokens) for tokens in schedule.occupancy()]
        schedule = replace(schedule, held=(*held, *[0] * (rounds - len(held))))
    return schedule


def cut_off(schedule: Schedule, ended: int) -> Schedule:
    """What a log that ends before round ``ended`` has of a valid schedule."""
    runs = []
    for run in schedule.runs:
        length = min(run.stop, ended) - run.start
        if run.stop <= ended and (run.stop < ended or run.outcome == "completed"):
            runs.append(run)
        elif length > 0:
            computed = None if run.computed is None else run.computed[:length]
            runs.append(Run(run.request, run.start, ended, "evicted", computed))
    aborted = {request: now for request, now in schedule.aborted.items() if now < ended}
    return Schedule(schedule.instance, runs, aborted=aborted, ended=ended)

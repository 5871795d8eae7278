"""The policies and the rules of validity by brute force, from the specification alone.

Every sum is computed from scratch in every round: there is no plan, no heap and no cache. Only the
values (requests, runs, schedules) are shared with the implementation.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from amin_ref import Instance, Request, RequestId, Rule, Run, Schedule

Ranks = Mapping[RequestId, float]
"""The tie-break rank of each request: the lower rank comes first."""


def held(prompt_len: int, tokens: int, block_size: int) -> int:
    """Tokens that a request occupies once it has generated ``tokens``."""
    full_blocks, rest = divmod(prompt_len + tokens, block_size)
    return (full_blocks + (1 if rest else 0)) * block_size


def longest_output(prompt_len: int, capacity: int, block_size: int) -> int:
    """The most tokens that a request alone in the cache can generate."""
    longest = 0
    while held(prompt_len, longest + 1, block_size) <= capacity:
        longest += 1
    return longest


@dataclass
class Known:
    """A naive scheduler's record of a request; ``assumed`` is the assumed output length."""

    prompt_len: int
    arrival: int
    rank: float
    assumed: int


class NaiveScheduler(ABC):
    """A scheduler with a public state: the waiting requests, and the tokens of each running one.

    ``generated`` is in order of admission.
    """

    def __init__(self, capacity: int, block_size: int) -> None:
        self.capacity = capacity
        self.block_size = block_size
        self.known: dict[RequestId, Known] = {}
        self.waiting: set[RequestId] = set()
        self.generated: dict[RequestId, int] = {}

    @abstractmethod
    def assume(self, request: Request) -> int:
        """The output length that is assumed on arrival."""

    @abstractmethod
    def decide(self) -> tuple[list[RequestId], list[RequestId]]:
        """Steps 2 to 4 of a round: the evicted requests, and the admitted ones."""

    def arrive(self, request: Request, rank: float) -> None:
        self.known[request.id] = Known(
            request.prompt_len, request.arrival, rank, self.assume(request)
        )
        self.waiting.add(request.id)

    def complete(self, request: RequestId) -> None:
        del self.generated[request]

    def generate(self) -> None:
        for request in self.generated:
            self.generated[request] += 1

    def held_in(self, rounds: int, more: Mapping[RequestId, int]) -> int:
        """Tokens held ``rounds`` rounds from now if each request generates ``more`` tokens."""
        return sum(
            held(self.known[i].prompt_len, self.generated[i] + rounds + 1, self.block_size)
            for i in more
            if more[i] > rounds
        )

    def overflows(self, remaining: Iterable[RequestId]) -> bool:
        """Whether the next token of these running requests does not fit."""
        return self.held_in(0, dict.fromkeys(remaining, 1)) > self.capacity

    def fits(self) -> bool:
        """Whether the running requests fit in every round up to their assumed stops."""
        more = {i: max(1, self.known[i].assumed - self.generated[i]) for i in self.generated}
        horizon = max(more.values(), default=0)
        return all(self.held_in(rounds, more) <= self.capacity for rounds in range(horizon))

    def in_order(self, ids: Iterable[RequestId]) -> list[RequestId]:
        """The requests in ascending ≺."""
        return sorted(ids, key=lambda i: (self.known[i].assumed, self.known[i].rank))

    def volume(self, request: RequestId) -> int:
        """Token·rounds of a run of the assumed length."""
        known = self.known[request]
        return sum(
            held(known.prompt_len, tokens, self.block_size)
            for tokens in range(1, known.assumed + 1)
        )

    def by_volume(self, ids: Iterable[RequestId]) -> list[RequestId]:
        """The requests in ascending volume, ties by rank."""
        return sorted(ids, key=lambda i: (self.volume(i), self.known[i].rank))

    def by_arrival(self, ids: Iterable[RequestId]) -> list[RequestId]:
        """The requests in order of arrival, ties by rank."""
        return sorted(ids, key=lambda i: (self.known[i].arrival, self.known[i].rank))

    def admit_in(self, order: Iterable[RequestId]) -> list[RequestId]:
        """Admit one after the other; stop at the first that does not fit."""
        admitted = []
        for request in order:
            self.generated[request] = 0
            if not self.fits():
                del self.generated[request]
                break
            self.waiting.remove(request)
            admitted.append(request)
        return admitted


class NaiveAmin(NaiveScheduler):
    """Section 3 of the specification."""

    def assume(self, request: Request) -> int:
        return request.lower

    def decide(self) -> tuple[list[RequestId], list[RequestId]]:
        # 2. Refine.
        for request, tokens in self.generated.items():
            known = self.known[request]
            known.assumed = max(known.assumed, tokens)
        # 3. Evict.
        evicted = []
        for request in self.in_order(self.generated):
            if not self.overflows(self.generated):
                break
            del self.generated[request]
            evicted.append(request)
        # 4. Admit.
        admitted = self.admit_in(self.queue(self.waiting))
        self.waiting |= set(evicted)
        return evicted, admitted

    def queue(self, ids: Iterable[RequestId]) -> list[RequestId]:
        """The waiting requests, those to be admitted first in front."""
        return self.in_order(ids)


class NaiveAminByVolume(NaiveAmin):
    """Section 4: Amin with the waiting in ascending volume."""

    def queue(self, ids: Iterable[RequestId]) -> list[RequestId]:
        return self.by_volume(ids)


class NaiveAmax(NaiveScheduler):
    """Section 4: Amin's admission, with the upper bound as the assumed length."""

    def assume(self, request: Request) -> int:
        longest = longest_output(request.prompt_len, self.capacity, self.block_size)
        return longest if request.upper is None else min(request.upper, longest)

    def decide(self) -> tuple[list[RequestId], list[RequestId]]:
        return [], self.admit_in(self.in_order(self.waiting))


class NaiveHindsight(NaiveAmax):
    """Section 4: Amin's admission, with the output length as the assumed length."""

    def assume(self, request: Request) -> int:
        return request.output_len


class NaiveSmallestVolume(NaiveHindsight):
    """Section 4: H-SF with the waiting in ascending volume."""

    def decide(self) -> tuple[list[RequestId], list[RequestId]]:
        return [], self.admit_in(self.by_volume(self.waiting))


class NaiveSmallestVolumeByPeaks(NaiveSmallestVolume):
    """Section 4: SVF with the peak check."""

    def fits(self) -> bool:
        peaks = (
            held(self.known[i].prompt_len, self.known[i].assumed, self.block_size)
            for i in self.generated
        )
        return sum(peaks) <= self.capacity


class NaiveFirstCome(NaiveScheduler):
    """Section 4: arrival order, no look-ahead, eviction of the latest admitted request."""

    def assume(self, request: Request) -> int:
        del request
        return 1

    def decide(self) -> tuple[list[RequestId], list[RequestId]]:
        evicted: list[RequestId] = []
        while self.overflows(self.generated):
            evicted.append(list(self.generated)[-1])
            del self.generated[evicted[-1]]
        if evicted:
            self.waiting |= set(evicted)
            return evicted, []
        return [], self.admit_in(self.queue(self.waiting))

    def queue(self, ids: Iterable[RequestId]) -> list[RequestId]:
        """The waiting requests, those to be admitted first in front."""
        return self.by_arrival(ids)


class NaiveShortestPredicted(NaiveFirstCome):
    """Section 4: FCFS with the queue in ascending predicted lower bound."""

    def __init__(self, capacity: int, block_size: int) -> None:
        super().__init__(capacity, block_size)
        self.lower: dict[RequestId, int] = {}

    def assume(self, request: Request) -> int:
        self.lower[request.id] = request.lower
        return super().assume(request)

    def queue(self, ids: Iterable[RequestId]) -> list[RequestId]:
        return sorted(ids, key=lambda i: (self.lower[i], self.known[i].rank))


class NaiveMCBenchmark(NaiveHindsight):
    """Section 4: H-SF with the waiting in order of arrival."""

    def decide(self) -> tuple[list[RequestId], list[RequestId]]:
        return [], self.admit_in(self.by_arrival(self.waiting))


class NaiveAlphaGreedy(NaiveScheduler):
    """Decision D36: admit in order of arrival below a limit, and evict all on overflow."""

    def __init__(
        self, capacity: int, block_size: int, kept_free: Fraction = Fraction(1, 4)
    ) -> None:
        super().__init__(capacity, block_size)
        self.limit = capacity // block_size * block_size * (1 - kept_free)
        self.has_completed = True
        self.arrived: set[RequestId] = set()

    def assume(self, request: Request) -> int:
        self.arrived.add(request.id)
        return 1

    def complete(self, request: RequestId) -> None:
        super().complete(request)
        self.has_completed = True

    def is_evicted(self) -> bool:
        return True

    def decide(self) -> tuple[list[RequestId], list[RequestId]]:
        if self.waiting == self.arrived and not self.generated:
            self.halved = self.limit
        self.arrived = set()
        evicted: list[RequestId] = []
        if self.overflows(self.generated):
            if not self.has_completed:
                self.halved /= 2
            self.has_completed = False
        while self.overflows(self.generated):
            chosen = [request for request in self.generated if self.is_evicted()]
            for request in chosen:
                del self.generated[request]
            evicted += chosen
        self.waiting |= set(evicted)
        admitted: list[RequestId] = []
        for request in self.by_arrival(self.waiting):
            if self.held_in(0, dict.fromkeys(self.generated, 1)) > self.halved:
                break
            if not self.admit_in([request]):
                break
            admitted.append(request)
        return evicted, admitted


class NaiveAlphaBeta(NaiveAlphaGreedy):
    """Decision D37: evict each with probability β, drawn in order of admission."""

    def __init__(
        self,
        capacity: int,
        block_size: int,
        kept_free: Fraction = Fraction(1, 10),
        probability: float = 0.1,
        seed: int = 0,
    ) -> None:
        super().__init__(capacity, block_size, kept_free)
        self.probability = probability
        self.random = random.Random(seed)

    def is_evicted(self) -> bool:
        return self.random.random() < self.probability


class NaiveDoubling(NaiveScheduler):
    """Section 4: in each phase every unfinished request runs once, with the phase's budget."""

    def __init__(self, capacity: int, block_size: int) -> None:
        super().__init__(capacity, block_size)
        self.shortest = 0
        self.phase = 0
        self.tried: set[RequestId] = set()
        self.arrived: dict[RequestId, int] = {}

    def assume(self, request: Request) -> int:
        self.arrived[request.id] = request.lower
        return 0

    def decide(self) -> tuple[list[RequestId], list[RequestId]]:
        if not self.generated and self.tried.issuperset(self.waiting.difference(self.arrived)):
            self.phase += 1
            if not self.tried:
                self.phase = 0
                self.shortest = min(self.arrived.values(), default=0)
            self.tried = set()
        self.arrived = {}
        for request in self.waiting - self.tried:
            known = self.known[request]
            longest = longest_output(known.prompt_len, self.capacity, self.block_size)
            known.assumed = min(2**self.phase * self.shortest, longest)
        evicted = [i for i, tokens in self.generated.items() if tokens == self.known[i].assumed]
        for request in evicted:
            del self.generated[request]
        admitted = self.admit_in(self.in_order(self.waiting - self.tried))
        self.tried |= set(evicted)
        self.waiting |= set(evicted)
        return evicted, admitted


def naive_schedule(instance: Instance, scheduler: NaiveScheduler, ranks: Ranks) -> Schedule:
    """The schedule that a new naive scheduler makes of an instance."""
    runs: list[Run] = []
    unfinished = {request.id: request for request in instance.requests}
    now = 0
    while unfinished:
        for request in instance.requests:
            if request.arrival == now:
                scheduler.arrive(request, ranks[request.id])
        before = dict(scheduler.generated)
        evicted, _ = scheduler.decide()
        runs += [Run(i, now - before[i], now, "evicted") for i in evicted]
        scheduler.generate()
        now += 1
        for i, tokens in list(scheduler.generated.items()):
            if tokens == unfinished[i].output_len:
                scheduler.complete(i)
                runs.append(Run(i, now - tokens, now, "completed"))
                del unfinished[i]
    return Schedule(instance, tuple(runs))


def naive_amin(instance: Instance, ranks: Ranks) -> Schedule:
    """The schedule of Amin by section 3 of the specification."""
    return naive_schedule(instance, NaiveAmin(instance.capacity, instance.block_size), ranks)


def naive_occupancy(schedule: Schedule) -> list[int]:
    """Tokens held in each round from 0 to the last stop."""
    instance = schedule.instance
    prompt_lens = {request.id: request.prompt_len for request in instance.requests}
    return [
        sum(
            held(prompt_lens[run.request], now - run.start + 1, instance.block_size)
            for run in schedule.runs
            if run.start <= now < run.stop
        )
        for now in range(max((run.stop for run in schedule.runs), default=0))
    ]


Fault = tuple[Rule, int | None, frozenset[RequestId]]
"""A broken rule, the round in which it is broken, and the requests concerned."""


def naive_faults(schedule: Schedule) -> set[Fault]:
    """Every violation of the rules in section 2 of the specification, rule by rule."""
    faults: set[Fault] = set()
    for request in schedule.instance.requests:
        runs = sorted(
            (run for run in schedule.runs if run.request == request.id),
            key=lambda run: (run.start, run.stop),
        )
        faults |= {(rule, now, frozenset([request.id])) for rule, now in _faults_of(request, runs)}
    totals = naive_occupancy(schedule)
    for now, total in enumerate(totals):
        was_over = now > 0 and totals[now - 1] > schedule.instance.capacity
        if total > schedule.instance.capacity and not was_over:
            running = {run.request for run in schedule.runs if run.start <= now < run.stop}
            faults.add(("within-capacity", now, frozenset(running)))
    return faults


def _faults_of(request: Request, runs: list[Run]) -> set[tuple[Rule, int | None]]:
    """Every violation by the runs of one request, which are in order of start."""
    faults: set[tuple[Rule, int | None]] = set()
    completed = [run for run in runs if run.outcome == "completed"]
    evicted = [run for run in runs if run.outcome == "evicted"]
    if not completed:
        faults.add(("completes-once", None))
    for run in completed[1:]:
        faults.add(("completes-once", run.start))
    for run in completed:
        if run.stop - run.start != request.output_len:
            faults.add(("completed-length", run.start))
    for run in evicted:
        if run.stop - run.start not in range(1, request.output_len):
            faults.add(("evicted-length", run.start))
        if completed and run.start >= completed[0].stop:
            faults.add(("nothing-after-completion", run.start))
    for index, run in enumerate(runs):
        if run.start < request.arrival:
            faults.add(("not-before-arrival", run.start))
        if any(earlier.start <= run.start < earlier.stop for earlier in runs[:index]):
            faults.add(("no-overlap", run.start))
    return faults

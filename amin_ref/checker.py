"""Is a schedule valid? Every rule of the specification, section 2, from the schedule alone.

This file shares no code with the simulator, the cache or the policies, not even block rounding. So
a bug in one of them cannot make the checker miss its effect.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from amin_ref.model.instance import Instance
from amin_ref.model.machine import refuse_other_machines
from amin_ref.model.request import Request
from amin_ref.model.schedule import Run, Schedule
from amin_ref.model.validation import RequestId

Rule = Literal[
    "completes-once",
    "completed-length",
    "evicted-length",
    "no-overlap",
    "not-before-arrival",
    "nothing-after-completion",
    "within-capacity",
]


@dataclass(frozen=True, slots=True)
class Violation:
    """One place where a schedule breaks a rule.

    Attributes:
        rule: name of the rule.
        round: the round in which the rule is broken; ``None`` for a request that never completes.
        requests: ids of the requests concerned.
        message: one sentence with the numbers.
    """

    rule: Rule
    round: int | None
    requests: tuple[RequestId, ...]
    message: str


def check(schedule: Schedule) -> tuple[Violation, ...]:
    """Every violation of the rules in section 2 of the specification; empty when valid.

    Consecutive rounds that exceed the capacity are reported once, as the first of them.
    """
    refuse_other_machines(schedule.instance.machine, "check")
    runs_by_request: dict[RequestId, list[Run]] = {
        request.id: [] for request in schedule.instance.requests
    }
    for run in schedule.runs:
        runs_by_request[run.request].append(run)
    found: list[Violation] = []
    for request in schedule.instance.requests:
        runs = sorted(runs_by_request[request.id], key=lambda run: (run.start, run.stop))
        found += _completes_once(request, runs)
        found += _lengths(request, runs)
        found += _in_time(request, runs)
    found += _within_capacity(schedule.instance, schedule.runs)
    return tuple(found)


def _completes_once(request: Request, runs: list[Run]) -> Iterator[Violation]:
    completed = [run for run in runs if run.outcome == "completed"]
    if not completed:
        yield Violation(
            "completes-once",
            None,
            (request.id,),
            f"request {request.id!r} never completes: {_how_far(runs)}.",
        )
    for run in completed[1:]:
        yield Violation(
            "completes-once",
            run.start,
            (request.id,),
            f"request {request.id!r} completes at {completed[0].stop} and again at {run.stop}.",
        )
    if completed:
        for run in runs:
            if run.outcome == "evicted" and run.start >= completed[0].stop:
                yield Violation(
                    "nothing-after-completion",
                    run.start,
                    (request.id,),
                    f"request {request.id!r} runs again from round {run.start} on though it "
                    f"completed at {completed[0].stop}.",
                )


def _lengths(request: Request, runs: list[Run]) -> Iterator[Violation]:
    for run in runs:
        length = run.stop - run.start
        if run.outcome == "completed" and length != request.output_len:
            yield Violation(
                "completed-length",
                run.start,
                (request.id,),
                f"request {request.id!r} completes after {_rounds(length)}, and its output has "
                f"{_tokens(request.output_len)}, one for each round{_together(request, runs)}.",
            )
        if run.outcome == "evicted" and not 1 <= length < request.output_len:
            yield Violation(
                "evicted-length",
                run.start,
                (request.id,),
                f"request {request.id!r} is evicted after {_rounds(length)}, "
                f"{_possible_evictions(request, length)}.",
            )


def _how_far(runs: list[Run]) -> str:
    """Why a request may have no completed run, as a clause."""
    if runs:
        return (
            f"it was evicted in round {runs[-1].stop}, and no later run is given; the log seems to "
            "end while the request waited or ran"
        )
    return "it has no run; the log seems to end while the request waited or ran"


def _together(request: Request, runs: list[Run]) -> str:
    """A hint for a scheduler that keeps the tokens of an evicted request."""
    together = sum(run.stop - run.start for run in runs)
    if len(runs) > 1 and together == request.output_len:
        return (
            f"; its {len(runs)} runs together have {_rounds(together)}, as if it resumed with the "
            "tokens of the runs before, but an evicted request starts over"
        )
    return ""


def _possible_evictions(request: Request, length: int) -> str:
    """When a request can be evicted, as a clause."""
    if length == 0:
        return "so the run has no round and holds nothing; leave out runs of no round"
    if request.output_len == 1:
        return "but it has 1 output token and completes after its first round"
    return f"and only 1 to {request.output_len - 1} are possible"


def _rounds(number: int) -> str:
    return "1 round" if number == 1 else f"{number} rounds"


def _tokens(number: int) -> str:
    return "1 token" if number == 1 else f"{number} tokens"


def _in_time(request: Request, runs: list[Run]) -> Iterator[Violation]:
    busy_until = 0
    for run in runs:
        if run.start < request.arrival:
            yield Violation(
                "not-before-arrival",
                run.start,
                (request.id,),
                f"request {request.id!r} starts in round {run.start} and arrives in round "
                f"{request.arrival}.",
            )
        if run.start < busy_until:
            yield Violation(
                "no-overlap",
                run.start,
                (request.id,),
                f"request {request.id!r} starts in round {run.start} while it runs until "
                f"{busy_until}.",
            )
        busy_until = max(busy_until, run.stop)


def _within_capacity(instance: Instance, runs: tuple[Run, ...]) -> Iterator[Violation]:
    """Sweep over the rounds in which a run starts or stops, in O(R log R) for R runs.

    Between two of these rounds the same requests run and each only grows, so the occupancy never
    falls: the rounds that exceed the capacity are the last ones before the next start or stop, or
    there are none.
    """
    events = sorted({round for run in runs for round in (run.start, run.stop)})
    starting: dict[int, list[int]] = {}
    stopping: dict[int, list[int]] = {}
    for index, run in enumerate(runs):
        if run.stop > run.start:
            starting.setdefault(run.start, []).append(index)
            stopping.setdefault(run.stop, []).append(index)
    cache = _Occupancy(instance, runs)
    was_over = False
    for first, following in pairwise(events):
        for index in stopping.get(first, ()):
            cache.remove(index)
        for index in starting.get(first, ()):
            cache.add(index)
        over_at_the_end = cache.held(following - 1) > instance.capacity
        if over_at_the_end:
            earliest = _first_round_over(cache, instance.capacity, first, following - 1)
            if not (was_over and earliest == first):
                yield _too_full(cache, instance.capacity, earliest)
        was_over = over_at_the_end


class _Occupancy:
    """The tokens that the running requests occupy in a round, in whole blocks.

    A request with prompt s that started in round p occupies B·⌈(c + t)/B⌉ tokens in round t, with
    c = s + 1 - p. For c = B·k + r and t = B·q + w (r and w below B) that is B·(k + q + e), with
    e = ⌈(r + w)/B⌉: 0 if r = w = 0, 2 if r > B - w, and 1 otherwise. So the sum needs the number of
    running requests, the sum of their k, and how many of them have an r above B - w. Those numbers
    are kept in a Fenwick tree over the values that r takes.
    """

    def __init__(self, instance: Instance, runs: tuple[Run, ...]) -> None:
        self.running: dict[int, Run] = {}
        self._runs = runs
        self._block_size = instance.block_size
        self._split = [
            divmod(instance.by_id[run.request].prompt_len + 1 - run.start, instance.block_size)
            for run in runs
        ]
        self._remainders = sorted({remainder for _, remainder in self._split})
        self._rank = {remainder: rank for rank, remainder in enumerate(self._remainders, start=1)}
        self._tree = [0] * (len(self._remainders) + 1)
        self._blocks = 0

    def add(self, index: int) -> None:
        """The run with this index starts."""
        self.running[index] = self._runs[index]
        self._change(index, 1)

    def remove(self, index: int) -> None:
        """The run with this index stops."""
        del self.running[index]
        self._change(index, -1)

    def held(self, round: int) -> int:
        """Tokens occupied in ``round`` if no run starts or stops before its end."""
        running = len(self.running)
        quotient, remainder = divmod(round, self._block_size)
        blocks = self._blocks + running * (quotient + 1)
        blocks += running - self._count_up_to(self._block_size - remainder)
        if remainder == 0:
            blocks -= self._count_up_to(0)
        return blocks * self._block_size

    def _change(self, index: int, by: int) -> None:
        quotient, remainder = self._split[index]
        self._blocks += by * quotient
        rank = self._rank[remainder]
        while rank < len(self._tree):
            self._tree[rank] += by
            rank += rank & -rank

    def _count_up_to(self, remainder: int) -> int:
        """Running requests whose r is at most ``remainder``."""
        rank = bisect_right(self._remainders, remainder)
        count = 0
        while rank:
            count += self._tree[rank]
            rank &= rank - 1
        return count


def _first_round_over(cache: _Occupancy, capacity: int, first: int, last: int) -> int:
    """The first round, from ``first`` to ``last``, that exceeds the capacity; ``last`` does."""
    while first < last:
        middle = (first + last) // 2
        if cache.held(middle) > capacity:
            last = middle
        else:
            first = middle + 1
    return first


def _too_full(cache: _Occupancy, capacity: int, round: int) -> Violation:
    return Violation(
        "within-capacity",
        round,
        tuple(run.request for run in cache.running.values()),
        f"round {round}: {len(cache.running)} running requests hold "
        f"{cache.held(round)} tokens and the cache has {capacity}.",
    )

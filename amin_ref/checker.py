"""Is a schedule valid? Every rule of section 2, derived anew from the schedule alone.

Nothing here is shared with the simulator, the cache or the policies, block rounding included: a bug
there cannot hide here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from amin_ref.model.instance import Instance
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
        round: the round in which it breaks; ``None`` when no round is at fault (a request that
            never completes).
        requests: ids of the requests concerned.
        message: one sentence with the numbers.
    """

    rule: Rule
    round: int | None
    requests: tuple[RequestId, ...]
    message: str


def check(schedule: Schedule) -> tuple[Violation, ...]:
    """Every violation of the rules in section 2 of the specification; empty when valid.

    A cache that is too full is reported once for every stretch of rounds in which it is.
    """
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
            "completes-once", None, (request.id,), f"request {request.id!r} never completes."
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
                f"request {request.id!r} completes after {length} tokens, and its output has "
                f"{request.output_len}.",
            )
        if run.outcome == "evicted" and not 1 <= length < request.output_len:
            yield Violation(
                "evicted-length",
                run.start,
                (request.id,),
                f"request {request.id!r} is evicted after {length} tokens, and only 1 to "
                f"{request.output_len - 1} are possible.",
            )


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
    """Sweep over the rounds in which a run starts or stops.

    Between two of them the same requests run and each only grows, so what they hold never falls:
    the rounds that exceed the cache are the last ones before the next start or stop, or none.
    """
    events = sorted({round for run in runs for round in (run.start, run.stop)})
    starting: dict[int, list[int]] = {}
    stopping: dict[int, list[int]] = {}
    for index, run in enumerate(runs):
        if run.stop > run.start:
            starting.setdefault(run.start, []).append(index)
            stopping.setdefault(run.stop, []).append(index)
    running: dict[int, Run] = {}
    was_over = False
    for first, following in pairwise(events):
        for index in stopping.get(first, ()):
            del running[index]
        for index in starting.get(first, ()):
            running[index] = runs[index]
        present = list(running.values())
        over_at_the_end = _held(instance, present, following - 1) > instance.capacity
        if over_at_the_end:
            earliest = _first_round_over(instance, present, first, following - 1)
            if not (was_over and earliest == first):
                yield _too_full(instance, present, earliest)
        was_over = over_at_the_end


def _first_round_over(instance: Instance, running: list[Run], first: int, last: int) -> int:
    """The first round, from ``first`` to ``last``, that exceeds the cache; ``last`` does."""
    while first < last:
        middle = (first + last) // 2
        if _held(instance, running, middle) > instance.capacity:
            last = middle
        else:
            first = middle + 1
    return first


def _held(instance: Instance, running: list[Run], round: int) -> int:
    """Tokens that the running requests occupy in a round, in whole blocks."""
    total = 0
    for run in running:
        tokens = instance.by_id[run.request].prompt_len + (round - run.start + 1)
        blocks = (tokens + instance.block_size - 1) // instance.block_size
        total += blocks * instance.block_size
    return total


def _too_full(instance: Instance, running: list[Run], round: int) -> Violation:
    return Violation(
        "within-capacity",
        round,
        tuple(run.request for run in running),
        f"round {round}: {len(running)} running requests hold "
        f"{_held(instance, running, round)} tokens and the cache has {instance.capacity}.",
    )

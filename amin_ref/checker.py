"""Is a schedule valid? Every rule of the specification, sections 2 and 7, from the schedule alone.

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
from amin_ref.model.machine import Machine
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


MachineRule = Literal["computes-its-prefix", "within-tokens-per-round", "within-max-running"]
"""Rules that only a schedule with ``computed`` or with limits can break (section 7)."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One place where a schedule breaks a rule.

    Attributes:
        rule: name of the rule.
        round: the round in which the rule is broken; ``None`` for a request that never completes.
        requests: ids of the requests concerned.
        message: one sentence with the numbers.
    """

    rule: Rule | MachineRule
    round: int | None
    requests: tuple[RequestId, ...]
    message: str


def check(schedule: Schedule) -> tuple[Violation, ...]:
    """Every violation of the rules in sections 2 and 7 of the specification; empty when valid.

    The instance's machine says which rules hold. Consecutive rounds that exceed the capacity, or a
    limit of the machine, are reported once, as the first of them.
    """
    machine = schedule.instance.machine
    runs_by_request: dict[RequestId, list[Run]] = {
        request.id: [] for request in schedule.instance.requests
    }
    for run in schedule.runs:
        runs_by_request[run.request].append(run)
    found: list[Violation] = []
    every: list[_Traced] = []
    for request in schedule.instance.requests:
        runs = sorted(runs_by_request[request.id], key=lambda run: (run.start, run.stop))
        traced = _traced(request, runs, machine)
        every += traced
        found += _completes_once(request, runs)
        if machine.after_eviction == "restart" and all(run.computed is None for run in runs):
            found += _lengths(request, runs)
        else:
            found += _tokens_of_runs(request, traced)
        found += _in_time(request, runs)
    pieces = [piece for run in every for piece in run.pieces]
    found += _within_capacity(schedule.instance, pieces)
    if machine.tokens_per_round is not None:
        found += _within_tokens_per_round(every, machine.tokens_per_round)
    if machine.max_running is not None:
        found += _within_max_running(every, machine.max_running)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Rounds of a run in which the request holds one token more from round to round.

    Attributes:
        request: its id.
        start: the first of the rounds.
        stop: the round after the last of them.
        tokens: tokens held in round ``start``, before they are rounded up to blocks.
    """

    request: RequestId
    start: int
    stop: int
    tokens: int


@dataclass(frozen=True, slots=True)
class _Traced:
    """What a run did, round by round.

    Attributes:
        run: the run.
        prefix: tokens to compute before its first token is generated.
        before: tokens that the request kept from the runs before.
        generated: tokens that the run generates.
        ends_with_token: whether the last round of the run generates a token.
        too_much: the first round that computes more than what is left of the prefix, if any.
        pieces: what it holds, in order of time.
    """

    run: Run
    prefix: int
    before: int
    generated: int
    ends_with_token: bool
    too_much: int | None
    pieces: tuple[_Piece, ...]


def _traced(request: Request, runs: list[Run], machine: Machine) -> list[_Traced]:
    """The runs of a request, in order of time, with what each of them did."""
    found: list[_Traced] = []
    kept = 0
    for run in runs:
        traced = _trace(run, request.prompt_len, kept, machine)
        found.append(traced)
        if machine.after_eviction == "resume":
            kept += traced.generated
    return found


def _trace(run: Run, prompt_len: int, kept: int, machine: Machine) -> _Traced:
    prefix = prompt_len + kept
    newest = 1 if machine.last_token_stored else 0
    if run.computed is None:
        length = run.stop - run.start
        piece = _Piece(run.request, run.start, run.stop, prefix + newest)
        return _Traced(run, prefix, kept, length, length > 0, None, (piece,) if length else ())
    pieces: list[_Piece] = []
    in_cache, generated, too_much = 0, 0, None
    has_token = False
    for now, computed in enumerate(run.computed, start=run.start):
        in_cache += computed
        has_token = in_cache >= prefix + generated
        if in_cache > prefix + generated and too_much is None:
            too_much = now
        generated += has_token
        held = in_cache + newest * has_token
        last = pieces[-1] if pieces else None
        if last is not None and held == last.tokens + now - last.start:
            pieces[-1] = _Piece(last.request, last.start, now + 1, last.tokens)
        else:
            pieces.append(_Piece(run.request, now, now + 1, held))
    return _Traced(run, prefix, kept, generated, has_token, too_much, tuple(pieces))


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


def _tokens_of_runs(request: Request, traced: list[_Traced]) -> Iterator[Violation]:
    """The rules on lengths where runs resume, or say what they computed."""
    for each in traced:
        run, together = each.run, each.before + each.generated
        if each.too_much is not None:
            yield Violation(
                "computes-its-prefix",
                each.too_much,
                (request.id,),
                f"round {each.too_much}: request {request.id!r} computes more tokens than are left "
                f"of its prefix, which has {_tokens(each.prefix)}, and one more for each token "
                "generated in the run.",
            )
        if run.outcome == "completed" and together != request.output_len:
            yield Violation(
                "completed-length",
                run.start,
                (request.id,),
                f"request {request.id!r} completes with {_tokens(together)}"
                f"{_kept(each)}, and its output has {_tokens(request.output_len)}.",
            )
        elif run.outcome == "completed" and not each.ends_with_token:
            yield Violation(
                "completed-length",
                run.start,
                (request.id,),
                f"request {request.id!r} completes at {run.stop}, and generates nothing in the "
                "round before; completion is the round after the last token.",
            )
        if run.outcome == "evicted" and run.stop == run.start:
            yield Violation(
                "evicted-length",
                run.start,
                (request.id,),
                f"request {request.id!r} is evicted after 0 rounds, "
                f"{_possible_evictions(request, 0)}.",
            )
        elif run.outcome == "evicted" and together >= request.output_len:
            yield Violation(
                "evicted-length",
                run.start,
                (request.id,),
                f"request {request.id!r} is evicted with {_tokens(together)}{_kept(each)}, and "
                f"completes with {_tokens(request.output_len)}.",
            )


def _kept(traced: _Traced) -> str:
    """How many of a request's tokens are from the runs before, in brackets."""
    return f" ({traced.before} of them from earlier runs)" if traced.before else ""


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


def _within_tokens_per_round(every: list[_Traced], limit: int) -> Iterator[Violation]:
    """No round computes more tokens than the machine allows."""
    changes: dict[int, int] = {}

    def add(first: int, stop: int, tokens: int) -> None:
        changes[first] = changes.get(first, 0) + tokens
        changes[stop] = changes.get(stop, 0) - tokens

    for each in every:
        run = each.run
        if run.computed is None and run.stop > run.start:
            add(run.start, run.start + 1, each.prefix)
            add(run.start + 1, run.stop, 1)
        for now, computed in enumerate(run.computed or (), start=run.start):
            add(now, now + 1, computed)
    for now, computed, requests in _rounds_over(every, changes, limit):
        yield Violation(
            "within-tokens-per-round",
            now,
            requests,
            f"round {now}: the running requests compute {_tokens(computed)} and the machine "
            f"computes at most {limit} in a round.",
        )


def _within_max_running(every: list[_Traced], limit: int) -> Iterator[Violation]:
    """No more requests run in a round than the machine allows."""
    changes: dict[int, int] = {}
    for each in every:
        changes[each.run.start] = changes.get(each.run.start, 0) + 1
        changes[each.run.stop] = changes.get(each.run.stop, 0) - 1
    for now, running, requests in _rounds_over(every, changes, limit):
        yield Violation(
            "within-max-running",
            now,
            requests,
            f"round {now}: {running} requests run and the machine runs at most {limit}.",
        )


def _rounds_over(
    every: list[_Traced], changes: dict[int, int], limit: int
) -> Iterator[tuple[int, int, tuple[RequestId, ...]]]:
    """The first of each consecutive rounds above a limit: round, amount, the requests that run.

    Args:
        every: all runs.
        changes: by how much the amount changes at the start of a round; the rounds in which a run
            starts or stops are among them.
        limit: the largest amount that is allowed.
    """
    starting: dict[int, list[int]] = {}
    stopping: dict[int, list[int]] = {}
    for index, each in enumerate(every):
        if each.run.stop > each.run.start:
            starting.setdefault(each.run.start, []).append(index)
            stopping.setdefault(each.run.stop, []).append(index)
    running: dict[int, RequestId] = {}
    amount, was_over = 0, False
    for now in sorted(changes):
        for index in stopping.get(now, ()):
            del running[index]
        running |= {index: every[index].run.request for index in starting.get(now, ())}
        amount += changes[now]
        if amount > limit and not was_over:
            yield now, amount, tuple(running.values())
        was_over = amount > limit


def _within_capacity(instance: Instance, runs: list[_Piece]) -> Iterator[Violation]:
    """Sweep over the rounds in which a piece starts or stops, in O(P log P) for P pieces.

    Between two of these rounds the same requests run and each only grows, so the occupancy never
    falls: the rounds that exceed the capacity are the last ones before the next start or stop, or
    there are none.
    """
    events = sorted({round for run in runs for round in (run.start, run.stop)})
    starting: dict[int, list[int]] = {}
    stopping: dict[int, list[int]] = {}
    for index, run in enumerate(runs):
        starting.setdefault(run.start, []).append(index)
        stopping.setdefault(run.stop, []).append(index)
    cache = _Occupancy(instance.block_size, runs)
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

    A piece that holds x tokens in its first round p occupies B·⌈(c + t)/B⌉ tokens in round t, with
    c = x - p. For c = B·k + r and t = B·q + w (r and w below B) that is B·(k + q + e), with
    e = ⌈(r + w)/B⌉: 0 if r = w = 0, 2 if r > B - w, and 1 otherwise. So the sum needs the number of
    running requests, the sum of their k, and how many of them have an r above B - w. Those numbers
    are kept in a Fenwick tree over the values that r takes.
    """

    def __init__(self, block_size: int, runs: list[_Piece]) -> None:
        self.running: dict[int, _Piece] = {}
        self._runs = runs
        self._block_size = block_size
        self._split = [divmod(run.tokens - run.start, block_size) for run in runs]
        self._remainders = sorted({remainder for _, remainder in self._split})
        self._rank = {remainder: rank for rank, remainder in enumerate(self._remainders, start=1)}
        self._tree = [0] * (len(self._remainders) + 1)
        self._blocks = 0

    def add(self, index: int) -> None:
        """The piece with this index starts."""
        self.running[index] = self._runs[index]
        self._change(index, 1)

    def remove(self, index: int) -> None:
        """The piece with this index stops."""
        del self.running[index]
        self._change(index, -1)

    def held(self, round: int) -> int:
        """Tokens occupied in ``round`` if no piece starts or stops before its end."""
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

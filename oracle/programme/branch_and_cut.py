"""The hindsight optimum as an integer programme over start times (specification, section 5).

Follows the programme of Jaillet et al. (arXiv 2502.07115), which has one binary per request and
round, but counts the requests of a kind instead of telling them apart, and keeps only rounds in
which a request of a better schedule can start. Lemmas are those of ``proofs_notes/ilp.md``.

No solver is believed. A schedule is built from the start rounds that it returns and checked; a
bound is either recomputed from multipliers in exact arithmetic, or is the solver's own dual bound
and then named so (:attr:`IlpResult.evidence`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from amin_ref import Instance, InvalidValue, RequestId, Run, Schedule
from oracle.deadline import Deadline, ShouldStop
from oracle.programme.candidates import (
    Candidates,
    Cut,
    ModelTooLarge,
    Price,
    affordable_candidates,
    by_volume,
    candidates_within,
    earliest_fit,
    epochs,
    starts_fit,
)
from oracle.programme.cuts import Cutter
from oracle.programme.solvers import (
    Answer,
    Programme,
    Relaxation,
    Row,
    Supervision,
    solve_with_cbc,
    solve_with_highs,
)

__all__ = ["Evidence", "IlpResult", "ModelTooLarge", "SolverName", "solve"]

SolverName = Literal["highs", "cbc"]
Evidence = Literal["multipliers", "solver"]

MOST_ENTRIES = 2_000_000
"""Non-zero coefficients in the rows of the cache at most; more are refused."""

BOUND_TOLERANCE = 1e-3
"""How far a solver's dual bound may lie above a whole number and is still rounded down to it.

Solvers work to a tolerance of 1e-6 per row. A dual bound d is read as ⌈d − 1e-3 − 1e-7·|d|⌉: costs
are whole numbers, so nothing is lost unless d happens to lie within that distance above one.
"""

PASSES_WITHOUT_GAIN = 5
"""Passes without a better bound after which no more cuts are sought."""

LEAST_WEIGHT = 1e-7
"""A cut is handed to the solver when it carries more than this weight at the end."""

SECONDS_PER_ENTRY = 5e-6
"""What it takes to lay a programme out for a solver, until it is known how long the first took."""

SHARE_FOR_CUTS = 0.4
"""The part of the time that may go into cuts before the solver is asked for whole numbers."""


@dataclass(frozen=True)
class IlpResult:
    """What the integer programme found.

    Attributes:
        schedule: the best schedule known, valid; never worse than the one that was given.
        lower_bound: no schedule costs less; request·rounds.
        evidence: what ``lower_bound`` rests on: ``"multipliers"``, recomputed here in exact
            arithmetic, or ``"solver"``, at least in part a solver's word for its dual bound.
        multipliers: price of a token of cache in a round, by round, at the optimum of the
            relaxation (rounds not named: 0); makes a Lagrangian certificate. ``None`` when for
            some part of the instance the relaxation was not needed or not solved in time.
    """

    schedule: Schedule
    lower_bound: int
    evidence: Evidence
    multipliers: Mapping[int, float] | None

    @property
    def proven(self) -> bool:
        """Whether the schedule is optimal, by the evidence named."""
        return self.lower_bound == self.schedule.total_latency


def solve(
    instance: Instance,
    *,
    time_limit: float,
    solver: SolverName = "highs",
    warm_start: Schedule | None = None,
    progress: Callable[[int, int], None] | None = None,
    should_stop: ShouldStop | None = None,
) -> IlpResult:
    """The best schedule and the best lower bound that the integer programme gives in the time.

    Args:
        instance: arrivals, unequal prompts and blocks are all supported.
        time_limit: seconds, at least 0. With 0 no solver is asked: the result is the better of
            ``warm_start`` and a list schedule, with the bound Σ o. A large programme may take
            longer: it is laid out whole, and a solver cannot be stopped in each of its steps.
        solver: who is asked for whole numbers: HiGHS, or CBC. Relaxations are always HiGHS's.
        warm_start: a valid schedule of this instance; evicted runs in it are dropped.
        progress: called now and then with the best cost and the best lower bound so far.
        should_stop: asked now and then; the best so far is returned soon after it says ``True``.

    Raises:
        InvalidValue: an argument is not of this kind, or ``warm_start`` is not valid.
        ModelTooLarge: the programme would have too many starts or entries.
        KeyboardInterrupt: Ctrl-C; whatever solver was running has been stopped.
    """
    deadline = Deadline.after(time_limit, should_stop)
    if solver not in ASK:
        raise InvalidValue("solver", solver, "it must be 'highs' or 'cbc'", "give one of the two")
    given = None if warm_start is None else _starts_of(instance, warm_start)
    parts = epochs(instance)
    known = [_first_known(part, origin, given) for origin, part in parts]
    for index, (_, part) in enumerate(parts):

        def report(now: _Known, index: int = index) -> None:
            known[index] = now
            if progress is not None:
                together = _together(instance, parts, known, given)
                progress(together.cost, together.lower_bound)

        search = _Search(part, known[index], solver, deadline, report)
        known[index] = search.run()
    result = _together(instance, parts, known, given)
    return IlpResult(
        schedule=_schedule(instance, result.starts),
        lower_bound=result.lower_bound,
        evidence=result.evidence,
        multipliers=result.multipliers,
    )


@dataclass(frozen=True)
class _Known:
    """What is known about an instance; the fields are those of :class:`IlpResult`."""

    starts: tuple[int, ...]
    cost: int
    lower_bound: int
    evidence: Evidence = "multipliers"
    multipliers: Mapping[int, float] | None = None

    @property
    def proven(self) -> bool:
        return self.lower_bound >= self.cost


class _Search:
    """The search in one part of the instance: ``known`` improves step by step."""

    def __init__(
        self,
        instance: Instance,
        known: _Known,
        solver: SolverName,
        deadline: Deadline,
        report: Callable[[_Known], None],
    ) -> None:
        self._instance = instance
        self._known = known
        self._solver = solver
        self._deadline = deadline
        self._supervision = Supervision(deadline, self._hear_on_the_way)
        self._report = report
        self._fixed_cost = 0
        self._seconds_per_entry = SECONDS_PER_ENTRY

    def run(self) -> _Known:
        """Go through the steps until the optimum is proven or the time is over."""
        self._learn(self._known)
        if not self._done:
            candidates = self._narrowed_by_relaxation()
            if not self._done:
                candidates, cuts = self._narrowed_by_cuts(candidates)
                if not self._done:
                    self._ask_for_whole_numbers(candidates, cuts)
        return self._known

    @property
    def _done(self) -> bool:
        return self._known.proven or self._deadline.passed

    def _learn(self, known: _Known) -> None:
        self._known = known
        self._report(known)

    def _affords(self, candidates: Candidates) -> bool:
        """Whether a programme of these candidates is laid out in time; nothing can interrupt it."""
        return self._seconds_per_entry * _entries(candidates) < self._deadline.remaining

    def _relaxed(self, candidates: Candidates) -> tuple[Relaxation, tuple[int, ...], int]:
        """The relaxation, the rounds whose rows it begins with, and how many rows it has."""
        began = self._deadline.clock()
        programme, rounds = _programme(candidates, ())
        relaxation = Relaxation(programme, self._supervision)
        took = (self._deadline.clock() - began) / max(1, _entries(candidates))
        self._seconds_per_entry = max(self._seconds_per_entry, took)
        return relaxation, rounds, len(programme.rows)

    def _with_bound(self, bound: int, evidence: Evidence) -> _Known:
        """A bound on schedules that are better than the best one known bounds that one too."""
        bound = min(bound, self._known.cost)
        if bound <= self._known.lower_bound:
            return self._known
        return replace(self._known, lower_bound=bound, evidence=evidence)

    def _with_dual_bound(self, dual_bound: float) -> _Known:
        """With a solver's dual bound, unless the best schedule known shows it to be false."""
        if not math.isfinite(dual_bound):
            return self._known
        bound = math.ceil(dual_bound - BOUND_TOLERANCE - 1e-7 * abs(dual_bound)) + self._fixed_cost
        return self._known if bound > self._known.cost else self._with_bound(bound, "solver")

    def _hear_on_the_way(self, dual_bound: float) -> None:
        """Pass on what the solver states, but keep it only once its schedule has been checked."""
        self._report(self._with_dual_bound(dual_bound))

    def _try_starts(self, starts: tuple[int, ...]) -> None:
        """Take over valid start rounds if they cost less than the best known."""
        cost = _cost(self._instance, starts)
        if cost < self._known.cost:
            self._learn(replace(self._known, starts=starts, cost=cost))

    def _rounded(self, candidates: Candidates, value: NDArray[np.float64]) -> tuple[int, ...]:
        return earliest_fit(self._instance, candidates.by_mean_start(value))

    def _narrow(self, candidates: Candidates, price: Price) -> NDArray[np.bool_]:
        """Learn from a price; which candidates a better schedule, or the best known, can use."""
        self._learn(self._with_bound(price.lower_bound, "multipliers"))
        in_use = candidates.usage(self._known.starts) > 0
        return price.affordable(self._known.cost - 1) | in_use

    def _narrowed_by_relaxation(self) -> Candidates:
        candidates = affordable_candidates(self._instance, self._known.cost - 1)
        candidates = candidates.including(self._known.starts)
        # Whoever makes a certificate of the multipliers may start any request at any time. They
        # are good for that when the relaxation may too; much later than anybody, nobody would.
        requests = self._instance.requests
        longest = max(request.output_len for request in requests)
        starts = list(zip(requests, self._known.starts, strict=True))
        within = candidates_within(
            self._instance,
            longest_wait=longest + max(start - request.arrival for request, start in starts),
            horizon=longest + max(start + request.output_len for request, start in starts),
        )
        if not self._affords(within):
            return candidates
        relaxation, rounds, _ = self._relaxed(within)
        if not relaxation.solve():
            return candidates
        self._try_starts(self._rounded(within, relaxation.values))
        multipliers = dict(zip(rounds, relaxation.multipliers.tolist(), strict=False))
        self._learn(replace(self._known, multipliers=multipliers))
        return candidates.keep(self._narrow(candidates, candidates.price(multipliers)))

    def _narrowed_by_cuts(self, candidates: Candidates) -> tuple[Candidates, list[Cut]]:
        """Cut off fractional solutions for as long as it pays; the cuts that bind at the end."""
        if not self._affords(candidates):
            return candidates, []
        relaxation, rounds, first_cut = self._relaxed(candidates)
        cutter = Cutter(candidates)
        usable = np.ones(len(candidates), dtype=np.bool_)
        cuts: list[Cut] = []
        weights: list[float] = []
        best, without_gain = -math.inf, 0
        for_cuts = self._deadline.within(SHARE_FOR_CUTS * self._deadline.remaining)
        while relaxation.solve():
            self._try_starts(self._rounded(candidates, relaxation.values))
            prices = relaxation.multipliers
            weights = prices[first_cut:].tolist()
            price = candidates.price(
                dict(zip(rounds, prices.tolist(), strict=False)),
                list(zip(cuts, weights, strict=True)),
                usable,
            )
            affordable = self._narrow(candidates, price) & usable
            forbidden = np.flatnonzero(usable & ~affordable).tolist()
            relaxation.forbid(forbidden)
            usable = affordable
            reached = price.bound / price.scale
            without_gain = 0 if reached > best + 0.01 else without_gain + 1
            best = max(best, reached)
            if self._done or without_gain > PASSES_WITHOUT_GAIN or for_cuts.passed:
                break
            added = cutter.violated(relaxation.values, relaxation.reduced_costs, usable)
            if not added and not forbidden:
                break
            for cut in added:
                relaxation.add_row(_cut_row(cut))
            cuts += added
        binding = [
            _renumbered(cut, usable)
            for cut, weight in zip(cuts, weights, strict=False)
            if weight > LEAST_WEIGHT
        ]
        return candidates.keep(usable), binding

    def _ask_for_whole_numbers(self, candidates: Candidates, cuts: Sequence[Cut]) -> None:
        if not self._affords(candidates):
            return
        programme, _ = _programme(candidates, cuts)
        self._fixed_cost = candidates.fixed_cost
        begin = candidates.usage(self._known.starts).tolist()
        answer = ASK[self._solver](programme, begin, self._supervision)
        if answer.values is not None:
            starts = _believed_starts(candidates, answer)
            if starts is None:
                return
            self._try_starts(starts)
        if answer.dual_bound is not None:
            self._learn(self._with_dual_bound(answer.dual_bound))


def _believed_starts(candidates: Candidates, answer: Answer) -> tuple[int, ...] | None:
    """The start rounds of a solver's answer, if they are valid and cost what the solver says."""
    values = np.array(answer.values, dtype=np.float64)
    if values.shape != (len(candidates),) or not (np.abs(values) < MOST_ENTRIES).all():
        return None
    starts = candidates.starts(np.rint(values).astype(np.int64))
    if starts is None or not starts_fit(candidates.instance, starts):
        return None
    said = math.nan if answer.objective is None else answer.objective + candidates.fixed_cost
    cost = _cost(candidates.instance, starts)
    return starts if math.isclose(said, cost, rel_tol=1e-6, abs_tol=0.5) else None


def _programme(candidates: Candidates, cuts: Sequence[Cut]) -> tuple[Programme, tuple[int, ...]]:
    """The programme, and the rounds whose rows it begins with, in their order."""
    rounds, room = _rows_of_room(candidates)
    rows = [*room, *_rows_of_requests(candidates), *(_cut_row(cut) for cut in cuts)]
    capacity = candidates.instance.capacity
    upper = [min(kind.count, capacity // int(kind.occupancy[-1])) for kind in candidates.kinds]
    programme = Programme(
        costs=candidates.wait.tolist(),
        upper=np.array(upper, dtype=np.int64)[candidates.kind].tolist(),
        rows=rows,
    )
    return programme, rounds


def _entries(candidates: Candidates) -> int:
    """Entries of the rows of the cache: one for each round of a run from each candidate."""
    return int(candidates.output_len.sum())


def _rows_of_room(candidates: Candidates) -> tuple[tuple[int, ...], list[Row]]:
    """In no round more than the cache holds."""
    lengths = candidates.output_len
    entries = _entries(candidates)
    if entries > MOST_ENTRIES:
        raise ModelTooLarge(
            "instance: entries in the integer programme",
            entries,
            f"at most {MOST_ENTRIES} are laid out",
            "give a better schedule to start from, or another method",
        )
    columns = np.repeat(np.arange(len(candidates)), lengths)
    ages = np.arange(entries) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    rounds = candidates.start[columns] + ages
    held = np.concatenate([kind.occupancy for kind in candidates.kinds])
    kind_lengths = np.array([kind.output_len for kind in candidates.kinds], dtype=np.int64)
    held = held[(np.cumsum(kind_lengths) - kind_lengths)[candidates.kind[columns]] + ages]
    order = np.argsort(rounds, kind="stable")
    named, first = np.unique(rounds[order], return_index=True)
    rows = [
        Row(some_columns.tolist(), some_held.tolist(), "at most", candidates.instance.capacity)
        for some_columns, some_held in zip(
            np.split(columns[order], first[1:]), np.split(held[order], first[1:]), strict=True
        )
    ]
    return tuple(named.tolist()), rows


def _rows_of_requests(candidates: Candidates) -> list[Row]:
    """Each request starts once, and of a kind no more have started than have arrived."""
    rows: list[Row] = []
    for index, kind in enumerate(candidates.kinds):
        where = candidates.of_kind(index)
        columns = np.arange(where.start, where.stop)
        rows.append(Row(columns.tolist(), [1] * len(columns), "equal", kind.count))
        arrivals, before = np.unique(kind.arrivals, return_index=True)
        for arrival, arrived in zip(arrivals[1:].tolist(), before[1:].tolist(), strict=True):
            early = columns[candidates.start[where] < arrival].tolist()
            rows.append(Row(early, [1] * len(early), "at most", arrived))
    return rows


def _cut_row(cut: Cut) -> Row:
    return Row(cut.candidates.tolist(), cut.weights.tolist(), "at most", cut.limit)


def _renumbered(cut: Cut, kept: NDArray[np.bool_]) -> Cut:
    number = np.cumsum(kept) - 1
    stays = kept[cut.candidates]
    return Cut(number[cut.candidates[stays]], cut.weights[stays], cut.limit)


def _first_known(part: Instance, origin: int, given: Mapping[RequestId, int] | None) -> _Known:
    """A list schedule, or the given one if it is better and ends as early as an optimal one."""
    starts = earliest_fit(part, by_volume(part))
    work = sum(request.output_len for request in part.requests)
    if given is not None:
        latest_end = max(request.arrival for request in part.requests) + work
        own = tuple(given[request.id] - origin for request in part.requests)
        ends = (
            start + request.output_len for start, request in zip(own, part.requests, strict=True)
        )
        if max(ends) <= latest_end and _cost(part, own) < _cost(part, starts):
            starts = own
    return _Known(starts=starts, cost=_cost(part, starts), lower_bound=work)


def _together(
    instance: Instance,
    parts: Sequence[tuple[int, Instance]],
    known: Sequence[_Known],
    given: Mapping[RequestId, int] | None,
) -> _Known:
    """What is known about the parts, put together in the rounds of the whole instance."""
    starts: dict[RequestId, int] = {}
    prices: list[tuple[int, Mapping[int, float] | None]] = []
    for (origin, part), now in zip(parts, known, strict=True):
        for request, start in zip(part.requests, now.starts, strict=True):
            starts[request.id] = origin + start
        prices.append((origin, now.multipliers))
    in_order = tuple(starts[request.id] for request in instance.requests)
    if given is not None:
        as_given = tuple(given[request.id] for request in instance.requests)
        in_order = min(in_order, as_given, key=lambda found: _cost(instance, found))
    return _Known(
        starts=in_order,
        cost=_cost(instance, in_order),
        lower_bound=sum(now.lower_bound for now in known),
        evidence="solver" if any(now.evidence == "solver" for now in known) else "multipliers",
        multipliers=_joined(prices),
    )


def _joined(prices: Sequence[tuple[int, Mapping[int, float] | None]]) -> Mapping[int, float] | None:
    joined: dict[int, float] = {}
    for origin, multipliers in prices:
        if multipliers is None:
            return None
        joined |= {origin + round_: price for round_, price in multipliers.items() if price > 0}
    return joined


def _cost(instance: Instance, starts: Sequence[int]) -> int:
    return sum(
        start + request.output_len - request.arrival
        for request, start in zip(instance.requests, starts, strict=True)
    )


def _schedule(instance: Instance, starts: Sequence[int]) -> Schedule:
    return Schedule(
        instance,
        tuple(
            Run(request.id, start, start + request.output_len, "completed")
            for request, start in zip(instance.requests, starts, strict=True)
        ),
    )


def _starts_of(instance: Instance, warm_start: Schedule) -> Mapping[RequestId, int]:
    """Start round of each request's completed run, once the schedule is found valid."""
    if warm_start.instance != instance:
        raise InvalidValue(
            "warm_start: instance",
            warm_start.instance,
            "it must be the instance that is solved",
            "give a schedule of this instance, or none",
        )
    completed = [run for run in warm_start.runs if run.outcome == "completed"]
    starts = {run.request: run.start for run in completed}
    lengths_fit = all(run.length == instance.by_id[run.request].output_len for run in completed)
    if (
        len(completed) != len(instance.requests)
        or len(starts) != len(completed)
        or not lengths_fit
        or not starts_fit(instance, [starts[request.id] for request in instance.requests])
    ):
        raise InvalidValue(
            "warm_start",
            warm_start,
            "its completed runs are not a valid schedule",
            "look at check(warm_start) for what is wrong",
        )
    return starts


Solver = Callable[[Programme, Sequence[int], Supervision], Answer]
"""Solves a programme for whole numbers, from a solution that it may begin with."""

ASK: Mapping[SolverName, Solver] = MappingProxyType(
    {"highs": solve_with_highs, "cbc": solve_with_cbc}
)
"""The solver of each name."""

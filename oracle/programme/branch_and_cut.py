"""The hindsight optimum as an integer programme over start rounds (specification, section 5).

The programme is that of Jaillet et al. (arXiv 2502.07115), which has one binary variable for each
request and round, with two changes: integer variables count the requests of one kind, and only
rounds in which a request of a better schedule can start have a variable. Lemmas are those of
``proofs_notes/ilp.md``.

No solver is trusted. The start rounds that a solver returns are checked. A bound is recomputed from
prices in exact arithmetic, or it is the solver's own dual bound and then named so
(:attr:`IlpResult.evidence`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from amin_ref import Instance, InvalidValue, RequestId, Schedule
from oracle.budget import DEFAULT_BUDGET, Budget
from oracle.deadline import Deadline, ShouldStop
from oracle.programme.candidates import (
    Candidates,
    Cut,
    ModelTooLarge,
    PricedBound,
    affordable_candidates,
    candidates_within,
)
from oracle.programme.cuts import Cutter
from oracle.programme.solvers import (
    Answer,
    Constraint,
    Programme,
    Relaxation,
    Supervision,
    solve_with_cbc,
    solve_with_highs,
)
from oracle.starts.list_schedule import by_volume, list_schedule
from oracle.starts.parts import Part, independent_parts
from oracle.starts.start_rounds import (
    latency_of,
    refuse_machines_without_starts,
    schedule_from,
    starts_fit,
    starts_of,
)

__all__ = ["Evidence", "IlpResult", "ModelTooLarge", "SolverName", "solve"]

SolverName = Literal["highs", "cbc"]
Evidence = Literal["prices", "solver"]

MOST_ENTRIES = 2_000_000
"""Most non-zero coefficients in the constraints of the cache; a larger programme is refused.

The model takes ten seconds to build, and its relaxation about a thousand seconds to solve
(``seconds_per_entry`` and ``entries_per_second`` of :class:`oracle.budget.Budget`).
"""

MOST_ROUNDS = 2**24
"""Most rounds from the first arrival of a part to its end; a longer part is refused.

Arrays of this length take 128 MiB each.
"""

BOUND_TOLERANCE, RELATIVE_TOLERANCE = 1e-3, 1e-7
"""Tolerances on a solver's dual bound d, which counts as ⌈d − 1e-3 − 1e-7·|d|⌉.

Solvers work to 1e-6 for each constraint, so a true bound of 337 may come as 337.0004. Costs are
whole numbers: the bound gets weaker only if d lies above a whole number by less than the tolerance.
"""

LEAST_GAIN = 0.01
"""Gain of a pass of cuts, in request·rounds, below which it counts as without gain.

        Costs are whole, so only a hundred such passes would raise the bound by one.
"""

LEAST_CUT_PRICE = 1e-7
"""Least price of a cut that is handed to the solver: below it lie rounding errors of 0."""

COST_TOLERANCE, RELATIVE_COST_TOLERANCE = 0.5, 1e-6
"""By how much a solver's objective may differ from the cost of its start rounds.

Costs are integers, so 0.5 distinguishes them; solvers round relative to the size of the number.
"""


@dataclass(frozen=True)
class IlpResult:
    """What the integer programme found.

    Attributes:
        schedule: the best schedule known, valid; never worse than the one that was given.
        lower_bound: no schedule costs less; request·rounds.
        evidence: what ``lower_bound`` rests on: ``"prices"``: recomputed here in exact arithmetic;
            ``"solver"``: at least in part a dual bound that a solver states.
        prices: the price of a token of cache in each round (0 in rounds that are missing) at the
            optimum of the relaxation, from which a certificate can be made. ``None`` when for some
            part of the instance the relaxation was not needed or not solved in time.
    """

    schedule: Schedule
    lower_bound: int
    evidence: Evidence
    prices: Mapping[int, float] | None

    @property
    def proven(self) -> bool:
        """Whether the schedule is optimal, on this evidence."""
        return self.lower_bound == self.schedule.total_latency


def solve(
    instance: Instance,
    *,
    time_limit: float,
    solver: SolverName = "highs",
    warm_start: Schedule | None = None,
    progress: Callable[[int, int], None] | None = None,
    should_stop: ShouldStop | None = None,
    budget: Budget = DEFAULT_BUDGET,
) -> IlpResult:
    """The best schedule and the best lower bound that the integer programme gives in the time.

    Args:
        instance: arrivals, unequal prompts and blocks are all supported.
        time_limit: seconds; finite, 0 or more. With 0 no solver runs: the result is the better
            of ``warm_start`` and a list schedule, with the bound Σ o. A large programme may take
            longer: building a model cannot be interrupted, nor some steps of a solver.
        solver: solves for whole numbers: HiGHS or CBC. Relaxations are solved by HiGHS.
        warm_start: a valid schedule of this instance to start from; evicted runs are dropped.
        progress: called now and then with the least total latency and the best lower bound so far.
        should_stop: called now and then; soon after ``True`` the best so far is returned.
        budget: the time for cuts, and how long a model takes to build.

    Raises:
        InvalidValue: an argument is not of this kind, or ``warm_start`` is not valid.
        ModelTooLarge: the programme would have too many starts or entries.
        KeyboardInterrupt: Ctrl-C; a running solver has been stopped.
    """
    deadline = Deadline.after(time_limit, should_stop)
    refuse_machines_without_starts(instance.machine, "the integer programme")
    if solver not in ASK:
        raise InvalidValue("solver", solver, "it must be 'highs' or 'cbc'", "give one of the two")
    given = None if warm_start is None else _by_id(instance, warm_start)
    parts = independent_parts(instance)
    known = [_first_known(part, given) for part in parts]
    for index, part in enumerate(parts):

        def report(now: _Known, index: int = index) -> None:
            known[index] = now
            if progress is not None:
                together = _together(instance, parts, known, given)
                progress(together.cost, together.lower_bound)

        search = _BranchAndCut(part.instance, known[index], solver, deadline, budget, report)
        known[index] = search.run()
    result = _together(instance, parts, known, given)
    return IlpResult(
        schedule=schedule_from(instance, result.starts),
        lower_bound=result.lower_bound,
        evidence=result.evidence,
        prices=result.prices,
    )


@dataclass(frozen=True)
class _Known:
    """What is known about an instance; the fields are those of :class:`IlpResult`."""

    starts: tuple[int, ...]
    cost: int
    lower_bound: int
    evidence: Evidence = "prices"
    prices: Mapping[int, float] | None = None

    @property
    def proven(self) -> bool:
        return self.lower_bound >= self.cost


class _BranchAndCut:
    """The search in one part of the instance: what is known about it improves step by step."""

    def __init__(
        self,
        instance: Instance,
        known: _Known,
        solver: SolverName,
        deadline: Deadline,
        budget: Budget,
        report: Callable[[_Known], None],
    ) -> None:
        self._instance = instance
        self._known = known
        self._solver = solver
        self._deadline = deadline
        self._supervision = Supervision(deadline, self._hear_on_the_way)
        self._report = report
        self._fixed_cost = 0
        self._budget = budget
        self._seconds_per_entry = budget.seconds_per_entry

    def run(self) -> _Known:
        """Relaxation, cuts, whole numbers, until the optimum is proven or the time is over."""
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
        """Whether a model of these candidates is built in time: that cannot be interrupted."""
        return self._seconds_per_entry * _entries(candidates) < self._deadline.remaining

    def _relaxed(self, candidates: Candidates) -> tuple[Relaxation, tuple[int, ...], int]:
        """The relaxation, the rounds of its first constraints, and the number of constraints."""
        began = self._deadline.clock()
        programme, rounds = _programme(candidates, ())
        relaxation = Relaxation(programme, self._supervision)
        took = (self._deadline.clock() - began) / max(1, _entries(candidates))
        self._seconds_per_entry = max(self._seconds_per_entry, took)
        return relaxation, rounds, len(programme.constraints)

    def _with_bound(self, bound: int, evidence: Evidence) -> _Known:
        """With a bound that holds for every schedule that is better than the best one known.

        The bound on all schedules is then the smaller of that bound and the cost of the best one.
        """
        bound = min(bound, self._known.cost)
        if bound <= self._known.lower_bound:
            return self._known
        return replace(self._known, lower_bound=bound, evidence=evidence)

    def _with_dual_bound(self, dual_bound: float) -> _Known:
        """With a solver's dual bound, unless a known schedule costs less than it."""
        if not math.isfinite(dual_bound):
            return self._known
        tolerance = BOUND_TOLERANCE + RELATIVE_TOLERANCE * abs(dual_bound)
        bound = math.ceil(dual_bound - tolerance) + self._fixed_cost
        return self._known if bound > self._known.cost else self._with_bound(bound, "solver")

    def _hear_on_the_way(self, dual_bound: float) -> None:
        """Report the dual bound of a running solver; it is kept only once the solver's schedule has
        been checked."""
        self._report(self._with_dual_bound(dual_bound))

    def _try_starts(self, starts: tuple[int, ...]) -> None:
        """Take valid start rounds if they cost less than the best known."""
        cost = latency_of(self._instance.requests, starts)
        if cost < self._known.cost:
            self._learn(replace(self._known, starts=starts, cost=cost))

    def _rounded(self, candidates: Candidates, value: NDArray[np.float64]) -> tuple[int, ...]:
        """The list schedule in the order of the mean starts of a fractional solution."""
        order = candidates.by_mean_start(value)
        return tuple(list_schedule(self._instance, self._instance.requests, order))

    def _narrow(self, candidates: Candidates, priced: PricedBound) -> NDArray[np.bool_]:
        """Take a bound; which candidates a better schedule, or the best one known, can use."""
        self._learn(self._with_bound(priced.lower_bound, "prices"))
        in_use = candidates.usage(self._known.starts) > 0
        return priced.affordable(self._known.cost - 1) | in_use

    def _narrowed_by_relaxation(self) -> Candidates:
        candidates = affordable_candidates(self._instance, self._known.cost - 1)
        candidates = candidates.including(self._known.starts)
        # A certificate made of these prices has to hold for every start round, not only for
        # candidates. So the relaxation gets all start rounds, but for those that are later than
        # every start of the best schedule by more than the longest output.
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
        prices = dict(zip(rounds, relaxation.prices.tolist(), strict=False))
        self._learn(replace(self._known, prices=prices))
        return candidates.keep(self._narrow(candidates, candidates.priced(prices)))

    def _narrowed_by_cuts(self, candidates: Candidates) -> tuple[Candidates, list[Cut]]:
        """Cut off fractional solutions for as long as that raises the bound.

        Returns the candidates that are left, and the cuts that have a price at the end.
        """
        if not self._affords(candidates):
            return candidates, []
        relaxation, rounds, first_cut = self._relaxed(candidates)
        cutter = Cutter(candidates)
        usable = np.ones(len(candidates), dtype=np.bool_)
        cuts: list[Cut] = []
        weights: list[float] = []
        best, without_gain = -math.inf, 0
        for_cuts = self._deadline.within(self._budget.cutting * self._deadline.remaining)
        while relaxation.solve():
            self._try_starts(self._rounded(candidates, relaxation.values))
            prices = relaxation.prices
            weights = prices[first_cut:].tolist()
            priced = candidates.priced(
                dict(zip(rounds, prices.tolist(), strict=False)),
                list(zip(cuts, weights, strict=True)),
                usable,
            )
            affordable = self._narrow(candidates, priced) & usable
            forbidden = np.flatnonzero(usable & ~affordable).tolist()
            relaxation.forbid(forbidden)
            usable = affordable
            reached = priced.bound / priced.scale
            without_gain = 0 if reached > best + LEAST_GAIN else without_gain + 1
            best = max(best, reached)
            is_idle = without_gain > self._budget.passes_without_gain
            if self._done or is_idle or for_cuts.passed:
                break
            added = cutter.violated(relaxation.values, relaxation.reduced_costs, usable)
            if not added and not forbidden:
                break
            for cut in added:
                relaxation.add(_cut_constraint(cut))
            cuts += added
        binding = [
            _renumbered(cut, usable)
            for cut, weight in zip(cuts, weights, strict=False)
            if weight > LEAST_CUT_PRICE
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
            starts = _checked_starts(candidates, answer)
            if starts is None:
                return
            self._try_starts(starts)
        if answer.dual_bound is not None:
            self._learn(self._with_dual_bound(answer.dual_bound))


def _checked_starts(candidates: Candidates, answer: Answer) -> tuple[int, ...] | None:
    """The start rounds of a solver's answer, if they are valid and cost what the solver says."""
    values = np.array(answer.values, dtype=np.float64)
    if values.shape != (len(candidates),) or not (np.abs(values) < MOST_ENTRIES).all():
        return None
    starts = candidates.starts(np.rint(values).astype(np.int64))
    if starts is None or not starts_fit(candidates.instance, starts):
        return None
    stated = math.nan if answer.objective is None else answer.objective + candidates.fixed_cost
    cost = latency_of(candidates.instance.requests, starts)
    agree = math.isclose(stated, cost, rel_tol=RELATIVE_COST_TOLERANCE, abs_tol=COST_TOLERANCE)
    return starts if agree else None


def _programme(candidates: Candidates, cuts: Sequence[Cut]) -> tuple[Programme, tuple[int, ...]]:
    """The programme, and the rounds of its first constraints, in their order."""
    rounds, of_cache = _cache_constraints(candidates)
    of_cuts = (_cut_constraint(cut) for cut in cuts)
    constraints = [*of_cache, *_request_constraints(candidates), *of_cuts]
    capacity = candidates.instance.capacity
    upper = [min(kind.count, capacity // int(kind.occupancy[-1])) for kind in candidates.kinds]
    programme = Programme(
        costs=candidates.wait.tolist(),
        upper=np.array(upper, dtype=np.int64)[candidates.kind].tolist(),
        constraints=constraints,
    )
    return programme, rounds


def _entries(candidates: Candidates) -> int:
    """Entries of the constraints of the cache: one for each round of a run from each candidate."""
    return int(candidates.output_len.sum())


def _cache_constraints(candidates: Candidates) -> tuple[tuple[int, ...], list[Constraint]]:
    """In no round are more tokens held than the capacity; the rounds, and their constraints."""
    lengths = candidates.output_len
    entries = _entries(candidates)
    if entries > MOST_ENTRIES:
        raise ModelTooLarge(
            "instance: entries in the integer programme",
            entries,
            f"it must be at most {MOST_ENTRIES}",
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
        Constraint(
            some_columns.tolist(), some_held.tolist(), "at most", candidates.instance.capacity
        )
        for some_columns, some_held in zip(
            np.split(columns[order], first[1:]), np.split(held[order], first[1:]), strict=True
        )
    ]
    return tuple(named.tolist()), rows


def _request_constraints(candidates: Candidates) -> list[Constraint]:
    """Each request starts once, and of a kind no more start before a round than have arrived."""
    constraints: list[Constraint] = []
    for index, kind in enumerate(candidates.kinds):
        where = candidates.of_kind(index)
        columns = np.arange(where.start, where.stop)
        once = Constraint(columns.tolist(), [1] * len(columns), "equal", kind.count)
        constraints.append(once)
        arrivals, before = np.unique(kind.arrivals, return_index=True)
        for arrival, arrived in zip(arrivals[1:].tolist(), before[1:].tolist(), strict=True):
            early = columns[candidates.start[where] < arrival].tolist()
            constraints.append(Constraint(early, [1] * len(early), "at most", arrived))
    return constraints


def _cut_constraint(cut: Cut) -> Constraint:
    return Constraint(cut.candidates.tolist(), cut.weights.tolist(), "at most", cut.limit)


def _renumbered(cut: Cut, kept: NDArray[np.bool_]) -> Cut:
    number = np.cumsum(kept) - 1
    stays = kept[cut.candidates]
    return Cut(number[cut.candidates[stays]], cut.weights[stays], cut.limit)


def _by_id(instance: Instance, warm_start: Schedule) -> Mapping[RequestId, int]:
    """The start round of each request."""
    starts = starts_of(instance, warm_start, "warm_start")
    return {request.id: start for request, start in zip(instance.requests, starts, strict=True)}


def _first_known(part: Part, given: Mapping[RequestId, int] | None) -> _Known:
    """A list schedule, or the given one if it is better and ends as early as an optimal one.

    Raises:
        ModelTooLarge: the part has more than :data:`MOST_ROUNDS` rounds.
    """
    requests = part.instance.requests
    work = sum(request.output_len for request in requests)
    latest_end = max(request.arrival for request in requests) + work
    if latest_end > MOST_ROUNDS:
        raise ModelTooLarge(
            "instance: rounds from the first arrival to the end of a list schedule",
            latest_end,
            f"it must be at most {MOST_ROUNDS}",
            "count time in coarser rounds, or use another method",
        )
    starts = tuple(list_schedule(part.instance, requests, by_volume(requests)))
    cost = latency_of(requests, starts)
    if given is not None:
        own = tuple(given[request.id] - part.first_round for request in requests)
        end = max(start + one.output_len for start, one in zip(own, requests, strict=True))
        if end <= latest_end and latency_of(requests, own) < cost:
            starts, cost = own, latency_of(requests, own)
    return _Known(starts=starts, cost=cost, lower_bound=work)


def _together(
    instance: Instance,
    parts: Sequence[Part],
    known: Sequence[_Known],
    given: Mapping[RequestId, int] | None,
) -> _Known:
    """What is known about the whole instance, from what is known about its parts."""
    starts: dict[RequestId, int] = {}
    prices: list[tuple[int, Mapping[int, float] | None]] = []
    for part, now in zip(parts, known, strict=True):
        for request, start in zip(part.instance.requests, now.starts, strict=True):
            starts[request.id] = part.first_round + start
        prices.append((part.first_round, now.prices))
    in_order = tuple(starts[request.id] for request in instance.requests)
    if given is not None:
        as_given = tuple(given[request.id] for request in instance.requests)
        in_order = min(in_order, as_given, key=lambda found: latency_of(instance.requests, found))
    return _Known(
        starts=in_order,
        cost=latency_of(instance.requests, in_order),
        lower_bound=sum(now.lower_bound for now in known),
        evidence="solver" if any(now.evidence == "solver" for now in known) else "prices",
        prices=_joined(prices),
    )


def _joined(prices: Sequence[tuple[int, Mapping[int, float] | None]]) -> Mapping[int, float] | None:
    joined: dict[int, float] = {}
    for first_round, of_part in prices:
        if of_part is None:
            return None
        joined |= {first_round + round_: price for round_, price in of_part.items() if price > 0}
    return joined


Solver = Callable[[Programme, Sequence[int], Supervision], Answer]
"""Solves a programme for whole numbers, from a solution that it may begin with."""

ASK: Mapping[SolverName, Solver] = MappingProxyType(
    {"highs": solve_with_highs, "cbc": solve_with_cbc}
)
"""The solver of each name."""

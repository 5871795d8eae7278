"""Good schedules for thousands of requests: upper bounds on OPT, and first schedules for solvers.

Three steps, each better and slower than the one before:

1. **List schedules.** Requests are placed one by one in an order such as ascending volume, each as
   early as it fits.
2. **Annealing** through infeasible schedules, guided by the prices of a certificate
   (:mod:`oracle.heuristics.annealing`).
3. **Local search.** A few requests near each other in time are placed anew in another order
   (:mod:`oracle.heuristics.local_search`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from amin_ref.model.instance import Instance
from amin_ref.model.request import Request
from amin_ref.model.schedule import Schedule
from oracle.budget import DEFAULT_BUDGET, Budget
from oracle.certificate import Certificate
from oracle.deadline import Deadline, ShouldStop
from oracle.heuristics.annealing import Annealing, repaired
from oracle.heuristics.choice import Movers, movers
from oracle.prices.ascent import lower_bound
from oracle.prices.dual import Dual, Floats
from oracle.starts.free_capacity import FreeCapacity
from oracle.starts.list_schedule import list_schedule, volume_of
from oracle.starts.parts import BusyPeriod, busy_periods
from oracle.starts.start_rounds import (
    latency_of,
    refuse_machines_without_starts,
    schedule_from,
)

PRICING = 0.1
"""Share of the time that goes into prices where the caller gives no certificate."""

GUIDING = 1.2
"""Annealing is run only if the best list schedule costs less than 1.2 times the bound from token
prices alone. Where the gap is wider a few requests fill the cache, and prices say little about
where there is room."""

DELAYS_EVALUATED = 1024
"""Delays at which that bound is evaluated, about: a comparison with ``GUIDING`` needs no more."""


def best_schedule(
    instance: Instance,
    time_limit: float = 60.0,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
    should_stop: ShouldStop | None = None,
    certificate: Certificate | None = None,
    budget: Budget = DEFAULT_BUDGET,
) -> Schedule:
    """A valid schedule without evictions, of as little total latency as the time allows.

    Args:
        instance: the requests and their cache.
        time_limit: seconds; finite, 0 or more. The list schedule by volume is made in any case.
        seed: of the random moves. Where the time limit ends the search, equal seeds can still
            give unequal schedules.
        progress: called with the total latency of each better schedule.
        should_stop: called now and then; when it returns ``True``, the best schedule so far is
            returned.
        certificate: its prices guide the annealing; ``None``: prices are found first.
        budget: how long annealing and local search last at most.

    Raises:
        InvalidValue: ``time_limit`` is not a finite number of seconds, 0 or more.
    """
    refuse_machines_without_starts(instance.machine, "best_schedule")
    deadline = Deadline.after(time_limit, should_stop)
    if certificate is None:
        certificate = lower_bound(
            instance, PRICING * time_limit, should_stop=should_stop, budget=budget
        )
    generator = np.random.default_rng(seed)
    improvements = [_Improvement(instance, period, deadline) for period in busy_periods(instance)]

    def report() -> None:
        if progress is not None:
            progress(sum(improvement.latency for improvement in improvements))

    report()
    open_ones = [improvement for improvement in improvements if improvement.period.has_queue]
    kinds = movers(budget, deadline.remaining if open_ones else 0.0)
    work = [len(one.period.requests) * one.period.rounds for one in open_ones]
    for position, improvement in enumerate(open_ones):
        share = work[position] / sum(work[position:])
        part = deadline.within(share * deadline.remaining)
        improvement.run(certificate, generator, part, budget, kinds, report)
    return _joined(instance, improvements)


def _prices(certificate: Certificate, period: BusyPeriod, dual: Dual) -> Floats:
    """The certificate's prices, as the dual function of the busy period takes them."""
    prices = np.zeros((len(dual.limits), period.rounds))
    row_of = {share: row for row, share in enumerate(dual.shares, start=1)}
    for stretch in certificate.stretches:
        first = max(stretch.first_round, period.first_round)
        stop = min(stretch.stop, period.end)
        if first >= stop:
            continue
        rows = [(0, stretch.multipliers)]
        rows += [
            (row_of[unpriced], share.multipliers)
            for share in stretch.shares
            if (unpriced := replace(share, multipliers=())) in row_of
        ]
        for row, multipliers in rows:
            found = multipliers[first - stretch.first_round : stop - stretch.first_round]
            prices[row, first - period.first_round : stop - period.first_round] = found
    return prices / certificate.denominator


def _orders(requests: Sequence[Request]) -> Iterator[list[int]]:
    """Positions of the requests in the orders of the list schedules, the best order first."""
    keys: list[Callable[[Request], tuple[int, ...]]] = [
        lambda one: (volume_of(one),),
        lambda one: (one.prompt_len + one.output_len,),
        lambda one: (one.output_len, one.prompt_len),
        lambda one: (one.arrival + one.output_len,),
    ]
    for key in keys:
        ranks = [key(request) for request in requests]
        yield sorted(range(len(requests)), key=ranks.__getitem__)


def _joined(instance: Instance, improvements: Sequence[_Improvement]) -> Schedule:
    """One schedule of all busy periods.

    Where the schedule of one ends after the next has begun, the requests of the next start when
    they fit beside it.
    """
    free = FreeCapacity(instance, 0)
    start_of = {}
    for improvement in improvements:
        period = improvement.period
        overlaps = period.first_round < free.end
        if not overlaps:
            free = FreeCapacity(instance, period.first_round)
        for position in np.argsort(improvement.best, kind="stable").tolist():
            request, start = period.requests[position], improvement.best[position]
            if overlaps:
                start = free.earliest_start(request, start)
            free.place(request, start)
            start_of[request.id] = start
    return schedule_from(instance, [start_of[request.id] for request in instance.requests])


class _Improvement:
    """The best start rounds known of one busy period, and the search for better ones.

    Attributes:
        period: the requests.
        best: the start round of each request, in the best schedule so far.
    """

    def __init__(self, instance: Instance, period: BusyPeriod, deadline: Deadline) -> None:
        self._instance = instance
        self.period = period
        self.best = list(period.starts)
        if period.has_queue:
            for order in _orders(period.requests):
                self._keep_better(list_schedule(instance, period.requests, order))
                if deadline.passed:
                    break

    @property
    def latency(self) -> int:
        """Total latency of the best schedule so far; request·rounds."""
        return latency_of(self.period.requests, self.best)

    def _keep_better(self, starts: list[int]) -> bool:
        """Take these start rounds if they are better than the best so far; whether they were."""
        better = sum(starts) < sum(self.best)
        if better:
            self.best = starts
        return better

    def run(
        self,
        certificate: Certificate,
        generator: np.random.Generator,
        deadline: Deadline,
        budget: Budget,
        kinds: Movers,
        report: Callable[[], None],
    ) -> None:
        """Annealing and local search in turn, or local search alone where prices are no guide."""
        annealing = self._annealing(kinds.annealing, certificate, generator)
        seconds = budget.annealing_per_request * len(self.period.requests)
        if annealing is None and deadline.remaining >= budget.local_search * seconds:
            self._search_alone(generator, deadline, kinds, report)
            return
        while not deadline.passed:
            starts = self.best
            if annealing is not None:
                annealed = min(seconds, budget.most_annealing * deadline.remaining)
                rough = annealing.run(deadline.within(annealed))
                starts = repaired(self._instance, self.period, rough)
                if self._keep_better(starts):
                    report()
            local = kinds.local_search(self._instance, self.period, starts, generator)
            if self._keep_better(local.run(deadline.within(budget.local_search * seconds))):
                report()

    def _search_alone(
        self,
        generator: np.random.Generator,
        deadline: Deadline,
        kinds: Movers,
        report: Callable[[], None],
    ) -> None:
        """Local searches of a number of moves, each from the best schedule so far.

        With more time it first finds what it finds with less time, in the same order.
        """
        while not deadline.passed:
            local = kinds.local_search(self._instance, self.period, self.best, generator)
            if self._keep_better(local.run_moves(deadline)):
                report()

    def _annealing(
        self, kind: type[Annealing], certificate: Certificate, generator: np.random.Generator
    ) -> Annealing | None:
        """Annealing guided by the certificate's prices, if these are a guide."""
        dual = Dual(self._instance, self.period)
        prices = _prices(certificate, self.period, dual)
        of_tokens = prices.copy()
        of_tokens[1:] = 0.0
        step = 1 + dual.rounds // DELAYS_EVALUATED
        if self.latency >= GUIDING * dual.evaluate(of_tokens, step, 1.0).value:
            return None
        return kind(self._instance, self.period, dual, prices, generator)

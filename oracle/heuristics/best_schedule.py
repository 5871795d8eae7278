"""Good schedules for thousands of requests: upper bounds on OPT, and starting points for solvers.

Three steps, each better and slower than the one before:

1. **List schedules.** Requests one by one, in an order such as by volume, each as early as it
   still fits.
2. **Annealing** through infeasible schedules (:mod:`oracle.heuristics.annealing`), guided by
   the prices of a certificate.
3. **Local search.** A few requests near each other in time are taken out and placed anew in
   another order, and the change is kept if it helps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from amin_ref.model.instance import Instance
from amin_ref.model.request import Request
from amin_ref.model.schedule import Run, Schedule
from oracle.certificate import Certificate
from oracle.deadline import Deadline, ShouldStop
from oracle.heuristics.annealing import Annealing, repaired
from oracle.prices.ascent import lower_bound
from oracle.prices.dual import Dual, Floats
from oracle.starts.free_capacity import Crowd, FreeCapacity, crowds, listed, volume

SECONDS_PER_REQUEST = 0.1
"""Annealing for longer than this, times the number of requests, gains less than starting anew."""
TELLING = 1.2
"""Prices are a guide when list schedules cost less than this, times the bound that prices of tokens
alone prove."""
MOST_TAKEN_OUT, MOST_OF_FEW = 10, 7
"""Requests that one move of the local search places anew at most: of many, and of a few."""
FEW = 200
"""So few requests are also taken out far from each other."""
MOST_SCATTERED, SCATTERED = 4, 0.2
"""How many then at most, and the share of such moves."""
LEAST_PATIENCE, PATIENCE = 3.0, 1 / 450
"""Rounds by which a move may worsen the schedule at first: at least, and as a share of all."""


def best_schedule(
    instance: Instance,
    time_limit: float = 60.0,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
    should_stop: ShouldStop | None = None,
    certificate: Certificate | None = None,
) -> Schedule:
    """A valid schedule without evictions, of as little total latency as the time allows.

    Args:
        instance: what is to be scheduled.
        time_limit: seconds; 0 or more. The list schedules are made in any case.
        seed: of the random moves. Where the clock cuts the search off, equal seeds can still
            give unequal schedules.
        progress: called with the total latency of each better schedule.
        should_stop: asked now and then; when it says True, the best schedule so far is returned.
        certificate: whose prices to be guided by; without it, a tenth of the time goes into
            finding prices.

    Raises:
        InvalidValue: ``time_limit`` is negative or not a number.
    """
    deadline = Deadline.after(time_limit, should_stop)
    if certificate is None:
        certificate = lower_bound(instance, time_limit / 10, should_stop=should_stop)
    generator = np.random.default_rng(seed)
    searches = [_Search(instance, crowd) for crowd in crowds(instance)]

    def report() -> None:
        if progress is not None:
            progress(sum(search.cost for search in searches))

    report()
    crowded = [search for search in searches if search.crowd.crowded]
    work = [len(search.crowd.requests) * search.crowd.rounds for search in crowded]
    for position, search in enumerate(crowded):
        share = work[position] / sum(work[position:])
        search.run(certificate, generator, deadline.within(share * deadline.remaining), report)
    return _joined(instance, searches)


def _prices(certificate: Certificate, crowd: Crowd, dual: Dual) -> Floats:
    """The certificate's prices, as the dual of the crowd has them."""
    prices = np.zeros((len(dual.limits), crowd.rounds))
    row_of = {share: row for row, share in enumerate(dual.shares, start=1)}
    for stretch in certificate.stretches:
        first = max(stretch.first_round, crowd.first_round)
        stop = min(stretch.stop, crowd.end)
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
            prices[row, first - crowd.first_round : stop - crowd.first_round] = found
    return prices / certificate.denominator


def _orders(requests: Sequence[Request]) -> Iterator[list[int]]:
    """Positions of the requests in orders that are worth a list schedule."""
    keys: list[Callable[[Request], tuple[int, ...]]] = [
        lambda one: (volume(one),),
        lambda one: (one.prompt_len + one.output_len,),
        lambda one: (one.output_len, one.prompt_len),
        lambda one: (one.arrival + one.output_len,),
    ]
    for key in keys:
        ranks = [key(request) for request in requests]
        yield sorted(range(len(requests)), key=ranks.__getitem__)


def _joined(instance: Instance, searches: Sequence[_Search]) -> Schedule:
    """One schedule of all crowds; where one outstays its time, the next gives way to it."""
    free = FreeCapacity(instance, 0)
    runs = []
    for search in searches:
        gives_way = search.crowd.first_round < free.end
        if not gives_way:
            free = FreeCapacity(instance, search.crowd.first_round)
        for position in np.argsort(search.best, kind="stable").tolist():
            request, start = search.crowd.requests[position], search.best[position]
            if gives_way:
                start = free.earliest_start(request, start)
            free.place(request, start)
            runs.append(Run(request.id, start, start + request.output_len, "completed"))
    return Schedule(instance, tuple(runs))


class _Search:
    """The search for one crowd; ``best`` is the start of each of its requests, as yet."""

    def __init__(self, instance: Instance, crowd: Crowd) -> None:
        self.instance = instance
        self.crowd = crowd
        self.best = list(crowd.starts)
        if crowd.crowded:
            for order in _orders(crowd.requests):
                self.keep_better(listed(instance, crowd, order))

    @property
    def cost(self) -> int:
        """Total latency of the crowd; request·rounds."""
        requests = self.crowd.requests
        return sum(self.best) + sum(one.output_len - one.arrival for one in requests)

    def keep_better(self, starts: list[int]) -> bool:
        """Take these starts if they are better than the best so far; whether they were."""
        better = sum(starts) < sum(self.best)
        if better:
            self.best = starts
        return better

    def run(
        self,
        certificate: Certificate,
        generator: np.random.Generator,
        deadline: Deadline,
        report: Callable[[], None],
    ) -> None:
        """Anneal and search locally in turn, from new starts each time, until time is up."""
        dual = Dual(self.instance, self.crowd)
        prices = _prices(certificate, self.crowd, dual)
        annealing = None
        of_tokens = prices.copy()
        of_tokens[1:] = 0.0  # Prices of shares say little about where there is room.
        if self.cost < TELLING * dual.evaluate(of_tokens, 1 + dual.rounds // 1024, 1.0).value:
            annealing = Annealing(self.instance, self.crowd, dual, prices, generator)
        seconds = SECONDS_PER_REQUEST * len(self.crowd.requests)
        while not deadline.passed:
            starts = self.best
            if annealing is not None:
                rough = annealing.run(deadline.within(min(seconds, 0.7 * deadline.remaining)))
                starts = repaired(self.instance, self.crowd, rough)
                if self.keep_better(starts):
                    report()
            local = _LocalSearch(self.instance, self.crowd, starts, generator)
            if self.keep_better(local.run(deadline.within(seconds / 2))):
                report()


class _LocalSearch:
    """Takes out a few requests at a time and places them anew, from feasible starts on."""

    def __init__(
        self,
        instance: Instance,
        crowd: Crowd,
        starts: Sequence[int],
        generator: np.random.Generator,
    ) -> None:
        self.requests = crowd.requests
        self.starts = np.array(starts)
        self.generator = generator
        self.rounds = crowd.rounds
        self.free = FreeCapacity(instance, crowd.first_round)
        for request, start in zip(crowd.requests, starts, strict=True):
            self.free.place(request, start)

    def run(self, deadline: Deadline) -> list[int]:
        """The best starts found until the deadline."""
        best, least = self.starts.copy(), 0
        gained = 0
        while not deadline.passed:
            patience = max(LEAST_PATIENCE, PATIENCE * self.rounds) * (1 - deadline.elapsed)
            gained += self._move(patience * self.generator.exponential())
            if gained < least:
                best, least = self.starts.copy(), gained
        found: list[int] = best.tolist()
        return found

    def _move(self, patience: float) -> int:
        """Place some requests anew, unless that costs more than ``patience``; the change."""
        taken = self._neighbours()
        before = [int(self.starts[position]) for position in taken]
        for position, start in zip(taken, before, strict=True):
            self.free.remove(self.requests[position], start)
        most = sum(before) + patience
        # Whatever starts before all of these do is full, as far as they are concerned.
        earliest = min(before)
        after: list[int] = []
        for position in taken:
            request = self.requests[position]
            start = self.free.earliest_start(request, max(earliest, request.arrival))
            self.free.place(request, start)
            after.append(start)
            if sum(after) > most:
                break
        if sum(after) <= most:
            self.starts[taken] = after
            return sum(after) - sum(before)
        for position, start in zip(taken, after, strict=False):
            self.free.remove(self.requests[position], start)
        for position, start in zip(taken, before, strict=True):
            self.free.place(self.requests[position], start)
        return 0

    def _neighbours(self) -> list[int]:
        """Some requests, as a rule near each other, in the order to place them in."""
        taken = self._taken()
        draw = self.generator
        if draw.random() < 0.5:
            noise = np.exp(0.4 * draw.standard_normal(len(taken)))
            keys = [volume(self.requests[i]) * x for i, x in zip(taken, noise, strict=True)]
            taken = [position for _, position in sorted(zip(keys, taken, strict=True))]
        return taken

    def _taken(self) -> list[int]:
        """Some requests that start near each other, or if there are few also far apart."""
        draw = self.generator
        few = len(self.requests) <= FEW
        if few and draw.random() < SCATTERED:
            everybody: list[int] = draw.permutation(len(self.requests)).tolist()
            return everybody[: int(draw.integers(2, MOST_SCATTERED + 1))]
        centre = int(self.starts[draw.integers(len(self.requests))])
        reach = 1 + draw.exponential(self.rounds / 30)
        near = np.flatnonzero(np.abs(self.starts - centre) <= reach)
        count = int(draw.integers(2, (MOST_OF_FEW if few else MOST_TAKEN_OUT) + 1))
        taken: list[int] = draw.permutation(near)[:count].tolist()
        return taken

"""Exact search: the least total latency by branch and bound over rounds.

Sets of requests are started round by round. Bounds from priced rows and sequences of large
requests (:mod:`oracle.search.bounds`), dominance between partial schedules and the rule that in an
optimal schedule nothing can start one round earlier (:mod:`oracle.search.states`) keep the number
of partial schedules small; :mod:`oracle.search.walk` goes through them, in one process or in
several. Proofs: ``proofs_notes/search.md``.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from amin_ref import Instance, Schedule
from amin_ref.model.errors import InvalidValue
from oracle.deadline import Deadline, ShouldStop
from oracle.search.bounds import (
    INDEPENDENT,
    SEQUENCED,
    NodeBounds,
    ascend,
    large_requests,
)
from oracle.search.problem import Problem, first_schedule
from oracle.search.relaxation import Rows, Sequencing
from oracle.search.states import Found
from oracle.search.walk import Branch, Company, NarrowPass, Walked, least_cost, walk

MOST_REQUESTS = 62
"""Requests that a bit mask of 64 bits can tell apart; beyond, nothing is searched."""

MOST_ROUNDS = 2**20
"""The longest horizon that is laid out round by round."""

MOST_STARTS = 2**22
"""The most pairs of request and start round that bounds are computed for."""

QUICK_WIDTH = 30
"""States kept in each round by a first pass without prices; it settles small instances."""

NARROW = 500
"""States kept in each round by a first pass with prices."""

NARROW_PASSES = (NarrowPass(2.0, 5_000), NarrowPass(30.0, 20_000), NarrowPass(120.0, 80_000))
"""Later ones, each when the search has lasted longer than it will. They find better schedules than
the search meets on its way, though that makes it hardly any shorter."""

CHUNK_CELLS = 2**22
"""Loads, states times rounds, that are treated at once; the rest waits on a stack."""

IN_FLIGHT = os.cpu_count() or 1
"""Pieces that other processes are given at a time, by default: one for each."""


@dataclass(frozen=True)
class SearchResult:
    """What a search found and proved.

    Attributes:
        schedule: the best schedule found.
        lower_bound: no schedule has a smaller total latency; request·rounds.
        exhausted: whether the search looked everywhere, so that ``schedule`` is optimal and
            ``lower_bound`` is its cost.
        nodes: partial schedules that were extended.
    """

    schedule: Schedule
    lower_bound: int
    exhausted: bool
    nodes: int


def search(
    instance: Instance,
    *,
    upper: Schedule | None = None,
    time_limit: float = 60.0,
    should_stop: ShouldStop | None = None,
    executor: Executor | None = None,
    in_flight: int = IN_FLIGHT,
) -> SearchResult:
    """The optimum of an instance (specification, section 5), or bounds when time runs out.

    Args:
        instance: any instance; beyond :data:`MOST_REQUESTS` requests only bounds are computed.
        upper: a valid schedule of it to start from, however it was found.
        time_limit: seconds of wall-clock time; the search ends a fraction of a second later.
        should_stop: asked a few times a second; when it says yes, the search ends.
        executor: processes that share the search where it lasts; by default, the caller is
            alone. When it ends before everything is looked at, they go on for a few seconds.
        in_flight: pieces that the executor is given at a time: as many as it has processes.

    Raises:
        InvalidValue: the time limit is not a number of seconds, ``upper`` is of another instance
            or not valid, or the instance lasts too many rounds.
    """
    deadline = Deadline.after(time_limit, should_stop)
    problem = Problem.of(instance)
    if problem.horizon > MOST_ROUNDS:
        raise InvalidValue(
            "instance: rounds",
            problem.horizon,
            f"the search lays out at most {MOST_ROUNDS} rounds",
            "count time in coarser rounds",
        )
    starts = first_schedule(problem)
    if upper is not None:
        starts = min(starts, _starts_of(problem, upper), key=problem.cost)
    return BranchAndBound(problem, starts, deadline, executor=executor, in_flight=in_flight).run()


def _starts_of(problem: Problem, upper: Schedule) -> tuple[int, ...]:
    if upper.instance != problem.instance:
        raise InvalidValue(
            "upper: instance", upper.instance, "it is not the one searched", "give its schedule"
        )
    # An evicted run only takes room; the completed runs alone are a schedule of the same cost.
    latencies = upper.latencies
    starts = tuple(
        latencies[position] + arrival - output_len
        for position, arrival, output_len in zip(
            problem.order, problem.arrival, problem.output_len, strict=True
        )
    )
    if not problem.fits(starts):
        raise InvalidValue(
            "upper", "a schedule", "it is not valid", "look at check(schedule) for what is wrong"
        )
    return starts


class BranchAndBound:
    """One search: the best schedule so far, and what has been proved.

    Attributes:
        problem: what is searched.
        deadline: the search ends when it has passed; looked at in every round.
        chunk: states treated at once.
        executor: processes that share what lasts; ``None`` for nobody.
        in_flight: branches that it is given at a time.
        starts: start rounds of the best schedule.
        upper: its cost.
        lower: no schedule costs less.
        nodes: partial schedules extended.
    """

    def __init__(
        self,
        problem: Problem,
        starts: Sequence[int],
        deadline: Deadline,
        chunk_cells: int = CHUNK_CELLS,
        executor: Executor | None = None,
        in_flight: int = IN_FLIGHT,
    ) -> None:
        self.problem = problem
        self.deadline = deadline
        self.chunk = max(2, chunk_cells // max(1, problem.longest + problem.size))
        self.executor = executor
        self.in_flight = in_flight
        self.starts = tuple(starts)
        self.upper = problem.cost(starts)
        self.lower = sum(problem.output_len)
        self.nodes = 0

    def run(self) -> SearchResult:
        """The whole search: bounds, passes that look for good schedules, then everywhere."""
        bounds = self.bounds()
        if bounds is not None:
            self.explore(bounds, NARROW)
            self.explore(bounds, None)
        return SearchResult(
            schedule=self.problem.schedule(self.starts),
            lower_bound=self.lower,
            exhausted=self.lower == self.upper,
            nodes=self.nodes,
        )

    def bounds(self) -> NodeBounds | None:
        """Bounds with good prices; ``None`` when there is no time or no room for them."""
        problem, rounds = self.problem, self.problem.horizon
        if self.lower == self.upper or rounds * problem.size > MOST_STARTS or self._is_over():
            return None
        rows = Rows(problem, rounds)
        self.explore(NodeBounds.of(rows, None, rows.no_prices()), QUICK_WIDTH)
        if self.lower == self.upper or self._is_over():
            return None
        prices = ascend(rows, None, rows.no_prices(), self.upper, INDEPENDENT, self._is_over)
        bounds = NodeBounds.of(rows, None, prices)
        self._prove(bounds.whole(bounds.root))
        if self.lower == self.upper or self._is_over():
            return bounds
        rounds = bounds.last_useful(self.upper - 1, rows.output_len)
        shorter = Rows(problem, rounds)
        prices = shorter.prices_from(prices)
        large = large_requests(problem, rounds)
        sequencing = Sequencing(problem, large, rounds) if large else None
        if sequencing is not None or len(shorter.limits) > len(rows.limits):
            how = SEQUENCED if large else INDEPENDENT
            prices = ascend(shorter, sequencing, prices, self.upper, how, self._is_over)
        bounds = NodeBounds.of(shorter, sequencing, prices)
        self._prove(bounds.whole(bounds.root))
        return bounds

    def _is_over(self) -> bool:
        return self.deadline.passed

    def _prove(self, bound: int) -> None:
        self.lower = max(self.lower, min(bound, self.upper))

    def explore(self, bounds: NodeBounds, width: int | None) -> None:
        """Look at every state that may beat the best schedule, or at ``width`` of each round."""
        if self.lower == self.upper or self._is_over() or self.problem.size > MOST_REQUESTS:
            return
        root = Branch.root(self.problem, bounds)
        walked = self._everywhere(root) if width is None else self._alone([root], width)
        # What a narrow pass has dropped may cost less than all that it has kept.
        if walked.complete:
            self._prove(least_cost(walked.left) if walked.left else self.upper)

    def _everywhere(self, root: Branch) -> Walked:
        """Alone at first, with a narrow pass now and then; then together with other processes."""
        walked = self._alone([root], seconds=NARROW_PASSES[0].after)
        for number, narrow in enumerate(NARROW_PASSES, start=1):
            if not walked.left or walked.crowded or self._is_over():
                return walked
            looked = self._alone([root], narrow.width)
            if looked.complete and not looked.left:
                return looked
            following = NARROW_PASSES[number:]
            if self.executor is not None:
                walked = self._together(walked.left, root, following, self.executor)
                break
            seconds = following[0].after if following else math.inf
            walked = self._alone(walked.left, seconds=seconds)
        # Something is left where time is up, or the other processes were killed.
        return walked if walked.crowded else self._alone(walked.left)

    def _alone(
        self, branches: Sequence[Branch], width: int | None = None, seconds: float = math.inf
    ) -> Walked:
        part = self.deadline.within(seconds)
        return self._learned(
            walk(
                self.problem,
                branches,
                Found(self.upper, self.starts),
                chunk=self.chunk,
                should_stop=self._is_over,
                pause=lambda: part.remaining == 0,
                width=width,
            )
        )

    def _together(
        self,
        branches: Sequence[Branch],
        root: Branch,
        passes: Sequence[NarrowPass],
        executor: Executor,
    ) -> Walked:
        best = Found(self.upper, self.starts)
        company = Company(self.problem, best, self.chunk, executor, self.in_flight)
        return self._learned(company.walk(branches, root, passes, self.deadline))

    def _learned(self, walked: Walked) -> Walked:
        self.upper, self.starts = walked.best.cost, walked.best.starts
        self.nodes += walked.nodes
        return walked

"""Exact search: the least total latency by branch and bound over rounds.

Round by round, the search tries every set of requests that may start. Three rules keep the number
of partial schedules small: lower bounds from prices and from sequences of large requests
(:mod:`oracle.search.bounds`), dominance between partial schedules, and the fact that in an optimal
schedule no request can start one round earlier (:mod:`oracle.search.states`).
:mod:`oracle.search.walk` walks through the partial schedules, in one process or in several. Proofs:
``proofs_notes/search.md``.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from amin_ref import Instance, Schedule
from amin_ref.model.errors import InvalidValue
from oracle.budget import DEFAULT_BUDGET, Budget, NarrowPass
from oracle.deadline import Deadline, ShouldStop
from oracle.search.bounds import (
    INDEPENDENT,
    SEQUENCED,
    NodeBounds,
    ascend,
    large_requests,
)
from oracle.search.choice import compiled_step
from oracle.search.problem import Problem, first_schedule
from oracle.search.relaxation import Rows
from oracle.search.states import Incumbent, RoundStep
from oracle.search.walk import Branch, Walked, WorkerPool, least_cost, walk
from oracle.starts.start_rounds import refuse_machines_without_starts, starts_of

MOST_REQUESTS = 62
"""Most requests of a search: sets of requests are bit masks in 64-bit integers."""

MOST_ROUNDS = 2**20
"""Most rounds from round 0 to the horizon; a longer instance is refused.

Tables have a column for each round, so they take megabytes for each request.
"""

MOST_STARTS = 2**22
"""Most pairs of request and start round for which bounds are computed: tables of 32 MiB each."""

SECONDS_BETWEEN_REPORTS = 0.2
"""Seconds between two looks at the bound of all branches, which takes longer the more there are."""

IN_FLIGHT = os.cpu_count() or 1
"""Work items that an executor is given at a time by default: one for each processor."""


@dataclass(frozen=True)
class SearchResult:
    """What a search found and proved.

    Attributes:
        schedule: the best schedule found.
        lower_bound: no schedule has a smaller total latency; request·rounds.
        exhausted: whether the search is complete, so that ``schedule`` is optimal and
            ``lower_bound`` is its total latency.
        nodes: partial schedules that were extended.
    """

    schedule: Schedule
    lower_bound: int
    exhausted: bool
    nodes: int


def search(
    instance: Instance,
    *,
    warm_start: Schedule | None = None,
    time_limit: float = 60.0,
    progress: Callable[[int, int], None] | None = None,
    should_stop: ShouldStop | None = None,
    executor: Executor | None = None,
    in_flight: int = IN_FLIGHT,
    budget: Budget = DEFAULT_BUDGET,
) -> SearchResult:
    """The optimum of an instance (specification, section 5), or bounds when time runs out.

    Args:
        instance: any instance; beyond :data:`MOST_REQUESTS` requests only bounds are computed.
        warm_start: a valid schedule of the instance to start from; evicted runs are dropped.
        time_limit: seconds; finite, 0 or more. The search ends a fraction of a second later.
        progress: called with the least total latency and the best lower bound so far, whenever one
            of them gets better while the calling process works alone.
        should_stop: called a few times a second; the search ends after ``True``.
        executor: processes that share a search which lasts more than seconds; ``None``: the
            calling process works alone. When the search ends before it is complete, they go on
            for a few seconds.
        in_flight: work items that the executor is given at a time: as many as it has processes.
        budget: the width of narrow passes, and what a search may use.

    Raises:
        InvalidValue: the time limit is not a finite number of seconds, ``warm_start`` is of
            another instance or not valid, or the instance lasts too many rounds.
    """
    refuse_machines_without_starts(instance.machine, "search")
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
    if warm_start is not None:
        given = problem.in_order(starts_of(instance, warm_start, "warm_start"))
        starts = min(starts, given, key=problem.cost)
    return BranchAndBound(
        problem, starts, deadline, executor, in_flight, budget, progress=progress
    ).run()


class BranchAndBound:
    """One search: the best schedule so far, and what has been proved.

    Attributes:
        problem: the problem.
        deadline: the search ends when it has passed; looked at in every round.
        chunk: states that are extended together.
        executor: processes that share a long search; ``None``: the calling process works alone.
        in_flight: work items that the executor is given at a time.
        budget: the width of narrow passes, and what a search may use.
        starts: start rounds of the best schedule.
        upper: the cost of the best schedule; request·rounds.
        lower: a lower bound on the cost of every schedule; request·rounds.
        nodes: partial schedules that were extended.
        step: takes states from one round to the next: the reference, or compiled code.
    """

    def __init__(
        self,
        problem: Problem,
        starts: Sequence[int],
        deadline: Deadline,
        executor: Executor | None = None,
        in_flight: int = IN_FLIGHT,
        budget: Budget = DEFAULT_BUDGET,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self.problem = problem
        self.deadline = deadline
        self.budget = budget
        self.chunk = max(2, budget.chunk_cells // max(1, problem.longest + problem.size))
        self.executor = executor
        self.in_flight = in_flight
        self.starts = tuple(starts)
        self.upper = problem.cost(starts)
        self.lower = sum(problem.output_len)
        self.nodes = 0
        self.step: type[RoundStep] = RoundStep
        self._progress = progress
        self._reported = deadline.clock()
        self._seconds_per_width = math.inf
        self._compiling_failed = False

    def run(self) -> SearchResult:
        """The whole search: bounds, a narrow pass that finds a good schedule, then all states."""
        bounds = self.bounds()
        if bounds is not None:
            self.explore(bounds, self.budget.narrow_width)
            self.explore(bounds, None)
        return SearchResult(
            schedule=self.problem.schedule(self.starts),
            lower_bound=self.lower,
            exhausted=self.lower == self.upper,
            nodes=self.nodes,
        )

    def bounds(self) -> NodeBounds | None:
        """Bounds with good prices; ``None``: the time is over, or the tables would be too large."""
        problem, rounds = self.problem, self.problem.horizon
        if self.lower == self.upper or rounds * problem.size > MOST_STARTS or self._is_over():
            return None
        rows = Rows(problem, rounds)
        self.explore(NodeBounds.of(rows, None, rows.no_prices()), self.budget.quick_width)
        if self.lower == self.upper or self._is_over():
            return None
        prices = ascend(rows, None, rows.no_prices(), self.upper, INDEPENDENT, self._is_over)
        bounds = NodeBounds.of(rows, None, prices)
        self._prove(bounds.whole(bounds.root))
        if self.lower == self.upper or self._is_over():
            return bounds
        if problem.size >= self.budget.compiled_from:
            self._compile(may_take_seconds=False)
        rounds = bounds.last_useful(self.upper - 1, rows.output_len)
        shorter = Rows(problem, rounds)
        prices = shorter.prices_from(prices)
        large = large_requests(problem, rounds)
        sequencing = self.step.sequencing(problem, large, rounds) if large else None
        if sequencing is not None or len(shorter.limits) > len(rows.limits):
            how = SEQUENCED if large else INDEPENDENT
            prices = ascend(shorter, sequencing, prices, self.upper, how, self._is_over)
        bounds = NodeBounds.of(shorter, sequencing, prices)
        self._prove(bounds.whole(bounds.root))
        return bounds

    def _is_over(self) -> bool:
        return self.deadline.passed

    def _prove(self, bound: int) -> None:
        self._tell(self.upper, bound)

    def _tell(self, upper: int, bound: int) -> None:
        """Take a cost that was reached and a bound that was proved, and report them if better."""
        before = self.upper, self.lower
        self.upper = min(self.upper, upper)
        self.lower = max(self.lower, min(bound, self.upper))
        if self._progress is not None and (self.upper, self.lower) != before:
            self._progress(self.upper, self.lower)

    def _report(self, best: Incumbent, branches: Sequence[Branch]) -> None:
        """What a complete search has reached after a round."""
        now = self.deadline.clock()
        if now - self._reported >= SECONDS_BETWEEN_REPORTS:
            self._reported = now
            self.starts = best.starts
            self._tell(best.cost, least_cost(branches))

    def _compile(self, *, may_take_seconds: bool) -> None:
        """Use compiled code from now on, if it works here."""
        if self._may_compile():
            self.step = compiled_step(may_compile=may_take_seconds) or RoundStep
            self._compiling_failed = may_take_seconds and self.step is RoundStep

    def _may_compile(self) -> bool:
        return self.budget.compiled and self.step is RoundStep and not self._compiling_failed

    def explore(self, bounds: NodeBounds, width: int | None) -> None:
        """Walk every state that may beat the best schedule, or only ``width`` in each round."""
        if self.lower == self.upper or self._is_over() or self.problem.size > MOST_REQUESTS:
            return
        root = Branch.root(self.problem, bounds)
        walked = self._everywhere(root) if width is None else self._narrow([root], width)
        # A state that a narrow pass has dropped may cost less than all states that it has kept.
        if walked.complete:
            self._prove(least_cost(walked.left) if walked.left else self.upper)

    def _everywhere(self, root: Branch) -> Walked:
        """All states: alone at first, with narrow passes, and then together with the executor."""
        coming = list(self.budget.narrow_passes)
        left: tuple[Branch, ...] = (root,)
        lasted = 0.0
        while True:
            due = self._due(coming[0]) if coming else math.inf
            compiling = self.budget.compiled_after if self._may_compile() else math.inf
            began = self.deadline.clock()
            walked = self._alone(left, seconds=max(0.0, min(due, compiling) - lasted))
            lasted += self.deadline.clock() - began
            left = walked.left
            if not left or walked.out_of_room or self._is_over():
                return walked
            if lasted >= compiling:
                self._compile(may_take_seconds=True)
            if lasted >= due:
                looked = self._narrow([root], coming.pop(0).width)
                if looked.complete and not looked.left:
                    return looked
                if self.executor is not None:
                    self._compile(may_take_seconds=True)
                    walked = self._together(left, root, coming, self.executor)
                    # Branches are left where the time is over, or other processes were killed.
                    return walked if walked.out_of_room else self._alone(walked.left)

    def _due(self, narrow: NarrowPass) -> float:
        """Seconds of complete search after which the narrow pass is made."""
        share = self.budget.narrow_share
        estimated = narrow.width * self._seconds_per_width
        return min(narrow.after, estimated / share if share > 0 else math.inf)

    def _narrow(self, branches: Sequence[Branch], width: int) -> Walked:
        began = self.deadline.clock()
        walked = self._alone(branches, width)
        self._seconds_per_width = (self.deadline.clock() - began) / width
        return walked

    def _alone(
        self, branches: Sequence[Branch], width: int | None = None, seconds: float = math.inf
    ) -> Walked:
        part = self.deadline.within(seconds)
        return self._learned(
            walk(
                self.problem,
                branches,
                Incumbent(self.upper, self.starts),
                chunk=self.chunk,
                should_stop=self._is_over,
                pause=lambda: part.remaining == 0,
                width=width,
                budget=self.budget,
                step=self.step,
                report=self._report if width is None else None,
            )
        )

    def _together(
        self,
        branches: Sequence[Branch],
        root: Branch,
        passes: Sequence[NarrowPass],
        executor: Executor,
    ) -> Walked:
        best = Incumbent(self.upper, self.starts)
        pool = WorkerPool(
            self.problem, best, self.chunk, executor, self.in_flight, self.budget, self.step
        )
        return self._learned(pool.walk(branches, root, passes, self.deadline))

    def _learned(self, walked: Walked) -> Walked:
        self.starts = walked.best.starts
        self.nodes += walked.nodes
        self._tell(walked.best.cost, self.lower)
        return walked

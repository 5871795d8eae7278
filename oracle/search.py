"""Exact search: the least total latency by branch and bound over rounds.

Sets of requests are started round by round. Bounds from priced rows and sequences of large
requests (:mod:`oracle.search_bound`), dominance between partial schedules and the rule that in an
optimal schedule nothing can start one round earlier (:mod:`oracle.search_frontier`) keep the number
of partial schedules small. Proofs: ``proofs_notes/search.md``.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from amin_ref import Instance, Schedule
from amin_ref.errors import InvalidValue
from oracle.search_bound import (
    INDEPENDENT,
    SEQUENCED,
    NodeBounds,
    ascend,
    large_requests,
)
from oracle.search_frontier import Frontier, Rounds
from oracle.search_problem import Problem, first_schedule
from oracle.search_relaxation import Rows, Sequencing

MOST_REQUESTS = 62
"""Requests that a bit mask of 64 bits can tell apart; beyond, nothing is searched."""

MOST_ROUNDS = 2**20
"""The longest horizon that is laid out round by round."""

MOST_STARTS = 2**22
"""The most pairs of request and start round that bounds are computed for."""

QUICK_WIDTH = 30
"""States kept in each round by a first pass without prices; it settles small instances."""

BEAM_WIDTHS = (500,)
"""States kept in each round by incomplete passes that look for good schedules."""

PRICED_ANEW, ROUNDS_OF_PRICES = 2000, 3
"""More states than this get new prices, every so many rounds: prices cost as much as they do."""

ROOM = 64
"""Chunks of states that one round may grow to; the search ends where it would be more."""

CHUNK_CELLS = 2**22
"""Loads, states times rounds, that are treated at once; the rest waits on a stack."""


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
    should_stop: Callable[[], bool] | None = None,
) -> SearchResult:
    """The optimum of an instance (specification, section 5), or bounds when time runs out.

    Args:
        instance: any instance; beyond :data:`MOST_REQUESTS` requests only bounds are computed.
        upper: a valid schedule of it to start from, however it was found.
        time_limit: seconds of wall-clock time; the search ends a fraction of a second later.
        should_stop: asked a few times a second; when it says yes, the search ends.

    Raises:
        InvalidValue: the time limit is not a number of seconds, ``upper`` is of another instance
            or not valid, or the instance lasts too many rounds.
    """
    if math.isnan(time_limit) or time_limit < 0:
        raise InvalidValue(
            "time_limit", time_limit, "it must be 0 or more seconds", "give a number of seconds"
        )
    deadline = time.monotonic() + time_limit

    def stop() -> bool:
        return time.monotonic() >= deadline or (should_stop is not None and should_stop())

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
    return BranchAndBound(problem, starts, stop).run()


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
        stop: asked before every round; when it says yes, the search ends.
        chunk: states treated at once.
        starts: start rounds of the best schedule.
        upper: its cost.
        lower: no schedule costs less.
        nodes: partial schedules extended.
    """

    def __init__(
        self,
        problem: Problem,
        starts: Sequence[int],
        stop: Callable[[], bool],
        chunk_cells: int = CHUNK_CELLS,
    ) -> None:
        self.problem = problem
        self.stop = stop
        self.chunk = max(2, chunk_cells // max(1, problem.longest + problem.size))
        self.starts = tuple(starts)
        self.upper = problem.cost(starts)
        self.lower = sum(problem.output_len)
        self.nodes = 0

    def run(self) -> SearchResult:
        """The whole search: bounds, passes that look for good schedules, then everywhere."""
        bounds = self.bounds()
        if bounds is not None:
            for width in BEAM_WIDTHS:
                self.explore(bounds, width)
            self.explore(bounds, None)
        return SearchResult(
            schedule=self.problem.schedule(self.starts),
            lower_bound=self.lower,
            exhausted=self.lower == self.upper,
            nodes=self.nodes,
        )

    def _prove(self, bound: int) -> None:
        self.lower = max(self.lower, min(bound, self.upper))

    def bounds(self) -> NodeBounds | None:
        """Bounds with good prices; ``None`` when there is no time or no room for them."""
        problem, rounds = self.problem, self.problem.horizon
        if self.lower == self.upper or rounds * problem.size > MOST_STARTS or self.stop():
            return None
        rows = Rows(problem, rounds)
        self.explore(NodeBounds.of(rows, None, rows.no_prices()), QUICK_WIDTH)
        if self.lower == self.upper or self.stop():
            return None
        prices = ascend(rows, None, rows.no_prices(), self.upper, INDEPENDENT, self.stop)
        bounds = NodeBounds.of(rows, None, prices)
        self._prove(bounds.whole(bounds.root))
        if self.lower == self.upper or self.stop():
            return bounds
        rounds = bounds.last_useful(self.upper - 1, rows.output_len)
        shorter = Rows(problem, rounds)
        prices = shorter.prices_from(prices)
        large = large_requests(problem, rounds)
        sequencing = Sequencing(problem, large, rounds) if large else None
        if sequencing is not None or len(shorter.limits) > len(rows.limits):
            how = SEQUENCED if large else INDEPENDENT
            prices = ascend(shorter, sequencing, prices, self.upper, how, self.stop)
        bounds = NodeBounds.of(shorter, sequencing, prices)
        self._prove(bounds.whole(bounds.root))
        return bounds

    def explore(self, bounds: NodeBounds, width: int | None) -> None:
        """Look at every state that may beat the best schedule, or at ``width`` of each round."""
        if self.lower == self.upper or self.stop() or self.problem.size > MOST_REQUESTS:
            return
        rounds = Rounds(self.problem, bounds, ROOM * self.chunk, self.stop)
        half = self.chunk // 2
        waiting: list[tuple[int, Frontier, Rounds]] = [(0, rounds.first(), rounds)]
        complete = True
        while waiting:
            now, states, rounds = waiting.pop()
            while len(states):
                advanced = rounds.advance(states, now, self.upper)
                if advanced is None:
                    # What a narrow pass has dropped may cost less than all that it has kept.
                    if complete:
                        self._prove(bounds.whole(_least([*waiting, (now, states, rounds)])))
                    return
                self.nodes += len(states)
                states, found = advanced
                if found is not None:
                    self.upper, self.starts = found.cost, found.starts
                now += 1
                if width is None and len(states) > PRICED_ANEW and now % ROUNDS_OF_PRICES == 0:
                    rounds, states = rounds.priced_anew(states, now, self.upper)
                if width is not None and len(states) > width:
                    complete = False
                    states = states.take(np.argsort(states.bound, kind="stable")[:width])
                elif len(states) > self.chunk:
                    order = np.argsort(states.bound, kind="stable")
                    waiting.append((now, states.take(order[half:]), rounds))
                    states = states.take(order[:half])
        if complete:
            self._prove(self.upper)


def _least(waiting: Sequence[tuple[int, Frontier, Rounds]]) -> int:
    return min(int(states.bound.min()) for _, states, _ in waiting)

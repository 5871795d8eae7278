"""Walking through the states of the exact search, by one process or by several.

The unfinished part of a search is kept as *branches*: states of one round that have not been
extended yet. Any process that knows the problem and the best schedule so far can walk a branch; the
part that it does not finish in the given time is returned as branches. So several processes can
share a search. At every moment, every schedule that may still beat the best one belongs to a branch
that waits or is being walked (``proofs_notes/search.md``, section 5).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from oracle.budget import DEFAULT_BUDGET, Budget, NarrowPass
from oracle.deadline import Deadline, ShouldStop
from oracle.search.bounds import NodeBounds
from oracle.search.problem import Problem
from oracle.search.states import Frontier, Incumbent, RoundStep

POLL_SECONDS = 0.2
"""Seconds between two looks at the deadline while the pool waits for its processes."""


@dataclass(frozen=True)
class Branch:
    """All schedules that some states of one round can become.

    Attributes:
        now: the round.
        states: partial schedules at the start of that round.
        bounds: lower bounds for the states.
    """

    now: int
    states: Frontier
    bounds: NodeBounds

    @cached_property
    def least(self) -> int:
        """A lower bound on the cost of every schedule in the branch; request·rounds."""
        return self.bounds.whole(int(self.states.bound.min()))

    @classmethod
    def root(cls, problem: Problem, bounds: NodeBounds) -> Branch:
        """All schedules of the problem."""
        return cls(0, RoundStep(problem, bounds, room=0, should_stop=lambda: False).first(), bounds)

    def narrowed(self, width: int) -> Branch:
        """Only the ``width`` states with the least bounds."""
        order = np.argsort(self.states.bound, kind="stable")
        return Branch(self.now, self.states.take(order[:width]), self.bounds)

    def halves(self) -> tuple[Branch, Branch]:
        """The half of the states with the lesser bounds, and the other half."""
        order = np.argsort(self.states.bound, kind="stable")
        half = len(order) // 2
        better, worse = self.states.take(order[:half]), self.states.take(order[half:])
        return Branch(self.now, better, self.bounds), Branch(self.now, worse, self.bounds)


def least_cost(branches: Iterable[Branch]) -> int:
    """A lower bound on the cost of every schedule in the branches; request·rounds."""
    return min(branch.least for branch in branches)


@dataclass(frozen=True)
class Walked:
    """The result of a walk through branches.

    Attributes:
        best: the best schedule known at its end.
        left: branches that were not walked, for want of time or of memory.
        nodes: partial schedules that were extended.
        complete: whether every schedule that may cost less than ``best`` is in ``left``.
        out_of_room: whether the walk ended because a round had more states than
            :attr:`oracle.budget.Budget.most_chunks` allows.
    """

    best: Incumbent
    left: tuple[Branch, ...]
    nodes: int
    complete: bool
    out_of_room: bool


def walk(
    problem: Problem,
    branches: Sequence[Branch],
    best: Incumbent,
    *,
    chunk: int,
    should_stop: ShouldStop,
    pause: Callable[[], bool],
    width: int | None = None,
    budget: Budget = DEFAULT_BUDGET,
    step: type[RoundStep] = RoundStep,
    report: Callable[[Incumbent, Sequence[Branch]], None] | None = None,
) -> Walked:
    """Walk all branches to their end, the last one first.

    Args:
        problem: the problem.
        branches: the branches.
        best: the best schedule so far.
        chunk: states that are extended together; of more, half wait as a branch.
        should_stop: called several times in every round; ``True`` ends the walk at once.
        pause: called after every round; ``True`` ends the walk there, so that no work is lost.
        width: states kept in each round, those with the least bounds; ``None``: all.
        budget: how large a round may grow, and when prices are found anew.
        step: takes states from one round to the next.
        report: called after every round with the best schedule so far and the branches left.
    """
    left = list(branches)
    nodes, complete = 0, True
    while left:
        branch = left.pop()
        waited, period = budget.rounds_of_prices, 1
        while len(branch.states):
            rounds = step(problem, branch.bounds, budget.most_chunks * chunk, should_stop)
            advanced = rounds.advance(branch.states, branch.now, best.cost)
            if advanced is None:
                return Walked(best, (*left, branch), nodes, complete, out_of_room=not should_stop())
            nodes += len(branch.states)
            states, found = advanced
            best = best if found is None else found
            now = branch.now + 1
            waited += 1
            if width is None and len(states) > budget.priced_anew and waited >= period:
                before = len(states)
                rounds, states = rounds.priced_anew(states, now, best.cost)
                # The period follows what the new prices have saved.
                saves = before - len(states) >= budget.worth_pricing * before
                period = 1 if saves else min(2 * period, budget.rounds_of_prices)
                waited = 0
            branch = Branch(now, states, rounds.bounds)
            if width is not None and len(states) > width:
                complete = False
                branch = branch.narrowed(width)
            elif len(states) > chunk:
                branch, other = branch.halves()
                left.append(other)
            if report is not None and len(branch.states):
                report(best, (*left, branch))
            if len(branch.states) and pause():
                return Walked(best, (*left, branch), nodes, complete, out_of_room=False)
    return Walked(best, (), nodes, complete, out_of_room=False)


@dataclass(frozen=True)
class WorkItem:
    """Work for a process: a branch to walk.

    Attributes:
        branch: the branch.
        width: states kept in each round; ``None``: all.
    """

    branch: Branch
    width: int | None


def walk_item(
    problem: Problem,
    item: WorkItem,
    best: Incumbent,
    chunk: int,
    seconds: float,
    budget: Budget,
    step: type[RoundStep] = RoundStep,
) -> Walked:
    """Walk one branch for ``seconds``, and then to the end of the round; run in another process."""
    deadline = Deadline.after(seconds)
    return walk(
        problem,
        (item.branch,),
        best,
        chunk=chunk,
        should_stop=lambda: False,
        pause=lambda: deadline.passed,
        width=item.width,
        budget=budget,
        step=step,
    )


class WorkerPool:
    """A pool of worker processes that walk branches.

    Args:
        problem: the problem.
        best: the best schedule so far.
        chunk: states that each process extends together.
        executor: runs the processes.
        in_flight: work items that the executor is given at a time. With more than there are
            processes, a better branch would wait behind a worse one.
        budget: how long a process works on one item, and what it may use.
        step: takes states from one round to the next.
    """

    def __init__(
        self,
        problem: Problem,
        best: Incumbent,
        chunk: int,
        executor: Executor,
        in_flight: int,
        budget: Budget,
        step: type[RoundStep] = RoundStep,
    ) -> None:
        self._problem = problem
        self._step = step
        self._budget = budget
        self._chunk = chunk
        self._executor = executor
        self._in_flight = in_flight
        self._best = best
        self._left: list[Branch] = []
        self._narrow: list[WorkItem] = []
        self._in_work: dict[Future[Walked], WorkItem] = {}
        self._nodes = 0
        self._out_of_room = False

    def walk(
        self,
        branches: Sequence[Branch],
        root: Branch,
        passes: Sequence[NarrowPass],
        deadline: Deadline,
    ) -> Walked:
        """Walk all branches to their end, the last ones first.

        When the deadline has passed, or when a process was killed, results that are still to come
        are not waited for: the branch that was given to the process counts as not walked.

        Args:
            branches: the branches.
            root: where narrow passes begin.
            passes: the narrow passes, one after the other, while branches are left.
            deadline: looked at a few times a second; the walk ends when it has passed.
        """
        began = deadline.clock()
        self._left = list(branches)
        coming = list(passes)
        with contextlib.suppress(BrokenExecutor):
            while self._is_unfinished() and not self._out_of_room and not deadline.passed:
                if coming and deadline.clock() - began >= coming[0].after:
                    self._narrow.append(WorkItem(root, coming.pop(0).width))
                self._submit_all()
                self._collect()
        for task in self._in_work:
            task.cancel()
        left = (*self._left, *self._branches_in_work())
        return Walked(self._best, left, self._nodes, complete=True, out_of_room=self._out_of_room)

    def _is_unfinished(self) -> bool:
        """Whether branches are left. Narrow passes are not waited for once there are none."""
        return bool(self._left) or any(True for _ in self._branches_in_work())

    def _branches_in_work(self) -> Iterator[Branch]:
        return (item.branch for item in self._in_work.values() if item.width is None)

    def _submit_all(self) -> None:
        is_alone = len(self._left) == 1 and not self._in_work
        if is_alone and len(self._left[0].states) > self._budget.worth_halving:
            self._left[:] = reversed(self._left[0].halves())
        while (self._narrow or self._left) and len(self._in_work) < self._in_flight:
            items = self._narrow or [WorkItem(self._left[-1], None)]
            last = not self._narrow and len(self._left) == 1
            seconds = self._budget.seconds_of_last_work if last else self._budget.seconds_of_work
            task = self._executor.submit(
                walk_item,
                self._problem,
                items[-1],
                self._best,
                self._chunk,
                seconds,
                self._budget,
                self._step,
            )
            self._in_work[task] = items[-1]
            (self._narrow or self._left).pop()

    def _collect(self) -> None:
        done, _ = wait(self._in_work, POLL_SECONDS, FIRST_COMPLETED)
        for task in done:
            walked = task.result()
            width = self._in_work.pop(task).width
            self._best = min(self._best, walked.best, key=lambda found: found.cost)
            self._nodes += walked.nodes
            if width is None:
                self._left += walked.left
                self._out_of_room = self._out_of_room or walked.out_of_room
            elif not walked.out_of_room:
                self._narrow += [WorkItem(branch, width) for branch in walked.left]

"""Walking through the states of the exact search, by one process or by several.

What is left to look at is kept as *branches*: states of one round that no one has extended yet. A
branch can be looked at anywhere, by anyone who knows the problem and the best schedule so far; what
time does not suffice for comes back as branches. So several processes share a search by handing
branches to and fro, and at any moment the branches at hand and those handed out stand for every
schedule that may still beat the best one (``proofs_notes/search.md``, section 5).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass

import numpy as np

from oracle.deadline import Deadline, ShouldStop
from oracle.search.bounds import NodeBounds
from oracle.search.problem import Problem
from oracle.search.states import Found, Frontier, Rounds

PRICED_ANEW, ROUNDS_OF_PRICES = 2000, 3
"""More states than this get new prices, every so many rounds: prices cost as much as they do."""

ROOM = 64
"""Chunks of states that one round may grow to; the search ends where it would be more."""

SECONDS_AT_ONCE, SECONDS_FOR_THE_LAST = 4.0, 0.5
"""How long another process looks at a branch before it gives back what is left of it: the last
branch not as long, so that there is soon something for the others to do."""

WORTH_HALVING = 4000
"""States from which on the only branch is cut in two, so that two processes have work."""

ANSWER_WITHIN = 0.2
"""Seconds after which who waits for other processes asks again whether to stop."""


@dataclass(frozen=True)
class Branch:
    """All schedules that some states of one round can become.

    Attributes:
        now: the round.
        states: partial schedules at its start.
        bounds: what bounds them.
    """

    now: int
    states: Frontier
    bounds: NodeBounds

    @classmethod
    def root(cls, problem: Problem, bounds: NodeBounds) -> Branch:
        """All schedules of the problem."""
        return cls(0, Rounds(problem, bounds, room=0, should_stop=lambda: False).first(), bounds)

    def narrowed(self, width: int) -> Branch:
        """Only the states that look best, so many of them."""
        order = np.argsort(self.states.bound, kind="stable")
        return Branch(self.now, self.states.take(order[:width]), self.bounds)

    def halves(self) -> tuple[Branch, Branch]:
        """The states that look better, and the others."""
        order = np.argsort(self.states.bound, kind="stable")
        half = len(order) // 2
        better, worse = self.states.take(order[:half]), self.states.take(order[half:])
        return Branch(self.now, better, self.bounds), Branch(self.now, worse, self.bounds)


def least_cost(branches: Iterable[Branch]) -> int:
    """No schedule in the branches costs less."""
    return min(branch.bounds.whole(int(branch.states.bound.min())) for branch in branches)


@dataclass(frozen=True)
class Walked:
    """What a walk through branches came to.

    Attributes:
        best: the best schedule known at its end.
        left: branches that were not looked at, for want of time or of room.
        nodes: partial schedules that were extended.
        complete: whether nothing was dropped that might cost less than ``best`` and is not in
            ``left``.
        crowded: whether it ended because a round had more states than there is room for.
    """

    best: Found
    left: tuple[Branch, ...]
    nodes: int
    complete: bool
    crowded: bool


def walk(
    problem: Problem,
    branches: Sequence[Branch],
    best: Found,
    *,
    chunk: int,
    should_stop: ShouldStop,
    pause: Callable[[], bool],
    width: int | None = None,
) -> Walked:
    """Look at everything in the branches, the last one first.

    Args:
        problem: what is searched.
        branches: where to look.
        best: the best schedule so far.
        chunk: states treated at once; of more, half wait as a branch.
        should_stop: called several times in every round; ``True`` ends the walk at once.
        pause: called after every round; ``True`` ends the walk there, so that no work is lost.
        width: states kept in each round, the most promising ones; all by default.
    """
    left = list(branches)
    nodes, complete = 0, True
    while left:
        branch = left.pop()
        while len(branch.states):
            rounds = Rounds(problem, branch.bounds, ROOM * chunk, should_stop)
            advanced = rounds.advance(branch.states, branch.now, best.cost)
            if advanced is None:
                return Walked(best, (*left, branch), nodes, complete, crowded=not should_stop())
            nodes += len(branch.states)
            states, found = advanced
            best = best if found is None else found
            now = branch.now + 1
            if width is None and len(states) > PRICED_ANEW and now % ROUNDS_OF_PRICES == 0:
                rounds, states = rounds.priced_anew(states, now, best.cost)
            branch = Branch(now, states, rounds.bounds)
            if width is not None and len(states) > width:
                complete = False
                branch = branch.narrowed(width)
            elif len(states) > chunk:
                branch, other = branch.halves()
                left.append(other)
            if len(branch.states) and pause():
                return Walked(best, (*left, branch), nodes, complete, crowded=False)
    return Walked(best, (), nodes, complete, crowded=False)


@dataclass(frozen=True)
class NarrowPass:
    """A pass that keeps only some states of each round, to find a better schedule.

    Attributes:
        after: seconds of looking everywhere after which it is worth its time.
        width: states kept in each round.
    """

    after: float
    width: int


@dataclass(frozen=True)
class Errand:
    """What a process is asked to do: look at a branch, at all of it or at ``width`` states."""

    branch: Branch
    width: int | None


def walk_for(problem: Problem, errand: Errand, best: Found, chunk: int, seconds: float) -> Walked:
    """Look at one branch for so many seconds, and the rest of a round: work for a process."""
    deadline = Deadline.after(seconds)
    return walk(
        problem,
        (errand.branch,),
        best,
        chunk=chunk,
        should_stop=lambda: False,
        pause=lambda: deadline.passed,
        width=errand.width,
    )


class Company:
    """Several processes that look at branches.

    Args:
        problem: what is searched.
        best: the best schedule so far.
        chunk: states treated at once by each.
        executor: what runs the processes.
        in_flight: errands that it is given at a time. With more than it has processes, what looks
            best would wait behind what looks worse.
    """

    def __init__(
        self, problem: Problem, best: Found, chunk: int, executor: Executor, in_flight: int
    ) -> None:
        self._problem = problem
        self._chunk = chunk
        self._executor = executor
        self._in_flight = in_flight
        self._best = best
        self._left: list[Branch] = []
        self._narrow: list[Errand] = []
        self._out: dict[Future[Walked], Errand] = {}
        self._nodes = 0
        self._crowded = False

    def walk(
        self,
        branches: Sequence[Branch],
        root: Branch,
        passes: Sequence[NarrowPass],
        deadline: Deadline,
    ) -> Walked:
        """Look at everything in the branches, the last ones first.

        Nobody waits for an answer when it is time to stop, or when processes were killed: a branch
        that was handed out stands for all that is made of it, and is left.

        Args:
            branches: where to look.
            root: where narrow passes begin.
            passes: those, one after the other, while there is anything left to look at.
            deadline: looked at a few times a second; the walk ends when it has passed.
        """
        began = deadline.clock()
        self._left = list(branches)
        coming = list(passes)
        with contextlib.suppress(BrokenExecutor):
            while self._is_unfinished() and not self._crowded and not deadline.passed:
                if coming and deadline.clock() - began >= coming[0].after:
                    self._narrow.append(Errand(root, coming.pop(0).width))
                self._hand_out()
                self._hear()
        for task in self._out:
            task.cancel()
        left = (*self._left, *self._branches_out())
        return Walked(self._best, left, self._nodes, complete=True, crowded=self._crowded)

    def _is_unfinished(self) -> bool:
        """Whether branches are left. Nobody waits for narrow passes once there are none."""
        return bool(self._left) or any(True for _ in self._branches_out())

    def _branches_out(self) -> Iterator[Branch]:
        return (errand.branch for errand in self._out.values() if errand.width is None)

    def _hand_out(self) -> None:
        if len(self._left) == 1 and not self._out and len(self._left[0].states) > WORTH_HALVING:
            self._left[:] = reversed(self._left[0].halves())
        while (self._narrow or self._left) and len(self._out) < self._in_flight:
            errands = self._narrow or [Errand(self._left[-1], None)]
            last = not self._narrow and len(self._left) == 1
            seconds = SECONDS_FOR_THE_LAST if last else SECONDS_AT_ONCE
            task = self._executor.submit(
                walk_for, self._problem, errands[-1], self._best, self._chunk, seconds
            )
            self._out[task] = errands[-1]
            (self._narrow or self._left).pop()

    def _hear(self) -> None:
        done, _ = wait(self._out, ANSWER_WITHIN, FIRST_COMPLETED)
        for task in done:
            walked = task.result()
            width = self._out.pop(task).width
            self._best = min(self._best, walked.best, key=lambda found: found.cost)
            self._nodes += walked.nodes
            if width is None:
                self._left += walked.left
                self._crowded = self._crowded or walked.crowded
            elif not walked.crowded:
                self._narrow += [Errand(branch, width) for branch in walked.left]

"""The exact worst ratio of a policy to OPT over all outputs of given requests (T12, T13).

Given s, ℓ, u, M and n, all n output lengths in [ℓ, u] are covered. For a policy whose rules are
known, every tie-break is covered as well (:mod:`oracle.ratio.by_rules`); any other policy is run on
every assignment of output lengths and breaks ties itself (:mod:`oracle.ratio.black_box`).

The work is cut into *pieces* of :data:`PIECE_SIZE` candidates. Any executor may work on them, and
each finished piece is a line in a checkpoint. A complete answer depends neither on the executor nor
on where an earlier run was stopped: of several multisets with the worst ratio, it has the first in
lexicographic order.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from amin_ref.model.errors import AminError, InvalidValue
from amin_ref.small.optimum import Stopped
from amin_ref.small.setting import Outputs
from oracle.deadline import Deadline, ShouldStop
from oracle.ratio.answer import Found, WorstCase
from oracle.ratio.black_box import Assignments
from oracle.ratio.by_rules import Multisets
from oracle.ratio.checkpoint import Checkpoint
from oracle.ratio.question import Question

SECONDS_BETWEEN_CHECKS = 0.1
"""Seconds between two checks of the deadline while workers run: a delay that no user notices."""

Progress = Callable[[int], None]
"""Called with the number of finished pieces of all questions, whenever it grows."""


class NothingCompared(AminError):
    """A search that was stopped before any instance had been compared with the optimum."""

    def __init__(self) -> None:
        super().__init__(
            "the search was stopped before any instance had been compared with the optimum; allow "
            "it more time or ask for fewer requests."
        )


def worst_case(
    question: Question,
    time_limit: float | None = None,
    *,
    should_stop: ShouldStop | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
    checkpoint: Checkpoint | None = None,
) -> WorstCase:
    """The worst ratio of a policy to OPT over all outputs and tie-breaks, and an instance with it.

    When it is stopped early, the answer has the largest ratio seen so far and is not
    :attr:`WorstCase.is_complete`.

    Args: see :func:`worst_cases`.

    Raises:
        NothingCompared: it was stopped before there was any ratio.
        NoProgress: a variant of Amin evicts for ever on some instance.
        PolicyFailed: a policy that is given as ``MODULE:NAME`` makes no schedule of some instance.
        NoScheduler: no such policy can be made.
        InvalidValue: ``time_limit`` is not a number of seconds, or a policy whose code may change
            is to have a checkpoint.
    """
    answers = worst_cases(
        [question],
        time_limit,
        should_stop=should_stop,
        progress=progress,
        executor=executor,
        checkpoint=checkpoint,
    )
    for answer in answers:
        return answer
    raise NothingCompared


def worst_cases(
    questions: Sequence[Question],
    time_limit: float | None = None,
    *,
    should_stop: ShouldStop | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
    in_flight: int = 8,
    checkpoint: Checkpoint | None = None,
) -> Iterator[WorstCase]:
    """The answers to several questions, in their order, as they become known.

    When the search is stopped early, the last answers are not :attr:`WorstCase.is_complete`, and
    questions without any ratio so far have no answer.

    Args:
        questions: which policies, on which instances.
        time_limit: seconds after which the search is stopped, from this call on; ``None``: never.
        should_stop: stops the search as soon as it returns True.
        progress: called with the number of finished pieces of all questions, whenever it grows.
        executor: what works on the pieces; by default, the calling thread. Pieces that its workers
            have not finished when ``should_stop`` returns True are lost.
        in_flight: the number of pieces that an executor is given at a time.
        checkpoint: where finished pieces are written, and read if they are there.

    Raises:
        InvalidValue: ``time_limit`` is not a number of seconds, or a policy whose code may change
            is to have a checkpoint. On iteration: see :func:`worst_case`.
    """
    deadline = _deadline(time_limit, should_stop)
    if checkpoint is not None:
        for question in questions:
            demand_that_a_checkpoint_can_keep(question)
    search = _Search(questions, deadline, progress, executor, in_flight, checkpoint)
    return search.answers()


def _deadline(time_limit: float | None, should_stop: ShouldStop | None) -> Deadline:
    if time_limit is None:
        return Deadline.unlimited(should_stop)
    return Deadline.after(time_limit, should_stop)


def demand_that_a_checkpoint_can_keep(question: Question) -> None:
    """Refuse a question whose pieces may be out of date when a later run reads them.

    Raises:
        InvalidValue: the policy is given as ``MODULE:NAME``.
    """
    if question.is_foreign:
        raise InvalidValue(
            "policy",
            question.policy,
            "a checkpoint cannot tell whether the code of that policy has changed since",
            "leave the checkpoint out",
        )


@dataclass(frozen=True, slots=True)
class PieceResult:
    """What is known of a piece.

    Attributes:
        found: its worst instance; ``None`` if all ratios are below what was known before.
        unseen: candidates that were not compared because the search was stopped.
    """

    found: Found | None
    unseen: int = 0


def worst_of_piece(
    question: Question,
    piece: int,
    floor: Fraction,
    time_limit: float | None = None,
    should_stop: ShouldStop | None = None,
) -> PieceResult:
    """The worst instance among a piece's candidates; what a worker runs.

    Args:
        question: the question.
        piece: counted from 0.
        floor: ratios below this are of no interest.
        time_limit: seconds after which it ends with what it has; ``None``: never.
        should_stop: ends it as soon as it returns True.
    """
    deadline = _deadline(time_limit, should_stop)

    def passed() -> bool:
        return deadline.passed

    shared = _shared(question)
    try:
        compared = shared.compared(passed)
        found, unseen = compared.worst_of_piece(piece, floor, passed)
    except Stopped:
        return PieceResult(None, question.size_of(piece))
    return PieceResult(found, unseen)


def _work(question: Question, piece: int, floor: Fraction, ends: float) -> PieceResult:
    """As :func:`worst_of_piece`, up to a moment of the clock that all processes share."""
    left = None if ends == math.inf else max(0.0, ends - time.time())
    return worst_of_piece(question, piece, floor, left)


class _Shared:
    """What all pieces of a question need, worked out when the first of them needs it."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._compared: Multisets | Assignments | None = None

    def compared(self, should_stop: ShouldStop) -> Multisets | Assignments:
        """The candidates; raises :class:`Stopped` when they cannot be listed in time."""
        if self._compared is None:
            self._compared = (
                Multisets(self._question, should_stop)
                if self._question.has_rules
                else Assignments(self._question)
            )
        return self._compared


@lru_cache(maxsize=1)
def _shared(question: Question) -> _Shared:
    """The same object for all pieces of a question that a process works on one after another."""
    return _Shared(question)


@dataclass(frozen=True, slots=True)
class _Task:
    """A piece of the question at ``place`` among all questions."""

    place: int
    question: Question
    piece: int


@dataclass(slots=True)
class _Tally:
    """What is known of a question so far."""

    question: Question
    unseen: int
    worst: Found | None = None

    def add(self, piece: int, result: PieceResult) -> None:
        self.unseen -= self.question.size_of(piece) - result.unseen
        if result.found is not None:
            self.worst = min(self.worst or result.found, result.found, key=_first_of_the_worst)

    def answer(self) -> WorstCase | None:
        if self.worst is None:
            return None
        return WorstCase(self.question, self.worst, self.unseen)


def _first_of_the_worst(found: Found) -> tuple[Fraction, Outputs, Outputs]:
    return -found.ratio, found.outputs, found.by_rank


@dataclass(frozen=True, slots=True)
class _Search:
    """The pieces of all questions, worked on in order, until all are done or the deadline is."""

    questions: Sequence[Question]
    deadline: Deadline
    progress: Progress | None
    executor: Executor | None
    in_flight: int
    checkpoint: Checkpoint | None

    def answers(self) -> Iterator[WorstCase]:
        """See :func:`worst_cases`."""
        tallies = [_Tally(question, question.candidates) for question in self.questions]
        answered = 0
        for finished, (task, result) in enumerate(self._results(tallies), start=1):
            tallies[task.place].add(task.piece, result)
            if result.unseen == 0 and self.progress is not None:
                self.progress(finished)
            while answered < len(tallies) and tallies[answered].unseen == 0:
                answer = tallies[answered].answer()
                assert answer is not None  # the largest ratio of all is above every floor
                answered += 1
                yield answer
        for tally in tallies[answered:]:
            if (answer := tally.answer()) is not None:
                yield answer

    def _results(self, tallies: Sequence[_Tally]) -> Iterator[tuple[_Task, PieceResult]]:
        """The results of the pieces in order; fewer when the deadline passes."""
        tasks = (
            _Task(place, question, piece)
            for place, question in enumerate(self.questions)
            for piece in range(question.pieces)
        )
        begun: deque[tuple[_Task, Future[PieceResult]]] = deque()
        ahead = self.in_flight if self.executor else 1
        for task in tasks:
            begun.append((task, self._begin(task, tallies[task.place].worst)))
            if len(begun) >= ahead:
                yield from self._oldest(begun)
            if self.deadline.passed:
                break
        while begun:
            yield from self._oldest(begun)

    def _begin(self, task: _Task, worst: Found | None) -> Future[PieceResult]:
        question, piece = task.question, task.piece
        if self.checkpoint and piece in (known := self.checkpoint.finished(question)):
            return _at_once(PieceResult(known[piece]))
        floor = Fraction(0) if worst is None else worst.ratio
        if self.executor:
            ends = time.time() + self.deadline.remaining
            return self.executor.submit(_work, question, piece, floor, ends)
        left = None if self.deadline.ends == math.inf else self.deadline.remaining
        return _at_once(worst_of_piece(question, piece, floor, left, self.deadline.should_stop))

    def _oldest(
        self, begun: deque[tuple[_Task, Future[PieceResult]]]
    ) -> Iterator[tuple[_Task, PieceResult]]:
        """The result of the piece begun first; nothing if ``should_stop`` does not wait for it.

        Workers keep to the time limit themselves.
        """
        task, future = begun.popleft()
        while not future.done() and not self._is_told_to_stop():
            wait([future], SECONDS_BETWEEN_CHECKS)
        if not future.done():
            future.cancel()
            return
        result = future.result()
        if result.unseen == 0:
            self._keep(task, result.found)
        yield task, result

    def _keep(self, task: _Task, found: Found | None) -> None:
        if self.checkpoint and task.piece not in self.checkpoint.finished(task.question):
            self.checkpoint.add(task.question, task.piece, found)

    def _is_told_to_stop(self) -> bool:
        return self.deadline.should_stop is not None and self.deadline.should_stop()


def _at_once(result: PieceResult) -> Future[PieceResult]:
    done: Future[PieceResult] = Future()
    done.set_result(result)
    return done

"""The exact worst ratio of a policy to OPT over all outputs and all tie-breaks (T12, T13).

For given s, ℓ, u, M and n, every multiset of n output lengths in [ℓ, u] and every ranking of the
requests is covered. The policy's side is one walk over an adversary's choices
(:mod:`oracle.ratio.adversary`); it gives the worst cost of every multiset. OPT depends on the
multiset alone. It is worked out only where it can matter: multisets are taken in descending order
of worst cost over a lower bound of OPT, until that falls below the worst ratio found.

The work is cut into *pieces*, runs of multisets in that order. Any executor may work on them, and
each finished piece is a line in a checkpoint. The answer does not depend on the executor, nor on
where a computation was interrupted: among multisets with the same ratio, the one that comes first
in lexicographic order is given.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import combinations_with_replacement

from amin_ref.small.instances import Hindsight, Outputs
from oracle.ratio.adversary import AdversaryTree
from oracle.ratio.checkpoint import Checkpoint
from oracle.ratio.question import MULTISETS_PER_PIECE, RULES, Found, Question, WorstCase


def worst_case(
    question: Question,
    *,
    executor: Executor | None = None,
    checkpoint: Checkpoint | None = None,
    on_piece: Callable[[int], None] | None = None,
) -> WorstCase:
    """The worst ratio of a policy to OPT over all outputs and tie-breaks, and who attains it.

    Args: see :func:`worst_cases`.

    Raises:
        NoProgress: a crippled policy evicts for ever on some instance.
    """
    (answer,) = worst_cases([question], executor=executor, checkpoint=checkpoint, on_piece=on_piece)
    return answer


def worst_cases(
    questions: Sequence[Question],
    *,
    executor: Executor | None = None,
    in_flight: int = 8,
    checkpoint: Checkpoint | None = None,
    on_piece: Callable[[int], None] | None = None,
) -> Iterator[WorstCase]:
    """The answers to several questions, in their order, as they become known.

    Args:
        questions: whose worst ratio, on which instances.
        executor: what works on the pieces; by default, the caller itself.
        in_flight: how many pieces an executor is given at a time.
        checkpoint: where finished pieces are written to, and taken from when they are there.
        on_piece: called with the number of finished pieces of all questions, whenever it grows.

    Raises:
        NoProgress: a crippled policy evicts for ever on some instance.
    """
    worst: dict[Question, Found] = {}

    def begin(task: _Task) -> Future[Found | None]:
        if checkpoint and task.piece in (known := checkpoint.finished(task.question)):
            return _at_once(known[task.piece])
        floor = worst[task.question].ratio if task.question in worst else Fraction(0)
        if executor:
            return executor.submit(worst_of_piece, task.question, task.piece, floor)
        return _at_once(worst_of_piece(task.question, task.piece, floor))

    tasks = [_Task(question, piece) for question in questions for piece in range(question.pieces)]
    ahead = in_flight if executor else 1
    for finished, (task, future) in enumerate(_begun_ahead(tasks, begin, ahead), start=1):
        question, found = task.question, future.result()
        if checkpoint and task.piece not in checkpoint.finished(question):
            checkpoint.add(question, task.piece, found)
        if found is not None:
            worst[question] = min(found, worst.get(question, found), key=_first_of_the_worst)
        if on_piece:
            on_piece(finished)
        if task.piece == question.pieces - 1:
            yield WorstCase(question, worst[question])


@dataclass(frozen=True, slots=True)
class _Task:
    question: Question
    piece: int


def _begun_ahead(
    tasks: Iterable[_Task], begin: Callable[[_Task], Future[Found | None]], ahead: int
) -> Iterator[tuple[_Task, Future[Found | None]]]:
    """The tasks in order, each begun when ``ahead - 1`` before it are still unfinished."""
    begun: deque[tuple[_Task, Future[Found | None]]] = deque()
    for task in tasks:
        begun.append((task, begin(task)))
        if len(begun) >= ahead:
            yield begun.popleft()
    while begun:
        yield begun.popleft()


def _at_once(found: Found | None) -> Future[Found | None]:
    done: Future[Found | None] = Future()
    done.set_result(found)
    return done


def _first_of_the_worst(found: Found) -> tuple[Fraction, Outputs]:
    return -found.ratio, found.outputs


def worst_of_piece(question: Question, piece: int, floor: Fraction) -> Found | None:
    """The worst instance among a piece's multisets; ``None`` if all ratios are below ``floor``."""
    multisets = _multisets(question)
    floor = max(floor, multisets.floor)
    hindsight = Hindsight(question.setting)
    worst: _Multiset | None = None
    optimum = 0
    first = piece * MULTISETS_PER_PIECE
    for candidate in multisets.in_order[first : first + MULTISETS_PER_PIECE]:
        if candidate.at_most < floor:
            break
        found = hindsight.optimum_up_to(candidate.outputs, int(candidate.cost / floor))
        if found is None:
            continue
        ratio = Fraction(candidate.cost, found)
        if worst is None or ratio > floor or candidate.outputs < worst.outputs:
            worst, optimum, floor = candidate, found, ratio
    if worst is None:
        return None
    return Found(multisets.by_rank(worst.outputs), worst.cost, optimum)


@dataclass(frozen=True, slots=True)
class _Multiset:
    """Outputs in ascending order, their worst cost, and a number that the ratio cannot exceed."""

    outputs: Outputs
    cost: int
    at_most: Fraction


class _Multisets:
    """All multisets of a question.

    Attributes:
        in_order: in descending order of what their ratio is at most.
        floor: the worst ratio is at least this: cost over that of H-SF, which is a schedule.
    """

    def __init__(self, question: Question) -> None:
        setting, requests = question.setting, question.requests
        hindsight = Hindsight(setting)
        self._tree: AdversaryTree | None = None
        if question.policy == "h-sf":
            lengths = range(setting.lower, setting.upper + 1)
            every = combinations_with_replacement(lengths, requests)
            costs = {outputs: hindsight.shortest_first(outputs) for outputs in every}
        else:
            self._tree = AdversaryTree(setting, RULES[question.policy], requests)
            costs = self._tree.worst_costs()
        self.floor = max(
            Fraction(cost, hindsight.shortest_first(outputs)) for outputs, cost in costs.items()
        )
        self.in_order = sorted(
            (
                _Multiset(outputs, cost, Fraction(cost, hindsight.lower_bound(outputs)))
                for outputs, cost in costs.items()
            ),
            key=lambda multiset: (-multiset.at_most, multiset.outputs),
        )

    def by_rank(self, outputs: Outputs) -> Outputs:
        """The outputs in the order of rank that makes them cost the most."""
        # H-SF orders by length, and requests of the same length are the same to it.
        return self._tree.by_rank(outputs) if self._tree else outputs


@lru_cache(maxsize=1)
def _multisets(question: Question) -> _Multisets:
    """What all pieces of a question share; a worker keeps it from one piece to the next."""
    return _Multisets(question)

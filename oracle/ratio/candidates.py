"""The largest ratio to OPT among candidates, with OPT computed only for those that may have it.

OPT is expensive. A lower bound of OPT is cheap, and the policy's cost over that lower bound is at
least the ratio. Candidates are taken in descending order of this *ceiling*. The search ends at the
first ceiling below the largest ratio found so far.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

from amin_ref.small.optimum import Stopped
from amin_ref.small.optimum_resume import AnyHindsight
from amin_ref.small.setting import Outputs


@dataclass(frozen=True, slots=True)
class Candidate:
    """A multiset of output lengths, and what the policy costs on it at most.

    Attributes:
        outputs: in ascending order; tokens.
        cost: the policy's largest total latency; request·rounds.
        ceiling: the ratio of cost to OPT is at most this.
        weight: how many candidates of the question it stands for.
    """

    outputs: Outputs
    cost: int
    ceiling: Fraction
    weight: int = 1


def in_order(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The candidates in descending order of their ceiling, equal ones in the order of outputs."""
    return sorted(candidates, key=lambda candidate: (-candidate.ceiling, candidate.outputs))


@dataclass(frozen=True, slots=True)
class Worst:
    """What a search among candidates has found.

    Attributes:
        candidate: the one with the largest ratio, the first by its outputs where several have it;
            ``None`` if all ratios are below the floor.
        optimum: its OPT; request·rounds; 0 if there is none.
        unseen: the weight of the candidates that were not compared because the search was stopped.
    """

    candidate: Candidate | None
    optimum: int
    unseen: int


def worst_of(
    ordered: list[Candidate],
    floor: Fraction,
    hindsight: AnyHindsight,
    should_stop: Callable[[], bool],
) -> Worst:
    """The candidate with the largest ratio that is at least ``floor``.

    Args:
        ordered: the candidates, as :func:`in_order` sorts them.
        floor: ratios below this, which is more than 0, are of no interest.
        hindsight: computes OPT.
        should_stop: ends the search when it returns True.
    """
    worst: Candidate | None = None
    optimum = unseen = 0
    for place, candidate in enumerate(ordered):
        if candidate.ceiling < floor:
            break
        try:
            found = hindsight.optimum_up_to(
                candidate.outputs, int(candidate.cost / floor), should_stop
            )
        except Stopped:
            unseen = sum(left.weight for left in ordered[place:])
            break
        if found is None:
            continue
        ratio = Fraction(candidate.cost, found)
        if worst is None or ratio > floor or candidate.outputs < worst.outputs:
            worst, optimum, floor = candidate, found, ratio
    return Worst(worst, optimum, unseen)

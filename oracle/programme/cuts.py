"""Cuts for the integer programme: sets of candidates of which at most one or two can be chosen.

A capacity constraint is about one round. A fractional solution can satisfy all capacity constraints
with halves of requests, of which no two, or no three, could run together as wholes. A cut is a
constraint on such candidates, of many requests and in many rounds. On instances like those of
Jaillet et al. cuts close nearly all of the relaxation's gap (``proofs_notes/ilp.md`` has the
proofs).

* *Clique*: any two of the candidates exclude each other, so at most one is chosen.
* *Trio cut*: no three of the candidates fit together, so at most two are chosen; a candidate that
  excludes all the others counts twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from oracle.programme.candidates import Candidates, Cut, Integers

Booleans = NDArray[np.bool_]

LEAST_VALUE = 1e-6
"""A candidate counts as used by a fractional solution from this value on: solvers work to 1e-6."""

LEAST_VIOLATION = 1e-3
"""A cut is added only if the solution exceeds its limit by this much: less would not move it."""

CLIQUE_SEEDS, TRIO_SEEDS = 150, 30
"""Used candidates, those of the largest values, from which cuts of each kind are grown.

More find more cuts and take as much longer. A trio cut takes longer than a clique.
"""

MOST_CLIQUES, MOST_TRIO_CUTS = 40, 10
"""Most cuts of each kind that are added at once, the most violated: each makes every later solution
of the relaxation slower."""

ENOUGH_CLIQUES = 5
"""Violated cliques from which on no trio cuts are sought, which take longer to find."""

LOOK_AHEAD = 10
"""Candidates, those of the largest values, that are compared for the next place in a trio cut."""

MOST_FOR_TRIOS = 4000
"""Most candidates among which trio cuts are sought: a table of all pairs takes 16 MB."""


class Cutter:
    """Finds cuts among the candidates of one programme."""

    def __init__(self, candidates: Candidates) -> None:
        self._candidates = candidates
        self._all_compatible: Booleans | None = None

    def violated(
        self, value: NDArray[np.float64], reduced_cost: NDArray[np.float64], usable: Booleans
    ) -> list[Cut]:
        """Maximal cuts that a fractional solution violates.

        Args:
            value: how much of each candidate the solution uses, shape ``(N,)``.
            reduced_cost: cost of using each candidate; the cheapest extend a cut first.
            usable: whether each candidate may still be used; cuts contain no others.
        """
        eligible = np.flatnonzero(usable & self._candidates.exclusive)
        cheap_first = eligible[np.argsort(reduced_cost[eligible], kind="stable")]
        used = eligible[value[eligible] > LEAST_VALUE]
        used = used[np.argsort(-value[used], kind="stable")]
        cuts = self._violated_cliques(value, used, cheap_first)
        if len(cuts) < ENOUGH_CLIQUES and len(self._candidates) <= MOST_FOR_TRIOS:
            cuts += self._violated_trios(value, used, cheap_first)
        return cuts

    def _violated_cliques(
        self, value: NDArray[np.float64], used: Integers, cheap_first: Integers
    ) -> list[Cut]:
        excluding = self._candidates.excluding
        exclude = np.array([excluding(int(index), used) for index in used], dtype=np.bool_)
        found: dict[tuple[int, ...], float] = {}
        for members in _greedy_cliques(exclude, value[used]):
            found[tuple(sorted(used[members].tolist()))] = float(value[used[members]].sum())
        cuts = {
            tuple(self._extended_clique(m, cheap_first)) for m in _worst(found, 1, MOST_CLIQUES)
        }
        return [
            Cut(np.array(cut, dtype=np.int64), np.ones(len(cut), dtype=np.int64), 1)
            for cut in sorted(cuts)
        ]

    def _extended_clique(self, members: tuple[int, ...], choice: Integers) -> list[int]:
        """A maximal clique that contains ``members``, extended in the given order."""
        clique = list(members)
        for member in members:
            choice = choice[self._candidates.excluding(member, choice)]
        while len(choice):
            clique.append(int(choice[0]))
            choice = choice[self._candidates.excluding(clique[-1], choice)]
        return sorted(clique)

    def _violated_trios(
        self, value: NDArray[np.float64], used: Integers, cheap_first: Integers
    ) -> list[Cut]:
        together = np.array(
            [self._together(index, used, used) for index in used.tolist()], dtype=np.bool_
        )
        found: dict[tuple[int, ...], float] = {}
        for members in _greedy_trios(together, value[used]):
            cut = self._trio_cut(sorted(used[members].tolist()))
            found[tuple(cut.candidates.tolist())] = float(value[cut.candidates] @ cut.weights)
        cuts = {
            tuple(self._extended_trios(m, cheap_first)) for m in _worst(found, 2, MOST_TRIO_CUTS)
        }
        return [self._trio_cut(cut) for cut in sorted(cuts)]

    def _extended_trios(self, members: tuple[int, ...], choice: Integers) -> list[int]:
        """A maximal set that contains ``members`` and has no three that fit together."""
        trios = list(members)
        choice = choice[~np.isin(choice, trios)]
        for number, member in enumerate(trios):
            choice = self._without_trio(member, trios[:number], choice)
        while len(choice):
            added, choice = int(choice[0]), choice[1:]
            choice = self._without_trio(added, trios, choice)
            trios.append(added)
        return sorted(trios)

    def _without_trio(self, one: int, members: list[int], choice: Integers) -> Integers:
        """Those of ``choice`` that can never start together with ``one`` and one of ``members``."""
        partners = np.array(members, dtype=np.int64)
        partners = partners[self._compatible[one, partners]]
        return choice[~self._together(one, partners, choice).any(axis=0)]

    def _trio_cut(self, members: Sequence[int]) -> Cut:
        indices = np.array(members, dtype=np.int64)
        alone = ~self._compatible[np.ix_(indices, indices)].any(axis=1)
        return Cut(indices, np.where(alone, 2, 1), 2)

    def _together(self, one: int, some: Integers, others: Integers) -> Booleans:
        """Whether ``one``, each of ``some`` and each of ``others`` can all three start.

        Three requests that run in one round occupy the most together in the last round of the one
        that completes first.
        """
        candidates, compatible = self._candidates, self._compatible
        start, end = candidates.start, candidates.start + candidates.output_len
        first_end = np.minimum(np.minimum(end[one], end[some])[:, None], end[others][None, :])
        last_start = np.maximum(
            np.maximum(start[one], start[some])[:, None], start[others][None, :]
        )
        peak = (
            candidates.held_before(np.array([one])[:, None], first_end)
            + candidates.held_before(some[:, None], first_end)
            + candidates.held_before(others[None, :], first_end)
        )
        fit = (last_start >= first_end) | (peak <= candidates.instance.capacity)
        result: Booleans = (
            fit
            & compatible[one, some][:, None]
            & compatible[one, others][None, :]
            & compatible[np.ix_(some, others)]
        )
        return result

    @property
    def _compatible(self) -> Booleans:
        """Whether two different candidates can both start, for all pairs, shape ``(N, N)``."""
        if self._all_compatible is None:
            every = np.arange(len(self._candidates))
            rows = [~self._candidates.excluding(index, every) for index in every.tolist()]
            self._all_compatible = np.array(rows, dtype=np.bool_)
            np.fill_diagonal(self._all_compatible, False)
        return self._all_compatible


def _worst(found: dict[tuple[int, ...], float], limit: int, most: int) -> list[tuple[int, ...]]:
    """The sets that exceed the limit, the most violated first."""
    violated = [members for members, total in found.items() if total > limit + LEAST_VIOLATION]
    return sorted(violated, key=lambda members: (-found[members], members))[:most]


def _greedy_cliques(exclude: Booleans, value: NDArray[np.float64]) -> Iterator[list[int]]:
    """Cliques grown from each used candidate.

    The next member has the largest value plus half the values of the candidates that can still
    follow it: half, as not all of them will.
    """
    for seed in range(min(CLIQUE_SEEDS, len(value))):
        members = [seed]
        choice = np.flatnonzero(exclude[seed])
        while len(choice):
            left = exclude[np.ix_(choice, choice)] @ value[choice]
            best = int(choice[np.argmax(value[choice] + left / 2)])
            members.append(best)
            choice = choice[exclude[best][choice]]
        yield members


def _greedy_trios(together: Booleans, value: NDArray[np.float64]) -> Iterator[list[int]]:
    """Sets without three that fit together, grown in the same way; values are descending."""
    for seed in range(min(TRIO_SEEDS, len(value))):
        members = np.array([seed])
        choice = np.delete(np.arange(len(value)), seed)
        while len(choice):
            some = choice[:LOOK_AHEAD]
            # Shape (some, choice): the candidates that could not follow if this one came next.
            out = np.any(together[np.ix_(some, members, choice)], axis=1)
            best = int(np.argmax(value[some] + (~out @ value[choice]) / 2))
            members = np.append(members, some[best])
            stay = ~out[best]
            stay[best] = False
            choice = choice[stay]
        yield members.tolist()

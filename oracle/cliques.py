"""Cuts for the integer programme: cliques of start times of which any two exclude each other.

Two long requests often cannot run together although each of them fits. The capacity rows see that
only in the round in which both are too large, and a fractional solution lives well between the
rows. A clique collects start times, of many requests and far apart, of which at most one can be
chosen. On instances like those of Jaillet et al. cliques close most of the gap of the relaxation.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from oracle.start_times import Candidates, Clique, Integers

LEAST_VALUE = 1e-6
"""A candidate counts as used by a fractional solution from this value on."""

LEAST_VIOLATION = 1e-3
"""A clique is worth adding when its candidates add up to more than 1 by this much."""

MOST_SEEDS = 150
"""Used candidates from which a clique is grown, those of the largest values."""


def violated_cliques(
    candidates: Candidates,
    value: NDArray[np.float64],
    reduced_cost: NDArray[np.float64],
    usable: NDArray[np.bool_],
    most: int,
) -> list[Clique]:
    """Maximal cliques that a fractional solution violates, the most violated first.

    Args:
        candidates: what may start when.
        value: how much of each candidate the solution uses, shape ``(N,)``.
        reduced_cost: what using a candidate would cost; cliques are extended by cheap ones first.
        usable: which candidates may still be used; the others are left out.
        most: how many cliques are returned at most.
    """
    used = np.flatnonzero((value > LEAST_VALUE) & usable & candidates.exclusive)
    exclude = np.array([candidates.excluding(int(index), used) for index in used], dtype=np.bool_)
    found: dict[tuple[int, ...], float] = {}
    for members in _greedy_cliques(exclude, value[used]):
        total = float(value[used[members]].sum())
        if total > 1 + LEAST_VIOLATION:
            found[tuple(sorted(used[members].tolist()))] = total
    by_violation = sorted(found, key=lambda members: (-found[members], members))
    cheap_first = np.flatnonzero(usable & candidates.exclusive)
    cheap_first = cheap_first[np.argsort(reduced_cost[cheap_first], kind="stable")]
    cliques = {
        tuple(_extended(candidates, members, cheap_first)): None for members in by_violation[:most]
    }
    return [Clique(np.array(clique, dtype=np.int64)) for clique in cliques]


def _greedy_cliques(exclude: NDArray[np.bool_], value: NDArray[np.float64]) -> Iterator[list[int]]:
    """Cliques grown from each used candidate, next by what it adds now and leaves possible."""
    for seed in np.argsort(-value, kind="stable")[:MOST_SEEDS].tolist():
        members = [seed]
        choice = np.flatnonzero(exclude[seed])
        while len(choice):
            left = exclude[np.ix_(choice, choice)] @ value[choice]
            best = int(choice[np.argmax(value[choice] + left / 2)])
            members.append(best)
            choice = choice[exclude[best][choice]]
        yield members


def _extended(candidates: Candidates, members: tuple[int, ...], order: Integers) -> list[int]:
    """A maximal clique that contains ``members``, extended in the given order."""
    clique = list(members)
    choice = order
    for member in members:
        choice = choice[candidates.excluding(member, choice)]
    while len(choice):
        clique.append(int(choice[0]))
        choice = choice[candidates.excluding(clique[-1], choice)]
    return sorted(clique)

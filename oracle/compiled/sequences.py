"""The tables of the sequencing bound, as loops that Numba compiles.

This file states :meth:`oracle.search.relaxation.Sequencing.solve` a second time; the tests hold
both equal, number for number. There one numpy call works on all subsets of one size; here the
subsets follow each other in ascending order, so that each comes after its own subsets.
"""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from amin_ref.compiled.compiling import compiled

Number = TypeVar("Number", np.int64, np.float64)


class Tables(NamedTuple, Generic[Number]):
    """Tables to be filled; every entry that stands for no sequence holds ``never`` already.

    Attributes:
        reduced: cost of starting large request j in round t; (large, rounds + padding).
        first: cost of ``mask`` when request j of it is the first to start, in round t;
            (subsets, large, rounds + padding).
        later: the same, in round t or later.
        after: cost of ``mask`` when its first request must fit together with request j, which
            starts in round t; (subsets, large, rounds). Zero for the empty mask.
        inside: least cost of request j if it completes before request i, which starts in round t;
            (large, large, rounds), indexed by i and j.
    """

    reduced: NDArray[Number]
    first: NDArray[Number]
    later: NDArray[Number]
    after: NDArray[Number]
    inside: NDArray[Number]


@compiled
def fill(
    tables: Tables[Number], apart: NDArray[np.int64], nested: NDArray[np.int64], never: int
) -> None:
    """Fill ``first``, ``later``, ``after`` and ``inside``.

    Args:
        tables: the tables.
        apart: the offset from which on request j may follow request i; (large, large).
        nested: the number of close offsets, at which j completes first; (large, large).
        never: the cost of what is impossible.
    """
    reduced, first, later = tables.reduced, tables.first, tables.later
    after, inside = tables.after, tables.inside
    subsets, large, rounds = after.shape
    for earlier in range(large):
        for index in range(large):
            if earlier == index or nested[earlier, index] == 0:
                continue
            for now in range(rounds):
                inside[earlier, index, now] = reduced[index, now]
            for offset in range(1, nested[earlier, index]):
                for now in range(rounds):
                    if reduced[index, now + offset] < inside[earlier, index, now]:
                        inside[earlier, index, now] = reduced[index, now + offset]
    for mask in range(1, subsets):
        for index in range(large):
            if not mask >> index & 1:
                continue
            rest = mask ^ (1 << index)
            for now in range(rounds):
                begun = reduced[index, now] + after[rest, index, now]
                first[mask, index, now] = begun if begun < never else never
            least = first[mask, index, rounds]
            for now in range(rounds - 1, -1, -1):
                if first[mask, index, now] < least:
                    least = first[mask, index, now]
                later[mask, index, now] = least
        for previous in range(large):
            if mask >> previous & 1:
                continue
            for now in range(rounds):
                after[mask, previous, now] = never
            for index in range(large):
                if not mask >> index & 1:
                    continue
                offset = apart[previous, index]
                for now in range(rounds):
                    cost = later[mask, index, now + offset]
                    if cost < after[mask, previous, now]:
                        after[mask, previous, now] = cost
                if nested[previous, index] > 0:
                    rest = mask ^ (1 << index)
                    for now in range(rounds):
                        cost = inside[previous, index, now] + after[rest, previous, now]
                        if cost < after[mask, previous, now]:
                            after[mask, previous, now] = cost

"""The blocks that running requests will hold in coming rounds, and Amin's order of waiting.

An engine may give a request no token in a round, share blocks, or know of a completion late. So
Amin does not follow the rounds here, as :class:`amin_ref.Amin` does: in each round it reads the
engine's state anew, and plans with that.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Item = TypeVar("Item")


class Ahead(NamedTuple):
    """What one request will hold, as it is assumed. One is built for each running one each round.

    Attributes:
        place: (ℓ̃, tie-break rank), its place in the order ≺.
        stored: tokens that it holds in the next round in which it generates a token.
        left: rounds until its assumed stop; at least 1.
    """

    place: tuple[int, int]
    stored: int
    left: int

    def blocks(self, block_size: int) -> int:
        """Blocks that it holds in its next round."""
        return -(-self.stored // block_size)


class Plan:
    """The blocks that requests will hold in each coming round, until their assumed stops.

    It is built in time linear in the requests and their new blocks, and needs nothing of the
    waiting ones.

    Args:
        running: the requests that run.
        blocks: blocks of the cache.
        block_size: B; tokens.
    """

    def __init__(self, running: Sequence[Ahead], blocks: int, block_size: int) -> None:
        self._blocks = blocks
        self._block_size = block_size
        stored = np.array([each.stored for each in running], dtype=np.int64)
        left = np.array([each.left for each in running], dtype=np.int64)
        self._held = _blocks_by_round(stored, left, block_size)
        # A prefill that took longer than planned can make it exceed the cache in a later round.
        self._exceeds = bool(self._held.max() > blocks)

    def admit_if_it_fits(self, request: Ahead) -> bool:
        """Add a request to the plan, if no round would then exceed the cache."""
        if self._exceeds:
            return False
        if request.left > len(self._held):
            longer = np.zeros(2 * request.left, dtype=np.int64)
            longer[: len(self._held)] = self._held
            self._held = longer
        coming = self._held[: request.left]
        last = -(-(request.stored + request.left - 1) // self._block_size)
        if coming[-1] + last > self._blocks:  # a request holds most in its last round
            return False
        held = -(-(request.stored + np.arange(request.left)) // self._block_size)
        held += coming
        if held.max() > self._blocks:
            return False
        coming[:] = held
        return True


def _blocks_by_round(
    stored: NDArray[np.int64], left: NDArray[np.int64], block_size: int
) -> NDArray[np.int64]:
    """Σ over requests of ⌈(stored + t)/B⌉ in the rounds t < left, for each t.

    The sum is kept as differences: a request adds its blocks in round 0, one block in each round in
    which its tokens begin a new one, and takes all of them away in the round ``left``.
    """
    if not len(stored):
        return np.zeros(1, dtype=np.int64)
    change = np.zeros(int(left.max()) + 1, dtype=np.int64)
    change[0] = (-(-stored // block_size)).sum()
    first = (-stored) % block_size + 1  # the first round t ≥ 1 in which stored + t begins a block
    number = np.maximum(0, -(-(left - first) // block_size))
    ends = np.cumsum(number)
    within = np.arange(int(ends[-1])) - np.repeat(ends - number, number)
    begins = np.repeat(first, number) + within * block_size
    change += np.bincount(begins, minlength=len(change))
    np.subtract.at(change, left, -(-(stored + left - 1) // block_size))
    return np.cumsum(change)


def blocks_needed(running: Sequence[Ahead], block_size: int) -> int:
    """Blocks that the requests hold together in their next round."""
    return sum([-(-each.stored // block_size) for each in running])


def victims(running: Sequence[Ahead], blocks: int, block_size: int) -> list[int]:
    """Positions in ``running`` of the requests to evict, in ascending ≺, until the rest fits."""
    needed = blocks_needed(running, block_size)
    if needed <= blocks:
        return []
    found: list[int] = []
    for position in sorted(range(len(running)), key=lambda index: running[index].place):
        found.append(position)
        needed -= running[position].blocks(block_size)
        if needed <= blocks:
            break
    return found


class Queue(Generic[Item]):
    """Waiting requests in ascending ≺, as a heap; a removed request is skipped when it comes up."""

    def __init__(self) -> None:
        self._heap: list[tuple[tuple[int, int], Item]] = []
        self._places: dict[str, tuple[int, int]] = {}
        self._ids: dict[tuple[int, int], str] = {}

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Item]:
        """The requests in ascending ≺."""
        return (item for place, item in sorted(self._heap, key=_place) if place in self._ids)

    def push(self, request: str, place: tuple[int, int], item: Item) -> None:
        """Add a request; its rank, the second part of its place, is no other's."""
        self._places[request] = place
        self._ids[place] = request
        heapq.heappush(self._heap, (place, item))

    def first(self) -> Item | None:
        """The first request, or ``None``."""
        while self._heap and self._heap[0][0] not in self._ids:
            heapq.heappop(self._heap)
        return self._heap[0][1] if self._heap else None

    def pop(self) -> Item:
        """Take the first request away; one must wait."""
        self.first()
        place, item = heapq.heappop(self._heap)
        del self._places[self._ids.pop(place)]
        return item

    def remove(self, request: str) -> None:
        """Remove a request, if it waits; constant time."""
        place = self._places.pop(request, None)
        if place is not None:
            del self._ids[place]


def _place(entry: tuple[tuple[int, int], Item]) -> tuple[int, int]:
    return entry[0]

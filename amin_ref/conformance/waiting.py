"""The waiting requests in the order ≺."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from amin_ref.model.validation import RequestId

Ranks = Mapping[RequestId, tuple[float, int]]
"""Each request's tie-break rank, and its position in the instance where two ranks are equal."""

Place = tuple[int, tuple[float, int]]
"""A place in ≺: the assumed length, then the rank. Requests that tie freely share a place."""

ANY_RANK = (0.0, 0)
"""The rank of every request where ties may be broken in any way: all are equal."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A waiting request; see :meth:`Waiting.add`."""

    request: RequestId
    place: Place
    prefix: int
    ahead: int


class Waiting:
    """The waiting requests, of which the first in ≺ are found without looking at the others.

    Args:
        positions: every request's position in the instance.
    """

    def __init__(self, positions: Mapping[RequestId, int]) -> None:
        self._positions = positions
        self._entries: dict[RequestId, _Entry] = {}
        self._places: list[Place] = []
        self._groups: dict[Place, dict[int, list[tuple[int, int, int, _Entry]]]] = {}
        self._added = 0

    def __len__(self) -> int:
        """How many requests wait."""
        return len(self._entries)

    def __iter__(self) -> Iterator[RequestId]:
        """The waiting requests, in the order in which they were added."""
        return iter(self._entries)

    def __contains__(self, request: RequestId) -> bool:
        """Whether the request waits."""
        return request in self._entries

    def add(self, request: RequestId, place: Place, prefix: int, ahead: int) -> None:
        """Let a request wait.

        Args:
            request: its id.
            place: its place in ≺, which must not change while it waits.
            prefix: what it must compute before its next token; tokens.
            ahead: how many tokens it is assumed to generate after that.
        """
        entry = _Entry(request, place, prefix, ahead)
        self._entries[request] = entry
        if place not in self._groups:
            self._groups[place] = {}
            heapq.heappush(self._places, place)
        self._added += 1
        group = self._groups[place].setdefault(ahead, [])
        heapq.heappush(group, (-prefix, self._positions[request], self._added, entry))

    def take(self, request: RequestId) -> Place:
        """Remove a request; returns its place."""
        return self._entries.pop(request).place

    def place(self, request: RequestId) -> Place:
        """The place of a waiting request."""
        return self._entries[request].place

    def first(self) -> RequestId | None:
        """One of :meth:`first_ones`; ``None`` if none waits."""
        return next(iter(self.first_ones()), None)

    def first_ones(self) -> Sequence[RequestId]:
        """The requests at the first place that need the most cache; empty if none waits.

        Of those that are assumed to generate as many tokens, the one with the longest prefix is
        enough. It needs as much as any with a shorter prefix that generates no more tokens (L4).
        """
        while self._places:
            group = self._groups[self._places[0]]
            largest = [self._largest(group, ahead) for ahead in sorted(group, reverse=True)]
            found: list[_Entry] = []
            for entry in largest:
                if entry is not None and (not found or entry.prefix > found[-1].prefix):
                    found.append(entry)
            if found:
                return [entry.request for entry in found]
            del self._groups[heapq.heappop(self._places)]
        return ()

    def _largest(
        self, group: dict[int, list[tuple[int, int, int, _Entry]]], ahead: int
    ) -> _Entry | None:
        """The entry with the longest prefix that still waits, of those with this ``ahead``."""
        heap = group[ahead]
        while heap:
            entry = heap[0][3]
            # An entry of a request that was taken, and perhaps added again, stays in the heap.
            if self._entries.get(entry.request) is entry:
                return entry
            heapq.heappop(heap)
        del group[ahead]
        return None

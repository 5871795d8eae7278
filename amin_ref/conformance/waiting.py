"""The waiting requests in the order ≺."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping

from amin_ref.model.validation import RequestId

Ranks = Mapping[RequestId, tuple[float, int]]
"""Each request's tie-break rank, and its position in the instance where two ranks are equal."""

Place = tuple[int, tuple[float, int]]
"""A place in ≺: the assumed length, then the rank. Requests that tie freely share a place."""

ANY_RANK = (0.0, 0)
"""The rank of every request where ties may be broken in any way: all are equal."""


class Waiting:
    """The waiting requests, of which the first in ≺ is found without looking at the others.

    Args:
        positions: every request's position in the instance.
    """

    def __init__(self, positions: Mapping[RequestId, int]) -> None:
        self._positions = positions
        self._entries: dict[RequestId, tuple[Place, int, int, RequestId]] = {}
        self._heap: list[tuple[Place, int, int, RequestId]] = []

    def __len__(self) -> int:
        """How many requests wait."""
        return len(self._entries)

    def __iter__(self) -> Iterator[RequestId]:
        """The waiting requests, in the order in which they were added."""
        return iter(self._entries)

    def __contains__(self, request: RequestId) -> bool:
        """Whether the request waits."""
        return request in self._entries

    def add(self, request: RequestId, place: Place, most: int) -> None:
        """Let a request wait.

        Args:
            request: its id.
            place: its place in ≺, which must not change while it waits.
            most: what it holds in its last round if it stops as assumed; tokens. Among requests
                that share a place, the one with the largest comes first (L4).
        """
        entry = place, -most, self._positions[request], request
        self._entries[request] = entry
        heapq.heappush(self._heap, entry)

    def take(self, request: RequestId) -> Place:
        """Remove a request; returns its place."""
        return self._entries.pop(request)[0]

    def place(self, request: RequestId) -> Place:
        """The place of a waiting request."""
        return self._entries[request][0]

    def first(self) -> RequestId | None:
        """The request at the first place that needs the most cache; ``None`` if none waits."""
        while self._heap:
            request = self._heap[0][3]
            # An entry of a request that was taken, and perhaps added again, stays in the heap.
            if self._entries.get(request) is self._heap[0]:
                return request
            heapq.heappop(self._heap)
        return None

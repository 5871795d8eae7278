"""A KV-cache scheduler for ``amin-ref``: change ``order`` and ``reserved``, or ``decide`` itself.

As written, it admits requests in order of arrival and reserves for each the most cache that its
prediction allows, so it never overflows and never evicts.
"""

from __future__ import annotations

from collections.abc import Sequence

from amin_ref import Decision, Policy, RequestId, VisibleRequest


class MyScheduler(Policy):
    """First come, first served, with room for every request's longest predicted output."""

    def begin(self, capacity: int, block_size: int) -> None:
        """Start with an empty cache.

        Args:
            capacity: size of the cache; tokens.
            block_size: tokens per block; a request occupies whole blocks.
        """
        self.capacity = capacity
        self.block_size = block_size
        self.waiting: list[VisibleRequest] = []
        self.running: dict[RequestId, int] = {}  # the tokens reserved for each running request

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        """Choose the requests to evict and to admit at the start of a round.

        Every running request then generates one token. The scheduler never sees an output length.
        To count the tokens of a running request, count the rounds since its admission.

        Args:
            now: the round, from 0.
            arrived: requests that wait from this round on.
            completed: ids of the requests that generated their last token in the round before.
        """
        for request_id in completed:
            del self.running[request_id]
        self.waiting += arrived
        self.waiting.sort(key=self.order)
        admitted: list[RequestId] = []
        free = self.capacity - sum(self.running.values())
        while self.waiting and self.reserved(self.waiting[0]) <= free:
            request = self.waiting.pop(0)
            self.running[request.id] = self.reserved(request)
            free -= self.running[request.id]
            admitted.append(request.id)
        return Decision(evict=(), admit=tuple(admitted))

    def order(self, request: VisibleRequest) -> tuple[int, int]:
        """The key by which waiting requests are sorted: the smallest is admitted first.

        For shortest predicted first, return ``(request.lower, request.position)``.
        """
        return (request.arrival, request.position)

    def reserved(self, request: VisibleRequest) -> int:
        """The tokens of cache that an admitted request keeps to itself until it completes.

        With less than this, requests can outgrow the cache; then ``decide`` must evict some.
        """
        if request.upper is None:
            return self.capacity
        blocks = -(-(request.prompt_len + request.upper) // self.block_size)
        return min(blocks * self.block_size, self.capacity)

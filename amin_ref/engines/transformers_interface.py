"""What the adapter uses of transformers' continuous batching, with types.

transformers need not be installed where types are checked. The names are those of the engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from typing import Protocol


class RequestState(Protocol):
    """A request of the engine."""

    request_id: str
    initial_tokens: list[int]
    generated_tokens: list[int]
    max_new_tokens: int | None
    is_cpu_offloaded: bool
    _true_initial_tokens: int
    _status: object

    def create_equivalent_initial_request(self) -> RequestState:
        """The request with its generated tokens as a part of its prompt."""
        raise NotImplementedError


class FutureRequestState(Protocol):
    """What a request computes in a batch."""

    state: RequestState
    query_length: int


class Allocator(Protocol):
    """The pages of the layers of one kind."""

    tokens_per_page: int
    block_table: Mapping[str, Sized]


class Cache(Protocol):
    """The cache of keys and values."""

    num_blocks: int
    cache_allocators: Mapping[str, Allocator]

    def free_blocks(self, request_id: str, no_cache: bool = False) -> None:
        """Free what a request holds."""


Batch = tuple[Sequence[FutureRequestState] | None, bool, int, int]
"""What ``schedule_batch`` returns: the requests of the batch, and numbers for the runner."""


class EngineScheduler:
    """transformers' ``FIFOScheduler``, as the type checker sees it; it is never built."""

    cache: Cache
    active_requests: dict[str, RequestState]
    waiting_requests: dict[str, RequestState]
    max_requests_per_batch: int
    block_new_requests: bool

    def __init__(self, *args: object, **options: object) -> None:
        raise NotImplementedError

    def reset(self) -> None:
        """Begin anew."""

    def add_waiting_request(self, state: RequestState) -> None:
        """A request arrives, or waits again."""

    def schedule_batch(self, token_budget: int, cache_budget: int) -> Batch:
        """Decide on a batch."""
        raise NotImplementedError

    def finish_request(self, request_id: str) -> None:
        """A request has generated its last token."""

    def clear_cancelled_requests(self) -> list[RequestState]:
        """Clients went away."""
        raise NotImplementedError

    def _get_waiting_candidates(self) -> list[RequestState]:
        """The waiting requests, in the order in which they may be admitted."""
        raise NotImplementedError

    def _cleanup_waiting_queue(self, request_ids_to_remove_from_waiting: set[str]) -> None:
        """Forget admitted requests in the queue."""

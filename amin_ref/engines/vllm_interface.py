"""What the adapter uses of vLLM, with types.

vLLM need not be installed where types are checked, and its modules would be untyped. The names are
vLLM's; each one is read or called by :mod:`amin_ref.engines.vllm` and nothing else is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol


class SamplingParams(Protocol):
    """The sampling parameters of a request."""

    extra_args: Mapping[str, object] | None


class EngineRequest(Protocol):
    """A request of the engine."""

    request_id: str
    num_prompt_tokens: int
    num_output_tokens: int
    num_tokens: int
    num_output_placeholders: int
    is_prefill_chunk: bool
    num_computed_tokens: int
    max_tokens: int
    sampling_params: SamplingParams | None


class SchedulerOutput(Protocol):
    """What the engine computes in a step."""

    num_scheduled_tokens: dict[str, int]
    preempted_req_ids: set[str] | None


class BlockPool(Protocol):
    """The blocks of the cache, one of them a null block that holds nothing."""

    num_gpu_blocks: int

    def get_num_free_blocks(self) -> int:
        """How many blocks are free."""


class KVCacheManager(Protocol):
    """The manager of the cache."""

    block_pool: BlockPool
    watermark_blocks: int


class KVCacheConfig(Protocol):
    """How layers share the cache."""

    kv_cache_groups: Sequence[object]


class CacheConfig(Protocol):
    """The options of the cache."""

    enable_prefix_caching: bool


class RequestQueue(Protocol):
    """A queue of waiting requests."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[EngineRequest]: ...

    def add_request(self, request: EngineRequest) -> None:
        """Add a request at its place."""


class EngineScheduler:
    """vLLM's ``Scheduler``, as the type checker sees it; it is never built."""

    running: list[EngineRequest]
    waiting: RequestQueue
    requests: dict[str, EngineRequest]
    kv_cache_manager: KVCacheManager
    kv_cache_config: KVCacheConfig
    cache_config: CacheConfig
    block_size: int
    max_num_scheduled_tokens: int
    max_num_running_reqs: int
    max_model_len: int
    num_spec_tokens: int

    def __init__(self, *args: object, **options: object) -> None:
        raise NotImplementedError

    def add_request(self, request: EngineRequest) -> None:
        """A request arrives."""

    def schedule(self, *args: object, **options: object) -> SchedulerOutput:
        """Decide on a step."""
        raise NotImplementedError

    def update_from_output(self, output: SchedulerOutput, run: object) -> object:
        """Learn what a step generated."""

    def finish_requests(
        self, request_ids: str | Iterable[str] | None, finished_status: object
    ) -> object:
        """Clients go away."""

    def shutdown(self) -> None:
        """The engine stops."""

    def _preempt_request(self, request: EngineRequest, timestamp: float) -> None:
        """Take a running request's cache away and let it wait."""

    def _free_request(self, request: EngineRequest, *args: object, **options: object) -> object:
        """Forget a request that has finished."""

"""vLLM's Scheduler and KVCacheManager on a fake model: each request generates a token when due."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from zlib import crc32

import torch
from vllm.config import CacheConfig, DeviceConfig, ModelConfig, SchedulerConfig, VllmConfig
from vllm.sampling_params import SamplingParams
from vllm.utils.hashing import sha256
from vllm.v1.core.kv_cache_utils import get_request_block_hasher, init_none_hash
from vllm.v1.kv_cache_interface import FullAttentionSpec, KVCacheConfig, KVCacheGroupSpec
from vllm.v1.outputs import ModelRunnerOutput
from vllm.v1.request import Request, RequestStatus
from vllm.v1.structured_output import StructuredOutputManager

from amin_ref import Schedule
from amin_ref.engines.vllm import (
    AminScheduler,
    AsyncAminScheduler,
    RecordedAsyncScheduler,
    RecordedScheduler,
)
from amin_ref.engines.vllm_interface import EngineRequest, SchedulerOutput
from amin_ref.logs import read_log

LONGEST = 131072
"""Tokens that the model could have of one request."""

Recordable = AminScheduler | RecordedScheduler | AsyncAminScheduler | RecordedAsyncScheduler
Engine = TypeVar(
    "Engine", AminScheduler, RecordedScheduler, AsyncAminScheduler, RecordedAsyncScheduler
)

BLOCK = 16
"""Tokens of a block."""

MODEL = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "head_dim": 32,
    "vocab_size": 256,
    "max_position_embeddings": LONGEST,
    "rms_norm_eps": 1e-5,
    "torch_dtype": "float32",
}
"""The configuration of a model that is never built."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as a client sends it; lengths in tokens, arrival in rounds.

    Requests of one ``topic``, which is not empty, have the same prompt, as far as it goes.
    """

    id: str
    prompt_len: int
    output_len: int
    lower: object = 1
    arrival: int = 0
    topic: str = ""


def scheduler(
    cls: type[Engine],
    folder: Path,
    *,
    blocks: int,
    tokens: int = 8192,
    running: int = 256,
    watermark: float = 0.0,
    is_async: bool = False,
    prefixes: bool = False,
) -> Engine:
    """A scheduler of vLLM with ``blocks`` blocks of 16 tokens that requests can use."""
    init_none_hash(sha256)
    (folder / "config.json").write_text(json.dumps(MODEL))
    cache = CacheConfig(block_size=BLOCK, enable_prefix_caching=prefixes)
    config = VllmConfig(
        scheduler_config=SchedulerConfig(
            max_num_seqs=running,
            max_num_batched_tokens=tokens,
            max_model_len=LONGEST,
            is_encoder_decoder=False,
            enable_chunked_prefill=True,
            async_scheduling=is_async,
            watermark=watermark,
        ),
        model_config=ModelConfig(
            model=str(folder),
            dtype="float32",
            seed=0,
            skip_tokenizer_init=True,
            max_model_len=LONGEST,
        ),
        cache_config=cache,
        device_config=DeviceConfig("cpu"),
    )
    cache.num_gpu_blocks = blocks + 1  # one is vLLM's null block
    spec = FullAttentionSpec(block_size=BLOCK, num_kv_heads=1, head_size=1, dtype=torch.float32)
    return cls(
        vllm_config=config,
        kv_cache_config=KVCacheConfig(
            num_blocks=blocks + 1,
            kv_cache_tensors=[],
            kv_cache_groups=[KVCacheGroupSpec(["layer"], spec)],
        ),
        block_size=BLOCK,
        log_stats=False,
        structured_output_manager=StructuredOutputManager(config),
    )


def request(asked: Asked) -> EngineRequest:
    """vLLM's request."""
    parameters = SamplingParams(
        max_tokens=asked.output_len, ignore_eos=True, extra_args={"amin_lower": asked.lower}
    )
    found: EngineRequest = Request(
        request_id=asked.id,
        prompt_token_ids=[crc32((asked.topic or asked.id).encode())] * asked.prompt_len,
        sampling_params=parameters,
        pooling_params=None,
        arrival_time=float(asked.arrival),
        block_hasher=get_request_block_hasher(BLOCK, sha256),
    )
    return found


def outputs(output: SchedulerOutput, engine: Recordable) -> object:
    """One token for each request whose whole prefix is computed, just after it is scheduled."""
    names = list(output.num_scheduled_tokens)
    return ModelRunnerOutput(
        req_ids=names,
        req_id_to_index={name: index for index, name in enumerate(names)},
        sampled_token_ids=[[] if engine.requests[name].is_prefill_chunk else [7] for name in names],
    )


def drive(
    engine: Recordable,
    asked: Sequence[Asked],
    aborted: Mapping[str, int] | None = None,
    *,
    ahead: int = 0,
) -> Schedule:
    """Run all requests, and read the log that the scheduler writes to ``AMIN_REF_LOG``.

    Args:
        engine: the scheduler.
        asked: the requests.
        aborted: round in which a client goes away, by request.
        ahead: rounds that are scheduled before the outputs of a round are known; vLLM has 1 with
            asynchronous scheduling.
    """
    todo = sorted(asked, key=lambda each: each.arrival)
    gone = dict(aborted or {})
    flying: deque[tuple[SchedulerOutput, object]] = deque()
    now = 0
    while todo or engine.requests:
        while todo and todo[0].arrival <= now:
            engine.add_request(request(todo.pop(0)))
        for name in [name for name, when in gone.items() if when == now]:
            engine.finish_requests(name, RequestStatus.FINISHED_ABORTED)
        output = engine.schedule()
        flying.append((output, outputs(output, engine)))
        if len(flying) > ahead:
            engine.update_from_output(*flying.popleft())
        now += 1
    engine.shutdown()
    return read_log(Path(os.environ["AMIN_REF_LOG"]).read_text())

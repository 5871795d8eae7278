"""transformers' continuous batching on a tiny model with random weights: real tokens on a CPU."""

from __future__ import annotations

import io
import random
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from transformers import AutoModelForCausalLM, GenerationConfig, LlamaConfig
from transformers.generation.configuration_utils import ContinuousBatchingConfig

from amin_ref import Schedule
from amin_ref.logs import read_log

SIZES = LlamaConfig(
    hidden_size=32,
    intermediate_size=64,
    num_hidden_layers=2,
    num_attention_heads=2,
    num_key_value_heads=2,
    vocab_size=256,
    max_position_embeddings=8192,
    eos_token_id=None,
    pad_token_id=0,
)
"""The sizes of a Llama that a CPU runs in seconds."""

Tokens = Mapping[str, tuple[int, ...]]


@dataclass
class Engine:
    """A model, its prompts, and how many tokens each is to generate."""

    number: int
    pages: int
    stream: io.StringIO = field(default_factory=io.StringIO)

    def __post_init__(self) -> None:
        torch.manual_seed(0)
        torch.set_num_threads(1)
        model = AutoModelForCausalLM.from_config(SIZES, attn_implementation="sdpa")
        self.model = model.eval()
        draw = random.Random(1)
        self.lengths = {
            f"r{index}": (draw.randint(2, 60), draw.randint(1, 80)) for index in range(self.number)
        }
        self.prompts = {
            name: [draw.randrange(1, 250) for _ in range(prompt)]
            for name, (prompt, _) in self.lengths.items()
        }

    def run(self, scheduler: str) -> tuple[Tokens, Schedule]:
        """The tokens of every request, and what the log says of them."""
        manager = self.model.init_continuous_batching(
            generation_config=GenerationConfig(
                max_new_tokens=80, do_sample=False, eos_token_id=-1, pad_token_id=0
            ),
            continuous_batching_config=ContinuousBatchingConfig(
                page_size=16,
                num_blocks=self.pages,
                max_batch_tokens=4096,
                max_requests_per_batch=512,
                scheduler_type=scheduler,
                allow_block_sharing=False,
                use_async_batching=False,
                use_cuda_graph=False,
                safety_margin=0.0,
            ),
        )
        for name, prompt in self.prompts.items():
            manager.add_request(prompt, request_id=name, max_new_tokens=self.lengths[name][1])
        manager.start()
        tokens: dict[str, tuple[int, ...]] = {}
        while len(tokens) < self.number:
            result = manager.get_result(timeout=30)
            assert result is not None or manager.is_running(), "the engine has stopped"
            if result is not None:
                tokens[result.request_id] = tuple(result.generated_tokens)
        manager.stop(block=True)
        return tokens, read_log(self.stream.getvalue())

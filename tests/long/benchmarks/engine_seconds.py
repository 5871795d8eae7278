"""Seconds, not rounds: transformers' continuous batching on a GPU, FCFS against Amin.

    python -m tests.long.benchmarks.engine_seconds lmsys_chat_lengths.csv

runs a Llama with random weights on requests with the lengths of a trace, all there at once, in a
cache that overflows, once with the engine's own scheduler and three times with Amin: with exact
lengths, with ten bins, and without predictions (ℓ = 1). It prints a table in Markdown. ``--tiny``
runs a tiny model on a CPU, to try the command. Needs the extra ``transformers``, version 5.20.
"""

from __future__ import annotations

import argparse
import io
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from transformers import AutoModelForCausalLM, GenerationConfig, LlamaConfig
from transformers.generation.configuration_utils import ContinuousBatchingConfig

from amin_ref import Instance, Schedule, check
from amin_ref.comparison.metrics import percentile, request_times
from amin_ref.engines.transformers import register
from amin_ref.logs import read_log
from amin_ref.workloads import build_instance
from tests.engines.tiny_llama import SIZES

PREDICTIONS = ("exact", "bins:10", "naive")
PAGE = 16
MOST_TOKENS = 2_048
"""Tokens that a round may compute."""

MODELS = {
    "1.2B": LlamaConfig(
        hidden_size=2048,
        intermediate_size=8192,
        num_hidden_layers=16,
        num_attention_heads=32,
        num_key_value_heads=8,
        vocab_size=32_000,
        max_position_embeddings=8192,
        eos_token_id=None,
        pad_token_id=0,
    ),
    "tiny": SIZES,
}
"""The sizes of Llama's 1.2 B model, and a model that a CPU runs in seconds."""


class TimedLog(io.StringIO):
    """A log that notes when each round is flushed, which is when its outputs are known."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[float] = []

    def flush(self) -> None:
        """Note the end of a round."""
        self.ends.append(time.perf_counter())
        super().flush()


@dataclass(frozen=True)
class Measured:
    """One run of the engine: when it began, its rounds, and what happened in them.

    Attributes:
        schedule: read from the log.
        began: when the requests were all there; seconds.
        ends: the end of each round; seconds.
    """

    schedule: Schedule
    began: float
    ends: Sequence[float] = field(repr=False)

    def seconds(self, at: int) -> float:
        """Seconds from the beginning to the start of a round."""
        return self.ends[min(at, len(self.ends)) - 1] - self.began if at else 0.0

    def line(self, name: str) -> str:
        """A row of the table."""
        latencies = [self.seconds(each.completion) for each in request_times(self.schedule)]
        first = [self.seconds(each.time_to_first_token) for each in request_times(self.schedule)]
        tokens = sum(request.output_len for request in self.schedule.instance.requests)
        cells = (
            f"{sum(latencies) / len(latencies):.1f}",
            f"{percentile(latencies, 50):.1f}",
            f"{percentile(latencies, 99):.1f}",
            f"{sum(first) / len(first):.1f}",
            f"{tokens / max(latencies):,.0f}",
            f"{self.schedule.recomputed_tokens:,}",
            f"{self.schedule.evictions:,}",
            f"{self.schedule.mean_latency:,.0f}",
        )
        return f"| {name} | {' | '.join(cells)} |"


HEADINGS = (
    "scheduler",
    "mean, s",
    "p50, s",
    "p99, s",
    "TTFT mean, s",
    "tokens/s",
    "recomputed",
    "evicted",
    "mean, rounds",
)


def run(model: torch.nn.Module, instance: Instance, policy: str, lower: dict[str, int]) -> Measured:
    """The instance through the engine, under one scheduler."""
    log = TimedLog()
    register("measured", policy="fifo" if policy == "fifo" else "amin", lower=lower, log=log)
    draw = random.Random(0)
    manager = model.init_continuous_batching(
        generation_config=GenerationConfig(
            max_new_tokens=MOST_TOKENS, do_sample=False, eos_token_id=-1, pad_token_id=0
        ),
        continuous_batching_config=ContinuousBatchingConfig(
            page_size=PAGE,
            num_blocks=instance.capacity // PAGE,
            max_batch_tokens=MOST_TOKENS,
            max_requests_per_batch=512,
            scheduler_type="measured",
            allow_block_sharing=False,
            use_async_batching=False,
            use_cuda_graph=False,
            safety_margin=0.0,
        ),
    )
    for request in instance.requests:
        prompt = [draw.randrange(1, model.config.vocab_size) for _ in range(request.prompt_len)]
        manager.add_request(prompt, request_id=str(request.id), max_new_tokens=request.output_len)
    began = time.perf_counter()
    manager.start()
    done = 0
    while done < len(instance.requests):
        result = manager.get_result(timeout=60)
        if result is None and not manager.is_running():
            raise SystemExit("the engine has stopped")
        done += result is not None
    manager.stop(block=True)
    schedule = read_log(log.getvalue())
    violations = check(schedule)
    if violations:
        raise SystemExit(f"the engine's schedule is not valid: {violations[0].message}")
    return Measured(schedule, began, log.ends)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.long.benchmarks.engine_seconds", description=__doc__
    )
    parser.add_argument("source", help="a trace, or an embedded workload")
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--capacity", type=int, default=16_480, help="M; tokens")
    parser.add_argument("--tiny", action="store_true", help="a tiny model on the CPU")
    given = parser.parse_args()
    device = "cpu" if given.tiny else "cuda"
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(
        MODELS["tiny" if given.tiny else "1.2B"],
        attn_implementation="sdpa",
        dtype=torch.float32 if given.tiny else torch.bfloat16,
    )
    model = model.to(device).eval()
    name = "CPU" if given.tiny else torch.cuda.get_device_name()
    weights = sum(each.numel() for each in model.parameters())
    print(f"{name}, torch {torch.__version__}, {weights:,} weights")

    def instance(prediction: str) -> Instance:
        return build_instance(
            given.source,
            requests=given.requests,
            capacity=given.capacity,
            block_size=PAGE,
            prediction=prediction,
        ).instance

    exact = instance("exact")
    few = Instance(exact.capacity, exact.requests[:8], exact.block_size)
    run(model, few, "fifo", {})  # the first kernels are compiled, or loaded
    print(f"| {' | '.join(HEADINGS)} |\n|---|{'--:|' * (len(HEADINGS) - 1)}")
    print(run(model, exact, "fifo", {}).line("FCFS, the engine's own"), flush=True)
    for prediction in PREDICTIONS:
        lower = {str(each.id): each.lower for each in instance(prediction).requests}
        print(run(model, exact, "amin", lower).line(f"Amin, {prediction}"), flush=True)


if __name__ == "__main__":
    main()

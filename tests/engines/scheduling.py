"""vLLM's scheduler beside ``simulate``: by hand, ``python -m tests.engines.scheduling TRACE.csv``.

CPU time of all rounds of the same requests, FCFS. Of vLLM only ``schedule`` and
``update_from_output`` count, not the fake model, and no log is written. ``simulate`` begins with
the instance and ends with the schedule. It takes compiled code unasked, since that has made the
schedule once before.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # no configuration is looked up anywhere

from vllm.v1.core.sched.scheduler import Scheduler

from amin_ref import FirstComeFirstServed, Instance, Machine, Request, simulate
from amin_ref.workloads import build_instance
from tests.engines.fake_vllm import BLOCK, Asked, outputs, request, scheduler

BLOCKS = 1030
"""Blocks of the cache: close to the article's 16,492 tokens."""

TOKENS = 2048
"""Tokens that a round computes."""

RUNNING = 256
"""Requests that may run."""

REQUESTS = 2_000


@dataclass(frozen=True)
class Measured:
    """CPU seconds of the three, which went through the same rounds."""

    vllm: float
    policy: float
    compiled: float
    rounds: int

    @property
    def ratio(self) -> float:
        """How many times as long vLLM takes as compiled code."""
        return self.vllm / self.compiled


def measured(trace: Path) -> Measured:
    """All three on the first requests of a trace, all there in round 0."""
    capacity = BLOCKS * BLOCK
    built = build_instance(trace, capacity=capacity, block_size=BLOCK, requests=REQUESTS).instance
    machine = Machine(
        after_eviction="resume",
        last_token_stored=False,
        tokens_per_round=TOKENS,
        max_running=RUNNING,
    )
    instance = Instance(capacity, built.requests, BLOCK, machine=machine)
    vllm, rounds = _vllm(instance.requests)
    simulate(instance, FirstComeFirstServed(), compiled=True)
    policy, compiled = (_simulated(instance, rounds, compiled) for compiled in (False, None))
    return Measured(vllm, policy, compiled, rounds)


def _simulated(instance: Instance, rounds: int, compiled: bool | None) -> float:
    """CPU seconds of ``simulate``, which takes as many rounds as vLLM."""
    began = time.process_time()
    schedule = simulate(instance, FirstComeFirstServed(), compiled=compiled)
    seconds = time.process_time() - began
    if schedule.makespan != rounds:
        raise SystemExit(f"vLLM took {rounds} rounds, FCFS {schedule.makespan}")
    return seconds


def _vllm(requests: Sequence[Request]) -> tuple[float, int]:
    """CPU seconds of vLLM's scheduler, and how many rounds it took."""
    engine = scheduler(
        Scheduler, Path(tempfile.mkdtemp()), blocks=BLOCKS, tokens=TOKENS, running=RUNNING
    )
    for each in requests:
        engine.add_request(request(Asked(str(each.id), each.prompt_len, each.output_len)))
    spent = 0.0
    rounds = 0
    while engine.requests:
        began = time.process_time()
        output = engine.schedule()
        spent += time.process_time() - began
        tokens = outputs(output, engine)
        began = time.process_time()
        engine.update_from_output(output, tokens)
        spent += time.process_time() - began
        rounds += 1
    return spent, rounds


if __name__ == "__main__":
    found = measured(Path(sys.argv[1]))
    print(
        f"{REQUESTS} requests, {found.rounds} rounds: vLLM {found.vllm:.2f} s, FCFS "
        f"{found.policy:.2f} s, compiled {found.compiled:.4f} s; vLLM / compiled {found.ratio:.0f}"
    )

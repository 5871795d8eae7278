"""What Amin adds to a step of vLLM's scheduler; by hand: python -m tests.engines.overhead.

CPU time of ``schedule`` on the fake model, without the part that is vLLM's own in the same steps.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

from vllm.v1.core.sched.scheduler import Scheduler

from amin_ref.engines.vllm import AminScheduler
from tests.engines.fake_vllm import Asked, outputs, request, scheduler

STEPS = 400
"""Steps of a measurement."""

FIRST = 100
"""Steps before the first that counts: the cache fills, and Python warms up."""


def measure(waiting: int) -> tuple[float, float, int]:
    """Mean milliseconds of a step that are Amin's, and vLLM's; the requests that run."""
    draw = random.Random(3)
    engine = scheduler(AminScheduler, Path(tempfile.mkdtemp()), blocks=4000)
    for index in range(waiting):
        output = draw.randint(50, 600)
        engine.add_request(request(Asked(f"r{index}", draw.randint(10, 300), output, output // 2)))
    spent: list[float] = []
    vllms = Scheduler.schedule

    def timed(self: object) -> object:
        began = time.process_time()
        found = vllms(self)
        spent.append(time.process_time() - began)
        return found

    whole: list[float] = []
    Scheduler.schedule = timed
    try:
        for _ in range(STEPS):
            began = time.process_time()
            output_of_step = engine.schedule()
            whole.append(time.process_time() - began)
            engine.update_from_output(output_of_step, outputs(output_of_step, engine))
    finally:
        Scheduler.schedule = vllms
    counted = STEPS - FIRST
    inner = 1000 * sum(spent[FIRST:]) / counted
    return 1000 * sum(whole[FIRST:]) / counted - inner, inner, len(engine.running)


if __name__ == "__main__":
    for waiting in (1_000, 10_000):
        amins, vllms, running = measure(waiting)
        print(
            f"{waiting} waiting, {running} running: {amins:.2f} ms Amin, {vllms:.2f} ms vLLM, "
            f"{100 * amins / vllms:.1f} %"
        )

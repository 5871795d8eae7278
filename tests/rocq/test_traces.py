"""On real requests the extracted program makes the same schedule, and is not much slower."""

from __future__ import annotations

import random
import resource
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from amin_ref import Ranking, RequestId, simulate
from amin_ref.model.blocks import volume
from amin_ref.workloads import Rough, build_instance
from tests.rocq.program import Program
from tests.rocq.test_differential import POLICIES
from tests.support.real_data import lmsys_file

pytestmark = pytest.mark.slow

TIMES = {"amin": 10, "amax": 10, "h-sf": 10, "svf": 20, "fcfs": 10}
"""How many times the processor seconds of the readable reference the program may take.

SVF takes 10 to 14 times as many: in most rounds the next request exceeds the plan in some round in
the middle, and the program looks at one round after the other. The reference adds arrays.
"""


@pytest.mark.parametrize("name", POLICIES)
def test_two_thousand_requests_of_lmsys(compiled_program: Path, name: str) -> None:
    """The ranking is random. The program gets the requests about in the order in which they wait.

    It keeps the queue as a list, and in another order it would insert each request far from the
    head. The order in which it gets them changes nothing else, since it gets the ranks as well.
    """
    instance = build_instance(
        lmsys_file(), requests=2000, capacity=16_492, prediction=Rough(1, 1000)
    ).instance
    order = [request.id for request in instance.requests]
    random.Random(0).shuffle(order)
    policy = POLICIES[name](Ranking(tuple(order)))
    began = time.process_time()
    schedule = simulate(instance, policy, compiled=False)
    reference = time.process_time() - began
    runs = Counter((run.request, run.start, run.stop, run.outcome) for run in schedule.runs)
    started: dict[RequestId, int] = {}
    for run in schedule.runs:
        started[run.request] = min(run.start, started.get(run.request, run.start))
    waiting = tuple(
        sorted(
            instance.requests,
            key=lambda one: (started[one.id], volume(one.prompt_len, one.output_len, 1)),
        )
    )
    ranks = {request: rank for rank, request in enumerate(order)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    with Program(compiled_program) as program:
        found = program.schedule(name, replace(instance, requests=waiting), ranks)
    extracted = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    print(f"{name}: reference {reference:.2f} s, extracted {extracted:.2f} s")
    assert found == (runs, schedule.total_latency)
    assert extracted < TIMES[name] * reference

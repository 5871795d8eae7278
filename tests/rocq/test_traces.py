"""On real requests the extracted program makes the same schedule, and is not much slower."""

from __future__ import annotations

import resource
import time
from collections import Counter
from pathlib import Path

import pytest

from amin_ref import Ranking, simulate
from amin_ref.workloads import Rough, build_instance
from tests.rocq.program import Program
from tests.rocq.test_differential import POLICIES, positions
from tests.support.real_data import lmsys_file

pytestmark = pytest.mark.slow

TIMES = 10
"""The program may take as many times the processor seconds of the readable reference."""


def test_two_thousand_requests_of_lmsys(compiled_program: Path) -> None:
    name = "amin"
    instance = build_instance(
        lmsys_file(), requests=2000, capacity=16_492, prediction=Rough(1, 1000)
    ).instance
    policy = POLICIES[name](Ranking(tuple(request.id for request in instance.requests)))
    began = time.process_time()
    schedule = simulate(instance, policy, compiled=False)
    reference = time.process_time() - began
    runs = Counter((run.request, run.start, run.stop, run.outcome) for run in schedule.runs)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    with Program(compiled_program) as program:
        found = program.schedule(name, instance, positions(instance))
    extracted = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    print(f"{name}: reference {reference:.2f} s, extracted {extracted:.2f} s")
    assert found == (runs, schedule.total_latency)
    assert extracted < TIMES * reference

"""The compiled simulation beside a C program that does the same.

``python -m tests.long.benchmarks.compiled`` prints a Markdown table. Seconds are of processor time
in user mode, after a first, small run. Those of :func:`amin_ref.simulate` begin with the instance
and end with the schedule, those of C with the numbers in memory and with the last completion.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from amin_ref import (
    Amax,
    Amin,
    ClairvoyantPolicy,
    FirstComeFirstServed,
    HindsightShortestFirst,
    Instance,
    Policy,
    simulate,
)
from amin_ref.compiled.columns import columns_of
from amin_ref.workloads import build_instance
from tests.support.project import PROJECT

SOURCE = PROJECT / "tests" / "long" / "benchmarks" / "simulate.c"

PREDICTIONS = ("bins:10", "rough:1:1000")
ARRIVALS = ("at-once", "load:0.9")

POLICIES = (Amin(), Amax(), HindsightShortestFirst(), FirstComeFirstServed())


@dataclass(frozen=True)
class Measured:
    """Processor time of both, which made the same schedule: seconds."""

    ours: float
    c: float
    evictions: int

    @property
    def ratio(self) -> float:
        """How many times as long compiled code takes."""
        return self.ours / self.c


def lmsys_like(requests: int, prediction: str, arrivals: str) -> Instance:
    """Requests with the lengths of LMSYS chats and the article's cache."""
    return build_instance(
        "chat", requests=requests, capacity=16_492, prediction=prediction, arrivals=arrivals
    ).instance


def measured(instance: Instance, policy: Policy | ClairvoyantPolicy, program: Path) -> Measured:
    """Both on one instance, C three times, of which the least counts."""
    warm_up = Instance(instance.capacity, instance.requests[:1000], instance.block_size)
    simulate(warm_up, policy, compiled=True)
    began = user_seconds()
    schedule = simulate(instance, policy, compiled=True)
    ours = user_seconds() - began
    with tempfile.TemporaryDirectory() as folder:
        numbers = Path(folder) / "numbers"
        write_numbers(instance, policy, numbers)
        results = [
            subprocess.run([program, numbers], capture_output=True, text=True, check=True)
            for _ in range(3)
        ]
    seconds, completions, evictions = zip(
        *(result.stdout.split() for result in results), strict=True
    )
    arrivals = sum(request.arrival for request in instance.requests)
    assert {int(value) - arrivals for value in completions} == {schedule.total_latency}
    assert {int(value) for value in evictions} == {schedule.evictions}
    return Measured(ours, min(float(value) for value in seconds), schedule.evictions)


def write_numbers(instance: Instance, policy: Policy | ClairvoyantPolicy, file: Path) -> None:
    """What the C program reads."""
    columns = columns_of(instance, policy)
    rows = np.stack([columns.prompts, columns.outputs, columns.assumed, columns.arrivals], axis=1)
    head = [len(rows), instance.capacity, instance.block_size, int(columns.newest_first)]
    order = np.argsort(columns.arrivals, kind="stable")
    np.concatenate([head, rows.ravel(), order]).astype(np.int64).tofile(file)


def compile_c(folder: Path) -> Path:
    """The C program, compiled."""
    program = folder / "simulate"
    subprocess.run(["gcc", "-O2", "-march=native", "-o", program, SOURCE], check=True)
    return program


def user_seconds() -> float:
    """Processor time in user mode of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=10**6)
    requests: int = parser.parse_args().requests
    print("| policy | prediction | arrivals | evicted | compiled, s | C, s | ratio |")
    print("|---|---|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        program = compile_c(Path(folder))
        for prediction in PREDICTIONS:
            for arrivals in ARRIVALS:
                instance = lmsys_like(requests, prediction, arrivals)
                for policy in POLICIES:
                    found = measured(instance, policy, program)
                    print(
                        f"| {type(policy).__name__} | {prediction} | {arrivals} "
                        f"| {found.evictions:,} | {found.ours:.2f} | {found.c:.2f} "
                        f"| {found.ratio:.2f} |",
                        flush=True,
                    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\nPeak of the process's memory: {peak:,.0f} MiB")


if __name__ == "__main__":
    main()

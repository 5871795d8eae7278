"""How large an instance is solved exactly where evicted requests keep their tokens?

``python -m tests.long.benchmarks.exact_kept_tokens --requests 8 10`` prints the Markdown table of
``proofs_notes/oracle.md``. Each instance has prompts of 1 to 6 and outputs of 1 to 12 tokens, M
from 20 to 30, and in every second one requests arrive up to round 2n. Times are processor seconds
of one core; the time limit is wall-clock time, as everywhere.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from statistics import median

import numpy as np

from amin_ref import Instance, Machine, Request
from oracle import optimum

LONGEST_PROMPT, LONGEST_OUTPUT = 6, 12
CAPACITIES = (20, 30)


def instance(requests: int, number: int) -> Instance:
    """The instance of this number among those with as many requests."""
    generator = np.random.default_rng(1000 * requests + number)
    least, most = CAPACITIES
    capacity = int(generator.integers(least, most + 1))
    found = []
    for position in range(requests):
        prompt_len = int(generator.integers(1, LONGEST_PROMPT + 1))
        output_len = int(generator.integers(1, LONGEST_OUTPUT + 1))
        arrival = int(generator.integers(0, 2 * requests + 1)) * (number % 2)
        found.append(Request(position, prompt_len, output_len, arrival=arrival))
    return Instance(capacity, tuple(found), machine=Machine(after_eviction="resume"))


def line(requests: int, instances: int, seconds: float) -> str:
    """A row of the table."""
    times: list[float] = []
    proven = 0
    for number in range(instances):
        began = time.process_time()
        proven += optimum(instance(requests, number), seconds).proven
        times.append(time.process_time() - began)
    cells = (f"{median(times):.2f}", f"{max(times):.1f}")
    return f"| {requests} | {proven} of {instances} | {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, nargs="+", default=[8, 10])
    parser.add_argument("--instances", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60, help="for each instance")
    given = parser.parse_args(arguments)
    print("| requests | proven | median, s | longest, s |\n|--:|--:|--:|--:|")
    for requests in given.requests:
        print(line(requests, given.instances, given.seconds), flush=True)


if __name__ == "__main__":
    main()

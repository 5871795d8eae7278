"""The policies themselves beside compiled code, on numbers of requests where either may be used.

``python -m tests.long.benchmarks.reference`` prints a Markdown table. Seconds are of processor
time, the least of a few calls after a first call of compiled code, which loads it.
"""

from __future__ import annotations

import argparse
import time

from amin_ref import ClairvoyantPolicy, Instance, Machine, Policy, simulate
from tests.long.benchmarks.compiled import POLICIES, PREDICTIONS, lmsys_like

ENGINE = Machine(
    after_eviction="resume", last_token_stored=False, tokens_per_round=2_048, max_running=256
)
"""A machine as vLLM has it."""

BLOCK = 16
"""Tokens of a block on that machine."""


def seconds(
    instance: Instance, policy: Policy | ClairvoyantPolicy, repeats: int, *, compiled: bool
) -> float:
    """Processor seconds of ``simulate``, the least of several calls."""
    spent = []
    for _ in range(repeats):
        began = time.process_time()
        simulate(instance, policy, compiled=compiled)
        spent.append(time.process_time() - began)
    return min(spent)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=2)
    asked = parser.parse_args()
    print("| policy | prediction | machine | the policy, s | compiled, s |")
    print("|---|---|---|---:|---:|")
    for prediction in PREDICTIONS:
        papers = lmsys_like(asked.requests, prediction, "at-once")
        engines = Instance(papers.capacity, papers.requests, BLOCK, machine=ENGINE)
        for machine, instance in (("the paper's", papers), ("an engine's", engines)):
            for policy in POLICIES:
                simulate(instance, policy, compiled=True)
                of_policy = seconds(instance, policy, asked.repeats, compiled=False)
                of_compiled = seconds(instance, policy, asked.repeats, compiled=True)
                print(
                    f"| {type(policy).__name__} | {prediction} | {machine} "
                    f"| {of_policy:.2f} | {of_compiled:.4f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()

"""The processor time of a round, compiled and of the policy, by the number of waiting requests.

``python -m tests.long.benchmarks.queues`` prints a table of ``proofs_notes/complexity.md``. All
requests arrive in round 0. In compiled code the first thousand come first under every policy, since
the outputs of all others are longer. So the same requests run in the measured rounds, whatever the
number that waits.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace

from amin_ref import (
    Amax,
    Amin,
    ClairvoyantPolicy,
    FirstComeFirstServed,
    HindsightShortestFirst,
    Instance,
    Policy,
    Request,
)
from amin_ref.compiled.columns import columns_of
from amin_ref.compiled.rounds import play
from amin_ref.compiled.simulation import starting_state
from oracle.claims import rounds
from oracle.claims.rounds import OUTPUTS, Backlog, lengths

WAITING = (1_000, 10_000, 100_000, 1_000_000)
"""Numbers of waiting requests, over which the cost of a round should not grow."""

CAPACITY = 16_384
"""M; tokens. The cache then holds about a hundred requests."""

ROUNDS = 250
"""Rounds of a measurement. As many come before, whose time is taken, too, and left out: after the
copies of a million rows the code of the clock is no longer in the processor's cache."""

REPEATS = 25
"""Measurements of which the least counts: each takes a fraction of a millisecond."""

POLICIES = (Amin(), Amax(), HindsightShortestFirst(), FirstComeFirstServed())


def backlog(waiting: int) -> Instance:
    """An instance with this many requests, all there in round 0."""
    prompts, outputs = lengths(Backlog(WAITING[0], CAPACITY))
    longer = OUTPUTS[1]
    requests = [
        Request(position, prompt, output, 1, output)
        for position, (prompt, output) in enumerate(zip(prompts, outputs, strict=True))
    ]
    requests += (
        Request(position, 1, longer, 1, longer) for position in range(len(requests), waiting)
    )
    return Instance(CAPACITY, requests)


def seconds_per_round(instance: Instance, policy: Policy | ClairvoyantPolicy) -> float:
    """Processor seconds of a round in which all but about a hundred requests wait."""
    rules, first = starting_state(instance, columns_of(instance, policy))
    best = math.inf
    play(rules, first, 1)  # all arrive, and the queue is built
    for _ in range(REPEATS):
        state = type(first)(*(column.copy() for column in first))
        spent = 0.0
        for _ in ("to warm up", "to measure"):
            began = time.process_time()
            play(rules, state, ROUNDS)
            spent = time.process_time() - began
        best = min(best, spent)
    return best / ROUNDS


def main() -> None:
    """Measure and print the table."""
    print("| policy | waiting | ns per round | relative to the first row |\n|---|---:|---:|---:|")
    policys = [rounds.seconds_per_round(Backlog(waiting, CAPACITY)) for waiting in WAITING]
    print_rows("Amin, the policy itself", policys)
    whole = backlog(WAITING[-1])
    instances = [replace(whole, requests=whole.requests[:waiting]) for waiting in WAITING]
    for policy in POLICIES:
        costs = [seconds_per_round(instance, policy) for instance in instances]
        print_rows(f"{type(policy).__name__}, compiled", costs)


def print_rows(name: str, costs: Sequence[float]) -> None:
    """A row for each number of waiting requests."""
    for waiting, cost in zip(WAITING, costs, strict=True):
        print(f"| {name} | {waiting:,} | {cost * 1e9:,.0f} | {cost / costs[0]:.2f} |", flush=True)


if __name__ == "__main__":
    main()

"""What a round of Amin costs, apart from everything around it.

``proofs_notes/complexity.md`` has what it comes to.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from amin_ref import Amin, Decision, Policy, RequestId, VisibleRequest

WAITING = (1_000, 10_000, 100_000)
"""Numbers of requests that wait, over which the cost of a round should not grow."""

CAPACITIES = tuple(16_384 * 2**k for k in range(6))
"""Sizes of the cache over which it should grow like M log M; tokens."""


@dataclass(frozen=True)
class Load:
    """What a policy is put under: all requests at once, none of them ever the last.

    Attributes:
        waiting: number of requests.
        capacity: M; tokens.
        rounds: number of rounds that are measured, after as many that are not.
        block_size: B; tokens.
        lower: the predicted lower bound of every request; tokens.
    """

    waiting: int
    capacity: int
    rounds: int = 250
    block_size: int = 1
    lower: int = 1


def lengths(load: Load, seed: int = 0) -> tuple[list[int], list[int]]:
    """Prompt and output lengths; the first of a longer load are those of a shorter one."""
    prompts = np.random.default_rng([seed, 0]).integers(1, 120, load.waiting)
    outputs = np.random.default_rng([seed, 1]).integers(load.lower, 320, load.waiting)
    return prompts.tolist(), outputs.tolist()


def play(policy: Policy, load: Load, seed: int = 0) -> Iterator[Callable[[], Decision]]:
    """One callable a round, to be called once: it asks the policy, and nothing else."""
    prompts, outputs = lengths(load, seed)
    policy.begin(load.capacity, load.block_size)
    arrived = [
        VisibleRequest(position, prompt, load.lower, None, 0, position)
        for position, prompt in enumerate(prompts)
    ]
    started: dict[RequestId, int] = {}
    now = 0
    while True:
        completed = [i for i, start in started.items() if now - start == outputs[int(i)]]
        for request in completed:
            del started[request]
        decisions: list[Decision] = []

        def ask(
            now: int = now,
            arrived: list[VisibleRequest] = arrived,
            completed: list[RequestId] = completed,
            decisions: list[Decision] = decisions,
        ) -> Decision:
            decisions.append(policy.decide(now, arrived, completed))
            return decisions[0]

        yield ask
        for request in decisions[0].evict:
            del started[request]
        started.update(dict.fromkeys(decisions[0].admit, now))
        if len(started) == 0:
            raise ValueError("the load ran out of requests; make it longer")
        arrived = []
        now += 1


def seconds_per_round(load: Load, repeats: int = 5, seed: int = 0) -> float:
    """Processor seconds of one ``decide``: the least mean of several repeats.

    Args:
        load: what Amin is put under.
        repeats: how many; the least is least disturbed by what else the machine does.
        seed: of the lengths.
    """
    best = math.inf
    for _ in range(repeats):
        spent = 0.0
        for now, ask in enumerate(play(Amin(), load, seed)):
            if now == 2 * load.rounds:
                break
            before = time.process_time()
            ask()
            if now >= load.rounds:
                spent += time.process_time() - before
        best = min(best, spent / load.rounds)
    return best


def growth_exponent(sizes: tuple[int, ...], costs: list[float]) -> float:
    """The slope of log cost over log size: 0 is flat, 1 is linear."""
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])


def load_for_capacity(capacity: int, block_size: int = 1, lower: int = 1) -> Load:
    """Requests enough to fill a cache of ``capacity`` over all measured rounds."""
    return Load(capacity // 8, capacity, block_size=block_size, lower=lower)

"""The processor time of a round of Amin, without the simulator around it.

``proofs_notes/complexity.md`` has the results.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from amin_ref import Amin, Decision, Policy, RequestId, VisibleRequest

WAITING = (1_000, 10_000, 100_000)
"""Numbers of waiting requests, over which the cost of a round should not grow."""

CAPACITIES = tuple(16_384 * 2**k for k in range(6))
"""Sizes of the cache, over which the cost of a round should grow like M log M; tokens."""

ROUNDS = 250
"""Rounds of a measurement: the clock's resolution is below a thousandth of their time."""

PROMPTS, OUTPUTS = (1, 120), (1, 320)
"""Least length and end of the range of prompts and outputs; tokens. The
smallest cache then runs about a hundred requests at a time."""

WAITING_PER_TOKEN = 8
"""Tokens of cache for each request of :func:`backlog_for_capacity`: more requests than can complete
within the measured rounds."""


@dataclass(frozen=True)
class Backlog:
    """Requests that a policy schedules: all at once, and more than complete in the rounds.

    Attributes:
        waiting: number of requests.
        capacity: M; tokens.
        rounds: number of measured rounds, after as many rounds that are not measured.
        block_size: B; tokens.
        lower: the predicted lower bound of every request; tokens.
    """

    waiting: int
    capacity: int
    rounds: int = ROUNDS
    block_size: int = 1
    lower: int = 1


def lengths(backlog: Backlog, seed: int = 0) -> tuple[list[int], list[int]]:
    """Prompt and output lengths. A larger backlog begins with the lengths of a smaller one."""
    prompts = np.random.default_rng([seed, 0]).integers(*PROMPTS, backlog.waiting)
    outputs = np.random.default_rng([seed, 1]).integers(backlog.lower, OUTPUTS[1], backlog.waiting)
    return prompts.tolist(), outputs.tolist()


def play(policy: Policy, backlog: Backlog, seed: int = 0) -> Iterator[Callable[[], Decision]]:
    """One callable for each round, to be called once: it runs the policy's decision alone."""
    prompts, outputs = lengths(backlog, seed)
    policy.begin(backlog.capacity, backlog.block_size)
    arrived = [
        VisibleRequest(position, prompt, backlog.lower, None, 0, position)
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
            raise ValueError("the backlog ran out of requests; give it more")
        arrived = []
        now += 1


def seconds_per_round(backlog: Backlog, repeats: int = 5, seed: int = 0) -> float:
    """Processor seconds of one ``decide``: the least mean of several repeats.

    Args:
        backlog: the requests that Amin schedules.
        repeats: number of repeats; other programs disturb the least mean the least.
        seed: of the lengths.
    """
    best = math.inf
    for _ in range(repeats):
        spent = 0.0
        for now, ask in enumerate(play(Amin(), backlog, seed)):
            if now == 2 * backlog.rounds:
                break
            before = time.process_time()
            ask()
            if now >= backlog.rounds:
                spent += time.process_time() - before
        best = min(best, spent / backlog.rounds)
    return best


def growth_exponent(sizes: tuple[int, ...], costs: list[float]) -> float:
    """The slope of log cost over log size: 0 is constant, 1 is linear."""
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])


def backlog_for_capacity(capacity: int, block_size: int = 1, lower: int = 1) -> Backlog:
    """Enough requests to fill a cache of ``capacity`` over all measured rounds."""
    return Backlog(capacity // WAITING_PER_TOKEN, capacity, block_size=block_size, lower=lower)

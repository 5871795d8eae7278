"""The optimum by enumeration of start rounds, written from the specification alone.

It is for machines that restart evicted requests.
"""

from __future__ import annotations

import random

from amin_ref import Instance, Request, RequestId


def held(instance: Instance, starts: dict[RequestId, int], round: int) -> int:
    """Tokens occupied in one round by the requests that have a start round (sections 1, 7)."""
    total = 0
    for request in instance.requests:
        if request.id in starts:
            age = round - starts[request.id] + 1
            if 1 <= age <= request.output_len:
                stored = request.prompt_len + age - (not instance.machine.last_token_stored)
                blocks = -(-stored // instance.block_size)
                total += blocks * instance.block_size
    return total


def naive_optimum(instance: Instance) -> int:
    """The least total latency without evictions; a branch ends when its cost reaches the best."""
    horizon = max((request.arrival for request in instance.requests), default=0)
    horizon += sum(request.output_len for request in instance.requests)
    best: int | None = None

    def extend(position: int, starts: dict[RequestId, int], cost: int) -> None:
        nonlocal best
        if position == len(instance.requests):
            best = cost if best is None else min(best, cost)
            return
        request = instance.requests[position]
        for start in range(request.arrival, horizon - request.output_len + 1):
            latency = start + request.output_len - request.arrival
            if best is not None and cost + latency >= best:
                break
            starts[request.id] = start
            during = range(start, start + request.output_len)
            if all(held(instance, starts, round) <= instance.capacity for round in during):
                extend(position + 1, starts, cost + latency)
            del starts[request.id]

    extend(0, {}, 0)
    assert best is not None, "one after the other, all fit before the horizon"
    return best


def random_instance(
    rng: random.Random, requests: int, longest: int, block_size: int, latest: int
) -> Instance:
    """Unequal prompts and outputs in a cache that holds the largest request, or two or three."""
    chosen = [
        Request(index, rng.randint(1, 5), rng.randint(1, longest), arrival=rng.randint(0, latest))
        for index in range(requests)
    ]
    peaks = [
        -(-(request.prompt_len + request.output_len) // block_size) * block_size
        for request in chosen
    ]
    capacity = max(peaks) + rng.randint(0, max(peaks))
    return Instance(capacity, tuple(chosen), block_size)

"""Smallest remaining volume first (SRV): in each round, fill the cache with what is nearly done.

Where evicted requests keep their tokens, a request that has generated g of its o tokens still takes
Σ_{a=g+1..o} occ(a) token·rounds of cache: its remaining volume. In each round, SRV goes through all
unfinished requests in ascending order of it, from scratch, and takes each that fits.
"""

from __future__ import annotations

import bisect

import numpy as np

from amin_ref.model.instance import Instance
from oracle.starts.token_rounds import held_by_token


def smallest_remaining_volume_first(instance: Instance) -> list[list[int]]:
    """The token rounds of SRV; ties by position in the instance."""
    requests = instance.requests
    held = [held_by_token(instance, request) for request in requests]
    remaining = [np.cumsum(own[::-1])[::-1].tolist() for own in held]
    next_held = [own.tolist() for own in held]
    coming = sorted(range(len(requests)), key=lambda position: requests[position].arrival)
    coming.reverse()
    rounds: list[list[int]] = [[] for _ in requests]
    waiting: list[tuple[int, int]] = []  # remaining volume and position, in ascending order
    now = 0
    least = min((own[0] for own in next_held), default=0)
    while coming or waiting:
        if not waiting:
            now = max(now, requests[coming[-1]].arrival)
        while coming and requests[coming[-1]].arrival <= now:
            position = coming.pop()
            bisect.insort(waiting, (remaining[position][0], position))
        waiting = _after_round(waiting, instance.capacity, least, now, rounds, next_held, remaining)
        now += 1
    return rounds


def _after_round(
    waiting: list[tuple[int, int]],
    free: int,
    least: int,
    now: int,
    rounds: list[list[int]],
    held: list[list[int]],
    remaining: list[list[int]],
) -> list[tuple[int, int]]:
    """One round of SRV: adds it to the rounds of those that run; the unfinished after it.

    Args:
        waiting: the unfinished requests, in ascending order of remaining volume.
        free: tokens of cache.
        least: no token occupies less than this, so that with less room the round is full.
        now: the round.
        rounds: of each request, so far.
        held: what each request occupies in the round of each token.
        remaining: its remaining volume before each token.
    """
    passed: list[tuple[int, int]] = []
    going_on: list[tuple[int, int]] = []
    for place, (volume, position) in enumerate(waiting):
        if free < least:
            passed += waiting[place:]
            break
        own = rounds[position]
        needed = held[position][len(own)]
        if needed > free:
            passed.append((volume, position))
            continue
        free -= needed
        own.append(now)
        if len(own) < len(held[position]):
            going_on.append((remaining[position][len(own)], position))
    return sorted(passed + going_on)

"""Pairs of a fast and a plain version, in which ``crosshair diffbehavior`` seeks differences.

Both functions of a pair have the same parameters, and reduce all integers to the same small range.
:func:`concrete` replaces a symbolic integer by one of its values, because arrays cannot hold it.
"""

from __future__ import annotations

import numpy as np

from amin_ref import Instance, Request
from amin_ref.model.blocks import occupied, occupied_by_round
from amin_ref.policies.lookahead import Batch, Job
from amin_ref.simulator.cache import KVCache
from oracle.certificate import Certificate, Stretch, verify
from tests.models.plain import PlainBatch, bound

Lengths = tuple[int, int]
"""A prompt, and an output or a bound of it."""

PAIRS = (
    ("occupancies_fast", "occupancies_plain"),
    ("cache_fast", "cache_plain"),
    ("batch_fast", "batch_plain"),
    ("bound_fast", "bound_plain"),
)


def concrete(number: int) -> int:
    """One of the values that a symbolic integer may have here."""
    return int(np.int64(number))


def occupancies_fast(tokens: int, rounds: int, block_size: int) -> list[int]:
    """``occupied_by_round``, which computes an array."""
    found = occupied_by_round(
        concrete(tokens % 9), concrete(1 + rounds % 5), concrete(1 + block_size % 4)
    )
    return [int(held) for held in found]


def occupancies_plain(tokens: int, rounds: int, block_size: int) -> list[int]:
    """The same by its meaning."""
    return [occupied(tokens % 9 + k + 1, 1 + block_size % 4) for k in range(1 + rounds % 5)]


def cache_fast(first: int, second: int, apart: int, block_size: int) -> int:
    """The tokens that ``KVCache``, which counts by remainders, finds for two requests."""
    cache = KVCache(100, 1 + block_size % 4)
    cache.admit("a", 1 + first % 9, 0)
    for now in range(apart % 4):
        cache.generate(now)
    cache.admit("b", 1 + second % 9, apart % 4)
    return cache.after_round(apart % 4)


def cache_plain(first: int, second: int, apart: int, block_size: int) -> int:
    """The same by its meaning."""
    size = 1 + block_size % 4
    return occupied(1 + first % 9 + apart % 4 + 1, size) + occupied(1 + second % 9 + 1, size)


def batch_fast(first: Lengths, second: Lengths, room: int, block_size: int, now: int) -> list[bool]:
    """Answers of ``Batch``, whose plan is an array, in two rounds."""
    batch = Batch(concrete(4 + room % 16), concrete(1 + block_size % 3))
    return two_rounds(batch, first, second, concrete(1 + now % 4))


def batch_plain(
    first: Lengths, second: Lengths, room: int, block_size: int, now: int
) -> list[bool]:
    """Answers of ``PlainBatch``, which has no plan."""
    batch = PlainBatch(concrete(4 + room % 16), concrete(1 + block_size % 3))
    return two_rounds(batch, first, second, concrete(1 + now % 4))


def two_rounds(batch: Batch, first: Lengths, second: Lengths, now: int) -> list[bool]:
    """One request runs; ``now`` rounds later another one is tested, and admitted if it fits."""
    early, late = (
        Job(i, concrete(1 + prompt_len % 7), concrete(1 + bound % 5), (i,))
        for i, (prompt_len, bound) in enumerate((first, second))
    )
    batch.begin_round(0, [])
    batch.admit(early)
    for round in range(1, now + 1):
        batch.begin_round(round, [])
        early.assumed = max(early.assumed, round)
    answers = [batch.overflows(), batch.fits(late)]
    if answers[1]:
        batch.admit(late)
        batch.begin_round(now + 1, [])
        answers += [batch.overflows()]
        batch.remove(early)
        answers += [batch.overflows(), batch.fits(early)]
    return answers


def bound_fast(prices: tuple[int, int, int], request: Lengths, arrival: int, size: int) -> int:
    """``verify``, which sums over arrays."""
    only = Request(
        "a",
        concrete(1 + request[0] % 4),
        concrete(1 + request[1] % 4),
        arrival=concrete(arrival % 3),
    )
    instance = Instance(12, (only,), concrete(1 + size % 4))
    stretch = Stretch(0, tuple(concrete(price % 50) for price in prices))
    return verify(instance, Certificate(instance, 7, (stretch,)))


def bound_plain(prices: tuple[int, int, int], request: Lengths, arrival: int, size: int) -> int:
    """The formula of the specification, start by start and round by round."""
    only = (1 + request[0] % 4, 1 + request[1] % 4, arrival % 3)
    return -(-bound(tuple(price % 50 for price in prices), 7, [only], 12, 1 + size % 4) // 7)

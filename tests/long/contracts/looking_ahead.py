"""Look-ahead and eviction (specification, section 3, steps 3 and 4; T1, T6, T7)."""

from __future__ import annotations

from amin_ref.model.blocks import occupied
from amin_ref.policies.lookahead import (
    Job,
    WaitingQueue,
    admit_in_order,
    ascending,
    evict_in_order,
)
from tests.models.plain import PlainBatch

Ahead = tuple[int, int]
"""A running request: the tokens it holds, and how many more it is assumed to generate."""


def held_after(running: tuple[Ahead, ...], rounds: int, block_size: int) -> int:
    """Tokens held ``rounds`` rounds from now by the requests that still run then."""
    return sum(occupied(held + rounds + 1, block_size) for held, more in running if rounds < more)


def one_stop_suffices(a: Ahead, rounds: int, capacity: int, block_size: int) -> int:
    """A request that fits in its last round fits in all of them.

    pre: a[0] >= 1 and a[1] >= 1 and rounds >= 0 and capacity >= 0 and block_size >= 1
    pre: held_after((a,), a[1] - 1, block_size) <= capacity
    post: __return__ <= capacity
    """
    return held_after((a,), rounds, block_size)


def two_stops_suffice(a: Ahead, b: Ahead, rounds: int, capacity: int, block_size: int) -> int:
    """Two requests that fit in the last round of each fit in every round.

    pre: min(a) >= 1 and min(b) >= 1 and rounds >= 0 and capacity >= 0
    pre: block_size in (1, 2, 4, 16)
    pre: held_after((a, b), a[1] - 1, block_size) <= capacity
    pre: held_after((a, b), b[1] - 1, block_size) <= capacity
    post: __return__ <= capacity
    """
    return held_after((a, b), rounds, block_size)


def three_stops_suffice(a: Ahead, b: Ahead, c: Ahead, rounds: int, capacity: int) -> int:
    """Three requests that fit in the last round of each fit in every round, at B = 1.

    pre: min(a) >= 1 and min(b) >= 1 and min(c) >= 1 and rounds >= 0 and capacity >= 0
    pre: held_after((a, b, c), a[1] - 1, 1) <= capacity
    pre: held_after((a, b, c), b[1] - 1, 1) <= capacity
    pre: held_after((a, b, c), c[1] - 1, 1) <= capacity
    post: __return__ <= capacity
    """
    return held_after((a, b, c), rounds, 1)


def waits_in_order(bounds: tuple[int, int, int], ranks: tuple[int, int, int]) -> list[Ahead]:
    """The waiting queue returns requests in ascending ≺: by bound, then by rank.

    pre: len(set(ranks)) == 3
    post: __return__ == sorted(zip(bounds, ranks))
    """
    queue = WaitingQueue()
    queue.add(Job(i, 1, bounds[i], (ranks[i],)) for i in range(3))
    return [(job.assumed, int(job.rank[0])) for job in (queue.take() for _ in range(3))]


def running_jobs(batch: PlainBatch, prompt_lens: tuple[int, ...]) -> list[Job]:
    """Admit requests that have these prompts and bound 1, whether they fit or not."""
    jobs = [Job(i, prompt_len, 1, (i,)) for i, prompt_len in enumerate(prompt_lens)]
    for job in jobs:
        batch.admit(job)
    return jobs


def next_token(prompt_lens: tuple[int, ...], block_size: int) -> int:
    """The tokens that requests with these prompts occupy with their first output token."""
    return sum(occupied(prompt_len + 1, block_size) for prompt_len in prompt_lens)


def evicts_no_more_than_needed(prompt_lens: tuple[int, ...], capacity: int, block_size: int) -> int:
    """The number of evictions, in the given order: the rest fit, and with one fewer they do not.

    pre: len(prompt_lens) <= 3 and capacity >= 0 and block_size in (1, 4)
    pre: all(prompt_len >= 1 for prompt_len in prompt_lens)
    post: next_token(prompt_lens[__return__:], block_size) <= capacity
    post: __return__ == 0 or next_token(prompt_lens[__return__ - 1:], block_size) > capacity
    """
    batch = PlainBatch(capacity, block_size)
    evicted = evict_in_order(batch, iter(running_jobs(batch, prompt_lens)))
    return len(evicted)


def evicts_the_first(bounds: tuple[int, int, int], capacity: int) -> list[Ahead]:
    """Every evicted request precedes, in ≺, every request that stays.

    pre: min(bounds) >= 1 and 0 <= capacity <= 9
    post: __return__ == sorted(zip(bounds, range(3)))[:len(__return__)]
    """
    batch = PlainBatch(capacity, 1)
    for job, bound in zip(running_jobs(batch, (1, 2, 3)), bounds, strict=True):
        job.assumed = bound
    evicted = evict_in_order(batch, ascending(batch.running))
    return [(job.assumed, int(job.rank[0])) for job in evicted]


def admits_what_fits(
    prompt_lens: tuple[int, int, int], bounds: tuple[int, int, int], capacity: int
) -> bool:
    """Admitted requests are the first, fit at every assumed stop, and with the next they do not.

    pre: min(prompt_lens) >= 1 and capacity >= 0
    pre: 1 <= bounds[0] <= bounds[1] <= bounds[2] <= 2
    post: __return__
    """
    batch, waiting = PlainBatch(capacity, 1), WaitingQueue()
    waiting.add(Job(i, prompt_lens[i], bounds[i], (i,)) for i in range(3))
    admitted = admit_in_order(batch, waiting)
    ahead = [(prompt_lens[i], bounds[i]) for i in range(3)]
    return (
        admitted == tuple(range(len(admitted)))
        and fits_at_stops(ahead[: len(admitted)], capacity)
        and (len(admitted) == 3 or not fits_at_stops(ahead[: len(admitted) + 1], capacity))
    )


def fits_at_stops(ahead: list[Ahead], capacity: int) -> bool:
    """Whether requests fit, judged by the last round of each."""
    return all(held_after(tuple(ahead), more - 1, 1) <= capacity for _, more in ahead)

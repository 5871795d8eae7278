"""The tokens that a request occupies, and the cache that counts them (specification, section 1)."""

from __future__ import annotations

from amin_ref.model.blocks import longest_output, occupied
from amin_ref.simulator.cache import KVCache, Stay


def whole_blocks(tokens: int, block_size: int) -> int:
    """B·⌈x/B⌉ is the least number of whole blocks that holds x tokens.

    pre: tokens >= 0 and block_size >= 1
    post: __return__ % block_size == 0
    post: tokens <= __return__ < tokens + block_size
    """
    return occupied(tokens, block_size)


def never_falls(tokens: int, more: int, block_size: int) -> bool:
    """With more tokens, a request occupies no less.

    pre: tokens >= 0 and more >= 0 and block_size in (1, 2, 4, 16)
    post: __return__
    """
    return occupied(tokens, block_size) <= occupied(tokens + more, block_size)


def longest_that_fits(prompt_len: int, output_len: int, capacity: int, block_size: int) -> bool:
    """An output fits an empty cache exactly when it is no longer than ``longest_output``.

    pre: prompt_len >= 1 and output_len >= 1 and capacity >= 1 and block_size >= 1
    post: __return__
    """
    fits = occupied(prompt_len + output_len, block_size) <= capacity
    return fits == (output_len <= longest_output(prompt_len, capacity, block_size))


def new_block_at_one_remainder(prompt_len: int, start: int, now: int, block_size: int) -> bool:
    """The cache's rule: a token takes a new block only at one remainder of the round modulo B.

    pre: prompt_len >= 1 and 0 <= start <= now and block_size in (1, 2, 4, 16)
    post: __return__
    """
    held = prompt_len + now - start
    grows = occupied(held + 1, block_size) - occupied(held, block_size)
    takes_a_block = now % block_size == (start - prompt_len) % block_size
    return grows == (block_size if takes_a_block else 0)


def cache_of_one(prompt_len: int, start: int, rounds: int, block_size: int) -> bool:
    """In every round the cache counts its only request's tokens, and none after its release.

    pre: prompt_len >= 1 and start >= 0 and 1 <= rounds <= 5 and block_size in (1, 2, 4)
    post: __return__
    """
    cache = KVCache(10**9, block_size)
    cache.admit("a", prompt_len, start)
    for now in range(start, start + rounds):
        if cache.after_round(now) != occupied(prompt_len + now - start + 1, block_size):
            return False
        cache.generate(now)
    stay = cache.release("a", start + rounds)
    return stay == Stay(start, rounds) and cache.after_round(start + rounds) == 0


def cache_of_two(first: int, second: int, apart: int, block_size: int) -> bool:
    """Two requests, the second admitted later, the first released while the second goes on.

    pre: first >= 1 and second >= 1 and 0 <= apart <= 3 and block_size in (1, 2, 4)
    post: __return__
    """
    cache = KVCache(10**9, block_size)
    cache.admit("a", first, 0)
    for now in range(apart):
        cache.generate(now)
    cache.admit("b", second, apart)
    both = occupied(first + apart + 1, block_size) + occupied(second + 1, block_size)
    if cache.after_round(apart) != both:
        return False
    cache.generate(apart)
    cache.release("a", apart + 1)
    return cache.after_round(apart + 1) == occupied(second + 2, block_size)

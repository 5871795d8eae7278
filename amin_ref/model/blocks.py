"""Block rounding: what a request occupies in a paged KV cache (specification, section 1)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def occupied(tokens: int, block_size: int) -> int:
    """Tokens of cache that a request with ``tokens`` tokens occupies: B·⌈tokens/B⌉."""
    return -(-tokens // block_size) * block_size


def occupied_by_round(tokens: int, rounds: int, block_size: int) -> NDArray[np.int64]:
    """What a request that has ``tokens`` tokens occupies in each of its next ``rounds`` rounds.

    The request generates one token a round: entry k is ``occupied(tokens + k + 1, block_size)``.
    """
    held = np.arange(tokens + 1, tokens + rounds + 1, dtype=np.int64)
    if block_size == 1:
        return held
    return -(-held // block_size) * block_size


def longest_output(prompt_len: int, capacity: int, block_size: int) -> int:
    """The longest output of a prompt that fits the empty cache (specification, section 4); tokens.

    It is the largest o with B·⌈(s + o)/B⌉ ≤ M, which is B·⌊M/B⌋ - s; zero or less if no token fits.
    """
    return capacity // block_size * block_size - prompt_len


def volume(prompt_len: int, output_len: int, block_size: int) -> int:
    """Cache that a whole run takes up: Σ_{a=1..o} B·⌈(s + a)/B⌉, in token·rounds; exact."""
    return _occupied_up_to(prompt_len + output_len, block_size) - _occupied_up_to(
        prompt_len, block_size
    )


def _occupied_up_to(tokens: int, block_size: int) -> int:
    """Σ_{x=1..tokens} B·⌈x/B⌉."""
    full, rest = divmod(tokens, block_size)
    return block_size * (block_size * full * (full + 1) // 2 + rest * (full + 1))

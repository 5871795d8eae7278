"""In which rounds does a request that keeps its tokens generate them at the least cost?

On a machine with ``after_eviction="resume"`` a request may pause after any token and continue later
(specification, section 7). So its tokens a = 1, …, o are generated in rounds
r ≤ t_1 < t_2 < … < t_o of its own choice, and with a price λ_τ of a token of cache in each round τ
it costs at least::

    min over r ≤ t_1 < … < t_o of [ D·(t_o + 1 − r) + Σ_a λ_{t_a} · occ(a) ]

:func:`cheapest` computes this by an exact dynamic programme, for all requests of one prompt length
and one arrival together. Let f_a(t) be the least price of the first a tokens in rounds before t:
f_0 = 0 and f_a(t + 1) = min(f_a(t), f_{a−1}(t) + λ_t · occ(a)). The proof that it is right is in
``proofs_notes/theorems/optimum_resume.md``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from amin_ref.model.blocks import occupied_by_round

Integers = NDArray[np.int64]
"""Exact integers: int64 where that is proven to suffice, Python's own in an object array else."""

LARGEST_SUM = 2**62
"""Below it, int64 is exact: no sum of the programme exceeds twice the largest cost."""


def exact_integers(multipliers: Sequence[int], denominator: int, capacity: int) -> Integers:
    """The prices as an array in which :func:`cheapest` cannot overflow.

    Args:
        multipliers: the price of a token in each round, times the denominator.
        denominator: what a round of delay costs.
        capacity: the most that a request occupies, and so the longest output; tokens.
    """
    largest = sum(multipliers) * capacity + denominator * (len(multipliers) + capacity + 1)
    return np.array(multipliers, dtype="int64" if largest < LARGEST_SUM else "object")


def rounds_that_matter(
    prices: Integers, denominator: int, stored: int, output_len: int, block_size: int
) -> int:
    """Rounds after the arrival beyond which no cheapest sequence completes, at most all priced.

    Generating a token in each round from the arrival on costs c. Whatever completes more than c/D
    rounds after the arrival costs more by its delay alone.

    Args:
        prices: of each round from the arrival on, times the denominator.
        denominator: D, what a round of delay costs.
        stored: tokens that the request stores before its first token counts.
        output_len: its output, or the longest of several; tokens.
        block_size: B.
    """
    at_once = prices[:output_len]
    held = occupied_by_round(stored, len(at_once), block_size).astype(prices.dtype)
    cost = denominator * output_len + int(at_once @ held)
    return min(cost // denominator, len(prices))


def steps(rounds: int, longest: int) -> int:
    """Additions of :func:`cheapest` for this many rounds and an output of ``longest`` tokens."""
    rows = min(rounds, longest)
    return rows * rounds - rows * (rows - 1) // 2


def cheapest(
    prices: Integers, denominator: int, stored: int, outputs: Collection[int], block_size: int
) -> dict[int, int]:
    """The least cost of a request for each of these output lengths, times the denominator; exact.

    Args:
        prices: of each round from the arrival on, times the denominator, from
            :func:`exact_integers`; later rounds have a price of zero.
        denominator: D, what a round of delay costs.
        stored: tokens that the request stores before its first token counts.
        outputs: output lengths, each at least 1; tokens.
        block_size: B.
    """
    longest = max(outputs)
    rounds = rounds_that_matter(prices, denominator, stored, longest, block_size)
    prices = prices[:rounds]
    held = occupied_by_round(stored, longest, block_size).tolist()
    delay: Integers = denominator * (np.arange(rounds) + 1).astype(prices.dtype)
    # The last tokens may come when the priced rounds are over, one a round.
    least = {output_len: denominator * (rounds + output_len) for output_len in outputs}
    before: Integers = np.zeros(rounds + 1, dtype=prices.dtype)  # f_{a−1}(t) for t = 0, 1, …
    for token in range(1, min(longest, rounds) + 1):
        # Token a is at the earliest in round a − 1: every earlier entry of f_{a−1} is infinite.
        first = token - 1
        now = before[:-1] + prices[first:] * held[first]
        if token in least:
            least[token] = min(least[token], int((now + delay[first:]).min()))
        before = np.minimum.accumulate(now)
        priced = int(before[-1])
        for output_len in least:
            if output_len > token:
                late = priced + denominator * (rounds + output_len - token)
                least[output_len] = min(least[output_len], late)
    return least

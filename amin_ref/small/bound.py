"""Bounds on Amin's ratio to OPT: T12's, for the instances of a table, and T16's, for all."""

from __future__ import annotations

from fractions import Fraction
from math import log

from amin_ref.small.setting import Setting

INTERCEPT = Fraction(33, 10)
"""a. H-SF's ratio to OPT is at most 1.13 in the whole table. But for α = 7/8, Amin's ratio already
approaches 3 as the number of requests grows."""

SLOPE = Fraction(9, 10)
"""b, per unit of ln(1/α)."""

LONGEST_PROMPT_PER_LOWER = 4
"""T12 is stated for s ≤ 4ℓ; longer prompts break it with few requests (:func:`is_stated_for`)."""


def ratio_bound(alpha: Fraction) -> float:
    """The number a + b·ln(1/α), which Amin's ratio to OPT does not exceed on T12's table.

    T12 states it for identical prompts that all arrive at once, blocks of one token, one predicted
    interval, :func:`is_stated_for`, and the sizes of the table in ``proofs_notes/ratio.md``. It is
    exceeded on larger instances: Amin's worst ratio is of order 1/α (T15;
    :func:`amin_ref.families.staggered`). So a scheduler that exceeds this number need not be worse
    than Amin.
    """
    return float(INTERCEPT) + float(SLOPE) * log(1 / alpha)


def phase_length(setting: Setting) -> Fraction:
    """D of T16: after fewer than D rounds of a full cache, ⌈k/2⌉ requests complete; rounds.

    D = 2u + 16(s + u)·Λ, with Λ the sum of 1/(2s + max(b - 2, ℓ)) over b = 1, …, u.
    """
    s, lower, upper = setting.prompt_len, setting.lower, setting.upper
    most_at_once = sum(
        (Fraction(1, 2 * s + max(b - 2, lower)) for b in range(1, upper + 1)), Fraction()
    )
    return 2 * upper + 16 * (s + upper) * most_at_once


def proved_ratio(setting: Setting) -> Fraction:
    """A bound on Amin's ratio to OPT for any number of requests of the setting (T16)."""
    s, lower, upper = setting.prompt_len, setting.lower, setting.upper
    rounds = phase_length(setting)
    least_volume = lower * s + lower * (lower + 1) // 2
    return 3 * (s + upper) * rounds / least_volume + (rounds + upper) / lower


def proved_makespan(setting: Setting, requests: int) -> Fraction:
    """A bound on the makespan of Amin's schedule of ``requests`` requests (T16); rounds."""
    return requests * phase_length(setting) + setting.upper


def is_stated_for(setting: Setting) -> bool:
    """Whether T12 is stated for ``setting``: s ≤ 4ℓ.

    If the prompt is long beside all outputs, every request occupies about the same cache, the cache
    never overflows, and Amin runs the requests in tie-break order: with few requests its ratio then
    grows like the square root of 1/α.
    """
    return setting.prompt_len <= LONGEST_PROMPT_PER_LOWER * setting.lower

"""The bound of theorem T12 on Amin's ratio to OPT, and the settings for which it is stated."""

from __future__ import annotations

from fractions import Fraction
from math import log

from amin_ref.small.setting import Setting

INTERCEPT = Fraction(33, 10)
"""a. H-SF's ratio to OPT is at most 1.13 in the whole table. But for every α < 1, Amin's ratio
approaches 3 as the number of requests grows."""

SLOPE = Fraction(9, 10)
"""b, per unit of ln(1/α)."""

LONGEST_PROMPT_PER_LOWER = 4
"""The bound is stated for s ≤ 4ℓ; longer prompts break it (:func:`is_stated_for`)."""


def ratio_bound(alpha: Fraction) -> float:
    """The bound a + b·ln(1/α) on Amin's ratio to OPT.

    T12 states it for identical prompts that all arrive at once, blocks of one token, one predicted
    interval, and :func:`is_stated_for`. It is checked on a finite table and is not proved for other
    instances. ``proofs_notes/ratio.md`` says how a and b were chosen and how close they are to the
    ratios found.
    """
    return float(INTERCEPT) + float(SLOPE) * log(1 / alpha)


def is_stated_for(setting: Setting) -> bool:
    """Whether T12 is stated for ``setting``: s ≤ 4ℓ.

    If the prompt is long beside all outputs, every request occupies about the same cache, the cache
    never overflows, and Amin runs the requests in tie-break order: its ratio then grows like the
    square root of 1/α.
    """
    return setting.prompt_len <= LONGEST_PROMPT_PER_LOWER * setting.lower

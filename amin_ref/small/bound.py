"""The bound of T12 on Amin's ratio to OPT, and where it is stated to hold."""

from __future__ import annotations

from fractions import Fraction
from math import log

from amin_ref.small.instances import Setting

INTERCEPT = Fraction(33, 10)
"""a. Far above H-SF's own distance from OPT (at most 1.13 on everything exhausted): as soon as
α < 1 by however little, Amin's ratio approaches 3 with the number of requests."""

SLOPE = Fraction(9, 10)
"""b, per unit of ln(1/α)."""

LONGEST_PROMPT_PER_LOWER = 4
"""The bound is stated for s ≤ 4ℓ. Longer prompts break it (see :func:`is_stated_for`)."""


def ratio_bound(alpha: Fraction) -> float:
    """What Amin's ratio to OPT is at most: a + b·ln(1/α).

    A statement of T12 about identical prompts that all arrive at once, in blocks of one token, with
    one predicted interval and :func:`is_stated_for`. It is not proved. How the two numbers were
    chosen, on what they were checked and how near they are to what was found is written in
    ``proofs_notes/ratio.md``.
    """
    return float(INTERCEPT) + float(SLOPE) * log(1 / alpha)


def is_stated_for(setting: Setting) -> bool:
    """Whether T12 is stated for ``setting``: prompts at most four times the lower bound.

    Where a prompt outweighs all that is ever generated, requests cost the same whatever their
    outputs are, nothing overflows, and Amin runs them in the order of the tie-break: its ratio then
    grows like the square root of 1/α.
    """
    return setting.prompt_len <= LONGEST_PROMPT_PER_LOWER * setting.lower

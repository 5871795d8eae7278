"""The family of theorem T13 (c): Amax runs batches one after the other, the longest first.

Amax reserves u for every request, so few run at once, whatever their lengths, and the requests of
a batch leave the cache nearly empty. The lengths are mixed so that the ratio is largest.
"""

from __future__ import annotations

import numpy as np

from amin_ref.families.volume import demand_few, volume
from amin_ref.model.errors import InvalidValue
from amin_ref.model.instance import Instance
from amin_ref.model.validation import whole_number

HALVINGS = 60
"""Steps of the bisection for μ: more than a double has bits."""


def longest_first(
    prompt_len: int, lower: int, upper: int, at_once: int, longest: int, batches: int
) -> Instance:
    """The instance of theorem T13 (c) with parameters s, ℓ, u, k, L and b.

    The cache has M = (k + 1)(s + u) - L tokens. There are b batches of k requests. All requests of
    a batch have the same length, which does not rise from batch to batch, and about
    b/(1 + μ(s + x + 1)) batches are longer than x, for ℓ ≤ x < L. Here μ is :func:`growth` with
    L in place of u. Amax runs one batch after the other. As b grows, the ratio of Amax to OPT
    tends to ((k + 1)(s + u) - s - 2L)/k · μ at least.

    Args:
        prompt_len: s, length of every prompt; tokens, at least 1.
        lower: ℓ, predicted lower bound of every output; tokens, at least 1.
        upper: u, predicted upper bound; tokens, at least ℓ + 1.
        at_once: k, requests of a batch; at least 1.
        longest: L, the longest output; tokens, from ℓ to u.
        batches: b; at least 1.

    Returns:
        The instance; its ids are 0, 1, 2, … in order of rank.

    Raises:
        InvalidValue: a parameter is out of its range, or there are more than
            :data:`~amin_ref.families.volume.MOST_REQUESTS` requests.
    """
    whole_number("prompt_len", prompt_len, 1, "tokens")
    whole_number("lower", lower, 1, "tokens")
    whole_number("upper", upper, lower + 1, "tokens")
    whole_number("at_once", at_once, 1, "requests")
    whole_number("longest", longest, lower, "tokens")
    whole_number("batches", batches, 1, "batches")
    if longest > upper:
        raise InvalidValue(
            "longest",
            longest,
            f"it must not be more than upper, which is {upper}",
            f"give {upper} or less",
        )
    demand_few(max(at_once * batches, longest))
    mu = growth(prompt_len, lower, longest)
    longer = [
        batches if x < lower else round(batches / (1 + mu * (prompt_len + x + 1)))
        for x in range(longest)
    ]
    longer.append(0)
    outputs = [
        length
        for length in range(longest, 0, -1)
        for _ in range(at_once * (longer[length - 1] - longer[length]))
    ]
    return Instance.from_lengths(
        [(prompt_len, output_len) for output_len in outputs],
        capacity=(at_once + 1) * (prompt_len + upper) - longest,
        predictions=[(lower, upper)] * len(outputs),
    )


def growth(prompt_len: int, lower: int, upper: int) -> float:
    """μ(s, ℓ, u): Amax's worst ratio is about (s + u)·μ (theorem T13).

    It is the root of ℓ + Σ_{x=ℓ}^{u-1} 1/(1 + μ(s + x + 1)) = μ·v(ℓ), and the largest value of
    E max(o, o')/E min(v(o), v(o')) for two independent outputs with the same distribution on
    [ℓ, u].

    Args:
        prompt_len: s; tokens, at least 1.
        lower: ℓ; tokens, at least 1.
        upper: u; tokens, at least ℓ.

    Returns:
        μ; 1/tokens.
    """
    least, most = 0.0, 1.0
    while _excess(most, prompt_len, lower, upper) > 0:
        most *= 2
    for _ in range(HALVINGS):
        middle = (least + most) / 2
        if _excess(middle, prompt_len, lower, upper) > 0:
            least = middle
        else:
            most = middle
    return least


def _excess(mu: float, prompt_len: int, lower: int, upper: int) -> float:
    """The left side of the equation for μ minus the right side; it falls with μ."""
    held = np.arange(prompt_len + lower + 1, prompt_len + upper + 1, dtype=np.float64)
    return lower + float((1 / (1 + mu * held)).sum()) - mu * volume(prompt_len, lower)

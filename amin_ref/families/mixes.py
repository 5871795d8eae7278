"""The families of theorem T17: mixes of output lengths that stay bad when ties are shuffled.

The instances list the requests in ascending order of length, so ties must be broken by a
:class:`~amin_ref.policies.ties.Shuffled` order: by position Amin would serve the shortest first. In
all of them ℓ = 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, sqrt

from amin_ref.families.volume import demand_few, volume
from amin_ref.model.instance import Instance
from amin_ref.model.validation import whole_number

LONG_PER_UPPER = 6
"""The share of long requests in :func:`uniform_tail`, times u: of the shares tried the worst."""

DECAY_SHARE, DECAY_LENGTH = 5.5, 0.6
"""In :func:`decaying_tail`: the share of long requests, times u, and the length over which the tail
falls by a factor e, over u. A search over such mixes at u = 64 found these."""


def steady(prompt_len: int, upper: int, capacity: int) -> Instance:
    """The mix of theorem F, with parameters s, u and M.

    With r = 1 - 1/u, L = ⌊log₂ u⌋ and Q = 1/√(3(s + 1)L), a share Q(s + 1)r^(j-1)/(s + 1 + j) of
    the requests is longer than j tokens, for 1 ≤ j < u. In the limit of large M, Amin starts
    (A + B(r - Q)^t)·M/(s + 1) requests in round t < u, A = 1/(1 + uQ), B = 1 - A, evicts none
    before round u, and starts the last request in round u - 1.

    Args:
        prompt_len: s, length of every prompt; tokens, at least 1.
        upper: u, the longest output; tokens, at least 2.
        capacity: M; tokens, at least s + u.

    Returns:
        The instance; its ids are 0, 1, 2, … in ascending order of length.

    Raises:
        InvalidValue: a parameter is out of its range, or there are more than
            :data:`~amin_ref.families.volume.MOST_REQUESTS` requests.
    """
    _check(prompt_len, upper, capacity)
    r, share = 1 - 1 / upper, steady_share(prompt_len, upper)
    theta = r - share
    a = (1 - r) / (1 - theta)
    b = (r - theta) / (1 - theta)
    starts = a * upper + b * (1 - theta**upper) / (1 - theta)  # Σ (A + Bθ^t)
    requests = int(capacity / (prompt_len + 1) * starts)
    demand_few(requests)
    tail = [share * (prompt_len + 1) * r ** (j - 1) / (prompt_len + 1 + j) for j in range(1, upper)]
    return _with_tail(prompt_len, upper, capacity, requests, tail)


def steady_share(prompt_len: int, upper: int) -> float:
    """Q = 1/√(3(s + 1)⌊log₂ u⌋) of theorem F.

    Args:
        prompt_len: s; tokens, at least 1.
        upper: u; tokens, at least 2.

    Returns:
        Q, a pure number.
    """
    return 1 / sqrt(3 * (prompt_len + 1) * (upper.bit_length() - 1))


def two_lengths(prompt_len: int, upper: int, requests: int, capacity: int) -> Instance:
    """The mix of theorem G, with parameters s, u, n and M: outputs of 1 and of u tokens.

    A share √((s + 1)/v(u)) of the requests has u tokens.

    Args:
        prompt_len: s, length of every prompt; tokens, at least 1.
        upper: u, the longest output; tokens, at least 2.
        requests: n; at least 1.
        capacity: M; tokens, at least s + u.

    Returns:
        The instance; its ids are 0, 1, 2, … in ascending order of length.

    Raises:
        InvalidValue: a parameter is out of its range, or there are more than
            :data:`~amin_ref.families.volume.MOST_REQUESTS` requests.
    """
    _check(prompt_len, upper, capacity)
    whole_number("requests", requests, 1, "requests")
    demand_few(requests)
    share = sqrt((prompt_len + 1) / volume(prompt_len, upper))
    return _with_tail(prompt_len, upper, capacity, requests, [share] * (upper - 1))


def uniform_tail(prompt_len: int, upper: int, requests: int, capacity: int) -> Instance:
    """One token each, but for a share of 6/u whose lengths are spread evenly over 2 … u.

    The parameters are s, u, n and M. For s = 1 simulations suggest that the ratio grows like u as
    M and n/M grow. That is not proved.

    Args:
        prompt_len: s, length of every prompt; tokens, at least 1.
        upper: u, the longest output; tokens, at least 2.
        requests: n; at least 1.
        capacity: M; tokens, at least s + u.

    Returns:
        The instance; its ids are 0, 1, 2, … in ascending order of length.

    Raises:
        InvalidValue: a parameter is out of its range, or there are more than
            :data:`~amin_ref.families.volume.MOST_REQUESTS` requests.
    """
    _check(prompt_len, upper, capacity)
    whole_number("requests", requests, 1, "requests")
    demand_few(requests)
    share = min(1.0, LONG_PER_UPPER / upper)
    tail = [share * (upper - j) / (upper - 1) for j in range(1, upper)]
    return _with_tail(prompt_len, upper, capacity, requests, tail)


def decaying_tail(prompt_len: int, upper: int, requests: int, capacity: int) -> Instance:
    """Most requests have one token; a share of about 5.5/u·e^(-j/(0.6u))·√(3/(2 + j)) has over j.

    The parameters are s, u, n and M. With s = 1, u = 64, n = 40,960 and M = 1,024 the ratio to H-SF
    is 7.2 to 7.5, above 3.3 + 0.9·ln 64 = 7.04.

    Args:
        prompt_len: s, length of every prompt; tokens, at least 1.
        upper: u, the longest output; tokens, at least 2.
        requests: n; at least 1.
        capacity: M; tokens, at least s + u.

    Returns:
        The instance; its ids are 0, 1, 2, … in ascending order of length.

    Raises:
        InvalidValue: a parameter is out of its range, or there are more than
            :data:`~amin_ref.families.volume.MOST_REQUESTS` requests.
    """
    _check(prompt_len, upper, capacity)
    whole_number("requests", requests, 1, "requests")
    demand_few(requests)
    share = min(1.0, DECAY_SHARE / upper)
    tail = [
        share * exp(-(j - 1) / (DECAY_LENGTH * upper)) * sqrt(3 / (2 + j)) for j in range(1, upper)
    ]
    return _with_tail(prompt_len, upper, capacity, requests, tail)


def _check(prompt_len: int, upper: int, capacity: int) -> None:
    whole_number("prompt_len", prompt_len, 1, "tokens")
    whole_number("upper", upper, 2, "tokens")
    demand_few(upper)
    whole_number("capacity", capacity, prompt_len + upper, "tokens")


def _with_tail(
    prompt_len: int, upper: int, capacity: int, requests: int, tail: Sequence[float]
) -> Instance:
    """Requests of which a share ``tail[j - 1]`` is longer than j, for 1 ≤ j < u; ascending."""
    longer = [requests, *(round(requests * share) for share in tail), 0]
    outputs = [
        length for length in range(1, upper + 1) for _ in range(longer[length - 1] - longer[length])
    ]
    return Instance.from_lengths(
        [(prompt_len, output_len) for output_len in outputs],
        capacity=capacity,
        predictions=[(1, upper)] * len(outputs),
    )

"""What one run takes of the cache, and how many requests a family may have."""

from __future__ import annotations

from amin_ref.model.errors import InvalidValue

MOST_REQUESTS = 10_000_000
"""Most requests of a family's instance: more do not fit into the memory of a usual machine."""


def volume(prompt_len: int, output_len: int) -> int:
    """v(o) = o·s + o(o + 1)/2: the cache that a run of o tokens occupies, summed over its rounds.

    Args:
        prompt_len: s; tokens.
        output_len: o; tokens.

    Returns:
        v(o); tokens·rounds.
    """
    return output_len * prompt_len + output_len * (output_len + 1) // 2


def demand_few(requests: int) -> None:
    """Refuse an instance that is too large to be built.

    Args:
        requests: how many requests it would have, or a number that is not smaller.

    Raises:
        InvalidValue: ``requests`` is above :data:`MOST_REQUESTS`.
    """
    if requests > MOST_REQUESTS:
        raise InvalidValue(
            "family: number of requests",
            requests,
            f"an instance of a family has at most {MOST_REQUESTS:,} requests",
            "give smaller parameters",
        )

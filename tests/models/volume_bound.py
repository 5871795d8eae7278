"""Lower bounds on the optimum that need no solver, for equal prompts that all arrive in round 0."""

from __future__ import annotations

from itertools import accumulate

from amin_ref import Instance


def volumes(instance: Instance) -> list[int]:
    """The tokens that each request occupies, in whole blocks, over all its rounds; token·rounds."""
    block = instance.block_size
    return [
        sum(-(-(request.prompt_len + a) // block) * block for a in range(1, request.output_len + 1))
        for request in instance.requests
    ]


def volume_bound(instance: Instance) -> int:
    """Σ_j max(o_(j), ⌈V_(j)/M⌉), at most OPT; request·rounds.

    The first j requests to complete have occupied at least the j smallest volumes together, and
    one of them has run for at least the j-th smallest output length.
    """
    outputs = sorted(request.output_len for request in instance.requests)
    used = accumulate(sorted(volumes(instance)))
    return sum(
        max(output_len, -(-volume // instance.capacity))
        for output_len, volume in zip(outputs, used, strict=True)
    )

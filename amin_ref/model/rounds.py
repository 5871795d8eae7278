"""What a run computes, generates and holds in each of its rounds (specification, section 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from amin_ref.model.blocks import occupied_by_round
from amin_ref.model.machine import Machine

if TYPE_CHECKING:
    from amin_ref.model.schedule import Run


def generates(run: Run, prefix: int) -> NDArray[np.bool_]:
    """For each round of the run, whether it generates a token: its whole prefix is computed.

    Args:
        run: a run.
        prefix: tokens to compute before the first token of the run is generated: the prompt, and
            under resume the tokens generated in the runs before.
    """
    if run.computed is None:
        return np.ones(run.length, dtype=np.bool_)
    found = np.zeros(run.length, dtype=np.bool_)
    in_cache, needed = 0, prefix
    for index, computed in enumerate(run.computed):
        in_cache += computed
        if in_cache >= needed:
            found[index] = True
            needed += 1
    return found


def tokens_generated(run: Run, prefix: int) -> int:
    """Tokens that the run generates; ``prefix`` as for :func:`generates`."""
    return run.length if run.computed is None else int(generates(run, prefix).sum())


def prefix_computed(run: Run, prefix: int) -> int:
    """Tokens of the prefix that the run computes; ``prefix`` as for :func:`generates`."""
    if run.computed is None:
        return prefix if run.length else 0
    return min(prefix, sum(run.computed))


def rounds_before_first_token(run: Run, prefix: int) -> int | None:
    """Rounds of the run before the one of its first token, or ``None`` if it generates none.

    ``prefix`` as for :func:`generates`.
    """
    if run.computed is None:
        return 0 if run.length else None
    found = np.flatnonzero(generates(run, prefix))
    return int(found[0]) if len(found) else None


def held_by_round(run: Run, prefix: int, block_size: int, machine: Machine) -> NDArray[np.int64]:
    """Tokens that the run occupies in each of its rounds, in whole blocks.

    These are B·⌈C/B⌉, with C the tokens computed in the run so far, and one more in a round that
    generates a token, if the machine stores the last token. ``prefix`` as for :func:`generates`.
    """
    if run.computed is None:
        first = prefix if machine.last_token_stored else prefix - 1
        return occupied_by_round(first, run.length, block_size)
    held = np.cumsum(np.array(run.computed, dtype=np.int64))
    if machine.last_token_stored:
        held += generates(run, prefix)
    return -(-held // block_size) * block_size

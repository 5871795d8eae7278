"""Has an earlier process compiled the functions of this room?"""

from __future__ import annotations

from amin_ref.compiled.readiness import lies_ready


def is_kept() -> bool:
    """Whether the exact search's compiled code lies ready: it is loaded in a fraction of a second.

    Otherwise compiling takes seconds, once for a version of the project and a machine. ``False``,
    too, where Numba cannot be imported or keeps nothing.
    """
    try:
        from oracle.compiled import sequences, states
    except Exception:  # noqa: BLE001 - whatever Numba lacks, the reference does not need it
        return False
    functions = (sequences.fill, states.grow, states.estimate, states.keep_undominated)
    return all(map(lies_ready, functions))


def moves_are_kept() -> bool:
    """The same for the moves of annealing and local search."""
    try:
        from oracle.compiled import overflowing, placing
    except Exception:  # noqa: BLE001 - as above
        return False
    return lies_ready(placing.make) and lies_ready(overflowing.make)


def prices_are_kept() -> bool:
    """The same for the dual functions, with shares and with pauses."""
    try:
        from oracle.compiled import pauses, shares
    except Exception:  # noqa: BLE001 - as above
        return False
    return lies_ready(pauses.evaluate) and lies_ready(shares.evaluate)

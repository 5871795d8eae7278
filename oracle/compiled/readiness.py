"""Has an earlier process compiled the functions of this room?"""

from __future__ import annotations

from pathlib import Path


def is_kept() -> bool:
    """Whether the exact search's compiled code lies ready: it is loaded in a fraction of a second.

    Otherwise compiling takes seconds, once for a version of the project and a machine. ``False``,
    too, where Numba cannot be imported or keeps nothing.
    """
    try:
        from oracle.compiled import sequences, states
    except Exception:  # noqa: BLE001 - whatever Numba lacks, the reference does not need it
        return False
    return _lies_ready(sequences.__file__, "fill", sequences.fill) and all(
        _lies_ready(states.__file__, function.__name__, function)
        for function in (states.grow, states.estimate, states.keep_undominated)
    )


def moves_are_kept() -> bool:
    """The same for the moves of annealing and local search."""
    try:
        from oracle.compiled import overflowing, placing
    except Exception:  # noqa: BLE001 - as above
        return False
    return _lies_ready(placing.__file__, "make", placing.make) and _lies_ready(
        overflowing.__file__, "make", overflowing.make
    )


def prices_are_kept() -> bool:
    """The same for the dual functions, with shares and with pauses."""
    try:
        from oracle.compiled import pauses, shares
    except Exception:  # noqa: BLE001 - as above
        return False
    return _lies_ready(pauses.__file__, "evaluate", pauses.evaluate) and _lies_ready(
        shares.__file__, "evaluate", shares.evaluate
    )


def _lies_ready(source: str, name: str, function: object) -> bool:
    """Whether Numba keeps the function, and would not compile it anew: the source is older."""
    stats: object = getattr(function, "stats", None)
    folder = Path(str(getattr(stats, "cache_path", "")))
    made = Path(source).stat().st_mtime
    indices = folder.glob(f"{Path(source).stem}.{name}-*.nbi")
    return any(index.stat().st_mtime >= made for index in indices)

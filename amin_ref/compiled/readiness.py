"""Has an earlier call or process compiled a function?"""

from __future__ import annotations

from pathlib import Path
from types import FunctionType


def lies_ready(function: object) -> bool:
    """Whether a function's compiled code can be used at once, or after a fraction of a second.

    It can where this process has used it, or where Numba keeps it and its source is older.
    Otherwise compiling takes seconds, once for a version of the project and a machine. It does so,
    too, after a change of Numba's version or of the processor, which this function does not see.

    Args:
        function: made by :func:`.compiling.compiled`; ``False`` of any other.
    """
    if getattr(function, "signatures", ()):
        return True
    readable: object = getattr(function, "__wrapped__", None)
    stats: object = getattr(function, "stats", None)
    if not isinstance(readable, FunctionType):
        return False
    source = Path(readable.__code__.co_filename)
    folder = Path(str(getattr(stats, "cache_path", "")))
    indices = folder.glob(f"{source.stem}.{readable.__name__}-*.nbi")
    return any(index.stat().st_mtime >= source.stat().st_mtime for index in indices)

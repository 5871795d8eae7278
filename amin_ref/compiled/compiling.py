"""Compiles functions with Numba, and keeps the result on disk.

Only :mod:`.rounds` and :mod:`.judged_rounds` import this file, and are imported only when they are
needed: importing Numba takes as long as importing numpy.

``_nrt=False`` turns off the counting of references to arrays. With it the simulation is 3.5 times
as fast; such a function cannot make an array. The option is not part of Numba's public interface. A
Numba that does not know it raises an error, and :func:`amin_ref.simulate` goes on without compiled
code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from numba import njit

Given = ParamSpec("Given")
Result = TypeVar("Result")


def compiled(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """The function, compiled when it is first called.

    The result is kept in ``NUMBA_CACHE_DIR``, or else beside the source, or else in the user's
    folder for caches, so that a later process loads it in place of compiling. Where Numba can write
    to none of them, every process compiles.
    """
    try:
        found: Callable[Given, Result] = njit(  # type: ignore[call-overload]  # types lack _nrt
            cache=True, _nrt=False
        )(function)
    except RuntimeError:  # Numba's error for a cache that cannot be written
        found = njit(_nrt=False)(function)  # type: ignore[call-overload]  # as above
    return found


def inlined(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """The function, compiled into each function that calls it.

    A call in compiled code copies the descriptions of all arrays that it passes, which costs more
    than the work of a small function.
    """
    found: Callable[Given, Result] = njit(  # type: ignore[call-overload]  # as above
        inline="always", _nrt=False
    )(function)
    return found


def summed(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """As :func:`inlined`, for sums that are the same in every order, which are made faster.

    The processor then adds several numbers at once. No number may be infinite or not a number.
    """
    found: Callable[Given, Result] = njit(  # type: ignore[call-overload]  # as above
        fastmath=True, _nrt=False
    )(function)
    return found

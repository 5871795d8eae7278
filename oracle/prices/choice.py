"""Is the dual function evaluated by compiled code?"""

from __future__ import annotations

import numpy as np

from amin_ref.model.instance import Instance
from amin_ref.model.machine import Machine
from oracle.budget import Budget
from oracle.deadline import Deadline
from oracle.prices.dual import Dual
from oracle.prices.pausing import PausingDual
from oracle.starts.parts import busy_periods

SMOOTH = 1.0
"""A temperature, in rounds, at which compiled code is tried."""


def faster_dual(dual: Dual, deadline: Deadline, budget: Budget) -> type[Dual]:
    """The class for the rest of an ascent: compiled if the ascent has lasted long enough for that.

    Without prices of shares the readable code is about as fast.

    Args:
        dual: in use so far.
        deadline: of the ascent.
        budget: after how many seconds compiled code is worth its loading or compiling.
    """
    lasted = deadline.lasted
    worth = budget.compiled and bool(dual.shares) and lasted >= budget.prices_loaded_after
    if not worth or deadline.remaining < budget.prices_loaded_after:
        return type(dual)
    try:
        from oracle.compiled.readiness import prices_are_kept
        from oracle.prices.compiled_shares import CompiledDual

        if lasted < budget.prices_compiled_after and not prices_are_kept():
            return type(dual)
        instance = Instance.from_lengths([(1, 3), (1, 3)], capacity=4)
        tried = CompiledDual(instance, busy_periods(instance)[0])
        tried.evaluate(np.zeros((len(tried.limits), tried.rounds)), 1, SMOOTH)
    except Exception:  # noqa: BLE001 - whatever Numba lacks, the reference does not need it
        return type(dual)
    return CompiledDual


def faster_pausing_dual(cells: int, deadline: Deadline, budget: Budget) -> type[PausingDual]:
    """The class for an ascent where evicted requests keep their tokens: compiled if it is long.

    Args:
        cells: of an evaluation, from :meth:`PausingDual.cells`.
        deadline: of the ascent.
        budget: from how many cells and seconds on compiled code is worth its loading or compiling.
    """
    worth = budget.compiled and cells >= budget.cells_compiled_from
    if not worth or deadline.remaining < budget.prices_loaded_after:
        return PausingDual
    try:
        from oracle.compiled.readiness import prices_are_kept
        from oracle.prices.compiled_pausing import CompiledPausingDual

        if deadline.remaining < budget.prices_compiled_after and not prices_are_kept():
            return PausingDual
        instance = Instance.from_lengths(
            [(1, 2), (1, 2)], capacity=4, machine=Machine(after_eviction="resume")
        )
        tried = CompiledPausingDual(instance, busy_periods(instance)[0])
        tried.evaluate(np.zeros(tried.rounds), SMOOTH)
    except Exception:  # noqa: BLE001 - as above
        return PausingDual
    return CompiledPausingDual

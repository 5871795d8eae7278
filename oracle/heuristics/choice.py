"""Are the moves of annealing and local search made by compiled code?"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from amin_ref.model.instance import Instance
from oracle.budget import Budget
from oracle.deadline import Deadline
from oracle.heuristics.annealing import Annealing
from oracle.heuristics.local_search import LocalSearch
from oracle.prices.dual import Dual
from oracle.starts.parts import busy_periods


@dataclass(frozen=True)
class Movers:
    """What makes the moves."""

    annealing: type[Annealing]
    local_search: type[LocalSearch]


REFERENCE = Movers(Annealing, LocalSearch)
"""The readable code."""


def movers(budget: Budget, seconds: float) -> Movers:
    """Compiled code where it works and is worth its loading or compiling, else the reference.

    Args:
        budget: from how many seconds on it is worth that.
        seconds: the time left for moves.
    """
    if not budget.compiled or seconds < budget.moves_loaded_from:
        return REFERENCE
    try:
        from oracle.compiled.readiness import moves_are_kept
        from oracle.heuristics.compiled_moves import CompiledAnnealing, CompiledLocalSearch

        if seconds < budget.moves_compiled_from and not moves_are_kept():
            return REFERENCE
        compiled = Movers(CompiledAnnealing, CompiledLocalSearch)
        _try(compiled)
    except Exception:  # noqa: BLE001 - whatever Numba lacks, the reference does not need it
        return REFERENCE
    return compiled


def _try(kinds: Movers) -> None:
    """Make some moves, so that everything is compiled or loaded now, or fails now."""
    instance = Instance.from_lengths([(1, 2), (1, 2)], capacity=4)
    period = busy_periods(instance)[0]
    generator = np.random.default_rng(0)
    dual = Dual(instance, period)
    prices = np.ones((len(dual.limits), period.rounds))
    asked = itertools.count()
    for run in (
        kinds.annealing(instance, period, dual, prices, generator).run,
        kinds.local_search(instance, period, period.starts, generator).run,
    ):
        # The third question for the time is the first at which a second has passed.
        run(Deadline.after(1.0, clock=lambda: float(next(asked) // 3)))

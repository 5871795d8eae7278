"""Is the search made by compiled code?"""

from __future__ import annotations

from amin_ref import Instance
from oracle.search.bounds import NodeBounds
from oracle.search.problem import Problem
from oracle.search.relaxation import Rows
from oracle.search.states import RoundStep


def compiled_step(*, may_compile: bool) -> type[RoundStep] | None:
    """The step in compiled code; ``None`` where compiled code does not work.

    Args:
        may_compile: whether seconds may go into compiling. Otherwise the answer is ``None`` unless
            an earlier process has compiled everything.
    """
    try:
        from oracle.compiled.readiness import is_kept
        from oracle.search.compiled_step import CompiledRoundStep

        if not may_compile and not is_kept():
            return None
        _try(CompiledRoundStep)
    except Exception:  # noqa: BLE001 - whatever Numba lacks, the reference does not need it
        return None
    return CompiledRoundStep


def _try(step: type[RoundStep]) -> None:
    """Call everything that is compiled, so that it is compiled or loaded now, or fails now."""
    problem = Problem.of(Instance.from_lengths([(1, 2), (1, 2), (1, 1)], capacity=4))
    rows = Rows(problem, problem.horizon)
    sequencing = step.sequencing(problem, 2, problem.horizon)
    bounds = NodeBounds.of(rows, sequencing, rows.no_prices())
    rounds = step(problem, bounds, room=1, should_stop=lambda: False)
    rounds.priced_anew(rounds.first(), now=0, upper=problem.horizon * problem.size)
    rounds.advance(rounds.first(), now=0, upper=problem.horizon * problem.size)

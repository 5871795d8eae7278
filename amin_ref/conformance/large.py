"""Which round of a schedule of many runs is the first wrong one: asked of compiled code.

Compiled code does not explain. Where it finds a wrong round, :mod:`.replay` or :mod:`.first_come`
replay the schedule, as they do for every schedule that compiled code does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from amin_ref.compiled.refusal import NotCompiled
from amin_ref.compiled.replay import Assumed, JudgedRounds, judged_rounds
from amin_ref.conformance.bound_rules import (
    BoundRule,
    assumptions,
    at_least_generated,
    one_less_than_generated,
    one_more_than_generated,
    unrefined,
)
from amin_ref.conformance.waiting import Ranks
from amin_ref.model.instance import Instance
from amin_ref.model.schedule import Schedule

LEAST_RUNS = 50_000
"""The least number of runs for which compiled code is used unasked.

The readable replay takes two to three seconds of processor time for as many. Compiling takes up to
seven, but only once for a version of the project on a machine; a later process loads the compiled
code in 0.4 seconds.
"""

SHIFTS: Mapping[Callable[[int, int], int], int | None] = {
    at_least_generated: 0,
    one_more_than_generated: 1,
    one_less_than_generated: -1,
    unrefined: None,
}
"""What each way of refining adds to the number of generated tokens; ``None``: it refines nothing.
"""


def judged(
    schedule: Schedule, bound_rule: BoundRule | None, ranks: Ranks | None, *, however_few: bool
) -> JudgedRounds:
    """The verdict of compiled code.

    Args:
        schedule: one in which :func:`amin_ref.check` finds no violation.
        bound_rule: what is assumed of the requests' output lengths; ``None`` for FCFS.
        ranks: break ties; ``None``: any order.
        however_few: whether less than :data:`LEAST_RUNS` runs are judged, too.

    Raises:
        NotCompiled: the runs are too few, or compiled code cannot judge the schedule.
    """
    columns = schedule.in_columns() if however_few else schedule.columns
    if columns is None:
        raise NotCompiled("the schedule has more than the runs of the paper's machine")
    if len(columns) < LEAST_RUNS and not however_few:
        raise NotCompiled(f"there are less than {LEAST_RUNS} runs")
    ranked = None
    if ranks is not None:
        places = [ranks[request.id] for request in schedule.instance.requests]
        ranked = sorted(range(len(places)), key=places.__getitem__)
    assumed = _assumed(schedule.instance, bound_rule)
    return judged_rounds(schedule.instance, columns, assumed, ranked)


def _assumed(instance: Instance, bound_rule: BoundRule | None) -> Assumed:
    if bound_rule is None:
        arrivals = instance.columns.arrivals.tolist()
        return Assumed([1] * len(arrivals), order=arrivals, newest_first=True)
    lengths = assumptions(bound_rule, instance)
    return Assumed(
        lengths.first, lengths.order, SHIFTS[lengths.refined], remembers=lengths.remembers
    )

"""Do the runs of a request start after its arrival, and one after the other?"""

from __future__ import annotations

from collections.abc import Iterator

from amin_ref.checker.violation import Violation
from amin_ref.model.request import Request
from amin_ref.model.schedule import Run


def in_time(request: Request, runs: list[Run]) -> Iterator[Violation]:
    """The runs, given in order of time, start in time."""
    busy_until = 0
    for run in runs:
        if run.start < request.arrival:
            yield Violation(
                "not-before-arrival",
                run.start,
                (request.id,),
                f"request {request.id!r} starts in round {run.start} and arrives in round "
                f"{request.arrival}.",
            )
        if run.start < busy_until:
            yield Violation(
                "no-overlap",
                run.start,
                (request.id,),
                f"request {request.id!r} starts in round {run.start} while it runs until "
                f"{busy_until}.",
            )
        busy_until = max(busy_until, run.stop)

"""How long does a request wait without a break?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from amin_ref.model.schedule import Schedule
from amin_ref.model.validation import RequestId


@dataclass(frozen=True, slots=True)
class Wait:
    """Consecutive rounds in which a request waits.

    Attributes:
        request: its id.
        first: the first of them.
        stop: the round after the last of them, in which it starts, is aborted, or the log ends.
    """

    request: RequestId
    first: int
    stop: int

    @property
    def rounds(self) -> int:
        """How many rounds it waits."""
        return self.stop - self.first


def longest_wait(schedule: Schedule) -> Wait | None:
    """The longest wait of a valid schedule; of several, the first. ``None`` if no request waits."""
    longest: Wait | None = None
    for wait in _waits(schedule):
        if wait.rounds > (longest.rounds if longest else 0):
            longest = wait
    return longest


def _waits(schedule: Schedule) -> Iterator[Wait]:
    """Every wait, those of one request in order of time."""
    since: dict[RequestId, int] = {
        request.id: request.arrival for request in schedule.instance.requests
    }
    for run in schedule.runs:
        yield Wait(run.request, since[run.request], run.start)
        since[run.request] = run.stop
    for request, first in since.items():
        if request in schedule.aborted:
            yield Wait(request, first, schedule.aborted[request])
        elif schedule.ended is not None and request not in schedule.completions:
            yield Wait(request, first, schedule.ended)

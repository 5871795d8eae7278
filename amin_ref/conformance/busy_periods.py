"""A schedule in busy periods: longest intervals of rounds in each of which a request is present."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from amin_ref.model.request import Request
from amin_ref.model.schedule import Run, Schedule
from amin_ref.model.validation import RequestId


@dataclass(frozen=True, slots=True)
class ScheduledBusyPeriod:
    """Rounds ``first`` to ``stop - 1``, in each of which a request runs or waits.

    Attributes:
        first: the round in which the first of its requests arrives.
        stop: the round in which the last of its requests completes.
        requests: the requests that arrive in these rounds.
        runs: all runs of these requests.
    """

    first: int
    stop: int
    requests: Sequence[Request]
    runs: Sequence[Run]


def busy_periods(schedule: Schedule) -> Iterator[ScheduledBusyPeriod]:
    """The busy periods of a valid schedule, in order. No request is in two of them."""
    runs_of: dict[RequestId, list[Run]] = defaultdict(list)
    for run in schedule.runs:
        runs_of[run.request].append(run)
    requests: list[Request] = []
    stop = 0
    for request in sorted(schedule.instance.requests, key=lambda request: request.arrival):
        if requests and request.arrival >= stop:
            yield _busy_period(requests, runs_of, stop)
            requests = []
        requests.append(request)
        stop = max(stop, schedule.completions[request.id])
    if requests:
        yield _busy_period(requests, runs_of, stop)


def _busy_period(
    requests: list[Request], runs_of: Mapping[RequestId, list[Run]], stop: int
) -> ScheduledBusyPeriod:
    runs = [run for request in requests for run in runs_of[request.id]]
    return ScheduledBusyPeriod(requests[0].arrival, stop, requests, runs)

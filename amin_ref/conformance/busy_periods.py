"""A schedule in busy periods: longest intervals of rounds in each of which a request is present."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from amin_ref.conformance.traced import TracedRun
from amin_ref.model.request import Request
from amin_ref.model.schedule import Schedule
from amin_ref.model.validation import RequestId


@dataclass(frozen=True, slots=True)
class ScheduledBusyPeriod:
    """Rounds ``first`` to ``stop - 1``, in each of which a request runs or waits.

    Attributes:
        first: the round in which the first of its requests arrives.
        stop: the round in which the last of its requests completes or is aborted, or in which the
            log ends.
        requests: the requests that arrive in these rounds.
        runs: all runs of these requests.
        aborted: the round in which the client goes away, of each of these requests that is aborted.
    """

    first: int
    stop: int
    requests: Sequence[Request]
    runs: Sequence[TracedRun]
    aborted: Mapping[RequestId, int]


def busy_periods(schedule: Schedule) -> Iterator[ScheduledBusyPeriod]:
    """The busy periods of a valid schedule, in order. No request is in two of them.

    A request whose client goes away in the round of its arrival is in none: it never waits.
    """
    runs_of: dict[RequestId, list[TracedRun]] = defaultdict(list)
    for run, prefix in zip(schedule.runs, schedule.prefixes, strict=True):
        runs_of[run.request].append(TracedRun(run, prefix))
    requests: list[Request] = []
    stop = 0
    for request in sorted(schedule.instance.requests, key=lambda request: request.arrival):
        leaves = _leaves(schedule, request)
        if leaves <= request.arrival:
            continue
        if requests and request.arrival >= stop:
            yield _busy_period(schedule, requests, runs_of, stop)
            requests = []
        requests.append(request)
        stop = max(stop, leaves)
    if requests:
        yield _busy_period(schedule, requests, runs_of, stop)


def _leaves(schedule: Schedule, request: Request) -> int:
    """The round in which a request is no longer present, or that the log does not have."""
    if request.id in schedule.aborted:
        return schedule.aborted[request.id]
    if schedule.ended is None or request.id in schedule.completions:
        return schedule.completions[request.id]
    return schedule.ended


def _busy_period(
    schedule: Schedule,
    requests: list[Request],
    runs_of: Mapping[RequestId, list[TracedRun]],
    stop: int,
) -> ScheduledBusyPeriod:
    runs = [run for request in requests for run in runs_of[request.id]]
    aborted = {
        request.id: schedule.aborted[request.id]
        for request in requests
        if request.id in schedule.aborted
    }
    return ScheduledBusyPeriod(requests[0].arrival, stop, requests, runs, aborted)

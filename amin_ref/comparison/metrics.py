"""The metrics of a schedule, computed from the schedule alone (``proofs_notes/metrics.md``).

A token that is generated in round t is available at time t + 1; if it is the last token, that is
the completion time. All times are in rounds. Aborted and unfinished requests are left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from amin_ref.model.columns import COMPLETED, RunColumns
from amin_ref.model.errors import InvalidValue, shown
from amin_ref.model.rounds import rounds_before_first_token, tokens_generated
from amin_ref.model.schedule import Schedule
from amin_ref.model.validation import RequestId

Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class RequestTimes:
    """One completed request on its way through a valid schedule.

    Attributes:
        arrival: r, the round of its arrival.
        first_start: the round in which its first run starts.
        first_token: when the first token is available that no eviction takes back; a round.
        first_token_ever: when the first token of any run is available; ``first_token`` unless the
            request was evicted, and always where an evicted request resumes.
        completion: completion time of its completed run; a round.
        rounds_run: rounds in which it runs, evicted runs included.
        output_len: o, its output tokens.
    """

    arrival: int
    first_start: int
    first_token: int
    first_token_ever: int
    completion: int
    rounds_run: int
    output_len: int

    @property
    def latency(self) -> int:
        """End-to-end latency: completion − arrival; rounds."""
        return self.completion - self.arrival

    @property
    def time_to_first_token(self) -> int:
        """From the arrival to the first token that no eviction takes back; rounds, at least 1.

        Where an evicted request starts from nothing, a token of an evicted run is lost, so it is
        not an answer's first token.
        """
        return self.first_token - self.arrival

    @property
    def time_to_first_token_ever(self) -> int:
        """From the arrival to the first token of any run, lost or not; rounds, at least 1."""
        return self.first_token_ever - self.arrival

    @property
    def queueing_time(self) -> int:
        """Rounds in which the request does not run: before its first run, after each eviction."""
        return self.latency - self.rounds_run

    @property
    def time_per_output_token(self) -> float | None:
        """(completion − first token ever) / (o − 1); rounds a token, ``None`` if o = 1.

        It is 1 for a request that is never evicted, if the machine does not limit the tokens of a
        round, and more by what evictions cost.
        """
        if self.output_len == 1:
            return None
        return (self.completion - self.first_token_ever) / (self.output_len - 1)

    @property
    def normalized_latency(self) -> float:
        """Latency / o; rounds a token."""
        return self.latency / self.output_len


def request_times(schedule: Schedule) -> tuple[RequestTimes, ...]:
    """The times of each request, by position in the instance.

    Raises:
        InvalidValue: a request never completes (see :func:`amin_ref.check`).
    """
    resumes = schedule.instance.machine.after_eviction == "resume"
    first_start: dict[RequestId, int] = {}
    first_token: dict[RequestId, int] = {}
    first_token_ever: dict[RequestId, int] = {}
    rounds_run: dict[RequestId, int] = {}
    for run, prefix in zip(schedule.runs, schedule.prefixes, strict=True):
        first_start.setdefault(run.request, run.start)
        rounds_run[run.request] = rounds_run.get(run.request, 0) + run.length
        before = rounds_before_first_token(run, prefix)
        if before is not None:
            available = run.start + before + 1
            first_token_ever.setdefault(run.request, available)
            if resumes or run.outcome == "completed":
                first_token.setdefault(run.request, available)
    for request in schedule.served:
        if request.id not in schedule.completions or request.id not in first_token:
            raise InvalidValue(
                f"request {shown(request.id)}: completion",
                None,
                "its times are defined only when it completes",
                "look at check(schedule) for what is wrong",
            )
    return tuple(
        RequestTimes(
            arrival=request.arrival,
            first_start=first_start[request.id],
            first_token=first_token[request.id],
            first_token_ever=first_token_ever[request.id],
            completion=schedule.completions[request.id],
            rounds_run=rounds_run[request.id],
            output_len=request.output_len,
        )
        for request in schedule.served
    )


@dataclass(frozen=True, slots=True)
class AllTimes:
    """The times of all requests, a list for each quantity, by position in the instance.

    Attributes:
        latencies: see :attr:`RequestTimes.latency`, and so on.
        to_first_token: to the first token that no eviction takes back.
        to_first_token_ever: to the first token of any run.
        queueing: rounds in which the request does not run.
        per_output_token: of requests with at least two tokens.
        normalized: latency / o.
        queued: number of requests that wait at least one round before their first run.
    """

    latencies: list[int]
    to_first_token: list[int]
    to_first_token_ever: list[int]
    queueing: list[int]
    per_output_token: list[float]
    normalized: list[float]
    queued: int


def all_times(schedule: Schedule) -> AllTimes:
    """The times of all requests: from columns where the runs are many, else one by one.

    Raises:
        InvalidValue: a request never completes (see :func:`amin_ref.check`).
    """
    if schedule.columns is not None and len(schedule.columns):
        found = _times_of_columns(schedule, schedule.columns)
        if found is not None:
            return found
    times = request_times(schedule)
    tpots = (each.time_per_output_token for each in times)
    return AllTimes(
        [each.latency for each in times],
        [each.time_to_first_token for each in times],
        [each.time_to_first_token_ever for each in times],
        [each.queueing_time for each in times],
        [tpot for tpot in tpots if tpot is not None],
        [each.normalized_latency for each in times],
        sum(each.first_start > each.arrival for each in times),
    )


def _times_of_columns(schedule: Schedule, runs: RunColumns) -> AllTimes | None:
    """The same from columns; ``None`` if a request never completes, or a run has no round."""
    requests = schedule.instance.columns
    count = len(schedule.instance.requests)
    completions = runs.completions(count)
    if completions.min() < 0 or runs.lengths.min() < 1:
        return None
    # The runs are in order of start, and of several values for one place numpy keeps the last.
    first_start = np.zeros(count, dtype=np.int64)
    first_start[runs.positions[::-1]] = runs.starts[::-1]
    completed = np.flatnonzero(runs.outcomes == COMPLETED)[::-1]
    last_start = np.zeros(count, dtype=np.int64)
    last_start[runs.positions[completed]] = runs.starts[completed]
    rounds_run = np.zeros(count, dtype=np.int64)
    np.add.at(rounds_run, runs.positions, runs.lengths)
    latencies = completions - requests.arrivals
    several = requests.outputs > 1
    after_first = (completions - first_start - 1)[several]
    return AllTimes(
        latencies.tolist(),
        (last_start + 1 - requests.arrivals).tolist(),
        (first_start + 1 - requests.arrivals).tolist(),
        (latencies - rounds_run).tolist(),
        (after_first / (requests.outputs[several] - 1)).tolist(),
        (latencies / requests.outputs).tolist(),
        int((first_start > requests.arrivals).sum()),
    )


def percentile(values: Sequence[Number], percent: int) -> Number:
    """The least of the values that at least ``percent`` % of them do not exceed (nearest rank).

    Args:
        values: at least one, in any order.
        percent: 1 to 100.

    Returns:
        The value at rank ⌈percent · n / 100⌉ in ascending order, counted from 1: always one of the
        values, never a number between two of them.

    Raises:
        InvalidValue: there are no values, or ``percent`` is not an int from 1 to 100.
    """
    if not values:
        raise InvalidValue("percentile: values", values, "at least one is needed", "give one")
    if type(percent) is not int or not 1 <= percent <= 100:
        raise InvalidValue(
            "percentile: percent", percent, "it must be a whole number from 1 to 100", "give 99"
        )
    return sorted(values)[-(-percent * len(values) // 100) - 1]


def mean(values: Sequence[float]) -> float:
    """Σ values / n, rounded once; 0 without values."""
    return math.fsum(values) / max(1, len(values))


def throughput(schedule: Schedule) -> float:
    """Σ o_i / (last completion − earliest arrival): tokens of completed answers a round.

    Tokens of evicted runs are not counted. 0 for an instance without requests.
    """
    if not schedule.served:
        return 0.0
    begin = min(request.arrival for request in schedule.served)
    columns = schedule.columns
    if columns is not None and len(columns):  # a mapping of a million ids takes 100 MB
        end = int(columns.completions(len(schedule.instance.requests)).max())
    else:
        end = max(schedule.completions.values())
    return sum(request.output_len for request in schedule.served) / (end - begin)


def wasted_share(schedule: Schedule) -> float:
    """Wasted tokens / all generated tokens, in [0, 1); 0 when nothing is generated."""
    if schedule.columns is not None:
        generated: int = sum(schedule.columns.lengths.tolist())
    else:
        generated = sum(
            tokens_generated(run, prefix)
            for run, prefix in zip(schedule.runs, schedule.prefixes, strict=True)
        )
    return schedule.wasted_tokens / max(1, generated)


def recomputed_share(schedule: Schedule) -> float:
    """The recompute tax: recomputed tokens / all computed tokens, in [0, 1); 0 of none."""
    return schedule.recomputed_tokens / max(1, schedule.computed_tokens)


def goodput(latencies: Sequence[int], slo: float) -> float | None:
    """The share of requests whose latency is at most ``slo`` rounds; ``None`` without requests."""
    if not latencies:
        return None
    return sum(latency <= slo for latency in latencies) / len(latencies)

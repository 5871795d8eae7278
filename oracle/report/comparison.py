"""Several policies' schedules of one instance, in figures and in a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from amin_ref import Schedule
from amin_ref.comparison.estimate import Estimate
from amin_ref.policies.names import title_of
from oracle.claims.figures import Figure, Mark, Point, Series
from oracle.report.pictures import Bar, Bars

PARTS = 120
"""Points of a line over time: more could not be seen on a screen."""

"""Policies as the command line and as people call them."""

HEADINGS = (
    "policy",
    "mean latency",
    "median",
    "p99",
    "makespan",
    "evictions",
    "wasted tokens",
    "mean held",
    "× bound",
)


@dataclass(frozen=True)
class Comparison:
    """What is shown of one workload.

    Attributes:
        caption: what was scheduled, in one sentence.
        command: what shows the same again.
        schedules: by the policy's name on the command line; at least one.
        best: the best schedule known, by somebody who knows every length.
        bound: proven: no schedule has a smaller total latency; request·rounds.
    """

    caption: str
    command: str
    schedules: Mapping[str, Schedule]
    best: Schedule
    bound: int

    def table(self) -> list[tuple[str, ...]]:
        """A row for each policy, under :data:`HEADINGS`."""
        return [
            (
                title_of(policy),
                f"{schedule.mean_latency:,.1f}",
                f"{schedule.median_latency:,.1f}",
                f"{schedule.p99_latency:,}",
                f"{schedule.makespan:,}",
                f"{schedule.evictions:,}",
                f"{schedule.wasted_tokens:,}",
                f"{schedule.mean_occupancy:,.0f}",
                f"{self._ratio(schedule):.3f}",
            )
            for policy, schedule in self.schedules.items()
        ]

    def gap(self) -> Bars:
        """Total latency over the certified bound."""
        bars = [
            Bar(title_of(policy), self._ratio(schedule))
            for policy, schedule in self.schedules.items()
        ]
        best = Bar("best known", self._ratio(self.best))
        return Bars(
            name="gap",
            title="How far from the best possible",
            reading="No schedule at all can be left of the line: that is proven by a certificate. "
            "The optimum lies between the line and the best schedule known, which somebody made "
            f"who knows every length: {best.value:.3f} times the bound.",
            x_label="total latency over the certified bound",
            bars=(*bars, best),
        )

    def occupancy(self) -> Figure:
        """Tokens held over time."""
        capacity = self.best.instance.capacity
        longest = max(schedule.makespan for schedule in self.schedules.values())
        rounds = max(1, -(-longest // PARTS))
        held = ", ".join(
            f"{title_of(policy)} holds {schedule.mean_occupancy / capacity * 100:.0f} %"
            for policy, schedule in self.schedules.items()
        )
        return Figure(
            name="occupancy",
            title="What the cache holds",
            reading="What is left empty below the dashed line helps nobody who waits. On average "
            f"until its makespan, {held} of the cache. "
            f"Each point is the mean of the {rounds} rounds that begin there.",
            x_label="time, rounds",
            y_label="tokens held",
            series=tuple(
                Series(title_of(policy), _over_time(schedule, rounds))
                for policy, schedule in self.schedules.items()
            ),
            marks=(Mark("M, size of the cache", capacity),),
        )

    def latencies(self) -> Figure:
        """The empirical distribution function of latency, read off at every per cent."""
        return Figure(
            name="latency",
            title="How long requests take",
            reading="The share of requests that take at most so long, from arrival to the last "
            "token: the further left, the better.",
            x_label="latency, rounds",
            y_label="share of requests",
            x_scale="log",
            series=tuple(
                Series(title_of(policy), _distribution(schedule.latencies))
                for policy, schedule in self.schedules.items()
            ),
        )

    def percentiles(self) -> list[tuple[str, ...]]:
        """The numbers of :meth:`latencies` as a table: headings, then a row for each per cent."""
        ascending = [sorted(schedule.latencies) for schedule in self.schedules.values()]
        rows = [("share of requests", *(title_of(policy) for policy in self.schedules))]
        for percent in range(101):
            latencies = (f"{each[_rank(percent, len(each))]:,}" for each in ascending)
            rows.append((f"{percent} %", *latencies))
        return rows

    def _ratio(self, schedule: Schedule) -> float:
        return schedule.total_latency / max(1, self.bound)


def _over_time(schedule: Schedule, rounds: int) -> tuple[Point, ...]:
    """Means over so many rounds each; the last over what is left."""
    held = schedule.occupancy()
    return tuple(
        Point(begin, Estimate.exactly(round(float(held[begin : begin + rounds].mean()), 1)))
        for begin in range(0, len(held), rounds)
    )


def _distribution(latencies: Sequence[int]) -> tuple[Point, ...]:
    """At each per cent, the least latency that at least that share stays within."""
    ascending = sorted(latencies)
    return tuple(
        Point(ascending[_rank(percent, len(ascending))], Estimate.exactly(percent / 100))
        for percent in range(101)
    )


def _rank(percent: int, count: int) -> int:
    """The position of that percentile among ``count`` numbers in ascending order, from 0."""
    return max(1, -(-percent * count // 100)) - 1

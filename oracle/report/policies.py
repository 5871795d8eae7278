"""Several policies on one workload, over one or more seeds: a table, and figures of one seed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from amin_ref import Schedule
from amin_ref.comparison.estimate import Estimate
from amin_ref.policies.names import title_of
from oracle.claims.figures import Figure, Mark, Point, Series
from oracle.claims.words import listed
from oracle.report.downloads import Download, as_csv, as_json
from oracle.report.pictures import Bar, Bars

POINTS_OVER_TIME = 120
"""Points of a line over time: each two to three units wide, as narrow as a pointer can hit."""

TIMES_BOUND = "× bound"
"""The one name of total latency / certified lower bound, in the table and in every figure."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The policies on the requests that one seed draws.

    Attributes:
        seed: draws the requests; ``None`` where nothing is random.
        schedules: by the policy's name on the command line, at least one.
        bound: certified: no schedule has a smaller total latency; request·rounds.
    """

    seed: int | None
    schedules: Mapping[str, Schedule]
    bound: int

    def times_bound(self, schedule: Schedule) -> float:
        """Total latency / bound; at least 1."""
        return schedule.total_latency / max(1, self.bound)


Metric = Callable[[Sample, Schedule], float]
"""A number about one schedule of a sample."""

METRICS: Mapping[str, tuple[Metric, int]] = {
    TIMES_BOUND: (Sample.times_bound, 3),
    "mean latency": (lambda _, schedule: schedule.mean_latency, 1),
    "median latency": (lambda _, schedule: schedule.median_latency, 1),
    "p99 latency": (lambda _, schedule: schedule.p99_latency, 0),
    "makespan": (lambda _, schedule: schedule.makespan, 0),
    "evictions": (lambda _, schedule: schedule.evictions, 0),
    "wasted tokens": (lambda _, schedule: schedule.wasted_tokens, 0),
    "mean occupancy": (lambda _, schedule: schedule.mean_occupancy, 0),
}
"""Columns of the table, under the specification's names; each with its decimals."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A number of the table, and below it its confidence interval; empty if it has no width."""

    mean: str
    interval: str


@dataclass(frozen=True)
class Policies:
    """What the report shows of one workload.

    Attributes:
        caption: what was scheduled, in one sentence.
        samples: one for each seed, at least one; all with the same policies.
        best: the best schedule known of the first sample, made with every length known.
    """

    caption: str
    samples: Sequence[Sample]
    best: Schedule

    @property
    def first(self) -> Sample:
        """The sample that figures of single schedules show."""
        return self.samples[0]

    @property
    def seeds(self) -> str:
        """``0, 1 and 2``; ``none: nothing is random`` without a seed."""
        if self.first.seed is None:
            return "none: nothing is random"
        return listed(sample.seed for sample in self.samples)

    @property
    def bounds(self) -> str:
        """The certified bounds, in order of seeds."""
        return listed(f"{sample.bound:,}" for sample in self.samples)

    def estimate(self, policy: str, name: str) -> Estimate:
        """A metric of :data:`METRICS` over the seeds."""
        metric, _ = METRICS[name]
        values = [metric(sample, sample.schedules[policy]) for sample in self.samples]
        return Estimate.of(values) if len(values) > 1 else Estimate.exactly(values[0])

    def rows(self) -> list[tuple[str, tuple[Cell, ...]]]:
        """Title and cells of each policy, under the names of :data:`METRICS`."""
        return [
            (title_of(policy), tuple(self._cell(policy, name) for name in METRICS))
            for policy in self.first.schedules
        ]

    def _cell(self, policy: str, name: str) -> Cell:
        _, decimals = METRICS[name]
        estimate = self.estimate(policy, name)
        if estimate.count > 1:
            # A mean of whole numbers is not whole.
            decimals = max(1, decimals)
            interval = f"{estimate.low:,.{decimals}f} – {estimate.high:,.{decimals}f}"
            if estimate.low == estimate.high:
                interval = ""
            return Cell(f"{estimate.mean:,.{decimals}f}", interval)
        return Cell(f"{estimate.mean:,.{decimals}f}", "")

    def downloads(self) -> tuple[Download, Download]:
        """The numbers of the table: a CSV line for each policy and seed, and the same as JSON."""
        headings = ("policy", "seed", "certified bound", "total latency", *METRICS)
        rows = [
            (
                policy,
                sample.seed,
                sample.bound,
                sample.schedules[policy].total_latency,
                *(metric(sample, sample.schedules[policy]) for metric, _ in METRICS.values()),
            )
            for policy in self.first.schedules
            for sample in self.samples
        ]
        document = [dict(zip(headings, row, strict=True)) for row in rows]
        return as_csv("policies", headings, rows), as_json("policies", json.dumps(document))

    def gap(self) -> Bars:
        """Total latency over the certified bound."""
        bars = [
            Bar(title_of(policy), self.estimate(policy, TIMES_BOUND))
            for policy in self.first.schedules
        ]
        best = Bar("best known", Estimate.exactly(self.first.times_bound(self.best)))
        over = (
            f"Bars are means over {len(self.samples)} seeds, thin lines 95 % confidence intervals; "
            "“best known” is of the first seed. "
            if len(self.samples) > 1
            else ""
        )
        return Bars(
            name="gap",
            title="How far from the optimum",
            reading="Bars start at 1, the certified bound: no schedule has a smaller total "
            f"latency. {over}The optimum lies between 1 and the best schedule known, "
            f"{best.value.mean:.3f}, which was made with every length known.",
            x_label=f"{TIMES_BOUND}: total latency / certified bound",
            begin=1.0,
            bars=(*bars, best),
        )

    def occupancy(self) -> Figure:
        """Tokens held over time, of the first sample."""
        schedules = {title_of(name): each for name, each in self.first.schedules.items()}
        return occupancy("occupancy", schedules)

    def latencies(self) -> Figure:
        """The empirical distribution function of latency, of the first sample, at each per cent."""
        return Figure(
            name="latency",
            title="How long requests take",
            reading="The share of requests whose latency, from arrival to the last token, is at "
            "most x. A line further left is better. First seed.",
            x_label="latency, rounds",
            y_label="share of requests",
            x_scale="log",
            series=tuple(
                Series(title_of(policy), _distribution(schedule.latencies))
                for policy, schedule in self.first.schedules.items()
            ),
        )

    def percentiles(self) -> list[tuple[str, ...]]:
        """The numbers of :meth:`latencies` as a table: headings, then one row for each per cent."""
        ascending = [sorted(schedule.latencies) for schedule in self.first.schedules.values()]
        rows = [("share of requests", *(title_of(policy) for policy in self.first.schedules))]
        for percent in range(101):
            latencies = (f"{each[_rank(percent, len(each))]:,}" for each in ascending)
            rows.append((f"{percent} %", *latencies))
        return rows


def occupancy(name: str, schedules: Mapping[str, Schedule]) -> Figure:
    """Tokens held over time, as means over as many rounds as a point stands for.

    Args:
        name: of the figure.
        schedules: by title, at least one; of one instance.
    """
    capacity = next(iter(schedules.values())).instance.capacity
    longest = max(schedule.makespan for schedule in schedules.values())
    rounds = max(1, -(-longest // POINTS_OVER_TIME))
    held = listed(
        f"{title} {schedule.mean_occupancy / capacity * 100:.0f} %"
        for title, schedule in schedules.items()
    )
    each = f"Each point is the mean over {rounds} rounds. " if rounds > 1 else ""
    return Figure(
        name=name,
        title="How full the cache is",
        reading=f"{each}Mean occupancy until the makespan, of M: {held}.",
        x_label="round",
        y_label="tokens held",
        series=tuple(
            Series(title, _over_time(schedule, rounds)) for title, schedule in schedules.items()
        ),
        marks=(Mark("M, size of the cache", capacity),),
    )


def _over_time(schedule: Schedule, rounds: int) -> tuple[Point, ...]:
    """Means over ``rounds`` rounds each; the last over the rounds that are left."""
    held = schedule.occupancy()
    return tuple(
        Point(begin, Estimate.exactly(round(float(held[begin : begin + rounds].mean()), 1)))
        for begin in range(0, len(held), rounds)
    )


def _distribution(latencies: Sequence[int]) -> tuple[Point, ...]:
    """For each per cent, the least latency that at least this share of requests does not exceed."""
    ascending = sorted(latencies)
    return tuple(
        Point(ascending[_rank(percent, len(ascending))], Estimate.exactly(percent / 100))
        for percent in range(101)
    )


def _rank(percent: int, count: int) -> int:
    """The position of a percentile among ``count`` numbers in ascending order, from 0."""
    return max(1, -(-percent * count // 100)) - 1

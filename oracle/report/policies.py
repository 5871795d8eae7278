"""Several policies on one workload, over one or more seeds: a table, and figures of one seed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from amin_ref import Schedule
from amin_ref.comparison import Comparison, Display
from amin_ref.comparison.columns import COLUMNS
from amin_ref.comparison.comparison import number_of
from amin_ref.comparison.estimate import Estimate
from amin_ref.policies.names import POLICIES, title_of
from oracle.claims.figures import Figure, Mark, Point, Series
from oracle.claims.words import listed
from oracle.report.downloads import Download, as_csv, as_json
from oracle.report.pictures import Bar, Bars

_DISPLAY = Display()

POINTS_OVER_TIME = 120
"""Points of a line over time: each two to three units wide, as narrow as a pointer can hit."""

COLUMNS_SHOWN = (
    "ratio_to_bound",
    "mean_latency",
    "median_latency",
    "p99_latency",
    "mean_ttft",
    "makespan",
    "evictions",
    "wasted_tokens",
    "mean_occupancy",
)
"""Columns of the table: the first is visible on a phone, all of them on A4 paper."""

TIMES_BOUND = COLUMNS["ratio_to_bound"].statistic
"""The name of total latency / certified bound, in tables and in figures."""


@dataclass(frozen=True, slots=True)
class EstimateCell:
    """A number of the table, and below it its confidence interval; empty if it has no width."""

    mean: str
    interval: str


@dataclass(frozen=True)
class Policies:
    """What the report shows of one workload.

    Attributes:
        caption: what was scheduled, in one sentence.
        comparisons: one for each seed, at least one, each with a certified bound; all with the same
            policies.
        best: the best schedule that a search found for the first seed.
        is_random: whether the seed has an effect.
    """

    caption: str
    comparisons: Mapping[int, Comparison]
    best: Schedule
    is_random: bool = True

    @property
    def first(self) -> Comparison:
        """The comparison that figures of single schedules show."""
        return next(iter(self.comparisons.values()))

    @property
    def seeds(self) -> str:
        """``0, 1 and 2``; ``none: nothing is random`` where the seed has no effect."""
        return listed(self.comparisons) if self.is_random else "none: nothing is random"

    @property
    def bounds(self) -> str:
        """The certified bounds, in order of seeds."""
        return listed(f"{each.lower_bound or 0:,}" for each in self.comparisons.values())

    def times_bound(self, schedule: Schedule) -> float:
        """Total latency of a schedule of the first seed / its bound; at least 1."""
        return schedule.total_latency / max(1, self.first.lower_bound or 0)

    def summaries(self) -> str:
        """What the policies plan with: a sentence for each that is not the user's own."""
        known = [POLICIES[name] for name in self.first.policies if name in POLICIES]
        return " ".join(f"{policy.title}: {policy.summary}." for policy in known)

    def headings(self) -> list[tuple[str, str, str]]:
        """Of each column: what is measured, which statistic, and the unit."""
        return [_DISPLAY.heading(COLUMNS[name]) for name in COLUMNS_SHOWN]

    def rows(self) -> list[tuple[str, tuple[EstimateCell, ...]]]:
        """Title and cells of each policy."""
        return [
            (title_of(policy), tuple(self._cell(policy, name) for name in COLUMNS_SHOWN))
            for policy in self.first.policies
        ]

    def _cell(self, policy: str, name: str) -> EstimateCell:
        column = COLUMNS[name]
        if len(self.comparisons) == 1:
            number = number_of(self.first.row(policy), column)
            return EstimateCell(_DISPLAY.text(column, number), "")
        estimate = self._estimate(policy, name)
        low, mean, high = (
            _DISPLAY.text(column, number) for number in (estimate.low, estimate.mean, estimate.high)
        )
        return EstimateCell(mean, "" if estimate.low == estimate.high else f"{low} – {high}")

    def _estimate(self, policy: str, name: str) -> Estimate:
        values = [
            number_of(each.row(policy), COLUMNS[name]) or 0.0 for each in self.comparisons.values()
        ]
        return Estimate.of(values) if len(values) > 1 else Estimate.exactly(values[0])

    def downloads(self) -> tuple[Download, Download]:
        """Every metric of the table's policies: a CSV line for each policy and seed, and JSON."""
        rows = [
            {"seed": seed, "lower_bound": each.lower_bound, **asdict(row)}
            for seed, each in self.comparisons.items()
            for row in each.rows
        ]
        return (
            as_csv("policies", tuple(rows[0]), [tuple(row.values()) for row in rows]),
            as_json("policies", json.dumps(rows)),
        )

    def gap(self) -> Bars:
        """Total latency over the certified bound."""
        bars = [
            Bar(title_of(policy), self._estimate(policy, "ratio_to_bound"))
            for policy in self.first.policies
        ]
        # In little time, the search may find no schedule as good as a policy's.
        known = min(map(self.times_bound, (self.best, *self.first.schedules.values())))
        best = Bar("best known", Estimate.exactly(known))
        count = len(self.comparisons)
        over = (
            f"Bars are means over {count} seeds, thin lines 95 % confidence intervals; “best "
            "known” is of the first seed. "
            if count > 1
            else ""
        )
        return Bars(
            name="gap",
            title="How far from the optimum",
            reading="Bars start at 1, the certified bound: no schedule has a smaller total "
            f"latency. {over}The optimum lies between 1 and the best schedule known, "
            f"{known:.3f}.",
            x_label=f"{TIMES_BOUND}: total latency / certified bound",
            begin=1.0,
            bars=(*bars, best),
        )

    def occupancy(self) -> Figure:
        """Tokens held over time, of the first seed."""
        schedules = {title_of(name): each for name, each in self.first.schedules.items()}
        return occupancy("occupancy", schedules)

    def latencies(self) -> Figure:
        """The empirical distribution function of latency, of the first seed, at each per cent."""
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

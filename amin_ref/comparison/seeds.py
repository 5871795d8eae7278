"""Policies over several seeds: means with confidence intervals, and paired differences."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import combinations

from amin_ref.comparison.columns import COLUMNS, Column, Display, chosen_columns
from amin_ref.comparison.comparison import Comparison, csv_name, csv_value, number_of, simulated
from amin_ref.comparison.estimate import CONFIDENCE, Estimate
from amin_ref.comparison.grid import Grid, printable, short_names
from amin_ref.comparison.layout import TABLE_WIDTH, default_columns, laid_out, page, reading
from amin_ref.comparison.selection import PolicySelection
from amin_ref.model.errors import InvalidValue, shown
from amin_ref.model.instance import Instance
from amin_ref.policies.ties import ByPosition, Shuffled

FORMAT = "amin-ref/seed-comparison"
VERSION = 1

DEFAULT_METRIC = "mean_latency"
"""The default metric for the comparison of policies in pairs."""


@dataclass(frozen=True, slots=True)
class SeedRow:
    """One policy over several seeds.

    Attributes:
        policy: name of the policy.
        estimates: for each numeric field of :class:`ComparisonRow`, its mean over the seeds with
            the 95 % confidence interval, in the field's unit; ``None`` where the metric is ``None``
            for a seed.
    """

    policy: str
    estimates: Mapping[str, Estimate | None] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Difference:
    """How much more of a metric one policy has than another, paired by seed.

    Attributes:
        first: name of a policy.
        second: name of the policy that is subtracted.
        metric: the field of :class:`ComparisonRow`.
        estimate: mean over the seeds of first − second, with its confidence interval.
    """

    first: str
    second: str
    metric: str
    estimate: Estimate

    @property
    def is_supported(self) -> bool:
        """Whether the seeds support that there is a difference: the interval excludes 0."""
        return self.estimate.excludes_zero


@dataclass(frozen=True)
class SeedComparison:
    """The same comparison for several seeds.

    Attributes:
        comparisons: the comparison of each seed, under the seed; at least two, with the same
            policies in the same order.
        caption: what was scheduled, in a sentence.

    Raises:
        InvalidValue: there are fewer than two comparisons, or their policies differ.
    """

    comparisons: Mapping[int, Comparison] = field(hash=False)
    caption: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "comparisons", dict(self.comparisons))
        if len(self.comparisons) < 2:
            raise InvalidValue(
                "comparison over seeds: seeds",
                list(self.comparisons),
                "a confidence interval needs at least two",
                "give more seeds",
            )
        for seed, comparison in self.comparisons.items():
            if comparison.policies != self.policies:
                raise InvalidValue(
                    f"comparison over seeds: policies of seed {seed}",
                    comparison.policies,
                    f"they must be {shown(self.policies)}, as for the first seed",
                    "compare the same policies for every seed",
                )

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, in the order of the comparisons."""
        return tuple(self.comparisons)

    @property
    def policies(self) -> tuple[str, ...]:
        """The policies' names, in the order of the rows."""
        return self._first.policies

    @property
    def display(self) -> Display:
        """How times are shown."""
        return self._first.display

    @property
    def _first(self) -> Comparison:
        return next(iter(self.comparisons.values()))

    @cached_property
    def rows(self) -> tuple[SeedRow, ...]:
        """Each policy's means with their 95 % intervals, by Student's t over the seeds."""
        return tuple(
            SeedRow(policy, {name: self._estimate(policy, name) for name in COLUMNS})
            for policy in self.policies
        )

    def _estimate(self, policy: str, metric: str) -> Estimate | None:
        values = self.values(policy, metric)
        known = [value for value in values if value is not None]
        return Estimate.of(known) if len(known) == len(values) else None

    def values(self, policy: str, metric: str) -> tuple[float | None, ...]:
        """The metric of one policy, for each seed.

        Raises:
            InvalidValue: there is no such policy or metric.
        """
        (column,) = chosen_columns([metric])
        return tuple(
            number_of(comparison.row(policy), column) for comparison in self.comparisons.values()
        )

    def differences(self, metric: str = DEFAULT_METRIC) -> tuple[Difference, ...]:
        """The paired difference of every two policies.

        The instance of a seed is the same for both policies, so what varies between seeds cancels.
        The m = k·(k − 1)/2 intervals of k policies hold together with probability 95 % (at least):
        by Bonferroni's inequality each is an interval of confidence 1 − 0.05/m.

        Args:
            metric: the field of :class:`ComparisonRow`.

        Raises:
            InvalidValue: there is no such metric, or it is ``None`` for a policy and seed.
        """
        pairs = tuple(combinations(self.policies, 2))
        confidence = 1 - (1 - CONFIDENCE) / max(1, len(pairs))
        return tuple(
            Difference(
                first,
                second,
                metric,
                Estimate.of(
                    [
                        a - b
                        for a, b in zip(
                            self._known(first, metric), self._known(second, metric), strict=True
                        )
                    ],
                    confidence,
                ),
            )
            for first, second in pairs
        )

    def _known(self, policy: str, metric: str) -> list[float]:
        found = []
        for value in self.values(policy, metric):
            if value is None:
                raise InvalidValue(
                    f"comparison over seeds: {metric} of {shown(policy)}",
                    None,
                    "a difference needs a number for every seed",
                    "ask for another metric",
                )
            found.append(value)
        return found

    @property
    def hints(self) -> tuple[str, ...]:
        """Sentences on why policies or seeds look the same; empty where they differ."""
        if all(comparison.rows == self._first.rows for comparison in self.comparisons.values()):
            return (
                "Hint: every seed gives the same numbers, so the intervals say nothing. Nothing in "
                "this workload is random.",
            )
        of_all = [comparison.hints for comparison in self.comparisons.values()]
        return of_all[0] if all(hints == of_all[0] for hints in of_all) else ()

    def table(
        self,
        width: int | None = TABLE_WIDTH,
        columns: Sequence[str] | str | None = None,
    ) -> str:
        """The means with their intervals and the differences as plain text.

        Args:
            width: most characters in a line; ``None`` for any number. Columns that do not fit are
                treated as in :meth:`Comparison.table`.
            columns: as for :meth:`Comparison.table`.
        """
        chosen = self._columns(columns)
        means = laid_out(self._grid, chosen, width, may_drop=columns is None)
        notes = (
            f"mean ± half the 95 % interval over {len(self.seeds):,} seeds (Student's t).",
            *reading(means.columns, None),
            *means.notes(),
        )
        text = page(self.caption or self._default_caption(), means.text, notes, width)
        if len(self.policies) > 1:
            pairs = laid_out(lambda _: self._pairs(), (), width, may_drop=False)
            column = COLUMNS[DEFAULT_METRIC]
            text += "\n\n" + page(
                f"Differences in {column.statistic} {column.head}, paired by seed:",
                pairs.text,
                (self._confidence(), *self.hints),
                width,
            )
        return text

    def __str__(self) -> str:
        return self.table()

    def _repr_html_(self) -> str:
        caption = self.caption or self._default_caption()
        means = self._grid(self._columns(None)).html(caption)
        return means + (self._pairs().html(self._confidence()) if len(self.policies) > 1 else "")

    def to_markdown(self, columns: Sequence[str] | str | None = None) -> str:
        """The means with their intervals, and the differences, as two tables in Markdown."""
        means = self._grid(self._columns(columns)).markdown()
        return means + ("\n" + self._pairs().markdown() if len(self.policies) > 1 else "")

    def to_csv(self, columns: Sequence[str] | str | None = None) -> str:
        """A line for each policy and metric: policy, metric, mean, low, high, seeds; exact numbers.

        Units are as in :meth:`Comparison.to_csv`.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["policy", "metric", "mean", "low", "high", "seeds"])
        for row in self.rows:
            for column in chosen_columns("all" if columns is None else columns):
                estimate = row.estimates[column.field]
                if estimate is not None:
                    numbers = (estimate.mean, estimate.low, estimate.high)
                    texts = (csv_value(column, number, self.display) for number in numbers)
                    name = csv_name(column, self.display)
                    writer.writerow([printable(row.policy), name, *texts, estimate.count])
        return text.getvalue()

    def document(self) -> dict[str, object]:
        """The comparison as a JSON-ready object, with every seed's rows; times are in rounds."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "seeds": list(self.seeds),
            "confidence": CONFIDENCE,
            "slo": self.display.slo,
            "round_seconds": self.display.round_seconds,
            "policies": [
                {"policy": row.policy}
                | {
                    name: None if estimate is None else asdict(estimate)
                    for name, estimate in row.estimates.items()
                }
                for row in self.rows
            ],
            "differences": [
                {
                    "first": difference.first,
                    "second": difference.second,
                    "metric": difference.metric,
                    **asdict(difference.estimate),
                    "supported": difference.is_supported,
                }
                for difference in self.differences()
            ],
            "comparisons": [
                {
                    "seed": seed,
                    "requests": len(comparison.instance.requests),
                    "lower_bound": comparison.lower_bound,
                    "policies": [asdict(row) for row in comparison.rows],
                }
                for seed, comparison in self.comparisons.items()
            ],
            "hints": list(self.hints),
        }

    def to_json(self) -> str:
        """:meth:`document` as one line of JSON."""
        return json.dumps(self.document())

    def _columns(self, names: Sequence[str] | str | None) -> tuple[Column, ...]:
        if names is not None:
            return chosen_columns(names)
        has_bound = all(each.lower_bound is not None for each in self.comparisons.values())
        machine = next(iter(self.comparisons.values())).instance.machine
        return default_columns(machine, has_bound=has_bound, has_slo=self.display.slo is not None)

    def _grid(self, columns: Sequence[Column]) -> Grid:
        return Grid(
            rows_are="policy",
            names=self.policies,
            headings=tuple(self.display.heading(column) for column in columns),
            cells=tuple(
                tuple(self._text(column, row.estimates[column.field]) for column in columns)
                for row in self.rows
            ),
        )

    def _text(self, column: Column, estimate: Estimate | None) -> str:
        mean = self.display.text(column, None if estimate is None else estimate.mean)
        if estimate is None:
            return mean
        return f"{mean} ± {self.display.text(column, estimate.margin)}"

    def _pairs(self) -> Grid:
        column = COLUMNS[DEFAULT_METRIC]
        differences = self.differences()
        unit = self.display.unit(column)
        subtracted = dict(zip(self.policies, short_names(self.policies), strict=True))
        return Grid(
            rows_are="policy",
            names=tuple(difference.first for difference in differences),
            headings=(
                ("", "minus", ""),
                ("difference", "mean", unit),
                ("interval", "from", unit),
                ("interval", "to", unit),
                ("supported", "by seeds", ""),
            ),
            cells=tuple(
                (
                    subtracted[difference.second],
                    self.display.text(column, difference.estimate.mean),
                    self.display.text(column, difference.estimate.low),
                    self.display.text(column, difference.estimate.high),
                    "yes" if difference.is_supported else "no",
                )
                for difference in differences
            ),
        )

    def _confidence(self) -> str:
        count = len(self.policies) * (len(self.policies) - 1) // 2
        if count == 1:
            return "supported: the 95 % interval of the paired difference excludes 0."
        return (
            f"supported: the interval of the paired difference excludes 0. All {count} intervals "
            f"hold together with 95 % (Bonferroni: each alone with {100 - 5 / count:.2f} %)."
        )

    def _default_caption(self) -> str:
        instance = self._first.instance
        return (
            f"{len(self.seeds):,} seeds; {len(instance.requests):,} requests in a cache of "
            f"{instance.capacity:,} tokens in blocks of {instance.block_size:,}."
        )


def compare_seeds(
    make_instance: Callable[[int], Instance],
    policies: PolicySelection,
    seeds: int | Iterable[int],
    *,
    lower_bound: Callable[[Instance], int] | None = None,
    random_ties: bool = False,
    slo: float | None = None,
    round_seconds: float | None = None,
    caption: str = "",
) -> SeedComparison:
    """Compare the policies on one instance for each seed.

    What is random must come from the seed: the sample of lengths, the arrivals and, where they are
    random, the predictions in ``make_instance``; the order of ties with ``random_ties``. Seeds must
    give independent instances for the intervals to hold.

    Args:
        make_instance: makes the instance of a seed, such as
            ``lambda seed: build_instance("chat", capacity=16492, seed=seed).instance``.
        policies: as for :func:`compare`; the same for every seed.
        seeds: the seeds, at least two different ones; a number n stands for 0, 1, …, n − 1.
        lower_bound: proves a lower bound on the total latency of any schedule of an instance.
        random_ties: whether policies that are given by name break ties in a random order that
            depends on the seed; otherwise by position.
        slo: as for :func:`compare`.
        round_seconds: as for :func:`compare`.
        caption: what is scheduled, in a sentence.

    Raises:
        InvalidValue: an argument breaks its rule, there are fewer than two seeds.
        NoScheduler: a name is not that of a policy.
        IllegalDecision: a policy's decision cannot be carried out.
        NoProgress: a policy does not complete all requests.
    """
    display = Display(round_seconds, slo)
    comparisons: dict[int, Comparison] = {}
    for seed in range(seeds) if isinstance(seeds, int) else seeds:
        instance = make_instance(seed)
        ties = Shuffled(seed) if random_ties else ByPosition()
        schedules = dict(simulated(instance, policies, ties=ties))
        bound = None if lower_bound is None else lower_bound(instance)
        comparisons[seed] = Comparison(schedules, bound, display)
    return SeedComparison(comparisons, caption)

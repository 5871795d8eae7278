"""Several policies on one instance: their metrics as values, and as a table, Markdown, CSV, JSON.

For example ``print(compare(instance, "amin,fcfs"))``.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property

from amin_ref.comparison.columns import Column, Display, chosen_columns
from amin_ref.comparison.grid import Grid, printable
from amin_ref.comparison.layout import TABLE_WIDTH, default_columns, laid_out, page, reading
from amin_ref.comparison.row import ComparisonRow
from amin_ref.comparison.selection import DEFAULT_SELECTION, PolicySelection, policies_by_name
from amin_ref.model.errors import InvalidValue, shown
from amin_ref.model.instance import Instance
from amin_ref.model.schedule import Schedule
from amin_ref.model.validation import whole_number
from amin_ref.policies.ties import ByPosition, TieBreak
from amin_ref.simulator.simulation import simulate

FORMAT = "amin-ref/comparison"
VERSION = 1


@dataclass(frozen=True)
class Comparison:
    """Several schedules of one instance, for comparison.

    ``str(comparison)`` is a table at most 80 characters wide; no number in it is cut.

    Attributes:
        schedules: each policy's schedule under the policy's name, in the order of the rows; at
            least one, all valid and of the same instance.
        lower_bound: proven: no schedule of the instance has a smaller total latency;
            request·rounds. ``None`` when no bound is known.
        display: how times are shown, and the latency that goodput counts requests within.
        caption: what was scheduled, in a sentence. If it is empty, the table says how many requests
            and how large a cache.

    Raises:
        InvalidValue: there is no schedule, two are of different instances, a request never
            completes, or the bound is not a whole number or is above a schedule's total latency.
    """

    schedules: Mapping[str, Schedule] = field(hash=False)
    lower_bound: int | None = None
    display: Display = field(default_factory=Display)
    caption: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "schedules", dict(self.schedules))
        if not self.schedules:
            raise InvalidValue(
                "comparison: schedules", {}, "it must hold at least one", "add a policy's schedule"
            )
        for policy, schedule in self.schedules.items():
            if schedule.instance != self.instance:
                raise InvalidValue(
                    f"comparison: schedule of {shown(policy)}",
                    schedule.instance,
                    "all schedules must be of the same instance",
                    "compare schedules of one instance",
                )
            self._refuse_refuted_bound(policy, schedule)

    def _refuse_refuted_bound(self, policy: str, schedule: Schedule) -> None:
        if self.lower_bound is None:
            return
        whole_number("comparison: lower_bound", self.lower_bound, 0, "request·rounds")
        if schedule.total_latency < self.lower_bound:
            raise InvalidValue(
                "comparison: lower_bound",
                self.lower_bound,
                f"the schedule of {shown(policy)} has a total latency of {schedule.total_latency}, "
                "so that is no lower bound",
                "give a proven one, or None",
            )

    @property
    def instance(self) -> Instance:
        """The instance that all policies schedule."""
        return next(iter(self.schedules.values())).instance

    @property
    def policies(self) -> tuple[str, ...]:
        """The policies' names, in the order of the rows."""
        return tuple(self.schedules)

    @cached_property
    def rows(self) -> tuple[ComparisonRow, ...]:
        """The metrics of each policy, in the order of :attr:`schedules`."""
        best = min(schedule.total_latency for schedule in self.schedules.values())
        return tuple(
            ComparisonRow.of(
                policy,
                schedule,
                best=best,
                lower_bound=self.lower_bound,
                slo=self.display.slo,
            )
            for policy, schedule in self.schedules.items()
        )

    def row(self, policy: str) -> ComparisonRow:
        """The metrics of one policy.

        Raises:
            InvalidValue: there is no policy of this name.
        """
        for row in self.rows:
            if row.policy == policy:
                return row
        raise InvalidValue(
            "comparison: policy",
            policy,
            "it is not compared here",
            f"give one of {', '.join(self.policies)}",
        )

    @property
    def hints(self) -> tuple[str, ...]:
        """A sentence for a workload on which the policies cannot differ, or differ less than usual.

        That no request waits, that all schedules are equal, or that nothing is evicted; the first
        that is true. Empty for any other workload.
        """
        if all(row.requests_queued == 0 for row in self.rows):
            return (
                "Hint: under no policy does a request ever wait, so all policies look the same. "
                "Raise the load or the number of requests, or lower the capacity.",
            )
        first, *others = self.schedules.values()
        if others and all(first.runs_as(other) for other in others):
            return (
                "Hint: all policies make the same schedule. Predict less exactly, or change the "
                "load, to tell them apart.",
            )
        if all(row.evictions == 0 for row in self.rows):
            return (
                "Hint: no policy ever evicts, so how they handle overflow is not tested. Raise the "
                "load, lower the capacity, or predict less exactly.",
            )
        return ()

    def table(
        self,
        width: int | None = TABLE_WIDTH,
        columns: Sequence[str] | str | None = None,
    ) -> str:
        """The table as plain text, with its caption, how to read it, and :attr:`hints`.

        Args:
            width: most characters in a line; ``None`` for any number. The default columns that do
                not fit are left out, the least important first (:data:`DEFAULT_COLUMNS`), and
                named below the table. Chosen columns that do not fit beside each other stand below
                each other. No number is cut.
            columns: fields of :class:`ComparisonRow`, or ``"all"``; the default columns if
                ``None``.

        Raises:
            InvalidValue: there is no such column.
        """
        table = laid_out(self._grid, self._columns(columns), width, may_drop=columns is None)
        notes = (*reading(table.columns, self.lower_bound), *table.notes(), *self.hints)
        return page(self.caption or self._default_caption(), table.text, notes, width)

    def __str__(self) -> str:
        return self.table()

    def _repr_html_(self) -> str:
        caption = self.caption or self._default_caption()
        return self._grid(self._columns(None)).html(caption)

    def to_markdown(self, columns: Sequence[str] | str | None = None) -> str:
        """The table in GitHub's Markdown, with numbers as :meth:`table` writes them.

        Args:
            columns: as for :meth:`table`; a Markdown table has no width.
        """
        return self._grid(self._columns(columns)).markdown()

    def to_csv(self, columns: Sequence[str] | str | None = None) -> str:
        """The rows as CSV: a header of field names, and every number exactly as it is.

        Control characters and line ends in a policy's name are written as escapes.
        Times are in rounds, unless :attr:`display` gives the duration of a round: then the names of
        times end in ``_seconds`` and that of the throughput in ``_per_second``.

        Args:
            columns: as for :meth:`table`; all of them if ``None``.
        """
        chosen = chosen_columns("all" if columns is None else columns)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["policy", *(csv_name(column, self.display) for column in chosen)])
        for row in self.rows:
            values = (number_of(row, column) for column in chosen)
            writer.writerow(
                [
                    printable(row.policy),
                    *(
                        "" if value is None else csv_value(column, value, self.display)
                        for column, value in zip(chosen, values, strict=True)
                    ),
                ]
            )
        return text.getvalue()

    def document(self) -> dict[str, object]:
        """The comparison as a JSON-ready object; times are in rounds."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "requests": len(self.instance.requests),
            "lower_bound": self.lower_bound,
            "slo": self.display.slo,
            "round_seconds": self.display.round_seconds,
            "policies": [asdict(row) for row in self.rows],
            "hints": list(self.hints),
        }

    def to_json(self) -> str:
        """:meth:`document` as one line of JSON."""
        return json.dumps(self.document())

    def _columns(self, names: Sequence[str] | str | None) -> tuple[Column, ...]:
        if names is not None:
            return chosen_columns(names)
        return default_columns(
            self.instance.machine,
            has_bound=self.lower_bound is not None,
            has_slo=self.display.slo is not None,
        )

    def _grid(self, columns: Sequence[Column]) -> Grid:
        return Grid(
            rows_are="policy",
            names=self.policies,
            headings=tuple(self.display.heading(column) for column in columns),
            cells=tuple(
                tuple(self.display.text(column, number_of(row, column)) for column in columns)
                for row in self.rows
            ),
        )

    def _default_caption(self) -> str:
        instance = self.instance
        return (
            f"{len(instance.requests):,} requests; a cache of {instance.capacity:,} tokens in "
            f"blocks of {instance.block_size:,}."
        )


def compare(
    instance: Instance,
    policies: PolicySelection = DEFAULT_SELECTION,
    lower_bound: int | None = None,
    *,
    ties: TieBreak = ByPosition(),
    slo: float | None = None,
    round_seconds: float | None = None,
    caption: str = "",
) -> Comparison:
    """Simulate each policy on ``instance`` and put their metrics beside each other.

    Args:
        instance: what is scheduled.
        policies: names (``"amin"``, ``"mymodule:SJF"``), instances of policies, classes or
            functions that make one; in a list, or as a mapping of names to them, or as one text of
            names with commas between. ``"all"`` stands for every named policy. By default Amin,
            Amax, H-SF and FCFS.
        lower_bound: proven: no schedule has a smaller total latency; request·rounds. For example
            ``oracle.verify(instance, oracle.lower_bound(instance))``.
        ties: breaks the ties of policies that are given by name.
        slo: the latency that goodput counts requests within; rounds.
        round_seconds: duration of a round; seconds. Times are shown in seconds if it is given;
            the values in :attr:`Comparison.rows` are in rounds always.
        caption: what is scheduled, in a sentence.

    Raises:
        InvalidValue: an argument breaks its rule.
        NoScheduler: a name is not that of a policy.
        IllegalDecision: a policy's decision cannot be carried out.
        NoProgress: a policy does not complete all requests.
    """
    display = Display(round_seconds, slo)
    schedules = dict(simulated(instance, policies, ties=ties))
    return Comparison(schedules, lower_bound, display, caption)


def simulated(
    instance: Instance,
    policies: PolicySelection,
    *,
    ties: TieBreak = ByPosition(),
    progress: Callable[[str, int], None] | None = None,
) -> Iterator[tuple[str, Schedule]]:
    """Each policy's name and schedule, one after the other as they are simulated.

    Args:
        instance: what is scheduled.
        policies: as for :func:`compare`. All are made before the first is simulated.
        ties: breaks the ties of policies that are given by name.
        progress: called with the policy's name and its number of completed requests, whenever that
            grows.
    """
    for name, make in policies_by_name(policies, ties).items():
        yield name, simulate(instance, make(), on_completion=_reporting(progress, name))


def _reporting(
    progress: Callable[[str, int], None] | None, policy: str
) -> Callable[[int], None] | None:
    if progress is None:
        return None
    return lambda completed: progress(policy, completed)


def number_of(row: ComparisonRow, column: Column) -> float | None:
    """The row's number in a column, in rounds and tokens."""
    value: float | None = getattr(row, column.field)
    return value


def csv_name(column: Column, display: Display) -> str:
    """The column's name in CSV, which says the unit where times are in seconds."""
    if display.round_seconds is None:
        return column.field
    if column.quantity in ("time", "time per token"):
        return f"{column.field}_seconds"
    return f"{column.field}_per_second" if column.quantity == "rate" else column.field


def csv_value(column: Column, value: float, display: Display) -> str:
    """The number as Python writes it, in the unit that :func:`csv_name` says."""
    # A share stays a share: only the table shows per cent.
    return repr(value if column.quantity == "share" else display.value(column, value))

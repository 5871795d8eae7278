"""A comparison's table, Markdown, CSV, JSON and HTML have every number, and cut none off."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from dataclasses import asdict, fields
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amin_ref import (
    Comparison,
    ComparisonRow,
    Instance,
    InvalidValue,
    Request,
    Run,
    Schedule,
    check,
    compare,
)
from amin_ref.comparison import Display
from amin_ref.comparison.columns import COLUMNS, DEFAULT_COLUMNS
from tests.comparison.random_comparisons import comparisons
from tests.support.profiles import times

HEADS = {
    "requests total": "requests",
    "latency total": "total_latency",
    "latency mean": "mean_latency",
    "latency p50": "p50_latency",
    "latency p90": "p90_latency",
    "latency p99": "p99_latency",
    "latency median": "median_latency",
    "TTFT mean": "mean_ttft",
    "TTFT p50": "p50_ttft",
    "TTFT p90": "p90_ttft",
    "TTFT p99": "p99_ttft",
    "TTFT ever mean": "mean_first_token_ever",
    "queueing mean": "mean_queueing",
    "queueing p50": "p50_queueing",
    "queueing p90": "p90_queueing",
    "queueing p99": "p99_queueing",
    "TPOT mean": "mean_tpot",
    "TPOT p50": "p50_tpot",
    "TPOT p90": "p90_tpot",
    "TPOT p99": "p99_tpot",
    "latency/o mean": "mean_normalized_latency",
    "output mean": "throughput",
    "queued requests": "requests_queued",
    "evicted runs": "evictions",
    "wasted total": "wasted_tokens",
    "wasted tokens": "wasted_share",
    "recomputed total": "recomputed_tokens",
    "recomputed tokens": "recomputed_share",
    "held mean": "mean_occupancy",
    "held peak": "peak_occupancy",
    "makespan last stop": "makespan",
    "latency × best": "ratio_to_best",
    "latency × bound": "ratio_to_bound",
}
"""The first two lines of each column's heading, and the field that the column shows."""

TIMES = {
    name
    for name in HEADS.values()
    if re.search("latency|ttft|tpot|queueing|makespan|first_token|throughput", name)
}
"""Fields whose unit has rounds in it."""

NUMBER = re.compile(r"–|-?[0-9]{1,3}(,[0-9]{3})*(\.[0-9]+)?")
"""A number that is not cut off: a dash for no value, or groups of three digits and decimals."""


def field_of(heading: str) -> str:
    what = heading.split(", ")[0].strip()
    return "goodput" if what.startswith("goodput") else HEADS[what]


def sliced(table: str) -> list[list[str]]:
    """The cells of a plain table, its lines cut where the rule has its spaces."""
    lines = table.split("\n")
    rule = next(line for line in lines if line and set(line) <= {"-", " "})
    spans = [found.span() for found in re.finditer("-+", rule)]
    rows = [[line[begin:end].strip() for begin, end in spans] for line in lines if line != rule]
    assert all(len(line) <= len(rule) for line in lines), "a cell is longer than its column"
    return rows


def shown_values(comparison: Comparison, table: str) -> dict[tuple[int, str], str]:
    """The text of each number of the default table, by row's index and field."""
    text = table.split("\n\n")[1]
    rows = sliced(text)
    depth = len(rows) - len(comparison.rows)
    headings = [" ".join(part for part in column[:2]) for column in zip(*rows[:depth], strict=True)]
    return {
        (index, field_of(heading)): cell
        for index, row in enumerate(rows[depth:])
        for heading, cell in zip(headings[1:], row[1:], strict=True)
    }


def unit_of(comparison: Comparison, name: str) -> float:
    """The factor by which a number is multiplied where it is shown."""
    seconds = comparison.display.round_seconds
    if name in ("goodput", "wasted_share", "recomputed_share"):
        return 100
    if seconds is None:
        return 1
    if name == "throughput":
        return 1 / seconds
    return seconds if name in TIMES else 1


def assert_shows(comparison: Comparison, index: int, name: str, cell: str) -> None:
    """The cell has a number that is not cut off, and equals the row's to its last decimal."""
    value: float | None = getattr(comparison.rows[index], name)
    assert NUMBER.fullmatch(cell), cell
    if value is None:
        assert cell == "–"
        return
    decimals = len(cell.partition(".")[2])
    expected = value * unit_of(comparison, name)
    off = abs(Decimal(cell.replace(",", "")) - Decimal(expected))
    # Half a unit of the last decimal, and what the factor of the unit is off by as a float.
    assert off <= Decimal(f"0.5e-{decimals}") + abs(Decimal(expected)) * Decimal("1e-12")


@times(2)
@given(comparisons)
def test_no_number_of_the_table_is_cut_off(comparison: Comparison) -> None:
    """At 80 columns: shown numbers are right, omitted columns are named, and no line is longer."""
    table = str(comparison)
    assert max(map(len, table.split("\n"))) <= 80
    paragraphs = table.split("\n\n")
    if "latency × best" in paragraphs[1] or re.search("^latency", paragraphs[1], re.MULTILINE):
        return  # a line for each metric: the next test reads such tables
    shown = shown_values(comparison, table)
    for (index, name), cell in shown.items():
        assert_shows(comparison, index, name, cell)
    left_out = re.search("Left out for lack of width: ([^;]*);", table.replace("\n", " "))
    named = set(left_out[1].split(", ")) if left_out else set()
    expected = set(DEFAULT_COLUMNS)
    expected -= {"ratio_to_bound"} if comparison.lower_bound is None else set()
    expected -= {"goodput"} if comparison.display.slo is None else set()
    expected -= {"recomputed_share"}
    in_table = {name for _, name in shown}
    assert in_table | named == expected
    assert not in_table & named
    assert {"mean_latency", "ratio_to_best"} <= in_table


@given(comparisons, st.sampled_from([80, 100, 120]))
def test_requested_columns_are_never_left_out(comparison: Comparison, width: int) -> None:
    """A table of all columns has a line for each metric, in blocks of policies that fit."""
    table = comparison.table(width, "all")
    body = table.split("\n\n", 1)[1]
    blocks = [block for block in body.split("\n\n") if "---" in block]
    seen: dict[str, list[str]] = {name: [] for name in COLUMNS}
    for block in blocks:
        assert max(map(len, block.split("\n"))) <= width
        _, *rows = sliced(block)
        for label, *cells in rows:
            seen[field_of(label)] += cells
    for name, cells in seen.items():
        assert len(cells) == len(comparison.rows)
        for index, cell in enumerate(cells):
            assert_shows(comparison, index, name, cell)


@given(comparisons)
def test_without_a_width_nothing_is_left_out(comparison: Comparison) -> None:
    table = comparison.table(None)
    assert "Left out" not in table
    shown = shown_values(comparison, table)
    for (index, name), cell in shown.items():
        assert_shows(comparison, index, name, cell)
    assert len(shown) == len(comparison.rows) * (
        8 + (comparison.lower_bound is not None) + (comparison.display.slo is not None)
    )


@given(comparisons)
def test_json_read_back_gives_the_rows(comparison: Comparison) -> None:
    document = json.loads(comparison.to_json())
    assert (document["format"], document["version"]) == ("amin-ref/comparison", 1)
    assert tuple(ComparisonRow(**row) for row in document["policies"]) == comparison.rows
    assert document["lower_bound"] == comparison.lower_bound
    assert document["requests"] == len(comparison.instance.requests)


@given(comparisons)
def test_csv_read_back_gives_the_rows(comparison: Comparison) -> None:
    in_rounds = Comparison(
        comparison.schedules, comparison.lower_bound, Display(slo=comparison.display.slo)
    )
    header, *lines = csv.reader(io.StringIO(in_rounds.to_csv(), newline=""))
    assert set(header) == {each.name for each in fields(ComparisonRow)}
    for line, row in zip(lines, in_rounds.rows, strict=True):
        name, *numbers = line
        assert name == row.policy or not row.policy.isprintable()
        for field, text in zip(header[1:], numbers, strict=True):
            value = getattr(row, field)
            assert text == ("" if value is None else str(value))
            assert value is None or float(text) == value


@given(comparisons)
def test_the_header_of_csv_in_seconds_names_the_unit(comparison: Comparison) -> None:
    header, *lines = csv.reader(io.StringIO(comparison.to_csv(), newline=""))
    seconds = comparison.display.round_seconds
    assert ("mean_latency" in header) == (seconds is None)
    for line, row in zip(lines, comparison.rows, strict=True):
        for heading, text in zip(header[1:], line[1:], strict=True):
            name = heading.removesuffix("_seconds").removesuffix("_per_second")
            value = getattr(row, name)
            is_share = name in ("goodput", "wasted_share", "recomputed_share")
            factor = 1 if is_share else unit_of(comparison, name)
            assert text == "" if value is None else float(text) == pytest.approx(value * factor)
            # A duration of one second changes no number, but still the unit.
            assert (heading != name) == (factor != 1 or (seconds == 1 and name in TIMES))


def markdown_cells(text: str) -> list[list[str]]:
    """The cells of a table in Markdown, unescaped."""
    return [
        [re.sub(r"\\(.)", r"\1", cell).strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in text.splitlines()
    ]


@given(comparisons)
def test_markdown_read_back_gives_the_rows(comparison: Comparison) -> None:
    heading, rule, *rows = markdown_cells(comparison.to_markdown("all"))
    assert heading[0] == "policy"
    assert len(rule) == len(heading) == 1 + len(COLUMNS)
    for index, row in enumerate(rows):
        for label, cell in zip(heading[1:], row[1:], strict=True):
            assert_shows(comparison, index, field_of(label), cell)
    assert len(rows) == len(comparison.rows)


class Cells(HTMLParser):
    """The texts of a table's cells, and every tag."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.cells.append("")

    def handle_data(self, data: str) -> None:
        self.cells[-1] += data


@given(comparisons)
def test_html_is_escaped(comparison: Comparison) -> None:
    parser = Cells()
    parser.feed(comparison._repr_html_())
    assert parser.tags == {"table", "caption", "thead", "tbody", "tr", "th", "td"}
    for name in comparison.policies:
        if name.isprintable():
            assert name in parser.cells


def test_policies_with_special_characters_in_their_names_have_rows() -> None:
    instance = Instance(9, (Request("a", 1, 2),))
    schedule = Schedule(instance, (Run("a", 0, 2, "completed"),))
    names = ("<script>", "a|b", "two\nlines", "a" * 50 + "1", "b" * 50 + "1", "\ud800")
    comparison = Comparison(dict.fromkeys(names, schedule))
    lines = str(comparison).split("\n\n")[1].split("\n")
    assert len(lines) == 4 + len(names)
    assert len(set(lines)) == len(lines), "two policies look the same"
    assert "<script>" not in comparison._repr_html_()
    assert [len(row) for row in markdown_cells(comparison.to_markdown())] == [9] * (2 + len(names))
    assert [row[0] for row in csv.reader(io.StringIO(comparison.to_csv(), newline=""))] == [
        "policy", "<script>", "a|b", "two\\nlines", *names[3:5], "\\ud800",
    ]  # fmt: skip


INSTANCE = Instance(30, tuple(Request(i, 2, 3 + i) for i in range(6)))


class TestCompare:
    def test_a_comparison_keeps_its_schedules_and_they_are_valid(self) -> None:
        comparison = compare(INSTANCE, "amin,fcfs")
        for name, schedule in comparison.schedules.items():
            assert check(schedule) == ()
            assert comparison.row(name).total_latency == schedule.total_latency

    def test_ratios_are_costs_divided_by_the_best_cost_and_by_the_bound(self) -> None:
        totals = [row.total_latency for row in compare(INSTANCE).rows]
        comparison = compare(INSTANCE, lower_bound=min(totals) - 1)
        for row in comparison.rows:
            assert row.ratio_to_best == row.total_latency / min(totals)
            assert row.ratio_to_bound == row.total_latency / (min(totals) - 1)
        assert "no schedule has a smaller total latency" in " ".join(str(comparison).split())

    def test_a_lower_bound_above_the_best_schedule_is_refused(self) -> None:
        best = min(row.total_latency for row in compare(INSTANCE).rows)
        compare(INSTANCE, lower_bound=best)
        with pytest.raises(InvalidValue, match="so that is no lower bound"):
            compare(INSTANCE, lower_bound=best + 1)

    @pytest.mark.parametrize("bound", [-1, 2.5, True, "7"])
    def test_a_lower_bound_must_be_a_whole_number_from_0(self, bound: int) -> None:
        with pytest.raises(InvalidValue, match="comparison: lower_bound"):
            compare(INSTANCE, "amin", bound)

    @pytest.mark.parametrize(
        ("slo", "round_seconds"),
        [(0, None), (-1, None), (float("nan"), None), (None, 0), (None, 1e99), ("4", None)],
    )
    def test_numbers_of_the_display_are_checked(
        self, slo: float | None, round_seconds: float | None
    ) -> None:
        with pytest.raises(InvalidValue, match="compare: "):
            compare(INSTANCE, "amin", slo=slo, round_seconds=round_seconds)

    def test_schedules_must_be_of_one_instance(self) -> None:
        ours = compare(INSTANCE, "amin").schedules["amin"]
        theirs = compare(Instance(31, INSTANCE.requests), "amin").schedules["amin"]
        with pytest.raises(InvalidValue, match="of the same instance"):
            Comparison({"a": ours, "b": theirs})
        with pytest.raises(InvalidValue, match="at least one"):
            Comparison({})

    def test_an_unknown_policy_has_no_row(self) -> None:
        with pytest.raises(InvalidValue, match="it is not compared here; give one of amin"):
            compare(INSTANCE, "amin").row("fcfs")

    @pytest.mark.parametrize("columns", ["best", [], "mean_latency,mean_latency", ""])
    def test_an_unknown_column_is_refused(self, columns: str) -> None:
        with pytest.raises(InvalidValue, match="columns is "):
            compare(INSTANCE, "amin").table(columns=columns)

    def test_equal_comparisons_are_equal_and_have_one_hash(self) -> None:
        one, same = compare(INSTANCE), compare(INSTANCE)
        assert one == same
        assert hash(one) == hash(same)
        assert one != compare(INSTANCE, "amin")
        assert asdict(one.rows[0]) == asdict(same.rows[0])

    def test_columns_stand_in_the_order_chosen(self) -> None:
        text = compare(INSTANCE, "amin").to_csv("makespan,mean_ttft")
        assert text.split("\n")[0] == "policy,makespan,mean_ttft"


class TestHints:
    def test_a_hint_where_no_request_waits(self) -> None:
        light = Instance(1000, tuple(Request(i, 2, 3, 3, 3) for i in range(6)))
        (hint,) = compare(light).hints
        assert "under no policy does a request ever wait" in hint
        assert hint in " ".join(str(compare(light)).split())

    def test_a_hint_where_all_policies_make_the_same_schedule(self) -> None:
        """The second request needs 7 tokens; 4 are free beside the first until it completes."""
        exact = Instance(10, (Request(0, 2, 3, 3, 3), Request(1, 4, 3, 3, 3, arrival=1)))
        (hint,) = compare(exact, "amax,h-sf").hints
        assert "all policies make the same schedule" in hint
        different = Instance(10, (Request(0, 2, 8, 8, 8), Request(1, 2, 3, 3, 3)))
        (hint,) = compare(different, "h-sf,amax").hints or ("",)
        assert hint

    def test_no_hint_where_policies_differ(self) -> None:
        tight = Instance(12, tuple(Request(i, 2, 3 + i) for i in range(6)))
        comparison = compare(tight)
        assert any(row.evictions for row in comparison.rows)
        assert comparison.hints == ()
        assert "Hint" not in str(comparison)


def test_the_text_of_a_small_comparison_is_the_one_written_by_hand() -> None:
    """Written by hand from the definitions: two requests of 2 tokens, one after the other."""
    instance = Instance(4, (Request("a", 2, 2), Request("b", 2, 2)))
    runs = (Run("a", 0, 2, "completed"), Run("b", 2, 4, "completed"))
    comparison = Comparison({"mine": Schedule(instance, runs)}, 6, Display(slo=3))
    assert str(comparison).split("\n") == [
        "2 requests; a cache of 4 tokens in blocks of 1.",
        "",
        "        latency  latency    TTFT     output  goodput  evicted  latency  latency",
        "           mean      p99    mean       mean      ≤ 3     runs   × best  × bound",
        "policy   rounds   rounds  rounds  tok/round        %",
        "------  -------  -------  ------  ---------  -------  -------  -------  -------",
        "mine        3.0        4     2.0        1.0     50.0        0    1.000    1.000",
        "",
        "Latency: from arrival to last token. TTFT: from arrival to the first token that",
        "no eviction takes back. evicted: runs cut short, to start again. × best: total",
        "latency / the least one here. × bound: total latency / 6; no schedule has a",
        "smaller total latency.",
        "Left out for lack of width: wasted_share, p50_latency; --columns all (in Python,",
        "table(columns='all')) shows them.",
        "Hint: no policy ever evicts, so how they handle overflow is not tested. Raise",
        "the load, lower the capacity, or predict less exactly.",
    ]


def test_comparisons_need_numpy_alone() -> None:
    program = (
        "import sys; before = set(sys.modules); import amin_ref.comparison; "
        "print(*sorted({name.split('.')[0] for name in set(sys.modules) - before}))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    foreign = set(loaded.stdout.split()) - set(sys.stdlib_module_names) - {"amin_ref"}
    assert foreign <= {"numpy", "_distutils_hack", "mkl"}

"""The report: its text, its numbers, and how a real browser shows and prints it."""

from __future__ import annotations

import base64
import csv
import json
import math
import os
import re
import shutil
import statistics
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import TypedDict

import pytest
from hypothesis import given

from amin_ref import (
    Amax,
    Amin,
    ClairvoyantPolicy,
    FirstComeFirstServed,
    HindsightShortestFirst,
    Instance,
    Policy,
    Request,
    Run,
    Schedule,
    check,
    simulate,
)
from amin_ref.cli import report_file as report_module
from amin_ref.cli.application import application
from amin_ref.cli.exit_codes import run
from amin_ref.comparison import Comparison, Estimate
from amin_ref.policies.names import POLICIES
from amin_ref.strategies import instances
from amin_ref.workloads import Bins, build_instance
from oracle import lower_bound, optimum, verify
from oracle.claims import LEDGER, Ledger
from oracle.claims.figures import Figure, Mark, Point, Series
from oracle.claims.scheduler_page import name_of
from oracle.claims.scheduler_table import released
from tests.cli.test_cli import one_sentence
from tests.support.project import PROJECT

selenium = pytest.importorskip("selenium")
pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")

from selenium.webdriver import Chrome, ChromeOptions, ChromeService, Keys  # noqa: E402

from oracle.report import GivenSchedule, Policies, Provenance, document, gantt  # noqa: E402
from oracle.report.images import images  # noqa: E402
from oracle.report.pictures import COLOURS, Axis, drawn, styles  # noqa: E402
from oracle.report.policies import COLUMNS_SHOWN  # noqa: E402
from oracle.report.timeline import Timeline  # noqa: E402

FIGURES = PROJECT / "proofs_notes" / "figures"
PHONE, DESK = 360, 1280


MADE = Provenance("1.2.3", date(2026, 11, 27), "amin-ref report report.html --ties <b>")


def compared_on(instance: Instance, bound: int) -> Comparison:
    policies: dict[str, Policy | ClairvoyantPolicy] = {
        "amin": Amin(),
        "amax": Amax(),
        "h-sf": HindsightShortestFirst(),
        "fcfs": FirstComeFirstServed(),
    }
    schedules = {name: simulate(instance, policy) for name, policy in policies.items()}
    return Comparison(schedules, bound)


def comparison(instance: Instance, *others: Instance) -> Policies:
    best = optimum(instance, time_limit=1.0)
    comparisons = {0: compared_on(instance, best.lower_bound)}
    for seed, other in enumerate(others, start=1):
        bound = verify(other, lower_bound(other, 0.2))
        comparisons[seed] = compared_on(other, bound)
    return Policies("A <tiny> workload & more.", comparisons, best.schedule)


def chats(seed: int) -> Instance:
    return build_instance(
        "chat", requests=150, capacity=3000, prediction=Bins(4), seed=seed
    ).instance


@pytest.fixture(scope="module")
def compared() -> Policies:
    return comparison(chats(0), chats(1), chats(2))


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    return Ledger.from_json(LEDGER.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def small_ledger(ledger: Ledger) -> Ledger:
    """The ledger reduced to one claim and one figure, for tests that need no more."""
    entry = ledger.entries[-1]
    judgement = replace(entry.judgement, figures=entry.judgement.figures[:1])
    return replace(ledger, entries=(replace(entry, judgement=judgement),))


@pytest.fixture
def claims(small_ledger: Ledger, tmp_path: Path) -> Path:
    file = tmp_path / "claims.json"
    file.write_text(small_ledger.to_json(), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def page(compared: Policies, ledger: Ledger) -> str:
    given = GivenSchedule("mine.json", compared.first.schedules["amin"])
    return document(compared, ledger, MADE, given, released())


@pytest.mark.slow
def test_the_page_shows_every_number_of_the_tables_of_schedulers(
    page: str, compared: Policies
) -> None:
    (section,) = re.findall(r'<section id="schedulers".*?</section>', page, re.DOTALL)
    tables = released()
    assert section.count("<table") == len(tables)
    for table in tables:
        for row in table.rows:
            cells = "".join(f"<td>{cell.ratio.mean:.2f}</td>" for cell in row.cells)
            assert f'<th scope="row">{name_of(row)}</th>{cells}' in section
        assert all(re.sub(r"(?<=\d) %", "\u00a0%", each.text) in section for each in table.advice)
    assert 'id="schedulers"' not in document(compared, None, MADE)


class Outline(HTMLParser):
    """Ids, links within the page, other addresses, and elements that are not closed."""

    VOID = frozenset({"meta", "link", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.references: list[str] = []
        self.addresses: list[str] = []
        self.open: list[str] = []
        self.headings: list[int] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "xlink:href") and value and value.startswith("#"):
                self.references.append(value[1:])
            elif name in ("src", "href", "xlink:href", "srcset", "action"):
                self.addresses.append(value or "")
            if name in ("aria-labelledby", "aria-describedby"):
                self.references += (value or "").split()
            self.references += re.findall(r"url\(#([^)]*)\)", value or "")
        if re.fullmatch(r"h\d", tag):
            self.headings.append(int(tag[1]))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def files_in(content: str, kind: str) -> list[str]:
    """The files of one media type in the ``data:`` links of a part of the page."""
    found = re.findall(rf'<a download="[^"]+" href="data:{kind};base64,([^"]*)"', content)
    return [base64.b64decode(each).decode() for each in found]


class PointDocument(TypedDict):
    x: float
    y: dict[str, float]


class SeriesDocument(TypedDict):
    name: str
    points: list[PointDocument]


class BarDocument(TypedDict):
    label: str
    value: dict[str, float]


class AxisDocument(TypedDict):
    scale: str
    numbers: tuple[float, float]
    places: tuple[float, float]


class FigureDocument(TypedDict):
    """The data of a chart of lines or of bars, or of a schedule, which has ``runs``."""

    name: str
    series: list[SeriesDocument]
    bars: list[BarDocument]
    begin: float
    axes: dict[str, AxisDocument]
    runs: list[object]


def charts(page: str) -> list[FigureDocument]:
    """The data of every chart of the page; schedules are left out."""
    texts = (text for text in files_in(page, "application/json") if '"axes"' in text)
    return [json.loads(text) for text in texts]


def json_files(content: str) -> list[FigureDocument]:
    return [json.loads(text) for text in files_in(content, "application/json")]


def csv_files(content: str) -> list[list[list[str]]]:
    texts = files_in(content, "text/csv;charset=utf-8")
    return [list(csv.reader(text.splitlines())) for text in texts]


def plain(text: str) -> str:
    """The text without the elements around the words of a command."""
    return re.sub(r"</?span>", "", text)


class TestText:
    def test_ids_are_unique_and_every_reference_leads_to_one(self, page: str) -> None:
        outline = Outline(page)
        assert outline.open == []
        assert len(set(outline.ids)) == len(outline.ids)
        assert set(outline.references) <= set(outline.ids)

    def test_the_page_loads_nothing_from_other_hosts(self, page: str) -> None:
        article = "https://arxiv.org/abs/2508.14544"
        links = [link for link in Outline(page).addresses if not link.startswith("data:")]
        assert links == [article]
        assert "@import" not in page
        # Addresses of XML namespaces are names: no browser opens them.
        addresses = set(re.findall(r"https?://[^\s\"'<]*", page))
        assert addresses - {article} <= {
            "http://www.w3.org/2000/svg",
            "http://www.w3.org/1999/xlink",
        }

    def test_no_heading_level_is_skipped(self, page: str) -> None:
        levels = Outline(page).headings
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))

    def test_foreign_text_is_escaped(self, page: str) -> None:
        assert "A &lt;tiny&gt; workload &amp; more." in page
        assert "<tiny>" not in page

    def test_every_picture_has_a_text_alternative(self, page: str) -> None:
        for svg in re.findall(r"<svg [^>]*>.*?</svg>", page, flags=re.DOTALL):
            assert 'aria-hidden="true"' in svg or re.search(
                r'role="img".*<title id="[^"]+">[^<]+</title><desc id="[^"]+">[^<]+</desc>',
                svg,
                flags=re.DOTALL,
            )

    def test_pictures_contain_no_fixed_colours(self, page: str) -> None:
        for svg in re.findall(r"<svg [^>]*>.*?</svg>", page, flags=re.DOTALL):
            assert re.findall(r"(?:fill|stroke): ?#[0-9a-f]{6}", svg) == []

    def test_the_same_input_gives_the_same_page(
        self, compared: Policies, small_ledger: Ledger
    ) -> None:
        once, twice = (document(compared, small_ledger, MADE) for _ in range(2))
        assert once == twice

    def test_a_report_on_a_phone_loads_in_seconds(self, page: str) -> None:
        assert len(page.encode()) < 1_000_000

    def test_the_header_names_article_version_date_seeds_and_command(self, page: str) -> None:
        head = page[page.index("<header>") : page.index("</header>")]
        for wanted in (
            "Zixi Chen, Yinyu Ye, Zijie Zhou",
            "Adaptively Robust LLM Inference Optimization under Prediction Uncertainty",
            "arXiv 2508.14544",
            "amin-ref 1.2.3",
            "2026-11-27",
            "<dd>0, 1 and 2</dd>",
        ):
            assert wanted in head
        assert "amin-ref report report.html --ties &lt;b&gt;" in plain(head)

    def test_the_table_has_means_and_intervals_over_the_seeds(
        self, compared: Policies, page: str
    ) -> None:
        (section,) = re.findall(r'<section id="policies".*?</section>', page, re.DOTALL)
        for policy in compared.first.schedules:
            (row,) = re.findall(
                rf'<tr><th scope="row">(?:{policy.upper()}|{policy.title()})</th>.*?</tr>',
                section,
            )
            schedules = [each.schedules[policy] for each in compared.comparisons.values()]
            bounds = [each.lower_bound or 0 for each in compared.comparisons.values()]
            for values, decimals in (
                ([s.total_latency / b for s, b in zip(schedules, bounds, strict=True)], 3),
                ([s.mean_latency for s in schedules], 1),
                ([s.evictions for s in schedules], 1),
            ):
                mean = statistics.mean(values)
                # 4.303: two-sided 95 % quantile of Student's distribution, 2 degrees of freedom.
                margin = 4.30265 * statistics.stdev(values) / 3**0.5
                low, high = f"{mean - margin:,.{decimals}f}", f"{mean + margin:,.{decimals}f}"
                interval = f"<small>{low} – {high}</small>" if margin else ""
                assert f">{mean:,.{decimals}f}{interval}</td>" in row

    def test_one_seed_has_no_interval(self) -> None:
        one = comparison(chats(0))
        text = document(one, None, MADE)
        amin = one.first.schedules["amin"]
        ratio = amin.total_latency / (one.first.lower_bound or 0)
        assert f"<td>{amin.mean_latency:,.1f}</td>" in text
        assert f"<td>{amin.evictions:,}</td>" in text
        assert f'<td class="first">{ratio:.3f}</td>' in text
        assert not re.search(r"<td[^>]*>[^<]*<small>", text)

    def test_the_ratio_to_the_bound_has_one_name(self, compared: Policies, page: str) -> None:
        assert '<th scope="col">policy</th><th scope="col">latency × bound</th>' in page
        assert compared.gap().x_label.startswith("× bound: ")
        assert "<dt>× bound</dt>" in page

    def test_no_interval_where_every_seed_gives_the_same(self, compared: Policies) -> None:
        for policy, cells in compared.rows():
            evictions = cells[COLUMNS_SHOWN.index("evictions")]
            assert bool(evictions.interval) == (policy in ("Amin", "FCFS"))

    def test_the_caption_says_where_bars_start(self, compared: Policies) -> None:
        gap = compared.gap()
        assert gap.reading.startswith(f"Bars start at {gap.begin:g}, the certified bound")

    def test_the_best_known_cost_is_the_least_of_all_schedules(self, compared: Policies) -> None:
        first = compared.first
        worst = max(first.schedules.values(), key=lambda schedule: schedule.total_latency)
        least = min(schedule.total_latency for schedule in first.schedules.values())
        (*_, best) = replace(compared, best=worst).gap().bars
        assert best.value.mean == least / (first.lower_bound or 0)
        (*_, best) = compared.gap().bars
        assert best.value.mean == compared.best.total_latency / (first.lower_bound or 0)

    def test_every_figure_has_its_data_as_csv_and_json(self, page: str) -> None:
        figures = re.findall(r'<figure id="([^"]+)">(.*?)</figure>', page, flags=re.DOTALL)
        assert len(figures) > 10
        for name, content in figures:
            (table,), (text,) = csv_files(content), json_files(content)
            assert len(table) > 1, name
            assert len({len(row) for row in table}) == 1
            if name.startswith(("gantt", "timeline")):
                assert check(Schedule.from_json(json.dumps(text))) == ()
                assert len(table) - 1 == len(text["runs"])
                continue
            assert text["name"] == name
            if name != "gap":
                points = [
                    [series["name"], str(point["x"]), *map(str, point["y"].values())]
                    for series in text["series"]
                    for point in series["points"]
                ]
                assert table[1:] == points

    def test_the_table_has_its_data_as_csv_and_json(self, compared: Policies, page: str) -> None:
        section = page[page.index('<section id="policies"') : page.index('id="gap"')]
        (table,), (rows,) = csv_files(section), json_files(section)
        assert len(table) == 1 + len(rows) == 1 + 4 * 3
        for line in table[1:]:
            row = dict(zip(table[0], line, strict=True))
            of_seed = compared.comparisons[int(row["seed"])]
            assert int(row["lower_bound"]) == of_seed.lower_bound
            assert int(row["total_latency"]) == of_seed.schedules[row["policy"]].total_latency

    def test_a_page_without_a_ledger_has_no_claims(self, compared: Policies) -> None:
        text = document(compared, None, MADE)
        assert 'id="claims"' not in text
        assert Outline(text).open == []

    @pytest.mark.parametrize(
        "requests",
        [(Request(0, 1, 1),), (Request(0, 1, 3, arrival=50), Request(1, 2, 400, arrival=900))],
        ids=["one token", "long pauses"],
    )
    def test_extreme_instances_give_complete_pages(self, requests: tuple[Request, ...]) -> None:
        one = comparison(Instance(500, requests))
        given = GivenSchedule("one", one.best)
        text = document(one, None, MADE, given)
        assert Outline(text).open == []
        assert "nan" not in text.lower().replace("nance", "")

    def test_the_distribution_is_that_of_the_latencies(self, compared: Policies) -> None:
        figure = compared.latencies()
        for series, schedule in zip(figure.series, compared.first.schedules.values(), strict=True):
            for point in series.points[1:]:
                within = sum(latency <= point.x for latency in schedule.latencies)
                less = sum(latency < point.x for latency in schedule.latencies)
                assert less / 150 < point.y.mean <= within / 150

    def test_the_occupancy_is_that_of_the_schedules(self, compared: Policies) -> None:
        figure = compared.occupancy()
        amax = compared.first.schedules["amax"]
        share = sum(amax.occupancy().tolist()) / amax.makespan / 3000
        assert f"Amax {share * 100:.0f} %" in figure.reading
        for series, schedule in zip(figure.series, compared.first.schedules.values(), strict=True):
            step = int(series.points[1].x - series.points[0].x)
            whole = schedule.makespan // step
            held = sum(schedule.occupancy().tolist()[: whole * step])
            shown = sum(point.y.mean for point in series.points[:whole]) * step
            assert shown == pytest.approx(held, rel=0.001)


class TestGantt:
    def test_the_panels_are_valid_and_the_best_one_is_optimal(self) -> None:
        amin, amax, best = (panel.schedule for panel in gantt.panels())
        for schedule in (amin, amax, best):
            assert check(schedule) == ()
        assert amin.evictions > 0
        assert best.total_latency < amin.total_latency < amax.total_latency
        proven = optimum(gantt.TEACHING)
        assert proven.proven
        assert best.total_latency == proven.total_latency

    def test_one_cell_for_each_token(self) -> None:
        for panel in gantt.panels():
            svg = gantt.drawn(panel, 20)
            for outcome in ("completed", "evicted"):
                tokens = sum(r.length for r in panel.schedule.runs if r.outcome == outcome)
                assert svg.count(f'<rect class="{outcome}"') == tokens
            assert svg.count("✕") == panel.schedule.evictions
            assert svg.count('<rect class="held"') == panel.schedule.makespan

    def test_evictions_are_explained(self) -> None:
        # By hand: prompts of 2. Round 1: 3 requests with their second token, 3 · 4. Round 4: B with
        # its fifth token and A with its third, 7 + 5.
        assert gantt.evictions(gantt.panels()[0].schedule) == (
            "Round 1: with their next tokens A, B and C would hold 12 tokens, more than 11. Their "
            "lower bounds are now A 1, B 1, C 1. A, B and C have the smallest, and A is the first "
            "of them: it is evicted, and loses 1 token.",
            "Round 4: with their next tokens A and B would hold 12 tokens, more than 11. Their "
            "lower bounds are now A 2, B 4. A has the smallest: it is evicted, and loses 2 tokens.",
        )
        assert gantt.evictions(gantt.OPTIMAL) == ()

    def test_explanations_use_the_bounds_of_earlier_runs(self) -> None:
        runs = (Run("A", 0, 4, "evicted"), Run("A", 5, 7, "evicted"), Run("A", 9, 15, "completed"))
        schedule = Schedule(Instance(11, gantt.TEACHING.requests[:1]), runs)
        assert "now A 4. A has the smallest" in gantt.evictions(schedule)[1]

    def test_the_text_alternative_lists_the_runs(self) -> None:
        instance = Instance(9, (Request("A", 1, 2), Request("B", 1, 1)))
        schedule = simulate(instance, Amin())
        assert gantt.described(schedule) == (
            "A: runs in rounds 0 to 1 and completes; B: runs in rounds 0 to 0 and completes. "
            f"Total latency {schedule.total_latency}."
        )


class TestTimeline:
    @given(instance=instances(min_requests=1))
    def test_every_run_of_a_small_schedule_is_a_bar(self, instance: Instance) -> None:
        schedule = simulate(instance, Amin())
        timeline = Timeline.of(schedule)
        assert set(timeline.lines) == set(instance.requests)
        svg = timeline.svg("t", "Title")
        assert Outline(svg).open == []
        for outcome in ("completed", "evicted"):
            runs = sum(run.outcome == outcome for run in schedule.runs)
            assert svg.count(f'<rect class="{outcome}"') == runs
        # The bars of waiting and running cover every request's latency.
        waits = re.findall(r"waits from round ([\d,]+) to ([\d,]+)<", svg)
        waited = sum(int(b.replace(",", "")) - int(a.replace(",", "")) for a, b in waits)
        ran = sum(run.length for run in schedule.runs)
        assert waited + ran == schedule.total_latency

    def test_bars_lie_where_their_rounds_are(self) -> None:
        schedule = Schedule(
            Instance(9, (Request("A", 1, 6), Request("B", 4, 3, arrival=1))),
            (Run("A", 0, 6, "completed"), Run("B", 6, 9, "completed")),
        )
        bars = re.findall(
            r'<rect class="(\w+)" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"',
            Timeline.of(schedule).svg("t", "Title"),
        )
        # From 58 to 311 units for rounds 0 to 9.
        place = {time: 58 + (317 - 58 - 6) * time / 9 for time in (0, 1, 6, 9)}
        for (kind, x, width), (wanted, start, stop) in zip(
            bars, [("completed", 0, 6), ("waits", 1, 6), ("completed", 6, 9)], strict=True
        ):
            assert kind == wanted
            assert float(x) == pytest.approx(place[start], abs=0.06)
            assert float(x) + float(width) == pytest.approx(place[stop], abs=0.11)

    def test_forty_of_thousands_of_requests_are_shown_evenly_spaced(self) -> None:
        requests = tuple(Request(position, 1, 1) for position in range(2000))
        schedule = simulate(Instance(20, requests), FirstComeFirstServed())
        timeline = Timeline.of(schedule)
        assert [request.id for request in timeline.lines] == list(range(0, 2000, 50))
        assert timeline.reading.startswith("40 of 2,000 requests")


class TestPictures:
    def test_policies_keep_their_colours(self) -> None:
        assert styles(["FCFS", "Amin"]) == (3, 0)
        assert styles(["load 1", "Amin", "load 2"])[1] == 0
        names = [f"line {number}" for number in range(COLOURS)]
        assert sorted(styles(names)) == list(range(COLOURS))
        everything = [policy.title for policy in POLICIES.values()] + names
        assert len(set(styles(everything))) == len(everything)

    def test_labels_with_special_characters_are_escaped(self) -> None:
        figure = Figure(
            "f", "a < b & c", "“x” <y>", "$x_1$ & <", "y",
            (Series("<b>&", (Point(1, Estimate(2, 1, 3, 5)), Point(2, Estimate(1, 0, 2, 5)))),),
            marks=(Mark("</svg>", 1.5),),
        )  # fmt: skip
        assert Outline(drawn(figure).svg).open == []


def test_committed_images_are_those_of_the_ledger() -> None:
    """Text and shapes agree; positions may differ slightly with matplotlib's version."""
    assert {file.name for file in FIGURES.iterdir()} == {name for name, _ in images()}
    for name, text in images():
        committed = (FIGURES / name).read_text(encoding="utf-8")
        numbers = r"-?\d+\.\d+"
        assert re.sub(numbers, "", text).split() == re.sub(numbers, "", committed).split()
        for now, then in zip(
            re.findall(numbers, text), re.findall(numbers, committed), strict=True
        ):
            assert float(now) == pytest.approx(float(then), abs=2.0)


class TestCommand:
    def test_report_writes_a_page_with_its_own_command(self, tmp_path: Path, claims: Path) -> None:
        out = tmp_path / "report.html"
        flags = ("--requests", "40", "--time-limit", "0.5", "--prediction", "bins:3")
        assert run(application, ["report", str(out), *flags, "--claims", str(claims)]) == 0
        text = out.read_text(encoding="utf-8")
        assert "40 requests from chat, at-once, prediction bins:3" in text
        again = "report report.html --prediction bins:3 --requests 40 --time-limit 0.5 --claims"
        assert f"amin-ref {again}" in plain(text)
        assert "<dd>0, 1, 2, 3 and 4</dd>" in text

    def test_another_ledger_can_be_shown(
        self, tmp_path: Path, claims: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        text = claims.read_text(encoding="utf-8")
        claims.write_text(re.sub('"verdict": "[^"]*"', '"verdict": "does not hold"', text))
        out = tmp_path / "report.html"
        flags = ("--requests", "20", "--time-limit", "0.2", "--claims")
        assert run(application, ["report", str(out), *flags, str(claims)]) == 0
        assert out.read_text(encoding="utf-8").count("✕</span> does not hold") == 2
        assert "wrote the report to" in one_sentence(capsys.readouterr().err)
        claims.write_text("{}")
        assert run(application, ["report", str(out), *flags, str(claims)]) == 2
        assert "claims.json': " in one_sentence(capsys.readouterr().err)

    def test_compare_writes_a_report(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = tmp_path / "report.html"
        flags = ("--requests", "40", "--time-limit", "0.5", "--policies", "amin,fcfs", "--json")
        assert run(application, ["compare", "--report", str(out), *flags]) == 0
        rows = json.loads(capsys.readouterr().out)
        text = out.read_text(encoding="utf-8")
        for row in rows["policies"]:
            assert f"<td>{row['mean_latency']:,.1f}</td>" in text
            assert f'<td class="first">{row["ratio_to_bound"]:.3f}</td>' in text
        assert '<th scope="row">FCFS</th>' in text
        assert '<th scope="row">Amax</th>' not in text
        again = "--requests 40 --policies amin,fcfs --time-limit 0.5"
        assert f"amin-ref compare --report report.html {again}" in plain(text)

    def test_policies_are_chosen_and_may_be_the_users_own(
        self, tmp_path: Path, claims: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "report_mine.py").write_text(
            "from amin_ref import FirstComeFirstServed\n\n"
            "class Mine(FirstComeFirstServed):\n    pass\n"
        )
        monkeypatch.chdir(tmp_path)
        flags = ("--requests", "30", "--seeds", "1", "--time-limit", "0.2", "--claims", str(claims))
        chosen = "fcfs,report_mine:Mine"
        assert run(application, ["report", "out.html", "--policies", chosen, *flags]) == 0
        text = (tmp_path / "out.html").read_text(encoding="utf-8")
        section = text[text.index('<section id="policies"') :]
        (table, *_) = csv_files(section)
        total = table[0].index("total_latency")
        totals = {row[2]: int(row[total]) for row in table[1:]}
        assert totals["report_mine:Mine"] == totals["fcfs"]
        assert not {"amin", "amax", "h-sf"} & set(totals)
        assert "FCFS: first come, first served." in plain(section)
        assert "Amax" not in plain(section[: section.index("<h2", 20)])
        assert f"amin-ref report out.html --requests 30 --policies {chosen}" in plain(text)

    def test_every_seed_that_is_given_is_measured(self, tmp_path: Path, claims: Path) -> None:
        out = tmp_path / "report.html"
        flags = ("--requests", "30", "--time-limit", "0.2", "--claims", str(claims))
        assert run(application, ["report", str(out), *flags, "--seed", "7", "--seeds", "2"]) == 0
        text = out.read_text(encoding="utf-8")
        assert "<dd>7 and 8</dd>" in text
        assert "Means over 2 seeds" in text
        (table, *_) = csv_files(text[text.index('<section id="policies"') :])
        totals = {(row[0], row[2]): int(row[table[0].index("total_latency")]) for row in table[1:]}
        for seed in ("7", "8"):
            workload = build_instance("chat", requests=30, capacity=16_492, seed=int(seed))
            assert totals[seed, "amin"] == simulate(workload.instance, Amin()).total_latency

    def test_without_anything_random_there_is_one_seed(
        self, tmp_path: Path, claims: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        trace = tmp_path / "trace.csv"
        trace.write_text("question_length,answer_length\n" + "3,50\n9,7\n4,70\n" * 5)
        out = tmp_path / "report.html"
        flags = ("--workload", str(trace), "--time-limit", "0.2", "--claims", str(claims))
        assert run(application, ["report", str(out), *flags]) == 0
        assert "none: nothing is random" in out.read_text(encoding="utf-8")
        capsys.readouterr()
        assert run(application, ["report", str(out), *flags, "--seeds", "3"]) == 2
        assert "--seeds has no effect" in one_sentence(capsys.readouterr().err)

    def test_a_given_schedule_is_shown_and_compared(self, tmp_path: Path, claims: Path) -> None:
        instance = build_instance("chat", requests=60, capacity=2500, prediction="naive").instance
        schedule = simulate(instance, Amin())
        file, out = tmp_path / "mine.json", tmp_path / "report.html"
        file.write_text(schedule.to_json(), encoding="utf-8")
        flags = ("--schedule", str(file), "--time-limit", "0.2", "--claims", str(claims))
        assert run(application, ["report", str(out), *flags]) == 0
        text = out.read_text(encoding="utf-8")
        assert "Your schedule: mine.json" in text
        assert "40 of 60 requests" in text
        row = {name: rf'<tr><th scope="row">{name}</th>(.*)</tr>' for name in ("yours", "Amin")}
        cells = {name: re.findall(pattern, text) for name, pattern in row.items()}
        assert len(cells["yours"]) == 1
        assert cells["yours"] == cells["Amin"]
        assert Schedule.from_json(files_in(text, "application/json")[0]) == schedule

    def test_a_schedule_that_is_not_valid_or_empty_is_refused(
        self, tmp_path: Path, claims: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file, out = tmp_path / "mine.json", tmp_path / "report.html"
        two = Instance(9, (Request("A", 4, 2), Request("B", 4, 2)))
        overfull = (Run("A", 0, 2, "completed"), Run("B", 0, 2, "completed"))
        flags = ("--schedule", str(file), "--claims", str(claims))
        for schedule, why in (
            (Schedule(two, overfull), "round 0"),
            (Schedule(Instance(9, ()), ()), "no requests"),
        ):
            file.write_text(schedule.to_json(), encoding="utf-8")
            assert run(application, ["report", str(out), *flags]) == 2
            assert why in one_sentence(capsys.readouterr().err)
        assert not out.exists()

    @pytest.mark.parametrize("flag", ["--seeds 3", "--workload chat", "--seed 1", "--load 0.5"])
    def test_flags_without_effect_beside_a_schedule_are_refused(
        self, flag: str, tmp_path: Path, claims: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = tmp_path / "report.html"
        flags = ("--schedule", "mine.json", "--claims", str(claims), *flag.split())
        assert run(application, ["report", str(out), *flags]) == 2
        assert "has no effect beside --schedule" in one_sentence(capsys.readouterr().err)

    def test_a_report_that_cannot_be_written_is_refused(
        self, tmp_path: Path, claims: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = tmp_path / "no" / "report.html"
        # The file is tested before anything is computed, which would take years.
        flags = ("--requests", "2000", "--time-limit", "1e9", "--claims", str(claims))
        for command in (["report", str(out)], ["compare", "--report", str(out)]):
            assert run(application, [*command, *flags[: 6 if command[0] == "report" else 4]]) == 3
            one_sentence(capsys.readouterr().err)
        out.parent.mkdir()
        out.mkdir()
        flags = ("--requests", "20", "--time-limit", "0", "--claims", str(claims))
        assert run(application, ["report", str(out), *flags]) == 3
        one_sentence(capsys.readouterr().err)

    @pytest.mark.parametrize("command", ["report", "compare --report"])
    def test_without_the_extra_the_error_names_it(
        self,
        command: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setattr(report_module, "NEEDED", ("no_such_module",))
        assert run(application, [*command.split(), str(tmp_path / "report.html")]) == 2
        assert "amin-ref[report]" in one_sentence(capsys.readouterr().err)
        assert list(tmp_path.iterdir()) == []


def browser_files() -> tuple[str, str]:
    """Chromium and its driver; the test is skipped where they or pdftotext are not installed."""
    found = shutil.which("chromium"), shutil.which("chromedriver")
    if found[0] is None or found[1] is None or shutil.which("pdftotext") is None:
        reason = "Debian's packages chromium, chromium-driver, poppler-utils are not installed"
        if os.environ.get("AMIN_BROWSER") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    return found[0], found[1]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    chromium, driver = browser_files()
    options = ChromeOptions()
    options.binary_location = chromium
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    profile = tmp_path_factory.mktemp("profile")
    for flag in (
        "headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run",
        "disable-background-networking", "disable-component-update", "disable-sync",
        f"user-data-dir={profile}",
    ):  # fmt: skip
        options.add_argument(f"--{flag}")
    chrome = Chrome(options=options, service=ChromeService(driver))
    yield chrome
    chrome.quit()


def opened(chrome: Chrome, page: str, folder: Path, width: int, colours: str = "light") -> None:
    file = folder / "report.html"
    file.write_text(page, encoding="utf-8")
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width == PHONE}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    feature = {"name": "prefers-color-scheme", "value": colours}
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    chrome.execute_cdp_cmd("Network.enable", {})
    chrome.execute_cdp_cmd(
        "Network.emulateNetworkConditions",
        {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0},
    )
    chrome.get(file.as_uri())


def number_at(axis: Axis, place: float) -> float:
    """The number at a place of a drawing, computed from the axis."""
    share = (place - axis.places[0]) / (axis.places[1] - axis.places[0])
    begin, end = axis.numbers
    if axis.scale == "log":
        return float(begin * (end / begin) ** share)
    return begin + (end - begin) * share


def axis_in(data: AxisDocument) -> Axis:
    return Axis(data["scale"], data["numbers"], data["places"])


def nearest(
    place: tuple[float, float], places: Sequence[tuple[float, float]]
) -> tuple[float, float]:
    return min(places, key=lambda other: math.dist(place, other))


POINTS_OF_A_LINE = """
    const path = document.querySelector('#' + arguments[0] + ' path');
    return path.getAttribute('d').match(/[-\\d.]+ [-\\d.]+/g).map(p => p.split(' ').map(Number));
"""

CONTRASTS = """
    const shade = colour => {
        const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map(Number).map(c => {
            c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = element => {
        for (let e = element; e; e = e.parentElement) {
            const colour = getComputedStyle(e).backgroundColor;
            if (colour.startsWith('rgb(')) return colour;
        }
        return 'rgb(255, 255, 255)';
    };
    const found = [];
    const texts = 'h1, h2, h3, h4, p, a, td, th, summary, span, code';
    for (const e of document.querySelectorAll(texts)) {
        if (!e.checkVisibility() || !e.textContent.trim()) continue;
        const [one, other] = [shade(getComputedStyle(e).color), shade(ground(e))];
        found.push((Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05));
    }
    for (const e of document.querySelectorAll('figure svg text:not(.completed)')) {
        const [one, other] = [shade(getComputedStyle(e).fill), shade(ground(e.closest('div')))];
        found.push((Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05));
    }
    return Math.min(...found);
"""


def shows(line: str, label: str, value: float) -> bool:
    """Whether a line of a title has the label and, to the digits that are shown, the value."""
    numbers = re.findall(r"-?\d+\.?\d*", line.replace(",", ""))
    return label in line and any(
        float(number) == pytest.approx(value, rel=0.006, abs=0.006) for number in numbers
    )


SMALL_TEXT = """
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const element = node.parentElement;
        if (!node.textContent.trim() || !element.checkVisibility()) continue;
        if (element.closest('title, desc, script, style, .unseen')) continue;
        const svg = element.closest('svg');
        const scale = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
        const size = scale * parseFloat(getComputedStyle(element).fontSize);
        if (size < arguments[0]) found.push([size, node.textContent.trim()]);
    }
    return found;
"""

TITLES_AT = """
    const svg = document.querySelector('#' + arguments[0] + ' svg');
    svg.scrollIntoView({block: 'center'});
    const box = svg.getBoundingClientRect();
    const scale = box.width / svg.viewBox.baseVal.width;
    return arguments[1].map(([x, y]) => {
        const found = [];
        // Points may be nearer to each other than a pointer can tell: half a unit to each side.
        for (const [right, down] of [[0, 0], [0.5, 0.5], [-0.5, 0.5], [0.5, -0.5], [-0.5, -0.5]]) {
            const top = document.elementFromPoint(
                box.left + scale * (x + right), box.top + scale * (y + down));
            found.push(...(top?.querySelector(':scope > title')?.textContent ?? '').split('\\n'));
        }
        return found;
    });
"""

A4_INSIDE = 688
"""Width of A4 paper within margins of 14 mm: 182 mm at 96 dots an inch."""


@pytest.mark.slow
class TestBrowser:
    @pytest.mark.parametrize("colours", ["light", "dark"])
    @pytest.mark.parametrize("width", [PHONE, DESK])
    def test_the_page_opens_without_errors_and_fits_the_width(
        self, width: int, colours: str, browser: Chrome, page: str, tmp_path: Path
    ) -> None:
        opened(browser, page, tmp_path, width, colours)
        assert browser.get_log("browser") == []
        assert browser.execute_script("return document.readyState") == "complete"
        measured = browser.execute_script(
            "return [innerWidth, document.documentElement.scrollWidth, document.body.scrollWidth]"
        )
        assert measured[0] == width
        assert max(measured) == width

    def test_the_table_of_schedulers_fits_a_phone(
        self, browser: Chrome, page: str, tmp_path: Path
    ) -> None:
        opened(browser, page, tmp_path, PHONE)
        widths = browser.execute_script(
            "document.querySelectorAll('#schedulers details').forEach(each => each.open = true);"
            "return [...document.querySelectorAll('#schedulers .scroll')]"
            ".map(each => [each.clientWidth, each.scrollWidth])"
        )
        assert len(widths) == len(released())
        assert all(inner <= outer for outer, inner in widths)

    def test_the_page_fetches_no_files(self, browser: Chrome, page: str, tmp_path: Path) -> None:
        opened(browser, page, tmp_path, DESK)
        fetched = browser.execute_script("return performance.getEntriesByType('resource').length")
        assert fetched == 0

    def test_lines_lie_where_their_numbers_are(
        self, browser: Chrome, page: str, tmp_path: Path
    ) -> None:
        opened(browser, page, tmp_path, DESK)
        compared = 0
        for data in charts(page):
            x, y = axis_in(data["axes"]["x"]), axis_in(data["axes"]["y"])
            if data["name"] == "gap" or "occupancy" in data["name"]:
                continue
            for number, series in enumerate(data["series"]):
                line = f"{data['name']}-line-{number}"
                places = browser.execute_script(POINTS_OF_A_LINE, line)
                wanted = [(point["x"], point["y"]["mean"]) for point in series["points"]]
                found = [(number_at(x, px), number_at(y, py)) for px, py in places]
                if len(found) < len(wanted):
                    # Points on a straight line with their neighbours need not be drawn.
                    wanted = [nearest(place, wanted) for place in found]
                for (wanted_x, wanted_y), (found_x, found_y) in zip(wanted, found, strict=True):
                    assert found_x == pytest.approx(wanted_x, rel=0.01, abs=0.01)
                    assert found_y == pytest.approx(wanted_y, rel=0.01, abs=0.02)
                    compared += 1
        assert compared > 100

    def test_bars_are_as_long_as_their_numbers(
        self, browser: Chrome, page: str, tmp_path: Path
    ) -> None:
        opened(browser, page, tmp_path, DESK)
        (data,) = (chart for chart in charts(page) if chart["name"] == "gap")
        x = axis_in(data["axes"]["x"])
        for number, bar in enumerate(data["bars"]):
            corners = browser.execute_script(POINTS_OF_A_LINE, f"gap-line-{number}")
            assert number_at(x, min(px for px, _ in corners)) == pytest.approx(data["begin"], 0.01)
            mean = bar["value"]["mean"]
            assert number_at(x, max(px for px, _ in corners)) == pytest.approx(mean, 0.01)

    def test_every_control_can_be_reached_by_keyboard(
        self, browser: Chrome, page: str, tmp_path: Path
    ) -> None:
        opened(browser, page, tmp_path, PHONE)
        reachable = browser.execute_script(
            "return document.querySelectorAll('a[href], summary, [tabindex=\"0\"]').length"
        )
        seen = []
        for _ in range(reachable):
            browser.switch_to.active_element.send_keys(Keys.TAB)
            element = browser.switch_to.active_element
            seen.append(element.tag_name)
            if element.tag_name == "summary" and seen.count("summary") == 1:
                outline = element.value_of_css_property("outline-style")
                assert outline == "solid"
                element.send_keys(Keys.ENTER)
                assert browser.execute_script("return document.querySelector('details').open")
        assert {"a", "summary", "div"} <= set(seen)
        assert seen.count("summary") > 10

    @pytest.mark.parametrize("colours", ["light", "dark"])
    def test_text_has_enough_contrast(
        self, colours: str, browser: Chrome, page: str, tmp_path: Path
    ) -> None:
        opened(browser, page, tmp_path, DESK, colours)
        # The contrast that WCAG 2 requires at level AA.
        assert browser.execute_script(CONTRASTS) >= 4.5

    def test_all_text_has_eleven_pixels_on_a_phone(
        self, browser: Chrome, page: str, tmp_path: Path
    ) -> None:
        opened(browser, page, tmp_path, PHONE)
        browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
        small = browser.execute_script(SMALL_TEXT, 11)
        assert small == []

    def test_the_ratio_to_the_bound_is_visible_on_a_phone(
        self, browser: Chrome, page: str, tmp_path: Path
    ) -> None:
        opened(browser, page, tmp_path, PHONE)
        cells = browser.execute_script(
            """return [...document.querySelectorAll('.policies tr > :nth-child(2)')].map(cell => {
                const box = cell.getBoundingClientRect();
                const clip = cell.closest('.scroll').getBoundingClientRect();
                return [cell.textContent, box.left - clip.left, clip.right - box.right,
                        cell.scrollWidth - cell.clientWidth];
            })"""
        )
        assert len(cells) == 5
        assert cells[0][0] == "latency × bound"
        for _, left, right, cut_off in cells:
            assert left >= 0
            assert right >= 0
            assert cut_off <= 0

    def test_every_point_and_bar_shows_its_value_on_hover(
        self, browser: Chrome, page: str, tmp_path: Path
    ) -> None:
        opened(browser, page, tmp_path, DESK)
        pointed = 0
        for data in charts(page):
            x, y = (Axis(**data["axes"][name]) for name in ("x", "y"))
            if "bars" in data:
                left = x.place(data["begin"]) + 2
                marks = [
                    (bar["label"], bar["value"]["mean"], (left, y.place(number)))
                    for number, bar in enumerate(data["bars"])
                ]
            else:
                # Of strips below each other, the axis in the data is that of the first. There, a
                # target begins at its point.
                strips = "occupancy" in data["name"]
                series = data["series"][:1] if strips else data["series"]
                marks = [
                    (
                        each["name"],
                        point["y"]["mean"],
                        (x.place(point["x"]) + 0.5 * strips, y.place(point["y"]["mean"])),
                    )
                    for each in series
                    for point in each["points"]
                ]
            places = [list(place) for _, _, place in marks]
            titles = browser.execute_script(TITLES_AT, data["name"], places)
            for (label, value, _), lines in zip(marks, titles, strict=True):
                assert any(shows(line, label, value) for line in lines), (label, value, lines)
                pointed += 1
        assert pointed > 500

    def test_every_mark_of_a_schedule_has_a_title(
        self, browser: Chrome, page: str, tmp_path: Path
    ) -> None:
        opened(browser, page, tmp_path, DESK)
        counts = browser.execute_script(
            """const marks = [...document.querySelectorAll(
                '.timeline rect, .drawing svg rect.completed, .drawing svg rect.evicted, '
                + '.drawing svg rect.held, .drawing svg text.cross')];
            return [marks.length, marks.filter(m => m.querySelector('title')?.textContent).length,
                    getComputedStyle(document.querySelector('.gantt text.completed'))
                        .pointerEvents];"""
        )
        assert counts[0] == counts[1] > 100
        # The number of a token lies over its cell and must not catch the pointer.
        assert counts[2] == "none"

    def test_links_to_data_can_be_followed_without_a_network(
        self, browser: Chrome, page: str, tmp_path: Path
    ) -> None:
        opened(browser, page, tmp_path, DESK)
        sizes = browser.execute_async_script(
            """const done = arguments[0];
            Promise.all([...document.querySelectorAll('a[download]')].map(
                async a => (await (await fetch(a.href)).text()).length)).then(done, done);"""
        )
        assert len(sizes) > 30
        assert min(sizes) > 20

    def test_print_keeps_every_column_and_rule(
        self, browser: Chrome, page: str, ledger: Ledger, tmp_path: Path
    ) -> None:
        opened(browser, page, tmp_path, DESK, "dark")
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        # A4 without its margins of 14 mm, at 96 dots an inch.
        size = {"width": A4_INSIDE, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        widest, columns, rules, ground = browser.execute_script(
            """const cells = [...document.querySelectorAll('.policies th, .policies td')];
            return [
                Math.max(...cells.map(cell => Math.max(cell.getBoundingClientRect().right,
                    cell.getBoundingClientRect().left + cell.scrollWidth))),
                [...document.querySelectorAll('.policies thead th')].map(th => th.textContent),
                [...document.querySelectorAll('.claim dd')].filter(dd => dd.checkVisibility())
                    .map(dd => dd.textContent.replaceAll('\\u00a0', ' ')),
                getComputedStyle(document.body).backgroundColor];"""
        )
        assert widest <= A4_INSIDE
        assert len(columns) == 1 + len(COLUMNS_SHOWN)
        assert columns[:2] == ["policy", "latency × bound"]
        assert {entry.rule for entry in ledger.entries} <= set(rules)
        assert {f"{entry.setting}." for entry in ledger.entries} <= set(rules)
        assert ground == "rgb(255, 255, 255)"

    def test_the_printed_file_has_every_column(
        self, browser: Chrome, page: str, compared: Policies, tmp_path: Path
    ) -> None:
        opened(browser, page, tmp_path, DESK)
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        a4 = {"paperWidth": 8.27, "paperHeight": 11.69, "printBackground": False}
        printed = browser.execute_cdp_cmd("Page.printToPDF", a4)
        file = tmp_path / "report.pdf"
        file.write_bytes(base64.b64decode(printed["data"]))
        text = subprocess.run(
            ["pdftotext", "-layout", str(file), "-"], capture_output=True, text=True, check=True
        ).stdout
        words = " ".join(text.split())
        for policy, cells in compared.rows():
            assert " ".join([policy, *(cell.mean for cell in cells)]) in words

    def test_no_text_exceeds_its_picture(self, browser: Chrome, page: str, tmp_path: Path) -> None:
        opened(browser, page, tmp_path, PHONE)
        outside = browser.execute_script(
            """return [...document.querySelectorAll('figure svg text')].filter(text => {
                const own = text.getBoundingClientRect();
                const figure = text.closest('figure').getBoundingClientRect();
                return own.left < figure.left || own.right > figure.right;
            }).map(text => text.textContent)"""
        )
        assert outside == []

    def test_colours_follow_the_system(self, browser: Chrome, page: str, tmp_path: Path) -> None:
        shots = []
        for colours in ("light", "dark"):
            opened(browser, page, tmp_path, DESK, colours)
            shots.append(
                browser.execute_script("return getComputedStyle(document.body).backgroundColor")
            )
            image = browser.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
            assert base64.b64decode(image["data"]).startswith(b"\x89PNG")
        assert shots[0] != shots[1]

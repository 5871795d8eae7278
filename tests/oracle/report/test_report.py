"""The report: what its text holds, and what a real browser makes of it."""

from __future__ import annotations

import base64
import json
import math
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

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
from amin_ref.comparison.estimate import Estimate
from amin_ref.workloads import Bins, build_instance
from oracle import optimum
from oracle.claims import LEDGER, Ledger
from oracle.claims.figures import Figure, Mark, Point, Series
from tests.cli.test_cli import one_sentence
from tests.support.project import PROJECT

selenium = pytest.importorskip("selenium")
pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")

from selenium.webdriver import Chrome, ChromeOptions, ChromeService, Keys  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402

from oracle.report import Comparison, document, gantt  # noqa: E402
from oracle.report.images import images  # noqa: E402
from oracle.report.pictures import COLOURS, Axis, drawn, styles  # noqa: E402

FIGURES = PROJECT / "proofs_notes" / "figures"
PHONE, DESK = 360, 1280


def comparison(instance: Instance) -> Comparison:
    policies: dict[str, Policy | ClairvoyantPolicy] = {
        "amin": Amin(),
        "amax": Amax(),
        "h-sf": HindsightShortestFirst(),
        "fcfs": FirstComeFirstServed(),
    }
    best = optimum(instance, time_limit=1.0)
    return Comparison(
        caption="A <small> workload & more.",
        command="amin-ref report report.html",
        schedules={name: simulate(instance, policy) for name, policy in policies.items()},
        best=best.schedule,
        bound=best.lower_bound,
    )


@pytest.fixture(scope="module")
def compared() -> Comparison:
    return comparison(
        build_instance("chat", requests=150, capacity=3000, prediction=Bins(4)).instance
    )


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    return Ledger.from_json(LEDGER.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def small_ledger(ledger: Ledger) -> Ledger:
    """With one claim and one figure: most tests are not about drawing all of them."""
    entry = ledger.entries[-1]
    judgement = replace(entry.judgement, figures=entry.judgement.figures[:1])
    return replace(ledger, entries=(replace(entry, judgement=judgement),))


@pytest.fixture
def claims(small_ledger: Ledger, tmp_path: Path) -> Path:
    file = tmp_path / "claims.json"
    file.write_text(small_ledger.to_json(), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def page(compared: Comparison, ledger: Ledger) -> str:
    return document(compared, ledger)


class Outline(HTMLParser):
    """Ids, links within the page, addresses elsewhere, and elements that are left open."""

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


class TestText:
    def test_ids_are_unique_and_every_reference_has_one(self, page: str) -> None:
        outline = Outline(page)
        assert outline.open == []
        assert len(set(outline.ids)) == len(outline.ids)
        assert set(outline.references) <= set(outline.ids)

    def test_it_needs_nothing_from_elsewhere(self, page: str) -> None:
        assert Outline(page).addresses == ["data:,"]
        assert "@import" not in page
        # Name spaces are names, not addresses that anybody opens.
        addresses = set(re.findall(r"https?://[^\s\"'<]*", page))
        assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}

    def test_no_heading_level_is_skipped(self, page: str) -> None:
        levels = Outline(page).headings
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))

    def test_foreign_text_is_escaped(self, page: str) -> None:
        assert "A &lt;small&gt; workload &amp; more." in page
        assert "<small>" not in page

    def test_every_picture_has_a_text_alternative(self, page: str) -> None:
        for svg in re.findall(r"<svg [^>]*>.*?</svg>", page, flags=re.DOTALL):
            assert 'aria-hidden="true"' in svg or re.search(
                r'role="img".*<title id="[^"]+">[^<]+</title><desc id="[^"]+">[^<]+</desc>',
                svg,
                flags=re.DOTALL,
            )

    def test_no_colour_of_its_own_is_left_in_a_picture(self, page: str) -> None:
        for svg in re.findall(r"<svg [^>]*>.*?</svg>", page, flags=re.DOTALL):
            assert re.findall(r"(?:fill|stroke): ?#[0-9a-f]{6}", svg) == []

    def test_the_same_input_gives_the_same_page(
        self, compared: Comparison, small_ledger: Ledger
    ) -> None:
        assert document(compared, small_ledger) == document(compared, small_ledger)

    def test_a_report_on_a_phone_loads_in_seconds(self, page: str) -> None:
        assert len(page.encode()) < 1_000_000

    def test_the_table_repeats_the_schedules(self, compared: Comparison, page: str) -> None:
        for policy, schedule in compared.schedules.items():
            (row,) = re.findall(
                rf'<tr><th scope="row">(?:{policy.upper()}|{policy.title()})</th>.*?</tr>',
                page,
            )
            assert f"<td>{schedule.mean_latency:,.1f}</td>" in row
            assert f"<td>{schedule.evictions:,}</td>" in row
            assert f"<td>{schedule.total_latency / compared.bound:.3f}</td>" in row

    def test_without_claims(self, compared: Comparison) -> None:
        text = document(compared, None)
        assert 'id="claims"' not in text
        assert Outline(text).open == []

    @pytest.mark.parametrize(
        "requests",
        [(Request(0, 1, 1),), (Request(0, 1, 3, arrival=50), Request(1, 2, 400, arrival=900))],
        ids=["one token", "long pauses"],
    )
    def test_extreme_instances(self, requests: tuple[Request, ...]) -> None:
        text = document(comparison(Instance(500, requests)), None)
        assert Outline(text).open == []
        assert "nan" not in text.lower().replace("nance", "")

    def test_the_distribution_is_that_of_the_latencies(self, compared: Comparison) -> None:
        figure = compared.latencies()
        for series, schedule in zip(figure.series, compared.schedules.values(), strict=True):
            for point in series.points[1:]:
                within = sum(latency <= point.x for latency in schedule.latencies)
                less = sum(latency < point.x for latency in schedule.latencies)
                assert less / 150 < point.y.mean <= within / 150

    def test_occupancy_adds_up(self, compared: Comparison) -> None:
        figure = compared.occupancy()
        amax = compared.schedules["amax"]
        share = sum(amax.occupancy().tolist()) / amax.makespan / 3000
        assert f"Amax holds {share * 100:.0f} %" in figure.reading
        for series, schedule in zip(figure.series, compared.schedules.values(), strict=True):
            step = int(series.points[1].x - series.points[0].x)
            whole = schedule.makespan // step
            held = sum(schedule.occupancy().tolist()[: whole * step])
            shown = sum(point.y.mean for point in series.points[:whole]) * step
            assert shown == pytest.approx(held, rel=0.001)


class TestGantt:
    def test_it_shows_what_it_says(self) -> None:
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
            "Round 1: with their next tokens A, B and C would hold 12, more than 11. Known so far "
            "of their answers: A 1, B 1, C 1. Least is known alike of A, B and C: A, the first of "
            "them, goes, and loses 1 token.",
            "Round 4: with their next tokens A and B would hold 12, more than 11. Known so far of "
            "their answers: A 2, B 4. Least is known of A: it goes, and loses 2 tokens.",
        )
        assert gantt.evictions(gantt.OPTIMAL) == ()

    def test_what_was_known_from_an_earlier_run_counts(self) -> None:
        runs = (Run("A", 0, 4, "evicted"), Run("A", 5, 7, "evicted"), Run("A", 9, 15, "completed"))
        schedule = Schedule(Instance(11, gantt.TEACHING.requests[:1]), runs)
        assert "A 4. Least is known of A" in gantt.evictions(schedule)[1]

    def test_its_words_are_the_runs(self) -> None:
        instance = Instance(9, (Request("A", 1, 2), Request("B", 1, 1)))
        schedule = simulate(instance, Amin())
        assert gantt.described(schedule) == (
            "A: runs in rounds 0 to 1 and completes; B: runs in rounds 0 to 0 and completes. "
            f"Total latency {schedule.total_latency}."
        )


class TestPictures:
    def test_policies_keep_their_colours(self) -> None:
        assert styles(["FCFS", "Amin"]) == (3, 0)
        assert styles(["load 1", "Amin", "load 2"])[1] == 0
        names = [f"line {number}" for number in range(COLOURS)]
        assert sorted(styles(names)) == list(range(COLOURS))

    def test_a_label_may_be_anything(self) -> None:
        figure = Figure(
            "f", "a < b & c", "“x” <y>", "$x_1$ & <", "y",
            (Series("<b>&", (Point(1, Estimate(2, 1, 3, 5)), Point(2, Estimate(1, 0, 2, 5)))),),
            marks=(Mark("</svg>", 1.5),),
        )  # fmt: skip
        assert Outline(drawn(figure).svg).open == []


def test_committed_images_are_those_of_the_ledger() -> None:
    """Text and shapes; where a letter lies to a hundredth depends on matplotlib's version."""
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
    def test_report(self, tmp_path: Path, claims: Path) -> None:
        out = tmp_path / "report.html"
        flags = ("--requests", "40", "--time-limit", "0.5", "--prediction", "bins:3")
        assert run(application, ["report", str(out), *flags, "--claims", str(claims)]) == 0
        text = out.read_text(encoding="utf-8")
        assert "40 requests from chat, at-once, prediction bins:3" in text
        again = "report report.html --prediction bins:3 --requests 40 --time-limit 0.5 --claims"
        assert f"<code>amin-ref {again}" in text

    def test_another_ledger(
        self, tmp_path: Path, claims: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        text = claims.read_text(encoding="utf-8")
        claims.write_text(re.sub('"verdict": "[^"]*"', '"verdict": "does not hold"', text))
        out = tmp_path / "report.html"
        flags = ("--requests", "20", "--time-limit", "0.2", "--claims")
        assert run(application, ["report", str(out), *flags, str(claims)]) == 0
        assert out.read_text(encoding="utf-8").count("✕</span> does not hold") == 2
        claims.write_text("{}")
        assert run(application, ["report", str(out), *flags, str(claims)]) == 2
        assert "claims.json': " in one_sentence(capsys.readouterr().err)

    def test_compare_writes_one_too(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = tmp_path / "report.html"
        flags = ("--requests", "40", "--time-limit", "0.5", "--policies", "amin,fcfs", "--json")
        assert run(application, ["compare", "--report", str(out), *flags]) == 0
        rows = json.loads(capsys.readouterr().out)
        text = out.read_text(encoding="utf-8")
        for row in rows["policies"]:
            assert f"<td>{row['mean_latency']:,.1f}</td>" in text
            assert f"<td>{row['ratio_to_bound']:.3f}</td>" in text
        assert '<th scope="row">FCFS</th>' in text
        assert '<th scope="row">Amax</th>' not in text
        again = "--requests 40 --policies amin,fcfs --time-limit 0.5"
        assert f"<code>amin-ref compare --report report.html {again}</code>" in text

    def test_where_it_cannot_be_written(
        self, tmp_path: Path, claims: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = tmp_path / "no" / "report.html"
        # Nothing is computed before: that would take for ever.
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
    def test_without_the_extra(
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
    """Chromium and its driver; the test is skipped where they are not installed."""
    found = shutil.which("chromium"), shutil.which("chromedriver")
    if found[0] is None or found[1] is None:
        reason = "Debian's packages chromium and chromium-driver are not installed"
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
    """What a place in a drawing stands for: what a reader with a ruler would find."""
    share = (place - axis.places[0]) / (axis.places[1] - axis.places[0])
    begin, end = axis.numbers
    if axis.scale == "log":
        return float(begin * (end / begin) ** share)
    return begin + (end - begin) * share


def axis_in(data: dict[str, object]) -> Axis:
    scale, numbers, places = data["scale"], data["numbers"], data["places"]
    assert isinstance(scale, str)
    assert isinstance(numbers, list)
    assert isinstance(places, list)
    return Axis(scale, (numbers[0], numbers[1]), (places[0], places[1]))


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


@pytest.mark.slow
class TestBrowser:
    @pytest.mark.parametrize("colours", ["light", "dark"])
    @pytest.mark.parametrize("width", [PHONE, DESK])
    def test_it_opens_without_a_complaint_and_fits(
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

    def test_nothing_is_fetched(self, browser: Chrome, page: str, tmp_path: Path) -> None:
        opened(browser, page, tmp_path, DESK)
        fetched = browser.execute_script("return performance.getEntriesByType('resource').length")
        assert fetched == 0

    def test_lines_lie_where_their_numbers_are(
        self, browser: Chrome, page: str, tmp_path: Path
    ) -> None:
        opened(browser, page, tmp_path, DESK)
        scripts = browser.find_elements(By.CSS_SELECTOR, 'script[type="application/json"]')
        compared = 0
        for script in scripts:
            data = json.loads(script.get_attribute("textContent") or "")
            x, y = axis_in(data["axes"]["x"]), axis_in(data["axes"]["y"])
            if data["name"] in ("gap", "occupancy"):
                continue
            for number, series in enumerate(data["series"]):
                line = f"{data['name']}-line-{number}"
                places = browser.execute_script(POINTS_OF_A_LINE, line)
                wanted = [(point["x"], point["y"]["mean"]) for point in series["points"]]
                found = [(number_at(x, px), number_at(y, py)) for px, py in places]
                if len(found) < len(wanted):
                    # Points in one line with their neighbours need not be drawn.
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
        script = browser.find_element(By.ID, "gap-data").get_attribute("textContent")
        data = json.loads(script or "")
        x = axis_in(data["axes"]["x"])
        for number, bar in enumerate(data["bars"]):
            corners = browser.execute_script(POINTS_OF_A_LINE, f"gap-line-{number}")
            assert number_at(x, max(px for px, _ in corners)) == pytest.approx(bar["value"], 0.01)

    def test_by_keyboard_alone(self, browser: Chrome, page: str, tmp_path: Path) -> None:
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
    def test_text_can_be_read(
        self, colours: str, browser: Chrome, page: str, tmp_path: Path
    ) -> None:
        opened(browser, page, tmp_path, DESK, colours)
        # What WCAG 2 asks for at level AA.
        assert browser.execute_script(CONTRASTS) >= 4.5

    def test_text_in_pictures_is_large_enough_on_a_phone(
        self, browser: Chrome, page: str, tmp_path: Path
    ) -> None:
        opened(browser, page, tmp_path, PHONE)
        smallest = browser.execute_script(
            """return Math.min(...[...document.querySelectorAll('figure svg')].map(svg => {
                const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
                const sizes = [...svg.querySelectorAll('text')].map(
                    text => parseFloat(getComputedStyle(text).fontSize));
                return scale * Math.min(...sizes);
            }))"""
        )
        assert smallest >= 8

    def test_no_text_leaves_its_picture(self, browser: Chrome, page: str, tmp_path: Path) -> None:
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

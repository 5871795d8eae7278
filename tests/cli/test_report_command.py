"""What ``report`` and ``compare --report`` compute before anything is drawn.

The drawing is replaced by a record of its arguments: the drawing has tests of its own.
"""

from __future__ import annotations

import json
import shlex
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from amin_ref import Amin, Instance, Machine, Request, Schedule, check, simulate
from amin_ref.cli import comparing, report
from amin_ref.cli.application import application
from amin_ref.cli.bound import BestKnown, ProvenBound, best_known, proven_bound
from amin_ref.cli.exit_codes import run
from amin_ref.cli.options import WorkloadOptions
from amin_ref.cli.report import BOUND_SECONDS, DEFAULT_SEEDS
from amin_ref.cli.report_file import caption
from amin_ref.cli.signals import remember
from amin_ref.comparison import Comparison
from amin_ref.workloads import build_instance
from oracle import Optimum, optimum, verify
from oracle.claims import LEDGER, Ledger
from tests.cli.test_cli import one_sentence

pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")

from oracle.report import GivenSchedule, Policies

SMALL = ["--requests", "6", "--capacity", "3000", "--time-limit", "0"]


@dataclass
class Drawn:
    """The arguments of the drawing."""

    output: str
    options: WorkloadOptions
    again: str
    schedules: Mapping[str, Schedule]
    best: Optimum
    ledger: Ledger
    further: Mapping[int, Comparison]
    given: GivenSchedule | None = None


@dataclass
class Notes:
    """The reports that would have been written, and the seconds of each search for a bound."""

    drawn: list[Drawn] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Notes:
    noted = Notes()

    def note(
        output: str,
        options: WorkloadOptions,
        again: str,
        schedules: Mapping[str, Schedule],
        best: Optimum,
        ledger: Ledger,
        *,
        further: Mapping[int, Comparison] | None = None,
        given: GivenSchedule | None = None,
    ) -> None:
        more = further or {}
        noted.drawn.append(Drawn(output, options, again, schedules, best, ledger, more, given))

    def bound(instance: Instance, seconds: float) -> ProvenBound:
        noted.seconds.append(seconds)
        return proven_bound(instance, 0.0)

    for module in (report, comparing):
        monkeypatch.setattr(module, "write_report", note)
        monkeypatch.setattr(module, "proven_bound", bound)
    monkeypatch.chdir(tmp_path)
    return noted


def reported(notes: Notes, line: list[str], code: int = 0) -> Drawn:
    assert run(application, line) == code
    (drawn,) = notes.drawn
    return drawn


def chat_instance(seed: int) -> Instance:
    return build_instance("chat", requests=6, capacity=3000, seed=seed).instance


@pytest.mark.parametrize("line", [
    ["report", "out.html", "--seeds", "3"], ["compare", "--report", "out.html", "--seeds", "3"],
], ids=["report", "compare"])  # fmt: skip
def test_every_seed_is_compared_on_its_own_requests(
    line: list[str], notes: Notes, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = reported(notes, [*line, *SMALL, "--seed", "4", "--policies", "amin,fcfs"])
    assert drawn.output == "out.html"
    assert list(drawn.schedules) == ["amin", "fcfs"]
    assert {schedule.instance for schedule in drawn.schedules.values()} == {chat_instance(4)}
    assert not any(check(schedule) for schedule in drawn.schedules.values())
    assert drawn.best.schedule.instance == chat_instance(4)
    assert list(drawn.further) == [5, 6]
    for seed, comparison in drawn.further.items():
        assert list(comparison.schedules) == ["amin", "fcfs"]
        assert comparison.instance == chat_instance(seed)
        bound = comparison.lower_bound
        assert bound is not None
        assert 0 < bound <= comparison.schedules["amin"].total_latency
    assert notes.seconds == [0.0, 0.0]
    again = shlex.split(drawn.again)
    assert again[:2] == ["amin-ref", line[0]]
    assert "out.html" in again
    assert line[0] == "report" or again[again.index("--report") + 1] == "out.html"
    for flag, value in {"--seeds": "3", "--policies": "amin,fcfs", "--seed": "4"}.items():
        assert again[again.index(flag) + 1] == value
    assert drawn.given is None
    assert drawn.ledger == Ledger.from_json(LEDGER.read_text(encoding="utf-8"))


def test_the_command_of_a_report_writes_it_again(
    notes: Notes, capsys: pytest.CaptureFixture[str]
) -> None:
    first = reported(notes, ["report", "out.html", *SMALL, "--seeds", "2", "--block-size", "2"])
    notes.drawn.clear()
    words = shlex.split(first.again)
    assert words[:3] == ["amin-ref", "report", "out.html"]
    second = reported(notes, words[1:])
    assert second.again == first.again
    assert second.schedules == first.schedules
    assert list(second.further) == list(first.further)


def test_a_report_has_five_seeds_unless_nothing_is_random(
    notes: Notes, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    drawn = reported(notes, ["report", "out.html", *SMALL])
    assert list(drawn.further) == list(range(1, DEFAULT_SEEDS))
    assert "--seeds" not in shlex.split(drawn.again)
    assert "--policies" not in drawn.again
    notes.drawn.clear()
    (tmp_path / "instance.json").write_text(chat_instance(0).to_json())
    flags = ["--workload", "instance.json", "--time-limit", "0"]
    assert reported(notes, ["report", "out.html", *flags]).further == {}
    capsys.readouterr()
    assert run(application, ["report", "out.html", *flags, "--seeds", "2"]) == 2
    assert "--seeds has no effect where nothing is random" in capsys.readouterr().err


def test_the_bound_of_each_further_seed_takes_at_most_a_second(
    notes: Notes, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[float] = []

    def searching(instance: Instance, seconds: float) -> BestKnown:
        limits.append(seconds)
        return best_known(instance, 0.0)

    monkeypatch.setattr(report, "best_known", searching)
    drawn = reported(notes, ["report", "out.html", *SMALL[:-1], "7.5", "--seeds", "2"])
    assert (limits, notes.seconds) == ([7.5], [BOUND_SECONDS])
    assert " --time-limit 7.5" in drawn.again
    notes.drawn.clear()
    drawn = reported(notes, ["report", "out.html", *SMALL[:-2], "--seeds", "2"])
    assert (limits[1:], "--time-limit" in drawn.again) == ([report.TIME_LIMIT], False)


def test_a_schedule_is_shown_beside_the_policies(
    notes: Notes, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    mine = simulate(chat_instance(1), Amin())
    (tmp_path / "mine.json").write_text(mine.to_json())
    line = ["report", "out.html", "--schedule", "mine.json", "--time-limit", "0"]
    drawn = reported(notes, [*line, "--policies", "amin,fcfs"])
    assert list(drawn.schedules) == ["yours", "amin", "fcfs"]
    assert drawn.schedules["yours"] == mine
    assert {schedule.instance for schedule in drawn.schedules.values()} == {mine.instance}
    assert drawn.given == GivenSchedule("mine.json", mine)
    assert drawn.further == {}
    assert " --schedule mine.json" in drawn.again
    assert caption(drawn.options, mine, drawn.given) == (
        "The 6 requests of mine.json; a cache of 3,000 tokens in blocks of 1."
    )
    for flags in (["--seed", "3"], ["--seeds", "3"], ["--requests", "3"], ["--workload", "chat"]):
        capsys.readouterr()
        assert run(application, [*line, *flags]) == 2
        assert f"{flags[0]} has no effect beside --schedule" in capsys.readouterr().err
    assert run(application, [*line, "--ties", "random", "--seed", "3"]) == 0


@pytest.mark.parametrize(("flags", "is_random"), [
    (["--seeds", "3"], True), (["--seeds", "1"], True), (["--workload", "instance.json"], False),
    (["--workload", "instance.json", "--ties", "random", "--seeds", "2"], True),
    (["--schedule", "mine.json"], False),
    (["--schedule", "mine.json", "--ties", "random"], False),
])  # fmt: skip
def test_the_page_has_every_seed_and_says_whether_one_has_an_effect(
    flags: list[str],
    is_random: bool,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Drawing takes long here, which is said."""
    drawn: list[tuple[Policies, GivenSchedule | None]] = []

    def draw(policies: Policies, _: Ledger, __: object, given: GivenSchedule | None, *_rest: object
    ) -> str:  # fmt: skip
        drawn.append((policies, given))
        time.sleep(0.1)
        return "a page"

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("oracle.report.document", draw)
    monkeypatch.setattr("amin_ref.cli.slow.SILENT_SECONDS", 0.05)
    (tmp_path / "instance.json").write_text(chat_instance(7).to_json())
    (tmp_path / "mine.json").write_text(simulate(chat_instance(7), Amin()).to_json())
    size = SMALL[:4] if "--seeds" in flags and "--workload" not in flags else []
    line = ["report", "out.html", *size, "--time-limit", "0", "--policies", "amin,fcfs", *flags]
    assert run(application, line) == 0
    assert "amin-ref: drawing takes longer than" in capsys.readouterr().err
    assert (tmp_path / "out.html").read_text() == "a page"
    ((policies, given),) = drawn
    seeds = int(flags[flags.index("--seeds") + 1]) if "--seeds" in flags else 1
    assert list(policies.comparisons) == list(range(seeds))
    assert policies.is_random == is_random
    assert (given is not None) == ("--schedule" in flags)
    for seed, comparison in policies.comparisons.items():
        assert comparison.instance == (chat_instance(seed) if size else chat_instance(7))


@pytest.mark.parametrize("line", [["report", "out.html"], ["compare", "--report", "out.html"]])
@pytest.mark.parametrize("limit", [[], ["--tokens-per-round", "900"]], ids=["free", "limited"])
def test_a_report_is_of_the_machine_of_an_engine(
    line: list[str], limit: list[str], notes: Notes, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a round has limits no search finds a schedule: the best is one of the policies'."""
    flags = ["--after-eviction", "resume", *limit]
    seeds = ["--seeds", "2", "--policies", "amin,fcfs"]
    drawn = reported(notes, [*line, *SMALL, *seeds, *flags])
    machine = Machine(after_eviction="resume", tokens_per_round=900 if limit else None)
    every = [*drawn.schedules.values(), *drawn.further[1].schedules.values()]
    assert {schedule.instance.machine for schedule in every} == {machine}
    assert not any(check(schedule) for schedule in every)
    least = min(schedule.total_latency for schedule in drawn.schedules.values())
    assert drawn.best.lower_bound <= drawn.best.total_latency <= least
    if limit:
        assert drawn.best.total_latency == least
        assert drawn.best.certificate is not None
        assert verify(drawn.best.schedule.instance, drawn.best.certificate) == (
            drawn.best.lower_bound
        )
    again = shlex.split(drawn.again)
    assert again[-len(flags) :] == flags or again[-len(flags) - 2 : -2] == flags
    notes.drawn.clear()
    assert reported(notes, again[1:]).schedules == drawn.schedules


def test_a_schedule_of_an_engine_is_drawn_with_its_machine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that pauses and computes its prompt in chunks, through the whole drawing."""
    monkeypatch.chdir(tmp_path)
    machine = Machine(after_eviction="resume", last_token_stored=False, tokens_per_round=4)
    instance = Instance(14, [Request(f"r{i}", 6, 5) for i in range(3)], machine=machine)
    mine = simulate(instance, "fcfs")
    assert mine.has_computed
    assert mine.evictions
    (tmp_path / "mine.json").write_text(mine.to_json())
    line = ["report", "out.html", "--schedule", "mine.json", "--policies", "amin,fcfs"]
    assert run(application, [*line, "--time-limit", "0"]) == 0
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert "on a machine with after_eviction &#34;resume&#34;" in page
    assert "r0 runs from round 0" in page


def test_the_command_of_a_comparison_leaves_out_what_is_the_default(
    notes: Notes, capsys: pytest.CaptureFixture[str]
) -> None:
    """The report's command repeats the seeds, and no list of policies and no machine."""
    drawn = reported(notes, ["compare", "--report", "out.html", *SMALL[:4], "--seeds", "2"])
    assert shlex.split(drawn.again) == [
        *["amin-ref", "compare", "--report", "out.html"],
        *["--capacity", "3000", "--requests", "6", "--seeds", "2"],
    ]


def test_a_report_of_an_invalid_or_empty_schedule_is_refused(
    notes: Notes, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    line = ["report", "out.html", "--schedule", "mine.json"]
    (tmp_path / "mine.json").write_text(Schedule(chat_instance(1), ()).to_json())
    assert run(application, line) == 2
    assert "'mine.json' holds a schedule that is not valid" in capsys.readouterr().err
    (tmp_path / "mine.json").write_text(Schedule(Instance(5, ()), ()).to_json())
    assert run(application, line) == 2
    assert "a schedule of no requests" in one_sentence(capsys.readouterr().err)
    assert notes.drawn == []


def test_other_measurements_of_the_claims_may_be_shown(
    notes: Notes, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    document = json.loads(LEDGER.read_text(encoding="utf-8")) | {"seeds": 77}
    (tmp_path / "claims.json").write_text(json.dumps(document))
    line = ["report", "out.html", *SMALL, "--seeds", "1", "--claims", "claims.json"]
    drawn = reported(notes, line)
    assert drawn.ledger.seeds == 77
    assert " --claims claims.json" in drawn.again


@pytest.mark.parametrize("command", [["report", "out.html"], ["compare", "--report", "out.html"]])
@pytest.mark.parametrize("search", ["first", "second"])
def test_ctrl_c_leaves_a_report_of_the_finished_seeds(
    command: list[str],
    search: str,
    notes: Notes,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SIGINT arrives in the search for the first seed's optimum, or for the second seed's bound."""
    module = report if command[0] == "report" else comparing

    def best(instance: Instance, _seconds: float) -> BestKnown:
        if search == "first":
            remember(signal.SIGINT)
        return BestKnown(optimum(instance, 0.0), interrupted=search == "first")

    def bound(instance: Instance, _seconds: float) -> ProvenBound:
        remember(signal.SIGINT)
        return replace(proven_bound(instance, 0.0), interrupted=True)

    monkeypatch.setattr(module, "best_known", best)
    monkeypatch.setattr(module, "proven_bound", bound)
    drawn = reported(notes, [*command, *SMALL, "--seeds", "3"], code=130)
    captured = capsys.readouterr()
    assert captured.err.endswith("interrupted; these are the best bounds so far.\n")
    if search == "first":
        assert drawn.further == {}
    else:
        # The search of the second seed was interrupted; the bound found so far is valid.
        assert list(drawn.further) == ([] if command[0] == "report" else [1])


@pytest.mark.parametrize("flags", [["--bound"], ["--report", "out.html"]])
def test_ctrl_c_in_the_only_search_is_told(
    flags: list[str],
    notes: Notes,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def best(instance: Instance, _seconds: float) -> BestKnown:
        return BestKnown(optimum(instance, 0.0), interrupted=True)

    def bound(instance: Instance, _seconds: float) -> ProvenBound:
        return replace(proven_bound(instance, 0.0), interrupted=True)

    monkeypatch.setattr(comparing, "best_known", best)
    monkeypatch.setattr(comparing, "proven_bound", bound)
    assert run(application, ["compare", *SMALL, *flags, "--json"]) == 130
    captured = capsys.readouterr()
    assert captured.err.endswith("interrupted; these are the best bounds so far.\n")
    assert json.loads(captured.out)["lower_bound"] > 0
    assert len(notes.drawn) == ("--report" in flags)


@pytest.mark.parametrize(("flags", "has_bound"), [
    ([], False), (["--bound"], True), (["--report", "out.html"], True),
])  # fmt: skip
@pytest.mark.parametrize("seeds", [[], ["--seeds", "2"]], ids=["one seed", "two seeds"])
def test_a_bound_is_proved_where_it_is_asked_for(
    flags: list[str],
    has_bound: bool,
    seeds: list[str],
    notes: Notes,
    capsys: pytest.CaptureFixture[str],
) -> None:
    size, limit = SMALL[:-2], SMALL[-2:]
    line = ["compare", *size, *(limit if has_bound else []), *flags, *seeds, "--json"]
    assert run(application, line) == 0
    document = json.loads(capsys.readouterr().out)
    ratios = [policy["ratio_to_bound"] for policy in document["policies"]]
    if seeds:
        ratios = [None if ratio is None else ratio["mean"] for ratio in ratios]
    if has_bound:
        assert all(ratio >= 1 for ratio in ratios)
    else:
        assert set(ratios) == {None}
    assert len(notes.drawn) == ("--report" in flags)
    for drawn in notes.drawn:
        assert (" --seeds 2" in drawn.again) == bool(seeds)
        assert ("--seeds" in drawn.again) == bool(seeds)
        assert " --time-limit 0" in drawn.again
    if not has_bound:
        assert run(application, [*line, *limit]) == 2
        assert "--time-limit has no effect without --bound or --report" in (capsys.readouterr().err)

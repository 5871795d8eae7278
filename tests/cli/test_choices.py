"""What the flags of a command choose: the work that is done, and the form in which it is printed.

Long work is replaced by a record of what it was asked for.
"""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import click
import pytest

from amin_ref import Amin, Instance, Machine, Request, Run, Schedule, check, simulate
from amin_ref.cli import claims, comparing, drive, report, worst_case
from amin_ref.cli.application import COMMANDS, application
from amin_ref.cli.bound import ProvenBound, best_of
from amin_ref.cli.exit_codes import run
from amin_ref.cli.family import TIME_LIMIT, FamilyRatio, family_ratio
from amin_ref.external import protocol_text
from amin_ref.model.errors import SchedulerFailed
from amin_ref.schemas import schema_text
from amin_ref.small.setting import Setting
from amin_ref.suite import Finding
from amin_ref.vectors import published_text
from oracle import Certificate, Stretch
from oracle.claims import LEDGER, Ledger, Plan
from oracle.claims.article_setting import ARTICLE as IN_ITS_SETTING
from oracle.claims.schedulers import REQUESTS as OF_TABLE
from oracle.claims.schedulers import WHICH
from oracle.ratio.answer import Found, WorstCase
from oracle.ratio.question import Question
from tests.cli.test_cli import one_sentence

TWO = Instance.from_lengths([(1, 2), (1, 2)], capacity=3)
SMALL = ["--requests", "8", "--capacity", "3000"]


def done(capsys: pytest.CaptureFixture[str], line: Sequence[str], code: int = 0) -> tuple[str, str]:
    """What a command prints on standard output and on standard error."""
    capsys.readouterr()
    assert run(application, list(line)) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


class Watched:
    """Records what a line of progress shows."""

    def __init__(self) -> None:
        self.shown: list[tuple[float, str]] = []

    def update(self, completed: float, doing: str) -> None:
        self.shown.append((completed, doing))

    @contextmanager
    def watching(self, _total: float, _slow: str) -> Iterator[Watched]:
        yield self


class Table:
    """Stands for the table of all policies."""

    def to_json(self) -> str:
        return "{}"


class TestClaims:
    @pytest.fixture
    def asked(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, object]:
        """What is measured, judged and printed; nothing is measured."""
        noted: dict[str, object] = {}
        ledger = Ledger.from_json(LEDGER.read_text(encoding="utf-8"))

        def measure(wanted: Sequence[object], _store: object, **how: object) -> None:
            noted.update(how, wanted=len(wanted))
            on_measured = how["on_measured"]
            assert callable(on_measured)
            on_measured(3)

        def judge(plan: Plan, _claims: object, _store: object, setting: str | None) -> Ledger:
            noted.update(plan=plan, setting=setting)
            return ledger

        def tabulate(plan: Plan, _measured: object) -> Table:
            noted.update(plan=plan)
            return Table()

        watch = Watched()
        noted["watch"] = watch
        monkeypatch.setattr(claims, "watching", watch.watching)
        monkeypatch.setattr(claims, "measure", measure)
        monkeypatch.setattr(claims, "judged", judge)
        monkeypatch.setattr(claims, "scheduler_table", tabulate)
        monkeypatch.setattr("oracle.claims.scheduler_page.markdown", lambda _: "| a page |\n")
        monkeypatch.setattr("oracle.claims.scheduler_page.text", lambda _, width: f"{width}\n")
        monkeypatch.chdir(tmp_path)
        return noted

    @pytest.mark.parametrize("alone", [IN_ITS_SETTING, WHICH])
    def test_a_claim_that_stands_alone_is_refused_beside_another(
        self, alone: str, asked: dict[str, object], capsys: pytest.CaptureFixture[str]
    ) -> None:
        line = ["claims", "--quick", "--workers", "1", "--claim", alone]
        _, said = done(capsys, [*line, "--claim", "C1"], code=2)
        assert f"--claim {alone} stands alone" in said
        assert "plan" not in asked
        done(capsys, line)
        done(capsys, [*line, "--claim", alone])

    @pytest.mark.parametrize(("flags", "printed"), [
        ([], "100\n"), (["--json"], "{}\n"), (["--markdown"], "| a page |\n"),
    ])  # fmt: skip
    def test_the_table_of_all_policies_is_printed_in_three_forms(
        self,
        flags: list[str],
        printed: str,
        asked: dict[str, object],
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("COLUMNS", "150")
        out, _ = done(capsys, ["claims", "--claim", WHICH, "--workers", "1", *flags])
        assert out == printed
        assert asked["plan"] == Plan(requests=OF_TABLE)
        # Three predictions at four loads: more than the samples of one claim.
        assert asked["wanted"] != 0
        assert isinstance(watch := asked["watch"], Watched)
        assert watch.shown == [(3, "measuring")]

    def test_all_policies_are_measured_for_the_table_alone(
        self, asked: dict[str, object], capsys: pytest.CaptureFixture[str]
    ) -> None:
        wanted = {}
        for name in (WHICH, "C1", IN_ITS_SETTING):
            done(capsys, ["claims", "--quick", "--workers", "1", "--claim", name])
            wanted[name] = asked["wanted"]
        done(capsys, ["claims", "--quick", "--workers", "1"])
        wanted["all"] = asked["wanted"]
        assert len(set(wanted.values())) == len(wanted)
        assert 0 not in wanted.values()

    def test_the_ledger_names_the_articles_setting(
        self, asked: dict[str, object], capsys: pytest.CaptureFixture[str]
    ) -> None:
        done(capsys, ["claims", "--quick", "--workers", "1"])
        assert asked["setting"] is None
        done(capsys, ["claims", "--quick", "--workers", "1", "--claim", IN_ITS_SETTING])
        assert asked["setting"] == IN_ITS_SETTING

    def test_measurements_are_kept_in_the_file_of_checkpoint(
        self, asked: dict[str, object], capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        line = ["claims", "--quick", "--claim", "C1", "--workers", "1", "--checkpoint", "mine"]
        done(capsys, line)
        assert [path.name for path in tmp_path.iterdir()] == ["mine"]
        assert asked["executor"] is None

    def test_where_the_number_of_processors_is_unknown_one_process_measures(
        self,
        asked: dict[str, object],
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("os.cpu_count", lambda: None)
        done(capsys, ["claims", "--quick", "--claim", "C1"])
        assert (asked["in_flight"], asked["executor"]) == (1, None)

    @pytest.mark.parametrize("workers", [1, 2])
    def test_several_workers_share_the_measurements(
        self,
        workers: int,
        asked: dict[str, object],
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        @contextmanager
        def processes(size: int) -> Iterator[str]:
            yield f"{size} processes"

        monkeypatch.setattr(claims, "processes", processes)
        done(capsys, ["claims", "--quick", "--claim", "C1", "--workers", f"{workers}"])
        assert asked["executor"] == f"{workers} processes"
        assert asked["in_flight"] == workers

    def test_a_cluster_measures_where_it_is_named(
        self,
        asked: dict[str, object],
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        @contextmanager
        def cluster(address: str) -> Iterator[claims._WorkerPool]:
            assert address == "tcp://10.0.0.1:8786"
            yield claims._WorkerPool(None, 77)

        monkeypatch.setattr(claims, "_cluster", cluster)
        done(capsys, ["claims", "--quick", "--claim", "C1", "--dask", "tcp://10.0.0.1:8786"])
        assert asked["in_flight"] == 77

    def test_without_a_terminal_the_table_has_a_hundred_columns(
        self,
        asked: dict[str, object],
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("shutil.get_terminal_size", os.terminal_size)
        out, _ = done(capsys, ["claims", "--claim", WHICH, "--workers", "1"])
        assert (out, "plan" in asked) == ("100\n", True)

    def test_long_lines_of_the_ledger_are_indented(
        self, asked: dict[str, object], capsys: pytest.CaptureFixture[str]
    ) -> None:
        out, _ = done(capsys, ["claims", "--quick", "--claim", "C1", "--workers", "1"])
        assert "plan" in asked
        assert max(map(len, out.splitlines())) <= 100
        below = [line for line in out.splitlines() if line.startswith("  ")]
        assert any(line.startswith("    ") for line in below)
        # A heading has two spaces before it, a line that continues it has four.
        assert all(line.startswith("    ") or ": " in line for line in below)


LINE = ["worst-case", "--prompt", "1", "--lower", "1", "--upper", "3", "--capacity", "4"]
FOUND = Found(by_rank=(3, 1), cost=9, optimum=6)


class TestWorstCase:
    @pytest.mark.parametrize(("flags", "seconds"), [
        ([], TIME_LIMIT), (["--time-limit", "3.5"], 3.5), (["--time-limit", "0"], 0.0),
    ])  # fmt: skip
    @pytest.mark.parametrize("interrupted", [False, True])
    def test_the_bound_of_a_family_is_searched_for_as_long_as_asked(
        self,
        flags: list[str],
        seconds: float,
        interrupted: bool,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        given: list[object] = []

        def built(name: str, upper: int, changed: dict[str, int], limit: float) -> FamilyRatio:
            given.extend([name, upper, changed, limit])
            ratio = family_ratio(name, upper, changed, 0.0)
            return replace(ratio, bound=replace(ratio.bound, interrupted=interrupted))

        monkeypatch.setattr(worst_case, "family_ratio", built)
        line = ["worst-case", "--family", "staggered", "--upper", "4", *flags]
        out, said = done(capsys, line, code=130 if interrupted else 0)
        assert given == ["staggered", 4, {}, seconds]
        assert "T15" in out
        assert ("interrupted" in said) == interrupted

    @pytest.mark.parametrize("missing", ["--prompt", "--lower", "--upper", "--capacity"])
    def test_a_flag_that_is_missing_is_named(
        self, missing: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        at = LINE.index(missing)
        _, said = done(capsys, [*LINE[:at], *LINE[at + 2 :], "--requests", "2"], code=2)
        assert f"Missing option '{missing}'" in said
        assert "worst-case --help" in said

    def test_a_policy_that_cannot_be_loaded_is_refused_before_the_work(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(worst_case, "worst_case", lambda *_, **__: pytest.fail("searched"))
        file = tmp_path / "finished.jsonl"
        line = [*LINE, "--requests", "2", "--policy"]
        _, said = done(capsys, [*line, "no_such_module:Mine"], code=2)
        assert "no_such_module" in one_sentence(said)
        _, said = done(capsys, [*line, "json:dumps", "--checkpoint", str(file)], code=2)
        one_sentence(said)
        assert not file.exists()

    def test_a_checkpoint_cannot_keep_the_work_of_another_policy(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """A policy of the user's may change between two runs."""
        monkeypatch.setattr(worst_case, "worst_case", lambda *_, **__: pytest.fail("searched"))
        file = tmp_path / "finished.jsonl"
        line = [*LINE, "--requests", "2", "--policy", "amin_ref:Amin", "--checkpoint", str(file)]
        _, said = done(capsys, line, code=2)
        assert "checkpoint" in one_sentence(said)
        assert not file.exists()

    def test_a_search_stops_when_it_is_asked_to(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[bool] = []

        def searching(
            question: Question,
            _limit: float | None,
            *,
            should_stop: Callable[[], bool],
            **_: object,
        ) -> WorstCase:
            asked.append(should_stop())
            return WorstCase(question, FOUND, unseen=0)

        monkeypatch.setattr(worst_case, "worst_case", searching)
        done(capsys, [*LINE, "--requests", "2"])
        assert asked == [False]

    @pytest.mark.parametrize(
        ("flags", "machine"),
        [
            ([], Machine()),
            (["--after-eviction", "resume"], Machine(after_eviction="resume")),
            (["--no-last-token-stored"], Machine(last_token_stored=False)),
        ],
    )
    def test_the_search_is_on_the_machine_of_the_flags(
        self,
        flags: list[str],
        machine: Machine,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        asked: list[Machine] = []

        def searching(question: Question, _limit: float | None, **_: object) -> WorstCase:
            asked.append(question.setting.machine)
            return WorstCase(question, FOUND, unseen=0)

        monkeypatch.setattr(worst_case, "worst_case", searching)
        done(capsys, [*LINE, "--requests", "2", *flags])
        assert asked == [machine]

    @pytest.mark.parametrize(("flags", "workers"), [([], 1), (["--workers", "3"], 3)])
    def test_the_table_is_searched_for_by_all_workers(
        self,
        flags: list[str],
        workers: int,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Each worker has several pieces waiting, so that none is ever idle."""
        question = Question("amin", Setting(1, 1, 3, 4), 2)
        given: dict[str, object] = {}

        def searching(
            _questions: object,
            *,
            should_stop: Callable[[], bool],
            progress: Callable[[int], None],
            **others: object,
        ) -> list[WorstCase]:
            given.update(others, stopping=should_stop())
            progress(1)
            return [WorstCase(question, FOUND, unseen=0)]

        @contextmanager
        def processes(size: int) -> Iterator[str]:
            yield f"{size} processes"

        watch = Watched()
        monkeypatch.setattr(worst_case, "watching", watch.watching)
        monkeypatch.setattr(worst_case, "processes", processes)
        monkeypatch.setattr(worst_case, "table_questions", lambda _: [question])
        monkeypatch.setattr(worst_case, "worst_cases", searching)
        out, _ = done(capsys, ["worst-case-table", *flags])
        assert len(out.splitlines()) == 1
        assert given == {
            "stopping": False,
            "executor": f"{workers} processes",
            "in_flight": 8 * workers,
            "checkpoint": None,
        }
        assert watch.shown == [(1, "pieces")]


class TestCompare:
    @pytest.mark.parametrize("seeds", [[], ["--seeds", "2"]])
    def test_csv_has_a_line_for_each_policy_and_no_other(
        self, seeds: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        line = ["compare", *SMALL, *seeds, "--policies", "amin,fcfs"]
        out, _ = done(capsys, [*line, "--format", "csv"])
        assert not out.endswith("\n\n")
        rows = list(csv.DictReader(io.StringIO(out)))
        assert list(dict.fromkeys(row["policy"] for row in rows)) == ["amin", "fcfs"]

    def test_without_a_format_a_table_is_printed(self, capsys: pytest.CaptureFixture[str]) -> None:
        line = ["compare", *SMALL, "--policies", "amin,fcfs"]
        table, _ = done(capsys, line)
        assert done(capsys, [*line, "--format", "table"])[0] == table
        as_json, _ = done(capsys, [*line, "--json"])
        assert done(capsys, [*line, "--json", "--format", "json"])[0] == as_json
        assert json.loads(as_json)["format"] == "amin-ref/comparison"
        assert as_json != table

    def test_a_wrong_name_ends_in_one_full_stop(self, capsys: pytest.CaptureFixture[str]) -> None:
        for flag, name in (("--policies", "amni"), ("--columns", "colour")):
            _, said = done(capsys, ["compare", flag, name], code=2)
            assert ".." not in said
            assert f"'{name}'" in said

    @pytest.mark.parametrize("flags", [[], ["--bound"]])
    def test_a_bound_is_proved_only_where_it_is_asked_for(
        self,
        flags: list[str],
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        bounds: list[Instance] = []

        def bound(instance: Instance, _seconds: float) -> ProvenBound:
            bounds.append(instance)
            return ProvenBound(
                sum(r.output_len for r in instance.requests),
                Certificate(instance, 1, (Stretch(0, ()),)),
                False,
            )

        monkeypatch.setattr(comparing, "proven_bound", bound)
        monkeypatch.setattr(comparing, "best_known", lambda *_: pytest.fail("no report is written"))
        monkeypatch.setattr(comparing, "write_report", lambda *_, **__: pytest.fail("no report"))
        done(capsys, ["compare", *SMALL, "--policies", "amin", "--seeds", "2", *flags])
        assert len(bounds) == (2 if flags else 0)

    def test_ties_reach_the_policies(self, capsys: pytest.CaptureFixture[str]) -> None:
        """At a random order of equal requests the total latency follows the seed."""
        line = ["compare", "--requests", "60", "--capacity", "3000", "--prediction", "bins:1"]
        line += ["--policies", "amin", "--json"]
        costs = {}
        for ties in ("position", "random"):
            out, _ = done(capsys, [*line, "--ties", ties])
            costs[ties] = json.loads(out)["policies"][0]["total_latency"]
        assert costs["position"] != costs["random"]

    def test_ctrl_c_in_the_first_bound_leaves_one_seed(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The comparison of one seed also says which rows of the trace were dropped."""

        def bound(instance: Instance, _seconds: float) -> ProvenBound:
            return ProvenBound(5, Certificate(instance, 1, (Stretch(0, ()),)), interrupted=True)

        monkeypatch.setattr(comparing, "proven_bound", bound)
        trace = tmp_path / "trace.csv"
        trace.write_text("question_length,answer_length\n3,5\n90,90\n")
        line = ["compare", "--workload", str(trace), "--capacity", "40", "--policies", "amin"]
        line += ["--ties", "random", "--bound", "--seeds", "3"]
        out, _ = done(capsys, line, code=130)
        assert "Seeds" not in out
        assert "Left out of 2 rows" in out

    def test_if_the_first_seed_fails_nothing_is_compared(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "failing_policy.py").write_text(
            "from amin_ref import Amin\n\n\nclass Failing(Amin):\n    name = 'failing'\n\n"
            "    def decide(self, *_):\n        raise RuntimeError('no decision')\n"
        )
        monkeypatch.chdir(tmp_path)
        line = ["compare", *SMALL, "--seeds", "2", "--policies", "failing_policy:Failing"]
        out, said = done(capsys, line, code=2)
        assert out == ""
        assert "no decision" in one_sentence(said)

    def test_a_schedule_is_compared_with_the_policies_on_its_own_requests(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """One request after the other, where two fit together."""
        instance = Instance.from_lengths([(1, 2), (1, 2)], capacity=6)
        runs = [Run(0, 0, 2, "completed"), Run(1, 2, 4, "completed")]
        file = tmp_path / "mine.json"
        file.write_text(Schedule(instance, runs).to_json())
        line = ["compare", "--schedule", str(file), "--policies", "amin"]
        rows = json.loads(done(capsys, [*line, "--json"])[0])["policies"]
        assert [(row["policy"], row["total_latency"]) for row in rows] == [
            ("mine.json", 6), ("amin", 4),
        ]  # fmt: skip
        table, said = done(capsys, line)
        assert table.startswith("2 requests from mine.json; a cache of 6 tokens")
        assert said == ""
        _, said = done(capsys, [*line, "--report", str(tmp_path / "out.html")], code=2)
        assert "--report has no effect beside --schedule; report has --schedule, too" in said
        assert not (tmp_path / "out.html").exists()

    def test_a_log_is_compared_on_its_completed_requests(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The client of 1 goes away in round 1, and 2 has not completed when the log ends."""
        instance = Instance.from_lengths([(1, 2), (1, 4), (1, 9)], capacity=20)
        runs = [Run(0, 0, 2, "completed"), Run(1, 0, 1, "aborted"), Run(2, 0, 3, "evicted")]
        file = tmp_path / "mine.json"
        log = Schedule(instance, runs, aborted={1: 1}, ended=3)
        assert check(log) == ()
        file.write_text(log.to_json())
        line = ["compare", "--schedule", str(file), "--policies", "amin", "--json"]
        out, said = done(capsys, line)
        assert [row["total_latency"] for row in json.loads(out)["policies"]] == [2, 2]
        assert json.loads(out)["requests"] == 1
        assert said == (
            "amin-ref: warning: 'mine.json': 1 request aborted and 1 unfinished are left out; "
            "compared: 1 completed request.\n"
        )
        file.write_text(Schedule(instance, (), ended=3).to_json())
        assert "no request completes in 'mine.json'" in done(capsys, line, code=2)[1]
        shares = Schedule(Instance(20, [Request("a", 2, 1), Request("b", 2, 1)]), [
            Run("a", 0, 1, "completed"), Run("b", 0, 1, "completed")], held=(4,),
        )  # fmt: skip
        file.write_text(shares.to_json())
        assert "requests share prefixes" in done(capsys, line, code=2)[1]


def test_the_best_of_some_schedules_is_the_cheapest_and_its_bound_has_a_certificate() -> None:
    runs = [Run(0, 0, 2, "completed"), Run(1, 3, 5, "completed")]
    late = Schedule(TWO, runs)
    soon = simulate(TWO, Amin())
    for schedules in ([late, soon], [soon, late]):
        best = best_of(schedules, 0).optimum
        assert best.schedule == soon
        assert best.evidence == "certificate"
        assert best.certificate is not None
        assert best.lower_bound <= soon.total_latency < late.total_latency


class Inside(Amin):
    """A program that is driven within this process: Amin, whose end may fail."""

    fails_at_end = False

    def __init__(self, _command: tuple[str, ...] = (), *, timeout: float = 1.0) -> None:
        super().__init__()
        assert timeout > 0

    def __enter__(self) -> Inside:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def end(self) -> None:
        if self.fails_at_end:
            raise SchedulerFailed("died", "it wrote a line after the end")


class TestDrive:
    @pytest.fixture(autouse=True)
    def _inside(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(drive, "ExternalPolicy", Inside)
        monkeypatch.setattr(drive, "_measured", self.measured)

    def measured(self, name: str, schedule: Schedule, _claims: object) -> drive.Drive:
        cost = schedule.total_latency
        return drive.Drive(name, len(schedule.instance.requests), cost, cost, "optimum", None)

    @pytest.fixture
    def file(self, tmp_path: Path) -> str:
        path = tmp_path / "two.json"
        path.write_text(TWO.to_json())
        return str(path)

    def test_a_file_is_driven_without_random_instances(
        self, file: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(drive, "examine", lambda *_, **__: pytest.fail("random instances"))
        watch = Watched()
        monkeypatch.setattr(drive, "watching", watch.watching)
        out, _ = done(capsys, ["drive", "--json", "--instance", file, "--", "program"])
        document = json.loads(out)
        assert [one["instance"] for one in document["instances"]] == ["two.json"]
        assert (document["holds"], document["theorems"]) == (True, None)
        assert watch.shown == [(1, "two.json"), (2, "two.json")]

    @pytest.mark.parametrize("source", ["file", "workload"])
    def test_the_program_is_driven_on_the_machine_of_the_flags(
        self,
        source: str,
        file: str,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        machines: list[Machine] = []

        def measured(name: str, schedule: Schedule, _claims: object) -> drive.Drive:
            machines.append(schedule.instance.machine)
            return self.measured(name, schedule, _claims)

        monkeypatch.setattr(drive, "_measured", measured)
        of = ["--instance", file] if source == "file" else ["--requests", "2", "--small", "0"]
        done(capsys, ["drive", *of, "--no-last-token-stored", "--", "program"])
        assert machines == [Machine(last_token_stored=False)]

    def test_the_seed_has_an_effect_beside_a_workload_without_chance(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """It also chooses the random small instances."""
        trace = tmp_path / "trace.csv"
        trace.write_text("question_length,answer_length\n3,5\n4,6\n")
        line = ["drive", "--workload", str(trace), "--capacity", "40", "--small", "0"]
        done(capsys, [*line, "--seed", "3", "--", "program"])

    def test_standard_input_is_named(
        self, file: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with Path(file).open(encoding="utf-8") as opened:
            monkeypatch.setattr(sys, "stdin", opened)
            out, _ = done(capsys, ["drive", "--json", "--instance", "-", "--", "program"])
        assert [one["instance"] for one in json.loads(out)["instances"]] == ["standard input"]

    def test_a_program_that_fails_after_its_last_instance_does_not_hold(
        self, file: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Inside, "fails_at_end", True)
        first = Path(file).with_name("one.json")
        first.write_text(Instance.from_lengths([(1, 1)], capacity=3).to_json())
        line = ["drive", "--instance", str(first), "--instance", file, "--", "program"]
        out, _ = done(capsys, line, code=1)
        assert "it wrote a line after the end" in out
        assert TWO.to_json() in out

    @pytest.mark.parametrize("claims", ["amin", "valid"])
    def test_every_schedule_is_judged_by_what_the_program_claims(
        self,
        claims: str,
        file: str,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        finding = Finding("T5", "too-early", TWO, "the program admits too early.")
        asked: list[tuple[object, object]] = []

        def judge(schedule: Schedule, claimed: str) -> Finding:
            asked.append((schedule.instance, claimed))
            return finding

        monkeypatch.setattr(drive, "judge_schedule", judge)
        line = ["drive", "--json", "--claims", claims, "--instance", file, "--", "program"]
        out, _ = done(capsys, line, code=1)
        assert asked == [(TWO, claims)]
        assert json.loads(out)["finding"] == finding.as_document()

    def test_an_embedded_workload_has_a_default_number_of_requests(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        line = ["drive", "--json", "--small", "0", "--claims", "valid"]
        out, _ = done(capsys, [*line, "--", "program"])
        (case,) = json.loads(out)["instances"]
        assert case["requests"] == drive.REQUESTS
        trace = tmp_path / "trace.csv"
        rows = drive.REQUESTS + 1
        trace.write_text("question_length,answer_length\n" + "3,5\n" * rows)
        out, _ = done(capsys, [*line, "--workload", str(trace), "--", "program"])
        (case,) = json.loads(out)["instances"]
        assert case["requests"] == rows
        # The seed also decides the random instances, so it is taken where the trace needs none.
        exact = ["--prediction", "exact", "--seed", "3"]
        done(capsys, [*line, "--workload", str(trace), *exact, "--", "program"])
        out, _ = done(capsys, [*line, "--requests", "3", "--", "program"])
        assert json.loads(out)["instances"][0]["requests"] == 3

    @pytest.mark.parametrize("rule", ["hangs", "too-early"])
    def test_theorems_are_reported_unless_the_program_failed(
        self, rule: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        finding = Finding("T5", rule, TWO, "it is wrong.")
        monkeypatch.setattr(drive, "examine", lambda *_, **__: Examined(finding))
        line = ["drive", "--json", "--requests", "3", "--", "program"]
        out, _ = done(capsys, line, code=1)
        document = json.loads(out)
        assert document["finding"] == finding.as_document()
        assert (document["theorems"] is None) == (rule == "hangs")

    def test_the_specification_is_printed_in_place_of_driving(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert done(capsys, ["drive", "--protocol"])[0] == protocol_text()


@dataclass(frozen=True)
class Examined:
    """Stands for the report on the theorems, with one finding."""

    first: Finding

    def lines(self) -> list[str]:
        return []

    def as_document(self) -> list[str]:
        return ["T5"]


class TestWorkload:
    TRACE = "arrived_at,num_prefill_tokens,num_decode_tokens\n"

    @pytest.mark.parametrize("seeds", [[], ["--seeds", "2"]])
    def test_the_flags_reach_the_rows_of_a_trace(
        self, seeds: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A row that needs a block more than the cache has is dropped; the unit scales time."""
        trace = tmp_path / "trace.csv"
        trace.write_text(self.TRACE + "1000,3,5\n3000,3,5\n4000,6,5\n")
        line = ["compare", "--workload", str(trace), "--capacity", "11", "--policies", "amin"]
        line += ["--ties", "random", *seeds]
        dropped = []
        for size in ("1", "4"):
            out, _ = done(capsys, [*line, "--block-size", size, "--json"])
            dropped.append(json.loads(out)["dropped"])
        assert dropped[0] != dropped[1]
        for unit, span in (("s", "50 min 0 s"), ("ms", "3 s")):
            _, said = done(capsys, [*line, "--time-unit", unit])
            assert f"the trace spans {span}." in said

    def test_nothing_is_random_with_exact_predictions_and_arrivals_at_once(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        trace = tmp_path / "trace.csv"
        trace.write_text("question_length,answer_length\n3,5\n4,6\n")
        line = ["simulate", "--workload", str(trace), "--capacity", "40", "--seed", "1"]
        for kinds in (["exact", "at-once"], ["bins:2", "at-once"]):
            flags = ["--prediction", kinds[0], "--arrivals", kinds[1]]
            _, said = done(capsys, [*line, *flags], code=2)
            assert "--seed has no effect where nothing is random" in said

    def test_with_random_ties_only_the_seed_has_an_effect_on_an_instance(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "two.json"
        file.write_text(TWO.to_json())
        line = ["simulate", "--workload", str(file), "--ties", "random"]
        done(capsys, [*line, "--seed", "3"])
        _, said = done(capsys, [*line, "--capacity", "3"], code=2)
        assert "--capacity has no effect" in said

    def test_the_number_of_requests_is_kept_for_every_seed(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        line = ["compare", *SMALL, "--seeds", "3", "--policies", "amin"]
        assert " 8 requests" in done(capsys, line)[0]


class TestReport:
    @pytest.fixture(autouse=True)
    def _undrawn(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pytest.importorskip("matplotlib")
        pytest.importorskip("jinja2")
        monkeypatch.setattr(report, "write_report", lambda *_, **how: self.drawn.append(how))
        self.drawn: list[dict[str, object]] = []

    def test_five_seeds_are_compared_unless_another_number_is_given(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = str(tmp_path / "out.html")
        line = ["report", file, "--requests", "3", "--policies", "amin", "--time-limit", "0"]
        done(capsys, line)
        done(capsys, [*line, "--seeds", "2"])
        further = [how["further"] for how in self.drawn]
        assert [isinstance(one, dict) and len(one) for one in further] == [4, 1]

    def test_a_schedule_from_standard_input_has_that_name(
        self,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        mine = tmp_path / "mine.json"
        mine.write_text(simulate(TWO, Amin()).to_json())
        line = ["report", str(tmp_path / "out.html"), "--time-limit", "0", "--schedule"]
        with mine.open(encoding="utf-8") as opened:
            monkeypatch.setattr(sys, "stdin", opened)
            done(capsys, [*line, "-"])
        done(capsys, [*line, str(mine)])
        names = [getattr(how["given"], "name", None) for how in self.drawn]
        assert names == ["standard input", "mine.json"]

    def test_beside_a_schedule_the_seed_decides_ties_alone(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        (tmp_path / "mine.json").write_text(simulate(TWO, Amin()).to_json())
        line = ["report", str(tmp_path / "out.html"), "--time-limit", "0"]
        line += ["--schedule", str(tmp_path / "mine.json")]
        done(capsys, [*line, "--ties", "random", "--seed", "2"])
        _, said = done(capsys, [*line, "--ties", "random", "--capacity", "9"], code=2)
        assert "--capacity has no effect beside --schedule" in said
        _, said = done(capsys, [*line, "--seed", "2"], code=2)
        assert "--seed has no effect beside --schedule" in said

    def test_ctrl_c_ends_the_search_for_the_bounds_of_all_further_seeds(
        self,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        asked: list[Instance] = []

        def bound(instance: Instance, _seconds: float) -> ProvenBound:
            asked.append(instance)
            certificate = Certificate(instance, 1, (Stretch(0, ()),))
            return ProvenBound(8, certificate, interrupted=len(asked) == 1)

        monkeypatch.setattr(report, "proven_bound", bound)
        line = ["report", str(tmp_path / "out.html"), "--time-limit", "0", "--seeds", "4"]
        run(application, [*line, *SMALL, "--policies", "amin"])
        assert len(asked) == 1

    def test_the_simulations_of_all_seeds_are_counted_together(
        self,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        totals: list[float] = []
        watch = Watched()

        @contextmanager
        def watching(total: float, _slow: str) -> Iterator[Watched]:
            totals.append(total)
            yield watch

        monkeypatch.setattr(report, "watching", watching)
        line = ["report", str(tmp_path / "out.html"), "--time-limit", "0", "--seeds", "3"]
        done(capsys, [*line, *SMALL, "--policies", "amin,fcfs"])
        assert totals == [48]
        counted = [completed for completed, _ in watch.shown]
        assert counted == sorted(counted)
        assert (counted[-1], set(counted) <= set(range(1, 49))) == (48, True)
        ends = [16 * seed + 8 * policy for seed in range(3) for policy in (1, 2)]
        assert set(ends) <= set(counted)


def test_the_help_lists_every_command_with_its_summary(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    out, _ = done(capsys, ["--help"])
    listed = out.partition("\nCommands:\n")[2]
    for name, entry in COMMANDS.items():
        assert any(
            line.split(maxsplit=1)[:1] == [name] and entry.summary[:30] in line
            for line in listed.splitlines()
        )
    assert max(map(len, application.epilog.splitlines() if application.epilog else [""])) <= 80


def test_a_schema_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert done(capsys, ["schema", "instance"])[0] == schema_text("instance")


def test_a_former_name_of_a_flag_is_taken_with_a_warning(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "vectors"
    folder.mkdir()
    out, said = done(capsys, ["vectors", "--output", str(folder)])
    assert (out, "--output-folder" in said) == ("", True)
    assert any(folder.iterdir())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "-").mkdir()
    assert done(capsys, ["vectors", "--output", "-"])[0] == published_text()
    assert not any((tmp_path / "-").iterdir())
    _, said = done(capsys, ["vectors", "--output", str(folder), "--output-folder", "x"], code=2)
    assert "exclude each other" in said


@pytest.mark.parametrize("inside", [False, True])
def test_a_new_scheduler_is_named_with_its_folder(
    inside: bool,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a folder").mkdir()
    file = "a folder/mine_here.py" if inside else "mine_here.py"
    _, said = done(capsys, ["new", file])
    assert ("cd 'a folder' && pytest" in said) == inside
    assert "mine_here:MyScheduler" in said
    before = (tmp_path / file).read_text()
    # A file that exists is named first, whatever else is wrong with its name.
    (tmp_path / "json.py").write_text("")
    for existing in (file, "json.py"):
        _, said = done(capsys, ["new", existing], code=3)
        assert "exists, and is left unchanged" in said
    assert (tmp_path / file).read_text() == before
    # A module of Python's own that is on no path: it is part of the interpreter of other systems.
    _, said = done(capsys, ["new", "winreg.py"], code=2)
    assert "a module that Python has already" in said


class TestCluster:
    """``--dask`` with a stand-in for the library."""

    @pytest.fixture
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> list[object]:
        """What the library is asked for."""
        asked: list[object] = []

        class Client(AbstractContextManager["Client"]):
            def __init__(self, address: str, **how: object) -> None:
                asked.append((address, how))
                if address == "tcp://nowhere":
                    raise OSError("timed out")
                self.cores = {} if address == "tcp://empty" else {"one": 3, "two": 4}

            def __exit__(self, *_: object) -> None:
                asked.append("closed")

            def ncores(self) -> dict[str, int]:
                return self.cores

            def get_executor(self, **how: object) -> str:
                asked.append(how)
                return "an executor"

        library = ModuleType("distributed")
        vars(library)["Client"] = Client
        monkeypatch.setitem(sys.modules, "distributed", library)
        return asked

    @pytest.mark.parametrize(("address", "in_store"), [("tcp://a", 14), ("tcp://empty", 2)])
    def test_every_core_of_the_cluster_has_a_task_in_store(
        self, address: str, in_store: int, asked: list[object]
    ) -> None:
        with claims._cluster(address) as pool:
            assert (str(pool.executor), pool.in_flight) == ("an executor", in_store)
        assert asked == [(address, {"timeout": claims.CLUSTER_SECONDS}), {"pure": False}, "closed"]

    def test_a_scheduler_that_does_not_answer_is_named(self, asked: list[object]) -> None:
        with (
            pytest.raises(click.UsageError, match="no scheduler answers at 'tcp://nowhere': timed"),
            claims._cluster("tcp://nowhere"),
        ):
            pass

    def test_the_extra_that_is_missing_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "distributed", None)
        with (
            pytest.raises(click.UsageError, match="--dask needs the extra 'dask': pip install"),
            claims._cluster("tcp://a"),
        ):
            pass

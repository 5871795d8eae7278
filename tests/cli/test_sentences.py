"""What commands print for a given result, by hand, for every kind of result."""

from __future__ import annotations

import json
import shlex
import signal
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import click
import pytest

from amin_ref import Amin, Instance, Run, Schedule, simulate
from amin_ref.cli import claims, conform, drive, optimum, worst_case
from amin_ref.cli.application import application
from amin_ref.cli.bound import BestKnown, ProvenBound
from amin_ref.cli.exit_codes import run
from amin_ref.cli.flags import completed_policies
from amin_ref.cli.report_file import refuse_what_cannot_be_made
from amin_ref.cli.signals import remember
from amin_ref.cli.writing import Output
from amin_ref.files.writing import destination
from amin_ref.policies.names import POLICIES
from amin_ref.small.setting import Setting
from amin_ref.suite import Finding
from oracle import Certificate, Optimum, Stretch
from oracle import optimum as search
from oracle.claims import CLAIMS, LEDGER, Ledger, Plan
from oracle.claims.page import page
from oracle.ratio.answer import Found, WorstCase
from oracle.ratio.question import Question
from oracle.ratio.tables import table_line
from oracle.ratio.worst_case import NothingCompared

TWO = Instance.from_lengths([(1, 2), (1, 2)], capacity=3)
"""Only one request fits at a time: the optimum is 2 + 4."""

APART = Schedule(TWO, (Run(0, 0, 2, "completed"), Run(1, 5, 7, "completed")))
"""Valid, of total latency 2 + 7, with an idle gap, so that no policy makes it."""

PROVEN = search(TWO, time_limit=5.0)
OPEN = Optimum(PROVEN.schedule, 4, "certificate", Certificate(TWO, 1, (Stretch(0, ()),)))
"""The result of a search that proved a lower bound of 4 only."""


def out(capsys: pytest.CaptureFixture[str], line: Sequence[str], code: int = 0) -> str:
    """What a command prints on standard output."""
    capsys.readouterr()
    assert run(application, list(line)) == code
    return capsys.readouterr().out


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A file with the schedule that leaves a gap."""
    path = tmp_path / "apart.json"
    path.write_text(APART.to_json())
    return str(path)


class TestDrive:
    @pytest.mark.parametrize(("driven", "line"), [
        (drive.Drive("case", 3, 1_500, 1_000, "lower-bound", None), ", 1.500 × bound."),
        (drive.Drive("case", 3, 1_500, 1_000, "optimum", None), ", 1.500 × OPT."),
        (drive.Drive("case", 3, 1_500, 0, "lower-bound", None), "."),
        (drive.Drive("case", 3, 1_500, 0, "optimum", conforms=True), ", as Amin's could be."),
        (drive.Drive("case", 3, 1_500, 1_000, "lower-bound", conforms=False),
         ", 1.500 × bound, not Amin's."),
    ])  # fmt: skip
    def test_each_instance_has_a_line(self, driven: drive.Drive, line: str) -> None:
        assert driven.line() == f"case: total latency 1,500 request·rounds{line}"

    def test_each_instance_has_a_document(self) -> None:
        driven = drive.Drive("case", 3, 1_500, 1_000, "lower-bound", conforms=False)
        assert driven.as_document() == {
            "instance": "case",
            "requests": 3,
            "total_latency": 1_500,
            "lower_bound": 1_000,
            "evidence": "lower-bound",
            "conforms": False,
        }

    @pytest.mark.parametrize("size", [1, 12, 13])
    def test_the_optimum_of_small_instances_is_searched_for(
        self, size: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Instances of up to twelve requests; for larger ones only a lower bound is proved."""
        instance = Instance.from_lengths([(1, 1)] * size, capacity=2 * size)
        schedule = simulate(instance, Amin())
        seconds: list[float] = []

        def best(instance: Instance, limit: float) -> BestKnown:
            seconds.append(limit)
            return BestKnown(search(instance, 5.0), interrupted=False)

        def bound(instance: Instance, limit: float) -> ProvenBound:
            seconds.append(limit)
            return ProvenBound(size, Certificate(instance, 1, (Stretch(0, ()),)), False)

        monkeypatch.setattr(drive, "best_known", best)
        monkeypatch.setattr(drive, "proven_bound", bound)
        with click.Context(click.Command("drive")).scope():
            measured = drive._measured("case", schedule, "valid")
            assert measured == drive.Drive(
                "case", size, size, size, "optimum" if size <= 12 else "lower-bound", True
            )
            assert drive._measured("case", schedule, "amin").conforms is None
            remember(2)
            with pytest.raises(KeyboardInterrupt):
                drive._measured("case", schedule, "amin")
        assert seconds == [drive.BOUND_SECONDS] * 3

    def test_an_optimum_that_is_not_proven_is_a_bound(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(drive, "best_known", lambda *_: BestKnown(OPEN, interrupted=False))
        with click.Context(click.Command("drive")).scope():
            measured = drive._measured("case", APART, "valid")
        assert measured == drive.Drive("case", 2, 9, 4, "lower-bound", conforms=False)


class TestConform:
    @pytest.mark.parametrize(("best", "distance"), [
        (PROVEN, "total latency 9 request·rounds, 1.500 times the optimum, 6."),
        (OPEN, "total latency 9 request·rounds, at most 2.250 times the optimum, which lies "
         "between 4 and 6."),
        (Optimum(APART, 4, "exhausted", None), "total latency 9 request·rounds, at most 2.250 "
         "times the optimum, which lies between 4 and 9."),
    ])  # fmt: skip
    def test_the_distance_from_the_optimum_is_printed(
        self,
        best: Optimum,
        distance: str,
        file: str,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(conform, "best_known", lambda *_: BestKnown(best, interrupted=False))
        text = " ".join(out(capsys, ["conform", file], code=1).split())
        before, found, evidence = text.partition(f" {distance} The lower bound rests on ")
        assert (before[-1], found[-1]) == (".", " ")
        assert ("certificate" in evidence) == (best.evidence == "certificate")
        document = json.loads(out(capsys, ["conform", file, "--json"], code=1))
        assert (document["lower_bound"], document["upper_bound"], document["evidence"]) == (
            best.lower_bound, min(9, best.total_latency), best.evidence
        )  # fmt: skip
        assert (document["conforms"], document["total_latency"]) == (False, 9)

    def test_a_schedule_that_is_better_than_what_was_found_is_the_upper_bound(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        worse = Optimum(APART, 4, "exhausted", None)
        monkeypatch.setattr(conform, "best_known", lambda *_: BestKnown(worse, interrupted=False))
        path = tmp_path / "best.json"
        path.write_text(PROVEN.schedule.to_json())
        document = json.loads(out(capsys, ["conform", str(path), "--json"]))
        assert (document["upper_bound"], document["conforms"]) == (6, True)
        assert "between 4 and 6." in " ".join(out(capsys, ["conform", str(path)]).split())

    @pytest.mark.parametrize(("lengths", "start", "says"), [
        ([(1, 1)], 4, "total latency 5 request·rounds, 5.000 times the optimum, 1."),
        ([], 0, "total latency 0 request·rounds, 0.000 times the optimum, 0."),
    ])  # fmt: skip
    def test_the_least_instances(
        self,
        lengths: list[tuple[int, int]],
        start: int,
        says: str,
        capsys: pytest.CaptureFixture[str],
        tmp_path: Path,
    ) -> None:
        instance = Instance.from_lengths(lengths, capacity=2)
        runs = [Run(0, start, start + 1, "completed")] if lengths else []
        path = tmp_path / "least.json"
        path.write_text(Schedule(instance, runs).to_json())
        text = " ".join(out(capsys, ["conform", str(path)], code=1 if start else 0).split())
        assert says in text

    def test_without_a_bound_nothing_is_printed_about_the_optimum(
        self, file: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        assert "optimum" not in out(capsys, ["conform", file, "--no-bound"], code=1)
        document = json.loads(out(capsys, ["conform", file, "--no-bound", "--json"], code=1))
        assert [document[name] for name in ("lower_bound", "upper_bound", "evidence")] == [None] * 3
        path = tmp_path / "invalid.json"
        path.write_text(Schedule(TWO, ()).to_json())
        document = json.loads(out(capsys, ["conform", str(path), "--json"], code=1))
        assert document["total_latency"] is None
        assert document["lower_bound"] is None
        assert len(document["violations"]) == 2
        lines = out(capsys, ["conform", str(path)], code=1).splitlines()
        assert lines[-1] == "not valid, and so not Amin's: 2 violations."

    def test_ctrl_c_ends_with_the_bounds_so_far(
        self, file: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(conform, "best_known", lambda *_: BestKnown(OPEN, interrupted=True))
        assert "at most 2.250 times" in out(capsys, ["conform", file], code=130)


class TestOptimum:
    def shown(
        self, best: Optimum, monkeypatch: pytest.MonkeyPatch, interrupted: bool = False
    ) -> list[tuple[object, ...]]:
        """Replace the search by one that finds ``best``; returns the list of its arguments."""
        given: list[tuple[object, ...]] = []

        def found(_instance: Instance, limit: float, *, method: str, workers: int) -> BestKnown:
            given.append((limit, method, workers))
            return BestKnown(best, interrupted)

        monkeypatch.setattr(optimum, "best_known", found)
        return given

    def test_the_table_has_costs_gap_and_evidence(
        self, file: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        given = self.shown(OPEN, monkeypatch)
        text = out(capsys, ["optimum", "--workload", file])
        cells = [line.split() for line in text.splitlines()]
        assert ["2", "6", "4", "50.00", "%", "certificate"] in cells
        assert "best schedule, lower bound: total latency in request·rounds." in text
        self.shown(PROVEN, monkeypatch)
        text = out(capsys, ["optimum", "--workload", file])
        assert ["2", "6", "6", "0,", "optimal", PROVEN.evidence] in [
            line.split() for line in text.splitlines()
        ]
        assert "XX" not in text
        assert given == [(60.0, "auto", 1)]

    def test_json_has_costs_gap_evidence_schedule_and_certificate(
        self, file: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        given = self.shown(OPEN, monkeypatch)
        flags = ["--time-limit", "3", "--method", "search", "--workers", "2"]
        document = json.loads(out(capsys, ["optimum", "--workload", file, *flags, "--json"]))
        assert given == [(3.0, "search", 2)]
        assert OPEN.certificate is not None
        assert document["schedule"] == json.loads(PROVEN.schedule.to_json())
        assert document["certificate"] == json.loads(OPEN.certificate.to_json())
        names = ("requests", "total_latency", "lower_bound", "gap", "proven", "evidence")
        assert [document[name] for name in names] == [2, 6, 4, 0.5, False, "certificate"]
        self.shown(Optimum(PROVEN.schedule, 6, "exhausted", None), monkeypatch)
        document = json.loads(out(capsys, ["optimum", "--workload", file, "--json"]))
        assert (document["certificate"], document["proven"]) == (None, True)

    def test_files_have_the_printed_text(
        self,
        file: str,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        self.shown(OPEN, monkeypatch)
        assert OPEN.certificate is not None
        best, proof = tmp_path / "best.json", tmp_path / "proof.json"
        line = ["optimum", "--workload", file]
        out(capsys, [*line, "--output", str(best), "--output-certificate", str(proof)])
        assert best.read_text() == PROVEN.schedule.to_json() + "\n"
        assert proof.read_text() == OPEN.certificate.to_json() + "\n"
        assert out(capsys, [*line, "--output", "-"]) == best.read_text()
        assert out(capsys, [*line, "--output-certificate", "-"]) == proof.read_text()
        for both in (["--output", "-", "--json"], ["--output", "-", "--output-certificate", "-"]):
            assert out(capsys, [*line, *both], code=2) == ""

    def test_without_a_certificate_there_is_a_warning(
        self,
        file: str,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        self.shown(Optimum(PROVEN.schedule, 6, "solver", None), monkeypatch, interrupted=True)
        proof = tmp_path / "proof.json"
        line = ["optimum", "--workload", file, "--output-certificate", str(proof)]
        assert run(application, line) == 130
        said = capsys.readouterr().err.splitlines()
        assert said[0].startswith("amin-ref: warning: no certificate is written: ")
        assert said[1] == "amin-ref: interrupted; these are the best bounds so far."
        assert not proof.exists()


class TestClaims:
    def printed(
        self,
        ledger: Ledger,
        flags: list[str],
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> tuple[str, Plan, list[str]]:
        """The text printed for the ledger, and the plan and the claims that would be measured."""
        plans: list[Plan] = []
        names: list[str] = []

        def measure(wanted: Sequence[object], _store: object, **_: object) -> None:
            assert len(wanted) > 0

        def judge(plan: Plan, chosen: Sequence[object], *_: object) -> Ledger:
            plans.append(plan)
            names.extend(name for name, claim in CLAIMS.items() if claim in chosen)
            return ledger

        monkeypatch.setattr(claims, "measure", measure)
        monkeypatch.setattr(claims, "judged", judge)
        text = out(capsys, ["claims", *flags, "--workers", "1"])
        return text, plans[0], names

    @pytest.fixture
    def ledger(self) -> Ledger:
        return Ledger.from_json(LEDGER.read_text(encoding="utf-8"))

    @pytest.mark.parametrize("quick", [False, True])
    def test_each_claim_is_printed_with_verdict_rule_and_measurement(
        self,
        quick: bool,
        ledger: Ledger,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("COLUMNS", "200")
        chosen = replace(ledger, quick=quick, seeds=17)
        text, _, _ = self.printed(chosen, ["--quick"], capsys, monkeypatch)
        assert text.startswith("A quick measurement with 17 seeds: ") == quick
        blocks = text.split("\n\n")[quick:-1]
        assert len(blocks) == len(ledger.entries)
        for block, entry in zip(blocks, ledger.entries, strict=True):
            judgement = entry.judgement
            parts = {
                "Article": f"“{entry.words}”",
                "Rule": entry.rule,
                "Measured": judgement.measured,
                "Condition": judgement.condition,
                "Setting": entry.setting,
                "Command": entry.command,
            }
            told = [f"{name}: {part}" for name, part in parts.items() if part]
            assert " ".join(block.split()) == " ".join(
                f"{entry.claim} {judgement.verdict} {' '.join(told)}".split()
            )
            lines = block.splitlines()
            assert max(map(len, lines)) <= 100
            assert sum(line.startswith("  ") and line[2] != " " for line in lines) == len(told)

    def test_verdicts_are_coloured(
        self, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        shown: list[tuple[str, object]] = []
        monkeypatch.setattr("click.secho", lambda text, **how: shown.append((text, how)))
        claims._print(ledger)
        colours = {
            "holds": "green", "holds under conditions": "yellow", "does not hold": "red"
        }  # fmt: skip
        assert shown == [
            (f"{entry.claim} {verdict}", {"bold": True, "fg": colours[verdict]})
            for entry in ledger.entries
            for verdict in [entry.judgement.verdict]
        ]

    @pytest.mark.parametrize(("flags", "plan", "names"), [
        (["--quick"], Plan.quickly("chat"), list(CLAIMS)),
        (["--quick", "--claim", "C2", "--claim", "C1"], Plan.quickly("chat"), ["C1", "C2"]),
        (["--claim", "C3"], Plan(), ["C3"]),
        (["--claim", "C3", "--seeds", "4", "--requests", "30", "--capacity", "3000"],
         Plan("chat", 30, 3000, 4), ["C3"]),
        (["--claim", "C3", "--quick", "--seeds", "4", "--workload", "conversation"],
         replace(Plan.quickly("conversation"), seeds=4), ["C3"]),
    ])  # fmt: skip
    def test_the_plan_and_the_claims_follow_the_flags(
        self,
        flags: list[str],
        plan: Plan,
        names: list[str],
        ledger: Ledger,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        _, measured, chosen = self.printed(ledger, flags, capsys, monkeypatch)
        assert (measured, chosen) == (plan, names)
        # Without --checkpoint only a full run stores its measurements.
        assert [path.name for path in tmp_path.iterdir()] == (
            [] if "--quick" in flags else ["amin-ref-claims.jsonl"]
        )

    @pytest.mark.parametrize("flags", [["--json"], ["--markdown"]])
    def test_the_ledger_is_printed_as_json_or_markdown(
        self,
        flags: list[str],
        ledger: Ledger,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        text, _, _ = self.printed(ledger, ["--quick", *flags], capsys, monkeypatch)
        if flags == ["--json"]:
            assert Ledger.from_json(text) == ledger
        else:
            assert text == page(ledger)
        assert out(capsys, ["claims", "--json", "--markdown"], code=2) == ""

    @pytest.mark.parametrize("workers", [[], ["--workers", "3"]])
    def test_work_is_shared_by_all_processors_unless_workers_are_given(
        self,
        workers: list[str],
        ledger: Ledger,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        in_flight: list[object] = []

        def measure(_wanted: object, _store: object, **given: object) -> None:
            in_flight.append(given["in_flight"])

        monkeypatch.setattr("os.cpu_count", lambda: 5)
        monkeypatch.setattr(claims, "measure", measure)
        monkeypatch.setattr(claims, "judged", lambda *_: ledger)
        out(capsys, ["claims", "--quick", *workers])
        assert in_flight == [3 if workers else 5]


class TestWorstCase:
    QUESTION = Question("amin", Setting(1, 1, 3, 4), 2)
    FOUND = Found(by_rank=(3, 1), cost=9, optimum=6)

    @pytest.mark.parametrize(("unseen", "sentence"), [
        (0, "amin: worst ratio 3/2 = 1.500, over 9 pairs of outputs and tie-break."),
        (1, "amin: largest ratio seen 3/2 = 1.500, in "),
    ])  # fmt: skip
    def test_the_answer_of_worst_case_is_a_sentence(self, unseen: int, sentence: str) -> None:
        said = worst_case._sentence(WorstCase(self.QUESTION, self.FOUND, unseen))
        assert said.startswith(sentence)
        if unseen:
            total = self.QUESTION.candidates
            assert (
                f" in {total - 1} of {total} {self.QUESTION.unit}. The search was stopped" in said
            )

    @pytest.mark.parametrize("unseen", [0, 1])
    def test_the_answer_of_worst_case_has_a_document(self, unseen: int) -> None:
        answer = WorstCase(self.QUESTION, self.FOUND, unseen)
        document = json.loads(worst_case._json(answer))
        assert Fraction(*document["ratio"]) == Fraction(3, 2)
        assert Found.from_document(document["found"]) == self.FOUND
        assert document["question"] == self.QUESTION.as_document()
        assert (document["instances"], document["complete"]) == (9, unseen == 0)
        total = self.QUESTION.candidates
        assert document["compared"] == [total - unseen, total]
        assert document["program"] == answer.program()

    @pytest.mark.parametrize("flags", [[], ["--json"]])
    def test_a_command_prints_the_answer(
        self, flags: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        text = out(capsys, [*LINE, *flags])
        if flags:
            document = json.loads(text)
            assert (document["format"], document["version"]) == ("amin-ref/worst-case", 1)
            assert document["complete"] is True
        else:
            first, blank, *program = text.splitlines()
            assert first.startswith("# amin: worst ratio ")
            assert blank == ""
            compile("\n".join(program), "program", "exec")


LINE = shlex.split("worst-case --prompt 1 --lower 1 --upper 3 --capacity 4 --requests 2")


class TestWorstCaseCommand:
    def test_ctrl_c_prints_the_largest_ratio_so_far(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        given: dict[str, object] = {}

        def stopped(question: Question, limit: float | None, **others: object) -> WorstCase:
            signal.raise_signal(signal.SIGINT)
            given.update(others | {"question": question, "limit": limit})
            return WorstCase(question, TestWorstCase.FOUND, unseen=1)

        monkeypatch.setattr(worst_case, "worst_case", stopped)
        assert run(application, [*LINE, "--time-limit", "3"]) == 130
        captured = capsys.readouterr()
        assert captured.out.startswith("# amin: largest ratio seen 3/2 = 1.500")
        assert captured.err == "amin-ref: interrupted; this is the largest ratio so far.\n"
        assert (given["question"], given["limit"]) == (Question("amin", Setting(1, 1, 3, 4), 2), 3)
        assert (given["executor"], given["checkpoint"]) == (None, None)

    @pytest.mark.parametrize("is_terminated", [False, True])
    def test_without_a_comparison_no_ratio_is_printed(
        self,
        is_terminated: bool,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def stopped(*_: object, **__: object) -> WorstCase:
            if is_terminated:
                signal.raise_signal(signal.SIGTERM)
            raise NothingCompared

        monkeypatch.setattr(worst_case, "worst_case", stopped)
        assert run(application, LINE) == (143 if is_terminated else 2)
        why = "terminated." if is_terminated else str(NothingCompared())
        assert capsys.readouterr() == ("", f"amin-ref: {why}\n")

    def test_a_checkpoint_keeps_finished_work(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = tmp_path / "finished.jsonl"
        first = out(capsys, [*LINE, "--json", "--checkpoint", str(file)])
        assert len(file.read_text().splitlines()) > 1
        assert out(capsys, [*LINE, "--json", "--checkpoint", str(file)]) == first
        (tmp_path / "policy_of_sentences.py").write_text(
            "from amin_ref import Amin\n\nclass Mine(Amin): pass\n"
        )
        monkeypatch.chdir(tmp_path)
        mine = [*LINE, "--policy", "policy_of_sentences:Mine"]
        assert "ties broken by its own rule" in out(capsys, mine)
        assert out(capsys, [*mine, "--checkpoint", str(file)], code=2) == ""

    @pytest.mark.parametrize("finished", [1, 2])
    def test_the_table_has_a_line_for_each_finished_question(
        self,
        finished: int,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        questions = [TestWorstCase.QUESTION, replace(TestWorstCase.QUESTION, policy="amax")]
        answers = [WorstCase(one, TestWorstCase.FOUND, unseen=0) for one in questions]
        answers[1] = replace(answers[1], unseen=2 - finished)
        given: list[object] = []

        def searching(asked: object, **others: object) -> list[WorstCase]:
            given.extend([asked, others["executor"], others["in_flight"], others["checkpoint"]])
            return answers

        monkeypatch.setattr(worst_case, "table_questions", lambda _: questions)
        monkeypatch.setattr(worst_case, "worst_cases", searching)
        table = tmp_path / "table.jsonl"
        line = ["worst-case-table", "--output", str(table)]
        assert run(application, line) == (0 if finished == 2 else 130)
        assert table.read_text() == "".join(
            f"{table_line(answer)}\n" for answer in answers[:finished]
        )
        said = capsys.readouterr().err
        assert ("interrupted; the table has 1 of 2 lines." in said) == (finished == 1)
        assert given == [questions, None, worst_case.PIECES_PER_WORKER, None]


def test_a_finding_is_printed_with_its_instance_unless_a_file_has_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = Output(destination(tmp_path / "case.json"))
    for rule, broken in (("unknown-request", "T2 does not hold: "), ("hangs", "")):
        finding = Finding("T2", rule, TWO, "round 0: 7 is no request.")
        for output in (None, file):
            drive._print_conclusion("./mine", "amin", finding, output)
            text = " ".join(capsys.readouterr().out.split())
            assert text.startswith(f"./mine: {broken}{rule}: round 0: 7 is no request.")
            assert (TWO.to_json() in text) == (output is None)
        document = drive._document(("./mine", "-x"), "valid", drive._Record(print), finding)
        assert document["finding"] == finding.as_document()
        assert document["holds"] is False
    document = drive._document(("./mine", "-x"), "valid", drive._Record(print), None)
    assert document == {
        "format": "amin-ref/drive",
        "version": 1,
        "command": ["./mine", "-x"],
        "claims": "valid",
        "holds": True,
        "theorems": None,
        "instances": [],
        "finding": None,
    }
    for claims_of, verdict in (
        ("amin", "valid, and every decision is one that Amin could have made."),
        ("valid", "valid."),
    ):
        drive._print_conclusion("./mine", claims_of, None, None)  # type: ignore[arg-type]  # it is
        assert " ".join(capsys.readouterr().out.split()) == f"./mine: {verdict}"


def test_with_ties_by_position_another_order_of_tied_requests_departs(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Of two equal requests the second one runs first."""
    swapped = Schedule(TWO, (Run(0, 2, 4, "completed"), Run(1, 0, 2, "completed")))
    path = tmp_path / "swapped.json"
    path.write_text(swapped.to_json())
    line = ["conform", str(path), "--no-bound"]
    assert "valid, and Amin's" in out(capsys, line)
    assert "valid, but not Amin's from round 0 on." in out(
        capsys, [*line, "--ties", "position"], code=1
    )


@pytest.mark.parametrize("before", ["", "amin,", "fcfs,amin,", "mine:SJF,"])
@pytest.mark.parametrize("begun", ["", "a", "am", "h-s", "x"])
def test_policies_are_completed_one_by_one(before: str, begun: str) -> None:
    """Names that begin with the typed letters and are not in the list yet."""
    left = [name for name in POLICIES if name not in before.split(",")]
    found = completed_policies(before + begun)
    assert [item.value for item in found] == [
        f"{before}{name}" for name in left if name.startswith(begun)
    ]
    assert all(item.help for item in found)


@pytest.mark.parametrize("missing", ["matplotlib", "jinja2"])
def test_a_report_needs_both_modules(
    missing: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        "amin_ref.cli.report_file.find_spec", lambda name: None if name == missing else object()
    )
    with pytest.raises(click.UsageError, match="a report needs the extra 'report'"):
        refuse_what_cannot_be_made(str(tmp_path / "out.html"))


@pytest.mark.parametrize(("price", "says"), [(1, "The prices prove less"), (0, None)])
def test_a_certificate_proves_at_least_the_output_lengths(
    price: int, says: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """At price 1 each of two requests costs 4 to 5, and the cache of one round 3."""
    path = tmp_path / "certificate.json"
    path.write_text(Certificate(TWO, 1, (Stretch(0, (9 * price,)),)).to_json())
    text = " ".join(out(capsys, ["verify", str(path)]).split())
    assert text.startswith("4 request·rounds at least, for 2 requests in a cache of 3 tokens in ")
    assert ("prove less" in text) == (says is not None)
    document = json.loads(out(capsys, ["verify", str(path), "--json"]))
    assert document["lower_bound"] == 4
    assert (document["proven_by_prices"] < 4) == (says is not None)

"""``amin-ref drive``: verdicts on programs, and reports of their failures."""

from __future__ import annotations

import difflib
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from amin_ref import Instance, Machine, Request, RequestId, Schedule
from amin_ref.cli.application import application
from amin_ref.cli.exit_codes import run
from amin_ref.external import LANGUAGES, Language, example_text, protocol_text
from tests.models.wrong_schedulers import WRONG, Wrong
from tests.support.printed import unwrapped
from tests.support.project import PROJECT

WRONG_EXAMPLES = PROJECT / "tests" / "examples"
AMIN = "amin_ref:Amin"


@pytest.fixture(autouse=True)
def _programs_import_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))


def stdin_policy(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "tests.support.stdin_policy", name, *arguments]


def drive(capsys: pytest.CaptureFixture[str], *arguments: str, code: int) -> str:
    assert run(application, ["drive", *arguments]) == code
    captured = capsys.readouterr()
    assert "Traceback" not in captured.out + captured.err
    return unwrapped(captured.out) + captured.err


def written(file: Path, instance: Instance) -> str:
    file.write_text(instance.to_json())
    return str(file)


SMALL = Instance(5, (Request("a", 2, 2), Request("b", 2, 3, 2, arrival=1)))


class TestVerdicts:
    def test_amin_is_amin(self, capsys: pytest.CaptureFixture[str]) -> None:
        printed = drive(
            capsys, "--small", "30", "--requests", "30", "--", *stdin_policy(AMIN), code=0
        )
        assert "BROKEN" not in printed
        assert re.search(r"holds +T1 memory safety \(30 instances\)", printed)
        assert re.search(
            r"chat, 30 requests: total latency [\d,]+ request·rounds, 1\.\d+ × bound\.", printed
        )
        assert printed.endswith("valid, and every decision is one that Amin could have made.\n")

    def test_a_valid_scheduler_passes_the_claim_valid(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        file = written(tmp_path / "one.json", SMALL)
        fcfs = stdin_policy("amin_ref:FirstComeFirstServed")
        printed = drive(capsys, "--claims", "valid", "--instance", file, "--", *fcfs, code=0)
        assert re.search(r"one.json: total latency 6 .*, 1.000 × OPT, as Amin's could be", printed)
        assert printed.endswith("valid.\n")

    def test_given_files_are_driven_in_place_of_random_instances(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        """A file with a schedule stands for the schedule's instance."""
        one = written(tmp_path / "one.json", SMALL)
        two = tmp_path / "two.json"
        two.write_text(Schedule(Instance(9, (Request(1, 1, 1),)), ()).to_json())
        printed = drive(
            capsys, "--instance", one, "--instance", str(two), "--", *stdin_policy(AMIN), code=0
        )
        assert [line.split(":")[0] for line in printed.splitlines()[:-1]] == [
            "one.json",
            "two.json",
        ]

    def test_driving_with_the_written_counterexample_repeats_the_finding(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        file, wrong = (
            tmp_path / "case.json",
            stdin_policy("amin_ref.policies.variants:EvictsLargest"),
        )
        first = drive(capsys, "-q", "--small", "60", "--output", str(file), "--", *wrong, code=1)
        again = drive(capsys, "--instance", str(file), "--", *wrong, code=1)
        assert "T6 does not hold: wrong-victim: round " in first
        assert again.splitlines()[-2] == first.splitlines()[-1]
        instance = Instance.from_json(again.splitlines()[-1].partition("--instance: ")[2])
        assert instance == Instance.from_json(file.read_text())
        assert len(instance.requests) == 2


class TestMachines:
    RESUME = ("--after-eviction", "resume", "--no-last-token-stored", "--tokens-per-round", "90")

    def test_amin_is_amin_on_every_machine(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        """Random small instances, a workload, and a file that names its own machine."""
        flags = ("--small", "20", "--requests", "20", *self.RESUME)
        printed = drive(capsys, *flags, "--", *stdin_policy(AMIN), code=0)
        assert re.search(r"holds +T6 evictions are minimal and in order \(20 instances\)", printed)
        assert printed.endswith("every decision is one that Amin could have made.\n")
        own = replace(SMALL, machine=Machine(after_eviction="resume", max_running=1))
        file = written(tmp_path / "one.json", own)
        printed = drive(capsys, "--instance", file, "--", *stdin_policy(AMIN), code=0)
        # One after the other: a runs in rounds 0 and 1, b, which arrives in round 1, until round 5.
        assert printed.startswith("one.json: total latency 6 request·rounds, ")

    def test_a_scheduler_that_loses_tokens_where_they_are_kept_is_told(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        """FCFS evicts and admits as vLLM does; that is not Amin."""
        fcfs = stdin_policy("amin_ref:FirstComeFirstServed")
        flags = ("--small", "60", "--requests", "20", *self.RESUME)
        printed = drive(capsys, *flags, "--claims", "valid", "--", *fcfs, code=0)
        assert printed.endswith("valid.\n")
        file = tmp_path / "case.json"
        printed = drive(capsys, *flags, "--output", str(file), "--", *fcfs, code=1)
        assert "does not hold: " in printed
        found = Instance.from_json(file.read_text()).machine
        assert found.after_eviction in ("restart", "resume")

    def test_a_program_of_version_1_cannot_be_started_on_another_machine(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        script = tmp_path / "amin.js"
        script.write_text(example_text("js"))
        if shutil.which("node") is None:
            pytest.skip("node is not installed")
        printed = drive(capsys, *self.RESUME, "--", "node", str(script), code=2)
        assert "it speaks version 1 of the protocol, which has the paper's machine alone" in printed


class TestTexts:
    """What is printed in place of driving a program."""

    def test_the_protocol_is_printed(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(application, ["drive", "--protocol"]) == 0
        assert capsys.readouterr().out == protocol_text()

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_each_example_is_printed(
        self, capsys: pytest.CaptureFixture[str], language: Language
    ) -> None:
        assert run(application, ["drive", "--example", language]) == 0
        assert capsys.readouterr().out == example_text(language)

    def test_an_unknown_example_is_refused(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert "'cobol' is not one of 'c', 'js'" in drive(capsys, "--example", "cobol", code=2)

    def test_help_cites_no_file_that_is_not_installed(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        printed = drive(capsys, "--help", code=0)
        assert "proofs_notes" not in printed
        assert "tests/" not in printed


class TestJson:
    def test_json_of_amin_has_theorems_ratio_and_bound(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        printed = drive(
            capsys, "--json", "--small", "40", "--requests", "30", "--", *stdin_policy(AMIN), code=0
        )
        document = json.loads(printed)
        assert (document["claims"], document["holds"], document["finding"]) == ("amin", True, None)
        assert document["command"] == stdin_policy(AMIN)
        verdicts = document["theorems"]["verdicts"]
        assert [(v["theorem"], v["holds"]) for v in verdicts[:2]] == [("T1", True), ("T2", True)]
        assert document["theorems"]["ratio"]["instances"] == 2
        (found,) = document["instances"]
        assert found["requests"] == 30
        assert 0 < found["lower_bound"] <= found["total_latency"]

    def test_driving_with_the_instance_of_a_finding_repeats_it(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        wrong = stdin_policy("amin_ref.policies.variants:EvictsLargest")
        first = json.loads(drive(capsys, "--json", "--small", "60", "--", *wrong, code=1))
        file = tmp_path / "case.json"
        file.write_text(json.dumps(first["finding"]["instance"]))
        flags = ("--json", "--instance", str(file))
        again = json.loads(drive(capsys, *flags, "--", *wrong, code=1))
        assert again["finding"] == first["finding"]
        assert (first["finding"]["theorem"], first["finding"]["rule"]) == ("T6", "wrong-victim")
        assert (again["holds"], again["theorems"]) == (False, None)

    def test_json_has_the_optimum_of_a_small_instance(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        file = written(tmp_path / "one.json", SMALL)
        fcfs = stdin_policy("amin_ref:FirstComeFirstServed")
        flags = ("--json", "--claims", "valid", "--instance", file)
        assert json.loads(drive(capsys, *flags, "--", *fcfs, code=0))["instances"] == [
            {
                "instance": "one.json",
                "requests": 2,
                "total_latency": 6,
                "lower_bound": 6,
                "evidence": "optimum",
                "conforms": True,
            }
        ]


class TestNoEnd:
    """Amin with new tie-break ranks in every round, which may never end (T2)."""

    INSTANCE = Instance(6, tuple(Request(i, 1, 3, 2, arrival=i) for i in range(3)))

    @pytest.mark.parametrize(("claims", "rounds"), [("amin", 2 + 3 * 9), ("valid", 2 * 29 + 100)])
    def test_a_scheduler_that_never_ends_is_stopped(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path, claims: str, rounds: int
    ) -> None:
        file = written(tmp_path / "one.json", self.INSTANCE)
        queue = stdin_policy("tests.models.wrong_schedulers:JoinsTheQueueAgain")
        printed = drive(capsys, "--claims", claims, "--instance", file, "--", *queue, code=1)
        assert (
            f"T2 does not hold: no-progress: round {rounds + 1}: 3 requests are not completed yet, "
            f"but the limit is {rounds} rounds (T2)" in printed
        )
        assert ("under any fixed tie-break" in printed) == (claims == "amin")

    def test_amin_with_fixed_ranks_ends_on_the_same_instance(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        file = written(tmp_path / "one.json", self.INSTANCE)
        drive(capsys, "--instance", file, "--", *stdin_policy(AMIN), code=0)


class TestRefusals:
    def test_a_program_that_cannot_be_started_is_bad_input(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        printed = drive(capsys, "--", "no-such-program", code=2)
        assert printed.startswith("amin-ref: 'no-such-program' cannot be started: ")
        assert printed.count("\n") == 1

    def test_a_program_that_exits_at_once_has_died(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        printed = drive(capsys, "--", "false", code=1)
        assert printed.startswith("false: died: at hello: it exited with code 1.\n")

    def test_a_program_that_exits_with_an_error_at_the_end_has_died(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        file = written(tmp_path / "one.json", SMALL)
        late = [*stdin_policy(AMIN)]
        script = f"import sys, subprocess; subprocess.run({late!r}); sys.exit(5)"
        printed = drive(capsys, "--instance", file, "--", sys.executable, "-c", script, code=1)
        assert "died: at the end: it exited with code 5" in printed

    def test_a_command_has_to_be_given(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert "COMMAND" in drive(capsys, "--claims", "valid", code=2)

    def test_a_file_without_an_instance_is_refused(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        (tmp_path / "notes.txt").write_text("hello")
        printed = drive(capsys, "--instance", str(tmp_path / "notes.txt"), "--", "true", code=2)
        assert "holds no instance and no schedule" in printed

    @pytest.mark.parametrize(("name", "says"), [
        ("nothing", "there is no such file"),
        ("folder", "this is a directory"),
        ("empty", "is empty"),
    ])  # fmt: skip
    def test_a_file_that_cannot_be_read_is_refused(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, says: str
    ) -> None:
        (tmp_path / "folder").mkdir()
        (tmp_path / "empty").touch()
        printed = drive(capsys, "--instance", str(tmp_path / name), "--", "true", code=2)
        assert says in printed
        assert printed.count("\n") == 1

    def test_a_timeout_beyond_the_limits_of_the_system_is_accepted(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        file = written(tmp_path / "one.json", SMALL)
        drive(capsys, "--timeout", "1e300", "--instance", file, "--", *stdin_policy(AMIN), code=0)

    def test_flags_after_the_command_belong_to_the_program(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """With or without -- before the command."""
        assert drive(capsys, "false", "--claims", "nonsense", code=1).startswith("false --claims")


@pytest.mark.slow
@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name)
def test_wrong_schedulers_are_reported(wrong: Wrong, capsys: pytest.CaptureFixture[str]) -> None:
    """With the default flags; ``test_wrong_schedulers.py`` tests them on one file."""
    if wrong.name == "Peeks":
        pytest.skip("a process has no access to the simulator's stack; PeeksAtFile is tested below")
    command = stdin_policy(f"{wrong.make.__module__}:{wrong.name}")
    printed = drive(capsys, "--claims", wrong.claims, "--", *command, code=1)
    if wrong.rule == "raised":
        assert "died: instance" in printed
        assert "KeyError" in printed
        return
    found = re.search(rf"^BROKEN +{wrong.theorem} .*; (\S+) on", printed, flags=re.MULTILINE)
    assert found is not None, printed
    assert found.group(1) == wrong.rule


def test_a_program_that_reads_output_lengths_from_the_file_is_reported(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """It reads output lengths from the file; the protocol never sends them."""
    requests = (Request("a", 4, 8, 1, 8), Request("b", 4, 3, 2, 9), Request("c", 4, 2, 2, 9))
    file = written(tmp_path / "secret.json", Instance(13, requests))
    command = stdin_policy("tests.models.wrong_schedulers:PeeksAtFile", file)
    printed = drive(capsys, "--instance", file, "--", *command, code=1)
    assert "T5 does not hold: read-the-output-length: round 0: " in printed


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the C examples as programs."""
    if shutil.which("gcc") is None:
        pytest.skip("there is no gcc here")
    folder = tmp_path_factory.mktemp("examples")
    (folder / "amin.c").write_text(example_text("c"), encoding="utf-8")
    for name, source in (("amin", folder), ("amin_wrong", WRONG_EXAMPLES)):
        warnings = ["-std=gnu11", "-Wall", "-Wextra", "-Werror"]
        checks = ["-O1", "-fsanitize=undefined", "-fno-sanitize-recover"]
        subprocess.run(
            ["gcc", *warnings, *checks, "-o", str(folder / name), str(source / f"{name}.c")],
            check=True,
        )
    return folder


@pytest.fixture(scope="module")
def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.skip("there is no node here")
    return found


@pytest.fixture(scope="module")
def javascript(node: str, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command that runs the JavaScript example."""
    file = tmp_path_factory.mktemp("examples") / "amin.js"
    file.write_text(example_text("js"), encoding="utf-8")
    return [node, str(file)]


class TestExamples:
    """Schedulers in other languages."""

    def test_the_example_in_c_is_amin(
        self, compiled: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        drive(capsys, "--requests", "30", "--", str(compiled / "amin"), code=0)

    def test_the_example_in_javascript_is_amin(
        self, javascript: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        drive(capsys, "--requests", "30", "--", *javascript, code=0)

    def test_a_wrong_example_in_c_is_reported(
        self, compiled: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        printed = drive(capsys, "--", str(compiled / "amin_wrong"), code=1)
        assert "T3 does not hold: refined-too-far: " in printed
        assert printed.count("BROKEN") == 2

    def test_a_wrong_example_in_javascript_is_reported(
        self, node: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        printed = drive(capsys, "--", node, str(WRONG_EXAMPLES / "amin_wrong.js"), code=1)
        assert "T7 does not hold: skipped-the-first: " in printed
        assert printed.count("BROKEN") == 2

    def test_the_wrong_examples_make_valid_schedules(
        self, compiled: Path, node: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Their schedules are valid: only the claim to be Amin fails."""
        for command in (
            [str(compiled / "amin_wrong")],
            [node, str(WRONG_EXAMPLES / "amin_wrong.js")],
        ):
            flags = ("--claims", "valid", "--small", "50", "--requests", "20")
            drive(capsys, *flags, "--", *command, code=0)

    def test_the_examples_read_ids_with_special_characters(
        self,
        compiled: Path,
        javascript: list[str],
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        ids: tuple[RequestId, ...] = (
            '"',
            "\\",
            '\\"',
            "}",
            "]",
            ", ",
            '", "lower": 9',
            "é",
            "\U0001f600",
            "1",
            1,
            -7,
        )
        requests = tuple(Request(name, 1 + i % 3, 2 + i % 4) for i, name in enumerate(ids))
        file = written(tmp_path / "ids.json", Instance(9, requests, 2))
        for command in ([str(compiled / "amin")], javascript):
            drive(capsys, "--instance", file, "--", *command, code=0)

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_a_wrong_example_differs_from_the_right_one_in_at_most_4_lines(
        self, language: Language
    ) -> None:
        """Apart from the comment at its head."""
        wrong = (WRONG_EXAMPLES / f"amin_wrong.{language}").read_text(encoding="utf-8")
        first, second = code_of(example_text(language)), code_of(wrong)
        different = [line for line in difflib.ndiff(first, second) if line[0] == "+"]
        assert 1 <= len(different) <= 4


def code_of(source: str) -> list[str]:
    """A program without the comment at its head."""
    return re.sub(r"\A(/\*.*?\*/|(//[^\n]*\n)*)", "", source, flags=re.DOTALL).splitlines()

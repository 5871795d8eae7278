"""Rules that every command keeps: help, examples, files, flags, numbers, messages, exit codes."""

from __future__ import annotations

import gzip
import json
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import click
import pytest

from amin_ref import Amin, FirstComeFirstServed, Instance, Request, Run, Schedule, check, simulate
from amin_ref.cli.application import COMMANDS, application, load_command
from amin_ref.cli.bound import evidence_in_words
from amin_ref.cli.exit_codes import EXIT_CODES, run
from amin_ref.cli.wording import count, gap, ratio
from oracle import Optimum, lower_bound, optimum
from tests.support.printed import unwrapped
from tests.support.project import PROJECT

WIDTH = 80
"""Columns of a terminal by default."""

INSTANCE = Instance(15, tuple(Request(i, 3, 4, 2, 6) for i in range(3)))
"""Three requests, of which two fit at a time: the optimum is 4 + 4 + 8."""

TRACE = "question_length,answer_length\n" + "3,5\n4,6\n" * 4

MY_POLICY = '''
from amin_ref import FirstComeFirstServed

class Mine(FirstComeFirstServed):
    """First come, first served, by another name."""
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with every kind of file that a command reads."""
    monkeypatch.chdir(tmp_path)
    schedule = simulate(INSTANCE, Amin())
    files = {
        "instance.json": INSTANCE.to_json(),
        "case.json": INSTANCE.to_json(),
        "schedule.json": schedule.to_json(),
        "my-schedule.json": schedule.to_json(),
        "mine.json": schedule.to_json(),
        "schedule.jsonl": schedule.to_json_lines(),
        "certificate.json": lower_bound(INSTANCE, time_limit=0).to_json(),
        "trace.csv": TRACE,
        "rules_mine.py": MY_POLICY,
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def ended(capsys: pytest.CaptureFixture[str], line: str, code: int = 0) -> tuple[str, str]:
    """What a command line prints on standard output and standard error."""
    capsys.readouterr()
    assert run(application, shlex.split(line)) == code, capsys.readouterr().err
    captured = capsys.readouterr()
    return captured.out, captured.err


def options_of(name: str) -> Iterator[click.Option]:
    for parameter in load_command(name).params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            yield parameter


@pytest.mark.parametrize("name", COMMANDS)
class TestEveryCommand:
    def test_has_a_summary_that_fits_beside_its_name(self, name: str) -> None:
        assert len(COMMANDS[name].summary) <= WIDTH - 4 - max(map(len, COMMANDS))
        assert COMMANDS[name].summary.endswith(".")

    def test_describes_each_flag_in_a_sentence(self, name: str) -> None:
        for option in options_of(name):
            assert option.help, option.opts
            assert option.help[0].isupper() or option.help[0] in "'sℓuMnB-", option.help

    def test_takes_quiet_and_help_and_json_means_json(self, name: str) -> None:
        flags = {flag for option in options_of(name) for flag in option.opts}
        assert {"-q", "--quiet"} <= flags
        assert "-j" not in flags

    def test_help_fits_into_80_columns(
        self, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("COLUMNS", str(WIDTH))
        out, _ = ended(capsys, f"{name} --help")
        described = out.split("Example", 1)[0]
        assert max(map(len, described.splitlines())) <= WIDTH

    def test_examples_can_be_parsed(self, name: str, folder: Path) -> None:
        """Each flag of an example exists and accepts the value that the example gives."""
        epilog = load_command(name).epilog or ""
        examples = [line.strip() for line in epilog.splitlines() if " amin-ref " in f" {line}"]
        assert examples
        for command in (part for line in examples for part in commands_in(line)):
            assert_parses(command)

    def test_flags_of_files_have_the_same_names_in_all_commands(self, name: str) -> None:
        """Equal things have equal flags: a file that is written is an ``--output``."""
        flags = {flag for option in options_of(name) for flag in option.opts}
        assert not flags & {"--out", "--file", "--schedule-file", "--trace", "--counterexample"}
        assert not flags & {"--certificate", "--input", "--processes", "--jobs", "--limit"}


VALUES = {
    "--after-eviction": "[restart|resume]", "--arrivals": "KIND", "--block-size": "TOKENS",
    "--capacity": "TOKENS", "--checkpoint": "FILE", "--columns": "NAMES", "--dask": "ADDRESS",
    "--claim": "[C1|C2|C3|C4|C5|C6|article|which]", "--claims": "FILE", "--example": "[c|js]",
    "--family": "NAME", "--format": "[table|markdown|csv|json]", "--input-limit": "TIMES",
    "--instance": "FILE", "--load": "L", "--lower": "TOKENS", "--max-running": "REQUESTS",
    "--method": "[auto|ilp|search]", "--output": "FILE", "--output-certificate": "FILE",
    "--output-folder": "FOLDER", "--parameter": "NAME=VALUE", "--policies": "NAMES",
    "--policy": "NAME|MODULE:NAME", "--prediction": "KIND", "--prompt": "TOKENS",
    "--report": "OUT.html", "--requests": "REQUESTS", "--round": "SECONDS", "--schedule": "FILE",
    "--seed": "NUMBER", "--seeds": "NUMBER", "--slo": "LATENCY", "--small": "INSTANCES",
    "--ties": "[position|random]", "--time-limit": "SECONDS", "--time-unit": "[s|ms|ns]",
    "--timeout": "SECONDS", "--tokens-per-round": "TOKENS", "--upper": "TOKENS",
    "--validate": "FILE", "--watermark": "BLOCKS", "--workers": "PROCESSES",
    "--workload": "NAME|FILE",
}  # fmt: skip
"""What each flag takes, as the help of every command shows it."""

VALUES_OF_A_COMMAND = {
    ("claims", "--seeds"): "SEEDS",
    ("conform", "--policy"): "AMIN|AMAX|H-SF|FCFS",
    ("conform", "--ties"): "[any|position]",
    ("drive", "--claims"): "[amin|valid]",
}
"""The same where a flag of the same name takes something else."""

COUNTS = ("BLOCKS", "INSTANCES", "NUMBER", "PROCESSES", "REQUESTS", "SEEDS", "TIMES", "TOKENS")
"""What whole numbers count."""

LEAST = {"--seed": 0, "--small": 0, "--watermark": 0, "--seeds": 2}
"""The least whole number that a flag takes, unless it is 1."""


class TestValues:
    @pytest.mark.parametrize("name", COMMANDS)
    def test_help_shows_what_a_flag_takes(self, name: str) -> None:
        context = click.Context(load_command(name))
        for option in options_of(name):
            flag = option.opts[0]
            if not option.is_flag:
                takes = VALUES_OF_A_COMMAND.get((name, flag), VALUES.get(flag))
                assert option.make_metavar(context) == takes, flag

    @pytest.mark.parametrize("name", COMMANDS)
    def test_a_number_is_taken_from_its_least_value_on(self, name: str) -> None:
        context = click.Context(load_command(name))
        for option in options_of(name):
            flag = option.opts[0]
            if option.make_metavar(context) in COUNTS:
                least = 1 if (name, flag) == ("report", "--seeds") else LEAST.get(flag, 1)
                assert option.type_cast_value(context, str(least)) == least, flag
                with pytest.raises(click.BadParameter):
                    option.type_cast_value(context, str(least - 1))
            if option.make_metavar(context) == "SECONDS":
                assert option.type_cast_value(context, "0.5") == 0.5
                with pytest.raises(click.BadParameter):
                    option.type_cast_value(context, "-0.5")


def commands_in(line: str) -> Iterator[list[str]]:
    """The words behind each ``amin-ref`` of a shell line with pipes, redirections and ``&&``."""
    for part in re.split(r"\||&&|;|>", line):
        words = shlex.split(part)
        if words and words[0] == "amin-ref":
            yield words[1:]


def assert_parses(words: Sequence[str]) -> None:
    if not words:
        return
    context = click.Context(application, info_name="amin-ref")
    command = load_command(words[0])
    # An example's own policy does not exist here: MODULE:NAME is replaced by one that does.
    own = [re.sub(r"\b[\w.]+:[A-Z]\w*", "rules_mine:Mine", word) for word in words[1:]]
    # Some flags print a page and exit, which is fine; a usage error is not.
    with suppress(click.exceptions.Exit), command.make_context(words[0], own, parent=context):
        pass


def test_the_programs_own_examples_can_be_parsed(folder: Path) -> None:
    lines = [line.strip() for line in (application.epilog or "").splitlines()]
    examples = [line for line in lines if line.startswith("amin-ref ")]
    assert len(examples) >= 5
    for line in examples:
        for command in commands_in(line):
            assert_parses(command)


GiveStdin = Callable[[bytes], None]
"""Makes its argument standard input."""


@pytest.fixture
def give_stdin(monkeypatch: pytest.MonkeyPatch) -> Iterator[GiveStdin]:
    with ExitStack() as opened:

        def piped(content: bytes) -> None:
            reading, writing = os.pipe()
            with open(writing, "wb") as end:
                end.write(content)
            stream = opened.enter_context(open(reading, encoding="utf-8"))
            monkeypatch.setattr("sys.stdin", stream)

        yield piped


class TestStandardInput:
    """``-`` is standard input wherever a file is read."""

    @pytest.mark.parametrize(
        ("line", "file"),
        [
            ("check -", "schedule.json"),
            ("check -", "schedule.jsonl"),
            ("conform - --no-bound", "schedule.json"),
            ("verify -", "certificate.json"),
            ("schema schedule --validate -", "schedule.json"),
            ("optimum --workload - --time-limit 0", "instance.json"),
            ("optimum --workload - --time-limit 0", "schedule.jsonl"),
            ("optimum --workload - --time-limit 0 --capacity 30", "trace.csv"),
            ("compare --workload -", "instance.json"),
            ("compare --workload - --capacity 30", "trace.csv"),
            ("simulate --workload -", "schedule.json"),
            ("simulate --workload - --capacity 30", "trace.csv"),
        ],
    )
    def test_standard_input_gives_the_output_of_the_file(
        self, line: str, file: str, folder: Path, capsys: pytest.CaptureFixture[str],
        give_stdin: GiveStdin,
    ) -> None:  # fmt: skip
        expected, _ = ended(capsys, re.sub(r" -(?= |$)", f" {file}", line, count=1))
        give_stdin((folder / file).read_bytes())
        found, err = ended(capsys, line)
        assert err == ""
        # Only words are compared: a caption of another length is wrapped at other places.
        assert found.replace("standard input", file).split() == expected.split()

    def test_a_trace_on_standard_input_may_be_packed(
        self, folder: Path, capsys: pytest.CaptureFixture[str], give_stdin: GiveStdin
    ) -> None:
        give_stdin(gzip.compress(TRACE.encode()))
        out, _ = ended(capsys, "simulate --workload - --capacity 30")
        assert len(Schedule.from_json(out).instance.requests) == 8

    def test_an_error_in_standard_input_names_standard_input(
        self, capsys: pytest.CaptureFixture[str], give_stdin: GiveStdin
    ) -> None:
        give_stdin(b"question_length,answer_length\n3,five\n")
        _, err = ended(capsys, "compare --workload -", code=2)
        assert err.startswith("amin-ref: standard input, line 2: ")
        give_stdin(gzip.compress(TRACE.encode())[:-9])
        _, err = ended(capsys, "compare --workload -", code=2)
        assert err.startswith("amin-ref: standard input: the gzip stream ends too early")
        give_stdin(b"")
        assert ended(capsys, "check -", code=2)[1].startswith("amin-ref: standard input is empty")

    def test_drive_reads_an_instance(
        self, folder: Path, capsys: pytest.CaptureFixture[str], give_stdin: GiveStdin
    ) -> None:
        give_stdin((folder / "instance.json").read_bytes())
        _, err = ended(capsys, "drive --instance - -- no-such-program", code=2)
        assert "no-such-program" in err, "the error is about the program, not about the instance"


OF_THE_INSTANCE = {
    "--requests 3", "--seed 3", "--capacity 99", "--block-size 2", "--prediction exact",
    "--arrivals at-once", "--load 0.5", "--time-unit ms",
}  # fmt: skip
"""Flags of a workload that a file with an instance makes meaningless."""

WITHOUT_EFFECT = {
    "simulate": {
        *(f"--workload instance.json {flag}" for flag in OF_THE_INSTANCE),
        "--workload trace.csv --capacity 30 --seed 3",
        "--workload trace.csv --capacity 30 --arrivals at-once --prediction exact --seed 3",
        "--policy rules_mine:Mine --ties random",
    },
    "optimum": {
        *(f"--workload schedule.json {flag}" for flag in OF_THE_INSTANCE),
        "--workload trace.csv --capacity 30 --seed 3",
        "--method ilp --workers 2",
    },
    "worst-case": {
        *(
            f"--family staggered --upper 4 {flag}"
            for flag in (
                "--policy amin",
                "--prompt 1",
                "--lower 1",
                "--capacity 9",
                "--requests 3",
                "--workers 2",
                "--checkpoint kept.jsonl",
                "--after-eviction resume",
                "--last-token-stored",
            )
        ),
        "--prompt 1 --lower 1 --upper 2 --capacity 4 --requests 3 --parameter slots=1",
    },
    "drive": {
        *(f"--instance instance.json {flag} -- x" for flag in OF_THE_INSTANCE),
        "--instance instance.json --small 3 -- x",
        "--instance instance.json --workload chat -- x",
        "--workload instance.json --capacity 99 -- x",
    },
    "conform": {"schedule.json --no-bound --time-limit 3"},
    "judge": {"schedule.json --no-bound --time-limit 3"},
    "schema": {"schedule --json"},
    "compare": {
        *(f"--workload instance.json {flag}" for flag in OF_THE_INSTANCE),
        "--workload trace.csv --capacity 30 --seed 3",
        "--time-limit 3",
        "--json --columns makespan",
        "--policies rules_mine:Mine --ties random",
        *(f"--schedule schedule.json {flag}" for flag in OF_THE_INSTANCE),
        "--schedule schedule.json --workload chat",
        "--schedule schedule.json --seeds 3",
        "--schedule schedule.json --report out.html",
    },
    "report": {
        *(f"out.html --schedule schedule.json {flag}" for flag in OF_THE_INSTANCE),
        *(f"out.html --workload instance.json {flag}" for flag in OF_THE_INSTANCE),
        "out.html --schedule schedule.json --workload chat",
        "out.html --schedule schedule.json --seeds 3",
        "out.html --workload instance.json --seeds 3",
        "out.html --policies rules_mine:Mine --ties random",
    },
    "claims": {"--dask tcp://127.0.0.1:1 --workers 2"},
}
"""Command lines in which the last flag before ``--`` changes nothing."""

OF_STORAGE = {"--after-eviction", "--last-token-stored"}
"""Flags of the machine that all commands have which know more than one."""

OF_THE_MACHINE = {
    *OF_STORAGE, "--tokens-per-round", "--max-running", "--watermark",
}  # fmt: skip
"""Flags of the machine, which override what a file says."""

ALWAYS_WITH_EFFECT = {
    "check": {"--proved", "--json", *OF_THE_MACHINE},
    "verify": {"--proved", "--json"},
    "conform": {"--policy", "--ties", "--no-bound", "--json", *OF_THE_MACHINE},
    "judge": {"--no-bound", "--json", "--after-eviction", "--last-token-stored",
              "--tokens-per-round", "--max-running", "--watermark"},
    "schema": {"--validate"},
    "simulate": {"--workload", "--policy", "--output", *OF_THE_MACHINE},
    "optimum": {"--workload", "--time-limit", "--method", "--output", "--output-certificate",
                "--json", *OF_THE_MACHINE},
    "drive": {"--claims", "--timeout", "--instance", "--output", "--json", "--protocol",
              "--example", *OF_THE_MACHINE},
    "vectors": {"--output", "--output-folder"},
    "compare": {"--workload", "--policies", "--schedule", "--seeds", "--bound", "--round", "--slo",
                "--format", "--json", "--report", *OF_THE_MACHINE},
    "report": {"--claims", "--time-limit", "--policies", *OF_THE_MACHINE},
    "claims": {"--workload", "--claim", "--quick", "--requests", "--capacity", "--seeds", "--dask",
               "--checkpoint", "--json", "--markdown"},
    "worst-case": {"--family", "--upper", "--time-limit", "--json"},
    "worst-case-table": {"--output", "--workers", "--checkpoint", *OF_STORAGE},
}  # fmt: skip
"""Flags that have an effect in every command line that may have them."""


OF_EVERY_COMMAND = {"-q", "--input-limit"}
"""Flags that ``amin-ref`` accepts before the name of a command, too."""


class TestFlagsWithoutEffect:
    @pytest.mark.parametrize(
        ("command", "line"),
        [(command, line) for command, lines in WITHOUT_EFFECT.items() for line in sorted(lines)],
    )
    def test_a_flag_without_effect_is_refused(
        self, command: str, line: str, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (*_, flag) = re.findall(r"--[a-z-]+(?= |$)", line.split(" -- ")[0])
        out, err = ended(capsys, f"{command} {line}", code=2)
        assert out == ""
        assert err.startswith(f"amin-ref: {flag} has no effect "), err
        assert err.count("\n") == 1

    def test_every_flag_is_listed_with_or_without_effect(self) -> None:
        for command in COMMANDS:
            refused = {
                flag
                for line in WITHOUT_EFFECT.get(command, ())
                for flag in re.findall(r"--[a-z-]+(?= |$)", line.split(" -- ")[0])
            }
            flags = {option.opts[0] for option in options_of(command)} - OF_EVERY_COMMAND
            considered = refused | ALWAYS_WITH_EFFECT.get(command, set())
            assert flags == considered, command

    @pytest.mark.parametrize(
        "line",
        [
            "simulate --workload instance.json --ties random --seed 3",
            "simulate --workload trace.csv --capacity 30 --load 0.5 --seed 3",
            "simulate --workload trace.csv --capacity 30 --prediction varying:0.5 --seed 3",
            "optimum --workload trace.csv --capacity 30 --arrivals poisson:1 --seed 3",
        ],
    )
    def test_the_seed_is_taken_where_something_is_random(
        self, line: str, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        ended(capsys, line)

    def test_two_texts_do_not_share_standard_output(
        self, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for line in ("claims --json --markdown", "vectors --output a --output-folder b"):
            out, err = ended(capsys, line, code=2)
            assert (out, err.count("\n")) == ("", 1)
        for flags in ("--json --output -", "--output - --output-certificate -"):
            out, err = ended(capsys, f"optimum --workload instance.json {flags}", code=2)
            assert (out, err.count("\n")) == ("", 1)


class TestRenamed:
    """What version 0.1 accepted is accepted with a warning."""

    @pytest.mark.parametrize(
        ("old", "new", "names"),
        [
            (
                "optimum instance.json --time-limit 0",
                "optimum --workload instance.json --time-limit 0",
                "--workload",
            ),
            (
                "optimum --workload instance.json --time-limit 0 --schedule out.json",
                "optimum --workload instance.json --time-limit 0 --output out.json",
                "--output",
            ),
            (
                "optimum --workload instance.json --time-limit 0 --certificate out.json",
                "optimum --workload instance.json --time-limit 0 --output-certificate out.json",
                "--output-certificate",
            ),
        ],
    )
    def test_the_old_name_gives_the_same_result_with_a_warning(
        self, old: str, new: str, names: str, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = folder / "out.json"
        results = []
        for line in (old, new):
            out, err = ended(capsys, line)
            results.append((out, file.read_text() if file.exists() else None))
            warnings = [one for one in err.splitlines() if "warning" in one]
            assert len(warnings) == (line == old)
            assert all(f"is now {names}; " in one for one in warnings)
        assert results[0] == results[1]

    def test_both_names_at_once_are_refused(
        self, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        _, err = ended(capsys, "optimum instance.json --workload chat", code=2)
        assert "give only --workload" in err

    def test_the_old_flag_for_a_folder_of_vectors_still_works(
        self, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (folder / "old").mkdir()
        _, err = ended(capsys, "vectors --output old")
        assert "--output with a folder is now --output-folder" in err
        ended(capsys, "vectors --output-folder new")
        old, new = (
            {file.name: file.read_text() for file in (folder / name).iterdir()}
            for name in ("old", "new")
        )
        assert old == new

    def test_help_does_not_show_old_names(self, capsys: pytest.CaptureFixture[str]) -> None:
        out, _ = ended(capsys, "optimum --help")
        assert "--schedule" not in out
        assert "--certificate" not in out.replace("--output-certificate", "")
        assert "former" not in out.lower()


class TestWriting:
    @pytest.mark.parametrize(
        ("line", "what"),
        [
            ("simulate --requests 5 --output out.json", "the schedule"),
            ("optimum --workload instance.json --output out.json", "the best schedule"),
            (
                "optimum --workload instance.json --time-limit 0 --output-certificate out.json",
                "the certificate",
            ),
            ("vectors --output out.json", "the vectors"),
        ],
    )
    def test_a_written_file_is_named_on_standard_error(
        self, line: str, what: str, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        _, err = ended(capsys, line)
        assert err == f"amin-ref: wrote {what} to 'out.json'.\n"
        written = (folder / "out.json").read_text()
        for quiet in (f"-q {line}", f"{line} --quiet"):
            (folder / "out.json").unlink()
            assert ended(capsys, quiet)[1] == ""
            assert (folder / "out.json").read_text() == written

    def test_warnings_are_not_silenced(
        self, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert "warning: " in ended(capsys, "-q optimum instance.json")[1]

    @pytest.mark.parametrize("target", ["/", "no/such/folder/out.json"])
    def test_a_file_that_cannot_be_written_is_refused_before_work_begins(
        self, target: str, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out, err = ended(capsys, f"simulate --requests 1000000 --output {target}", code=3)
        assert out == ""
        assert err.startswith("amin-ref: ")
        assert err.count("\n") == 1

    def test_the_best_schedule_can_be_piped(
        self, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out, _ = ended(capsys, "optimum --workload instance.json --output -")
        assert check(Schedule.from_json(out)) == ()


FORMS = (PROJECT / "proofs_notes" / "json_output.md").read_text(encoding="utf-8")


def documented_fields(form: str) -> list[str]:
    """The fields that the page lists under a format, in its order."""
    section = FORMS.split(f"`{form}`", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE)


class TestJson:
    @pytest.mark.parametrize(
        ("line", "code", "form"),
        [
            ("check schedule.json --json", 0, "amin-ref/check"),
            ("check invalid.json --json", 1, "amin-ref/check"),
            ("judge schedule.json --time-limit 0 --json", 0, "amin-ref/judgement"),
            ("judge invalid.json --json", 1, "amin-ref/judgement"),
            ("verify certificate.json --json", 0, "amin-ref/verification"),
            ("schema schedule --validate schedule.json --json", 0, "amin-ref/validation"),
            ("schema schedule --validate trace.json --json", 1, "amin-ref/validation"),
            ("conform schedule.json --json", 0, "amin-ref/conformance"),
            ("optimum --workload instance.json --json", 0, "amin-ref/optimum"),
            ("compare --workload instance.json --json", 0, "amin-ref/comparison"),
            ("compare --requests 9 --seeds 2 --json", 0, "amin-ref/seed-comparison"),
            (
                "worst-case --prompt 1 --lower 1 --upper 2 --capacity 4 --requests 3 --json",
                0,
                "amin-ref/worst-case",
            ),
            ("worst-case --family staggered --upper 4 --time-limit 0 --json", 0, "amin-ref/family"),
            ("claims --quick --claim C6 --requests 9 --workers 1 --json", 0, "amin-ref/claims"),
            (
                "claims --quick --claim which --requests 9 --seeds 2 --workers 1 --json",
                0,
                "amin-ref/schedulers",
            ),
        ],
    )
    def test_the_fields_of_json_are_those_of_the_page(
        self, line: str, code: int, form: str, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (folder / "trace.json").write_text("{}")
        invalid = Schedule(INSTANCE, (Run(0, 0, 4, "completed"),))
        (folder / "invalid.json").write_text(invalid.to_json())
        out, err = ended(capsys, line, code)
        document = json.loads(out)
        assert err == ""
        assert (document["format"], document["version"]) == (form, 1)
        assert list(document) == documented_fields(form)

    def test_the_page_has_the_fields_of_drive(
        self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PYTHONPATH", str(PROJECT))
        program = f"{shlex.quote(sys.executable)} -m tests.support.stdin_policy amin_ref:Amin"
        out, _ = ended(capsys, f"drive --json --instance instance.json -- {program}")
        document = json.loads(out)
        assert (document["format"], document["version"]) == ("amin-ref/drive", 1)
        assert list(document) == documented_fields("amin-ref/drive")
        assert (document["holds"], document["finding"]) == (True, None)

    def test_the_json_of_check_has_the_sentences(
        self, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        document = json.loads(ended(capsys, "check schedule.json --json")[0])
        assert document["valid"] is True
        assert (document["requests"], document["violations"]) == (3, [])
        assert document["total_latency"] == simulate(INSTANCE, Amin()).total_latency
        invalid = Schedule(INSTANCE, (Run(0, 0, 4, "completed"),))
        (folder / "invalid.json").write_text(invalid.to_json())
        document = json.loads(ended(capsys, "check invalid.json --json", code=1)[0])
        sentences = unwrapped(ended(capsys, "check invalid.json", code=1)[0]).splitlines()
        assert [f"{v['rule']}: {v['message']}" for v in document["violations"]] == sentences[:-1]
        assert (document["valid"], document["total_latency"]) == (False, None)

    def test_verify_gives_the_bound(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        document = json.loads(ended(capsys, "verify certificate.json --json")[0])
        # Without prices, the bound is the sum of the output lengths.
        assert document["lower_bound"] == 12
        assert (document["requests"], document["capacity"], document["block_size"]) == (3, 15, 1)

    def test_validation_names_places(
        self, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (folder / "wrong.json").write_text(json.dumps({"runs": [{"start": 1}] * 200}))
        out, _ = ended(capsys, "schema schedule --validate wrong.json --json", code=1)
        document = json.loads(out)
        assert (document["schema"], document["valid"]) == ("schedule", False)
        assert document["complete"] is False
        assert len(document["refusals"]) == 100
        assert set(document["refusals"][0]) == {"line", "path", "reason"}


class TestNumbers:
    def test_sentences_have_thousands_separators_and_json_has_none(
        self, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        ended(capsys, "simulate --requests 1200 --output many.json")
        out, _ = ended(capsys, "check many.json")
        assert out.startswith("valid: 1,200 requests, 1,")
        assert not re.search(r"\d{4}", out)
        out, _ = ended(capsys, "check many.json --json")
        assert '"requests": 1200, ' in out
        assert not re.search(r"\d,\d", out)

    @pytest.mark.parametrize("name", COMMANDS)
    def test_defaults_in_help_have_thousands_separators(
        self, name: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out, _ = ended(capsys, f"{name} --help")
        for default in re.findall(r"\[default:([^]]*)\]", out):
            assert not re.search(r"\d{4}", default), default

    @pytest.mark.parametrize("width", [None, 80, 40, 20])
    def test_the_table_of_optimum_never_cuts_a_number(
        self,
        width: int | None,
        folder: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        long = Instance(2**52, (Request(0, 1, 9), Request(1, 1, 9, arrival=2**50)))
        (folder / "long.json").write_text(long.to_json())
        monkeypatch.setattr("amin_ref.cli.optimum.terminal_width", lambda: width)
        out, _ = ended(capsys, "optimum --workload instance.json --time-limit 0")
        for cell in ("requests", "3", "16", "12", "33.33 %", "certificate"):
            assert cell in re.split(r"  +|\n", out), cell
        if width is not None:
            words = max(map(len, out.split()))
            assert max(map(len, out.splitlines())) <= max(width, words, 26)

    def test_a_count_of_one_is_singular(
        self, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        instance = Instance(9, (Request(0, 3, 4),))
        (folder / "one.json").write_text(simulate(instance, Amin()).to_json())
        assert ended(capsys, "check one.json")[0] == (
            "valid: 1 request, 1 run, total latency 4 request·rounds.\n"
        )

    def test_each_kind_of_number_is_written_one_way(self) -> None:
        assert count(1, "request") == "1 request"
        assert count(0, "request") == "0 requests"
        assert count(16492, "token") == "16,492 tokens"
        assert ratio(4 / 3) == "1.333"
        assert ratio(1) == "1.000"
        assert gap(0.025) == "2.50 %"
        assert gap(12.5) == "1,250.00 %"


class TestExitCodes:
    def test_help_has_the_table_of_exit_codes(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("COLUMNS", str(WIDTH))
        out, _ = ended(capsys, "--help")
        table = out.split("Exit codes:\n", 1)[1].split("\n\n", 1)[0]
        assert [int(code) for code in re.findall(r"^ {2,7}(\d+)  ", table, flags=re.M)] == [
            *EXIT_CODES
        ]
        for meaning in EXIT_CODES.values():
            assert meaning in " ".join(table.split())

    @pytest.mark.parametrize(
        ("line", "code"),
        [
            ("check schedule.json", 0),
            ("check invalid.json", 1),
            ("conform first-come.json --no-bound", 1),
            ("schema schedule --validate instance.json", 1),
            ("check trace.csv", 2),
            ("simulate --requests 3 --output no/such/folder", 3),
        ],
    )
    def test_commands_end_with_exit_codes_of_the_table(
        self, line: str, code: int, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        invalid = Schedule(INSTANCE, (Run(0, 0, 4, "completed"),))
        (folder / "invalid.json").write_text(invalid.to_json())
        instance = Instance(6, (Request("a", 1, 5, 5), Request("b", 4, 2, 2)))
        first_come = simulate(instance, FirstComeFirstServed())
        (folder / "first-come.json").write_text(first_come.to_json())
        ended(capsys, line, code)
        assert code in EXIT_CODES

    def test_no_command_names_an_exit_code_outside_the_table(self) -> None:
        for name in COMMANDS:
            text = load_command(name).help or ""
            for code in re.findall(r"\b(\d+): ", text.split("Exit code", 1)[-1]):
                assert int(code) in EXIT_CODES


class TestPolicies:
    def test_simulate_imports_a_policy_of_the_current_folder(
        self, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        flags = "--requests 30 --capacity 2000 --policy"
        mine, _ = ended(capsys, f"simulate {flags} rules_mine:Mine")
        assert mine == ended(capsys, f"simulate {flags} fcfs")[0]

    @pytest.mark.parametrize(
        "policy", ["rules_mine:None", "no_such_module:X", "rules_mine:", "srpt", "json:loads"]
    )
    def test_a_name_of_no_policy_is_refused_in_one_sentence(
        self, policy: str, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out, err = ended(capsys, f"simulate --requests 3 --policy {policy}", code=2)
        assert (out, err.count("\n")) == ("", 1)

    @pytest.mark.parametrize("policy", ["sjf", "rules_mine:Mine"])
    def test_conform_lists_the_policies_that_it_can_replay(
        self, policy: str, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        _, err = ended(capsys, f"conform schedule.json --policy {policy}", code=2)
        assert "give one of amin, amax, h-sf, fcfs" in err
        assert "amin-ref check" in err
        assert err.count("\n") == 1

    def test_a_policy_that_raises_ends_in_a_sentence(
        self, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (folder / "rules_raises.py").write_text(
            "from amin_ref import FirstComeFirstServed\n"
            "class Mine(FirstComeFirstServed):\n"
            "    def decide(self, now, arrived, completed):\n"
            "        raise RuntimeError('not ready')\n"
        )
        _, err = ended(capsys, "simulate --requests 3 --policy rules_raises:Mine", code=2)
        assert "RuntimeError: not ready (rules_raises.py, line 4)" in err


@pytest.mark.parametrize(
    "line",
    [
        "check",
        "conform --no-bound",
        "judge",
        "verify",
        "schema schedule --validate",
        "simulate --workload",
        "compare --schedule",
        "report out.html --schedule",
        "report out.html --claims",
    ],
)
def test_a_malformed_file_is_named(
    line: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "wrong.json").write_text('{"format": "amin-ref/schedule", ')
    _, err = ended(capsys, f"{line} wrong.json", code=2)
    assert err.startswith("amin-ref: 'wrong.json': ")
    assert err.count("\n") == 1


class TestEvidence:
    def test_an_open_gap_beside_an_exhausted_search_is_explained(self) -> None:
        best = optimum(INSTANCE, 5.0, "search")
        assert best.proven
        open_gap = Optimum(best.schedule, best.lower_bound - 1, "exhausted", None)
        assert "was stopped before" in evidence_in_words(open_gap)
        closed = Optimum(best.schedule, best.lower_bound, "exhausted", None)
        assert evidence_in_words(closed) == (
            "an exact search, which excluded every schedule that costs less"
        )

    @pytest.mark.parametrize(
        "line",
        ["optimum --workload instance.json --time-limit 0", "conform schedule.json --time-limit 0"],
    )
    def test_evidence_is_printed_in_words(
        self, line: str, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert (
            "The lower bound rests on a certificate, which 'amin-ref verify' recomputes"
            in (ended(capsys, line)[0])
        )


def test_a_file_with_an_instance_is_accepted_as_a_workload(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command that takes a workload takes a file that holds an instance or a schedule."""
    out, _ = ended(capsys, "simulate --workload schedule.json")
    assert Schedule.from_json(out).instance == INSTANCE
    out, _ = ended(capsys, "compare --workload instance.json --json")
    assert json.loads(out)["requests"] == 3
    out, _ = ended(capsys, "compare --workload instance.json")
    assert "3 requests from instance.json; a cache of 15 tokens in blocks of 1." in out

"""The list of commands: lazy loading, summaries and completion in shells; public names."""

from __future__ import annotations

import ast
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

import click
import pytest

import amin_ref as package
from amin_ref import Instance, Request
from amin_ref.cli.application import COMMANDS, LazyGroup, application, load_command
from amin_ref.cli.exit_codes import COMPLETION, run
from oracle import lower_bound
from tests.support.project import PROJECT

AMIN_REF = [sys.executable, "-m", "amin_ref"]

WIDTH = 80
"""Columns of the terminal that summaries must fit."""


def output_of(*command: str, **environment: str) -> str:
    ended = subprocess.run(
        command, cwd=PROJECT, env={**os.environ, **environment}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert ended.stderr == ""
    return ended.stdout


def seconds(*command: str) -> float:
    """Processor time of a command, in user and system mode: the median of nine runs."""

    def once() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, cwd=PROJECT, stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return statistics.median(once() for _ in range(9))


class TestLazy:
    @pytest.mark.parametrize("flag", ["--help", "--version", "-V", "-h"])
    def test_help_and_version_load_no_module_of_a_command(self, flag: str) -> None:
        program = (
            "import sys, amin_ref.cli\n"
            f"sys.argv = ['amin-ref', {flag!r}]\n"
            "try: amin_ref.cli.main()\n"
            "finally: print(*sys.modules, file=sys.stderr)"
        )
        ended = subprocess.run(
            [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
        )
        loaded = set(ended.stderr.split())
        assert not {"numpy", "rich", "oracle", "highspy", "pulp", "jsonschema"} & loaded
        assert {name for name in loaded if name.startswith("amin_ref")} == {
            "amin_ref",
            "amin_ref.cli",
            "amin_ref.cli.application",
            "amin_ref.cli.bugs",
            "amin_ref.cli.exit_codes",
            "amin_ref.cli.limits",
            "amin_ref.cli.memory",
            "amin_ref.cli.messages",
            "amin_ref.cli.signals",
            "amin_ref.cli.streams",
            "amin_ref.files",
            "amin_ref.files.reading",
            "amin_ref.model",
            "amin_ref.model.errors",
        }

    @pytest.mark.parametrize("flag", ["--help", "--version"])
    def test_help_and_version_cost_at_most_twice_the_libraries(self, flag: str) -> None:
        libraries = seconds(sys.executable, "-c", "import click, rich.console")
        assert seconds(*AMIN_REF, flag) <= 2 * libraries

    def test_every_command_is_in_the_file_that_the_list_names(self) -> None:
        for name in COMMANDS:
            assert load_command(name).name == name

    def test_every_command_of_the_folder_is_in_the_list(self) -> None:
        files = (PROJECT / "amin_ref" / "cli").glob("*.py")
        defined = {
            node.name.removesuffix("_command").replace("_", "-")
            for file in files
            for node in ast.parse(file.read_text(encoding="utf-8")).body
            if isinstance(node, ast.FunctionDef)
            and node.name.endswith("_command")
            and node.decorator_list
        }
        assert defined == set(COMMANDS)

    def test_a_misspelt_command_is_suggested(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(application, ["simulat"]) == 2
        assert "Did you mean 'simulate'?" in capsys.readouterr().err


class TestSummaries:
    @pytest.mark.parametrize("name", COMMANDS)
    def test_the_summary_in_the_list_is_that_of_the_command(self, name: str) -> None:
        help_text = load_command(name).help
        assert help_text is not None
        assert help_text.split("\n\n")[0] == COMMANDS[name].summary

    def test_no_summary_is_cut_or_wrapped_at_80_columns(self) -> None:
        lines = output_of(*AMIN_REF, "--help", COLUMNS=str(WIDTH)).splitlines()
        listed = lines[lines.index("Commands:") + 1 :][: len(COMMANDS)]
        assert [line.split(maxsplit=1) for line in listed] == [
            [name, entry.summary] for name, entry in COMMANDS.items()
        ]
        assert max(map(len, lines)) <= WIDTH


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a schedule and a certificate."""
    folder = tmp_path_factory.mktemp("without-solvers")
    instance = Instance(15, tuple(Request(i, 3, 4) for i in range(3)))
    certificate = lower_bound(instance, time_limit=0)
    (folder / "certificate.json").write_text(certificate.to_json(), encoding="utf-8")
    schedule = str(folder / "schedule.json")
    output_of(*AMIN_REF, "-q", "simulate", "--requests", "20", "--output", schedule)
    return folder


@pytest.mark.parametrize(
    "command",
    [
        "check schedule.json",
        "conform schedule.json --no-bound",
        "verify certificate.json",
        "simulate --requests 20",
        "compare --requests 20",
        "compare --requests 20 --bound --time-limit 0",
        "schema schedule",
        "vectors",
    ],
)
def test_commands_work_where_no_solver_can_be_imported(command: str, folder: Path) -> None:
    program = (
        "import sys; sys.modules['highspy'] = None; sys.modules['pulp'] = None; "
        f"sys.path.insert(0, {str(PROJECT)!r}); from amin_ref.cli import main; main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, *command.split()],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout


class TestCompletion:
    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_the_completion_script_of_a_shell_is_printed(
        self, shell: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        # click asks bash for its version, which must not depend on the shell of the machine.
        monkeypatch.setattr(
            "click.shell_completion.BashComplete._check_version", lambda *_: None, raising=False
        )
        monkeypatch.setenv("_AMIN_REF_COMPLETE", f"{shell}_source")
        assert run(application, []) == 0
        script = capsys.readouterr().out
        assert f"_AMIN_REF_COMPLETE={shell}_complete" in script
        assert "amin-ref" in script

    @pytest.mark.parametrize(
        ("words", "expected", "others"),
        [
            ("amin-ref ver", {"verify"}, {"vectors"}),
            ("amin-ref wor", {"worst-case", "worst-case-table"}, {"compare"}),
            ("amin-ref --ver", {"--version"}, {"--help"}),
            ("amin-ref optimum --meth", {"--method"}, {"--workers"}),
            ("amin-ref optimum --method ", {"auto", "ilp", "search"}, {"amin"}),
            ("amin-ref compare --ti", {"--ties", "--time-limit"}, {"--seed"}),
            ("amin-ref schema sch", {"schedule", "schedule-lines"}, {"instance"}),
            ("amin-ref simulate --policy a", {"amin", "amax"}, {"fcfs"}),
            ("amin-ref conform --policy ", {"amin", "amax", "h-sf", "fcfs"}, {"sjf"}),
            ("amin-ref compare --policies f", {"fcfs"}, {"amin"}),
            ("amin-ref compare --policies amin,", {"amin,amax", "amin,fcfs"}, {"amin,amin"}),
            ("amin-ref drive --protocol --time", {"--timeout"}, {"--example"}),
            ("amin-ref optimum --sch", set(), {"--schedule"}),
        ],
    )
    def test_commands_flags_and_values_are_completed(
        self, words: str, expected: set[str], others: set[str],
        monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    ) -> None:  # fmt: skip
        assert completions(words, monkeypatch, capsys) >= expected
        assert not completions(words, monkeypatch, capsys) & others

    def test_names_of_commands_are_completed_without_loading_them(self) -> None:
        program = (
            "import sys\n"
            "from amin_ref.cli.application import application\n"
            "from amin_ref.cli.exit_codes import run\n"
            "run(application, [])\n"
            "assert 'amin_ref.cli.check' not in sys.modules, 'it was loaded'"
        )
        shown = output_of(
            sys.executable, "-c", program,
            **{COMPLETION: "bash_complete", "COMP_WORDS": "amin-ref ch", "COMP_CWORD": "1"},
        )  # fmt: skip
        assert shown.split() == ["plain,check"]


def completions(
    words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> set[str]:
    """The completions that a shell gets for the last of the words."""
    monkeypatch.setenv(COMPLETION, "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
    assert run(application, []) == 0
    monkeypatch.delenv(COMPLETION)
    return {line.split(",", 1)[1] for line in capsys.readouterr().out.splitlines() if line}


class TestPublicNames:
    def test_each_public_name_is_listed_and_defined(self) -> None:
        assert set(package.__all__) <= set(dir(package))
        for name in package.__all__:
            assert getattr(package, name) is not None

    def test_type_checkers_and_lazy_imports_find_the_same_names(self) -> None:
        tree = ast.parse((PROJECT / "amin_ref" / "__init__.py").read_text(encoding="utf-8"))
        (block,) = (
            node
            for node in tree.body
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        )
        checked = {
            alias.asname or alias.name: node.module
            for node in block.body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        for folder in package._FOLDERS:  # packages of this one, not names in it
            assert checked.pop(folder) == "amin_ref"
        assert checked == package._MODULES
        assert set(checked) == set(package.__all__)

    def test_a_star_import_defines_every_public_name(self) -> None:
        program = (
            "from amin_ref import *; import amin_ref; "
            "print(*(set(amin_ref.__all__) - {*globals()}))"
        )
        assert output_of(sys.executable, "-c", program).strip() == ""

    @pytest.mark.slow
    def test_a_misspelt_name_is_an_error_at_run_time_and_to_mypy(self, tmp_path: Path) -> None:
        with pytest.raises(AttributeError, match="'amin_ref' has no attribute 'Scedule'"):
            getattr(package, "Scedule")  # noqa: B009 - mypy refuses the attribute, as it should
        file = tmp_path / "mine.py"
        file.write_text("from amin_ref import Scedule\n")
        ended = subprocess.run(
            [sys.executable, "-m", "mypy", "--strict", "--config-file=", str(file)],
            cwd=tmp_path, env={**os.environ, "MYPYPATH": str(PROJECT)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert 'has no attribute "Scedule"' in ended.stdout


def test_the_group_lists_and_returns_its_commands() -> None:
    """Tools that document click programs walk ``list_commands`` and ``get_command``."""
    assert isinstance(application, LazyGroup)
    context = click.Context(application)
    for name in application.list_commands(context):
        command = application.get_command(context, name)
        assert command is not None
        assert command.params
    assert application.get_command(context, "frobnicate") is None

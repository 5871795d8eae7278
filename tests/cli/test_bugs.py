"""An unexpected exception ends a command with a sentence, a traceback and exit code 70."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from amin_ref import Instance, Run, Schedule
from amin_ref.cli.application import application
from amin_ref.cli.bugs import BUG, REPORTS
from amin_ref.cli.exit_codes import BAD_INPUT, run
from tests.support.project import PROJECT

SCHEDULE = Schedule(Instance.from_lengths([(1, 1)], capacity=2), [Run(0, 0, 1, "completed")])

FAILING = """
import amin_ref.checker

def check(schedule):
    raise KeyError("no such id")

amin_ref.checker.check = check
"""
"""Statements that make the command ``check`` raise KeyError."""

AMIN_REF = "from amin_ref.cli import main; main()"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "schedule.json"
    path.write_text(SCHEDULE.to_json(), encoding="utf-8")
    return path


def amin_ref(
    before: str, *arguments: str, err: int = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", before + AMIN_REF, *arguments],
        cwd=PROJECT, stdout=subprocess.PIPE, stderr=err, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    "error",
    [KeyError("no such id"), RecursionError("too deep"), AssertionError(), SystemExit(0)],
    ids=lambda error: type(error).__name__,
)
def test_an_unexpected_exception_ends_with_exit_code_70(
    error: BaseException,
    file: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Python's own exit code after a traceback is 1, which means that a schedule is not valid."""

    def check(schedule: Schedule) -> None:
        raise error

    monkeypatch.setattr("amin_ref.cli.check.check", check)
    assert run(application, ["check", str(file)]) == BUG == 70
    said = capfd.readouterr()
    sentence, *traceback = said.err.splitlines()
    assert sentence.startswith(f"amin-ref: this is a bug in amin-ref ({type(error).__name__}")
    assert REPORTS in sentence
    assert sentence.endswith(".")
    assert traceback[0] == "Traceback (most recent call last):"
    assert "in check" in said.err
    assert said.out == ""


def test_the_process_ends_with_exit_code_70_after_a_bug(file: Path) -> None:
    ended = amin_ref(FAILING, "check", str(file))
    assert ended.returncode == BUG
    assert ended.stdout == ""
    assert ended.stderr.count("amin-ref: ") == 1
    assert ended.stderr.endswith("KeyError: 'no such id'\n")


def test_a_bug_gives_exit_code_70_where_standard_error_cannot_be_written(file: Path) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    assert amin_ref(FAILING, "check", str(file), err=full).returncode == BUG
    os.close(full)
    reading, broken = os.pipe()
    os.close(reading)
    assert amin_ref(FAILING, "check", str(file), err=broken).returncode == BUG
    os.close(broken)


@pytest.mark.parametrize("missing", ["click", "numpy"])
def test_a_missing_package_ends_with_exit_code_70(missing: str, file: Path) -> None:
    ended = amin_ref(f"import sys; sys.modules[{missing!r}] = None; ", "check", str(file))
    assert ended.returncode == BUG
    sentence = ended.stderr.splitlines()[0]
    assert sentence.startswith("amin-ref: the installation is not complete (ModuleNotFoundError: ")
    assert missing in sentence


@pytest.mark.parametrize("where", ["module", "__init__", "begin", "decide"])
def test_a_policy_that_exits_is_reported_as_bad_input(where: str, tmp_path: Path) -> None:
    """Otherwise the exit code of the policy, 0, would be that of the program, which did nothing."""
    methods = {
        name: f"    def {name}(self, *_): " + ("raise SystemExit(0)" if name == where else "pass")
        for name in ("__init__", "begin", "decide")
    }
    first = "raise SystemExit(0)" if where == "module" else "from amin_ref import Policy"
    lines = [first, "class Mine(Policy):", *methods.values()]
    (tmp_path / "exiting.py").write_text("\n".join(lines))
    ended = subprocess.run(
        [sys.executable, "-c", AMIN_REF, "simulate", "--requests", "3", "--policy", "exiting:Mine"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (BAD_INPUT, "")
    assert "SystemExit" in ended.stderr
    assert ended.stderr.count("\n") == 1

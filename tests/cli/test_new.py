"""``amin-ref new`` writes a valid, typed scheduler, and never overwrites a file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given

from amin_ref import Instance, Request, check, simulate
from amin_ref.cli.application import application
from amin_ref.cli.exit_codes import CANNOT_WRITE, run
from amin_ref.cli.new import skeleton
from amin_ref.cli.skeleton import MyScheduler
from amin_ref.strategies import instances
from amin_ref.suite import examine
from tests.support.project import PROJECT


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, which is empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def new(capsys: pytest.CaptureFixture[str], file: str, code: int = 0) -> str:
    """What ``amin-ref new`` prints on standard error; standard output must be empty."""
    assert run(application, ["new", file]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def test_new_prints_what_it_wrote_and_what_to_run_next(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = new(capsys, "mine.py")
    assert printed.splitlines() == [
        "amin-ref: wrote the scheduler MyScheduler to 'mine.py'.",
        "amin-ref: test it: pytest --amin-policy mine:MyScheduler --amin-claims valid",
        "amin-ref: compare it: amin-ref compare --policies amin,mine:MyScheduler",
    ]
    assert (folder / "mine.py").read_text(encoding="utf-8") == skeleton()


@pytest.mark.parametrize(
    ("inside", "processes"),
    [
        (".", "0"),
        ("inside", "2"),
        *(pytest.param(*other, marks=pytest.mark.slow) for other in ((".", "2"), ("inside", "0"))),
    ],
)
def test_the_printed_test_command_passes(
    folder: Path, capsys: pytest.CaptureFixture[str], inside: str, processes: str
) -> None:
    """By a shell; the current folder is not on Python's path, as with the script ``pytest``."""
    (folder / inside).mkdir(exist_ok=True)
    command = new(capsys, os.path.join(inside, "mine.py")).splitlines()[1].partition("test it: ")[2]
    pytest_program = f"{sys.executable} -P -m pytest -p amin_ref.pytest_plugin -n {processes}"
    ended = subprocess.run(
        command.replace("pytest", f"{pytest_program} --amin-examples 100", 1),
        shell=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "4 passed" in ended.stdout
    assert "mine:MyScheduler, which claims to make valid schedules" in ended.stdout


def test_the_printed_comparison_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = new(capsys, "mine.py").splitlines()[2].partition("compare it: amin-ref ")[2]
    # In another process, so that this one does not keep the imported module.
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "amin_ref", *command.split(), "--requests", "20", "--json"],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    rows = json.loads(ended.stdout)["policies"]
    assert [row["policy"] for row in rows] == ["amin", "mine:MyScheduler"]


@pytest.mark.slow
def test_the_written_scheduler_passes_mypy_strict(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new(capsys, "mine.py")
    ended = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "mine.py"],
        env={**os.environ, "MYPYPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout


@given(instances(max_requests=12))
def test_the_written_scheduler_makes_valid_schedules(instance: Instance) -> None:
    assert check(simulate(instance, MyScheduler())) == ()


def test_the_written_scheduler_stops_at_the_first_request_that_does_not_fit() -> None:
    """Beside the first request's 5 tokens 2 more would fit, but the second one needs 8."""
    requests = [Request(number, 1, upper, upper=upper) for number, upper in enumerate((4, 7, 1))]
    instance = Instance(10, requests)
    schedule = simulate(instance, MyScheduler())
    assert [(run.request, run.start) for run in schedule.runs] == [(0, 0), (1, 4), (2, 4)]


def test_the_written_scheduler_is_valid_and_not_amin() -> None:
    """The written scheduler passes T1, T2, T5 and T8, and is not Amin."""
    assert examine(MyScheduler, "valid", examples=300).holds
    assert not examine(MyScheduler, "amin", examples=300).holds


def test_no_file_is_overwritten(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "mine.py").write_text("precious")
    printed = new(capsys, "mine.py", CANNOT_WRITE)
    assert printed == "amin-ref: 'mine.py' exists, and is left unchanged; name another.\n"
    assert (folder / "mine.py").read_text() == "precious"


@pytest.mark.parametrize("file", ["mine", "my-own.py", "class.py", "1st.py", "mine.txt", ""])
def test_a_name_that_cannot_be_imported_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], file: str
) -> None:
    printed = new(capsys, file, 2)
    assert "so that Python can import it; give for example mine.py" in printed
    assert printed.count("\n") == 1
    assert not list(folder.iterdir())


@pytest.mark.parametrize("file", ["random.py", "numpy.py", "amin_ref.py"])
def test_a_name_that_hides_another_module_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], file: str
) -> None:
    assert "is a module that Python has already" in new(capsys, file, 2)
    assert not list(folder.iterdir())


def test_a_missing_folder_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed = new(capsys, "nowhere/mine.py", CANNOT_WRITE)
    assert printed == (
        "amin-ref: 'nowhere/mine.py' cannot be written: there is no such folder; make it or give "
        "another file.\n"
    )

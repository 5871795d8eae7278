"""Every command and program in README runs, in an empty folder, as it stands there.

The two commands that install are run by ``.ci/run``, in a fresh virtual environment.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.project import PROJECT

README = (PROJECT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
PROGRAMS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


# What an installed command does, from this project as it is.
OURS = {
    "amin-ref": "from amin_ref.cli import main\nif __name__ == '__main__':\n    main()\n",
    "pytest": "import pytest\nif __name__ == '__main__':\n"
    "    sys.exit(pytest.main(['-p', 'amin_ref.pytest_plugin', *sys.argv[1:]]))\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder whose commands are this project's."""
    (tmp_path / "bin").mkdir()
    for name, program in OURS.items():
        command = tmp_path / "bin" / name
        command.write_text(
            f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(PROJECT)!r})\n{program}"
        )
        command.chmod(0o755)
    return tmp_path


def environment(folder: Path) -> dict[str, str]:
    path = os.pathsep.join([str(folder / "bin"), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "PYTHONPATH": str(PROJECT)}


def run(command: list[str], folder: Path) -> str:
    ended = subprocess.run(
        command, cwd=folder, env=environment(folder), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_two_commands_come_first() -> None:
    assert COMMANDS[0] == "pip install . && amin-ref compare\n"
    assert COMMANDS[1] == "pip install '.[test]' && pytest\n"


TAKE_LONG = ("compare --bound", "amin-ref report")
"""What is in a block of commands that takes tens of seconds."""


@pytest.mark.parametrize(
    "commands",
    [
        pytest.param(
            commands,
            id=commands.splitlines()[-1][:40],
            marks=pytest.mark.slow if any(long in commands for long in TAKE_LONG) else (),
        )
        for commands in COMMANDS[2:]
    ],
)
def test_commands_run(commands: str, folder: Path) -> None:
    assert run(["bash", "-euo", "pipefail", "-c", commands], folder)


def test_the_main_job_runs(folder: Path) -> None:
    table = run(["bash", "-c", COMMANDS[0].split("&&")[1]], folder)
    for policy in ("amin", "amax", "h-sf", "fcfs"):
        assert re.search(rf"^ *{policy} .*\d", table, flags=re.MULTILINE)


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_programs_run_and_type_check(program: str, folder: Path) -> None:
    file = folder / "mine.py"
    file.write_text(program)
    assert run([sys.executable, "mine.py"], folder)
    # A program of a user's, seen from outside of this project's configuration.
    run([sys.executable, "-m", "mypy", "--strict", "--config-file=", "mine.py"], folder)

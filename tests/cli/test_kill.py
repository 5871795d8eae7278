"""Programs that are killed at random moments keep finished work, and leave no process or file."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.commands import COMMANDS
from tests.support.marked import Mark
from tests.support.project import PROJECT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self").exists(), reason="reads /proc"),
]

KILLS = 50
"""Kills of each program; there are four."""

AMIN_REF = [sys.executable, "-c", "from amin_ref.cli import main; main()"]

TABLE = [
    sys.executable,
    "-c",
    f"{COMMANDS['worst-case-table'].before}from amin_ref.cli import main; main()",
]


@dataclass(frozen=True, slots=True)
class Program:
    """A program that computes.

    Attributes:
        words: its command line, in which ``{}`` stands for a folder.
        checkpoint: the name of the file there of what is finished; ``None`` if it has none.
        output: the name of the file there that holds the result; ``None``: standard output.
    """

    words: list[str]
    checkpoint: str | None
    output: str | None = None

    def in_folder(self, folder: Path) -> list[str]:
        """The command line with that folder."""
        return [word.replace("{}", str(folder)) for word in self.words]


PROGRAMS: Mapping[str, Program] = {
    "claims": Program(
        [
            *AMIN_REF,
            *[
                "claims",
                "--quick",
                "--claim",
                "C6",
                "--requests",
                "50",
                "--seeds",
                "12",
                "--workers",
                "2",
                "--json",
            ],
            *["--checkpoint", "{}/kept.jsonl"],
        ],
        "kept.jsonl",
    ),
    "worst-case-table": Program(
        [
            *TABLE,
            *[
                "worst-case-table",
                "--workers",
                "2",
                "--checkpoint",
                "{}/kept.jsonl",
                "--output",
                "{}/table",
            ],
        ],
        "kept.jsonl",
        "table",
    ),
    "optimum": Program(
        [
            *AMIN_REF,
            *[
                "optimum",
                "--requests",
                "14",
                "--capacity",
                "2000",
                "--method",
                "search",
                "--workers",
                "2",
            ],
            *["--output", "{}/best.json"],
        ],
        None,
        "best.json",
    ),
    "deep": Program(
        [
            *[sys.executable, "-m", "tests.long.deep", "--instances", "1200", "--workers", "2"],
            *["--checkpoint", "{}/kept.jsonl"],
        ],
        "kept.jsonl",
    ),
}


def result(program: Program, folder: Path) -> str:
    """The result of a run to the end."""
    ended = subprocess.run(
        program.in_folder(folder), cwd=PROJECT, capture_output=True, text=True, check=True
    )
    text = ended.stdout if program.output is None else (folder / program.output).read_text()
    # Lines are in the order in which portions ended, which differs from run to run.
    return "\n".join(sorted(text.splitlines()))


def whole_lines(file: Path) -> list[str]:
    """The lines of a checkpoint that have a line end; each is a JSON object."""
    if not file.exists():
        return []
    lines = file.read_bytes().split(b"\n")[:-1]
    assert all(isinstance(json.loads(line), dict) for line in lines)
    return [line.decode() for line in lines]


def is_silent(said: str) -> bool:
    """Whether standard error has sentences of the program alone, or a worker lost its program.

    If the program is killed while it starts a worker, the worker finds no work to do: Python then
    prints a traceback that ends in an EOFError.
    """
    ours = re.compile("amin-ref: .*|.* instances in .*")
    if all(ours.fullmatch(line) for line in said.splitlines()):
        return True
    return "spawn_main" in said and said.endswith("EOFError: Ran out of input\n")


@pytest.mark.parametrize("name", PROGRAMS)
def test_kills_lose_no_finished_work(tmp_path: Path, name: str) -> None:
    program = PROGRAMS[name]
    expected_folder, folder, temporary = (
        tmp_path / name for name in ("undisturbed", "killed", "temporary")
    )
    for each in (expected_folder, folder, temporary):
        each.mkdir()
    began = time.monotonic()
    expected = result(program, expected_folder)
    whole_run = time.monotonic() - began
    allowed = {program.checkpoint, program.output}
    choice = random.Random(name)
    finished: list[str] = []
    most = 0
    for _ in range(KILLS):
        mark = Mark.new()
        process = subprocess.Popen(
            program.in_folder(folder), cwd=PROJECT,
            env=mark.environment(TMPDIR=str(temporary)),
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            process.wait(whole_run * choice.random())
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        began = time.monotonic()
        assert process.stderr is not None
        said = process.stderr.read()  # until the workers have ended, which have this pipe, too
        process.stderr.close()
        process.wait()
        assert time.monotonic() - began < 20
        if process.returncode:
            assert is_silent(said), said
        assert mark.left() == []
        assert list(temporary.iterdir()) == []
        names = {file.name for file in folder.iterdir()}
        assert names <= {*allowed, f".{program.output}.part"}
        if program.output in names:
            text = (folder / program.output).read_text()
            assert "\n".join(sorted(text.splitlines())) == expected
        if program.checkpoint is not None:
            lines = whole_lines(folder / program.checkpoint)
            assert lines[: len(finished)] == finished, "finished work is gone"
            finished = lines
            most = max(most, len(lines))
            if process.returncode == 0:
                (folder / program.checkpoint).unlink()
                finished = []
    assert result(program, folder) == expected
    assert {file.name for file in folder.iterdir()} <= allowed
    assert program.checkpoint is None or most > 1, "no run was killed after it had begun"

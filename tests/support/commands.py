"""A short run of every command of ``amin-ref``, for the tests that run all commands."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from amin_ref import Amin, Instance, Request, Run, Schedule, simulate
from oracle import lower_bound

INSTANCE = Instance(15, tuple(Request(number, 3, 4) for number in range(3)))
"""Three equal requests, in a cache that holds two of them at a time."""

_SMALL_TABLE = (
    "from oracle.ratio import tables; tables.INTERVALS = ((1, 2),); tables.PROMPT_LENGTHS = (1,); "
)
"""Statements that reduce the table of worst ratios to one interval and one prompt length.

The published table takes hours.
"""


@dataclass(frozen=True, slots=True)
class Command:
    """A run of a command.

    Attributes:
        arguments: the command line after ``amin-ref``; ``{}`` stands for the folder that
            :func:`make_inputs` filled, and ``{python}`` for the Python interpreter.
        prints: whether its result goes to standard output.
        code: the exit code of an undisturbed run.
        reads: the file in that folder that is its standard input; ``None`` if it reads none.
        before: Python statements that are run before the command.
    """

    arguments: str
    prints: bool = True
    code: int = 0
    reads: str | None = None
    before: str = ""

    def words(self, folder: Path) -> list[str]:
        """The program and its arguments."""
        program = f"{self.before}from amin_ref.cli import main; main()"
        arguments = [
            word.replace("{}", str(folder)).replace("{python}", sys.executable)
            for word in self.arguments.split()
        ]
        return [sys.executable, "-c", program, *arguments]


COMMANDS: Mapping[str, Command] = {
    "help": Command("--help"),
    "compare": Command("compare --requests 20"),
    "simulate": Command("simulate --requests 20"),
    "simulate-to-file": Command("simulate --requests 20 --output {}/written", prints=False),
    "check": Command("check -", reads="valid.json"),
    "check-invalid": Command("check {}/invalid.json", code=1),
    "conform": Command("conform - --no-bound", reads="valid.json"),
    "judge": Command("judge - --no-bound", reads="valid.json"),
    "new": Command("new {}/new_scheduler.py", prints=False),
    "drive": Command(
        "drive --instance - -- {python} -m tests.support.stdin_policy amin_ref:Amin",
        reads="instance.json",
    ),
    "optimum": Command("optimum --workload - --time-limit 5", reads="instance.json"),
    "verify": Command("verify -", reads="certificate.json"),
    "report": Command(
        "report {}/report.html --schedule - --time-limit 0", prints=False, reads="valid.json"
    ),
    "claims": Command("claims --quick --claim C6 --requests 20 --seeds 2 --workers 1"),
    "worst-case": Command(
        "worst-case --prompt 1 --lower 1 --upper 2 --capacity 4 --requests 3",
    ),
    "worst-case-table": Command("worst-case-table", before=_SMALL_TABLE),
    "schema": Command("schema schedule"),
    "schema-validate": Command("schema schedule --validate -", reads="valid.json"),
    "vectors": Command("vectors"),
}
"""Runs by name: one of each command, and of some a second one with another outcome or output."""


def make_inputs(folder: Path) -> None:
    """Fill a folder with the files that :data:`COMMANDS` read."""
    valid = simulate(INSTANCE, Amin())
    invalid = Schedule(
        INSTANCE, tuple(Run(request.id, 0, 4, "completed") for request in INSTANCE.requests)
    )
    texts = {
        "instance.json": INSTANCE.to_json(),
        "valid.json": valid.to_json(),
        "invalid.json": invalid.to_json(),
        "certificate.json": lower_bound(INSTANCE, time_limit=0).to_json(),
    }
    for name, text in texts.items():
        (folder / name).write_text(text + "\n", encoding="utf-8")

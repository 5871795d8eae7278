"""Test the tests with the hand-picked mutants: ``python -m tests.long.mutants``.

For each mutant, the tests that name the theorem that it breaks run on a copy of the project with
this fault. One of them must fail. At the end all tests that failed run on the sound code, where
they must pass. The exit status is 0 only if every mutant was killed and these tests pass.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.long.mutants.catalogue import MUTANTS, Mutant, mutated
from tests.support.project import PROJECT

COPIED = ("amin_ref", "oracle", "tests", "proofs_notes", "pyproject.toml", "README.md")
SECONDS_FOR_ONE = 900
"""A mutant whose tests take longer counts as alive: many times what they take on a busy machine."""


@dataclass(frozen=True)
class Verdict:
    """The verdict on a mutant: the test that failed, or the output if none did."""

    mutant: Mutant
    killed_by: str | None
    said: str
    seconds: float


def judge(mutant: Mutant) -> Verdict:
    """Run the theorem's tests on a copy of the project that has the mutant's fault."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        copy_project(copy)
        source = (PROJECT / mutant.file).read_text(encoding="utf-8")
        (copy / mutant.file).write_text(mutated(source, mutant), encoding="utf-8")
        try:
            status, output = in_copy(
                copy, ["tests.long.mutants.theorem_tests", mutant.theorem, mutant.file]
            )
        except subprocess.TimeoutExpired:
            status, output = -1, f"no test failed within {SECONDS_FOR_ONE} seconds"
    failed = [line.removeprefix("failed: ") for line in output.splitlines() if "failed: " in line]
    killed_by = failed[0] if status == 1 and failed else None
    return Verdict(mutant, killed_by, output, time.monotonic() - began)


def copy_project(to: Path) -> None:
    """Copy the files that the tests need, without compiled files."""
    for name in COPIED:
        source = PROJECT / name
        if source.is_dir():
            shutil.copytree(source, to / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, to / name)


def in_copy(copy: Path, module: Sequence[str]) -> tuple[int, str]:
    """Exit status and output of ``python -m`` with the copy as its project."""
    # Bytecode is not written: Python would reuse it for a fault that keeps a file's size and date.
    environment = os.environ | {"AMIN_PROFILE": "mutants", "PYTHONDONTWRITEBYTECODE": "1"}
    environment["PYTHONPATH"] = str(copy)
    done = subprocess.run(
        [sys.executable, "-m", *module],
        cwd=copy,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS_FOR_ONE,
        check=False,
    )
    return done.returncode, done.stdout


def falsely_failing(tests: Sequence[str]) -> str | None:
    """Pytest's output if one of these tests fails on the sound code; else ``None``."""
    with tempfile.TemporaryDirectory() as name:
        copy_project(Path(name))
        status, output = in_copy(
            Path(name), ["pytest", *tests, "-n", "0", "-q", "-p", "no:cacheprovider"]
        )
    return output if status else None


def main() -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.long.mutants", description=__doc__)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", default="", help="a text in the mutants' names, or a theorem")
    chosen = parser.parse_args()
    mutants = [m for m in MUTANTS if chosen.only in m.name or chosen.only == m.theorem]
    began = time.monotonic()
    alive: list[Verdict] = []
    killers: set[str] = set()
    with ThreadPoolExecutor(chosen.workers) as executor:
        for verdict in executor.map(judge, mutants):
            if verdict.killed_by is None:
                alive.append(verdict)
            else:
                killers.add(verdict.killed_by)
            by = (verdict.killed_by or "ALIVE").rpartition("::")[2]
            print(
                f"{verdict.mutant.theorem:4}{verdict.seconds:5.1f} s  {verdict.mutant.name}: {by}",
                flush=True,
            )
    for verdict in alive:
        print(f"\nalive: {verdict.mutant.name} ({verdict.mutant.theorem})\n{verdict.said[-2000:]}")
    failing = falsely_failing(sorted(killers)) if killers else None
    if failing is not None:
        print(f"\na test that killed a mutant fails without one:\n{failing[-2000:]}")
    print(
        f"{len(mutants) - len(alive)} of {len(mutants)} mutants killed by {len(killers)} tests, "
        f"in {time.monotonic() - began:.0f} s"
    )
    return 1 if alive or failing is not None or not mutants else 0


if __name__ == "__main__":
    sys.exit(main())

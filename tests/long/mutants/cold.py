"""Judges one fault in new processes: ``python -m tests.long.mutants.cold``.

The tests run in a copy of the project whose file has the fault. So the fault is also in what is
computed on import and in the processes that a test starts. In the copy, standard input of this
module is a JSON object: the tests with the processor time that each may take, in seconds. Its last
line is ``failed: `` and the test that failed, or ``done``.
"""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from tests.long.mutants.faults import Fault, faulty
from tests.long.mutants.guard import guard
from tests.long.mutants.warm import Judged, limit_test
from tests.support.project import PROJECT

CANNOT_START = "the tests cannot start: "
"""The start of the line that is printed if pytest cannot start; its exit status follows."""

FIRST = 6
"""Tests that are asked before all others."""

COPIED = ("amin_ref", "oracle", "tests", "proofs_notes", "pyproject.toml", "README.md")


def judge(fault: Fault, tests: Mapping[str, float]) -> Judged:
    """The verdict of tests, each with its limit of processor time in seconds.

    A test that fails without a fault as well says nothing, and the others are asked again.
    """
    began = time.monotonic()
    judged = Judged("alive", "no test runs it", 0.0)
    # Few tests first: most faults die there, and their modules are imported in less time than all.
    for part in (list(tests)[:FIRST], list(tests)[FIRST:]):
        judged = _judged_by_sound_tests(fault, {test: tests[test] for test in part}) or judged
        if judged.verdict != "alive":
            break
    return replace(judged, seconds=time.monotonic() - began)


def _judged_by_sound_tests(fault: Fault, tests: Mapping[str, float]) -> Judged | None:
    left = dict(tests)
    while left:
        judged = _judged(fault, left)
        is_of_a_test = judged.verdict == "killed" and judged.by in left
        if not is_of_a_test or _passes_without_fault(judged.by, left[judged.by]):
            return judged
        del left[judged.by]
    return None


@cache
def _passes_without_fault(test: str, seconds: float) -> bool:
    return _judged(None, {test: seconds}).verdict == "alive"


def _judged(fault: Fault | None, tests: Mapping[str, float]) -> Judged:
    """The verdict of the first test that fails, or of all; ``None``: on the sound code."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        _copy_with(fault, Path(name))
        done = subprocess.run(
            [sys.executable, "-m", "tests.long.mutants.cold"],
            cwd=name,
            env=os.environ
            | {"AMIN_PROFILE": "mutants", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": name},
            input=json.dumps(dict(tests)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    lines = done.stdout.splitlines()
    seconds = time.monotonic() - began
    running = [line for line in lines if line.startswith("running: ")]
    last = running[-1].removeprefix("running: ") if running else ""
    # A fault may keep a test module from being imported; without one, the name of a test is wrong.
    cannot_import = any(line.startswith("ERROR tests/") for line in lines)
    if f"{CANNOT_START}{pytest.ExitCode.USAGE_ERROR!s}" in done.stdout and not cannot_import:
        raise RuntimeError(f"no such tests: {done.stdout[-1000:]}")
    if done.returncode < 0:
        return Judged("timed out", last, seconds)
    failed = [line for line in lines if line.startswith("failed: ")]
    if failed or done.returncode:
        by = failed[-1].removeprefix("failed: ") if failed else "the tests cannot start"
        return Judged("killed", by, seconds)
    return Judged("alive", "", seconds)


def _copy_with(fault: Fault | None, to: Path) -> None:
    """Copy the project, with compiled files, and put the fault in its place, if there is one."""
    for name in COPIED:
        source = PROJECT / name
        if source.is_dir():
            shutil.copytree(source, to / name)
        else:
            shutil.copy(source, to / name)
    if fault is not None:
        file = to / fault.file
        broken = faulty(file.read_text(encoding="utf-8"), fault)
        file.write_text(ast.unparse(broken), encoding="utf-8")
        Path(cache_from_source(str(file))).unlink(missing_ok=True)
    # Python runs a module of this name when it starts, in each process that a test starts as well.
    text = Path(guard.__code__.co_filename).read_text(encoding="utf-8")
    (to / "sitecustomize.py").write_text(f"{text}\n\nguard({str(to)!r})\n", encoding="utf-8")


class _Limits:
    """A pytest plugin: ends the process if a test takes too long; records the first failure."""

    def __init__(self, seconds: Mapping[str, float]) -> None:
        self._seconds = seconds
        self.failed = ""

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Set the time limit of a test."""
        print(f"\nrunning: {item.nodeid}", flush=True)
        limit_test(self._seconds.get(item.nodeid, 60.0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record the first test that failed."""
        if report.failed and not self.failed:
            self.failed = report.nodeid


def main() -> int:
    """The command; returns 0 when no test failed."""
    seconds: dict[str, float] = json.loads(sys.stdin.read())
    limits = _Limits(seconds)
    arguments = ["-n", "0", "-x", "-q", "-s", "--no-header", "--tb", "no", "-p", "no:cacheprovider"]
    status = pytest.main([*arguments, *seconds], plugins=[limits])
    if status and not limits.failed:
        limits.failed = f"{CANNOT_START}{status!s}"
    print(f"\nfailed: {limits.failed}" if limits.failed else "\ndone", flush=True)
    return 1 if limits.failed else 0


if __name__ == "__main__":
    sys.exit(main())

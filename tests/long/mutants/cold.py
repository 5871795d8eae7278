"""Judges one fault in a new process: ``python -m tests.long.mutants.cold``.

Standard input is a JSON object with the file, the fault's name, and the tests with the processor
time that each may take, in seconds. The process imports the faulty module and runs the tests. Its
last line is ``failed: `` and the test that failed, or ``done``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

import pytest

from tests.long.mutants.faults import Fault, faults_of, faulty, module_name
from tests.long.mutants.warm import limit_test
from tests.support.project import PROJECT


class _Faulty(MetaPathFinder, Loader):
    """Imports one module with a fault in it."""

    def __init__(self, root: Path, fault: Fault) -> None:
        self._path = root / fault.file
        self._name = module_name(fault.file)
        self._fault = fault

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find the one module; leave all others to the other finders."""
        if fullname != self._name:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None:
            spec.loader = self
        return spec

    def exec_module(self, module: ModuleType) -> None:
        """Run the faulty code in place of the module's own."""
        tree = faulty(self._path.read_text(encoding="utf-8"), self._fault)
        exec(compile(tree, str(self._path), "exec", dont_inherit=True), module.__dict__)


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
    asked = json.loads(sys.stdin.read())
    source = (PROJECT / asked["file"]).read_text(encoding="utf-8")
    fault = next(f for f in faults_of(asked["file"], source) if f.name == asked["fault"])
    seconds: dict[str, float] = asked["tests"]
    sys.meta_path.insert(0, _Faulty(PROJECT, fault))
    limits = _Limits(seconds)
    # Pytest would rewrite the asserts of the package, which has a plugin, and so import it itself.
    plain = ["--assert", "plain"]
    arguments = [
        *plain,
        "-n",
        "0",
        "-x",
        "-q",
        "-s",
        "--no-header",
        "--tb",
        "no",
        "-p",
        "no:cacheprovider",
    ]
    status = pytest.main([*arguments, *seconds], plugins=[limits])
    if status and not limits.failed:
        limits.failed = f"the tests cannot start: {status!s}"
    print(f"\nfailed: {limits.failed}" if limits.failed else "\ndone", flush=True)
    return 1 if limits.failed else 0


if __name__ == "__main__":
    sys.exit(main())

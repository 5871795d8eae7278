"""The tests of one theorem: ``python -m tests.long.mutants.theorem_tests T4 [FILE]``.

The tests of FILE, which holds a fault, run first, then those of its folder. The first failure ends
the run.
"""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath

import pytest

from tests.support.project import PROJECT


class OnlyTestsOf:
    """A pytest plugin that runs only the tests marked with one theorem, and collects failures."""

    def __init__(self, theorem: str) -> None:
        self.theorem = theorem
        self.failed: list[str] = []

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Deselect all tests that are not marked with the theorem."""
        named = [
            item
            for item in items
            if any(self.theorem in mark.args for mark in item.iter_markers("theorem"))
        ]
        config.hook.pytest_deselected(items=[item for item in items if item not in named])
        items[:] = named

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record a test that failed; a failing set-up is not evidence."""
        if report.when == "call" and report.failed:
            self.failed.append(report.nodeid)


def files_naming(theorem: str, faulty: str = "") -> list[str]:
    """The test files that name the theorem.

    First those named after the file with the fault, then those of its folder, then
    ``test_theorems.py``.
    """
    own = f"test_{PurePosixPath(faulty).stem}" if faulty else "test_theorems"
    folder = PurePosixPath(faulty).parent.name

    def order(file: Path) -> tuple[bool, bool, bool, Path]:
        return (
            not file.name.startswith(own),
            file.parent.name != folder,
            file.name != "test_theorems.py",
            file,
        )

    files = [
        file.relative_to(PROJECT)
        for file in (PROJECT / "tests").rglob("test_*.py")
        if f'theorem("{theorem}")' in file.read_text(encoding="utf-8")
    ]
    return [str(file) for file in sorted(files, key=order)]


def run(theorem: str, faulty: str = "") -> int:
    """Run the tests, print the first that fails, and return pytest's exit status."""
    plugin = OnlyTestsOf(theorem)
    status = pytest.main(
        [
            *files_naming(theorem, faulty),
            *("-n", "0", "-x", "-q", "--no-header", "--tb", "line", "-p", "no:cacheprovider"),
        ],
        plugins=[plugin],
    )
    for test in plugin.failed:
        print(f"failed: {test}")
    return status


if __name__ == "__main__":
    sys.exit(run(*sys.argv[1:]))

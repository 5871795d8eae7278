"""Theorem × kind of evidence × size covered: the theorem book compared with the tests' markers.

``python -m tests.making.matrix`` writes the table into ``proofs_notes/matrix.md``, which describes
the format of the book and of the markers.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from tests.making import machine
from tests.making.markers import replaced
from tests.support.project import PROJECT

PAGE = PROJECT / "proofs_notes" / "matrix.md"
BOOK = PROJECT / "proofs_notes" / "theorems"
THEOREMS = tuple(f"T{number}" for number in range(1, 23))
KINDS = ("proved", "exhausted", "tested")


@dataclass(frozen=True)
class Statement:
    """A theorem of the book: its name, its title and its kinds of evidence."""

    name: str
    title: str
    kinds: frozenset[str]


@dataclass(frozen=True)
class Check:
    """A test of a theorem.

    Attributes:
        theorem: the name in the test's marker.
        test: pytest's name of the test.
        exhausted: the size up to which the test checks every instance; ``None`` if it checks
            examples.
        examples: the number of examples that Hypothesis makes; 1 for a test without Hypothesis.
    """

    theorem: str
    test: str
    exhausted: str | None
    examples: int


def read_book(folder: Path = BOOK) -> tuple[Statement, ...]:
    """The theorems of the book, in order of their numbers."""
    found = []
    for page in sorted(folder.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        for section in re.split(r"^(?=##? )", text, flags=re.MULTILINE):
            heading = re.match(r"## (T\d+) — (.+)\n", section)
            if heading:
                checks = section.split("### Checks", 1)[1]
                kinds = re.findall(r"^- (\w+)$", checks, flags=re.MULTILINE)
                found.append(Statement(heading[1], heading[2], frozenset(kinds) & set(KINDS)))
    return tuple(sorted(found, key=lambda statement: int(statement.name[1:])))


class _Collector:
    """A pytest plugin that stores the collected tests."""

    def __init__(self) -> None:
        self.items: list[pytest.Item] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = list(session.items)


def collected() -> Sequence[pytest.Item]:
    """Every test of the project, slow tests included; no test is run."""
    collector = _Collector()
    with contextlib.redirect_stdout(io.StringIO()):
        code = pytest.main(
            ["--collect-only", "-q", "-n", "0", "-m", "", str(Path(__file__).parents[1])],
            plugins=[collector],
        )
    if code != pytest.ExitCode.OK:
        raise RuntimeError(f"pytest cannot collect the tests: {code}")
    return collector.items


def checks_of(items: Sequence[pytest.Item]) -> Iterator[Check]:
    """A check for each theorem in the markers of each test."""
    for item in items:
        for marker in item.iter_markers("theorem"):
            exhausted = marker.kwargs.get("exhausted")
            for theorem in marker.args:
                yield Check(str(theorem), item.nodeid, exhausted, _examples(item))


def _examples(item: pytest.Item) -> int:
    function = getattr(item, "function", None)
    if getattr(function, "is_hypothesis_test", False):
        chosen = getattr(function, "_hypothesis_internal_use_settings", None)
    else:
        # Hypothesis makes a state machine's test a method of a TestCase that has the settings.
        chosen = getattr(getattr(item, "cls", None), "settings", None)
    examples = getattr(chosen, "max_examples", 1)
    return examples if isinstance(examples, int) else 1


def table(book: Sequence[Statement], checks: Sequence[Check]) -> str:
    """The matrix, in Markdown."""
    lines = ["| theorem | proved | machine-checked | exhausted | tested |", "|---|---|---|---|---|"]
    for statement in book:
        own = [check for check in checks if check.theorem == statement.name]
        sizes = sorted({check.exhausted for check in own if check.exhausted is not None})
        tests = [check for check in own if check.exhausted is None]
        examples = sum(check.examples for check in tests)
        lines.append(
            f"| {statement.name} {statement.title} "
            f"| {'yes' if 'proved' in statement.kinds else '–'} "
            f"| {machine.covered(statement.name)} "
            f"| {'; '.join(sizes) or '–'} "
            f"| {f'{len(tests)} tests, {examples:,} examples' if tests else '–'} |"
        )
    return "\n".join(lines)


def checks_from_another_process() -> list[Check]:
    """Every check, collected by another process: pytest cannot collect while it runs tests."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")
    }
    found = subprocess.run(
        [sys.executable, "-m", "tests.making.matrix", "--json"],
        cwd=PROJECT,
        env=environment | {"AMIN_PROFILE": "ci"},
        capture_output=True,
        text=True,
        check=True,
    )
    return [Check(**fields) for fields in json.loads(found.stdout)]


def main() -> None:
    checks = list(checks_of(collected()))
    if "--json" in sys.argv:
        print(json.dumps([asdict(check) for check in checks]))
    else:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(
            replaced(page, "matrix", f"{table(read_book(), checks)}\n"), encoding="utf-8"
        )


if __name__ == "__main__":
    main()

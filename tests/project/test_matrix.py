"""The theorem book, the tests' markers and proofs_notes/matrix.md agree."""

from __future__ import annotations

import ast
import re

import pytest

from tests.making.markers import between
from tests.making.matrix import (
    KINDS,
    PAGE,
    THEOREMS,
    Check,
    Statement,
    checks_from_another_process,
    read_book,
    table,
)
from tests.support.project import PROJECT

# Files whose tests are all checks of theorems, so that each must name one.
ALL_ABOUT_THEOREMS = (
    "test_theorems.py",
    "test_open.py",
    "test_naive.py",
    "test_work_per_round.py",
)


@pytest.fixture(scope="module")
def checks() -> list[Check]:
    """Those of all tests: to collect these takes as long as to run a hundred of them."""
    return checks_from_another_process()


@pytest.fixture(scope="module")
def book() -> tuple[Statement, ...]:
    return read_book()


def test_the_book_states_every_theorem_once(book: tuple[Statement, ...]) -> None:
    assert tuple(statement.name for statement in book) == THEOREMS


@pytest.mark.slow
def test_every_theorem_has_a_check(checks: list[Check]) -> None:
    assert set(THEOREMS) - {check.theorem for check in checks} == set()


@pytest.mark.slow
def test_every_check_names_a_theorem(checks: list[Check]) -> None:
    unknown = [check for check in checks if check.theorem not in THEOREMS]
    assert unknown == []


@pytest.mark.parametrize("name", ALL_ABOUT_THEOREMS)
def test_no_check_is_without_a_theorem(name: str) -> None:
    tree = ast.parse((PROJECT / "tests" / "policies" / name).read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            marks = " ".join(ast.unparse(decorator) for decorator in node.decorator_list)
            assert "theorem(" in marks, f"{name}: {node.name} names no theorem"


@pytest.mark.slow
def test_book_and_markers_agree_on_the_kinds(
    book: tuple[Statement, ...], checks: list[Check]
) -> None:
    for statement in book:
        own = [check for check in checks if check.theorem == statement.name]
        by_markers = {"exhausted" if check.exhausted else "tested" for check in own}
        assert by_markers == statement.kinds - {"proved"}, statement.name


def test_a_statement_marked_as_proved_has_a_proof(book: tuple[Statement, ...]) -> None:
    pages = "".join(
        page.read_text(encoding="utf-8")
        for page in sorted((PROJECT / "proofs_notes" / "theorems").glob("*.md"))
    )
    for statement in book:
        section = re.split(rf"^## {statement.name} — ", pages, flags=re.MULTILINE)[1]
        proof = section.split("### Proof", 1)[1].split("### Checks", 1)[0]
        assert ("∎" in proof) == ("proved" in statement.kinds), statement.name
    assert {kind for statement in book for kind in statement.kinds} <= set(KINDS)


@pytest.mark.slow
def test_the_page_shows_the_matrix(book: tuple[Statement, ...], checks: list[Check]) -> None:
    shown = between(PAGE.read_text(encoding="utf-8"), "matrix")
    assert shown == f"{table(book, checks)}\n", "python -m tests.making.matrix"

"""The hand-picked mutants are up to date; ``python -m tests.long.mutants`` tests the tests."""

from __future__ import annotations

import ast

import pytest

from tests.long.mutants.catalogue import MUTANTS, Mutant, StaleMutant, mutated
from tests.long.mutants.theorem_tests import files_naming
from tests.support.project import PROJECT


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_mutant_changes_the_code_and_compiles(mutant: Mutant) -> None:
    """A stale mutant raises an error; every test would kill a mutant that is no Python."""
    source = (PROJECT / mutant.file).read_text(encoding="utf-8")
    broken = mutated(source, mutant)
    assert ast.dump(ast.parse(broken)) != ast.dump(ast.parse(source))
    assert files_naming(mutant.theorem)


def test_the_mutants_are_all_different() -> None:
    assert len({(mutant.file, mutant.old, mutant.new) for mutant in MUTANTS}) == len(MUTANTS)
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 20


def test_a_stale_mutant_is_an_error() -> None:
    mutant = Mutant("no such line", "T1", "some/file.py", "x = 1", "x = 2")
    for source in ("", "x = 1; x = 1"):
        with pytest.raises(StaleMutant, match=r"'no such line'.* some/file.py"):
            mutated(source, mutant)

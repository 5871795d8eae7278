"""The package has the program that Coq extracts today, and names theorems that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from amin_ref.proved import OF_CERTIFICATES, OF_SCHEDULES, Trust
from amin_ref.proved.building import COMPILE
from amin_ref.proved.source_text import source_texts
from tests.making.extracted import extracted
from tests.making.machine import declared
from tests.rocq.program import ROCQ

MEND = "`python -m tests.making.extracted`, then commit amin_ref/proved/source"


def test_the_package_has_the_main_program_of_today() -> None:
    assert source_texts()["main.ml"] == (ROCQ / "main.ml").read_text(encoding="utf-8"), MEND


def test_the_package_has_what_the_main_program_calls() -> None:
    """Quick, without Coq; what is extracted is compared in the slow test."""
    extract = (ROCQ / "Extract.v").read_text(encoding="utf-8")
    found = re.search(r'Extraction "amin_model\.ml" ([^.]*)\.', extract)
    assert found
    declarations = source_texts()["amin_model.mli"]
    for name in found[1].split():
        assert re.search(rf"^val {name} :", declarations, re.MULTILINE), f"{name}: {MEND}"


@pytest.mark.slow
def test_the_package_has_what_coq_extracts(compiled_program: Path) -> None:
    assert source_texts() == extracted(compiled_program), MEND


def test_the_package_compiles_as_build_does() -> None:
    assert f"{' '.join(COMPILE)} " in (ROCQ / "build.sh").read_text(encoding="utf-8")


@pytest.mark.parametrize("trust", [OF_SCHEDULES, OF_CERTIFICATES], ids=lambda trust: trust.theorem)
def test_what_is_printed_names_a_theorem_and_files_that_exist(trust: Trust) -> None:
    assert trust.theorem in declared()
    assert all((ROCQ / name).is_file() for name in trust.definitions)

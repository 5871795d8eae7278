"""The proofs keep the rules of their house: short, named, explained, without assumptions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.making.machine import BOOKS
from tests.rocq.program import ROCQ

LONGEST_LINE = 100
"""Columns, as in the Python."""

LONGEST_PROOF = 40
"""Lines from ``Proof.`` to ``Qed.``, so that a maintainer can see a whole proof at once."""

LONGEST_FILE = 520
"""Lines."""

LONGEST_MODEL = 200
"""Lines of ``Model.v``, which a reader must compare with the specification."""

UNFOLDS_THE_MODEL = re.compile(
    r"\bunfold [^.]*\b(?:part|plan|precedes|insert_all|refine|overflows|fits|amin_steps|round)\b"
)
"""A proof that looks into a definition of ``Model.v``."""


def sources() -> list[Path]:
    return sorted(file for file in ROCQ.rglob("*.v") if file.name != "Audit.v")


def relative(file: Path) -> str:
    return file.relative_to(ROCQ).as_posix()


def text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8")


@pytest.mark.parametrize("file", sources(), ids=relative)
def test_lines_proofs_and_files_are_short(file: Path) -> None:
    lines = text_of(file).splitlines()
    longest = {"Model.v": LONGEST_MODEL}
    assert len(lines) <= longest.get(file.name, LONGEST_FILE)
    assert [line for line in lines if len(line) > LONGEST_LINE] == []
    for proof in re.findall(r"^Proof\..*?(?:Qed|Defined)\.", text_of(file), re.DOTALL | re.M):
        assert proof.count("\n") < LONGEST_PROOF, proof[:200]


@pytest.mark.parametrize("file", sources(), ids=relative)
def test_a_sentence_stands_above_each_theorem_and_record(file: Path) -> None:
    kinds = "Theorem|Lemma|Example|Record|Fixpoint|Inductive"
    bare = re.findall(rf"(?<!\*\)\n)^(?:{kinds}) \w+", text_of(file), re.MULTILINE)
    assert bare == []


@pytest.mark.parametrize("file", sources(), ids=relative)
def test_nothing_is_assumed_and_no_automatic_name_is_used(file: Path) -> None:
    """``build.sh`` decides by ``Print Assumptions``; this test is quicker and sees less."""
    text = text_of(file)
    assert re.findall(r"\b(?:Admitted|Axiom|Parameter|Conjecture|Abort)\b|\badmit\.", text) == []
    assert re.findall(r"\b(?:H\d+|IH[a-z]+\d*|Heq\w*)\b", text) == []


@pytest.mark.parametrize("file", sources(), ids=relative)
def test_only_facts_look_into_the_model(file: Path) -> None:
    if file.parent.name == "facts" or file.name == "Model.v":
        return
    assert UNFOLDS_THE_MODEL.findall(text_of(file)) == []


def test_the_project_file_names_each_file_once() -> None:
    named = re.findall(r"^\S+\.v$", (ROCQ / "_CoqProject").read_text("utf-8"), re.MULTILINE)
    assert sorted(named) == sorted(map(relative, sources()))


def test_each_proof_of_the_book_is_one_reference() -> None:
    books = "".join(map(text_of, BOOKS))
    for proof in re.findall(r"^Proof\.(.*?)Qed\.", books, re.DOTALL | re.M):
        assert re.fullmatch(r"\s*exact \(.*\)\.\s*", proof, re.DOTALL), proof

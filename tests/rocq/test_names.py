"""The theorem book and ``Book.v`` name the same theorems, and neither was edited alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.making.machine import BOOKS, declared, fingerprint, items, theorems
from tests.making.matrix import THEOREMS

READ = "read both texts side by side, then `python -m tests.making.machine`"


def test_every_theorem_has_words_above_it_and_a_hash_of_the_book() -> None:
    assert [theorem.name for theorem in theorems()] == declared()


def test_the_book_names_every_theorem_once_and_no_other() -> None:
    assert sorted(item.name for item in items()) == sorted(declared())


def test_every_name_stands_in_the_section_that_it_is_about() -> None:
    for item in items():
        number = re.fullmatch(r"(T\d+)(?:_(\w))?", item.name)
        if number:
            assert item.section == number[1] in THEOREMS
            assert number[2] is None or f"({number[2]})" in item.part


def test_the_book_records_the_present_text_of_each_theorem() -> None:
    texts = {theorem.name: theorem.text for theorem in theorems()}
    for item in items():
        assert item.recorded == fingerprint(texts[item.name]), f"{item.name}: {READ}"


def test_each_theorem_records_the_present_text_of_the_book() -> None:
    texts = {item.name: item.text for item in items()}
    for theorem in theorems():
        assert theorem.recorded == fingerprint(texts[theorem.name]), f"{theorem.name}: {READ}"


@pytest.mark.parametrize(
    ("old", "new"), [("occupancy B l t <= M", "occupancy B l t <= M + 1"), ("In no round", "In a")]
)
def test_an_edit_of_a_statement_or_of_its_words_changes_the_hash(
    tmp_path: Path, old: str, new: str
) -> None:
    source = BOOKS[0].read_text(encoding="utf-8").replace("in no round", "In no round")
    assert old in source
    edited = tmp_path / "Book.v"
    edited.write_text(source.replace(old, new), encoding="utf-8")
    before = {theorem.name: fingerprint(theorem.text) for theorem in theorems()}
    after = {theorem.name: fingerprint(theorem.text) for theorem in theorems([edited])}
    assert before["T1"] != after["T1"]
    assert before["T3"] == after["T3"]

"""Each term of the glossary has a name in the code that exists."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from pkgutil import resolve_name

import pytest

from tests.support.project import PROJECT

PAGE = PROJECT / "proofs_notes" / "glossary.md"
ROW = re.compile(
    r"^\| (?P<term>.+) \| (?P<meaning>.+) \| `(?P<name>[\w.]+)` \| (?P<section>\d) \|$"
)


def rows() -> list[re.Match[str]]:
    """The lines of the tables below their headings."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    cells = [line for line in lines if line.startswith("| ") and not line.startswith("| term ")]
    found = [(line, ROW.match(line)) for line in cells]
    malformed = [line for line, match in found if match is None]
    assert malformed == [], "a row is: term, meaning, `name`, section"
    return [match for _, match in found if match is not None]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["term"])
def test_the_name_of_a_term_exists(row: re.Match[str]) -> None:
    try:
        resolve_name(row["name"])
    except AttributeError:
        # A field of a dataclass without a default is no attribute of the class.
        owner, _, field = row["name"].rpartition(".")
        value = resolve_name(owner)
        assert is_dataclass(value), row["name"]
        assert field in {each.name for each in fields(value)}, row["name"]


def test_a_term_has_one_entry_and_one_or_two_sentences() -> None:
    terms = [row["term"] for row in rows()]
    assert len(terms) == len(set(terms)) > 40
    for row in rows():
        assert row["meaning"].endswith("."), row["term"]
        assert len(re.findall(r"[.;] ", row["meaning"])) <= 2, row["term"]

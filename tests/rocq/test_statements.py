"""The site's page of statements has each theorem of ``Book.v``, its definitions, and no proof."""

from __future__ import annotations

import re

import pytest

from tests.making.machine import BOOKS, declared
from tests.making.site import CONFIGURATION
from tests.making.statements import PLACE, ROCQ, Statement, needed, page, statements


@pytest.fixture(scope="module")
def theorems() -> list[Statement]:
    return [one for book in BOOKS for one in statements(book) if one.kind == "Theorem"]


def test_the_page_has_each_theorem_with_words_and_without_proof(theorems: list[Statement]) -> None:
    text = page()
    source = "".join(book.read_text(encoding="utf-8") for book in BOOKS)
    assert [one.name for one in theorems] == declared()
    for one in theorems:
        assert one.words
        assert f"{one.text}\nProof." in source
        assert f"```coq\n{one.text}\n```" in text
    for word in ("Proof.", "Qed.", "exact (", "Text of the book"):
        assert word not in text


def test_a_name_of_the_development_in_a_statement_has_its_definition(
    theorems: list[Statement],
) -> None:
    """A second way to the definitions: what begins a line with a definition of that name."""
    found = {one.name: one for one in needed(theorems)}
    for name in ("request", "valid", "occupancy", "simulate", "amin", "verify", "amin_round"):
        assert name in found
    for file in ("Records.v", "Model.v", "Spec.v", "Certificate.v", "Check.v"):
        names = re.findall(
            r"^(?:Definition|Fixpoint|Record|Inductive) ([\w']+)",
            (ROCQ / file).read_text(encoding="utf-8"),
            re.MULTILINE,
        )
        shown = " ".join(one.text for one in [*theorems, *found.values()])
        for name in names:
            if re.search(rf"(?<![\w']){re.escape(name)}(?![\w'])", shown):
                assert name in found


def test_each_link_within_the_page_leads_to_an_entry() -> None:
    text = page()
    anchors = re.findall(r"\{ #(\S+) \}", text)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r"\]\(#(\S+?)\)", text)) <= set(anchors)


def test_the_page_is_in_the_navigation_of_the_site() -> None:
    assert f'= "{PLACE}" ' in CONFIGURATION.read_text(encoding="utf-8")

"""The page of the documentation site with what is machine-checked: statements without proofs.

It has each theorem of ``Book.v`` with the words above it, and every definition whose name occurs in
a statement, directly or through other definitions. It is made from the text of the sources alone,
so the site can be built where Coq is missing; Pygments highlights it there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.making.machine import BOOKS
from tests.support.project import PROJECT

ROCQ = PROJECT / "proofs_notes" / "rocq"

PLACE = "machine-statements.md"
"""The page's path on the site."""

COMMENT = r"\(\*(?:(?!\*\)).)*\*\)"
"""A comment of Coq, of those without another inside."""

SENTENCE = rf"(?:{COMMENT}|[^.]|\.(?!\s))*\."
"""A sentence of Coq: up to a full stop before white space, outside of comments."""

KINDS = "Definition|Fixpoint|Record|Inductive|Theorem"

ITEM = re.compile(
    rf"^(?:\(\* (?P<words>(?:(?!\*\)).)*?)\s*\*\)\n)?(?P<text>(?P<kind>{KINDS}) (?P<name>[\w']+)"
    rf"{SENTENCE})(?=\s)",
    re.DOTALL | re.MULTILINE,
)

HASH = re.compile(r"\s*Text of the book: [0-9a-f]{8}\.$")
"""What only a test reads."""

VARIABLES = re.compile(r"^(?:Variables?|Context) .*?\.$", re.MULTILINE)

FIELD = re.compile(r"(?:[{;|]|:= *)\s*([\w']+) (?=[:{]|:=)|\|\s*([\w']+)")
"""A field of a record, or a constructor."""


@dataclass(frozen=True)
class Statement:
    """A theorem without its proof, or a definition.

    Attributes:
        name: its own.
        kind: the word of Coq that begins it, such as ``"Theorem"``.
        words: the comment above it.
        text: the sentence of Coq.
        file: in which it stands, such as ``"Spec.v"``.
    """

    name: str
    kind: str
    words: str
    text: str
    file: str

    @cached_property
    def names(self) -> frozenset[str]:
        """By what others mention it: its name, its fields and its constructors."""
        inside = FIELD.findall(self.text) if self.kind in ("Record", "Inductive") else []
        return frozenset({self.name, *(first or second for first, second in inside)})

    @cached_property
    def mentions(self) -> frozenset[str]:
        """Every word of its text."""
        text = re.sub(COMMENT, "", self.text, flags=re.DOTALL)
        return frozenset(re.findall(r"[\w']+", text)) - self.names


def statements(file: Path) -> list[Statement]:
    """Every theorem and definition of a file, in its order."""
    return [
        Statement(
            found["name"],
            found["kind"],
            " ".join(HASH.sub("", found["words"] or "").split()),
            found["text"],
            file.relative_to(ROCQ).as_posix(),
        )
        for found in ITEM.finditer(file.read_text(encoding="utf-8"))
    ]


def files() -> list[Path]:
    """The files of the development, in the order in which they need one another."""
    listed = (ROCQ / "_CoqProject").read_text(encoding="utf-8").split()
    return [ROCQ / name for name in listed if name.endswith(".v")]


def needed(theorems: list[Statement]) -> list[Statement]:
    """The definitions whose names occur in the theorems, directly or not, in the files' order."""
    every = [
        one
        for file in files()
        if file not in BOOKS and file.name != "Witness.v"
        for one in statements(file)
        if one.kind != "Theorem"
    ]
    by_name = {name: one for one in every for name in one.names}
    found: set[Statement] = set()
    left = list(theorems)
    while left:
        mentioned = {by_name[name] for name in left.pop().mentions if name in by_name}
        left += mentioned - found
        found |= mentioned
    return [one for one in every if one in found]


def page() -> str:
    """The page, as Markdown."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    theorems = [one for book in BOOKS for one in statements(book) if one.kind == "Theorem"]
    definitions = needed(theorems)
    yield "# Machine-checked statements"
    yield ""
    yield (
        f"The {len(theorems)} theorems of `Book.v`, `BookOfRatios.v` and `BookOfTokens.v` in "
        f"`proofs_notes/rocq`, and the {len(definitions)} "
        "definitions whose names occur in them, directly or through other definitions. Coq has "
        "checked a proof of each theorem; the page leaves the proofs out. "
        "[Machine-checked proofs](machine.md) says what is trusted. `Z` are the integers; where a "
        "section of a file has variables, its definitions take them first."
    )
    yield from ("", "## Theorems", "")
    anchors = {name: one.name for one in definitions for name in one.names}
    for theorem in theorems:
        yield from _entry(theorem)
        used = sorted({anchors[name] for name in theorem.mentions if name in anchors})
        if used:
            yield (
                "Definitions: " + ", ".join(f"[`{name}`](#{_anchor(name)})" for name in used) + "."
            )
            yield ""
    for file in files():
        own = [one for one in definitions if one.file == file.relative_to(ROCQ).as_posix()]
        if not own:
            continue
        yield from (f"## Definitions of `{own[0].file}`", "")
        variables = VARIABLES.findall(file.read_text(encoding="utf-8"))
        if variables:
            yield from ("Variables of its sections:", "", "```coq", *variables, "```", "")
        for one in own:
            yield from _entry(one)


def _entry(one: Statement) -> Iterator[str]:
    yield f"### `{one.name}` {{ #{_anchor(one.name)} }}"
    yield ""
    if one.words:
        # Letters such as "<" and "_" of the comment are no Markdown.
        yield re.sub(r"([\\*_<>\[\]|`])", r"\\\1", one.words)
        yield ""
    yield from ("```coq", one.text, "```", "")


def _anchor(name: str) -> str:
    return "coq-" + name.replace("'", "-prime")

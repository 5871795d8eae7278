"""The theorem book beside ``Book.v``: which statement is machine-checked, under which name.

``python -m tests.making.machine`` writes the hash of each text beside the other text. Run it only
after both have been read side by side: the hashes make a test fail when one text is edited alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.support.project import PROJECT

BOOK = PROJECT / "proofs_notes" / "theorems"
CONFORMANCE = PROJECT / "proofs_notes" / "conformance.md"
BOOKS = tuple(
    PROJECT / "proofs_notes" / "rocq" / f"{name}.v"
    for name in ("Book", "BookOfRatios", "BookOfTokens")
)
"""The files of the statements in Coq. Below, ``Book.v`` stands for all three."""

ITEM = re.compile(r"^- machine: `(\w+)`(?:, (.+?))?, checked text ([0-9a-f]{8})$", re.MULTILINE)
"""An item under ``### Checks``: the name in ``Book.v``, the part that it covers, a hash of it."""

THEOREM = re.compile(
    r"\(\* ([^(]*(?:\((?!\*)[^(]*)*?)\s*Text of the book: ([0-9a-f]{8})\. \*\)\n"
    r"(Theorem (\w+).*?)\nProof\.",
    re.DOTALL,
)
"""A theorem of ``Book.v``: its words, the hash of the book's text, the statement and its name."""


@dataclass(frozen=True)
class Item:
    """A statement of the book that is machine-checked.

    Attributes:
        name: of the theorem in ``Book.v``.
        section: the heading of the book's section, such as ``"T4"``.
        part: what of the book's statement it covers; empty for the whole.
        recorded: the hash of the theorem's text in ``Book.v``, as the book has it.
        text: the statement in the book.
    """

    name: str
    section: str
    part: str
    recorded: str
    text: str


@dataclass(frozen=True)
class Theorem:
    """A theorem of ``Book.v``: its name, its text, and the recorded hash of the book's text."""

    name: str
    text: str
    recorded: str


def fingerprint(text: str) -> str:
    """Eight hexadecimal digits that change with the words of a text, but not with its lines."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:8]


def pages() -> list[Path]:
    """The pages of the book, and the page that proves the theorem on conformance."""
    return [*sorted(BOOK.glob("*.md")), CONFORMANCE]


def items() -> list[Item]:
    """Every item of the kind ``machine`` in the book and in ``conformance.md``."""
    found = []
    for page in pages():
        for section in re.split(r"^(?=## )", page.read_text(encoding="utf-8"), flags=re.MULTILINE):
            heading = section.partition("\n")[0].removeprefix("## ").split(" — ")[0]
            statement = section.partition("### Statement")[2] or section
            text = re.split(r"^### ", statement, flags=re.MULTILINE)[0]
            found += [
                Item(name, heading, part, recorded, text)
                for name, part, recorded in ITEM.findall(section)
            ]
    return found


def theorems(files: Iterable[Path] = BOOKS) -> list[Theorem]:
    """Every theorem of ``Book.v``."""
    return [
        Theorem(name, f"{words} {statement}", recorded)
        for file in files
        for words, recorded, statement, name in THEOREM.findall(file.read_text(encoding="utf-8"))
    ]


def declared(files: Iterable[Path] = BOOKS) -> list[str]:
    """The names of the theorems of ``Book.v``, whatever stands above them."""
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    return re.findall(r"^Theorem (\w+)", text, re.MULTILINE)


def covered(section: str) -> str:
    """A cell of the matrix: what of a theorem is machine-checked."""
    own = [item for item in items() if item.section == section]
    return "; ".join(f"`{item.name}`{f' {item.part}' if item.part else ''}" for item in own) or "–"


def main() -> None:
    in_book = {item.name: item for item in items()}
    proved = {theorem.name: theorem for theorem in theorems()}
    for page in pages():
        text = page.read_text(encoding="utf-8")
        for name in proved:
            text = re.sub(
                rf"(^- machine: `{name}`.*, checked text )[0-9a-f]{{8}}$",
                rf"\g<1>{fingerprint(proved[name].text)}",
                text,
                flags=re.MULTILINE,
            )
        page.write_text(text, encoding="utf-8")
    for file in BOOKS:
        source = file.read_text(encoding="utf-8")
        for name, item in in_book.items():
            source = re.sub(
                rf"(Text of the book: )[0-9a-f]{{8}}(\. \*\)\nTheorem {name}\b)",
                rf"\g<1>{fingerprint(item.text)}\g<2>",
                source,
            )
        file.write_text(source, encoding="utf-8")


if __name__ == "__main__":
    main()

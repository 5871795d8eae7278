"""Faults in a source of the extracted program, all of them in one program.

Each fault is put into a copy of the source; each copy is a module of one Coq file. The program that
is extracted from it has the number of a fault as its argument, and does what the source with that
fault does. So one compilation is enough for all faults of a source.

A fault is put into the program, not into a proof: a script that no longer compiles would not show
that a statement is false.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from amin_ref.proved.building import COMPILE
from amin_ref.proved.source_text import SOURCES
from tests.rocq.program import ROCQ

IMPORT = re.compile(r"^From .*\.\n", re.MULTILINE)
"""What a source needs of others; a module cannot begin with that."""


class Mutant(NamedTuple):
    """A fault: what it is, and the text of the source that it changes."""

    fault: str
    old: str
    new: str


MODEL = '"amin_model.ml"'
"""The file of OCaml, in ``Extract.v``; the names of what is extracted follow."""

OPENED = "open Amin_model\n"
"""Where ``main.ml`` has what is extracted."""

CHOSEN = "let fault = List.nth faults (int_of_string Sys.argv.(1))\n"
"""The program's argument chooses a copy."""


class Source(NamedTuple):
    """A source that gets faults.

    Attributes:
        name: its file.
        answer: in Coq, what the program needs of a copy; ``COPY`` is the module's name.
        uses: texts of ``main.ml``, each with its replacement, in which ``fault`` is that answer.
    """

    name: str
    answer: str
    uses: Mapping[str, str]


def with_faults(
    original: Path, folder: Path, source: Source, changes: Sequence[tuple[str, str]]
) -> Path:
    """A program with each of the faults, numbered from 1; 0 is the source without a fault.

    Args:
        original: the program without faults, beside its compiled sources.
        folder: an empty folder for the new program.
        source: the source that gets the faults, and how the program uses it.
        changes: for each fault, the text that it changes, and the new text.
    """
    text = (ROCQ / source.name).read_text(encoding="utf-8")
    body = IMPORT.sub("", text)
    bodies = [body, *(replaced(body, {old: new}) for old, new in changes)]
    copies = "".join(f"Module Copy{n}.\n{each}End Copy{n}.\n" for n, each in enumerate(bodies))
    answers = "; ".join(source.answer.replace("COPY", f"Copy{n}") for n in range(len(bodies)))
    extract = (ROCQ / "Extract.v").read_text(encoding="utf-8")
    settings, extraction = extract.split("\nExtraction ")
    (folder / "Faults.v").write_text(
        f"{settings}\n{''.join(IMPORT.findall(text))}{copies}Import ListNotations.\n"
        f"Definition faults := [{answers}].\n"
        f"Extraction {replaced(extraction, {MODEL: f'{MODEL} faults'})}",
        encoding="utf-8",
    )
    main = (ROCQ / "main.ml").read_text(encoding="utf-8")
    (folder / "main.ml").write_text(
        replaced(main, {OPENED: f"{OPENED}{CHOSEN}", **source.uses}), encoding="utf-8"
    )
    coq = ["coqc", "-q", "-R", str(original.parent), "AminRef", "Faults.v"]
    subprocess.run(coq, cwd=folder, check=True)
    subprocess.run([*COMPILE, *SOURCES, "-o", "amin_model"], cwd=folder, check=True)
    return folder / "amin_model"


def replaced(text: str, changes: Mapping[str, str]) -> str:
    """The text with each change made; each old text must stand there once."""
    for old, new in changes.items():
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
        text = text.replace(old, new)
    return text

"""The extracted program for the package: ``python -m tests.making.extracted``.

Extracts from a copy of ``proofs_notes/rocq``, for which it needs Coq, and copies the sources of the
program to ``amin_ref/proved/source``. Run it after an edit of a definition or of ``main.ml``.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from amin_ref.proved.source_text import SOURCES
from tests.rocq.program import built
from tests.support.project import PROJECT

SHIPPED = PROJECT / "amin_ref" / "proved" / "source"
"""The folder of the sources that the package has."""


def extracted(program: Path) -> dict[str, str]:
    """The sources beside a program that ``build.sh`` has compiled, by name."""
    return {name: (program.parent / name).read_text(encoding="utf-8") for name in SOURCES}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, text in extracted(built(Path(folder))).items():
            (SHIPPED / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

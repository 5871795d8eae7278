"""Pack measurements, a line per experiment: ``python -m tests.making.packed CHECKPOINT OUT``."""

from __future__ import annotations

import sys
from pathlib import Path

from oracle.claims.result_store import packed

if __name__ == "__main__":
    checkpoint, out = map(Path, sys.argv[1:])
    lines = packed(checkpoint.read_text(encoding="utf-8").splitlines())
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")

"""Finished portions of the deep profile, as a file that survives a kill."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from pathlib import Path

from amin_ref.model.json_reading import expect_array, expect_object, parse
from amin_ref.model.validation import whole_number
from oracle.journal import Journal
from tests.long.deep.exploration import Report

FORMAT = "amin-ref/deep-profile"


class Checkpoint:
    """What the finished portions of one seed covered, and the files of their findings.

    Args:
        path: the file; ``None`` keeps nothing.
        seed: portions of other seeds in the file are left alone.
    """

    def __init__(self, path: Path | None, seed: int) -> None:
        self._seed = seed
        self._finished: set[int] = set()
        self.covered: Counter[str] = Counter()
        self.files: list[Path] = []
        self._journal = None if path is None else Journal(path, {"format": FORMAT, "version": 1})
        if self._journal is not None:
            self._journal.read(self._read_line)

    @property
    def finished(self) -> Collection[int]:
        """Numbers of the finished portions."""
        return self._finished

    def add(self, report: Report, files: list[Path]) -> None:
        """Add a portion whose findings are stored in ``files``."""
        if self._journal is not None:
            self._journal.append(
                {
                    "seed": self._seed,
                    "portion": report.portion,
                    "covered": dict(report.covered),
                    "files": [str(file) for file in files],
                }
            )
        self._take(report.portion, report.covered, files)

    def _take(self, portion: int, covered: Counter[str], files: list[Path]) -> None:
        self._finished.add(portion)
        self.covered.update(covered)
        self.files += files

    def _read_line(self, number: int, line: str) -> None:
        found = expect_object(parse(line), "portion")
        if number == 1 or found["seed"] != self._seed:
            return
        covered = expect_object(found["covered"], "covered")
        self._take(
            whole_number("portion", found["portion"], 0, "portions"),
            Counter({name: whole_number(name, times, 0, "") for name, times in covered.items()}),
            [Path(str(file)) for file in expect_array(found["files"], "files")],
        )

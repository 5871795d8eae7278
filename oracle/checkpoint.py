"""Finished pieces of a computation, kept in a file that survives being killed at any moment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from amin_ref.document import (
    expect_fields,
    expect_format,
    expect_object,
    parse,
)
from amin_ref.errors import AminError, InvalidDocument
from amin_ref.validation import whole_number
from oracle.question import (
    FOUND_FIELDS,
    MULTISETS_PER_PIECE,
    QUESTION_FIELDS,
    Found,
    Question,
)

FORMAT = "amin-ref/worst-case-checkpoint"
VERSION = 1

HEADER: Mapping[str, object] = {
    "format": FORMAT,
    "version": VERSION,
    "multisets_per_piece": MULTISETS_PER_PIECE,
}


class Checkpoint:
    """A file of one line for each finished piece, of any number of questions.

    A line is appended in one write and forced to the disk before the piece counts as finished. What
    a kill leaves of a line has no line end: it is cut off when the file is opened again. One
    process at a time may write.

    Args:
        path: the file; made when it is not there.

    Raises:
        InvalidDocument: the file is there and is no checkpoint, or one whose pieces are cut
            differently.
        OSError: it cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._finished: dict[Question, dict[int, Found | None]] = {}
        lines = self._whole_lines()
        if lines:
            self._read(lines)
        else:
            self._append(HEADER)

    def finished(self, question: Question) -> Mapping[int, Found | None]:
        """What the finished pieces of ``question`` have found."""
        return self._finished.get(question, {})

    def add(self, question: Question, piece: int, found: Found | None) -> None:
        """Write down that a piece is finished."""
        what = found.as_document() if found else {}
        self._append(question.as_document() | {"piece": piece} | what)
        self._finished.setdefault(question, {})[piece] = found

    def _whole_lines(self) -> list[bytes]:
        with self._path.open("ab+") as file:
            file.seek(0)
            content = file.read()
            whole = content[: content.rfind(b"\n") + 1]
            if len(whole) < len(content):
                if not whole and not _line(HEADER).startswith(content):
                    raise InvalidDocument(
                        f"{str(self._path)!r} is no checkpoint; name another file."
                    )
                file.truncate(len(whole))
        return whole.splitlines()

    def _append(self, document: Mapping[str, object]) -> None:
        with self._path.open("ab", buffering=0) as file:
            file.write(_line(document))
            os.fsync(file.fileno())

    def _read(self, lines: list[bytes]) -> None:
        for number, line in enumerate(lines, start=1):
            try:
                self._read_line(number, line.decode("utf-8"))
            except (AminError, UnicodeDecodeError) as error:
                why = str(error) if isinstance(error, AminError) else "it is not UTF-8 text."
                raise InvalidDocument(f"{str(self._path)!r}, line {number}: {why}") from None

    def _read_line(self, number: int, line: str) -> None:
        if number == 1:
            header = expect_format(parse(line), FORMAT, VERSION)
            expect_fields(header, "header", tuple(HEADER), ())
            if header["multisets_per_piece"] != MULTISETS_PER_PIECE:
                raise InvalidDocument(
                    f"its pieces are not of {MULTISETS_PER_PIECE} multisets; name another file."
                )
            return
        document = expect_object(parse(line), "piece")
        expect_fields(document, "piece", (*QUESTION_FIELDS, "piece"), FOUND_FIELDS)
        question = Question.from_document(document)
        piece = whole_number("piece", document["piece"], 0, "pieces")
        found = Found.from_document(document) if "by_rank" in document else None
        self._finished.setdefault(question, {})[piece] = found


def _line(document: Mapping[str, object]) -> bytes:
    return json.dumps(document).encode() + b"\n"

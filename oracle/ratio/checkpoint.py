"""A file of finished pieces, so that a search for worst ratios survives being killed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from amin_ref.model.errors import InvalidDocument
from amin_ref.model.json_reading import (
    expect_fields,
    expect_format,
    expect_object,
    parse,
)
from amin_ref.model.validation import whole_number
from oracle.journal import Journal
from oracle.ratio.answer import FOUND_FIELDS, Found
from oracle.ratio.question import MACHINE_FIELD, PIECE_SIZE, QUESTION_FIELDS, Question

FORMAT = "amin-ref/worst-case-checkpoint"
VERSION = 1

HEADER: Mapping[str, object] = {
    "format": FORMAT,
    "version": VERSION,
    "multisets_per_piece": PIECE_SIZE,
}
"""The first line. For policies that are run as a black box, a piece has as many assignments."""


class Checkpoint:
    """A file with one line for each finished piece of any number of questions.

    A piece counts as finished once its line is on the disk (:class:`.journal.Journal`).

    Args:
        path: the file; created if it does not exist.

    Raises:
        InvalidDocument: the file exists and is no checkpoint, or its pieces have another size.
        OSError: the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._finished: dict[Question, dict[int, Found | None]] = {}
        self._journal = Journal(path, HEADER)
        self._journal.read(self._read_line)

    def finished(self, question: Question) -> Mapping[int, Found | None]:
        """The worst instance of each finished piece of ``question``, by number of the piece."""
        return self._finished.get(question, {})

    def add(self, question: Question, piece: int, found: Found | None) -> None:
        """Append a finished piece to the file."""
        what = found.as_document() if found else {}
        self._journal.append(question.as_document() | {"piece": piece} | what)
        self._finished.setdefault(question, {})[piece] = found

    def _read_line(self, number: int, line: str) -> None:
        if number == 1:
            header = expect_format(parse(line), FORMAT, VERSION)
            expect_fields(header, "header", tuple(HEADER), ())
            if header["multisets_per_piece"] != PIECE_SIZE:
                raise InvalidDocument(
                    f"its pieces do not have {PIECE_SIZE} multisets; name another file."
                )
            return
        document = expect_object(parse(line), "piece")
        optional = (*FOUND_FIELDS, MACHINE_FIELD)
        expect_fields(document, "piece", (*QUESTION_FIELDS, "piece"), optional)
        question = Question.from_document(document)
        piece = whole_number("piece", document["piece"], 0, "pieces")
        found = Found.from_document(document) if "by_rank" in document else None
        self._finished.setdefault(question, {})[piece] = found

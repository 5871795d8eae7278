"""Reading files or standard input: the one place where a command reads a file.

Within a command every file is opened once and its text is kept, so that a pipe such as
``<(cat instance.json)`` can be looked at and then read, as a file can.
"""

from __future__ import annotations

from typing import TypeVar

import click

from amin_ref.cli.limits import input_limits
from amin_ref.cli.slow import told_if_slow
from amin_ref.files.reading import CannotRead, Source, open_source
from amin_ref.model.errors import InvalidDocument, shown_path
from amin_ref.model.instance import Instance
from amin_ref.model.schedule import Schedule, read_schedule

STANDARD_INPUT = "standard input"
"""What messages call the file ``-``."""

_SOURCES, _TEXTS = "amin_ref.cli.sources", "amin_ref.cli.texts"
"""Where click's context keeps the open files, and the texts that were read."""

_Kept = TypeVar("_Kept")


def read_text(file: str) -> str:
    """The whole text of ``file``, or of standard input for ``-``.

    Raises:
        CannotRead: there is no such file, it cannot be read, is too large, or is no UTF-8 text.
        InvalidDocument: it is empty.
    """
    texts: dict[str, str] = _kept(_TEXTS)
    if file not in texts:
        texts[file] = source_of(file).text()
    if not texts[file].strip():
        raise InvalidDocument(f"{shown_file(file)} is empty; give a JSON document.")
    return texts[file]


def schedule_in(file: str) -> Schedule:
    """The schedule in a file, one document or JSON lines. Says so if that takes long.

    Raises:
        CannotRead: the file cannot be read.
        InvalidDocument: the file does not hold a schedule.
        InvalidValue: a field's value breaks a rule.
    """
    with told_if_slow(f"reading {shown_file(file)}"):
        return read_schedule(read_text(file))


def instance_in(file: str) -> Instance | None:
    """The instance in a file that holds an instance or a schedule; ``None`` for any other file.

    Raises:
        InvalidDocument: the file begins like a document of this project, and is malformed.
        InvalidValue: a field's value breaks a rule.
    """
    beginning = _beginning(file)
    if b'"amin-ref/schedule' in beginning:
        return read_schedule(read_text(file)).instance
    if b'"amin-ref/' in beginning:
        return Instance.from_json(read_text(file))
    return None


def holds_document(file: str) -> bool:
    """Whether a file begins like a JSON document of this project: an instance or a schedule."""
    return b'"amin-ref/' in _beginning(file)


def shown_file(file: str) -> str:
    """What messages call a file: its name in quotes, or ``standard input``."""
    return STANDARD_INPUT if file == "-" else shown_path(file)


def source_of(file: str) -> Source:
    """The file, opened now or, in the same command, before; closed when the command ends.

    Raises:
        CannotRead: there is no such file, or it cannot be read.
    """
    sources: dict[str, Source] = _kept(_SOURCES)
    if file not in sources:
        context = click.get_current_context()
        sources[file] = context.with_resource(open_source(file, input_limits()))
    return sources[file]


def _beginning(file: str) -> bytes:
    """The first bytes of a file; empty if it cannot be read: reading it whole will say why."""
    try:
        return source_of(file).beginning
    except CannotRead:
        if file == "-":  # it cannot be read again to find out why
            raise
        return b""


def _kept(name: str) -> dict[str, _Kept]:
    found: dict[str, _Kept] = click.get_current_context().meta.setdefault(name, {})
    return found

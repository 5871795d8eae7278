"""Reading files or standard input: the one place where a command reads a file."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from amin_ref.model.errors import InvalidDocument, InvalidWorkload, shown_path
from amin_ref.model.instance import Instance
from amin_ref.model.schedule import Schedule, read_schedule

STANDARD_INPUT = "standard input"
"""What messages call the file ``-``."""

_INPUT = "amin_ref.cli.standard_input"
"""Where click's context keeps standard input, which can be read only once."""

_BEGINNING = 200
"""Bytes of a file by which an instance or schedule is told from a trace: its first field."""


def read_text(file: str) -> str:
    """The whole text of ``file``, or of standard input for ``-``.

    Raises:
        InvalidDocument: there is no such file, it cannot be read, is empty, or is no UTF-8 text.
    """
    name = shown_file(file)
    try:
        text = _read_bytes(file).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidDocument(f"{name} is not UTF-8 text (byte {error.start}).") from None
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise InvalidDocument(f"{name} cannot be read: {reason}.") from None
    except ValueError:  # a path with a NUL in it
        raise InvalidDocument(f"{name} is not the name of a file.") from None
    if not text.strip():
        raise InvalidDocument(f"{name} is empty; give a JSON document.")
    return text


def schedule_in(file: str) -> Schedule:
    """The schedule in a file, one document or JSON lines.

    Raises:
        InvalidDocument: the file cannot be read, or does not hold a schedule.
        InvalidValue: a field's value breaks a rule.
    """
    return read_schedule(read_text(file))


def instance_in(file: str) -> Instance | None:
    """The instance in a file that holds an instance or a schedule; ``None`` for any other file.

    Raises:
        InvalidDocument: the file begins like a document of this project, and is malformed.
        InvalidValue: a field's value breaks a rule.
    """
    beginning = _beginning(file)
    if b'"amin-ref/schedule' in beginning:
        return schedule_in(file).instance
    if b'"amin-ref/' in beginning:
        return Instance.from_json(read_text(file))
    return None


def holds_document(file: str) -> bool:
    """Whether a file begins like a JSON document of this project: an instance or a schedule."""
    return b'"amin-ref/' in _beginning(file)


def shown_file(file: str) -> str:
    """What messages call a file: its name in quotes, or ``standard input``."""
    return STANDARD_INPUT if file == "-" else shown_path(file)


@contextmanager
def trace_path(file: str) -> Iterator[str]:
    """A path by which a trace can be read: ``file``, or a copy of standard input for ``-``.

    Raises:
        InvalidWorkload: raised within this context; a message about the copy speaks of standard
            input.
    """
    if file != "-":
        yield file
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = str(Path(folder) / "trace")
        Path(copy).write_bytes(_read_bytes("-"))
        try:
            yield copy
        except InvalidWorkload as error:
            text = str(error).replace(shown_path(copy), STANDARD_INPUT)
            raise InvalidWorkload(text) from None


def _beginning(file: str) -> bytes:
    """The first bytes of a file; empty if it cannot be read: reading it whole will say why."""
    if file == "-":
        return _read_bytes("-")[:_BEGINNING]
    try:
        with Path(file).open("rb") as opened:
            return opened.read(_BEGINNING)
    except (OSError, ValueError):
        return b""


def _read_bytes(file: str) -> bytes:
    if file != "-":
        return Path(file).read_bytes()
    context = click.get_current_context()
    if _INPUT not in context.meta:
        context.meta[_INPUT] = sys.stdin.buffer.read()
    content: bytes = context.meta[_INPUT]
    return content

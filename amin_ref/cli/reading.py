"""Reading documents from files or standard input, and writing them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from amin_ref.model.errors import CannotWrite, InvalidDocument
from amin_ref.model.instance import Instance
from amin_ref.model.schedule import Schedule, read_schedule


def read_text(file: str) -> str:
    """The whole text of ``file``, or of standard input for ``-``.

    Raises:
        InvalidDocument: there is no such file, it cannot be read, is empty, or is no UTF-8 text.
    """
    name = "standard input" if file == "-" else repr(file)
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        text = content.decode("utf-8-sig")
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
        InvalidDocument: the file cannot be read, or is not as it should be.
        InvalidValue: a field's value breaks a rule.
    """
    return read_schedule(read_text(file))


def instance_in(file: str) -> Instance | None:
    """The instance in a file that holds an instance or a schedule; ``None`` for any other file.

    Raises:
        InvalidDocument: the file is one of ours, and not as it should be.
        InvalidValue: a field's value breaks a rule.
    """
    try:
        with Path(file).open("rb") as opened:
            beginning = opened.read(200)
    except (OSError, ValueError):
        return None
    if b'"amin-ref/schedule' in beginning:
        return schedule_in(file).instance
    if b'"amin-ref/' in beginning:
        return Instance.from_json(read_text(file))
    return None


def write_text(file: str, text: str) -> None:
    """Write a document, or say in one sentence why it cannot be written."""
    try:
        Path(file).write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CannotWrite(f"{file!r} cannot be written: {reason}.") from None

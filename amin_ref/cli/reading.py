"""Reading files or standard input: the one place where a command reads a file.

Within a command every file is opened once and its text is kept, so that a pipe such as
``<(cat instance.json)`` can be looked at and then read, as a file can.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

import click

from amin_ref.checker import check
from amin_ref.cli.limits import input_limits
from amin_ref.cli.messages import warn
from amin_ref.cli.slow import told_if_slow
from amin_ref.cli.wording import count
from amin_ref.files.reading import BEGINNING, CannotRead, Source, open_source
from amin_ref.logs import LastRound, ReadLog, is_log, read_log_to_its_end
from amin_ref.model.errors import InvalidDocument, InvalidValue, shown_path
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


@contextmanager
def named(file: str) -> Iterator[None]:
    """Within this context, an error about what the file holds names the file.

    Raises:
        InvalidDocument: with the file's name and the message of the error.
    """
    try:
        yield
    except CannotRead:
        raise  # it names the file
    except (InvalidDocument, InvalidValue) as error:
        raise InvalidDocument(f"{shown_file(file)}: {error}") from error


def schedule_in(file: str, machine: Mapping[str, object] | None = None) -> Schedule:
    """The schedule in a file: one document, JSON lines, or an engine's log. Says so if slow.

    Warns of a log that was not closed, whose last round is left out.

    Args:
        file: its name; ``-`` is standard input.
        machine: fields of the machine that override or complete those of the file.

    Raises:
        CannotRead: the file cannot be read.
        InvalidDocument: the file does not hold a schedule, a field's value breaks a rule, or the
            last round of a log that was not closed is not valid.
    """
    return _warned(file, log_in(file, machine))


def log_in(file: str, machine: Mapping[str, object] | None = None) -> ReadLog:
    """As :func:`schedule_in`, for a command that says itself which round was left out."""
    with told_if_slow(f"reading {shown_file(file)}"):
        text = read_text(file)
        with named(file):
            return _schedule_or_log(text, machine)


def left_out_in_words(last: LastRound) -> str:
    """That a log was not closed, and which round was left out."""
    return (
        "not closed: the log has no 'end' line, and requests are unfinished. So lines of its last "
        f"round, {last.round:,}, may be missing, and that round is left out: of its "
        f"{count(last.lines, 'line')} is judged only what no further line can mend."
    )


def _warned(file: str, log: ReadLog) -> Schedule:
    """The schedule, after a warning if its last round was left out.

    Raises:
        InvalidDocument: that round is not valid.
    """
    if log.left_out is None:
        return log.schedule
    warn(f"{shown_file(file)} was {left_out_in_words(log.left_out)}")
    violations = check(log.to_check)
    if violations and not check(log.schedule):
        raise InvalidDocument(
            f"{shown_file(file)}: the last round is not valid: {violations[0].message} "
            "'amin-ref check' lists every violation."
        )
    return log.schedule


def _schedule_or_log(text: str, machine: Mapping[str, object] | None = None) -> ReadLog:
    if is_log(text[:BEGINNING]):
        return read_log_to_its_end(text, machine)
    return ReadLog(read_schedule(text, machine))


def instance_in(file: str) -> Instance | None:
    """The instance in a file that holds an instance or a schedule; ``None`` for any other file.

    Raises:
        InvalidDocument: the file begins like a document of this project, and is malformed, or a
            field's value breaks a rule.
    """
    if not holds_document(file):
        return None
    with told_if_slow(f"reading {shown_file(file)}"):
        text = read_text(file)
        with named(file):
            if any(name in _beginning(file) for name in (b'"amin-ref/schedule', b'"amin-ref/log"')):
                log = _schedule_or_log(text)
                return _warned(file, log).instance
            return Instance.from_json(text)


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

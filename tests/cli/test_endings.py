"""The exit code and the one sentence of a command name the cause of its end, whatever it is."""

from __future__ import annotations

import errno
import io
import sys
from collections.abc import Callable

import click
import pytest

from amin_ref.cli.exit_codes import run
from amin_ref.cli.messages import say, tell, warn
from amin_ref.cli.signals import HungUp, Terminated, raise_if_asked_to_stop, remember
from amin_ref.cli.streams import ClosedOutput, flush_or_drop
from amin_ref.model.errors import AminError, CannotWrite


def ends(by: Callable[[], object]) -> click.Command:
    def work() -> None:
        by()

    return click.Command("work", callback=work)


def raising(error: BaseException) -> click.Command:
    def work() -> None:
        raise error

    return ends(work)


@pytest.mark.parametrize(("error", "code", "sentence"), [
    (KeyboardInterrupt(), 130, "interrupted."),
    (click.Abort(), 130, "interrupted."),
    (Terminated(), 143, "terminated."),
    (HungUp(), 129, "the terminal was closed."),
    (MemoryError(), 2, "the numbers asked for need more memory than there is."),
    (CannotWrite("the file is full."), 3, "the file is full."),
    (AminError("the file is no schedule."), 2, "the file is no schedule."),
    (click.UsageError("no such flag"), 2, "no such flag; see 'amin-ref --help'."),
    (click.UsageError("no such flag."), 2, "no such flag; see 'amin-ref --help'."),
    (click.UsageError("did you mean --seed?"), 2, "did you mean --seed? See 'amin-ref --help'."),
    (click.UsageError("(did you mean --seed?)"), 2,
     "(did you mean --seed?) See 'amin-ref --help'."),
    (click.ClickException("no\n  line end"), 2, "no line end; see 'amin-ref --help'."),
    (BrokenPipeError(errno.EPIPE, "Broken pipe"), 141, "the reader of the output closed the pipe."),
    (OSError(errno.ENOSPC, "No space"), 3, "the disk is full, and the output is not complete."),
    (OSError(errno.EIO, "Input/output error", "a.json"), 3,
     "cannot read or write 'a.json': Input/output error."),
    (OSError(errno.EIO, "Input/output error"), 3, "cannot read or write: Input/output error."),
    (OSError("no number"), 3, "cannot read or write: Input/output error."),
    (OSError(errno.EBADF, "Bad file descriptor"), 3, "cannot read or write: Bad file descriptor."),
], ids=lambda value: repr(value) if isinstance(value, BaseException) else "")  # fmt: skip
def test_each_error_has_an_exit_code_and_a_sentence(
    error: BaseException, code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(raising(error), []) == code
    assert capsys.readouterr() == ("", f"amin-ref: {sentence}\n")


@pytest.mark.parametrize("code", [0, 1, 2, 130])
def test_a_command_may_choose_its_code(code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(ends(lambda: click.get_current_context().exit(code)), []) == code
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("number", "code", "ended_by"), [
    (1, 129, HungUp), (2, 130, KeyboardInterrupt), (15, 143, Terminated),
])  # fmt: skip
def test_a_command_that_was_asked_to_stop_ends_by_the_signal(
    number: int, code: int, ended_by: type[KeyboardInterrupt], capsys: pytest.CaptureFixture[str]
) -> None:
    """128 more than the signal's number is the code, whether or not a result was printed."""

    def with_a_result() -> None:
        remember(number)
        click.get_current_context().exit(130)

    def with_an_answer() -> None:
        remember(number)
        click.get_current_context().exit(1)

    def without_one() -> None:
        raise_if_asked_to_stop()  # no signal has arrived: nothing is raised
        remember(number)
        with pytest.raises(KeyboardInterrupt) as raised:
            raise_if_asked_to_stop()
        assert raised.type is ended_by
        raise raised.value

    assert run(ends(with_a_result), []) == code
    assert capsys.readouterr().err == ""
    assert run(ends(with_an_answer), []) == 1
    assert run(ends(without_one), []) == code
    assert capsys.readouterr().err.startswith("amin-ref: ")


class Full(io.StringIO):
    """A stream on a full disk: flushing it raises an error."""

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def fileno(self) -> int:
        return self.descriptor

    descriptor = -1


@pytest.mark.parametrize(("before", "after"), [(0, 3), (1, 3), (2, 2), (130, 130)])
def test_a_lost_output_gives_exit_code_3(
    before: int,
    after: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An earlier error keeps its exit code."""
    full = Full()
    monkeypatch.setattr(sys, "stdout", full)
    with open("/dev/zero", "wb") as dropped:
        full.descriptor = dropped.fileno()
        assert run(ends(lambda: click.get_current_context().exit(before)), []) == after
    said = "amin-ref: the disk is full, and the output is not complete.\n"
    assert capsys.readouterr().err == ("" if after == before else said)


def test_output_that_cannot_be_written_is_dropped_for_good() -> None:
    """Otherwise Python would write it at its end, fail, and end with an exit code of its own."""
    stream = Full()
    with open("/dev/full", "wb", buffering=0) as file:
        stream.descriptor = file.fileno()
        assert flush_or_drop(stream) is not None
        assert file.write(b"goes to the null device") == 23
    assert flush_or_drop(io.StringIO()) is None


def test_a_closed_standard_output_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", ClosedOutput())
    assert run(ends(lambda: click.echo("a result")), []) == 3
    assert capsys.readouterr().err == (
        "amin-ref: standard output is closed; open it to see the result.\n"
    )
    assert run(ends(lambda: click.echo("", nl=False)), []) == 0
    assert run(raising(OSError(errno.EIO, "Input/output error")), []) == 3
    assert capsys.readouterr().err == "amin-ref: cannot read or write: Input/output error.\n"
    assert ClosedOutput().write("") == 0


def test_a_name_that_the_terminal_cannot_show_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, encoding="latin-1"))
    assert run(ends(lambda: click.echo("łódź")), []) == 0
    assert shown.getvalue() == b"\\u0142\xf3d\\u017a\n"


def test_a_message_that_cannot_be_written_raises_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(sys, "stderr", Broken())
    for write in (say, tell, warn):
        write("lost.")


def test_messages_begin_with_the_program_and_warnings_say_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    say("done.")
    tell("written.")
    warn("old.")
    assert capsys.readouterr().err == (
        "amin-ref: done.\namin-ref: written.\namin-ref: warning: old.\n"
    )

"""How the program ends: with an exit code and, if that is above 1, a sentence.

A traceback is printed only after the sentence that reports a bug of the program.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import click
from click.shell_completion import shell_complete

from amin_ref.cli.bugs import BUG, tell_of_bug
from amin_ref.cli.memory import told_if_large
from amin_ref.cli.messages import NAME, say, show
from amin_ref.cli.signals import received, signal_of
from amin_ref.cli.streams import ClosedOutput, flush_or_drop
from amin_ref.model.errors import AminError, CannotWrite

ANSWER_IS_NO = 1
BAD_INPUT = 2
CANNOT_WRITE = 3
HUNG_UP = 129
INTERRUPTED = 130
CLOSED_PIPE = 141
TERMINATED = 143

EXIT_CODES: Mapping[int, str] = MappingProxyType(
    {
        0: "Success. If the command answers a question, the answer is yes.",
        ANSWER_IS_NO: "The answer is no: check, judge, schema --validate: the file is not valid; "
        "conform: the policy could not have made the schedule; drive: the scheduler is not what it "
        "claims.",
        BAD_INPUT: "Bad input: a flag, a file, or its content; or too little memory for it.",
        CANNOT_WRITE: "The result cannot be written.",
        BUG: "A bug in amin-ref, or an incomplete installation. The traceback belongs in a report.",
        HUNG_UP: "SIGHUP: the terminal was closed. The results found so far are printed.",
        INTERRUPTED: "Ctrl-C. The results found so far are printed.",
        CLOSED_PIPE: "The reader of the output closed the pipe.",
        TERMINATED: "SIGTERM. The results found so far are printed.",
    }
)
"""Every exit code of every command, and what it means. ``amin-ref --help`` prints it."""

_ENDED_BY = {
    HUNG_UP: "the terminal was closed",
    INTERRUPTED: "interrupted",
    TERMINATED: "terminated",
}
"""What is said of the signals that end the program, by exit code."""

COMPLETION = "_AMIN_REF_COMPLETE"
"""The environment variable by which a shell asks for completions, as click has it."""


def run(command: click.Command, arguments: Sequence[str]) -> int:
    """Run ``command`` and return its exit code, one of :data:`EXIT_CODES`, whatever happens."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A request's id may hold what the terminal cannot show; that must not end the program.
            stream.reconfigure(errors="backslashreplace")
    code, sentence = _outcome(command, arguments)
    lost = flush_or_drop(sys.stdout)
    if lost is not None and code in (0, ANSWER_IS_NO):
        code, sentence = _not_written(lost)
    if sentence is not None:
        say(sentence)
    return code


def _outcome(command: click.Command, arguments: Sequence[str]) -> tuple[int, str | None]:
    """The exit code, and the sentence about it unless the command has said all."""
    try:
        instruction = os.environ.get(COMPLETION)
        if instruction:
            return shell_complete(command, {}, NAME, COMPLETION, instruction), None
        # Not command.main, which ends the program by itself when the output's pipe is closed.
        with command.make_context(NAME, list(arguments)) as context, told_if_large(context):
            try:
                command.invoke(context)
            except click.exceptions.Exit as ending:
                number = received()
                if ending.exit_code == INTERRUPTED and number is not None:
                    return _code_of(number), None
                return ending.exit_code, None
    except click.exceptions.Exit as ending:
        return ending.exit_code, None
    except click.exceptions.NoArgsIsHelpError as error:
        show(error.format_message())
        return BAD_INPUT, None
    except click.ClickException as error:
        return BAD_INPUT, _one_line(error)
    except CannotWrite as error:
        return CANNOT_WRITE, str(error)
    except AminError as error:
        return BAD_INPUT, str(error)
    except KeyboardInterrupt as error:
        code = _code_of(signal_of(error))
        return code, f"{_ENDED_BY[code]}."
    except click.Abort:
        return INTERRUPTED, f"{_ENDED_BY[INTERRUPTED]}."
    except OSError as error:
        return _not_written(error)
    except MemoryError:
        return BAD_INPUT, "the numbers asked for need more memory than there is."
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, it is no answer
        return tell_of_bug(error), None
    return 0, None


def _code_of(number: int) -> int:
    """The exit code of a program that a signal ended, as shells have it."""
    return 128 + number


def _one_line(error: click.ClickException) -> str:
    message = " ".join(error.format_message().split()).rstrip(".")
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = context.command_path if context else NAME
    joint = " See" if message.endswith(("?", "?)")) else "; see"
    return f"{message}{joint} '{command} --help'."


def _not_written(error: OSError) -> tuple[int, str]:
    if isinstance(error, BrokenPipeError):
        return CLOSED_PIPE, "the reader of the output closed the pipe."
    if error.errno == errno.ENOSPC:
        return CANNOT_WRITE, "the disk is full, and the output is not complete."
    if isinstance(sys.stdout, ClosedOutput) and error.errno == errno.EBADF:
        return CANNOT_WRITE, "standard output is closed; open it to see the result."
    where = f" {error.filename!r}" if error.filename else ""
    why = os.strerror(error.errno or errno.EIO)
    return CANNOT_WRITE, f"cannot read or write{where}: {why}."

"""How the program ends: with an exit code and, unless that is 0, a sentence; never a traceback."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import click
from click.shell_completion import shell_complete

from amin_ref.cli.messages import NAME
from amin_ref.model.errors import AminError, CannotWrite

ANSWER_IS_NO = 1
BAD_INPUT = 2
CANNOT_WRITE = 3
INTERRUPTED = 130
CLOSED_PIPE = 141

EXIT_CODES: Mapping[int, str] = MappingProxyType(
    {
        0: "Success. If the command answers a question, the answer is yes.",
        ANSWER_IS_NO: "The answer is no: check, schema --validate: the file is not valid; conform: "
        "the policy could not have made the schedule; drive: the scheduler is not what it claims.",
        BAD_INPUT: "Bad input: a flag, a file, or its content; or too little memory for it.",
        CANNOT_WRITE: "The result cannot be written.",
        INTERRUPTED: "Ctrl-C. The results found so far are printed.",
        CLOSED_PIPE: "The reader of the output closed the pipe.",
    }
)
"""Every exit code of every command, and what it means. ``amin-ref --help`` prints it."""

COMPLETION = "_AMIN_REF_COMPLETE"
"""The environment variable by which a shell asks for completions, as click has it."""


def run(command: click.Command, arguments: Sequence[str]) -> int:
    """Run ``command`` and return its exit code, one of :data:`EXIT_CODES`, whatever happens."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A request's id may hold what the terminal cannot show; that must not end the program.
            stream.reconfigure(errors="backslashreplace")
    code = 0
    try:
        instruction = os.environ.get(COMPLETION)
        if instruction:
            return shell_complete(command, {}, NAME, COMPLETION, instruction)
        # Not command.main, which ends the program by itself when the output's pipe is closed.
        with command.make_context(NAME, list(arguments)) as context:
            command.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as ending:
        code = ending.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return BAD_INPUT
    except click.ClickException as error:
        return _end(BAD_INPUT, _one_line(error))
    except CannotWrite as error:
        return _end(CANNOT_WRITE, str(error))
    except AminError as error:
        return _end(BAD_INPUT, str(error))
    except (KeyboardInterrupt, click.Abort):
        return _end(INTERRUPTED, "interrupted.")
    except BrokenPipeError:
        return _end(CLOSED_PIPE, "the reader of the output closed the pipe.")
    except OSError as error:
        return _end(CANNOT_WRITE, _why_not_written(error))
    except MemoryError:
        return _end(BAD_INPUT, "the numbers asked for need more memory than there is.")
    return code


def _end(code: int, sentence: str) -> int:
    # Output still buffered for a pipe or disk that fails must not fail again at exit.
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    click.echo(f"{NAME}: {sentence}", err=True)
    return code


def _one_line(error: click.ClickException) -> str:
    message = " ".join(error.format_message().split()).rstrip(".")
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = context.command_path if context else NAME
    return f"{message}; see '{command} --help'."


def _why_not_written(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "the disk is full, and the output is not complete."
    where = f" {error.filename!r}" if error.filename else ""
    return f"cannot read or write{where}: {os.strerror(error.errno or errno.EIO)}."

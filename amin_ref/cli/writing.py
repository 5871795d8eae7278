"""Writing results: files, and text in lines that fit the terminal."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass

import click

from amin_ref.cli.messages import tell
from amin_ref.cli.streams import OUTPUT_NAMES, demand_standard_output
from amin_ref.comparison.grid import wrapped
from amin_ref.files.writing import Destination, destination, write_whole
from amin_ref.model.errors import shown_path


def terminal_width() -> int | None:
    """Columns of the terminal that standard output is; ``None`` for a file or a pipe."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def print_sentence(text: str) -> None:
    """Print a sentence in lines that fit the terminal, or 80 characters where there is none.

    All lines but the first are indented, so that only a new sentence begins at the margin.
    """
    click.echo(wrapped(text, terminal_width(), INDENT))


INDENT = "  "
"""What the second line of a sentence begins with, and each line after it."""


@dataclass(frozen=True, slots=True)
class Output:
    """Where a result goes.

    Attributes:
        file: the file; ``None`` for standard output.
    """

    file: Destination | None

    def write(self, text: str, what: str) -> None:
        """Write a text, and say on standard error that ``what`` was written to the file.

        Args:
            text: all of it, with the line end that it ends with.
            what: such as ``"the schedule"``.

        Raises:
            CannotWrite: the file cannot be written.
        """
        if self.file is None:
            click.echo(text, nl=False)
        else:
            self.file.write(text)
            _tell_written(what, self.file.path)


STANDARD_OUTPUT = Output(None)
"""Results are printed."""


class OutputFile(click.ParamType[Output]):
    """The name of a file to write, or ``-`` for standard output.

    A file that cannot be written is refused before anything is computed.
    """

    name = "file"

    def convert(
        self, value: str | Output, param: click.Parameter | None, ctx: click.Context | None
    ) -> Output:
        """Where ``value`` says that the result goes; its file is not changed yet.

        Raises:
            CannotWrite: the file cannot be written.
        """
        del param
        if isinstance(value, Output):
            return value
        # A shell that asks for completions must not touch the disk.
        completing = ctx is not None and ctx.resilient_parsing
        if completing:
            return STANDARD_OUTPUT
        if value == "-" or value in OUTPUT_NAMES:
            demand_standard_output()
        return STANDARD_OUTPUT if value == "-" else Output(destination(value))


def write_text(file: str, text: str, what: str = "the result") -> None:
    """Write a file, and say on standard error that ``what`` was written.

    Raises:
        CannotWrite: the file cannot be written.
    """
    write_whole(file, text)
    _tell_written(what, file)


def _tell_written(what: str, file: str) -> None:
    tell(f"wrote {what} to {shown_path(file)}.")

"""Messages on standard error, and ``--quiet``, which leaves out all but warnings and errors."""

from __future__ import annotations

import sys

import click

from amin_ref.cli.streams import flush_or_drop

NAME = "amin-ref"
"""The program, in messages, in help texts and to the shell."""

_QUIET = "amin_ref.cli.quiet"
"""Where click's context keeps whether ``--quiet`` was given, for the command and its group."""


def say(sentence: str) -> None:
    """Say something on standard error, with ``--quiet`` as well.

    Where standard error cannot be written, the sentence is dropped: the exit code and the result
    do not depend on it.
    """
    show(f"{NAME}: {sentence}")


def show(text: str) -> None:
    """Write a text to standard error; it is dropped where that cannot be written."""
    try:
        click.echo(text, err=True)
    except OSError:
        flush_or_drop(sys.stderr)


def tell(sentence: str) -> None:
    """Say what was done, on standard error; nothing with ``--quiet``."""
    if not is_quiet():
        say(sentence)


def warn(sentence: str) -> None:
    """Warn on standard error, with ``--quiet`` as well."""
    say(f"warning: {sentence}")


def is_quiet() -> bool:
    """Whether ``--quiet`` was given; False outside of a command."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(_QUIET))


def quiet_flag() -> click.Option:
    """The flag ``-q``, ``--quiet``: the program and each of its commands have it."""
    return click.Option(
        ["-q", "--quiet"],
        is_flag=True,
        expose_value=False,
        callback=_remember,
        help="Write nothing to standard error but warnings and errors.",
    )


def _remember(context: click.Context, _: click.Parameter, value: bool) -> None:
    # The group's flag and the command's mean the same: neither takes the other back.
    if value:
        context.meta[_QUIET] = True

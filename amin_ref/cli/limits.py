"""How large an input may be, and ``--input-limit``, which raises that."""

from __future__ import annotations

import click

from amin_ref.files.reading import LIMITS, Limits

_LIMITS = "amin_ref.cli.limits"
"""Where click's context keeps the limits, for the command and its group."""

MOST_TIMES = 1_000_000
"""The largest factor of the limits: beyond it no machine's memory would suffice."""


def input_limits() -> Limits:
    """The limits on every input of the command that runs."""
    limits: Limits = click.get_current_context().meta.get(_LIMITS, LIMITS)
    return limits


def limits_flag() -> click.Option:
    """The flag ``--input-limit``: the program and each of its commands have it."""
    return click.Option(
        ["--input-limit"],
        type=click.IntRange(1, MOST_TIMES),
        metavar="TIMES",
        expose_value=False,
        callback=_remember,
        help=f"Multiply the limits on every input: {LIMITS.bytes:,} bytes, {LIMITS.lines:,} lines, "
        f"{LIMITS.line:,} bytes in a line; of a compressed file {LIMITS.expansion} times its bytes "
        f"or {LIMITS.unpacked:,}.  [default: 1]",
    )


def _remember(context: click.Context, _: click.Parameter, value: int | None) -> None:
    if value is not None:
        context.meta[_LIMITS] = LIMITS.times(value)

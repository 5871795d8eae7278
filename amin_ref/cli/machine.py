"""Flags that say which machine a schedule is of (specification, section 7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import wraps

import click

from amin_ref.cli.options import REQUESTS, TOKENS, WholeNumber
from amin_ref.model.instance import Instance
from amin_ref.model.machine import machine_document, machine_from_document


def machine_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the flags of the machine; it receives those that were given as ``machine``.

    That is a mapping from fields of :class:`amin_ref.Machine` to values.
    """
    return _with_flags(command, (*_STORAGE, *_LIMITS), "as in FILE, else ")


def storage_options(command: Callable[..., None]) -> Callable[..., None]:
    """As :func:`machine_options`, for commands that read no instance and know no limits."""
    return _with_flags(command, _STORAGE, "")


def _with_flags(
    command: Callable[..., None], names: Iterable[str], default: str
) -> Callable[..., None]:
    flags = tuple(names)

    @wraps(command)
    def with_machine(*args: object, **others: object) -> None:
        values = {name: others.pop(name) for name in flags}
        given = {name: value for name, value in values.items() if value is not None}
        command(*args, machine=given, **others)

    decorated: Callable[..., None] = with_machine
    for name in reversed(flags):
        flag = _FLAGS[name]
        shown = f"{flag.help}  [default: {default}{flag.default}]"
        decorated = click.option(flag.words, type=flag.type, default=None, help=shown)(decorated)
    return decorated


def on_machine(instance: Instance, given: Mapping[str, object]) -> Instance:
    """The instance on its machine, except for the fields that flags have given.

    Raises:
        InvalidValue: the instance is infeasible there.
    """
    if not given:
        return instance
    machine = machine_from_document({**machine_document(instance.machine), **given}, "machine")
    return replace(instance, machine=machine)


def flags_of(given: Mapping[str, object]) -> list[str]:
    """The words of a command line that give these fields of the machine."""
    words: list[str] = []
    for name, value in given.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            words += [f"--{flag}", str(value)]
    return words


@dataclass(frozen=True, slots=True)
class _Flag:
    """A flag for a field of the machine, as :func:`click.option` takes it.

    Attributes:
        words: the flag, with its opposite if it has one.
        default: the field of the paper's machine, in words.
        help: what the field says.
        type: of its value; ``None`` for a flag without a value.
    """

    words: str
    default: str
    help: str
    type: click.ParamType[object] | None = None


_STORAGE = ("after_eviction", "last_token_stored")
"""The fields that say what a request loses and what it stores."""

_LIMITS = ("tokens_per_round", "max_running", "watermark")
"""The fields that limit a round."""

_FLAGS = {
    "after_eviction": _Flag(
        "--after-eviction",
        "restart",
        "Whether the next run of an evicted request starts from nothing, or keeps the tokens "
        "generated before.",
        click.Choice(["restart", "resume"]),
    ),
    "last_token_stored": _Flag(
        "--last-token-stored/--no-last-token-stored",
        "it does",
        "Whether the newest token of a request occupies cache.",
    ),
    "tokens_per_round": _Flag(
        "--tokens-per-round",
        "no limit",
        "Most tokens that are computed in a round, over all requests.",
        TOKENS,
    ),
    "max_running": _Flag(
        "--max-running", "no limit", "Most requests that run in a round.", REQUESTS
    ),
    "watermark": _Flag(
        "--watermark",
        "0",
        "Blocks that an admission leaves free unless no request runs. Validity does not depend on "
        "it.",
        WholeNumber("blocks", least=0),
    ),
}

"""Flags that say which machine a schedule is of (specification, section 7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps

import click

from amin_ref.cli.options import REQUESTS, TOKENS, WholeNumber
from amin_ref.model.instance import Instance
from amin_ref.model.machine import machine_document, machine_from_document

_AS_IN_THE_FILE = "  [default: as in FILE, else {}]"


def machine_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the flags of the machine; it receives those that were given as ``machine``.

    That is a mapping from fields of :class:`amin_ref.Machine` to values.
    """

    @wraps(command)
    def with_machine(
        *args: object,
        after_eviction: str | None,
        last_token_stored: bool | None,
        tokens_per_round: int | None,
        max_running: int | None,
        watermark: int | None,
        **others: object,
    ) -> None:
        flags: dict[str, object] = {
            "after_eviction": after_eviction,
            "last_token_stored": last_token_stored,
            "tokens_per_round": tokens_per_round,
            "max_running": max_running,
            "watermark": watermark,
        }
        given = {name: value for name, value in flags.items() if value is not None}
        command(*args, machine=given, **others)

    decorated: Callable[..., None] = with_machine
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
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


_OPTIONS = (
    click.option(
        "--after-eviction",
        type=click.Choice(["restart", "resume"]),
        help="Whether the next run of an evicted request starts from nothing, or keeps the tokens "
        "generated before." + _AS_IN_THE_FILE.format("restart"),
    ),
    click.option(
        "--last-token-stored/--no-last-token-stored",
        default=None,
        help="Whether the newest token of a request occupies cache."
        + _AS_IN_THE_FILE.format("it does"),
    ),
    click.option(
        "--tokens-per-round",
        type=TOKENS,
        help="Most tokens that are computed in a round, over all requests."
        + _AS_IN_THE_FILE.format("no limit"),
    ),
    click.option(
        "--max-running",
        type=REQUESTS,
        help="Most requests that run in a round." + _AS_IN_THE_FILE.format("no limit"),
    ),
    click.option(
        "--watermark",
        type=WholeNumber("blocks", least=0),
        help="Blocks that an admission leaves free unless no request runs. Validity does not "
        "depend on it." + _AS_IN_THE_FILE.format("0"),
    ),
)

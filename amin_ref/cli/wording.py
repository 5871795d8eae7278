"""Numbers in sentences: written the same way by every command. JSON has them as they are."""

from __future__ import annotations

import json

from amin_ref.model.machine import Machine, machine_document


def count(number: int, noun: str) -> str:
    """A number and what it counts: ``"1 request"``, ``"2,000 requests"``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def ratio(value: float) -> str:
    """A total latency over another one, with three decimals: ``"1.333"``."""
    return f"{value:,.3f}"


def gap(value: float) -> str:
    """How far a schedule may be from the optimum, as a share of the bound: ``"2.50 %"``."""
    return f"{value * 100:,.2f} %"


def machine_in_words(machine: Machine) -> str:
    """The machine as the end of a sentence; empty for the paper's."""
    fields = (f"{name} {json.dumps(value)}" for name, value in machine_document(machine).items())
    text = ", ".join(fields)
    return f", on a machine with {text}" if text else ""


def has_limits(machine: Machine) -> bool:
    """Whether a round has limits, or an admission must leave something free."""
    limits = (machine.tokens_per_round, machine.max_running, machine.watermark or None)
    return any(limit is not None for limit in limits)


def duration(nanoseconds: int) -> str:
    """A length of time in its two largest units: ``"58 min 21 s"``, ``"1.25 s"``."""
    if nanoseconds < 60 * 10**9:
        return f"{nanoseconds / 10**9:,.4g} s"
    seconds = round(nanoseconds / 10**9)
    if seconds < 3_600:
        return f"{seconds // 60} min {seconds % 60} s"
    if seconds < 86_400:
        return f"{seconds // 3_600} h {seconds % 3_600 // 60} min"
    return f"{seconds // 86_400:,} d {seconds % 86_400 // 3_600} h"

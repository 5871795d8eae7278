"""Numbers in sentences: written the same way by every command. JSON has them as they are."""

from __future__ import annotations


def count(number: int, noun: str) -> str:
    """A number and what it counts: ``"1 request"``, ``"2,000 requests"``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def ratio(value: float) -> str:
    """A total latency over another one, with three decimals: ``"1.333"``."""
    return f"{value:,.3f}"


def gap(value: float) -> str:
    """How far a schedule may be from the optimum, as a share of the bound: ``"2.50%"``."""
    return f"{value:.2%}"

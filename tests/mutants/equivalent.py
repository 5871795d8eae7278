"""Faults that no test can notice, since the code means the same with them, and why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Equivalent:
    """A fault by its name, and why it changes nothing that the specification speaks of."""

    fault: str
    why: str


EQUIVALENT: tuple[Equivalent, ...] = ()

"""What a violation is: the rule that a schedule breaks, the round, and the requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from amin_ref.model.validation import RequestId

Rule = Literal[
    "completes-once",
    "completed-length",
    "evicted-length",
    "no-overlap",
    "not-before-arrival",
    "nothing-after-completion",
    "within-capacity",
]

MachineRule = Literal["computes-its-prefix", "within-tokens-per-round", "within-max-running"]
"""Rules that only a schedule with ``computed`` or with limits can break (section 7)."""

LogRule = Literal["stops-when-aborted", "aborted-length", "held-by-runs"]
"""Rules that only a schedule with ``aborted`` or ``held`` can break (section 7)."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One place where a schedule breaks a rule.

    Attributes:
        rule: name of the rule.
        round: the round in which the rule is broken; ``None`` for a request that never completes.
        requests: ids of the requests concerned.
        message: one sentence with the numbers.
    """

    rule: Rule | MachineRule | LogRule
    round: int | None
    requests: tuple[RequestId, ...]
    message: str


def rounds(number: int) -> str:
    """The number and the word, for messages."""
    return "1 round" if number == 1 else f"{number} rounds"


def tokens(number: int) -> str:
    """The number and the word, for messages."""
    return "1 token" if number == 1 else f"{number} tokens"

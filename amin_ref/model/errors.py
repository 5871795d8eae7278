"""The one exception family. Every message names the field, the value, the rule and the mend."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal

MOST_NAMED = 5
"""Requests that a message names; the others are counted."""


class AminError(Exception):
    """Anything this package refuses. Its text is one sentence fit for a user's eyes."""


class InvalidValue(AminError, ValueError):
    """A value that breaks a rule of the specification.

    Args:
        field: where the value stands, as the user would name it (``request 'a': lower``).
        value: what was found there.
        rule: what must hold, to be read after "but".
        mend: what to do about it.
    """

    def __init__(self, field: str, value: object, rule: str, mend: str) -> None:
        self.field = field
        self.value = value
        self.rule = rule
        self.mend = mend
        super().__init__(f"{field} is {shown(value)}, but {rule}; {mend}.")


class InvalidDocument(AminError, ValueError):
    """A JSON text that is not of the form it should have."""


class InvalidWorkload(AminError, ValueError):
    """A workload file that cannot be read, or that holds nothing to schedule."""


class CannotWrite(AminError):
    """A result that cannot be written to the file asked for."""


DecisionRule = Literal[
    "not-a-decision",
    "evicted-what-does-not-run",
    "admitted-what-does-not-wait",
    "overflow",
]


class IllegalDecision(AminError):
    """A policy's answer that the machine cannot carry out.

    Args:
        round: the round of the decision.
        requests: ids of the requests it is about.
        rule: the rule that the decision breaks.
        mend: what the policy should have done.
        name: the rule in a word, for programs.
    """

    def __init__(
        self,
        round: int,
        requests: Sequence[str | int],
        rule: str,
        mend: str,
        name: DecisionRule = "not-a-decision",
    ) -> None:
        self.name = name
        self.round = round
        self.requests = tuple(requests)
        self.rule = rule
        self.mend = mend
        who = ", ".join(shown(request) for request in self.requests[:MOST_NAMED]) or "none"
        if len(self.requests) > MOST_NAMED:
            who += f" and {len(self.requests) - MOST_NAMED} more"
        super().__init__(f"round {round}, requests {who}: {rule}; {mend}.")


class NoProgress(AminError):
    """A policy that keeps requests waiting for ever (theorem T2 fails)."""


FailureKind = Literal[
    "cannot-start",
    "died",
    "hangs",
    "flood",
    "too-many-lines",
    "closed-output",
    "nonsense",
]


class SchedulerFailed(AminError):
    """A scheduler in a program of its own that gives no answer, or none that can be understood.

    Args:
        kind: what went wrong.
        what: the same in words, about "it".
        place: when that was: the instance and the round; nothing before the first question.
    """

    def __init__(self, kind: FailureKind, what: str, place: str = "") -> None:
        self.kind = kind
        self.what = what
        self.place = place
        super().__init__(f"{place}: {what}." if place else f"{what}.")


def shown(value: object) -> str:
    """The value as a short, single-line text, however long or hostile it is."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a foreign __repr__ may fail, and the error must still be told
        text = f"a {type(value).__name__}"
    text = " ".join(text.split())
    return text if len(text) <= 80 else f"{text[:60]}… ({len(text)} characters)"


def shown_path(path: str | os.PathLike[str]) -> str:
    """The path for a message: quoted, in full, on one line and printable whatever it holds."""
    name = os.fspath(path)
    return f"'{name}'" if name.isprintable() else ascii(name)

"""The errors of this package. A message names the field, its value, the rule and the remedy."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal

MOST_NAMED = 5
"""The most requests that a message names, so that it stays readable; the others are counted."""

LONGEST_SHOWN = 80
"""The most characters of a value that a message repeats: a line of a terminal."""

SHOWN_OF_LONGER = 60
"""Characters that are shown of a longer value, which leaves room to say how long it is."""


class AminError(Exception):
    """The base class of all errors that this package raises. The text is one sentence."""


class InvalidValue(AminError, ValueError):
    """A value that breaks a rule of the specification.

    Args:
        field: the field that has the value, such as ``request 'a': lower``.
        value: the value found.
        rule: the rule that it breaks, to be read after "but".
        mend: what the user should do.
    """

    def __init__(self, field: str, value: object, rule: str, mend: str) -> None:
        self.field = field
        self.value = value
        self.rule = rule
        self.mend = mend
        super().__init__(f"{field} is {shown(value)}, but {rule}; {mend}.")


class InvalidDocument(AminError, ValueError):
    """A JSON text that does not have the form of the document that is expected."""


class InvalidWorkload(AminError, ValueError):
    """A workload file that cannot be read, or that has no requests."""


class CannotWrite(AminError):
    """A result that cannot be written to the file that the user named."""


DecisionRule = Literal[
    "not-a-decision",
    "evicted-what-does-not-run",
    "admitted-what-does-not-wait",
    "overflow",
    "too-many-running",
]


class IllegalDecision(AminError):
    """A policy's decision that the simulator cannot carry out.

    Args:
        round: the round of the decision.
        requests: ids of the requests concerned.
        rule: the rule that the decision breaks.
        mend: what the policy should have done.
        name: the name of the rule, for programs.
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
    """A policy under which some request does not complete within the limits (T2 fails)."""


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
    """A scheduler in another program that gives no answer, or one that cannot be read.

    Args:
        kind: what went wrong, for programs.
        what: the same in words, a clause about the program.
        place: the instance and the round; empty if it was before the first round.
    """

    def __init__(self, kind: FailureKind, what: str, place: str = "") -> None:
        self.kind = kind
        self.what = what
        self.place = place
        super().__init__(f"{place}: {what}." if place else f"{what}.")


def shown(value: object) -> str:
    """The ``repr`` of any value on one line, of about :data:`LONGEST_SHOWN` characters at most."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a foreign __repr__ may fail, and the error must still be told
        text = f"a {type(value).__name__}"
    text = " ".join(text.split())
    if len(text) <= LONGEST_SHOWN:
        return text
    return f"{text[:SHOWN_OF_LONGER]}… ({len(text)} characters)"


def shown_path(path: str | os.PathLike[str]) -> str:
    """The path for a message: quoted, in full, on one line and printable whatever it holds."""
    name = os.fspath(path)
    return f"'{name}'" if name.isprintable() else ascii(name)

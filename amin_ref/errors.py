"""The one exception family. Every message names the field, the value, the rule and the mend."""

from __future__ import annotations

from collections.abc import Sequence


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


class IllegalDecision(AminError):
    """A policy's answer that the machine cannot carry out.

    Args:
        round: the round of the decision.
        requests: ids of the requests it is about.
        rule: the rule that the decision breaks.
        mend: what the policy should have done.
    """

    def __init__(self, round: int, requests: Sequence[str | int], rule: str, mend: str) -> None:
        self.round = round
        self.requests = tuple(requests)
        self.rule = rule
        self.mend = mend
        who = ", ".join(shown(request) for request in self.requests) or "none"
        super().__init__(f"round {round}, requests {who}: {rule}; {mend}.")


class NoProgress(AminError):
    """A policy that keeps requests waiting for ever (theorem T2 fails)."""


def shown(value: object) -> str:
    """The value as a short, single-line text, however long or hostile it is."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a foreign __repr__ may fail, and the error must still be told
        text = f"a {type(value).__name__}"
    text = " ".join(text.split())
    return text if len(text) <= 80 else f"{text[:60]}… ({len(text)} characters)"

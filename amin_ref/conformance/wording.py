"""Words that the explanations of all policies share."""

from __future__ import annotations

from collections.abc import Sequence

from amin_ref.model.errors import MOST_NAMED, shown
from amin_ref.model.validation import RequestId


def evicted_and_admitted(evicted: Sequence[RequestId], admitted: Sequence[RequestId]) -> str:
    """Evictions and admissions, to be read after "has" or "would have"."""
    return f"evicted {names(evicted)} and admitted {names(admitted)}"


def names(requests: Sequence[RequestId]) -> str:
    """The requests, of which a few are named and the others counted."""
    return and_others([shown(r) for r in requests[:MOST_NAMED]], len(requests) - MOST_NAMED)


def and_others(words: Sequence[str], others: int) -> str:
    """The words, and how many others there are; "none" for no words."""
    if others > 0:
        return f"{', '.join(words)} and {others} more"
    return ", ".join(words) or "none"


def tokens(number: int) -> str:
    """A number of tokens."""
    return f"{number} token{'s' * (number != 1)}"

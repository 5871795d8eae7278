"""A user's own policy that raises: one sentence with the place in the user's file."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from amin_ref.model.errors import AminError, shown
from amin_ref.policies.names import POLICIES

LONGEST_REASON = 200
"""Characters of an exception's text that the sentence repeats: about two lines."""


class PolicyFailed(AminError):
    """A user's policy raised an exception. The text is one sentence."""


@contextmanager
def told_in_one_sentence(policy: str) -> Iterator[None]:
    """Turn an exception that the policy named ``policy`` raises in this context into one sentence.

    Raises:
        PolicyFailed: a policy that is not one of this package's raised anything but an
            :exc:`AminError`; the message names the exception, and the file and line.
    """
    try:
        yield
    except AminError:
        raise
    except Exception as error:
        if policy in POLICIES:
            raise
        place = traceback.extract_tb(error.__traceback__)[-1]
        text = " ".join(str(error).split())
        if len(text) > LONGEST_REASON:
            text = f"{text[:LONGEST_REASON]}…"
        raise PolicyFailed(
            f"the policy {shown(policy)} raised {type(error).__name__}: {text} "
            f"({Path(place.filename).name}, line {place.lineno}); mend the policy."
        ) from error

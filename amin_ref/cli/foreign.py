"""A user's own policy that raises or exits: one sentence with the place in the user's file."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from amin_ref.model.errors import AminError, shown
from amin_ref.policies.loading import PolicyFailed, raised
from amin_ref.policies.names import POLICIES


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
    except (Exception, SystemExit) as error:
        if policy in POLICIES:
            raise
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise PolicyFailed(
            f"the policy {shown(policy)} raised {raised(error)} "
            f"({Path(place.filename).name}, line {place.lineno}); mend the policy."
        ) from error

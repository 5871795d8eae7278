"""Which versions of an engine are known, and what happens with the others."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from amin_ref.model.errors import AminError

ANY_VERSION = "AMIN_REF_ANY_ENGINE_VERSION"
"""The environment variable that lets unknown versions pass, if it is 1."""


class EngineUnavailable(AminError, ImportError):
    """An engine that is not installed, or a version of it that is not known."""


def require(engine: str, distributions: Sequence[str], known: Sequence[str]) -> str:
    """The installed version of an engine.

    Args:
        engine: its name for messages.
        distributions: names of the packages that may bring it.
        known: the versions that the adapter is tested with, such as ``"0.33"``.

    Raises:
        EngineUnavailable: it is not installed; or its version is another, and the environment
            variable :data:`ANY_VERSION` is not 1.
    """
    found = _installed(distributions)
    if found is None:
        raise EngineUnavailable(
            f"{engine} is not installed, and amin_ref's adapter for it needs it; "
            f"install {distributions[0]} {known[-1]}."
        )
    minor = ".".join(found.split(".")[:2])
    if minor not in known and os.environ.get(ANY_VERSION) != "1":
        raise EngineUnavailable(
            f"{engine} {found} is installed, but the adapter is tested with "
            f"{' and '.join(known)} only; install one of them, or set {ANY_VERSION}=1 to try it."
        )
    return found


def _installed(distributions: Sequence[str]) -> str | None:
    for name in distributions:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return None

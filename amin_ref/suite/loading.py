"""A scheduler by its name, ``module:name``, as it is given on a command line."""

from __future__ import annotations

import importlib

from amin_ref.errors import AminError, shown
from amin_ref.policies import ClairvoyantPolicy, Policy
from amin_ref.suite.examination import MakePolicy


class NoScheduler(AminError):
    """A name that is not that of a scheduler. The text is one sentence."""


def load_policy(name: str) -> MakePolicy:
    """What makes the scheduler called ``module:name``; tried once.

    Raises:
        NoScheduler: there is no such module or name, it cannot be imported or made, or what it
            makes is no scheduler.
    """
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise NoScheduler(
            f"{shown(name)} names no scheduler; write it as module:Class, for example "
            "mypackage.sched:MyScheduler."
        )
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # noqa: BLE001 - the module is somebody else's code
        raise NoScheduler(
            f"{shown(name)}: the module {shown(module_name)} cannot be imported "
            f"({type(error).__name__}: {_plain(error)}); mend it or its name."
        ) from None
    found: object = getattr(module, attribute, None)
    if found is None:
        raise NoScheduler(
            f"{shown(name)}: the module {shown(module_name)} has no {shown(attribute)}; give the "
            "name of a class or function in it."
        )
    if not callable(found):
        raise NoScheduler(
            f"{shown(name)} is {shown(found)}; give a class, or a function that makes a scheduler."
        )

    def make() -> Policy:
        made: object = found()
        if isinstance(made, ClairvoyantPolicy):
            raise NoScheduler(
                f"{shown(name)} is clairvoyant, and the suite is for schedulers that cannot see "
                "output lengths; derive from amin_ref.Policy."
            )
        if not isinstance(made, Policy):
            raise NoScheduler(
                f"{shown(name)} makes {shown(made)}, which is no amin_ref.Policy; derive from "
                "Policy, and give it begin and decide."
            )
        return made

    try:
        make()
    except NoScheduler:
        raise
    except Exception as error:  # noqa: BLE001 - the class is somebody else's code
        raise NoScheduler(
            f"{shown(name)}() fails ({type(error).__name__}: {_plain(error)}); give what can be "
            "called without arguments."
        ) from None
    return make


def _plain(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 200 else f"{text[:200]}…"

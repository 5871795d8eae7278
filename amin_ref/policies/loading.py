"""A policy by its name: one of ours, or ``MODULE:NAME`` for any other."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from amin_ref.model.errors import AminError, shown
from amin_ref.policies.names import POLICIES, NamedPolicy
from amin_ref.policies.policy import ClairvoyantPolicy, Policy
from amin_ref.policies.ties import TieBreak

MakeAnyPolicy = Callable[[], Policy | ClairvoyantPolicy]
"""Makes a policy, anew with every call."""

MakePolicy = Callable[[], Policy]
"""Makes a policy that is not clairvoyant, anew with every call."""

LONGEST_REASON = 200
"""Characters of a foreign exception's text that a message repeats: about two lines."""


class NoScheduler(AminError):
    """A name that is not that of a policy. The text is one sentence."""


def named_policy(name: str) -> NamedPolicy:
    """The policy called ``name``: ``"amin"``, ``"amax"``, …, or ``"MODULE:NAME"``.

    MODULE is looked for in the current folder first, as ``python -m`` does; NAME is a class, or a
    function without parameters that returns a policy. What a policy of that kind breaks ties by is
    its own affair: the tie-break of the command line does not reach it.

    Raises:
        NoScheduler: there is no such policy, module or name, or what it makes is no policy.
    """
    if name in POLICIES:
        return POLICIES[name]
    if ":" not in name:
        raise NoScheduler(
            f"{shown(name)} is no policy; give one of {', '.join(POLICIES)}, or MODULE:NAME for a "
            "policy of your own."
        )
    make = load_policy(name)

    def ignoring_ties(_ties: TieBreak) -> Policy | ClairvoyantPolicy:
        return make()

    return NamedPolicy(name, name, "a policy of your own", ignoring_ties)


def load_policy(name: str) -> MakeAnyPolicy:
    """What makes the policy called ``MODULE:NAME``; tried once.

    Raises:
        NoScheduler: there is no such module or name, it cannot be imported or made, or what it
            makes is no policy.
    """
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise NoScheduler(
            f"{shown(name)} names no scheduler; write it as module:Class, for example "
            "mypackage.sched:MyScheduler."
        )
    try:
        with _current_folder_first():
            module = importlib.import_module(module_name)
    except Exception as error:  # noqa: BLE001 - the module is foreign code, which may raise anything
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

    def make() -> Policy | ClairvoyantPolicy:
        made: object = found()
        if not isinstance(made, Policy | ClairvoyantPolicy):
            raise NoScheduler(
                f"{shown(name)} makes {shown(made)}, which is no amin_ref.Policy; derive from "
                "Policy, and give it begin and decide."
            )
        return made

    try:
        make()
    except NoScheduler:
        raise
    except Exception as error:  # noqa: BLE001 - the class is foreign code, which may raise anything
        raise NoScheduler(
            f"{shown(name)}() fails ({type(error).__name__}: {_plain(error)}); give what can be "
            "called without arguments."
        ) from None
    return make


def load_blind_policy(name: str) -> MakePolicy:
    """As :func:`load_policy`, for a policy that must not see output lengths.

    Raises:
        NoScheduler: as there, or the policy is clairvoyant.
    """
    make = load_policy(name)

    def make_blind() -> Policy:
        made = make()
        if isinstance(made, ClairvoyantPolicy):
            raise NoScheduler(
                f"{shown(name)} is clairvoyant, and the suite is for schedulers that cannot see "
                "output lengths; derive from amin_ref.Policy."
            )
        return made

    make_blind()
    return make_blind


@contextmanager
def _current_folder_first() -> Iterator[None]:
    """Modules of the current folder come before all others, within this context."""
    folder = os.getcwd()
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


def _plain(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= LONGEST_REASON else f"{text[:LONGEST_REASON]}…"

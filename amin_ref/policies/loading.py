"""The policy of a name: one of :data:`.names.POLICIES`, or ``MODULE:NAME`` for any other."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable

from amin_ref.model.errors import AminError, InvalidValue, shown
from amin_ref.policies.names import ALIASES, FOR_RESUME, POLICIES, NamedPolicy
from amin_ref.policies.policy import ClairvoyantPolicy, Policy
from amin_ref.policies.ties import ByPosition, TieBreak

MakeAnyPolicy = Callable[[], Policy | ClairvoyantPolicy]
"""Makes a policy; every call makes a new one."""

MakePolicy = Callable[[], Policy]
"""Makes a policy that is not clairvoyant; every call makes a new one."""

LONGEST_REASON = 200
"""The most characters of another program's error text that a message repeats: two lines."""


AnyPolicy = Policy | ClairvoyantPolicy
"""A policy, whether it sees output lengths or not."""


class NoScheduler(AminError):
    """A name that is not the name of a policy. The text is one sentence."""


class PolicyFailed(AminError):
    """A policy of the user's that raises, or that makes no schedule. The text is one sentence."""


def named_policy(name: str) -> NamedPolicy:
    """The policy called ``name``: ``"amin"``, ``"amax"``, …, or ``"MODULE:NAME"``.

    ``"srv"`` is for machines that resume evicted requests only.

    A name of :data:`.names.ALIASES` stands for the policy of its other name, and is called so.

    MODULE is looked for in the current folder first, as ``python -m`` does. NAME is a class, or a
    function without parameters that returns a policy. A policy of that kind breaks ties in its own
    way: the tie-break that is given to :attr:`.NamedPolicy.make` is ignored.

    Raises:
        NoScheduler: there is no such policy, module or name; or NAME makes something else.
    """
    if (known := ALIASES.get(name, name)) in POLICIES:
        return POLICIES[known]
    if name in FOR_RESUME:
        return FOR_RESUME[name]
    if ":" not in name:
        raise NoScheduler(
            f"{shown(name)} is no policy; give one of {', '.join(POLICIES)}, or MODULE:NAME for a "
            "policy of your own."
        )
    make = load_policy(name)

    def ignoring_ties(_ties: TieBreak) -> Policy | ClairvoyantPolicy:
        return make()

    return NamedPolicy(name, name, "a policy of your own", ignoring_ties)


def policy_of(policy: AnyPolicy | str, field: str) -> AnyPolicy:
    """The policy itself; or, of a name, a new policy that breaks ties by position.

    Args:
        policy: a policy, or a name as for :func:`named_policy`.
        field: what a message calls this value.

    Raises:
        InvalidValue: it is neither: a class, for example, instead of an instance of it.
        NoScheduler: it is a name, and no policy has it.
    """
    given: object = policy
    if isinstance(policy, str):
        return named_policy(policy).make(ByPosition())
    if isinstance(policy, Policy | ClairvoyantPolicy):
        return policy
    if isinstance(given, type):
        raise InvalidValue(
            field, given, "it must be a policy, and this is a class", f"write {given.__name__}()"
        )
    raise InvalidValue(
        field,
        given,
        "it must be a policy or the name of one",
        "derive your scheduler from amin_ref.Policy or amin_ref.ClairvoyantPolicy",
    )


def load_policy(name: str) -> MakeAnyPolicy:
    """The class or function called ``MODULE:NAME``, which makes a policy. It is tried once.

    Raises:
        NoScheduler: there is no such module or name, the module cannot be imported, the class or
            function fails, or it makes something that is no policy.
    """
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise NoScheduler(
            f"{shown(name)} names no scheduler; write it as module:Class, for example "
            "mypackage.sched:MyScheduler."
        )
    try:
        _look_in_current_folder_first()
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - foreign code may raise anything
        raise NoScheduler(
            f"{shown(name)}: the module {shown(module_name)} cannot be imported "
            f"({raised(error)}); mend the module or its name."
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
                "Policy, and define begin and decide."
            )
        return made

    try:
        make()
    except NoScheduler:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - foreign code may raise anything
        raise NoScheduler(
            f"{shown(name)}() fails ({raised(error)}); give a class "
            "or function that needs no arguments."
        ) from None
    return make


def load_blind_policy(name: str) -> MakePolicy:
    """As :func:`load_policy`, but only for a policy that does not see output lengths.

    Raises:
        NoScheduler: as :func:`load_policy`, or the policy is clairvoyant.
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


def raised(error: BaseException) -> str:
    """An exception of code that is not this package's: its type and its text, on one line.

    At most :data:`LONGEST_REASON` characters of the text are kept.
    """
    text = " ".join(str(error).split())
    short = text if len(text) <= LONGEST_REASON else f"{text[:LONGEST_REASON]}…"
    return f"{type(error).__name__}: {short}"


def _look_in_current_folder_first() -> None:
    """Find modules of the current folder before all others, from now on, as ``python -m`` does.

    The folder stays on the path: a policy may import other modules from it in its first round.
    """
    folder = os.getcwd()
    if folder not in sys.path:
        sys.path.insert(0, folder)

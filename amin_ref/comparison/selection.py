"""The policies to compare: given as names, classes, functions or instances; returned by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from amin_ref.model.errors import InvalidValue, shown
from amin_ref.policies.loading import MakeAnyPolicy, named_policy
from amin_ref.policies.names import ALIASES, ALL, DEFAULT_POLICIES, POLICIES
from amin_ref.policies.policy import ClairvoyantPolicy, Policy
from amin_ref.policies.ties import TieBreak

GivenPolicy = str | Policy | ClairvoyantPolicy | MakeAnyPolicy
"""A policy: its name or ``MODULE:NAME``, an instance, or a class or function that makes one."""

PolicySelection = str | Iterable[GivenPolicy] | Mapping[str, GivenPolicy]
"""Several policies: names with commas between them, an iterable, or a mapping of names to them. The
text ``"all"`` stands for every policy of :data:`.names.POLICIES`."""

DEFAULT_SELECTION = ",".join(DEFAULT_POLICIES)
"""The policies that are compared by default, in Python and on the command line."""

_MEND = (
    "give a name such as 'amin' or 'module:Class', a Policy, or a class or function that makes a "
    "Policy without arguments"
)


def policies_by_name(selection: PolicySelection, ties: TieBreak) -> dict[str, MakeAnyPolicy]:
    """What makes each policy, anew with every call, under its name and in the order given.

    The name of a policy is its name in a mapping; its text where it is given as text, or what an
    alias stands for; the specification's name for one of its policies (``"amin"``, …); and the
    class's or function's own name for any other.

    Args:
        selection: the policies, at least one.
        ties: breaks the ties of policies that are given by the specification's name. Classes,
            functions and instances break ties as they were written to.

    Raises:
        InvalidValue: there is no policy, something is no policy, or two have the same name.
        NoScheduler: a name is not that of a policy, or ``MODULE:NAME`` cannot be loaded.
    """
    chosen: dict[str, MakeAnyPolicy] = {}
    for name, policy in _pairs(selection):
        if name in chosen:
            raise InvalidValue(
                "compare: policies",
                name,
                "another policy has the same name",
                "name each policy once, or give a mapping of different names",
            )
        chosen[name] = _maker(policy, ties)
    if not chosen:
        raise InvalidValue(
            "compare: policies", selection, "it must name at least one policy", "give 'amin,fcfs'"
        )
    return chosen


def _pairs(selection: object) -> Iterable[tuple[str, object]]:
    if isinstance(selection, str):
        names = POLICIES if selection.strip() == ALL else map(_called, selection.split(","))
        return [(name, name) for name in names]
    if isinstance(selection, Mapping):
        for name in selection:
            if not isinstance(name, str) or not name.strip():
                raise InvalidValue(
                    "compare: a policy's name", name, "it must be a text", "give one such as 'mine'"
                )
        return list(selection.items())
    if isinstance(selection, Iterable):
        return [(_name_of(policy), policy) for policy in selection]
    raise InvalidValue(
        "compare: policies", selection, "it must be a list or mapping of policies", "give a list"
    )


def _called(name: str) -> str:
    """The name under which a policy that is given by this name is shown."""
    return ALIASES.get(name.strip(), name.strip())


def _name_of(policy: object) -> str:
    if isinstance(policy, str):
        return _called(policy)
    made_by = type(policy) if isinstance(policy, Policy | ClairvoyantPolicy) else policy
    for known in POLICIES.values():
        if made_by is known.make:
            return known.name
    name: object = getattr(made_by, "__name__", None)
    if not isinstance(name, str):
        raise InvalidValue(
            "compare: policy", policy, "it must have a name", "give a mapping of names to policies"
        )
    return name


def _maker(policy: object, ties: TieBreak) -> MakeAnyPolicy:
    if isinstance(policy, str):
        named = named_policy(policy.strip())
        return lambda: named.make(ties)
    if isinstance(policy, Policy | ClairvoyantPolicy):
        return lambda: policy
    if not callable(policy):
        raise InvalidValue("compare: policy", policy, "it must be a policy", _MEND)

    def make() -> Policy | ClairvoyantPolicy:
        try:
            made: object = policy()
        except TypeError as error:
            raise InvalidValue(
                "compare: policy", policy, f"calling it without arguments fails ({error})", _MEND
            ) from error
        if not isinstance(made, Policy | ClairvoyantPolicy):
            raise InvalidValue(
                "compare: policy", policy, f"it makes {shown(made)}, which is no Policy", _MEND
            )
        return made

    make()
    return make

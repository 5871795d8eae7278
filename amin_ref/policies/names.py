"""The names and titles of the policies. A new policy is one more line here.

The command line, the comparison, the report and conformance take names and titles from this list
and from nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from amin_ref.policies.amin import Amin
from amin_ref.policies.first_come import FirstComeFirstServed
from amin_ref.policies.policy import ClairvoyantPolicy, Policy
from amin_ref.policies.reserving import Amax, HindsightShortestFirst
from amin_ref.policies.ties import TieBreak

MakeWithTies = Callable[[TieBreak], Policy | ClairvoyantPolicy]
"""Makes a policy that breaks ties as told."""


@dataclass(frozen=True, slots=True)
class NamedPolicy:
    """A policy of the specification (sections 3 and 4), and what to call it.

    Attributes:
        name: in JSON and on the command line, such as ``"h-sf"``.
        title: in tables and sentences, such as ``"H-SF"``.
        summary: what it plans with, in a clause.
        make: the policy itself, given what breaks ties.
    """

    name: str
    title: str
    summary: str
    make: MakeWithTies


POLICIES: Mapping[str, NamedPolicy] = MappingProxyType(
    {
        policy.name: policy
        for policy in (
            NamedPolicy("amin", "Amin", "plans with predicted lower bounds", Amin),
            NamedPolicy("amax", "Amax", "reserves predicted upper bounds", Amax),
            NamedPolicy(
                "h-sf", "H-SF", "knows every output length, shortest first", HindsightShortestFirst
            ),
            NamedPolicy("fcfs", "FCFS", "first come, first served", FirstComeFirstServed),
        )
    }
)
"""Every policy of the specification by its name, in the order of tables."""


def title_of(name: str) -> str:
    """What tables and sentences call a policy: its title, or the name of one that is not ours."""
    return POLICIES[name].title if name in POLICIES else name

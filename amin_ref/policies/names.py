"""The one list of policies with their names and titles. A new policy is one more line here.

The command line, the comparison, the report and conformance take names and titles from this list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from amin_ref.policies.alpha_beta import AlphaBetaClearing
from amin_ref.policies.alpha_greedy import AlphaGreedy
from amin_ref.policies.amin import Amin
from amin_ref.policies.amin_by_volume import AminByVolume
from amin_ref.policies.doubling import DoublingBudgets
from amin_ref.policies.first_come import FirstComeFirstServed
from amin_ref.policies.mc_benchmark import MCBenchmark
from amin_ref.policies.policy import ClairvoyantPolicy, Policy
from amin_ref.policies.reserving import Amax, HindsightShortestFirst
from amin_ref.policies.shortest_predicted import ShortestPredictedFirst
from amin_ref.policies.smallest_remaining import SmallestRemainingVolume
from amin_ref.policies.smallest_volume import SmallestVolumeFirst
from amin_ref.policies.ties import TieBreak

MakeWithTies = Callable[[TieBreak], Policy | ClairvoyantPolicy]
"""Makes a policy with the given tie-break; every call makes a new one."""


@dataclass(frozen=True, slots=True)
class NamedPolicy:
    """A policy under its name.

    Attributes:
        name: the name in JSON and on the command line, such as ``"h-sf"``.
        title: the name in tables and sentences, such as ``"H-SF"``.
        summary: a clause that says what it plans with.
        make: makes the policy, given a tie-break.
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
            NamedPolicy(
                "svf",
                "SVF",
                "knows every output length, smallest volume first",
                SmallestVolumeFirst,
            ),
            NamedPolicy(
                "amin-by-volume", "Amin by volume", "Amin, smallest volume first", AminByVolume
            ),
            NamedPolicy(
                "sjf", "SJF", "shortest predicted lower bound first", ShortestPredictedFirst
            ),
            NamedPolicy("doubling", "Doubling", "restarts with doubled budgets", DoublingBudgets),
            NamedPolicy(
                "mc-benchmark",
                "MC-Benchmark",
                "knows every output length, first come, first served",
                MCBenchmark,
            ),
            NamedPolicy(
                "alpha-greedy", "α-greedy", "clears the cache when it overflows", AlphaGreedy
            ),
            NamedPolicy(
                "alpha-beta", "α-β-clearing", "evicts at random on overflow", AlphaBetaClearing
            ),
        )
    }
)
"""Every policy of the specification by its name, in the order of tables."""

FOR_RESUME: Mapping[str, NamedPolicy] = MappingProxyType(
    {
        "srv": NamedPolicy(
            "srv",
            "SRV",
            "knows every output length, smallest remaining volume first",
            SmallestRemainingVolume,
        )
    }
)
"""Policies that only machines with ``after_eviction="resume"`` can run, by name. They are not in
:data:`POLICIES`, whose policies run on the paper's machine."""

ALIASES: Mapping[str, str] = MappingProxyType({"mc-sf": "h-sf"})
"""Other names of policies, and the name in :data:`POLICIES`. MC-SF is what Jaillet et al. (arXiv
2502.07115) call H-SF."""

DEFAULT_POLICIES = ("amin", "amax", "h-sf", "fcfs")
"""The policies that are compared unless others are named."""

ALL = "all"
"""What stands for every policy of :data:`POLICIES`, in place of a list of names."""


def title_of(name: str) -> str:
    """The title of a policy of :data:`POLICIES` or :data:`FOR_RESUME`; of any other, its name."""
    known = POLICIES.get(name, FOR_RESUME.get(name))
    return name if known is None else known.title

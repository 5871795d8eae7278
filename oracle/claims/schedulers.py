"""Which scheduler? Every policy on real lengths, at several loads, with several predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amin_ref.policies.names import POLICIES
from amin_ref.policies.policy import ClairvoyantPolicy
from amin_ref.policies.ties import ByPosition
from oracle.claims.experiments import Bounded, Experiment, Scheduled
from oracle.claims.plan import Plan

REQUESTS = 1000
"""Requests in each sample, unless a number is given."""

LOADS = (None, 0.7, 0.9, 1.1)
"""All requests at once (``None``), and Poisson arrivals below, near and above saturation."""

PREDICTIONS = ("exact", "bins:10", "naive")
"""Exact lengths, ten equal bins, and one rough interval for all: [1, 1000], or [1, L] if the
longest output L exceeds 1,000 tokens."""

BLIND = frozenset({"fcfs", "alpha-greedy", "alpha-beta"})
"""Policies that read neither the output lengths nor what is predicted of them."""

EXACT = {"amin": "h-sf", "amax": "h-sf", "amin-by-volume": "svf"}
"""Policies that make the decisions of another one where ℓ = o = u (T4): they are not measured
again."""


def reads_predictions(policy: str) -> bool:
    """Whether the predictions can change the policy's schedule."""
    made = POLICIES[policy].make(ByPosition())
    return policy not in BLIND and not isinstance(made, ClairvoyantPolicy)


@dataclass(frozen=True)
class Choice:
    """A row of the table: a policy, and what it is told.

    Attributes:
        policy: a name in :data:`amin_ref.policies.names.POLICIES`.
        prediction: one of :data:`PREDICTIONS`; empty for a policy that reads none.
    """

    policy: str
    prediction: str

    def measured(self, plan: Plan, load: float | None) -> Scheduled:
        """The experiment that gives the row's numbers at this load."""
        policy = EXACT.get(self.policy, self.policy) if self.prediction == "exact" else self.policy
        prediction = self.prediction if reads_predictions(policy) else "exact"
        return Scheduled(plan.sampled(load), policy, prediction)


def choices() -> tuple[Choice, ...]:
    """The rows: each policy once, or once for each prediction if it reads them."""
    return tuple(
        Choice(policy, prediction)
        for policy in POLICIES
        for prediction in (PREDICTIONS if reads_predictions(policy) else ("",))
    )


def experiments(plan: Plan) -> Sequence[Experiment]:
    """What has to be measured for the table of this plan's workload."""
    found: list[Experiment] = []
    for load in LOADS:
        found.append(Bounded(plan.sampled(load), plan.bound_seconds))
        found += [choice.measured(plan, load) for choice in choices()]
    return list(dict.fromkeys(found))

"""Which scheduler? Every policy on real lengths, at several loads, with several predictions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from amin_ref.policies.names import POLICIES, title_of
from amin_ref.policies.policy import ClairvoyantPolicy
from amin_ref.policies.ties import ByPosition
from amin_ref.workloads import EMBEDDED
from oracle.claims.experiments import Bounded, Experiment, Scheduled
from oracle.claims.plan import Plan
from oracle.claims.result_store import Measurements, estimated
from oracle.claims.scheduler_table import BASELINE, Advice, Cell, SchedulerRow, SchedulerTable
from oracle.claims.words import listed

WHICH = "which"
"""The name of the table beside those of the claims, for ``amin-ref claims --claim``."""

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

NEAR = 1.02
"""A policy is as good as the best if its total latency is at most 2 % larger: of several such
policies a reader may choose by other numbers."""


def is_clairvoyant(policy: str) -> bool:
    """Whether the policy knows the true output lengths, as no engine does."""
    return isinstance(POLICIES[policy].make(ByPosition()), ClairvoyantPolicy)


def reads_predictions(policy: str) -> bool:
    """Whether the predictions can change the policy's schedule."""
    return policy not in BLIND and not is_clairvoyant(policy)


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


def choices(policies: Iterable[str] = POLICIES) -> tuple[Choice, ...]:
    """The rows: each policy once, or once for each prediction if it reads them."""
    return tuple(
        Choice(policy, prediction)
        for policy in policies
        for prediction in (PREDICTIONS if reads_predictions(policy) else ("",))
    )


def scheduler_experiments(
    plan: Plan, policies: Collection[str] = tuple(POLICIES)
) -> Sequence[Experiment]:
    """What has to be measured for the table of this plan's workload."""
    found: list[Experiment] = []
    for load in LOADS:
        found.append(_bounded(plan, load))
        found += [choice.measured(plan, load) for choice in choices(policies)]
    return list(dict.fromkeys(found))


def scheduler_table(
    plan: Plan, found: Measurements, policies: Collection[str] = tuple(POLICIES)
) -> SchedulerTable:
    """The table of this plan's workload, from the measurements of its experiments.

    Args:
        plan: the workload and the seeds.
        found: holds every task of :func:`scheduler_experiments`.
        policies: the policies of the table; FCFS, H-SF and SVF must be among them.
    """
    return SchedulerTable(
        workload=plan.workload if plan.workload in EMBEDDED else Path(plan.workload).name,
        requests=plan.requests,
        capacity=plan.capacity,
        seeds=plan.seeds,
        rows=tuple(
            SchedulerRow(
                choice.policy,
                choice.prediction,
                tuple(_cell(plan, found, choice, load) for load in LOADS),
            )
            for choice in choices(policies)
        ),
        advice=tuple(
            _advice(plan, found, load, prediction, policies)
            for load in LOADS
            for prediction in PREDICTIONS
        ),
    )


def _bounded(plan: Plan, load: float | None) -> Bounded:
    return Bounded(plan.sampled(load), plan.bound_seconds)


def _cell(plan: Plan, found: Measurements, choice: Choice, load: float | None) -> Cell:
    bounded, measured = _bounded(plan, load), choice.measured(plan, load)
    total = found.of(measured, "total")
    return Cell(
        load=load,
        ratio=estimated(total / found.of(bounded, "bound")),
        mean=estimated(total / found.of(bounded, "requests")),
        p99=estimated(found.of(measured, "p99")),
        wait=estimated(found.of(measured, "wait")),
        wasted=estimated(found.of(measured, "wasted")),
    )


def _advice(
    plan: Plan,
    found: Measurements,
    load: float | None,
    prediction: str,
    policies: Collection[str],
) -> Advice:
    """What to run where the lengths are predicted so: by mean latency, then by simplicity."""
    candidates = [
        choice
        for choice in choices(policies)
        if choice.prediction in ("", prediction) and not is_clairvoyant(choice.policy)
    ]
    totals = {each: found.of(each.measured(plan, load), "total") for each in candidates}
    (baseline,) = (choice for choice in candidates if choice.policy == BASELINE)
    bound = found.of(_bounded(plan, load), "bound")
    best = min(totals, key=lambda choice: float((totals[choice] / bound).mean()))
    near = [choice for choice in totals if _times(totals[choice], totals[best]) <= NEAR]
    use = baseline if baseline in near else best
    return Advice(
        load=load,
        prediction=prediction,
        use=use.policy,
        text=_sentence(
            use,
            [choice for choice in near if choice != use],
            {choice: _cell(plan, found, choice, load) for choice in (*near, use, baseline)},
            baseline,
        ),
    )


def _times(total: NDArray[np.float64], least: NDArray[np.float64]) -> float:
    return float((total / least).mean())


def _sentence(
    use: Choice, near: Sequence[Choice], cells: dict[Choice, Cell], baseline: Choice
) -> str:
    """The advice in one sentence, with its price in other numbers."""
    cell, first_come = cells[use], cells[baseline]
    others = [f"{title_of(each.policy)}{_wasted(cells[each])}" for each in near]
    beside = f"; as good: {listed(others)}" if others else ""
    if use == baseline:
        return (
            f"{title_of(use.policy)}, {_times_bound(cell)}: no policy is more than "
            f"{(NEAR - 1) * 100:.0f} % better{beside}."
        )
    return (
        f"{title_of(use.policy)}{_wasted(cell)}, {_times_bound(cell)}, where FCFS has "
        f"{first_come.ratio.mean:.2f}; its p99 is {cell.p99.mean / first_come.p99.mean:.2f} times "
        f"and its longest wait {cell.wait.mean / max(1.0, first_come.wait.mean):.2f} times that of "
        f"FCFS{beside}."
    )


def _times_bound(cell: Cell) -> str:
    return f"{cell.ratio.mean:.2f} ± {cell.ratio.margin:.2f} × bound"


def _wasted(cell: Cell) -> str:
    """The wasted share, if it is large enough for the table to show one."""
    return f" ({cell.wasted.mean * 100:.1f} % wasted)" if cell.wasted.mean >= LEAST_WASTE else ""


LEAST_WASTE = 0.0005
"""Share of tokens from which a table with one decimal of a per cent shows more than zero."""

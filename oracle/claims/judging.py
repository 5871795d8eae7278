"""From measurements to the ledger of verdicts."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from amin_ref.workloads import EMBEDDED
from oracle.claims.c1_matching import MATCHING
from oracle.claims.c2_halving import HALVING
from oracle.claims.c3_varying import VARYING
from oracle.claims.c4_logarithmic import LOGARITHMIC
from oracle.claims.c5_round_costs import ROUND_COSTS
from oracle.claims.c6_lower_bounds_only import LOWER_BOUNDS_ONLY
from oracle.claims.experiments import Experiment
from oracle.claims.ledger import Entry, Ledger
from oracle.claims.plan import Claim, ClaimName, Plan
from oracle.claims.result_store import Measurements, ResultStore

CLAIMS: Mapping[ClaimName, Claim] = {
    claim.name: claim
    for claim in (MATCHING, HALVING, VARYING, LOGARITHMIC, ROUND_COSTS, LOWER_BOUNDS_ONLY)
}
"""All claims by name, in the order of the specification."""

LEDGER = Path(__file__).with_name("ledger.json")
"""The ledger measured for this release, which ``proofs_notes/claims.md`` explains."""


def experiments(plan: Plan, claims: Sequence[Claim]) -> list[Experiment]:
    """What has to be measured for these claims; several claims may share an experiment."""
    return [experiment for claim in claims for experiment in claim.experiments(plan)]


def judged(
    plan: Plan, claims: Sequence[Claim], store: ResultStore, selected: str | None = None
) -> Ledger:
    """The ledger of these claims.

    Args:
        plan: the plan of the measurements.
        claims: the rows of the ledger.
        store: holds every task of :func:`experiments`.
        selected: what ``--claim`` of the command selects them by; each by its name if ``None``.
    """
    found = Measurements(store, plan.seeds)
    return Ledger(
        workload=plan.workload if plan.workload in EMBEDDED else Path(plan.workload).name,
        requests=plan.requests,
        capacity=plan.capacity,
        seeds=plan.seeds,
        quick=plan.quick,
        entries=tuple(
            Entry(
                claim=claim.name,
                words=claim.words,
                rule=claim.rule,
                setting=_setting(plan, claim),
                judgement=claim.judge(plan, found),
                command=command(plan, selected or claim.name),
            )
            for claim in claims
        ),
    )


def _setting(plan: Plan, claim: Claim) -> str:
    if not any(experiment.is_random for experiment in claim.experiments(plan)):
        return claim.setting(plan)
    return (
        f"{claim.setting(plan)}; M = {plan.capacity:,} unless stated otherwise; means over "
        f"{plan.seeds} seeds with 95 % intervals"
    )


def command(plan: Plan, claim: str | None = None) -> str:
    """The command that measures this plan, or one claim of it."""
    words = ["amin-ref", "claims"]
    if claim:
        words += ["--claim", claim]
    if plan.workload != "chat":
        words += ["--workload", plan.workload]
    if plan.quick:
        words.append("--quick")
    default = Plan.quickly(plan.workload) if plan.quick else Plan(plan.workload)
    for flag, value, usual in (
        ("--requests", plan.requests, default.requests),
        ("--capacity", plan.capacity, default.capacity),
        ("--seeds", plan.seeds, default.seeds),
    ):
        if value != usual:
            words += [flag, str(value)]
    return shlex.join(words)

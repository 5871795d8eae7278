"""C6: does Amin use lower bounds only?"""

from __future__ import annotations

from oracle.claims.experiments import Experiment, UppersWithheld
from oracle.claims.figures import Figure, Point, Series
from oracle.claims.ledger import Judgement, Verdict, verdict_where
from oracle.claims.plan import Claim, Plan
from oracle.claims.result_store import Measurements, estimated
from oracle.claims.words import listed
from oracle.claims.workload import SampledWorkload

BINS = (1, 5, 10, 50)
OTHERS = ("naive", "relative:0.5")
LOAD = 0.9
"""Predictions and arrivals that are measured: bins, other kinds, and bins near saturation."""

QUICK_SHARE = 4
"""A quick run has a quarter of the requests: without upper bounds Amax runs one request at a time,
for as many rounds as all outputs have tokens."""


def _workload(plan: Plan, load: float | None = None) -> SampledWorkload:
    requests = max(1, plan.requests // QUICK_SHARE) if plan.quick else plan.requests
    return plan.sampled(load, requests=requests)


def _by_bins(plan: Plan) -> dict[int, UppersWithheld]:
    return {bins: UppersWithheld(_workload(plan), f"bins:{bins}") for bins in _bins(plan)}


def _bins(plan: Plan) -> tuple[int, ...]:
    return plan.grid(BINS, (1, 10))


def _others(plan: Plan) -> list[UppersWithheld]:
    return [
        *(UppersWithheld(_workload(plan), prediction) for prediction in OTHERS),
        UppersWithheld(_workload(plan, LOAD), f"bins:{_bins(plan)[-1]}"),
    ]


def _all(plan: Plan) -> list[UppersWithheld]:
    return [*_by_bins(plan).values(), *_others(plan)]


def _experiments(plan: Plan) -> list[Experiment]:
    return list(_all(plan))


def _judge(plan: Plan, found: Measurements) -> Judgement:
    settings = _all(plan)
    different = {setting: found.of(setting, "amin_differs").any() for setting in settings}
    pairs = sum(len(found.of(setting, "amin_differs")) for setting in settings)
    identical = pairs - sum(
        int((found.of(setting, "amin_differs") > 0).sum()) for setting in settings
    )
    changed = sum(int((found.of(setting, "amax_differs") > 0).sum()) for setting in settings)
    verdict = verdict_where(
        as_written=not any(different.values()), somewhere=not all(different.values())
    )
    by_bins = _by_bins(plan)
    worst = max(float(found.of(setting, "amax_ratio").mean()) for setting in settings)
    return Judgement(
        verdict=verdict,
        measured=(
            f"{identical:,} of {pairs:,} schedules of Amin are the same, run by run, when upper "
            f"bounds are withheld. {changed:,} of {pairs:,} schedules of Amax change; in the worst "
            f"setting its total latency is {worst:,.0f} times as large on average."
        ),
        condition=_condition(verdict, [s.prediction for s in settings if not different[s]]),
        figures=(
            Figure(
                name="c6-uppers",
                title="Upper bounds withheld",
                reading="At 1 nothing changes. Without an upper bound Amax reserves what fits into "
                "the cache, so requests run one at a time.",
                x_label="K, number of bins",
                y_label="total latency: without / with upper bounds",
                x_scale="log",
                y_scale="log",
                series=tuple(
                    Series(
                        name,
                        tuple(
                            Point(bins, estimated(found.of(setting, f"{name.lower()}_ratio")))
                            for bins, setting in by_bins.items()
                        ),
                    )
                    for name in ("Amin", "Amax")
                ),
            ),
        ),
    )


def _condition(verdict: Verdict, same: list[str]) -> str:
    if verdict == "holds":
        return ""
    if verdict == "does not hold":
        return "Amin's schedules depend on upper bounds."
    return f"Only with {listed(same)}."


LOWER_BOUNDS_ONLY = Claim(
    name="C6",
    title="Amin uses lower bounds only",
    words="Lower bounds are generally easier and more reliable to predict, making Amin a robust "
    "choice for production environments where prediction accuracy can vary significantly.",
    rule="The part of this that can be checked: Amin uses lower bounds only. Holds if every "
    "schedule is the same, run by run, when upper bounds are withheld; under conditions if that is "
    "true with some predictions; does not hold if with none.",
    setting=lambda plan: (
        f"{_workload(plan).requests:,} requests with and without their upper bounds; K = "
        f"{listed(_bins(plan))} bins, naive intervals and o ± 50 %, at once; "
        f"{_bins(plan)[-1]} bins at load {LOAD}"
    ),
    experiments=_experiments,
    judge=_judge,
)

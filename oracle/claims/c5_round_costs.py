"""C5: does a round of Amin cost O(M log M)?"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from amin_ref.comparison.estimate import Estimate
from oracle.claims.experiments import Experiment, RoundCost
from oracle.claims.figures import Figure, Point, Scale, Series
from oracle.claims.ledger import Judgement, Verdict, verdict_where
from oracle.claims.plan import Claim, Plan
from oracle.claims.result_store import Measurements, estimated
from oracle.claims.rounds import (
    CAPACITIES,
    ROUNDS,
    WAITING,
    backlog_for_capacity,
    growth_exponent,
)
from oracle.claims.words import listed

FLAT = 0.05
"""Largest exponent of the number waiting that counts as no growth: a factor of 1.26 from 1,000 to
100,000, as much as a processor's caches lose when more memory is touched once."""

SMALLEST_CAPACITY = CAPACITIES[0]
"""M of the measurements by number waiting; tokens."""

MICROSECONDS = 1e6
"""In a second."""

QUICK_ROUNDS = 60
"""Rounds of each measurement in a quick run."""


def _capacities(plan: Plan) -> tuple[int, ...]:
    return plan.grid(CAPACITIES, CAPACITIES[:4])


def _by_capacity(plan: Plan) -> dict[int, RoundCost]:
    return {
        capacity: RoundCost(backlog_for_capacity(capacity).waiting, capacity, _rounds(plan))
        for capacity in _capacities(plan)
    }


def _by_waiting(plan: Plan) -> dict[int, RoundCost]:
    return {
        waiting: RoundCost(waiting, SMALLEST_CAPACITY, _rounds(plan)) for waiting in _waiting(plan)
    }


def _rounds(plan: Plan) -> int:
    return QUICK_ROUNDS if plan.quick else ROUNDS


def _waiting(plan: Plan) -> tuple[int, ...]:
    return plan.grid(WAITING, WAITING[:2])


def _experiments(plan: Plan) -> list[Experiment]:
    return [*_by_capacity(plan).values(), *_by_waiting(plan).values()]


def _exponents(costs: dict[int, NDArray[np.float64]]) -> Estimate:
    """One exponent for each seed; measurements of different seeds are independent."""
    sizes = tuple(costs)
    table = np.array(list(costs.values()))
    return estimated(np.array([growth_exponent(sizes, of_seed.tolist()) for of_seed in table.T]))


def _judge(plan: Plan, found: Measurements) -> Judgement:
    by_capacity = {
        size: found.of(experiment, "seconds") for size, experiment in _by_capacity(plan).items()
    }
    by_waiting = {
        size: found.of(experiment, "seconds") for size, experiment in _by_waiting(plan).items()
    }
    in_capacity, in_waiting = _exponents(by_capacity), _exponents(by_waiting)
    allowed = _allowed(plan)
    verdict = verdict_where(
        as_written=in_capacity.high <= allowed and in_waiting.high <= FLAT,
        somewhere=in_capacity.low <= allowed,
    )
    return Judgement(
        verdict=verdict,
        measured=(
            f"The processor time of a round grows like M^{in_capacity}; over the same sizes "
            f"M log M grows like M^{allowed:.3g}. It grows like n^{in_waiting} with the number n "
            f"of waiting requests. At M = {SMALLEST_CAPACITY:,} a round takes "
            f"{by_capacity[SMALLEST_CAPACITY].mean() * MICROSECONDS:.0f} µs."
        ),
        condition=_condition(verdict, in_capacity, in_waiting, allowed),
        figures=(
            _figure_capacity(by_capacity),
            _figure(
                "c5-waiting",
                "Cost of a round by the number waiting",
                "The same cache, with ten and a hundred times as many waiting requests.",
                "waiting requests",
                by_waiting,
                y_scale="linear",
            ),
        ),
    )


def _allowed(plan: Plan) -> float:
    """The exponent of M log M over the capacities that are measured."""
    sizes = _capacities(plan)
    return growth_exponent(sizes, [size * math.log2(size) for size in sizes])


def _condition(
    verdict: Verdict, in_capacity: Estimate, in_waiting: Estimate, allowed: float
) -> str:
    if verdict == "holds":
        return ""
    if verdict == "does not hold":
        return "A round costs more than M log M."
    if in_waiting.low > FLAT:
        return (
            "The growth with M is at most M log M, but the number of waiting requests costs time."
        )
    unclear = []
    if in_capacity.high > allowed:
        unclear.append("M")
    if in_waiting.high > FLAT:
        unclear.append("the number waiting")
    return (
        f"No measurement contradicts M log M, but the exponent of {listed(unclear)} is not known "
        "precisely enough; more seeds would narrow its interval."
    )


def _figure_capacity(costs: dict[int, NDArray[np.float64]]) -> Figure:
    figure = _figure(
        "c5-capacity",
        "Cost of a round by the size of the cache",
        "For comparison: M log M, through the first point. Both axes are logarithmic.",
        "M, size of the cache in tokens",
        costs,
    )
    first, *_ = costs
    scale = costs[first].mean() * MICROSECONDS / (first * math.log2(first))
    reference = tuple(
        Point(size, Estimate.exactly(scale * size * math.log2(size))) for size in costs
    )
    return replace(figure, series=(*figure.series, Series("M log M", reference)))


def _figure(
    name: str,
    title: str,
    reading: str,
    x_label: str,
    costs: dict[int, NDArray[np.float64]],
    y_scale: Scale = "log",
) -> Figure:
    points = tuple(
        Point(size, estimated(seconds * MICROSECONDS)) for size, seconds in costs.items()
    )
    return Figure(
        name=name,
        title=title,
        reading=reading,
        x_label=x_label,
        y_label="processor time of a round, µs",
        x_scale="log",
        y_scale=y_scale,
        series=(Series("Amin", points),),
    )


ROUND_COSTS = Claim(
    name="C5",
    title="Amin costs O(M log M) a round",
    words="Amin operates with a time complexity of O(M log M) per step, where M represents the "
    "cache size.",
    rule="Holds if the fitted exponent of M is at most that of M log M over the same sizes, and "
    f"the exponent of the number of waiting requests is at most {FLAT}, both with their whole 95 % "
    "intervals. Does not hold if the whole interval of the exponent of M is above that of "
    "M log M. Under conditions otherwise.",
    setting=lambda plan: (
        f"processor time in Amin's decisions per round, M = {_capacities(plan)[0]:,} to "
        f"{_capacities(plan)[-1]:,}, and {_waiting(plan)[0]:,} to {_waiting(plan)[-1]:,} waiting "
        f"requests at M = {SMALLEST_CAPACITY:,}; prompt and output lengths are uniform"
    ),
    experiments=_experiments,
    judge=_judge,
)

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
from oracle.claims.rounds import CAPACITIES, WAITING, growth_exponent, load_for_capacity
from oracle.claims.words import listed

FLAT = 0.05
"""An exponent of the number waiting below this is none: a factor of 1.26 from 1,000 to 100,000,
which is what caches of a processor can make of touching more memory once."""

SMALLEST = CAPACITIES[0]


def _capacities(plan: Plan) -> tuple[int, ...]:
    return plan.grid(CAPACITIES, CAPACITIES[:4])


def _by_capacity(plan: Plan) -> dict[int, RoundCost]:
    rounds = 60 if plan.quick else 250
    return {
        capacity: RoundCost(load_for_capacity(capacity).waiting, capacity, rounds)
        for capacity in _capacities(plan)
    }


def _by_waiting(plan: Plan) -> dict[int, RoundCost]:
    rounds = 60 if plan.quick else 250
    return {waiting: RoundCost(waiting, SMALLEST, rounds) for waiting in _waiting(plan)}


def _waiting(plan: Plan) -> tuple[int, ...]:
    return plan.grid(WAITING, WAITING[:2])


def _experiments(plan: Plan) -> list[Experiment]:
    return [*_by_capacity(plan).values(), *_by_waiting(plan).values()]


def _exponents(costs: dict[int, NDArray[np.float64]]) -> Estimate:
    """One exponent for each seed: those of one seed are independent of all others'."""
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
            f"Processor time grows like M^{in_capacity}; M log M would be M^{allowed:.3g}. It "
            f"grows like n^{in_waiting} with the number n that wait. At M = {SMALLEST:,} a round "
            f"takes {by_capacity[SMALLEST].mean() * 1e6:.0f} µs."
        ),
        condition=_condition(verdict, in_capacity, in_waiting, allowed),
        figures=(
            _figure_capacity(by_capacity),
            _figure(
                "c5-waiting",
                "Cost of a round by the number waiting",
                "The same cache, and ten or a hundred times as many in the queue.",
                "requests that wait",
                by_waiting,
                y_scale="linear",
            ),
        ),
    )


def _allowed(plan: Plan) -> float:
    """The exponent that M log M has over the capacities measured."""
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
        return "In M it does not contradict M log M, but the number waiting costs something, too."
    unclear = []
    if in_capacity.high > allowed:
        unclear.append("M")
    if in_waiting.high > FLAT:
        unclear.append("the number waiting")
    return (
        f"Nothing measured contradicts M log M, but the exponent of {listed(unclear)} is not known "
        "closely enough; more seeds would tell."
    )


def _figure_capacity(costs: dict[int, NDArray[np.float64]]) -> Figure:
    figure = _figure(
        "c5-capacity",
        "Cost of a round by the size of the cache",
        "Dashed: M log M, drawn through the first point. Logarithmic on both axes.",
        "M, size of the cache in tokens",
        costs,
    )
    first, *_ = costs
    scale = costs[first].mean() * 1e6 / (first * math.log2(first))
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
    points = tuple(Point(size, estimated(seconds * 1e6)) for size, seconds in costs.items())
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
    words="Amin operates with a time complexity of O(M log M) per step, where M represents the "
    "cache size.",
    rule="Holds if the fitted exponent of M is at most that of M log M over the same sizes, and "
    f"that of the number waiting at most {FLAT}, up to the ends of their 95 % intervals; does not "
    "if that of M is more, from the lower end on; under conditions in between.",
    setting=lambda plan: (
        f"processor time in Amin's decisions per round, M = {_capacities(plan)[0]:,} to "
        f"{_capacities(plan)[-1]:,}, and {_waiting(plan)[0]:,} to {_waiting(plan)[-1]:,} waiting "
        f"at M = {SMALLEST:,}; prompts and outputs drawn uniformly"
    ),
    experiments=_experiments,
    judge=_judge,
)

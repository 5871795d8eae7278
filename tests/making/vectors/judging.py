"""Testing an implementation with a vector, as a user of the vectors does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import get_args

from amin_ref import Rule, Schedule
from amin_ref.vectors import Vector
from tests.making.vectors.implementation import Implementation

Runs = frozenset[tuple[object, ...]]
VALIDITY: tuple[Rule, ...] = get_args(Rule)
POLICY_CLASSES = {
    "amin": "Amin",
    "amax": "Amax",
    "h-sf": "HindsightShortestFirst",
    "fcfs": "FirstComeFirstServed",
    "svf": "SmallestVolumeFirst",
    "amin-by-volume": "AminByVolume",
    "sjf": "ShortestPredictedFirst",
    "doubling": "DoublingBudgets",
    "mc-benchmark": "MCBenchmark",
    "alpha-greedy": "AlphaGreedy",
}


MOST_ROUNDS = 300
"""More rounds than any schedule of the vectors has; a broken policy may never end."""


class Fails(Exception):
    """An implementation does not do what a vector demands."""


def passes(implementation: Implementation, vector: Vector) -> bool:
    """Whether an implementation does what the vector demands, without an exception."""
    try:
        if implementation.scheduler is not None:
            if vector.policy == "amin" and vector.ties is None and vector.result != "invalid":
                _makes_one_of_them(implementation, vector)
        elif vector.result == "invalid":
            _refuses(implementation, vector)
        else:
            _makes_one_of_them(implementation, vector)
            for schedule in vector.schedules:
                _accepts(implementation, vector, schedule)
    except Exception:  # noqa: BLE001 - whatever a broken implementation raises, it fails
        return False
    return True


def _makes_one_of_them(implementation: Implementation, vector: Vector) -> None:
    """The policy makes one of the vector's schedules, which differ only in ties."""
    core = implementation.core
    if implementation.scheduler is not None:
        policy = implementation.scheduler()
    elif vector.policy is not None:
        ties = core.ByPosition() if vector.ties is None else core.Ranking(vector.ties)
        policy = getattr(core, POLICY_CLASSES[vector.policy])(ties)
    else:
        return
    instance = core.Instance.from_json(vector.instance.to_json())
    made = core.simulate(instance, policy, max_rounds=MOST_ROUNDS)
    _demand(_runs(made.to_json()) in {_runs(schedule.to_json()) for schedule in vector.schedules})


def _accepts(implementation: Implementation, vector: Vector, schedule: Schedule) -> None:
    """The schedule is valid, the policy could have made it, and the simulator carries it out."""
    core = implementation.core
    copy = core.Schedule.from_json(schedule.to_json())
    _demand(not core.check(copy))
    if vector.policy in ("amin", "amax", "h-sf"):
        ties = None if vector.ties is None else core.Ranking(vector.ties)
        _demand(core.conform(copy, vector.policy, ties=ties).conforms)
    script = _scripted(implementation, schedule)
    made = core.simulate(copy.instance, script, max_rounds=MOST_ROUNDS)
    _demand(_runs(made.to_json()) == _runs(schedule.to_json()))


def _refuses(implementation: Implementation, vector: Vector) -> None:
    """The checker, or else the conformance checker, names the vector's rule and round."""
    core = implementation.core
    (schedule,) = vector.schedules
    copy = core.Schedule.from_json(schedule.to_json())
    found = [(violation.rule, violation.round) for violation in core.check(copy)]
    if vector.rule in VALIDITY:
        _demand((vector.rule, vector.round) in found)
        if vector.rule == "within-capacity":
            _demand(_is_stopped(implementation, schedule))
        return
    _demand(not found)
    ties = None if vector.ties is None else core.Ranking(vector.ties)
    departure = core.conform(copy, vector.policy, ties=ties).departure
    _demand(departure is not None)
    _demand((departure.rule, departure.round) == (vector.rule, vector.round))


def _is_stopped(implementation: Implementation, schedule: Schedule) -> bool:
    """Whether the simulator refuses to carry out a schedule."""
    core = implementation.core
    instance = core.Instance.from_json(schedule.instance.to_json())
    try:
        core.simulate(instance, _scripted(implementation, schedule))
    except core.IllegalDecision:
        return True
    return False


def _scripted(implementation: Implementation, schedule: Schedule) -> object:
    """A policy that makes the decisions of a given schedule, whatever input it receives."""
    core = implementation.core
    runs = schedule.runs

    def decide(_: object, now: int, arrived: Sequence[object], completed: object) -> object:
        evicted = [run.request for run in runs if run.outcome == "evicted" and run.stop == now]
        return core.Decision(tuple(evicted), tuple(r.request for r in runs if r.start == now))

    methods = {"use": lambda *_: None, "begin": lambda *_: None, "decide": decide}
    return type("Scripted", (core.Policy,), methods)()


def _runs(text: str) -> Runs:
    """The runs of a schedule's document."""
    return frozenset(
        tuple(tuple(value) if isinstance(value, list) else value for value in run.values())
        for run in json.loads(text)["runs"]
    )


def _demand(holds: bool) -> None:
    if not holds:
        raise Fails

"""Vectors of instances on other machines than the paper's (specification, section 7).

Only instances in which ties leave no freedom: however ties are broken, anew in every round, the
policy makes one schedule. The naive engine of :mod:`tests.models.naive_engine` makes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import get_args

from amin_ref import Instance, Machine, RequestId, Schedule
from amin_ref.model.machine import AfterEviction
from amin_ref.policies.names import title_of
from amin_ref.vectors import Vector
from tests.making.vectors import candidates
from tests.making.vectors.candidates import PortableRandom, drawn_instance, size
from tests.making.vectors.implementation import OURS
from tests.making.vectors.judging import passes
from tests.models.every_engine_order import after_round, decided_by, every_order
from tests.models.naive_engine import NaiveEngine, Name

POLICIES: tuple[Name, ...] = get_args(Name)

TRIED = 400
"""Instances drawn for each policy: enough for five vectors of each bug that ignores a field."""

OF_EACH_POLICY = 5
"""Vectors of each policy but Amin, which has those of the bugs that ignore a field."""

MOST_ROUNDS = 200
"""More rounds than any of these schedules has."""


def drawn_machine(rng: PortableRandom) -> Machine:
    """A machine that differs from the paper's; most of these keep the tokens of the evicted."""
    after_eviction: AfterEviction = "resume" if rng.chance(0.7) else "restart"
    machine = Machine(
        after_eviction=after_eviction,
        last_token_stored=rng.chance(0.4),
        tokens_per_round=rng.number(2, 9) if rng.chance(0.3) else None,
        max_running=rng.number(1, 3) if rng.chance(0.3) else None,
        watermark=rng.number(1, 2) if rng.chance(0.3) else 0,
        sound_predictions=rng.chance(0.8),
    )
    return replace(machine, after_eviction="resume") if machine == Machine() else machine


def on_drawn_machine(rng: PortableRandom) -> Instance:
    """A small instance on such a machine, with predictions that are wrong where they may be."""
    instance = drawn_instance(rng, most_requests=4)
    machine = drawn_machine(rng)
    requests = instance.requests
    if not machine.sound_predictions:
        requests = tuple(
            replace(request, lower=rng.number(1, 4), upper=rng.number(4, 8)) for request in requests
        )
    return replace(instance, machine=machine, requests=requests)


def only_schedule(instance: Instance, policy: Name) -> Schedule | None:
    """The one schedule that the policy makes however ties are broken; ``None`` if there are more.

    Engines in one state but for the order of their running requests are followed together: all of
    their next rounds must be the same.
    """
    engines: dict[tuple[RequestId, ...], NaiveEngine] = {(): NaiveEngine(instance, policy)}
    for _ in range(MOST_ROUNDS):
        following: dict[tuple[RequestId, ...], NaiveEngine] = {}
        for engine in engines.values():
            for order in every_order(engine):
                after = after_round(engine, order)
                following[tuple(each.request.id for each in after.running)] = after
        if len({decided_by(engine) for engine in following.values()}) > 1:
            return None
        engines = following
        done = [engine for engine in engines.values() if not engine.unfinished]
        if done:
            return Schedule(instance, done[0].runs)
    return None


def right_on(instance: Instance, policy: Name) -> Vector | None:
    """The vector of an instance, if ties leave no freedom in it."""
    schedule = only_schedule(instance, policy)
    if schedule is None:
        return None
    evictions = schedule.evictions
    return Vector(
        id=1,
        comment=f"{len(instance.requests)} requests on {instance.machine!r}, {title_of(policy)} "
        f"evicts {f'{evictions} times' if evictions else 'no request'}.",
        flags=(),
        policy=policy,
        ties=None,
        result="valid",
        schedules=(schedule,),
    )


def on_other_machines() -> Iterator[Vector]:
    """Candidates on other machines, for every policy that the naive engine knows."""
    for policy in POLICIES:
        for index in range(TRIED):
            instance = on_drawn_machine(PortableRandom(f"machine/{policy}/{index}"))
            vector = right_on(instance, policy)
            # Runs do not show in which order the requests of a round were admitted. Where that
            # order decides what a request computes, a judge cannot carry out the schedule again.
            if vector is not None and passes(OURS, vector):
                yield vector


def of_other_policies() -> tuple[Vector, ...]:
    """For every policy but Amin, the smallest vectors of three requests, on different machines."""
    found: list[Vector] = []
    all_found = sorted(on_other_machines(), key=size, reverse=True)
    for policy in (name for name in POLICIES if name != "amin"):
        mine = [v for v in all_found if v.policy == policy and len(v.instance.requests) > 2]
        unlike = {v.instance.machine: v for v in mine}
        found += sorted(unlike.values(), key=size)[:OF_EACH_POLICY]
    return tuple(found)


def recomputed(vector: Vector) -> Vector:
    """The vector of the same instance, all else recomputed, on every machine."""
    if vector.instance.machine == Machine():
        return candidates.recomputed(vector)
    found = right_on(vector.instance, next(name for name in POLICIES if name == vector.policy))
    assert found is not None, "ties leave freedom"
    return found

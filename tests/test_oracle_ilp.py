"""The integer programme: agreement with plain enumeration, and no belief in what solvers say."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import pytest

from amin_ref import Instance, Request, Run, Schedule, check
from oracle.ilp import IlpResult, solve

ENOUGH_SECONDS = 30.0


def occupied(instance: Instance, request: Request, age: int) -> int:
    blocks = math.ceil((request.prompt_len + age + 1) / instance.block_size)
    return blocks * instance.block_size


def fits(instance: Instance, starts: Sequence[int]) -> bool:
    """The rules of the specification, section 2, round by round."""
    held: dict[int, int] = {}
    for request, start in zip(instance.requests, starts, strict=True):
        if start < request.arrival:
            return False
        for age in range(request.output_len):
            held[start + age] = held.get(start + age, 0) + occupied(instance, request, age)
    return all(tokens <= instance.capacity for tokens in held.values())


def cost(instance: Instance, starts: Sequence[int]) -> int:
    return sum(
        start + request.output_len - request.arrival
        for request, start in zip(instance.requests, starts, strict=True)
    )


def enumerated_optima(instance: Instance) -> tuple[int, list[tuple[int, ...]]]:
    """Least cost and all start rounds that reach it, over a horizon with room to spare."""
    horizon = max(request.arrival + request.output_len for request in instance.requests) + sum(
        request.output_len for request in instance.requests
    )
    best: int | None = None
    optima: list[tuple[int, ...]] = []

    def extend(starts: tuple[int, ...], so_far: int) -> None:
        nonlocal best, optima
        still_to_come = instance.requests[len(starts) :]
        if best is not None and so_far + sum(r.output_len for r in still_to_come) > best:
            return
        if len(starts) == len(instance.requests):
            if best is None or so_far < best:
                best, optima = so_far, []
            optima.append(starts)
            return
        request = instance.requests[len(starts)]
        begun = Instance(
            instance.capacity, instance.requests[: len(starts) + 1], instance.block_size
        )
        for start in range(request.arrival, horizon - request.output_len + 1):
            longer = (*starts, start)
            if fits(begun, longer):
                extend(longer, so_far + start + request.output_len - request.arrival)

    extend((), 0)
    assert best is not None
    return best, optima


def random_instance(seed: int, longest_gap: int = 5) -> Instance:
    """Up to four requests in a small cache; every other has blocks of 4."""
    rng = random.Random(seed)
    block_size = (1, 4)[seed % 2]
    capacity = rng.randint(6, 14) if block_size == 1 else 4 * rng.randint(2, 4)
    requests: list[Request] = []
    for number in range(rng.randint(1, 4)):
        twin = rng.choice(requests) if requests and rng.random() < 0.3 else None
        prompt_len = twin.prompt_len if twin else rng.randint(1, 4)
        output_len = twin.output_len if twin else rng.randint(1, min(5, capacity - prompt_len))
        arrival = rng.choice((0, rng.randint(0, longest_gap)))
        requests.append(Request(number, prompt_len, output_len, arrival=arrival))
    return Instance(capacity, tuple(requests), block_size)


def jaillet_like(requests: int, seed: int) -> Instance:
    rng = random.Random(seed)
    capacity = rng.randint(30, 50)
    drawn: list[Request] = []
    for number in range(requests):
        prompt_len = rng.randint(1, 5)
        drawn.append(Request(number, prompt_len, rng.randint(1, capacity - prompt_len)))
    return Instance(capacity, tuple(drawn))


def schedule_of(instance: Instance, starts: Sequence[int]) -> Schedule:
    return Schedule(
        instance,
        tuple(
            Run(request.id, start, start + request.output_len, "completed")
            for request, start in zip(instance.requests, starts, strict=True)
        ),
    )


def assert_optimal(instance: Instance, result: IlpResult) -> None:
    best, _ = enumerated_optima(instance)
    assert result.schedule.total_latency == best
    assert result.lower_bound == best
    assert result.proven
    assert not check(result.schedule)


@pytest.mark.parametrize("seed", range(200))
def test_highs_agrees_with_enumeration(seed: int) -> None:
    instance = random_instance(seed)
    assert_optimal(instance, solve(instance, time_limit=ENOUGH_SECONDS))


@pytest.mark.parametrize("seed", range(200, 230))
def test_cbc_agrees_with_enumeration(seed: int) -> None:
    instance = random_instance(seed)
    assert_optimal(instance, solve(instance, time_limit=ENOUGH_SECONDS, solver="cbc"))

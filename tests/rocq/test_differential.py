"""The program extracted from the proved model agrees with the Python, run for run."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from amin_ref import (
    Amax,
    Amin,
    ClairvoyantPolicy,
    FirstComeFirstServed,
    HindsightShortestFirst,
    Instance,
    InvalidValue,
    Machine,
    Outcome,
    Policy,
    Ranking,
    Request,
    RequestId,
    Run,
    Schedule,
    SmallestVolumeFirst,
    check,
    simulate,
)
from amin_ref.model.blocks import occupied
from oracle import Certificate, Stretch, verify
from tests.rocq.program import Program

pytestmark = pytest.mark.slow

INSTANCES = 10**5 if os.environ.get("AMIN_PROFILE") == "deep" else 1000
"""Random instances for each test: some seconds, and some minutes in the deep profile."""

POLICIES: dict[str, Callable[[Ranking], Policy | ClairvoyantPolicy]] = {
    "amin": Amin,
    "amax": Amax,
    "h-sf": HindsightShortestFirst,
    "svf": SmallestVolumeFirst,
    "fcfs": FirstComeFirstServed,
}
"""The policies of ``Model.v``, by the program's names for them."""


@pytest.fixture(scope="module")
def program(compiled_program: Path) -> Iterator[Program]:
    """The program, compiled from the sources as they are."""
    with Program(compiled_program) as running:
        yield running


def drawn(rng: random.Random, most: int) -> Instance:
    """A random instance with blocks, arrivals, unequal prompts and known or unknown bounds."""
    block = rng.choice([1, 1, 2, 3, 4, 16])
    span = rng.choice([4, 12, 40])
    requests = []
    for i in range(rng.randint(1, most)):
        output = rng.randint(1, span)
        lower = rng.choice([1, output, rng.randint(1, output)])
        upper = rng.choice([None, output, output + rng.randint(0, span)])
        arrival = rng.choice([0, 0, rng.randint(0, 3 * most)])
        requests.append(Request(f"r{i}", rng.randint(1, span), output, lower, upper, arrival))
    need = max(occupied(each.prompt_len + each.output_len, block) for each in requests)
    capacity = need + rng.randint(0, rng.choice([1, 2, 4]) * need)
    return Instance(capacity, tuple(requests), block)


def ranked(rng: random.Random, instance: Instance) -> tuple[Ranking, dict[RequestId, int]]:
    """A random tie-break: as the Python takes it, and as ranks."""
    order = [request.id for request in instance.requests]
    rng.shuffle(order)
    return Ranking(tuple(order)), {identity: place for place, identity in enumerate(order)}


def positions(instance: Instance) -> dict[RequestId, int]:
    return {request.id: place for place, request in enumerate(instance.requests)}


@pytest.mark.parametrize("name", POLICIES)
def test_simulate_makes_the_runs_of_the_model(program: Program, name: str) -> None:
    rng = random.Random(f"simulate {name}")
    evictions = 0
    for _ in range(INSTANCES):
        instance = drawn(rng, 20)
        ties, ranks = ranked(rng, instance)
        schedule = simulate(instance, POLICIES[name](ties))
        runs = Counter((run.request, run.start, run.stop, run.outcome) for run in schedule.runs)
        assert program.schedule(name, instance, ranks) == (runs, schedule.total_latency)
        evictions += schedule.evictions
    # Instances without evictions would show little of steps 2 and 3.
    assert (evictions > INSTANCES) == (name in ("amin", "fcfs"))


def test_amin_makes_the_runs_of_the_model_where_tokens_are_kept(program: Program) -> None:
    """The machine of ``resume/Keeping.v`` is the Python's with ``after_eviction="resume"``."""
    rng = random.Random("simulate where tokens are kept")
    keeping = Machine(after_eviction="resume")
    evictions = 0
    for _ in range(INSTANCES):
        instance = replace(drawn(rng, 20), machine=keeping)
        ties, ranks = ranked(rng, instance)
        schedule = simulate(instance, Amin(ties))
        runs = Counter((run.request, run.start, run.stop, run.outcome) for run in schedule.runs)
        assert program.schedule("amin", instance, ranks) == (runs, schedule.total_latency)
        evictions += schedule.evictions
    # Instances without evictions would not tell the two machines apart.
    assert evictions > INSTANCES


def spoilt(rng: random.Random, instance: Instance, runs: list[Run]) -> list[Run]:
    """The runs with up to two random faults."""
    for _ in range(rng.choice([0, 1, 1, 2])):
        place = rng.randrange(len(runs))
        run, shift = runs[place], rng.choice([-2, -1, 1, 2])
        match rng.randrange(6):
            case 0 if run.start + shift >= 0:
                runs[place] = Run(run.request, run.start + shift, run.stop + shift, run.outcome)
            case 1 if run.stop + shift > run.start:
                runs[place] = Run(run.request, run.start, run.stop + shift, run.outcome)
            case 2:
                other: Outcome = "evicted" if run.outcome == "completed" else "completed"
                runs[place] = Run(run.request, run.start, run.stop, other)
            case 3:
                runs.append(run)
            case 4 if len(runs) > 1:
                del runs[place]
            case 5:
                start = rng.randrange(max(each.stop for each in runs) + 3)
                stop = start + rng.randint(1, 4)
                runs.append(Run(rng.choice(instance.requests).id, start, stop, "evicted"))
    return runs


def test_check_accepts_what_the_proved_checker_accepts(program: Program) -> None:
    """``check`` has one rule that section 2 lacks: no run begins after the completion."""
    rng = random.Random("check")
    verdicts: Counter[bool] = Counter()
    while verdicts.total() < INSTANCES:
        instance = drawn(rng, 8)
        runs = spoilt(rng, instance, list(simulate(instance, Amin()).runs))
        try:
            schedule = Schedule(instance, tuple(runs))
        except InvalidValue:
            continue
        broken = {found.rule for found in check(schedule)} - {"nothing-after-completion"}
        accepted = program.accepts(instance, runs, positions(instance))
        assert accepted == (not broken), (schedule, broken)
        verdicts[accepted] += 1
    assert min(verdicts[True], verdicts[False]) > INSTANCES // 10


def test_verify_computes_the_proved_bound(program: Program) -> None:
    """Certificates of one stretch from round 0 on, without shares."""
    rng = random.Random("verify")
    better = 0
    for _ in range(INSTANCES):
        instance = drawn(rng, 20)
        rounds = 1 + max(request.arrival for request in instance.requests) + rng.randint(0, 60)
        denominator = rng.choice([1, 7, 1000])
        prices = [rng.choice([0, 0, rng.randint(0, denominator)]) for _ in range(rounds)]
        certificate = Certificate(instance, denominator, (Stretch(0, tuple(prices)),))
        exact = program.bound(instance, prices, denominator, positions(instance))
        assert verify(instance, certificate) == -(-exact // denominator)
        better += exact > denominator * sum(each.output_len for each in instance.requests)
    # Prices of 0 prove the sum of output lengths: some certificates must prove more.
    assert better > 0

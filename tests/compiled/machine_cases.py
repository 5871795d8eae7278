"""Random instances on the machines of serving engines, and what both simulations make of them."""

from __future__ import annotations

import random
from collections.abc import Callable

from amin_ref import (
    Amax,
    Amin,
    ByPosition,
    ClairvoyantPolicy,
    FirstComeFirstServed,
    HindsightShortestFirst,
    Instance,
    Machine,
    Policy,
    Ranking,
    Request,
    Shuffled,
    TieBreak,
    simulate,
)
from amin_ref.model.machine import PAPERS_MACHINE
from tests.compiled.cases import HUGE, Case

Make = Callable[[TieBreak], Policy | ClairvoyantPolicy]

COMPILED_ON_EVERY_MACHINE: tuple[Make, ...] = (
    FirstComeFirstServed,
    Amin,
    Amax,
    HindsightShortestFirst,
)
"""The policies that compiled code knows on these machines."""


def random_machine_case(rng: random.Random) -> Case:
    """A case on another machine than the paper's; another seed makes it differ in every respect."""
    machine = PAPERS_MACHINE
    while machine == PAPERS_MACHINE:
        machine = Machine(
            after_eviction=rng.choice(("restart", "resume", "resume")),
            last_token_stored=rng.choice((True, False)),
            tokens_per_round=rng.choice((None, rng.randint(1, 5), rng.randint(6, 60))),
            max_running=rng.choice((None, None, rng.randint(1, 5))),
            watermark=rng.choice((0, 0, 1, 3)),
            sound_predictions=rng.choice((True, False)),
        )
    block_size = rng.choice((1, 1, 2, 4, 16))
    longest = rng.choice((3, 12, 40))
    # A huge prompt that is computed in chunks would take billions of rounds.
    least_prompt = 0 if machine.tokens_per_round else rng.choice((0, 0, 0, HUGE))
    last_arrival = rng.choice((0, 0, 5, 40))
    jump = rng.choice((0, 0, HUGE))
    requests = []
    for number in range(rng.choice((1, 2, 3, 5, 8, 13, 20))):
        output = rng.randint(1, longest)
        lower = rng.choice((1, output, rng.randint(1, output)))
        upper = rng.choice((None, output, output + rng.randint(0, 9)))
        if not machine.sound_predictions:
            lower = rng.randint(1, 2 * longest)
            upper = rng.choice((None, lower + rng.randint(0, 9)))
        arrival = jump * rng.randint(0, 1) + rng.randint(0, last_arrival)
        prompt = least_prompt + rng.randint(1, longest)
        requests.append(Request(number, prompt, output, lower, upper, arrival))
    largest = max(
        -(-(request.prompt_len + request.output_len) // block_size) * block_size
        for request in requests
    )
    ids = [request.id for request in requests]
    rng.shuffle(ids)
    ties = rng.choice((ByPosition(), Shuffled(rng.randrange(100)), Ranking(ids)))
    capacity = largest + rng.randint(0, rng.choice((longest // 2, longest, 4 * longest)))
    return Case(Instance(capacity, requests, block_size, machine=machine), ties)


def differing_on_machine(case: Case, make: Make) -> str:
    """Both schedules where compiled code makes another one than the policy; otherwise nothing.

    Amax is left out where it plans further ahead than compiled code does.
    """
    policy = make(case.ties)
    if isinstance(policy, Amax) and case.instance.capacity >= HUGE:
        return ""
    expected = simulate(case.instance, policy, compiled=False)
    found = simulate(case.instance, policy, compiled=True)
    if found == expected:
        return ""
    return f"{policy!r} on {case.instance!r}: {found.runs} in place of {expected.runs}"

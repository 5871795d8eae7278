"""Random instances, small and tight, with blocks, ties, late arrivals and huge prompts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from amin_ref import (
    Amax,
    Amin,
    ByPosition,
    ClairvoyantPolicy,
    FirstComeFirstServed,
    HindsightShortestFirst,
    Instance,
    InvalidValue,
    MCBenchmark,
    Policy,
    Ranking,
    Request,
    Schedule,
    ShortestPredictedFirst,
    Shuffled,
    SmallestVolumeFirst,
    TieBreak,
    simulate,
)

COMPILED = (
    Amin,
    Amax,
    HindsightShortestFirst,
    SmallestVolumeFirst,
    ShortestPredictedFirst,
    FirstComeFirstServed,
    MCBenchmark,
)
"""The policies that compiled code knows."""

HUGE = 2**33
"""A prompt or an arrival that does not fit 32 bits."""


@dataclass(frozen=True)
class Case:
    """An instance and a tie-break."""

    instance: Instance
    ties: TieBreak

    def policies(self) -> Iterator[Policy | ClairvoyantPolicy]:
        """A new policy of each kind."""
        return (make(self.ties) for make in COMPILED)


def random_case(rng: random.Random) -> Case:
    """A case that another seed makes differ in every respect."""
    block_size = rng.choice((1, 1, 2, 4, 16))
    longest = rng.choice((1, 3, 12, 40))
    least_prompt = rng.choice((0, 0, 0, HUGE))
    last_arrival = rng.choice((0, 0, 5, 40))
    jump = rng.choice((0, 0, HUGE))
    requests = []
    for number in range(rng.choice((1, 2, 3, 5, 8, 13, 20))):
        output = rng.randint(1, longest)
        requests.append(
            Request(
                number,
                least_prompt + rng.randint(1, longest),
                output,
                rng.choice((1, output, rng.randint(1, output))),
                rng.choice((None, output, output + rng.randint(0, 9))),
                jump * rng.randint(0, 1) + rng.randint(0, last_arrival),
            )
        )
    largest = max(
        -(-(request.prompt_len + request.output_len) // block_size) * block_size
        for request in requests
    )
    ids = [request.id for request in requests]
    rng.shuffle(ids)
    ties = rng.choice((ByPosition(), Shuffled(rng.randrange(100)), Ranking(ids)))
    return Case(Instance(largest + rng.randint(0, 3 * largest), requests, block_size), ties)


def reference(
    instance: Instance, policy: Policy | ClairvoyantPolicy
) -> tuple[Schedule | None, str]:
    """The schedule of the policy itself, or none and the message of the error."""
    try:
        return simulate(instance, policy, compiled=False), ""
    except InvalidValue as error:
        return None, str(error)


def differing(case: Case) -> Iterator[str]:
    """The policies of which compiled code makes another schedule, each with both schedules.

    Amax is left out where it plans further ahead than compiled code does.
    """
    for policy in case.policies():
        expected, _ = reference(case.instance, policy)
        if expected is None or (isinstance(policy, Amax) and case.instance.capacity >= HUGE):
            continue
        found = simulate(case.instance, policy, compiled=True)
        if found != expected:
            yield f"{policy!r} on {case.instance!r}: {found.runs} in place of {expected.runs}"

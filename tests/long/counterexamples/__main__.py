"""Search for a small instance above T12's number: ``python -m tests.long.counterexamples``.

It looks at a grid of the staggered family of T15: the cost of Amin's schedule follows from the
predicted start rounds, and H-SF's from a fast simulation. The smallest instance found is simulated
and checked at the end.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from itertools import product
from math import log

from amin_ref import Amin, HindsightShortestFirst, check, simulate
from amin_ref.families import staggered
from amin_ref.small.optimum import Hindsight
from amin_ref.small.setting import Setting
from tests.models.staggered_starts import starts_by_a1

LONGEST_PROMPT = 4
"""T12 is stated for s ≤ 4ℓ, and ℓ = 1 here."""

MOST_LONG = 60
"""Largest K of the grid; more make an instance larger."""

HOPELESS = 0.97
"""A grid line in m ends where the ratio falls below this share of the number: it falls on."""


def number(upper: int) -> float:
    """33/10 + 9/10·ln(1/α) for ℓ = 1."""
    return 3.3 + 0.9 * log(upper)


@dataclass(frozen=True)
class Parameters:
    """Of a staggered instance: s, u, c, K and m."""

    prompt_len: int
    upper: int
    slots: int
    long: int
    short: int

    def outputs(self) -> list[int]:
        """The output lengths in the order of rank."""
        return [request.output_len for request in staggered(*astuple(self)).requests]


def ratio_of(parameters: Parameters) -> float:
    """Amin's total latency / H-SF's."""
    outputs = parameters.outputs()
    amin = sum(outputs) + sum(starts_by_a1(*astuple(parameters)))
    return amin / hindsight(setting_of(parameters), outputs)


def setting_of(parameters: Parameters) -> Setting:
    """What its requests have in common."""
    capacity = staggered(*astuple(parameters)).capacity
    return Setting(parameters.prompt_len, 1, parameters.upper, capacity)


def hindsight(setting: Setting, outputs: Sequence[int]) -> int:
    """H-SF's total latency."""
    return Hindsight(setting).shortest_first(tuple(sorted(outputs)))


@dataclass(frozen=True)
class Grid:
    """Staggered instances with s from 1 to :data:`LONGEST_PROMPT` and c from 1 to two.

    Attributes:
        uppers: the values of u.
        long_step: step in K, from 0 to :data:`MOST_LONG`.
        short_step: step in m, downwards from the largest that makes an instance small enough.
    """

    uppers: range
    long_step: int
    short_step: int

    def smaller(self, below: int) -> Iterator[tuple[Parameters, int]]:
        """Each instance above the number with fewer requests than the one before.

        Args:
            below: the first has fewer requests than this.

        Returns:
            Its parameters and its number of requests.
        """
        for prompt_len, upper, slots in product(range(1, LONGEST_PROMPT + 1), self.uppers, (1, 2)):
            first = len(Parameters(prompt_len, upper, slots, 0, 0).outputs())
            for long in range(0, MOST_LONG + 1, self.long_step):
                for short in range(below - 1 - first - long, 0, -self.short_step):
                    parameters = Parameters(prompt_len, upper, slots, long, short)
                    ratio = ratio_of(parameters)
                    if ratio > number(upper):
                        below = first + long + short
                        yield parameters, below
                    elif ratio < HOPELESS * number(upper):
                        break


def main() -> None:
    """Print each smaller instance, and check the smallest with the simulator."""
    parser = argparse.ArgumentParser(prog="python -m tests.long.counterexamples")
    parser.add_argument("--from", dest="least", type=int, default=14, help="least u")
    parser.add_argument("--to", dest="largest", type=int, default=30, help="largest u")
    parser.add_argument("--below", type=int, default=667, help="fewer requests than this")
    parser.add_argument("--long-step", type=int, default=3, help="step of the grid in K")
    parser.add_argument("--short-step", type=int, default=6, help="step of the grid in m")
    given = parser.parse_args()
    best: Parameters | None = None
    grid = Grid(range(given.least, given.largest + 1), given.long_step, given.short_step)
    for found, requests in grid.smaller(given.below):
        print(f"n={requests} {found} {ratio_of(found):.4f} > {number(found.upper):.4f}", flush=True)
        best = found
    if best is None:
        print("none found")
        return
    instance = staggered(*astuple(best))
    schedules = [simulate(instance, policy()) for policy in (Amin, HindsightShortestFirst)]
    assert [check(schedule) for schedule in schedules] == [(), ()]
    amin, shortest_first = (schedule.total_latency for schedule in schedules)
    print(f"simulated: Amin {amin:,} / H-SF {shortest_first:,} = {amin / shortest_first:.4f}")


if __name__ == "__main__":
    main()

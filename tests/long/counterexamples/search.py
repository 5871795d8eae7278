"""A grid of the staggered family of T15, and the ratios on it.

The cost of Amin's schedule follows from the predicted start rounds. It is compared with the cheaper
of two schedules: H-SF's, and shortest first with at most c starts of the longest requests in a
round.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from functools import cache
from itertools import product
from math import log

from amin_ref import Run, Schedule
from amin_ref.families import staggered
from amin_ref.small.plans import PackedPlans
from amin_ref.small.setting import Setting
from tests.models.staggered_starts import starts_by_a1, volume

LONGEST_PROMPT = 4
"""T12 is stated for s ≤ 4ℓ, and ℓ = 1 here."""

MOST_LONG = 60
"""Largest K of the grid; more make an instance larger."""

HOPELESS = 0.9
"""A line of the grid in m ends where the ratio is below this share of T12's number: as m falls, the
ratio falls, but for fluctuations of a few per cent."""


plans_of = cache(PackedPlans)
"""The plans of a setting, cached: all instances of a line of the grid need the same plans."""


def number(upper: int) -> float:
    """T12's number, 33/10 + 9/10·ln(1/α), for ℓ = 1 and u = ``upper``."""
    return 3.3 + 0.9 * log(upper)


@dataclass(frozen=True)
class Parameters:
    """The parameters of a staggered instance: s, u, c, K and m."""

    prompt_len: int
    upper: int
    slots: int
    long: int
    short: int

    def outputs(self) -> list[int]:
        """The output lengths in the order of rank."""
        return [request.output_len for request in staggered(*astuple(self)).requests]


def ratio_of(parameters: Parameters) -> float:
    """Amin's total latency over that of the better schedule: at most Amin's ratio to OPT."""
    outputs = parameters.outputs()
    amin = sum(outputs) + sum(starts_by_a1(*astuple(parameters)))
    return amin / (sum(outputs) + sum(better_starts(parameters)))


def better_starts(parameters: Parameters) -> list[int]:
    """Start rounds of the better of the two schedules, by ascending output length."""
    outputs = sorted(parameters.outputs())
    setting = setting_of(parameters)
    few, any_number = parameters.slots, len(outputs)
    return min((shortest_first(setting, outputs, most) for most in (few, any_number)), key=sum)


def shortest_first(setting: Setting, outputs: Sequence[int], most_longest: int) -> list[int]:
    """Start rounds if requests start in ascending order of output, each as soon as it fits.

    Args:
        setting: the prompt length, the predicted interval and the capacity.
        outputs: their output lengths, ascending.
        most_longest: most requests of ``setting.upper`` tokens that start in one round; with as
            many as there are, it is H-SF's schedule.
    """
    plans = plans_of(setting)
    plan = now = longest = 0
    starts = []
    for output_len in outputs:
        is_longest = output_len == setting.upper
        held = plans.held[0][output_len]
        while (plan + held + plans.bias) & plans.over or (is_longest and longest == most_longest):
            plan >>= plans.width
            now += 1
            longest = 0
        plan += held
        longest += is_longest
        starts.append(now)
    return starts


def setting_of(parameters: Parameters) -> Setting:
    """The prompt length, the predicted interval and the capacity of an instance."""
    capacity = parameters.slots * volume(parameters.prompt_len, parameters.upper)
    return Setting(parameters.prompt_len, 1, parameters.upper, capacity)


@dataclass(frozen=True)
class Grid:
    """Staggered instances with s from 1 to :data:`LONGEST_PROMPT` and c from 1 to 2.

    Attributes:
        uppers: the values of u.
        long_step: step in K, from 0 to :data:`MOST_LONG`.
        short_step: step in m, downwards from the largest that makes an instance small enough.
    """

    uppers: range
    long_step: int
    short_step: int

    def smaller(self, below: int) -> Iterator[tuple[Parameters, int]]:
        """Each instance above T12's number that has fewer requests than the one before.

        Args:
            below: the first has fewer requests than this.

        Returns:
            The instance's parameters and its number of requests.
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


def better_schedule(parameters: Parameters) -> Schedule:
    """The better of the two schedules, as a value that the checker can check."""
    instance = staggered(*astuple(parameters))
    ascending = sorted(instance.requests, key=lambda request: request.output_len)
    starts = better_starts(parameters)
    return Schedule(
        instance,
        tuple(
            Run(request.id, start, start + request.output_len, "completed")
            for request, start in zip(ascending, starts, strict=True)
        ),
    )

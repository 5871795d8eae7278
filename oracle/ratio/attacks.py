"""A randomised local search for high ratios, where there are too many instances to try them all.

The search varies the prompt length, the cache, and *which* output lengths occur, a few at a time.
How many requests have each of these lengths, and how ties are broken, is worked out exactly
(:mod:`oracle.ratio.adversary`). Simulated annealing over whole instances was weaker: with 12
requests, ℓ = 7 and u = 8 it found a ratio of 2.03 in two minutes, where three lengths, worked out
exactly, have 2.68.

Costs are compared with H-SF's, which is the cost of a valid schedule. The result is therefore at
most the ratio to OPT: an instance found here that exceeds a bound does break it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from amin_ref.small.fast_simulation import Rules
from amin_ref.small.optimum import Hindsight
from amin_ref.small.setting import Outputs, Setting
from oracle.ratio.adversary import AdversaryTree, TooManyStates

MOST_STATES = 1500
"""Points whose adversary tree has more states are skipped: each would take more than seconds."""

STEPS_TO_RESTART = 12
"""Steps without a larger ratio after which the search restarts at a random point: about as many as
a point has neighbours."""


@dataclass(frozen=True, slots=True)
class Attack:
    """An instance with its tie-break, and the costs on it.

    Attributes:
        setting: prompts, predictions and cache.
        by_rank: output lengths in order of tie-break rank; tokens.
        cost: the policy's total latency; request·rounds.
        achieved: the total latency of a valid schedule: H-SF's; request·rounds.
    """

    setting: Setting
    by_rank: Outputs
    cost: int
    achieved: int

    @property
    def ratio(self) -> Fraction:
        """Cost over H-SF's cost: at most the ratio to OPT."""
        return Fraction(self.cost, self.achieved)


@dataclass(frozen=True, slots=True)
class SearchSpace:
    """The settings and output lengths among which a search looks; all have the same α.

    Attributes:
        lower: ℓ; tokens.
        upper: u; tokens.
        longest_prompt: s is at most this; tokens.
        most_spare: M is at most s + u + this; tokens.
        requests: n.
        lengths: the largest number of different output lengths in an instance.
    """

    lower: int
    upper: int
    longest_prompt: int
    most_spare: int
    requests: int
    lengths: int = 3


_Point = tuple[int, int, Outputs]
"""s, M - s - u, and the output lengths that occur, in ascending order."""


def attacks(rules: Rules, space: SearchSpace, *, steps: int, seed: int) -> Iterator[Attack]:
    """Instances with larger and larger ratios, each as soon as it is found.

    Args:
        rules: the scheduler.
        space: where to look.
        steps: points to try.
        seed: of the search; the same seed tries the same points.
    """
    rng = random.Random(seed)
    best: Attack | None = None
    point, here, stale = _random_point(rng, space), Fraction(0), 0
    for _ in range(steps):
        following = (
            _random_point(rng, space)
            if stale >= STEPS_TO_RESTART
            else _neighbour(rng, space, point)
        )
        found = worst_with_lengths(rules, _setting(space, following), following[2], space.requests)
        ratio = found.ratio if found else Fraction(0)
        stale = 0 if ratio > here or stale >= STEPS_TO_RESTART else stale + 1
        if ratio >= here or stale == 0:
            point, here = following, ratio
        if found and (best is None or ratio > best.ratio):
            best = found
            yield found


def worst_with_lengths(
    rules: Rules, setting: Setting, lengths: Outputs, requests: int, most_states: int = MOST_STATES
) -> Attack | None:
    """The worst instance, compared with H-SF, whose outputs all have one of these lengths.

    ``None`` when its tree has more than ``most_states`` states.
    """
    tree = AdversaryTree(setting, rules, requests, lengths=lengths, most_states=most_states)
    try:
        costs = tree.worst_costs()
    except TooManyStates:
        return None
    shortest_first = Hindsight(setting).shortest_first
    outputs = max(costs, key=lambda outputs: Fraction(costs[outputs], shortest_first(outputs)))
    return Attack(setting, tree.by_rank(outputs), costs[outputs], shortest_first(outputs))


def _setting(space: SearchSpace, point: _Point) -> Setting:
    prompt_len, spare, _ = point
    capacity = prompt_len + space.upper + spare
    return Setting(prompt_len, space.lower, space.upper, capacity)


def _random_point(rng: random.Random, space: SearchSpace) -> _Point:
    # Half of the points have a tight cache, and half of the lengths exceed ℓ by one token: there
    # the ratios are largest.
    spare = rng.choice((0, rng.randint(0, space.most_spare)))
    between = {
        rng.choice((min(space.lower + 1, space.upper), rng.randint(space.lower, space.upper)))
        for _ in range(space.lengths - 2)
    }
    lengths = tuple(sorted(between | {space.lower, space.upper}))
    return rng.randint(1, space.longest_prompt), spare, lengths


def _neighbour(rng: random.Random, space: SearchSpace, point: _Point) -> _Point:
    prompt_len, spare, lengths = point
    kind = rng.randrange(4)
    if kind == 0:
        prompt_len = _within(prompt_len + rng.choice((-1, 1)), 1, space.longest_prompt)
    elif kind == 1:
        spare = _within(spare + rng.choice((-2, -1, 1, 2)), 0, space.most_spare)
    elif kind == 2:
        changed = list(lengths)
        i = rng.randrange(len(changed))
        changed[i] = _within(changed[i] + rng.choice((-1, 1)), space.lower, space.upper)
        lengths = tuple(sorted(set(changed)))
    else:
        kept = set(lengths)
        if len(kept) == space.lengths:
            kept.remove(rng.choice(lengths))
        kept.add(rng.randint(space.lower, space.upper))
        lengths = tuple(sorted(kept))
    return prompt_len, spare, lengths


def _within(number: int, least: int, most: int) -> int:
    return min(most, max(least, number))

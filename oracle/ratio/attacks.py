"""Looks for high ratios where nothing is exhausted: many requests, long outputs, any prompt.

A random walk over the prompt, the cache and *which* output lengths occur, a few at a time; how many
requests have which of them, and how ties are broken, is not left to chance but worked out exactly
(:mod:`oracle.ratio.adversary`). Annealing over whole instances, which this replaces, found 2.03 in
two minutes where three lengths, worked out exactly, have 2.68 (12 requests, ℓ = 7, u = 8).

Costs are measured against H-SF's, which is that of a valid schedule: never more than the true ratio
to OPT. So whatever exceeds a bound here breaks it for certain.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from amin_ref.small.instances import Hindsight, Outputs, Rules, Setting
from oracle.ratio.adversary import AdversaryTree, TooManyStates

MOST_STATES = 1500
"""States of an adversary's tree; a walk passes by what needs more (up to a few seconds each)."""

STALE = 12
"""Steps without a gain after which a walk begins anew."""


@dataclass(frozen=True, slots=True)
class Attack:
    """An instance, its tie-break, and what they show.

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
        """What the policy's ratio to OPT is at least."""
        return Fraction(self.cost, self.achieved)


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a walk goes: all with the same α.

    Attributes:
        lower: ℓ; tokens.
        upper: u; tokens.
        longest_prompt: s is at most this; tokens.
        most_spare: M is at most s + u + this; tokens.
        requests: n.
        lengths: how many different output lengths occur at most.
    """

    lower: int
    upper: int
    longest_prompt: int
    most_spare: int
    requests: int
    lengths: int = 3


_Place = tuple[int, int, Outputs]
"""s, M - s - u, and the lengths that occur, in ascending order."""


def attacks(rules: Rules, ground: Ground, *, steps: int, seed: int) -> Iterator[Attack]:
    """Ever worse instances, each as soon as it is found.

    Args:
        rules: the scheduler.
        ground: where to walk.
        steps: places to try.
        seed: of the walk; the same seed takes the same walk.
    """
    rng = random.Random(seed)
    best: Attack | None = None
    place, here, stale = _anywhere(rng, ground), Fraction(0), 0
    for _ in range(steps):
        following = _anywhere(rng, ground) if stale >= STALE else _near(rng, ground, place)
        found = worst_with_lengths(
            rules, _setting(ground, following), following[2], ground.requests
        )
        ratio = found.ratio if found else Fraction(0)
        stale = 0 if ratio > here or stale >= STALE else stale + 1
        if ratio >= here or stale == 0:
            place, here = following, ratio
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


def _setting(ground: Ground, place: _Place) -> Setting:
    prompt_len, spare, _ = place
    capacity = prompt_len + ground.upper + spare
    return Setting(prompt_len, ground.lower, ground.upper, capacity)


def _anywhere(rng: random.Random, ground: Ground) -> _Place:
    # Biased to where schedulers go wrong: a tight cache, and outputs that outlive ℓ by one token.
    spare = rng.choice((0, rng.randint(0, ground.most_spare)))
    between = {
        rng.choice((min(ground.lower + 1, ground.upper), rng.randint(ground.lower, ground.upper)))
        for _ in range(ground.lengths - 2)
    }
    lengths = tuple(sorted(between | {ground.lower, ground.upper}))
    return rng.randint(1, ground.longest_prompt), spare, lengths


def _near(rng: random.Random, ground: Ground, place: _Place) -> _Place:
    prompt_len, spare, lengths = place
    kind = rng.randrange(4)
    if kind == 0:
        prompt_len = _within(prompt_len + rng.choice((-1, 1)), 1, ground.longest_prompt)
    elif kind == 1:
        spare = _within(spare + rng.choice((-2, -1, 1, 2)), 0, ground.most_spare)
    elif kind == 2:
        changed = list(lengths)
        i = rng.randrange(len(changed))
        changed[i] = _within(changed[i] + rng.choice((-1, 1)), ground.lower, ground.upper)
        lengths = tuple(sorted(set(changed)))
    else:
        kept = set(lengths)
        if len(kept) == ground.lengths:
            kept.remove(rng.choice(lengths))
        kept.add(rng.randint(ground.lower, ground.upper))
        lengths = tuple(sorted(kept))
    return prompt_len, spare, lengths


def _within(number: int, least: int, most: int) -> int:
    return min(most, max(least, number))

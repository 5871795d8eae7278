"""What the cache holds in each round of a busy period, and what it is planned to hold.

Block rounding is written anew here, on purpose: a bug in ``amin_ref.model.blocks`` cannot hide.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from amin_ref.conformance.busy_periods import ScheduledBusyPeriod
from amin_ref.conformance.long_plan import LongPlan
from amin_ref.model.instance import Instance

LONGEST_PLAN = 2**20
"""The most rounds of one array, look-ahead included: 8 MiB. A longer plan is a ``LongPlan``."""


class PlanByRound:
    """Two arrays over the rounds of a busy period, look-ahead included.

    The first has what the cache holds in each round according to the schedule. It is complete from
    the start, since the schedule is known. The second has what the requests that run at present
    will hold in each coming round if each stops at its assumed length (L5).

    Args:
        instance: the cache and its requests.
        period: the busy period that is replayed.
        longest: the most rounds that a request of the period runs, or is assumed to run.
    """

    def __init__(self, instance: Instance, period: ScheduledBusyPeriod, longest: int) -> None:
        self._capacity = instance.capacity
        self._block_size = instance.block_size
        self._first = period.first
        rounds = period.stop - period.first + longest
        self._held: NDArray[np.int64] = np.zeros(rounds, dtype=np.int64)
        self._planned: NDArray[np.int64] = np.zeros(rounds, dtype=np.int64)
        newest = 1 if instance.machine.last_token_stored else 0
        for traced in period.runs:
            for start, length, tokens in traced.growths(newest):
                offset = start - self._first
                self._held[offset : offset + length] += self._growth(tokens - 1, length)

    def occupied(self, tokens: int) -> int:
        """What one request with ``tokens`` tokens occupies: B·⌈tokens/B⌉; tokens."""
        return (tokens + self._block_size - 1) // self._block_size * self._block_size

    def held(self, now: int) -> int:
        """What the schedule holds in round ``now``, with the tokens generated in it; tokens."""
        return int(self._held[now - self._first])

    def add(self, now: int, prompt_len: int, assumed: int) -> None:
        """Plan a run that starts in round ``now`` and is assumed to have ``assumed`` rounds."""
        offset = now - self._first
        self._planned[offset : offset + assumed] += self._growth(prompt_len, assumed)

    def remove(self, now: int, tokens: int, left: int) -> None:
        """Free what is planned for a run that stops at ``now``.

        Args:
            now: the round.
            tokens: what the run's request has, prompt and generated; tokens.
            left: rounds from ``now`` on for which the run was planned; perhaps none.
        """
        if left > 0:
            offset = now - self._first
            self._planned[offset : offset + left] -= self._growth(tokens, left)

    def exceeds(self, now: int, holding: int, rounds: int) -> bool:
        """Whether round ``now``, which holds ``holding`` tokens, or a later one exceeds the cache.

        Of the later ones, the ``rounds`` - 1 rounds after ``now`` are looked at (L5).
        """
        ahead = self._planned[now + 1 - self._first : now + rounds - self._first]
        return holding > self._capacity or (ahead.size > 0 and int(ahead.max()) > self._capacity)

    def fits(self, now: int, holding: int, prompt_len: int, assumed: int) -> bool:
        """Whether one more request fits, admitted in round ``now``, up to its assumed length.

        Args:
            now: the round.
            holding: what the other requests hold in round ``now``; tokens.
            prompt_len: the request's prompt; tokens.
            assumed: its assumed output length; tokens.
        """
        if holding + self.occupied(prompt_len + 1) > self._capacity:
            return False
        if assumed == 1:
            return True
        offset = now - self._first
        # A request holds most in its last round: one look there refuses most that do not fit.
        at_the_end = self.occupied(prompt_len + assumed)
        if self._planned[offset + assumed - 1] + at_the_end > self._capacity:
            return False
        ahead = self._growth(prompt_len + 1, assumed - 1)
        ahead += self._planned[offset + 1 : offset + assumed]
        return bool(ahead.max() <= self._capacity)

    def rounds_with_room(self, first: int, stop: int, prompt_len: int, spare: int) -> range:
        """The rounds of ``first`` to ``stop`` - 1 that have room for the request's first token.

        No run may start or stop in these rounds. Then what the cache holds only grows, and the
        rounds with room are the first ones (L3).
        """
        room = self._capacity - self.occupied(prompt_len + 1) - spare
        held = self._held[first - self._first : stop - self._first]
        return range(first, first + int(held.searchsorted(room, side="right")))

    def first_fit(
        self, first: int, stop: int, prompt_len: int, assumed: int, spare: int = 0
    ) -> int | None:
        """The first of the rounds ``first`` to ``stop`` - 1 in which a request fits; or ``None``.

        No run may start or stop in these rounds. A request that exceeds the cache in a planned
        round also does if it is admitted later, as long as it still has too many tokens there. So
        few rounds are looked at, although each look is along the whole assumed run.
        """
        rounds = self.rounds_with_room(first, stop, prompt_len, spare)
        if assumed == 1 or not rounds:
            return rounds[0] if rounds else None
        last = slice(rounds.start - self._first, rounds.stop - self._first)
        last = slice(last.start + assumed - 1, last.stop + assumed - 1)
        most = self._capacity - self.occupied(prompt_len + assumed)
        candidates = first + np.flatnonzero(self._planned[last] <= most)
        place = 0
        while place < len(candidates):
            now = int(candidates[place])
            offset = now - self._first
            ahead = self._growth(prompt_len + 1, assumed - 1)
            ahead += self._planned[offset + 1 : offset + assumed]
            over = int(ahead.argmax())
            if ahead[over] <= self._capacity:
                return now
            room = self._capacity - int(self._planned[offset + 1 + over])
            fitting = room // self._block_size * self._block_size
            later = min(now + 1 + over, prompt_len + now + 2 + over - fitting)
            place = int(candidates.searchsorted(max(now + 1, later)))
        return None

    def settled(self, now: int) -> int:
        """The first round from ``now`` on after which no planned round exceeds the cache."""
        over = np.flatnonzero(self._planned[now + 1 - self._first :] > self._capacity)
        return now + 1 + int(over[-1]) if over.size else now

    def _growth(self, tokens: int, rounds: int) -> NDArray[np.int64]:
        """What a request that has ``tokens`` tokens occupies in each of its next rounds."""
        held = np.arange(tokens + 1, tokens + rounds + 1, dtype=np.int64)
        if self._block_size > 1:
            held += self._block_size - 1
            held -= held % self._block_size
        return held


def plan_of(
    instance: Instance, period: ScheduledBusyPeriod, longest: int
) -> PlanByRound | LongPlan:
    """The plan of a busy period in the form that its length asks for.

    Args:
        instance: the cache and its requests.
        period: the busy period that is replayed.
        longest: the most rounds that a request of the period runs, or is assumed to run.
    """
    if period.stop - period.first + longest > LONGEST_PLAN:
        return LongPlan(instance, period)
    return PlanByRound(instance, period, longest)

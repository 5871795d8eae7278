"""The plan of a busy period that is too long for an array with an entry for each round.

Its methods return the same numbers as those of :class:`~amin_ref.conformance.plan.PlanByRound`.
"""

from __future__ import annotations

from amin_ref.conformance.busy_periods import ScheduledBusyPeriod
from amin_ref.conformance.growing import Growing
from amin_ref.model.instance import Instance

NEVER = 2**62
"""A round after all others: rounds have 53 bits, and so have assumed lengths."""


class LongPlan:
    """What the cache holds, and is planned to hold, by request instead of by round.

    Methods must be called in order of time: no call may name a round before that of the last call.

    Args:
        instance: the cache and its requests.
        period: the busy period that is replayed.
    """

    def __init__(self, instance: Instance, period: ScheduledBusyPeriod) -> None:
        self._capacity = instance.capacity
        newest = 1 if instance.machine.last_token_stored else 0
        growths = (growth for traced in period.runs for growth in traced.growths(newest))
        self._to_start = sorted(growths, reverse=True)
        self._running = Growing(instance.block_size)
        self._planned = Growing(instance.block_size)

    def occupied(self, tokens: int) -> int:
        """What one request with ``tokens`` tokens occupies; tokens."""
        return self._running.occupied(tokens)

    def held(self, now: int) -> int:
        """What the schedule holds in round ``now``, with the tokens generated in it; tokens."""
        has_started = False
        while self._to_start and self._to_start[-1][0] <= now:
            start, length, tokens = self._to_start.pop()
            self._running.add(start, tokens - 1, length)
            has_started = True
        if has_started:
            self._running.forget(now)
        return self._running.held(now)

    def add(self, now: int, prompt_len: int, assumed: int) -> None:
        """Plan a run that starts in round ``now`` and is assumed to have ``assumed`` rounds."""
        self._planned.forget(now)
        self._planned.add(now, prompt_len, assumed)

    def remove(self, now: int, tokens: int, left: int) -> None:
        """Free what is planned for a run that stops at ``now``; see :meth:`PlanByRound.remove`."""
        if left > 0:
            self._planned.remove(now, tokens, left)

    def exceeds(self, now: int, holding: int, rounds: int) -> bool:
        """Whether round ``now`` or one of the ``rounds`` - 1 rounds after it exceeds the cache."""
        if holding > self._capacity:
            return True
        return self._planned.first_over(self._capacity, now + 1, now + rounds) is not None

    def fits(self, now: int, holding: int, prompt_len: int, assumed: int) -> bool:
        """Whether one more request fits if admitted at ``now``; see :meth:`PlanByRound.fits`."""
        if holding + self.occupied(prompt_len + 1) > self._capacity:
            return False
        return self._over(now, prompt_len, assumed) is None

    def first_fit(
        self, first: int, stop: int, prompt_len: int, assumed: int, spare: int = 0
    ) -> int | None:
        """The first of the rounds ``first`` to ``stop`` - 1 in which a request fits; or ``None``.

        No run may start or stop in these rounds. Then a planned round τ that the request exceeds
        when admitted in round t, it also exceeds when admitted later, as long as it still has too
        many tokens in τ. If it exceeds its last planned round, then it does so until that round
        lies behind the next planned completion, because what is planned only grows until then.
        So a few rounds are looked at for each planned run.
        """
        now = first
        most = self._capacity - self.occupied(prompt_len + 1) - spare
        while now < stop and self.held(now) <= most:
            over = self._over(now, prompt_len, assumed)
            if over is None:
                return now
            room = self._capacity - self._planned.held(over)
            fitting = room // self.occupied(1) * self.occupied(1)
            later = min(over, max(now + 1, prompt_len + over + 1 - fitting))
            if over == now + assumed - 1:
                completions = self._planned.last_rounds(over, over + stop)
                if not completions:
                    return None
                later = max(later, completions[0] + 2 - assumed)
            now = later
        return None

    def settled(self, now: int) -> int:
        """The first round from ``now`` on after which no planned round exceeds the cache.

        What is planned only grows until a request stops, so the last such round is a last one.
        """
        rounds = self._planned.last_rounds(now + 1, NEVER)
        return max((r for r in rounds if self._planned.held(r) > self._capacity), default=now)

    def _over(self, now: int, prompt_len: int, assumed: int) -> int | None:
        """A round after ``now`` that a request admitted in ``now`` would make exceed the cache."""
        # Its token of round ``now`` is judged by what is held, not by what is planned.
        return self._planned.first_over(self._capacity, now + 1, now + assumed, prompt_len + 1)

"""What a run has computed and generated before each of its rounds, and what it occupies.

Block rounding is written anew here, on purpose: a bug in ``amin_ref.model.blocks`` cannot hide.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from amin_ref.model.instance import Instance
from amin_ref.model.rounds import generates
from amin_ref.model.schedule import Run


@dataclass(frozen=True, slots=True)
class Blocks:
    """What tokens occupy.

    Attributes:
        block_size: B; tokens.
        newest: tokens stored in a round beyond those computed, if the round generates one: 1 or 0.
        capacity: whole blocks of the cache.
    """

    block_size: int
    newest: int
    capacity: int

    @classmethod
    def of(cls, instance: Instance) -> Blocks:
        """Those of an instance."""
        newest = 1 if instance.machine.last_token_stored else 0
        return cls(instance.block_size, newest, instance.capacity // instance.block_size)

    def holding(self, tokens: int) -> int:
        """Blocks of ``tokens`` tokens."""
        return -(-tokens // self.block_size)

    def generating(self, prefix: int) -> int:
        """Blocks of a request in the round that completes its prefix and generates a token."""
        return self.holding(prefix + self.newest)


@dataclass(frozen=True, slots=True)
class TracedRun:
    """A run of a schedule, and what it did before each of its rounds.

    Attributes:
        run: the run.
        prefix: what it must compute before its first token: the prompt, and under resume the tokens
            generated in the runs before.
    """

    run: Run
    prefix: int
    _computed: Sequence[int] | None = field(init=False, repr=False)
    _generated: Sequence[int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Add up what the run computes, unless it is the prefix in one round, then 1 a round."""
        computed = self.run.computed
        if computed is None or computed == (self.prefix, *[1] * (self.run.length - 1)):
            object.__setattr__(self, "_computed", None)
            object.__setattr__(self, "_generated", ())
            return
        tokens = generates(self.run, self.prefix).tolist()
        object.__setattr__(self, "_computed", (0, *accumulate(computed)))
        object.__setattr__(self, "_generated", (0, *accumulate(map(int, tokens))))

    def computed(self, now: int) -> int:
        """Tokens computed in the rounds of the run before ``now``."""
        rounds = now - self.run.start
        if self._computed is not None:
            return self._computed[rounds]
        return self.prefix + rounds - 1 if rounds else 0

    def generated(self, now: int) -> int:
        """Tokens generated in the rounds of the run before ``now``."""
        rounds = now - self.run.start
        return rounds if self._computed is None else self._generated[rounds]

    def tokens(self, now: int) -> int:
        """The prefix and the tokens generated in the rounds of the run before ``now``."""
        return self.prefix + self.generated(now)

    def rest(self, now: int) -> int:
        """What was left to compute, at the start of round ``now``, before the next token."""
        return self.tokens(now) - self.computed(now)

    def taken(self, now: int) -> int:
        """Tokens computed in round ``now``."""
        return self.computed(now + 1) - self.computed(now)

    def held(self, now: int, newest: int) -> int:
        """Tokens stored in round ``now``, before they are rounded up to blocks.

        Args:
            now: a round of the run.
            newest: 1 if the newest token is stored in the round that generates it, else 0.
        """
        generates = self.generated(now + 1) - self.generated(now)
        return self.computed(now + 1) + newest * generates

    def growths(self, newest: int) -> Iterator[tuple[int, int, int]]:
        """What is stored, as intervals of rounds in which one token more is stored every round.

        Args:
            newest: as for :meth:`held`.

        Yields:
            The first round of an interval, how many it has, and the tokens stored in the first.
        """
        run = self.run
        if self._computed is None:
            if run.length:
                yield run.start, run.length, self.prefix + newest
            return
        first, stored = run.start, self.held(run.start, newest)
        for now in range(run.start + 1, run.stop):
            if self.held(now, newest) != stored + now - first:
                yield first, now - first, stored
                first, stored = now, self.held(now, newest)
        yield first, run.stop - first, stored

    def rounds_without_token(self) -> Sequence[int]:
        """The rounds in which the run computes less than the rest of its prefix."""
        if self._computed is None:
            return ()
        return [
            now
            for now in range(self.run.start, self.run.stop)
            if self.generated(now + 1) == self.generated(now)
        ]

"""A request in the cache, round by round: what it has computed and generated so far."""

from __future__ import annotations

from copy import copy


class Stay:
    """A run that has not stopped.

    In a round for which nothing else is said, it computes the rest of its prefix.

    Attributes:
        start: its first round.
        generated: tokens that it has generated.
        next: the first round that is not yet counted.
        ends_with_token: whether it generates a token in the last round that is counted.
        computed: tokens computed in each round from ``start`` to ``next - 1``, once a round was
            said; ``None`` before.
    """

    def __init__(self, start: int, prefix: int) -> None:
        self.start = start
        self.generated = 0
        self.next = start
        self.ends_with_token = False
        self.computed: list[int] | None = None
        self._prefix = prefix
        self._in_cache = 0

    @property
    def left(self) -> int:
        """Tokens of the prefix that are not yet computed, the generated tokens included."""
        return max(0, self._prefix + self.generated - self._in_cache)

    def copied(self) -> Stay:
        """A copy: what happens to it changes nothing here."""
        found = copy(self)
        found.computed = None if self.computed is None else [*self.computed]
        return found

    def pass_rounds(self, until: int) -> None:
        """The rounds up to ``until - 1`` pass, and nothing else is said of them."""
        while self.next < until and self._in_cache > self._prefix + self.generated:
            self._add(0)  # an engine that computed too much; check will say so
        rounds = until - self.next
        if rounds <= 0:
            return
        left = self.left
        if self.computed is not None:
            self.computed += [left, *[1] * (rounds - 1)]
        self._in_cache += left + rounds - 1
        self.generated += rounds
        self.next = until
        self.ends_with_token = True

    def compute(self, now: int, tokens: int) -> None:
        """In round ``now``, not before ``next``, the request computes this many tokens."""
        self.pass_rounds(now)
        if self.computed is None:
            rounds = now - self.start
            self.computed = [self._prefix, *[1] * (rounds - 1)] if rounds else []
        self._add(tokens)

    def _add(self, tokens: int) -> None:
        if self.computed is not None:
            self.computed.append(tokens)
        self._in_cache += tokens
        self.ends_with_token = self._in_cache >= self._prefix + self.generated
        self.generated += self.ends_with_token
        self.next += 1

"""When a search has to end: at a time, or when somebody says so."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from amin_ref.model.errors import InvalidValue

ShouldStop = Callable[[], bool]
"""Asked now and then; True ends the search, which returns the best it has."""

Clock = Callable[[], float]
"""Seconds since some moment. One that counts processor time gives a search as much of it on a busy
machine as on an idle one."""


@dataclass(frozen=True)
class Deadline:
    """A point in time, and a question that may end the search sooner.

    Attributes:
        began: when the search began; seconds of ``clock``.
        ends: when it has to end; likewise, and possibly infinite.
        clock: what tells the time.
        should_stop: whether to end at once; ``None`` for never.
    """

    began: float
    ends: float
    clock: Clock
    should_stop: ShouldStop | None = None

    @classmethod
    def after(
        cls, time_limit: float, should_stop: ShouldStop | None = None, clock: Clock | None = None
    ) -> Deadline:
        """The deadline that lies ``time_limit`` seconds from now; of :func:`time.monotonic`, unless
        there is another ``clock``.

        Raises:
            InvalidValue: ``time_limit`` is negative or not a number.
        """
        rule, mend = "it must be a number of seconds, 0 or more", "give 10.0"
        if not isinstance(time_limit, int | float):
            raise InvalidValue("time_limit", time_limit, rule, mend)
        if not time_limit >= 0:  # nan too
            raise InvalidValue("time_limit", time_limit, rule, mend)
        clock = clock or time.monotonic
        now = clock()
        return cls(now, now + time_limit, clock, should_stop)

    def within(self, seconds: float) -> Deadline:
        """The deadline of a part of the search that begins now."""
        now = self.clock()
        return Deadline(now, min(self.ends, now + seconds), self.clock, self.should_stop)

    @property
    def passed(self) -> bool:
        """Whether the search has to end."""
        return self.clock() >= self.ends or (self.should_stop is not None and self.should_stop())

    @property
    def remaining(self) -> float:
        """Seconds left; 0 when there are none."""
        return max(0.0, self.ends - self.clock())

    @property
    def elapsed(self) -> float:
        """Share of the time that has gone by, from 0 to 1."""
        if self.ends <= self.began:
            return 1.0
        return min(1.0, (self.clock() - self.began) / (self.ends - self.began))

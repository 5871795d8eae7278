"""When a search has to end: at a time, or when somebody says so."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from amin_ref.errors import InvalidValue

Stop = Callable[[], bool]
"""Asked now and then; True ends the search, which returns the best it has."""


@dataclass(frozen=True)
class Deadline:
    """A point in time, and a question that may end the search sooner.

    Attributes:
        began: when the search began; seconds of :func:`time.monotonic`.
        ends: when it has to end; likewise, and possibly infinite.
        stop: whether to end at once; ``None`` for never.
    """

    began: float
    ends: float
    stop: Stop | None = None

    @classmethod
    def after(cls, time_limit: float, stop: Stop | None = None) -> Deadline:
        """The deadline that lies ``time_limit`` seconds from now.

        Raises:
            InvalidValue: ``time_limit`` is negative or not a number.
        """
        rule, mend = "it must be a number of seconds, 0 or more", "give 10.0"
        if not isinstance(time_limit, int | float):
            raise InvalidValue("time_limit", time_limit, rule, mend)
        if not time_limit >= 0:  # nan too
            raise InvalidValue("time_limit", time_limit, rule, mend)
        now = time.monotonic()
        return cls(now, now + time_limit, stop)

    def within(self, seconds: float) -> Deadline:
        """The deadline of a part of the search that begins now."""
        now = time.monotonic()
        return Deadline(now, min(self.ends, now + seconds), self.stop)

    @property
    def passed(self) -> bool:
        """Whether the search has to end."""
        return time.monotonic() >= self.ends or (self.stop is not None and self.stop())

    @property
    def remaining(self) -> float:
        """Seconds left; 0 when there are none."""
        return max(0.0, self.ends - time.monotonic())

    @property
    def elapsed(self) -> float:
        """Share of the time that has gone by, from 0 to 1."""
        if self.ends <= self.began:
            return 1.0
        return min(1.0, (time.monotonic() - self.began) / (self.ends - self.began))

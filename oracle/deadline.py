"""When does a search stop? At a deadline, or earlier when ``should_stop`` returns ``True``.

:func:`oracle.optimum`, :func:`oracle.lower_bound` and the search for a worst ratio share one
protocol:

* ``time_limit``: seconds. The search returns the best result so far when they are over.
* ``should_stop``: a function without arguments that the search calls a few times a second. The
  search returns the best result so far soon after ``should_stop()`` is true.
* ``progress``: a function that the search calls with its best numbers so far. The documentation of
  each search says which numbers these are.

Each search turns ``time_limit`` and ``should_stop`` into one :class:`Deadline`. This module is the
only one that checks a time limit and the only one that reads a clock for a search.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from amin_ref.model.errors import InvalidValue

ShouldStop = Callable[[], bool]
"""Called now and then; ``True`` ends the search, which returns its best result so far."""

Clock = Callable[[], float]
"""Returns seconds since a fixed moment.

The default is :func:`time.monotonic`. With a clock of processor time, such as
:func:`time.thread_time`, a search gets as much work done on a busy machine as on an idle one.
"""


@dataclass(frozen=True)
class Deadline:
    """A moment at which a search ends, and a function that may end the search earlier.

    Attributes:
        began: when the search began; seconds of ``clock``.
        ends: when the search has to end; seconds of ``clock``, ``math.inf`` for no limit.
        clock: tells the time.
        should_stop: ends the search as soon as it returns ``True``; ``None``: never.
    """

    began: float
    ends: float
    clock: Clock
    should_stop: ShouldStop | None = None

    @classmethod
    def after(
        cls, time_limit: float, should_stop: ShouldStop | None = None, clock: Clock | None = None
    ) -> Deadline:
        """The deadline ``time_limit`` seconds from now.

        Args:
            time_limit: seconds; finite, 0 or more.
            should_stop: ends the search earlier; ``None``: never.
            clock: tells the time; ``None``: :func:`time.monotonic`.

        Raises:
            InvalidValue: ``time_limit`` is not a finite number of seconds, 0 or more.
        """
        seconds = _checked(time_limit)
        now = (clock := clock or time.monotonic)()
        return cls(now, now + seconds, clock, should_stop)

    @classmethod
    def unlimited(
        cls, should_stop: ShouldStop | None = None, clock: Clock | None = None
    ) -> Deadline:
        """No limit of time: the search runs to its end, or until ``should_stop()`` is true."""
        clock = clock or time.monotonic
        return cls(clock(), math.inf, clock, should_stop)

    def within(self, seconds: float) -> Deadline:
        """The deadline of a part of the search that begins now and lasts at most ``seconds``.

        It is never later than this deadline.
        """
        now = self.clock()
        return replace(self, began=now, ends=min(self.ends, now + seconds))

    def extended(self, seconds: float) -> Deadline:
        """A deadline ``seconds`` later than this one, or from now if this one has passed."""
        return replace(self, ends=max(self.ends, self.clock()) + seconds)

    @property
    def passed(self) -> bool:
        """Whether the search has to end."""
        return self.clock() >= self.ends or (self.should_stop is not None and self.should_stop())

    @property
    def remaining(self) -> float:
        """Seconds left, whatever ``should_stop`` says; 0 when the time is over."""
        return max(0.0, self.ends - self.clock())

    @property
    def lasted(self) -> float:
        """Seconds since the search began."""
        return self.clock() - self.began

    @property
    def elapsed(self) -> float:
        """Share of the time that has gone by, from 0 to 1; 0 where there is no limit."""
        if self.ends <= self.began:
            return 1.0
        return min(1.0, (self.clock() - self.began) / (self.ends - self.began))


def _checked(time_limit: float) -> float:
    is_number = not isinstance(time_limit, bool) and isinstance(time_limit, int | float)
    if not (is_number and 0 <= time_limit < math.inf):  # the second is false for nan, too
        raise InvalidValue(
            "time_limit",
            time_limit,
            "it must be a finite number of seconds, 0 or more",
            "give for example 60.0",
        )
    return time_limit

"""What an engine does, as the lines of a log that ``amin-ref judge`` reads.

An engine may schedule a round before it knows what the round before has generated. So events wait
here until the outputs of their round are known, and are then written in the order of a log.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TextIO

from amin_ref.logs import LogWriter
from amin_ref.model.machine import Machine

LOG = "AMIN_REF_LOG"
"""The environment variable that names the file to which an engine's log is written."""


@dataclass(slots=True)
class _Round:
    """What happened in a round, before its outputs are known."""

    arrived: list[tuple[str, int, int]] = field(default_factory=list)
    aborted: list[str] = field(default_factory=list)
    evicted: list[str] = field(default_factory=list)
    computed: Mapping[str, int] = field(default_factory=dict)
    held: int | None = None


class Recorder:
    """Writes a log from an engine's calls.

    Args:
        stream: where the lines go; it is flushed after each round.
        capacity: M; tokens.
        block_size: B; tokens.
        machine: the engine's limits.
    """

    def __init__(self, stream: TextIO, capacity: int, block_size: int, machine: Machine) -> None:
        self._stream = stream
        self._writer = LogWriter(stream, capacity=capacity, block_size=block_size, machine=machine)
        self._scheduled: deque[_Round] = deque()
        self._next = _Round()
        self._now = 0
        self._waiting: set[str] = set()
        self._running: set[str] = set()

    def arrived(self, request: str, prompt_len: int, lower: int) -> None:
        """A request may be admitted from the next round on."""
        self._next.arrived.append((request, prompt_len, lower))

    def aborted(self, request: str) -> None:
        """The client of a request went away before the next round."""
        self._next.aborted.append(request)

    def evicted(self, request: str) -> None:
        """A running request stopped at the start of the next round."""
        self._next.evicted.append(request)

    def scheduled(self, computed: Mapping[str, int], held: int | None) -> None:
        """The engine has decided on a round.

        Args:
            computed: tokens of each request that computes some; those found in a cache of prefixes
                count too.
            held: tokens held in the round, in whole blocks; ``None``: unknown.
        """
        self._next.computed, self._next.held = computed, held
        self._scheduled.append(self._next)
        self._next = _Round()

    def finished(self, completed: Sequence[str], freed: int = 0) -> None:
        """The outputs of the oldest round that is not written are known.

        Args:
            completed: ids of the requests that have their last token.
            freed: tokens that they held, in whole blocks. Later rounds that are scheduled already
                do not hold them: in the log the requests have stopped before.
        """
        for later in islice(self._scheduled, 1, None):
            later.held = None if later.held is None else later.held - freed
        now, current = self._now, self._scheduled.popleft()
        self._before(current)
        for request in sorted(current.computed.keys() & self._waiting):
            self._writer.start(now, request)
            self._waiting.remove(request)
            self._running.add(request)
        computed = {
            request: tokens
            for request, tokens in current.computed.items()
            if request in self._running
        }
        if self._running:
            self._writer.computed(now, computed, current.held)
        for request in completed:
            if request in self._running:
                self._writer.complete(now, request)
                self._running.remove(request)
        self._stream.flush()
        self._now += 1

    def end(self) -> None:
        """The engine stops: rounds without outputs are left out."""
        self._before(self._scheduled[0] if self._scheduled else self._next)
        self._writer.end(self._now)
        self._stream.flush()

    def _before(self, current: _Round) -> None:
        """The events before a round computes: arrivals, evictions, aborts."""
        for request, prompt_len, lower in current.arrived:
            self._writer.arrive(self._now, request, prompt_len=prompt_len, lower=lower)
            self._waiting.add(request)
        for request in current.evicted:
            if request in self._running:
                self._writer.evict(self._now, request)
                self._running.remove(request)
                self._waiting.add(request)
        for request in current.aborted:
            if request in self._running or request in self._waiting:
                self._writer.abort(self._now, request)
                self._running.discard(request)
                self._waiting.discard(request)

"""The simulated KV cache: who runs, and what that occupies (specification, section 1)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from amin_ref.model.blocks import occupied
from amin_ref.model.validation import RequestId


@dataclass(frozen=True, slots=True)
class Resident:
    """A running request: when its present run began, and the prompt that it brought along."""

    prompt_len: int
    start: int


class KVCache:
    """A cache of ``capacity`` tokens in blocks of ``block_size``, one round after the other.

    Every resident grows by one token a round, so it takes a new block exactly once every
    ``block_size`` rounds: when ``prompt_len - start + round`` is a multiple of the block size.
    Counting the residents by that remainder makes a round cost the same however many run.

    Args:
        capacity: M; tokens.
        block_size: B; tokens.
    """

    def __init__(self, capacity: int, block_size: int) -> None:
        self.capacity = capacity
        self.block_size = block_size
        self.running: dict[RequestId, Resident] = {}
        self._occupied = 0
        self._residents_by_remainder: Counter[int] = Counter()

    def admit(self, request: RequestId, prompt_len: int, now: int) -> None:
        """Load a prompt at the start of round ``now``; its first token comes in that round."""
        resident = Resident(prompt_len, now)
        self.running[request] = resident
        self._occupied += occupied(prompt_len, self.block_size)
        self._residents_by_remainder[self._remainder(resident)] += 1

    def release(self, request: RequestId, now: int) -> int:
        """Free all that a request holds at the start of round ``now``; returns its run's start."""
        resident = self.running.pop(request)
        held = resident.prompt_len + now - resident.start
        self._occupied -= occupied(held, self.block_size)
        self._residents_by_remainder[self._remainder(resident)] -= 1
        return resident.start

    def after_round(self, now: int) -> int:
        """Tokens occupied once every running request has generated its token of round ``now``."""
        new_blocks = self._residents_by_remainder[now % self.block_size]
        return self._occupied + new_blocks * self.block_size

    def generate(self, now: int) -> None:
        """Give every running request its token of round ``now``."""
        self._occupied = self.after_round(now)

    def _remainder(self, resident: Resident) -> int:
        return (resident.start - resident.prompt_len) % self.block_size

"""The simulated KV cache: the running requests and what they occupy (specification, section 1)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from amin_ref.model.blocks import occupied
from amin_ref.model.validation import RequestId


@dataclass(frozen=True, slots=True)
class Resident:
    """A running request: the length of its prompt in tokens, and the first round of its run."""

    prompt_len: int
    start: int


class KVCache:
    """A cache of ``capacity`` tokens in blocks of ``block_size`` tokens.

    Every resident grows by one token a round, so it takes a new block once in ``block_size``
    rounds: when ``prompt_len - start + round`` is a multiple of the block size. The residents are
    counted by that remainder, so a round takes constant time, however many requests run.

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
        """Load a prompt at the start of round ``now``, in which the first token is generated."""
        resident = Resident(prompt_len, now)
        self.running[request] = resident
        self._occupied += occupied(prompt_len, self.block_size)
        self._residents_by_remainder[self._remainder(resident)] += 1

    def release(self, request: RequestId, now: int) -> int:
        """Free what a request holds at the start of round ``now``; returns the start of its run."""
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

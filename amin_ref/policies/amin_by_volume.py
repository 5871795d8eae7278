"""Amin by volume: Amin with the waiting in order of volume (specification, section 4)."""

from __future__ import annotations

from dataclasses import dataclass

from amin_ref.policies.amin import Amin
from amin_ref.policies.chunked import batch_for
from amin_ref.policies.lookahead import WaitingQueue, by_volume


@dataclass(eq=False)
class AminByVolume(Amin):
    """Amin that admits in ascending volume Σ_{a=1..ℓ̃} occ(a), in token·rounds, in place of ℓ̃.

    It arrives, refines and evicts as Amin does: victims are in ascending ≺, by ℓ̃. With equal
    prompts both orders are the same, and so are all decisions. A variant of this project's, without
    a theorem on its ratio.

    Args:
        ties: breaks ties between requests with equal ℓ̃ or equal volume.
    """

    def begin(self, capacity: int, block_size: int) -> None:
        """See :meth:`Policy.begin`."""
        self._batch = batch_for(capacity, block_size, self._machine)
        self._waiting = WaitingQueue(by_volume(block_size, self._machine))

"""MC-Benchmark: hindsight in order of arrival (specification, section 4)."""

from __future__ import annotations

from dataclasses import dataclass

from amin_ref.policies.chunked import batch_for
from amin_ref.policies.lookahead import by_rank
from amin_ref.policies.policy import RevealedRequest
from amin_ref.policies.reserving import HindsightShortestFirst, Reservations


@dataclass(eq=False)
class MCBenchmark(HindsightShortestFirst):
    """MC-Benchmark knows every output length, and admits in order of arrival with H-SF's check.

    Admission stops at the first request that does not fit in some coming round. The order is the
    only difference from H-SF. Source: the file MC-Benchmark.py in the code of Jaillet et al.
    (arXiv 2502.07115; decision D35).

    Args:
        ties: breaks ties between requests that arrive in the same round.
    """

    def begin(self, capacity: int, block_size: int) -> None:
        """See :meth:`Policy.begin`."""
        self._reservations = Reservations(batch_for(capacity, block_size, self._machine), by_rank)

    def rank(self, request: RevealedRequest) -> tuple[float, ...]:
        """By arrival, then by tie-break rank."""
        return (request.arrival, *self.ties.unique_rank(request))

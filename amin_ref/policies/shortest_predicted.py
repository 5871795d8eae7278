"""SJF: FCFS with the shortest predicted first (specification, section 4)."""

from __future__ import annotations

from dataclasses import dataclass

from amin_ref.policies.first_come import FirstComeFirstServed
from amin_ref.policies.policy import VisibleRequest


@dataclass(eq=False)
class ShortestPredictedFirst(FirstComeFirstServed):
    """FCFS's admission and eviction, with the queue in ascending order of predicted lower bound.

    It neither looks ahead nor refines: a request's place depends on the predicted ℓ alone.

    Args:
        ties: breaks ties between requests with equal ℓ.
    """

    def place(self, request: VisibleRequest) -> tuple[float, ...]:
        """By ℓ, then by tie-break rank."""
        return (request.lower, *self.ties.unique_rank(request))

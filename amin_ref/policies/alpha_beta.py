"""α-protection β-clearing: as α-protection greedy, but evicts at random on overflow."""

from __future__ import annotations

import random
from dataclasses import KW_ONLY, dataclass

from amin_ref.model.errors import InvalidValue
from amin_ref.policies.alpha_greedy import AlphaGreedy
from amin_ref.policies.lookahead import Job


@dataclass(eq=False)
class AlphaBetaClearing(AlphaGreedy):
    """α-protection greedy that evicts each running request with probability β on overflow.

    The draws are independent, and are repeated until the next tokens of the others fit. Source: the
    file alpha-beta.py in the code of Jaillet et al. (arXiv 2502.07115; decision D37).

    Args:
        ties: breaks ties between requests that arrive in the same round.
        alpha: α, the share of the cache that is kept free for growth; 0 < α < 1.
        beta: β, the probability that an overflow evicts a running request; 0 < β ≤ 1.
        seed: the same seed gives the same draws.
    """

    _: KW_ONLY
    alpha: float = 0.1
    beta: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse a share or probability that is none.

        Raises:
            InvalidValue: α or β breaks its rule.
        """
        super().__post_init__()
        if not 0 < self.beta <= 1:
            raise InvalidValue(
                "beta", self.beta, "it must be above 0 and at most 1", "give one such as 0.1"
            )

    def begin(self, capacity: int, block_size: int) -> None:
        """See :meth:`Policy.begin`. The draws begin anew as well."""
        super().begin(capacity, block_size)
        self._random = random.Random(self.seed)

    def is_evicted(self, job: Job) -> bool:  # noqa: ARG002 - every job has the same chance
        """Whether the draw evicts this running job."""
        return self._random.random() < self.beta

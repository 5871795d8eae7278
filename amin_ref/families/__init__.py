"""On which instances is a policy far from the optimum, and which theorem says so?

Each function returns an instance: equal prompts, one predicted interval [ℓ, u], all requests in
round 0, blocks of one token. The order of its requests is the order of rank, so ties must be broken
by position unless the family's entry in ``FAMILIES`` says otherwise. Reading order: ``volume`` (the
cache·rounds of a run), ``staggered`` (theorem A1: ℓ = 1), ``adaptive`` (theorem A2: every ℓ),
``mixes`` (theorems F and G: shuffled ties), ``longest_first`` (theorem T13, for Amax), ``names``
(the list of families, with default parameters and theorems).
"""

from amin_ref.families.adaptive import adaptive
from amin_ref.families.longest_first import longest_first
from amin_ref.families.mixes import decaying_tail, steady, two_lengths, uniform_tail
from amin_ref.families.names import FAMILIES, Family
from amin_ref.families.staggered import staggered
from amin_ref.families.volume import volume

__all__ = [
    "FAMILIES",
    "Family",
    "adaptive",
    "decaying_tail",
    "longest_first",
    "staggered",
    "steady",
    "two_lengths",
    "uniform_tail",
    "volume",
]

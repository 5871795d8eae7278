"""Which requests are evicted, and which are admitted? The policies, and their interface.

To read: ``policy`` (the interface: input and decision of each round), ``amin`` (the algorithm,
step by step), ``lookahead`` (the queue, the planned occupancy and the admission that all policies
share), ``ties`` (what breaks ties), ``reserving`` (Amax and H-SF), ``first_come`` (FCFS). Where a
round computes a limited number of tokens: ``chunked`` (look-ahead) and ``first_come_by_blocks``
(FCFS, as vLLM's scheduler). Then the other policies, one in a file: ``amin_by_volume``,
``smallest_volume`` (SVF), ``smallest_remaining`` (SRV), ``shortest_predicted`` (SJF),
``doubling`` (doubling budgets), ``mc_benchmark``, ``alpha_greedy``, ``alpha_beta`` (the last three
by Jaillet et al.), and two variants of Amin that restart long requests, ``probing`` and
``impatient``. Then ``names`` (the one
list of names and titles), ``loading`` (the policy of a name, also ``MODULE:NAME``), ``variants``
(Amin with one rule changed, for ablations and as known bugs) and ``victims`` (FCFS with other rules
for the victim).
"""

from amin_ref.policies.alpha_beta import AlphaBetaClearing
from amin_ref.policies.alpha_greedy import AlphaGreedy
from amin_ref.policies.amin import Amin
from amin_ref.policies.amin_by_volume import AminByVolume
from amin_ref.policies.doubling import DoublingBudgets
from amin_ref.policies.first_come import FirstComeFirstServed
from amin_ref.policies.mc_benchmark import MCBenchmark
from amin_ref.policies.policy import (
    ClairvoyantPolicy,
    Decision,
    Policy,
    RevealedRequest,
    VisibleRequest,
)
from amin_ref.policies.reserving import Amax, HindsightShortestFirst
from amin_ref.policies.shortest_predicted import ShortestPredictedFirst
from amin_ref.policies.smallest_remaining import SmallestRemainingVolume
from amin_ref.policies.smallest_volume import SmallestVolumeFirst
from amin_ref.policies.ties import ByPosition, Ranking, Shuffled, TieBreak

__all__ = [
    "AlphaBetaClearing",
    "AlphaGreedy",
    "Amax",
    "Amin",
    "AminByVolume",
    "ByPosition",
    "ClairvoyantPolicy",
    "Decision",
    "DoublingBudgets",
    "FirstComeFirstServed",
    "HindsightShortestFirst",
    "MCBenchmark",
    "Policy",
    "Ranking",
    "RevealedRequest",
    "ShortestPredictedFirst",
    "Shuffled",
    "SmallestRemainingVolume",
    "SmallestVolumeFirst",
    "TieBreak",
    "VisibleRequest",
]

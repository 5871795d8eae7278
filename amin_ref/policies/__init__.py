"""The four policies, and the interface by which anybody else's is simulated."""

from amin_ref.policies.amin import Amin
from amin_ref.policies.first_come import FirstComeFirstServed
from amin_ref.policies.policy import (
    ClairvoyantPolicy,
    Decision,
    Policy,
    RevealedRequest,
    VisibleRequest,
)
from amin_ref.policies.reserving import Amax, HindsightShortestFirst
from amin_ref.policies.ties import ByPosition, Ranking, Shuffled, TieBreak

__all__ = [
    "Amax",
    "Amin",
    "ByPosition",
    "ClairvoyantPolicy",
    "Decision",
    "FirstComeFirstServed",
    "HindsightShortestFirst",
    "Policy",
    "Ranking",
    "RevealedRequest",
    "Shuffled",
    "TieBreak",
    "VisibleRequest",
]

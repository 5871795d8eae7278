"""Reference implementation of Amin, a scheduler for LLM inference with a bounded KV cache."""

from amin_ref.checker import Rule, Violation, check
from amin_ref.comparison import (
    Comparison,
    ComparisonRow,
    SeedComparison,
    compare,
    compare_seeds,
)
from amin_ref.conformance import Conformance, ConformanceRule, Departure, conform
from amin_ref.model.errors import (
    AminError,
    IllegalDecision,
    InvalidDocument,
    InvalidValue,
    InvalidWorkload,
    NoProgress,
)
from amin_ref.model.instance import Instance
from amin_ref.model.request import Request
from amin_ref.model.schedule import Outcome, Run, Schedule
from amin_ref.model.validation import RequestId
from amin_ref.policies import (
    Amax,
    Amin,
    ByPosition,
    ClairvoyantPolicy,
    Decision,
    FirstComeFirstServed,
    HindsightShortestFirst,
    Policy,
    Ranking,
    RevealedRequest,
    Shuffled,
    TieBreak,
    VisibleRequest,
)
from amin_ref.simulator.simulation import simulate

__all__ = [
    "Amax",
    "Amin",
    "AminError",
    "ByPosition",
    "ClairvoyantPolicy",
    "Comparison",
    "ComparisonRow",
    "Conformance",
    "ConformanceRule",
    "Decision",
    "Departure",
    "FirstComeFirstServed",
    "HindsightShortestFirst",
    "IllegalDecision",
    "Instance",
    "InvalidDocument",
    "InvalidValue",
    "InvalidWorkload",
    "NoProgress",
    "Outcome",
    "Policy",
    "Ranking",
    "Request",
    "RequestId",
    "RevealedRequest",
    "Rule",
    "Run",
    "Schedule",
    "SeedComparison",
    "Shuffled",
    "TieBreak",
    "Violation",
    "VisibleRequest",
    "check",
    "compare",
    "compare_seeds",
    "conform",
    "simulate",
]

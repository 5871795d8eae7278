"""Reference implementation of Amin, a scheduler for LLM inference with a bounded KV cache.

The names below are the public ones. :mod:`amin_ref.workloads` (traces, length distributions,
predictions, arrivals) is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from amin_ref.checker import Rule, Violation, check
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

if TYPE_CHECKING:
    from amin_ref import workloads as workloads

    __version__: str

__all__ = [
    "Amax",
    "Amin",
    "AminError",
    "ByPosition",
    "ClairvoyantPolicy",
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
    "Shuffled",
    "TieBreak",
    "Violation",
    "VisibleRequest",
    "check",
    "conform",
    "simulate",
]

if not TYPE_CHECKING:  # a checker that saw it would take every misspelt name for an attribute

    def __getattr__(name: str) -> object:
        """``amin_ref.workloads`` and ``amin_ref.__version__``, loaded when they are first used."""
        if name == "workloads":
            return import_module("amin_ref.workloads")
        if name == "__version__":
            return import_module("importlib.metadata").version("amin-ref")
        raise AttributeError(f"module 'amin_ref' has no attribute {name!r}")

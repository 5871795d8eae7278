"""Reference implementation of Amin, a scheduler for LLM inference with a bounded KV cache.

Each public name is imported when it is first used, :mod:`amin_ref.workloads` (traces, length
distributions, predictions, arrivals) and :mod:`amin_ref.families` (instances that are bad for a
policy) included: ``import amin_ref`` costs nothing, and the command line answers ``--help`` without
numpy.
"""

TYPE_CHECKING = False
"""In place of ``typing.TYPE_CHECKING``: importing ``typing`` takes as long as starting Python, and
the command line imports this file before it can handle Ctrl-C."""

if TYPE_CHECKING:
    from amin_ref import families as families
    from amin_ref import workloads as workloads
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
    from amin_ref.model.machine import Machine
    from amin_ref.model.request import Request
    from amin_ref.model.schedule import Outcome, Run, Schedule
    from amin_ref.model.validation import RequestId
    from amin_ref.policies import (
        AlphaBetaClearing,
        AlphaGreedy,
        Amax,
        Amin,
        AminByVolume,
        ByPosition,
        ClairvoyantPolicy,
        Decision,
        DoublingBudgets,
        FirstComeFirstServed,
        HindsightShortestFirst,
        MCBenchmark,
        Policy,
        Ranking,
        RevealedRequest,
        ShortestPredictedFirst,
        Shuffled,
        SmallestRemainingVolume,
        SmallestVolumeFirst,
        TieBreak,
        VisibleRequest,
    )
    from amin_ref.simulator.simulation import simulate

    __version__: str

__all__ = [
    "AlphaBetaClearing",
    "AlphaGreedy",
    "Amax",
    "Amin",
    "AminByVolume",
    "AminError",
    "ByPosition",
    "ClairvoyantPolicy",
    "Comparison",
    "ComparisonRow",
    "Conformance",
    "ConformanceRule",
    "Decision",
    "Departure",
    "DoublingBudgets",
    "FirstComeFirstServed",
    "HindsightShortestFirst",
    "IllegalDecision",
    "Instance",
    "InvalidDocument",
    "InvalidValue",
    "InvalidWorkload",
    "MCBenchmark",
    "Machine",
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
    "ShortestPredictedFirst",
    "Shuffled",
    "SmallestRemainingVolume",
    "SmallestVolumeFirst",
    "TieBreak",
    "Violation",
    "VisibleRequest",
    "check",
    "compare",
    "compare_seeds",
    "conform",
    "simulate",
]

_MODULES = {
    "AlphaBetaClearing": "amin_ref.policies",
    "AlphaGreedy": "amin_ref.policies",
    "Amax": "amin_ref.policies",
    "Amin": "amin_ref.policies",
    "AminByVolume": "amin_ref.policies",
    "AminError": "amin_ref.model.errors",
    "ByPosition": "amin_ref.policies",
    "ClairvoyantPolicy": "amin_ref.policies",
    "Comparison": "amin_ref.comparison",
    "ComparisonRow": "amin_ref.comparison",
    "Conformance": "amin_ref.conformance",
    "ConformanceRule": "amin_ref.conformance",
    "Decision": "amin_ref.policies",
    "Departure": "amin_ref.conformance",
    "DoublingBudgets": "amin_ref.policies",
    "FirstComeFirstServed": "amin_ref.policies",
    "HindsightShortestFirst": "amin_ref.policies",
    "IllegalDecision": "amin_ref.model.errors",
    "Instance": "amin_ref.model.instance",
    "InvalidDocument": "amin_ref.model.errors",
    "InvalidValue": "amin_ref.model.errors",
    "InvalidWorkload": "amin_ref.model.errors",
    "MCBenchmark": "amin_ref.policies",
    "Machine": "amin_ref.model.machine",
    "NoProgress": "amin_ref.model.errors",
    "Outcome": "amin_ref.model.schedule",
    "Policy": "amin_ref.policies",
    "Ranking": "amin_ref.policies",
    "Request": "amin_ref.model.request",
    "RequestId": "amin_ref.model.validation",
    "RevealedRequest": "amin_ref.policies",
    "Rule": "amin_ref.checker",
    "Run": "amin_ref.model.schedule",
    "Schedule": "amin_ref.model.schedule",
    "SeedComparison": "amin_ref.comparison",
    "ShortestPredictedFirst": "amin_ref.policies",
    "Shuffled": "amin_ref.policies",
    "SmallestRemainingVolume": "amin_ref.policies",
    "SmallestVolumeFirst": "amin_ref.policies",
    "TieBreak": "amin_ref.policies",
    "Violation": "amin_ref.checker",
    "VisibleRequest": "amin_ref.policies",
    "check": "amin_ref.checker",
    "compare": "amin_ref.comparison",
    "compare_seeds": "amin_ref.comparison",
    "conform": "amin_ref.conformance",
    "simulate": "amin_ref.simulator.simulation",
}
"""The module that each public name is imported from."""

_FOLDERS = ("families", "workloads")
"""The folders that are attributes of the package."""


if not TYPE_CHECKING:  # a type checker that saw __getattr__ would accept every misspelt name

    def __getattr__(name: str) -> object:
        """The public name, from the module that defines it; or a folder, or ``__version__``."""
        from importlib import import_module

        if name in _FOLDERS:
            return import_module(f"amin_ref.{name}")
        if name == "__version__":
            # pyproject.toml is the one place that names the version; installing reads it there.
            return import_module("importlib.metadata").version("amin-ref")
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found: object = getattr(import_module(_MODULES[name]), name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    """The public names beside the others, imported or not."""
    return sorted({*globals(), *__all__, *_FOLDERS, "__version__"})

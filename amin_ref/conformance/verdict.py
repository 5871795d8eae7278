"""What is said of a schedule that claims to be a policy's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from amin_ref.checker import Violation
from amin_ref.model.validation import RequestId

PolicyName = Literal["amin", "amax", "h-sf"]
"""Policies that have a reading, so that a schedule can be held against them."""

POLICY_NAMES: tuple[PolicyName, ...] = get_args(PolicyName)

ActRule = Literal[
    "evicted-needlessly",
    "wrong-victim",
    "evicted-too-many",
    "readmitted-at-once",
    "admitted-what-cannot-fit",
    "admitted-out-of-order",
    "skipped-the-first",
    "stopped-too-early",
]
"""What can be wrong with the evictions and admissions of a round (specification, section 3)."""

ReadingRule = Literal[
    "did-not-refine",
    "refined-too-far",
    "refined-too-late",
    "forgot-what-it-learnt",
    "read-the-upper-bound",
    "read-the-output-length",
]
"""Wrong ideas of a request's length, each of which can explain a whole schedule."""

ConformanceRule = ActRule | ReadingRule


@dataclass(frozen=True, slots=True)
class Departure:
    """The first round in which a schedule does what the policy could not have done.

    Attributes:
        round: that round.
        rule: the rule that it breaks. Where one wrong idea of the requests' lengths explains every
            round of the schedule, the name of that idea.
        requests: ids of the requests at fault.
        message: the state, what was done, why that is wrong, and what the policy would have done.
    """

    round: int
    rule: ConformanceRule
    requests: tuple[RequestId, ...]
    message: str


@dataclass(frozen=True, slots=True)
class Conformance:
    """Whether a schedule is one that a policy could have made.

    Attributes:
        policy: which policy.
        rounds: how many rounds were replayed: those in which a request runs or waits, up to and
            with the first wrong one; 0 when the schedule is not valid.
        violations: what :func:`amin_ref.check` finds; a schedule that is not valid is nobody's.
        departure: the first wrong round of a valid schedule; ``None`` when there is none.
    """

    policy: PolicyName
    rounds: int
    violations: tuple[Violation, ...]
    departure: Departure | None

    @property
    def conforms(self) -> bool:
        """Whether the schedule is valid and every round of it is one of the policy's."""
        return not self.violations and self.departure is None

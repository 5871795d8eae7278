"""The verdict on a schedule: which policy it was checked for, and where it departs from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from amin_ref.checker import Violation
from amin_ref.model.validation import RequestId

BoundPolicyName = Literal["amin", "amax", "h-sf"]
"""The policies that plan with an assumed output length."""

PolicyName = Literal["amin", "amax", "h-sf", "fcfs"]
"""The policies that schedules can be checked for."""

POLICY_NAMES: tuple[PolicyName, ...] = get_args(PolicyName)

RoundRule = Literal[
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

ChunkRule = Literal["evicted-too-few", "wrong-chunk"]
"""What can be wrong with a round that computes a part of some prefix (section 7)."""

BoundedRule = RoundRule | ChunkRule
"""What can be wrong with a round of a policy that plans with an assumed output length."""

FirstComeRule = Literal[
    "evicted-needlessly",
    "wrong-victim",
    "evicted-too-many",
    "admitted-after-evicting",
    "admitted-what-cannot-fit",
    "admitted-out-of-order",
    "skipped-the-first",
    "stopped-too-early",
    "wrong-chunk",
]
"""What can be wrong with a round of FCFS (specification, sections 4 and 7)."""

BugRule = Literal[
    "did-not-refine",
    "refined-too-far",
    "refined-too-late",
    "forgot-what-it-learnt",
    "read-the-upper-bound",
    "read-the-output-length",
]
"""Known bugs in the assumed output lengths, each of which can explain a whole schedule."""

ConformanceRule = BoundedRule | FirstComeRule | BugRule


@dataclass(frozen=True, slots=True)
class Departure:
    """The first round in which a schedule does what the policy could not have done.

    Attributes:
        round: the number of that round.
        rule: the rule that the schedule breaks in that round. Where every round of the schedule
            is right for a policy with a known bug, the name of that bug.
        requests: ids of the requests at fault.
        message: the state at the start of the round, what the schedule did, why that is wrong, and
            what the policy would have done.
    """

    round: int
    rule: ConformanceRule
    requests: tuple[RequestId, ...]
    message: str


@dataclass(frozen=True, slots=True)
class Conformance:
    """Whether a schedule is one that a policy could have made.

    Attributes:
        policy: name of the policy.
        rounds: number of rounds replayed: those in which a request runs or waits, up to the first
            wrong one, which is included; 0 when the schedule is not valid.
        violations: what :func:`amin_ref.check` finds; no policy makes a schedule that has any.
        departure: the first wrong round of a valid schedule; ``None`` when there is none.
    """

    policy: PolicyName
    rounds: int
    violations: tuple[Violation, ...]
    departure: Departure | None

    @property
    def conforms(self) -> bool:
        """Whether the schedule is valid and the policy could have made every round of it."""
        return not self.violations and self.departure is None

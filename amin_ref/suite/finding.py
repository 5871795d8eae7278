"""What a scheduler may claim, the theorems that it can break, and how a violation is reported."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from amin_ref.model.errors import DecisionRule, FailureKind
from amin_ref.model.instance import Instance
from amin_ref.model.machine import PAPERS_MACHINE
from amin_ref.model.request import Request
from amin_ref.model.schedule import Schedule

Claim = Literal["amin", "valid"]
"""What a scheduler claims: to be Amin, or only to make valid schedules."""

SCHEDULER_CLAIMS: tuple[Claim, ...] = ("amin", "valid")

Theorem = Literal["T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T12", "Amin"]

TITLES: Mapping[Theorem, str] = {
    "T1": "memory safety",
    "T2": "every request completes exactly once",
    "T3": "the working bounds never fall and never pass what is known",
    "T4": "no eviction unless a request outlives its bound",
    "T5": "decisions depend on nothing that is hidden",
    "T6": "evictions are minimal and in order",
    "T7": "admission is greedy and maximal in order",
    "T8": "some request runs in every round between a request's arrival and its completion",
    "T12": "on small instances the ratio to the optimum is at most 3.3 + 0.9·ln(1/α)",
    "Amin": "every decision is one that Amin could have made",
}
"""The theorems (specification, section 6) that a scheduler can break, and conformance to Amin."""

OF_ANY_SCHEDULER: tuple[Theorem, ...] = ("T1", "T2", "T5", "T8")
"""Theorems that must hold of every scheduler."""

OF_AMIN: tuple[Theorem, ...] = ("T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T12", "Amin")
"""Theorems that hold of Amin."""

THEOREM_OF_DECISION: Mapping[DecisionRule, Theorem] = {
    "not-a-decision": "T2",
    "evicted-what-does-not-run": "T2",
    "admitted-what-does-not-wait": "T2",
    "overflow": "T1",
    "too-many-running": "T1",
}

Unjudged = Literal[
    "it made no schedule",
    "it decides differently on the same instance",
]
"""Why a theorem cannot be judged on an instance."""

NO_SCHEDULE: Unjudged = "it made no schedule"
AT_RANDOM: Unjudged = "it decides differently on the same instance"

FAILURES: tuple[str, ...] = get_args(FailureKind)
"""How a program fails to answer. Nothing more can be judged of it then."""

NOT_REPEATED: tuple[FailureKind, ...] = ("cannot-start", "hangs", "flood")
"""Failures that take too long to be reproduced and shrunk."""

SLOW: tuple[str, ...] = (*FAILURES, "no-progress")
"""Failures that are slow to reproduce: each needs a new process, or very many rounds."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A violation: the theorem, the rule, and the instance that shows it.

    Attributes:
        theorem: the theorem that does not hold of the scheduler.
        rule: name of the rule that it broke.
        instance: the instance that it was given.
        message: one sentence or an explanation, with the round, the requests and the numbers.
        schedule: the scheduler's schedule, if a schedule was judged; else ``None``.
    """

    theorem: Theorem
    rule: str
    instance: Instance
    message: str
    schedule: Schedule | None = None

    def text(self) -> str:
        """The finding, and its instance as a Python program."""
        return f"{self.rule}: {self.message}\n\n{program(self.instance)}"

    def as_document(self) -> dict[str, object]:
        """The finding for JSON, without the schedule."""
        return {
            "theorem": self.theorem,
            "rule": self.rule,
            "message": self.message,
            "instance": json.loads(self.instance.to_json()),
        }


def program(instance: Instance) -> str:
    """An instance as a Python program, one request on each line."""
    of_the_papers = instance.machine == PAPERS_MACHINE
    lines = [
        f"from amin_ref import Instance, {'' if of_the_papers else 'Machine, '}Request",
        "",
        "instance = Instance(",
        f"    capacity={instance.capacity},",
        *([f"    block_size={instance.block_size},"] if instance.block_size > 1 else []),
        *([] if of_the_papers else [f"    machine={instance.machine!r},"]),
        "    requests=(",
        *(f"        {_expression(request)}," for request in instance.requests),
        "    ),",
        ")",
    ]
    return "\n".join(lines)


def program_that_shows_it(finding: Finding, scheduler: str, claims: Claim) -> str:
    """A Python program that tests a scheduler, ``module:name``, on the finding's instance."""
    module, _, name = scheduler.partition(":")
    root = name.split(".")[0]
    return (
        f"from {module} import {root}\nfrom amin_ref.suite import examine\n"
        f"{program(finding.instance)}\n"
        f"print(examine({name}, {claims!r}, instances=[instance]).text())"
    )


def _expression(request: Request) -> str:
    fields = [
        repr(request.id),
        f"prompt_len={request.prompt_len}",
        f"output_len={request.output_len}",
    ]
    if request.lower > 1:
        fields.append(f"lower={request.lower}")
    if request.upper is not None:
        fields.append(f"upper={request.upper}")
    if request.arrival:
        fields.append(f"arrival={request.arrival}")
    return f"Request({', '.join(fields)})"

"""What the suite finds against a scheduler, and what it claims at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from amin_ref.model.errors import DecisionRule, FailureKind
from amin_ref.model.instance import Instance
from amin_ref.model.request import Request
from amin_ref.model.schedule import Schedule

Claim = Literal["amin", "valid"]
"""What a scheduler claims to be: Amin, or no more than a scheduler that makes valid schedules."""

CLAIMS: tuple[Claim, ...] = ("amin", "valid")

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
    "T12": "the ratio to the optimum stays within its bound",
    "Amin": "every decision is one that Amin could have made",
}
"""The theorems (specification, section 6) that a foreign scheduler can break, and conformance."""

OF_EVERYBODY: tuple[Theorem, ...] = ("T1", "T2", "T5", "T8")
OF_AMIN: tuple[Theorem, ...] = ("T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T12", "Amin")

THEOREM_OF_DECISION: Mapping[DecisionRule, Theorem] = {
    "not-a-decision": "T2",
    "evicted-what-does-not-run": "T2",
    "admitted-what-does-not-wait": "T2",
    "overflow": "T1",
}

Unjudged = Literal[
    "it made no schedule",
    "it decides differently on the very same instance",
]
"""Why an instance says neither yes nor no."""

NO_SCHEDULE: Unjudged = "it made no schedule"
BY_CHANCE: Unjudged = "it decides differently on the very same instance"

FAILURES: tuple[str, ...] = get_args(FailureKind)
"""What goes wrong with a program that gives no answers; then nothing more can be judged of it."""

NOT_WORTH_ANOTHER_TRY: tuple[FailureKind, ...] = ("cannot-start", "hangs", "flood")
"""What costs so long every time that it is not made smaller."""

SLOW: tuple[str, ...] = (*FAILURES, "no-progress")
"""What takes a new process or very many rounds every time: a few of them have to be enough."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A scheduler caught: what it broke, where, and on which instance.

    Attributes:
        theorem: the statement that does not hold of it.
        rule: the rule that it broke, in a word.
        instance: what it was given.
        message: one sentence, or a colleague's explanation, with round, requests and numbers.
        schedule: what it made of the instance, where that is what was judged.
    """

    theorem: Theorem
    rule: str
    instance: Instance
    message: str
    schedule: Schedule | None = None

    def text(self) -> str:
        """The finding with its instance as code to paste."""
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
    """An instance as a Python program, a request a line."""
    lines = [
        "from amin_ref import Instance, Request",
        "",
        "instance = Instance(",
        f"    capacity={instance.capacity},",
        *([f"    block_size={instance.block_size},"] if instance.block_size > 1 else []),
        "    requests=(",
        *(f"        {_expression(request)}," for request in instance.requests),
        "    ),",
        ")",
    ]
    return "\n".join(lines)


def program_that_shows_it(finding: Finding, scheduler: str, claims: Claim) -> str:
    """A Python program that examines a scheduler, ``module:name``, on the finding's instance."""
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

"""What is measured how thoroughly, and what a claim is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from oracle.claims.experiments import Experiment
from oracle.claims.ledger import Judgement
from oracle.claims.result_store import Measurements
from oracle.claims.workload import SampledWorkload

ClaimName = Literal["C1", "C2", "C3", "C4", "C5", "C6"]

REQUESTS = 2000
CAPACITY = 16_492
SEEDS = 20
"""The article's setting, and the fewest seeds that a confidence interval should rest on."""

QUICK_REQUESTS = 500
QUICK_SEEDS = 3

Value = TypeVar("Value")


@dataclass(frozen=True)
class Plan:
    """How a ledger is measured.

    Attributes:
        workload: a name in :data:`amin_ref.workloads.EMBEDDED`, or the path of a trace.
        requests: how many, unless a setting says otherwise.
        capacity: M; tokens.
        seeds: how many, at least 2.
        quick: whether to leave out most of each grid.
    """

    workload: str = "chat"
    requests: int = REQUESTS
    capacity: int = CAPACITY
    seeds: int = SEEDS
    quick: bool = False

    @classmethod
    def quickly(cls, workload: str) -> Plan:
        """A look at every claim in less than a minute; too few seeds for anything but a look."""
        return cls(workload, QUICK_REQUESTS, CAPACITY, QUICK_SEEDS, quick=True)

    @property
    def bound_seconds(self) -> float:
        """How long a certified bound is searched for; processor time.

        One second brings it within 0.7 % of what six find, half a second within 1.1 %.
        """
        return 0.5 if self.quick else 1.0

    def grid(self, all_of_it: Sequence[Value], some: Iterable[Value]) -> tuple[Value, ...]:
        """The values of a grid: all, or, where it has to be quick, only those in ``some``."""
        chosen = set(some)
        return tuple(value for value in all_of_it if not self.quick or value in chosen)

    def sampled(
        self,
        load: float | None = None,
        *,
        requests: int | None = None,
        equal_prompts: bool = False,
    ) -> SampledWorkload:
        """Requests of this plan's workload; all at once, or arriving at ``load``."""
        return SampledWorkload(
            self.workload, requests or self.requests, self.capacity, load, equal_prompts
        )


@dataclass(frozen=True)
class Claim:
    """One claim of the article, and how it is decided.

    Attributes:
        name: as the specification numbers it, section 6.
        words: the article's own.
        rule: when it holds, when under conditions, when not; laid down before measuring.
        setting: what a plan makes of it, in words.
        experiments: what a plan measures for it.
        judge: the verdict on what was measured.
    """

    name: ClaimName
    words: str
    rule: str
    setting: Callable[[Plan], str]
    experiments: Callable[[Plan], Sequence[Experiment]]
    judge: Callable[[Plan, Measurements], Judgement]

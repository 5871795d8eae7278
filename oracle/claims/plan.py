"""A plan says how thoroughly to measure; a claim says what to measure, and how to judge it."""

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
"""The article's numbers of requests and tokens, and the seeds of a measurement for a release."""

QUICK_REQUESTS = 500
QUICK_SEEDS = 3
"""Of a quick run: all six claims within a minute on two processors."""

BOUND_SECONDS, QUICK_BOUND_SECONDS = 1.0, 0.5
"""Processor time for each certified bound. Its result is at most 0.7 % (quick: 1.1 %) below the
bound that six seconds find."""

WHOLE_INTERVAL = "The whole 95 % interval must lie on that side of the threshold."
"""Last sentence of the rules with a threshold."""

Value = TypeVar("Value")


@dataclass(frozen=True)
class Plan:
    """How thoroughly a ledger is measured.

    Attributes:
        workload: a name in :data:`amin_ref.workloads.EMBEDDED`, or the path of a trace.
        requests: number of requests, unless a setting says otherwise.
        capacity: M; tokens.
        seeds: number of seeds, at least 2.
        quick: whether to measure only a part of each grid.
    """

    workload: str = "chat"
    requests: int = REQUESTS
    capacity: int = CAPACITY
    seeds: int = SEEDS
    quick: bool = False

    @classmethod
    def quickly(cls, workload: str) -> Plan:
        """All claims within a minute; the seeds are too few for more than an indication."""
        return cls(workload, QUICK_REQUESTS, CAPACITY, QUICK_SEEDS, quick=True)

    @property
    def bound_seconds(self) -> float:
        """Processor time for each certified bound; seconds."""
        return QUICK_BOUND_SECONDS if self.quick else BOUND_SECONDS

    def grid(self, all_of_it: Sequence[Value], some: Iterable[Value]) -> tuple[Value, ...]:
        """The values of a grid: all, or in a quick run those in ``some``."""
        chosen = set(some)
        return tuple(value for value in all_of_it if not self.quick or value in chosen)

    def sampled(
        self,
        load: float | None = None,
        *,
        requests: int | None = None,
        equal_prompts: bool = False,
        prompt_len: int | None = None,
    ) -> SampledWorkload:
        """Requests of this plan's workload, all at once or with Poisson arrivals at ``load``."""
        return SampledWorkload(
            self.workload,
            requests or self.requests,
            self.capacity,
            load,
            equal_prompts,
            prompt_len,
        )


@dataclass(frozen=True)
class Claim:
    """One claim of the article, and how it is decided.

    Attributes:
        name: its number in the specification, section 6.
        title: what it says of Amin, in a few words.
        words: the claim in the article's words.
        rule: when it holds, holds under conditions, or does not hold; fixed before measuring.
        setting: what is measured under a plan, in words.
        experiments: what is measured under a plan.
        judge: the judgement on the measurements.
    """

    name: ClaimName
    title: str
    words: str
    rule: str
    setting: Callable[[Plan], str]
    experiments: Callable[[Plan], Sequence[Experiment]]
    judge: Callable[[Plan, Measurements], Judgement]

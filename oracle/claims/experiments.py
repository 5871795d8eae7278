"""The experiments: frozen settings, each of which can be measured with a seed."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from math import isqrt

from amin_ref import (
    Amax,
    Amin,
    FirstComeFirstServed,
    HindsightShortestFirst,
    Instance,
    Ranking,
    Request,
    Schedule,
    simulate,
)
from amin_ref.small.setting import Setting
from oracle.certificate import verify
from oracle.claims.rounds import Load, seconds_per_round
from oracle.claims.workload import SampledWorkload
from oracle.prices.ascent import lower_bound
from oracle.ratio.question import PolicyName, Question
from oracle.ratio.worst_case import worst_case

Values = Mapping[str, float]
"""What one measurement gives: numbers by name."""


@dataclass(frozen=True)
class Experiment(ABC):
    """A setting that can be measured; pure: the same seed gives the same values.

    Except for processor times, and for how near to its limit a bound gets in the seconds it has.
    """

    @abstractmethod
    def measure(self, seed: int) -> Values:
        """The values with this seed."""

    @property
    def is_random(self) -> bool:
        """Whether the seed matters. What is exhausted or constructed is measured once."""
        return True

    def as_document(self) -> dict[str, object]:
        """The setting as a JSON-ready object, with the keys that stored measurements have."""
        document = {"experiment": type(self).__name__, **asdict(self)}
        workload = document.pop("workload", None)
        if workload is not None:
            document["scene"] = {"workload": workload.pop("source"), **workload}
        return document


@dataclass(frozen=True)
class InHindsight(Experiment):
    """What does not depend on predictions. Total latencies, in request·rounds.

    ``h-sf`` and ``fcfs`` are the policies; ``bound`` is a certified lower bound on every schedule.
    ``h-sf_held`` is the share of the cache that H-SF holds on average until its makespan.

    Attributes:
        workload: the requests.
        bound_seconds: how long the bound is searched for; processor time.
    """

    workload: SampledWorkload
    bound_seconds: float

    def measure(self, seed: int) -> Values:
        """See :class:`Experiment`."""
        instance = self.workload.instance("exact", seed)
        shortest_first = simulate(instance, HindsightShortestFirst())
        return {
            "h-sf": shortest_first.total_latency,
            "h-sf_held": shortest_first.mean_occupancy / instance.capacity,
            "fcfs": simulate(instance, FirstComeFirstServed()).total_latency,
            "bound": verify(
                instance, lower_bound(instance, self.bound_seconds, clock=time.thread_time)
            ),
        }


@dataclass(frozen=True)
class Predicted(Experiment):
    """Those who act on a prediction: ``amin`` and ``amax``, total latency in request·rounds.

    ``amin_held`` and ``amax_held`` are the shares of the cache that they hold on average.
    """

    workload: SampledWorkload
    prediction: str

    def measure(self, seed: int) -> Values:
        """See :class:`Experiment`."""
        instance = self.workload.instance(self.prediction, seed)
        amin, amax = simulate(instance, Amin()), simulate(instance, Amax())
        return {
            "amin": amin.total_latency,
            "amin_held": amin.mean_occupancy / instance.capacity,
            "amax": amax.total_latency,
            "amax_held": amax.mean_occupancy / instance.capacity,
        }


@dataclass(frozen=True)
class UppersWithheld(Experiment):
    """The same requests with their upper bounds and without them.

    ``amin_differs`` and ``amax_differs`` count the runs that are in one schedule and not in the
    other; ``amin_ratio`` and ``amax_ratio`` are total latency without over with.
    """

    workload: SampledWorkload
    prediction: str

    def measure(self, seed: int) -> Values:
        """See :class:`Experiment`."""
        told = self.workload.instance(self.prediction, seed)
        untold = replace(
            told, requests=tuple(replace(request, upper=None) for request in told.requests)
        )
        values: dict[str, float] = {}
        for name, policy in (("amin", Amin()), ("amax", Amax())):
            with_uppers, without = simulate(told, policy), simulate(untold, policy)
            values[f"{name}_differs"] = _differing_runs(with_uppers, without)
            values[f"{name}_ratio"] = without.total_latency / with_uppers.total_latency
        return values


def _differing_runs(one: Schedule, other: Schedule) -> int:
    return len(set(one.runs) ^ set(other.runs))


@dataclass(frozen=True)
class WorstRatio(Experiment):
    """The exact worst ``ratio`` to OPT over all outputs in [ℓ, u] and all ties; equal prompts."""

    policy: PolicyName
    prompt_len: int
    lower: int
    upper: int
    capacity: int
    requests: int

    @property
    def is_random(self) -> bool:
        """See :class:`Experiment`."""
        return False

    def measure(self, seed: int) -> Values:  # noqa: ARG002 - exhausted: no seed matters
        """See :class:`Experiment`."""
        setting = Setting(self.prompt_len, self.lower, self.upper, self.capacity)
        question = Question(self.policy, setting, self.requests)
        return {"ratio": float(worst_case(question).found.ratio)}


@dataclass(frozen=True)
class LongPrompts(Experiment):
    """The family of ``proofs_notes/ratio.md`` on which Amin's ratio grows like √(1/α).

    s = u − 1, ℓ = 1, M = s + u, so that no two requests fit together; k of length u come first in
    rank, then ⌈k·√u⌉ of length 1. ``amin`` is Amin's total latency over that of H-SF, and so at
    most its ratio to OPT.
    """

    upper: int
    long_ones: int = 5

    @property
    def is_random(self) -> bool:
        """See :class:`Experiment`."""
        return False

    def instance(self) -> Instance:
        """The instance; ids in order of rank."""
        prompt_len = self.upper - 1
        short_ones = isqrt(self.long_ones**2 * self.upper - 1) + 1
        lengths = [self.upper] * self.long_ones + [1] * short_ones
        return Instance(
            prompt_len + self.upper,
            tuple(
                Request(rank, prompt_len, length, 1, self.upper)
                for rank, length in enumerate(lengths)
            ),
        )

    def measure(self, seed: int) -> Values:  # noqa: ARG002 - constructed: no seed matters
        """See :class:`Experiment`."""
        instance = self.instance()
        ranking = Ranking(tuple(range(len(instance.requests))))
        shortest_first = simulate(instance, HindsightShortestFirst(ranking)).total_latency
        return {"amin": simulate(instance, Amin(ranking)).total_latency / shortest_first}


@dataclass(frozen=True)
class RoundCost(Experiment):
    """Processor ``seconds`` of one round of Amin, while so many wait at a cache of that size."""

    waiting: int
    capacity: int
    rounds: int = 250

    def measure(self, seed: int) -> Values:
        """See :class:`Experiment`."""
        load = Load(self.waiting, self.capacity, self.rounds)
        return {"seconds": seconds_per_round(load, repeats=1, seed=seed)}

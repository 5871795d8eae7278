"""The experiments: settings as values, each with a function that measures it with a seed."""

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
    Shuffled,
    simulate,
)
from amin_ref.comparison.metrics import request_times, wasted_share
from amin_ref.families import staggered
from amin_ref.policies.names import POLICIES
from amin_ref.policies.ties import ByPosition
from amin_ref.small.setting import Setting
from oracle.certificate import verify
from oracle.claims.rounds import ROUNDS, Backlog, seconds_per_round
from oracle.claims.workload import SampledWorkload
from oracle.prices.ascent import lower_bound
from oracle.ratio.question import PolicyName, Question
from oracle.ratio.worst_case import worst_case

Values = Mapping[str, float]
"""The numbers of one measurement, by name."""


@dataclass(frozen=True)
class Experiment(ABC):
    """A setting that can be measured.

    The same seed gives the same values, except for processor times and for certified bounds, which
    get as close to the optimum as their processor time allows.
    """

    @abstractmethod
    def measure(self, seed: int) -> Values:
        """The values with this seed."""

    @property
    def is_random(self) -> bool:
        """Whether the seed has an effect; a setting without randomness is measured once."""
        return True

    def as_document(self) -> dict[str, object]:
        """The setting as a JSON-ready object, with the keys that stored measurements have."""
        document = {"experiment": type(self).__name__, **asdict(self)}
        workload = document.pop("workload", None)
        if workload is not None:
            if workload["prompt_len"] is None:
                del workload["prompt_len"]  # as in measurements that are older than the field
            document["scene"] = {"workload": workload.pop("source"), **workload}
        return document


@dataclass(frozen=True)
class InHindsight(Experiment):
    """Values that do not depend on predictions.

    ``h-sf`` and ``fcfs`` are the policies' total latencies and ``bound`` is a certified lower bound
    on that of every schedule; request·rounds. ``h-sf_held`` is the mean occupancy of H-SF / M.

    Attributes:
        workload: the requests.
        bound_seconds: processor time of the search for the bound.
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
    """The policies that use a prediction.

    ``amin`` and ``amax`` are their total latencies, in request·rounds; ``amin_held`` and
    ``amax_held`` are their mean occupancies / M.

    Attributes:
        workload: the requests.
        prediction: what is predicted of their output lengths.
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
class Bounded(Experiment):
    """``bound``: a certified lower bound on every schedule's total latency; request·rounds.

    ``requests`` is the number of requests: a short trace has fewer than the workload asks for.

    Attributes:
        workload: the requests.
        bound_seconds: processor time of the search for the bound.
    """

    workload: SampledWorkload
    bound_seconds: float

    def measure(self, seed: int) -> Values:
        """See :class:`Experiment`."""
        instance = self.workload.instance("exact", seed)
        prices = lower_bound(instance, self.bound_seconds, clock=time.thread_time)
        return {"bound": verify(instance, prices), "requests": len(instance.requests)}


WASTED_DECIMALS = 5
"""Decimals of a stored share of wasted tokens: tables show a thousandth."""


@dataclass(frozen=True)
class Scheduled(Experiment):
    """One policy of :data:`amin_ref.policies.names.POLICIES`, with ties broken by position.

    ``total`` is the total latency (request·rounds), ``p99`` the 99th percentile of the latency and
    ``wait`` the most rounds from an arrival to the start of the request's completed run (rounds).
    ``wasted`` is wasted tokens / all generated tokens.

    Attributes:
        workload: the requests.
        policy: its name.
        prediction: what is predicted of the output lengths.
    """

    workload: SampledWorkload
    policy: str
    prediction: str

    def measure(self, seed: int) -> Values:
        """See :class:`Experiment`."""
        instance = self.workload.instance(self.prediction, seed)
        schedule = simulate(instance, POLICIES[self.policy].make(ByPosition()))
        return {
            "total": schedule.total_latency,
            "p99": schedule.p99_latency,
            "wait": max(each.time_to_first_token - 1 for each in request_times(schedule)),
            "wasted": round(wasted_share(schedule), WASTED_DECIMALS),
        }


def smallest_volume(workload: SampledWorkload) -> Scheduled:
    """SVF, hindsight that is closer to the optimum than H-SF where prompts differ."""
    return Scheduled(workload, "svf", "exact")


@dataclass(frozen=True)
class UppersWithheld(Experiment):
    """The same requests with and without their upper bounds.

    ``amin_differs`` and ``amax_differs`` count the runs that are in only one of the two schedules;
    ``amin_ratio`` and ``amax_ratio`` are total latency without / with upper bounds.

    Attributes:
        workload: the requests.
        prediction: what is predicted of their output lengths.
    """

    workload: SampledWorkload
    prediction: str

    def measure(self, seed: int) -> Values:
        """See :class:`Experiment`."""
        with_bounds = self.workload.instance(self.prediction, seed)
        without_bounds = replace(
            with_bounds,
            requests=tuple(replace(request, upper=None) for request in with_bounds.requests),
        )
        values: dict[str, float] = {}
        for name, policy in (("amin", Amin()), ("amax", Amax())):
            with_uppers = simulate(with_bounds, policy)
            without = simulate(without_bounds, policy)
            values[f"{name}_differs"] = _differing_runs(with_uppers, without)
            values[f"{name}_ratio"] = without.total_latency / with_uppers.total_latency
        return values


def _differing_runs(one: Schedule, other: Schedule) -> int:
    return len(set(one.runs) ^ set(other.runs))


@dataclass(frozen=True)
class WorstRatio(Experiment):
    """``ratio``: a policy's exact worst ratio to OPT, over all outputs in [ℓ, u] and all ties.

    Attributes:
        policy: its name.
        prompt_len: s of every request; tokens.
        lower: ℓ of every request; tokens.
        upper: u of every request; tokens.
        capacity: M; tokens.
        requests: number of requests.
    """

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

    def measure(self, seed: int) -> Values:  # noqa: ARG002 - nothing is random
        """See :class:`Experiment`."""
        setting = Setting(self.prompt_len, self.lower, self.upper, self.capacity)
        question = Question(self.policy, setting, self.requests)
        return {"ratio": float(worst_case(question).found.ratio)}


@dataclass(frozen=True)
class LongPrompts(Experiment):
    """The family of ``proofs_notes/ratio.md`` on which Amin's ratio grows like √(1/α).

    s = u − 1, ℓ = 1 and M = s + u, so no two requests fit together. In order of rank: k requests of
    length u, then ⌈k·√u⌉ of length 1. ``amin`` is Amin's total latency / that of H-SF, which is at
    most Amin's ratio to OPT.

    Attributes:
        upper: u; tokens.
        long_ones: k; at u = 1000, k = 5 gives 28.8, and k = 20 no more than 30.9.
    """

    upper: int
    long_ones: int = 5

    @property
    def is_random(self) -> bool:
        """See :class:`Experiment`."""
        return False

    def instance(self) -> Instance:
        """The instance; a request's id is its rank."""
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

    def measure(self, seed: int) -> Values:  # noqa: ARG002 - nothing is random
        """See :class:`Experiment`."""
        instance = self.instance()
        ranking = Ranking(tuple(range(len(instance.requests))))
        shortest_first = simulate(instance, HindsightShortestFirst(ranking)).total_latency
        return {"amin": simulate(instance, Amin(ranking)).total_latency / shortest_first}


@dataclass(frozen=True)
class FixedTies(Experiment):
    """The family of T15, on which Amin's ratio grows like 1/α with prompts of one token.

    :func:`amin_ref.families.staggered` with s = ℓ = c = 1. ``amin`` is Amin's total latency / that
    of H-SF with ties broken by position, which is at most Amin's ratio to OPT; ``shuffled`` is the
    same with ties broken by a shuffle.

    Attributes:
        upper: u; tokens.
        long: K, requests of u tokens at the end of the list.
        short: m, requests of one token behind them.
        shuffle: seed of the shuffle.
    """

    upper: int
    long: int
    short: int
    shuffle: int = 0

    @property
    def is_random(self) -> bool:
        """See :class:`Experiment`."""
        return False

    def instance(self) -> Instance:
        """The instance; a request's id is its rank."""
        return staggered(1, self.upper, 1, self.long, self.short)

    def measure(self, seed: int) -> Values:  # noqa: ARG002 - nothing is random
        """See :class:`Experiment`."""
        instance = self.instance()
        shortest_first = simulate(instance, HindsightShortestFirst()).total_latency
        shuffled = simulate(instance, Amin(Shuffled(self.shuffle))).total_latency
        return {
            "amin": simulate(instance, Amin()).total_latency / shortest_first,
            "shuffled": shuffled / shortest_first,
        }


@dataclass(frozen=True)
class RoundCost(Experiment):
    """``seconds``: the processor time of one round of Amin.

    Attributes:
        waiting: number of waiting requests at the beginning.
        capacity: M; tokens.
        rounds: number of measured rounds.
    """

    waiting: int
    capacity: int
    rounds: int = ROUNDS

    def measure(self, seed: int) -> Values:
        """See :class:`Experiment`."""
        backlog = Backlog(self.waiting, self.capacity, self.rounds)
        return {"seconds": seconds_per_round(backlog, repeats=1, seed=seed)}

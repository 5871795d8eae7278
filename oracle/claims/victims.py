"""Which request should an engine preempt? Rules for the victim, where preempted requests resume.

    python -m oracle.claims.victims trace.csv --requests 2000 --capacity 16480 --block-size 16

prints a table in Markdown: FCFS with each rule of ``amin_ref.policies.victims``, and
policies with another order, under predictions of different accuracy. Latency is divided by a lower
bound that a certificate proves for this machine, so no scheduler is below 1.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from amin_ref import Instance, Machine, Schedule, simulate
from amin_ref.comparison.metrics import percentile, recomputed_share
from amin_ref.policies.names import POLICIES, NamedPolicy
from amin_ref.policies.ties import ByPosition
from amin_ref.policies.victims import VICTIMS
from amin_ref.workloads import build_instance
from oracle.certificate import verify
from oracle.prices.ascent import lower_bound

PREDICTIONS = ("exact", "relative:0.5", "bins:10", "naive")
"""From the best prediction to none: naive intervals have ℓ = 1."""

READS_NO_PREDICTION = ("last-admitted", "least-computed")
"""Rules that are measured once, since no prediction changes them."""

OTHER_ORDERS = ("sjf", "amin", "amin-by-volume")
"""Policies that also admit in another order, by what is predicted."""

HEADINGS = (
    "victim",
    "prediction",
    "latency / bound",
    "p99, rounds",
    "evictions",
    "recomputed, %",
    "longest wait",
)
"""The headings of the table."""

RESUME = Machine(after_eviction="resume")

BOUND_SECONDS = 60.0
"""The time limit of the search for a lower bound."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One row of the table.

    Attributes:
        victim: the rule, or the policy.
        prediction: what is predicted; empty where the rule reads no prediction.
        ratio: total latency / lower bound.
        p99: 99th percentile of the latencies; rounds.
        evictions: evicted runs.
        recomputed: tokens computed again / all tokens computed, in [0, 1).
        longest_wait: most rounds that a request waits, before its first run and after evictions.
    """

    victim: str
    prediction: str
    ratio: float
    p99: int
    evictions: int
    recomputed: float
    longest_wait: int

    @classmethod
    def of(cls, victim: str, prediction: str, schedule: Schedule, bound: int) -> Measured:
        """The numbers of a schedule."""
        return cls(
            victim,
            prediction,
            schedule.total_latency / bound,
            percentile(schedule.latencies, 99),
            schedule.evictions,
            recomputed_share(schedule),
            longest_wait(schedule),
        )

    def line(self) -> str:
        """The row in Markdown."""
        return (
            f"| {self.victim} | {self.prediction or '–'} | {self.ratio:.3f} | {self.p99:,} | "
            f"{self.evictions:,} | {100 * self.recomputed:.1f} | {self.longest_wait:,} |"
        )


def longest_wait(schedule: Schedule) -> int:
    """The most rounds from a request's arrival to its completion in which it does not run."""
    run = dict.fromkeys(schedule.instance.positions, 0)
    for each in schedule.runs:
        run[each.request] += each.length
    waits = (
        latency - run[request.id]
        for request, latency in zip(schedule.instance.requests, schedule.latencies, strict=True)
    )
    return max(waits, default=0)


def policies() -> Iterator[tuple[NamedPolicy, tuple[str, ...]]]:
    """Each policy of the table, and the predictions that it is measured with."""
    for policy in VICTIMS.values():
        yield policy, ("",) if policy.name in READS_NO_PREDICTION else PREDICTIONS
    for name in OTHER_ORDERS:
        yield POLICIES[name], PREDICTIONS


def measured(
    source: str,
    *,
    requests: int,
    capacity: int,
    block_size: int,
    arrivals: str,
    seed: int,
    bound_seconds: float,
) -> Iterator[Measured]:
    """The rows of the table, one after the other as they are simulated.

    Args:
        source: an embedded workload, or the path of a trace.
        requests: the number of requests.
        capacity: M; tokens.
        block_size: B; tokens.
        arrivals: as :func:`amin_ref.build_instance` takes them.
        seed: of arrivals and of predictions.
        bound_seconds: the time limit of the search for the lower bound.
    """

    def instance(prediction: str) -> Instance:
        built = build_instance(
            source,
            requests=requests,
            capacity=capacity,
            block_size=block_size,
            arrivals=arrivals,
            seed=seed,
            prediction=prediction,
        )
        return replace(built.instance, machine=RESUME)

    exact = instance("exact")
    bound = verify(exact, lower_bound(exact, time_limit=bound_seconds))
    for policy, predictions in policies():
        for prediction in predictions:
            schedule = simulate(instance(prediction or "exact"), policy.make(ByPosition()))
            yield Measured.of(policy.title, prediction, schedule, bound)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m oracle.claims.victims", description=__doc__)
    parser.add_argument("source", help="an embedded workload, or a trace")
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--capacity", type=int, required=True, help="M; tokens")
    parser.add_argument("--block-size", type=int, default=16, help="B; tokens")
    parser.add_argument("--arrivals", default="at-once")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=BOUND_SECONDS, help="for the lower bound")
    given = parser.parse_args(arguments)
    print(f"| {' | '.join(HEADINGS)} |\n|---|---|{'--:|' * (len(HEADINGS) - 2)}")
    for row in measured(
        given.source,
        requests=given.requests,
        capacity=given.capacity,
        block_size=given.block_size,
        arrivals=given.arrivals,
        seed=given.seed,
        bound_seconds=given.seconds,
    ):
        print(row.line(), flush=True)


if __name__ == "__main__":
    main()

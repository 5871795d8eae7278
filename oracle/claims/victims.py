"""Which request should an engine preempt? Rules for the victim, where preempted requests resume.

    python -m oracle.claims.victims trace.csv --requests 2000 --capacity 16480 --block-size 16

prints a table in Markdown: FCFS with each rule of ``amin_ref.policies.victims``, and
policies with another order, under predictions of different accuracy. Latency is divided by a lower
bound that a certificate proves for this machine, so no scheduler is below 1.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from amin_ref import Machine, Schedule, simulate
from amin_ref.comparison.metrics import percentile, recomputed_share
from amin_ref.policies.names import POLICIES, NamedPolicy
from amin_ref.policies.ties import ByPosition
from amin_ref.policies.victims import VICTIMS
from oracle.claims.workload import BoundedWorkload

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
        most_waited: most rounds that a request waits, before its first run and after evictions.
    """

    victim: str
    prediction: str
    ratio: float
    p99: int
    evictions: int
    recomputed: float
    most_waited: int

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
            most_waited(schedule),
        )

    def line(self) -> str:
        """The row in Markdown."""
        return (
            f"| {self.victim} | {self.prediction or '–'} | {self.ratio:.3f} | {self.p99:,} | "
            f"{self.evictions:,} | {100 * self.recomputed:.1f} | {self.most_waited:,} |"
        )


def most_waited(schedule: Schedule) -> int:
    """The most rounds from a request's arrival to its completion in which it does not run.

    All waits of a request count together; :func:`amin_ref.judging.longest_wait` is one of them.
    """
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


def measured(workload: BoundedWorkload) -> Iterator[Measured]:
    """The rows of the table, one after the other as they are simulated."""
    bound = workload.bound(RESUME)
    for policy, predictions in policies():
        for prediction in predictions:
            instance = workload.instance(prediction or "exact", RESUME)
            schedule = simulate(instance, policy.make(ByPosition()))
            yield Measured.of(policy.title, prediction, schedule, bound)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m oracle.claims.victims", description=__doc__)
    BoundedWorkload.add_flags(parser, block_size=16)
    given = parser.parse_args(arguments)
    print(f"| {' | '.join(HEADINGS)} |\n|---|---|{'--:|' * (len(HEADINGS) - 2)}")
    for row in measured(BoundedWorkload.given(given)):
        print(row.line(), flush=True)


if __name__ == "__main__":
    main()

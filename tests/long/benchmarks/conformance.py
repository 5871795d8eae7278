"""The processor time of ``conform``.

``python -m tests.long.benchmarks.conformance`` prints the tables of
``proofs_notes/conformance.md``.
Times are processor seconds, so that other programs on the machine matter little. The real trace is
in the folder that ``AMIN_DATA`` names, as for the tests.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal

from amin_ref import (
    Amax,
    Amin,
    FirstComeFirstServed,
    HindsightShortestFirst,
    Instance,
    Machine,
    Run,
    Schedule,
    check,
    conform,
    simulate,
)
from amin_ref.conformance import PolicyName
from amin_ref.suite import examine, judge
from amin_ref.suite.random_instances import small_instances
from amin_ref.workloads import (
    Arrivals,
    AtOnce,
    Bins,
    Exact,
    Poisson,
    Prediction,
    Rough,
    build_instance,
)
from tests.support.real_data import data_folder

REQUESTS = 2_000
CAPACITY = 16_492
ENGINE = Machine(
    after_eviction="resume", last_token_stored=False, tokens_per_round=2_048, max_running=256
)
"""The machine of vLLM with its usual limits."""

SMALL = 5_000
"""Small instances that are timed together."""

REPETITIONS = 5


def workloads() -> Iterator[tuple[str, Instance]]:
    """2,000 LMSYS chats, or random chats if the data are not there, with several predictions."""
    file = data_folder() / "lmsys_chat_lengths.csv"
    source, name = (str(file), "LMSYS") if file.is_file() else ("chat", "random chats")
    kinds: tuple[tuple[str, Prediction, Arrivals], ...] = (
        ("[1, 1000], at once", Rough(1, 1000), AtOnce()),
        ("ten bins, at once", Bins(10), AtOnce()),
        ("[1, 1000], 0.5 a round", Rough(1, 1000), Poisson(Decimal("0.5"))),
    )
    for kind, prediction, arrivals in kinds:
        yield (
            f"{name}, {kind}",
            build_instance(
                source,
                requests=REQUESTS,
                capacity=CAPACITY,
                prediction=prediction,
                arrivals=arrivals,
            ).instance,
        )


def seconds(work: Callable[[], object]) -> float:
    """The least processor time of several runs; other programs can only make a run slower."""
    best = math.inf
    for _ in range(REPETITIONS):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best


def row(name: str, schedule: Schedule, policy: PolicyName) -> None:
    departure = conform(schedule, policy).departure
    verdict = "is" if departure is None else departure.rule
    took = seconds(lambda: conform(schedule, policy))
    print(f"| {name} | {len(schedule.runs):,} | {policy} | {verdict} | {took:.2f} |", flush=True)


def large() -> None:
    print("| schedule | runs | held to be | verdict | s |\n|---|---:|---|---|---:|")
    for name, instance in workloads():
        row(f"Amin's: {name}", simulate(instance, Amin()), "amin")
        row(f"FCFS's: {name}", simulate(instance, FirstComeFirstServed()), "amin")
        row(f"FCFS's: {name}", simulate(instance, FirstComeFirstServed()), "fcfs")
        row(f"Amax's: {name}", simulate(instance, Amax()), "amin")
        row(f"Amax's: {name}", simulate(instance, Amax()), "amax")
        row(f"H-SF's: {name}", simulate(instance, HindsightShortestFirst()), "h-sf")
        in_chunks = replace(instance, capacity=16_480, block_size=16, machine=ENGINE)
        row(f"Amin's, in chunks: {name}", simulate(in_chunks, Amin()), "amin")
        row(f"FCFS's, in chunks: {name}", simulate(in_chunks, FirstComeFirstServed()), "fcfs")
    roomy = build_instance("chat", requests=REQUESTS, capacity=10**6, prediction=Exact()).instance
    late = tuple(Run(r.id, 1, 1 + r.output_len, "completed") for r in roomy.requests)
    row("all fit, all a round late: random chats", Schedule(roomy, late), "amin")


def small() -> None:
    instances = list(small_instances(SMALL, seed=0))
    amin = Amin()
    schedules = [simulate(instance, amin) for instance in instances]
    parts: dict[str, Callable[[], object]] = {
        "`simulate`": lambda: [simulate(instance, amin) for instance in instances],
        "`check`": lambda: [check(schedule) for schedule in schedules],
        "`conform`, `check` included": lambda: [conform(schedule) for schedule in schedules],
        "everything that the plugin judges by one schedule": lambda: [
            judge(instance, amin, "amin") for instance in instances
        ],
        "`examine`, T5 and T12 included": lambda: examine(Amin, "amin", examples=SMALL),
    }
    print("\n| per small instance | ms |\n|---|---:|")
    for name, work in parts.items():
        print(f"| {name} | {1000 * seconds(work) / SMALL:.2f} |", flush=True)


def main() -> None:
    large()
    small()


if __name__ == "__main__":
    main()

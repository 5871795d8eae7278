"""How does latency degrade as predictions get worse than their intervals say? (C6's real question.)

    python -m oracle.claims.wrong_predictions trace.csv --capacity 16492

prints a table in Markdown. With error E each request's output length is estimated: uniformly drawn
from o·(1 − E) to o·(1 + E), rounded, at least 1. The estimate is both of its bounds, so for about
half of the requests ℓ is too large, and for the other half u is too small. Policies take the bounds
as they are (``Machine(sound_predictions=False)``). Latency is divided by a lower bound that a
certificate proves for the machine, with and without the loss of tokens on eviction.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from amin_ref import Instance, Machine, simulate
from amin_ref.comparison.estimate import Estimate
from amin_ref.model.machine import AfterEviction
from amin_ref.policies.names import title_of
from amin_ref.workloads import build_instance
from oracle.certificate import verify
from oracle.prices.ascent import lower_bound

ERRORS = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0)
"""E: from exact lengths to estimates between 1 token and three times the output."""

POLICIES = ("amin", "amax", "sjf", "fcfs")
MACHINES: tuple[AfterEviction, ...] = ("restart", "resume")

SEEDS = 5
BOUND_SECONDS = 60.0
"""The time limit of the search for each lower bound."""


def misjudged(instance: Instance, error: float, seed: int) -> Instance:
    """The instance with estimates in place of its bounds.

    Args:
        instance: what is scheduled.
        error: E, at least 0: the largest error of an estimate, as a share of the output length.
        seed: of the estimates.
    """
    generator = np.random.default_rng(seed)
    factors = generator.uniform(1 - error, 1 + error, len(instance.requests))
    estimates = [
        max(1, round(request.output_len * float(factor)))
        for request, factor in zip(instance.requests, factors, strict=True)
    ]
    return replace(
        instance,
        machine=replace(instance.machine, sound_predictions=False),
        requests=tuple(
            replace(request, lower=estimate, upper=estimate)
            for request, estimate in zip(instance.requests, estimates, strict=True)
        ),
    )


def table(
    source: str,
    *,
    requests: int,
    capacity: int,
    block_size: int,
    arrivals: str,
    seeds: int,
    bound_seconds: float,
) -> Iterator[str]:
    """The lines of the table, one after the other as they are measured.

    Args:
        source: an embedded workload, or the path of a trace.
        requests: the number of requests.
        capacity: M; tokens.
        block_size: B; tokens.
        arrivals: as :func:`amin_ref.workloads.build_instance` takes them.
        seeds: the number of seeds of the estimates.
        bound_seconds: the time limit of the search for each lower bound.
    """
    exact = build_instance(
        source,
        requests=requests,
        capacity=capacity,
        block_size=block_size,
        arrivals=arrivals,
        prediction="exact",
    ).instance
    columns = [(machine, policy) for machine in MACHINES for policy in POLICIES]
    yield f"| E | {' | '.join(f'{title_of(policy)}, {machine}' for machine, policy in columns)} |"
    yield f"|--:|{'---|' * len(columns)}"
    on_machine = {
        machine: replace(exact, machine=Machine(after_eviction=machine)) for machine in MACHINES
    }
    bounds = {
        machine: verify(instance, lower_bound(instance, time_limit=bound_seconds))
        for machine, instance in on_machine.items()
    }
    for error in ERRORS:
        cells = [
            _shown(
                [
                    simulate(misjudged(on_machine[machine], error, seed), policy).total_latency
                    / bounds[machine]
                    for seed in range(seeds if error else 1)
                ]
            )
            for machine, policy in columns
        ]
        yield f"| {error:g} | {' | '.join(cells)} |"


def _shown(ratios: Sequence[float]) -> str:
    if max(ratios) == min(ratios):
        return f"{ratios[0]:.3f}"
    estimate = Estimate.of(ratios)
    return f"{estimate.mean:.3f} ± {estimate.high - estimate.mean:.3f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m oracle.claims.wrong_predictions", description=__doc__
    )
    parser.add_argument("source", help="an embedded workload, or a trace")
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--capacity", type=int, required=True, help="M; tokens")
    parser.add_argument("--block-size", type=int, default=1, help="B; tokens")
    parser.add_argument("--arrivals", default="at-once")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--seconds", type=float, default=BOUND_SECONDS, help="for each bound")
    given = parser.parse_args(arguments)
    for line in table(
        given.source,
        requests=given.requests,
        capacity=given.capacity,
        block_size=given.block_size,
        arrivals=given.arrivals,
        seeds=given.seeds,
        bound_seconds=given.seconds,
    ):
        print(line, flush=True)


if __name__ == "__main__":
    main()

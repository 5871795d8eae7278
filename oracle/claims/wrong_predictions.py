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
from oracle.claims.workload import BoundedWorkload

ERRORS = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0)
"""E: from exact lengths to estimates between 1 token and three times the output."""

POLICIES = ("amin", "amax", "sjf", "fcfs")
MACHINES: tuple[AfterEviction, ...] = ("restart", "resume")

SEEDS = 5


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


def table(workload: BoundedWorkload, seeds: int) -> Iterator[str]:
    """The lines of the table, one after the other as they are measured.

    Args:
        workload: what is scheduled; with errors, under predictions in place of its own.
        seeds: the number of seeds of the estimates.
    """
    columns = [(machine, policy) for machine in MACHINES for policy in POLICIES]
    yield f"| E | {' | '.join(f'{title_of(policy)}, {machine}' for machine, policy in columns)} |"
    yield f"|--:|{'---|' * len(columns)}"
    machines = {name: Machine(after_eviction=name) for name in MACHINES}
    on_machine = {name: workload.instance("exact", machine) for name, machine in machines.items()}
    bounds = {name: workload.bound(machine) for name, machine in machines.items()}
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
    BoundedWorkload.add_flags(parser, block_size=1)
    parser.add_argument("--seeds", type=int, default=SEEDS, help="of the estimates")
    given = parser.parse_args(arguments)
    for line in table(BoundedWorkload.given(given), given.seeds):
        print(line, flush=True)


if __name__ == "__main__":
    main()

"""What does a proven constant cost? ``python -m oracle.ratio.guarantees [SOURCE ...]``.

A table of policies that restart long requests, beside Amin: on embedded length distributions and
traces, all requests at once and nothing predicted (ℓ = 1), as mean ratios to Amin's total latency
with 95 % intervals over seeds; and on bad families, as ratios to H-SF's.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence

from amin_ref.comparison.estimate import Estimate
from amin_ref.families import FAMILIES
from amin_ref.model.instance import Instance
from amin_ref.policies import (
    Amin,
    ByPosition,
    ClairvoyantPolicy,
    DoublingBudgets,
    HindsightShortestFirst,
    Policy,
    Shuffled,
    TieBreak,
)
from amin_ref.policies.impatient import ImpatientAmin
from amin_ref.policies.probing import ProbingAmin
from amin_ref.simulator.simulation import simulate
from amin_ref.workloads import EMBEDDED, build_instance

FACTORS = (2, 4, 8, 16, 32)
"""F of the policies that have one."""

BAD = ("staggered", "decaying-tail")
"""Families on which Amin is bad: one for fixed ties, one for shuffled ones."""

UPPER = 32
"""u of these families by default: large enough to be bad, and seconds for each policy."""

REQUESTS, SEEDS = 1000, 5
"""By default: a few minutes on one core."""


def policies() -> dict[str, Callable[[TieBreak], Policy]]:
    """The policies of the table by the names of its rows, Amin apart."""

    def impatient(factor: float) -> Callable[[TieBreak], Policy]:
        return lambda ties: ImpatientAmin(factor, ties)

    def probing(factor: float) -> Callable[[TieBreak], Policy]:
        return lambda ties: ProbingAmin(factor, ties)

    return {
        "Amin": Amin,
        "doubling budgets": DoublingBudgets,
        **{f"impatient Amin, F = {factor}": impatient(factor) for factor in FACTORS},
        **{f"probing Amin, F = {factor}": probing(factor) for factor in FACTORS},
    }


def workload(source: str, requests: int, seed: int) -> Instance:
    """Requests of an embedded distribution or a trace, all at once, without predictions."""
    built = build_instance(source, requests=requests, seed=seed, prediction="exact").instance
    lengths = [(request.prompt_len, request.output_len) for request in built.requests]
    return Instance.from_lengths(lengths, capacity=built.capacity)


def compared(
    instances: Sequence[Instance],
    ties: TieBreak,
    measure: Callable[[TieBreak], Policy | ClairvoyantPolicy],
) -> dict[str, Estimate]:
    """Mean total latency of each policy over that of ``measure``."""
    yardsticks = [simulate(instance, measure(ties)).total_latency for instance in instances]
    found = {}
    for name, make in policies().items():
        ratios = [
            simulate(instance, make(ties)).total_latency / yardstick
            for instance, yardstick in zip(instances, yardsticks, strict=True)
        ]
        found[name] = Estimate.of(ratios) if len(ratios) > 1 else Estimate.exactly(ratios[0])
    return found


def columns(
    sources: Sequence[str],
    requests: int,
    seeds: int,
    upper: int,
) -> dict[str, dict[str, Estimate]]:
    """The columns of the table by their headings.

    Args:
        sources: embedded distributions and paths of traces.
        requests: number of requests of each.
        seeds: number of seeds of an embedded distribution. A trace is measured once.
        upper: u of the bad families.
    """
    found = {}
    for source in sources:
        # A trace has the same first rows for every seed.
        drawn = range(seeds if source in EMBEDDED else 1)
        instances = [workload(source, requests, seed) for seed in drawn]
        found[f"{source.rsplit('/', 1)[-1]}, to Amin"] = compared(instances, ByPosition(), Amin)
    for name in BAD:
        family = FAMILIES[name]
        instance = family.instance(family.parameters(upper))
        ties = ByPosition() if family.shuffle is None else Shuffled(family.shuffle)
        found[f"{name}, u = {upper}, to H-SF"] = compared([instance], ties, HindsightShortestFirst)
    return found


def table(found: Mapping[str, Mapping[str, Estimate]]) -> str:
    """The table in Markdown."""
    lines = [f"| policy | {' | '.join(found)} |", f"|---|{'---|' * len(found)}"]
    for name in policies():
        cells = [_shown(column[name]) for column in found.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _shown(estimate: Estimate) -> str:
    margin = estimate.high - estimate.mean
    return f"{estimate.mean:.3f}" + (f" ± {margin:.3f}" if margin > 0 else "")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m oracle.ratio.guarantees", description=__doc__)
    parser.add_argument("sources", nargs="*", default=[*EMBEDDED], help="as compare takes them")
    parser.add_argument("--requests", type=int, default=REQUESTS, help="of each workload")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="of each embedded distribution")
    parser.add_argument("--upper", type=int, default=UPPER, help="u of the bad families")
    given = parser.parse_args(arguments)
    print(table(columns(given.sources, given.requests, given.seeds, given.upper)))


if __name__ == "__main__":
    main()

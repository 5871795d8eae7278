"""Tables of the processor time of Amin's rounds.

``python -m tests.long.benchmarks.rounds`` prints those of ``proofs_notes/complexity.md``.
"""

from __future__ import annotations

import math

from oracle.claims.rounds import (
    CAPACITIES,
    WAITING,
    Backlog,
    backlog_for_capacity,
    growth_exponent,
    seconds_per_round,
)


def main() -> None:
    print("| waiting | M | µs per round | against the first |\n|---:|---:|---:|---:|")
    costs = [seconds_per_round(Backlog(waiting, 16_384)) for waiting in WAITING]
    for waiting, cost in zip(WAITING, costs, strict=True):
        print(f"| {waiting:,} | 16,384 | {cost * 1e6:.0f} | {cost / costs[0]:.2f} |")
    for block_size, lower in ((1, 1), (16, 1), (1, 100)):
        print(f"\nBlocks of {block_size}, lower bound {lower}:\n")
        print("| M | µs per round | ns per token of M | ns per M·log2 M |\n|---:|---:|---:|---:|")
        costs = []
        for capacity in CAPACITIES:
            costs.append(seconds_per_round(backlog_for_capacity(capacity, block_size, lower)))
            per_token = costs[-1] / capacity * 1e9
            print(
                f"| {capacity:,} | {costs[-1] * 1e6:.0f} | {per_token:.2f} "
                f"| {per_token / math.log2(capacity):.3f} |"
            )
        print(f"\nFitted exponent of M: {growth_exponent(CAPACITIES, costs):.2f}")


if __name__ == "__main__":
    main()

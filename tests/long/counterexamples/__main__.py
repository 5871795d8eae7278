"""Search for a small instance above T12's number: ``python -m tests.long.counterexamples``.

The smallest instance found is simulated, and the schedules are checked, at the end.
"""

from __future__ import annotations

import argparse
from dataclasses import astuple

from amin_ref import Amin, check, simulate
from amin_ref.families import staggered
from tests.long.counterexamples.search import Grid, Parameters, better_schedule, number, ratio_of


def main() -> None:
    """Print each smaller instance, and check the smallest with the simulator."""
    parser = argparse.ArgumentParser(prog="python -m tests.long.counterexamples")
    parser.add_argument("--from", dest="least", type=int, default=10, help="least u")
    parser.add_argument("--to", dest="largest", type=int, default=30, help="largest u")
    parser.add_argument("--below", type=int, default=667, help="fewer requests than this")
    parser.add_argument("--long-step", type=int, default=3, help="step of the grid in K")
    parser.add_argument("--short-step", type=int, default=6, help="step of the grid in m")
    given = parser.parse_args()
    best: Parameters | None = None
    grid = Grid(range(given.least, given.largest + 1), given.long_step, given.short_step)
    for found, requests in grid.smaller(given.below):
        print(f"n={requests} {found} {ratio_of(found):.4f} > {number(found.upper):.4f}", flush=True)
        best = found
    if best is None:
        print("none found")
        return
    amin, better = simulate(staggered(*astuple(best)), Amin()), better_schedule(best)
    assert check(amin) == check(better) == ()
    print(f"Amin {amin.total_latency:,} / better schedule {better.total_latency:,} =", end=" ")
    print(f"{amin.total_latency / better.total_latency:.4f}, both schedules checked")


if __name__ == "__main__":
    main()

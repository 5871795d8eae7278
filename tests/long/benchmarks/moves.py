"""Moves a second of annealing and local search, in Python and in compiled code.

``python -m tests.long.benchmarks.moves`` prints the Markdown table of ``proofs_notes/oracle.md``.
Each search has a few seconds of processor time, after a first one that compiles. The real traces
are in the folder that ``AMIN_DATA`` names.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Iterator

import numpy as np

from amin_ref import Instance
from oracle.deadline import Deadline
from oracle.heuristics import annealing, local_search
from oracle.heuristics.annealing import Annealing, repaired
from oracle.heuristics.choice import REFERENCE, Movers
from oracle.heuristics.compiled_moves import CompiledAnnealing, CompiledLocalSearch
from oracle.heuristics.local_search import LocalSearch
from oracle.prices.ascent import lower_bound
from oracle.prices.dual import Dual
from oracle.starts.list_schedule import by_volume, list_schedule
from oracle.starts.parts import busy_periods
from oracle.starts.start_rounds import latency_of
from tests.long.benchmarks.certified_gap import instances
from tests.long.benchmarks.oracle_peers import synthetic_instance

KINDS = {"Python": REFERENCE, "compiled": Movers(CompiledAnnealing, CompiledLocalSearch)}

SECONDS_OF_PRICES = 3.0
"""Processor seconds for the prices that guide the annealing."""


def counted(
    search: Annealing | LocalSearch, at_once: int, seconds: float
) -> tuple[float, list[int]]:
    """Moves a second of processor time, ``at_once`` before each look at the clock; start rounds."""
    looks = 0

    def look() -> bool:
        nonlocal looks
        looks += 1
        return False

    # Some moves, so that everything is compiled.
    asked = itertools.count()
    search.run(Deadline.after(1.0, clock=lambda: float(next(asked) // 3)))
    began = time.process_time()
    starts = search.run(Deadline.after(seconds, look, time.process_time))
    return looks * at_once / (time.process_time() - began), starts


def rows(name: str, instance: Instance, seconds: float) -> Iterator[tuple[str, str, str, str, str]]:
    """Instance, search, code, moves a second and total latency."""
    period = busy_periods(instance)[0]
    requests = period.requests
    first = list_schedule(instance, requests, by_volume(requests))
    for code, kinds in KINDS.items():
        local = kinds.local_search(instance, period, first, np.random.default_rng(1))
        speed, starts = counted(local, local_search.MOVES_AT_ONCE, seconds)
        yield name, "local search", code, f"{speed:,.0f}", f"{latency_of(requests, starts):,}"
    dual = Dual(instance, period)
    if dual.shares:
        return  # prices of shares guide no annealing
    certificate = lower_bound(instance, SECONDS_OF_PRICES, clock=time.process_time)
    prices = np.zeros((1, period.rounds))
    multipliers = certificate.stretches[0].multipliers[: period.rounds]
    prices[0, : len(multipliers)] = multipliers
    prices /= certificate.denominator
    at_once = min(annealing.MOVES_AT_ONCE, len(requests))
    for code, kinds in KINDS.items():
        search = kinds.annealing(instance, period, dual, prices, np.random.default_rng(1))
        speed, rough = counted(search, at_once, seconds)
        starts = repaired(instance, period, rough)
        yield name, "annealing", code, f"{speed:,.0f}", f"{latency_of(requests, starts):,}"


def main() -> None:
    """Print one row for each search."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=4.0, help="for each search")
    seconds: float = parser.parse_args().seconds
    print("| instance | search | code | moves/s | total latency |\n|---|---|---|--:|--:|")
    named = [("synthetic, n = 50, seed 0", synthetic_instance(50, 0))]
    for name, instance in (*named, *instances("lmsys"), *instances("azure")):
        for row in rows(name, instance, seconds):
            print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()

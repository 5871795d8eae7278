"""The oracle and other solvers, on random instances like Jaillet et al.'s all-at-once set.

``python -m tests.long.benchmarks.oracle_peers`` prints a Markdown table; ``--help`` names the
flags.
The peers are in ``peer_models.py``; most need the extra ``benchmark``. A peer without its package
or licence is skipped, with a reason. Every solve runs in a process of its own, because HiGHS and
OR-Tools cannot be imported into the same one, and because processor time is then that of the method
alone.

A method is a function from a case and seconds to a :class:`Found`; add it to :data:`METHODS`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from amin_ref import Instance, Request, check
from tests.long.benchmarks.peer_models import (
    PEERS,
    WITH_PROVEN_WINDOWS,
    Found,
    Peer,
    Unavailable,
)
from tests.long.benchmarks.proven_windows import Case
from tests.support.project import PROJECT

SKIPPED = 4
"""Exit code of a solve that a peer is not there for, with the reason on standard error."""


def synthetic_instance(requests: int, seed: int) -> Instance:
    """M uniform in 30..50, s in 1..5, o in 1..M − s; all requests at once, blocks of one token."""
    rng = random.Random(1000 * requests + seed)
    capacity = rng.randint(30, 50)
    chosen: list[Request] = []
    for number in range(requests):
        prompt_len = rng.randint(1, 5)
        chosen.append(Request(number, prompt_len, rng.randint(1, capacity - prompt_len)))
    return Instance(capacity, tuple(chosen))


def searched(case: Case, time_limit: float) -> Found:
    """``oracle.search.branch_and_bound``: the exact search."""
    from oracle.search.branch_and_bound import search

    result = search(case.instance, time_limit=time_limit)
    return Found(result.schedule, result.lower_bound)


def optimal(case: Case, time_limit: float) -> Found:
    """``oracle.portfolio`` as users call it."""
    from oracle import optimum

    best = optimum(case.instance, time_limit)
    return Found(best.schedule, best.lower_bound)


def optimal_of_two(case: Case, time_limit: float) -> Found:
    """``oracle.portfolio`` with two processes, begun within the time, as ``--workers 2`` does."""
    from amin_ref.cli.workers import processes
    from oracle import optimum

    with processes(2) as executor:
        best = optimum(case.instance, time_limit, executor=executor)
    return Found(best.schedule, best.lower_bound)


def aggregated(case: Case, time_limit: float) -> Found:
    """``oracle.programme.branch_and_cut`` under HiGHS, from its own list schedule."""
    from oracle.programme.branch_and_cut import solve

    result = solve(case.instance, time_limit=time_limit)
    return Found(result.schedule, result.lower_bound)


def aggregated_cbc(case: Case, time_limit: float) -> Found:
    """``oracle.programme.branch_and_cut`` under CBC."""
    from oracle.programme.branch_and_cut import solve

    result = solve(case.instance, time_limit=time_limit, solver="cbc")
    return Found(result.schedule, result.lower_bound)


METHODS: Mapping[str, Peer] = MappingProxyType(
    {
        "optimum": optimal,
        "optimum-2": optimal_of_two,
        "search": searched,
        "ilp": aggregated,
        "ilp-cbc": aggregated_cbc,
        **PEERS,
    }
)
"""The methods to compare, by their names for ``--methods``."""


@dataclass(frozen=True)
class Measured:
    """One solve. ``cost`` is that of the schedule found, which is valid; ``None`` if none."""

    cost: int | None
    bound: float
    seconds: float
    processor_seconds: float

    @property
    def solved(self) -> bool:
        """Whether, within a solver's tolerance, no cost below that of the schedule is possible."""
        return self.cost is not None and self.bound > self.cost - 1 + 1e-3

    @property
    def gap(self) -> float:
        """(cost − bound) / bound; infinite without a schedule or without a bound."""
        if self.solved:
            return 0.0
        if self.cost is None or self.bound <= 0:
            return float("inf")
        return (self.cost - self.bound) / self.bound


def measure_here(method: str, requests: int, seed: int, time_limit: float) -> Measured:
    """Solve in this process; its modules are imported before the clock starts.

    Raises:
        Unavailable: the method's package or licence is missing, or too small.
    """
    try:
        METHODS[method](Case(synthetic_instance(1, 0)), time_limit)
    except ImportError as error:
        raise Unavailable(f"{error}; pip install 'amin-ref[benchmark]'") from None
    case = Case(synthetic_instance(requests, seed))
    if method in WITH_PROVEN_WINDOWS:
        assert len(case.last_starts) == requests
    began, used = time.perf_counter(), _processor_seconds()
    found = METHODS[method](case, time_limit)
    seconds, used = time.perf_counter() - began, _processor_seconds() - used
    if found.schedule is not None and check(found.schedule):
        raise SystemExit(f"{method}, n = {requests}, seed {seed}: the schedule is not valid")
    cost = None if found.schedule is None else found.schedule.total_latency
    return Measured(cost, found.bound, seconds, used)


def _processor_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def measure(method: str, requests: int, seed: int, time_limit: float) -> Measured:
    """Solve in a process of its own.

    Raises:
        Unavailable: as :func:`measure_here`.
    """
    arguments = ["--one", method, str(requests), str(seed), "--time-limit", str(time_limit)]
    answer = subprocess.run(
        [sys.executable, "-m", "tests.long.benchmarks.oracle_peers", *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode == SKIPPED:
        raise Unavailable(answer.stderr.strip())
    if answer.returncode != 0:
        raise SystemExit(answer.stderr)
    # A licence may print a line of its own first.
    cost, bound, seconds, processor_seconds = json.loads(answer.stdout.splitlines()[-1])
    return Measured(cost, bound, seconds, processor_seconds)


def table_row(requests: int, method: str, results: Sequence[Measured]) -> str:
    """One row of the table."""
    seconds = [result.seconds for result in results]
    used = [result.processor_seconds for result in results]
    cells = (
        str(requests),
        method,
        f"{sum(result.solved for result in results)} of {len(results)}",
        f"{statistics.median(seconds):.2f}",
        f"{max(seconds):.2f}",
        f"{statistics.median(used):.2f}",
        f"{max(used):.2f}",
        f"{100 * statistics.median(result.gap for result in results):.2f} %",
    )
    return f"| {' | '.join(cells)} |"


def contradictions(results: Iterable[tuple[str, Measured]]) -> list[str]:
    """Pairs of methods of which one claims a bound above what the other reached."""
    named = list(results)
    return [
        f"{one} claims at least {bounded.bound:.2f}, {other} reached {reached.cost}"
        for one, bounded in named
        for other, reached in named
        if reached.cost is not None and bounded.bound > reached.cost + 1e-3
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table, a row as soon as it is measured."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[6, 8, 10], help="numbers n")
    parser.add_argument("--seeds", type=int, default=10, help="instances of each size")
    parser.add_argument("--time-limit", type=float, default=60.0, help="seconds for each solve")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--one", nargs=3, metavar=("METHOD", "N", "SEED"), help=argparse.SUPPRESS)
    flags = parser.parse_args(arguments)
    if flags.one:
        method, requests, seed = flags.one
        try:
            one = measure_here(method, int(requests), int(seed), flags.time_limit)
        except Unavailable as reason:
            print(reason, file=sys.stderr)
            raise SystemExit(SKIPPED) from None
        print(json.dumps([one.cost, one.bound, one.seconds, one.processor_seconds]))
        return
    print(
        "| n | method | solved | median s | max s | median CPU s | max CPU s | median gap |\n"
        "|--:|:--|--:|--:|--:|--:|--:|--:|"
    )
    faults: list[str] = []
    for requests in flags.sizes:
        by_seed: dict[int, list[tuple[str, Measured]]] = {seed: [] for seed in range(flags.seeds)}
        for method in flags.methods:
            results: list[Measured] = []
            try:
                for seed, others in by_seed.items():
                    results.append(measure(method, requests, seed, flags.time_limit))
                    others.append((method, results[-1]))
            except Unavailable as reason:
                print(f"| {requests} | {method} | skipped: {reason} | | | | | |", flush=True)
                continue
            print(table_row(requests, method, results), flush=True)
        for seed, others in by_seed.items():
            faults += [f"n = {requests}, seed {seed}: {it}" for it in contradictions(others)]
    if faults:
        raise SystemExit("\n".join(faults))


if __name__ == "__main__":
    main()

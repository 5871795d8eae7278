"""The oracle and other solvers, on random instances like Jaillet et al.'s all-at-once set.

``python -m tests.long.benchmarks.oracle_peers`` prints a Markdown table; ``--help`` names the
flags.
Peers are the textbook integer programme (one binary per request and round; arXiv 2502.07115) under
HiGHS, and a cumulative model under OR-Tools CP-SAT, which needs the extra ``benchmark``. Every
solve runs in a process of its own, because HiGHS and OR-Tools cannot be imported into the same one,
and because processor time is then that of the method alone.

A method is a function from an instance and seconds to a :class:`Found`; add it to :data:`METHODS`.
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
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from amin_ref import Instance, Request, Run, Schedule, check
from tests.support.project import PROJECT


def synthetic_instance(requests: int, seed: int) -> Instance:
    """M uniform in 30..50, s in 1..5, o in 1..M − s; all requests at once, blocks of one token."""
    rng = random.Random(1000 * requests + seed)
    capacity = rng.randint(30, 50)
    chosen: list[Request] = []
    for number in range(requests):
        prompt_len = rng.randint(1, 5)
        chosen.append(Request(number, prompt_len, rng.randint(1, capacity - prompt_len)))
    return Instance(capacity, tuple(chosen))


@dataclass(frozen=True)
class Found:
    """What a method found: a schedule, or none, and a lower bound on every schedule's cost."""

    schedule: Schedule | None
    bound: float


Method = Callable[[Instance, float], Found]


def searched(instance: Instance, time_limit: float) -> Found:
    """``oracle.search.branch_and_bound``: the exact search."""
    from oracle.search.branch_and_bound import search

    result = search(instance, time_limit=time_limit)
    return Found(result.schedule, result.lower_bound)


def optimal(instance: Instance, time_limit: float) -> Found:
    """``oracle.portfolio`` as users call it."""
    from oracle import optimum

    best = optimum(instance, time_limit)
    return Found(best.schedule, best.lower_bound)


def optimal_of_two(instance: Instance, time_limit: float) -> Found:
    """``oracle.portfolio`` with two processes, begun within the time, as ``--workers 2`` does."""
    from amin_ref.cli.workers import processes
    from oracle import optimum

    with processes(2) as executor:
        best = optimum(instance, time_limit, executor=executor)
    return Found(best.schedule, best.lower_bound)


def aggregated(instance: Instance, time_limit: float) -> Found:
    """``oracle.programme.branch_and_cut`` under HiGHS, from its own list schedule."""
    from oracle.programme.branch_and_cut import solve

    result = solve(instance, time_limit=time_limit)
    return Found(result.schedule, result.lower_bound)


def aggregated_cbc(instance: Instance, time_limit: float) -> Found:
    """``oracle.programme.branch_and_cut`` under CBC."""
    from oracle.programme.branch_and_cut import solve

    result = solve(instance, time_limit=time_limit, solver="cbc")
    return Found(result.schedule, result.lower_bound)


def textbook(instance: Instance, time_limit: float) -> Found:
    """One binary per request and round up to Σ o, one row per round, HiGHS by default."""
    import highspy

    work = sum(request.output_len for request in instance.requests)
    model = highspy.Highs()  # type: ignore[no-untyped-call]  # highspy's own omission
    model.setOptionValue("output_flag", False)
    model.setOptionValue("time_limit", time_limit)
    model.setOptionValue("mip_rel_gap", 0.0)
    columns: dict[tuple[int, int], int] = {}
    rounds: dict[int, list[tuple[int, int]]] = {}
    for position, request in enumerate(instance.requests):
        for start in range(work - request.output_len + 1):
            column = columns[position, start] = len(columns)
            model.addCol(float(start + request.output_len), 0.0, 1.0, 0, [], [])
            model.changeColIntegrality(column, highspy.HighsVarType.kInteger)
            for age in range(request.output_len):
                held = request.prompt_len + age + 1
                rounds.setdefault(start + age, []).append((column, held))
    for position, request in enumerate(instance.requests):
        own = [columns[position, start] for start in range(work - request.output_len + 1)]
        model.addRow(1.0, 1.0, len(own), own, [1.0] * len(own))
    for entries in rounds.values():
        model.addRow(
            -highspy.kHighsInf,
            float(instance.capacity),
            len(entries),
            [column for column, _ in entries],
            [float(held) for _, held in entries],
        )
    model.run()
    info = model.getInfo()
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return Found(None, info.mip_dual_bound)
    values = list(model.getSolution().col_value)
    starts = {position: start for (position, start), at in columns.items() if values[at] > 0.5}
    return Found(_schedule(instance, starts), info.mip_dual_bound)


def cp_sat(instance: Instance, time_limit: float) -> Found:
    """One cumulative resource, one interval of length 1 per request and token, two workers.

    Of the three models tried (this; one interval for the prompt and one for each token, from it to
    the end; booleans by start round) CP-SAT is fastest on this one.
    """
    from ortools.sat.python import (  # type: ignore[import-not-found, unused-ignore]  # an extra
        cp_model,
    )

    work = sum(request.output_len for request in instance.requests)
    model = cp_model.CpModel()
    starts = [model.new_int_var(0, work - request.output_len, "") for request in instance.requests]
    intervals: list[cp_model.IntervalVar] = []
    demands: list[int] = []
    for request, start in zip(instance.requests, starts, strict=True):
        for age in range(request.output_len):
            intervals.append(model.new_fixed_size_interval_var(start + age, 1, ""))
            demands.append(request.prompt_len + age + 1)
    model.add_cumulative(intervals, demands, instance.capacity)
    model.minimize(sum(starts))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = time_limit
    solver.parameters.num_workers = 2
    status = solver.solve(model)
    bound = solver.best_objective_bound + work
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Found(None, bound)
    found = {position: solver.value(start) for position, start in enumerate(starts)}
    return Found(_schedule(instance, found), bound)


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "optimum": optimal,
        "optimum-2": optimal_of_two,
        "search": searched,
        "ilp": aggregated,
        "ilp-cbc": aggregated_cbc,
        "textbook": textbook,
        "cp-sat": cp_sat,
    }
)
"""The methods to compare, by their names for ``--methods``."""


def _schedule(instance: Instance, starts: Mapping[int, int]) -> Schedule:
    return Schedule(
        instance,
        tuple(
            Run(request.id, starts[position], starts[position] + request.output_len, "completed")
            for position, request in enumerate(instance.requests)
        ),
    )


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
    """Solve in this process; its modules are imported before the clock starts."""
    METHODS[method](synthetic_instance(1, 0), time_limit)
    instance = synthetic_instance(requests, seed)
    began, used = time.perf_counter(), _processor_seconds()
    found = METHODS[method](instance, time_limit)
    seconds, used = time.perf_counter() - began, _processor_seconds() - used
    if found.schedule is not None and check(found.schedule):
        raise SystemExit(f"{method}, n = {requests}, seed {seed}: the schedule is not valid")
    cost = None if found.schedule is None else found.schedule.total_latency
    return Measured(cost, found.bound, seconds, used)


def _processor_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def measure(method: str, requests: int, seed: int, time_limit: float) -> Measured:
    """Solve in a process of its own."""
    arguments = ["--one", method, str(requests), str(seed), "--time-limit", str(time_limit)]
    answer = subprocess.run(
        [sys.executable, "-m", "tests.long.benchmarks.oracle_peers", *arguments],
        cwd=PROJECT,
        check=True,
        capture_output=True,
        text=True,
    )
    cost, bound, seconds, processor_seconds = json.loads(answer.stdout)
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
        one = measure_here(method, int(requests), int(seed), flags.time_limit)
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
            for seed, others in by_seed.items():
                results.append(measure(method, requests, seed, flags.time_limit))
                others.append((method, results[-1]))
            print(table_row(requests, method, results), flush=True)
        for seed, others in by_seed.items():
            faults += [f"n = {requests}, seed {seed}: {it}" for it in contradictions(others)]
    if faults:
        raise SystemExit("\n".join(faults))


if __name__ == "__main__":
    main()

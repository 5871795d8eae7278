"""Our oracle beside the textbook integer programme and OR-Tools CP-SAT, in one run.

``python -m tests.benchmarks.oracle_peers --help`` has the flags; ``proofs_notes/oracle.md`` has
the tables. CP-SAT needs the extra ``peers`` and runs in a process of its own, since OR-Tools and
highspy cannot be imported into one.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import click
import pulp  # type: ignore[import-untyped]  # PuLP brings no types

from amin_ref import Instance, Request
from oracle import optimum


@dataclass(frozen=True)
class Answer:
    """What a method says of one instance; ``cost`` is ``None`` when it found no schedule."""

    cost: int | None
    bound: float
    seconds: float

    @property
    def proven(self) -> bool:
        return self.cost is not None and self.bound > self.cost - 1 + 1e-6

    @property
    def gap(self) -> float:
        if self.cost is None:
            return float("inf")
        return 0.0 if self.proven else (self.cost - self.bound) / self.bound


def synthetic(requests: int, seed: int) -> Instance:
    """Drawn like the all-at-once synthetic set of Jaillet et al. (arXiv 2502.07115)."""
    rng = random.Random(f"{requests}/{seed}")
    capacity = rng.randint(30, 50)
    chosen = []
    for index in range(requests):
        prompt_len = rng.randint(1, 5)
        chosen.append(Request(index, prompt_len, rng.randint(1, capacity - prompt_len)))
    return Instance(capacity, tuple(chosen))


def ours_by_search(instance: Instance, time_limit: float) -> Answer:
    best = optimum(instance, time_limit, "search")
    return Answer(best.total_latency, best.lower_bound, 0)


def ours_by_programme(instance: Instance, time_limit: float) -> Answer:
    best = optimum(instance, time_limit, "ilp")
    return Answer(best.total_latency, best.lower_bound, 0)


def ours(instance: Instance, time_limit: float) -> Answer:
    best = optimum(instance, time_limit)
    return Answer(best.total_latency, best.lower_bound, 0)


def textbook(instance: Instance, time_limit: float) -> Answer:
    """One binary per request and start round, a row per request and one per round; HiGHS."""
    horizon = sum(request.output_len for request in instance.requests)
    problem = pulp.LpProblem("textbook", pulp.LpMinimize)
    starts = [
        [
            problem.add_variable(f"x_{request.id}_{start}", cat=pulp.LpBinary)
            for start in range(horizon - request.output_len + 1)
        ]
        for request in instance.requests
    ]
    load: list[list[pulp.LpAffineExpression]] = [[] for _ in range(horizon)]
    cost = []
    for request, variables in zip(instance.requests, starts, strict=True):
        problem += pulp.lpSum(variables) == 1
        for start, variable in enumerate(variables):
            cost.append((start + request.output_len) * variable)
            for age in range(request.output_len):
                load[start + age].append((request.prompt_len + age + 1) * variable)
    problem += pulp.lpSum(cost)
    for terms in load:
        problem += pulp.lpSum(terms) <= instance.capacity
    solver = pulp.HiGHS(msg=False, timeLimit=time_limit, threads=2)
    problem.solve(solver)
    info = problem.solverModel.getInfo()
    chosen = [[variable.value() for variable in variables] for variables in starts]
    found = all(
        value is not None and abs(value - round(value)) < 1e-5 for row in chosen for value in row
    ) and all(round(sum(row)) == 1 for row in chosen)
    total = None
    if found:
        total = sum(
            [round(value) for value in row].index(1) + request.output_len
            for row, request in zip(chosen, instance.requests, strict=True)
        )
    return Answer(total, float(info.mip_dual_bound), 0)


def cp_sat(instance: Instance, time_limit: float) -> Answer:
    asked = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.cp_sat_peer", str(time_limit)],
        input=instance.to_json(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = json.loads(asked.stdout)
    return Answer(found["cost"], found["bound"], found["seconds"])


METHODS: dict[str, Callable[[Instance, float], Answer]] = {
    "search": ours_by_search,
    "ilp": ours_by_programme,
    "auto": ours,
    "textbook": textbook,
    "cp-sat": cp_sat,
}


def timed(method: str, instance: Instance, time_limit: float) -> Answer:
    begun = time.perf_counter()
    answer = METHODS[method](instance, time_limit)
    # A process of its own tells its solving time itself, without the time to start and import.
    seconds = answer.seconds or time.perf_counter() - begun
    return Answer(answer.cost, answer.bound, seconds)


def table_row(method: str, requests: int, answers: list[Answer]) -> str:
    seconds = [answer.seconds for answer in answers]
    gaps = [answer.gap for answer in answers]
    return (
        f"| {requests} | {method} | {statistics.median(seconds):.2f} | {max(seconds):.2f} "
        f"| {sum(answer.proven for answer in answers)}/{len(answers)} "
        f"| {statistics.median(gaps):.2%} | {max(gaps):.2%} |"
    )


@click.command()
@click.option("--sizes", default="10,12", show_default=True, help="Numbers of requests.")
@click.option("--seeds", default=10, show_default=True, help="Instances of each size.")
@click.option("--methods", default=",".join(METHODS), show_default=True, help="Who is asked.")
@click.option("--time-limit", default=60.0, show_default=True, help="Seconds for each instance.")
def main(sizes: str, seeds: int, methods: str, time_limit: float) -> None:
    """Print a table: seconds, how many optima were proven, and the gaps that were left."""
    click.echo("| n | method | median s | max s | proven | median gap | max gap |")
    click.echo("|---:|---|---:|---:|---:|---:|---:|")
    for requests in map(int, sizes.split(",")):
        instances = [synthetic(requests, seed) for seed in range(seeds)]
        proven: dict[int, int] = {}
        for method in methods.split(","):
            answers = [timed(method, instance, time_limit) for instance in instances]
            for index, answer in enumerate(answers):
                if answer.proven and answer.cost is not None:
                    known = proven.setdefault(index, answer.cost)
                    if known != answer.cost:
                        raise click.ClickException(
                            f"n = {requests}, seed {index}: {method} proves {answer.cost}, another "
                            f"method {known}"
                        )
            click.echo(table_row(method, requests, answers))


if __name__ == "__main__":
    main()

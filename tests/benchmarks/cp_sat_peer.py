"""OR-Tools CP-SAT on an instance from standard input; see :mod:`tests.benchmarks.oracle_peers`.

A request that grows is one interval over its whole run, of demand s + 1, and one more interval of
demand 1 from each later round on until its end: a plain cumulative resource. Blocks of one token.
"""

from __future__ import annotations

import json
import sys
import time

from ortools.sat.python import cp_model

from amin_ref import Instance


def main() -> None:
    instance = Instance.from_json(sys.stdin.read())
    begun = time.perf_counter()
    model = cp_model.CpModel()
    horizon = sum(request.output_len for request in instance.requests)
    intervals = []
    demands = []
    ends = []
    for request in instance.requests:
        start = model.new_int_var(0, horizon - request.output_len, f"start {request.id}")
        for age in range(request.output_len):
            intervals.append(
                model.new_fixed_size_interval_var(
                    start + age, request.output_len - age, f"{request.id} from {age}"
                )
            )
            demands.append(1 if age else request.prompt_len + 1)
        ends.append(start + request.output_len)
    model.add_cumulative(intervals, demands, instance.capacity)
    model.minimize(sum(ends))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = float(sys.argv[1])
    solver.parameters.num_workers = 2
    status = solver.solve(model)
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    print(
        json.dumps(
            {
                "cost": round(solver.objective_value) if found else None,
                "bound": solver.best_objective_bound,
                "seconds": time.perf_counter() - begun,
            }
        )
    )


if __name__ == "__main__":
    main()

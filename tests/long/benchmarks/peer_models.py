"""Models of the problem for other solvers, one thread each.

``PEERS`` has a function for each, which takes a case and seconds. Their packages come with the
extra ``benchmark``. HiGHS solves the textbook integer programme (arXiv 2502.07115): a binary for
each request and round up to Σ o. Gurobi, Xpress and SCIP get the same programme with no round after
the last start that a certificate proves, which is a third of the binaries: the licences that come
with ``pip`` allow 2,000 and 5,000 rows and columns. CP-SAT has a cumulative resource, and DIDP a
dynamic programme.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from amin_ref import Instance, Run, Schedule
from tests.long.benchmarks.proven_windows import Case


@dataclass(frozen=True)
class Found:
    """What a method found: a schedule, or none, and a lower bound on every schedule's cost."""

    schedule: Schedule | None
    bound: float


class Unavailable(Exception):
    """A peer that cannot be asked here: its package or its licence is missing, or too small."""


Peer = Callable[[Case, float], Found]


def schedule_of(instance: Instance, starts: Mapping[int, int]) -> Schedule:
    """The schedule in which the request in each position starts in the round given."""
    return Schedule(
        instance,
        tuple(
            Run(request.id, starts[position], starts[position] + request.output_len, "completed")
            for position, request in enumerate(instance.requests)
        ),
    )


@dataclass(frozen=True)
class Binary:
    """The request in ``position`` starts in round ``start``, at this cost."""

    position: int
    start: int
    cost: int


@dataclass(frozen=True)
class Programme:
    """The textbook integer programme.

    Attributes:
        binaries: one for each request and round in which it may start.
        starts: for each request, the places of its binaries, of which one is 1.
        rounds: for each round, the places of binaries and the tokens that each holds then.
        capacity: most tokens in a round.
    """

    binaries: tuple[Binary, ...]
    starts: tuple[tuple[int, ...], ...]
    rounds: tuple[tuple[tuple[int, int], ...], ...]
    capacity: int

    def found(self, instance: Instance, values: Sequence[float] | None, bound: float) -> Found:
        """The schedule that a solution's values say, ``None`` for no solution."""
        if values is None:
            return Found(None, bound)
        chosen = [
            binary for binary, value in zip(self.binaries, values, strict=True) if value > 0.5
        ]
        return Found(schedule_of(instance, {one.position: one.start for one in chosen}), bound)


def programme(instance: Instance, last_starts: Sequence[int]) -> Programme:
    """The programme in which each request starts in one of the rounds up to its last start."""
    binaries: list[Binary] = []
    own: list[list[int]] = [[] for _ in instance.requests]
    rounds: dict[int, list[tuple[int, int]]] = {}
    for position, request in enumerate(instance.requests):
        for start in range(last_starts[position] + 1):
            place = len(binaries)
            own[position].append(place)
            binaries.append(Binary(position, start, start + request.output_len))
            for age in range(request.output_len):
                held = request.prompt_len + age + 1
                rounds.setdefault(start + age, []).append((place, held))
    return Programme(
        tuple(binaries),
        tuple(map(tuple, own)),
        tuple(tuple(rounds[number]) for number in sorted(rounds)),
        instance.capacity,
    )


def textbook(case: Case, time_limit: float) -> Found:
    """HiGHS on the programme with all rounds up to Σ o."""
    import highspy

    instance = case.instance
    model = programme(instance, [case.work - one.output_len for one in instance.requests])
    solver = highspy.Highs()  # type: ignore[no-untyped-call]  # highspy's own omission
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("time_limit", time_limit)
    solver.setOptionValue("mip_rel_gap", 0.0)
    for place, binary in enumerate(model.binaries):
        solver.addCol(float(binary.cost), 0.0, 1.0, 0, [], [])
        solver.changeColIntegrality(place, highspy.HighsVarType.kInteger)
    for own in model.starts:
        solver.addRow(1.0, 1.0, len(own), list(own), [1.0] * len(own))
    for entries in model.rounds:
        solver.addRow(
            -highspy.kHighsInf,
            float(model.capacity),
            len(entries),
            [place for place, _ in entries],
            [float(held) for _, held in entries],
        )
    solver.run()
    info = solver.getInfo()
    solved = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    values = list(solver.getSolution().col_value) if solved else None
    return model.found(instance, values, info.mip_dual_bound)


def gurobi(case: Case, time_limit: float) -> Found:
    """Gurobi, with the licence for 2,000 rows and 2,000 columns that its package brings."""
    import gurobipy

    model = programme(case.instance, case.last_starts)
    try:
        with gurobipy.Env(params={"OutputFlag": 0}) as environment:
            solver = gurobipy.Model(env=environment)
            solver.Params.Threads = 1
            solver.Params.TimeLimit = time_limit
            solver.Params.MIPGap = 0.0
            cost = [binary.cost for binary in model.binaries]
            used = solver.addVars(len(cost), vtype="B", obj=cost)
            for own in model.starts:
                solver.addConstr(gurobipy.quicksum(used[place] for place in own) == 1)
            for entries in model.rounds:
                held = gurobipy.quicksum(held * used[place] for place, held in entries)
                solver.addConstr(held <= model.capacity)
            solver.optimize()
            values = [used[place].X for place in range(len(cost))] if solver.SolCount else None
            return model.found(case.instance, values, solver.ObjBound)
    except gurobipy.GurobiError as error:
        raise Unavailable(f"Gurobi: {error}") from None


def xpress(case: Case, time_limit: float) -> Found:
    """Xpress, with the licence for 5,000 rows and columns that its package brings."""
    import xpress

    model = programme(case.instance, case.last_starts)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the licence
            solver = xpress.problem()
        solver.controls.outputlog = 0
        solver.controls.threads = 1
        solver.controls.timelimit = time_limit
        solver.controls.miprelstop = 0.0
        used = [solver.addVariable(vartype=xpress.binary) for _ in model.binaries]
        costs = (binary.cost * one for binary, one in zip(model.binaries, used, strict=True))
        solver.setObjective(xpress.Sum(costs))
        for own in model.starts:
            solver.addConstraint(xpress.Sum(used[place] for place in own) == 1)
        for entries in model.rounds:
            held = xpress.Sum(held * used[place] for place, held in entries)
            solver.addConstraint(held <= model.capacity)
        solver.optimize()
        values = list(solver.getSolution()) if solver.attributes.mipsols else None
        return model.found(case.instance, values, solver.attributes.bestbound)
    except xpress.SolverError as error:
        raise Unavailable(f"Xpress: {error}") from None


def scip(case: Case, time_limit: float) -> Found:
    """SCIP."""
    import pyscipopt

    model = programme(case.instance, case.last_starts)
    solver = pyscipopt.Model()
    solver.hideOutput()
    solver.setParam("lp/threads", 1)
    solver.setParam("limits/time", time_limit)
    used = [solver.addVar(vtype="B", obj=binary.cost) for binary in model.binaries]
    for own in model.starts:
        solver.addCons(pyscipopt.quicksum(used[place] for place in own) == 1)
    for entries in model.rounds:
        held = pyscipopt.quicksum(held * used[place] for place, held in entries)
        solver.addCons(held <= model.capacity)
    solver.optimize()
    values = [solver.getVal(one) for one in used] if solver.getNSols() else None
    return model.found(case.instance, values, solver.getDualbound())


def cp_sat(case: Case, time_limit: float) -> Found:
    """One cumulative resource, one interval of length 1 per request and token, one worker.

    Of the three models tried (this; one interval for the prompt and one for each token, from it to
    the end; booleans by start round) CP-SAT is fastest on this one.
    """
    from ortools.sat.python import cp_model

    instance, work = case.instance, case.work
    model = cp_model.CpModel()
    starts = [model.new_int_var(0, work - request.output_len, "") for request in instance.requests]
    intervals, demands = [], []
    for request, start in zip(instance.requests, starts, strict=True):
        for age in range(request.output_len):
            intervals.append(model.new_fixed_size_interval_var(start + age, 1, ""))
            demands.append(request.prompt_len + age + 1)
    model.add_cumulative(intervals, demands, instance.capacity)
    model.minimize(sum(starts))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = time_limit
    solver.parameters.num_workers = 1
    status = solver.solve(model)
    bound = solver.best_objective_bound + work
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Found(None, bound)
    found = {position: solver.value(start) for position, start in enumerate(starts)}
    return Found(schedule_of(instance, found), bound)


def didp(case: Case, time_limit: float) -> Found:
    """DIDP: complete anytime beam search over rounds.

    A state has the age of each request: 0 while it waits, k in the round of its k-th token, o + 1
    when it is complete. A transition starts a request in the present round, in the order of
    positions, or ends the round, which costs 1 for each request that is not complete.
    """
    import didppy

    requests = case.instance.requests
    model = didppy.Model(maximize=False)
    ages = [model.add_int_var(target=0) for _ in requests]
    least = model.add_int_var(target=0)  # the first position that may still start in this round
    complete = [request.output_len + 1 for request in requests]
    runs = [(age >= 1) & (age < end) for age, end in zip(ages, complete, strict=True)]
    left = [end - age for age, end in zip(ages, complete, strict=True)]  # rounds, of one that runs
    for own, rounds in zip(runs, left, strict=True):
        # The requests that still run in the last round of another fit then, if no other starts.
        held = sum(
            (other & (more >= rounds)).if_then_else(request.prompt_len + age + rounds - 1, 0)
            for other, more, request, age in zip(runs, left, requests, ages, strict=True)
        )
        model.add_state_constr(own.if_then_else(held, 0) <= case.instance.capacity)
    for position, age in enumerate(ages):
        start = didppy.Transition(
            name=f"{position}",
            cost=didppy.IntExpr.state_cost(),
            preconditions=[age < 1, least <= position],
            effects=[(age, 1), (least, position + 1)],
        )
        model.add_transition(start)
    unfinished = sum(
        (age < end).if_then_else(1, 0) for age, end in zip(ages, complete, strict=True)
    )
    running = sum(own.if_then_else(1, 0) for own in runs)
    grown = [(age, own.if_then_else(age + 1, age)) for age, own in zip(ages, runs, strict=True)]
    ends_round = didppy.Transition(
        name="round",
        cost=unfinished + didppy.IntExpr.state_cost(),
        preconditions=[running >= 1],  # an optimal schedule has no idle round
        effects=[*grown, (least, 0)],
    )
    model.add_transition(ends_round)
    model.add_base_case([age >= end for age, end in zip(ages, complete, strict=True)])
    model.add_dual_bound(
        sum(
            (age < 1).if_then_else(request.output_len, rounds)
            for age, request, rounds in zip(ages, requests, left, strict=True)
        )
    )
    solution = didppy.CABS(model, threads=1, time_limit=time_limit, quiet=True).search()
    if not solution.transitions:
        return Found(None, solution.best_bound or 0)
    round_, starts = 0, {}
    for transition in solution.transitions:
        if transition.name == "round":
            round_ += 1
        else:
            starts[int(transition.name)] = round_
    bound = solution.cost if solution.is_optimal else solution.best_bound
    return Found(schedule_of(case.instance, starts), bound)


PEERS: Mapping[str, Peer] = MappingProxyType(
    {
        "textbook": textbook,
        "gurobi": gurobi,
        "xpress": xpress,
        "scip": scip,
        "cp-sat": cp_sat,
        "didp": didp,
    }
)
"""The peers, by their names for ``--methods``."""

WITH_PROVEN_WINDOWS = ("gurobi", "xpress", "scip")
"""Those that ask for a case's last starts, which are found before the clock starts."""

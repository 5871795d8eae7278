"""Integer programmes, and the two solvers that are called through PuLP: HiGHS and CBC.

PuLP carries no types; everything loosely typed ends in this module. What a solver states comes out
as an :class:`Answer`, which the caller has to check. A solver's status is not passed on, because it
cannot be relied on: at its time limit CBC's answer was once read as "Optimal" at a cost of 389
where 337 was possible.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import highspy
import numpy as np
import pulp  # type: ignore[import-untyped]  # PuLP ships no types; this module is the boundary
from numpy.typing import NDArray

from oracle.deadline import Deadline

POLL_SECONDS = 0.02
"""Seconds between two looks at a running solver, for Ctrl-C, the deadline and progress.

Short enough that stopping feels immediate, and long enough to cost no processor time.
"""

GRACE_SECONDS = 1.0
"""Seconds that a solver may run past the deadline before it is told to stop, and the same again
before the call returns without its answer. A longer grace overruns the time limit by as much."""

LARGEST_GAP = 0.99
"""Gap in request·rounds at which a solver may end: costs are whole, so less than 1 is optimal."""

CBC_INFINITY = 1e40
"""A bound that CBC states counts as none from this size on: CBC writes ±1e50 for infinity."""


@dataclass(frozen=True)
class Constraint:
    """Σ coefficient · column is at most the limit, or equal to it."""

    columns: Sequence[int]
    coefficients: Sequence[int]
    sense: Literal["at most", "equal"]
    limit: int


@dataclass(frozen=True)
class Programme:
    """Minimise Σ cost · x over whole x with 0 ≤ x ≤ upper under the constraints.

    Attributes:
        costs: by column.
        upper: by column.
        constraints: every column stands in one of them.
    """

    costs: Sequence[int]
    upper: Sequence[int]
    constraints: Sequence[Constraint]


@dataclass(frozen=True)
class Answer:
    """What a solver states, unchecked.

    Attributes:
        values: its best solution, column by column, or ``None``.
        objective: the cost that it states for this solution.
        dual_bound: its lower bound on the cost of every solution.
    """

    values: tuple[float, ...] | None
    objective: float | None
    dual_bound: float | None


@dataclass(frozen=True)
class Supervision:
    """When a running solver is stopped, and where its progress is reported.

    Attributes:
        deadline: the solver is stopped when this has passed.
        report: called with the solver's dual bound whenever that has changed.
    """

    deadline: Deadline
    report: Callable[[float], None]


def solve_with_highs(
    programme: Programme, start: Sequence[int], supervision: Supervision
) -> Answer:
    """Solve for whole numbers with HiGHS, from a solution that it may begin with.

    HiGHS's restarts, heuristics and long look-aheads at branching are off: with a good first
    solution nearly all the work is to raise the bound, and they cost more than they gain.
    """
    problem, _ = _problem(programme)
    solver = _SupervisedHighs(
        supervision,
        start,
        msg=False,
        timeLimit=supervision.deadline.remaining,
        gapRel=0.0,
        gapAbs=LARGEST_GAP,
        mip_heuristic_effort=0.0,
        mip_allow_restart=False,
        mip_pscost_minreliable=1,
    )
    problem.solve(solver)
    if not solver.ended:
        return Answer(None, None, None)
    model: highspy.Highs = problem.solverModel
    info = model.getInfo()
    feasible = (
        info.valid and info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    )
    return Answer(
        values=tuple(model.getSolution().col_value) if feasible else None,
        objective=float(info.objective_function_value) if feasible else None,
        dual_bound=info.mip_dual_bound
        if info.valid and math.isfinite(info.mip_dual_bound)
        else None,
    )


class Relaxation:
    """A programme without the demand for whole numbers, solved again as constraints are added."""

    def __init__(self, programme: Programme, supervision: Supervision) -> None:
        self._supervision = supervision
        problem, _ = _problem(programme)
        # PuLP configures and fills the model; from then on HiGHS is called directly, as PuLP would
        # build the whole model anew for each constraint.
        solver = pulp.HiGHS(mip=False, msg=False, threads=1)
        problem.fixObjective()
        solver.createAndConfigureSolver(problem)
        solver.buildSolverModel(problem)
        self._model: highspy.Highs = problem.solverModel

    def solve(self) -> bool:
        """Solve; whether there is a solution. After ``False`` the object must not be used."""
        # HiGHS counts its time over all runs of a model.
        limit = self._model.getRunTime() + self._supervision.deadline.remaining
        self._model.setOptionValue("time_limit", limit)
        if not _run(self._model, self._supervision):
            return False
        solution = self._model.getSolution()
        return bool(solution.value_valid and solution.dual_valid)

    @property
    def values(self) -> NDArray[np.float64]:
        """The solution, by column."""
        return np.array(self._model.getSolution().col_value)

    @property
    def reduced_costs(self) -> NDArray[np.float64]:
        """What each column would add to the objective if it were used, by column."""
        return np.array(self._model.getSolution().col_dual)

    @property
    def prices(self) -> NDArray[np.float64]:
        """What one unit less of each constraint's limit would cost, by constraint."""
        return -np.array(self._model.getSolution().row_dual)

    def add(self, constraint: Constraint) -> None:
        """Add a constraint."""
        is_equal = constraint.sense == "equal"
        self._model.addRow(
            float(constraint.limit) if is_equal else -highspy.kHighsInf,
            float(constraint.limit),
            len(constraint.columns),
            np.array(constraint.columns, dtype=np.int32),
            np.array(constraint.coefficients, dtype=np.float64),
        )

    def forbid(self, columns: Sequence[int]) -> None:
        """Hold these columns at 0 from now on."""
        for column in columns:
            self._model.changeColBounds(column, 0.0, 0.0)


def solve_with_cbc(programme: Programme, start: Sequence[int], supervision: Supervision) -> Answer:
    """Solve for whole numbers with CBC, from a solution that it may begin with.

    PuLP writes the files and reads the solution back. CBC runs as a process of this module, so that
    it can be stopped, and its bound is read from its log, as PuLP does not pass it on.
    """
    problem, variables = _problem(programme)
    solver = pulp.COIN_CMD(path=_cbc_path(), msg=False)
    for variable, value in zip(variables, start, strict=True):
        variable.varValue = value
    with _guarded_folder() as (folder, guard):
        model, begin, log, solution = (
            Path(folder, name) for name in ("model.mps", "begin.mst", "log.txt", "solution.txt")
        )
        order, names, row_names, _ = problem.writeMPS(str(model), rename=1)
        solver.writesol(str(begin), problem, order, names, row_names)
        command = [solver.path, str(model), "-mips", str(begin), "-timeMode", "elapsed"]
        command += ["-sec", f"{supervision.deadline.remaining:.3f}"]
        command += ["-ratio", "0", "-allow", str(LARGEST_GAP)]
        # Preprocessing can solve a programme outright, and then no bound is stated in the log.
        command += ["-preprocess", "off", "-solve", "-solution", str(solution)]
        with log.open("w") as sink:
            _run_process(command, sink.fileno(), supervision.deadline, guard)
        text = log.read_text(errors="replace")
        if not solution.exists():
            return Answer(None, None, _cbc_bound(text))
        read = solver.readsol_MPS(str(solution), problem, order, names, row_names)[1]
    # A solution file without a solution reads as all zeros, which the caller's check refuses.
    values = tuple(float(read[variable.name]) for variable in variables)
    objective = sum(cost * value for cost, value in zip(programme.costs, values, strict=True))
    return Answer(values, objective, _cbc_bound(text))


def _problem(programme: Programme) -> tuple[pulp.LpProblem, list[pulp.LpVariable]]:
    problem = pulp.LpProblem("starts", pulp.LpMinimize)
    # PuLP sorts its variables by name; fixed width keeps them in the order of the columns.
    variables = [
        problem.add_variable(f"x{column:09d}", 0, upper, pulp.LpInteger)
        for column, upper in enumerate(programme.upper)
    ]
    problem.setObjective(pulp.LpAffineExpression(zip(variables, programme.costs, strict=True)))
    for constraint in programme.constraints:
        terms = pulp.LpAffineExpression(
            (variables[column], coefficient)
            for column, coefficient in zip(constraint.columns, constraint.coefficients, strict=True)
        )
        sense = pulp.LpConstraintEQ if constraint.sense == "equal" else pulp.LpConstraintLE
        problem.addConstraint(pulp.LpConstraint(terms, sense, rhs=constraint.limit))
    return problem, variables


class _SupervisedHighs(pulp.HiGHS):  # type: ignore[misc]  # PuLP's classes are untyped
    """PuLP's HiGHS, begun from a given solution and supervised while it runs.

    Attributes:
        ended: whether the solver has come to an end, so that its model may be read.
    """

    def __init__(self, supervision: Supervision, start: Sequence[int], **options: object) -> None:
        super().__init__(**options)
        self._supervision = supervision
        self._start = start
        self.ended = False

    def callSolver(self, lp: pulp.LpProblem) -> None:  # noqa: N802 - PuLP's name for this step
        model: highspy.Highs = lp.solverModel
        begin = highspy.HighsSolution()
        begin.col_value = [float(value) for value in self._start]
        model.setSolution(begin)
        self.ended = _run(model, self._supervision)

    def findSolutionValues(self, lp: pulp.LpProblem) -> tuple[int, int]:  # noqa: ARG002, N802 - PuLP's
        """No status: PuLP's table lacks some states that HiGHS has, and no state is relied on."""
        return pulp.LpStatusNotSolved, pulp.LpSolutionNoSolutionFound


def _run(model: highspy.Highs, supervision: Supervision) -> bool:
    """Run HiGHS in a thread of its own, so that Ctrl-C reaches Python while it works.

    Some steps of HiGHS, presolving among them, look at no clock and cannot be stopped. If such a
    step lasts past the deadline the answer is ``False``: HiGHS stops after that step, and its model
    must not be touched any more.
    """
    latest = [-math.inf]

    def listen(event: highspy.highs.HighsCallbackEvent) -> None:
        latest[0] = float(event.data_out.mip_dual_bound)

    model.HandleUserInterrupt = True
    model.cbMipLogging += listen
    # Not Thread.join: after a Ctrl-C in it Python 3.11 takes the thread for ended.
    over = threading.Event()

    def work() -> None:
        try:
            model.run()
        finally:
            over.set()

    # Not a daemon: the interpreter must not be torn down beneath a solver that calls back.
    threading.Thread(target=work).start()
    reported = -math.inf
    try:
        limit = supervision.deadline.extended(GRACE_SECONDS)
        while not over.is_set() and not limit.passed:
            over.wait(POLL_SECONDS)
            if reported < latest[0] < math.inf:
                reported = latest[0]
                supervision.report(reported)
        if not over.is_set():
            model.cancelSolve()  # type: ignore[no-untyped-call]  # highspy's own omission
            over.wait(GRACE_SECONDS)
    except BaseException:
        # After every exception, Ctrl-C included: HiGHS must not go on in a model that is given up.
        model.cancelSolve()  # type: ignore[no-untyped-call]  # highspy's own omission
        over.wait()
        raise
    finally:
        # A model that still runs must not be touched. From one that has ended the callback must be
        # removed, or the interpreter crashes at its end.
        ended = over.is_set()
        if ended:
            model.cbMipLogging -= listen
            model.HandleUserInterrupt = False
    return ended


_GUARD = """
while read -r word; do
  case "$word" in done) exit;; *) solver=$word;; esac
done
[ -z "$solver" ] || kill -9 "$solver"
rm -rf -- "$1"
"""
"""A shell script that waits for the end of the process that writes to it.

Unless that says ``done`` before, it was killed: its solver, whose number it has written, is ended,
and its folder removed.
"""


class _Guard:
    """What cleans up after this process if it is killed; nothing where there is no POSIX shell."""

    def __init__(self, folder: str) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        if os.name == "posix":
            # In a session of its own, so that what a terminal or a shell kills is not this as well.
            self._process = subprocess.Popen(
                ["sh", "-c", _GUARD, "sh", folder],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def watch(self, process: int) -> None:
        """Have this process ended as well."""
        self._write(f"{process}\n")

    def dismiss(self) -> None:
        """Leave everything as it is from now on."""
        self._write("done\n")
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process.wait()

    def _write(self, line: str) -> None:
        if self._process is not None:
            assert self._process.stdin is not None
            with suppress(BrokenPipeError):  # it was killed itself
                os.write(self._process.stdin.fileno(), line.encode())


@contextmanager
def _guarded_folder() -> Iterator[tuple[str, _Guard]]:
    """A temporary folder that is removed even if this process is killed."""
    with tempfile.TemporaryDirectory(prefix="oracle-cbc-") as folder:
        guard = _Guard(folder)
        try:
            yield folder, guard
        finally:
            guard.dismiss()


def _run_process(command: Sequence[str], log: int, deadline: Deadline, guard: _Guard) -> None:
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
    )
    limit = deadline.extended(GRACE_SECONDS)
    try:
        guard.watch(process.pid)
        while process.poll() is None and not limit.passed:
            time.sleep(POLL_SECONDS)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


_CBC_RELAXED = re.compile(r"^Continuous objective value is (\S+)", re.MULTILINE)
_CBC_SEARCHED = re.compile(
    r"^Cbc0005I Partial search .*\(best possible ([^\s)]+)\)"
    r"|^Cbc0001I Search completed - best objective ([^\s,]+)",
    re.MULTILINE,
)


def _cbc_bound(log: str) -> float | None:
    """The dual bound that CBC's log states as a number, or ``None``.

    The bound of a search counts only once CBC has come to its end, and then the last one: earlier
    lines may belong to searches within its heuristics.
    """
    stated = _CBC_RELAXED.findall(log)[-1:]
    searched = list(_CBC_SEARCHED.finditer(log))
    if searched and "\nTotal time" in log:
        stated.append(searched[-1][searched[-1].lastindex or 0])
    numbers = (bound for bound in map(_number, stated) if abs(bound) < CBC_INFINITY)
    return max(numbers, default=None)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _cbc_path() -> str:
    """The CBC on the search path, else the one that comes with PuLP."""
    own: str = pulp.PULP_CBC_CMD.pulp_cbc_path
    return shutil.which("cbc") or own

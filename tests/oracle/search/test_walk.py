"""One search by several processes is as exact as by one, also if processes are killed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import ParamSpec, TypeVar

import pytest

from amin_ref import Instance, InvalidValue, check
from amin_ref.cli.workers import processes
from oracle import optimum
from oracle.budget import Budget, NarrowPass
from oracle.deadline import Deadline
from oracle.search.bounds import NodeBounds
from oracle.search.branch_and_bound import BranchAndBound, search
from oracle.search.problem import Problem, first_schedule
from oracle.search.relaxation import Rows
from oracle.search.states import Incumbent
from oracle.search.walk import Branch, least_cost, walk
from tests.long.benchmarks.oracle_peers import synthetic_instance
from tests.models.naive_optimum import naive_optimum, random_instance

P = ParamSpec("P")
T = TypeVar("T")


IMPATIENT = Budget(
    narrow_passes=(NarrowPass(0.0, 1), NarrowPass(0.0, 2), NarrowPass(0.0, 1000)),
    worth_halving=1,
    seconds_of_work=0.0,
    seconds_of_last_work=0.0,
    chunk_cells=40,
)
"""Makes narrow passes, then splits the search at once, into short work items and small chunks."""


class Killed(Executor):
    """Completes a number of work items; every later one fails, as after a kill of the workers."""

    def __init__(self, items: int, silent: bool) -> None:
        self.items = items
        self.silent = silent

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        self.items -= 1
        if self.items >= 0:
            future.set_result(fn(*args, **kwargs))
        elif self.silent:
            future.set_exception(BrokenProcessPool("a process was killed"))
        else:
            raise BrokenExecutor("no process is left")
        return future


class NeverCompletes(Executor):
    """Accepts every work item, and completes none."""

    def __init__(self) -> None:
        self.tasks: list[Future[object]] = []

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        self.tasks.append(future)  # type: ignore[arg-type]  # only to ask whether it is cancelled
        return future


def some_instances(count: int) -> Iterator[Instance]:
    rng = random.Random(12)
    for _ in range(count):
        yield random_instance(rng, rng.randint(3, 5), 7, rng.choice([1, 4]), rng.choice([0, 0, 5]))


def searched(instance: Instance, executor: Executor, in_flight: int = 2) -> BranchAndBound:
    """A search without prices, so that many states remain, in chunks of a few states."""
    problem = Problem.of(instance)
    rows = Rows(problem, problem.horizon)
    run = BranchAndBound(
        problem,
        first_schedule(problem),
        Deadline.unlimited(),
        executor=executor,
        in_flight=in_flight,
        budget=IMPATIENT,
    )
    run.explore(NodeBounds.of(rows, None, rows.no_prices()), None)
    return run


@pytest.mark.theorem("T10")
@pytest.mark.parametrize("in_flight", [1, 3])
def test_several_workers_find_the_optimum(in_flight: int) -> None:
    with ThreadPoolExecutor(2) as executor:
        for instance in some_instances(40):
            run = searched(instance, executor, in_flight)
            assert run.lower == run.upper == naive_optimum(instance)
            assert run.problem.cost(run.starts) == run.upper
            assert check(run.problem.schedule(run.starts)) == ()


@pytest.mark.theorem("T10")
@pytest.mark.parametrize("silent", [True, False])
def test_the_caller_completes_the_work_of_killed_processes(silent: bool) -> None:
    killed = 0
    for instance in some_instances(40):
        for items in (0, 1, 3, 6):
            executor = Killed(items, silent)
            run = searched(instance, executor)
            killed += executor.items < 0
            assert run.lower == run.upper == naive_optimum(instance)
    # Most searches must have work items left when the workers are killed.
    assert killed > 80


@pytest.mark.theorem("T10")
@pytest.mark.parametrize("asked", [5, 20, 40, 80, 160])
def test_work_in_flight_at_the_deadline_counts_as_unexplored(asked: int) -> None:
    instance = synthetic_instance(7, 4)
    least = search(instance).lower_bound
    questions = iter(range(10**6))
    executor = NeverCompletes()
    result = search(
        instance,
        should_stop=lambda: next(questions) >= asked,
        executor=executor,
        in_flight=2,
        budget=IMPATIENT,
    )
    assert result.lower_bound <= least <= result.schedule.total_latency
    assert check(result.schedule) == ()
    assert all(task.cancelled() for task in executor.tasks)


@pytest.mark.theorem("T10")
def test_unexplored_branches_have_the_smallest_bound_of_their_states() -> None:
    distinguished = 0
    for instance in some_instances(8):
        problem = Problem.of(instance)
        rows = Rows(problem, problem.horizon)
        bounds = NodeBounds.of(rows, None, rows.no_prices())
        one_by_one = tuple(
            max(problem.arrival) + sum(problem.output_len[:index]) for index in range(problem.size)
        )
        best = Incumbent(problem.cost(one_by_one), one_by_one)
        left: tuple[Branch, ...] = (Branch.root(problem, bounds),)
        least = naive_optimum(instance)
        while left:
            assert least_cost(left) <= best.cost
            every = [int(bound) for branch in left for bound in branch.states.bound]
            assert least_cost(left) == -(-min(every) // bounds.unit)
            assert min(least_cost(left), best.cost) <= least
            distinguished += max(every) > least * bounds.unit
            walked = walk(
                problem, left, best, chunk=200, should_stop=lambda: False, pause=lambda: True
            )
            left, best = walked.left, walked.best
        assert best.cost == least
    # The bounds of the states must differ, or any state's bound would pass.
    assert distinguished > 5


@pytest.mark.theorem("T10")
def test_no_work_is_submitted_if_the_search_needs_none() -> None:
    executor = NeverCompletes()
    instance = Instance(5, ())
    assert search(instance, executor=executor, budget=IMPATIENT).exhausted
    assert executor.tasks == []


@pytest.mark.theorem("T11")
def test_processes_share_a_search() -> None:
    """As ``amin-ref optimum --workers 2`` does; branches and bounds travel between processes."""
    soon = Budget(narrow_passes=(NarrowPass(0.0, 1),))
    instance = synthetic_instance(9, 3)
    alone = search(instance, budget=soon)
    with processes(2) as executor:
        together = search(instance, executor=executor, in_flight=2, budget=soon)
        best = optimum(instance, executor=executor, in_flight=2, budget=soon)
    assert alone.exhausted
    assert together.exhausted
    assert together.schedule.total_latency == alone.schedule.total_latency == best.total_latency
    assert best.proven


def test_no_work_in_flight_is_refused() -> None:
    with pytest.raises(InvalidValue, match="in_flight"):
        optimum(synthetic_instance(3, 0), in_flight=0)

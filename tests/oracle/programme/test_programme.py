"""The integer programme agrees with enumeration, and checks every answer of a solver."""

from __future__ import annotations

import math
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations_with_replacement, pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import highspy
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amin_ref import Instance, InvalidValue, Request, Run, Schedule, check
from oracle.budget import Budget
from oracle.deadline import Deadline
from oracle.programme import branch_and_cut, solvers
from oracle.programme.branch_and_cut import IlpResult, ModelTooLarge, SolverName, solve
from oracle.programme.candidates import (
    Candidates,
    Cut,
    affordable_candidates,
    kinds_of,
)
from oracle.programme.cuts import Cutter
from oracle.programme.solvers import Answer, Programme, Supervision, _cbc_bound, _run
from oracle.starts.list_schedule import by_volume, list_schedule
from oracle.starts.parts import independent_parts
from tests.support.marked import Mark

ENOUGH_SECONDS = 30.0


def occupied(instance: Instance, request: Request, age: int) -> int:
    blocks = math.ceil((request.prompt_len + age + 1) / instance.block_size)
    return blocks * instance.block_size


def fits(instance: Instance, starts: Sequence[int]) -> bool:
    """The rules of the specification, section 2, round by round."""
    held: dict[int, int] = {}
    for request, start in zip(instance.requests, starts, strict=True):
        if start < request.arrival:
            return False
        for age in range(request.output_len):
            held[start + age] = held.get(start + age, 0) + occupied(instance, request, age)
    return all(tokens <= instance.capacity for tokens in held.values())


def cost(instance: Instance, starts: Sequence[int]) -> int:
    return sum(
        start + request.output_len - request.arrival
        for request, start in zip(instance.requests, starts, strict=True)
    )


def enumerated_optima(instance: Instance) -> tuple[int, list[tuple[int, ...]]]:
    """Least cost and all start rounds that reach it, over a horizon with room to spare."""
    horizon = max(request.arrival + request.output_len for request in instance.requests) + sum(
        request.output_len for request in instance.requests
    )
    best: int | None = None
    optima: list[tuple[int, ...]] = []

    def extend(starts: tuple[int, ...], so_far: int) -> None:
        nonlocal best, optima
        still_to_come = instance.requests[len(starts) :]
        if best is not None and so_far + sum(r.output_len for r in still_to_come) > best:
            return
        if len(starts) == len(instance.requests):
            if best is None or so_far < best:
                best, optima = so_far, []
            optima.append(starts)
            return
        request = instance.requests[len(starts)]
        begun = Instance(
            instance.capacity, instance.requests[: len(starts) + 1], instance.block_size
        )
        for start in range(request.arrival, horizon - request.output_len + 1):
            longer = (*starts, start)
            if fits(begun, longer):
                extend(longer, so_far + start + request.output_len - request.arrival)

    extend((), 0)
    assert best is not None
    return best, optima


def random_instance(seed: int, longest_gap: int = 5) -> Instance:
    """Up to four requests in a small cache; every other has blocks of 4."""
    rng = random.Random(seed)
    block_size = (1, 4)[seed % 2]
    capacity = rng.randint(6, 14) if block_size == 1 else 4 * rng.randint(2, 4)
    requests: list[Request] = []
    for number in range(rng.randint(1, 4)):
        twin = rng.choice(requests) if requests and rng.random() < 0.3 else None
        prompt_len = twin.prompt_len if twin else rng.randint(1, 4)
        output_len = twin.output_len if twin else rng.randint(1, min(5, capacity - prompt_len))
        arrival = rng.choice((0, rng.randint(0, longest_gap)))
        requests.append(Request(number, prompt_len, output_len, arrival=arrival))
    return Instance(capacity, tuple(requests), block_size)


def jaillet_like(requests: int, seed: int) -> Instance:
    rng = random.Random(seed)
    capacity = rng.randint(30, 50)
    drawn: list[Request] = []
    for number in range(requests):
        prompt_len = rng.randint(1, 5)
        drawn.append(Request(number, prompt_len, rng.randint(1, capacity - prompt_len)))
    return Instance(capacity, tuple(drawn))


def schedule_of(instance: Instance, starts: Sequence[int]) -> Schedule:
    return Schedule(
        instance,
        tuple(
            Run(request.id, start, start + request.output_len, "completed")
            for request, start in zip(instance.requests, starts, strict=True)
        ),
    )


def by_volume_starts(instance: Instance) -> tuple[int, ...]:
    requests = instance.requests
    return tuple(list_schedule(instance, requests, by_volume(requests)))


def assert_optimal(instance: Instance, result: IlpResult) -> None:
    best, _ = enumerated_optima(instance)
    assert result.schedule.total_latency == best
    assert result.lower_bound == best
    assert result.proven
    assert not check(result.schedule)


WITHOUT_CUTS = Budget(cutting=0.0)
"""Without cuts more is left to the solver: on small instances cuts alone prove most optima."""


# --- agreement


@pytest.mark.parametrize("seed", range(200))
def test_highs_agrees_with_enumeration(seed: int) -> None:
    instance = random_instance(seed)
    assert_optimal(instance, solve(instance, time_limit=ENOUGH_SECONDS))


@pytest.mark.parametrize("seed", range(160, 200))
def test_highs_agrees_with_enumeration_without_cuts(seed: int) -> None:
    instance = random_instance(seed)
    assert_optimal(instance, solve(instance, time_limit=ENOUGH_SECONDS, budget=WITHOUT_CUTS))


@pytest.mark.parametrize("seed", range(200, 230))
def test_cbc_agrees_with_enumeration(seed: int) -> None:
    instance = random_instance(seed)
    assert_optimal(
        instance, solve(instance, time_limit=ENOUGH_SECONDS, budget=WITHOUT_CUTS, solver="cbc")
    )


@pytest.mark.parametrize("seed", range(230, 260))
def test_agrees_from_a_bad_warm_start_and_with_arrivals_far_apart(seed: int) -> None:
    """The warm start runs the requests one after the other, in reverse; gaps split the instance."""
    instance = random_instance(seed, longest_gap=40)
    clock = max(request.arrival for request in instance.requests)
    starts: dict[object, int] = {}
    for request in reversed(instance.requests):
        starts[request.id] = clock
        clock += request.output_len
    worst = schedule_of(instance, [starts[request.id] for request in instance.requests])
    assert_optimal(instance, solve(instance, time_limit=ENOUGH_SECONDS, warm_start=worst))


@pytest.mark.parametrize("solver", ["highs", "cbc"])
@pytest.mark.parametrize(("seed", "optimum"), [(3, 97), (5, 116)])
def test_the_evidence_names_the_solver_if_its_bound_is_needed(
    seed: int, optimum: int, solver: SolverName
) -> None:
    instance = jaillet_like(6, seed)
    result = solve(instance, time_limit=ENOUGH_SECONDS, budget=WITHOUT_CUTS, solver=solver)
    assert (result.schedule.total_latency, result.lower_bound) == (optimum, optimum)
    assert result.evidence == "solver"
    assert not check(result.schedule)


def test_requests_with_arrivals_far_apart_are_solved_exactly() -> None:
    near = random_instance(7)
    far = tuple(
        Request(f"far {r.id}", r.prompt_len, r.output_len, arrival=r.arrival + 2**50)
        for r in near.requests
    )
    both = Instance(near.capacity, (*far, *near.requests), near.block_size)
    result = solve(both, time_limit=ENOUGH_SECONDS)
    best, _ = enumerated_optima(near)
    assert result.proven
    assert result.schedule.total_latency == 2 * best
    assert not check(result.schedule)


# --- what the proofs say


@pytest.mark.parametrize("seed", range(300, 360))
def test_affordable_candidates_contain_every_optimum(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for part in (found.instance for found in independent_parts(random_instance(seed))):
        best, optima = enumerated_optima(part)
        candidates = affordable_candidates(part, best)
        for _ in range(5):
            price = candidates.priced(dict(enumerate(rng.exponential(0.3, size=12).tolist())))
            assert price.lower_bound <= best
            allowed = candidates.keep(price.affordable(best))
            for starts in optima:
                found = allowed.starts(allowed.usage(starts))
                assert found is not None
                assert sorted(found) == sorted(starts)


@pytest.mark.parametrize("seed", range(400, 440))
def test_in_every_optimum_a_part_ends_before_the_next_begins(seed: int) -> None:
    instance = random_instance(seed, longest_gap=30)
    parts = independent_parts(instance)
    best, optima = enumerated_optima(instance)
    assert best == sum(enumerated_optima(part.instance)[0] for part in parts)
    for part, after in pairwise(parts):
        for starts in optima:
            ends = {
                request.id: start + request.output_len
                for request, start in zip(instance.requests, starts, strict=True)
            }
            assert max(ends[one.id] for one in part.instance.requests) <= after.first_round


def test_some_random_instances_have_parts() -> None:
    instances = (random_instance(seed, longest_gap=30) for seed in range(400, 440))
    counts = {len(independent_parts(instance)) for instance in instances}
    assert counts >= {1, 2}


def random_cuts(seed: int) -> tuple[Candidates, list[Cut]]:
    """Cuts that random values of the candidates of a small, crowded instance violate."""
    rng = random.Random(seed)
    block_size = (1, 4)[seed % 2]
    capacity = rng.randint(7, 10) if block_size == 1 else rng.choice((8, 12))
    requests: list[Request] = []
    for number in range(5):
        prompt_len = rng.randint(1, 3)
        output_len = rng.randint(2, 4)
        requests.append(Request(number, prompt_len, output_len, arrival=rng.choice((0, 0, 2))))
    requests.append(replace(requests[0], id="twin"))
    instance = Instance(capacity, tuple(requests), block_size)
    candidates = affordable_candidates(instance, cost(instance, by_volume_starts(instance)))
    dice = np.random.default_rng(seed)
    value = dice.random(len(candidates)) * (dice.random(len(candidates)) < 0.3)
    usable = dice.random(len(candidates)) < 0.9
    cutter = Cutter(candidates)
    cuts = [
        *cutter.violated(value, dice.random(len(candidates)), usable),
        *cutter.violated(value / 3, dice.random(len(candidates)), usable),
    ]
    for cut in cuts:
        assert usable[cut.candidates].all()
    return candidates, cuts


@pytest.mark.parametrize("seed", range(500, 540))
def test_cuts_hold_for_all_requests_that_can_run_together(seed: int) -> None:
    """Starts whose weights exceed a cut's limit never fit together, even without other requests."""
    candidates, cuts = random_cuts(seed)
    capacity, block_size = candidates.instance.capacity, candidates.instance.block_size
    for cut in cuts:
        counted = list(zip(cut.candidates.tolist(), cut.weights.tolist(), strict=True))
        for size in (2, 3):
            for chosen in combinations_with_replacement(counted, size):
                if sum(weight for _, weight in chosen) <= cut.limit:
                    continue
                kinds = [int(candidates.kind[index]) for index, _ in chosen]
                if any(kinds.count(kind) > candidates.kinds[kind].count for kind in kinds):
                    continue
                requests = tuple(
                    Request(n, candidates.kinds[kind].prompt_len, candidates.kinds[kind].output_len)
                    for n, kind in enumerate(kinds)
                )
                starts = [int(candidates.start[index]) for index, _ in chosen]
                assert not fits(Instance(capacity, requests, block_size), starts)


def test_random_cuts_are_of_every_kind() -> None:
    cuts = [cut for seed in range(500, 540) for cut in random_cuts(seed)[1]]
    sorts = {(cut.limit, weight) for cut in cuts for weight in cut.weights.tolist()}
    assert sorts == {(1, 1), (2, 1), (2, 2)}


def test_requests_that_occupy_the_same_are_one_kind() -> None:
    """Prompts of 1 and 2 with 2 tokens to come fill one block of 4 in both rounds; 3 does not."""
    requests = tuple(Request(prompt_len, prompt_len, 2) for prompt_len in (1, 2, 3))
    assert [kind.members for kind in kinds_of(Instance(8, requests, 4))] == [(0, 1), (2,)]
    assert len(kinds_of(Instance(8, requests))) == 3


@pytest.mark.parametrize("seed", [0, 3, 10])
def test_prices_make_a_certificate(seed: int) -> None:
    """The bound of section 5 from the prices, in exact fractions, is at most OPT and above Σ o."""
    instance = jaillet_like(6, seed)
    result = solve(instance, time_limit=ENOUGH_SECONDS)
    assert result.proven
    assert result.prices is not None
    price = {round_: Fraction(value) for round_, value in result.prices.items()}
    assert all(value > 0 for value in price.values())
    bound = -instance.capacity * sum(price.values())
    for request in instance.requests:
        bound += min(
            start
            + request.output_len
            + sum(
                price.get(start + age, Fraction(0)) * occupied(instance, request, age)
                for age in range(request.output_len)
            )
            for start in range(max(price) + 2)
        )
    work = sum(request.output_len for request in instance.requests)
    assert work < bound <= result.schedule.total_latency


@given(st.integers(0, 10**6))
def test_without_prices_the_bound_is_the_work(seed: int) -> None:
    """Also for requests of one kind that arrive one after the other."""
    for part in (found.instance for found in independent_parts(random_instance(seed))):
        work = sum(request.output_len for request in part.requests)
        price = affordable_candidates(part, work + 10).priced({})
        assert price.lower_bound == work


@pytest.mark.parametrize("huge", [1e30, math.inf, math.nan, -5.0])
def test_absurd_prices_prove_nothing_false(huge: float) -> None:
    instance = random_instance(3)
    best, _ = enumerated_optima(instance)
    price = affordable_candidates(instance, best).priced({0: huge, 1: 0.25})
    assert price.lower_bound <= best


# --- solvers that lie

NEEDS_A_SOLVER = jaillet_like(6, 3)
"""An instance with optimum 97, which nothing but cuts or a solver proves."""

Solver = Callable[[Programme, Sequence[int], Supervision], Answer]


def objective(programme: Programme, values: Sequence[float]) -> float:
    return sum(cost * value for cost, value in zip(programme.costs, values, strict=True))


def all_at_once(programme: Programme, start: Sequence[int], supervision: Supervision) -> Answer:
    """Every request at its first candidate: cheap, and far beyond the capacity."""
    values = [0.0] * len(programme.costs)
    for constraint in programme.constraints:
        if constraint.sense == "equal":
            values[constraint.columns[0]] = float(constraint.limit)
    said = objective(programme, values)
    return Answer(tuple(values), said, said)


def nothing_at_all(programme: Programme, start: Sequence[int], supervision: Supervision) -> Answer:
    return Answer((0.0,) * len(programme.costs), 0.0, 0.0)


def cheaper_than_it_is(
    programme: Programme, start: Sequence[int], supervision: Supervision
) -> Answer:
    """A false cost, with a bound that could be true."""
    said = objective(programme, start)
    return Answer(tuple(map(float, start)), said - 5, said)


def halves(programme: Programme, start: Sequence[int], supervision: Supervision) -> Answer:
    """The optimum of the relaxation, which is not an integer solution."""
    values = tuple(value / 2 for value in start)
    return Answer(values, objective(programme, values), objective(programme, values))


def too_short(programme: Programme, start: Sequence[int], supervision: Supervision) -> Answer:
    return Answer(tuple(map(float, start))[:-1], objective(programme, start), 50.0)


def not_numbers(programme: Programme, start: Sequence[int], supervision: Supervision) -> Answer:
    return Answer((math.nan,) * len(programme.costs), math.nan, math.nan)


def bound_above_a_schedule(
    programme: Programme, start: Sequence[int], supervision: Supervision
) -> Answer:
    return Answer(tuple(map(float, start)), objective(programme, start), 1e6)


def infinite_bound(programme: Programme, start: Sequence[int], supervision: Supervision) -> Answer:
    return Answer(None, None, math.inf)


FALSE_SOLVERS: tuple[Solver, ...] = (
    all_at_once,
    nothing_at_all,
    cheaper_than_it_is,
    halves,
    too_short,
    not_numbers,
    bound_above_a_schedule,
    infinite_bound,
)


@pytest.mark.parametrize(
    "false_solver", FALSE_SOLVERS, ids=lambda false_solver: false_solver.__name__
)
def test_a_false_answer_of_a_solver_is_refused(
    false_solver: Solver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(branch_and_cut, "ASK", {"highs": false_solver})
    result = solve(NEEDS_A_SOLVER, time_limit=ENOUGH_SECONDS, budget=WITHOUT_CUTS)
    assert not check(result.schedule)
    assert result.evidence == "prices"
    assert not result.proven
    assert result.lower_bound < 97 <= result.schedule.total_latency


def test_a_plausible_bound_of_a_solver_is_named_as_such(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Such a bound may be wrong without a sign of it, so its evidence is named ``solver``."""

    def returns_a_bound_alone(
        programme: Programme, start: Sequence[int], supervision: Supervision
    ) -> Answer:
        return Answer(None, None, objective(programme, start) - 0.5)

    monkeypatch.setattr(branch_and_cut, "ASK", {"highs": returns_a_bound_alone})
    result = solve(NEEDS_A_SOLVER, time_limit=ENOUGH_SECONDS, budget=WITHOUT_CUTS)
    assert result.lower_bound == result.schedule.total_latency
    assert result.evidence == "solver"


@pytest.mark.parametrize(
    ("below", "read"),
    [(1.0, 96), (0.9999, 96), (1.0009, 96), (0.99, 97), (0.0, 97), (-0.0009, 97)],
)
def test_dual_bounds_are_rounded_up_with_a_tolerance(
    below: float, read: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def returns_a_slightly_lower_bound(
        programme: Programme, start: Sequence[int], supervision: Supervision
    ) -> Answer:
        return Answer(None, None, objective(programme, start) - below)

    monkeypatch.setattr(branch_and_cut, "ASK", {"highs": returns_a_slightly_lower_bound})
    optimal = schedule_of(NEEDS_A_SOLVER, (0, 15, 0, 0, 4, 0))
    assert optimal.total_latency == 97
    result = solve(
        NEEDS_A_SOLVER, time_limit=ENOUGH_SECONDS, budget=WITHOUT_CUTS, warm_start=optimal
    )
    assert result.lower_bound == read


def test_bounds_during_a_solve_count_only_if_the_schedule_is_valid(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def reports_a_bound_and_finds_nothing(
        programme: Programme, start: Sequence[int], supervision: Supervision
    ) -> Answer:
        supervision.report(objective(programme, start))
        return nothing_at_all(programme, start, supervision)

    monkeypatch.setattr(branch_and_cut, "ASK", {"highs": reports_a_bound_and_finds_nothing})
    reported: list[tuple[int, int]] = []
    result = solve(
        NEEDS_A_SOLVER,
        time_limit=ENOUGH_SECONDS,
        budget=WITHOUT_CUTS,
        progress=lambda cost, bound: reported.append((cost, bound)),
    )
    assert reported[-1][0] == reported[-1][1]
    assert result.lower_bound < 97
    assert result.evidence == "prices"


# --- time, interruption, silence


@pytest.mark.parametrize("solver", ["highs", "cbc"])
def test_solve_keeps_to_its_time_limit(solver: SolverName) -> None:
    instance = jaillet_like(14, 1)
    begin = time.monotonic()
    result = solve(instance, time_limit=0.5, solver=solver)
    assert time.monotonic() - begin < 20
    work = sum(request.output_len for request in instance.requests)
    assert work <= result.lower_bound < result.schedule.total_latency
    assert not check(result.schedule)


def test_without_time_no_solver_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    def must_not_be_called(
        programme: Programme, start: Sequence[int], supervision: Supervision
    ) -> Answer:
        raise AssertionError

    monkeypatch.setattr(branch_and_cut, "ASK", {"highs": must_not_be_called})
    result = solve(NEEDS_A_SOLVER, time_limit=0)
    assert result.lower_bound == sum(request.output_len for request in NEEDS_A_SOLVER.requests)
    assert not check(result.schedule)
    assert result.prices is None


def test_a_programme_that_cannot_be_built_in_time_is_skipped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Building cannot be interrupted; at an hour for each entry it would exceed any limit."""

    def must_not_be_built(candidates: Candidates, cuts: Sequence[Cut]) -> None:
        raise AssertionError((candidates, cuts))

    monkeypatch.setattr(branch_and_cut, "_programme", must_not_be_built)
    slow = Budget(seconds_per_entry=3600.0)
    result = solve(NEEDS_A_SOLVER, time_limit=ENOUGH_SECONDS, budget=slow)
    assert not check(result.schedule)
    assert result.lower_bound == sum(request.output_len for request in NEEDS_A_SOLVER.requests)


def test_after_a_programme_that_was_slow_to_build_no_other_is_built(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the patched clock, the first programme takes an hour to build."""
    built: list[Candidates] = []
    hours = [0]
    build = branch_and_cut._programme

    def slowly(candidates: Candidates, cuts: Sequence[Cut]) -> tuple[Programme, tuple[int, ...]]:
        built.append(candidates)
        hours[0] += 1
        return build(candidates, cuts)

    begin = time.monotonic()
    clock = SimpleNamespace(monotonic=lambda: begin + 3600.0 * hours[0])
    monkeypatch.setattr("oracle.deadline.time", clock)
    monkeypatch.setattr(branch_and_cut, "_programme", slowly)
    solve(jaillet_like(6, 6), time_limit=ENOUGH_SECONDS)
    assert len(built) == 1


class IgnoresStop:
    """A solver that ignores the request to stop, and ends only when the test releases it."""

    def __init__(self) -> None:
        self.HandleUserInterrupt = False
        self.cbMipLogging: list[object] = []
        self.cancelled = False
        self.released = threading.Event()

    def run(self) -> None:
        self.released.wait(ENOUGH_SECONDS)

    def cancelSolve(self) -> None:  # noqa: N802 - HiGHS's name
        self.cancelled = True


class Listeners(list[object]):
    """Callbacks as HiGHS has them: added and taken away by += and -=."""

    def __iadd__(self, listener: object) -> Listeners:  # type: ignore[misc]  # as HiGHS
        self.append(listener)
        return self


def test_solve_does_not_wait_for_a_solver_that_cannot_be_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(solvers, "GRACE_SECONDS", 0.01)
    solver = IgnoresStop()
    solver.cbMipLogging = Listeners()
    supervision = Supervision(Deadline.after(0), lambda _: None)
    try:
        ended = solvers._run(cast(highspy.Highs, solver), supervision)
        assert not solver.released.is_set()
    finally:
        solver.released.set()
    assert not ended
    assert solver.cancelled


def test_should_stop_ends_the_solver_with_the_best_so_far() -> None:
    instance = jaillet_like(14, 1)
    calls: Iterator[bool] = iter([False] * 20)
    begin = time.monotonic()
    result = solve(instance, time_limit=60, should_stop=lambda: next(calls, True))
    assert time.monotonic() - begin < 20
    assert not check(result.schedule)
    assert not result.proven


def test_progress_only_improves_and_ends_at_the_result() -> None:
    reported: list[tuple[int, int]] = []
    instance = jaillet_like(6, 6)
    result = solve(
        instance,
        time_limit=ENOUGH_SECONDS,
        progress=lambda cost, bound: reported.append((cost, bound)),
    )
    costs, bounds = zip(*reported, strict=True)
    assert list(costs) == sorted(costs, reverse=True)
    assert list(bounds) == sorted(bounds)
    assert reported[-1] == (result.schedule.total_latency, result.lower_bound)


@pytest.mark.parametrize("solver", ["highs", "cbc"])
def test_a_solver_without_time_returns_its_starting_solution(
    solver: SolverName, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The starting solution is optimal; no solver finds it in 0.02 seconds."""
    monkeypatch.setattr(solvers, "GRACE_SECONDS", 30.0)  # the machine may be busy
    instance = jaillet_like(7, 12)
    starts = by_volume_starts(instance)
    assert cost(instance, starts) == 474
    candidates = affordable_candidates(instance, cost(instance, starts)).including(starts)
    begin = candidates.usage(starts).tolist()
    programme, _ = branch_and_cut._programme(candidates, ())
    supervision = Supervision(Deadline.after(0.02), lambda _: None)
    answer = branch_and_cut.ASK[solver](programme, begin, supervision)
    found = branch_and_cut._checked_starts(candidates, answer)
    assert found is not None
    assert cost(instance, found) == 474


CBC_LOG = """Continuous objective value is 310.5 - 0.01 seconds
Cbc0001I Search completed - best objective 389, took 7 iterations and 0 nodes (0.02 seconds)
"""
"""CBC's log if it is killed early: "Search completed" refers to a search within a heuristic."""


@pytest.mark.parametrize(
    ("more", "bound"),
    [
        ("", 310.5),
        ("Cbc0005I Partial search - best objective 389 (best possible 321.5), took\n", 310.5),
        (
            "Cbc0005I Partial search - best objective 389 (best possible 321.5), took\n"
            "Result - Stopped on time limit\nTotal time (CPU seconds): 1\n",
            321.5,
        ),
        (
            "Cbc0005I Partial search - best objective 389 (best possible -1e+50), took\n"
            "Total time (CPU seconds): 1\n",
            310.5,
        ),
        ("Cbc0001I Search completed - best objective 337, took\nTotal time: 1\n", 337),
    ],
)
def test_the_bound_of_cbc_is_that_of_its_whole_search(more: str, bound: float) -> None:
    assert _cbc_bound(CBC_LOG + more) == bound


def test_an_empty_log_of_cbc_gives_no_bound() -> None:
    assert _cbc_bound("") is None


@pytest.mark.parametrize("solver", ["highs", "cbc"])
def test_a_solver_prints_nothing_and_leaves_no_files(
    solver: SolverName,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert (
        solve(
            NEEDS_A_SOLVER, time_limit=ENOUGH_SECONDS, budget=WITHOUT_CUTS, solver=solver
        ).evidence
        == "solver"
    )
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []


INTERRUPTED = """
import sys, tempfile
from oracle.programme import branch_and_cut, solvers
from tests.oracle.programme.test_programme import WITHOUT_CUTS, jaillet_like
ask = branch_and_cut.ASK[sys.argv[1]]
def say_and_ask(*arguments):
    print("asking", flush=True)
    return ask(*arguments)
branch_and_cut.ASK = {sys.argv[1]: say_and_ask}
tempfile.tempdir = sys.argv[2]
try:
    branch_and_cut.solve(
        jaillet_like(6, 1), time_limit=20, solver=sys.argv[1], budget=WITHOUT_CUTS
    )
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal")
@pytest.mark.parametrize("solver", ["highs", "cbc"])
def test_ctrl_c_stops_the_solver_and_reaches_the_caller(solver: str, tmp_path: Path) -> None:
    project = Path(__file__).parents[3]
    program = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, solver, str(tmp_path)],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "asking\n"
    time.sleep(0.5)
    program.send_signal(signal.SIGINT)
    out, err = program.communicate(timeout=10)
    assert (out, err, program.returncode) == ("interrupted\n", "", 0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="reads /proc")
def test_a_kill_leaves_no_solver_and_no_folder(tmp_path: Path) -> None:
    mark = Mark.new()
    program = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, "cbc", str(tmp_path)],
        cwd=Path(__file__).parents[3],
        env=mark.environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "asking\n"
    until = time.monotonic() + 20
    while not list(tmp_path.glob("*/log.txt")) and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.1)
    (folder,) = tmp_path.iterdir()
    assert (folder / "log.txt").exists()
    program.kill()
    program.communicate()
    assert mark.left() == []
    assert list(tmp_path.iterdir()) == []


class SlowToStop:
    """Replaces HiGHS in a step that cannot be interrupted: it ends half a second after the stop."""

    def __init__(self) -> None:
        self.HandleUserInterrupt = False
        self.cbMipLogging: list[object] = []
        self.told = threading.Event()
        self.ended = False

    def run(self) -> None:
        self.told.wait(10)
        time.sleep(0.5)
        self.ended = True

    def cancelSolve(self) -> None:  # noqa: N802 - the name that HiGHS gives it
        self.told.set()


class Callbacks(list[object]):
    """As HiGHS has them: ``+=`` adds one, ``-=`` removes it."""

    def __iadd__(self, other: object) -> Callbacks:  # type: ignore[misc]  # as in highspy
        self.append(other)
        return self

    def __isub__(self, other: object) -> Callbacks:
        self.remove(other)
        return self


def test_ctrl_c_is_raised_only_after_the_solver_has_ended() -> None:
    """Otherwise the solver would call an interpreter that is shutting down: the process aborts."""
    model = SlowToStop()
    model.cbMipLogging = Callbacks()
    supervision = Supervision(Deadline.after(20), lambda _: None)
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        _run(cast("highspy.Highs", model), supervision)  # what _run asks of a model, no more
    assert model.ended


# --- bad input


def test_an_instance_without_requests_is_solved() -> None:
    result = solve(Instance(10, ()), time_limit=1)
    assert (result.schedule.runs, result.lower_bound, result.proven) == ((), 0, True)


def test_one_request_needs_no_solver() -> None:
    result = solve(Instance(10, (Request("a", 3, 5, arrival=2**40),)), time_limit=0)
    assert (result.lower_bound, result.proven, result.evidence) == (5, True, "prices")


@pytest.mark.parametrize("time_limit", [-1, math.nan, math.inf, "60", None, True])
def test_refuses_an_invalid_time_limit(time_limit: float) -> None:
    with pytest.raises(InvalidValue, match=r"time_limit is .*, but it must be"):
        solve(random_instance(1), time_limit=time_limit)


def test_refuses_an_unknown_solver() -> None:
    with pytest.raises(InvalidValue, match="solver is 'gurobi', but it must be 'highs' or 'cbc'"):
        solve(random_instance(1), time_limit=1, solver="gurobi")  # type: ignore[arg-type]  # on purpose


def test_refuses_a_warm_start_from_another_instance() -> None:
    other = schedule_of(random_instance(2), by_volume_starts(random_instance(2)))
    with pytest.raises(InvalidValue, match="it must be the instance that is solved"):
        solve(random_instance(1), time_limit=1, warm_start=other)


@pytest.mark.parametrize("fault", ["overfull", "early", "short", "missing", "twice"])
def test_refuses_a_warm_start_that_is_not_valid(fault: str) -> None:
    instance = Instance(8, (Request("a", 2, 6, arrival=1), Request("b", 2, 6)))
    runs = {
        "overfull": [("a", 1, 7), ("b", 0, 6)],
        "early": [("a", 0, 6), ("b", 6, 12)],
        "short": [("a", 6, 12), ("b", 0, 5)],
        "missing": [("a", 6, 12)],
        "twice": [("a", 6, 12), ("a", 12, 18), ("b", 0, 6)],
    }[fault]
    schedule = Schedule(instance, tuple(Run(*run, "completed") for run in runs))
    with pytest.raises(InvalidValue, match="completed runs are not a valid schedule"):
        solve(instance, time_limit=1, warm_start=schedule)


def test_a_warm_start_that_runs_late_does_not_overlap_the_next_part() -> None:
    """The first four requests cost 24 in the warm start, 25 by volume; the former last until 14."""
    lengths = [(1, 2), (1, 5), (8, 1), (2, 5)]
    first = tuple(Request(n, prompt, output) for n, (prompt, output) in enumerate(lengths))
    instance = Instance(9, (*first, Request("next", 8, 1, arrival=13)))
    assert len(independent_parts(instance)) == 2
    late = schedule_of(instance, (1, 9, 0, 1, 14))
    assert not check(late)
    result = solve(instance, time_limit=0, warm_start=late)
    assert not check(result.schedule)
    assert result.schedule.total_latency <= late.total_latency


def test_evicted_runs_of_a_warm_start_are_dropped() -> None:
    instance = Instance(8, (Request("a", 2, 6), Request("b", 2, 6)))
    runs = (Run("a", 0, 2, "evicted"), Run("a", 6, 12, "completed"), Run("b", 0, 6, "completed"))
    result = solve(instance, time_limit=0, warm_start=Schedule(instance, runs))
    assert not check(result.schedule)
    assert result.schedule.evictions == 0


def test_refuses_a_programme_that_is_too_large() -> None:
    requests = tuple(Request(number, 1, 2**20) for number in range(3))
    assert solve(Instance(2**40, requests), time_limit=60).proven, "all fit at once"
    with pytest.raises(ModelTooLarge, match=r"instance: .* is \d+, but it must be at most \d+;"):
        solve(Instance(2**20 + 2, requests), time_limit=60)
    endless = Instance(2**40, (Request("a", 1, 2**39), Request("b", 1, 2**39)))
    with pytest.raises(ModelTooLarge, match="rounds"):
        solve(endless, time_limit=60)

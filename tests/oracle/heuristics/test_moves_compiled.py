"""Annealing and local search in compiled code make the moves of the reference, one by one."""

from __future__ import annotations

import itertools
import random
import time
from types import SimpleNamespace

import numpy as np
import pytest

from amin_ref import check
from amin_ref.model.instance import Instance
from amin_ref.model.request import Request
from oracle.budget import Budget
from oracle.compiled import readiness
from oracle.deadline import Deadline
from oracle.heuristics import choice, local_search
from oracle.heuristics.annealing import Annealing
from oracle.heuristics.best_schedule import best_schedule
from oracle.heuristics.choice import REFERENCE, Movers, movers
from oracle.heuristics.compiled_moves import CompiledAnnealing, CompiledLocalSearch
from oracle.heuristics.local_search import LocalSearch
from oracle.prices.dual import Dual
from oracle.starts.list_schedule import list_schedule
from oracle.starts.parts import BusyPeriod, busy_periods
from oracle.starts.start_rounds import starts_fit
from tests.support.profiles import many


def random_period(rng: random.Random) -> tuple[Instance, BusyPeriod]:
    """A busy period of any kind: few requests or many, blocks, arrivals, and late rounds."""
    block = rng.choice((1, 1, 4, 16, 10**6))
    blocks = rng.randint(20, 60) if block > 1 else rng.randint(40, 400)
    fits = blocks * block
    first = rng.choice((0, 0, 17, 2**52))
    longest = rng.choice((10, min(40, fits // 2), min(150, fits // 2)))
    last_arrival = rng.choice((0, 0, 30))
    requests = tuple(
        Request(
            position,
            rng.randint(1, max(1, fits // 6)),
            rng.randint(1, longest),
            arrival=first + rng.randint(0, last_arrival),
        )
        for position in range(rng.choice((2, 9, 40, 220)))
    )
    instance = Instance(fits + rng.randrange(block), requests, block)
    return instance, busy_periods(instance)[0]


def counted(times: int) -> Deadline:
    """A deadline that passes after this many questions for the time, on any machine."""
    asked = itertools.count()
    return Deadline.after(times, clock=lambda: float(next(asked)))


@pytest.mark.theorem("T11")
def test_the_local_search_makes_the_same_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """T11: a schedule, and the same one. Default: 40 busy periods; deep: 3,000."""
    monkeypatch.setattr(local_search, "MOVES_AT_ONCE", 32)
    rng = random.Random("moves")
    improved = 0
    for seed in range(many(40, deep=3_000)):
        instance, period = random_period(rng)
        order = rng.sample(range(len(period.requests)), len(period.requests))
        first = list_schedule(instance, period.requests, order)
        found = []
        for kind in (LocalSearch, CompiledLocalSearch):
            local = kind(instance, period, first, np.random.default_rng(seed))
            # The second run goes on from the schedule and the best schedule of the first.
            found.append([local.run(counted(4)) for _ in range(2)])
            found[-1].append(local._starts.tolist())
            of_period = Instance(instance.capacity, period.requests, instance.block_size)
            assert all(starts_fit(of_period, starts) for starts in found[-1])
            assert sum(found[-1][0]) - sum(first) >= local._least
            assert sum(found[-1][1]) - sum(first) == local._least
            assert sum(found[-1][2]) - sum(first) == local._change
        assert found[0] == found[1]
        improved += sum(found[0][1]) < sum(first)
    assert improved > 10


@pytest.mark.theorem("T11")
def test_the_annealing_makes_the_same_moves() -> None:
    """T11: start rounds, and the same ones. Default: 12 busy periods; deep: 3,000."""
    rng = random.Random("overflow")
    for seed in range(many(12, deep=3_000)):
        instance, period = random_period(rng)
        dual = Dual(instance, period)
        prices = np.random.default_rng(seed).random((len(dual.limits), period.rounds))
        prices *= rng.choice((0.001, 0.1)) / len(prices)
        found = []
        for kind in (Annealing, CompiledAnnealing):
            annealing = kind(instance, period, dual, prices, np.random.default_rng(seed))
            found.append([annealing.run(counted(6)) for _ in range(2)])
        assert found[0] == found[1]


def test_compiled_code_is_used_where_it_is_worth_its_loading(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without a kept result it waits for a long search, and a short search never loads it."""
    compiled = Movers(CompiledAnnealing, CompiledLocalSearch)
    assert movers(Budget(), 60.0) == compiled
    assert movers(Budget(compiled=False), 60.0) == REFERENCE
    for kept in (False, True):
        monkeypatch.setattr(readiness, "moves_are_kept", lambda kept=kept: kept)
        assert movers(Budget(), 1.0) == REFERENCE
        assert movers(Budget(), 5.0) == (compiled if kept else REFERENCE)
        assert movers(Budget(), 60.0) == compiled


def test_the_heuristics_go_on_without_compiled_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong in compiling, the reference makes the moves."""

    def fail(kinds: Movers) -> None:
        raise RuntimeError("this is a test")

    monkeypatch.setattr(choice, "_try", fail)
    assert movers(Budget(), 60.0) == REFERENCE


def test_compiled_moves_make_better_schedules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oracle.deadline.time", SimpleNamespace(monotonic=time.process_time))
    draw = random.Random(5)
    lengths = [(draw.randint(1, 9), draw.randint(1, 40)) for _ in range(60)]
    instance = Instance.from_lengths(lengths, capacity=120)
    budget = Budget(moves_loaded_from=0.0, moves_compiled_from=0.0)
    schedule = best_schedule(instance, 0.5, budget=budget)
    assert not check(schedule)
    assert schedule.total_latency < best_schedule(instance, 0.0).total_latency

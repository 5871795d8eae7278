"""The exact search in compiled code has the states and bounds of the reference, one by one."""

from __future__ import annotations

import random
from dataclasses import fields, replace

import numpy as np
import pytest

from amin_ref import Instance
from oracle.budget import Budget
from oracle.search import choice
from oracle.search.bounds import NodeBounds, large_requests
from oracle.search.branch_and_bound import search
from oracle.search.choice import compiled_step
from oracle.search.compiled_sequencing import CompiledSequencing
from oracle.search.compiled_step import CompiledRoundStep
from oracle.search.problem import Problem, first_schedule
from oracle.search.relaxation import NEVER, Number, Prices, Rows, Sequences, Sequencing
from oracle.search.states import STATES_COMPARED, Frontier, RoundStep
from tests.models.naive_optimum import naive_optimum, random_instance
from tests.support.profiles import many

MOST_STATES = 300
"""States after which a round is not compared: the reference would take too long."""


class _SameStep(CompiledRoundStep):
    """Compares as many states as the reference."""

    compared = STATES_COMPARED


def ordered(states: Frontier) -> Frontier:
    """The states in an order that does not depend on how they were found."""
    keys = (*states.last, states.cost, states.placed)
    states = states.take(np.lexsort(keys))
    # What has started is not asked for again, and the reference may mark it as ready, too.
    return replace(states, ready=states.ready & ~states.placed)


def assert_same(one: Frontier, other: Frontier) -> None:
    one, other = ordered(one), ordered(other)
    for field in fields(Frontier):
        expected, found = getattr(one, field.name), getattr(other, field.name)
        assert np.array_equal(expected, found), field.name


def random_bounds(problem: Problem, rng: random.Random) -> NodeBounds:
    """Bounds with random prices, and the sequencing bound where there are large requests."""
    rows = Rows(problem, problem.horizon)
    generator = np.random.default_rng(rng.randrange(2**32))
    scale = rng.choice((0.0, 0.02, 0.2))
    prices = Prices(
        scale * generator.random(rows.rounds) * (generator.random(rows.rounds) < 0.3),
        scale * generator.random((len(rows.limits), rows.rounds)) / max(1, len(rows.limits)),
    )
    large = large_requests(problem, rows.rounds)
    sequencing = Sequencing(problem, large, rows.rounds) if large else None
    return NodeBounds.of(rows, sequencing, prices)


def any_instance(rng: random.Random) -> Instance:
    block_size, latest = rng.choice((1, 1, 4)), rng.choice((0, 0, 4, 9))
    return random_instance(rng, rng.randint(2, 6), rng.choice((2, 5, 9)), block_size, latest)


def compare_walks(instance: Instance, rng: random.Random) -> int:
    """Walk with both from round to round; the number of rounds that were compared."""
    problem = Problem.of(instance)
    bounds = random_bounds(problem, rng)
    upper = problem.cost(first_schedule(problem)) + rng.choice((0, 1, 5))
    steps = [kind(problem, bounds, 10**6, lambda: False) for kind in (RoundStep, _SameStep)]
    states = steps[0].first()
    for now in range(problem.horizon):
        reference, compiled = (step.advance(states, now, upper) for step in steps)
        assert reference is not None
        assert compiled is not None
        assert_same(reference[0], compiled[0])
        assert reference[1] == compiled[1]
        states = compiled[0] if rng.random() < 0.5 else reference[0]
        upper = reference[1].cost if reference[1] is not None else upper
        if len(states) and rng.random() < 0.3:
            anew = [step.priced_anew(states, now + 1, upper) for step in steps]
            assert_same(anew[0][1], anew[1][1])
            assert np.array_equal(anew[0][0].bounds.reduced, anew[1][0].bounds.reduced)
            steps, states = [step for step, _ in anew], anew[1][1]
        if not 0 < len(states) <= MOST_STATES:
            return now + 1
    return problem.horizon


@pytest.mark.theorem("T10")
def test_compiled_code_has_the_same_states() -> None:
    """T10: the optimum is found in the same states. Default: 500 rounds; deep: 100,000."""
    rng = random.Random("states")
    compared = 0
    while compared < many(500, deep=100_000):
        compared += compare_walks(any_instance(rng), rng)


def assert_same_tables(one: Sequences[Number], other: Sequences[Number]) -> None:
    for name in ("reduced", "first", "later", "after"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    if one.cheapest() < NEVER:
        assert one.starts() == other.starts()


@pytest.mark.theorem("T10")
def test_compiled_code_makes_the_same_tables_of_sequences() -> None:
    """T10: the bound from sequences is the same number for number, exact and in floating point."""
    rng = random.Random("sequences")
    for _ in range(many(60, deep=10_000)):
        problem = Problem.of(any_instance(rng))
        rounds = problem.horizon
        members = tuple(sorted(rng.sample(range(problem.size), rng.randint(2, problem.size))))
        generator = np.random.default_rng(rng.randrange(2**32))
        shape = (len(members), rounds)
        costs = generator.integers(0, 50, shape)
        costs[generator.random(shape) < 0.2] = NEVER
        pair = [
            kind(problem, len(members), rounds, members)
            for kind in (Sequencing, CompiledSequencing)
        ]
        assert_same_tables(*(sequencing.solve(costs) for sequencing in pair))
        assert_same_tables(*(sequencing.solve(costs.astype(np.float64)) for sequencing in pair))
        again = pair[1].solver()
        floats = costs.astype(np.float64)
        again(floats[::-1].copy())
        assert np.array_equal(again(floats).after, pair[0].solver()(floats).after)


@pytest.mark.theorem("T10")
def test_the_search_in_compiled_code_agrees_with_naive_enumeration() -> None:
    """T10: the optimum of small instances, with compiled code from the first request on."""
    assert compiled_step(may_compile=True) is CompiledRoundStep
    rng = random.Random(10)
    budget = Budget(compiled_from=1, quick_width=1, narrow_width=1, priced_anew=2)
    for _ in range(30):
        block_size, latest = rng.choice((1, 4)), rng.choice((0, 6))
        instance = random_instance(rng, rng.randint(1, 5), rng.randint(1, 6), block_size, latest)
        result = search(instance, budget=budget)
        assert result.exhausted
        assert result.schedule.total_latency == naive_optimum(instance)


def test_the_search_goes_on_without_compiled_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong in compiling, the reference is used."""

    def fail(step: type[RoundStep]) -> None:
        raise RuntimeError("this is a test")

    monkeypatch.setattr(choice, "_try", fail)
    assert compiled_step(may_compile=True) is None
    instance = random_instance(random.Random(3), 6, 6, 1, 0)
    assert search(instance, budget=Budget(compiled_from=1, compiled_after=0.0)).exhausted

"""How the cost of a round grows (T14), and how Amin compares with its peers on real requests."""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from amin_ref import (
    Amax,
    Amin,
    ClairvoyantPolicy,
    FirstComeFirstServed,
    HindsightShortestFirst,
    Instance,
    Policy,
    Schedule,
    check,
    simulate,
)
from amin_ref.workloads import Rough, build_instance
from oracle.claims.rounds import (
    CAPACITIES,
    WAITING,
    Backlog,
    backlog_for_capacity,
    growth_exponent,
    seconds_per_round,
)
from tests.support.real_data import lmsys_file

pytestmark = pytest.mark.slow


@pytest.mark.theorem("T14")
def test_cost_of_a_round_does_not_grow_with_the_number_waiting() -> None:
    costs = [seconds_per_round(Backlog(waiting, 16_384)) for waiting in WAITING]
    assert max(costs) < 1.5 * costs[0]


@pytest.mark.theorem("T14")
@pytest.mark.parametrize(("block_size", "lower"), [(1, 1), (16, 1), (1, 100)])
def test_cost_of_a_round_grows_no_faster_than_m_log_m(block_size: int, lower: int) -> None:
    sizes = CAPACITIES[1:5]
    costs = [seconds_per_round(backlog_for_capacity(m, block_size, lower)) for m in sizes]
    # M log M has exponent 1.1 over these sizes; a quadratic round would have 2.
    assert growth_exponent(sizes, costs) < 1.2


@pytest.mark.parametrize(
    "policy", [Amin(), Amax(), HindsightShortestFirst(), FirstComeFirstServed()], ids=repr
)
@pytest.mark.benchmark(group="2,000 LMSYS requests at M = 16,492, rough:1:1000")
def test_policies_side_by_side(
    benchmark: BenchmarkFixture, policy: Policy | ClairvoyantPolicy
) -> None:
    instance: Instance = build_instance(
        lmsys_file(), requests=2000, capacity=16_492, prediction=Rough(1, 1000)
    ).instance
    schedule: Schedule = benchmark.pedantic(
        simulate, (instance, policy), {"compiled": False}, rounds=3
    )
    assert check(schedule) == ()

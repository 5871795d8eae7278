"""The properties of ``optimum`` under every method (T11), and its answers to unusual input."""

from __future__ import annotations

import random
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amin_ref import (
    Amax,
    Amin,
    FirstComeFirstServed,
    HindsightShortestFirst,
    Instance,
    InvalidValue,
    Request,
    Run,
    Schedule,
    check,
    simulate,
)
from oracle import Evidence, Method, Optimum, lower_bound, optimum, verify
from oracle.budget import DEFAULT_BUDGET, Budget
from oracle.programme.branch_and_cut import IlpResult
from oracle.search.branch_and_bound import SearchResult
from tests.long.benchmarks.oracle_peers import synthetic_instance
from tests.models.naive_optimum import naive_optimum, random_instance
from tests.support.profiles import times
from tests.support.project import PROJECT

METHODS: tuple[Method, ...] = ("auto", "ilp", "search")
POLICIES = (Amin, Amax, HindsightShortestFirst, FirstComeFirstServed)


@st.composite
def small_instances(draw: st.DrawFn, requests: int = 4) -> Instance:
    seed = draw(st.integers(0, 2**32))
    return random_instance(
        random.Random(seed),
        requests=draw(st.integers(1, requests)),
        longest=draw(st.integers(1, 6)),
        block_size=draw(st.sampled_from((1, 4))),
        latest=draw(st.sampled_from((0, 0, 6))),
    )


def assert_sound(instance: Instance, best: Optimum) -> None:
    """Asserts what every result must satisfy under every method."""
    assert check(best.schedule) == ()
    assert best.schedule.evictions == 0
    assert best.total_latency == best.schedule.total_latency
    assert best.proven == (best.lower_bound == best.total_latency)
    assert best.lower_bound <= best.total_latency
    assert (best.certificate is not None) == (best.evidence == "certificate")
    if best.certificate is not None:
        assert verify(instance, best.certificate) == best.lower_bound


@pytest.mark.theorem("T11")
@pytest.mark.parametrize("method", METHODS)
@times(0.4)
@given(instance=small_instances())
def test_lower_bound_optimum_and_policies_are_in_this_order(
    method: Method, instance: Instance
) -> None:
    least = naive_optimum(instance)
    best = optimum(instance, time_limit=20, method=method)
    assert_sound(instance, best)
    assert best.total_latency == least
    assert best.proven
    assert verify(instance, lower_bound(instance, time_limit=0.1)) <= least
    for policy in POLICIES:
        assert least <= simulate(instance, policy()).total_latency


@pytest.mark.theorem("T11")
@times(0.5)
@given(instance=small_instances(requests=6), data=st.data())
def test_optimum_never_rises_when_the_instance_gets_easier(
    instance: Instance, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(instance.requests) - 1))
    chosen = instance.requests[index]
    rest = instance.requests[:index] + instance.requests[index + 1 :]
    shorter = data.draw(st.integers(1, chosen.output_len))
    easier = (
        replace(instance, capacity=instance.capacity + data.draw(st.integers(1, 5))),
        replace(instance, requests=rest),
        replace(instance, requests=(*rest, Request(chosen.id, chosen.prompt_len, shorter,
                                                   arrival=chosen.arrival))),
    )  # fmt: skip
    before = optimum(instance, time_limit=20, method="search")
    assert before.proven
    for other in easier:
        after = optimum(other, time_limit=20, method="search")
        assert after.proven
        assert after.total_latency <= before.total_latency


@pytest.mark.parametrize("method", METHODS)
def test_a_time_limit_of_zero_still_gives_sound_bounds(method: Method) -> None:
    instance = random_instance(random.Random(3), 8, 9, 1, 4)
    best = optimum(instance, time_limit=0, method=method)
    assert_sound(instance, best)
    assert best.lower_bound >= sum(request.output_len for request in instance.requests)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("requests", [(), (Request("only", 3, 4, arrival=7),)])
def test_none_or_one_request_is_solved_exactly(
    method: Method, requests: tuple[Request, ...]
) -> None:
    best = optimum(Instance(10, requests), method=method)
    assert best.proven
    assert best.total_latency == sum(request.output_len for request in requests)


@pytest.mark.parametrize("method", METHODS)
def test_busy_periods_far_apart_cost_the_sum_of_their_costs(method: Method) -> None:
    """An idle time of 10**12 rounds lies between the two busy periods."""
    period = random_instance(random.Random(5), 4, 6, 1, 3)
    later = tuple(
        replace(request, id=f"later {request.id}", arrival=request.arrival + 10**12)
        for request in period.requests
    )
    together = optimum(replace(period, requests=period.requests + later), method=method)
    assert together.proven
    assert together.total_latency == 2 * naive_optimum(period)


@pytest.mark.parametrize("method", METHODS)
def test_should_stop_ends_every_method_with_sound_evidence(method: Method) -> None:
    instance = random_instance(random.Random(1), 40, 30, 1, 0)
    asked = []

    def stop() -> bool:
        asked.append(True)
        return len(asked) > 3

    best = optimum(instance, time_limit=30, method=method, should_stop=stop)
    assert_sound(instance, best)
    assert not best.proven


def test_progress_ends_at_the_result() -> None:
    instance = random_instance(random.Random(1), 7, 12, 1, 0)
    reported: list[tuple[int, int]] = []
    best = optimum(instance, progress=lambda cost, bound: reported.append((cost, bound)))
    assert reported[-1] == (best.total_latency, best.lower_bound)
    costs, bounds = zip(*reported, strict=True)
    assert list(costs) == sorted(costs, reverse=True)
    assert list(bounds) == sorted(bounds)


@pytest.mark.parametrize("time_limit", [-1, float("nan"), float("inf"), True])
def test_an_invalid_time_limit_is_refused(time_limit: float) -> None:
    with pytest.raises(InvalidValue, match="time_limit"):
        optimum(Instance(10, ()), time_limit=time_limit)


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(InvalidValue, match="'auto', 'ilp' or 'search'"):
        optimum(Instance(10, ()), method="best")  # type: ignore[arg-type]  # the point of the test


@pytest.mark.theorem("T11")
def test_the_bound_of_the_programme_is_taken_as_evidence_of_a_solver() -> None:
    """On an instance that certificates and list schedules leave open."""
    best = optimum(synthetic_instance(7, 1), 60.0, "ilp")
    assert best.evidence == "solver"
    assert best.lower_bound <= best.total_latency


def test_a_programme_too_large_for_the_time_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """At n = 50 of the synthetic set it has a million entries."""

    def must_not_be_called(instance: Instance, **how: object) -> None:
        raise AssertionError((instance, how))

    monkeypatch.setattr("oracle.programme.branch_and_cut.solve", must_not_be_called)
    instance = synthetic_instance(50, 2)
    assert_sound(instance, optimum(instance, time_limit=0.5))
    with pytest.raises(AssertionError):
        optimum(synthetic_instance(25, 2), time_limit=4.0, method="ilp")


@pytest.mark.theorem("T11")
@pytest.mark.parametrize("method", ["search", "best_schedule"])
def test_an_invalid_schedule_of_any_method_is_not_taken(
    monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """The schedule costs less than the optimum, because it overflows the cache."""
    instance = Instance(9, tuple(Request(number, 2, 6) for number in range(3)))
    at_once = Schedule(instance, tuple(Run(number, 0, 6, "completed") for number in range(3)))
    assert check(at_once) != ()

    def overfull(*_: object, **__: object) -> SearchResult | Schedule:
        result = SearchResult(at_once, lower_bound=18, exhausted=False, nodes=0)
        return result if method == "search" else at_once

    monkeypatch.setattr(f"oracle.portfolio.{method}", overfull)
    best = optimum(instance, 5.0)
    assert_sound(instance, best)
    assert best.total_latency > at_once.total_latency


def test_a_worse_schedule_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = Instance(9, tuple(Request(number, 2, 3) for number in range(3)))
    least = optimum(instance, 5.0).total_latency
    apart = Schedule(instance, tuple(Run(i, 3 * i, 3 * i + 3, "completed") for i in range(3)))
    assert check(apart) == ()
    assert apart.total_latency > least
    worse = SearchResult(apart, lower_bound=9, exhausted=False, nodes=0)
    monkeypatch.setattr("oracle.portfolio.search", lambda *_, **__: worse)
    assert optimum(instance, 5.0, "search").total_latency == least


def test_a_solvers_bound_is_named_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is weaker evidence than a certificate or an exhausted search, so its name differs."""
    instance = synthetic_instance(6, 1)
    best = optimum(instance, 30.0)
    reported = IlpResult(best.schedule, best.total_latency, "solver", None)
    monkeypatch.setattr("oracle.programme.branch_and_cut.solve", lambda *_, **__: reported)
    by_solver = optimum(instance, 30.0, "ilp")
    assert (by_solver.proven, by_solver.evidence) == (True, "solver")
    assert by_solver.certificate is None


WITHOUT_SOLVERS = """
import sys
sys.modules["highspy"] = None
sys.modules["pulp"] = None
from amin_ref import Instance, InvalidValue, Request
from oracle import optimum
few = Instance(9, tuple(Request(number, 2, 5) for number in range(4)))
assert optimum(few, 20).proven and optimum(few, 20, "search").proven
many = Instance(40, tuple(Request(number, 2, 1 + number % 20) for number in range(40)))
assert optimum(many, 1).evidence == "certificate"
try:
    optimum(few, 1, "ilp")
except InvalidValue as refused:
    print(refused)
"""


def test_without_a_solver_only_the_integer_programme_is_missing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_SOLVERS],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "method is 'ilp', but the integer programme needs highspy and PuLP, which cannot be "
        "imported; install highspy and pulp, or give 'search'.\n"
    )


def test_evidence_in_words_says_why_there_is_a_gap() -> None:
    instance = synthetic_instance(9, 3)
    proven = optimum(instance, 60.0, "search")
    assert proven.proven
    assert proven.evidence_in_words.endswith("; the schedule reaches it and is optimal.")
    bound = proven.lower_bound - 4
    words: dict[Evidence, str] = {"exhausted": "exact search", "solver": "solver states"}
    for evidence, word in words.items():
        gap = replace(proven, lower_bound=bound, evidence=evidence, certificate=None)
        assert not gap.proven
        assert word in gap.evidence_in_words
        assert str(gap.total_latency) in gap.evidence_in_words
        assert "is optimal" not in gap.evidence_in_words
    searched = replace(proven, lower_bound=bound, evidence="exhausted", certificate=None)
    assert searched.evidence_in_words == (
        f"The exact search excluded every schedule that costs less than {bound}, "
        f"and ended before it reached {proven.total_latency}."
    )


def test_a_budget_decides_which_method_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five requests go to the search; if the budget admits none to it, to the integer programme."""

    def must_not_be_called(*_: object, **__: object) -> None:
        raise AssertionError

    instance = synthetic_instance(5, 4)
    monkeypatch.setattr("oracle.portfolio.search", must_not_be_called)
    with pytest.raises(AssertionError):
        optimum(instance, 30.0)
    best = optimum(instance, 30.0, budget=Budget(searched=0))
    assert (best.proven, best.evidence) == (True, "solver")


@pytest.mark.parametrize(
    "wrong", [{"pricing": 1.5}, {"searched": -1}, {"cutting": -0.1}, {"first_look": float("nan")}]
)
def test_a_budget_with_a_negative_number_or_too_large_a_share_is_refused(
    wrong: dict[str, float],
) -> None:
    with pytest.raises(InvalidValue, match=f"^budget: {next(iter(wrong))} is "):
        replace(DEFAULT_BUDGET, **wrong)  # type: ignore[arg-type]  # fields of several types

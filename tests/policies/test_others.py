"""The other policies of the specification's section 4: naive models, examples and theorems."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

import pytest
from hypothesis import event, given, target
from hypothesis import strategies as st

from amin_ref import (
    AlphaBetaClearing,
    AlphaGreedy,
    Amin,
    AminByVolume,
    ClairvoyantPolicy,
    DoublingBudgets,
    FirstComeFirstServed,
    HindsightShortestFirst,
    Instance,
    InvalidValue,
    MCBenchmark,
    Policy,
    Request,
    RequestId,
    Run,
    Schedule,
    ShortestPredictedFirst,
    SmallestVolumeFirst,
    TieBreak,
    check,
    simulate,
)
from amin_ref.policies.smallest_volume import Check
from amin_ref.strategies import instances, tie_breaks
from tests.models.naive import (
    NaiveAlphaBeta,
    NaiveAlphaGreedy,
    NaiveAminByVolume,
    NaiveDoubling,
    NaiveMCBenchmark,
    NaiveScheduler,
    NaiveShortestPredicted,
    NaiveSmallestVolume,
    NaiveSmallestVolumeByPeaks,
    held,
    naive_schedule,
)
from tests.models.observation import ranks_of
from tests.support.profiles import times

MakePolicy = Callable[[TieBreak], Policy | ClairvoyantPolicy]
MakeNaive = Callable[[int, int], NaiveScheduler]


def by_peaks(ties: TieBreak) -> SmallestVolumeFirst:
    return SmallestVolumeFirst(ties, check="peak")


MODELS: dict[str, tuple[MakePolicy, MakeNaive]] = {
    "svf": (SmallestVolumeFirst, NaiveSmallestVolume),
    "svf, peak check": (by_peaks, NaiveSmallestVolumeByPeaks),
    "amin-by-volume": (AminByVolume, NaiveAminByVolume),
    "sjf": (ShortestPredictedFirst, NaiveShortestPredicted),
    "doubling": (DoublingBudgets, NaiveDoubling),
    "mc-benchmark": (MCBenchmark, NaiveMCBenchmark),
    "alpha-greedy": (AlphaGreedy, NaiveAlphaGreedy),
    "alpha-beta": (AlphaBetaClearing, NaiveAlphaBeta),
}


@pytest.mark.theorem("T7")
@pytest.mark.parametrize("name", MODELS)
@times(2)
@given(data=st.data(), instance=instances(predictions=("lowest", "interval")))
def test_a_policy_agrees_with_its_naive_model(
    name: str, data: st.DataObject, instance: Instance
) -> None:
    """T7: section 4 of the specification, worked out from scratch in every round: the same runs."""
    make, make_naive = MODELS[name]
    ties = data.draw(tie_breaks(instance))
    schedule = simulate(instance, make(ties))
    target(float(schedule.evictions), label="evictions")
    event("evictions: " + ("none" if not schedule.evictions else "some"))
    naive = make_naive(instance.capacity, instance.block_size)
    assert schedule == naive_schedule(instance, naive, ranks_of(instance, ties))


def equal_prompts(instance: Instance) -> Instance:
    """The instance with every prompt as short as its shortest."""
    shortest = min(request.prompt_len for request in instance.requests)
    requests = tuple(
        Request(i.id, shortest, i.output_len, i.lower, i.upper, i.arrival)
        for i in instance.requests
    )
    return Instance(instance.capacity, requests, instance.block_size)


# Volume


@given(st.data(), instances(predictions=("lowest", "interval")))
def test_with_equal_prompts_the_order_of_volume_is_that_of_length(
    data: st.DataObject, instance: Instance
) -> None:
    """SVF makes the schedules of H-SF, and Amin by volume those of Amin."""
    equal = equal_prompts(instance)
    ties = data.draw(tie_breaks(instance))
    for by_volume, by_length in (
        (SmallestVolumeFirst(ties), HindsightShortestFirst(ties)),
        (AminByVolume(ties), Amin(ties)),
    ):
        assert simulate(equal, by_volume) == simulate(equal, by_length)


@given(st.data(), instances(predictions=("exact",)))
def test_with_exact_predictions_amin_by_volume_is_svf(
    data: st.DataObject, instance: Instance
) -> None:
    """No request outlives its bound, so none is evicted, as in T4 for Amin and H-SF."""
    ties = data.draw(tie_breaks(instance))
    assert simulate(instance, AminByVolume(ties)) == simulate(instance, SmallestVolumeFirst(ties))


def test_svf_starts_the_smallest_volume_and_h_sf_the_shortest_output() -> None:
    """A long prompt waits for a short one with the longer output: volumes 8 + 9 = 17 and 9."""
    instance = Instance.from_lengths([(7, 2), (1, 3)], capacity=9)
    assert simulate(instance, HindsightShortestFirst()).completions == {0: 2, 1: 5}
    assert simulate(instance, SmallestVolumeFirst()).completions == {0: 5, 1: 3}
    assert simulate(instance, AminByVolume()).completions == {0: 5, 1: 3}


def test_the_peak_check_admits_fewer_requests() -> None:
    """Peaks 3 + 5 exceed M = 7, but the first request completes before the second's peak."""
    instance = Instance.from_lengths([(1, 2), (1, 4)], capacity=7)
    assert simulate(instance, SmallestVolumeFirst()).completions == {0: 2, 1: 4}
    assert simulate(instance, SmallestVolumeFirst(check="peak")).completions == {0: 2, 1: 6}


@pytest.mark.parametrize("check", ["both", "", None])
def test_a_check_that_does_not_exist_is_refused(check: Check) -> None:
    with pytest.raises(InvalidValue, match=r"svf: check .* it must be 'forward' or 'peak'"):
        SmallestVolumeFirst(check=check)


# SJF


@given(st.data(), instances(predictions=("lowest", "interval"), max_arrival=0))
def test_with_one_bound_for_all_sjf_is_fcfs(data: st.DataObject, instance: Instance) -> None:
    """With equal arrivals and equal ℓ, both policies order the queue by rank alone."""
    requests = tuple(
        Request(i.id, i.prompt_len, i.output_len, 1, i.upper) for i in instance.requests
    )
    same = Instance(instance.capacity, requests, instance.block_size)
    ties = data.draw(tie_breaks(instance))
    assert simulate(same, ShortestPredictedFirst(ties)) == simulate(
        same, FirstComeFirstServed(ties)
    )


# Doubling budgets


@times(2)
@given(st.data(), instances(predictions=("lowest", "interval")))
def test_a_run_is_evicted_when_its_budget_is_used_up(
    data: st.DataObject, instance: Instance
) -> None:
    """Evicted runs have length min(2^r·ℓ_min, what fits), each at least twice the one before."""
    schedule = simulate(instance, DoublingBudgets(data.draw(tie_breaks(instance))))
    target(float(schedule.evictions), label="evictions")
    lowers = {request.lower for request in instance.requests}
    budgets = {lower << phase for lower in lowers for phase in range(8)}
    last: dict[RequestId, int] = {}
    for run in sorted(schedule.runs, key=lambda run: run.start):
        if run.outcome == "evicted":
            assert run.length in budgets
            assert run.length >= 2 * last.get(run.request, 0)
            last[run.request] = run.length
        else:
            assert run.length > last.get(run.request, 0)


@given(st.data(), instances(predictions=("lowest", "interval"), max_arrival=0))
def test_phases_follow_each_other(data: st.DataObject, instance: Instance) -> None:
    """All at once: in order of start, the r-th runs of all requests precede every (r + 1)-th."""
    schedule = simulate(instance, DoublingBudgets(data.draw(tie_breaks(instance))))
    runs = sorted(schedule.runs, key=lambda run: run.start)
    phases: dict[int, list[tuple[int, int]]] = {}
    seen: dict[RequestId, int] = {}
    for run in runs:
        phase = seen[run.request] = seen.get(run.request, -1) + 1
        phases.setdefault(phase, []).append((run.start, run.stop))
    event(f"phases: {len(phases)}")
    for phase in range(1, len(phases)):
        ends = max(stop for _, stop in phases[phase - 1])
        assert min(start for start, _ in phases[phase]) >= ends


def test_an_evicted_request_waits_for_one_round() -> None:
    """One request with ℓ = 1 and o = 4: budgets 1, 2 and 4, and a round between two runs."""
    instance = Instance(5, (Request("a", 1, 4),))
    runs = simulate(instance, DoublingBudgets()).runs
    assert [(run.start, run.stop) for run in runs] == [(0, 1), (2, 4), (5, 9)]


def test_an_arrival_joins_the_current_phase() -> None:
    """b arrives while a runs with budget 2, and gets that budget, though its ℓ is 1."""
    instance = Instance(9, (Request("a", 1, 4), Request("b", 1, 2, arrival=3)))
    runs = {
        (run.request, run.start, run.stop, run.outcome)
        for run in simulate(instance, DoublingBudgets()).runs
    }
    assert ("b", 3, 5, "completed") in runs
    assert ("a", 2, 4, "evicted") in runs


def test_the_first_budget_is_the_smallest_bound_of_those_that_begin_the_phase() -> None:
    """After an idle time phase 0 begins again, and bounds of completed requests do not count."""
    early, late = Request("a", 1, 1), Request("b", 1, 5, lower=3, arrival=10)
    runs = simulate(Instance(9, (early, late)), DoublingBudgets()).runs
    assert [(run.start, run.stop) for run in runs] == [(0, 1), (10, 13), (14, 19)]


# Jaillet et al.


@times(2)
@given(
    data=st.data(),
    instance=instances(predictions=("lowest", "interval")),
    percent=st.integers(1, 99),
    of_ten=st.integers(1, 10),
    seed=st.integers(0, 9),
)
def test_clearing_agrees_with_its_naive_model_for_all_shares(
    data: st.DataObject, instance: Instance, percent: int, of_ten: int, seed: int
) -> None:
    """α in whole percent, so that (1 - α)·M is often an integer: decimals must not be rounded."""
    ties = data.draw(tie_breaks(instance))
    alpha, beta, kept_free = percent / 100, of_ten / 10, Fraction(percent, 100)
    size = instance.capacity, instance.block_size
    for policy, naive in (
        (AlphaGreedy(ties, alpha=alpha), NaiveAlphaGreedy(*size, kept_free)),
        (
            AlphaBetaClearing(ties, alpha=alpha, beta=beta, seed=seed),
            NaiveAlphaBeta(*size, kept_free, beta, seed),
        ),
    ):
        schedule = simulate(instance, policy)
        target(float(schedule.evictions), label=f"evictions of {type(policy).__name__}")
        assert schedule == naive_schedule(instance, naive, ranks_of(instance, ties))


@given(st.data(), instances(max_output_len=6))
def test_alpha_beta_clearing_with_probability_1_is_alpha_greedy(
    data: st.DataObject, instance: Instance
) -> None:
    """With β = 1, α-β-clearing is α-protection greedy."""
    ties = data.draw(tie_breaks(instance))
    assert simulate(instance, AlphaBetaClearing(ties, alpha=0.25, beta=1.0)) == simulate(
        instance, AlphaGreedy(ties)
    )


@given(st.data(), instances(max_arrival=0))
def test_mc_benchmark_takes_the_order_of_ties_when_all_arrive_at_once(
    data: st.DataObject, instance: Instance
) -> None:
    """Requests start in order of rank; H-SF would start the shortest first."""
    ties = data.draw(tie_breaks(instance))
    ranks = ranks_of(instance, ties)
    schedule = simulate(instance, MCBenchmark(ties))
    starts = {run.request: run.start for run in schedule.runs}
    in_order = [starts[i] for i in sorted(ranks, key=lambda i: ranks[i])]
    assert in_order == sorted(in_order)
    assert schedule.evictions == 0


def test_an_overflow_evicts_all_and_admits_the_first_at_once() -> None:
    """M = 10 and α = 0.4: a request is admitted while at most 6 tokens are occupied.

    a and b hold 5 tokens each in round 3, so they overflow in round 4 and begin again at once. c
    completed before, but no request does until they overflow in round 8: the limit becomes 3, which
    still admits b beside a (2 tokens). In round 12 it becomes 1.5, and b waits for a to complete.
    """
    requests = (Request("a", 1, 6), Request("b", 1, 6), Request("c", 1, 1))
    runs = simulate(Instance(10, requests), AlphaGreedy(alpha=0.4)).runs
    assert {(run.request, run.start, run.stop, run.outcome) for run in runs} == {
        ("c", 0, 1, "completed"),
        *((name, start, start + 4, "evicted") for name in "ab" for start in (0, 4, 8)),
        ("a", 12, 18, "completed"),
        ("b", 18, 24, "completed"),
    }


@pytest.mark.parametrize("alpha", [0, 1, -0.1, 1.5, float("nan")])
def test_an_alpha_out_of_its_range_is_refused(alpha: float) -> None:
    for policy in (AlphaGreedy, AlphaBetaClearing):
        with pytest.raises(InvalidValue, match=r"alpha .* it must be between 0 and 1"):
            policy(alpha=alpha)


@pytest.mark.parametrize("beta", [0, -0.1, 1.5, float("nan")])
def test_a_beta_out_of_its_range_is_refused(beta: float) -> None:
    with pytest.raises(InvalidValue, match=r"beta .* it must be above 0 and at most 1"):
        AlphaBetaClearing(beta=beta)


# Ratios


def peaks(instance: Instance) -> dict[RequestId, int]:
    """What each request holds in the last round of its run; tokens."""
    return {i.id: held(i.prompt_len, i.output_len, instance.block_size) for i in instance.requests}


def volumes(instance: Instance) -> dict[RequestId, int]:
    """Token·rounds of each request's run."""
    return {
        i.id: sum(
            held(i.prompt_len, tokens, instance.block_size) for tokens in range(1, i.output_len + 1)
        )
        for i in instance.requests
    }


@pytest.mark.theorem("T20")
@pytest.mark.parametrize("check", ["forward", "peak"])
@times(2)
@given(data=st.data(), instance=instances(max_arrival=0))
def test_svf_is_within_its_authors_bound(
    check: Check, data: st.DataObject, instance: Instance
) -> None:
    """T20. With all at once: ≤ 1 + 2/(1 - α_M) times the bound Σ_j max(o, ⌈Σ_{i≤j} vol/M⌉) on OPT.

    Also request by request: (M - P)·wait_j ≤ Σ_{i before j} P_i·o_i, with P the largest peak.
    """
    ties = data.draw(tie_breaks(instance))
    schedule = simulate(instance, SmallestVolumeFirst(ties, check=check))
    peak, volume, ranks = peaks(instance), volumes(instance), ranks_of(instance, ties)
    output = {request.id: request.output_len for request in instance.requests}
    free = instance.capacity - max(peak.values())
    ahead = 0
    for i in sorted(volume, key=lambda i: (volume[i], ranks[i])):
        assert free * (schedule.completions[i] - output[i]) <= ahead
        ahead += peak[i] * output[i]
    if free:
        total = sum(volume.values())
        in_order = sorted(volume.values())
        least = Fraction(
            sum((len(in_order) - k) * v for k, v in enumerate(in_order)), instance.capacity
        )
        waits = schedule.total_latency - sum(output.values())
        assert waits <= Fraction(2 * instance.capacity, free) * (
            least - Fraction(total, instance.capacity)
        )
        target(float(waits), label="wait")


@pytest.mark.theorem("T20")
@pytest.mark.parametrize("kind", ["forward", "peak"])
@pytest.mark.parametrize("rounds", [1, 2, 3, 5])
def test_the_order_of_svfs_bound_is_right(kind: Check, rounds: int) -> None:
    """Long and wide requests of equal volume alternate: the ratio comes to (x + 1)/2 at least."""
    count, prompt = 4 * rounds, rounds * (rounds + 1) // 2
    widest = (rounds + 1) * prompt - 1
    instance = Instance.from_lengths(
        [(prompt, rounds), (widest, 1)] * count, capacity=(rounds + 2) * prompt
    )
    svf = simulate(instance, SmallestVolumeFirst(check=kind))
    assert svf.total_latency == (rounds + 1) * count**2 + rounds * count
    other = completing(
        instance,
        [
            place // 2 if place % 2 else count + place // 2 // rounds * rounds
            for place in range(2 * count)
        ],
    )
    assert check(other) == ()
    assert other.total_latency == 2 * count**2 + count * (rounds + 1) // 2


@pytest.mark.theorem("T20")
@pytest.mark.parametrize("kind", ["forward", "peak"])
def test_svfs_bound_does_not_hold_with_arrivals(kind: Check) -> None:
    """α_M = 3/4, so the bound would be 9: a long request starts before 14 short ones arrive."""
    short = 14
    longest = short**2
    instance = Instance.from_lengths(
        [(2 * longest, longest), *[(2 * longest, 1)] * short],
        capacity=4 * longest,
        arrivals=[0, *[1] * short],
    )
    svf = simulate(instance, SmallestVolumeFirst(check=kind))
    other = completing(instance, [short + 1, *range(1, short + 1)])
    assert check(other) == ()
    assert svf.total_latency == 3031
    assert other.total_latency == 316
    assert max(peaks(instance).values()) == Fraction(3, 4) * instance.capacity
    assert svf.total_latency > 9 * other.total_latency


def completing(instance: Instance, starts: Sequence[int]) -> Schedule:
    """The schedule in which each request starts once, in its place's round."""
    return Schedule(
        instance,
        [
            Run(request.id, start, start + request.output_len, "completed")
            for request, start in zip(instance.requests, starts, strict=True)
        ],
    )

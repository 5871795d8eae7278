"""Changes of an instance that must not change the runs, or must change them in a known way.

These tests need no right schedule to compare with, so they cannot share a mistake with the naive
models.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from amin_ref import (
    AlphaBetaClearing,
    AlphaGreedy,
    Amax,
    Amin,
    ByPosition,
    ClairvoyantPolicy,
    Decision,
    DoublingBudgets,
    FirstComeFirstServed,
    HindsightShortestFirst,
    Instance,
    Policy,
    Ranking,
    Request,
    RequestId,
    Run,
    Schedule,
    Shuffled,
    TieBreak,
    VisibleRequest,
    check,
    simulate,
)
from amin_ref.policies.names import POLICIES
from amin_ref.strategies import (
    blind_policies,
    instances,
    policies,
    rankings,
    schedules,
    tie_breaks,
)
from tests.models.naive import held
from tests.models.observation import ranks_of
from tests.support.profiles import times

Kind = Callable[[TieBreak], Policy | ClairvoyantPolicy]
KINDS: tuple[Kind, ...] = tuple(policy.make for policy in POLICIES.values())
NAMES: tuple[RequestId, ...] = ("b", "a", "10", 10, 9, 0, -1, "é", " ", "a\nb", 2**53 - 1)


def with_requests(instance: Instance, change: Callable[[Request], Request]) -> Instance:
    return replace(instance, requests=tuple(map(change, instance.requests)))


def shifted(runs: Sequence[Run], rounds: int) -> tuple[Run, ...]:
    return tuple(replace(run, start=run.start + rounds, stop=run.stop + rounds) for run in runs)


# Names, places and ranks


@given(st.data(), instances())
def test_the_names_of_requests_have_no_effect(data: st.DataObject, instance: Instance) -> None:
    """Renaming the requests renames the runs."""
    names = data.draw(st.permutations(NAMES))
    name = {request.id: new for request, new in zip(instance.requests, names, strict=False)}
    renamed = with_requests(instance, lambda request: replace(request, id=name[request.id]))
    kind = data.draw(st.sampled_from(KINDS))
    ties = data.draw(tie_breaks(instance))
    renamed_ties = Ranking(tuple(name[i] for i in ties.ids)) if isinstance(ties, Ranking) else ties
    runs = simulate(instance, kind(ties)).runs
    assert simulate(renamed, kind(renamed_ties)).runs == tuple(
        replace(run, request=name[run.request]) for run in runs
    )


@given(st.data(), instances())
def test_the_order_in_the_instance_has_no_effect_when_ties_are_ranked(
    data: st.DataObject, instance: Instance
) -> None:
    """With an explicit ranking, the order of the requests in the instance has no effect."""
    permuted = replace(instance, requests=tuple(data.draw(st.permutations(instance.requests))))
    kind = data.draw(st.sampled_from(KINDS))
    ties = data.draw(rankings(instance))
    assert set(simulate(instance, kind(ties)).runs) == set(simulate(permuted, kind(ties)).runs)


@given(st.data(), instances())
def test_every_tie_break_is_equivalent_to_a_ranking(
    data: st.DataObject, instance: Instance
) -> None:
    """Each tie-break gives the runs of the ranking that sorts the requests by its ranks."""
    kind = data.draw(st.sampled_from(KINDS))
    ties = data.draw(st.just(ByPosition()) | st.integers(0, 9).map(Shuffled))
    ranks = ranks_of(instance, ties)
    ranking = Ranking(tuple(sorted(ranks, key=lambda request: ranks[request])))
    assert simulate(instance, kind(ties)) == simulate(instance, kind(ranking))


@given(st.data(), instances(min_requests=2))
def test_equal_requests_swap_their_runs_with_their_ranks(
    data: st.DataObject, instance: Instance
) -> None:
    """Two requests that differ in name only swap their runs when they swap ranks."""
    first, second = instance.requests[0].id, instance.requests[1].id
    twins = with_requests(
        instance,
        lambda request: (
            replace(instance.requests[0], id=second) if request.id == second else request
        ),
    )
    swap: dict[RequestId, RequestId] = {first: second, second: first}
    ranking = data.draw(rankings(instance))
    swapped = Ranking(tuple(swap.get(request, request) for request in ranking.ids))
    kind = data.draw(st.sampled_from(KINDS))
    assert set(simulate(twins, kind(swapped)).runs) == {
        replace(run, request=swap.get(run.request, run.request))
        for run in simulate(twins, kind(ranking)).runs
    }


# Time


@given(st.data(), instances(), st.integers(0, 10**6))
def test_a_shift_of_all_arrivals_shifts_all_runs(
    data: st.DataObject, instance: Instance, rounds: int
) -> None:
    """If every request arrives k rounds later, every run starts and stops k rounds later."""
    later = with_requests(
        instance, lambda request: replace(request, arrival=request.arrival + rounds)
    )
    policy = data.draw(policies(instance))
    assert simulate(later, policy).runs == shifted(simulate(instance, policy).runs, rounds)


@pytest.mark.parametrize("kind", KINDS)
def test_every_first_round_gives_the_same_runs(kind: Kind) -> None:
    """Policies copy their plan to a longer array in some rounds: this must not change the runs."""
    requests = tuple(Request(i, 1 + i % 2, 2 + i, lower=2, arrival=i // 3) for i in range(4))
    instance = Instance(9, requests)
    runs = simulate(instance, kind(ByPosition())).runs
    for rounds in range(300):
        later = tuple(replace(r, arrival=r.arrival + rounds) for r in requests)
        assert simulate(Instance(9, later), kind(ByPosition())).runs == shifted(runs, rounds)


@given(st.data(), instances(), instances(), st.integers(0, 200))
def test_a_second_instance_after_the_first_is_scheduled_as_if_alone(
    data: st.DataObject, instance: Instance, following: Instance, pause: int
) -> None:
    """A second instance, arriving when the first is done, is scheduled as if it were alone.

    α-β-clearing is left out: its random numbers continue from the first instance.
    """
    kind = data.draw(st.sampled_from([kind for kind in KINDS if kind is not AlphaBetaClearing]))
    capacity = max(instance.capacity, following.capacity)
    block_size = instance.block_size
    assume(all(_fits_alone(request, capacity, block_size) for request in following.requests))
    alone = replace(instance, capacity=capacity)
    schedule = simulate(alone, kind(ByPosition()))
    moved = Instance(
        capacity,
        tuple(
            replace(
                request,
                id=f"then {request.id}",
                arrival=request.arrival + schedule.makespan + pause,
            )
            for request in following.requests
        ),
        block_size,
    )
    both = Instance(capacity, alone.requests + moved.requests, block_size)
    of_moved = simulate(moved, kind(ByPosition()))
    assert simulate(both, kind(ByPosition())).runs == schedule.runs + of_moved.runs


def _fits_alone(request: Request, capacity: int, block_size: int) -> bool:
    return held(request.prompt_len, request.output_len, block_size) <= capacity


# Predictions


@pytest.mark.theorem("T5")
@given(st.data(), instances(predictions=("interval",)))
def test_each_policy_reads_only_its_own_prediction(data: st.DataObject, instance: Instance) -> None:
    """T5: Amin reads ℓ alone, Amax u alone, FCFS and H-SF neither."""
    ties = data.draw(tie_breaks(instance))
    other_upper = with_requests(
        instance,
        lambda request: replace(
            request,
            upper=data.draw(st.none() | st.integers(request.output_len, 3 * instance.capacity)),
        ),
    )
    other_lower = with_requests(
        instance,
        lambda request: replace(request, lower=data.draw(st.integers(1, request.output_len))),
    )
    assert simulate(instance, Amin(ties)).runs == simulate(other_upper, Amin(ties)).runs
    assert simulate(instance, Amax(ties)).runs == simulate(other_lower, Amax(ties)).runs
    for kind in (FirstComeFirstServed, HindsightShortestFirst):
        runs = simulate(instance, kind(ties)).runs
        assert runs == simulate(other_upper, kind(ties)).runs
        assert runs == simulate(other_lower, kind(ties)).runs


@pytest.mark.theorem("T4")
@given(st.data(), instances(predictions=("exact",)))
def test_with_exact_predictions_amax_equals_h_sf(data: st.DataObject, instance: Instance) -> None:
    """T4: with ℓ = o = u, Amin, Amax and H-SF are one policy."""
    ties = data.draw(tie_breaks(instance))
    hindsight = simulate(instance, HindsightShortestFirst(ties))
    assert simulate(instance, Amin(ties)) == hindsight
    assert simulate(instance, Amax(ties)) == hindsight


# The cache


@given(st.data(), instances())
def test_tokens_of_the_cache_beyond_whole_blocks_have_no_effect(
    data: st.DataObject, instance: Instance
) -> None:
    """Tokens of M that are less than a block have no effect."""
    policy = data.draw(policies(instance))
    blocks = instance.capacity // instance.block_size
    rest = data.draw(st.integers(0, instance.block_size - 1))
    event("blocks of one token" if instance.block_size == 1 else "larger blocks")
    same = replace(instance, capacity=blocks * instance.block_size + rest)
    assert simulate(same, policy).runs == simulate(instance, policy).runs


@given(st.data(), instances(block_sizes=(4, 16), max_output_len=6), st.integers(2, 5))
def test_scaling_prompts_blocks_and_cache_together_keeps_the_runs(
    data: st.DataObject, instance: Instance, factor: int
) -> None:
    """s, B and M times c: the same runs, if each output fits into one block.

    For longer outputs it is false: a round still generates one token, so that a larger block takes
    longer to fill.
    """
    block_size = instance.block_size
    in_the_last_block = with_requests(
        instance,
        # A prompt of whole blocks, or of one token, and an output that fits into one more block.
        lambda request: replace(
            request,
            prompt_len=max(1, request.prompt_len // block_size * block_size),
            output_len=min(request.output_len, block_size - 1),
            lower=min(request.lower, block_size - 1),
        ),
    )
    scaled = Instance(
        instance.capacity * factor,
        tuple(
            replace(request, prompt_len=request.prompt_len * factor)
            for request in in_the_last_block.requests
        ),
        block_size * factor,
    )
    ties = data.draw(tie_breaks(instance))
    for kind in (Amin, HindsightShortestFirst, FirstComeFirstServed):
        assert simulate(scaled, kind(ties)).runs == simulate(in_the_last_block, kind(ties)).runs


@given(st.data(), instances(), st.integers(0, 10**9))
def test_in_a_cache_that_holds_all_requests_none_waits(
    data: st.DataObject, instance: Instance, more: int
) -> None:
    """If all requests fit at once, at their assumed lengths, each runs from its arrival on.

    Doubling budgets are left out, which evict when a budget is used up, and α-greedy and
    α-β-clearing, which keep a share of the cache free.
    """
    ample = replace(
        instance,
        capacity=more
        + sum(
            held(
                request.prompt_len, max(request.output_len, request.upper or 0), instance.block_size
            )
            for request in instance.requests
        ),
        requests=tuple(
            replace(request, upper=request.upper or request.output_len)
            for request in instance.requests
        ),
    )
    policy = data.draw(policies(instance).filter(uses_the_whole_cache))
    assert set(simulate(ample, policy).runs) == {
        Run(request.id, request.arrival, request.arrival + request.output_len, "completed")
        for request in ample.requests
    }


def uses_the_whole_cache(policy: Policy | ClairvoyantPolicy) -> bool:
    return not isinstance(policy, DoublingBudgets | AlphaGreedy)


@given(st.data(), schedules())
def test_a_valid_schedule_stays_valid_when_rules_are_eased(
    data: st.DataObject, schedule: Schedule
) -> None:
    """A larger cache, smaller blocks that divide B, shorter prompts, earlier arrivals."""
    instance = schedule.instance
    divisors = [size for size in (1, 2, 4, 8, 16) if instance.block_size % size == 0]
    eased = Instance(
        instance.capacity + data.draw(st.integers(0, 9)),
        tuple(
            replace(
                request,
                prompt_len=data.draw(st.integers(1, request.prompt_len)),
                arrival=data.draw(st.integers(0, request.arrival)),
            )
            for request in instance.requests
        ),
        data.draw(st.sampled_from(divisors)),
    )
    assert check(Schedule(eased, schedule.runs)) == ()


# The machine


class Scrambled(Policy):
    """A policy whose decisions name their requests in random order."""

    def __init__(self, policy: Policy, seed: int) -> None:
        self.policy = policy
        self.random = random.Random(seed)

    def begin(self, capacity: int, block_size: int) -> None:
        self.policy.begin(capacity, block_size)

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        decision = self.policy.decide(now, arrived, completed)
        return Decision(
            tuple(self.random.sample(decision.evict, len(decision.evict))),
            tuple(self.random.sample(decision.admit, len(decision.admit))),
        )


@given(st.data(), instances(), st.integers(0, 99))
def test_the_order_within_a_decision_has_no_effect(
    data: st.DataObject, instance: Instance, seed: int
) -> None:
    """Evictions and admissions of one round happen at once."""
    policy = data.draw(blind_policies(instance))
    assert simulate(instance, policy) == simulate(instance, Scrambled(policy, seed))


@times(0.5)
@given(st.data(), instances(), instances())
def test_a_policy_object_schedules_a_second_instance_like_a_new_one(
    data: st.DataObject, instance: Instance, other: Instance
) -> None:
    """``begin`` resets the state of a policy."""
    kind = data.draw(st.sampled_from(KINDS))
    ties: TieBreak = data.draw(st.just(ByPosition()) | st.integers(0, 9).map(Shuffled))
    used: Policy | ClairvoyantPolicy = kind(ties)
    simulate(other, used)
    assert simulate(instance, used) == simulate(instance, kind(ties))

"""Theorems T1 to T9 of the specification, section 6, as properties of the policies they name.

Instances, tie-breaks and policies are drawn by :mod:`amin_ref.strategies`: unequal prompts, blocks
of 1 to 16 tokens, arrivals, ties broken by position, by a shuffle and by explicit rankings.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import event, given, note, target
from hypothesis import strategies as st

from amin_ref import (
    AlphaGreedy,
    Amax,
    Amin,
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
    RevealedRequest,
    Schedule,
    TieBreak,
    VisibleRequest,
    check,
    simulate,
)
from amin_ref.strategies import blind_policies, instances, policies, tie_breaks
from tests.models.naive import NaiveAmin, held, longest_output, naive_occupancy
from tests.models.observation import Observed, RoundState, ranks_of, record, round_states
from tests.support.profiles import times

FourPolicies = Amin | Amax | HindsightShortestFirst | FirstComeFirstServed
MakeFour = Callable[[TieBreak], FourPolicies]

THE_FOUR: tuple[MakeFour, ...] = (Amin, Amax, HindsightShortestFirst, FirstComeFirstServed)
"""The policies that the theorems are about; T1, T2 and T5 are tested for every policy."""


def four_policies(
    instance: Instance, makers: Sequence[MakeFour] = THE_FOUR
) -> st.SearchStrategy[FourPolicies]:
    """One of the four policies, with any tie-break."""
    return st.builds(lambda make, ties: make(ties), st.sampled_from(makers), tie_breaks(instance))


def seek_evictions(schedule: Schedule) -> None:
    """Direct Hypothesis to instances with evictions, and count how often it finds one."""
    target(float(schedule.evictions), label="evictions")
    event("evictions: " + ("none" if not schedule.evictions else "some"))


@pytest.mark.theorem("T1")
@given(st.data(), instances())
def test_no_round_ever_holds_more_than_the_cache(data: st.DataObject, instance: Instance) -> None:
    """T1, memory safety: in every round, what is held is at most M, in whole blocks."""
    schedule = simulate(instance, data.draw(policies(instance)))
    seek_evictions(schedule)
    assert max(naive_occupancy(schedule)) <= instance.capacity
    assert check(schedule) == ()


@pytest.mark.theorem("T2")
@given(st.data(), instances())
def test_every_request_completes_exactly_once(data: st.DataObject, instance: Instance) -> None:
    """T2, termination: one completed run of length o each, after finitely many rounds.

    Finitely many, in numbers, after the last arrival. With n requests and O = Σ o: at most O where
    the request that has run for longest is never evicted, and at most n·O for Amin. At most 4·O
    with doubling budgets: a request runs in less than 3·o rounds, and after each of its at most
    ⌈log₂ o⌉ < o evictions one round may be empty. With α-greedy and α-β-clearing, at most max o
    rounds lie between two events, n of which are completions; the other overflows are at most n
    after a completion, 1 + log₂ M that halve the limit to less than a token, and n after that.
    """
    policy = data.draw(policies(instance))
    schedule = simulate(instance, policy)
    completed = [run for run in schedule.runs if run.outcome == "completed"]
    assert Counter((run.request, run.length) for run in completed) == {
        (request.id, request.output_len): 1 for request in instance.requests
    }
    tokens = sum(request.output_len for request in instance.requests)
    last_arrival = max(request.arrival for request in instance.requests)
    target((schedule.makespan - last_arrival) / tokens, label="rounds for each token")
    assert schedule.makespan <= last_arrival + most_rounds(policy, instance, tokens)


def most_rounds(policy: Policy | ClairvoyantPolicy, instance: Instance, tokens: int) -> int:
    """Rounds after the last arrival by which all requests have completed; see above."""
    if isinstance(policy, Amin):
        return len(instance.requests) * tokens
    if isinstance(policy, DoublingBudgets):
        return 4 * tokens
    if isinstance(policy, AlphaGreedy):
        events = 3 * len(instance.requests) + instance.capacity.bit_length()
        return events * max(request.output_len for request in instance.requests)
    return tokens


class WatchedAmin(Policy):
    """Amin, with a record of its working lower bounds ℓ̃ after every round."""

    def __init__(self, amin: Amin) -> None:
        self.amin = amin
        self.bounds: list[dict[RequestId, int]] = []

    def begin(self, capacity: int, block_size: int) -> None:
        self.bounds = []
        self.amin.begin(capacity, block_size)

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        decision = self.amin.decide(now, arrived, completed)
        self.bounds.append(self.amin.lower_bounds)
        return decision


@pytest.mark.theorem("T2")
def test_a_rank_that_changes_can_keep_amin_from_ever_ending() -> None:
    """T2 needs ranks that do not change. Here evicted requests go to the end of a queue.

    The request that has been in the queue for longest is evicted first: of three that tie, always
    the one that lacks a single token. The same state comes back, so this goes on for ever.
    """
    requests = tuple(
        Request(name, prompt_len=1, output_len=3, lower=2, arrival=arrival)
        for arrival, name in enumerate("abc")
    )
    instance = Instance(6, requests)
    queued = NaiveAmin(instance.capacity, instance.block_size)
    seen = []
    for now in range(14):
        if now < len(requests):
            queued.arrive(requests[now], rank=now)
        evicted, _ = queued.decide()
        for request in evicted:
            queued.known[request].rank = now + 0.5  # behind requests that arrive now
        queued.generate()
        assert all(tokens < 3 for tokens in queued.generated.values())  # none ever completes
        in_order = queued.in_order(queued.known)
        bounds = [queued.known[i].assumed for i in in_order]
        seen.append((in_order, bounds, dict(queued.generated), set(queued.waiting)))
    assert seen[3:6] == seen[6:9] == seen[9:12]

    for order in permutations("abc"):  # under each fixed ranking, Amin ends
        assert simulate(instance, Amin(Ranking(order))).makespan < 14


@pytest.mark.theorem("T3")
@given(st.data(), instances(predictions=("lowest", "interval")))
def test_the_working_bound_never_falls_and_stays_true(
    data: st.DataObject, instance: Instance
) -> None:
    """T3: ℓ ≤ ℓ̃ ≤ o in every round, and ℓ̃ never decreases; eviction does not reset it.

    More exactly ℓ̃ ≤ max(ℓ, o − 1), and ℓ̃ rises by one at a time.
    """
    watched = WatchedAmin(Amin(data.draw(tie_breaks(instance))))
    schedule, rounds = record(instance, watched)
    seek_evictions(schedule)
    last = {request.id: request.lower for request in instance.requests}
    for bounds, state in zip(watched.bounds, round_states(rounds), strict=True):
        assert bounds.keys() == state.running.keys() | state.waiting
        for request, bound in bounds.items():
            known = instance.by_id[request]
            assert last[request] <= bound <= max(known.lower, known.output_len - 1)
            assert bound <= last[request] + 1
            assert bound == state.refined[request]
        last |= bounds


@pytest.mark.theorem("T4")
@given(st.data(), instances(predictions=("lowest", "interval")))
def test_no_request_is_evicted_unless_one_outlives_its_bound(
    data: st.DataObject, instance: Instance
) -> None:
    """T4, first half: whenever a request is evicted, one that has ℓ̃ tokens and goes on still runs.

    It is the evicted one itself, or one behind it in ≺.
    """
    ties = data.draw(tie_breaks(instance))
    ranks = ranks_of(instance, ties)
    schedule, rounds = record(instance, Amin(ties))
    seek_evictions(schedule)
    for state in round_states(rounds):
        outliving = {i for i, tokens in state.running.items() if tokens >= state.bounds[i]}
        for evicted in state.decision.evict:
            place = state.refined[evicted], ranks[evicted]
            assert any((state.refined[i], ranks[i]) >= place for i in outliving)


@pytest.mark.theorem("T4")
@given(st.data(), instances(predictions=("exact", "interval")))
def test_with_exact_bounds_amin_is_hindsight(data: st.DataObject, instance: Instance) -> None:
    """T4, second half: with ℓ = o, Amin never evicts and makes H-SF's decisions, run for run."""
    exact = replace(
        instance,
        requests=tuple(replace(request, lower=request.output_len) for request in instance.requests),
    )
    ties = data.draw(tie_breaks(instance))
    schedule = simulate(exact, Amin(ties))
    tokens = sum(request.output_len for request in instance.requests)
    event("some wait" if schedule.total_latency > tokens else "none waits")
    assert schedule.evictions == 0
    assert schedule.runs == simulate(exact, HindsightShortestFirst(ties)).runs


@pytest.mark.theorem("T5")
def test_a_visible_request_has_no_output_length() -> None:
    """T5, by type: a VisibleRequest has no o; clairvoyant policies get another type."""
    assert {field.name for field in fields(VisibleRequest)} == {
        "id",
        "prompt_len",
        "lower",
        "upper",
        "arrival",
        "position",
    }
    assert not hasattr(VisibleRequest("a", 1, 1, None, 0, 0), "output_len")


@pytest.mark.theorem("T5")
def test_a_policy_that_reads_an_output_length_does_not_type_check(tmp_path: Path) -> None:
    """T5, by type: mypy refuses output_len of a VisibleRequest, and accepts the other lines."""
    program = tmp_path / "peeking.py"
    program.write_text(
        "from amin_ref import RevealedRequest, VisibleRequest\n"
        "def blind(request: VisibleRequest) -> str: return str(request.output_len)\n"
        "def clairvoyant(request: RevealedRequest) -> int: return request.output_len\n"
    )
    found = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), str(program)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert '"VisibleRequest" has no attribute "output_len"' in found.stdout
    assert "Found 1 error in 1 file" in found.stdout


@pytest.mark.theorem("T5")
@given(st.data(), instances())
def test_only_clairvoyant_policies_get_output_lengths(
    data: st.DataObject, instance: Instance
) -> None:
    """T5, by type: the simulator shows VisibleRequest itself, no subclass of it, to all others."""
    policy = data.draw(policies(instance))
    _, rounds = record(instance, policy)
    shown = RevealedRequest if isinstance(policy, ClairvoyantPolicy) else VisibleRequest
    assert {type(request) for observed in rounds for request in observed.arrived} == {shown}
    assert [request.id for observed in rounds for request in observed.arrived] == [
        request.id for request in sorted(instance.requests, key=lambda request: request.arrival)
    ]


def other_futures(
    instance: Instance, rounds: tuple[Observed, ...], now: int
) -> st.SearchStrategy[Instance]:
    """Instances that look like this one to a policy, up to round ``now``.

    A request that has completed by then keeps its output length. One that has arrived, or arrives
    then, has any output longer than its longest run. One that arrives later is another request.
    """
    longest_run: dict[RequestId, int] = {}
    completed: set[RequestId] = set()
    for state in round_states([observed for observed in rounds if observed.now <= now]):
        for request, tokens in state.running.items():
            longest_run[request] = max(longest_run.get(request, 0), tokens)
    for observed in rounds:
        if observed.now <= now:
            completed |= set(observed.completed)

    def other(request: Request) -> st.SearchStrategy[Request]:
        if request.id in completed:
            return st.just(request)
        most = longest_output(request.prompt_len, instance.capacity, instance.block_size)
        if request.arrival > now:
            return st.builds(
                lambda output_len, lower, arrival: replace(
                    request,
                    output_len=output_len,
                    lower=min(lower, output_len),
                    upper=None,
                    arrival=arrival,
                ),
                st.integers(1, most),
                st.integers(1, most),
                st.integers(now + 1, now + 9),
            )
        if request.upper is not None:
            most = min(most, request.upper)
        least = max(request.lower, longest_run.get(request.id, 0) + 1)
        return st.integers(least, most).map(lambda output: replace(request, output_len=output))

    return st.tuples(*map(other, instance.requests)).map(
        lambda requests: replace(instance, requests=requests)
    )


@pytest.mark.theorem("T5")
@times(2)
@given(st.data(), instances(predictions=("lowest", "interval")))
def test_decisions_do_not_depend_on_what_is_not_observed_yet(
    data: st.DataObject, instance: Instance
) -> None:
    """T5, by behaviour: two instances decide alike until the first observation that differs."""
    policy = data.draw(blind_policies(instance))
    schedule, rounds = record(instance, policy)
    seek_evictions(schedule)
    now = data.draw(st.integers(0, schedule.makespan - 1), label="now")
    other = data.draw(other_futures(instance, rounds, now), label="other")
    event("another future" if other != instance else "the same future")
    _, other_rounds = record(other, policy)
    seen = [observed for observed in rounds if observed.now <= now]
    seen_otherwise = [observed for observed in other_rounds if observed.now <= now]
    assert seen == seen_otherwise


@pytest.mark.theorem("T5")
@given(st.data(), instances(predictions=("interval",)))
def test_only_amax_depends_on_upper_bounds(data: st.DataObject, instance: Instance) -> None:
    """T5: whatever u is, Amin, FCFS and H-SF make the same runs."""
    ties = data.draw(tie_breaks(instance))
    other = replace(
        instance,
        requests=tuple(
            replace(
                request,
                upper=data.draw(st.none() | st.integers(request.output_len, 3 * instance.capacity)),
            )
            for request in instance.requests
        ),
    )
    for kind in (Amin, FirstComeFirstServed, HindsightShortestFirst):
        assert simulate(instance, kind(ties)).runs == simulate(other, kind(ties)).runs


def next_token(instance: Instance, running: dict[RequestId, int]) -> int:
    """Tokens held once every running request has generated one more."""
    return sum(
        held(instance.by_id[request].prompt_len, tokens + 1, instance.block_size)
        for request, tokens in running.items()
    )


def eviction_order(
    policy: FourPolicies, state: RoundState, ranks: dict[RequestId, float]
) -> list[RequestId]:
    """The running requests, those to be evicted first in front."""
    if isinstance(policy, FirstComeFirstServed):
        return list(reversed(state.running))
    return sorted(state.running, key=lambda i: (state.refined[i], ranks[i]))


@pytest.mark.theorem("T6")
@times(3)
@given(st.data(), instances(predictions=("lowest", "interval")))
def test_evictions_are_minimal_and_in_order(data: st.DataObject, instance: Instance) -> None:
    """T6: in ascending ≺ (the latest admitted first for FCFS), until the next token fits."""
    policy = data.draw(four_policies(instance, (Amin, FirstComeFirstServed, Amax)))
    ranks = ranks_of(instance, policy.ties)
    schedule, rounds = record(instance, policy)
    seek_evictions(schedule)
    for state in round_states(rounds):
        evicted = state.decision.evict
        order = eviction_order(policy, state, ranks)
        assert list(evicted) == order[: len(evicted)]
        left = {i: tokens for i, tokens in state.running.items() if i not in evicted}
        assert next_token(instance, left) <= instance.capacity
        if evicted:
            spared = {i: state.running[i] for i in [*left, evicted[-1]]}
            assert next_token(instance, spared) > instance.capacity


def fits_ahead(
    instance: Instance, running: dict[RequestId, int], assumed: dict[RequestId, int]
) -> bool:
    """Whether no round exceeds M if each request stops after max(1, assumed − generated) more."""
    more = {i: max(1, assumed[i] - tokens) for i, tokens in running.items()}
    return all(
        sum(
            held(instance.by_id[i].prompt_len, tokens + k, instance.block_size)
            for i, tokens in running.items()
            if k <= more[i]
        )
        <= instance.capacity
        for k in range(1, max(more.values(), default=0) + 1)
    )


def assumed_lengths(
    policy: FourPolicies, instance: Instance, state: RoundState
) -> dict[RequestId, int]:
    """The output length of each request that a policy assumes, by the specification."""
    if isinstance(policy, Amin):
        return dict(state.refined)
    if isinstance(policy, FirstComeFirstServed):
        return dict.fromkeys(instance.by_id, 1)
    if isinstance(policy, HindsightShortestFirst):
        return {request.id: request.output_len for request in instance.requests}
    return {request.id: _reserved(instance, request) for request in instance.requests}


@pytest.mark.theorem("T7")
@times(3)
@given(st.data(), instances())
def test_admission_is_greedy_and_maximal_in_order(data: st.DataObject, instance: Instance) -> None:
    """T7: the admitted are the first of the waiting, they fit ahead, and the next one does not."""
    policy = data.draw(four_policies(instance))
    ranks = ranks_of(instance, policy.ties)
    schedule, rounds = record(instance, policy)
    seek_evictions(schedule)
    for state in round_states(rounds):
        note(f"{state}")
        decision = state.decision
        if isinstance(policy, FirstComeFirstServed):
            if decision.evict:
                assert decision.admit == ()
                continue
            order = sorted(state.waiting, key=lambda i: (instance.by_id[i].arrival, ranks[i]))
        else:
            assumed = assumed_lengths(policy, instance, state)
            order = sorted(state.waiting, key=lambda i: (assumed[i], ranks[i]))
        admitted = order[: len(decision.admit)]
        assert list(decision.admit) == admitted
        assumed = assumed_lengths(policy, instance, state)
        running = {i: a for i, a in state.running.items() if i not in decision.evict}
        running |= dict.fromkeys(admitted, 0)
        if admitted:
            assert fits_ahead(instance, running, assumed)
        for following in order[len(admitted) :][:1]:
            assert not fits_ahead(instance, running | {following: 0}, assumed)


@pytest.mark.theorem("T7")
@given(st.data(), instances(predictions=("lowest", "interval")))
def test_with_equal_prompts_admission_is_maximal_altogether(
    data: st.DataObject, instance: Instance
) -> None:
    """T7: if all prompts are equal, no request that waits in step 4 fits after it."""
    shortest = min(request.prompt_len for request in instance.requests)
    equal = replace(
        instance,
        requests=tuple(replace(request, prompt_len=shortest) for request in instance.requests),
    )
    policy = data.draw(four_policies(instance, (Amin, Amax, HindsightShortestFirst)))
    _, rounds = record(equal, policy)
    for state in round_states(rounds):
        decision = state.decision
        assumed = assumed_lengths(policy, equal, state)
        running = {i: a for i, a in state.running.items() if i not in decision.evict}
        running |= dict.fromkeys(decision.admit, 0)
        for waiting in state.waiting.difference(decision.admit):
            assert not fits_ahead(equal, running | {waiting: 0}, assumed)


@pytest.mark.theorem("T8")
@given(st.data(), instances())
def test_some_request_runs_in_every_round_between_arrival_and_completion(
    data: st.DataObject, instance: Instance
) -> None:
    """T8: the request that runs need not be the one that has arrived and not completed."""
    schedule = simulate(instance, data.draw(four_policies(instance)))
    seek_evictions(schedule)
    busy = {now for run in schedule.runs for now in range(run.start, run.stop)}
    for request in instance.requests:
        assert busy.issuperset(range(request.arrival, schedule.completions[request.id]))


@pytest.mark.theorem("T9")
@times(2)
@given(st.data(), instances(predictions=("interval", "lowest", "exact")))
def test_amax_never_overflows_whatever_the_outputs_are(
    data: st.DataObject, instance: Instance
) -> None:
    """T9: as long as o ≤ u, Amax never evicts; an unknown u counts as the most that fits."""
    policy = Amax(data.draw(tie_breaks(instance)))
    longest = replace(
        instance,
        requests=tuple(
            replace(request, output_len=_reserved(instance, request))
            for request in instance.requests
        ),
    )
    for outputs in (instance, longest):
        schedule = simulate(outputs, policy)
        assert schedule.evictions == 0
        assert max(naive_occupancy(schedule)) <= instance.capacity


def _reserved(instance: Instance, request: Request) -> int:
    most = longest_output(request.prompt_len, instance.capacity, instance.block_size)
    return most if request.upper is None else min(request.upper, most)

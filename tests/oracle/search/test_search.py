"""The exact search against naive enumeration, and properties of the optimum."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amin_ref import Instance, Request, Run, Schedule, check
from amin_ref.model.errors import InvalidValue
from oracle.budget import Budget
from oracle.certificate import Share
from oracle.deadline import Deadline
from oracle.search.bounds import Ascent, NodeBounds, ascend
from oracle.search.branch_and_bound import BranchAndBound, search
from oracle.search.problem import Problem, first_schedule
from oracle.search.relaxation import NEVER, Prices, Rows, Sequencing
from tests.models.identical_prompts import IdenticalPrompts, least_total_latency
from tests.models.naive_optimum import held, naive_optimum, random_instance


def assert_valid(schedule: Schedule) -> None:
    """Section 2 of the specification, for a schedule without evictions."""
    instance = schedule.instance
    starts = {run.request: run.start for run in schedule.runs}
    assert len(schedule.runs) == len(starts) == len(instance.requests)
    for run in schedule.runs:
        request = instance.by_id[run.request]
        assert run.outcome == "completed"
        assert run.length == request.output_len
        assert run.start >= request.arrival
    moments = range(schedule.makespan)
    assert all(held(instance, starts, moment) <= instance.capacity for moment in moments)


@st.composite
def instances(draw: st.DrawFn, most: int = 6, longest: int = 9) -> Instance:
    seed = draw(st.integers(0, 2**32))
    block_size = draw(st.sampled_from([1, 4]))
    size = draw(st.integers(1, most))
    return random_instance(random.Random(seed), size, longest, block_size, draw(st.integers(0, 8)))


@pytest.mark.parametrize("block_size", [1, 4])
@pytest.mark.parametrize("latest", [0, 6])
def test_the_search_agrees_with_naive_enumeration(block_size: int, latest: int) -> None:
    rng = random.Random(1000 * block_size + latest)
    for _ in range(150):
        instance = random_instance(rng, rng.randint(1, 5), rng.randint(1, 6), block_size, latest)
        result = search(instance)
        assert result.exhausted
        assert_valid(result.schedule)
        assert result.schedule.total_latency == result.lower_bound == naive_optimum(instance)


@settings(max_examples=40, deadline=None)
@given(instances(), st.data())
def test_more_capacity_fewer_requests_or_a_shorter_output_never_cost_more(
    instance: Instance, data: st.DataObject
) -> None:
    best = search(instance).lower_bound
    roomier = Instance(instance.capacity + 3, instance.requests, instance.block_size)
    assert search(roomier).lower_bound <= best
    dropped = data.draw(st.sampled_from(instance.requests))
    fewer = tuple(request for request in instance.requests if request is not dropped)
    without = Instance(instance.capacity, fewer, instance.block_size)
    assert search(without).lower_bound <= best - dropped.output_len
    if dropped.output_len > 1:
        shorter = tuple(
            Request(r.id, r.prompt_len, r.output_len - (r is dropped), arrival=r.arrival)
            for r in instance.requests
        )
        less = Instance(instance.capacity, shorter, instance.block_size)
        assert search(less).lower_bound <= best - 1


def never() -> bool:
    return False


def some_bounds(problem: Problem, rng: np.random.Generator) -> NodeBounds:
    """Bounds from good prices or from random ones, with sequences of a few requests or none."""
    rows = Rows(problem, problem.horizon)
    none = rows.no_prices()
    large = min(problem.size, int(rng.integers(0, 5)))
    sequencing = Sequencing(problem, large, rows.rounds) if large > 1 else None
    if rng.random() < 0.7:
        upper = problem.cost(first_schedule(problem))
        prices = ascend(rows, sequencing, none, upper, Ascent(steps=40, patience=5), never)
    else:
        tokens = rng.exponential(1 / problem.capacity, none.tokens.shape)
        shares = rng.exponential(1.0, none.shares.shape) * (rng.random(none.shares.shape) < 0.1)
        prices = Prices(tokens, shares)
    return NodeBounds.of(rows, sequencing, prices)


def test_any_prices_bound_the_optimum_and_lead_the_search_to_it() -> None:
    rng, numbers = random.Random(5), np.random.default_rng(5)
    positive = 0
    for count in range(90):
        instance = random_instance(
            rng, rng.randint(2, 5), 6, rng.choice([1, 4]), rng.choice([0, 0, 5])
        )
        optimum = naive_optimum(instance)
        problem = Problem.of(instance)
        bounds = some_bounds(problem, numbers)
        assert bounds.whole(bounds.root) <= optimum
        positive += bounds.whole(bounds.root) > sum(problem.output_len)
        worst = tuple(
            max(problem.arrival) + sum(problem.output_len[:index]) for index in range(problem.size)
        )
        budget = Budget(chunk_cells=40 if count % 2 else 10**6)
        run = BranchAndBound(problem, worst, Deadline.unlimited(), budget=budget)
        run.explore(bounds, None)
        assert run.lower == run.upper == optimum
        assert check(problem.schedule(run.starts)) == ()
        assert problem.cost(run.starts) == optimum
    # Many of the bounds must exceed the trivial one, or the test would show little.
    assert positive > 30


def test_equal_requests_are_side_by_side_and_only_those_are_twins() -> None:
    kinds = [(2, 3, 0), (2, 4, 0), (2, 3, 0), (2, 3, 1), (1, 4, 0), (2, 3, 0)]
    requests = tuple(Request(i, s, o, arrival=r) for i, (s, o, r) in enumerate(kinds))
    problem = Problem.of(Instance(9, requests))
    kinds_in_order = [problem.kind(index) for index in range(problem.size)]
    assert sorted(kinds_in_order) == sorted(kinds)
    twins = [problem.twin(index) for index in range(problem.size)]
    assert twins.count(None) == len(set(kinds))
    for index, twin in enumerate(twins):
        assert twin is None or (twin == index - 1 and kinds_in_order[twin] == kinds_in_order[index])
    # The first request has no twin, even where all are alike.
    alike = Problem.of(Instance(9, tuple(Request(i, 2, 3) for i in range(3))))
    assert [alike.twin(index) for index in range(3)] == [None, 0, 1]


def occupied_at(problem: Problem, index: int, age: int) -> int:
    """The tokens of a request in the age-th round of its run; none before and after the run."""
    runs = 1 <= age <= problem.output_len[index]
    return int(problem.occupancy[index][age - 1]) if runs else 0


def counted_at(problem: Problem, share: Share, index: int, age: int) -> int:
    """A request's tokens in a share, in the age-th round of its run, which may be below 1."""
    lengths = problem.prompt_len[index], problem.output_len[index]
    counts = -share.lead < age <= problem.output_len[index]
    ages = range(age, age + 1)
    return int(share.counted(problem.instance, *lengths, ages)[0]) if counts else 0


@pytest.mark.theorem("T10")
@pytest.mark.parametrize("block_size", [1, 4])
def test_rows_charge_and_count_what_their_shares_say(block_size: int) -> None:
    """Section 4.1 of search.md, term by term."""
    rng, numbers = random.Random(block_size), np.random.default_rng(block_size)
    leads = 0
    for _ in range(12):
        instance = random_instance(rng, rng.randint(1, 4), 6, block_size, 3)
        problem = Problem.of(instance)
        rounds = problem.horizon
        rows = Rows(problem, rounds)
        tokens = numbers.integers(0, 9, rounds)
        shares = numbers.integers(0, 9, (len(rows.shares), rounds))
        charges = rows.charges(tokens, shares)
        starts = numbers.integers(0, rounds, problem.size)
        over_tokens, over_shares = rows.excess(starts)
        leads += any(share.lead for share in rows.shares)

        every = range(problem.size)
        for index in every:
            for start in range(rounds):
                ages = range(1 - start, rounds - start + 1)
                paid = sum(
                    int(price) * occupied_at(problem, index, age)
                    for price, age in zip(tokens, ages, strict=False)
                )
                for share, prices in zip(rows.shares, shares, strict=True):
                    paid += sum(
                        int(price) * counted_at(problem, share, index, age)
                        for price, age in zip(prices, ages, strict=False)
                    )
                assert charges[index, start] == paid
        for now in range(rounds):
            age = now - starts + 1
            within = sum(occupied_at(problem, i, int(age[i])) for i in every)
            assert over_tokens[now] == within - problem.capacity
            for row, share in enumerate(rows.shares):
                within = sum(counted_at(problem, share, i, int(age[i])) for i in every)
                assert over_shares[row, now] == within - share.limit
        worth = problem.capacity * int(tokens.sum())
        worth += sum(s.limit * int(shares[row].sum()) for row, s in enumerate(rows.shares))
        assert rows.income(tokens, shares) == worth
    # Some requests must count before their start.
    assert leads > 5


@pytest.mark.theorem("T10")
@pytest.mark.parametrize("size", [1, 7, 9, 20])
@pytest.mark.parametrize("large", [0, 3])
def test_tabulated_bounds_are_the_sums_over_requests(size: int, large: int) -> None:
    """Section 4.3 of search.md term by term, for any set of started requests and any round."""
    rng = random.Random(f"{size}/{large}")
    capacity = 30
    instance = Instance(
        capacity, tuple(Request(i, rng.randint(1, 5), rng.randint(1, 24)) for i in range(size))
    )
    problem = Problem.of(instance)
    rows = Rows(problem, problem.horizon)
    large = min(large, size)
    sequencing = Sequencing(problem, large, rows.rounds) if large > 1 else None
    large = 0 if sequencing is None else large
    numbers = np.random.default_rng(size)
    prices = Prices(
        numbers.exponential(0.1, rows.rounds),
        numbers.exponential(0.1, rows.no_prices().shares.shape),
    )
    bounds = NodeBounds.of(rows, sequencing, prices)
    last = rows.rounds - max(problem.output_len)
    for start in (0, 1, last // 2):
        placed = np.array([rng.getrandbits(size) for _ in range(50)], dtype=np.int64)
        found = bounds.at(start).of(placed)
        for mask, total in zip(placed.tolist(), found.tolist(), strict=True):
            alone = sum(
                int(bounds.reduced[j, start:].min())
                for j in range(large, size)
                if not mask >> j & 1
            )
            assert total == alone + int(bounds.sequence_from[mask & ((1 << large) - 1), start])
        if start == 0:
            none_started = np.zeros(1, dtype=np.int64)
            assert bounds.root == bounds.constant + int(bounds.at(0).of(none_started)[0])
    if sequencing is not None:
        cheapest = sequencing.solve(bounds.reduced[:large]).cheapest()
        assert bounds.sequence_from[0, 0] == cheapest


@pytest.mark.theorem("T10")
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6, 1e9])
def test_no_sum_of_reduced_costs_needs_more_than_64_bits(scale: float) -> None:
    """Section 4.4 of search.md, for low and high prices."""
    problem = Problem.of(synthetic(9, 3))
    rows = Rows(problem, problem.horizon)
    none = rows.no_prices()
    numbers = np.random.default_rng(4)
    for tokens, shares in ((1.0, 0.0), (0.0, 1.0), (1.0, 1.0)):
        prices = Prices(
            tokens * scale * numbers.random(none.tokens.shape),
            shares * scale * numbers.random(none.shares.shape),
        )
        bounds = NodeBounds.of(rows, None, prices)
        assert bounds.unit >= 1
        possible = np.where(bounds.reduced < NEVER, bounds.reduced, 0)
        largest = sum(int(row) for row in possible.max(axis=1)) + abs(bounds.constant)
        assert largest <= 2**51
        # The unit is as fine as 51 bits allow, since rounding loses a part of each reduced cost.
        assert bounds.unit == 2**24 or largest > 2**42


def test_sequences_cost_least_under_any_reduced_costs() -> None:
    rng, numbers = random.Random(6), np.random.default_rng(6)
    nested = 0
    for _ in range(60):
        instance = random_instance(rng, 3, 7, rng.choice([1, 4]), 0)
        problem = Problem.of(instance)
        rounds = problem.horizon
        reduced = numbers.integers(0, 100, (3, rounds))
        fits = {
            pair: [pair_fits(problem, *pair, offset) for offset in range(rounds)]
            for pair in itertools.permutations(range(3), 2)
        }
        nested += any(good[0] and not all(good) for good in fits.values())
        cheapest = min(
            int(sum(reduced[index, start] for index, start in enumerate(starts)))
            for starts in itertools.product(range(rounds), repeat=3)
            if all(
                starts[j] > starts[i] or fits[j, i][starts[i] - starts[j]]
                for j, i in itertools.permutations(range(3), 2)
            )
        )
        sequences = Sequencing(problem, 3, rounds).solve(reduced)
        assert int(sequences.cheapest()) <= cheapest
        starts = sequences.starts()
        assert int(sequences.cheapest()) == sum(reduced[i, t] for i, t in enumerate(starts))
        two = Sequencing(problem, 2, rounds).solve(reduced[:2])
        # With two requests the relaxation is exact.
        assert int(two.cheapest()) == min(
            int(reduced[j, start] + reduced[i, start + offset])
            for j, i in ((0, 1), (1, 0))
            for start in range(rounds)
            for offset in range(rounds - start)
            if fits[j, i][offset]
        )
    # Some short requests must run beside the beginning of a long one.
    assert nested > 5


def pair_fits(problem: Problem, earlier: int, later: int, offset: int) -> bool:
    first, second = (problem.instance.requests[problem.order[i]] for i in (earlier, later))
    alone = Instance(problem.capacity, (first, second), problem.block_size)
    starts: dict[str | int, int] = {first.id: 0, second.id: offset}
    moments = range(offset + second.output_len)
    return all(held(alone, starts, moment) <= alone.capacity for moment in moments)


def test_an_optimum_with_a_delayed_start_is_found() -> None:
    # Both orders of "as early as possible" cost more than letting the long one wait a round.
    instance = Instance(11, (Request("a", 4, 6), Request("b", 1, 3), Request("c", 3, 5)))
    assert search(instance).lower_bound == naive_optimum(instance)


def synthetic(size: int, seed: int) -> Instance:
    """Drawn like the all-at-once synthetic set of Jaillet et al."""
    rng = random.Random(seed)
    capacity = rng.randint(30, 50)
    requests = []
    for index in range(size):
        prompt_len = rng.randint(1, 5)
        requests.append(Request(index, prompt_len, rng.randint(1, capacity - prompt_len)))
    return Instance(capacity, tuple(requests))


def test_bounds_hold_when_time_runs_out() -> None:
    instance = synthetic(10, 4)
    optimum = search(instance).lower_bound
    # 215 was also proven by a time-indexed integer programme under HiGHS.
    assert optimum == 215
    for calls in (0, 1, 150, 300):
        answers = itertools.chain(itertools.repeat(False, calls), itertools.repeat(True))
        result = search(instance, should_stop=answers.__next__)
        assert result.lower_bound <= optimum <= result.schedule.total_latency
        assert result.exhausted == (result.lower_bound == result.schedule.total_latency)
        assert_valid(result.schedule)
    hurried = search(instance, time_limit=0)
    assert not hurried.exhausted
    assert sum(request.output_len for request in instance.requests) <= hurried.lower_bound


@pytest.mark.theorem("T10")
@pytest.mark.parametrize("seed", [1, 4, 5])
def test_a_narrow_pass_that_is_stopped_proves_nothing(seed: int) -> None:
    """A pass of limited width drops states, which may cost less than those that it keeps."""
    instance = synthetic(7, seed)
    least = search(instance).schedule.total_latency
    problem = Problem.of(instance)
    rows = Rows(problem, problem.horizon)
    bounds = NodeBounds.of(rows, None, rows.no_prices())
    one_by_one = list(itertools.accumulate(problem.output_len, initial=0))[:-1]
    for asked in range(0, 300, 10):
        answers = itertools.chain([False] * asked, itertools.repeat(True))
        narrow = BranchAndBound(problem, one_by_one, Deadline.unlimited(answers.__next__))
        narrow.explore(bounds, 1)
        assert narrow.lower <= least


def test_a_caller_that_never_stops_the_search_changes_nothing() -> None:
    instance = synthetic(8, 4)
    asked, alone = search(instance, should_stop=never), search(instance)
    assert asked == alone
    assert asked.exhausted
    assert asked.nodes > 0
    assert search(Instance(5, ())).nodes == 0


def test_without_memory_for_states_the_search_ends_and_its_bound_holds() -> None:
    instance = synthetic(8, 4)
    least = search(instance).schedule.total_latency
    result = search(instance, budget=Budget(most_chunks=0))
    assert not result.exhausted
    assert result.lower_bound <= least <= result.schedule.total_latency
    assert_valid(result.schedule)


@pytest.mark.theorem("T10")
def test_fewer_rounds_may_have_room_for_more_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search prices rows twice: over all rounds, then over those that can still matter."""
    for seed in (4, 5, 6, 7):
        instance = synthetic(7, seed)
        least = search(instance).lower_bound
        with monkeypatch.context() as little:
            little.setattr("oracle.search.relaxation.MOST_SHARE_CELLS", 6000)
            result = search(instance)
        assert result.exhausted
        assert result.lower_bound == least


@pytest.mark.theorem("T10")
def test_prices_recomputed_during_the_search_keep_it_exact() -> None:
    """The search recomputes prices, here as often as possible, and stays exact."""
    often = Budget(priced_anew=0, rounds_of_prices=1)
    rng = random.Random(8)
    for _ in range(40):
        instance = random_instance(
            rng, rng.randint(3, 5), 7, rng.choice([1, 4]), rng.choice([0, 0, 5])
        )
        problem = Problem.of(instance)
        rows = Rows(problem, problem.horizon)
        starts = first_schedule(problem)
        run = BranchAndBound(problem, starts, Deadline.unlimited(), budget=often)
        run.explore(NodeBounds.of(rows, None, rows.no_prices()), None)
        assert run.lower == run.upper == naive_optimum(instance)


def test_the_search_starts_from_the_given_schedule() -> None:
    instance = synthetic(10, 4)
    best = search(instance).schedule
    assert search(instance, warm_start=best, time_limit=0).schedule == best
    evicted = Run(best.runs[-1].request, 0, 1, "evicted")
    detour = Schedule(instance, (*best.runs, evicted))
    assert search(instance, warm_start=detour, time_limit=0).schedule == best


def test_none_one_and_too_many_requests() -> None:
    assert search(Instance(5, ())).exhausted
    one = search(Instance(5, (Request("only", 2, 3, arrival=7),)))
    assert (one.schedule.total_latency, one.lower_bound, one.exhausted) == (3, 3, True)
    many = Instance(9, tuple(Request(number, 2, number % 4 + 1) for number in range(63)))
    result = search(many, time_limit=30)
    assert not result.exhausted
    assert sum(r.output_len for r in many.requests) < result.lower_bound
    assert result.lower_bound < result.schedule.total_latency


def test_the_error_for_bad_input_names_the_field() -> None:
    instance = Instance(9, (Request("a", 2, 7), Request("b", 2, 7)))
    with pytest.raises(InvalidValue, match="time_limit"):
        search(instance, time_limit=float("nan"))
    with pytest.raises(InvalidValue, match="time_limit"):
        search(instance, time_limit=-1)
    both = Schedule(instance, (Run("a", 0, 7, "completed"), Run("b", 0, 7, "completed")))
    with pytest.raises(InvalidValue, match="warm_start"):
        search(instance, warm_start=both)
    with pytest.raises(InvalidValue, match="warm_start: instance"):
        search(Instance(9, instance.requests[:1]), warm_start=both)
    with pytest.raises(InvalidValue, match="rounds"):
        search(Instance(9, (Request("late", 1, 1, arrival=10**9),)))
    with pytest.raises(InvalidValue, match="output_len"):
        least_total_latency(5, 2, [4])
    with pytest.raises(InvalidValue, match="output_len"):
        least_total_latency(5, 2, [0])
    with pytest.raises(InvalidValue, match="prompt_len"):
        IdenticalPrompts(5, 0)
    with pytest.raises(InvalidValue, match="capacity"):
        IdenticalPrompts(0, 1)


def test_the_shortest_need_not_start_first() -> None:
    """Schedules that start requests in ascending output length cost at least 20."""
    outputs = (1, 1, 2, 3, 3)
    instance = Instance(4, tuple(Request(i, 1, o) for i, o in enumerate(outputs)))
    assert naive_optimum(instance) == 19
    assert least_total_latency(4, 1, outputs) == search(instance).lower_bound == 19


def test_tiny_identical_prompts_agree_with_naive_enumeration_and_search() -> None:
    rng = random.Random(3)
    for _ in range(6):
        prompt_len, longest = rng.randint(1, 4), rng.randint(2, 5)
        capacity = prompt_len + longest + rng.randint(0, prompt_len + longest)
        optima = IdenticalPrompts(capacity, prompt_len)
        for _ in range(12):
            outputs = [rng.randint(1, longest) for _ in range(rng.randint(1, 6))]
            requests = tuple(Request(i, prompt_len, o) for i, o in enumerate(outputs))
            instance = Instance(capacity, requests)
            found = optima.least_total_latency(outputs)
            assert found == search(instance).lower_bound
            if len(outputs) <= 4:
                assert found == naive_optimum(instance)

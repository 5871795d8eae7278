"""Whether start rounds fit, and their cost; list schedules; busy periods and independent parts."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amin_ref import Instance, InvalidValue, Request, RequestId, Run, Schedule, check
from oracle.starts.free_capacity import FreeCapacity
from oracle.starts.list_schedule import by_volume, list_schedule, volume_of
from oracle.starts.parts import busy_periods, first_come_first_served, independent_parts, joined
from oracle.starts.start_rounds import latency_of, schedule_from, starts_fit, starts_of
from tests.models.naive_optimum import held, naive_optimum, random_instance


@st.composite
def instances(draw: st.DrawFn, most: int = 7, latest: int = 60) -> Instance:
    return random_instance(
        random.Random(draw(st.integers(0, 2**32))),
        requests=draw(st.integers(1, most)),
        longest=draw(st.integers(1, 9)),
        block_size=draw(st.sampled_from((1, 3, 4))),
        latest=draw(st.sampled_from((0, 5, latest))),
    )


@st.composite
def orders(draw: st.DrawFn) -> tuple[Instance, list[int]]:
    instance = draw(instances())
    return instance, draw(st.permutations(range(len(instance.requests))))


def fits(instance: Instance, starts: list[int]) -> bool:
    """The specification's section 2, round by round."""
    start_of = {one.id: start for one, start in zip(instance.requests, starts, strict=True)}
    if any(start_of[one.id] < one.arrival for one in instance.requests):
        return False
    end = max(start_of[one.id] + one.output_len for one in instance.requests)
    return all(held(instance, start_of, now) <= instance.capacity for now in range(end))


@given(orders())
def test_a_list_schedule_is_valid_and_the_last_request_cannot_start_earlier(
    given_order: tuple[Instance, list[int]],
) -> None:
    instance, order = given_order
    starts = list_schedule(instance, instance.requests, order)
    assert fits(instance, starts)
    assert starts_fit(instance, starts)
    last = order[-1]
    for earlier in range(instance.requests[last].arrival, starts[last]):
        assert not fits(instance, [*starts[:last], earlier, *starts[last + 1 :]])


@given(orders())
def test_a_list_schedule_ends_by_the_last_arrival_and_all_the_work(
    given_order: tuple[Instance, list[int]],
) -> None:
    instance, order = given_order
    starts = list_schedule(instance, instance.requests, order)
    end = max(s + one.output_len for s, one in zip(starts, instance.requests, strict=True))
    last_arrival = max(one.arrival for one in instance.requests)
    assert end <= last_arrival + sum(one.output_len for one in instance.requests)


@given(orders(), st.lists(st.integers(0, 12), min_size=7, max_size=7))
def test_start_rounds_fit_as_the_specification_says(
    given_order: tuple[Instance, list[int]], starts: list[int]
) -> None:
    instance, _ = given_order
    some = starts[: len(instance.requests)]
    assert starts_fit(instance, some) == fits(instance, some)
    assert starts_fit(instance, some) == (check(schedule_from(instance, some)) == ())


@given(orders())
def test_a_schedule_and_its_start_rounds_have_the_same_cost(
    given_order: tuple[Instance, list[int]],
) -> None:
    instance, order = given_order
    starts = list_schedule(instance, instance.requests, order)
    schedule = schedule_from(instance, starts)
    assert check(schedule) == ()
    assert latency_of(instance.requests, starts) == schedule.total_latency
    shuffled = Schedule(instance, tuple(schedule.runs[position] for position in order))
    assert list(starts_of(instance, shuffled, "warm_start")) == starts


@pytest.mark.parametrize(
    ("runs", "rule"),
    [
        ((("a", 0, 6), ("b", 0, 6)), "completed runs are not a valid schedule"),
        ((("a", 0, 6), ("b", 5, 11)), "completed runs are not a valid schedule"),
        ((("a", 0, 6),), "completed runs are not a valid schedule"),
        ((("a", 0, 6), ("b", 6, 11)), "completed runs are not a valid schedule"),
    ],
)
def test_a_schedule_that_is_not_valid_is_refused(
    runs: tuple[tuple[str, int, int], ...], rule: str
) -> None:
    instance = Instance(8, (Request("a", 2, 6), Request("b", 2, 6)))
    schedule = Schedule(instance, tuple(Run(*run, "completed") for run in runs))
    with pytest.raises(InvalidValue, match=rf"^mine is .*{rule}"):
        starts_of(instance, schedule, "mine")
    with pytest.raises(InvalidValue, match=r"^mine: instance is"):
        starts_of(Instance(9, instance.requests), schedule, "mine")


@given(instances())
def test_volume_is_the_sum_of_the_tokens_held_in_every_round(instance: Instance) -> None:
    for one in instance.requests:
        tokens = sum(one.prompt_len + age for age in range(1, one.output_len + 1))
        assert volume_of(one) == tokens
    ranked = [volume_of(instance.requests[position]) for position in by_volume(instance.requests)]
    assert ranked == sorted(ranked)


@given(instances(), st.integers(0, 30))
def test_the_earliest_start_is_the_first_round_that_fits(
    instance: Instance, not_before: int
) -> None:
    free = FreeCapacity(instance, 0)
    starts: dict[RequestId, int] = {}
    for request in instance.requests:
        expected = not_before
        while not _fits_beside(instance, starts, request, expected):
            expected += 1
        assert free.earliest_start(request, not_before) == expected
        assert free.place_earliest(request, not_before) == expected
        starts[request.id] = expected


def _fits_beside(
    instance: Instance, starts: dict[RequestId, int], request: Request, start: int
) -> bool:
    together = {**starts, request.id: start}
    rounds = range(start, start + request.output_len)
    return all(held(instance, together, now) <= instance.capacity for now in rounds)


@given(instances())
def test_removing_every_request_frees_the_whole_cache(instance: Instance) -> None:
    free = FreeCapacity(instance, 0)
    for request in instance.requests:
        free.place(request, 0)
    for request in instance.requests:
        free.remove(request, 0)
    assert free.overflow().sum() == 0
    assert all(free.earliest_start(request, 0) == 0 for request in instance.requests)


# --- busy periods and independent parts


@given(instances())
def test_first_come_first_served_is_valid_overtakes_nothing_and_never_idles(
    instance: Instance,
) -> None:
    schedule = first_come_first_served(instance)
    assert check(schedule) == ()
    periods = busy_periods(instance)
    assert sum(len(period.requests) for period in periods) == len(instance.requests)
    for period in periods:
        assert list(period.starts) == sorted(period.starts)
        running = [
            range(start, start + one.output_len)
            for start, one in zip(period.starts, period.requests, strict=True)
        ]
        for now in range(period.first_round, period.end):
            assert any(now in run for run in running), "the cache is not empty"
        assert not any(period.end in run for run in running)
        assert period.waiting().sum() == sum(
            start - one.arrival for start, one in zip(period.starts, period.requests, strict=True)
        )
        assert period.has_queue == bool(period.waiting().any())
    for period, after in pairwise(periods):
        assert period.end <= after.first_round


@given(instances(latest=120))
def test_each_independent_part_is_one_busy_period_or_several(instance: Instance) -> None:
    begins = {period.first_round for period in busy_periods(instance)}
    parts = independent_parts(instance)
    assert {part.first_round for part in parts} <= begins
    assert sum(len(part.instance.requests) for part in parts) == len(instance.requests)
    assert all(part.instance.requests[0].arrival == 0 for part in parts)


@given(instances(most=4, latest=40))
def test_optima_of_independent_parts_add_up(instance: Instance) -> None:
    """Lemma 2 of the integer programme's page."""
    parts = independent_parts(instance)
    assert naive_optimum(instance) == sum(naive_optimum(part.instance) for part in parts)


@given(instances(latest=120))
def test_a_schedule_is_cut_into_parts_and_joined_again(instance: Instance) -> None:
    schedule = first_come_first_served(instance)
    parts = independent_parts(instance)
    cut = [part.of(schedule) for part in parts]
    assert all(check(one) == () for one in cut)
    again = joined(instance, parts, cut)
    assert sorted(again.runs, key=repr) == sorted(schedule.runs, key=repr)


def test_the_instances_have_one_part_and_several() -> None:
    rng = random.Random(1)
    made = [random_instance(rng, 4, 5, 1, rng.randint(0, 40)) for _ in range(50)]
    assert {len(independent_parts(instance)) for instance in made} >= {1, 2, 3}
    assert any(len(independent_parts(one)) < len(busy_periods(one)) for one in made)

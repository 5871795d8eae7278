"""The plan of coming rounds and the queue, against their definitions; no engine is needed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from amin_ref.engines.planning import Ahead, Plan, Queue, victims

aheads = st.builds(
    Ahead,
    place=st.tuples(st.integers(1, 9), st.integers(0, 10**6)),
    stored=st.integers(1, 40),
    left=st.integers(1, 30),
)


def held(requests: list[Ahead], now: int, block_size: int) -> int:
    return sum(-(-(each.stored + now) // block_size) for each in requests if now < each.left)


@given(st.lists(aheads, max_size=6), aheads, st.integers(1, 60), st.integers(1, 7))
def test_a_request_is_admitted_exactly_if_no_round_exceeds_the_cache(
    running: list[Ahead], request: Ahead, blocks: int, block_size: int
) -> None:
    plan = Plan(running, blocks, block_size)
    together = [*running, request]
    rounds = range(max(each.left for each in together))
    fits = all(held(together, now, block_size) <= blocks for now in rounds)
    assert plan.admit_if_it_fits(request) == fits
    if fits:  # and the plan knows of it
        second = all(held([*together, request], now, block_size) <= blocks for now in rounds)
        assert plan.admit_if_it_fits(request) == second


@given(st.lists(aheads, max_size=8, unique_by=lambda each: each.place), st.integers(1, 30))
def test_victims_are_the_fewest_first_ones_whose_eviction_lets_the_rest_fit(
    running: list[Ahead], blocks: int
) -> None:
    found = victims(running, blocks, 4)
    order = sorted(range(len(running)), key=lambda index: running[index].place)
    assert found == order[: len(found)]
    for number in range(len(found) + 1):
        staying = [running[index] for index in order[number:]]
        assert (held(staying, 0, 4) <= blocks) == (number >= len(found))


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 5)), max_size=40))
def test_the_queue_is_a_sorted_list_from_which_ids_can_be_removed(
    steps: list[tuple[bool, int]],
) -> None:
    queue: Queue[str] = Queue()
    model: dict[str, tuple[int, int]] = {}
    for rank, (adds, number) in enumerate(steps):
        if adds:
            model[str(rank)] = (number, rank)
            queue.push(str(rank), (number, rank), str(rank))
        elif number == 1 and model:
            first = min(model, key=lambda name: model[name])
            assert queue.pop() == first
            del model[first]
        elif model:
            gone = sorted(model)[number % len(model)]
            queue.remove(gone)
            del model[gone]
        queue.remove("unknown")
        assert list(queue) == sorted(model, key=lambda name: model[name])
        assert len(queue) == len(model)
        assert queue.first() == next(iter(queue), None)

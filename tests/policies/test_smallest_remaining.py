"""SRV: smallest remaining volume first, where evicted requests keep their tokens."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amin_ref import Instance, InvalidValue, Machine, Request, check, simulate
from amin_ref.policies.names import title_of
from amin_ref.workloads import keep_usable, read_trace
from oracle.heuristics.remaining_volume import smallest_remaining_volume_first
from oracle.starts.token_rounds import latency_of_tokens, tokens_of
from tests.models.naive_resume import held, random_resume_instance
from tests.support.real_data import lmsys_file

RESUME = Machine(after_eviction="resume")
instances = st.integers(0, 2**32).map(lambda seed: random_resume_instance(random.Random(seed), 4))


@given(instances)
def test_the_policy_and_the_heuristic_make_one_schedule(instance: Instance) -> None:
    schedule = simulate(instance, "srv")
    assert check(schedule) == ()
    rounds = tokens_of(instance, schedule, "schedule")
    assert [list(own) for own in rounds] == smallest_remaining_volume_first(instance)


@given(instances)
def test_each_round_has_the_smallest_remaining_volumes_that_fit(instance: Instance) -> None:
    """The definition, with volumes summed up token by token."""
    rounds = tokens_of(instance, simulate(instance, "srv"), "schedule")
    for now in range(max(own[-1] for own in rounds) + 1):
        waiting = []
        for place, (request, own) in enumerate(zip(instance.requests, rounds, strict=True)):
            done = sum(round_ < now for round_ in own)
            if request.arrival <= now and done < request.output_len:
                tokens = [held(instance, request, a + 1) for a in range(done, request.output_len)]
                waiting.append((sum(tokens), request.prompt_len, request.output_len, place, tokens))
        free = instance.capacity
        for *_, place, tokens in sorted(waiting):
            assert (now in rounds[place]) == (tokens[0] <= free)
            free -= tokens[0] * (now in rounds[place])


def test_a_request_with_less_to_do_evicts_one_that_has_more() -> None:
    example = Instance(11, (Request("A", 1, 10), Request("B", 9, 1, arrival=5)), machine=RESUME)
    schedule = simulate(example, "srv")
    assert (schedule.total_latency, schedule.evictions) == (12, 1)
    assert title_of("srv") == "SRV"


@pytest.mark.parametrize(
    ("machine", "field"),
    [
        (Machine(), "after_eviction"),
        (replace(RESUME, tokens_per_round=9), "tokens_per_round"),
        (replace(RESUME, max_running=2), "max_running"),
        (replace(RESUME, watermark=1), "watermark"),
    ],
)
def test_other_machines_are_refused_by_name(machine: Machine, field: str) -> None:
    with pytest.raises(InvalidValue, match=f"machine: {field}"):
        simulate(Instance(11, (Request("A", 1, 4),), machine=machine), "srv")


def test_an_aborted_request_gives_its_room_back() -> None:
    instance = Instance(6, (Request("a", 2, 2), Request("b", 1, 4)), machine=RESUME)
    waits = simulate(instance, "srv", aborted={"a": 1, "b": 2})
    assert check(waits) == ()
    assert waits.aborted == {"a": 1, "b": 2}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("capacity", "block_size", "latency"), [(16_492, 1, 1_590_463), (16_480, 16, 1_672_918)]
)
def test_the_first_2000_chats_cost_what_a_prototype_found(
    capacity: int, block_size: int, latency: int
) -> None:
    """The figures are of a prototype that shares no code with this project."""
    rows = keep_usable(read_trace(lmsys_file()), capacity, block_size, limit=2000).rows
    lengths = [(row.prompt_len, row.output_len) for row in rows]
    instance = Instance.from_lengths(
        lengths, capacity=capacity, block_size=block_size, machine=RESUME
    )
    assert latency_of_tokens(instance, smallest_remaining_volume_first(instance)) == latency

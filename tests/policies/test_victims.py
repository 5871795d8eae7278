"""FCFS with other victims: each evicts by its rule, and no more than FCFS must."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import event, given

from amin_ref import Instance, InvalidValue, Machine, Request, RequestId, Schedule, check, simulate
from amin_ref.policies.names import NamedPolicy
from amin_ref.policies.ties import ByPosition
from amin_ref.policies.victims import VICTIMS
from amin_ref.strategies import instances

RESUME = Machine(after_eviction="resume")


def made_by(instance: Instance, policy: NamedPolicy) -> Schedule:
    return simulate(instance, policy.make(ByPosition()))


@pytest.mark.parametrize("policy", VICTIMS.values(), ids=VICTIMS)
@given(instance=instances(max_requests=6, max_output_len=7, max_arrival=4))
def test_schedules_are_valid_where_evicted_requests_resume(
    policy: NamedPolicy, instance: Instance
) -> None:
    schedule = made_by(replace(instance, machine=RESUME), policy)
    assert check(schedule) == ()
    event(f"evictions: {schedule.evictions > 0}")


def first_victims(policy: str, instance: Instance) -> tuple[int, set[RequestId]]:
    """The first round with an eviction, and the requests evicted in it."""
    evicted = [run for run in made_by(instance, VICTIMS[policy]).runs if run.outcome == "evicted"]
    first = min(run.stop for run in evicted)
    return first, {run.request for run in evicted if run.stop == first}


OVERFLOW = Instance(
    15,
    [
        Request("a", 4, 8, lower=8),
        Request("b", 2, 9, lower=1),
        Request("c", 3, 5, lower=4),
    ],
    machine=RESUME,
)
"""All start in round 0 and hold 12, 15 tokens; in round 2 the next tokens need 18 of 15.

Then a has 6 tokens, b 4 and c 5; ℓ̃ is 8, 2 and 4; 6, 1 and 2 tokens are to come by the bounds.
"""


@pytest.mark.parametrize(
    ("policy", "victim"),
    [
        ("last-admitted", "c"),
        ("least-computed", "b"),
        ("smallest-bound", "b"),
        ("most-remaining", "a"),
        ("largest-volume", "a"),
    ],
)
def test_each_rule_evicts_its_victim(policy: str, victim: str) -> None:
    assert first_victims(policy, OVERFLOW) == (2, {victim})


def test_a_limit_on_the_tokens_of_a_round_is_refused() -> None:
    limited = replace(OVERFLOW, machine=replace(RESUME, tokens_per_round=8))
    with pytest.raises(InvalidValue, match="leave tokens_per_round out"):
        made_by(limited, VICTIMS["least-computed"])

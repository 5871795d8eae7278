"""The instances of each family have the stated form; parameters out of range are refused."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import pytest

from amin_ref import Instance
from amin_ref.families import FAMILIES, Family, adaptive, staggered, volume
from amin_ref.families.adaptive import fewest_slots
from amin_ref.model.errors import InvalidValue
from amin_ref.policies.names import POLICIES


def outputs_of(instance: Instance) -> list[int]:
    return [request.output_len for request in instance.requests]


def test_the_volume_of_a_run_is_what_it_occupies_in_all_rounds() -> None:
    for prompt_len in range(1, 5):
        for output_len in range(9):
            assert volume(prompt_len, output_len) == sum(
                prompt_len + token for token in range(1, output_len + 1)
            )


def test_staggered_equals_an_instance_by_hand() -> None:
    """By hand: s = 1, u = 3, c = 1, so M = v(3) = 9, and v(1) = 2, v(2) = 5.

    x_0 = ⌊9/2⌋ = 4, x_1 = ⌊7/3⌋ = 2, x_2 = ⌊4/4⌋ = 1. So block 0 has two requests of length 1, one
    of length 2 and one of length 3. In round 1 they need 2·3, the long one 2, and 1 token is free:
    f_1 = 0. In round 2 they need 4 and the long ones 5: f_2 = 0.
    """
    instance = staggered(prompt_len=1, upper=3, slots=1, long=2, short=3)
    assert instance.capacity == 9
    assert outputs_of(instance) == [*(1, 1, 2, 3), 3, 3, *(3, 3), *(1, 1, 1)]
    assert [request.id for request in instance.requests] == list(range(11))
    assert {(r.prompt_len, r.lower, r.upper, r.arrival) for r in instance.requests} == {
        (1, 1, 3, 0)
    }


def test_adaptive_equals_an_instance_by_hand() -> None:
    """By hand: s = 1, ℓ = 1, u = 4, so w = 3 and e = ⌊5/2⌋ = 2; c = 2, so M = 2·v(3) = 18.

    Before admission the cache may hold M - c(s + 1) = 14.

    - Round 0: ⌊18/2⌋ = 9 requests start.
    - Round 1: they need 9·3 = 27; five complete, with 1 token, which leaves 12. 3 start (6 tokens).
    - Round 2: the four need 16, the three 9, together 25; three of the four complete, with 2
      tokens, which leaves 13. 2 start (4 tokens).
    - T = 3: the last of the four has 3 tokens, the three have 2, the two have 1.
    """
    instance = adaptive(prompt_len=1, lower=1, upper=4, slots=2, rounds=3, short=2)
    assert instance.capacity == 18
    assert outputs_of(instance) == [1] * 5 + [2] * 3 + [3] + [2] * 3 + [1] * 2 + [1] * 2
    assert {(r.prompt_len, r.lower, r.upper, r.arrival) for r in instance.requests} == {
        (1, 1, 4, 0)
    }


GOOD_STAGGERED = {"prompt_len": 1, "upper": 4, "slots": 1, "long": 2, "short": 3}
GOOD_ADAPTIVE = {"prompt_len": 1, "lower": 2, "upper": 9, "slots": 9, "rounds": 5, "short": 3}


@pytest.mark.parametrize(
    ("name", "parameters", "field"),
    [
        *(
            ("staggered", GOOD_STAGGERED | {field: value}, field)
            for field, value in (
                ("prompt_len", 0),
                ("upper", 1),
                ("slots", 0),
                ("long", -1),
                ("short", -1),
                ("short", 2**60),
            )
        ),
        *(
            ("adaptive", GOOD_ADAPTIVE | {field: value}, field)
            for field, value in (
                ("prompt_len", 0),
                ("lower", 0),
                ("upper", 0),
                ("upper", 4),
                ("slots", 0),
                ("slots", 1),
                ("rounds", 0),
                ("short", -1),
            )
        ),
        ("staggered", GOOD_STAGGERED | {"short": 10**9}, "family: number of requests"),
        ("staggered", GOOD_STAGGERED | {"upper": 10**9}, "family: number of requests"),
        ("adaptive", GOOD_ADAPTIVE | {"rounds": 10**9}, "family: number of requests"),
        ("adaptive", GOOD_ADAPTIVE | {"upper": 10**9}, "family: number of requests"),
    ],
)
def test_a_parameter_out_of_its_range_is_refused(
    name: str, parameters: Mapping[str, int], field: str
) -> None:
    with pytest.raises(InvalidValue) as raised:
        FAMILIES[name].instance(parameters)
    assert raised.value.field == field


def test_fewest_slots_is_the_least_that_the_proof_allows() -> None:
    for prompt_len in (1, 2, 5, 30):
        for lower in (1, 2, 4):
            for upper in (2 * lower + 1, 3 * lower + 2, 40):
                e = (prompt_len + upper) // (prompt_len + 1)
                planned, whole = volume(prompt_len, lower), volume(prompt_len, upper - lower)
                allowed = [
                    c
                    for c in range(1, 100)
                    if (c + e + 1) * planned <= c * whole
                    and c * (prompt_len + 1) >= prompt_len + lower
                    and c * whole >= prompt_len + upper
                ]
                assert fewest_slots(prompt_len, lower, upper) == allowed[0]


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
class TestEveryFamily:
    def test_its_defaults_make_an_instance(self, family: Family) -> None:
        parameters = family.parameters(16)
        assert parameters["upper"] == 16
        instance = family.instance(parameters)
        assert len({request.prompt_len for request in instance.requests}) == 1
        assert {request.upper for request in instance.requests} == {16}
        assert instance.block_size == 1
        assert instance.alpha > Fraction(0)
        assert family.policy in POLICIES

    def test_parameters_can_be_changed_and_misspelt_ones_are_refused(self, family: Family) -> None:
        assert family.parameters(16, {"prompt_len": 2})["prompt_len"] == 2
        with pytest.raises(InvalidValue, match="no further parameter") as raised:
            family.parameters(16, {"promt_len": 2})
        assert raised.value.field == "parameter"
        with pytest.raises(InvalidValue):
            family.parameters(16, {"upper": 2})

    def test_an_upper_bound_whose_defaults_are_too_large_is_refused(self, family: Family) -> None:
        with pytest.raises(InvalidValue, match="a smaller upper") as raised:
            family.parameters(2**52)
        assert raised.value.field == "upper"

    @pytest.mark.parametrize("upper", [-1, 0, 1])
    def test_an_upper_bound_below_2_is_refused(self, family: Family, upper: int) -> None:
        with pytest.raises(InvalidValue):
            family.instance(family.parameters(upper))

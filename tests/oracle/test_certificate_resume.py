"""Certificates where evicted requests keep their tokens (T21, T22, lemmas R1 to R3)."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amin_ref.model.errors import InvalidValue
from amin_ref.model.instance import Instance
from amin_ref.model.machine import Machine
from amin_ref.model.request import Request
from oracle.certificate import Certificate, Share, Stretch, verify
from tests.models.naive_resume import held, naive_resume_optimum

RESUME = Machine(after_eviction="resume")
MACHINES = (RESUME, replace(RESUME, last_token_stored=False))


def bound_by_enumeration(
    instance: Instance, multipliers: tuple[int, ...], first_round: int, denominator: int
) -> Fraction:
    """T21's formula over every increasing sequence of rounds, for arrivals in the stretch.

    Once all prices are zero a pause only delays, so that no sequence needs a later round.
    """
    price = dict(enumerate(multipliers, start=first_round))
    end = first_round + len(multipliers)
    total = Fraction(0)
    for r in instance.requests:
        rounds = range(r.arrival, max(r.arrival, end) + r.output_len)
        total += min(
            denominator * (chosen[-1] + 1 - r.arrival)
            + sum(price.get(t, 0) * held(instance, r, a) for a, t in enumerate(chosen, start=1))
            for chosen in combinations(rounds, r.output_len)
        )
    blocks = instance.capacity // instance.block_size
    total -= blocks * instance.block_size * sum(multipliers)
    return total / denominator


@st.composite
def instances(draw: st.DrawFn, most: int = 3) -> Instance:
    block_size = draw(st.sampled_from([1, 2, 3]))
    blocks = draw(st.integers(1, 14 // block_size)) if block_size > 1 else draw(st.integers(2, 14))
    capacity = max(2, blocks * block_size + draw(st.integers(0, block_size - 1)))
    longest = capacity // block_size * block_size
    requests = []
    for position in range(draw(st.integers(0, most))):
        prompt_len = draw(st.integers(1, longest - 1))
        output_len = draw(st.integers(1, min(4, longest - prompt_len)))
        arrival = draw(st.integers(0, 4))
        requests.append(Request(position, prompt_len, output_len, arrival=arrival))
    machine = draw(st.sampled_from(MACHINES))
    return Instance(capacity, tuple(requests), block_size, machine=machine)


prices = st.lists(st.integers(0, 9), min_size=5, max_size=9)
falling_prices = prices.map(lambda found: sorted(found, reverse=True))
large_prices = st.lists(st.integers(0, 2**53 - 1), min_size=5, max_size=7)


@pytest.mark.theorem("T21")
@settings(deadline=None, max_examples=150)
@given(instances(), prices | falling_prices | large_prices, st.integers(1, 60) | st.just(2**53 - 1))
def test_the_bound_is_the_least_over_all_sequences_of_rounds(
    instance: Instance, multipliers: list[int], denominator: int
) -> None:
    certificate = Certificate(instance, denominator, (Stretch(0, tuple(multipliers)),))
    exact = bound_by_enumeration(instance, tuple(multipliers), 0, denominator)
    assert verify(instance, certificate) == math.ceil(exact)


@pytest.mark.theorem("T21")
@settings(deadline=None, max_examples=100)
@given(instances(), falling_prices, st.integers(0, 3), st.integers(1, 60))
def test_falling_prices_prove_the_same_on_both_machines(
    instance: Instance, multipliers: list[int], before: int, denominator: int
) -> None:
    """Lemma R2; a rise before the first arrival is none."""
    later = tuple(replace(r, arrival=r.arrival + before) for r in instance.requests)
    kept = replace(instance, requests=later)
    lost = replace(kept, machine=replace(kept.machine, after_eviction="restart"))
    stretch = Stretch(0, (0,) * before + tuple(multipliers))
    certificate = Certificate(kept, denominator, (stretch,))
    assert certificate.falling
    exact = bound_by_enumeration(kept, stretch.multipliers, 0, denominator)
    assert verify(kept, certificate) == math.ceil(exact)
    assert verify(lost, replace(certificate, instance=lost)) == math.ceil(exact)


@pytest.mark.theorem("T22")
@settings(deadline=None, max_examples=100)
@given(st.data(), instances())
def test_no_certificate_exceeds_the_optimum(data: st.DataObject, instance: Instance) -> None:
    stretches = []
    first_round = 0
    for _ in range(data.draw(st.integers(1, 2))):
        multipliers = data.draw(st.lists(st.integers(0, 6), max_size=8))
        stretches.append(Stretch(first_round, tuple(multipliers)))
        first_round += len(multipliers) + data.draw(st.integers(0, 2))
    certificate = Certificate(instance, data.draw(st.integers(1, 60)), tuple(stretches))
    optimum = naive_resume_optimum(instance)
    assert verify(instance, certificate) <= optimum
    # Limits only exclude schedules, and names and predictions do not matter.
    limits = Machine(
        after_eviction="resume",
        last_token_stored=instance.machine.last_token_stored,
        tokens_per_round=9,
        max_running=2,
        watermark=1,
        sound_predictions=False,
    )
    limited = replace(instance, machine=limits)
    assert verify(limited, certificate) == verify(instance, certificate)


SMALLER = Instance(11, (Request("A", 1, 10), Request("B", 9, 1, arrival=5)), machine=RESUME)
"""The specification's example: A pauses for one round, which B fills."""

PRICED = Stretch(0, (0, 0, 0, 0, 0, 3, 2, 1))
"""Prices over ten, from round 5 on, in which A and B do not fit together."""

SHARED = Stretch(0, (0,) * 10, (Share(1, 8, 0, 0, (0,) * 5 + (1,) * 5),))
"""The share in which a request counts 8 tokens at most, and all of them together too; over five."""


@pytest.mark.theorem("T22")
def test_a_bound_of_the_machine_that_loses_tokens_is_none_here() -> None:
    """OPT is 12 where tokens are kept, 16 where they are lost, and there a share proves 13."""
    loses = replace(SMALLER, machine=Machine())
    assert naive_resume_optimum(SMALLER) == 12
    assert verify(loses, Certificate(loses, 5, (SHARED,))) == 13
    # The same prices of tokens prove less where A may pause for a round.
    assert verify(loses, Certificate(loses, 10, (PRICED,))) == 12
    assert verify(SMALLER, Certificate(SMALLER, 10, (PRICED,))) == 11
    # A is cheapest with a pause in rounds 5 and 6: 12 + 7 / 10. B costs 4, whenever it runs up to
    # round 8. The capacity is worth 11 · 6 / 10.
    assert bound_by_enumeration(SMALLER, PRICED.multipliers, 0, 10) == Fraction(101, 10)


@pytest.mark.theorem("T21")
def test_a_rise_after_an_arrival_is_not_falling() -> None:
    assert not Certificate(SMALLER, 6, (PRICED,)).falling
    assert not Certificate(SMALLER, 6, (Stretch(0, (0, 1)), Stretch(5, (3, 2)))).falling
    assert Certificate(SMALLER, 6, (Stretch(0, (1, 1)), Stretch(5, (3, 2)))).falling
    assert Certificate(SMALLER, 6, ()).falling


@pytest.mark.theorem("T21")
def test_shares_are_refused_by_name() -> None:
    loses = replace(SMALLER, machine=Machine())
    certificate = Certificate(loses, 5, (SHARED,))
    with pytest.raises(InvalidValue, match=r"certificate: shares .*after_eviction 'resume'"):
        Certificate(SMALLER, 5, (SHARED,))
    document = json.loads(certificate.to_json())
    document["instance"] = json.loads(Certificate(SMALLER, 5, ()).to_json())["instance"]
    with pytest.raises(InvalidValue, match="leave out the shares"):
        Certificate.from_json(json.dumps(document))
    # For a machine whose last token is not stored, shares are as good as ever.
    Certificate(replace(loses, machine=Machine(last_token_stored=False)), 5, (SHARED,))


@pytest.mark.theorem("T22")
@pytest.mark.parametrize("machine", [Machine(), replace(RESUME, last_token_stored=False)], ids=repr)
def test_a_certificate_of_another_machine_is_refused(machine: Machine) -> None:
    other = replace(SMALLER, machine=machine)
    with pytest.raises(InvalidValue, match="not the instance to be bounded, on its machine"):
        verify(other, Certificate(SMALLER, 6, ()))


def test_a_certificate_is_read_as_it_was_written() -> None:
    certificate = Certificate(SMALLER, 6, (PRICED,))
    assert Certificate.from_json(certificate.to_json()) == certificate
    assert json.loads(certificate.to_json())["version"] == 1


def test_the_additions_of_the_dynamic_programme_are_counted() -> None:
    """Tokens × rounds in which they can be generated; a certificate that falls takes few."""
    instance = Instance(100, tuple(Request(i, 1, 10) for i in range(3)), machine=RESUME)
    rising = Certificate(instance, 1, (Stretch(0, (0,) * 49 + (1,)),))
    # At once the request costs 10 rounds, so that only 10 rounds matter: 10 + 9 + … + 1.
    assert rising.operations == 55 + 10 * 256
    dear = Certificate(instance, 1, (Stretch(0, (9,) * 49 + (10,)),))
    assert dear.operations == sum(50 - token for token in range(10)) + 10 * 256
    falling = Certificate(instance, 1, (Stretch(0, (1,) + (0,) * 49),))
    assert falling.operations == 50


def test_the_additions_are_those_of_each_group_of_requests_from_its_arrival_on() -> None:
    """Requests of one prompt length and arrival share one programme, for the longest of them."""
    requests = [(3, 2), (3, 10), (5, 4), (10, 10), (12, 7), (1, 5)]
    instance = Instance(
        100,
        tuple(Request(i, 1, output, arrival=now) for i, (now, output) in enumerate(requests)),
        machine=RESUME,
    )
    # Rounds 3 to 12 are priced. The last of them has the only rise, so that the request that
    # arrives in it is cheapest in one run; the one of round 1 arrives before.
    certificate = Certificate(instance, 1, (Stretch(3, (9,) * 9 + (10,)),))
    from_3 = sum(range(1, 11)) + 10 * 256
    from_5 = 8 + 7 + 6 + 5 + 4 * 256
    from_10 = 3 + 2 + 1 + 3 * 256
    assert certificate.operations == from_3 + from_5 + from_10 + 10


few_prices = st.lists(st.integers(0, 9), max_size=4)


@pytest.mark.theorem("T21")
@settings(deadline=None, max_examples=60)
@given(
    instances(), st.integers(0, 3), few_prices, st.integers(0, 1), few_prices, st.integers(1, 60)
)
def test_the_bound_of_several_stretches_is_the_sum_of_theirs(
    instance: Instance,
    before: int,
    early: list[int],
    between: int,
    late: list[int],
    denominator: int,
) -> None:
    """Each prices the requests that arrive in it; a request that arrives in none costs o."""
    first = Stretch(before, tuple(early))
    stretches = (first, Stretch(first.stop + between, tuple(late)))
    exact = Fraction(0)
    left = list(instance.requests)
    for stretch in stretches:
        inside = tuple(r for r in left if stretch.first_round <= r.arrival < stretch.stop)
        left = [r for r in left if r not in inside]
        exact += bound_by_enumeration(
            replace(instance, requests=inside),
            stretch.multipliers,
            stretch.first_round,
            denominator,
        )
    exact += sum(r.output_len for r in left)
    assert verify(instance, Certificate(instance, denominator, stretches)) == math.ceil(exact)


@pytest.mark.theorem("T21")
@pytest.mark.parametrize("first_round", [0, 3])
def test_prices_fall_where_none_rises_after_the_first_arrival(first_round: int) -> None:
    """All prices of 0 and 1 over four rounds, and an arrival in each of the rounds."""
    for multipliers in product((0, 1), repeat=4):
        for place in range(4):
            instance = Instance(9, [Request(0, 1, 2, arrival=first_round + place)], machine=RESUME)
            certificate = Certificate(instance, 1, (Stretch(first_round, multipliers),))
            after = multipliers[place:]
            assert certificate.falling == (list(after) == sorted(after, reverse=True))


def test_the_additions_of_several_stretches_are_those_of_each() -> None:
    requests = (Request(0, 1, 3), Request(1, 1, 4, arrival=5), Request(2, 1, 2, arrival=7))
    instance = Instance(20, requests, machine=RESUME)
    stretches = (Stretch(0, (3, 2, 1)), Stretch(4, (2, 2, 1, 1)), Stretch(8, (0, 1)))
    alone = [Certificate(instance, 1, (one,)).operations for one in stretches]
    assert alone == [3, 2 * 4, 0]
    assert Certificate(instance, 1, stretches).operations == sum(alone)

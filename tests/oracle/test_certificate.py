"""Certificates are lower bounds (T10), verified exactly; malformed ones are refused."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from types import FrameType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amin_ref.model.errors import AminError, InvalidDocument, InvalidValue
from amin_ref.model.instance import Instance
from amin_ref.model.request import Request
from oracle.certificate import Certificate, Share, Stretch, verify


def held(request: Request, round_of_run: int, block_size: int) -> int:
    """Specification, section 1: B·⌈(s + a)/B⌉ in the a-th round of a run, 0 outside of it."""
    if not 1 <= round_of_run <= request.output_len:
        return 0
    return block_size * math.ceil(Fraction(request.prompt_len + round_of_run, block_size))


def enumerated_optimum(instance: Instance) -> int:
    """OPT by trying every start round of every request, up to a horizon that always suffices.

    A branch ends only where it already overflows the cache or costs too much.
    """
    last = max((r.arrival for r in instance.requests), default=0)
    horizon = last + sum(r.output_len for r in instance.requests)
    best = horizon * len(instance.requests) + 1

    def place(position: int, free: list[int], cost: int) -> None:
        nonlocal best
        if cost >= best:
            return
        if position == len(instance.requests):
            best = cost
            return
        r = instance.requests[position]
        for start in range(r.arrival, horizon - r.output_len + 1):
            left = [
                now_free - held(r, now - start + 1, instance.block_size)
                for now, now_free in enumerate(free)
            ]
            if min(left) >= 0:
                place(position + 1, left, cost + start + r.output_len - r.arrival)

    place(0, [instance.capacity] * horizon, 0)
    return best


def counted(request: Request, age: int, share: Share, instance: Instance) -> int:
    """A request's tokens in a share, by the formula in proofs_notes/certificates.md, section 1."""
    left = request.output_len - age
    if age <= -share.lead or left < share.lead or left < 0:
        return 0
    block = instance.block_size
    spare = instance.capacity // block * block - held(request, request.output_len, block)
    room = max(0, spare - share.places * (left + share.ignored))
    grown = request.prompt_len + age - share.ignored
    return max(0, min(share.most, grown, share.places * share.most - room))


def bound_by_formula(
    instance: Instance,
    prices: Sequence[Fraction],
    first_round: int,
    shares: Sequence[Share] = (),
    denominator: int = 1,
) -> Fraction:
    """The bound's formula, term by term, for requests that all arrive in the stretch."""
    price = dict(enumerate(prices, start=first_round))
    end = first_round + len(prices)
    longest_lead = max((min(share.lead, len(prices)) for share in shares), default=0)
    total = Fraction(0)
    for r in instance.requests:
        total += min(
            start
            + r.output_len
            - r.arrival
            + sum(
                price.get(start + k - 1, Fraction(0)) * held(r, k, instance.block_size)
                for k in range(1, r.output_len + 1)
            )
            + sum(
                Fraction(share.multipliers[start + age - 1 - first_round], denominator)
                * counted(r, age, share, instance)
                for share in shares
                for age in range(
                    # Of a lead longer than the stretch, only the last rounds matter.
                    max(first_round - start, -len(prices)) + 1,
                    min(r.output_len, end - start) + 1,
                )
            )
            for start in range(r.arrival, max(end + longest_lead, r.arrival) + 1)
        )
    total -= sum(
        Fraction(share.places * share.most * sum(share.multipliers), denominator)
        for share in shares
    )
    whole_blocks = instance.block_size * (instance.capacity // instance.block_size)
    return total - whole_blocks * sum(prices, Fraction(0))


@st.composite
def instances(draw: st.DrawFn, most: int = 4) -> Instance:
    block_size = draw(st.sampled_from([1, 2, 4]))
    blocks = draw(st.integers(1, 16 // block_size)) if block_size > 1 else draw(st.integers(2, 16))
    capacity = max(2, blocks * block_size + draw(st.integers(0, block_size - 1)))
    longest = capacity // block_size * block_size
    requests = []
    for position in range(draw(st.integers(0, most))):
        prompt_len = draw(st.integers(1, longest - 1))
        output_len = draw(st.integers(1, min(5, longest - prompt_len)))
        arrival = draw(st.integers(0, 4))
        requests.append(Request(position, prompt_len, output_len, arrival=arrival))
    return Instance(capacity, tuple(requests), block_size)


multipliers = st.lists(st.integers(0, 9), max_size=12) | st.lists(
    st.integers(0, 10**15), max_size=6
)


@pytest.mark.theorem("T10")
@settings(deadline=None, max_examples=300)
@given(instances(), multipliers, st.integers(1, 200))
def test_the_bound_is_the_specifications_formula(
    instance: Instance, numerators: list[int], denominator: int
) -> None:
    numerators += [0] * 5  # the stretch covers every arrival
    certificate = Certificate(instance, denominator, (Stretch(0, tuple(numerators)),))
    exact = bound_by_formula(instance, [Fraction(x, denominator) for x in numerators], 0)
    assert verify(instance, certificate) == math.ceil(exact)


@pytest.mark.theorem("T10")
@settings(deadline=None, max_examples=150)
@given(instances(), multipliers, st.integers(10**14, 2**53 - 1))
def test_the_bound_is_exact_where_64_bits_are_not_enough(
    instance: Instance, numerators: list[int], denominator: int
) -> None:
    numerators = [2**53 - 1 - x for x in numerators] + [0] * 5
    certificate = Certificate(instance, denominator, (Stretch(0, tuple(numerators)),))
    exact = bound_by_formula(instance, [Fraction(x, denominator) for x in numerators], 0)
    assert verify(instance, certificate) == math.ceil(exact)


@st.composite
def all_shares(
    draw: st.DrawFn, instance: Instance, rounds: int, most: int = 3
) -> tuple[Share, ...]:
    """Random shares with random prices, most of which are of no use."""
    price = st.integers(0, draw(st.sampled_from([6, 2**53 - 1])))
    size = st.integers(0, instance.capacity + 1) | st.sampled_from([2**40, 2**53 - 1])
    return tuple(
        Share(
            draw(st.integers(1, 4) | st.just(2**53 - 1)),
            1 + min(draw(size), 2**53 - 2),
            draw(st.integers(0, 3) | size),
            draw(st.integers(0, 6) | st.just(2**53 - 1)),
            tuple(draw(st.lists(price, min_size=rounds, max_size=rounds))),
        )
        for _ in range(draw(st.integers(0, most)))
    )


@pytest.mark.theorem("T10")
@settings(deadline=None, max_examples=200)
@given(st.data(), instances(), multipliers, st.integers(1, 200))
def test_the_bound_with_shares_is_its_formula(
    data: st.DataObject, instance: Instance, numerators: list[int], denominator: int
) -> None:
    numerators += [0] * 5  # the stretch covers every arrival
    shares = data.draw(all_shares(instance, len(numerators)))
    certificate = Certificate(instance, denominator, (Stretch(0, tuple(numerators), shares),))
    prices = [Fraction(x, denominator) for x in numerators]
    exact = bound_by_formula(instance, prices, 0, shares, denominator)
    assert verify(instance, certificate) == math.ceil(exact)


@st.composite
def wide_requests(draw: st.DrawFn) -> Instance:
    """An instance of one request, small or with an output of thousands of tokens."""
    block_size = draw(st.sampled_from([1, 2, 4]))
    prompt_len = draw(st.integers(1, 9))
    output_len = draw(st.integers(1, 9) | st.integers(2**11, 2**12))
    needed = -(-(prompt_len + output_len) // block_size) * block_size
    capacity = needed + draw(st.integers(0, 40))
    return Instance(capacity, (Request("a", prompt_len, output_len),), block_size)


powers = st.integers(0, 52).map(lambda exponent: 2**exponent)


@pytest.mark.theorem("T10")
@settings(deadline=None, max_examples=500)
@given(
    wide_requests(),
    st.integers(1, 4) | powers,
    st.integers(1, 20) | powers,
    st.integers(0, 20) | powers,
    st.integers(0, 6),
    st.data(),
)
def test_the_count_of_a_request_in_a_share_is_its_formula(
    instance: Instance, places: int, most: int, ignored: int, lead: int, data: st.DataObject
) -> None:
    """For numbers of any size: a count that overflows 64 bits would be no lower bound."""
    (request,) = instance.requests
    share = Share(places, most, ignored, lead, ())
    first = data.draw(st.integers(-lead - 2, request.output_len))
    ages = range(first, first + data.draw(st.integers(1, 8)))
    found = share.counted(instance, request.prompt_len, request.output_len, ages)
    formula = [counted(request, age, share, instance) for age in ages]
    assert [int(tokens) for tokens in found] == formula
    lengths = (request.prompt_len, request.output_len)
    assert [share.counted_at(instance, *lengths, age) for age in ages] == formula


@pytest.mark.theorem("T10")
@pytest.mark.parametrize("output_len", [2, 4000])
@pytest.mark.parametrize("ignored", [0, 2**12, 2**40])
@pytest.mark.parametrize(("lead", "ages"), [(0, range(1, 2)), (7000, range(-6999, 2))])
def test_the_count_of_a_request_is_right_beyond_64_bits(
    output_len: int, ignored: int, lead: int, ages: range
) -> None:
    """The formula multiplies 2**53 - 1 places by numbers of rounds and tokens."""
    instance = Instance(5000, (Request("a", 900, output_len),))
    share = Share(2**53 - 1, 7, ignored, lead, ())
    counts = share.counted(instance, 900, output_len, ages)
    formula = [counted(instance.requests[0], age, share, instance) for age in ages]
    assert [int(tokens) for tokens in counts] == formula


@pytest.mark.theorem("T10")
@pytest.mark.parametrize("lead", [1500, 3500, 7500])
def test_the_count_with_a_long_lead_is_right_beyond_64_bits(lead: int) -> None:
    """The prompt is longer than the lead, so that the request counts over the whole lead."""
    instance = Instance(9000, (Request("a", 8000, 1),))
    share = Share(2**53 - 1, 7, 0, lead, ())
    counts = share.counted(instance, 8000, 1, range(1 - lead, 2))
    formula = [counted(instance.requests[0], age, share, instance) for age in range(1 - lead, 2)]
    assert any(formula)
    assert [int(tokens) for tokens in counts] == formula


@pytest.mark.theorem("T10")
@settings(deadline=None, max_examples=400)
@given(st.data(), instances())
def test_the_bound_of_several_stretches_is_the_sum_of_theirs(
    data: st.DataObject, instance: Instance
) -> None:
    """Theorem C3: a stretch charges the requests that arrive in it; others add their output."""
    certificate = data.draw(certificates(instance))
    total = Fraction(0)
    elsewhere = list(instance.requests)
    for stretch in certificate.stretches:
        within = range(stretch.first_round, stretch.first_round + len(stretch.multipliers))
        mine = tuple(r for r in elsewhere if r.arrival in within)
        elsewhere = [r for r in elsewhere if r.arrival not in within]
        total += bound_by_formula(
            Instance(instance.capacity, mine, instance.block_size),
            [Fraction(price, certificate.denominator) for price in stretch.multipliers],
            stretch.first_round,
            stretch.shares,
            certificate.denominator,
        )
    total += sum(request.output_len for request in elsewhere)
    assert verify(instance, certificate) == math.ceil(total)


@pytest.mark.theorem("T10")
@settings(deadline=None, max_examples=400)
@given(st.data(), instances(most=6))
def test_no_schedule_exceeds_a_share(data: st.DataObject, instance: Instance) -> None:
    """Lemma C1, in schedules that start each request as early as it fits, in any order."""
    share = Share(
        data.draw(st.integers(1, 3)),
        data.draw(st.integers(1, instance.capacity)),
        data.draw(st.integers(0, instance.capacity // 2)),
        data.draw(st.integers(0, 4)),
        (),
    )
    starts: list[tuple[Request, int]] = []
    for request in data.draw(st.permutations(instance.requests)):
        start = data.draw(st.integers(request.arrival, request.arrival + 3))
        while not fit([*starts, (request, start)], instance):
            start += 1
        starts.append((request, start))
    for now in range(-4, 40):
        in_all = sum(
            counted(request, now - start + 1, share, instance) for request, start in starts
        )
        assert in_all <= share.places * share.most


def fit(starts: Sequence[tuple[Request, int]], instance: Instance) -> bool:
    """Whether requests started in these rounds never hold more than the capacity."""
    return all(
        sum(held(request, now - start + 1, instance.block_size) for request, start in starts)
        <= instance.capacity
        for now in range(40)
    )


@st.composite
def certificates(draw: st.DrawFn, instance: Instance) -> Certificate:
    """Random prices in up to three stretches, most of them far from good ones."""
    stretches = []
    first_round = draw(st.integers(0, 3))
    for _ in range(draw(st.integers(0, 3))):
        numerators = draw(st.lists(st.integers(0, 6), max_size=12))
        shares = draw(all_shares(instance, len(numerators)))
        stretches.append(Stretch(first_round, tuple(numerators), shares))
        first_round += len(numerators) + draw(st.integers(0, 2))
    return Certificate(instance, draw(st.integers(1, 60)), tuple(stretches))


@pytest.mark.theorem("T10")
@settings(deadline=None, max_examples=250)
@given(st.data())
def test_t10_every_certificate_is_a_lower_bound(data: st.DataObject) -> None:
    instance = data.draw(instances(most=3))
    certificate = data.draw(certificates(instance))
    assert verify(instance, certificate) <= enumerated_optimum(instance)


CROWDED = Instance(
    10,
    tuple(
        Request(name, prompt_len, output_len, arrival=arrival)
        for name, prompt_len, output_len, arrival in [
            ("a", 2, 4, 0),
            ("b", 3, 5, 0),
            ("c", 1, 3, 1),
            ("d", 4, 4, 2),
        ]
    ),
)
PRICED = Certificate(
    CROWDED,
    12,
    (
        Stretch(
            0,
            (6, 5, 5, 4, 4, 3, 2, 2, 1, 1),
            (Share(1, 4, 1, 1, (5, 5, 4, 4, 3, 3, 2, 2, 1, 1)),),
        ),
    ),
)


@pytest.fixture(scope="module")
def optimum_of_crowded() -> int:
    return enumerated_optimum(CROWDED)


def numbers_in(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The path of each number in a JSON value."""
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in numbers_in(item, (*path, key))]
    if isinstance(value, list):
        return [found for i, item in enumerate(value) for found in numbers_in(item, (*path, i))]
    return [path] if isinstance(value, int) else []


@pytest.mark.theorem("T10")
@pytest.mark.parametrize("path", numbers_in(json.loads(PRICED.to_json())), ids=str)
@pytest.mark.parametrize("new", [-1, 0, 1, 3, 7, 1000, 2**53 - 1, 2**70, 0.5, "NaN", None])
def test_one_tampered_number_never_bounds_above_the_optimum(
    path: tuple[str | int, ...], new: object, optimum_of_crowded: int
) -> None:
    text = json.dumps(with_value_at(json.loads(PRICED.to_json()), path, new))
    try:
        assert verify(CROWDED, Certificate.from_json(text)) <= optimum_of_crowded
    except AminError as error:
        assert_one_sentence(error)


def with_value_at(value: object, path: tuple[str | int, ...], new: object) -> object:
    """A copy of a JSON value that has ``new`` at ``path``."""
    if not path:
        return new
    step, *rest = path
    if isinstance(value, dict):
        return {k: with_value_at(v, tuple(rest), new) if k == step else v for k, v in value.items()}
    assert isinstance(value, list)
    return [with_value_at(v, tuple(rest), new) if i == step else v for i, v in enumerate(value)]


def assert_one_sentence(error: AminError) -> None:
    text = str(error)
    assert text.endswith(".")
    assert "\n" not in text
    assert len(text) < 300


@pytest.mark.theorem("T10")
def test_a_price_below_zero_is_refused() -> None:
    """A negative price would prove too much: at −1, ten unused tokens would count as ten rounds."""
    with pytest.raises(InvalidValue, match=r"multipliers\[1\] is -1, but it must be at least 0"):
        Stretch(0, (0, -1))


def test_a_certificate_can_reach_the_optimum() -> None:
    """Two requests that exclude each other, and a price at which starting later costs no more."""
    instance = Instance(4, (Request("x", 1, 3), Request("y", 1, 3)))
    # At 3/4 in round 2, where a request started in round 0 holds 4 tokens, starting at once costs
    # 3 + 4·3/4 = 6 as starting in round 3 does; 2·6 − 4·3/4 = 9 is the cost of one after the other.
    assert verify(instance, Certificate(instance, 4, (Stretch(0, (0, 0, 3)),))) == 9
    assert enumerated_optimum(instance) == 9


def test_prices_of_shares_can_prove_more_than_prices_of_tokens() -> None:
    """Three like requests, any two of which overflow when the first of them completes.

    Each can only start when the one before is done, 9 + 18 + 27 − 27 rounds of waiting. Prices of
    tokens prove little of it: on average a request holds little more than half of its peak.
    """
    instance = Instance(10, tuple(Request(name, 1, 9) for name in "xyz"))
    assert enumerated_optimum(instance) == 9 + 18 + 27
    # Each counts one in all its rounds. A place for rounds 0–8 costs 9 times 1 + 1, for the two
    # that wait; for 9–17 another 9.
    price = (2,) * 9 + (1,) * 9
    places = Stretch(0, (0,) * 18, (Share(1, 1, 0, 0, price),))
    assert verify(instance, Certificate(instance, 1, (places,))) == 9 + 18 + 27
    tokens = Stretch(0, tuple(2 * p for p in price))
    assert verify(instance, Certificate(instance, 20, (tokens,))) < 9 + 18 + 27 - 9


def test_a_certificate_is_read_as_it_was_written() -> None:
    assert Certificate.from_json(PRICED.to_json()) == PRICED
    assert verify(CROWDED, Certificate.from_json(PRICED.to_json())) == verify(CROWDED, PRICED)


def test_without_prices_the_bound_is_the_sum_of_outputs() -> None:
    assert verify(CROWDED, Certificate(CROWDED, 1, ())) == 4 + 5 + 3 + 4
    assert verify(Instance(5, ()), Certificate(Instance(5, ()), 1, ())) == 0


def test_the_bound_over_stretches_far_apart_is_exact() -> None:
    late = 2**52
    requests = [
        Request((name, when).__repr__(), 2, 5, arrival=when) for name in "abc" for when in (0, late)
    ]
    instance = Instance(9, tuple(requests))
    prices = (6, 6, 5, 4, 3, 2, 1)
    certificate = Certificate(instance, 30, (Stretch(0, prices), Stretch(late, prices)))
    early = Instance(9, tuple(r for r in requests if r.arrival == 0))
    exact = bound_by_formula(early, [Fraction(x, 30) for x in prices], 0)
    assert exact > 15
    assert verify(instance, certificate) == math.ceil(2 * exact)


def test_names_order_and_predictions_do_not_matter() -> None:
    renamed = Instance(
        CROWDED.capacity,
        tuple(
            Request(f"new {r.id}", r.prompt_len, r.output_len, r.output_len, 100, r.arrival)
            for r in reversed(CROWDED.requests)
        ),
    )
    assert verify(renamed, PRICED) == verify(CROWDED, PRICED)


@pytest.mark.theorem("T10")
@pytest.mark.parametrize(
    "other",
    [
        Instance(11, CROWDED.requests),
        Instance(10, CROWDED.requests, block_size=2),
        Instance(10, CROWDED.requests[1:]),
        Instance(10, (*CROWDED.requests[1:], Request("a", 2, 4, arrival=1))),
        Instance(10, (*CROWDED.requests[1:], Request("a", 1, 4))),
        Instance(10, (*CROWDED.requests[1:], Request("a", 2, 3))),
    ],
)
def test_a_certificate_of_another_instance_is_refused(other: Instance) -> None:
    with pytest.raises(InvalidValue, match="not the instance to be bounded") as refused:
        verify(other, PRICED)
    assert_one_sentence(refused.value)


SHARE = {"places": 1, "most": 2, "ignored": 0, "lead": 0, "multipliers": []}


def rewritten(**changes: object) -> str:
    return json.dumps(json.loads(PRICED.to_json()) | changes)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not JSON"),
        ("[1, 2]", "object is needed"),
        ("NaN", "NaN"),
        (rewritten(format="amin-ref/schedule"), "format"),
        (rewritten(version=2), "version"),
        (rewritten(bound=99), "'bound' is unknown"),
        (rewritten(denominator=0), "denominator is 0"),
        (rewritten(denominator=1.0), "denominator is 1.0"),
        (rewritten(denominator=True), "denominator is True"),
        (rewritten(stretches={}), "stretches"),
        (rewritten(stretches=[{"first_round": 0}]), "'multipliers' is missing"),
        (rewritten(stretches=[{"first_round": 0, "multipliers": [1, -1]}]), r"\[1\] is -1"),
        (rewritten(stretches=[{"first_round": 0, "multipliers": [0.5]}]), "is 0.5"),
        (rewritten(stretches=[{"first_round": 0, "multipliers": ["1"]}]), "is '1'"),
        (rewritten(stretches=[{"first_round": 0, "multipliers": [2**53]}]), r"2\*\*53"),
        (rewritten(stretches=[{"first_round": -1, "multipliers": []}]), "first_round is -1"),
        (
            rewritten(
                stretches=[
                    {
                        "first_round": 0,
                        "multipliers": [1],
                        "shares": [SHARE | {"multipliers": [1, 1]}],
                    }
                ]
            ),
            "there must be 1, one for each round",
        ),
        (
            rewritten(
                stretches=[
                    {
                        "first_round": 0,
                        "multipliers": [],
                        "shares": [SHARE | {"places": 0}],
                    }
                ]
            ),
            "places is 0",
        ),
        (
            rewritten(
                stretches=[
                    {"first_round": 0, "multipliers": [1], "shares": [SHARE | {"colour": 1}]}
                ]
            ),
            r"^certificate: stretches\[0\]: shares\[0\]: .*'colour'",
        ),
        (rewritten(colour=1), "^certificate: .*'colour'"),
        (
            rewritten(stretches=[{"first_round": f, "multipliers": [1, 1]} for f in (3, 4)]),
            "prices rounds up to 4",
        ),
        (rewritten(instance={"capacity": 3, "requests": []}, denominator="1"), "denominator"),
        ('{"format": "amin-ref/certificate", "format": 1}', "format"),
    ],
)
def test_a_malformed_document_is_refused_in_one_sentence(text: str, says: str) -> None:
    with pytest.raises((InvalidDocument, InvalidValue), match=says) as refused:
        Certificate.from_json(text)
    assert_one_sentence(refused.value)


@pytest.mark.parametrize(
    "build",
    [
        lambda: Stretch(0, (float("nan"),)),  # type: ignore[arg-type]  # wrong on purpose
        lambda: Stretch(0, 7),  # type: ignore[arg-type]  # wrong on purpose
        lambda: Certificate(CROWDED, 1, ((0, (1,)),)),  # type: ignore[arg-type]  # wrong on purpose
        lambda: Certificate("x", 1, ()),  # type: ignore[arg-type]  # wrong on purpose
    ],
)
def test_a_malformed_value_is_refused_in_one_sentence(build: Callable[[], object]) -> None:
    with pytest.raises(InvalidValue) as refused:
        build()
    assert_one_sentence(refused.value)


def share(**fields: object) -> Share:
    """A valid share except for the given fields."""
    made: dict[str, object] = {"places": 1, "most": 2, "ignored": 0, "lead": 0}
    made["multipliers"] = (0, 1)
    return Share(**made | fields)  # type: ignore[arg-type]  # wrong types are what is tested


def stretch(**fields: object) -> Stretch:
    """A valid stretch except for the given fields."""
    made: dict[str, object] = {"first_round": 0, "multipliers": (0, 1), "shares": (share(),)}
    return Stretch(**made | fields)  # type: ignore[arg-type]  # wrong types are what is tested


def certificate(**fields: object) -> Certificate:
    """A valid certificate except for the given fields."""
    made: dict[str, object] = {"instance": CROWDED, "denominator": 1, "stretches": (stretch(),)}
    return Certificate(**made | fields)  # type: ignore[arg-type]  # wrong types are what is tested


NUMBERS: tuple[tuple[Callable[[object], object], str, int, str], ...] = (
    (lambda number: share(places=number), "places", 1, "requests"),
    (lambda number: share(most=number), "most", 1, "tokens"),
    (lambda number: share(ignored=number), "ignored", 0, "tokens"),
    (lambda number: share(lead=number), "lead", 0, "rounds"),
    (lambda number: share(multipliers=(0, number)), "multipliers[1]", 0, "price units"),
    (lambda number: stretch(first_round=number), "first_round", 0, "rounds"),
    (lambda number: stretch(multipliers=(0, number)), "multipliers[1]", 0, "price units"),
    (lambda number: certificate(denominator=number), "denominator", 1, "price units"),
)


@pytest.mark.parametrize(("build", "field", "least", "unit"), NUMBERS)
def test_the_error_for_a_wrong_number_names_its_field_minimum_and_unit(
    build: Callable[[object], object], field: str, least: int, unit: str
) -> None:
    build(least)
    for number, rule in (
        (least - 1, f"it must be at least {least} {unit}"),
        (0.5, f"it must be a whole number of {unit} (an int"),
    ):
        with pytest.raises(InvalidValue) as refused:
            build(number)
        assert refused.value.field == f"certificate: {field}"
        assert refused.value.rule.startswith(rule)


FIRST = ("stretches", 0)


@pytest.mark.parametrize(
    ("path", "place", "least", "unit"),
    [
        (("denominator",), "denominator", 1, "price units"),
        ((*FIRST, "first_round"), "stretches[0]: first_round", 0, "rounds"),
        ((*FIRST, "multipliers", 2), "stretches[0]: multipliers[2]", 0, "price units"),
        ((*FIRST, "shares", 0, "places"), "stretches[0]: shares[0]: places", 1, "requests"),
        ((*FIRST, "shares", 0, "most"), "stretches[0]: shares[0]: most", 1, "tokens"),
        ((*FIRST, "shares", 0, "ignored"), "stretches[0]: shares[0]: ignored", 0, "tokens"),
        ((*FIRST, "shares", 0, "lead"), "stretches[0]: shares[0]: lead", 0, "rounds"),
        (
            (*FIRST, "shares", 0, "multipliers", 1),
            "stretches[0]: shares[0]: multipliers[1]",
            0,
            "price units",
        ),
    ],
)
def test_the_error_for_a_wrong_number_of_a_document_names_its_place(
    path: tuple[str | int, ...], place: str, least: int, unit: str
) -> None:
    for number, rule in (
        (least - 1, f"it must be at least {least} {unit}"),
        (0.5, f"it must be a whole number of {unit} (an int"),
    ):
        text = json.dumps(with_value_at(json.loads(PRICED.to_json()), path, number))
        with pytest.raises(InvalidValue) as refused:
            Certificate.from_json(text)
        assert refused.value.field == f"certificate: {place}"
        assert refused.value.rule.startswith(rule)


@pytest.mark.parametrize(
    ("build", "field", "rule"),
    [
        (lambda: share(multipliers=7), "multipliers", "it must be a tuple"),
        (lambda: stretch(shares=7), "shares", "it must be a tuple"),
        (lambda: stretch(shares=(7,)), "shares", "each must be a Share"),
        (
            lambda: stretch(shares=(share(multipliers=(1,)),)),
            "multipliers of a share",
            "there must be 2, one for each round of the stretch",
        ),
        (lambda: certificate(instance=7), "instance", "it must be an Instance"),
        (lambda: certificate(stretches=7), "stretches", "it must be a tuple"),
        (lambda: certificate(stretches=(7,)), "stretches", "each must be a Stretch"),
        (
            lambda: certificate(stretches=(stretch(), stretch(first_round=1))),
            "first_round",
            "the stretch before it prices rounds up to 1",
        ),
    ],
)
def test_the_error_for_a_wrong_type_names_its_field(
    build: Callable[[], object], field: str, rule: str
) -> None:
    with pytest.raises(InvalidValue) as refused:
        build()
    assert refused.value.field == f"certificate: {field}"
    assert refused.value.rule == rule


def test_parts_may_be_given_as_any_iterable() -> None:
    """The parts are stored as tuples, so that certificates can be compared and hashed."""
    lists = certificate(stretches=[stretch(multipliers=[0, 1], shares=[share(multipliers=[0, 1])])])
    assert lists == certificate()
    assert hash(lists) == hash(certificate())
    assert stretch(first_round=5).stop == 7
    # One stretch may begin where the one before it ends.
    certificate(stretches=(stretch(), stretch(first_round=2)))


@pytest.mark.parametrize(
    ("path", "place", "kind"),
    [
        (("stretches",), "certificate: stretches", "an array"),
        (FIRST, "certificate: stretches[0]", "an object"),
        ((*FIRST, "multipliers"), "certificate: stretches[0]: multipliers", "an array"),
        ((*FIRST, "shares"), "certificate: stretches[0]: shares", "an array"),
        ((*FIRST, "shares", 0), "certificate: stretches[0]: shares[0]", "an object"),
    ],
)
def test_the_error_for_a_wrong_part_of_a_document_names_its_place(
    path: tuple[str | int, ...], place: str, kind: str
) -> None:
    text = json.dumps(with_value_at(json.loads(PRICED.to_json()), path, "x"))
    with pytest.raises(InvalidDocument) as refused:
        Certificate.from_json(text)
    assert str(refused.value).startswith(f"{place}: ")
    assert str(refused.value).endswith(f" found where {kind} is needed.")


@pytest.mark.theorem("T10")
@pytest.mark.parametrize(
    ("arrival", "multipliers", "leads", "delay"),
    [
        # A request that arrives after the stretch is not charged, though it would count in it.
        (2, (50, 50), (2,), 0),
        # The request waits until it counts in neither round: by the longest lead of all shares.
        (1, (50, 50), (2,), 3),
        (1, (50, 50), (2, 0), 3),
        (1, (50, 50), (0, 2), 3),
        # Of a lead longer than the stretch, only as many rounds matter as the stretch has.
        (0, (50,), (2,), 2),
    ],
)
def test_a_start_after_the_stretch_may_count_in_it(
    arrival: int, multipliers: tuple[int, ...], leads: tuple[int, ...], delay: int
) -> None:
    instance = Instance(10, (Request("a", 4, 3, arrival=arrival),))
    none = (0,) * len(multipliers)
    shares = tuple(
        Share(1, 2, 0, lead, multipliers if lead == max(leads) else none) for lead in leads
    )
    certificate = Certificate(instance, 1, (Stretch(0, none, shares),))
    assert verify(instance, certificate) == 3 + delay - 2 * sum(multipliers)


LARGEST_PRICE = 2**53 - 1


@pytest.mark.theorem("T10")
def test_a_delay_may_need_more_than_64_bits() -> None:
    """No round has a price, so no request is delayed; but the last delay is above 2**63."""
    instance = Instance(5, (Request("a", 1, 2),))
    stretches = (Stretch(0, (0,) * 3000),)
    assert verify(instance, Certificate(instance, LARGEST_PRICE, stretches)) == 2


@pytest.mark.theorem("T10")
def test_the_price_of_a_long_prompt_may_need_more_than_64_bits() -> None:
    """4,001 tokens at 2**53 - 1 in the only priced round: the request waits for one round."""
    instance = Instance(5000, (Request("a", 4000, 2),))
    certificate = Certificate(instance, 1, (Stretch(0, (LARGEST_PRICE,)),))
    assert verify(instance, certificate) == 1 + 2 - 5000 * LARGEST_PRICE


@pytest.mark.theorem("T10")
@pytest.mark.parametrize("lead", [0, 10])
def test_the_price_of_a_share_may_need_more_than_64_bits(lead: int) -> None:
    """Counted from its start on, or ``lead`` rounds sooner, a request waits for the last price."""
    instance = Instance(2600, (Request("a", 20, 2500),))
    share = Share(1, 1, 0, lead, (LARGEST_PRICE,) * 3000)
    certificate = Certificate(instance, 1, (Stretch(0, (0,) * 3000, (share,)),))
    assert verify(instance, certificate) == 3000 + lead + 2500 - 3000 * LARGEST_PRICE


@pytest.mark.theorem("T10")
@pytest.mark.parametrize("rounds", [1, 1500, 3000])
@pytest.mark.parametrize("price", [LARGEST_PRICE, 1])
def test_two_tokens_over_thousands_of_rounds_are_priced_exactly(rounds: int, price: int) -> None:
    """In the smallest cache, delays exceed 64 bits before prices of tokens do. All λ are 1."""
    instance = Instance(2, (Request("a", 1, 1),))
    certificate = Certificate(instance, price, (Stretch(0, (price,) * rounds),))
    # With a price in one round alone it is cheaper to wait for the next one.
    assert verify(instance, certificate) == (3 if rounds > 1 else 2) - 2 * rounds


@st.composite
def extreme_certificates(draw: st.DrawFn) -> Certificate:
    """One request and the largest numbers: 64 bits hold a digit of many bits, of one, or none."""
    rounds = draw(st.sampled_from([1, 2, 10, 40]))
    capacity = draw(st.integers(3, 53).map(lambda bits: 2**bits - 1))
    output_len = draw(st.integers(1, min(rounds, capacity - 1)))
    prompt_len = max(1, capacity - output_len - draw(st.sampled_from([0, 1, 2**20])))
    largest = st.sampled_from([2**53 - 1, 2**53 - 1, 2**52, 1])

    def prices() -> tuple[int, ...]:
        price, other = draw(largest), draw(largest | st.just(0))
        begin = draw(st.integers(0, rounds))
        return (price,) * begin + (other,) * (rounds - begin)

    shares = tuple(
        Share(draw(st.integers(1, 2)), most, draw(st.integers(0, 2)), lead, prices())
        for most, lead in draw(
            st.lists(
                st.tuples(st.sampled_from([1, 2**20, 2**53 - 1]), st.integers(0, rounds)),
                max_size=7,
            )
        )
    )
    instance = Instance(capacity, (Request("a", prompt_len, output_len),))
    return Certificate(instance, draw(largest), (Stretch(0, prices(), shares),))


@pytest.mark.theorem("T10")
@given(extreme_certificates())
def test_the_bound_is_exact_with_the_largest_numbers(certificate: Certificate) -> None:
    (stretch,) = certificate.stretches
    prices = [Fraction(price, certificate.denominator) for price in stretch.multipliers]
    exact = bound_by_formula(
        certificate.instance, prices, 0, stretch.shares, certificate.denominator
    )
    assert verify(certificate.instance, certificate) == math.ceil(exact)


@pytest.mark.theorem("T10")
@pytest.mark.parametrize("rounds", [1, 31, 32, 40, 63, 64, 80])
def test_the_bound_is_exact_where_64_bits_hold_not_even_a_bit(rounds: int) -> None:
    """The request counts all its tokens in seven shares, in each of the priced rounds."""
    capacity = 2**53 - 1
    instance = Instance(capacity, (Request("a", capacity - rounds, rounds),))
    prices = (2**53 - 1,) * rounds
    shares = (Share(1, capacity, 0, 0, prices),) * 7
    certificate = Certificate(instance, 1, (Stretch(0, (1,) * rounds, shares),))
    exact = bound_by_formula(instance, [Fraction(1)] * rounds, 0, shares)
    assert verify(instance, certificate) == exact


def test_the_json_form_of_a_certificate_is_fixed() -> None:
    """Other programs write certificates in this form."""
    instance = Instance(9, (Request("a", 1, 2),))
    share = Share(2, 3, 4, 1, (5, 0))
    certificate = Certificate(instance, 7, (Stretch(6, (8, 9), (share,)),))
    assert json.loads(certificate.to_json()) == {
        "format": "amin-ref/certificate",
        "version": 1,
        "instance": {
            "capacity": 9,
            "block_size": 1,
            "requests": [{"id": "a", "prompt_len": 1, "output_len": 2, "lower": 1}],
        },
        "denominator": 7,
        "stretches": [
            {
                "first_round": 6,
                "multipliers": [8, 9],
                "shares": [
                    {"places": 2, "most": 3, "ignored": 4, "lead": 1, "multipliers": [5, 0]},
                ],
            }
        ],
    }


@st.composite
def wide_certificates(draw: st.DrawFn) -> Certificate:
    """Thousands of priced rounds, and prices so large that sums of them need more than 64 bits."""
    block_size = draw(st.sampled_from([1, 16]))
    rounds = draw(st.integers(1, 3000))
    lengths = st.tuples(st.integers(1, 60), st.integers(1, 60), st.integers(0, rounds))
    requests = tuple(
        Request(id, prompt_len, output_len, arrival=arrival)
        for id, (prompt_len, output_len, arrival) in enumerate(
            draw(st.lists(lengths, min_size=1, max_size=4))
        )
    )
    capacity = 128 * draw(st.integers(1, 2**10))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))

    def prices() -> tuple[int, ...]:
        return tuple(generator.integers(0, 1000, rounds).tolist())

    shares = tuple(
        Share(places, most, ignored, lead, prices())
        for places, most, ignored, lead in draw(
            st.lists(
                st.tuples(
                    st.integers(1, 5), st.integers(1, 99), st.integers(0, 60), st.integers(0, 70)
                ),
                max_size=2,
            )
        )
    )
    return Certificate(
        Instance(capacity, requests, block_size),
        draw(st.integers(1, 1000)),
        (Stretch(0, prices(), shares),),
    )


def scaled(certificate: Certificate, factor: int) -> Certificate:
    def times_factor(prices: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(factor * price for price in prices)

    return replace(
        certificate,
        denominator=factor * certificate.denominator,
        stretches=tuple(
            replace(
                stretch,
                multipliers=times_factor(stretch.multipliers),
                shares=tuple(
                    replace(share, multipliers=times_factor(share.multipliers))
                    for share in stretch.shares
                ),
            )
            for stretch in certificate.stretches
        ),
    )


@pytest.mark.theorem("T10")
@given(wide_certificates(), st.integers(1, 52))
def test_a_finer_unit_of_price_proves_the_same(certificate: Certificate, bits: int) -> None:
    """λ stays the same; in finer units the sums exceed 64 bits, and are split into digits."""
    finer = scaled(certificate, min(2**bits, (2**53 - 1) // 1000))
    instance = certificate.instance
    assert verify(instance, finer) == verify(instance, certificate)


@pytest.mark.theorem("T10")
@given(wide_certificates(), st.sampled_from([1, 2, 3, 7, 20, None]))
def test_the_base_of_the_digits_does_not_matter(certificate: Certificate, bits: int | None) -> None:
    """Digits of a bit or of twenty, and Python's own integers, which have no largest."""
    usual = verify(certificate.instance, certificate)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("oracle.certificate._digit_bits", lambda _instance, _stretch: bits)
        assert verify(certificate.instance, certificate) == usual


@st.composite
def counting(draw: st.DrawFn) -> tuple[Instance, Share]:
    """A request and a share in which its count grows, stays at its maximum and shrinks.

    The free capacity beside the request is drawn so that the count falls to zero within its run.
    """
    block_size = draw(st.sampled_from([1, 1, 2, 4]))
    prompt_len, output_len = draw(st.integers(1, 12)), draw(st.integers(1, 40))
    places, most = draw(st.integers(1, 4)), draw(st.integers(1, 20))
    ignored, lead = draw(st.integers(0, 20)), draw(st.integers(0, 9))
    needed = -(-(prompt_len + output_len) // block_size) * block_size
    free = draw(st.integers(0, places * (most + output_len + ignored)))
    instance = Instance(needed + free, (Request("a", prompt_len, output_len),), block_size)
    return instance, Share(places, most, ignored, lead, ())


@pytest.mark.theorem("T10")
@settings(deadline=None, max_examples=600)
@given(counting(), st.data())
def test_a_count_is_piecewise_linear_with_the_given_bends(
    counting: tuple[Instance, Share], data: st.DataObject
) -> None:
    """counted(k) = Σ over bends (a, b) with a < k of b·(k - a), for every age from the earliest."""
    instance, share = counting
    (request,) = instance.requests
    lengths = (request.prompt_len, request.output_len)
    earliest = data.draw(st.integers(1 - share.lead, 1))
    bends = share.bends(instance, *lengths, earliest)
    assert all(bend for _, bend in bends)
    ages = range(earliest, request.output_len + 3)
    summed = [sum(bend * (age - at) for at, bend in bends if at < age) for age in ages]
    assert summed == [share.counted_at(instance, *lengths, age) for age in ages]
    assert [at for at, _ in bends] == sorted({at for at, _ in bends})


@pytest.mark.theorem("T10")
@given(wide_requests(), st.integers(1, 9), st.integers(1, 99), st.integers(0, 99), st.data())
def test_a_count_over_thousands_of_rounds_has_few_bends(
    instance: Instance, places: int, most: int, ignored: int, data: st.DataObject
) -> None:
    (request,) = instance.requests
    share = Share(places, most, ignored, 0, ())
    lengths = (request.prompt_len, request.output_len)
    bends = share.bends(instance, *lengths, 1)
    assert len(bends) < 20
    for age in data.draw(st.lists(st.integers(1, request.output_len + 3), max_size=9)):
        summed = sum(bend * (age - at) for at, bend in bends if at < age)
        assert summed == share.counted_at(instance, *lengths, age)


def test_work_is_linear_in_kinds_and_priced_rounds() -> None:
    """The number of calls does not grow with output lengths."""

    def calls(kinds: int, output_len: int) -> int:
        requests = tuple(Request(id, 1 + id, output_len) for id in range(kinds))
        instance = Instance(10**6, requests)
        prices = tuple(range(50))
        share = Share(3, 50, 5, 2, prices)
        certificate = Certificate(instance, 7, (Stretch(0, prices, (share,)),))
        assert certificate.operations == kinds * 50 * 2
        calls = 0

        def count(frame: FrameType, happening: str, _: object) -> None:
            nonlocal calls
            calls += happening in ("call", "c_call") and "certificate" in frame.f_code.co_filename

        before = sys.getprofile()
        sys.setprofile(count)
        try:
            verify(instance, certificate)
        finally:
            sys.setprofile(before)
        return calls

    assert calls(40, 1000) < 4.5 * calls(10, 1000)
    assert calls(10, 100_000) < 1.5 * calls(10, 100)


def test_the_repr_of_many_prices_is_short_and_of_few_is_complete() -> None:
    many = Instance(100, tuple(Request(number, 2, 1 + number % 40) for number in range(2000)))
    share = Share(1, 1, 0, 0, (1,) * 5000)
    stretches = (Stretch(0, (7,) * 5000, (share,) * 30),)
    long = Certificate(many, 1024, stretches)
    assert len(repr(long)) < 2500
    assert "1024" in repr(long)
    few = Certificate(
        Instance(9, (Request("a", 2, 3),)), 4, (Stretch(0, (1, 2), (Share(1, 2, 0, 1, (0, 3)),)),)
    )
    again: object = eval(repr(few))
    assert again == few


@pytest.mark.theorem("T10")
def test_the_price_of_a_share_may_need_more_bits_than_all_other_numbers() -> None:
    """The request starts at once: its price in the share is below that of two rounds of delay."""
    instance = Instance(2**20, (Request("a", 2**20 - 1, 1),))
    for bits in range(2, 53):
        share = Share(1, 1, 0, 0, (2**bits,) * 2)
        certificate = Certificate(instance, 2**bits - 1, (Stretch(0, (0, 0), (share,)),))
        # ⌈(D + p − 2p) / D⌉ = ⌈−1 / D⌉ with the price p = D + 1.
        assert verify(instance, certificate) == 0, bits

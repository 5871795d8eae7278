"""Arrivals: at once, Poisson, and from a trace's own timestamps."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amin_ref import AminError, InvalidValue
from amin_ref.workloads import (
    Arrivals,
    AtOnce,
    Load,
    Poisson,
    Row,
    TraceArrivals,
    build_instance,
    parse_arrivals,
)

NO_ARRIVALS = (
    *("", "at once", "at-once:1", "poisson", "poisson:", "poisson:0", "poisson:0.0", "poisson:-1"),
    *("poisson:nan", "poisson:1e999", "poisson:" + "1" * 400, "trace", "trace:", "trace:0"),
    *("trace:inf", "trace:1s", "trace:٣", "load", "load:", "load:0", "load:-1", "load:80%"),
)


def rounds_of(arrivals: Arrivals | Load, times: Sequence[int | None], seed: int = 0) -> list[int]:
    assert not isinstance(arrivals, Load)
    rows = [Row(1, 1, time) for time in times]
    return arrivals.rounds(rows, np.random.default_rng(seed))


def test_at_once_puts_every_arrival_into_round_0() -> None:
    assert rounds_of(AtOnce(), [5, None, 9]) == [0, 0, 0]


@pytest.mark.parametrize("rate", ["0.25", "1", "8"])
def test_poisson_counts_have_mean_and_variance_of_the_rate(rate: str) -> None:
    rounds = rounds_of(Poisson(Decimal(rate)), [None] * 40_000)
    assert rounds == sorted(rounds)
    counts = np.bincount(rounds)[:-1]
    standard_error = np.sqrt(float(rate) / len(counts))
    assert abs(counts.mean() - float(rate)) < 4 * standard_error
    assert counts.var() == pytest.approx(float(rate), rel=0.05)


def test_poisson_depends_on_the_seed_and_more_requests_keep_the_first_arrivals() -> None:
    law = Poisson(Decimal("0.5"))
    assert rounds_of(law, [None] * 50, seed=3) == rounds_of(law, [None] * 50, seed=3)
    assert rounds_of(law, [None] * 50, seed=3) != rounds_of(law, [None] * 50, seed=4)
    assert rounds_of(law, [None] * 20, seed=3) == rounds_of(law, [None] * 50, seed=3)[:20]


def test_poisson_so_rare_that_rounds_overflow_is_refused() -> None:
    with pytest.raises(InvalidValue, match=r"^arrivals is 'poisson:.* larger rate"):
        rounds_of(Poisson(Decimal("1e-18")), [None] * 10)


@given(seed=st.integers(0, 2**32), number=st.integers(0, 30))
def test_poisson_is_refused_if_the_last_arrival_is_after_the_largest_round(
    seed: int, number: int
) -> None:
    """At a mean distance of 10**15 rounds, about the ninth request is the first one too late."""
    law = Poisson(Decimal("1e-15"))
    generator = np.random.default_rng(seed)
    distances = [generator.exponential(1 / float(law.rate)) for _ in range(number)]
    times = np.cumsum(distances).tolist()
    if times and times[-1] > 2**53 - 1:
        with pytest.raises(InvalidValue, match=r"later than round 2\*\*53 - 1"):
            rounds_of(law, [None] * number, seed)
    else:
        assert rounds_of(law, [None] * number, seed) == [int(time) for time in times]


@given(
    lengths=st.lists(st.tuples(st.integers(1, 50), st.integers(1, 50)), min_size=1, max_size=9),
    block_size=st.sampled_from([1, 3, 16]),
    load=st.decimals(Decimal("0.1"), 2, places=2),
)
def test_the_rate_of_a_load_offers_that_share_of_the_cache(
    lengths: list[tuple[int, int]], block_size: int, load: Decimal
) -> None:
    """Load = rate × mean token·rounds of a request / M, summed here block by block."""
    capacity = 4000
    rows = [Row(*pair) for pair in lengths]
    work = 0
    for prompt_len, output_len in lengths:
        for tokens in range(prompt_len + 1, prompt_len + output_len + 1):
            work += len(range(0, tokens, block_size)) * block_size
    rate = Fraction(Load(load).process(rows, capacity, block_size).rate)
    offered = rate * Fraction(work, len(rows)) / capacity
    # A rate is kept to 9 places.
    assert abs(offered - Fraction(load)) <= Fraction(work, len(rows) * capacity * 10**9)


def test_an_instance_at_load_one_offers_as_much_work_as_there_is_cache() -> None:
    requests = build_instance(requests=3000, capacity=16_492, arrivals="load:1").instance.requests
    work = sum(r.output_len * r.prompt_len + sum(range(1, r.output_len + 1)) for r in requests)
    assert work / (requests[-1].arrival * 16_492) == pytest.approx(1.0, abs=4 / 3000**0.5)


def test_a_load_too_small_or_too_large_for_any_rate_is_refused() -> None:
    for load, rows in ((Decimal("1e-18"), [Row(9, 9)]), (2**53 - 1, [Row(1, 1)] * 9)):
        with pytest.raises(InvalidValue, match=r"^arrivals load: L .*nearer to 1"):
            Load(load).process(rows, 10**9 if load > 1 else 10)
    # One request of 2 token·rounds: at load 1 the rate is M/2.
    largest = 2**53 - 1
    assert Load(1).process([Row(1, 1)], 2 * largest).rate == largest
    with pytest.raises(InvalidValue, match=r"nearer to 1"):
        Load(1).process([Row(1, 1)], 2 * largest + 2)


def test_rates_are_floats_ints_or_decimals() -> None:
    for kind, name in ((Poisson, "poisson"), (Load, "load"), (TraceArrivals, "trace")):
        assert str(kind(0.1)) == f"{name}:0.1"
        assert kind(0.1) == kind(Decimal("0.1")) != kind(0.2)
        assert str(kind(2)) == f"{name}:2"
        assert str(kind(1e-7)) == f"{name}:0.0000001"
        assert kind(1 / 3 * 1e-9) == parse_arrivals(f"{name}:0.000000000333333333")


@pytest.mark.parametrize("rate", [True, "0.1", None, float("inf"), -0.5, 0, 0.0, 1e-30, 1e300])
def test_other_values_are_refused_as_rates(rate: object) -> None:
    with pytest.raises(InvalidValue, match=r"^arrivals poisson: RATE"):
        Poisson(rate)  # type: ignore[arg-type]  # what a user may pass all the same


@pytest.mark.parametrize("text", ["at-once", "poisson:0.25", "load:0.5"])
def test_a_text_and_its_object_build_the_same_instance(text: str) -> None:
    instances = {
        build_instance(capacity=2000, requests=30, arrivals=given_as).instance
        for given_as in (text, parse_arrivals(text))
    }
    assert len(instances) == 1


@pytest.mark.parametrize("value", [0.3, None, AtOnce, Load])
def test_arrivals_of_another_type_are_refused(value: object) -> None:
    with pytest.raises(InvalidValue, match=r"^arrivals is .*give for example 'load:0.8'"):
        build_instance(capacity=2000, arrivals=value)  # type: ignore[arg-type]  # see above


@given(
    times=st.lists(st.integers(-(10**15), 10**15), min_size=1, max_size=20),
    seconds=st.decimals(Decimal("0.000000001"), 1000, places=9),
)
def test_trace_arrivals_are_the_first_round_that_begins_no_earlier(
    times: list[int], seconds: Decimal
) -> None:
    duration = Fraction(seconds)
    for time, arrival in zip(times, rounds_of(TraceArrivals(seconds), times), strict=True):
        since = Fraction(time - min(times), 10**9)
        assert arrival * duration >= since
        assert arrival == 0 or (arrival - 1) * duration < since


def test_trace_arrivals_are_those_computed_by_hand() -> None:
    # 0.3 / 0.1 falls short of 3 in floats, and must not here.
    tenths = [5_000_000_000 + tenth * 100_000_000 for tenth in (0, 3, 1, 7)]
    assert rounds_of(parse_arrivals("trace:0.1"), tenths) == [0, 3, 1, 7]
    assert rounds_of(parse_arrivals("trace:0.05"), [0, 1, 50_000_000, 50_000_001]) == [0, 1, 1, 2]


def test_trace_arrivals_need_timestamps() -> None:
    with pytest.raises(InvalidValue, match=r"^arrivals is 'trace:1', .*no timestamps"):
        rounds_of(TraceArrivals(Decimal(1)), [None, None])


def test_trace_arrivals_beyond_all_rounds_are_refused() -> None:
    with pytest.raises(InvalidValue, match=r"^arrivals is 'trace:0.0+1', .*longer duration"):
        rounds_of(TraceArrivals(Decimal("1e-18")), [0, 10**12])
    nanosecond = TraceArrivals(Decimal("1e-9"))
    assert rounds_of(nanosecond, [0, 2**53 - 1]) == [0, 2**53 - 1]
    with pytest.raises(InvalidValue, match=r"longer duration"):
        rounds_of(nanosecond, [0, 2**53])


@pytest.mark.parametrize("text", ["at-once", "poisson:0.5", "trace:1"])
def test_no_requests_have_no_arrivals(text: str) -> None:
    assert rounds_of(parse_arrivals(text), []) == []


@pytest.mark.parametrize(
    "text", ["at-once", "poisson:0.5", "trace:0.0000001", "poisson:12", "load:0.8"]
)
def test_arrivals_are_read_back_from_their_text(text: str) -> None:
    assert str(parse_arrivals(text)) == text


@pytest.mark.parametrize(
    "text",
    NO_ARRIVALS,
)
def test_a_text_that_names_no_arrivals_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match=r"^arrivals") as refused:
        parse_arrivals(text)
    # The user wrote digits: the message quotes them, and no Python object.
    assert "Decimal(" not in str(refused.value)
    kind, colon, _ = text.partition(":")
    example = {"poisson": "poisson:0.5", "load": "load:0.8", "trace": "trace:0.05"}.get(kind)
    if colon and example:
        assert refused.value.field.startswith(f"arrivals {kind}: ")
        assert refused.value.mend in (f"write it as in {example}", "give one such as 0.25")
    else:
        assert refused.value.field == "arrivals"


@settings(max_examples=50)
@given(
    st.text(max_size=20)
    | st.from_regex(r"(poisson|trace|at-once|load)(:[0-9.eE+-]{0,8}){0,2}", fullmatch=True)
)
def test_no_text_ends_in_a_traceback(text: str) -> None:
    try:
        arrivals = parse_arrivals(text)
    except AminError:
        return
    assert parse_arrivals(str(arrivals)) == arrivals

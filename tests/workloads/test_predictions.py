"""Predictions: each gives 1 ≤ ℓ ≤ o ≤ u, and the interval that its definition demands."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from itertools import product
from math import ceil, floor

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from amin_ref import AminError, InvalidValue
from amin_ref.workloads import (
    Bins,
    Exact,
    Mixed,
    Naive,
    Poisson,
    Prediction,
    Relative,
    Rough,
    Varying,
    build_instance,
    parse_prediction,
)
from amin_ref.workloads.decimals import exact_decimal

output_lens = st.lists(st.integers(1, 2000), min_size=1, max_size=30)
shares = st.decimals(0, 3, allow_nan=False, places=3)
probabilities = st.decimals(0, 1, allow_nan=False, places=3)

NO_PREDICTIONS = (
    *("", "exakt", "Exact", "exact ", "rough", "rough:1", "rough:0:9", "rough:9:8", "rough:1:2:3"),
    *("rough:a:2", "rough:-1:2", "rough:1:99999999999999999", "bins", "bins:", "bins:0", "bins:-3"),
    *("bins:1.5", "bins:٣", "relative", "relative:", "relative:-0.1", "relative:nan", "relative:٣"),
    *("relative:inf", "relative:1e400", "relative:1e-3", "relative:0,2", "relative:" + "9" * 400),
    *("naive:", "naive:3", "varying", "varying:1.01", "varying:-1", "varying:.5", "mixed:1.5"),
    *("mixed:nan", "mixed:2", "guess", ":0.2", "0.2"),
)


def intervals_of(
    prediction: Prediction | str, output_lens: list[int], seed: int = 0
) -> list[tuple[int, int]]:
    if isinstance(prediction, str):
        prediction = parse_prediction(prediction)
    return prediction.intervals(output_lens, np.random.default_rng(seed))


@st.composite
def predictions_with_outputs(draw: st.DrawFn) -> tuple[Prediction, list[int]]:
    outputs = draw(output_lens)
    roughs = st.builds(Rough, st.integers(1, min(outputs)), st.integers(max(outputs), 5000))
    prediction: Prediction = draw(
        st.one_of(
            st.just(Exact()),
            roughs,
            st.builds(Bins, st.integers(1, 5000)),
            st.builds(Relative, shares),
            st.just(Naive()),
            st.builds(Varying, probabilities),
            st.builds(Mixed, probabilities),
        )
    )
    return prediction, outputs


@given(predictions_with_outputs())
def test_every_prediction_contains_the_output_length(case: tuple[Prediction, list[int]]) -> None:
    prediction, outputs = case
    intervals = intervals_of(prediction, outputs)
    assert len(intervals) == len(outputs)
    for output_len, (lower, upper) in zip(outputs, intervals, strict=True):
        assert 1 <= lower <= output_len <= upper


@given(predictions_with_outputs())
def test_a_prediction_is_read_back_from_its_text(case: tuple[Prediction, list[int]]) -> None:
    prediction, _ = case
    assert parse_prediction(str(prediction)) == prediction


@given(outputs=st.lists(st.integers(1, 200), min_size=1), count=st.integers(1, 50))
def test_bins_are_the_whole_numbers_of_equal_real_intervals(outputs: list[int], count: int) -> None:
    longest = max(outputs)
    edges = [Fraction(longest * k, count) for k in range(count + 1)]
    for output_len, (lower, upper) in zip(outputs, Bins(count).intervals(outputs), strict=True):
        (k,) = (k for k in range(count) if edges[k] < output_len <= edges[k + 1])
        inside = [n for n in range(1, longest + 1) if edges[k] < n <= edges[k + 1]]
        assert (lower, upper) == (inside[0], inside[-1])


def test_an_output_of_one_token_has_a_lower_bound_of_1() -> None:
    for kind in (Relative(1), Varying(1), Relative(Decimal("0.5")), Varying(Decimal("0.9"))):
        found = kind.intervals([1] * 20, np.random.default_rng(3))
        assert all(lower == 1 <= upper <= 2 for lower, upper in found)


def test_bins_are_those_computed_by_hand() -> None:
    assert Bins(10).intervals([1, 10, 11, 100]) == [(1, 10), (1, 10), (11, 20), (91, 100)]
    assert Bins(3).intervals([10, 4, 3]) == [(7, 10), (4, 6), (1, 3)]
    assert Bins(1).intervals([7, 2]) == [(1, 7), (1, 7)]
    assert Bins(4).intervals([]) == []


@given(output_len=st.integers(1, 10**6), share=shares)
def test_relative_is_the_widest_whole_interval_within_the_share(
    output_len: int, share: Decimal
) -> None:
    ((lower, upper),) = Relative(share).intervals([output_len])
    margin = Fraction(share) * output_len
    assert output_len - lower <= margin
    assert lower == 1 or output_len - (lower - 1) > margin
    assert upper - output_len <= margin < upper + 1 - output_len


def test_relative_has_no_rounding_error() -> None:
    # In floats (1 - 0.7) * 10 exceeds 3, and (1 + 0.16) * 25 falls short of 29.
    assert intervals_of("relative:0.7", [10]) == [(3, 17)]
    assert intervals_of("relative:0.16", [25]) == [(21, 29)]
    assert intervals_of("relative:0.1", [30, 1]) == [(27, 33), (1, 1)]
    assert intervals_of("relative:1", [5]) == [(1, 10)]
    assert intervals_of("relative:2.5", [4]) == [(1, 14)]


def test_naive_is_1_to_1000_or_to_the_longest_output() -> None:
    assert intervals_of("naive", [3, 1000]) == [(1, 1000), (1, 1000)]
    assert intervals_of("naive", [3, 1001]) == [(1, 1001), (1, 1001)]
    assert intervals_of("naive", []) == []


def test_varying_is_never_wider_than_its_largest_error() -> None:
    lengths = list(range(1, 400))
    varying, widest = intervals_of("varying:0.5", lengths), intervals_of("relative:0.5", lengths)
    assert all(
        wide[0] <= own[0] and own[1] <= wide[1] for own, wide in zip(varying, widest, strict=True)
    )
    assert len({own == wide for own, wide in zip(varying, widest, strict=True)}) == 2


def test_errors_of_varying_are_uniform() -> None:
    intervals = intervals_of("varying:0.8", [10**6] * 4000)
    assert all(abs((upper - 10**6) - (10**6 - lower)) <= 1 for lower, upper in intervals)
    errors = np.sort(np.array([upper - 10**6 for _, upper in intervals]) / 10**6)
    # Kolmogorov's distance; 1.95 is its quantile at 0.999 after scaling by the root of n.
    uniform = np.linspace(0, 0.8, 4000)
    assert np.abs(errors - uniform).max() / 0.8 < 1.95 / 4000**0.5


@pytest.mark.parametrize("share", ["0", "0.3", "1"])
def test_mixed_is_naive_for_its_share_and_exact_for_the_others(share: str) -> None:
    found = intervals_of(f"mixed:{share}", [50] * 5000)
    assert set(found) <= {(50, 50), (1, 1000)}
    deviation = abs(found.count((1, 1000)) / 5000 - float(share))
    assert deviation <= 4 * (float(share) * (1 - float(share)) / 5000) ** 0.5


@pytest.mark.parametrize("text", ["varying:0.5", "mixed:0.5"])
def test_random_predictions_depend_on_the_seed_alone(text: str) -> None:
    lengths = list(range(1, 100))
    assert intervals_of(text, lengths, seed=3) == intervals_of(text, lengths, seed=3)
    assert intervals_of(text, lengths, seed=3) != intervals_of(text, lengths, seed=4)


@pytest.mark.parametrize(
    ("kind", "share"), [*product((Relative, Varying, Mixed), (0.1, 1, Decimal("0.1"), 0))]
)
def test_a_share_is_a_float_an_int_or_a_decimal(
    kind: type[Relative | Varying | Mixed], share: float | Decimal
) -> None:
    """The float 0.1 means exactly a tenth."""
    assert str(kind(share)) == f"{kind.__name__.lower()}:{share}"
    assert kind(share) == kind(Decimal(str(share)))


@pytest.mark.parametrize("share", [True, "0.1", None, float("nan"), -0.5, 1 + 0j])
def test_other_values_are_refused_as_shares(share: object) -> None:
    with pytest.raises(InvalidValue, match=r"^prediction varying: X"):
        Varying(share)  # type: ignore[arg-type]  # what a user may pass all the same


@given(predictions_with_outputs(), st.integers(0, 3))
def test_a_text_and_its_object_build_the_same_instance(
    case: tuple[Prediction, list[int]], seed: int
) -> None:
    prediction = case[0]
    if isinstance(prediction, Rough):
        prediction = Rough(1, 5000)  # the workload's lengths may lie outside of the drawn interval
    instances = {
        build_instance(capacity=2000, requests=3, seed=seed, prediction=given_as).instance
        for given_as in (prediction, str(prediction))
    }
    assert len(instances) == 1


@pytest.mark.parametrize("value", [10, None, Bins, ("bins", 10)])
def test_a_prediction_of_another_type_is_refused(value: object) -> None:
    with pytest.raises(InvalidValue, match=r"^prediction is .*give for example 'bins:10'"):
        build_instance(capacity=2000, prediction=value)  # type: ignore[arg-type]  # see above


def test_rough_refuses_outputs_outside_and_suggests_a_wider_interval() -> None:
    with pytest.raises(InvalidValue, match=r"request 1: output_len is 12.*rough:5:30 or wider"):
        Rough(5, 10).intervals([7, 12, 30])
    with pytest.raises(InvalidValue, match=r"request 2: output_len is 4.*rough:4:10 or wider"):
        Rough(5, 10).intervals([7, 10, 4])
    with pytest.raises(InvalidValue, match=r"request 1: output_len is 4.*rough:4:10 or wider"):
        Rough(5, 10).intervals([7, 4])


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("rough:0:9", "prediction rough: LO is 0, but it must be at least 1 tokens"),
        ("rough:9:8", "prediction rough: HI is 8, but it must be at least 9 tokens"),
        ("bins:0", "prediction bins: K is 0, but it must be at least 1 bins"),
        ("relative:-1", "prediction relative: X is '-1', but it must be a number in digits"),
        ("varying:", "prediction varying: X is '', but it must be a number in digits"),
        ("mixed:1e-1", "prediction mixed: P is '1e-1', but it must be a number in digits"),
        ("relative:0." + 19 * "1", f"prediction relative: X is '0.{19 * '1'}', but it must be a"),
    ],
)
def test_a_wrong_number_is_reported_with_its_unit(text: str, rule: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        parse_prediction(text)
    assert str(refused.value).startswith(rule)


@pytest.mark.parametrize(
    "text",
    NO_PREDICTIONS,
)
def test_a_text_that_names_no_prediction_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match=r"^prediction") as refused:
        parse_prediction(text)
    kind, colon, _ = text.partition(":")
    symbol = {"relative": "X", "varying": "X", "mixed": "P"}.get(kind)
    if colon and symbol:
        assert refused.value.field == f"prediction {kind}: {symbol}"
        assert refused.value.mend in (f"write it as in {kind}:0.2", "give one such as 0.25")
    elif not text.startswith(("rough:", "bins:")):
        assert refused.value.field == "prediction"


@settings(max_examples=50)
@given(
    st.text(max_size=20)
    | st.from_regex(
        r"(rough|bins|relative|exact|naive|varying|mixed)(:[0-9.eE+-]{0,8}){0,3}", fullmatch=True
    )
)
def test_no_text_ends_in_a_traceback(text: str) -> None:
    try:
        prediction = parse_prediction(text)
    except AminError:
        return
    assert parse_prediction(str(prediction)) == prediction


@pytest.mark.parametrize(
    "value", [Decimal("nan"), Decimal("inf"), Decimal(-1), Decimal("1e-999999999"), Decimal("1e30")]
)
def test_relative_refuses_decimals_out_of_range(value: Decimal) -> None:
    with pytest.raises(InvalidValue, match=r"prediction relative: X"):
        Relative(value)


@given(
    lengths=st.lists(st.integers(1, 2**53 - 1), min_size=1, max_size=8), count=st.integers(1, 2**53)
)
@example(lengths=[2**53 - 1, 3002399751580330, 3002399751580331, 6004799503160661], count=3)
def test_bins_are_cut_exactly_however_long_the_outputs(lengths: list[int], count: int) -> None:
    """Between k·L/K and the next, as fractions: a float has too few digits for L = 2⁵³ - 1."""
    count = min(count, 2**53 - 1)
    width = Fraction(max(lengths), count)
    for length, (lower, upper) in zip(lengths, Bins(count).intervals(lengths), strict=True):
        number = ceil(length / width)
        assert (number - 1) * width < length <= number * width
        assert (lower, upper) == (floor((number - 1) * width) + 1, floor(number * width))
        assert lower <= length <= upper


@pytest.mark.parametrize(
    ("kind", "value", "rule"),
    [
        (Relative, -1, "it must be a number from 0 to 2**53 - 1 (a float, int or Decimal)"),
        (Varying, 2, "it must be a number from 0 to 1 (a float, int or Decimal)"),
        (Poisson, 0, "it must be a number above 0 to 2**53 - 1 (a float, int or Decimal)"),
        (Relative, Decimal("1e18"), "it must be a number from 0 to 2**53 - 1 (a float, int or D"),
        (Relative, Decimal("1e19"), "it may have at most 18 places"),
        (Relative, Decimal("1e-19"), "it may have at most 18 places"),
    ],
)
def test_a_decimal_out_of_range_is_refused_with_the_rule(
    kind: Callable[[float | Decimal], object], value: float | Decimal, rule: str
) -> None:
    with pytest.raises(InvalidValue) as refused:
        kind(value)
    assert refused.value.rule.startswith(rule)
    # As it was given: the digits of a text, or a number.
    assert (f" is '{value}'," in str(refused.value)) == isinstance(value, Decimal)
    assert (f" is {value}," in str(refused.value)) == (not isinstance(value, Decimal))


def test_a_decimal_may_have_18_places() -> None:
    assert str(Relative(Decimal("1e-18"))) == "relative:0.000000000000000001"
    assert parse_prediction("relative:0.000000000000000001") == Relative(Decimal("1e-18"))


def test_the_naive_prediction_reaches_up_to_1000_tokens() -> None:
    assert (Naive().intervals([1]), str(Naive())) == ([(1, 1000)], "naive")


def test_zero_is_refused_where_it_is_not_allowed() -> None:
    assert exact_decimal("share", 0, least_is_zero=True) == 0
    with pytest.raises(InvalidValue, match=r"^share is 0, but it must be a number above 0"):
        exact_decimal("share", 0)

"""Numbers in sentences have their units, and are rounded to the digits that they show."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from amin_ref import Machine
from amin_ref.cli.wording import count, duration, gap, has_limits, ratio

SECONDS = {"d": 86_400, "h": 3_600, "min": 60, "s": 1}
NEXT = {"d": "h", "h": "min", "min": "s"}
SECOND = 10**9

lengths = st.integers(0, 10**18) | st.builds(
    lambda unit, near: max(0, unit * SECOND + near),
    st.sampled_from(sorted(SECONDS.values())),
    st.integers(-2 * SECOND, 2 * SECOND),
)


@given(lengths)
@example(60 * SECOND)
@example(3_600 * SECOND)
@example(86_400 * SECOND)
@example(86_399 * SECOND)
@example(3_599 * SECOND)
def test_a_duration_is_written_in_its_two_largest_units(nanoseconds: int) -> None:
    text = duration(nanoseconds)
    if nanoseconds < 60 * SECOND:
        value, unit = text.split(" ")
        assert unit == "s"
        assert float(value) == pytest.approx(nanoseconds / SECOND, rel=0.5e-3)
        return
    found = re.fullmatch(r"([\d,]+) (d|h|min) (\d+) (h|min|s)", text)
    assert found is not None
    large, small = int(found[1].replace(",", "")), int(found[3])
    assert NEXT[found[2]] == found[4]
    said = large * SECONDS[found[2]] + small * SECONDS[found[4]]
    # Rounded to whole seconds first; what is less than the small unit is left out.
    assert 0 <= round(nanoseconds / SECOND) - said < SECONDS[found[4]]
    assert large >= 1
    assert small * SECONDS[found[4]] < SECONDS[found[2]]
    if found[2] != "d":
        larger = {"h": "d", "min": "h"}[found[2]]
        assert large * SECONDS[found[2]] < SECONDS[larger]


def test_durations_are_those_computed_by_hand() -> None:
    assert [duration(ns) for ns in (0, 1_250_000_000, 3_501 * SECOND, 93_600 * SECOND)] == [
        "0 s",
        "1.25 s",
        "58 min 21 s",
        "1 d 2 h",
    ]


@given(st.integers(0, 10**15))
def test_a_counted_noun_is_plural_unless_the_number_is_1(number: int) -> None:
    value, noun = count(number, "run").split(" ")
    assert int(value.replace(",", "")) == number
    assert noun == ("run" if number == 1 else "runs")
    assert not re.search(r"\d{4}", value)


@given(st.floats(0, 10**9))
def test_ratios_and_gaps_are_rounded_and_not_cut(value: float) -> None:
    assert float(ratio(value).replace(",", "")) == pytest.approx(value, abs=0.0005000001)
    percent, sign = gap(value).split(" ")
    assert sign == "%"
    assert float(percent.replace(",", "")) == pytest.approx(100 * value, abs=0.005001)


@pytest.mark.parametrize(
    ("machine", "limited"),
    [
        (Machine(), False),
        (Machine(after_eviction="resume", last_token_stored=False), False),
        (Machine(watermark=1), True),
        (Machine(max_running=1), True),
        (Machine(tokens_per_round=1), True),
    ],
)
def test_a_machine_has_limits_if_a_round_or_an_admission_has_one(
    machine: Machine, limited: bool
) -> None:
    assert has_limits(machine) == limited

"""The largest ratio among candidates is found without computing most of their optima."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations_with_replacement

from hypothesis import given
from hypothesis import strategies as st

from amin_ref.small.fast_simulation import FastSimulation
from amin_ref.small.optimum import Hindsight, never
from amin_ref.small.setting import Setting
from oracle.ratio.candidates import Candidate, in_order, worst_of
from oracle.ratio.question import RULES
from tests.support.profiles import times
from tests.support.settings import settings_of_requests

LOW = Fraction(1, 10)
"""A floor below every ratio."""


def candidates_of(setting: Setting, requests: int) -> list[Candidate]:
    """Every multiset, with Amin's cost if ranks follow ascending output length."""
    hindsight, amin = Hindsight(setting), FastSimulation(setting, RULES["amin"])
    lengths = range(setting.lower, setting.upper + 1)
    found = []
    for outputs in combinations_with_replacement(lengths, requests):
        cost = amin.cost(outputs)
        ceiling = Fraction(cost, hindsight.lower_bound(outputs))
        found.append(Candidate(outputs, cost, ceiling))
    return found


@times(0.5)
@given(st.data())
def test_the_first_of_the_worst_candidates_is_found(data: st.DataObject) -> None:
    setting = data.draw(settings_of_requests(longest=5, most_spare=10))
    candidates = candidates_of(setting, data.draw(st.integers(1, 5)))
    hindsight = Hindsight(setting)
    ratios = {c.outputs: Fraction(c.cost, hindsight.optimum(c.outputs)) for c in candidates}
    largest = max(ratios.values())
    worst = worst_of(in_order(candidates), LOW, hindsight, never)
    assert worst.candidate is not None
    assert worst.candidate.outputs == min(o for o, ratio in ratios.items() if ratio == largest)
    assert Fraction(worst.candidate.cost, worst.optimum) == largest
    assert worst.unseen == 0
    # With the largest ratio as the floor it is still found; above it there is nothing.
    assert worst_of(in_order(candidates), largest, hindsight, never) == worst
    assert worst_of(in_order(candidates), largest + LOW, hindsight, never).candidate is None


def test_candidates_that_are_not_compared_are_counted_by_weight() -> None:
    setting = Setting(1, 1, 3, 5)
    weighted = [Candidate(c.outputs, c.cost, c.ceiling, 3) for c in candidates_of(setting, 4)]
    worst = worst_of(in_order(weighted), LOW, Hindsight(setting), lambda: True)
    assert worst.candidate is None
    assert worst.unseen == 3 * len(weighted) == 45

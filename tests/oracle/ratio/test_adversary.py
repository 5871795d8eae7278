"""T12 and T13: a search for instances above the bound on Amin's ratio, and what breaks the bound.

*Exhausted*: the table in ``proofs_notes/data``. *Tested*: properties and random walks.
"""

from __future__ import annotations

import os
from fractions import Fraction
from functools import cache
from math import log
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amin_ref import (
    Amax,
    Amin,
    HindsightShortestFirst,
    Instance,
    Request,
    Run,
    Schedule,
    check,
    simulate,
)
from amin_ref.policies.variants import EvictsLargest, NeverLooksAhead, NeverRefines
from amin_ref.small.bound import INTERCEPT, is_stated_for, ratio_bound
from amin_ref.small.fast_simulation import FastSimulation
from amin_ref.small.optimum import Hindsight
from amin_ref.small.setting import Setting
from oracle.ratio.adversary import AdversaryTree
from oracle.ratio.answer import WorstCase
from oracle.ratio.attack_table import read_attacks
from oracle.ratio.attacks import SearchSpace, attacks, worst_with_lengths
from oracle.ratio.question import RULES, PolicyName, Question
from oracle.ratio.tables import read_table, table_questions
from oracle.ratio.worst_case import worst_case
from tests.support.profiles import times
from tests.support.settings import CLASSES, by_position, outputs_of, settings_of_requests

DATA = Path(__file__).parents[3] / "proofs_notes" / "data"

SIZE = "1/α ≤ 12, s ≤ 4, n ≤ 8, M ≤ n(s + u)"
"""The instances that the table covers, as the matrix of theorems and tests states them."""

FACTOR = 1.25
"""The bound over the found ratio is at most this for some instance."""


@cache
def table() -> tuple[WorstCase, ...]:
    return tuple(read_table(DATA / "worst_case.jsonl"))


def answers(policy: PolicyName) -> list[WorstCase]:
    return [answer for answer in table() if answer.question.policy == policy]


class TestTable:
    def test_the_table_answers_every_question_in_order(self) -> None:
        assert [answer.question for answer in table()] == table_questions()

    def test_the_table_covers_the_stated_settings(self) -> None:
        asked = [answer.question for answer in answers("amin")]
        inverse = {1 / question.setting.alpha for question in asked}
        assert inverse >= {1, 2, 3, 4, 6, 8, 12}
        for one in (2, 3, 4, 6, 8):
            same = {q.setting.lower for q in asked if 1 / q.setting.alpha == one}
            assert len(same) > 1, f"1/α = {one}"
        assert {question.setting.prompt_len for question in asked} == {1, 2, 3, 4}
        assert {question.requests for question in asked} == {4, 6, 8}
        capacities: dict[tuple[int, ...], set[int]] = {}
        for question in asked:
            setting, n = question.setting, question.requests
            key = (n, setting.prompt_len, setting.lower, setting.upper)
            capacities.setdefault(key, set()).add(setting.capacity)
        for (n, prompt_len, _, upper), found in capacities.items():
            assert min(found) == prompt_len + upper
            assert max(found) == n * (prompt_len + upper)

    @pytest.mark.theorem("T12", exhausted=SIZE)
    def test_amin_keeps_to_the_bound_on_every_exhausted_setting(self) -> None:
        for answer in answers("amin"):
            assert is_stated_for(answer.question.setting)
            assert answer.found.ratio <= ratio_bound(answer.question.setting.alpha)

    @pytest.mark.theorem("T12")
    def test_the_intercept_exceeds_the_distance_of_h_sf(self) -> None:
        distances = [answer.found.ratio for answer in answers("h-sf")]
        assert Fraction(112, 100) < max(distances) < INTERCEPT

    def test_without_a_binding_cache_every_policy_is_optimal(self) -> None:
        for answer in table():
            setting, n = answer.question.setting, answer.question.requests
            if setting.capacity == n * (setting.prompt_len + setting.upper):
                assert answer.found.ratio == 1

    def test_the_costs_are_those_of_the_instances(self) -> None:
        for answer in table()[::5]:
            question, found = answer.question, answer.found
            hindsight = Hindsight(question.setting)
            if question.policy == "h-sf":
                assert hindsight.shortest_first(found.outputs) == found.cost
            else:
                assert FastSimulation(question.setting, RULES[question.policy]).cost(
                    found.by_rank
                ) == (found.cost)

    @pytest.mark.theorem("T12", exhausted=SIZE)
    @pytest.mark.theorem("T13")
    def test_recomputing_a_part_of_the_table_gives_the_same(self) -> None:
        few = [answer for answer in table() if answer.question.multisets <= 500]
        for answer in few[::20]:
            assert worst_case(answer.question) == answer

    @pytest.mark.theorem("T12", exhausted=SIZE)
    @pytest.mark.theorem("T13")
    @pytest.mark.slow
    @pytest.mark.skipif(os.environ.get("AMIN_PROFILE") != "deep", reason="a quarter of an hour")
    def test_recomputing_the_whole_table_gives_the_same(self) -> None:
        for answer in table():
            assert worst_case(answer.question) == answer


@pytest.mark.theorem("T12")
@times(2)
@given(st.data())
def test_amin_keeps_to_the_bound(data: st.DataObject) -> None:
    setting = data.draw(
        settings_of_requests(longest=10, longest_prompt=12, most_spare=12).filter(is_stated_for)
    )
    by_rank = data.draw(outputs_of(setting, 7))
    outputs = tuple(sorted(by_rank))
    cost = simulate(setting.instance(by_rank), Amin(by_position(by_rank))).total_latency
    hindsight, bound = Hindsight(setting), ratio_bound(setting.alpha)
    # OPT takes long to compute; often a lower bound of OPT is enough.
    if cost > bound * hindsight.lower_bound(outputs):
        assert cost <= bound * hindsight.optimum(outputs)


@pytest.mark.theorem("T12")
@times(0.3)
@given(st.data())
def test_no_outputs_and_ties_of_a_small_setting_break_the_bound(data: st.DataObject) -> None:
    setting = data.draw(
        settings_of_requests(longest=6, longest_prompt=24, most_spare=8).filter(is_stated_for)
    )
    question = Question("amin", setting, data.draw(st.integers(1, 5)))
    assert worst_case(question).found.ratio <= ratio_bound(setting.alpha)


class TestAdversary:
    """``attacks.jsonl`` has the worst instances of long random walks; here a short walk is run."""

    @pytest.mark.theorem("T12")
    def test_stored_attacks_have_their_costs_and_keep_to_the_bound(self) -> None:
        found = read_attacks(DATA / "attacks.jsonl")
        assert {len(attack.by_rank) for attack in found} >= {12, 24}
        for attack in found:
            setting = attack.setting
            assert is_stated_for(setting)
            instance, ties = setting.instance(attack.by_rank), by_position(attack.by_rank)
            assert simulate(instance, Amin(ties)).total_latency == attack.cost
            hindsight = simulate(instance, HindsightShortestFirst(ties))
            assert hindsight.total_latency == attack.achieved
            assert attack.ratio <= ratio_bound(setting.alpha)

    @pytest.mark.theorem("T12")
    def test_the_bound_is_close_to_a_found_ratio(self) -> None:
        found = read_attacks(DATA / "attacks.jsonl")
        tightness = [
            ratio_bound(attack.setting.alpha) / float(attack.ratio)
            for attack in found
            if 1 / attack.setting.alpha >= 4
        ]
        assert min(tightness) <= FACTOR

    @pytest.mark.theorem("T12")
    def test_a_short_walk_does_not_break_the_bound(self) -> None:
        space = SearchSpace(lower=2, upper=8, longest_prompt=8, most_spare=4, requests=12)
        found = list(attacks(RULES["amin"], space, steps=25, seed=1))
        ratios = [attack.ratio for attack in found]
        assert ratios == sorted(set(ratios))
        assert Fraction(5, 2) < ratios[-1] <= ratio_bound(Fraction(1, 4))

    @pytest.mark.theorem("T13")
    def test_a_short_walk_breaks_the_bound_of_a_variant(self) -> None:
        space = SearchSpace(
            lower=1, upper=16, longest_prompt=1, most_spare=0, requests=8, lengths=2
        )
        found = list(attacks(RULES["amin-evicts-largest"], space, steps=2, seed=0))
        assert found[-1].ratio > ratio_bound(Fraction(1, 16))

    def test_the_worst_instance_of_three_lengths_is_exact(self) -> None:
        setting = Setting(1, 3, 6, 7)
        costs = AdversaryTree(setting, RULES["amin"], 6).worst_costs()
        shortest_first = Hindsight(setting).shortest_first
        worst = max(
            Fraction(cost, shortest_first(outputs))
            for outputs, cost in costs.items()
            if set(outputs) <= {3, 4, 6}
        )
        attack = worst_with_lengths(RULES["amin"], setting, (3, 4, 6), 6)
        assert attack is not None
        assert attack.ratio == worst
        assert worst_with_lengths(RULES["amin"], setting, (3, 4, 6), 6, most_states=5) is None


def unit_requests_at_best(n: int, capacity: int) -> int:
    """OPT of n requests with s = o = 1: ⌊M/2⌋ of them run in each round."""
    return sum(i // (capacity // 2) + 1 for i in range(n))


@pytest.mark.theorem("T13")
@pytest.mark.parametrize("inverse", [2, 4, 8, 16, 32, 64])
def test_amax_is_off_by_a_factor_that_grows_like_the_inverse_of_alpha(inverse: int) -> None:
    """All outputs are 1 token long and s + u = M: Amax runs one at a time, OPT ⌊M/2⌋."""
    setting = Setting(prompt_len=1, lower=1, upper=inverse, capacity=1 + inverse)
    n = 20 * inverse
    instance = setting.instance((1,) * n)
    optimum = unit_requests_at_best(n, setting.capacity)
    ratio = Fraction(simulate(instance, Amax()).total_latency, optimum)
    assert simulate(instance, Amin()).total_latency == optimum
    assert ratio == Fraction(n * (n + 1) // 2, optimum)
    assert 0.9 * (inverse // 2) <= ratio <= inverse
    assert (ratio > ratio_bound(setting.alpha)) == (inverse >= 16)


@pytest.mark.theorem("T13")
def test_the_worst_ratio_of_amax_grows_faster_than_that_of_amin() -> None:
    """Already with 6 requests: Amax's worst ratio over Amin's rises with 1/α."""
    worst: dict[tuple[PolicyName, Fraction], Fraction] = {}
    for answer in table():
        if answer.question.setting.lower == 1 and answer.question.requests == 6:
            key = answer.question.policy, 1 / answer.question.setting.alpha
            worst[key] = max(worst.get(key, Fraction(0)), answer.found.ratio)
    gains = [worst["amax", Fraction(k)] / worst["amin", Fraction(k)] for k in (2, 4, 8, 12)]
    assert gains == sorted(gains)


BREAKING = {
    "never-refines": (NeverRefines, Setting(4, 1, 8, 15), (1, 2, 8), 24),
    "evicts-largest": (EvictsLargest, Setting(1, 1, 16, 17), (1, 16), 8),
}


@pytest.mark.theorem("T13")
@pytest.mark.parametrize("name", BREAKING)
def test_variants_that_break_the_bound(name: str) -> None:
    policy, setting, lengths, n = BREAKING[name]
    rules = RULES[next(key for key, found in CLASSES.items() if found is policy)]
    attack = worst_with_lengths(rules, setting, lengths, n)
    assert attack is not None
    instance, ties = setting.instance(attack.by_rank), by_position(attack.by_rank)
    cost = simulate(instance, policy(ties)).total_latency
    best = simulate(instance, HindsightShortestFirst(ties)).total_latency
    assert Fraction(cost, best) == attack.ratio > ratio_bound(setting.alpha)
    assert simulate(instance, Amin(ties)).total_latency <= best * ratio_bound(setting.alpha)


@pytest.mark.theorem("T4")
def test_without_look_ahead_exact_predictions_do_not_help() -> None:
    """With ℓ = o = u, Amin's cost is that of H-SF; without look-ahead it is 1.8 times that."""
    setting = Setting(prompt_len=1, lower=32, upper=32, capacity=49)
    instance = setting.instance((32,) * 48)
    best = simulate(instance, HindsightShortestFirst()).total_latency
    assert simulate(instance, Amin()).total_latency == best
    assert simulate(instance, NeverLooksAhead()).total_latency > Fraction(18, 10) * best


@pytest.mark.parametrize("name", ["amin-evicts-newest", "amin-never-looks-ahead"])
def test_variants_that_keep_to_the_bound(name: PolicyName) -> None:
    """On the settings of Amin's largest ratios, the largest ratio of these is at most Amin's."""

    def worst(policy: PolicyName) -> Fraction:
        found = [
            worst_with_lengths(RULES[policy], setting, (lower, lower + 1, upper), 12)
            for setting in WORST_SETTINGS_OF_AMIN
            for lower, upper in [(setting.lower, setting.upper)]
        ]
        return max(attack.ratio for attack in found if attack)

    assert worst(name) <= worst("amin")


WORST_SETTINGS_OF_AMIN = (
    Setting(1, 5, 8, 10),
    Setting(1, 3, 6, 7),
    Setting(3, 3, 8, 11),
    Setting(5, 2, 8, 13),
    Setting(8, 2, 11, 19),
    Setting(12, 3, 17, 29),
    Setting(4, 1, 6, 10),
    Setting(4, 4, 8, 14),
)


class TestEachConditionIsNeeded:
    """Instances outside of the statement, with ratios above the bound."""

    def test_long_prompts(self) -> None:
        """s > 4ℓ: requests run one by one in order of rank; the ratio grows like √(1/α)."""
        setting = Setting(prompt_len=99, lower=1, upper=100, capacity=199)
        assert not is_stated_for(setting)
        self.one_by_one(setting.instance((100,) * 5 + (1,) * 55), Fraction(1, 100))

    def test_large_blocks(self) -> None:
        """Every request occupies one block throughout, as with long prompts."""
        requests = tuple(
            Request(i, 1, output_len, 1, 100) for i, output_len in enumerate((100,) * 5 + (1,) * 55)
        )
        self.one_by_one(Instance(101, requests, block_size=101), Fraction(1, 100))

    def one_by_one(self, instance: Instance, alpha: Fraction) -> None:
        schedule = simulate(instance, Amin())
        best = simulate(instance, HindsightShortestFirst())
        assert schedule.evictions == 0
        ratio = Fraction(schedule.total_latency, best.total_latency)
        assert ratio > ratio_bound(alpha)
        assert ratio > Fraction(9, 10) * 10

    @pytest.mark.parametrize("large", [5, 10, 20])
    def test_unequal_prompts(self, large: int) -> None:
        """α = 1, and an unlimited ratio: large prompts run first, one in each round."""
        small = 20 * large
        requests = (
            *(Request(i, 2 * small - 1, 1, 1, 1) for i in range(large)),
            *(Request(large + i, 1, 1, 1, 1) for i in range(small)),
        )
        instance = Instance(2 * small, requests)
        runs = (
            *(Run(i, 1 + i, 2 + i, "completed") for i in range(large)),
            *(Run(large + i, 0, 1, "completed") for i in range(small)),
        )
        better = Schedule(instance, runs)
        assert check(better) == ()
        ratio = simulate(instance, Amin()).total_latency / better.total_latency
        assert ratio > large / 2
        assert ratio > ratio_bound(instance.alpha)

    @pytest.mark.slow
    def test_arrivals(self) -> None:
        """Many short requests arrive when a long one nearly fills the cache."""
        ratios = []
        for upper in (400, 1600, 6400, 10_000):
            before_its_end = int(upper**0.5)
            burst, now = (1 + upper) // 2, upper - before_its_end
            requests = (
                Request(0, 1, upper, 1, upper),
                *(Request(i, 1, 1, 1, upper, arrival=now) for i in range(1, burst + 1)),
            )
            instance = Instance(1 + upper, requests)
            runs = (
                Run(0, now + 1, now + 1 + upper, "completed"),
                *(Run(i, now, now + 1, "completed") for i in range(1, burst + 1)),
            )
            better = Schedule(instance, runs)
            assert check(better) == ()
            ratios.append(simulate(instance, Amin()).total_latency / better.total_latency)
        assert ratios == sorted(ratios)
        assert ratios[0] < ratio_bound(Fraction(1, 400))
        assert ratios[-1] > ratio_bound(Fraction(1, 10_000))


def test_two_values_of_the_bound() -> None:
    assert ratio_bound(Fraction(1)) == 3.3
    assert ratio_bound(Fraction(1, 4)) == pytest.approx(3.3 + 0.9 * log(4))

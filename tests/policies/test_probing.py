"""Amin with probes costs at most F + 140/3 times OPT (T19, corollary); also impatient Amin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby
from operator import itemgetter

import pytest
from hypothesis import given, target
from hypothesis import strategies as st

from amin_ref import (
    Amin,
    Decision,
    HindsightShortestFirst,
    Instance,
    RequestId,
    VisibleRequest,
    check,
    simulate,
)
from amin_ref.families import decaying_tail, staggered
from amin_ref.model.errors import InvalidValue
from amin_ref.policies.impatient import ImpatientAmin
from amin_ref.policies.probing import ProbingAmin
from amin_ref.strategies import instances, tie_breaks
from tests.models.volume_bound import volume_bound
from tests.support.profiles import times
from tests.support.settings import outputs_of, settings_of_requests

OF_PROBES = Fraction(140, 3)
"""The cost of all probes divided by the optimum: the factor of T19 without lost rounds."""

FACTORS = st.sampled_from((1, 2, 4))


@st.composite
def equal_prompts(draw: st.DrawFn) -> Instance:
    """Up to 25 requests of equal prompts, all there in round 0, in a tight cache."""
    setting = draw(settings_of_requests(longest=20, longest_prompt=12, most_spare=60))
    return setting.instance(draw(outputs_of(setting, 25)))


@pytest.mark.theorem("T19")
@times(3)
@given(st.data(), equal_prompts(), FACTORS)
def test_probing_costs_at_most_its_factor_times_the_volume_bound(
    data: st.DataObject, instance: Instance, factor: int
) -> None:
    schedule = simulate(instance, ProbingAmin(factor, data.draw(tie_breaks(instance))))
    ratio = Fraction(schedule.total_latency, volume_bound(instance))
    target(float(ratio / (factor + OF_PROBES)), label="share of the factor")
    assert ratio <= factor + OF_PROBES


@given(st.data(), instances(), FACTORS)
def test_every_schedule_is_valid(data: st.DataObject, instance: Instance, factor: int) -> None:
    """With arrivals, unequal prompts and blocks as well, where no factor is proved."""
    ties = data.draw(tie_breaks(instance))
    assert check(simulate(instance, ProbingAmin(factor, ties))) == ()
    assert check(simulate(instance, ImpatientAmin(1.5 * factor, ties))) == ()


@pytest.mark.parametrize("policy", [ProbingAmin, ImpatientAmin])
@given(st.data(), instances())
def test_with_an_infinite_factor_the_schedule_is_that_of_amin(
    policy: type[ProbingAmin] | type[ImpatientAmin], data: st.DataObject, instance: Instance
) -> None:
    ties = data.draw(tie_breaks(instance))
    runs = simulate(instance, policy(math.inf, ties)).runs
    assert runs == simulate(instance, Amin(ties)).runs


@pytest.mark.theorem("T19")
def test_a_probe_begins_when_the_cost_exceeds_f_times_the_volume_bound() -> None:
    """By hand: s = 1, M = 13, F = 1, four requests of 12 tokens.

    In round 0 the volume bound for lengths of 1 is 4, the cost of the round: Amin starts all four
    (8 tokens). In round 1 they have 2 tokens at least: v(2) = 5, V = 5, 10, 15, 20, so the bound is
    2 + 2 + 2 + 2 = 8, the cost of two rounds. In round 2 it is 3 · 4 = 12, V = 9, 18, 27, 36. The
    next tokens need 16 > 13: one is evicted. In round 3 three have at least 4 tokens, the evicted
    one 3: V = 9, 23, 37, 51 and 3 + 4 + 4 + 4 = 15 < 16. A probe begins. All have at least 3
    tokens, so its budget is 4. Two requests with 4 tokens reserved fit, 2·5 = 10 tokens, and a
    third would need 15 in its last round.
    """
    instance = Instance.from_lengths([(1, 12)] * 4, capacity=13)
    runs = simulate(instance, ProbingAmin(1)).runs
    first = [run for run in runs if run.start == 0]
    assert sorted((run.stop, run.outcome) for run in first) == [
        (2, "evicted"),
        *[(3, "evicted")] * 3,
    ]
    probe = [run for run in runs if run.start == 3]
    assert {(run.length, run.outcome) for run in probe} == {(4, "evicted")}


class Watched(ProbingAmin):
    """Records the round, the budget, and the number of unfinished requests of each decision."""

    def begin(self, capacity: int, block_size: int) -> None:
        super().begin(capacity, block_size)
        self.rounds: list[tuple[int, int | None, int]] = []
        self._present: set[RequestId] = set()

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        self._present = (self._present | {request.id for request in arrived}) - set(completed)
        decision = super().decide(now, arrived, completed)
        self.rounds.append((now, self.budget, len(self._present)))
        return decision


@pytest.mark.theorem("T19")
@times(2)
@given(equal_prompts(), FACTORS)
def test_lemmas_of_the_corollary_hold_for_every_probe(instance: Instance, factor: int) -> None:
    """Budgets ℓ·2^r, each once and ascending; n_r and length of each probe; cost of the rest."""
    policy = Watched(factor)
    simulate(instance, policy)
    request = instance.requests[0]
    probes = [
        (budget, [unfinished for _, _, unfinished in rounds])
        for budget, rounds in groupby(policy.rounds, key=itemgetter(1))
        if budget is not None
    ]
    target(float(len(probes)), label="probes")
    budgets = [budget for budget, _ in probes]
    assert budgets == sorted(set(budgets))
    for budget, unfinished in probes:
        quotient, rest = divmod(budget, request.lower)
        assert rest == 0
        assert quotient & (quotient - 1) == 0
        if quotient > 1:  # b_{r-1} = b_r/2 was tried or skipped: requests of b_r/2 tokens are done
            longer = sum(2 * r.output_len > budget for r in instance.requests)
            assert unfinished[0] <= longer
        reserved = min(budget, instance.capacity - request.prompt_len)
        at_once = instance.capacity // (request.prompt_len + reserved)
        assert len(unfinished) <= Fraction(unfinished[0] * reserved, at_once) + reserved
    in_between = sum(unfinished for _, budget, unfinished in policy.rounds if budget is None)
    assert in_between <= factor * volume_bound(instance)


@pytest.mark.parametrize(
    ("policy", "factor"),
    [(ProbingAmin, 0.9), (ProbingAmin, math.nan), (ImpatientAmin, 1), (ImpatientAmin, math.nan)],
)
def test_a_factor_out_of_its_range_is_refused(
    policy: type[ProbingAmin] | type[ImpatientAmin], factor: float
) -> None:
    with pytest.raises(InvalidValue) as raised:
        policy(factor)
    assert raised.value.field == "factor"


@pytest.mark.theorem("T19")
def test_probing_is_near_the_optimum_where_amin_is_not() -> None:
    instance = staggered(1, 32, 1, 320, 5200)
    best = simulate(instance, HindsightShortestFirst()).total_latency
    assert simulate(instance, Amin()).total_latency > 11 * best
    assert simulate(instance, ProbingAmin(4)).total_latency < 4 * best
    assert simulate(instance, ImpatientAmin(8)).total_latency < 3 * best


def test_no_probe_begins_where_amin_is_near_the_volume_bound() -> None:
    """Here the cost of Amin is at most 3.3 times the volume bound, at all times."""
    instance = decaying_tail(1, 16, 400, 64)
    assert simulate(instance, ProbingAmin(32)).runs == simulate(instance, Amin()).runs

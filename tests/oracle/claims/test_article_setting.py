"""C1 to C4 in the article's setting: verdicts on made-up numbers, the requests, the command."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from amin_ref import SmallestVolumeFirst, simulate
from amin_ref.cli.application import application
from amin_ref.cli.exit_codes import run
from amin_ref.policies.names import POLICIES
from amin_ref.policies.ties import ByPosition
from oracle.claims import Judgement, Ledger, Measurements, Plan, ResultStore, judged, tasks
from oracle.claims.article_setting import ARTICLE_CLAIMS, PROMPTS
from oracle.claims.experiments import Bounded, Experiment, FixedTies, Scheduled, Values
from oracle.claims.workload import SampledWorkload

PLAN = Plan(seeds=4)

Total = Callable[[Scheduled], float]
"""A made-up total latency of an experiment."""


def judgement(name: str, total: Total, family: float = 1.0) -> Judgement:
    """The judgement on made-up total latencies, which vary slightly with the seed."""
    (claim,) = (claim for claim in ARTICLE_CLAIMS if claim.name == name)
    store = ResultStore()
    for task in tasks(claim.experiments(PLAN), PLAN.seeds):
        store.add(task, _values(task.experiment, task.seed, total, family))
    return claim.judge(PLAN, Measurements(store, PLAN.seeds))


def _values(experiment: Experiment, seed: int, total: Total, family: float = 1.0) -> Values:
    if isinstance(experiment, FixedTies):
        return {"amin": family, "shuffled": 1.0}
    if isinstance(experiment, Bounded):
        return {"bound": 95.0, "requests": experiment.workload.requests}
    assert isinstance(experiment, Scheduled)
    return {"total": total(experiment) * (1 + 0.0001 * (seed % 3))}


def totals(
    amin: Callable[[Scheduled], float], amax: Callable[[Scheduled], float] = lambda _: 500.0
) -> Total:
    def total(experiment: Scheduled) -> float:
        if experiment.policy == "amin":
            return amin(experiment)
        return amax(experiment) if experiment.policy == "amax" else 100.0

    return total


class TestVerdicts:
    @pytest.mark.parametrize(
        ("few", "many", "verdict"),
        [
            (104.0, 104.0, "holds"),
            (104.0, 140.0, "holds under conditions"),
            (106.0, 140.0, "does not hold"),
        ],
    )
    def test_c1_reaches_every_verdict(self, few: float, many: float, verdict: str) -> None:
        made = totals(lambda e: few if e.workload.requests == 200 else many)
        assert judgement("C1", made).verdict == verdict

    def test_c1_needs_an_amax_that_lags_behind(self) -> None:
        assert judgement("C1", totals(lambda _: 100.0, lambda _: 149.0)).verdict == "does not hold"
        assert judgement("C1", totals(lambda _: 100.0, lambda _: 151.0)).verdict == "holds"

    @pytest.mark.parametrize(
        ("short", "long", "verdict"),
        [
            (149.0, 149.0, "holds"),
            (149.0, 151.0, "holds under conditions"),
            (151.0, 151.0, "does not hold"),
        ],
    )
    def test_c2_reaches_every_verdict(self, short: float, long: float, verdict: str) -> None:
        made = totals(lambda e: long if e.workload.prompt_len == 200 else short, lambda _: 200.0)
        assert judgement("C2", made).verdict == verdict

    def test_c2_does_not_count_a_small_gap(self) -> None:
        found = judgement("C2", totals(lambda _: 100.0, lambda _: 104.0))
        assert found.verdict == "does not hold"
        assert "no gap of 5 % at K = 2" in found.measured

    @pytest.mark.parametrize(
        ("relative", "naive", "verdict"),
        [
            (501.0, 300.0, "holds"),
            (499.0, 501.0, "holds under conditions"),
            (499.0, 499.0, "does not hold"),
        ],
    )
    def test_c3_reaches_every_verdict(self, relative: float, naive: float, verdict: str) -> None:
        made = totals(lambda _: 100.0, lambda e: naive if e.prediction == "naive" else relative)
        assert judgement("C3", made).verdict == verdict

    @pytest.mark.parametrize(
        ("sample", "family", "verdict"),
        [
            (951.0, 1.0, "holds"),  # 3.3 + 0.9·ln(1000) = 9.517…
            (952.0, 1.0, "holds under conditions"),
            (951.0, 20.0, "does not hold"),
        ],
    )
    def test_c4_reaches_every_verdict(self, sample: float, family: float, verdict: str) -> None:
        found = judgement("C4", totals(lambda _: sample), family)
        assert found.verdict == verdict


def test_every_prompt_has_the_length_of_the_setting() -> None:
    for prompt_len in PROMPTS:
        workload = SampledWorkload("chat", 40, 2000, prompt_len=prompt_len)
        instance, sampled = (
            each.instance("exact", 1) for each in (workload, SampledWorkload("chat", 40, 2000))
        )
        assert {request.prompt_len for request in instance.requests} == {prompt_len}
        assert {request.arrival for request in instance.requests} == {0}
        outputs = [request.output_len for request in instance.requests]
        assert outputs == [request.output_len for request in sampled.requests]


def test_with_equal_prompts_svf_is_h_sf() -> None:
    instance = SampledWorkload("chat", 60, 2000, prompt_len=50).instance("exact", 0)
    h_sf = simulate(instance, POLICIES["h-sf"].make(ByPosition()))
    assert simulate(instance, SmallestVolumeFirst()).runs == h_sf.runs


def test_every_entry_names_the_command_of_the_article() -> None:
    store = ResultStore()
    for claim in ARTICLE_CLAIMS:
        for task in tasks(claim.experiments(PLAN), PLAN.seeds):
            store.add(task, _values(task.experiment, task.seed, totals(lambda _: 120.0)))
    ledger = judged(PLAN, ARTICLE_CLAIMS, store, "article")
    assert [entry.claim for entry in ledger.entries] == ["C1", "C2", "C3", "C4"]
    assert {entry.command for entry in ledger.entries} == {
        "amin-ref claims --claim article --seeds 4"
    }
    assert Ledger.from_json(ledger.to_json()) == ledger


def test_the_command_prints_c1_to_c4(capsys: pytest.CaptureFixture[str]) -> None:
    flags = ("--quick", "--requests", "20", "--capacity", "2000", "--seeds", "2", "--workers", "1")
    assert run(application, ("claims", "--claim", "article", "--json", *flags)) == 0
    ledger = Ledger.from_json(capsys.readouterr().out)
    assert [entry.claim for entry in ledger.entries] == ["C1", "C2", "C3", "C4"]

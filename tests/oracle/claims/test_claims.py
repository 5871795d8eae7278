"""The ledger of the claims: statistics, experiments, measurement runs, verdicts, command."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from amin_ref import Amin, check, simulate
from amin_ref.cli.application import application
from amin_ref.cli.exit_codes import run
from amin_ref.comparison.estimate import Estimate, student_quantile
from amin_ref.model.errors import InvalidDocument, InvalidValue
from amin_ref.small.bound import ratio_bound
from oracle.certificate import verify
from oracle.claims import (
    CLAIMS,
    LEDGER,
    ClaimName,
    Judgement,
    Ledger,
    Measurements,
    Plan,
    ResultStore,
    experiments,
    judged,
    measure,
    tasks,
)
from oracle.claims.experiments import (
    Experiment,
    FixedTies,
    InHindsight,
    LongPrompts,
    Predicted,
    RoundCost,
    Scheduled,
    UppersWithheld,
    Values,
    WorstRatio,
)
from oracle.claims.judging import command
from oracle.claims.page import page
from oracle.claims.result_store import Task, packed
from oracle.claims.workload import SampledWorkload
from oracle.prices.ascent import lower_bound
from tests.cli.test_cli import interrupted_once_seen, one_sentence
from tests.making import claims_page
from tests.making.markers import between
from tests.support.project import PROJECT

SMALL = Plan(requests=30, capacity=2000, seeds=2, quick=True)


class TestEstimate:
    # Two-sided 95 % quantiles as printed in tables of Student's distribution.
    @pytest.mark.parametrize(
        ("freedom", "quantile"),
        [(1, 12.706), (2, 4.303), (3, 3.182), (10, 2.228), (19, 2.093), (30, 2.042), (120, 1.980)],
    )
    def test_quantiles_are_those_of_the_tables(self, freedom: int, quantile: float) -> None:
        assert round(student_quantile(freedom), 3) == quantile

    def test_quantiles_of_other_confidence_levels(self) -> None:
        assert round(student_quantile(9, 0.99), 3) == 3.250
        assert round(student_quantile(10, 0.90), 3) == 1.812

    def test_an_interval_computed_by_hand(self) -> None:
        # Mean 5, sample variance 20/3, so the margin is 3.182·√(20/3)/2.
        found = Estimate.of([2.0, 4.0, 6.0, 8.0])
        assert found.mean == 5
        assert found.high - 5 == pytest.approx(3.18245 * (20 / 3) ** 0.5 / 2, rel=1e-5)
        assert 5 - found.low == pytest.approx(found.high - 5)
        assert found.count == 4

    def test_intervals_cover_the_true_mean_in_95_percent_of_samples(self) -> None:
        generator = np.random.default_rng(0)
        samples = generator.normal(3.0, 2.0, (4000, 5))
        found = [Estimate.of(sample.tolist()) for sample in samples]
        share = sum(each.low <= 3.0 <= each.high for each in found) / len(found)
        # Four standard deviations of such a share.
        assert abs(share - 0.95) < 4 * (0.95 * 0.05 / 4000) ** 0.5

    def test_one_value_has_no_interval(self) -> None:
        with pytest.raises(InvalidValue, match="at least two"):
            Estimate.of([1.0])
        assert Estimate.exactly(3.0) == Estimate(3.0, 3.0, 3.0, 1)


class TestSampledWorkload:
    def test_at_load_one_the_arriving_work_equals_the_capacity(self) -> None:
        workload = SampledWorkload("chat", 3000, 16_492, load=1.0)
        requests = workload.instance("exact", 0).requests
        held = sum(r.output_len * r.prompt_len + sum(range(1, r.output_len + 1)) for r in requests)
        rounds = requests[-1].arrival
        # The arriving requests occupy as many token·rounds as the cache has, but for chance.
        assert held / (rounds * 16_492) == pytest.approx(1.0, abs=4 / 3000**0.5)

    def test_without_a_load_all_requests_arrive_in_round_0(self) -> None:
        instance = SampledWorkload("chat", 20, 2000).instance("exact", 0)
        assert {request.arrival for request in instance.requests} == {0}

    def test_predictions_do_not_change_the_sample(self) -> None:
        workload = SampledWorkload("chat", 50, 2000, load=0.5)
        kinds = ("exact", "naive", "varying:0.5")
        samples = {
            tuple((r.prompt_len, r.output_len, r.arrival) for r in workload.instance(k, 3).requests)
            for k in kinds
        }
        assert len(samples) == 1
        assert workload.instance("exact", 3) != workload.instance("exact", 4)

    def test_equal_prompts_keep_their_mean(self) -> None:
        sampled, equal = (
            SampledWorkload("chat", 200, 2000),
            SampledWorkload("chat", 200, 2000, equal_prompts=True),
        )
        prompts = [request.prompt_len for request in sampled.instance("exact", 0).requests]
        (prompt,) = {request.prompt_len for request in equal.instance("exact", 0).requests}
        assert prompt == round(sum(prompts) / 200)

    def test_a_trace_is_sampled_without_replacement(self, tmp_path: Path) -> None:
        trace = tmp_path / "trace.csv"
        rows = "\n".join(f"{n},{n + 1}" for n in range(1, 41))
        trace.write_text(f"question_length,answer_length\n{rows}\n")
        workload = SampledWorkload(str(trace), 10, 2000)
        samples = [workload.instance("exact", seed).requests for seed in range(3)]
        for sample in samples:
            lengths = {(request.prompt_len, request.output_len) for request in sample}
            assert len(lengths) == 10
            assert all(output == prompt + 1 for prompt, output in lengths)
        assert samples[0] != samples[1]
        assert len(replace(workload, requests=100).instance("exact", 0).requests) == 40


class TestExperiments:
    """The values of each experiment, compared with the functions that it calls."""

    workload = SampledWorkload("chat", 40, 1500)

    def test_in_hindsight_measures_the_bound_and_the_policies(self) -> None:
        values = InHindsight(self.workload, 0.2).measure(1)
        instance = self.workload.instance("naive", 1)
        assert values["bound"] <= values["h-sf"]
        assert values["bound"] <= values["fcfs"]
        again = verify(instance, lower_bound(instance, 0.2, clock=time.thread_time))
        assert values["bound"] == pytest.approx(again, rel=0.01)
        assert 0 < values["h-sf_held"] <= 1

    def test_predicted_measures_amin_and_amax(self) -> None:
        values = Predicted(self.workload, "bins:3").measure(1)
        schedule = simulate(self.workload.instance("bins:3", 1), Amin())
        assert check(schedule) == ()
        assert values["amin"] == schedule.total_latency
        assert values["amin_held"] == schedule.mean_occupancy / 1500
        assert values["amax"] > 0

    def test_uppers_withheld_finds_policies_that_use_them(self) -> None:
        values = UppersWithheld(self.workload, "bins:5").measure(0)
        assert values["amin_differs"] == 0
        assert values["amin_ratio"] == 1
        assert values["amax_differs"] > 0
        assert values["amax_ratio"] > 1

    def test_worst_ratio_is_a_line_of_the_table(self) -> None:
        found = WorstRatio("amin", 1, 1, 12, 13, 4).measure(0)["ratio"]
        question = {"policy": "amin", "prompt_len": 1, "lower": 1, "upper": 12, "capacity": 13}
        lines = map(json.loads, (claims_page.DATA / "worst_case.jsonl").read_text().splitlines())
        (line,) = [line for line in lines if line.items() >= {**question, "requests": 4}.items()]
        assert found == line["cost"] / line["optimum"]

    def test_long_prompts_breaks_the_bound_as_proved(self) -> None:
        experiment = LongPrompts(100)
        instance = experiment.instance()
        assert instance.capacity == 199
        assert [request.output_len for request in instance.requests].count(1) == 50
        # k·u·m over (m²/2 + m/2 + k·m + u·k·(k + 1)/2): the proof's two sides, u = 100, k = 5.
        least = 5 * 100 * 50 / (50**2 / 2 + 50 / 2 + 5 * 50 + 100 * 5 * 6 / 2)
        assert experiment.measure(0)["amin"] >= least > ratio_bound(instance.alpha)

    @pytest.mark.theorem("T15")
    def test_fixed_ties_breaks_the_bound_as_proved(self) -> None:
        """On these 666 requests, a shuffled tie-break has a ratio below 3.3."""
        experiment = FixedTies(18, long=50, short=486)
        values = experiment.measure(0)
        assert len(experiment.instance().requests) == 666
        assert values["amin"] == 43_112 / 7_042 > ratio_bound(Fraction(1, 18))
        assert 1 < values["shuffled"] < 3.3

    def test_round_cost_is_processor_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A clock that goes on by two seconds at each look."""
        monkeypatch.setattr("time.process_time", itertools.count(0.0, 2.0).__next__)
        assert RoundCost(400, 2048, 20).measure(0) == {"seconds": 2.0}


@pytest.fixture(scope="module")
def pool() -> Iterator[Executor]:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        yield executor


class TestMeasuring:
    wanted = tasks([UppersWithheld(SampledWorkload("chat", 10, 1000), "bins:2"), LongPrompts(5)], 3)

    def measured(self, executor: Executor | None = None) -> ResultStore:
        store = ResultStore()
        measure(self.wanted, store, executor=executor)
        return store

    def test_experiments_without_randomness_have_one_seed(self) -> None:
        assert [task.seed for task in self.wanted] == [0, 0, 1, 2]

    def test_one_task_for_the_same_experiment(self) -> None:
        twice = [LongPrompts(5), LongPrompts(5)]
        assert len(tasks(twice, 3)) == 1

    def test_every_executor_measures_the_same(self, pool: Executor) -> None:
        alone = self.measured()
        with ThreadPoolExecutor(3) as threads:
            for executor in (threads, pool):
                others = self.measured(executor)
                for task in self.wanted:
                    assert alone[task] == others[task]

    def test_progress_counts_stored_measurements(self, tmp_path: Path) -> None:
        file = tmp_path / "store.jsonl"
        measure(self.wanted[:2], ResultStore(file))
        seen: list[int] = []
        measure(self.wanted, ResultStore(file), on_measured=seen.append)
        assert seen == [3, 4]

    def test_stored_measurements_are_not_repeated(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = tmp_path / "store.jsonl"
        measure(self.wanted, ResultStore(file))
        before = {task.key: ResultStore(file)[task] for task in self.wanted}
        monkeypatch.setattr(LongPrompts, "measure", None)
        monkeypatch.setattr(UppersWithheld, "measure", None)
        store = ResultStore(file)
        measure(self.wanted, store)
        assert {task.key: store[task] for task in self.wanted} == before

    def test_a_failure_keeps_the_measurements_before_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fails(_: object, seed: int) -> Values:
            raise KeyboardInterrupt

        monkeypatch.setattr(LongPrompts, "measure", fails)
        file = tmp_path / "store.jsonl"
        with pytest.raises(KeyboardInterrupt):
            measure(self.wanted, ResultStore(file))
        assert [task in ResultStore(file) for task in self.wanted] == [True, False, False, False]

    def test_ctrl_c_keeps_the_measurements_that_have_begun(self) -> None:
        store = ResultStore()
        pressed = threading.Event()

        class Slow(LongPrompts):
            def measure(self, seed: int) -> Values:
                # The first task ends at once; tasks that run beside it end only after Ctrl-C.
                assert self.upper == 3 or pressed.wait(30)
                return {"amin": 1.0}

        def press(_: int) -> None:
            raise KeyboardInterrupt

        wanted = tasks([Slow(upper) for upper in range(3, 13)], 1)
        with ThreadPoolExecutor(2) as threads, pytest.raises(KeyboardInterrupt):
            measure(
                wanted,
                store,
                executor=threads,
                on_measured=press,
                on_interrupted=pressed.set,
            )
        kept = [task in store for task in wanted]
        # With two threads: the first task, and one or two that had begun by then; no others.
        assert kept[:2] == [True, True]
        assert not any(kept[3:])

    @pytest.mark.parametrize("kept", [0, 1, 20, -1, -10])
    def test_a_cut_file_is_continued(self, kept: int, tmp_path: Path) -> None:
        file = tmp_path / "store.jsonl"
        measure(self.wanted, ResultStore(file))
        whole = file.read_bytes()
        file.write_bytes(whole[:kept])
        store = ResultStore(file)
        measure(self.wanted, store)
        assert sorted(file.read_bytes().splitlines()) == sorted(whole.splitlines())

    def test_a_packed_file_holds_the_same(self, tmp_path: Path) -> None:
        file, small = tmp_path / "store.jsonl", tmp_path / "packed.jsonl"
        measure(self.wanted[:3], ResultStore(file))
        lines = packed(file.read_text().splitlines())
        assert len(lines) == 3  # the header, and two experiments
        small.write_text("\n".join(lines) + "\n")
        measure(self.wanted, ResultStore(small))
        store, again = ResultStore(), ResultStore(small)
        measure(self.wanted, store)
        assert all(store[task] == again[task] for task in self.wanted)

    def test_a_finished_file_is_read_while_another_process_measures(self, tmp_path: Path) -> None:
        file = tmp_path / "store.jsonl"
        measuring = ResultStore(file)  # holds the lock
        measure(self.wanted, measuring)
        before = file.read_bytes()
        store = ResultStore.finished(file)
        assert all(store[task] == measuring[task] for task in self.wanted)
        measure(tasks([LongPrompts(6)], 1), store)
        assert file.read_bytes() == before

    @pytest.mark.parametrize(
        "content",
        [
            b"my letters\n",
            b'{"format": "amin-ref/claims-measurements", "version": 1}\n'
            b'{"seeds": [1, 2], "values": {"a": [1]}}\n',
            b'{"format": "amin-ref/schedule", "version": 1}\n',
            b'{"format": "amin-ref/claims-measurements", "version": 1}\n[1]\n',
            b'{"format": "amin-ref/claims-measurements", "version": 1}\n{"seed": 1}\n',
            b'{"format": "amin-ref/claims-measurements", "version": 1}\n{"values": {"a": "b"}}\n',
            b'{"format": "amin-ref/claims-measurements", "version": 1}\n\xff\n',
        ],
    )
    def test_another_file_is_refused_and_left_alone(self, content: bytes, tmp_path: Path) -> None:
        file = tmp_path / "other"
        file.write_bytes(content)
        with pytest.raises(InvalidDocument):
            ResultStore(file)
        assert file.read_bytes() == content


Made = Callable[[Experiment, int], Values]
"""Made-up values of an experiment with a seed."""


def verdict_on(name: ClaimName, made: Made, plan: Plan | None = None) -> Judgement:
    """The judgement on made-up measurements."""
    plan = plan or Plan(seeds=5)
    store = ResultStore()
    for task in tasks(CLAIMS[name].experiments(plan), plan.seeds):
        store.add(task, made(task.experiment, task.seed))
    return CLAIMS[name].judge(plan, Measurements(store, plan.seeds))


def latencies(
    amin: Callable[[Predicted], float], amax: Callable[[Predicted], float], h_sf: float = 100.0
) -> Made:
    """Made-up total latencies: 100 for the bound, ``h_sf``, 300 for FCFS, and as given."""

    def made(experiment: Experiment, seed: int) -> Values:
        noise = 1 + 0.001 * (seed % 3)
        if isinstance(experiment, InHindsight):
            return {"bound": 100.0, "h-sf": h_sf, "fcfs": 300.0 * noise, "h-sf_held": 0.6}
        if isinstance(experiment, Scheduled):
            assert experiment.policy == "svf"
            return {"total": 102.0}
        assert isinstance(experiment, Predicted)
        return {
            "amin": amin(experiment) * noise,
            "amax": amax(experiment),
            "amin_held": 0.9,
            "amax_held": 0.5,
        }

    return made


class TestVerdicts:
    """Every verdict of every claim can be reached, and turns where its rule says."""

    def test_c1_reaches_every_verdict(self) -> None:
        def matched_up_to(requests: int) -> Made:
            return latencies(
                lambda e: (
                    101.0 if e.workload.requests <= requests and e.workload.load is None else 170.0
                ),
                lambda _: 500.0,
            )

        assert verdict_on("C1", matched_up_to(2000)).verdict == "holds"
        partly = verdict_on("C1", matched_up_to(500))
        assert partly.verdict == "holds under conditions"
        assert "up to 500 requests at once" in partly.condition
        # 100, 150, 200, 300 and 500 at once; FCFS has 300 times the bound everywhere.
        assert "Of these 5 settings, Amax" in partly.condition
        assert "lags behind in 5; FCFS, which uses no predictions, is within 5 % in 0 as" in (
            partly.condition
        )
        assert verdict_on("C1", matched_up_to(0)).verdict == "does not hold"

    def test_c1_needs_an_amax_that_lags_behind(self) -> None:
        made = latencies(lambda _: 101.0, lambda _: 120.0)
        assert verdict_on("C1", made).verdict == "does not hold"

    def test_c1_compares_with_the_bound_and_not_with_h_sf(self) -> None:
        made = latencies(lambda _: 150.0, lambda _: 700.0, h_sf=150.0)
        assert verdict_on("C1", made).verdict == "does not hold"

    def test_c1_needs_the_whole_interval(self) -> None:
        def noisy(experiment: Experiment, seed: int) -> Values:
            if isinstance(experiment, InHindsight):
                return {"bound": 100.0, "h-sf": 100.0, "fcfs": 100.0, "h-sf_held": 1.0}
            if isinstance(experiment, Scheduled):
                return {"total": 100.0}
            return {"amin": 102.0 + 4 * (seed % 2), "amax": 500.0}

        # The mean is 1.04, the upper end of its interval 1.06.
        assert verdict_on("C1", noisy, Plan(seeds=6)).verdict == "does not hold"

    def test_c2_reaches_every_verdict(self) -> None:
        def bins(experiment: Predicted) -> int:
            return int(experiment.prediction.split(":")[1])

        closing = latencies(lambda _: 140.0, lambda _: 200.0)
        assert verdict_on("C2", closing).verdict == "holds"
        some = verdict_on("C2", latencies(lambda e: 140.0 if bins(e) < 5 else 170.0, lambda _: 200))
        assert some.verdict == "holds under conditions"
        assert "1, 2 and 3 bins against the certified bound" in some.condition
        assert "better than H-SF" not in some.condition
        one = verdict_on("C2", latencies(lambda e: 140.0 if bins(e) < 2 else 170.0, lambda _: 200))
        assert "Halved with 1 bin against" in one.condition
        beyond = latencies(lambda e: 110 if bins(e) < 5 else 190, lambda _: 200, h_sf=120.0)
        assert (
            "better than H-SF (more than 100 % of the gap), also with equal"
            in verdict_on("C2", beyond).condition
        )
        # 48 % of the gap is closed.
        none = latencies(lambda _: 152.0, lambda _: 200.0)
        assert verdict_on("C2", none).verdict == "does not hold"

    def test_c2_needs_the_whole_interval(self) -> None:
        def noisy(experiment: Experiment, seed: int) -> Values:
            if isinstance(experiment, InHindsight):
                return {"bound": 100.0, "h-sf": 100.0, "h-sf_held": 0.6}
            if isinstance(experiment, Scheduled):
                return {"total": 100.0}
            amin = 142.0 + 14 * (seed % 2)
            return {"amin": amin, "amax": 200.0, "amin_held": 0.9, "amax_held": 0.5}

        # The mean of the shares is 0.51, the lower end of its interval 0.43.
        assert verdict_on("C2", noisy, Plan(seeds=6)).verdict == "does not hold"

    def test_c2_does_not_hold_without_a_gap(self) -> None:
        made = latencies(lambda _: 100.0, lambda _: 103.0)
        found = verdict_on("C2", made)
        assert found.verdict == "does not hold"
        assert "no gap" in found.measured

    def test_c3_reaches_every_verdict(self) -> None:
        def ratios(at_once: float, arriving: float, mixed: float) -> Made:
            def amax(experiment: Predicted) -> float:
                if experiment.prediction.startswith("mixed"):
                    return 100.0 * mixed
                return 100.0 * (at_once if experiment.workload.load is None else arriving)

            return latencies(lambda _: 100.0, amax)

        assert verdict_on("C3", ratios(6, 1, 1)).verdict == "holds"
        assert verdict_on("C3", ratios(1, 6, 1)).verdict == "holds under conditions"
        assert verdict_on("C3", ratios(1, 1, 6)).verdict == "holds under conditions"
        assert verdict_on("C3", ratios(4.9, 4.9, 4.9)).verdict == "does not hold"

    def test_c3_does_not_count_loads_beyond_saturation(self) -> None:
        def amax(experiment: Predicted) -> float:
            load = experiment.workload.load
            return 900.0 if load is not None and load > 1 else 200.0

        made = latencies(lambda _: 100.0, amax)
        assert verdict_on("C3", made).verdict == "does not hold"

    @pytest.mark.parametrize(
        ("exhausted", "long", "short", "verdict"),
        [
            (2.0, 1.0, 1.0, "holds"),
            (2.0, 50.0, 1.0, "holds under conditions"),
            (2.0, 1.0, 50.0, "does not hold"),
            (2.0, 50.0, 50.0, "does not hold"),
            (6.0, 1.0, 1.0, "does not hold"),
            (6.0, 50.0, 1.0, "does not hold"),
        ],
    )
    def test_c4_reaches_its_verdicts(
        self, exhausted: float, long: float, short: float, verdict: str
    ) -> None:
        def made(experiment: Experiment, _: int) -> Values:
            if isinstance(experiment, WorstRatio):
                return {"ratio": exhausted if experiment.policy == "amin" else 9.0}
            if isinstance(experiment, FixedTies):
                return {"amin": short, "shuffled": 1.0}
            return {"amin": long}

        assert verdict_on("C4", made).verdict == verdict

    @pytest.mark.parametrize(
        ("of_capacity", "of_waiting", "verdict"),
        [
            (1.0, 0.0, "holds"),
            (1.0, 0.3, "holds under conditions"),
            (2.0, 0.0, "does not hold"),
        ],
    )
    def test_c5_reaches_every_verdict(
        self, of_capacity: float, of_waiting: float, verdict: str
    ) -> None:
        def made(experiment: Experiment, seed: int) -> Values:
            assert isinstance(experiment, RoundCost)
            capacity, waiting = experiment.capacity, experiment.waiting
            cost = 1e-9 * (1 + 0.01 * (seed % 2)) * capacity**of_capacity
            # In the series over M the number of waiting requests grows as well; only M may count.
            return {"seconds": cost * (waiting**of_waiting if capacity == 16_384 else 1)}

        if of_waiting == 0.3:
            made_flat = made

            def made(experiment: Experiment, seed: int) -> Values:
                assert isinstance(experiment, RoundCost)
                if experiment.waiting == 16_384 // 8:
                    return {"seconds": 1e-9 * (1 + 0.01 * (seed % 2)) * 16_384.0}
                return made_flat(experiment, seed)

        assert verdict_on("C5", made).verdict == verdict

    def test_c5_asks_for_more_seeds_where_the_exponent_is_uncertain(self) -> None:
        def made(experiment: Experiment, seed: int) -> Values:
            assert isinstance(experiment, RoundCost)
            return {"seconds": experiment.capacity ** (1.0 + 0.3 * (seed % 2))}

        found = verdict_on("C5", made)
        assert found.verdict == "holds under conditions"
        assert "more seeds" in found.condition

    @pytest.mark.parametrize(
        ("differing", "verdict"),
        [
            ((), "holds"),
            (("naive",), "holds under conditions"),
            (("naive", "bins", "relative"), "does not hold"),
        ],
    )
    def test_c6_reaches_every_verdict(self, differing: tuple[str, ...], verdict: str) -> None:
        def made(experiment: Experiment, seed: int) -> Values:
            assert isinstance(experiment, UppersWithheld)
            differs = experiment.prediction.startswith(differing) and seed == 3
            return {
                "amin_differs": 2.0 * differs,
                "amin_ratio": 1.0 + 0.1 * differs,
                "amax_differs": 9.0,
                "amax_ratio": 5.0,
            }

        assert verdict_on("C6", made).verdict == verdict


@pytest.fixture(scope="module")
def small_ledger() -> Ledger:
    store = ResultStore()
    claims = [CLAIMS["C6"]]
    measure(tasks(experiments(SMALL, claims), 2), store)
    return judged(SMALL, claims, store)


@pytest.fixture(scope="module")
def committed() -> Ledger:
    return Ledger.from_json(LEDGER.read_text(encoding="utf-8"))


class TestLedger:
    def test_json_round_trip(self, small_ledger: Ledger) -> None:
        assert Ledger.from_json(small_ledger.to_json()) == small_ledger

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ('"verdict": "holds"', '"verdict": "surely"'),
            ('"mean": 1.0', '"mean": "one"'),
            ('"seeds": 2', '"seeds": 0'),
            ('"x_scale": "log"', '"x_scale": "square"'),
            ('"version": 1', '"version": 2'),
            ('"entries"', '"rows"'),
        ],
    )
    def test_a_changed_text_is_refused(self, old: str, new: str, small_ledger: Ledger) -> None:
        text = small_ledger.to_json()
        assert old in text
        with pytest.raises((InvalidDocument, InvalidValue)):
            Ledger.from_json(text.replace(old, new, 1))

    def test_the_page_has_every_number(self, small_ledger: Ledger) -> None:
        text = page(small_ledger)
        (entry,) = small_ledger.entries
        assert f"### C6: {entry.judgement.verdict}" in text
        (figure,) = entry.judgement.figures
        numbers = re.findall(r"-?(?:\d[\d,.]*\d|\d)", text)
        shown = [float(number.replace(",", "")) for number in numbers]
        for series in figure.series:
            for point in series.points:
                for number in (point.x, point.y.mean, point.y.low, point.y.high):
                    # To the digits that are shown.
                    assert any(abs(each - number) <= 6e-4 * abs(number) for each in shown)

    def test_the_command_reproduces_the_plan(self) -> None:
        assert command(Plan(), "C1") == "amin-ref claims --claim C1"
        assert command(Plan(seeds=30)) == "amin-ref claims --seeds 30"
        assert command(Plan.quickly("my trace.csv"), "C3") == (
            "amin-ref claims --claim C3 --workload 'my trace.csv' --quick"
        )
        assert command(replace(Plan.quickly("chat"), requests=2000)) == (
            "amin-ref claims --quick --requests 2000"
        )


class TestCommitted:
    """The ledger and the pages follow from the committed measurements."""

    def test_the_ledger_follows_from_the_measurements(self, committed: Ledger) -> None:
        assert claims_page.full_ledger() == committed

    def test_the_ledger_is_of_at_least_twenty_seeds(self, committed: Ledger) -> None:
        assert committed.seeds >= 20
        assert not committed.quick
        assert [entry.claim for entry in committed.entries] == list(CLAIMS)
        assert all(seeds >= 20 for _, _, seeds in claims_page.TRACES.values())

    def test_pages_show_the_ledger(self) -> None:
        for file, marker, wanted in claims_page.blocks():
            text = file.read_text(encoding="utf-8")
            assert between(text, marker) == wanted, "python -m tests.making.claims_page"

    def test_every_seed_gives_another_measurement(self) -> None:
        store = ResultStore.finished(claims_page.DATA / "claims.jsonl")
        chosen = Predicted(Plan().sampled(), "bins:5")
        assert len({store[Task(chosen, seed)]["amin"] for seed in range(20)}) == 20

    @pytest.mark.parametrize(
        ("load", "prediction"),
        [(None, "bins:10"), (0.9, "varying:0.99"), (0.9, "mixed:0.5"), (None, "relative:0.2")],
    )
    def test_repeating_a_measurement_gives_the_stored_values(
        self, load: float | None, prediction: str
    ) -> None:
        store = ResultStore.finished(claims_page.DATA / "claims.jsonl")
        task = Task(Predicted(Plan().sampled(load), prediction), 7)
        assert task.experiment.measure(7) == store[task]


def amin_ref(*arguments: str, code: int = 0) -> None:
    assert run(application, arguments) == code


TINY = ("--quick", "--requests", "20", "--capacity", "1500", "--seeds", "2", "--workers", "1")


class TestCommand:
    def test_the_command_prints_verdict_rule_and_command(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        amin_ref("claims", "--claim", "C6", *TINY)
        out = capsys.readouterr().out
        assert "C6 holds" in out
        for heading in ("Article: ", "Rule: ", "Measured: ", "Setting: ", "Command: amin-ref"):
            assert heading in out
        assert max(map(len, out.splitlines())) <= 100

    def test_json_prints_the_ledger(self, capsys: pytest.CaptureFixture[str]) -> None:
        amin_ref("claims", "--claim", "C6", "--claim", "C2", "--json", *TINY)
        ledger = Ledger.from_json(capsys.readouterr().out)
        assert [entry.claim for entry in ledger.entries] == ["C2", "C6"]
        assert ledger.quick
        assert ledger.capacity == 1500

    def test_markdown_prints_a_section_for_each_claim(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        amin_ref("claims", "--claim", "C6", "--markdown", *TINY)
        assert "### C6: holds\n" in capsys.readouterr().out

    def test_a_trace_can_be_the_workload(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        trace = tmp_path / "trace.csv"
        trace.write_text("question_length,answer_length\n" + "3,50\n9,7\n4,70\n" * 10)
        amin_ref("claims", "--claim", "C6", "--workload", str(trace), "--json", *TINY)
        ledger = Ledger.from_json(capsys.readouterr().out)
        assert ledger.workload == "trace.csv"

    @pytest.mark.parametrize(
        "flags",
        [
            ("--claim", "C7"),
            ("--seeds", "1"),
            ("--workers", "0"),
            ("--workload", "nowhere.csv", "--claim", "C6", *TINY),
            ("--capacity", "3", "--claim", "C6", "--quick", "--workers", "1"),
        ],
        ids=lambda flags: " ".join(flags[:2]),
    )
    def test_bad_input_ends_in_one_sentence(
        self, flags: tuple[str, ...], capsys: pytest.CaptureFixture[str]
    ) -> None:
        amin_ref("claims", *flags, code=2)
        captured = capsys.readouterr()
        assert captured.out == ""
        one_sentence(captured.err)

    def test_a_foreign_checkpoint_is_not_overwritten(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "letters.txt"
        file.write_text("Dear reader\n")
        amin_ref("claims", "--checkpoint", str(file), *TINY, code=2)
        one_sentence(capsys.readouterr().err)
        assert file.read_text() == "Dear reader\n"

    def test_ctrl_c_keeps_finished_measurements(self, tmp_path: Path) -> None:
        file = tmp_path / "kept.jsonl"
        flags = ("claims", "--claim", "C6", "--requests", "100", "--seeds", "40", "--workers", "2")
        code, out, err = interrupted_once_seen(
            b"measuring", *flags, "--checkpoint", str(file), output=tmp_path / "out"
        )
        assert code == 130
        assert out == ""
        assert "Traceback" not in err
        assert "interrupted." in err
        kept = ResultStore(file)
        wanted = tasks(experiments(Plan(requests=100, seeds=40), [CLAIMS["C6"]]), 40)
        done = [task for task in wanted if task in kept]
        assert 0 < len(done) < len(wanted)

    def test_after_a_kill_the_command_continues_from_its_checkpoint(self, tmp_path: Path) -> None:
        file = tmp_path / "kept.jsonl"
        flags = ["claims", "--claim", "C6", *TINY, "--json", "--checkpoint", str(file)]
        program = [sys.executable, "-c", "from amin_ref.cli import main; main()", *flags]
        process = subprocess.Popen(program, cwd=PROJECT, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not (file.exists() and file.stat().st_size > 300):
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait(60)
        ended = subprocess.run(program, cwd=PROJECT, capture_output=True, text=True, check=True)
        undisturbed = subprocess.run(
            program[:-2], cwd=PROJECT, capture_output=True, text=True, check=True
        )
        assert ended.stdout == undisturbed.stdout


@pytest.mark.slow
def test_quick_takes_less_than_a_minute(tmp_path: Path) -> None:
    """In processor time of two workers, which other programs on the machine do not affect."""
    before = os.times()
    program = [sys.executable, "-c", "from amin_ref.cli import main; main()"]
    flags = ["claims", "--quick", "--workers", "2", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    ended = subprocess.run(
        [*program, *flags],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    after = os.times()
    spent = after.children_user + after.children_system
    spent -= before.children_user + before.children_system
    assert spent < 2 * 60
    assert len(Ledger.from_json(ended.stdout).entries) == 6
    assert list(tmp_path.iterdir()) == []


def without_workers(flags: Sequence[str]) -> list[str]:
    """The flags for a cluster, on which the number of local processes has no effect."""
    place = flags.index("--workers")
    return [*flags[:place], *flags[place + 2 :]]


@pytest.mark.slow
def test_a_dask_cluster_gives_the_same_ledger(capsys: pytest.CaptureFixture[str]) -> None:
    distributed = pytest.importorskip("distributed")
    flags = ("claims", "--claim", "C6", *without_workers(TINY), "--json")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as c:
        amin_ref(*flags, "--dask", c.scheduler_address)
    there = capsys.readouterr().out
    amin_ref(*flags, "--workers", "1")
    assert there == capsys.readouterr().out


@pytest.mark.slow
def test_a_missing_dask_scheduler_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    amin_ref("claims", *without_workers(TINY), "--dask", "tcp://127.0.0.1:9", code=2)
    assert "no scheduler answers" in one_sentence(capsys.readouterr().err)

"""The parts of the suite: random instances, judgement, shrinking and reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amin_ref import (
    Amax,
    Amin,
    Decision,
    FirstComeFirstServed,
    Instance,
    Machine,
    Policy,
    Request,
    RequestId,
    Run,
    Schedule,
    VisibleRequest,
    check,
    simulate,
)
from amin_ref.conformance import BugRule, ChunkRule, FirstComeRule, RoundRule
from amin_ref.model.errors import DecisionRule
from amin_ref.strategies import arbitrary_schedules, instances, machines, schedules
from amin_ref.suite import TITLES, Finding, examine, judge_schedule, program
from amin_ref.suite.finding import THEOREM_OF_DECISION
from amin_ref.suite.judgement import THEOREM_OF_DEPARTURE
from amin_ref.suite.random_instances import small_instances, twin, without_uppers
from amin_ref.suite.shrinking import shrunk
from amin_ref.suite.t5_hidden import depends_on_hidden
from amin_ref.suite.t12_ratio import beyond_bound, ratio, setting_of, settled_instances
from tests.models.wrong_schedulers import Peeks
from tests.support.profiles import times


class OneByOne(Policy):
    """Runs one request at a time, in the order of arrival."""

    def begin(self, capacity: int, block_size: int) -> None:
        self.waiting: list[RequestId] = []
        self.running = 0

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        self.waiting += [request.id for request in arrived]
        self.running -= len(completed)
        if self.running or not self.waiting:
            return Decision()
        self.running = 1
        return Decision(admit=(self.waiting.pop(0),))


class TestRandomInstances:
    def test_random_instances_depend_on_the_seed_alone(self) -> None:
        first, same, other = (list(small_instances(20, seed)) for seed in (1, 1, 2))
        assert first == same != other

    def test_random_instances_are_of_many_kinds(self) -> None:
        drawn = list(small_instances(400, 0))
        schedules_of = [simulate(instance, Amin()) for instance in drawn]
        assert {instance.block_size for instance in drawn} == {1, 2, 4}
        assert {len(instance.requests) for instance in drawn} == set(range(1, 8))
        assert sum(schedule.evictions > 0 for schedule in schedules_of) > 100
        for kind in (
            lambda i: any(r.arrival for r in i.requests),
            lambda i: any(r.upper is None for r in i.requests),
            lambda i: len({r.prompt_len for r in i.requests}) == 1 < len(i.requests),
            lambda i: any(isinstance(r.id, int) for r in i.requests),
            lambda i: any(r.lower > 1 for r in i.requests),
        ):
            assert 20 < sum(map(kind, drawn)) < 380

    @given(instances(), st.randoms(use_true_random=False))
    def test_a_twin_differs_in_outputs_alone(self, instance: Instance, random: Random) -> None:
        other = twin(instance, random)
        assert [replace(r, output_len=r.upper or 99) for r in other.requests] == [
            replace(r, output_len=r.upper or 99) for r in instance.requests
        ]
        assert (other.capacity, other.block_size) == (instance.capacity, instance.block_size)
        assert all(request.upper is None for request in without_uppers(instance).requests)


class TestShrinking:
    @pytest.mark.parametrize(("fails", "smallest"), [
        (lambda i: len(i.requests) >= 2, Instance(2, (Request("a", 1, 1), Request("b", 1, 1)))),
        (lambda i: any(r.lower >= 3 for r in i.requests), Instance(4, (Request("a", 1, 3, 3),))),
        (lambda i: any(r.arrival >= 2 for r in i.requests),
         Instance(2, (Request("a", 1, 1, arrival=2),))),
        (lambda i: any((r.upper or 0) >= 5 for r in i.requests),
         Instance(2, (Request("a", 1, 1, 1, 5),))),
        (lambda i: i.capacity >= 7, Instance(7, ())),
        (lambda i: i.block_size >= 2 and i.requests, Instance(2, (Request("a", 1, 1),), 2)),
        (lambda i: any(r.prompt_len >= 4 and r.output_len >= 2 for r in i.requests),
         Instance(6, (Request("a", 4, 2),))),
    ])  # fmt: skip
    def test_an_instance_is_shrunk_to_the_smallest_that_fails(
        self, fails: Callable[[Instance], bool], smallest: Instance
    ) -> None:
        big = Instance(
            60,
            tuple(Request(9 - i, 1 + i % 5, 4 + i % 3, 4, 8 + i % 2, i % 4) for i in range(9)),
            4,
        )
        assert fails(big)
        assert shrunk(big, fails) == smallest

    @times(0.5)
    @given(instances(), st.integers(1, 60))
    def test_a_shrunk_instance_fails_and_is_no_larger(self, instance: Instance, least: int) -> None:
        tried: list[Instance] = []

        def fails(candidate: Instance) -> bool:
            tried.append(candidate)
            return sum(r.output_len * r.prompt_len for r in candidate.requests) >= least

        if not fails(instance):
            return
        found = shrunk(instance, fails, most_attempts=300)
        assert fails(found)
        assert len(tried) <= 303
        assert found.capacity <= instance.capacity
        assert len(found.requests) <= len(instance.requests)

    def test_a_machine_is_shrunk_to_the_fields_that_matter(self) -> None:
        machine = Machine(after_eviction="resume", max_running=3, watermark=2)
        instance = Instance(9, (Request("a", 1, 1),), machine=machine)
        found = shrunk(instance, lambda each: each.machine.max_running is not None)
        assert found.machine == Machine(max_running=3)
        assert shrunk(instance, lambda _: True).machine == Machine()

    def test_an_instance_that_does_not_fail_is_not_shrunk(self) -> None:
        instance = next(small_instances(1, 0))
        assert shrunk(instance, lambda _: False) is instance


class TestJudgement:
    def test_every_rule_has_its_theorem(self) -> None:
        assert set(THEOREM_OF_DEPARTURE) == {
            *get_args(RoundRule),
            *get_args(ChunkRule),
            *get_args(FirstComeRule),
            *get_args(BugRule),
        }
        assert set(THEOREM_OF_DECISION) == set(get_args(DecisionRule))
        assert {*THEOREM_OF_DEPARTURE.values(), *THEOREM_OF_DECISION.values()} <= set(TITLES)

    @given(arbitrary_schedules())
    def test_a_schedule_that_is_not_valid_is_refused_by_a_rule_of_the_checker(
        self, schedule: Schedule
    ) -> None:
        rules = {violation.rule for violation in check(schedule)}
        finding = judge_schedule(schedule, "valid")
        if rules:
            assert finding is not None
            assert finding.rule in rules
            assert finding.theorem == ("T1" if finding.rule == "within-capacity" else "T2")

    @given(schedules())
    def test_a_round_in_which_requests_wait_and_none_runs_is_reported(
        self, schedule: Schedule
    ) -> None:
        """All runs from some round on start two rounds late; the cache may be empty then (T8)."""
        for gap in {run.start for run in schedule.runs}:
            late = [
                Run(run.request, run.start + 2, run.stop + 2, run.outcome)
                if run.start >= gap
                else run
                for run in schedule.runs
            ]
            delayed = Schedule(schedule.instance, tuple(late))
            if check(delayed):
                continue
            finding = judge_schedule(delayed, "valid")
            assert (finding is not None) == bool(idle_rounds(delayed))
            if finding is not None:
                assert finding.message.startswith(f"round {min(idle_rounds(delayed))}: ")

    def test_one_by_one_is_valid_and_not_amin(self) -> None:
        assert examine(OneByOne, "valid", examples=100).holds
        assert not examine(OneByOne, "amin", examples=100).holds


def idle_rounds(schedule: Schedule) -> list[int]:
    """The rounds in which no request runs although one waits, found round by round."""
    requests = schedule.instance.requests
    return [
        now
        for now in range(schedule.makespan)
        if not any(run.start <= now < run.stop for run in schedule.runs)
        and any(r.arrival <= now < schedule.completions[r.id] for r in requests)
    ]


ENGINES = Machine(after_eviction="resume", last_token_stored=False, tokens_per_round=5)


class TestMachines:
    @pytest.mark.parametrize("policy", [Amin, Amax, FirstComeFirstServed])
    @pytest.mark.parametrize(
        "machine",
        [
            ENGINES,
            Machine(last_token_stored=False, max_running=2, watermark=1),
            Machine(after_eviction="resume", sound_predictions=False),
        ],
        ids=repr,
    )
    def test_a_policy_of_this_package_is_valid_on_every_machine(
        self, policy: type[Policy], machine: Machine
    ) -> None:
        report = examine(policy, "valid", examples=60, machine=machine)
        assert report.holds, report.text()
        assert (report["T1"].judged, report["T5"].judged, report.ratios) == (60, 3, 0)

    def test_hidden_knowledge_is_found_on_every_machine(self) -> None:
        class PeeksEverywhere(Peeks):
            def use(self, machine: Machine) -> None:
                assert machine == Machine(sound_predictions=False)

        unsound = Machine(sound_predictions=False)
        finding = examine(PeeksEverywhere, "valid", examples=200, machine=unsound)["T5"].finding
        assert finding is not None
        assert finding.rule == "read-the-output-length"

    def test_instances_have_the_same_requests_on_every_machine(self) -> None:
        on_papers = [*small_instances(50, 3)]
        on_engines = [*small_instances(50, 3, ENGINES)]
        assert {instance.machine for instance in on_engines} == {ENGINES}
        assert [replace(instance, machine=Machine()) for instance in on_engines] == on_papers

    def test_a_scheduler_that_is_made_for_the_papers_machine_is_told(self) -> None:
        report = examine(OneByOne, "valid", examples=20, machine=ENGINES)
        assert report.first is not None
        assert "not supported by the policy OneByOne" in report.first.message

    def test_a_wrong_scheduler_is_told_on_the_machine_where_it_is_wrong(self) -> None:
        """It counts as if evicted requests had lost their tokens."""

        class Forgets(Amin):
            def use(self, machine: Machine) -> None:
                super().use(replace(machine, after_eviction="restart"))

        assert examine(Forgets, "valid", examples=200).holds
        finding = examine(Forgets, "valid", examples=200, machine=ENGINES).first
        assert finding is not None
        assert (finding.theorem, finding.rule) == ("T1", "overflow")
        # The other fields of the machine were not needed for the finding.
        assert finding.instance.machine == Machine(after_eviction="resume")

    def test_slow_prompts_do_not_count_as_no_progress(self) -> None:
        """A round computes one token of a prompt of nine."""
        instance = Instance(20, (Request("a", 9, 1),), machine=Machine(tokens_per_round=1))
        assert examine(FirstComeFirstServed, "valid", instances=[instance] * 20).holds


class TestHidden:
    INSTANCE = Instance(
        6, (Request("a", 2, 4, 1, 4), Request("b", 2, 2, 1, 3), Request("c", 2, 1, 1, 2))
    )

    def test_a_policy_that_reads_upper_bounds_is_valid_and_not_amin(self) -> None:
        assert depends_on_hidden(self.INSTANCE, Amax(), "valid") is None
        finding = depends_on_hidden(self.INSTANCE, Amax(), "amin")
        assert isinstance(finding, Finding)
        assert finding.rule == "read-the-upper-bound"
        assert "'a': None" in finding.message

    def test_a_policy_that_reads_output_lengths_is_not_valid(self) -> None:
        finding = depends_on_hidden(self.INSTANCE, Peeks(), "valid")
        assert isinstance(finding, Finding)
        assert finding.rule == "read-the-output-length"

    @given(instances(max_requests=5), st.sampled_from([Amin, FirstComeFirstServed]))
    def test_a_policy_that_reads_nothing_hidden_passes(
        self, instance: Instance, kind: type[Amin | FirstComeFirstServed]
    ) -> None:
        assert depends_on_hidden(instance, kind(), "amin") is None


class TestRatio:
    def test_one_by_one_is_too_far_from_the_optimum(self) -> None:
        """Seven requests that fit together run one by one: (1 + … + 7) / 7 = 4 × the optimum."""
        instance = Instance(14, tuple(Request(i, 1, 1, 1, 1) for i in range(7)))
        found = ratio(instance, OneByOne())
        assert found == 4
        finding = beyond_bound(instance, found)
        assert finding is not None
        assert "4 = 4.000 times the optimum" in finding.message
        assert "3.300" in finding.message
        assert ratio(instance, Amin()) == 1
        assert beyond_bound(instance, Fraction(3)) is None

    def test_t12_is_stated_for_every_random_instance(self) -> None:
        assert all(setting_of(instance) is not None for instance in settled_instances(200, 0))

    @pytest.mark.parametrize("other", [
        Instance(20, (Request(0, 1, 1, 1, 2), Request(1, 2, 1, 1, 2))),
        Instance(20, (Request(0, 1, 1, 1, 2, arrival=1),)),
        Instance(20, (Request(0, 1, 1),)),
        Instance(20, (Request(0, 1, 1, 1, 2),), 2),
        Instance(20, (Request(0, 5, 1, 1, 2),)),
        Instance(20, (Request(0, 1, 1, 1, 30),)),
        Instance(20, ()),
    ])  # fmt: skip
    def test_t12_is_not_stated_for_other_instances(self, other: Instance) -> None:
        assert setting_of(other) is None


class TestReport:
    @given(instances(block_sizes=(1, 4)), st.just(Machine()) | machines())
    def test_the_printed_program_builds_the_instance(
        self, instance: Instance, machine: Machine
    ) -> None:
        instance = replace(instance, machine=machine)
        namespace: dict[str, object] = {}
        exec(program(instance), namespace)
        assert namespace["instance"] == instance

    def test_a_failure_that_a_new_scheduler_does_not_repeat_is_reported_as_such(self) -> None:
        """The scheduler fails on the third instance that it gets; a new one does not."""

        class FailsOnThirdInstance(OneByOne):
            begun = 0

            def begin(self, capacity: int, block_size: int) -> None:
                super().begin(capacity, block_size)
                self.begun += 1
                if self.begun == 3:
                    self.waiting = ["of another instance"]

        finding = examine(FailsOnThirdInstance, "valid", examples=20)["T2"].finding
        assert finding is not None
        assert (
            "A new scheduler does not do this: either it decides at random, or" in finding.message
        )

    def test_a_report_has_each_theorem_in_a_line_and_each_finding_once(self) -> None:
        report = examine(OneByOne, "amin", examples=60)
        text = report.text()
        assert text.splitlines()[:11] == report.lines()
        assert text.count("instance = Instance(") == sum(
            verdict.finding is not None for verdict in report.verdicts if verdict.theorem != "Amin"
        )
        assert report.first == report["T7"].finding

    def test_the_same_seed_gives_the_same_report(self) -> None:
        first, same = (examine(OneByOne, "amin", examples=60, seed=3).text() for _ in range(2))
        assert first == same

"""Worst ratios where evicted requests keep their tokens: exact, and below Theorem J's bound."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pickle
from fractions import Fraction
from functools import cache
from itertools import permutations, product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amin_ref import (
    Amin,
    ClairvoyantPolicy,
    FirstComeFirstServed,
    InvalidValue,
    Machine,
    Policy,
    Ranking,
    simulate,
)
from amin_ref.cli.application import application
from amin_ref.cli.exit_codes import run
from amin_ref.policies.names import FOR_RESUME, POLICIES
from amin_ref.small.optimum import Hindsight
from amin_ref.small.optimum_resume import ResumingHindsight
from amin_ref.small.setting import Outputs, Setting
from oracle import lower_bound
from oracle.heuristics.best_tokens import best_token_schedule
from oracle.ratio.adversary import AdversaryTree
from oracle.ratio.answer import WorstCase
from oracle.ratio.checkpoint import Checkpoint
from oracle.ratio.question import RULES, PolicyName, Question
from oracle.ratio.tables import read_table, table_questions
from oracle.ratio.worst_case import worst_case
from oracle.search.token_vectors import search_token_vectors
from tests.models.naive_resume import naive_resume_optimum
from tests.support.profiles import times
from tests.support.project import PROJECT
from tests.support.settings import RESUME, by_position, settings_of_requests

TABLE = PROJECT / "proofs_notes" / "data" / "worst_case_resume.jsonl"

COVERED = ("amin", "amax", "fcfs", "h-sf", "srv")
"""Policies of which every tie-break is covered."""

IN_PIECES = Question("amin", Setting(1, 1, 6, 10, machine=RESUME), 7)
"""792 multisets: four pieces."""


def made(policy: PolicyName, outputs: Outputs) -> Policy | ClairvoyantPolicy:
    """The policy, with ties broken by the place in ``outputs``."""
    return (FOR_RESUME.get(policy) or POLICIES[policy]).make(by_position(outputs))


def worst_by_brute_force(question: Question) -> Fraction:
    """Each sequence of outputs by rank is simulated, and every set of requests tried for OPT."""
    setting = question.setting
    optima: dict[Outputs, int] = {}
    worst = Fraction(0)
    for by_rank in product(range(setting.lower, setting.upper + 1), repeat=question.requests):
        instance, outputs = setting.instance(by_rank), tuple(sorted(by_rank))
        if outputs not in optima:
            optima[outputs] = naive_resume_optimum(instance)
        cost = simulate(instance, made(question.policy, by_rank)).total_latency
        worst = max(worst, Fraction(cost, optima[outputs]))
    return worst


@pytest.mark.parametrize("policy", COVERED)
@times(0.05)
@given(st.data())
def test_the_worst_ratio_is_that_of_brute_force(policy: PolicyName, data: st.DataObject) -> None:
    setting = data.draw(settings_of_requests(longest=4, most_spare=6, machine=RESUME))
    most = 3 if setting.upper - setting.lower > 1 else 4
    question = Question(policy, setting, data.draw(st.integers(1, most)))
    found = worst_case(question).found
    assert found.ratio == worst_by_brute_force(question)
    instance = setting.instance(found.by_rank)
    assert simulate(instance, made(policy, found.by_rank)).total_latency == found.cost
    assert naive_resume_optimum(instance) == found.optimum


def test_an_optimum_by_hand() -> None:
    """Two requests of 4 tokens with s = 1 and M = 7.

    Both generate together while 2·(1 + a) ≤ 7: two tokens each. Then one ends in round 4, and the
    other generates its third token (4 + 3 ≤ 7) beside none of them (4 + 4 > 7): it ends in round 6.
    Together: 4 + 6. Restart: the second one starts when the first has one round left at most.
    """
    setting = Setting(1, 1, 4, 7, machine=RESUME)
    assert ResumingHindsight(setting).optimum((4, 4)) == 10
    assert naive_resume_optimum(setting.instance((4, 4))) == 10


@pytest.mark.parametrize("policy", ["amin", "fcfs"])
def test_the_tree_covers_every_ranking_of_the_requests(policy: PolicyName) -> None:
    """With the simulator itself: all n! rankings of requests in a fixed order."""
    setting, outputs = Setting(1, 1, 4, 6, machine=RESUME), (1, 2, 2, 4)
    make = FirstComeFirstServed if policy == "fcfs" else Amin
    costs = {
        simulate(setting.instance(outputs), make(Ranking(ranking))).total_latency
        for ranking in permutations(range(4))
    }
    tree = AdversaryTree(setting, RULES[policy], 4)
    assert max(costs) == tree.worst_costs()[outputs] > min(costs)


@pytest.mark.theorem("T22")
@given(st.data())
def test_the_optimum_of_resume_is_at_most_that_of_restart(data: st.DataObject) -> None:
    setting = data.draw(settings_of_requests(longest=6, machine=RESUME))
    outputs = tuple(
        sorted(data.draw(st.lists(st.integers(setting.lower, setting.upper), max_size=5)))
    )
    without = Setting(setting.prompt_len, setting.lower, setting.upper, setting.capacity)
    assert ResumingHindsight(setting).optimum(outputs) <= Hindsight(without).optimum(outputs)


class TestCheckpoint:
    def test_a_question_reaches_another_process_with_its_machine(self) -> None:
        assert pickle.loads(pickle.dumps(IN_PIECES)) == IN_PIECES

    def test_a_search_continues_from_its_checkpoint(self, tmp_path: Path) -> None:
        class Stopped(Exception):
            pass

        def stop(finished: int) -> None:
            if finished == 2:
                raise Stopped

        file = tmp_path / "finished.jsonl"
        with pytest.raises(Stopped):
            worst_case(IN_PIECES, checkpoint=Checkpoint(file), progress=stop)
        assert len(Checkpoint(file).finished(IN_PIECES)) == 2
        assert worst_case(IN_PIECES, checkpoint=Checkpoint(file)) == worst_case(IN_PIECES)

    def test_pieces_of_another_machine_are_not_taken(self, tmp_path: Path) -> None:
        file = tmp_path / "finished.jsonl"
        answer = worst_case(IN_PIECES, checkpoint=Checkpoint(file))
        setting = IN_PIECES.setting
        tokens = (setting.prompt_len, setting.lower, setting.upper, setting.capacity)
        papers = Question("amin", Setting(*tokens), IN_PIECES.requests)
        unstored = Machine(after_eviction="resume", last_token_stored=False)
        others = [papers, Question("amin", Setting(*tokens, machine=unstored), IN_PIECES.requests)]
        kept = Checkpoint(file)
        assert all(not kept.finished(other) for other in others)
        for other in others:
            assert worst_case(other, checkpoint=kept).found != answer.found


class TestRefused:
    @pytest.mark.parametrize("policy", [name for name in RULES if name.startswith("amin-")])
    def test_variants_of_amin(self, policy: PolicyName) -> None:
        setting = Setting(1, 1, 4, 6, machine=RESUME)
        if policy == "amin-by-volume":
            assert not Question(policy, setting, 3).has_rules
            return
        with pytest.raises(InvalidValue, match=r"^instance: machine is .* not supported by"):
            Question(policy, setting, 3)

    def test_srv_where_requests_restart(self) -> None:
        with pytest.raises(InvalidValue, match=r"^machine: after_eviction is 'restart', .*SRV"):
            Question("srv", Setting(1, 1, 4, 6), 3)

    @pytest.mark.parametrize(
        ("limit", "machine"),
        [
            ("tokens_per_round", Machine(tokens_per_round=2)),
            ("max_running", Machine(after_eviction="resume", max_running=2)),
            ("watermark", Machine(after_eviction="resume", watermark=2)),
        ],
    )
    def test_machines_with_limits(self, limit: str, machine: Machine) -> None:
        with pytest.raises(InvalidValue, match=rf"^machine: {limit} is 2, .*leave the limit out"):
            Setting(1, 1, 4, 6, machine=machine)


class TestCommand:
    FLAGS = "--policy fcfs --prompt 1 --lower 1 --upper 4 --capacity 5 --requests 5"

    def test_json_has_the_machine(self, capsys: pytest.CaptureFixture[str]) -> None:
        line = ["worst-case", *self.FLAGS.split(), "--after-eviction", "resume", "--json"]
        assert run(application, line) == 0
        document = json.loads(capsys.readouterr().out)
        question = Question("fcfs", Setting(1, 1, 4, 5, machine=RESUME), 5)
        assert document["question"]["machine"] == {"after_eviction": "resume"}
        assert Question.from_document(document["question"]) == question
        assert Fraction(*document["ratio"]) == worst_case(question).found.ratio == 2

    @pytest.mark.parametrize("policy", ["amin", "fcfs", "srv", "sjf", "amin-by-volume"])
    @pytest.mark.parametrize(
        ("flag", "stored", "capacity"),
        [("--last-token-stored", True, 6), ("--no-last-token-stored", False, 5)],
    )
    def test_the_program_shows_both_costs(
        self,
        policy: str,
        flag: str,
        stored: bool,
        capacity: int,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        flags = f"--policy {policy} --prompt 2 --lower 1 --upper 4 --requests 3"
        line = ["worst-case", *flags.split(), "--capacity", f"{capacity}", flag]
        assert run(application, [*line, "--after-eviction", "resume"]) == 0
        machine = Machine(after_eviction="resume", last_token_stored=stored)
        answer = worst_case(Question(policy, Setting(2, 1, 4, capacity, machine=machine), 3))
        with contextlib.redirect_stdout(io.StringIO()) as said:
            exec(compile(capsys.readouterr().out, "program", "exec"), {})
        assert said.getvalue() == f"{answer.found.cost} {answer.found.optimum}\n"

    def test_a_machine_of_a_family_is_refused(self, capsys: pytest.CaptureFixture[str]) -> None:
        line = "worst-case --family staggered --upper 4 --after-eviction resume"
        assert run(application, line.split()) == 2
        assert "--after-eviction has no effect with --family" in capsys.readouterr().err


@cache
def table() -> tuple[WorstCase, ...]:
    return tuple(read_table(TABLE))


def bound_of_theorem_j(setting: Setting) -> Fraction:
    """(1 + 8(s + u)/(s + ℓ))/α."""
    s, lower, upper = setting.prompt_len, setting.lower, setting.upper
    return (1 + Fraction(8 * (s + upper), s + lower)) / setting.alpha


class TestTable:
    def test_the_table_answers_every_question_in_order(self) -> None:
        assert [answer.question for answer in table()] == table_questions(RESUME)

    @pytest.mark.theorem("T16")
    def test_every_ratio_is_below_the_bound_of_theorem_j(self) -> None:
        for answer in table():
            assert answer.found.ratio <= bound_of_theorem_j(answer.question.setting)

    def test_costs_and_optima_are_between_bounds(self) -> None:
        for answer in table()[::7]:
            question, found = answer.question, answer.found
            hindsight = ResumingHindsight(question.setting)
            assert hindsight.lower_bound(found.outputs) <= found.optimum
            assert found.optimum <= hindsight.upper_bound(found.outputs)
            instance = question.setting.instance(found.by_rank)
            policy = made(question.policy, found.by_rank)
            assert simulate(instance, policy).total_latency == found.cost

    def test_without_a_binding_cache_every_policy_is_optimal(self) -> None:
        for answer in table():
            setting, n = answer.question.setting, answer.question.requests
            if setting.capacity == n * (setting.prompt_len + setting.upper):
                assert answer.found.ratio == 1

    def test_recomputing_a_part_of_the_table_gives_the_same(self) -> None:
        few = [answer for answer in table() if answer.question.requests == 4]
        for answer in few[::60]:
            assert worst_case(answer.question) == answer

    @pytest.mark.slow
    def test_the_search_over_token_vectors_finds_the_same_optima(self) -> None:
        for answer in table()[::20]:
            instance = answer.question.setting.instance(answer.found.by_rank)
            start = best_token_schedule(instance, time_limit=0)
            prices = lower_bound(instance, time_limit=0.3)
            found = search_token_vectors(instance, start, certificate=prices)
            assert found.exhausted
            assert found.lower_bound == answer.found.optimum

    @pytest.mark.slow
    def test_recomputing_some_lines_of_six_requests_gives_the_same(self) -> None:
        for answer in [one for one in table() if one.question.requests == 6][::40]:
            assert worst_case(answer.question) == answer

    @pytest.mark.slow
    @pytest.mark.skipif(os.environ.get("AMIN_PROFILE") != "deep", reason="an hour")
    def test_recomputing_the_whole_table_gives_the_same(self) -> None:
        for answer in table():
            assert worst_case(answer.question) == answer

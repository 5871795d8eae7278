"""Exact worst ratios: over all instances, under any executor, continued after a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from fractions import Fraction
from itertools import permutations, product
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amin_ref import (
    Amax,
    Amin,
    ClairvoyantPolicy,
    HindsightShortestFirst,
    InvalidDocument,
    InvalidValue,
    Policy,
    Ranking,
    simulate,
)
from amin_ref.cli.application import application
from amin_ref.cli.exit_codes import run
from amin_ref.small.fast_simulation import FastSimulation
from amin_ref.small.optimum import Hindsight
from amin_ref.small.setting import Outputs, Setting
from oracle.ratio.adversary import AdversaryTree
from oracle.ratio.answer import Found
from oracle.ratio.checkpoint import Checkpoint
from oracle.ratio.question import RULES, PolicyName, Question
from oracle.ratio.worst_case import worst_case, worst_cases, worst_of_piece
from tests.support.profiles import times
from tests.support.project import PROJECT
from tests.support.settings import by_position, settings_of_requests, simulated

IN_PIECES = Question("amin", Setting(1, 1, 6, 10), 7)
"""792 multisets: four pieces."""


def every_order_by_brute_force(setting: Setting, policy: PolicyName, n: int) -> dict[Outputs, int]:
    """The largest cost of every multiset, by simulating each sequence by rank on its own."""
    simulation = FastSimulation(setting, RULES[policy])
    worst: dict[Outputs, int] = {}
    for by_rank in product(range(setting.lower, setting.upper + 1), repeat=n):
        outputs = tuple(sorted(by_rank))
        worst[outputs] = max(worst.get(outputs, 0), simulation.cost(by_rank))
    return worst


class TestTheTreeIsComplete:
    @pytest.mark.theorem("T12")
    @pytest.mark.parametrize("policy", ["amin", "amax", "amin-never-refines", "amin-evicts-newest"])
    @times(0.3)
    @given(st.data())
    def test_the_tree_has_the_costs_of_simulating_every_sequence(
        self, policy: PolicyName, data: st.DataObject
    ) -> None:
        setting = data.draw(settings_of_requests(longest=5, most_spare=12))
        most = 5 if setting.upper - setting.lower < 3 else 4
        requests = data.draw(st.integers(1, most))
        tree = AdversaryTree(setting, RULES[policy], requests)
        worst = tree.worst_costs()
        assert worst == every_order_by_brute_force(setting, policy, requests)
        simulation = FastSimulation(setting, RULES[policy])
        for outputs, cost in worst.items():
            by_rank = tree.by_rank(outputs)
            assert tuple(sorted(by_rank)) == outputs
            assert simulation.cost(by_rank) == cost

    @pytest.mark.theorem("T12")
    def test_the_tree_covers_every_ranking_of_the_requests(self) -> None:
        """With the simulator itself: all n! rankings of requests in a fixed order."""
        setting = Setting(prompt_len=1, lower=1, upper=4, capacity=6)
        outputs = (1, 2, 2, 4)
        instance = setting.instance(outputs)
        costs = {
            simulate(instance, Amin(Ranking(ranking))).total_latency
            for ranking in permutations(range(4))
        }
        simulation = FastSimulation(setting, RULES["amin"])
        assert costs == {simulation.cost(by_rank) for by_rank in set(permutations(outputs))}
        assert max(costs) == AdversaryTree(setting, RULES["amin"], 4).worst_costs()[outputs]

    @times(0.3)
    @given(st.data())
    def test_a_tree_of_some_lengths_has_their_costs_alone(self, data: st.DataObject) -> None:
        setting = data.draw(settings_of_requests(longest=6, most_spare=12))
        every = range(setting.lower, setting.upper + 1)
        lengths = tuple(sorted(data.draw(st.sets(st.sampled_from(every), min_size=1))))
        all_costs = AdversaryTree(setting, RULES["amin"], 4).worst_costs()
        assert AdversaryTree(setting, RULES["amin"], 4, lengths=lengths).worst_costs() == {
            outputs: cost for outputs, cost in all_costs.items() if set(outputs) <= set(lengths)
        }


def worst_by_brute_force(question: Question) -> Fraction:
    setting = question.setting
    hindsight = Hindsight(setting)
    ratios = []
    for by_rank in product(range(setting.lower, setting.upper + 1), repeat=question.requests):
        outputs = tuple(sorted(by_rank))
        cost = (
            hindsight.shortest_first(outputs)
            if question.policy == "h-sf"
            else FastSimulation(setting, RULES[question.policy]).cost(by_rank)
        )
        ratios.append(Fraction(cost, hindsight.optimum(outputs)))
    return max(ratios)


@pytest.mark.theorem("T12")
@pytest.mark.parametrize("policy", ["amin", "amax", "h-sf"])
@times(0.2)
@given(st.data())
def test_the_worst_ratio_is_that_of_brute_force(policy: PolicyName, data: st.DataObject) -> None:
    setting = data.draw(settings_of_requests(longest=4, most_spare=10))
    question = Question(policy, setting, data.draw(st.integers(1, 4)))
    found = worst_case(question).found
    assert found.ratio == worst_by_brute_force(question)
    ties = by_position(found.by_rank)
    policies: dict[PolicyName, Policy | ClairvoyantPolicy] = {
        "amin": Amin(ties),
        "amax": Amax(ties),
        "h-sf": HindsightShortestFirst(ties),
    }
    schedule = simulated(setting, found.by_rank, policies[policy])
    assert schedule.total_latency == found.cost
    assert Hindsight(setting).optimum(found.outputs) == found.optimum


class TestTheAnswerDoesNotDependOnTheExecution:
    def test_threads_give_the_same_answer(self) -> None:
        with ThreadPoolExecutor(2) as executor:
            self.assert_same_as_in_one_process(executor)

    def test_processes_give_the_same_answer(self) -> None:
        with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
            self.assert_same_as_in_one_process(executor)

    def assert_same_as_in_one_process(self, executor: Executor) -> None:
        assert IN_PIECES.pieces == 4
        finished: list[int] = []
        answer = worst_case(IN_PIECES, executor=executor, progress=finished.append)
        assert answer == worst_case(IN_PIECES)
        assert finished == [1, 2, 3, 4]

    def test_pieces_in_flight_at_the_same_time_give_the_same_answer(self) -> None:
        """Each piece begins without the results of the others, and several find a candidate."""
        question = Question("h-sf", Setting(1, 1, 8, 12), 5)
        assert question.pieces == 4
        found = [worst_of_piece(question, piece, Fraction(0)).found for piece in range(4)]
        ratios = [one.ratio for one in found if one is not None]
        assert max(ratios) > ratios[-1]
        with ThreadPoolExecutor(2) as executor:
            (answer,) = worst_cases([question], executor=executor, in_flight=4)
        assert answer == worst_case(question)
        assert answer.found.ratio == max(ratios)

    def test_several_questions_in_parallel_give_the_same_answers(self) -> None:
        questions = [IN_PIECES, Question("h-sf", Setting(2, 2, 5, 10), 5)]
        with ThreadPoolExecutor(2) as executor:
            answers = list(worst_cases(questions, executor=executor))
        assert answers == [worst_case(question) for question in questions]

    @pytest.mark.parametrize("pieces", range(5))
    def test_a_search_continues_after_any_number_of_pieces(
        self, pieces: int, tmp_path: Path
    ) -> None:
        class Stopped(Exception):
            pass

        def stop(finished: int) -> None:
            if finished == pieces:
                raise Stopped

        file = tmp_path / "finished.jsonl"
        if pieces:
            with pytest.raises(Stopped):
                worst_case(IN_PIECES, checkpoint=Checkpoint(file), progress=stop)
        assert len(Checkpoint(file).finished(IN_PIECES)) == pieces
        assert worst_case(IN_PIECES, checkpoint=Checkpoint(file)) == worst_case(IN_PIECES)
        lines = file.read_text().splitlines()
        assert [json.loads(line)["piece"] for line in lines[1:]] == [0, 1, 2, 3]


class TestCheckpoint:
    @pytest.fixture
    def written(self, tmp_path: Path) -> Path:
        file = tmp_path / "finished.jsonl"
        checkpoint = Checkpoint(file)
        checkpoint.add(IN_PIECES, 0, Found((2, 1, 1, 1, 1, 1, 1), 20, 10))
        checkpoint.add(IN_PIECES, 1, None)
        return file

    def test_a_cut_file_is_read_and_continued(self, written: Path) -> None:
        content = written.read_bytes()
        for length in range(0, len(content) + 1, 7):
            written.write_bytes(content[:length])
            finished = Checkpoint(written).finished(IN_PIECES)
            assert len(finished) == max(0, content[:length].count(b"\n") - 1)
            Checkpoint(written).add(IN_PIECES, 2, None)
            assert 2 in Checkpoint(written).finished(IN_PIECES)

    @pytest.mark.parametrize(
        "content",
        [b"hello", b"hello\n", b"{}\n", b"\xff\n", b"[]\n"],
    )
    def test_another_file_is_refused_and_left_alone(self, content: bytes, tmp_path: Path) -> None:
        file = tmp_path / "mine.txt"
        file.write_bytes(content)
        with pytest.raises(InvalidDocument, match=r"mine\.txt"):
            Checkpoint(file)
        assert file.read_bytes() == content

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (b'"multisets_per_piece": 250', b'"multisets_per_piece": 10'),
            (b'"policy": "amin"', b'"policy": "amen"'),
            (b'"cost": 20', b'"cost": "20"'),
            (b'"capacity": 10', b'"capacity": 3'),
            (b'"piece": 1', b'"page": 1'),
        ],
    )
    def test_a_changed_file_is_refused(self, old: bytes, new: bytes, written: Path) -> None:
        content = written.read_bytes()
        assert old in content
        written.write_bytes(content.replace(old, new))
        with pytest.raises(InvalidDocument, match=r"line \d"):
            Checkpoint(written)


COMMAND = [
    *(sys.executable, "-c", "from amin_ref.cli import main; main()", "worst-case"),
    *("--prompt", "1", "--lower", "1", "--upper", "8", "--capacity", "18", "--requests", "8"),
    "--json",
]
"""6435 multisets in 26 pieces; a few seconds."""


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_after_kills_the_command_continues_from_its_checkpoint(
    workers: str, tmp_path: Path
) -> None:
    file = tmp_path / "finished.jsonl"
    command = [*COMMAND, "--workers", workers, "--checkpoint", str(file)]
    kept = 0
    for _ in range(3):
        process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL)
        while lines_of(file) < kept + 3 and process.poll() is None:
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert process.returncode == -signal.SIGKILL
        kept = lines_of(file)
        assert 0 < kept < 27
    whole = file.read_bytes()[: file.read_bytes().rfind(b"\n") + 1]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, check=True)
    # Finished pieces are not repeated, and the answer is that of an uninterrupted run.
    assert file.read_bytes().startswith(whole)
    pieces = [json.loads(line)["piece"] for line in file.read_text().splitlines()[1:]]
    assert pieces == list(range(26))
    alone = subprocess.run(COMMAND, cwd=PROJECT, capture_output=True, check=True)
    assert json.loads(ended.stdout) == json.loads(alone.stdout)


def lines_of(file: Path) -> int:
    return file.read_bytes().count(b"\n") if file.exists() else 0


class TestCommand:
    def test_json_has_the_whole_answer(self, capsys: pytest.CaptureFixture[str]) -> None:
        flags = "--prompt 1 --lower 1 --upper 4 --capacity 5 --requests 5 --json"
        assert run(application, ["worst-case", *flags.split()]) == 0
        document = json.loads(capsys.readouterr().out)
        answer = worst_case(Question("amin", Setting(1, 1, 4, 5), 5))
        assert Fraction(*document["ratio"]) == answer.found.ratio == 2
        assert Question.from_document(document["question"]) == answer.question
        assert Found.from_document(document["found"]) == answer.found
        assert document["instances"] == 4**5
        assert document["program"] == answer.program()

    def test_text_ends_in_the_program(self, capsys: pytest.CaptureFixture[str]) -> None:
        flags = "--policy amax --prompt 1 --lower 1 --upper 2 --capacity 3 --requests 3"
        assert run(application, ["worst-case", *flags.split()]) == 0
        said = capsys.readouterr().out
        first, program = said.split("\n\n", maxsplit=1)
        answer = worst_case(Question("amax", Setting(1, 1, 2, 3), 3))
        assert first.startswith(f"# amax: worst ratio {answer.found.ratio} = ")
        assert program.strip() == answer.program().strip()
        # The whole output is a program, which can be piped to Python.
        ran = subprocess.run(
            [sys.executable, "-"],
            cwd=PROJECT,
            input=said,
            capture_output=True,
            text=True,
            check=True,
        )
        assert ran.stdout == f"{answer.found.cost} {answer.found.optimum}\n"

    @pytest.mark.parametrize(
        ("changed", "named"),
        [
            (("--capacity", "8"), "capacity"),
            (("--lower", "9"), "upper"),
            (("--requests", "0"), "--requests"),
            (("--requests", "60"), "requests"),
            (("--policy", "nothing"), "policy"),
            (("--policy", "no_such_module:SJF"), "no_such_module"),
            (("--policy", "amin_ref:Amin", "--checkpoint", "kept"), "checkpoint"),
            (("--workers", "0"), "--workers"),
            (("--checkpoint", "."), "--checkpoint"),
        ],
    )
    def test_bad_input_ends_in_one_sentence(
        self,
        changed: tuple[str, ...],
        named: str,
        capsys: pytest.CaptureFixture[str],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        flags = "--prompt 1 --lower 1 --upper 8 --capacity 9 --requests 3"
        assert run(application, ["worst-case", *flags.split(), *changed]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith("amin-ref: ")
        assert captured.err.count("\n") == 1
        assert named in captured.err
        assert list(tmp_path.iterdir()) == []

    def test_a_foreign_checkpoint_is_not_overwritten(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "notes.txt"
        file.write_text("my notes\n")
        flags = f"--prompt 1 --lower 1 --upper 2 --capacity 9 --requests 3 --checkpoint {file}"
        assert run(application, ["worst-case", *flags.split()]) == 2
        assert "notes.txt" in capsys.readouterr().err
        assert file.read_text() == "my notes\n"


@pytest.mark.parametrize(
    ("policy", "requests", "field"),
    [("amin", 0, "requests"), ("nothing", 3, "policy"), ("amin", 40, "requests")],
)
def test_impossible_questions_are_refused(policy: PolicyName, requests: int, field: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        Question(policy, Setting(1, 1, 9, 20), requests)
    assert refused.value.field == field


def test_the_error_for_a_question_names_field_value_and_rule() -> None:
    with pytest.raises(InvalidValue, match=r"^capacity is 5, .*the longest request holds 6"):
        Setting(2, 1, 4, 5)
    with pytest.raises(InvalidValue, match=r"^capacity is 0, .*tokens"):
        Setting(1, 1, 1, 0)
    with pytest.raises(InvalidValue, match=r"^requests is 0, .* requests"):
        Question("amin", Setting(1, 1, 2, 5), 0)
    with pytest.raises(InvalidValue, match=r"^upper is 2, .*less than lower, which is 3"):
        Setting(2, 3, 2, 9)
    with pytest.raises(InvalidValue, match=r"^requests is 60, .*multisets of output lengths"):
        Question("amin", Setting(1, 1, 40, 50), 60)
    for field in ("cost", "optimum"):
        document = {"by_rank": [1, 2], "cost": 4, "optimum": 3} | {field: 0}
        with pytest.raises(InvalidValue, match=f"^{field} is 0"):
            Found.from_document(document)

"""Every deliberately wrong scheduler is reported with the right theorem and rule; Amin never is.

Each is tested as a policy, as the pytest plugin does, and as a program, through the protocol.
"""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

import pytest

from amin_ref import Amin, Instance, Machine, Request, Shuffled
from amin_ref.cli.application import application
from amin_ref.cli.exit_codes import run
from amin_ref.suite import Theorem, examine, judge, program
from amin_ref.suite.random_instances import small_instances
from tests.models.wrong_schedulers import (
    WRONG,
    WRONG_ON_OTHER_MACHINES,
    JoinsTheQueueAgain,
    Wrong,
    WrongOn,
)
from tests.suite.test_suite import OneByOne
from tests.support.printed import unwrapped
from tests.support.profiles import BASE_EXAMPLES
from tests.support.project import PROJECT

# Schedulers that ``drive``, which has one schedule alone, reports with another theorem or rule.
IN_ONE_SCHEDULE: dict[str, tuple[Theorem, str]] = {
    "SortsByUpper": ("T7", "T7 does not hold: admitted-out-of-order: "),
    "Raises": ("T2", "died: instance 1, round 1: it exited with code 1; the end of its stderr: "),
}


def test_wrong_schedulers_break_each_of_t1_to_t8() -> None:
    assert len({wrong.name for wrong in WRONG}) == len(WRONG) >= 12
    assert {wrong.theorem for wrong in WRONG} >= {"T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8"}


@pytest.mark.parametrize(
    "wrong",
    [
        # A third of them: the vectors find each, too.
        pytest.param(wrong, id=wrong.name, marks=pytest.mark.slow if number % 3 else ())
        for number, wrong in enumerate(WRONG)
    ],
)
def test_a_wrong_scheduler_is_reported_by_the_suite_and_by_drive(
    wrong: Wrong,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    report = examine(wrong.make, wrong.claims, examples=200)
    finding = report[wrong.theorem].finding
    assert finding is not None, report.text()
    assert finding.rule == wrong.rule
    assert not report.holds
    assert 1 <= len(finding.instance.requests) <= 5
    again = judge(finding.instance, wrong.make(), wrong.claims)
    if wrong.theorem != "T5":
        assert again is not None
        assert again.rule == wrong.rule
    if wrong.name == "Peeks":
        return  # it reads the caller's stack, which a pipe has not; see tests/cli/test_drive.py

    expected = f"{wrong.theorem} does not hold: {wrong.rule}: "
    theorem, part = IN_ONE_SCHEDULE.get(wrong.name, (wrong.theorem, expected))
    shown = report[theorem].finding
    assert shown is not None
    file = tmp_path / "instance.json"
    file.write_text(shown.instance.to_json())
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    command = [
        sys.executable,
        "-m",
        "tests.support.stdin_policy",
        f"{wrong.make.__module__}:{wrong.name}",
    ]
    arguments = ["drive", "--claims", wrong.claims, "--instance", str(file), "--", *command]
    assert run(application, arguments) == 1
    assert part in unwrapped(capsys.readouterr().out)


def test_schedulers_that_are_not_valid_are_not_amin() -> None:
    """A scheduler that is not even valid is not Amin."""
    for wrong in WRONG:
        if wrong.claims == "valid":
            report = examine(wrong.make, "amin", examples=20)
            assert report["Amin"].finding is not None, wrong.name


@pytest.mark.parametrize("each", WRONG_ON_OTHER_MACHINES, ids=lambda each: each.wrong.name)
def test_a_scheduler_that_ignores_a_field_of_the_machine_is_reported_there(each: WrongOn) -> None:
    """On the paper's machine it is Amin; the failure's machine has the field that is ignored."""
    wrong = each.wrong
    assert examine(wrong.make, examples=20).holds
    report = examine(wrong.make, wrong.claims, examples=200, machine=each.machine)
    finding = report[wrong.theorem].finding
    assert finding is not None, report.text()
    assert finding.rule == wrong.rule
    assert finding.instance.machine != Machine()


@pytest.mark.parametrize("examples", [
    2 * BASE_EXAMPLES,
    pytest.param(30_000, marks=pytest.mark.slow),
])  # fmt: skip
def test_amin_is_never_refused_under_any_tie_break(examples: int) -> None:
    """Each instance with a tie-break of its own."""
    for instance, seed in zip(small_instances(examples, seed=1), range(examples), strict=True):
        finding = judge(instance, Amin(Shuffled(seed)), "amin")
        assert finding is None, program(instance)


@pytest.mark.slow
def test_amin_is_never_refused_under_1000_tie_breaks() -> None:
    for instance in small_instances(20, seed=2):
        for seed in range(1000):
            assert judge(instance, Amin(Shuffled(seed)), "amin") is None


def test_amin_passes_every_theorem() -> None:
    report = examine(Amin, "amin", examples=200)
    assert report.holds
    assert [verdict.judged for verdict in report.verdicts].count(0) == 0


@pytest.mark.parametrize("seed", range(3))
def test_a_random_tie_break_for_each_instance_breaks_no_theorem(seed: int) -> None:
    """A random rank for every instance: T5 is not judged, and no theorem is broken."""
    random = Random(seed)

    class AtRandom(Amin):
        def begin(self, capacity: int, block_size: int) -> None:
            self.ties = Shuffled(random.randrange(2**32))
            super().begin(capacity, block_size)

    report = examine(AtRandom, "amin", examples=200)
    assert report.holds
    assert report["T5"].note.startswith("it decides differently on the same instance ")
    assert report["T5"].judged == 0


def test_a_rank_that_changes_breaks_t2_and_no_other_theorem() -> None:
    """Amin could have made the decision of every round (D31), and the schedule may never end."""
    endless = Instance(6, tuple(Request(i, 1, 3, 2, arrival=i) for i in range(3)))
    instances = [endless, *small_instances(200, seed=3)]
    report = examine(JoinsTheQueueAgain, "amin", instances=instances)
    broken = {verdict.theorem for verdict in report.verdicts if verdict.finding is not None}
    assert broken == {"T2", "Amin"}
    finding = report["T2"].finding
    assert finding is not None
    assert finding.rule == "no-progress"
    assert "can make it evict for ever" in finding.message
    assert report["T2"].judged > 150


def test_given_instances_are_judged_in_place_of_random_ones() -> None:
    """T12 is judged where it is stated: on the first instance alone."""
    together = Instance(14, tuple(Request(i, 1, 1, 1, 1) for i in range(7)))
    apart = Instance(9, (Request("a", 1, 3, 2, 4), Request("b", 2, 1, arrival=2)))
    report = examine(Amin, instances=[together, apart])
    assert report.holds
    assert [(v.theorem, v.judged) for v in report.verdicts if v.judged != 2] == [("T12", 1)]

    finding = examine(OneByOne, instances=[together])["T12"].finding
    assert finding is not None
    assert finding.rule == "ratio-above-the-bound"

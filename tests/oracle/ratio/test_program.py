"""The Python program that an answer prints runs with the installed package alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy
import pytest

from amin_ref.model.machine import PAPERS_MACHINE
from amin_ref.policies.names import FOR_RESUME
from amin_ref.small.setting import Setting
from oracle.ratio.question import POLICY_NAMES, Question
from oracle.ratio.worst_case import worst_case
from tests.support.project import PROJECT
from tests.support.settings import RESUME


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds ``amin_ref`` and numpy, and nothing else of this project.

    It holds links, because the folder of numpy may hold an installed ``oracle`` as well.
    """
    folder = tmp_path_factory.mktemp("packages")
    (folder / "amin_ref").symlink_to(PROJECT / "amin_ref")
    for part in Path(numpy.__file__).parents[1].glob("numpy*"):
        (folder / part.name).symlink_to(part)
    return folder


def run_elsewhere(program: str, packages: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder; with -S, because site-packages may link to the checkout."""
    return subprocess.run(
        [sys.executable, "-S", "-c", program],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(packages)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_these_runs_cannot_import_the_checkout(packages: Path, tmp_path: Path) -> None:
    for module in ("tests", "oracle"):
        ended = run_elsewhere(f"import {module}", packages, tmp_path)
        assert "ModuleNotFoundError" in ended.stderr


@pytest.mark.parametrize("policy", POLICY_NAMES)
def test_a_program_shows_both_costs(policy: str, packages: Path, tmp_path: Path) -> None:
    machine = RESUME if policy in FOR_RESUME else PAPERS_MACHINE
    answer = worst_case(Question(policy, Setting(1, 1, 4, 6, machine=machine), 4))
    ended = run_elsewhere(answer.program(), packages, tmp_path)
    assert ended.stderr == ""
    assert ended.stdout == f"{answer.found.cost} {answer.found.optimum}\n"


ONE_BY_ONE = """
from amin_ref import Decision, Policy

class OneByOne(Policy):
    def begin(self, capacity, block_size):
        self.waiting, self.running = [], 0

    def decide(self, now, arrived, completed):
        self.waiting += [request.id for request in arrived]
        self.running -= len(completed)
        if self.running or not self.waiting:
            return Decision()
        self.running = 1
        return Decision(admit=(self.waiting.pop(0),))
"""


def test_a_program_about_a_policy_of_the_users_runs_beside_its_module(
    packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one_by_one.py").write_text(ONE_BY_ONE)
    monkeypatch.chdir(tmp_path)
    answer = worst_case(Question("one_by_one:OneByOne", Setting(1, 1, 3, 6), 3))
    # By hand: one after the other, they end at 3, 4, 5. All at once, they hold 2 + 2 + 2 tokens.
    assert answer.found.by_rank == (3, 1, 1)
    assert answer.found.cost == 3 + 4 + 5
    assert answer.found.optimum == 3 + 1 + 1
    ended = run_elsewhere(answer.program(), packages, tmp_path)
    assert ended.stderr == ""
    assert ended.stdout == f"{answer.found.cost} {answer.found.optimum}\n"

"""The list of policies, and policies by name, those of a user's module included."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given

from amin_ref import (
    AminError,
    ByPosition,
    Decision,
    Instance,
    InvalidValue,
    Policy,
    RequestId,
    VisibleRequest,
    check,
    simulate,
)
from amin_ref.conformance import POLICY_NAMES
from amin_ref.policies.loading import NoScheduler, named_policy
from amin_ref.policies.names import POLICIES, title_of
from amin_ref.strategies import instances

TWO = Instance.from_lengths([(1, 3), (1, 2)], capacity=6)

MINE = '''\
from collections.abc import Sequence

from amin_ref import Decision, Instance, Policy, RequestId, VisibleRequest, check, simulate


class OneByOne(Policy):
    """One request at a time, in order of arrival."""

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


if __name__ == "__main__":
    instance = Instance.from_lengths([(3, 4), (3, 9)], capacity=15)
    for policy in (OneByOne(), "amin"):
        assert check(simulate(instance, policy)) == ()
'''
"""README's scheduler with the types that mypy --strict demands, from public names alone."""


def test_every_policy_has_a_name_and_a_title_of_its_own() -> None:
    assert list(POLICIES) == [policy.name for policy in POLICIES.values()]
    assert len({policy.title for policy in POLICIES.values()}) == len(POLICIES)
    for policy in POLICIES.values():
        assert title_of(policy.name) == policy.title
        assert named_policy(policy.name) == policy
    assert title_of("mine:SJF") == "mine:SJF"
    assert set(POLICY_NAMES) <= set(POLICIES)


@pytest.mark.parametrize("name", POLICIES)
@given(instance=instances())
def test_a_name_stands_for_a_policy_that_makes_valid_schedules(
    name: str, instance: Instance
) -> None:
    """T1 and T2 of every policy in the list, and so of every one that is added to it."""
    schedule = simulate(instance, name)
    assert schedule == simulate(instance, POLICIES[name].make(ByPosition()))
    assert check(schedule) == ()


def test_a_policy_of_a_module_in_the_current_folder_is_simulated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine_by_name.py").write_text(MINE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert simulate(TWO, "mine_by_name:OneByOne").makespan == 5


def test_a_policy_can_import_modules_of_its_folder_while_it_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The current folder stays on Python's path after the policy is loaded."""
    late = MINE.replace(
        "return Decision()", "import neighbour_of_mine\n            return Decision()"
    )
    assert late != MINE
    (tmp_path / "mine_and_late.py").write_text(late, encoding="utf-8")
    (tmp_path / "neighbour_of_mine.py").write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*sys.path])
    assert simulate(TWO, "mine_and_late:OneByOne").makespan == 5


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("srpt", f"'srpt' is no policy; give one of {', '.join(POLICIES)}, or MODULE:NAME"),
        ("", "'' is no policy"),
        ("no_such_module:SJF", "'no_such_module' cannot be imported"),
        ("amin_ref:SJF", "the module 'amin_ref' has no 'SJF'"),
    ],
)
def test_a_name_of_no_policy_is_refused(name: str, said: str) -> None:
    with pytest.raises(NoScheduler) as caught:
        simulate(TWO, name)
    assert isinstance(caught.value, AminError)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


class Mine(Policy):
    def begin(self, capacity: int, block_size: int) -> None: ...

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        return Decision()


@pytest.mark.parametrize(
    ("given", "rule", "mend"),
    [
        (Mine, "it must be a policy, and this is a class", "write Mine()"),
        (7, "it must be a policy or the name of one", "amin_ref.Policy"),
        (None, "it must be a policy or the name of one", "amin_ref.Policy"),
    ],
)
def test_values_that_are_no_policies_are_refused(given: object, rule: str, mend: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        simulate(TWO, given)  # type: ignore[arg-type]  # that is the point
    assert (caught.value.field, caught.value.value) == ("simulate: policy", given)
    assert rule in caught.value.rule
    assert mend in caught.value.mend


def test_a_typed_scheduler_needs_public_names_alone(tmp_path: Path) -> None:
    """It passes ``mypy --strict`` where amin_ref is an installed package, and it runs."""
    program = tmp_path / "mine.py"
    program.write_text(MINE, encoding="utf-8")
    typed = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), str(program)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert typed.stdout.startswith("Success: no issues found in 1 source file"), typed.stdout
    subprocess.run([sys.executable, str(program)], cwd=tmp_path, check=True)

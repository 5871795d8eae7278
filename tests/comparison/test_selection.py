"""Each form in which ``compare`` accepts policies, and the error for every other value."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from amin_ref import (
    Amax,
    Amin,
    AminError,
    ByPosition,
    Decision,
    FirstComeFirstServed,
    Instance,
    Policy,
    Request,
    RequestId,
    Shuffled,
    VisibleRequest,
    compare,
)
from amin_ref.comparison.selection import PolicySelection, policies_by_name

INSTANCE = Instance(30, tuple(Request(i, 2, 3 + i) for i in range(6)))


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


class NeedsMore(OneByOne):
    def __init__(self, more: int) -> None:
        self.more = more


def first_come() -> FirstComeFirstServed:
    return FirstComeFirstServed()


@pytest.mark.parametrize(
    ("selection", "names"),
    [
        ("amin", ["amin"]),
        (" fcfs, amin ", ["fcfs", "amin"]),
        (["h-sf", Amax], ["h-sf", "amax"]),
        ([Amin, Amax(), OneByOne, first_come], ["amin", "amax", "OneByOne", "first_come"]),
        ([OneByOne()], ["OneByOne"]),
        ({"a": Amin, "b": Amin(Shuffled(3)), "c": "amin"}, ["a", "b", "c"]),
        (iter(["amin", "fcfs"]), ["amin", "fcfs"]),
    ],
)
def test_each_form_of_a_policy_is_accepted(selection: PolicySelection, names: list[str]) -> None:
    comparison = compare(INSTANCE, selection)
    assert [row.policy for row in comparison.rows] == list(comparison.schedules) == names


def test_a_policy_is_imported_from_a_module_of_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "policy_of_this_test.py").write_text(
        "from amin_ref import Amax\n\n\nclass Mine(Amax):\n    pass\n"
    )
    monkeypatch.chdir(tmp_path)
    comparison = compare(INSTANCE, "amax,policy_of_this_test:Mine")
    ours, theirs = comparison.schedules.values()
    assert ours == theirs
    assert comparison.policies == ("amax", "policy_of_this_test:Mine")


def test_the_default_is_all_four_policies() -> None:
    assert compare(INSTANCE).policies == ("amin", "amax", "h-sf", "fcfs")


def test_the_default_is_that_of_the_command_line() -> None:
    from amin_ref.cli.compare import compare_command

    (flag,) = [each for each in compare_command.params if each.name == "policies"]
    assert flag.default == ",".join(compare(INSTANCE).policies)


def test_the_tie_break_applies_to_policies_given_by_name_alone() -> None:
    equal = Instance(8, tuple(Request(i, 2, 4) for i in range(5)))
    by_position = compare(equal, "amin").schedules["amin"]
    shuffled = compare(equal, ["amin"], ties=Shuffled(1)).schedules["amin"]
    assert by_position != shuffled
    assert shuffled == compare(equal, {"amin": Amin(Shuffled(1))}).schedules["amin"]
    assert by_position == compare(equal, [Amin], ties=Shuffled(1)).schedules["amin"]


def test_a_policy_class_is_instantiated_for_each_simulation() -> None:
    makers = policies_by_name({"x": OneByOne}, ByPosition())
    assert makers["x"]() is not makers["x"]()


def not_a_policy() -> Policy:
    return "nothing"  # type: ignore[return-value]  # what a user's function may do by mistake


@pytest.mark.parametrize(
    ("selection", "says"),
    [
        ("", "'' is no policy"),
        ([], "must name at least one policy"),
        ({}, "must name at least one policy"),
        ("best", "'best' is no policy"),
        ("amin,amin", "another policy has the same name"),
        ([Amin, Amin()], "another policy has the same name"),
        ("no_such_module:X", "cannot be imported"),
        ([7], "it must have a name"),
        ({"x": 7}, "it must be a policy"),
        ({"": Amin}, "it must be a text"),
        ({7: Amin}, "it must be a text"),
        (7, "must be a list or mapping"),
        ([NeedsMore], "calling it without arguments fails"),
        ([not_a_policy], "makes 'nothing', which is no Policy"),
    ],
)
def test_values_that_are_no_policies_are_refused(selection: PolicySelection, says: str) -> None:
    with pytest.raises(AminError, match=says):
        compare(INSTANCE, selection)

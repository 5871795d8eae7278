"""The pytest plugin, run by pytest itself on schedulers of all kinds."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys

import pytest

import amin_ref
from tests.support.project import PROJECT

pytest_plugins = "pytester"

# pytester unloads what a run imports first; modules that are imported here keep their classes.
for public in amin_ref.__all__:
    getattr(amin_ref, public)
for module in (
    "amin_ref.suite.t12_ratio",
    "amin_ref.strategies",
    "amin_ref.policies.variants",
    "tests.models.wrong_schedulers",
):
    importlib.import_module(module)

# pytest loads an installed plugin by itself; -p does not load it twice.
PLUGIN = ("-p", "amin_ref.pytest_plugin", "-p", "no:cacheprovider", "--amin-examples", "60")

SCHEDULERS = """
from amin_ref import Amin, Decision, FirstComeFirstServed, HindsightShortestFirst, Policy
from amin_ref.policies.variants import EvictsLargest
from tests.models.wrong_schedulers import EvictsOneTooFew, LosesTheEvicted, Peeks, SortsByUpper

number = 3


def shuffled():
    from amin_ref import Shuffled
    return Amin(Shuffled(5))


class NeedsArguments(Amin):
    def __init__(self, speed):
        pass


class NoPolicy:
    pass


class RaisesKeyError(Policy):
    def begin(self, capacity, block_size):
        pass

    def decide(self, now, arrived, completed):
        raise KeyError("no such id")


class Exits(RaisesKeyError):
    def decide(self, now, arrived, completed):
        raise SystemExit(3)


class Recurs(RaisesKeyError):
    def decide(self, now, arrived, completed):
        return self.decide(now, arrived, completed)


class WrongSignature(RaisesKeyError):
    def decide(self, now):
        return Decision()


class ReturnsNothing(RaisesKeyError):
    def decide(self, now, arrived, completed):
        pass
"""


@pytest.fixture
def folder(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder with schedulers in it, and no tests."""
    monkeypatch.syspath_prepend(str(PROJECT))
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    (pytester.mkpydir("mypackage") / "sched.py").write_text(SCHEDULERS)
    return pytester


def run(folder: pytest.Pytester, name: str, *arguments: str) -> pytest.RunResult:
    return folder.runpytest_inprocess(*PLUGIN, "--amin-policy", name, *arguments)


def test_amin_passes_where_there_are_no_test_files(folder: pytest.Pytester) -> None:
    result = run(folder, "mypackage.sched:shuffled", "-v")
    result.assert_outcomes(passed=10)
    assert result.ret == 0
    result.stdout.fnmatch_lines([
        "*collected 10 items",
        "amin::T1 memory safety PASSED*",
        "amin::Amin every decision is one that Amin could have made PASSED*",
        "*mypackage.sched:shuffled, which claims to be Amin*",
        "holds      T1 memory safety (60 instances)",
        "holds      T12 on small instances the ratio to the optimum is at most * (3 instances)",
        "ratio      largest seen in 3 small instances of identical prompts: 1.* × OPT",
    ])  # fmt: skip


def test_a_wrong_scheduler_fails_with_theorem_rule_and_code_to_paste(
    folder: pytest.Pytester,
) -> None:
    result = run(folder, "mypackage.sched:EvictsLargest")
    result.assert_outcomes(passed=8, failed=2)
    assert result.ret == 1
    result.stdout.fnmatch_lines([
        "*_ T6 evictions are minimal and in order _*",
        "wrong-victim: round *: the cache has * Amin would have evicted *",
        "from mypackage.sched import EvictsLargest",
        "instance = Instance(",
        "    capacity=*,",
        "        Request('a', prompt_len=*, output_len=*),",
        "print(examine(EvictsLargest, 'amin', instances=[[]instance]).text())",
        "BROKEN     T6 evictions are minimal and in order (* instances; wrong-victim on *)",
        "FAILED amin::T6 evictions are minimal and in order - wrong-victim: *",
    ])  # fmt: skip
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*pytest_items.py*")


def test_a_scheduler_is_tested_on_the_machine_of_an_engine(folder: pytest.Pytester) -> None:
    machine = '{"after_eviction": "resume", "last_token_stored": false}'
    flags = ("--amin-claims", "valid", "--amin-machine", machine)
    result = run(folder, "mypackage.sched:FirstComeFirstServed", *flags)
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines([
        "*sched:FirstComeFirstServed, which claims to make valid schedules, on "
        "Machine(after_eviction='resume', last_token_stored=False)*",
        "holds      T1 memory safety (60 instances)",
        "ratio      not measured: no schedule of small instances of identical prompts",
    ])  # fmt: skip


@pytest.mark.parametrize(("machine", "says"), [
    ("resume", "--amin-machine: "),
    ('{"speed": 3}', "--amin-machine: the field 'speed' is unknown"),
    ('{"max_running": 0}', "--amin-machine: machine: max_running is 0"),
    ("[]", "--amin-machine"),
])  # fmt: skip
def test_a_wrong_machine_is_refused_in_a_sentence(
    folder: pytest.Pytester, machine: str, says: str
) -> None:
    result = run(folder, "mypackage.sched:FirstComeFirstServed", "--amin-machine", machine)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in result.stderr.str().splitlines() if line.startswith("ERROR: ")]
    assert line.startswith(f"ERROR: {says}")


@pytest.mark.parametrize(("scheduler", "claims", "theorem", "rule"), [
    ("EvictsOneTooFew", "amin", "T1", "overflow"),
    ("LosesTheEvicted", "valid", "T2", "no-progress"),
    ("SortsByUpper", "amin", "T5", "read-the-upper-bound"),
    ("Peeks", "valid", "T5", "read-the-output-length"),
    ("EvictsLargest", "amin", "T6", "wrong-victim"),
])  # fmt: skip
def test_the_pasted_program_repeats_the_finding(
    folder: pytest.Pytester, scheduler: str, claims: str, theorem: str, rule: str
) -> None:
    """Below each finding stands a complete program."""
    flags = ("-k", theorem, "--amin-claims", claims)
    printed = run(folder, f"mypackage.sched:{scheduler}", *flags).stdout.str()
    message, _, rest = printed.partition(f"\n{rule}: ")[2].partition("\n\n")
    program, last, _ = rest.partition(".text())\n")
    ended = subprocess.run(
        [sys.executable, "-c", program + last], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert re.search(rf"^BROKEN +{theorem} .*; {rule} on 1\)$", ended.stdout, flags=re.MULTILINE)
    # After no-progress the instance is not shrunk as far as possible: a second run may shrink it.
    if rule != "no-progress":
        assert f"{theorem}: {rule}: {message}\n" in ended.stdout


def test_a_scheduler_that_claims_to_be_valid_is_judged_by_validity_alone(
    folder: pytest.Pytester,
) -> None:
    for name in ("EvictsLargest", "FirstComeFirstServed"):
        result = run(folder, f"mypackage.sched:{name}", "--amin-claims", "valid")
        result.assert_outcomes(passed=4)


def test_a_scheduler_without_a_schedule_passes_no_theorem(folder: pytest.Pytester) -> None:
    result = run(folder, "mypackage.sched:RaisesKeyError")
    result.assert_outcomes(failed=2, skipped=8)
    result.stdout.fnmatch_lines([
        "raised: the scheduler raised KeyError: \"'no such id'\" (decide, line * of *sched.py).",
        "not judged T7 *",
    ])  # fmt: skip


@pytest.mark.parametrize(("name", "line"), [
    ("Exits", "raised: the scheduler raised SystemExit: '3' (decide, line *)."),
    ("Recurs", "raised: the scheduler raised RecursionError: * (decide, line *)."),
    ("WrongSignature", "raised: the scheduler raised TypeError: *2 positional arguments but 4*"),
    ("ReturnsNothing", "not-a-decision: round 0, *: decide returned None, which is no Decision; *"),
])  # fmt: skip
def test_each_failure_to_decide_is_reported_with_its_cause(
    folder: pytest.Pytester, name: str, line: str
) -> None:
    result = run(folder, f"mypackage.sched:{name}", "--amin-claims", "valid")
    result.assert_outcomes(failed=1, skipped=3)
    result.stdout.fnmatch_lines([line, "BROKEN     T2 *"])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*INTERNALERROR*")


def test_an_exception_of_the_suite_itself_is_shown_with_a_traceback(
    folder: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pytest shows its traceback, and there is no summary of verdicts."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    # The module as imported now: pytester unloads the modules of a run, but not their package.
    items = importlib.import_module("amin_ref.suite.pytest_items")
    monkeypatch.setattr(items, "examine", broken)
    result = run(folder, "mypackage.sched:Amin")
    result.assert_outcomes(failed=10)
    result.stdout.fnmatch_lines(["E * ZeroDivisionError"])
    result.stdout.no_fnmatch_line("*INTERNALERROR*")


def test_test_files_run_beside_the_suite_and_are_selected_alike(folder: pytest.Pytester) -> None:
    folder.makepyfile(test_own="def test_own(): pass\ndef test_T1(): pass")
    run(folder, "mypackage.sched:Amin").assert_outcomes(passed=12)
    run(folder, "mypackage.sched:Amin", "-k", "T1 and memory").assert_outcomes(
        passed=1, deselected=11
    )


def test_worker_processes_report_the_same_verdicts(folder: pytest.Pytester) -> None:
    # In a process of its own, because workers get the import path as it was when xdist was loaded.
    name = ("--amin-policy", "mypackage.sched:EvictsLargest")
    result = folder.runpytest_subprocess(*PLUGIN, *name, "-n", "2")
    result.assert_outcomes(passed=8, failed=2)
    result.stdout.fnmatch_lines([
        "*EvictsLargest, which claims to be Amin*",
        "holds      T1 *",
        "BROKEN     T6 evictions are minimal and in order (* instances; wrong-victim on *)",
    ])  # fmt: skip


@pytest.mark.parametrize(("name", "line"), [
    ("nosuch:Thing", "the module 'nosuch' cannot be imported (ModuleNotFoundError: *"),
    ("mypackage.sched:Thing", "the module 'mypackage.sched' has no 'Thing'; give *"),
    ("mypackage.sched", "'mypackage.sched' names no scheduler; write it as module:Class*"),
    ("mypackage.sched:number", "'mypackage.sched:number' is 3; give a class*"),
    ("mypackage.sched:NoPolicy", "*which is no amin_ref.Policy; derive from Policy*"),
    ("mypackage.sched:NeedsArguments", "*() fails (TypeError: *speed*needs no arguments."),
    ("mypackage.sched:HindsightShortestFirst", "*is clairvoyant*"),
    ("mypackage.broken:Thing", "*cannot be imported (ZeroDivisionError: *"),
])  # fmt: skip
def test_a_name_of_no_scheduler_is_refused_in_one_sentence(
    folder: pytest.Pytester, name: str, line: str
) -> None:
    (folder.path / "mypackage" / "broken.py").write_text("1 / 0")
    result = run(folder, name)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --amin-policy: *{line}"])
    assert len(result.stderr.str().strip().splitlines()) == 1


def test_zero_examples_are_refused(folder: pytest.Pytester) -> None:
    result = run(folder, "mypackage.sched:Amin", "--amin-examples", "0")
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_the_fixture_judges_schedulers_in_test_files(folder: pytest.Pytester) -> None:
    folder.makepyfile(
        test_own="""
        from mypackage.sched import Amin, EvictsLargest

        def test_amin(amin_conformance):
            amin_conformance(Amin, examples=30)

        def test_valid(amin_conformance):
            amin_conformance(EvictsLargest, claims="valid", examples=30)

        def test_wrong(amin_conformance):
            amin_conformance(EvictsLargest, examples=60, seed=1)
        """
    )
    result = folder.runpytest_inprocess(*PLUGIN)
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        ["*BROKEN     T6 *", "*T6: wrong-victim: round *", "*Request('a', *"]
    )


def test_without_flags_the_plugin_imports_the_core_alone(pytester: pytest.Pytester) -> None:
    """Every run of pytest loads the installed plugin, so loading must be cheap."""
    pytester.makepyfile(
        test_own="import sys\ndef test(): assert not {'amin_ref.suite', 'oracle', 'hypothesis', "
        "'click', 'rich', 'pulp', 'highspy'} & set(sys.modules)"
    )
    others = ("-p", "no:hypothesispytest", "-p", "no:xdist", "-p", "no:benchmark")
    command = (sys.executable, "-m", "pytest", *PLUGIN[:4], *others)
    environment = {"PYTHONPATH": str(PROJECT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PATH": ""}
    ended = subprocess.run(
        command, cwd=pytester.path, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout

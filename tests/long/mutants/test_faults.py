"""Faults are made as described, and a fault counts as killed only if a test fails because of it."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.long.mutants.all import GROUPS, FaultGroup, VerdictLog, chosen_faults, digests
from tests.long.mutants.cold import Bench, copy_project
from tests.long.mutants.equivalent import EQUIVALENT
from tests.long.mutants.faults import faults_of, faulty, module_name
from tests.long.mutants.warm import forked, write_line
from tests.support.project import PROJECT

SOURCE = '''
"""Prose is no code: a number 1 in it stays."""
LIMIT: int = 3

class Box:
    """A box."""

    @property
    def is_full(self) -> bool:
        """Whether nothing more goes in."""
        return self.held >= LIMIT and not self.open

    def add(self, more: int = 1) -> None:
        if more > LIMIT:
            raise ValueError(f"{more} is more than {LIMIT + 1}")
        self.held += min(more, LIMIT)
'''


def changes(scope: str) -> set[tuple[str, str]]:
    return {(f.old, f.new) for f in faults_of("box.py", SOURCE) if f.scope == scope}


def test_a_property_has_the_faults_of_its_operators() -> None:
    assert changes("Box.is_full") == {
        ("return self.held >= LIMIT and (not self.open)", "return None"),
        ("self.held >= LIMIT and (not self.open)", "self.held >= LIMIT or not self.open"),
        ("self.held >= LIMIT and (not self.open)", "self.held >= LIMIT"),
        ("self.held >= LIMIT and (not self.open)", "not self.open"),
        ("self.held >= LIMIT", "self.held > LIMIT"),
        ("self.held >= LIMIT", "self.held < LIMIT"),
        ("not self.open", "self.open"),
    }


def test_defaults_and_constants_lie_outside_of_functions() -> None:
    assert changes("") == {("3", "4"), ("3", "2"), ("1", "2"), ("1", "0")}


def test_statements_are_deleted_and_messages_are_not_changed() -> None:
    assert changes("Box.add") == {
        ("if more > LIMIT: …", "(nothing)"),
        ("more > LIMIT", "more >= LIMIT"),
        ("more > LIMIT", "more <= LIMIT"),
        ("raise ValueError(f'{more} is more than {LIMIT + 1}')", "(nothing)"),
        ("self.held += min(more, LIMIT)", "self.held -= min(more, LIMIT)"),
        ("self.held += min(more, LIMIT)", "self.held = min(more, LIMIT)"),
        ("self.held += min(more, LIMIT)", "(nothing)"),
        ("min(more, LIMIT)", "max(more, LIMIT)"),
        ("min(more, LIMIT)", "more"),
        ("min(more, LIMIT)", "LIMIT"),
    }


def test_help_texts_are_not_changed() -> None:
    source = (
        'FLAG = option("--least", type=int, metavar="N", show_default=True, help="The least.", '
        "default=1)"
    )
    option = source.removeprefix("FLAG = ").replace('"', "'")
    assert {(f.old, f.new) for f in faults_of("flag.py", source)} == {
        ("'--least'", "'XX--least'"),
        (option, option.replace("type=int, ", "")),
        (option, option.replace(", default=1", "")),
        ("1", "2"),
        ("1", "0"),
    }


def test_code_for_other_systems_is_not_changed() -> None:
    source = (
        "def limit() -> int:\n"
        '    if sys.platform == "win32":\n'
        "        return 7\n"
        "    else:\n"
        "        begin()\n"
        '    if sys.platform != "win32":\n'
        "        count()\n"
        "    return found()\n"
    )
    assert {(f.old, f.new) for f in faults_of("limit.py", source)} == {
        ("if sys.platform != 'win32': …", "(nothing)"),
        ("begin()", "(nothing)"),
        ("count()", "(nothing)"),
        ("return found()", "return None"),
    }


def test_a_faulty_file_has_no_other_fault() -> None:
    sound = ast.unparse(ast.parse(SOURCE))
    for fault in faults_of("box.py", SOURCE):
        broken = ast.unparse(faulty(SOURCE, fault))
        lines = zip(sound.splitlines(), broken.splitlines(), strict=False)
        assert any(a != b for a, b in lines)
        assert ast.unparse(ast.parse(SOURCE)) == sound


def test_a_package_is_imported_by_its_folder() -> None:
    assert module_name("amin_ref/simulator/cache.py") == "amin_ref.simulator.cache"
    assert module_name("amin_ref/__init__.py") == "amin_ref"


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_every_file_of_a_group_exists(group: FaultGroup) -> None:
    assert all((PROJECT / file).exists() for file in (*group.files, *group.tests))


@pytest.mark.parametrize(
    "group", [group for group in GROUPS if group.below], ids=lambda group: group.name
)
def test_no_module_below_a_group_imports_a_file_of_it(group: FaultGroup) -> None:
    program = f"""
import importlib, sys
for name in {group.below!r}:
    importlib.import_module(name)
print(sorted(set({[module_name(file) for file in group.files]!r}) & set(sys.modules)))
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert (ended.stdout, ended.stderr) == ("[]\n", "")


def test_every_fault_listed_as_equivalent_exists_in_the_present_code() -> None:
    """A stale entry would excuse a fault that has never been judged."""
    listed = {entry.fault for entry in EQUIVALENT}
    assert len(listed) == len(EQUIVALENT)
    files = {name.partition("::")[0] for name in listed}
    known = {fault.name for file in files for fault in chosen_faults(file, None)}
    assert listed <= known


def test_a_sample_is_the_same_every_time() -> None:
    assert chosen_faults("amin_ref/simulator/cache.py", 5) == chosen_faults(
        "amin_ref/simulator/cache.py", 5
    )
    assert len(chosen_faults("amin_ref/simulator/cache.py", 5)) == 5


OF_LARGEST = "tests/model/test_values.py::test_numbers_that_json_cannot_keep_exact_are_refused"
"""A test that fails if the largest number is refused."""


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with Bench() as one:
        yield one


def test_a_fault_is_killed_by_a_test_that_it_breaks_and_by_no_other(bench: Bench) -> None:
    faults = chosen_faults("amin_ref/model/validation.py", None)
    fault = next(f for f in faults if f.new == "value >= LARGEST")
    killed = bench.judge(fault, {OF_LARGEST: 60.0})
    assert killed.verdict == "killed"
    assert killed.by.startswith(OF_LARGEST)
    assert bench.judge(fault, {"tests/long/mutants/test_catalogue.py": 60.0}).verdict == "alive"


def test_a_fault_is_gone_when_the_next_one_is_judged(bench: Bench) -> None:
    faults = chosen_faults("amin_ref/model/validation.py", None)
    broken = next(f for f in faults if f.new == "value >= LARGEST")
    foreign = chosen_faults("amin_ref/files/writing.py", None)[0]
    found = [bench.judge(fault, {OF_LARGEST: 60.0}).verdict for fault in (broken, foreign)]
    assert found == ["killed", "alive"]


def test_a_missing_test_is_an_error_and_kills_no_fault(bench: Bench) -> None:
    fault = chosen_faults("amin_ref/model/validation.py", None)[0]
    with pytest.raises(RuntimeError, match="no such tests"):
        bench.judge(fault, {"tests/model/test_values.py::test_of_another_time": 60.0})


def test_a_fault_is_in_the_processes_that_a_test_starts(bench: Bench) -> None:
    faults = chosen_faults("amin_ref/files/writing.py", None)
    fault = next(f for f in faults if f.scope == "_write_stream" and f.old.startswith("write_all"))
    test = "tests/files/test_writing.py::test_standard_output_is_appended_to_under_its_path"
    killed = bench.judge(fault, {test: 60.0})
    assert killed.verdict == "killed"
    assert killed.by.startswith(test)


def test_the_last_verdict_on_a_fault_counts(tmp_path: Path) -> None:
    lines = [
        {"fault": "a", "source": "1", "verdict": verdict, "by": "t", "seconds": 0.5}
        for verdict in ("alive", "killed")
    ]
    path = tmp_path / "journal.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert VerdictLog(path).entries["a"].judged.verdict == "killed"


def test_verdicts_stay_valid_when_comments_and_docstrings_change() -> None:
    reworded = SOURCE.replace("A box.", "A case.") + "# a comment\n"
    assert reworded != SOURCE
    assert digests(reworded) == digests(SOURCE)


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("LIMIT: int = 3", "LIMIT: int = 4", {""}),
        ("more: int = 1", "more: int = 2", {""}),
        ("self.held += min", "self.held -= min", {"Box.add"}),
        ("not self.open", "self.open", {"Box.is_full"}),
    ],
)
def test_a_change_of_code_makes_only_its_functions_verdicts_stale(
    old: str, new: str, changed: set[str]
) -> None:
    before, after = digests(SOURCE), digests(SOURCE.replace(old, new))
    assert set(before) == {"", "Box.is_full", "Box.add"} == set(after)
    assert {name for name in before if before[name] != after[name]} == changed


def test_every_fault_is_in_a_function_that_has_a_digest() -> None:
    for group in GROUPS:
        for file in group.files:
            known = digests((PROJECT / file).read_text(encoding="utf-8"))
            assert {fault.scope for fault in chosen_faults(file, None)} <= set(known)


def test_the_last_output_of_every_child_is_read() -> None:
    """Also of children that end while another child's output is read."""

    def printing(word: str) -> Callable[[int], None]:
        return lambda pipe: write_line(pipe, word)

    words = [str(number) for number in range(60)]
    outputs: dict[str, list[str]] = {}
    for word, said, status, _ in forked(((word, printing(word)) for word in words), workers=6):
        time.sleep(0.005)  # meanwhile other children print and end
        assert status == 0
        outputs[word] = said
    assert outputs == {word: [word] for word in words}


def test_a_guarded_program_changes_only_temporary_files(tmp_path: Path) -> None:
    """The program may write to devices, and change files in temporary folders."""
    foreign = PROJECT / "README.md"
    program = f"""
import os, tempfile
tempfile.tempdir = {str(tmp_path)!r}
from tests.long.mutants.guard import guard
guard()
open({str(tmp_path / "own")!r}, "w").write("text")
os.rename({str(tmp_path / "own")!r}, {str(tmp_path / "mine")!r})
open("/dev/null", "w").write("text")
tempfile.TemporaryFile().write(b"text")
os.makedirs({str(tmp_path / "a" / "b")!r})
def refused(change, *paths):
    try:
        change(*paths)
    except PermissionError as error:
        assert "guard of mutation tests" in str(error), error
    else:
        raise AssertionError(change)
foreign = {str(foreign)!r}
refused(os.rename, {str(tmp_path / "mine")!r}, "/dev/full")
refused(os.replace, {str(tmp_path / "mine")!r}, foreign)
refused(os.link, {str(tmp_path / "mine")!r}, foreign + "2")
refused(os.mkdir, "/no-folder-of-tests")
refused(os.unlink, foreign)
refused(os.truncate, foreign, 5)
refused(open, foreign, "a")
refused(os.open, "/", os.O_WRONLY | os.O_TMPFILE)
refused(os.open, "/dev/no-device", os.O_CREAT | os.O_WRONLY)
print("done")
"""
    before = foreign.read_bytes()
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert (ended.stdout, ended.stderr) == ("done\n", "")
    assert foreign.read_bytes() == before
    assert not Path("/no-folder-of-tests").exists()


def test_a_guarded_program_may_write_standard_output_under_its_path(tmp_path: Path) -> None:
    """It may be a file in a temporary folder."""
    program = f"""
import tempfile
tempfile.tempdir = {str(tmp_path)!r}
from tests.long.mutants.guard import guard
guard()
open("/dev/stdout", "a").write("text")
"""
    with (tmp_path / "out").open("w") as out:
        subprocess.run([sys.executable, "-c", program], cwd=PROJECT, stdout=out, check=True)
    assert (tmp_path / "out").read_text() == "text"


@pytest.mark.slow
def test_processes_that_a_faulty_program_starts_are_guarded() -> None:
    with tempfile.TemporaryDirectory() as folder:
        copy_project(Path(folder))
        ended = subprocess.run(
            [sys.executable, "-c", "open('/no-file-of-tests', 'w')"],
            env=os.environ | {"PYTHONPATH": folder},
            capture_output=True,
            text=True,
            check=False,
        )
    assert "the guard of mutation tests" in ended.stderr
    assert not Path("/no-file-of-tests").exists()

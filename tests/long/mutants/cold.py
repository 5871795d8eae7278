"""Judges a fault in processes that import the faulty module: ``python -m tests.long.mutants.cold``.

The tests run in a copy of the project whose file has the fault. So the fault is also in what is
computed on import and in the processes that a test starts.

A :class:`Bench` makes the copy once and starts this module in it. This module imports the libraries
of others, and for each fault forks: the fork imports the project with the fault and runs tests
until one fails. Each line of standard input is a JSON object: the file that has changed, and the
tests with the processor time that each may take, in seconds. For each, one line of the answer is a
JSON object: the verdict, and by which test.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import cache_from_source
from pathlib import Path
from types import TracebackType

import pytest

from tests.long.mutants.faults import Fault, faulty
from tests.long.mutants.guard import guard
from tests.long.mutants.warm import Judged, forked, hung, limit_test, write_line
from tests.support.project import PROJECT

CANNOT_START = "the tests cannot start"
"""The verdict's test if pytest cannot start with the fault: a test module cannot be imported."""

FIRST = 6
"""Tests that are asked before all others."""

COPIED = ("amin_ref", "oracle", "tests", "proofs_notes", "pyproject.toml", "README.md")

LIBRARIES = ("hypothesis", "numpy", "click", "rich", "rich.progress", "rich.table", "jsonschema")
"""Libraries of others that most tests import; a fork has them at once."""


class Bench:
    """A copy of the project in which faults are judged one after the other.

    Args:
        imported: modules of the project that import no file that has faults: a fork need not.
    """

    def __init__(self, imported: Sequence[str] = ()) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._sound: dict[str, bool] = {}
        copy_project(Path(self._folder.name))
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.long.mutants.cold", *imported],
            cwd=self._folder.name,
            env=os.environ
            | {
                "AMIN_PROFILE": "mutants",
                "AMIN_PROVED_CHECKERS": "",  # they would be imported before the fault is there
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONPATH": self._folder.name,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Bench:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.communicate()  # the end of its input ends it
        self._folder.cleanup()

    def judge(self, fault: Fault, tests: Mapping[str, float]) -> Judged:
        """The verdict of tests, each with its limit of processor time in seconds.

        A test that fails without a fault as well says nothing, and the others are asked again.

        Raises:
            RuntimeError: there is no such test.
        """
        began = time.monotonic()
        found = "alive", "no test runs it"
        # Few tests first: most faults die there, and fewer test modules are imported.
        for part in (list(tests)[:FIRST], list(tests)[FIRST:]):
            found = self._by_sound_tests(fault, {test: tests[test] for test in part}) or found
            if found[0] != "alive":
                break
        return Judged(*found, time.monotonic() - began)

    def _by_sound_tests(self, fault: Fault, tests: Mapping[str, float]) -> tuple[str, str] | None:
        left = dict(tests)
        while left:
            verdict, by = self._verdict(fault, left)
            if by not in left or self._passes_without_fault(by, left[by]):
                return verdict, by
            del left[by]
        return None

    def _passes_without_fault(self, test: str, seconds: float) -> bool:
        if test not in self._sound:
            self._sound[test] = self._verdict(None, {test: seconds})[0] == "alive"
        return self._sound[test]

    def _verdict(self, fault: Fault | None, tests: Mapping[str, float]) -> tuple[str, str]:
        """The verdict of the first test that fails, or of all; ``None``: on the sound code."""
        folder = Path(self._folder.name)
        with _put(fault, folder) if fault else contextlib.nullcontext():
            assert self._server.stdin is not None
            assert self._server.stdout is not None
            self._server.stdin.write(json.dumps(dict(tests)) + "\n")
            self._server.stdin.flush()
            answer = json.loads(self._server.stdout.readline())
        if answer["verdict"] == "none":
            raise RuntimeError(f"no such tests: {list(tests)}")
        return answer["verdict"], answer["by"]


def copy_project(to: Path) -> None:
    """Copy the project, with compiled files, and guard each process that runs in the copy."""
    for name in COPIED:
        source = PROJECT / name
        if source.is_dir():
            shutil.copytree(source, to / name)
        else:
            shutil.copy(source, to / name)
    # Python runs a module of this name when it starts, in each process that a test starts as well.
    text = Path(guard.__code__.co_filename).read_text(encoding="utf-8")
    (to / "sitecustomize.py").write_text(f"{text}\n\nguard({str(to)!r})\n", encoding="utf-8")


@contextlib.contextmanager
def _put(fault: Fault, folder: Path) -> Iterator[None]:
    """Have a fault in a copy of the project for a while."""
    file = folder / fault.file
    sound = file.read_text(encoding="utf-8")
    file.write_text(ast.unparse(faulty(sound, fault)), encoding="utf-8")
    Path(cache_from_source(str(file))).unlink(missing_ok=True)
    try:
        yield
    finally:
        file.write_text(sound, encoding="utf-8")


class _Server:
    """A pytest plugin: in place of the collection, forks collect and run the tests of each fault.

    Args:
        imported: modules of the project to import before, which import no file that has faults.
    """

    def __init__(self, imported: Sequence[str]) -> None:
        self._imported = imported

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> bool:
        """Answer each line of standard input."""
        for name in (*LIBRARIES, *self._imported):
            importlib.import_module(name)
        for line in sys.stdin:
            print(json.dumps(_answer(session, json.loads(line))), file=sys.__stdout__, flush=True)
        return True


class _Limits:
    """A pytest plugin: ends the process if a test takes too long; says which failed first."""

    def __init__(self, seconds: Mapping[str, float], pipe: int) -> None:
        self._seconds = seconds
        self._pipe = pipe
        self.has_failed = False

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the tests that were asked for, in their order.

        A case that is missing may have got another name from the fault, such as that of a constant:
        all cases of its test are kept.
        """
        ids = {item.nodeid for item in items}
        ranks: dict[str, int] = {}
        for rank, test in enumerate(self._seconds):
            ranks.setdefault(test if test in ids else test.partition("[")[0], rank)
        ranked = [(ranks[name], item) for item in items for name in _names(item) if name in ranks]
        ranked.sort(key=lambda pair: pair[0])
        items[:] = dict.fromkeys(item for _, item in ranked)

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Set the time limit of a test."""
        write_line(self._pipe, item.nodeid)
        limit_test(self._seconds.get(item.nodeid, 60.0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Say the first test that failed."""
        if report.failed and not self.has_failed:
            self.has_failed = True
            write_line(self._pipe, f"failed: {report.nodeid}")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Say a module that cannot be imported."""
        if report.failed and not self.has_failed:
            self.has_failed = True
            write_line(self._pipe, f"failed: {CANNOT_START}")


def _names(item: pytest.Item) -> tuple[str, ...]:
    """The names by which a test may be asked for: its own, without its case, its file's."""
    return item.nodeid, item.nodeid.partition("[")[0], item.nodeid.partition("::")[0]


def _running(session: pytest.Session, tests: Mapping[str, float]) -> Callable[[int], None]:
    def run(pipe: int) -> None:
        limits = _Limits(tests, pipe)
        session.config.pluginmanager.register(limits)
        files = dict.fromkeys(test.partition("::")[0] for test in tests)
        with contextlib.suppress(session.Failed, session.Interrupted):
            if not session.perform_collect(list(files)) and not limits.has_failed:
                write_line(pipe, "none")
                return
            session.config.hook.pytest_runtestloop(session=session)
        if not limits.has_failed:
            write_line(pipe, "done")

    return run


def _answer(session: pytest.Session, tests: Mapping[str, float]) -> dict[str, str]:
    [(_, said, status, _)] = forked([(None, _running(session, tests))], 1)
    last = said[-1] if said else ""
    if hung(status):
        return {"verdict": "timed out", "by": last}
    if last == "done":
        return {"verdict": "alive", "by": ""}
    if last == "none":
        return {"verdict": "none", "by": ""}
    return {"verdict": "killed", "by": last.removeprefix("failed: ") or CANNOT_START}


def main() -> int:
    """The command; returns 0 at the end of its input."""
    arguments = ["-n", "0", "-x", "-q", "-s", "--no-header", "--tb", "no", "-p", "no:cacheprovider"]
    with contextlib.redirect_stdout(sys.stderr):
        pytest.main([*arguments, "tests"], plugins=[_Server(sys.argv[1:])])
    return 0


if __name__ == "__main__":
    sys.exit(main())

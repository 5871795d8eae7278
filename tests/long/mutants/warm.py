"""Judges many faults in forks of one process that has imported and collected everything once.

In each fork the code object of one function is replaced by a faulty one; then the tests that run
this function run until one fails. A fork takes about ten milliseconds; a new process with its
imports takes seconds. Values computed on import (constants, parameters of tests) are those of the
sound code, so a fault may go unnoticed here: :mod:`.cold` judges it again. A fault that is killed
here was killed by a failing test.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import itertools
import json
import os
import resource
import select
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import TypeVar

import pytest
from _pytest.runner import runtestprotocol

from tests.long.mutants.faults import Fault, faulty, module_name
from tests.long.mutants.guard import guard
from tests.support.project import PROJECT

MEMORY = 2 * 2**30
"""Address space of a fork, in bytes: a fault that allocates without end must not use all memory."""

KILLERS = 4
"""The number of tests that run first because they killed faults of the same function; then the same
number for the file."""

QUICK = 5
"""A test is quick if this many times its time is within the budget."""

SLOWEST = 10
"""A test on faulty code may take this many times its time on sound code: it may have to shrink."""

SPARE_SECONDS = 5.0
"""Added for tests that take next to no time on sound code."""

SLEEPING_SECONDS = 60
"""Wall-clock time added for a machine that is busy with other work."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on a fault.

    Attributes:
        verdict: ``killed``, ``timed out`` or ``unnoticed``; by :mod:`.cold` ``alive``.
        by: the test that failed or timed out; empty if there is none.
        seconds: duration of the judgement.
    """

    verdict: str
    by: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Measured:
    """A test on sound code.

    Attributes:
        seconds: its processor time, that of the processes that it starts included.
        elsewhere: the part of it that these processes take, which run the code of the files.
        functions: the functions that it runs itself.
    """

    seconds: float
    elsewhere: float
    functions: frozenset[str]

    @property
    def is_elsewhere(self) -> bool:
        """Whether a fault in a fork hardly concerns the test: other processes do its work."""
        return 2 * self.elsewhere > self.seconds


Kills = Mapping[str, Counter[str]]
"""How many faults each test killed: of a file, of a function, and, by a fault's name, this one; and
by the empty name, of those outside of functions."""


def allowed_seconds(measured: float) -> float:
    """Processor time after which a test counts as hung, given its time on sound code; seconds."""
    return SPARE_SECONDS + SLOWEST * measured


def limit_test(seconds: float) -> None:
    """Let the kernel end this process after ``seconds`` of processor time.

    A test that sleeps uses none: it is ended by wall-clock time.
    """
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, SLEEPING_SECONDS + 2 * SLOWEST * seconds)


def key(file: str, scope: str) -> str:
    """The name of an outermost function."""
    return f"{file}::{scope}"


def outermost_functions(code: CodeType, prefix: str = "") -> Iterator[CodeType]:
    """The functions and methods that a module's code defines, without nested functions."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_flags & 0x2:  # CO_NEWLOCALS: set for functions, not for class bodies
                yield constant
            else:
                yield from outermost_functions(constant)


class Warm:
    """A pytest plugin that runs ``work`` on the collected tests in place of the tests.

    Args:
        root: the project's folder.
        files: the files to mutate; paths from the root.
        homes: the test files that were written for some of these files.
        work: calls :meth:`measure` and :meth:`judge`.
    """

    def __init__(
        self,
        root: Path,
        files: Sequence[str],
        homes: Mapping[str, Sequence[str]],
        work: Callable[[Warm], None],
    ) -> None:
        self.items: dict[str, pytest.Item] = {}
        self.measured: dict[str, Measured] = {}
        self._root = root
        self._files = {str(root / file): file for file in files}
        self._homes = homes
        self._work = work
        self._functions: dict[tuple[str, str, int], list[FunctionType]] = {}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Call ``work``; no test runs in this process itself."""
        self.items = {item.nodeid: item for item in session.items}
        for file in self._files.values():  # the command line imports commands only when they run
            importlib.import_module(module_name(file))
        for thing in gc.get_objects():
            if isinstance(thing, FunctionType) and thing.__code__.co_filename in self._files:
                self._functions.setdefault(_place(thing.__code__), []).append(thing)
        gc.collect()
        gc.freeze()
        self._work(self)
        return True

    def measure(
        self, known: Mapping[str, Measured], store: Callable[[Warm], None], workers: int
    ) -> None:
        """Measure the time and coverage of each test that is not known yet, and store them.

        A test that fails while it is traced, which makes it slower, is left out.
        """
        self.measured = {test: known[test] for test in self.items if test in known}
        new = [test for test in self.items if test not in known]
        scopes = self._scopes_by_code()

        def run_all(tests: Sequence[str]) -> Callable[[int], None]:
            def run(pipe: int) -> None:
                for test in tests:
                    functions: set[str] = set()
                    began, elsewhere = _processor_seconds(), _seconds_elsewhere()
                    sys.setprofile(_noting(scopes, functions))
                    failed = self._fails(test, None)
                    sys.setprofile(None)
                    if failed:
                        write_line(pipe, f"fails: {test}")
                        continue
                    seconds = _processor_seconds() - began
                    elsewhere = _seconds_elsewhere() - elsewhere
                    write_line(pipe, json.dumps([test, seconds, elsewhere, sorted(functions)]))

            return run

        parts = [new[start : start + 8] for start in range(0, len(new), 8)]
        for _, said, _, _ in forked(((part, run_all(part)) for part in parts), workers):
            for line in said:
                if line.startswith("fails: "):  # too slow under the tracer
                    print(f"left out, since without a fault and with few examples it {line}")
                    continue
                test, seconds, elsewhere, functions = json.loads(line)
                self.measured[test] = Measured(seconds, elsewhere, frozenset(functions))
                print(f"{seconds:6.1f} s  {test}", flush=True)
            store(self)

    def tests_of(
        self,
        fault: Fault,
        kills: Kills,
        budget: float,
        elsewhere: bool = True,
    ) -> list[str]:
        """Tests that run the fault's function and take at most ``budget`` seconds on sound code.

        Without ``elsewhere``, those are left out whose work is done by processes that they start.

        First comes the test that killed this fault before, then quick tests that killed faults of
        this function or file, then tests from the file's home, then slower killers. Then follow, in
        turns, a test that runs few functions, and a case of a parametrised test that has had no
        turn yet. For a fault outside of functions, tests that killed such faults of any file are
        killers, too: many declarations are noticed by one test of all commands.
        """
        name = key(fault.file, fault.scope)
        itself, near, far = (
            kills.get(place, Counter[str]()) for place in (fault.name, name, fault.file)
        )
        outside = Counter[str]() if fault.scope else kills.get("", Counter[str]())
        able = [t for t in self.measured if elsewhere or not self.measured[t].is_elsewhere]
        running = sorted(
            set(self._running(fault)).intersection(able),
            key=lambda test: (self.measured[test].seconds, test),
        )
        killers = sorted((t for t in running if near[t]), key=lambda t: -near[t])[:KILLERS]
        killers += sorted((t for t in able if outside[t]), key=lambda t: -outside[t])[:KILLERS]
        killers += sorted((t for t in running if far[t]), key=lambda t: -far[t])[:KILLERS]
        quick = [t for t in killers if QUICK * self.measured[t].seconds <= budget]
        first = [t for t in running if itself[t]] + quick
        narrow = sorted(running, key=lambda test: len(self.measured[test].functions))
        earlier = Counter[str]()
        turns: dict[str, int] = {}
        for test in running:
            turns[test] = earlier[test.partition("[")[0]]
            earlier[test.partition("[")[0]] += 1
        varied = sorted(running, key=lambda test: turns[test])
        homes = self._homes.get(fault.file, ())
        at_home = [t for t in varied if t.partition("::")[0] in homes]
        by_turns = itertools.chain.from_iterable(zip(narrow, varied, strict=True))
        spent = 0.0
        found: dict[str, None] = {}
        for test in (*first, *at_home, *killers, *by_turns):
            if test not in found and spent + self.measured[test].seconds <= budget:
                spent += self.measured[test].seconds
                found[test] = None
        return list(found)

    def _running(self, fault: Fault) -> list[str]:
        """The tests that run the fault's function; outside of functions, those that run its file.

        Tests that run none of the mutated files are included: they may read a constant of one.
        """
        name = key(fault.file, fault.scope)
        of_function = [t for t, m in self.measured.items() if name in m.functions]
        if of_function:
            return of_function
        names = {name for m in self.measured.values() for name in m.functions}
        of_file = {name for name in names if name.startswith(f"{fault.file}::")}
        return [t for t, m in self.measured.items() if m.functions & of_file or not m.functions]

    def judge(
        self,
        faults: Iterable[Fault],
        kills: Kills,
        budget: float,
        workers: int,
    ) -> Iterator[tuple[Fault, Judged]]:
        """Each fault with its verdict, as soon as it is known."""

        def jobs() -> Iterator[tuple[Fault, Callable[[int], None]]]:
            for fault in faults:
                code = self._faulty_code(fault)
                yield (
                    fault,
                    self._trying(code, self.tests_of(fault, kills, budget, elsewhere=False)),
                )

        for fault, said, status, seconds in forked(jobs(), workers):
            last = said[-1] if said else ""
            if os.WIFSIGNALED(status):
                yield fault, Judged("timed out" if hung(status) else "killed", last, seconds)
            elif last.startswith("failed: "):
                yield fault, Judged("killed", last.removeprefix("failed: "), seconds)
            elif last == "done":
                yield fault, Judged("unnoticed", "", seconds)
            elif status:
                yield fault, Judged("killed", last, seconds)
            else:
                raise RuntimeError(f"the judgement of {fault.name} ended without a verdict")

    def _trying(self, code: CodeType, tests: Sequence[str]) -> Callable[[int], None]:
        def run(pipe: int) -> None:
            self._put(code)
            for test, following in zip(tests, [*tests[1:], None], strict=True):
                write_line(pipe, test)
                limit_test(allowed_seconds(self.measured[test].seconds))
                if self._fails(test, following):
                    write_line(pipe, f"failed: {test}")
                    return
            write_line(pipe, "done")

        return run

    def _put(self, code: CodeType) -> None:
        """Replace the code of a function, and of the inner functions that it has returned before,
        such as those that decorators make of commands."""
        for inner in _with_inner(code):
            for function in self._functions.get(_place(inner), ()):
                with contextlib.suppress(ValueError):  # the fault has taken a variable from it
                    function.__code__ = inner

    def failing_without_fault(self, tests: Iterable[str], workers: int) -> list[str]:
        """Tests that fail in a fork of the sound code, each run as the first of its fork."""

        def trying(test: str) -> Callable[[int], None]:
            def run(pipe: int) -> None:
                write_line(pipe, "failed" if self._fails(test, None) else "passed")

            return run

        known = [test for test in tests if test in self.items]
        done = forked(((test, trying(test)) for test in known), workers)
        return [test for test, said, _, _ in done if said != ["passed"]]

    def can_judge(self, fault: Fault) -> bool:
        """Whether the fault is in a function that is alive in this process and that a test runs.

        Some functions run on import alone, such as those that declare flags.
        """
        name = str(self._root / fault.file), fault.scope
        if not fault.scope or not any(place[:2] == name for place in self._functions):
            return False
        scope = key(fault.file, fault.scope)
        return any(scope in m.functions and not m.is_elsewhere for m in self.measured.values())

    def _faulty_code(self, fault: Fault) -> CodeType:
        path = self._root / fault.file
        tree = faulty(path.read_text(encoding="utf-8"), fault)
        module = compile(tree, str(path), "exec", dont_inherit=True)
        found = [
            code
            for code in outermost_functions(module)
            if code.co_qualname == fault.scope and _last_line(code) >= fault.line
        ]
        return found[0]

    def _fails(self, test: str, following: str | None) -> bool:
        item = self.items[test]
        nextitem = None if following is None else self.items[following]
        return any(report.failed for report in runtestprotocol(item, nextitem=nextitem, log=False))

    def _scopes_by_code(self) -> dict[tuple[str, str, int], str]:
        """The outermost function to which each code belongs, inner functions included."""
        scopes: dict[tuple[str, str, int], str] = {}
        for functions in self._functions.values():
            code = functions[0].__code__
            scope = key(self._files[code.co_filename], code.co_qualname)
            if "<locals>" in code.co_qualname:
                continue
            for inner in _with_inner(code):
                scopes[_place(inner)] = scope
        return scopes


def hung(status: int) -> bool:
    """Whether a process with this status was ended by its time limit; see :func:`limit_test`."""
    ending = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
    return ending in (signal.SIGPROF, signal.SIGALRM)


def _processor_seconds() -> float:
    """Processor time of this process, and of those that it started and that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _seconds_elsewhere() -> float:
    """Processor time of the processes that this one started and that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def _place(code: CodeType) -> tuple[str, str, int]:
    return code.co_filename, code.co_qualname, code.co_firstlineno


def _last_line(code: CodeType) -> int:
    lines = [line for inner in _with_inner(code) for _, _, line in inner.co_lines() if line]
    return max(lines, default=0)


def _with_inner(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _with_inner(constant)


def _noting(
    scopes: Mapping[tuple[str, str, int], str], functions: set[str]
) -> Callable[[FrameType, str, object], None]:
    """A profile function that records which of the functions run."""
    known: dict[int, str | None] = {}

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            code = frame.f_code
            place = id(code)
            if place not in known:
                known[place] = scopes.get(_place(code))
            scope = known[place]
            if scope is not None:
                functions.add(scope)

    return note


def write_line(pipe: int, line: str) -> None:
    """Say a line to the process that reads from a fork's pipe."""
    os.write(pipe, (line + "\n").encode())


Job = TypeVar("Job")


def forked(
    jobs: Iterable[tuple[Job, Callable[[int], None]]], workers: int
) -> Iterator[tuple[Job, list[str], int, float]]:
    """Run jobs in forks, ``workers`` at once; yield each with its output, status and seconds."""
    waiting = iter(jobs)
    running: dict[int, tuple[Job, int, float, list[bytes]]] = {}
    while True:
        while len(running) < workers:
            following = next(waiting, None)
            if following is None:
                break
            job, run = following
            child, pipe = _fork(run)
            running[pipe] = job, child, time.monotonic(), []
        if not running:
            return
        readable = select.select(list(running), [], [], 1.0)[0]
        for pipe in list(running):
            job, child, began, parts = running[pipe]
            if pipe in readable and (said := os.read(pipe, 65536)):
                parts.append(said)
                continue
            # Processes left by a test may keep the pipe open, so the end of the child is tested.
            flags = os.WEXITED | os.WNOWAIT | (0 if pipe in readable else os.WNOHANG)
            if os.waitid(os.P_PID, child, flags) is None:
                continue
            # Processes left by the tests are killed before the child's id can be used again.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            parts.extend(_rest_of(pipe))  # said since the pipe was looked at
            os.close(pipe)
            del running[pipe]
            lines = b"".join(parts).decode().splitlines()
            yield job, lines, status, time.monotonic() - began


def _rest_of(pipe: int) -> Iterator[bytes]:
    """The bytes left in a pipe to which no process writes any more."""
    os.set_blocking(pipe, False)
    with contextlib.suppress(BlockingIOError):
        while said := os.read(pipe, 65536):
            yield said


def _fork(run: Callable[[int], None]) -> tuple[int, int]:
    """Start a child process that runs a job; return its id and the pipe's end to read from."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    status = 1
    try:
        os.setpgid(0, 0)
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silence, stream)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        guard(str(PROJECT))
        run(writing)
        status = 0
    finally:
        os._exit(status)

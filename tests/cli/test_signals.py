"""SIGINT, SIGTERM and SIGHUP end every command with 130, 143 and 129 at any moment."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from amin_ref.cli.exit_codes import HUNG_UP, INTERRUPTED, TERMINATED
from amin_ref.cli.signals import HungUp, Terminated, signals_raise
from tests.support.commands import COMMANDS, Command, make_inputs
from tests.support.marked import Mark
from tests.support.project import PROJECT

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="reads /proc")

SECONDS = 90
"""A program that has not ended this long after a signal counts as hanging."""

CODES = {signal.SIGINT: INTERRUPTED, signal.SIGTERM: TERMINATED, signal.SIGHUP: HUNG_UP}

ENDED = re.compile("interrupted|terminated|the terminal was closed")
"""The sentences about the three signals."""

LONG = (
    Command("compare --requests 400000 --capacity 100000"),
    Command("simulate --requests 1000000 --capacity 100000"),
    Command("optimum --requests 24 --capacity 2000 --method search --workers 2 --time-limit 60"),
    Command("optimum --requests 300 --time-limit 60"),
    Command("claims --quick --workers 2"),
    Command("worst-case --prompt 2 --lower 2 --upper 12 --capacity 18 --requests 9 --workers 2"),
    Command("worst-case-table --workers 2"),
    Command("report {}/report.html --requests 500"),
    Command(
        "drive --requests 5000 --small 0 -- {python} -m tests.support.stdin_policy amin_ref:Amin"
    ),
)
"""Runs that last until they are interrupted."""


PRINTS_A_DOT = (
    "import os, sys, types; tell = lambda name, *_: "
    "os.write(1, b'.') and None if name == 'amin_ref.cli.streams' else None; "
    "sys.meta_path.insert(0, types.SimpleNamespace(find_spec=tell)); "
)
"""Statements that print a dot when the program imports its first module after setting handlers.

Before that, the interpreter starts, and two assignments of the program run.
"""


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    make_inputs(folder)
    return folder


@dataclass(frozen=True, slots=True)
class Ended:
    """How an interrupted program ended, and the processes that it left."""

    code: int
    err: str
    left: list[str]


def interrupted(
    command: Command, number: int, seconds: float, inputs: Path, *, whole_group: bool
) -> Ended:
    """Send a signal ``seconds`` after the program's first import; find the processes that are left.

    Args:
        command: what is run.
        number: the signal.
        seconds: after the program has printed its dot.
        inputs: the folder of its input files.
        whole_group: whether worker processes get the signal as well, as from a terminal.
    """
    mark = Mark.new()
    with_dot = Command(command.arguments, before=f"{command.before}{PRINTS_A_DOT}")
    good_input = os.devnull if command.reads is None else inputs / command.reads
    with open(good_input, "rb") as stdin:
        process = subprocess.Popen(
            with_dot.words(inputs), cwd=PROJECT, env=mark.environment(),
            stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
    assert process.stdout is not None
    process.stdout.read(1)
    time.sleep(seconds)
    with contextlib.suppress(ProcessLookupError):
        (os.killpg if whole_group else os.kill)(process.pid, number)
    _, err = process.communicate(timeout=SECONDS)
    return Ended(process.returncode, err.decode(), mark.left())


def judge(ended: Ended, number: int, codes: set[int], what: str) -> None:
    """Its code is in ``codes``; at most one sentence is about the signal; no process is left."""
    sentences_of_program = [
        line for line in ended.err.splitlines() if line.startswith("amin-ref: ")
    ]
    assert ended.code in codes, f"{what}: {ended}"
    assert "Traceback" not in ended.err, f"{what}: {ended}"
    assert "Warning" not in ended.err, f"{what}: {ended}"
    assert "leaked" not in ended.err, f"{what}: {ended}"
    assert ended.err == "".join(f"{line}\n" for line in sentences_of_program), f"{what}: {ended}"
    if ended.code == CODES[signal.Signals(number)]:
        sentences = [line for line in sentences_of_program if ENDED.search(line)]
        assert len(sentences) == 1, f"{what}: {ended}"
    assert ended.left == [], f"{what}: processes are left: {ended}"


def random_moments(inputs: Path, times: int, seed: int, until: float = SECONDS) -> int:
    """Interrupt random commands at random moments, up to ``times``; the number of runs."""
    choice = random.Random(seed)
    ends = time.monotonic() + until
    done = 0
    while done < times and time.monotonic() < ends:
        done += 1
        name = choice.choice(list(COMMANDS))
        command = choice.choice((COMMANDS[name], COMMANDS[name], choice.choice(LONG)))
        number = choice.choice(list(CODES))
        # Half of the moments lie in the imports, where most of a short run's time goes.
        seconds = choice.choice((0.3, 2.0)) * choice.random()
        whole_group = choice.random() < 0.3
        ended = interrupted(command, number, seconds, inputs, whole_group=whole_group)
        what = f"{command.arguments}, {number.name} after {seconds:.3f} s, group {whole_group}"
        # The command may have ended before the signal, or its driven program got the signal.
        codes = {CODES[number], command.code}
        judge(ended, number, codes, what)
        (inputs / "new_scheduler.py").unlink(missing_ok=True)
    return done


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_signals_at_300_random_moments_end_commands(inputs: Path, seed: int) -> None:
    assert random_moments(inputs, 75, seed=100 + seed, until=900) == 75


def long_commands_and_signals() -> Iterator[object]:
    """Every command that takes long with every signal; the default run has a sixth of them."""
    for row, command in enumerate(LONG):
        for column, number in enumerate(CODES):
            marks = [pytest.mark.slow] if (row + column) % (2 * len(CODES)) else []
            name = f"{command.arguments.split()[0]}-{number.name}"
            yield pytest.param(command, number, marks=marks, id=name)


@pytest.mark.parametrize(("command", "number"), list(long_commands_and_signals()))
def test_a_signal_ends_a_long_command(
    inputs: Path, command: Command, number: signal.Signals
) -> None:
    ended = interrupted(command, number, 3.0, inputs, whole_group=False)
    judge(ended, number, {CODES[number]}, command.arguments)


def test_importing_sets_no_signal_handler() -> None:
    program = (
        "import signal; before = [signal.getsignal(n) for n in range(1, 32) if n not in (9, 19)]; "
        "import sys; hook = sys.unraisablehook; from amin_ref import *; import oracle; "
        "import amin_ref.cli.application, amin_ref.cli.workers, amin_ref.cli.streams; "
        "assert sys.unraisablehook is hook; "
        "assert before == [signal.getsignal(n) for n in range(1, 32) if n not in (9, 19)]"
    )
    subprocess.run([sys.executable, "-c", program], cwd=PROJECT, check=True)


def test_no_module_is_imported_before_signals_are_handled() -> None:
    """Until ``main`` is called, no module is imported that Python had not imported itself."""
    program = (
        "import sys; before = set(sys.modules); import amin_ref.cli; "
        "print(*sorted(set(sys.modules) - before))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert loaded.stdout.split() == ["amin_ref", "amin_ref.cli"]


def test_handlers_are_as_before_after_a_command() -> None:
    before = [signal.getsignal(number) for number in CODES]
    with signals_raise():
        assert [signal.getsignal(number) for number in CODES] != before
    assert [signal.getsignal(number) for number in CODES] == before


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (signal.SIGINT, KeyboardInterrupt),
        (signal.SIGTERM, Terminated),
        (signal.SIGHUP, HungUp),
    ],
)
def test_an_exception_that_python_loses_is_raised_again(
    number: signal.Signals, error: type[KeyboardInterrupt]
) -> None:
    class RaisesWhenDeleted:
        def __del__(self) -> None:
            signal.raise_signal(number)

    def wait() -> None:
        short_lived = RaisesWhenDeleted()
        del short_lived
        time.sleep(20)

    began = time.monotonic()
    with signals_raise(), pytest.raises(error):
        wait()
    assert time.monotonic() - began < 10


def test_a_signal_during_an_import_is_raised_after_the_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exception is raised after the import."""
    (tmp_path / "imported_slowly.py").write_text(
        "import signal\nsignal.raise_signal(signal.SIGINT)\nwhole = True\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    def load() -> None:
        import imported_slowly  # type: ignore[import-not-found]  # written above

        assert imported_slowly.whole
        time.sleep(20)

    with signals_raise(), pytest.raises(KeyboardInterrupt):
        load()
    assert sys.modules.pop("imported_slowly").whole

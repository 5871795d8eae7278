"""Windows and macOS lack some calls of Linux: without them the program gives the same results.

Simulated here: the calls are taken away, and ``sys.platform`` has the other system's name. How the
other systems themselves behave is not tested. ``mypy --platform`` finds calls that they lack.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from amin_ref import simulate
from amin_ref.cli import signals
from amin_ref.cli.application import application
from amin_ref.cli.exit_codes import run
from amin_ref.cli.workers import worker_pool
from amin_ref.external import ExternalPolicy
from amin_ref.files.writing import write_new, write_whole
from amin_ref.model.errors import SchedulerFailed
from tests.support.commands import INSTANCE

NOT_ON_WINDOWS = (
    (signal, "SIGALRM"), (signal, "SIGHUP"), (signal, "setitimer"), (signal, "pthread_sigmask"),
    (os, "O_TMPFILE"), (os, "O_CLOEXEC"), (os, "fchmod"), (os, "killpg"), (os, "waitid"),
)  # fmt: skip
NOT_ON_MACOS = ((os, "O_TMPFILE"), (os, "waitid"))


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """A function that hides the calls that Windows lacks, until the test ends."""

    def begin() -> None:
        for module, name in NOT_ON_WINDOWS:
            monkeypatch.delattr(module, name)
        monkeypatch.setattr(sys, "platform", "win32")

    return begin


def test_the_commands_run_without_the_clock_and_the_calls_of_posix(
    windows: Callable[[], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tmp_path / "schedule.json")
    commands = [
        f"simulate --requests 20 --output {file}",
        f"check {file}",
        f"conform {file} --no-bound",
        "compare --requests 20",
        "worst-case --prompt 1 --lower 1 --upper 2 --capacity 4 --requests 3",
    ]

    def printed() -> list[str]:
        for command in commands:
            with signals.signals_raise():
                assert run(application, command.split()) == 0
        return capsys.readouterr().out.splitlines()

    expected = printed()  # this also imports every module that the commands need
    os.remove(file)
    windows()
    assert printed() == expected
    assert sorted(os.listdir(tmp_path)) == ["schedule.json"]


def test_a_signal_ends_the_program_without_a_clock(windows: Callable[[], None]) -> None:
    windows()
    with pytest.raises(KeyboardInterrupt), signals.signals_raise():
        signal.raise_signal(signal.SIGINT)


def test_a_worker_pool_takes_work_where_signals_cannot_be_blocked(
    windows: Callable[[], None],
) -> None:
    with worker_pool(1) as executor:
        assert executor.submit(abs, -1).result() == 1  # starts the worker, as this system does
        windows()
        assert executor.submit(abs, -2).result() == 2


def test_files_are_written_whole(windows: Callable[[], None], tmp_path: Path) -> None:
    windows()
    target = tmp_path / "file"
    write_new(target, "one\n")
    assert target.read_bytes() == b"one\n"
    write_whole(target, "two\n")
    assert target.read_bytes() == b"two\n"
    with pytest.raises(FileExistsError):
        write_new(target, "three\n")
    assert os.listdir(tmp_path) == ["file"]


def test_a_file_is_closed_before_it_is_renamed(
    windows: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows cannot rename an open file."""
    windows()
    rename, opened = os.replace, os.open
    descriptors: list[int] = []

    def noted(*arguments: object, **named: object) -> int:
        descriptors.append(opened(*arguments, **named))  # type: ignore[arg-type]  # as given
        return descriptors[-1]

    def of_closed_files(old: str, new: str) -> None:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptors[-1])
        rename(old, new)

    monkeypatch.setattr(os, "open", noted)
    monkeypatch.setattr(os, "replace", of_closed_files)
    write_whole(tmp_path / "file", "text\n")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "text\n"


def test_a_program_cannot_be_driven_on_windows(windows: Callable[[], None]) -> None:
    windows()
    with pytest.raises(SchedulerFailed, match="on Linux and macOS only") as caught:
        simulate(INSTANCE, ExternalPolicy([sys.executable]))
    assert caught.value.kind == "cannot-start"


@pytest.mark.parametrize(("ends", "says"), [
    ("sys.exit(3)", "it exited with code 3"),
    ("os.kill(os.getpid(), 9)", "it was killed by SIGKILL"),
])  # fmt: skip
def test_on_macos_the_end_of_a_program_is_reported_and_its_group_killed(
    ends: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name in NOT_ON_MACOS:
        monkeypatch.delattr(module, name)
    monkeypatch.setattr(sys, "platform", "darwin")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    script = (
        "import os, subprocess, sys\n"
        f"held = os.open({str(pipe)!r}, os.O_WRONLY)\n"
        "subprocess.Popen(['sleep', '60'], stdout=held)\n"
        f"{ends}\n"
    )
    with pytest.raises(SchedulerFailed, match=says):
        simulate(INSTANCE, ExternalPolicy([sys.executable, "-c", script]))
    os.set_blocking(reading, True)
    assert os.read(reading, 1) == b""  # no process holds the other end any more
    os.close(reading)

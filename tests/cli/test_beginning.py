"""What the program does before its command: handlers of signals, and the three streams.

The operating system's functions are replaced, so that the tests run in one process. Real programs
are ended by signals in ``test_signals``, and begin with closed streams in ``test_streams``.
"""

from __future__ import annotations

import atexit
import errno
import io
import os
import signal
import sys
from collections.abc import Callable, Sequence
from itertools import chain, combinations
from types import SimpleNamespace
from typing import NoReturn

import pytest

from amin_ref import cli
from amin_ref.cli import exit_codes, streams
from amin_ref.cli.signals import HungUp, Terminated
from amin_ref.cli.streams import ClosedOutput, prepare_streams

ENDING = {
    signal.SIGINT: "interrupted",
    signal.SIGTERM: "terminated",
    signal.SIGHUP: "the terminal was closed",
}


HANDLERS = "amin_ref.cli.signal"
"""The module by which the program sets its handlers."""


class Left(Exception):
    """In place of the end of the process."""


def leave(code: int) -> NoReturn:
    raise Left(code)


SYSTEM = "amin_ref.cli.os"
"""The module by which the program writes its last sentence and ends."""


class Writes:
    """In place of that module, so that other threads of the test run write as before."""

    def __init__(self, write: Callable[[int, bytes], None]) -> None:
        self.write = write
        self._exit = leave


class TestSignals:
    @pytest.fixture
    def printed(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bytes]]:
        """What is written to which descriptor; the end of the process raises :exc:`Left`."""
        written: list[tuple[int, bytes]] = []
        monkeypatch.setattr(SYSTEM, Writes(lambda number, text: written.append((number, text))))
        return written

    @pytest.mark.parametrize("number", ENDING)
    def test_a_signal_ends_the_program_with_a_sentence(
        self, number: signal.Signals, printed: list[tuple[int, bytes]]
    ) -> None:
        with pytest.raises(Left) as left:
            cli.leave_at_once(number, None)
        assert left.value.args == (128 + number,)
        assert printed == [(2, f"amin-ref: {ENDING[number]}.\n".encode())]

    def test_a_closed_standard_error_does_not_change_the_exit_code(
        self, printed: list[tuple[int, bytes]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fails(number: int, text: bytes) -> NoReturn:
            raise OSError(errno.EBADF, "closed")

        monkeypatch.setattr(SYSTEM, Writes(fails))
        with pytest.raises(Left, match="130"):
            cli.leave_at_once(signal.SIGINT, None)

    @pytest.mark.parametrize("ignored", [(), (signal.SIGINT,), tuple(ENDING)])
    def test_the_program_handles_signals_that_its_parent_does_not_ignore(
        self, ignored: Sequence[signal.Signals], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        handled: dict[int, object] = {}
        monkeypatch.setattr(
            f"{HANDLERS}.getsignal",
            lambda number: signal.SIG_IGN if number in ignored else signal.SIG_DFL,
        )
        monkeypatch.setattr(f"{HANDLERS}.signal", handled.__setitem__)
        monkeypatch.setattr(cli, "_run", lambda: 7)
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == 7
        assert handled == dict.fromkeys(set(ENDING) - set(ignored), cli.leave_at_once)

    @pytest.mark.parametrize(
        ("error", "code"), [(KeyboardInterrupt(), 130), (Terminated(), 143), (HungUp(), 129)]
    )
    def test_a_signal_beside_the_command_ends_the_program_at_once(
        self,
        error: BaseException,
        code: int,
        printed: list[tuple[int, bytes]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def interrupted() -> NoReturn:
            raise error

        monkeypatch.setattr(f"{HANDLERS}.signal", lambda *_: None)
        monkeypatch.setattr(cli, "_run", interrupted)
        with pytest.raises(Left, match=f"^{code}$"):
            cli.main()
        assert printed == [(2, f"amin-ref: {ENDING[signal.Signals(code - 128)]}.\n".encode())]

    def test_all_three_are_ignored_when_the_program_ends(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        handled: dict[int, object] = {}
        monkeypatch.setattr(f"{HANDLERS}.signal", handled.__setitem__)
        cli.ignore_signals()
        assert handled == dict.fromkeys(ENDING, signal.SIG_IGN)


class TestRun:
    @pytest.fixture
    def steps(self, monkeypatch: pytest.MonkeyPatch) -> list[object]:
        """What the program does around its command."""
        done: list[object] = []

        def run(_: object, words: list[str]) -> int:
            done.append(words)
            return 5

        monkeypatch.setattr(sys, "argv", ["amin-ref", "check", "a.json"])
        monkeypatch.setattr(atexit, "register", done.append)
        monkeypatch.setattr(streams, "prepare_streams", lambda: done.append("streams"))
        monkeypatch.setattr(exit_codes, "run", run)
        return done

    def test_the_command_gets_the_words_after_the_programs_name(self, steps: list[object]) -> None:
        assert cli._run() == 5
        assert steps == [cli.ignore_signals, "streams", ["check", "a.json"]]

    @pytest.mark.parametrize(("number", "error"), [
        (signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated), (signal.SIGHUP, HungUp),
    ])  # fmt: skip
    def test_signals_raise_while_the_command_runs(
        self,
        number: signal.Signals,
        error: type[BaseException],
        steps: list[object],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def interrupted(*_: object) -> NoReturn:
            signal.raise_signal(number)
            raise AssertionError("nothing was raised")

        before = signal.signal(number, lambda *_: None)  # SIGHUP ends the test run otherwise
        monkeypatch.setattr(exit_codes, "run", interrupted)
        try:
            with pytest.raises(error):
                cli._run()
        finally:
            signal.signal(number, before)

    def test_an_unexpected_exception_is_a_bug(
        self,
        steps: list[object],
        monkeypatch: pytest.MonkeyPatch,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        def broken() -> NoReturn:
            raise ZeroDivisionError("by 0")

        monkeypatch.setattr(streams, "prepare_streams", broken)
        assert cli._run() == 70
        said = capfd.readouterr().err
        assert "this is a bug in amin-ref (ZeroDivisionError: by 0); report it at " in said
        assert " https://github.com/amin-ref/amin-ref/issues with " in said


class TestStreams:
    @pytest.mark.parametrize("closed", list(chain.from_iterable(
        combinations(range(3), size) for size in range(4)
    )))  # fmt: skip
    def test_the_null_device_takes_the_place_of_a_closed_stream(
        self, closed: Sequence[int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Messages for a closed standard error vanish; a result for a closed output is an error."""
        taken: dict[int, int] = {}
        inherited: list[tuple[int, bool]] = []

        def stat(number: int) -> object:
            if number in closed or number > 2:
                raise OSError(errno.EBADF, "closed")
            return None

        def opened(path: str, flags: int) -> int:
            assert path == os.devnull
            number = min(set(closed) - set(taken))
            taken[number] = flags
            return number

        output, error = io.StringIO(), io.StringIO()
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", output)
            patched.setattr(sys, "stderr", error)
            system = SimpleNamespace(**vars(os))
            system.fstat, system.open = stat, opened
            system.set_inheritable = lambda *given: inherited.append(given)
            patched.setattr(streams, "os", system)
            patched.setattr(streams, "open", lambda *_, **__: "the null device", raising=False)
            prepare_streams()
            found = sys.stdout, sys.stderr
        assert taken == {n: os.O_WRONLY if n else os.O_RDONLY for n in closed}
        assert inherited == [(number, True) for number in closed]
        assert isinstance(found[0], ClosedOutput) if 1 in closed else found[0] is output
        assert found[1] == "the null device" if 2 in closed else found[1] is error

    @pytest.mark.parametrize("missing", ["stdout", "stderr"])
    def test_a_stream_that_python_has_not_is_as_a_closed_one(
        self, missing: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As in a program without a console."""
        opened: list[tuple[object, ...]] = []

        def null(*given: object, **named: object) -> str:
            opened.append((*given, named))
            return "null"

        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", io.StringIO())
            patched.setattr(sys, "stderr", io.StringIO())
            patched.setattr(sys, missing, None)
            patched.setattr(streams, "open", null, raising=False)
            prepare_streams()
            found = getattr(sys, missing)
        if missing == "stdout":
            assert isinstance(found, ClosedOutput)
        else:
            assert found == "null"
            assert opened == [(2, "w", {"encoding": "utf-8", "closefd": False})]

    def test_a_stream_without_a_buffer_gets_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What a full disk does not take at once is an error then, and not lost."""
        reading, writing = os.pipe()
        os.set_blocking(reading, False)  # what is still in a buffer is missed, not waited for
        with monkeypatch.context() as patched:
            raw = io.FileIO(writing, "w")
            unbuffered = io.TextIOWrapper(
                raw,  # as Python makes it with PYTHONUNBUFFERED
                encoding="latin-1",
                errors="replace",
                write_through=True,
            )
            patched.setattr(sys, "stdout", unbuffered)
            prepare_streams()
            made = sys.stdout
            assert isinstance(made, io.TextIOWrapper)
            assert isinstance(made.buffer, io.BufferedWriter)
            assert (made.encoding, made.errors) == ("latin-1", "replace")
            made.write("é☺\n")
            assert os.read(reading, 100) == b"\xe9?\n"
            made.close()
        os.close(reading)

    def test_a_stream_with_a_buffer_stays(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as patched, open(os.devnull, "w", encoding="utf-8") as stream:
            patched.setattr(sys, "stdout", stream)
            prepare_streams()
            assert sys.stdout is stream

"""A child process that is asked a line and answers a line, and may do anything else instead.

No pipe is ever waited for alone: while an answer is due, the question is written, the answer read
and stderr drained as each of them is ready, so full pipes cannot lock the two processes up. What is
kept is bounded: one line, and the end of stderr.

POSIX only: the child gets a session, and so a process group, of its own. That group is all that is
ever killed, and always before the child is reaped, while its number cannot be anybody else's.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from typing import IO

from amin_ref.model.errors import SchedulerFailed, shown

LONGEST_LINE = 2**24
"""Bytes that a line may have; a line that goes on is a flood."""

LAST_WORDS = 2**12
"""Bytes of stderr that are kept."""

LONGEST_WAIT = 3600.0
"""Seconds that are slept at once: operating systems know no timeout without end."""

GRACE = 1.0
"""Seconds in which a child that has closed its output is expected to be gone."""

_CHUNK = 2**16


class Child:
    """A running program.

    Args:
        command: the program and its arguments.
        timeout: for every answer; seconds.

    Raises:
        SchedulerFailed: the program cannot be started.
    """

    def __init__(self, command: Sequence[str], timeout: float) -> None:
        self._timeout = timeout
        self._unread = bytearray()
        self._last_words = b""
        self._listens = True
        try:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            name = shown(command[0]) if command else "nothing"
            raise SchedulerFailed(
                "cannot-start",
                f"{name} cannot be started: {getattr(error, 'strerror', None) or error}",
            ) from None
        self._stdin = _pipe(self._process.stdin)
        self._stdout = _pipe(self._process.stdout)
        self._stderr = _pipe(self._process.stderr)
        self._selector = selectors.DefaultSelector()
        for pipe in (self._stdin, self._stdout, self._stderr):
            os.set_blocking(pipe.fileno(), False)
        self._selector.register(self._stdout, selectors.EVENT_READ)
        self._selector.register(self._stderr, selectors.EVENT_READ)

    def ask(self, question: bytes) -> bytes:
        """The line that the child answers to a line; without its newline.

        Raises:
            SchedulerFailed: it dies, hangs, floods, closes its output or says more than one line.
        """
        deadline = time.monotonic() + self._timeout
        unsent = self._send(question)
        if unsent:
            self._selector.register(self._stdin, selectors.EVENT_WRITE)
        try:
            while b"\n" not in self._unread:
                ready = self._ready(deadline)
                if not ready:
                    raise self._hangs(unsent)
                if self._stdin in ready:
                    unsent = self._send(unsent)
                    if not unsent:
                        self._selector.unregister(self._stdin)
                if self._stdout in ready and not self._read_output():
                    raise self._gone()
        finally:
            if self._stdin in self._selector.get_map():
                self._selector.unregister(self._stdin)
        answer, _, more = bytes(self._unread).partition(b"\n")
        self._unread.clear()
        if unsent:
            raise SchedulerFailed(
                "nonsense", f"it said {_beginning(answer)} before it had read the whole question"
            )
        if more:
            raise SchedulerFailed(
                "too-many-lines",
                f"it said {_beginning(answer)} and, without being asked, {_beginning(more)}",
            )
        return answer.removesuffix(b"\r")

    def dismiss(self, last: bytes) -> None:
        """Say the last line, close the child's input, and wait for it to exit with code 0.

        Raises:
            SchedulerFailed: it says something, does not exit in time or exits with another code.
        """
        deadline = time.monotonic() + self._timeout
        # A child that does not read its input to the end finds out by the pipe being closed.
        self._send(last)
        self._stdin.close()
        while self._stdout in self._selector.get_map():
            if not (ready := self._ready(deadline)):
                raise SchedulerFailed(
                    "hangs", f"it did not exit within {self._timeout:g} s of the end"
                )
            if self._stdout in ready and self._read_output() and self._unread:
                raise SchedulerFailed(
                    "too-many-lines", f"it said {_beginning(self._unread)} after the end"
                )
        code = self._exit_code(max(GRACE, deadline - time.monotonic()))
        if code is None:
            raise SchedulerFailed("hangs", "it closed its output at the end, but did not exit")
        if code:
            raise self._died(code)

    def close(self) -> None:
        """Kill what still runs of the child and its children, and reap it. Never fails."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._selector.close()
        for pipe in (self._stdin, self._stdout, self._stderr):
            with contextlib.suppress(OSError):
                pipe.close()

    def _send(self, message: bytes) -> bytes:
        """Write what the pipe takes at once; returns the rest."""
        try:
            return message[os.write(self._stdin.fileno(), message) :]
        except BlockingIOError:
            return message
        except BrokenPipeError:
            # What it still says, and how it ends, tells more than that it has closed its input.
            self._listens = False
            return b""

    def _ready(self, deadline: float) -> set[IO[bytes]]:
        """The pipes that can go on, once stderr is drained; none when the time is over."""
        while (left := deadline - time.monotonic()) > 0:
            ready = {
                pipe
                for key, _ in self._selector.select(min(left, LONGEST_WAIT))
                for pipe in (self._stdin, self._stdout, self._stderr)
                if key.fileobj is pipe
            }
            if self._stderr in ready:
                self._read_errors()
            if ready := ready - {self._stderr}:
                return ready
        return set()

    def _read_output(self) -> bool:
        """Read what is there of stdout; whether it is still open."""
        chunk = os.read(self._stdout.fileno(), _CHUNK)
        self._unread += chunk
        if not chunk:
            self._selector.unregister(self._stdout)
        if len(self._unread) > LONGEST_LINE:
            raise SchedulerFailed(
                "flood",
                f"it has written {LONGEST_LINE:,} bytes without ending the line, which begins "
                f"{_beginning(self._unread)}",
            )
        return bool(chunk)

    def _read_errors(self) -> None:
        chunk = os.read(self._stderr.fileno(), _CHUNK)
        self._last_words = (self._last_words + chunk)[-LAST_WORDS:]
        if not chunk:
            self._selector.unregister(self._stderr)

    def _exit_code(self, patience: float) -> int | None:
        """The code with which the child has exited, or does so within ``patience`` seconds.

        It is looked at without being reaped.
        """
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            state = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if state is not None:
                killed = state.si_code != os.CLD_EXITED
                return -state.si_status if killed else state.si_status
            if self._stderr in self._selector.get_map():
                # It may be unable to exit before somebody reads what it has to say.
                if any(key.fileobj is self._stderr for key, _ in self._selector.select(0.01)):
                    self._read_errors()
            else:
                time.sleep(0.005)
        return None

    def _hangs(self, unsent: bytes) -> SchedulerFailed:
        what = f"it did not answer within {self._timeout:g} s"
        if self._unread:
            what += f", it only said {_beginning(self._unread)} without a newline"
        if unsent:
            what += f", and {len(unsent):,} bytes of the question are unread"
        if not self._listens:
            what += ", and it has closed its input"
        return SchedulerFailed("hangs", what + self._words())

    def _gone(self) -> SchedulerFailed:
        code = self._exit_code(GRACE)
        if code is None:
            return SchedulerFailed(
                "closed-output", f"it closed its output and did not exit{self._words()}"
            )
        return self._died(code)

    def _died(self, code: int) -> SchedulerFailed:
        how = f"was killed by {_signal_name(-code)}" if code < 0 else f"exited with code {code}"
        return SchedulerFailed("died", f"it {how}{self._words()}")

    def _words(self) -> str:
        """The last lines of stderr, to be put behind a sentence."""
        while self._stderr in self._selector.get_map() and any(
            key.fileobj is self._stderr for key, _ in self._selector.select(0)
        ):
            self._read_errors()
            if len(self._last_words) == LAST_WORDS:
                break
        lines = self._last_words.decode("utf-8", "backslashreplace").strip().splitlines()
        if not lines:
            return ""
        return "; its last words: " + ", ".join(shown(line) for line in lines[-3:])


def _pipe(opened: IO[bytes] | None) -> IO[bytes]:
    assert opened is not None  # all three are asked for
    return opened


def _beginning(said: bytes | bytearray) -> str:
    line = said[:60].split(b"\n")[0].decode("utf-8", "backslashreplace")
    return shown(line) + ("…" if len(line) < len(said) - 1 else "")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

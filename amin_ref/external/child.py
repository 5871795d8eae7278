"""A child process that should answer each line with a line, and may do anything else instead.

While an answer is due, the message is written, the answer is read and stderr is drained, each as
soon as its pipe is ready. So two full pipes cannot deadlock the processes. Memory is bounded: one
line of output and the last bytes of stderr are kept.

POSIX only: the child gets a session, and so a process group, of its own. That group is killed, and
on Linux every other descendant, always before the child is reaped, as long as no other process can
have its number.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import IO

from amin_ref.external.descendants import ProcessMark, kill_descendants
from amin_ref.model.errors import SchedulerFailed, shown

LONGEST_LINE = 2**24
"""Most bytes of an answer: 16 MiB, thousands of times what any instance needs."""

KEPT_OF_STDERR = 2**12
"""Last bytes of stderr that are kept: enough for the end of a traceback."""

LONGEST_WAIT = 3600.0
"""Most seconds of one wait: operating systems refuse timeouts that are too long."""

GRACE = 1.0
"""Seconds in which a child that has closed its output should exit."""

_CHUNK = 2**16
"""Bytes read at once: the size of a pipe on Linux."""

_POLL = 0.01
"""Seconds between two looks at whether the child has exited; there is no portable way to wait."""

_QUOTED = 60
"""Characters of an answer that a message quotes."""

_LINES_OF_STDERR = 3
"""Last lines of stderr that a message quotes: of a traceback, the place and the error."""


class Child:
    """A running program.

    Args:
        command: the program and its arguments.
        timeout: for each answer; seconds.

    Raises:
        SchedulerFailed: the program cannot be started, as on Windows none can.
    """

    def __init__(self, command: Sequence[str], timeout: float) -> None:
        _refuse_on_windows()
        self._timeout = timeout
        self._unread = bytearray()
        self._stderr_end = b""
        self._reads_input = True
        self._mark = ProcessMark.new()
        try:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
                env=self._mark.environment(),
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
        if sys.platform != "win32":
            for pipe in (self._stdin, self._stdout, self._stderr):
                os.set_blocking(pipe.fileno(), False)
        self._selector.register(self._stdout, selectors.EVENT_READ)
        self._selector.register(self._stderr, selectors.EVENT_READ)

    def ask(self, message: bytes) -> bytes:
        """Send a line and return the line that the child answers, without its newline.

        Raises:
            SchedulerFailed: it dies, hangs, floods, closes its output or sends more than one line.
        """
        deadline = time.monotonic() + self._timeout
        unsent = self._send(message)
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
                "nonsense", f"it sent {_beginning(answer)} before it had read the whole message"
            )
        if more:
            raise SchedulerFailed(
                "too-many-lines",
                f"it sent {_beginning(answer)} and, without being asked, {_beginning(more)}",
            )
        return answer.removesuffix(b"\r")

    def dismiss(self, last: bytes) -> None:
        """Send the last line, close the child's input, and wait for it to exit with code 0.

        Raises:
            SchedulerFailed: it sends a line, does not exit in time or exits with another code.
        """
        deadline = time.monotonic() + self._timeout
        # A child that does not read the line learns it from its closed input.
        self._send(last)
        self._stdin.close()
        while self._stdout in self._selector.get_map():
            if not (ready := self._ready(deadline)):
                raise SchedulerFailed(
                    "hangs", f"it did not exit within {self._timeout:g} s of the end"
                )
            if self._stdout in ready and self._read_output() and self._unread:
                raise SchedulerFailed(
                    "too-many-lines", f"it sent {_beginning(self._unread)} after the end"
                )
        code = self._exit_code(max(GRACE, deadline - time.monotonic()))
        if code is None:
            raise SchedulerFailed("hangs", "it closed its output at the end, but did not exit")
        if code:
            raise self._died(code)

    def close(self) -> None:
        """Kill the child and its descendants if they still run, and reap it. Never fails."""
        if self._process.returncode is None:
            kill_descendants(self._process.pid, self._mark)
            self._kill_group()
            self._process.wait()
        self._selector.close()
        for pipe in (self._stdin, self._stdout, self._stderr):
            with contextlib.suppress(OSError):
                pipe.close()

    def _kill_group(self) -> None:
        if sys.platform != "win32":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _send(self, message: bytes) -> bytes:
        """Write as many bytes as the pipe takes now; returns the rest."""
        try:
            return message[os.write(self._stdin.fileno(), message) :]
        except BlockingIOError:
            return message
        except BrokenPipeError:
            # Its further output and its exit code tell more than its closed input.
            self._reads_input = False
            return b""

    def _ready(self, deadline: float) -> set[IO[bytes]]:
        """The pipes that are ready, with stderr drained; empty after the deadline."""
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
        """Read the bytes that stdout has; returns whether it is still open."""
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
        self._stderr_end = (self._stderr_end + chunk)[-KEPT_OF_STDERR:]
        if not chunk:
            self._selector.unregister(self._stderr)

    def _exit_code(self, seconds: float) -> int | None:
        """The child's exit code; ``None`` if it still runs after ``seconds``."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            code = self._exit_code_now()
            if code is not None:
                return code
            if self._stderr in self._selector.get_map():
                # A child whose stderr is full cannot exit before it is read.
                if any(key.fileobj is self._stderr for key, _ in self._selector.select(_POLL)):
                    self._read_errors()
            else:
                time.sleep(_POLL)
        return None

    def _exit_code_now(self) -> int | None:
        """The child's exit code, negative for a signal; ``None`` while it runs.

        On Linux the child is not reaped, so that no other process can have its number. Python on
        macOS cannot tell without reaping before 3.13; there the process group is killed at once.
        """
        if sys.platform != "linux":
            code = self._process.poll()
            if code is not None:
                self._kill_group()
            return code
        state = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if state is None:
            return None
        return state.si_status if state.si_code == os.CLD_EXITED else -state.si_status

    def _hangs(self, unsent: bytes) -> SchedulerFailed:
        what = f"it did not answer within {self._timeout:g} s"
        if self._unread:
            what += f", it only sent {_beginning(self._unread)} without a newline"
        if unsent:
            what += f", and {len(unsent):,} bytes of the message are unread"
        if not self._reads_input:
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
        """The last lines of stderr, as the end of a sentence."""
        while self._stderr in self._selector.get_map() and any(
            key.fileobj is self._stderr for key, _ in self._selector.select(0)
        ):
            self._read_errors()
            if len(self._stderr_end) == KEPT_OF_STDERR:
                break
        lines = self._stderr_end.decode("utf-8", "backslashreplace").strip().splitlines()
        if not lines:
            return ""
        return "; the end of its stderr: " + ", ".join(
            shown(line) for line in lines[-_LINES_OF_STDERR:]
        )


def _refuse_on_windows() -> None:
    if sys.platform == "win32":
        raise SchedulerFailed(
            "cannot-start",
            "programs can be driven on Linux and macOS only: Windows does not tell which of a "
            "program's pipes is ready",
        )


def _pipe(opened: IO[bytes] | None) -> IO[bytes]:
    assert opened is not None  # Popen was given PIPE for all three
    return opened


def _beginning(said: bytes | bytearray) -> str:
    line = said[:_QUOTED].split(b"\n")[0].decode("utf-8", "backslashreplace")
    return shown(line) + ("…" if len(line) < len(said) - 1 else "")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

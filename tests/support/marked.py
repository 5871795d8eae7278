"""Processes that a test has started, and the processes that these have started."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LOOKS = 250
"""How many times, 20 ms apart, `Mark.left` looks for marked processes: for five seconds."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A random value in the environment of a process, which its child processes inherit."""

    token: str

    @classmethod
    def new(cls) -> Mark:
        """A mark that no process has."""
        return cls(f"amin-ref-test-{secrets.token_hex(8)}")

    def environment(self, **more: str) -> Mapping[str, str]:
        """The environment of a marked process; its output is buffered, as is Python's default."""
        given = {name: text for name, text in os.environ.items() if name != "PYTHONUNBUFFERED"}
        return {**given, "AMIN_REF_TEST": self.token, **more}

    def left(self) -> list[str]:
        """Command lines of marked processes that still run after up to five seconds."""
        found: list[str] = []
        for _ in range(LOOKS):
            found = self._running()
            if not found:
                break
            time.sleep(0.02)
        return found

    def _running(self) -> list[str]:
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    if self.token.encode() in (entry / "environ").read_bytes():
                        words = (entry / "cmdline").read_bytes().split(b"\0")
                        found.append(f"{entry.name}: {b' '.join(words).decode('utf-8', 'replace')}")
        return found

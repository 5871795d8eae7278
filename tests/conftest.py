"""Settings of the whole test run: Hypothesis profile, SIGINT, messages about slow commands."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from tests.support.profiles import is_symbolic, load_profile

if os.environ.get("AMIN_PROVED_CHECKERS") == "every":
    # Here, and not by ``-p``, for which ``tests`` would have to be on the import path.
    pytest_plugins = ("tests.rocq.every",)

# A shell starts background jobs with SIGINT ignored, and child processes inherit that. Tests send
# SIGINT to child processes, which must not ignore it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores, since many tests wait for a program that they run."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(autouse=True)
def silent_about_slow_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that run within a test print no message about their running time or memory.

    Time depends on the load of the machine, and the process's memory includes earlier tests'.
    """
    monkeypatch.setattr("amin_ref.cli.slow.SILENT_SECONDS", 600.0)
    monkeypatch.setattr("amin_ref.cli.memory.GROWTH_MEGABYTES", 10**6)


NOT_ON_WINDOWS = (
    *(f"cli/test_{name}.py" for name in ("application", "beginning", "cli", "compare", "drive")),
    *(f"cli/test_{name}.py" for name in ("fuzz", "kill", "other_systems", "outputs")),
    *(f"cli/test_{name}.py" for name in ("signals", "streams")),
    *(f"files/test_{name}.py" for name in ("reading", "writing")),
    *(f"oracle/{name}.py" for name in ("claims/test_claims", "ratio/test_worst_case")),
    *(
        "oracle/test_journal.py",
        "external/test_external.py",
        "proved",
        "project/test_readme.py",
        "long",
    ),
)
"""Test files that use what only POSIX systems have: signals, named pipes, terminals, bash. Windows
runs all others. The list is from ``mypy --platform win32``: no test has run on Windows yet."""

if sys.platform == "win32":
    collect_ignore = list(NOT_ON_WINDOWS)

load_profile()
if is_symbolic():
    from tests.models.plain import use_plain_batches

    use_plain_batches()

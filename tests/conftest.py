"""Loads the Hypothesis profile before any property is defined; what holds for every test."""

from __future__ import annotations

import signal

import pytest

from tests.support.profiles import is_symbolic, load_profile

# A shell starts what goes to the background deaf to Ctrl-C, and programs hand that down. Those that
# tests interrupt must hear it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command run within a test does not say that its work takes long, or much memory.

    The machine may be busy, and the memory is that of all tests before.
    """
    monkeypatch.setattr("amin_ref.cli.slow.SILENT_SECONDS", 600.0)
    monkeypatch.setattr("amin_ref.cli.memory.GROWTH_MEGABYTES", 10**6)


load_profile()
if is_symbolic():
    from tests.models.plain import use_plain_batches

    use_plain_batches()

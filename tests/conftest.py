"""Loads the Hypothesis profile before any property is defined."""

from __future__ import annotations

import signal

from tests.support.profiles import is_symbolic, load_profile

# A shell starts what goes to the background deaf to Ctrl-C, and programs hand that down. Those that
# tests interrupt must hear it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

load_profile()
if is_symbolic():
    from tests.models.plain import use_plain_batches

    use_plain_batches()

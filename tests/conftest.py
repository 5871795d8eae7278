"""Loads the Hypothesis profile before any property is defined."""

from __future__ import annotations

from tests.profiles import is_symbolic, load_profile

load_profile()
if is_symbolic():
    from tests.contracts.plain import use_plain_batches

    use_plain_batches()

"""Loads the Hypothesis profile before any property is defined."""

from __future__ import annotations

from tests.profiles import load_profile

load_profile()

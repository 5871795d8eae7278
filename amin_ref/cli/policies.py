"""The policies under the names that the command line knows them by."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from amin_ref.policies import (
    Amax,
    Amin,
    ClairvoyantPolicy,
    FirstComeFirstServed,
    HindsightShortestFirst,
    Policy,
    TieBreak,
)

POLICIES: Mapping[str, Callable[[TieBreak], Policy | ClairvoyantPolicy]] = {
    "amin": Amin,
    "amax": Amax,
    "h-sf": HindsightShortestFirst,
    "fcfs": FirstComeFirstServed,
}

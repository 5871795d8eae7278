"""What did a schedule cost its requests? Evictions, waits, and requests that evict each other.

To read: ``waits`` (how long a request waits without a break), ``evictions`` (which requests are
evicted how often, and which ones in turn).
"""

from __future__ import annotations

from amin_ref.judging.evictions import EvictedInTurn, evicted_in_turn, evictions_by_request
from amin_ref.judging.waits import Wait, longest_wait

__all__ = [
    "EvictedInTurn",
    "Wait",
    "evicted_in_turn",
    "evictions_by_request",
    "longest_wait",
]

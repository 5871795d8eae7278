"""List schedules: requests are placed one by one, each in the earliest round in which it fits."""

from __future__ import annotations

from collections.abc import Sequence

from amin_ref.model.blocks import volume
from amin_ref.model.instance import Instance
from amin_ref.model.request import Request
from oracle.starts.free_capacity import FreeCapacity


def list_schedule(
    instance: Instance, requests: Sequence[Request], order: Sequence[int]
) -> list[int]:
    """The start round of each request when they are placed in this order.

    A request may start before one that was placed earlier. The schedule ends no later than the
    last arrival + Σ o: in each round from the last arrival to its end some request runs.

    Args:
        instance: gives capacity and block size.
        requests: the requests to be placed; they arrive near each other, as memory grows with the
            rounds from the first arrival to the end of the schedule.
        order: the positions of all requests, in the order in which they are placed.
    """
    first_round = min((request.arrival for request in requests), default=0)
    free = FreeCapacity(instance, first_round)
    starts = [0] * len(requests)
    for position in order:
        starts[position] = free.place_earliest(requests[position], requests[position].arrival)
    return starts


def volume_of(request: Request) -> int:
    """The tokens that a request holds, summed over the rounds of its run, in token·rounds.

    It is the :func:`~amin_ref.model.blocks.volume` in blocks of one token: Σ_{a=1..o} (s + a).
    Ascending order by it is the best of the simple orders for a list schedule.
    """
    return volume(request.prompt_len, request.output_len, block_size=1)


def by_volume(requests: Sequence[Request]) -> list[int]:
    """The positions of the requests in ascending order of :func:`volume_of`; ties by position."""
    volumes = [volume_of(request) for request in requests]
    return sorted(range(len(volumes)), key=volumes.__getitem__)

"""Placing requests in the free capacity of the cache: the ground that heuristics stand on.

A request that starts in round t fits when

    s + (τ − t + 1)  ≤  free[τ]    for every round τ = t, …, t + o − 1,

whatever the block size is: count the capacity in whole blocks, and ``free`` is always a multiple
of B, which is at least s + a exactly when it is at least B·⌈(s + a)/B⌉.

Round τ therefore forbids the starts from τ − o + 1 to τ − max(0, free[τ] − s), a range that may be
empty. As its left end moves with τ, start t is forbidden by some round exactly when the running
maximum of the right ends, over rounds up to t + o − 1, reaches t: one pass of numpy over the
rounds finds the earliest start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amin_ref.model.blocks import occupied_by_round
from amin_ref.model.instance import Instance
from amin_ref.model.request import Request

Rounds = NDArray[np.int64]

ROUNDS_AT_ONCE = 256
"""Starts looked at in one pass; most requests find theirs near the first round asked for."""


class FreeCapacity:
    """What nothing holds yet in each round from ``first_round`` on; beyond ``end``, everything."""

    def __init__(self, instance: Instance, first_round: int) -> None:
        self.first_round = first_round
        self.end = first_round
        """A round from which on nothing is held; it may be late once something was removed."""
        self._block_size = instance.block_size
        self._capacity = instance.capacity // instance.block_size * instance.block_size
        # Rounds are counted from first_round. The level of round τ is τ − free[τ]: it is all that
        # the search for a start needs.
        self._rounds = np.arange(0, dtype=np.int64)
        self._level = self._rounds
        self._reach(1024)

    def earliest_start(self, request: Request, not_before: int) -> int:
        """The first round from ``not_before`` on in which the request can start."""
        since = not_before - self.first_round
        of_run = request.output_len - 1
        starts = ROUNDS_AT_ONCE
        while since < self.end - self.first_round:
            until = since + starts + of_run
            self._reach(until)
            rounds = self._rounds[since:until]
            forbidden = self._level[since:until] + request.prompt_len
            np.minimum(forbidden, rounds, out=forbidden)
            np.maximum.accumulate(forbidden, out=forbidden)
            allowed = forbidden[of_run:] < rounds[:starts]
            first = int(allowed.argmax())
            if allowed[first]:
                return self.first_round + since + first
            since += starts
            starts *= 2
        return self.first_round + since

    def place(self, request: Request, start: int) -> None:
        """Hold what the request occupies when it starts in that round, whether it fits or not."""
        since = start - self.first_round
        until = since + request.output_len
        self._reach(until)
        self._level[since:until] += self._occupied(request)
        self.end = max(self.end, start + request.output_len)

    def remove(self, request: Request, start: int) -> None:
        """Give back what :meth:`place` held."""
        since = start - self.first_round
        self._level[since : since + request.output_len] -= self._occupied(request)

    def overflow(self) -> Rounds:
        """Tokens held beyond the capacity, for each round from ``first_round`` to ``end``."""
        rounds = self.end - self.first_round
        overflow: Rounds = np.maximum(0, self._level[:rounds] - self._rounds[:rounds])
        return overflow

    def _occupied(self, request: Request) -> Rounds:
        return occupied_by_round(request.prompt_len, request.output_len, self._block_size)

    def _reach(self, rounds: int) -> None:
        known = len(self._rounds)
        if rounds > known:
            self._rounds = np.arange(2 * rounds, dtype=np.int64)
            more = self._rounds[known:] - self._capacity
            self._level = np.concatenate((self._level, more))


@dataclass(frozen=True)
class Crowd:
    """Requests that keep the cache from running empty when served first come, first served.
    None overtakes another and none is evicted.

    Attributes:
        first_round: the first arrival.
        requests: in order of arrival.
        starts: of each request when served like that.
        end: the round in which that schedule has completed everything.
    """

    first_round: int
    requests: tuple[Request, ...]
    starts: tuple[int, ...]
    end: int

    @property
    def rounds(self) -> int:
        """How long the schedule is."""
        return self.end - self.first_round

    @property
    def crowded(self) -> bool:
        """Whether anybody has to wait. Where nobody does, the schedule is optimal."""
        arrivals = (request.arrival for request in self.requests)
        return any(start > arrival for start, arrival in zip(self.starts, arrivals, strict=True))

    def waiting(self) -> Rounds:
        """How many have arrived and not started, in each round."""
        changes = np.zeros(self.rounds, dtype=np.int64)
        for request, start in zip(self.requests, self.starts, strict=True):
            changes[request.arrival - self.first_round] += 1
            changes[start - self.first_round] -= 1
        return np.cumsum(changes)


def crowds(instance: Instance) -> list[Crowd]:
    """The instance cut wherever first come, first served leaves the cache empty.

    Bounds of the parts add up to a bound of the whole; and time between crowds, which may be
    aeons, costs nothing.
    """
    found: list[Crowd] = []
    members: list[Request] = []
    starts: list[int] = []
    free = FreeCapacity(instance, 0)
    for request in sorted(instance.requests, key=lambda request: request.arrival):
        if members and request.arrival >= free.end:
            found.append(Crowd(free.first_round, tuple(members), tuple(starts), free.end))
            members, starts = [], []
        if not members:
            free = FreeCapacity(instance, request.arrival)
        start = free.earliest_start(request, max([request.arrival, *starts[-1:]]))
        free.place(request, start)
        members.append(request)
        starts.append(start)
    if members:
        found.append(Crowd(free.first_round, tuple(members), tuple(starts), free.end))
    return found


def listed(instance: Instance, crowd: Crowd, order: Sequence[int]) -> list[int]:
    """Starts of a list schedule: each request in turn as early as it still fits.

    Args:
        instance: gives capacity and block size.
        crowd: whose requests are listed.
        order: positions of all its requests.
    """
    free = FreeCapacity(instance, crowd.first_round)
    starts = [0] * len(order)
    for position in order:
        request = crowd.requests[position]
        starts[position] = free.earliest_start(request, request.arrival)
        free.place(request, starts[position])
    return starts


def volume(request: Request) -> int:
    """Twice the tokens that a request holds, summed over the rounds of its run."""
    return request.output_len * (2 * request.prompt_len + request.output_len + 1)

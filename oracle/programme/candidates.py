"""The columns of the integer programme: which requests may start in which rounds.

Requests that occupy the same in every round are of one *kind* and are only counted. A *candidate*
is a kind and a round in which requests of it may start. Candidates are dropped only with proof
(``proofs_notes/ilp.md``), and every proof is in integer arithmetic, without a solver.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from amin_ref import Instance, InvalidValue, Request
from amin_ref.model.blocks import occupied_by_round

MOST_CANDIDATES = 2_000_000
"""Most candidates of a programme; more are refused before any array is made.

Each has at least one entry in the constraints, so more candidates would exceed
:data:`oracle.programme.branch_and_cut.MOST_ENTRIES` anyway.
"""

OUT_OF_REACH = 2**61
"""Cost of a candidate that cannot be used: above every price, and two fit in 64 bits."""

BITS_OF_TOTAL = 60
"""Sums of prices stay below 2**60, so that a sum and ``OUT_OF_REACH`` together fit in 64 bits."""

FINEST_SCALE = 40
"""Prices are rounded to multiples of 2**-40 at the finest: below lie only rounding errors."""

Integers = NDArray[np.int64]


class ModelTooLarge(InvalidValue):
    """The integer programme of the instance would be too large for a solver."""


@dataclass(frozen=True)
class Kind:
    """Requests that differ in their arrivals only.

    Attributes:
        prompt_len: what one of them stores beside its tokens: s, or s - 1 where the last token is
            not stored; tokens.
        output_len: output length of all of them; tokens.
        members: their positions in the instance, in order of arrival.
        arrivals: their arrivals, ascending, shape ``(len(members),)``; rounds.
        occupancy: what each occupies in its rounds, shape ``(output_len,)``; tokens.
    """

    prompt_len: int
    output_len: int
    members: tuple[int, ...]
    arrivals: Integers
    occupancy: Integers

    @property
    def count(self) -> int:
        """How many requests are of this kind."""
        return len(self.members)

    def windows(self, longest_wait: int, horizon: int) -> Integers:
        """Rounds in which a request of the kind may start.

        Args:
            longest_wait: rounds that a request waits at most.
            horizon: the round by which it completes at the latest.
        """
        latest = np.minimum(self.arrivals + longest_wait, horizon - self.output_len)
        rounds: list[Integers] = []
        free = 0
        for first, last in zip(self.arrivals.tolist(), latest.tolist(), strict=True):
            rounds.append(np.arange(max(free, first), last + 1, dtype=np.int64))
            free = max(free, last + 1)
        return np.concatenate(rounds)


def kinds_of(instance: Instance) -> tuple[Kind, ...]:
    """The kinds of an instance's requests, in order of first appearance."""
    found: dict[tuple[int, int, bytes], list[int]] = {}
    for position, request in enumerate(instance.requests):
        found.setdefault(_likeness(request, instance), []).append(position)
    return tuple(_kind(instance, positions) for positions in found.values())


def _likeness(request: Request, instance: Instance) -> tuple[int, int, bytes]:
    stored = instance.machine.held(request.prompt_len)
    if instance.block_size == 1:
        return request.output_len, stored, b""
    profile = occupied_by_round(stored, request.output_len, instance.block_size)
    return request.output_len, 0, profile.tobytes()


def _kind(instance: Instance, positions: list[int]) -> Kind:
    requests = instance.requests
    members = sorted(positions, key=lambda position: requests[position].arrival)
    model = requests[members[0]]
    stored = instance.machine.held(model.prompt_len)
    return Kind(
        prompt_len=stored,
        output_len=model.output_len,
        members=tuple(members),
        arrivals=np.array([requests[member].arrival for member in members], dtype=np.int64),
        occupancy=occupied_by_round(stored, model.output_len, instance.block_size),
    )


@dataclass(frozen=True)
class Cut:
    """A constraint that every valid schedule satisfies: Σ weight · starts ≤ limit.

    Attributes:
        candidates: their indices, ascending.
        weights: of a request that starts in each candidate, shape ``(len(candidates),)``.
        limit: the most that all starts together can weigh.
    """

    candidates: Integers
    weights: Integers
    limit: int


@dataclass(frozen=True)
class PricedBound:
    """What prices prove about the candidates, in units of 1/scale request·rounds.

    Attributes:
        scale: a power of two.
        bound: every schedule that starts requests in candidates only costs at least this.
        surplus: for each candidate, the least that a schedule which uses it costs above ``bound``.
    """

    scale: int
    bound: int
    surplus: Integers

    @property
    def lower_bound(self) -> int:
        """The bound in whole request·rounds, rounded up as every cost is whole."""
        return -(-self.bound // self.scale)

    def affordable(self, cost: int) -> NDArray[np.bool_]:
        """Whether a schedule of at most this cost may start a request in each candidate."""
        return self.surplus <= cost * self.scale - self.bound


@dataclass(frozen=True)
class Candidates:
    """The kinds of an instance, and rounds in which their requests may start.

    Attributes:
        instance: the instance; its first arrival is near round 0.
        kinds: see :func:`kinds_of`.
        kind: index of each candidate's kind, shape ``(N,)``, ascending.
        start: round of each candidate, shape ``(N,)``, ascending within a kind.
    """

    instance: Instance
    kinds: tuple[Kind, ...]
    kind: Integers
    start: Integers

    def __len__(self) -> int:
        return len(self.start)

    def keep(self, mask: NDArray[np.bool_]) -> Candidates:
        """Only the candidates that the mask selects."""
        return replace(self, kind=self.kind[mask], start=self.start[mask])

    def including(self, starts: Sequence[int]) -> Candidates:
        """These candidates and the start rounds of a schedule, given by position."""
        kind_of = self._kind_of_member
        pairs = np.concatenate(
            [
                np.stack([self.kind, self.start], axis=1),
                np.array([[kind_of[p], start] for p, start in enumerate(starts)], dtype=np.int64),
            ]
        )
        merged = np.unique(pairs, axis=0)
        return replace(self, kind=merged[:, 0], start=merged[:, 1])

    def usage(self, starts: Sequence[int]) -> Integers:
        """Number of requests that a schedule starts in each candidate, shape ``(N,)``.

        The start rounds, given by position, must all be candidates.
        """
        usage = np.zeros(len(self), dtype=np.int64)
        for position, start in enumerate(starts):
            where = self.of_kind(self._kind_of_member[position])
            usage[where.start + int(np.searchsorted(self.start[where], start))] += 1
        return usage

    def by_mean_start(self, value: NDArray[np.float64]) -> list[int]:
        """Positions of the requests by the mean start of their kind in a fractional solution."""
        weight = np.bincount(self.kind, weights=value, minlength=len(self.kinds))
        total = np.bincount(self.kind, weights=value * self.start, minlength=len(self.kinds))
        mean = total / np.maximum(weight, np.finfo(np.float64).tiny)
        return [member for index in np.argsort(mean) for member in self.kinds[index].members]

    def starts(self, usage: Integers) -> tuple[int, ...] | None:
        """Start rounds, by position, from the number of requests that start in each candidate.

        Within a kind, requests start in order of arrival. ``None`` if the requests of a kind do
        not start exactly once each. Nothing else is checked; see
        :func:`oracle.starts.start_rounds.starts_fit`.
        """
        starts = [0] * len(self.instance.requests)
        for index, kind in enumerate(self.kinds):
            where = self.of_kind(index)
            if (usage[where] < 0).any() or int(usage[where].sum()) != kind.count:
                return None
            chosen = np.repeat(self.start[where], usage[where])
            for member, start in zip(kind.members, chosen.tolist(), strict=True):
                starts[member] = start
        return tuple(starts)

    @cached_property
    def _kind_of_member(self) -> Mapping[int, int]:
        return {member: index for index, kind in enumerate(self.kinds) for member in kind.members}

    def of_kind(self, index: int) -> slice[int, int, None]:
        """The indices of a kind's candidates."""
        return slice(
            int(np.searchsorted(self.kind, index)), int(np.searchsorted(self.kind, index + 1))
        )

    @cached_property
    def prompt_len(self) -> Integers:
        """Prompt length of each candidate's kind; tokens."""
        return np.array([kind.prompt_len for kind in self.kinds], dtype=np.int64)[self.kind]

    @cached_property
    def output_len(self) -> Integers:
        """Output length of each candidate's kind; tokens."""
        return np.array([kind.output_len for kind in self.kinds], dtype=np.int64)[self.kind]

    @cached_property
    def wait(self) -> Integers:
        """Cost of each candidate in the programme: rounds since the first arrival of its kind."""
        first = np.array([kind.arrivals[0] for kind in self.kinds], dtype=np.int64)
        return self.start - first[self.kind]

    @cached_property
    def exclusive(self) -> NDArray[np.bool_]:
        """Whether two requests can never both start in the candidate."""
        alone = np.array(
            [
                kind.count == 1 or 2 * int(kind.occupancy[-1]) > self.instance.capacity
                for kind in self.kinds
            ],
            dtype=np.bool_,
        )
        return alone[self.kind]

    @cached_property
    def fixed_cost(self) -> int:
        """What every schedule costs on top of the candidates' waits: Σ (o + first arrival − r)."""
        return sum(
            kind.output_len + int(kind.arrivals[0]) - int(arrival)
            for kind in self.kinds
            for arrival in kind.arrivals
        )

    def held_before(self, index: Integers | int, end: Integers) -> Integers:
        """Tokens that requests which start in candidates hold in the round before ``end``.

        The requests must run in that round. Arguments are broadcast.
        """
        block = self.instance.block_size
        tokens = self.prompt_len[index] + end - self.start[index]
        held: Integers = -(-tokens // block) * block
        return held

    def excluding(self, index: int, among: Integers) -> NDArray[np.bool_]:
        """Which of the candidates ``among`` exclude candidate ``index``, itself left out.

        Occupancy only grows during a run, so two requests that overlap occupy the most together in
        the last round of the one that completes first.
        """
        end = self.start + self.output_len
        first_end = np.minimum(end[among], end[index])
        overlap = np.maximum(self.start[among], self.start[index]) < first_end
        peak = self.held_before(among, first_end) + self.held_before(index, first_end)
        same_request = (self.kind[among] == self.kind[index]) & (
            self.kinds[int(self.kind[index])].count == 1
        )
        conflict = (overlap & (peak > self.instance.capacity)) | same_request
        result: NDArray[np.bool_] = (
            conflict & self.exclusive[among] & self.exclusive[index] & (among != index)
        )
        return result

    def priced(
        self,
        prices: Mapping[int, float],
        cuts: Sequence[tuple[Cut, float]] = (),
        usable: NDArray[np.bool_] | None = None,
    ) -> PricedBound:
        """What prices prove about the schedules that use only ``usable`` candidates.

        Any prices will do. They are rounded to integers over :attr:`PricedBound.scale`, negative
        ones to zero; the rest is exact (``proofs_notes/ilp.md``, lemma 3).

        Args:
            prices: of a token of cache in each round; 0 in rounds that are missing.
            cuts: with the price of a unit of each limit.
            usable: for each candidate whether it may be used; ``None``: all. Every request must
                have a usable candidate from its arrival on.
        """
        horizon = int((self.start + self.output_len).max(initial=0))
        weight = np.zeros(horizon)
        for round_, value in prices.items():
            if 0 <= round_ < horizon and value > 0:
                weight[round_] = value
        shares = [(cut, max(0.0, value)) for cut, value in cuts]
        scale = self._scale(weight, sum(cut.limit * value for cut, value in shares))
        if scale is None:
            return self.priced({}, usable=usable)
        weights = np.rint(weight * scale).astype(np.int64)

        paid = self.wait * scale
        bound = self.fixed_cost * scale - self.instance.capacity * int(weights.sum())
        for cut, value in shares:
            share = round(value * scale)
            paid[cut.candidates] += share * cut.weights
            bound -= share * cut.limit
        surplus = np.empty_like(paid)
        for index, kind in enumerate(self.kinds):
            where = self.of_kind(index)
            starts = self.start[where]
            paid[where] += _price_of_room(weights, kind, starts)
            if usable is not None:
                paid[where][~usable[where]] = OUT_OF_REACH
            cheapest_from = np.minimum.accumulate(paid[where][::-1])[::-1]
            cheapest = cheapest_from[np.searchsorted(starts, kind.arrivals)]
            bound += int(cheapest.sum())
            # A start costs the least extra when it is taken by the last that has arrived by then.
            last_arrived = np.searchsorted(kind.arrivals, starts, side="right") - 1
            surplus[where] = paid[where] - cheapest[last_arrived]
        return PricedBound(scale, bound, surplus)

    def _scale(self, weight: NDArray[np.float64], shares: float) -> int | None:
        """The largest power of two at which no sum of prices exceeds 64 bits.

        ``None`` where 1 is too large already: the prices are too large to be of use.
        """
        heaviest = max(int(kind.occupancy[-1]) for kind in self.kinds)
        longest = max(kind.output_len for kind in self.kinds)
        dearest_room = min(float(weight.sum()), longest * float(weight.max(initial=0.0)))
        dearest = float(self.wait.max(initial=0)) + heaviest * dearest_room + shares
        total = 2 * len(self.instance.requests) * dearest + 1
        if not total < 2.0**BITS_OF_TOTAL:  # true for nan, too
            return None
        return 1 << min(FINEST_SCALE, BITS_OF_TOTAL - int(total).bit_length())


def _price_of_room(weights: Integers, kind: Kind, starts: Integers) -> Integers:
    """Σ weight · occupancy over the rounds of a request of the kind, for each of its starts."""
    first, last = int(starts[0]), int(starts[-1]) + kind.output_len
    priced: Integers = np.correlate(weights[first:last], kind.occupancy, "valid")
    return priced[starts - first]


def affordable_candidates(instance: Instance, cost: int) -> Candidates:
    """Candidates that every optimal schedule starts in, if OPT is at most ``cost``.

    No request of an optimal schedule waits longer than ``cost`` − Σ o, nor completes later than
    the last arrival + Σ o (``proofs_notes/ilp.md``, lemmas 1 and 2).

    Raises:
        ModelTooLarge: there are more than :data:`MOST_CANDIDATES`.
    """
    work = sum(request.output_len for request in instance.requests)
    last_arrival = max(request.arrival for request in instance.requests)
    return candidates_within(instance, cost - work, last_arrival + work)


def candidates_within(instance: Instance, longest_wait: int, horizon: int) -> Candidates:
    """Candidates in which a request waits at most ``longest_wait`` and completes by ``horizon``.

    Raises:
        ModelTooLarge: there are more than :data:`MOST_CANDIDATES`.
    """
    kinds = kinds_of(instance)
    most = sum(
        min(kind.count * (longest_wait + 1), horizon - int(kind.arrivals[0])) for kind in kinds
    )
    if most > MOST_CANDIDATES:
        raise ModelTooLarge(
            "instance: starts in the integer programme",
            most,
            f"it must be at most {MOST_CANDIDATES}",
            "give a better schedule to start from, or another method",
        )
    windows = [kind.windows(longest_wait, horizon) for kind in kinds]
    lengths = [len(window) for window in windows]
    return Candidates(
        instance=instance,
        kinds=kinds,
        kind=np.repeat(np.arange(len(kinds), dtype=np.int64), lengths),
        start=np.concatenate(windows),
    )

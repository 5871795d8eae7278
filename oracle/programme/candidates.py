"""Which requests may start when: the columns of the integer programme, priced exactly.

Requests that occupy the same in every round are of one *kind* and are not told apart. A *candidate*
is a kind and a round in which requests of it may start. Candidates are thrown out only with proof
(``proofs_notes/ilp.md``), and every proof is integer arithmetic: no solver is believed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from amin_ref import Instance, InvalidValue, Request
from amin_ref.model.blocks import occupied, occupied_by_round

MOST_CANDIDATES = 2_000_000
"""Candidates that are priced at most; more are refused before anything is laid out."""

MOST_ROUNDS = 2**24
"""Rounds that are laid out at most, from the first arrival on; more are refused."""

OUT_OF_REACH = 2**61
"""Above every price: what a candidate costs that cannot be used."""

Integers = NDArray[np.int64]


class ModelTooLarge(InvalidValue):
    """The integer programme of the instance would be larger than anything a solver can chew."""


def epochs(instance: Instance) -> list[tuple[int, Instance]]:
    """Parts of the instance that every optimal schedule treats one after the other.

    A new part begins where the next request arrives no earlier than the requests before it would
    complete if, from the last of their arrivals on, they ran one at a time
    (``proofs_notes/ilp.md``, lemma 2). Each comes with the round of its first arrival, from which
    its rounds are counted.
    """
    parts: list[tuple[int, Instance]] = []
    waiting: list[Request] = []
    work = 0
    for request in sorted(instance.requests, key=lambda request: request.arrival):
        if waiting and request.arrival >= waiting[-1].arrival + work:
            parts.append(_part(instance, waiting))
            waiting, work = [], 0
        waiting.append(request)
        work += request.output_len
    if waiting:
        parts.append(_part(instance, waiting))
    return parts


def _part(instance: Instance, requests: Sequence[Request]) -> tuple[int, Instance]:
    origin = requests[0].arrival
    shifted = tuple(replace(request, arrival=request.arrival - origin) for request in requests)
    return origin, Instance(instance.capacity, shifted, instance.block_size)


@dataclass(frozen=True)
class Kind:
    """Requests that nothing but the arrival tells apart.

    Attributes:
        prompt_len: prompt length of one of them; tokens.
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
        """Rounds in which one may start that waits at most so long and ends by the horizon."""
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
        found.setdefault(_likeness(request, instance.block_size), []).append(position)
    return tuple(_kind(instance, positions) for positions in found.values())


def _likeness(request: Request, block_size: int) -> tuple[int, int, bytes]:
    if block_size == 1:
        return request.output_len, request.prompt_len, b""
    profile = occupied_by_round(request.prompt_len, request.output_len, block_size)
    return request.output_len, 0, profile.tobytes()


def _kind(instance: Instance, positions: list[int]) -> Kind:
    requests = instance.requests
    members = sorted(positions, key=lambda position: requests[position].arrival)
    model = requests[members[0]]
    return Kind(
        prompt_len=model.prompt_len,
        output_len=model.output_len,
        members=tuple(members),
        arrivals=np.array([requests[member].arrival for member in members], dtype=np.int64),
        occupancy=occupied_by_round(model.prompt_len, model.output_len, instance.block_size),
    )


@dataclass(frozen=True)
class Cut:
    """Candidates of which no valid schedule uses more than so many.

    Attributes:
        candidates: their indices, ascending.
        weights: what each of them counts, shape ``(len(candidates),)``.
        limit: Σ weight · requests that start there is at most this.
    """

    candidates: Integers
    weights: Integers
    limit: int


@dataclass(frozen=True)
class Price:
    """What Lagrange multipliers prove about the candidates, in units of 1/scale rounds.

    Attributes:
        scale: a power of two.
        bound: every schedule that starts requests in candidates only costs at least this.
        surplus: by candidate, how much more one costs at least that starts a request there.
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
        instance: whose requests start; its arrivals are counted from a nearby round.
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
        """How many requests a schedule starts in each candidate, shape ``(N,)``.

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
        """Start rounds, by position, when so many requests start in each candidate.

        Within a kind, requests start in order of arrival. ``None`` if some kind's requests do not
        start exactly once. Nothing else is checked; see :func:`starts_fit`.
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
        """Where the candidates of a kind stand."""
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
        """Rounds from the first arrival of its kind to each candidate: its cost in the model."""
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
        """What requests that started in candidates hold in the round before ``end``; tokens.

        They must have started by then, and not completed before. Broadcasts.
        """
        block = self.instance.block_size
        tokens = self.prompt_len[index] + end - self.start[index]
        held: Integers = -(-tokens // block) * block
        return held

    def excluding(self, index: int, among: Integers) -> NDArray[np.bool_]:
        """Which of the candidates ``among`` exclude the given one (and are not the same).

        Two requests that run in one round occupy together the most just before the first of them
        completes, as what each occupies only grows.
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

    def price(
        self,
        multipliers: Mapping[int, float],
        cuts: Sequence[tuple[Cut, float]] = (),
        usable: NDArray[np.bool_] | None = None,
    ) -> Price:
        """What multipliers of rounds and cuts prove about schedules in ``usable`` candidates.

        By default all are usable. Every request must find a usable one from its arrival on.

        The multipliers, whatever they are, are rounded to integers over :attr:`Price.scale`,
        negative ones to zero; all that follows is exact (``proofs_notes/ilp.md``, lemma 3).
        """
        horizon = int((self.start + self.output_len).max(initial=0))
        weight = np.zeros(horizon)
        for round_, value in multipliers.items():
            if 0 <= round_ < horizon and value > 0:
                weight[round_] = value
        shares = [(cut, max(0.0, value)) for cut, value in cuts]
        scale = self._scale(weight, sum(cut.limit * value for cut, value in shares))
        if scale is None:
            return self.price({}, usable=usable)
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
        return Price(scale, bound, surplus)

    def _scale(self, weight: NDArray[np.float64], shares: float) -> int | None:
        """A power of two so large that rounding costs little, so small that 64 bits suffice.

        ``None`` when no power of two is small enough, as the multipliers are absurdly large.
        """
        heaviest = max(int(kind.occupancy[-1]) for kind in self.kinds)
        longest = max(kind.output_len for kind in self.kinds)
        dearest_room = min(float(weight.sum()), longest * float(weight.max(initial=0.0)))
        dearest = float(self.wait.max(initial=0)) + heaviest * dearest_room + shares
        total = 2 * len(self.instance.requests) * dearest + 1
        if not total < 2.0**60:
            return None
        return 1 << min(40, 60 - int(total).bit_length())


def _price_of_room(weights: Integers, kind: Kind, starts: Integers) -> Integers:
    """Σ weight · occupancy over the rounds of a request of the kind, for each of its starts."""
    first, last = int(starts[0]), int(starts[-1]) + kind.output_len
    priced: Integers = np.correlate(weights[first:last], kind.occupancy, "valid")
    return priced[starts - first]


def affordable_candidates(instance: Instance, cost: int) -> Candidates:
    """Candidates that contain every optimal schedule, should it cost at most ``cost``.

    No request of an optimal schedule waits longer than ``cost`` − Σ o, nor completes later than
    the last arrival + Σ o (``proofs_notes/ilp.md``, lemmas 1 and 2).

    Raises:
        ModelTooLarge: there are more than :data:`MOST_CANDIDATES`.
    """
    work = sum(request.output_len for request in instance.requests)
    last_arrival = max(request.arrival for request in instance.requests)
    return candidates_within(instance, cost - work, last_arrival + work)


def candidates_within(instance: Instance, longest_wait: int, horizon: int) -> Candidates:
    """Candidates in which a request waits at most so long and completes by the horizon.

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
            f"at most {MOST_CANDIDATES} are laid out",
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


def by_volume(instance: Instance) -> list[int]:
    """Positions of the requests by tokens × rounds that they take up, the least first."""
    volumes = [
        request.output_len * (2 * request.prompt_len + request.output_len + 1)
        for request in instance.requests
    ]
    return sorted(range(len(volumes)), key=volumes.__getitem__)


def earliest_fit(instance: Instance, order: Sequence[int]) -> tuple[int, ...]:
    """Start rounds of a list schedule: each in the earliest round in which it fits.

    Ends no later than the last arrival + Σ o.

    Args:
        instance: whose requests are scheduled.
        order: their positions, in the order in which they are placed.

    Raises:
        ModelTooLarge: the rounds are more than :data:`MOST_ROUNDS`.
    """
    requests = instance.requests
    rounds = max((request.arrival for request in requests), default=0) + sum(
        request.output_len for request in requests
    )
    if rounds > MOST_ROUNDS:
        raise ModelTooLarge(
            "instance: rounds from the first arrival to the end of a list schedule",
            rounds,
            f"at most {MOST_ROUNDS} are laid out",
            "count time in coarser rounds, or use another method",
        )
    room = np.full(rounds, instance.capacity, dtype=np.int64)
    starts = [0] * len(requests)
    for position in order:
        request = requests[position]
        held = occupied_by_round(request.prompt_len, request.output_len, instance.block_size)
        start = _first_fit(room, held, request.arrival)
        room[start : start + len(held)] -= held
        starts[position] = start
    return tuple(starts)


def _first_fit(room: Integers, held: Integers, start: int) -> int:
    while True:
        there = room[start : start + len(held)]
        blocked = np.flatnonzero(there < held)
        if not len(blocked):
            return start
        # What is held only grows: a round with too little room asks for a start so late that
        # the request is still small enough then, or has not started at all.
        oldest = np.searchsorted(held, there[blocked], side="right") - 1
        start += int((blocked - oldest).max())


def starts_fit(instance: Instance, starts: Sequence[int]) -> bool:
    """Whether requests left running from these rounds keep every rule; exact.

    Occupancy is added up change by change at each round in which a request's blocks change.
    """
    changes: dict[int, int] = {}
    for request, start in zip(instance.requests, starts, strict=True):
        if start < request.arrival:
            return False
        before = 0
        for age in range(request.output_len):
            now = occupied(request.prompt_len + age + 1, instance.block_size)
            changes[start + age] = changes.get(start + age, 0) + now - before
            before = now
        end = start + request.output_len
        changes[end] = changes.get(end, 0) - before
    held = 0
    for round_ in sorted(changes):
        held += changes[round_]
        if held > instance.capacity:
            return False
    return True

"""Partial schedules round by round: the arrays of the exact search, and its rules.

A *state* is a partial schedule at the start of a round: which requests have started and when, and
what they will hold in the rounds to come. States are columns of arrays, so that one numpy call
works on all of them. ``proofs_notes/search.md`` proves that every rule keeps an optimal schedule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from oracle.deadline import ShouldStop
from oracle.search.bounds import NodeBounds, Rest
from oracle.search.problem import Problem
from oracle.search.relaxation import NEVER, Sequencing

Tokens = NDArray[np.int16 | np.int32]
"""Tokens held, or rounds to wait; 16 bits where they are enough."""

STATES_COMPARED = 16
"""Of the states with the same started requests, the 16 cheapest are compared with all others.

With 32 a tenth fewer states remained, in a third more time (``proofs_notes/oracle.md``). Compiled
code compares more of them.
"""

PAIRS = 2**15
"""Pairs of states that one numpy call compares, about: enough that the call itself costs little."""

DELAYED = 2
"""Most rounds that a dominating state may lag behind the state that it dominates: more dominate
little, and each takes another comparison."""

PROBED = 5
"""Rounds in which two loads are compared first: most pairs differ in one of them."""

NO_ROUND = 2**30
"""Later than every round."""


@dataclass(frozen=True)
class Frontier:
    """States at the start of one round; N of them.

    Attributes:
        load: tokens held by started requests in the coming rounds; (longest output, N).
        before: tokens held in the round before; (N,).
        placed: bit mask of started requests; (N,).
        loose: bit mask of running requests that could, as far as is known, have started one round
            earlier; (N,).
        ready: bit mask of requests that fit if started in this round alone; (N,).
        last: each request's last round, -1 if it has not started; (n, N).
        cost: latency of the started requests; (N,).
        reduced: the constant of the bounds and the reduced costs of the started requests; (N,).
        bound: lower bound on the cost of every complete schedule that begins like the state; (N,).
    """

    load: Tokens
    before: Tokens
    placed: NDArray[np.int64]
    loose: NDArray[np.int64]
    ready: NDArray[np.int64]
    last: NDArray[np.int32]
    cost: NDArray[np.int64]
    reduced: NDArray[np.int64]
    bound: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.placed)

    def take(self, states: NDArray[np.int64] | NDArray[np.bool_]) -> Frontier:
        """The states at the given positions."""
        return Frontier(
            self.load[:, states],
            self.before[states],
            self.placed[states],
            self.loose[states],
            self.ready[states],
            self.last[:, states],
            self.cost[states],
            self.reduced[states],
            self.bound[states],
        )

    @staticmethod
    def joined(parts: Sequence[Frontier]) -> Frontier:
        """The states of all parts."""
        return Frontier(
            np.concatenate([part.load for part in parts], axis=1),
            np.concatenate([part.before for part in parts]),
            np.concatenate([part.placed for part in parts]),
            np.concatenate([part.loose for part in parts]),
            np.concatenate([part.ready for part in parts]),
            np.concatenate([part.last for part in parts], axis=1),
            np.concatenate([part.cost for part in parts]),
            np.concatenate([part.reduced for part in parts]),
            np.concatenate([part.bound for part in parts]),
        )


@dataclass(frozen=True)
class Incumbent:
    """The best complete schedule known: its total latency, and the start rounds."""

    cost: int
    starts: tuple[int, ...]


class RoundStep:
    """Takes states from one round to the next.

    Args:
        problem: the problem.
        bounds: the lower bounds by which states are dropped.
        room: most states that may be held at once.
        should_stop: called several times in each round; ``True`` ends it.

    Attributes:
        sequencing: what makes the tables of the sequencing bound.
        compared: states that others with the same started requests are compared with.
    """

    sequencing: ClassVar[type[Sequencing]] = Sequencing
    compared: ClassVar[int] = STATES_COMPARED

    def __init__(
        self, problem: Problem, bounds: NodeBounds, room: int, should_stop: ShouldStop
    ) -> None:
        self.problem = problem
        self.bounds = bounds
        self._room = room
        self._should_stop = should_stop
        # Half the memory is half the time of most that is done with loads.
        most = 2 * problem.capacity + problem.longest
        self._tokens = np.dtype(np.int16 if most < 2**15 else np.int32)
        self._columns: list[Tokens] = [
            occupancy.astype(self._tokens)[:, None] for occupancy in problem.occupancy
        ]
        self._all = (1 << problem.size) - 1
        # Earliest start rounds are found for all requests of one prompt length together.
        self._by_prompt: dict[int, list[int]] = {}
        for index, prompt_len in enumerate(problem.prompt_len):
            self._by_prompt.setdefault(prompt_len, []).append(index)

    def first(self) -> Frontier:
        """The one state before round 0."""
        none = np.zeros(1, dtype=np.int64)
        ready = sum(1 << j for j, arrival in enumerate(self.problem.arrival) if arrival == 0)
        return Frontier(
            load=np.zeros((self.problem.longest, 1), dtype=self._tokens),
            before=np.zeros(1, dtype=self._tokens),
            placed=none,
            loose=none,
            ready=none + ready,
            last=np.full((self.problem.size, 1), -1, dtype=np.int32),
            cost=none,
            reduced=none + self.bounds.constant,
            bound=none + self.bounds.root,
        )

    def advance(
        self, states: Frontier, now: int, upper: int
    ) -> tuple[Frontier, Incumbent | None] | None:
        """The states at the start of round ``now`` + 1 that may still cost less than ``upper``.

        Returns:
            The states, and the best complete schedule that costs less than ``upper``, if one was
            found. ``None`` if ``should_stop()`` is true or the states would exceed ``room``.
        """
        grown = self._start(states, now, (upper - 1) * self.bounds.unit)
        if grown is None:
            return None
        complete = grown.placed == self._all
        found = self._best(grown.take(complete), upper)
        if found is not None:
            upper = found.cost
        limit = (upper - 1) * self.bounds.unit
        running = grown.take(~complete)
        running = self._pass(running, now)
        running = self._estimate(running, now + 1, limit)
        return undominated(running, self.problem.size, self.compared), found

    def priced_anew(self, states: Frontier, now: int, upper: int) -> tuple[RoundStep, Frontier]:
        """The next step with prices for the state of the least bound, and the states that remain.

        Prices that were found for the whole problem give worse bounds the less of it is left.
        """
        lengths = np.array(self.problem.output_len)[:, None]
        starts = np.where(states.last < 0, -1, states.last - lengths + 1)
        weakest = int(states.bound.argmin())
        bounds = self.bounds.anew(starts[:, weakest], now, upper, self._should_stop)
        rounds = type(self)(self.problem, bounds, self._room, self._should_stop)
        states = replace(states, reduced=bounds.of_started(starts))
        return rounds, rounds._estimate(states, now, (upper - 1) * bounds.unit)

    def _best(self, complete: Frontier, upper: int) -> Incumbent | None:
        if len(complete) == 0:
            return None
        best = int(complete.cost.argmin())
        cost = int(complete.cost[best])
        if cost >= upper:
            return None
        lengths = self.problem.output_len
        starts = (
            int(last) - length + 1
            for last, length in zip(complete.last[:, best], lengths, strict=True)
        )
        return Incumbent(cost, tuple(starts))

    def _start(self, states: Frontier, now: int, limit: int) -> Frontier | None:
        """Each state with each set of requests that may start in round ``now``, the empty set too.

        Requests are added in ascending order, so that each set is formed once. ``None`` as in
        :meth:`advance`.
        """
        grown = states.take(np.zeros(0, dtype=np.int64))
        anywhere = _union(states.ready & ~states.placed)
        if now >= self.bounds.rounds or not anywhere:
            return states
        rest = self.bounds.at(now)
        for index, occupancy in enumerate(self._columns):
            if len(grown) > self._room or self._should_stop():
                return None
            if not anywhere >> index & 1 or self.bounds.reduced[index, now] >= NEVER:
                continue
            alone = self._candidates(states, index)
            joined = self._candidates(grown, index)
            held = grown.load[: len(occupancy), joined] + occupancy
            joined = joined[(held <= self.problem.capacity).all(axis=0)]
            parts = [
                self._add(source, candidates, index, now, limit, rest)
                for source, candidates in ((states, alone), (grown, joined))
                if len(candidates)
            ]
            if parts:
                grown = Frontier.joined([grown, *parts])
        return Frontier.joined([states, grown])

    def _candidates(self, states: Frontier, index: int) -> NDArray[np.int64]:
        """States in which request ``index`` has not started and fits in the round alone."""
        can = (states.ready & ~states.placed) >> index & 1 == 1
        twin = self.problem.twin(index)
        if twin is not None:
            # Requests of a kind are interchangeable: they start in the order of their positions.
            can &= states.placed >> twin & 1 == 1
        return np.flatnonzero(can)

    def _add(
        self,
        states: Frontier,
        candidates: NDArray[np.int64],
        index: int,
        now: int,
        limit: int,
        rest: Rest,
    ) -> Frontier:
        """The candidates with request ``index`` started whose bound is at most ``limit``."""
        placed = states.placed[candidates] | (1 << index)
        reduced = states.reduced[candidates] + self.bounds.reduced[index, now]
        bound = np.maximum(states.bound[candidates], reduced + rest.of(placed))
        good = bound <= limit
        candidates = candidates[good]
        chosen = states.take(candidates)
        occupancy = self._columns[index]
        load = chosen.load
        load[: len(occupancy)] += occupancy
        last = chosen.last
        last[index] = now + len(occupancy) - 1
        loose = chosen.loose
        if now > self.problem.arrival[index]:
            earlier = chosen.before + occupancy[0] <= self.problem.capacity
            loose = loose | (earlier.astype(np.int64) << index)
        latency = now + len(occupancy) - self.problem.arrival[index]
        return replace(
            chosen,
            load=load,
            last=last,
            placed=placed[good],
            loose=loose,
            cost=chosen.cost + latency,
            reduced=reduced[good],
            bound=bound[good],
        )

    def _pass(self, states: Frontier, now: int) -> Frontier:
        """The states after round ``now``, without those that begin no optimal schedule."""
        problem = self.problem
        unarrived = sum(1 << j for j, arrival in enumerate(problem.arrival) if arrival > now)
        waiting = ~states.placed & self._all
        hopeless = (states.load[0] == 0) & (waiting & unarrived == 0)
        # In a tight round no request can hold a block more: a request that runs in it could not
        # have started one round earlier.
        tight = states.load[0] + problem.block_size > problem.capacity
        justifying = np.where(states.last > now, states.last, NO_ROUND).min(axis=0)
        for index, length in enumerate(problem.output_len):
            soonest = max(now + 1, problem.arrival[index]) + length - 1
            np.minimum(justifying, soonest, out=justifying, where=waiting >> index & 1 == 1)
        suspects = _union(states.loose)
        for index in range(problem.size):
            if not suspects >> index & 1:
                continue
            last = states.last[index]
            unjustified = (last == now) | (~tight & (justifying >= last))
            hopeless |= (states.loose >> index & 1 == 1) & unjustified
        kept = states.take(~hopeless)
        load = np.zeros_like(kept.load)
        load[:-1] = kept.load[1:]
        loose = np.where(tight[~hopeless], 0, kept.loose)
        return replace(kept, load=load, before=kept.load[0], loose=loose)

    def _estimate(self, states: Frontier, now: int, limit: int) -> Frontier:
        """New bounds at the start of round ``now``; states above the limit are dropped."""
        if now >= self.bounds.rounds:
            return states.take(np.zeros(0, dtype=np.int64))
        bound = np.maximum(states.bound, states.reduced + self.bounds.at(now).of(states.placed))
        good = bound <= limit
        states = replace(states, bound=bound).take(good)
        bounds, large = self.bounds, self.bounds.large
        ready = np.zeros_like(states.placed)
        total = states.reduced.copy()
        sequenced = states.placed & ((1 << large) - 1)
        sequence = np.where(sequenced == (1 << large) - 1, 0, NEVER)
        # After the last round of the running requests every request fits.
        busy = max(0, int(states.last.max(initial=-1)) - now + 1)
        missing = _union(~states.placed)
        for prompt_len, alike in self._by_prompt.items():
            indices = [index for index in alike if missing >> index & 1]
            if not indices:
                continue
            free_from = self._free_from(states.load[:busy], prompt_len)
            for index in indices:
                waiting = states.placed >> index & 1 == 0
                wait = self._wait(free_from, self.problem.output_len[index])
                start = wait.astype(np.int64) + now
                if index < large:
                    cost = bounds.sequence[sequenced, index, start]
                    sequence = np.minimum(sequence, np.where(waiting, cost, sequence))
                else:
                    total += bounds.later[index].take(start) * waiting
                if self.problem.arrival[index] <= now:
                    ready |= (wait == 0).astype(np.int64) << index
        bound = np.maximum(states.bound, total + sequence)
        return replace(states, bound=bound, ready=ready).take(bound <= limit)

    def _free_from(self, load: Tokens, prompt_len: int) -> Tokens:
        """For each coming round k, the earliest start from which a request fits into round k.

        A request that starts d rounds from now and runs in round k holds s + k − d + 1 tokens
        there; it fits if and only if d is at least this number.
        """
        free = (self.problem.capacity - load) // self.problem.block_size * self.problem.block_size
        following = np.arange(1, len(load) + 1, dtype=load.dtype)[:, None]
        from_start: Tokens = following - np.maximum(free - prompt_len, 0)
        return from_start

    def _wait(self, free_from: Tokens, output_len: int) -> Tokens:
        """Rounds from now to the earliest start at which a request fits beside the running ones."""
        wait: Tokens = free_from[:output_len].max(axis=0, initial=0)
        for later in range(output_len, len(free_from)):
            # Only a request that waits this long still runs in that round.
            first = later - output_len + 1
            meets = wait >= first
            if not meets.any():
                break
            wait = np.maximum(wait, free_from[later] * meets)
        return wait


def _union(masks: NDArray[np.int64]) -> int:
    """The requests that are in any of the masks."""
    return int(np.bitwise_or.reduce(masks, initial=0))


def undominated(states: Frontier, size: int, compared: int) -> Frontier:
    """The states without those that one of the ``compared`` cheapest states dominates.

    Only states with the same started requests are compared.

    Of two states with the same started requests one dominates the other if it costs no more and
    holds no more in any coming round, possibly after it has waited for ``delay`` rounds, each of
    which costs one round for every request still to start.
    """
    states = states.take(np.lexsort((states.cost, states.placed)))
    count = len(states)
    if count == 0:
        return states
    begins = np.flatnonzero(np.diff(states.placed, prepend=-1))
    leader = np.repeat(begins, np.diff(begins, append=count))
    rank = np.arange(count) - leader
    waiting = size - np.bitwise_count(states.placed).astype(np.int64)
    alive = np.ones(count, dtype=np.bool_)
    # Dominated without delay: what such a state dominates, its dominating state dominates, too.
    replaced = np.zeros(count, dtype=np.bool_)
    most = min(compared, int(rank.max()))
    at_once = max(1, PAIRS // count)
    for first in range(0, most, at_once):
        ranks = np.arange(first, min(first + at_once, most))
        living = np.flatnonzero(alive & (rank > first))
        which, column = np.nonzero(rank[living, None] > ranks)
        others = living[which]
        better = leader[others] + ranks[column]
        useful = ~replaced[better]
        others, better = others[useful], better[useful]
        for delay in range(DELAYED + 1):
            affordable = states.cost[better] + delay * waiting[others] <= states.cost[others]
            others, better = others[affordable], better[affordable]
            dominated = _holds_no_more(states.load, better, others, delay)
            alive[others[dominated]] = False
            if delay == 0:
                replaced[others[dominated]] = True
            left = alive[others]
            others, better = others[left], better[left]
    return states.take(alive)


def _holds_no_more(
    load: Tokens,
    better: NDArray[np.int64],
    others: NDArray[np.int64],
    delay: int,
) -> NDArray[np.bool_]:
    """For each pair, whether ``better`` holds no more than ``others``, ``delay`` rounds later."""
    rounds = len(load) - delay
    holds = np.ones(len(better), dtype=np.bool_)
    # Most pairs fail in one of a few rounds; only the others are compared in all rounds.
    for moment in range(0, rounds, max(1, rounds // PROBED)):
        holds &= load[moment + delay].take(better) <= load[moment].take(others)
    likely = np.flatnonzero(holds)
    everywhere = load[delay:, better[likely]] <= load[:rounds, others[likely]]
    holds[likely] = everywhere.all(axis=0)
    return holds

"""The states of the exact search, one after the other, as loops that Numba compiles.

This file states :class:`oracle.search.states.RoundStep` a second time, in a form made for speed;
the tests hold both equal, state for state. There one numpy call works on all states; here the
work on one state is done at once: a set of requests starts, the state passes the round, its bound
is computed, and only then the state is stored. Here a state is a *row* of each array.

Arrays are never allocated here: :func:`amin_ref.compiled.compiling.compiled` turns reference
counting off. All functions are in one file, because Numba compiles a file anew when that file
changes, and does not look at the files that it imports.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from amin_ref.compiled.compiling import compiled, inlined

Numbers = NDArray[np.int64]
"""An array of whole numbers."""

Tokens = NDArray[np.int32]
"""Tokens held."""

NO_ROUND = 2**30
"""Later than every round."""

# The entries of Scratch.found: the best complete schedule of a call.
COST = 0
"""Its cost, or the least cost that is too much; request·rounds."""
SET = 1
"""The requests that start in this round, as a mask; -1: there is no such schedule."""
PARENT = 2
"""The row of the state that it was made of."""
FOUND_ENTRIES = 3

# The entries of Scratch.counts.
STORED = 0
"""How many rows of the output are in use."""
NEXT = 1
"""The row of the first state that has not been extended."""
COUNT_ENTRIES = 2

# The columns of Scratch.path: one row for each request that has been started in this round.
PLACED = 0
"""The mask of all started requests."""
LOOSE = 1
"""The mask of loose requests."""
LATENCY = 2
"""The latency of the started requests."""
REDUCED = 3
"""The constant plus their reduced costs."""
BOUND = 4
"""The bound so far."""
REST = 5
"""The least reduced cost of the waiting requests that are not large."""
FOLLOWING = 6
"""The request that is tried next."""
CHOSEN = 7
"""The requests that start in this round, as a mask."""
PATH_COLUMNS = 8


class Rows(NamedTuple):
    """States of one round, a row each; the names are those of ``oracle.search.states.Frontier``.

    Attributes:
        load: tokens held in the coming rounds; (N, longest output).
        before: tokens held in the round before; (N,).
        last: each request's last round, -1 if it has not started; (N, n).
        placed, loose, ready, cost, reduced, bound: as in ``Frontier``; (N,).
        chosen: the requests that started in the round before, as a mask; (N,).
    """

    load: Tokens
    before: Tokens
    last: NDArray[np.int32]
    placed: Numbers
    loose: Numbers
    ready: Numbers
    cost: Numbers
    reduced: Numbers
    bound: Numbers
    chosen: Numbers


class Tables(NamedTuple):
    """The requests and the bounds.

    Attributes:
        occupancy: what request j holds in its k-th round; (n, longest output), tokens.
        output_len: o of each request; tokens.
        arrival: r of each request; rounds.
        twin: the request of the same kind before it, or -1.
        prompt: the row of its prompt length in ``prompts``.
        prompts: the different prompt lengths; tokens.
        reduced, later, sequence, sequence_from: as in ``oracle.search.bounds.NodeBounds``.
        large: number of large requests.
        capacity: M; tokens.
        block_size: B; tokens.
    """

    occupancy: Tokens
    output_len: Numbers
    arrival: Numbers
    twin: Numbers
    prompt: Numbers
    prompts: Numbers
    reduced: Numbers
    later: Numbers
    sequence: Numbers
    sequence_from: Numbers
    large: int
    capacity: int
    block_size: int


class Scratch(NamedTuple):
    """Arrays for intermediate values.

    Attributes:
        found: the best complete schedule of a call.
        counts: how far the call has come.
        path: one row for each request that has been started in this round, and one before.
        load: tokens held in the coming rounds, one row for each row of ``path``.
        open_from: for each prompt length and coming round, the first start that fits there.
    """

    found: Numbers
    counts: Numbers
    path: Numbers
    load: Tokens
    open_from: Numbers


@inlined
def _estimated(
    tables: Tables,
    scratch: Scratch,
    load: Tokens,
    row: int,
    shift: int,
    busy: int,
    placed: int,
    reduced: int,
    now: int,
    never: int,
) -> tuple[int, int]:
    """The bound of a state at the start of round ``now``, and the mask of what fits there.

    Coming round k is column k + ``shift`` of ``load``; nothing runs from round ``busy`` on.
    """
    capacity, block, large = tables.capacity, tables.block_size, tables.large
    open_from = scratch.open_from
    for place in range(len(tables.prompts)):
        stored = tables.prompts[place]
        for k in range(busy):
            free = capacity - int(load[row, k + shift])
            free = free - free % block - stored
            open_from[place, k] = k + 1 - max(free, 0)
    sequenced = placed & ((1 << large) - 1)
    sequence = 0 if sequenced == (1 << large) - 1 else never
    total, ready = reduced, 0
    for index in range(len(tables.output_len)):
        if placed >> index & 1:
            continue
        length, place = tables.output_len[index], tables.prompt[index]
        wait = 0
        for k in range(min(busy, length)):
            wait = max(wait, open_from[place, k])
        for k in range(length, busy):
            if wait < k - length + 1:
                break
            wait = max(wait, open_from[place, k])
        if index < large:
            sequence = min(sequence, tables.sequence[sequenced, index, now + wait])
        else:
            total += tables.later[index, now + wait]
        if wait == 0 and tables.arrival[index] <= now:
            ready |= 1 << index
    return total + sequence, ready


@compiled
def estimate(
    tables: Tables, states: Rows, scratch: Scratch, now: int, limit: int, never: int
) -> int:
    """New bounds and masks of what fits, in place, and 1 in ``chosen`` if the bound permits."""
    longest = states.load.shape[1]
    kept = 0
    for row in range(len(states.placed)):
        last = 0
        for index in range(len(tables.output_len)):
            last = max(last, int(states.last[row, index]))
        busy = min(longest, max(0, last - now + 1))
        bound, ready = _estimated(
            tables,
            scratch,
            states.load,
            row,
            0,
            busy,
            states.placed[row],
            states.reduced[row],
            now,
            never,
        )
        states.bound[row] = max(states.bound[row], bound)
        states.ready[row] = ready
        states.chosen[row] = 1 if states.bound[row] <= limit else 0
        kept += states.chosen[row]
    return kept


@inlined
def _stays_hopeful(
    tables: Tables,
    states: Rows,
    parent: int,
    held: int,
    placed: int,
    chosen: int,
    loose: int,
    now: int,
) -> bool:
    """Whether the state can begin an optimal schedule after round ``now``."""
    tight = held + tables.block_size > tables.capacity
    justifying, unarrived = NO_ROUND, False
    for index in range(len(tables.output_len)):
        length, arrival = tables.output_len[index], tables.arrival[index]
        if not placed >> index & 1:
            justifying = min(justifying, max(now + 1, arrival) + length - 1)
            unarrived = unarrived or arrival > now
            continue
        last = now + length - 1 if chosen >> index & 1 else int(states.last[parent, index])
        if last > now:
            justifying = min(justifying, last)
    if held == 0 and not unarrived:
        return False
    for index in range(len(tables.output_len)):
        if loose >> index & 1:
            length = tables.output_len[index]
            last = now + length - 1 if chosen >> index & 1 else int(states.last[parent, index])
            if last == now or (not tight and justifying >= last):
                return False
    return True


@compiled
def grow(
    tables: Tables, states: Rows, out: Rows, scratch: Scratch, now: int, limit: int, never: int
) -> bool:
    """Extend states by every set of requests that may start in round ``now``.

    Begins with row ``counts[NEXT]`` of the states and writes from row ``counts[STORED]`` of the
    output on. Returns ``False`` if the output is full: the call is then to be repeated with a
    longer output, and goes on with the state that did not fit.
    """
    requests, longest = len(tables.output_len), states.load.shape[1]
    everything = (1 << requests) - 1
    path, load, counts, found = scratch.path, scratch.load, scratch.counts, scratch.found
    large = (1 << tables.large) - 1
    rounds = tables.reduced.shape[1]
    for parent in range(counts[NEXT], len(states.placed)):
        stored = counts[STORED]
        before = int(states.before[parent])
        running = 0
        for index in range(requests):
            running = max(running, int(states.last[parent, index]))
        for k in range(longest):
            load[0, k] = states.load[parent, k]
        placed = states.placed[parent]
        path[0, PLACED] = placed
        path[0, LOOSE] = states.loose[parent]
        path[0, LATENCY] = states.cost[parent]
        path[0, REDUCED] = states.reduced[parent]
        path[0, BOUND] = states.bound[parent]
        path[0, FOLLOWING] = 0
        path[0, CHOSEN] = 0
        rest = 0
        for index in range(tables.large, requests):
            if not placed >> index & 1:
                rest += tables.later[index, min(now, rounds)]
        path[0, REST] = rest
        candidates = states.ready[parent] & ~placed if now < rounds else 0
        depth, is_new = 0, True
        while depth >= 0:
            if is_new:
                # Store the state that the requests on the path make, if it may be useful.
                is_new = False
                placed, chosen = path[depth, PLACED], path[depth, CHOSEN]
                cost, reduced = path[depth, LATENCY], path[depth, REDUCED]
                if placed == everything:
                    if cost < found[COST] or (
                        cost == found[COST] and found[SET] >= 0 and chosen < found[SET]
                    ):
                        found[COST], found[SET], found[PARENT] = cost, chosen, parent
                else:
                    held = int(load[depth, 0])
                    loose = path[depth, LOOSE]
                    if now + 1 < rounds and _stays_hopeful(
                        tables, states, parent, held, placed, chosen, loose, now
                    ):
                        last = running
                        for index in range(requests):
                            if chosen >> index & 1:
                                last = max(last, now + tables.output_len[index] - 1)
                        bound, ready = _estimated(
                            tables,
                            scratch,
                            load,
                            depth,
                            1,
                            max(0, last - now),
                            placed,
                            reduced,
                            now + 1,
                            never,
                        )
                        bound = max(bound, path[depth, BOUND])
                        if bound <= limit:
                            at = counts[STORED]
                            if at == len(out.placed):
                                counts[STORED], counts[NEXT] = stored, parent
                                return False
                            counts[STORED] = at + 1
                            for k in range(longest - 1):
                                out.load[at, k] = load[depth, k + 1]
                            out.load[at, longest - 1] = 0
                            out.before[at] = held
                            for index in range(requests):
                                out.last[at, index] = states.last[parent, index]
                                if chosen >> index & 1:
                                    out.last[at, index] = now + tables.output_len[index] - 1
                            tight = held + tables.block_size > tables.capacity
                            out.placed[at] = placed
                            out.loose[at] = 0 if tight else loose
                            out.ready[at] = ready
                            out.cost[at] = cost
                            out.reduced[at] = reduced
                            out.bound[at] = bound
                            out.chosen[at] = chosen
            # The next request that can be added to the path.
            index = path[depth, FOLLOWING]
            while index < requests:
                if candidates >> index & 1 and tables.reduced[index, now] < never:
                    twin = tables.twin[index]
                    if twin < 0 or path[depth, PLACED] >> twin & 1:
                        break
                index += 1
            path[depth, FOLLOWING] = index + 1
            if index >= requests:
                depth -= 1
                continue
            length = tables.output_len[index]
            if depth > 0:
                fits = True
                for k in range(length):
                    if load[depth, k] + tables.occupancy[index, k] > tables.capacity:
                        fits = False
                        break
                if not fits:
                    continue
            placed = path[depth, PLACED] | (1 << index)
            reduced = path[depth, REDUCED] + tables.reduced[index, now]
            rest = path[depth, REST]
            if index >= tables.large:
                rest -= tables.later[index, now]
            bound = reduced + rest + tables.sequence_from[placed & large, now]
            bound = max(bound, path[depth, BOUND])
            if bound > limit:
                continue
            for k in range(length):
                load[depth + 1, k] = load[depth, k] + tables.occupancy[index, k]
            for k in range(length, longest):
                load[depth + 1, k] = load[depth, k]
            loose = path[depth, LOOSE]
            if now > tables.arrival[index] and (
                before + int(tables.occupancy[index, 0]) <= tables.capacity
            ):
                loose |= 1 << index
            latency = path[depth, LATENCY] + now + length - tables.arrival[index]
            chosen = path[depth, CHOSEN] | (1 << index)
            depth += 1
            path[depth, PLACED] = placed
            path[depth, LOOSE] = loose
            path[depth, LATENCY] = latency
            path[depth, REDUCED] = reduced
            path[depth, BOUND] = bound
            path[depth, REST] = rest
            path[depth, FOLLOWING] = index + 1
            path[depth, CHOSEN] = chosen
            is_new = True
    counts[NEXT] = len(states.placed)
    return True


@compiled
def keep_undominated(
    states: Rows, order: Numbers, leaders: Numbers, alive: NDArray[np.bool_], delays: int
) -> None:
    """Mark in ``alive`` which states none of the cheapest ones dominates.

    Args:
        states: the states.
        order: their rows, by started requests and then by cost.
        leaders: room for the rows of the cheapest states, as many as others are compared with.
        alive: by position in ``order``.
        delays: most rounds that a dominating state may lag behind.
    """
    longest, requests = states.load.shape[1], states.last.shape[1]
    rank, kept, placed, waiting = 0, 0, -1, 0
    for position in range(len(order)):
        row = order[position]
        if states.placed[row] != placed:
            placed, rank, kept, waiting = states.placed[row], 0, 0, requests
            for index in range(requests):
                waiting -= placed >> index & 1
        # The delay with which a state dominates this one; -1: none does.
        dominating = -1
        for place in range(kept):
            leader = leaders[place]
            spare = states.cost[row] - states.cost[leader]
            for delay in range(delays + 1):
                if delay * waiting > spare:
                    break
                holds = True
                for k in range(longest - delay):
                    if states.load[leader, k + delay] > states.load[row, k]:
                        holds = False
                        break
                if holds:
                    dominating = delay
                    break
            if dominating >= 0:
                break
        alive[position] = dominating < 0
        # What a state dominates that is itself dominated without delay, its dominating state does.
        if rank < len(leaders) and dominating != 0:
            leaders[kept] = row
            kept += 1
        rank += 1

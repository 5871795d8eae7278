"""The rounds of a simulation, as loops over arrays that Numba compiles.

This file states the policies of :mod:`amin_ref.policies.lookahead` a second time, in a form made
for speed; the tests hold both equal, run for run. A request is called by its place in the order in
which requests wait before any is evicted, from 0 to n - 1. A round touches only the requests that
start, stop, or reach their assumed length:

- Each running request is listed under the round of its *event*, in which it reaches its assumed
  length or completes. The lists are linked, and kept by round modulo a power of two.
- The plan counts each running request up to its assumed length. The requests that have outlived
  theirs are counted together: what they hold, and, by remainder, how many take a new block in which
  rounds.
- A request that waits has a mark: a bit in the word of its 32 neighbours, which has a bit in the
  word of 32 such words, and so on. Four words find the first of a million, and the next is mostly
  in the same word, so a round costs as much with 10³ as with 10⁶ waiting requests.
- Only a request that was evicted with a higher assumed length has lost its first place. It waits in
  a heap of integers: assumed length · n + rank.

Arrays are never allocated here: :func:`.compiling.compiled` turns reference counting off.

All functions are in one file, because Numba compiles a file anew when that file changes, and does
not look at the files that it imports.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from amin_ref.compiled.compiling import compiled, inlined

Numbers = NDArray[np.int64]
"""An array of whole numbers."""

NONE = -1
"""No request: the end of a list."""

BRANCHES = 32
"""Bits of a word of the marks. A power of two, and no more than the 53 bits of a float: its
exponent is the index of a bit."""

# The first columns of State.requests and of State.slots.
PROMPT = 0
"""s; tokens."""
OUTPUT = 1
"""o; tokens."""
ASSUMED = 2
"""The assumed length; tokens. While a request runs, the one in State.slots counts."""
RANK = 3
"""The tie-break rank, from 0 to n - 1."""

# The other columns of State.requests.
RAISED = 4
"""1 if it was evicted with a higher assumed length than at first."""
SLOT = 5
"""Where it runs in State.slots, or did last."""
REQUEST_COLUMNS = 6

# The other columns of State.slots.
START = 4
"""The first round of the present run."""
RUN = 5
"""The number of the present run."""
OUTLIVES = 6
"""1 if the present run has outlived the assumed length."""
EVENT = 7
"""The round of its event."""
AFTER = 8
"""The slot of the next request in the list of that round."""
BEFORE = 9
"""The slot of the one before it."""
PLACE = 10
"""The index of the slot in State.running."""
REQUEST = 11
"""The request."""
SLOT_COLUMNS = 12

# The columns of State.runs.
JOB = 0
"""The request."""
BEGAN = 1
"""The first round."""
STOP = 2
"""The round after the last."""
EVICTED = 3
"""1 if it ends with an eviction."""
RUN_COLUMNS = 4

# The entries of State.now.
ROUND = 0
"""The present round."""
ARRIVED = 1
"""How many requests have arrived."""
WAITING = 2
"""How many wait."""
RUNNING = 3
"""How many run."""
RUNS = 4
"""How many runs have begun."""
COMPLETED = 5
"""How many requests have completed."""
OFFSET = 6
"""The index of the present round in State.planned."""
OUTLIVED = 7
"""Tokens that the requests hold that have outlived their assumed length."""
FIRST = 8
"""The first request that has a mark; n if none has."""
RAISED_WAITING = 9
"""How many requests wait in State.queue."""
REQUEST_NODE = 10
"""The node of request 0 in the tree of marks."""
NOW_ENTRIES = 11


class Rules(NamedTuple):
    """The cache and the policy, as numbers.

    Attributes:
        capacity: M; tokens.
        block_size: B; tokens.
        newest_first: 1 as in FCFS: an overflow evicts the latest admitted first, assumed lengths
            stay as they are, and a round that evicts admits none. 0 as in Amin.
    """

    capacity: int
    block_size: int
    newest_first: int


class State(NamedTuple):
    """The state of a simulation.

    Attributes:
        requests: a row for each request, with the columns from :data:`PROMPT` to :data:`RANK`,
            :data:`RAISED` and :data:`SLOT`, in the order in which they wait. Compiled code reads
            them one after the other, and the processor's cache need not hold those that wait.
        slots: a row for each request that runs, with the columns from :data:`PROMPT` to
            :data:`RANK` and from :data:`START` to :data:`REQUEST`. A freed slot is the next to be
            used, so few slots are ever used.
        of_rank: the request of each tie-break rank.
        arriving: each request's arrival and the request, in order of arrival; shape ``(n, 2)``.
        marks: the words of a tree of :data:`BRANCHES` branches: those of node k are the nodes from
            k · BRANCHES + 1 on. The words are the inner nodes, the requests are the leaves, and a
            bit is set if a request below waits in its first place.
        queue: the places of those that wait with a raised assumed length, as a heap.
        running: the slots in use, in no order, then those that are free.
        victims: room for the places of the running requests.
        evicted: room for the requests that a round evicts.
        events: the slot of the first request of the list of each round, by round modulo a power of
            two.
        planned: tokens planned for each round; the present one is at :data:`OFFSET`.
        new_blocks: how many requests that have outlived their assumed length take a new block in
            the rounds of each remainder modulo B.
        runs: a row for each run, with the columns from :data:`JOB` to :data:`EVICTED`.
        now: the entries from :data:`ROUND` to :data:`REQUEST_NODE`.
    """

    requests: Numbers
    slots: Numbers
    of_rank: Numbers
    arriving: Numbers
    marks: Numbers
    queue: Numbers
    running: Numbers
    victims: Numbers
    evicted: Numbers
    events: Numbers
    planned: Numbers
    new_blocks: Numbers
    runs: Numbers
    now: Numbers


@compiled
def play(rules: Rules, state: State, most: int) -> bool:
    """Play up to ``most`` rounds; whether all requests have completed.

    It returns early if ``state.runs`` might be too short for one round more.
    """
    now = state.now
    requests = len(state.requests)
    for _ in range(most):
        if now[RUNS] + requests > len(state.runs):
            return False
        complete_or_outlive(rules, state)
        if now[COMPLETED] == requests:
            return True
        if now[WAITING] == 0 and now[RUNNING] == 0:
            now[ROUND] = max(now[ROUND], state.arriving[now[ARRIVED], 0])
        arrive(state)
        evicted = 0
        if held_next(rules, state) > rules.capacity:
            evicted = evict(rules, state)
        if evicted == 0 or rules.newest_first == 0:
            admit(rules, state)
        for index in range(evicted):
            wait(state, state.evicted[index])
        generate(rules, state)
    return False


@inlined
def complete_or_outlive(rules: Rules, state: State) -> None:
    """The events of the present round: completions, and requests that outlive what was assumed."""
    now, slots = state.now, state.slots
    list_of_round = now[ROUND] & (len(state.events) - 1)
    slot = state.events[list_of_round]
    state.events[list_of_round] = NONE
    while slot != NONE:
        following = slots[slot, AFTER]
        generated = now[ROUND] - slots[slot, START]
        if generated == slots[slot, OUTPUT]:
            stop(rules, state, slot, 0)
            now[COMPLETED] += 1
        else:
            slots[slot, OUTLIVES] = 1
            count_outlived(rules, state, slot, 1)
            expect(state, slot, slots[slot, START] + slots[slot, OUTPUT])
        slot = following


@inlined
def arrive(state: State) -> None:
    """Let the requests wait that have arrived."""
    now, arriving = state.now, state.arriving
    while now[ARRIVED] < len(arriving) and arriving[now[ARRIVED], 0] <= now[ROUND]:
        wait(state, arriving[now[ARRIVED], 1])
        now[ARRIVED] += 1


@inlined
def evict(rules: Rules, state: State) -> int:
    """Evict until the next tokens fit, and return how many; they are in ``state.evicted``."""
    now, slots, victims = state.now, state.slots, state.victims
    running, requests = now[RUNNING], len(state.requests)
    for index in range(running):
        slot = state.running[index]
        generated = now[ROUND] - slots[slot, START]
        if rules.newest_first:
            # Those of one round were admitted in this order, since no assumed length is raised.
            victims[index] = generated * requests + requests - 1 - slots[slot, REQUEST]
        else:
            slots[slot, ASSUMED] = max(slots[slot, ASSUMED], generated)
            victims[index] = slots[slot, ASSUMED] * requests + slots[slot, RANK]
    for index in range(running // 2 - 1, -1, -1):
        sink(victims, running, index)
    evicted = 0
    while held_next(rules, state) > rules.capacity:
        if rules.newest_first:
            request = requests - 1 - victims[0] % requests
        else:
            request = state.of_rank[victims[0] % requests]
        drop_first(victims, running - evicted)
        slot = state.requests[request, SLOT]
        if slots[slot, ASSUMED] > state.requests[request, ASSUMED]:
            state.requests[request, ASSUMED] = slots[slot, ASSUMED]
            state.requests[request, RAISED] = 1
        forget(state, slot)
        stop(rules, state, slot, 1)
        state.evicted[evicted] = request
        evicted += 1
    return evicted


@inlined
def admit(rules: Rules, state: State) -> None:
    """Admit in the order of the queue, up to the first request that does not fit."""
    now, requests, slots = state.now, state.requests, state.slots
    while now[WAITING]:
        request = first_waiting(state)
        if not fits(rules, state, request):
            break
        wait_no_longer(state, request)
        run = now[RUNS]
        now[RUNS] += 1
        state.runs[run, JOB] = request
        state.runs[run, BEGAN] = now[ROUND]
        slot = state.running[now[RUNNING]]
        requests[request, SLOT] = slot
        slots[slot, PROMPT] = requests[request, PROMPT]
        slots[slot, OUTPUT] = requests[request, OUTPUT]
        slots[slot, ASSUMED] = requests[request, ASSUMED]
        slots[slot, RANK] = requests[request, RANK]
        slots[slot, START] = now[ROUND]
        slots[slot, RUN] = run
        slots[slot, OUTLIVES] = 0
        slots[slot, PLACE] = now[RUNNING]
        slots[slot, REQUEST] = request
        now[RUNNING] += 1
        plan(rules, state, slots[slot, PROMPT], slots[slot, ASSUMED], 1)
        expect(state, slot, now[ROUND] + min(slots[slot, ASSUMED], slots[slot, OUTPUT]))


@inlined
def generate(rules: Rules, state: State) -> None:
    """Go to the next round: each running request has one token more."""
    now, planned = state.now, state.planned
    now[OUTLIVED] = outlived_next(rules, state)
    now[ROUND] += 1
    now[OFFSET] += 1
    window = len(planned) // 2
    if now[OFFSET] == window:
        for index in range(window):
            planned[index] = planned[window + index]
            planned[window + index] = 0
        now[OFFSET] = 0


@inlined
def place(state: State, request: int) -> int:
    """The place of a request in the order ≺: by assumed length, then by rank."""
    requests = state.requests
    return int(requests[request, ASSUMED] * len(requests) + requests[request, RANK])


@inlined
def first_waiting(state: State) -> int:
    """The first of the requests that wait; at least one does."""
    now, requests = state.now, state.requests
    first = now[FIRST]
    if now[RAISED_WAITING] and (first == len(requests) or state.queue[0] < place(state, first)):
        first = state.of_rank[state.queue[0] % len(requests)]
    return int(first)


@inlined
def wait(state: State, request: int) -> None:
    """Let a request wait."""
    now, heap, marks = state.now, state.queue, state.marks
    now[WAITING] += 1
    if state.requests[request, RAISED]:
        value = place(state, request)
        index = now[RAISED_WAITING]
        now[RAISED_WAITING] += 1
        while index > 0 and heap[(index - 1) // 2] > value:
            heap[index] = heap[(index - 1) // 2]
            index = (index - 1) // 2
        heap[index] = value
    else:
        now[FIRST] = min(now[FIRST], request)
        node = now[REQUEST_NODE] + request
        is_new = True
        while node > 0 and is_new:
            bit = 1 << ((node - 1) % BRANCHES)
            node = (node - 1) // BRANCHES
            is_new = marks[node] == 0
            marks[node] |= bit


@inlined
def wait_no_longer(state: State, request: int) -> None:
    """Remove the first of the requests that wait."""
    now, marks = state.now, state.marks
    now[WAITING] -= 1
    if state.requests[request, RAISED]:
        drop_first(state.queue, now[RAISED_WAITING])
        now[RAISED_WAITING] -= 1
    else:
        node = now[REQUEST_NODE] + request
        is_empty = True
        while node > 0 and is_empty:
            bit = 1 << ((node - 1) % BRANCHES)
            node = (node - 1) // BRANCHES
            marks[node] -= bit
            is_empty = marks[node] == 0
        now[FIRST] = len(state.requests)
        if not is_empty:
            # All marks before that of this request were gone, so the next is below this node.
            while node < now[REQUEST_NODE]:
                node = node * BRANCHES + 1 + lowest_bit(marks[node])
            now[FIRST] = node - now[REQUEST_NODE]


@inlined
def lowest_bit(word: int) -> int:
    """The index of the lowest bit that is set."""
    return math.frexp(word & -word)[1] - 1


@inlined
def drop_first(heap: Numbers, size: int) -> None:
    """Remove the least number of a heap of this size."""
    heap[0] = heap[size - 1]
    sink(heap, size - 1, 0)


@compiled
def sink(heap: Numbers, size: int, index: int) -> None:
    """Restore the order of a heap below one entry."""
    value = heap[index]
    while True:
        below = 2 * index + 1
        if below >= size:
            break
        if below + 1 < size and heap[below + 1] < heap[below]:
            below += 1
        if value <= heap[below]:
            break
        heap[index] = heap[below]
        index = below
    heap[index] = value


@inlined
def stop(rules: Rules, state: State, slot: int, evicted: int) -> None:
    """End the present run of a request, and free what it holds and what is planned for it."""
    now, slots = state.now, state.slots
    state.runs[slots[slot, RUN], STOP] = now[ROUND]
    state.runs[slots[slot, RUN], EVICTED] = evicted
    if slots[slot, OUTLIVES]:
        count_outlived(rules, state, slot, -1)
    else:
        generated = now[ROUND] - slots[slot, START]
        left = slots[slot, ASSUMED] - generated
        plan(rules, state, slots[slot, PROMPT] + generated, left, -1)
    now[RUNNING] -= 1
    last = state.running[now[RUNNING]]
    state.running[slots[slot, PLACE]] = last
    state.running[now[RUNNING]] = slot
    slots[last, PLACE] = slots[slot, PLACE]


@inlined
def expect(state: State, slot: int, due: int) -> None:
    """Enter a request into the list of the round of its event."""
    slots = state.slots
    list_of_round = due & (len(state.events) - 1)
    first = state.events[list_of_round]
    slots[slot, EVENT] = due
    slots[slot, AFTER] = first
    slots[slot, BEFORE] = NONE
    if first != NONE:
        slots[first, BEFORE] = slot
    state.events[list_of_round] = slot


@inlined
def forget(state: State, slot: int) -> None:
    """Remove a request from the list of the round of its event."""
    slots = state.slots
    after, before = slots[slot, AFTER], slots[slot, BEFORE]
    if after != NONE:
        slots[after, BEFORE] = before
    if before != NONE:
        slots[before, AFTER] = after
    else:
        state.events[slots[slot, EVENT] & (len(state.events) - 1)] = after


@inlined
def held_next(rules: Rules, state: State) -> int:
    """Tokens that all running requests hold once each has the token of the present round."""
    return int(state.planned[state.now[OFFSET]]) + outlived_next(rules, state)


@inlined
def outlived_next(rules: Rules, state: State) -> int:
    """The same of the requests alone that have outlived their assumed length."""
    new_blocks = state.new_blocks[state.now[ROUND] % rules.block_size]
    return int(state.now[OUTLIVED] + new_blocks * rules.block_size)


@inlined
def count_outlived(rules: Rules, state: State, slot: int, times: int) -> None:
    """Count a request among those that have outlived their assumed length, or no longer (-1)."""
    start, prompt = state.slots[slot, START], state.slots[slot, PROMPT]
    held = in_blocks(rules, prompt + state.now[ROUND] - start)
    state.now[OUTLIVED] += times * held
    # It takes a new block in the rounds in which what it has is a whole number of blocks.
    state.new_blocks[(start - prompt) % rules.block_size] += times


@inlined
def in_blocks(rules: Rules, tokens: int) -> int:
    """B·⌈tokens/B⌉."""
    return (tokens + rules.block_size - 1) // rules.block_size * rules.block_size


@inlined
def fits(rules: Rules, state: State, request: int) -> bool:
    """Whether no coming round exceeds the cache when a request runs for its assumed length."""
    prompt, ahead = state.requests[request, PROMPT], state.requests[request, ASSUMED]
    offset = state.now[OFFSET]
    at_first = in_blocks(rules, prompt + 1) + held_next(rules, state)
    # A request holds most in its last round: one look there refuses most that do not fit.
    at_last = in_blocks(rules, prompt + ahead) + state.planned[offset + ahead - 1]
    most = max(at_first, at_last)
    if most <= rules.capacity and ahead > 2:
        most = highest(rules.block_size, state.planned[offset : offset + ahead], prompt)
    return bool(most <= rules.capacity)


@compiled
def highest(block_size: int, planned: Numbers, tokens: int) -> int:
    """The most that the planned rounds hold with a request that has these tokens before them."""
    most = 0
    if block_size == 1:
        for index in range(len(planned)):
            most = max(most, planned[index] + tokens + 1 + index)
        return most
    held = (tokens + block_size) // block_size * block_size
    for index in range(len(planned)):
        if tokens + 1 + index > held:
            held += block_size
        most = max(most, planned[index] + held)
    return most


@inlined
def plan(rules: Rules, state: State, tokens: int, ahead: int, times: int) -> None:
    """Add the next rounds of a request with these tokens to the plan, or take them away (-1)."""
    offset = state.now[OFFSET]
    add(rules.block_size, state.planned[offset : offset + ahead], tokens, times)


@compiled
def add(block_size: int, planned: Numbers, tokens: int, times: int) -> None:
    """Add to each planned round what a request holds that has these tokens before them."""
    if block_size == 1:
        for index in range(len(planned)):
            planned[index] += times * (tokens + 1 + index)
        return
    held = (tokens + block_size) // block_size * block_size
    for index in range(len(planned)):
        if tokens + 1 + index > held:
            held += block_size
        planned[index] += times * held

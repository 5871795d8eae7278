"""The rounds of a simulation on machines of serving engines, as loops that Numba compiles.

Such a machine (specification, section 7) resumes evicted requests, limits a round, or takes
predictions that may be wrong. This file states FCFS, Amin, Amax and H-SF on it a second time, in a
form made for speed: :mod:`amin_ref.policies.chunked` and
:mod:`amin_ref.policies.first_come_by_blocks` state them to be read. The tests hold both equal, run
for run. A request is called by its tie-break rank, from 0 to n - 1.

Unlike :mod:`.rounds`, a round looks at every running request, in order of admission: each takes its
part of the tokens that the round computes.

Arrays are never allocated here: :func:`.compiling.compiled` turns reference counting off. The heap
is here too, and not taken from :mod:`.rounds`, because Numba compiles a file anew when that file
changes, and does not look at the files that it imports.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from amin_ref.compiled.compiling import compiled, inlined

Numbers = NDArray[np.int64]
"""An array of whole numbers."""

# The columns of State.jobs.
PROMPT = 0
"""s; tokens."""
OUTPUT = 1
"""o; tokens."""
ASSUMED = 2
"""The assumed length; tokens."""
KEPT = 3
"""Tokens of earlier runs that were not lost."""
GENERATED = 4
"""Tokens that the present run has generated."""
UNCOMPUTED = 5
"""What the present run has to compute before its next token; tokens."""
UNTIL = 6
"""The round after the last one that is planned for the present run."""
RUN = 7
"""The number of the present run."""
DELAYED = 8
"""1 if the run generated no token in the round before."""
BLOCKS = 9
"""Blocks that it holds: counted only by FCFS where the tokens of a round are limited."""
JOB_COLUMNS = 10

# The columns of State.runs.
JOB = 0
"""The request, by its rank."""
BEGAN = 1
"""The first round."""
STOP = 2
"""The round after the last."""
EVICTED = 3
"""1 if it ends with an eviction."""
CHUNKED = 4
"""1 if the run generated no token in one of its rounds."""
RUN_COLUMNS = 5

# The columns of State.chunks.
CHUNK_RUN = 0
"""The number of the run."""
CHUNK_ROUND = 1
"""The round."""
CHUNK_TOKENS = 2
"""Tokens that the run computed in that round."""
CHUNK_COLUMNS = 3

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
FREE = 7
"""Blocks that no request holds: counted only where those of a request are."""
CHUNKS = 8
"""How many rows State.chunks has."""
MAY_EXCEED = 9
"""1 if the plan may exceed the cache, because a request stays longer than was planned."""
IDLE = 10
"""Rounds in a row, up to the present one, in which requests wait and none runs."""
NOW_ENTRIES = 11

MOST_IDLE = 1000
"""The most such rounds. There is none (T8), so one more shows a fault in this file, which would
otherwise go on round by round until the next arrival or the limit of rounds."""


class Rules(NamedTuple):
    """The cache, the machine and the policy, as numbers.

    Attributes:
        capacity: M; tokens.
        block_size: B; tokens.
        unstored: 1 where the last token is not stored, 0 where it is.
        resumes: 1 where an evicted request keeps its tokens.
        tokens: most tokens that a round computes.
        are_limited: 1 if the machine limits the tokens of a round, 0 if ``tokens`` is no limit.
        most_running: most requests that run.
        watermark: blocks that an admission leaves free unless no request runs.
        first_come: 1 for FCFS, 0 for Amin, Amax and H-SF, which differ in assumed lengths alone.
    """

    capacity: int
    block_size: int
    unstored: int
    resumes: int
    tokens: int
    are_limited: int
    most_running: int
    watermark: int
    first_come: int


class State(NamedTuple):
    """The state of a simulation.

    Attributes:
        jobs: a row for each request, with the columns from :data:`PROMPT` to :data:`BLOCKS`.
        arriving: arrival and rank of each request, in order of arrival; shape ``(n, 2)``.
        queue: the places of those that wait, as a heap. A place is assumed length · n + rank.
        running: the requests that run, in order of admission.
        evicted: room for the requests that a round evicts.
        planned: tokens planned for each round; the present one is at :data:`OFFSET`.
        runs: a row for each run, with the columns from :data:`JOB` to :data:`CHUNKED`.
        chunks: a row for each round in which a run computes more or less than one token, with the
            columns from :data:`CHUNK_RUN` to :data:`CHUNK_TOKENS`; none where the tokens of a round
            have no limit.
        now: the entries from :data:`ROUND` to :data:`IDLE`.
    """

    jobs: Numbers
    arriving: Numbers
    queue: Numbers
    running: Numbers
    evicted: Numbers
    planned: Numbers
    runs: Numbers
    chunks: Numbers
    now: Numbers


@compiled
def play(rules: Rules, state: State, most: int) -> bool:
    """Play up to ``most`` rounds; whether all requests have completed.

    It returns early if ``state.runs`` or ``state.chunks`` might be too short for one round more, or
    after more than :data:`MOST_IDLE` idle rounds.
    """
    now = state.now
    requests = len(state.jobs)
    by_blocks = rules.first_come != 0 and rules.are_limited != 0
    for _ in range(most):
        if now[RUNS] + requests > len(state.runs) or now[CHUNKS] + requests > len(state.chunks):
            return False
        begin_round(rules, state, by_blocks)
        if now[COMPLETED] == requests:
            return True
        if now[WAITING] == 0 and now[RUNNING] == 0:
            now[ROUND] = max(now[ROUND], state.arriving[now[ARRIVED], 0])
        arrive(state)
        evicted = serve_blocks(rules, state) if by_blocks else evict(rules, state)
        if by_blocks and evicted == 0:
            admit_by_blocks(rules, state)
        elif not by_blocks and (evicted == 0 or rules.first_come == 0):
            admit(rules, state)
        for index in range(evicted):
            wait(state, state.evicted[index])
        if now[WAITING] and now[RUNNING] == 0:
            now[IDLE] += 1
            if now[IDLE] > MOST_IDLE:
                return False
        else:
            now[IDLE] = 0
        generate(rules, state)
    return False


@inlined
def begin_round(rules: Rules, state: State, by_blocks: bool) -> None:
    """Remove the completed requests; plan or count anew what the others hold."""
    now, jobs, running = state.now, state.jobs, state.running
    staying = 0
    for index in range(now[RUNNING]):
        job = running[index]
        if jobs[job, KEPT] + jobs[job, GENERATED] == jobs[job, OUTPUT]:
            release(rules, state, job, 0)
            now[COMPLETED] += 1
            continue
        running[staying] = job
        staying += 1
        if by_blocks:
            hold(state, job, in_blocks(rules, prefix(state, job) - jobs[job, UNCOMPUTED]))
        elif jobs[job, DELAYED]:
            plan_anew(rules, state, job)
        elif jobs[job, UNTIL] <= now[ROUND]:
            jobs[job, UNTIL] = now[ROUND] + 1
            plan(rules, state, prefix(state, job), 1, 1)
    now[RUNNING] = staying


@inlined
def plan_anew(rules: Rules, state: State, job: int) -> None:
    """Move the plan of a request by one round, as it generated no token in the round before."""
    now, jobs = state.now, state.jobs
    if jobs[job, UNTIL] > now[ROUND]:
        plan(rules, state, prefix(state, job) + 1, jobs[job, UNTIL] - now[ROUND], -1)
    ahead = max(1, jobs[job, ASSUMED] - jobs[job, KEPT] - jobs[job, GENERATED])
    jobs[job, UNTIL] = now[ROUND] + ahead
    plan(rules, state, prefix(state, job), ahead, 1)
    now[MAY_EXCEED] = 1


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
    now, jobs, running = state.now, state.jobs, state.running
    evicted = 0
    if state.planned[now[OFFSET]] > rules.capacity and rules.first_come == 0:
        for index in range(now[RUNNING]):
            job = running[index]
            generated = jobs[job, KEPT] + jobs[job, GENERATED]
            jobs[job, ASSUMED] = max(jobs[job, ASSUMED], generated)
    while state.planned[now[OFFSET]] > rules.capacity:
        chosen = now[RUNNING] - 1
        if rules.first_come == 0:
            for index in range(now[RUNNING]):
                if place(state, running[index]) < place(state, running[chosen]):
                    chosen = index
        job = running[chosen]
        now[RUNNING] -= 1
        for index in range(chosen, now[RUNNING]):
            running[index] = running[index + 1]
        release(rules, state, job, 1)
        state.evicted[evicted] = job
        evicted += 1
    return evicted


@inlined
def admit(rules: Rules, state: State) -> None:
    """Admit in the order of the queue, up to the first request that does not fit."""
    now, jobs = state.now, state.jobs
    uncomputed = 0
    for index in range(now[RUNNING]):
        uncomputed += jobs[state.running[index], UNCOMPUTED]
    while now[WAITING] and uncomputed < rules.tokens and now[RUNNING] < rules.most_running:
        job = state.queue[0] % len(jobs)
        if not fits(rules, state, job):
            break
        begin_run(state, job)
        uncomputed += jobs[job, UNCOMPUTED]
        ahead = max(1, jobs[job, ASSUMED] - jobs[job, KEPT])
        jobs[job, UNTIL] = now[ROUND] + ahead
        plan(rules, state, prefix(state, job), ahead, 1)


@compiled
def fits(rules: Rules, state: State, job: int) -> bool:
    """Whether no coming round exceeds the cache when a request runs for its assumed length."""
    now, jobs, planned = state.now, state.jobs, state.planned
    if now[MAY_EXCEED]:
        for index in range(now[OFFSET], len(planned)):
            if planned[index] > rules.capacity:
                return False
        now[MAY_EXCEED] = 0
    tokens = jobs[job, PROMPT] + jobs[job, KEPT]
    ahead = max(1, jobs[job, ASSUMED] - jobs[job, KEPT])
    free = rules.capacity
    if now[RUNNING]:
        free -= rules.watermark * rules.block_size
    if planned[now[OFFSET]] + stored(rules, tokens + 1) > free:
        return False
    # A request holds most in its last round: one look there refuses most that do not fit.
    for index in range(ahead - 1, -1, -1):
        if planned[now[OFFSET] + index] + stored(rules, tokens + index + 1) > rules.capacity:
            return False
    return True


@inlined
def serve_blocks(rules: Rules, state: State) -> int:
    """Give each running request the blocks that it needs in this round, as FCFS does.

    On lack of blocks the last admitted are evicted. They are in ``state.evicted``; it returns how
    many they are.
    """
    now, jobs, running = state.now, state.jobs, state.running
    left = rules.tokens
    evicted = 0
    index = 0
    while index < now[RUNNING] and left > 0:
        job = running[index]
        taken = min(jobs[job, UNCOMPUTED], left)
        needed = blocks_needed(rules, state, job, taken)
        while index < now[RUNNING] and needed - jobs[job, BLOCKS] > now[FREE]:
            now[RUNNING] -= 1
            last = running[now[RUNNING]]
            release(rules, state, last, 1)
            state.evicted[evicted] = last
            evicted += 1
        if index < now[RUNNING]:
            left -= taken
            hold(state, job, needed)
        index += 1
    return evicted


@inlined
def admit_by_blocks(rules: Rules, state: State) -> None:
    """Admit in order while the blocks of the whole prefix and the watermark are free."""
    now, jobs = state.now, state.jobs
    left = rules.tokens
    for index in range(now[RUNNING]):
        left -= min(left, jobs[state.running[index], UNCOMPUTED])
    while now[WAITING] and left > 0 and now[RUNNING] < rules.most_running:
        job = state.queue[0] % len(jobs)
        needed = in_blocks(rules, jobs[job, PROMPT] + jobs[job, KEPT] + 1 - rules.unstored)
        if now[RUNNING]:
            needed += rules.watermark
        if needed > now[FREE]:
            break
        begin_run(state, job)
        taken = min(jobs[job, UNCOMPUTED], left)
        left -= taken
        hold(state, job, blocks_needed(rules, state, job, taken))


@inlined
def generate(rules: Rules, state: State) -> None:
    """Give the tokens of the round to the running requests, and go to the next round."""
    now, jobs, planned = state.now, state.jobs, state.planned
    left = rules.tokens
    for index in range(now[RUNNING]):
        job = state.running[index]
        computed = min(jobs[job, UNCOMPUTED], left)
        left -= computed
        if rules.are_limited and computed != 1:
            state.chunks[now[CHUNKS], CHUNK_RUN] = jobs[job, RUN]
            state.chunks[now[CHUNKS], CHUNK_ROUND] = now[ROUND]
            state.chunks[now[CHUNKS], CHUNK_TOKENS] = computed
            now[CHUNKS] += 1
        if computed == jobs[job, UNCOMPUTED]:
            jobs[job, GENERATED] += 1
            jobs[job, UNCOMPUTED] = 1
            jobs[job, DELAYED] = 0
        else:
            jobs[job, UNCOMPUTED] -= computed
            jobs[job, DELAYED] = 1
            state.runs[jobs[job, RUN], CHUNKED] = 1
    now[ROUND] += 1
    now[OFFSET] += 1
    window = len(planned) // 2
    if now[OFFSET] == window:
        for index in range(window):
            planned[index] = planned[window + index]
            planned[window + index] = 0
        now[OFFSET] = 0


@inlined
def begin_run(state: State, job: int) -> None:
    """Let the first request of the queue run."""
    now, jobs = state.now, state.jobs
    drop_first(state.queue, now[WAITING])
    now[WAITING] -= 1
    run = now[RUNS]
    now[RUNS] += 1
    state.runs[run, JOB] = job
    state.runs[run, BEGAN] = now[ROUND]
    jobs[job, RUN] = run
    jobs[job, GENERATED] = 0
    jobs[job, UNCOMPUTED] = jobs[job, PROMPT] + jobs[job, KEPT]
    jobs[job, DELAYED] = 0
    jobs[job, BLOCKS] = 0
    state.running[now[RUNNING]] = job
    now[RUNNING] += 1


@inlined
def release(rules: Rules, state: State, job: int, evicted: int) -> None:
    """End the present run of a request, and free what it holds and what is planned for it."""
    now, jobs = state.now, state.jobs
    state.runs[jobs[job, RUN], STOP] = now[ROUND]
    state.runs[jobs[job, RUN], EVICTED] = evicted
    if jobs[job, UNTIL] > now[ROUND]:
        plan(rules, state, prefix(state, job), jobs[job, UNTIL] - now[ROUND], -1)
    hold(state, job, 0)
    if evicted and rules.resumes:
        jobs[job, KEPT] += jobs[job, GENERATED]


@inlined
def hold(state: State, job: int, blocks: int) -> None:
    """Count how many blocks a request holds."""
    state.now[FREE] -= blocks - state.jobs[job, BLOCKS]
    state.jobs[job, BLOCKS] = blocks


@inlined
def prefix(state: State, job: int) -> int:
    """All tokens of a running request: its prompt and what it has generated."""
    jobs = state.jobs
    return int(jobs[job, PROMPT] + jobs[job, KEPT] + jobs[job, GENERATED])


@inlined
def blocks_needed(rules: Rules, state: State, job: int, taken: int) -> int:
    """Blocks that a request holds once it has computed these tokens in the present round."""
    tokens = prefix(state, job) - state.jobs[job, UNCOMPUTED] + taken
    if taken == state.jobs[job, UNCOMPUTED]:
        tokens += 1 - rules.unstored
    return in_blocks(rules, tokens)


@inlined
def in_blocks(rules: Rules, tokens: int) -> int:
    """⌈tokens/B⌉."""
    return (tokens + rules.block_size - 1) // rules.block_size


@inlined
def stored(rules: Rules, tokens: int) -> int:
    """Tokens of cache that a request occupies that has these tokens after it generated one."""
    return in_blocks(rules, tokens - rules.unstored) * rules.block_size


@compiled
def plan(rules: Rules, state: State, tokens: int, ahead: int, times: int) -> None:
    """Add the next rounds of a request with these tokens to the plan, or take them away (-1)."""
    offset = state.now[OFFSET]
    for index in range(ahead):
        state.planned[offset + index] += times * stored(rules, tokens + index + 1)


@inlined
def place(state: State, job: int) -> int:
    """The place of a request in the order ≺: by assumed length, then by rank."""
    return int(state.jobs[job, ASSUMED] * len(state.jobs) + job)


@inlined
def wait(state: State, job: int) -> None:
    """Put a request in the queue."""
    heap = state.queue
    value = place(state, job)
    index = state.now[WAITING]
    state.now[WAITING] += 1
    while index > 0 and heap[(index - 1) // 2] > value:
        heap[index] = heap[(index - 1) // 2]
        index = (index - 1) // 2
    heap[index] = value


@inlined
def drop_first(heap: Numbers, size: int) -> None:
    """Remove the least number of a heap of this size."""
    value = heap[size - 1]
    index = 0
    while 2 * index + 1 < size - 1:
        below = 2 * index + 1
        if below + 1 < size - 1 and heap[below + 1] < heap[below]:
            below += 1
        if value <= heap[below]:
            break
        heap[index] = heap[below]
        index = below
    heap[index] = value

"""The rounds of a schedule, judged as :mod:`amin_ref.conformance` does, in loops for Numba.

This file decides a second time what ``conformance/replay.py`` and ``conformance/first_come.py``
decide, for valid schedules on the paper's machine; the tests hold both equal. It shares no code
with :mod:`.rounds`, so that an error there cannot hide here. L1 to L9 are the sections of
``proofs_notes/conformance.md``.

A request is called by its number in the order of the tie-break, from 0 to n - 1; where ties are
free, one with a longer prompt comes before (L4). A *place* is a number: a request with a lower
place is admitted earlier, and requests that tie freely share one. An entry of the queue is the base
of a place · n + the request's number, so the queue is a heap of integers. An entry stays in the
heap when its request starts, and is dropped when it comes first.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from amin_ref.compiled.compiling import compiled, inlined

Numbers = NDArray[np.int64]
"""An array of whole numbers."""

ALL_RIGHT = -1
"""Every round is right."""

NOT_YET = -2
"""Every round so far is right, and more are left."""

# The columns of Replay.jobs.
PROMPT = 0
"""s; tokens."""
ASSUMED = 1
"""The length assumed of a waiting request, or when the present run began; tokens."""
GROUP = 2
"""What places add to their base: the number of the request, or one that tied requests share."""
START = 3
"""The first round of the present run."""
WAITS = 4
"""1 if the request waits."""
LEAVES = 5
"""1 if the present round evicts it."""
INDEX = 6
"""Its index in Replay.running."""
JOB_COLUMNS = 7

# The columns of Replay.stopping.
STOP = 0
"""The round after the last of a run."""
STOPPING = 1
"""The request."""
IS_EVICTED = 2
"""1 if the run ends with an eviction."""

# The entries of Replay.now.
ROUND = 0
"""The present round."""
ARRIVED = 1
"""How many requests have arrived."""
STARTED = 2
"""How many runs have started."""
STOPPED = 3
"""How many runs have stopped."""
ENTRIES = 4
"""Entries of the queue, those included whose requests have started."""
WAITING = 5
"""How many requests wait."""
RUNNING = 6
"""How many run."""
OFFSET = 7
"""The index of the present round in Replay.planned."""
HELD = 8
"""Tokens that the running requests hold before the present round."""
JUDGED = 9
"""Rounds in which a request was present, the present one not included."""
NOW_ENTRIES = 10


class Rules(NamedTuple):
    """The cache and the policy, as numbers.

    Attributes:
        capacity: M; tokens.
        block_size: B; tokens.
        newest_first: 1 as in FCFS: the last admitted are evicted, and a round that evicts admits
            none. 0 as in Amin: the first places are evicted.
        by_group: 1 if places are groups alone, 0 if the assumed length is their base.
        refines: 1 if the assumed length of a running request is at least what it has generated.
        shift: what is added to what it has generated before that; tokens.
        remembers: 1 if an evicted request keeps the refined length.
        is_mixed: 1 if requests of one place may have different assumed lengths.
    """

    capacity: int
    block_size: int
    newest_first: int
    by_group: int
    refines: int
    shift: int
    remembers: int
    is_mixed: int


class Replay(NamedTuple):
    """The state of a replay.

    Attributes:
        jobs: a row for each request, with the columns from :data:`PROMPT` to :data:`INDEX`.
        arriving: arrival and number of each request, in order of arrival; shape ``(n, 2)``.
        starting: first round and request of each run, in order of the first.
        stopping: a row for each run, with the columns from :data:`STOP` to :data:`IS_EVICTED`, in
            order of stops; of one round, those that complete come first.
        queue: the waiting requests, as a heap.
        running: the requests that run, in no order.
        planned: tokens planned for each round; the present one is at :data:`OFFSET`.
        new_blocks: how many running requests take a new block in the rounds of each remainder
            modulo B.
        now: the entries from :data:`ROUND` to :data:`JUDGED`.
    """

    jobs: Numbers
    arriving: Numbers
    starting: Numbers
    stopping: Numbers
    queue: Numbers
    running: Numbers
    planned: Numbers
    new_blocks: Numbers
    now: Numbers


@compiled
def judge(rules: Rules, replay: Replay, most: int) -> int:
    """Judge up to ``most`` rounds or jumps; the first wrong round, or one of the two numbers."""
    now = replay.now
    for _ in range(most):
        complete(rules, replay)
        if now[WAITING] == 0 and now[RUNNING] == 0:
            if now[ARRIVED] == len(replay.arriving):
                return ALL_RIGHT
            now[ROUND] = max(now[ROUND], replay.arriving[now[ARRIVED], 0])
        arrive(rules, replay)
        evicted, admitted = evictions(replay), admissions(replay)
        if not judge_evictions(rules, replay, evicted):
            return int(now[ROUND])
        if rules.newest_first and evicted:
            if admitted:
                return int(now[ROUND])
        elif not judge_admissions(rules, replay, admitted):
            return int(now[ROUND])
        for index in range(now[STOPPED], now[STOPPED] + evicted):
            wait(rules, replay, replay.stopping[index, STOPPING])
        now[STOPPED] += evicted
        forward(rules, replay, 1)
        if not pass_quiet_rounds(rules, replay):
            return int(now[ROUND])
    return NOT_YET


@inlined
def pass_quiet_rounds(rules: Rules, replay: Replay) -> bool:
    """Go to the next round in which something happens; false at a wrong one before it (L3)."""
    now = replay.now
    following = next_event(replay)
    is_right = True
    while now[ROUND] < following:
        first = first_waiting(rules, replay)
        if first < 0 or not first_token_fits(rules, replay, first):
            forward(rules, replay, following - now[ROUND])
        elif all_fit(rules, replay, first):
            is_right = False
            break
        else:
            forward(rules, replay, 1)
    return is_right


@inlined
def next_event(replay: Replay) -> int:
    """The next round in which a request arrives, or a run starts or stops; or the present one."""
    now = replay.now
    found = now[ROUND]
    if now[WAITING] or now[RUNNING]:
        # Every request that is present completes, so there is a next stop.
        found = replay.stopping[now[STOPPED], STOP]
        if now[ARRIVED] < len(replay.arriving):
            found = min(found, replay.arriving[now[ARRIVED], 0])
        if now[STARTED] < len(replay.starting):
            found = min(found, replay.starting[now[STARTED], 0])
    return int(found)


@inlined
def complete(rules: Rules, replay: Replay) -> None:
    """End the runs that complete their requests."""
    now, stopping = replay.now, replay.stopping
    while (
        now[STOPPED] < len(stopping)
        and stopping[now[STOPPED], STOP] == now[ROUND]
        and not stopping[now[STOPPED], IS_EVICTED]
    ):
        release(rules, replay, stopping[now[STOPPED], STOPPING])
        now[STOPPED] += 1


@inlined
def arrive(rules: Rules, replay: Replay) -> None:
    """Let the requests wait that arrive."""
    now, arriving = replay.now, replay.arriving
    while now[ARRIVED] < len(arriving) and arriving[now[ARRIVED], 0] <= now[ROUND]:
        wait(rules, replay, arriving[now[ARRIVED], 1])
        now[ARRIVED] += 1


@inlined
def evictions(replay: Replay) -> int:
    """How many runs the present round evicts; those that complete have been ended."""
    stopping, first = replay.stopping, replay.now[STOPPED]
    last = first
    while last < len(stopping) and stopping[last, STOP] == replay.now[ROUND]:
        last += 1
    return int(last - first)


@inlined
def admissions(replay: Replay) -> int:
    """How many runs start in the present round."""
    starting, first = replay.starting, replay.now[STARTED]
    last = first
    while last < len(starting) and starting[last, 0] == replay.now[ROUND]:
        last += 1
    return int(last - first)


@inlined
def judge_evictions(rules: Rules, replay: Replay, evicted: int) -> bool:
    """Whether the evictions are right; they are carried out (L1, L7).

    If one of the last victims had not to be evicted, no eviction was needed: condition 1 of L1
    follows from condition 3.
    """
    now, jobs = replay.now, replay.jobs
    first = now[STOPPED]
    if evicted == 0:
        return True
    is_right = True
    last = -1
    for index in range(first, first + evicted):
        job = replay.stopping[index, STOPPING]
        jobs[job, LEAVES] = 1
        last = max(last, victim_place(rules, replay, job))
    for index in range(now[RUNNING]):
        job = replay.running[index]
        if jobs[job, LEAVES] == 0 and victim_place(rules, replay, job) < last:
            is_right = False
    most = 0
    for index in range(first, first + evicted):
        job = replay.stopping[index, STOPPING]
        if victim_place(rules, replay, job) == last:
            generated = now[ROUND] - jobs[job, START]
            most = max(most, in_blocks(rules, int(jobs[job, PROMPT] + generated + 1)))
    for index in range(first, first + evicted):
        job = replay.stopping[index, STOPPING]
        refined = jobs[job, ASSUMED]
        if rules.remembers:
            refined = refined_length(rules, replay, job)
        release(rules, replay, job)
        jobs[job, ASSUMED] = refined
        jobs[job, LEAVES] = 0
    return bool(is_right and held_next(rules, replay) + most > rules.capacity)


@inlined
def judge_admissions(rules: Rules, replay: Replay, admitted: int) -> bool:
    """Whether the admissions are right; they are carried out (L2, L8)."""
    now, jobs = replay.now, replay.jobs
    if admitted == 0 and now[WAITING] == 0:
        return True
    highest_place = np.int64(-1)
    longest = np.int64(1)
    is_right = True
    begun = now[STARTED]
    now[STARTED] += admitted
    for index in range(begun, begun + admitted):
        job = replay.starting[index, 1]
        if jobs[job, WAITS] == 0:
            is_right = False  # it is evicted in this round
            break
        jobs[job, WAITS] = 0
        now[WAITING] -= 1
        highest_place = max(highest_place, entry_of(rules, replay, job) - job + jobs[job, GROUP])
        longest = max(longest, jobs[job, ASSUMED])
        start(rules, replay, job)
    if not is_right:
        return False
    offset = now[OFFSET]
    if admitted and most_of(replay.planned[offset + 1 : offset + longest]) > rules.capacity:
        return False
    following = first_waiting(rules, replay)
    if following < 0:
        return True
    lowest = entry_of(rules, replay, following) - following + jobs[following, GROUP]
    return highest_place <= lowest and not all_fit(rules, replay, following)


@inlined
def all_fit(rules: Rules, replay: Replay, first: int) -> bool:
    """Whether each waiting request of the first place fits, of which this is the first (L4)."""
    found = fits(rules, replay, first)
    if found and rules.is_mixed:
        for index in range(replay.now[ENTRIES]):
            job = replay.queue[index] % len(replay.jobs)
            if (
                replay.jobs[job, GROUP] == replay.jobs[first, GROUP]
                and replay.jobs[job, WAITS]
                and not fits(rules, replay, job)
            ):
                found = False
                break
    return found


@compiled
def fits(rules: Rules, replay: Replay, job: int) -> bool:
    """Whether a request fits in the present round and in those for which it is planned (L5)."""
    prompt, ahead = replay.jobs[job, PROMPT], replay.jobs[job, ASSUMED]
    offset = replay.now[OFFSET]
    if not first_token_fits(rules, replay, job):
        return False
    if ahead == 1:
        return True
    # A request holds most in its last round: one look there refuses most that do not fit.
    if in_blocks(rules, prompt + ahead) + replay.planned[offset + ahead - 1] > rules.capacity:
        return False
    planned = replay.planned[offset + 1 : offset + ahead]
    most = np.int64(0)
    if rules.block_size == 1:
        for index in range(len(planned)):
            most = max(most, planned[index] + prompt + 2 + index)
    else:
        for index in range(len(planned)):
            most = max(most, planned[index] + in_blocks(rules, prompt + 2 + index))
    return bool(most <= rules.capacity)


@inlined
def first_token_fits(rules: Rules, replay: Replay, job: int) -> bool:
    """Whether a request fits in the present round."""
    own = in_blocks(rules, replay.jobs[job, PROMPT] + 1)
    return own + held_next(rules, replay) <= rules.capacity


@inlined
def victim_place(rules: Rules, replay: Replay, job: int) -> int:
    """A number by which running requests are evicted, in ascending order."""
    jobs = replay.jobs
    if rules.newest_first:
        generated = replay.now[ROUND] - jobs[job, START]
        found = (generated + 1) * len(jobs) - 1 - jobs[job, GROUP]
    elif rules.by_group:
        found = jobs[job, GROUP]
    else:
        found = refined_length(rules, replay, job) * len(jobs) + jobs[job, GROUP]
    return int(found)


@inlined
def refined_length(rules: Rules, replay: Replay, job: int) -> int:
    """The length assumed of a running request in the present round."""
    found = replay.jobs[job, ASSUMED]
    if rules.refines:
        generated = replay.now[ROUND] - replay.jobs[job, START]
        found = max(found, generated + rules.shift)
    return int(found)


@inlined
def entry_of(rules: Rules, replay: Replay, job: int) -> int:
    """The entry of a waiting request in the queue."""
    found = job
    if not rules.by_group:
        found += replay.jobs[job, ASSUMED] * len(replay.jobs)
    return found


@compiled
def first_waiting(rules: Rules, replay: Replay) -> int:
    """The first request of the queue, or -1; entries whose requests have started are dropped."""
    now, queue = replay.now, replay.queue
    while now[ENTRIES]:
        job = queue[0] % len(replay.jobs)
        if replay.jobs[job, WAITS] and queue[0] == entry_of(rules, replay, job):
            return int(job)
        now[ENTRIES] -= 1
        sink(queue, now[ENTRIES])
    return -1


@inlined
def sink(queue: Numbers, size: int) -> None:
    """Put the entry behind the last in the place of the first one, in order."""
    value = queue[size]
    index = 0
    below = 1
    while below < size:
        if below + 1 < size and queue[below + 1] < queue[below]:
            below += 1
        if value <= queue[below]:
            break
        queue[index] = queue[below]
        index = below
        below = 2 * index + 1
    queue[index] = value


@inlined
def wait(rules: Rules, replay: Replay, job: int) -> None:
    """Let a request wait."""
    now, queue = replay.now, replay.queue
    entry = entry_of(rules, replay, job)
    replay.jobs[job, WAITS] = 1
    now[WAITING] += 1
    index = now[ENTRIES]
    now[ENTRIES] += 1
    while index > 0 and queue[(index - 1) // 2] > entry:
        queue[index] = queue[(index - 1) // 2]
        index = (index - 1) // 2
    queue[index] = entry


@inlined
def start(rules: Rules, replay: Replay, job: int) -> None:
    """Let a request run, and plan it."""
    now, jobs = replay.now, replay.jobs
    prompt = jobs[job, PROMPT]
    jobs[job, START] = now[ROUND]
    jobs[job, INDEX] = now[RUNNING]
    replay.running[now[RUNNING]] = job
    now[RUNNING] += 1
    now[HELD] += in_blocks(rules, prompt)
    # It takes a new block in the rounds in which what it has is a whole number of blocks.
    replay.new_blocks[(now[ROUND] - prompt) % rules.block_size] += 1
    plan(rules, replay, prompt, jobs[job, ASSUMED], 1)


@inlined
def release(rules: Rules, replay: Replay, job: int) -> None:
    """End the run of a request; free what it holds and what is planned for it."""
    now, jobs = replay.now, replay.jobs
    began, prompt = jobs[job, START], jobs[job, PROMPT]
    generated = now[ROUND] - began
    now[RUNNING] -= 1
    last = replay.running[now[RUNNING]]
    replay.running[jobs[job, INDEX]] = last
    jobs[last, INDEX] = jobs[job, INDEX]
    now[HELD] -= in_blocks(rules, prompt + generated)
    replay.new_blocks[(began - prompt) % rules.block_size] -= 1
    plan(rules, replay, prompt + generated, jobs[job, ASSUMED] - generated, -1)


@compiled
def plan(rules: Rules, replay: Replay, tokens: int, ahead: int, times: int) -> None:
    """Add to the plan the next rounds of a request with these tokens, or take them away (-1)."""
    offset = replay.now[OFFSET]
    if ahead <= 0:
        return
    planned = replay.planned[offset : offset + ahead]
    if rules.block_size == 1:
        for index in range(len(planned)):
            planned[index] += times * (tokens + 1 + index)
    else:
        for index in range(len(planned)):
            planned[index] += times * in_blocks(rules, tokens + 1 + index)


@compiled
def forward(rules: Rules, replay: Replay, rounds: int) -> None:
    """Go on by as many rounds, in which each running request generates a token."""
    now, planned, block_size = replay.now, replay.planned, rules.block_size
    # In B rounds each request takes one block.
    now[HELD] += rounds // block_size * block_size * now[RUNNING]
    for more in range(rounds % block_size):
        now[HELD] += replay.new_blocks[(now[ROUND] + more) % block_size] * block_size
    now[ROUND] += rounds
    now[OFFSET] += rounds
    now[JUDGED] += rounds
    if now[OFFSET] >= len(planned) // 2:
        kept = max(0, len(planned) - now[OFFSET])
        for index in range(kept):
            planned[index] = planned[now[OFFSET] + index]
        for index in range(kept, len(planned)):
            planned[index] = 0
        now[OFFSET] = 0


@inlined
def held_next(rules: Rules, replay: Replay) -> int:
    """Tokens that the running requests hold once each has the token of the present round."""
    new_blocks = replay.new_blocks[replay.now[ROUND] % rules.block_size]
    return int(replay.now[HELD] + new_blocks * rules.block_size)


@inlined
def in_blocks(rules: Rules, tokens: int) -> int:
    """B·⌈tokens/B⌉."""
    return (tokens + rules.block_size - 1) // rules.block_size * rules.block_size


@compiled
def most_of(planned: Numbers) -> int:
    """The largest of the numbers; 0 of none."""
    most = np.int64(0)
    for index in range(len(planned)):
        most = max(most, planned[index])
    return int(most)

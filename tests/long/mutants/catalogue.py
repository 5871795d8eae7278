"""Hand-picked mutants: each is one misunderstanding of the specification.

A mutant is a piece of source text, its replacement, and the theorem (specification, section 6) that
the result breaks. The text must occur in its file exactly once; otherwise the mutant is stale,
which is an error.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One deliberate fault.

    Attributes:
        name: what is wrong, in a few words.
        theorem: what the fault breaks; a test that names it must fail.
        file: path from the project's root.
        old: text that stands in the file exactly once.
        new: what stands there instead.
    """

    name: str
    theorem: str
    file: str
    old: str
    new: str


class StaleMutant(Exception):
    """The text that a mutant replaces does not stand in its file exactly once."""


def mutated(source: str, mutant: Mutant) -> str:
    """A file's text with the mutant's fault in it.

    Raises:
        StaleMutant: the text to be replaced is missing or ambiguous.
    """
    found = source.count(mutant.old)
    if found != 1:
        raise StaleMutant(
            f"mutant {mutant.name!r}: its old text stands {found} times in {mutant.file} and must "
            "stand there once; write it anew after the code as it is now."
        )
    return source.replace(mutant.old, mutant.new)


ADAPTIVE = "amin_ref/families/adaptive.py"
ALPHA_GREEDY = "amin_ref/policies/alpha_greedy.py"
AMIN = "amin_ref/policies/amin.py"
AMIN_BY_VOLUME = "amin_ref/policies/amin_by_volume.py"
BLOCKS = "amin_ref/model/blocks.py"
CACHE = "amin_ref/simulator/cache.py"
COMPILED_COLUMNS = "amin_ref/compiled/columns.py"
COMPILED_ROUNDS = "amin_ref/compiled/rounds.py"
COMPILED_MACHINE_ROUNDS = "amin_ref/compiled/machine_rounds.py"
COMPILED_MACHINES_RUNS = "amin_ref/compiled/machines.py"
COMPILED_SEQUENCES = "oracle/compiled/sequences.py"
COMPILED_STATES = "oracle/compiled/states.py"
COMPILED_PLACING = "oracle/compiled/placing.py"
COMPILED_OVERFLOWING = "oracle/compiled/overflowing.py"
COMPILED_SHARES = "oracle/compiled/shares.py"
COMPILED_PAUSES = "oracle/compiled/pauses.py"
COMPILED_REPLAY = "amin_ref/compiled/judged_rounds.py"
COMPILED_RUNS = "amin_ref/compiled/replay.py"
CERTIFICATE = "oracle/certificate.py"
CHEAPEST_ROUNDS = "oracle/cheapest_rounds.py"
COMPLETION = "amin_ref/checker/completion.py"
TIMING = "amin_ref/checker/timing.py"
MEMORY = "amin_ref/checker/memory.py"
CONFORMANCE = "amin_ref/conformance/replay.py"
CONFORMANCE_PLAN = "amin_ref/conformance/plan.py"
CONFORMANCE_WAITING = "amin_ref/conformance/waiting.py"
CONFORMANCE_FCFS = "amin_ref/conformance/first_come.py"
CONFORMANCE_ORDER = "amin_ref/conformance/admission_order.py"
DOUBLING = "amin_ref/policies/doubling.py"
FIRST_COME = "amin_ref/policies/first_come.py"
LONGEST_FIRST = "amin_ref/families/longest_first.py"
MC_BENCHMARK = "amin_ref/policies/mc_benchmark.py"
SHORTEST_PREDICTED = "amin_ref/policies/shortest_predicted.py"
TOKEN_VECTORS = "oracle/search/token_vectors.py"
SMALLEST_VOLUME = "amin_ref/policies/smallest_volume.py"
LOOKAHEAD = "amin_ref/policies/lookahead.py"
MIXES = "amin_ref/families/mixes.py"
OPTIMUM = "oracle/portfolio.py"
PROBING = "amin_ref/policies/probing.py"
RESERVING = "amin_ref/policies/reserving.py"
SIMULATOR = "amin_ref/simulator/simulation.py"
SMALL_BOUND = "amin_ref/small/bound.py"
STAGGERED = "amin_ref/families/staggered.py"
TIES = "amin_ref/policies/ties.py"

EVICTION = (
    Mutant(
        "overflow test off by one: a full cache counts as too full",
        "T6",
        LOOKAHEAD,
        "self._coming(1)[0] > self._capacity",
        "self._coming(1)[0] >= self._capacity",
    ),
    Mutant(
        "overflow test off by one: a token too many counts as fitting",
        "T1",
        LOOKAHEAD,
        "self._coming(1)[0] > self._capacity",
        "self._coming(1)[0] > self._capacity + 1",
    ),
    Mutant(
        "evicts one request too many",
        "T6",
        LOOKAHEAD,
        "        batch.evict(evicted[-1])\n    return evicted\n",
        "        batch.evict(evicted[-1])\n"
        "    if evicted and (one_more := next(victims, None)) is not None:\n"
        "        evicted.append(one_more)\n"
        "        batch.evict(one_more)\n"
        "    return evicted\n",
    ),
    Mutant(
        "evicts at most one request a round",
        "T1",
        LOOKAHEAD,
        "    while batch.overflows():\n",
        "    if batch.overflows():\n",
    ),
    Mutant(
        "evicts in descending order",
        "T6",
        LOOKAHEAD,
        "yield from sorted(jobs, key=precedence)",
        "yield from sorted(jobs, key=precedence, reverse=True)",
    ),
    Mutant(
        "evicts by tie-break alone",
        "T6",
        LOOKAHEAD,
        "yield from sorted(jobs, key=precedence)",
        "yield from sorted(jobs, key=lambda job: job.rank)",
    ),
    Mutant(
        "FCFS evicts the oldest",
        "T6",
        FIRST_COME,
        "yield from reversed(list(batch.running))",
        "yield from list(batch.running)",
    ),
    Mutant(
        "evicted requests never run again",
        "T2",
        AMIN,
        "        waiting.add(evicted)\n",
        "",
    ),
)

BOUNDS = (
    Mutant(
        "bounds are not refined",
        "T3",
        AMIN,
        "job.assumed = max(job.assumed, generated)",
        "job.assumed = max(job.assumed, 1)",
    ),
    Mutant(
        "refines to a + 1",
        "T3",
        AMIN,
        "generated = batch.generated(job)",
        "generated = batch.generated(job) + 1",
    ),
    Mutant(
        "eviction resets the bound",
        "T3",
        AMIN,
        "        waiting.add(evicted)\n",
        "        for job in evicted:\n            job.assumed = 1\n        waiting.add(evicted)\n",
    ),
    Mutant(
        "refines one token late",
        "T3",
        AMIN,
        "job.assumed = max(job.assumed, generated)",
        "job.assumed = max(job.assumed, generated - 1)",
    ),
    Mutant(
        "Amin reads the upper bound",
        "T5",
        AMIN,
        "min(request.lower, ",
        "min(request.upper or request.lower, ",
    ),
    Mutant(
        "every policy receives output lengths",
        "T5",
        SIMULATOR,
        "VisibleRequest.of(request, positions[request.id]) for",
        "RevealedRequest.of(request, positions[request.id]) for",
    ),
)

ADMISSION = (
    Mutant(
        "look-ahead: < for ≤",
        "T7",
        LOOKAHEAD,
        "return bool(held.max() <= self._capacity)",
        "return bool(held.max() < self._capacity)",
    ),
    Mutant(
        "look-ahead ends one round early",
        "T9",
        LOOKAHEAD,
        """\
        planned = self._coming(job.ahead)
        # A job holds most in its last round: one look there refuses most jobs that do not fit.
        at_the_end = self._occupied(job, job.ahead)
        if planned[-1] + at_the_end > self._capacity:
            return False
        held = self._occupied_by_round(job, 0, job.ahead)
""",
        """\
        seen = max(1, job.ahead - 1)
        planned = self._coming(seen)
        held = self._occupied_by_round(job, 0, seen)
""",
    ),
    Mutant(
        "look-ahead tests the last round alone",
        "T9",
        LOOKAHEAD,
        "return bool(held.max() <= self._capacity)",
        "return True",
    ),
    Mutant(
        "never looks ahead",
        "T4",
        LOOKAHEAD,
        """\
        planned = self._coming(job.ahead)
        # A job holds most in its last round: one look there refuses most jobs that do not fit.
        at_the_end = self._occupied(job, job.ahead)
        if planned[-1] + at_the_end > self._capacity:
            return False
        held = self._occupied_by_round(job, 0, job.ahead)
""",
        """\
        planned = self._coming(1)
        held = self._occupied_by_round(job, 0, 1)
""",
    ),
    Mutant(
        "skips a request that does not fit and tries the next one",
        "T7",
        LOOKAHEAD,
        """\
    while (job := waiting.first()) is not None and batch.fits(job):
        batch.admit(waiting.take())
        admitted.append(job.id)
""",
        """\
    skipped = []
    while waiting.first() is not None:
        job = waiting.take()
        if batch.fits(job):
            batch.admit(job)
            admitted.append(job.id)
        else:
            skipped.append(job)
    waiting.add(skipped)
""",
    ),
    Mutant(
        "admits one request a round",
        "T7",
        LOOKAHEAD,
        "    while (job := waiting.first()) is not None and batch.fits(job):\n",
        "    if (job := waiting.first()) is not None and batch.fits(job):\n",
    ),
    Mutant(
        "evicted requests are admitted again in the same round",
        "T7",
        AMIN,
        "        admitted = admit_in_order(batch, waiting)\n",
        "        waiting.add(evicted)\n"
        "        admitted = admit_in_order(batch, waiting)\n"
        "        evicted = [job for job in evicted if job.id not in admitted]\n"
        "        waiting = WaitingQueue()\n",
    ),
    Mutant(
        "the tie-break is ignored",
        "T7",
        TIES,
        "        return rank, request.position\n",
        "        return 0.0, request.position\n",
    ),
    Mutant(
        "FCFS admits in a round that evicted",
        "T7",
        FIRST_COME,
        "            return Decision(evict=tuple(job.id for job in evicted))\n",
        "            ids = tuple(job.id for job in evicted)\n"
        "            return Decision(ids, admit_in_order(self._batch, self._waiting))\n",
    ),
    Mutant(
        "FCFS orders waiting requests by tie-break alone",
        "T7",
        FIRST_COME,
        "return (request.arrival, *self.ties.unique_rank(request))",
        "return self.ties.unique_rank(request)",
    ),
    Mutant(
        "FCFS admits no request in a round with completions",
        "T8",
        FIRST_COME,
        "        if evicted:\n",
        "        if evicted or completed:\n",
    ),
    Mutant(
        "H-SF reserves a token less than the output",
        "T4",
        RESERVING,
        "request.prompt_len, request.output_len, self.rank",
        "request.prompt_len, max(1, request.output_len - 1), self.rank",
    ),
    Mutant(
        "H-SF reserves the upper bound",
        "T7",
        RESERVING,
        "request.prompt_len, request.output_len, self.rank",
        "request.prompt_len, request.upper or request.output_len, self.rank",
    ),
    Mutant(
        "Amax does not round to blocks",
        "T8",
        BLOCKS,
        "capacity // block_size * block_size - prompt_len",
        "capacity - prompt_len",
    ),
    Mutant(
        "Amax reserves the lower bound where the upper is unknown",
        "T9",
        RESERVING,
        "return most if request.upper is None else",
        "return request.lower if request.upper is None else",
    ),
    Mutant(
        "Amax reserves a token less",
        "T9",
        RESERVING,
        "min(request.upper, most)",
        "max(1, min(request.upper, most) - 1)",
    ),
)

FOOTPRINT = (
    Mutant(
        "block rounding dropped from the plan",
        "T1",
        BLOCKS,
        "    if block_size == 1:\n        return held\n",
        "    if block_size >= 1:\n        return held\n",
    ),
    Mutant(
        "block rounding dropped from the cache and the plan's next token",
        "T1",
        BLOCKS,
        "return -(-tokens // block_size) * block_size",
        "return tokens",
    ),
    Mutant(
        "rounds down to blocks",
        "T1",
        BLOCKS,
        "return -(-held // block_size) * block_size",
        "return held // block_size * block_size",
    ),
    Mutant(
        "freed too early: a request that outlives its bound is forgotten",
        "T1",
        LOOKAHEAD,
        "            self._count_outlived(job, 1)\n",
        "            self._count_outlived(job, 0)\n",
    ),
    Mutant(
        "a request that outlives its bound takes its new blocks in other rounds",
        "T1",
        LOOKAHEAD,
        "remainder = (job.start - self._machine.held(job.prefix))",
        "remainder = (job.start + self._machine.held(job.prefix))",
    ),
    Mutant(
        "freed too late: an evicted request's last planned round stays",
        "T7",
        LOOKAHEAD,
        "self._coming(left)[:] -= self._occupied_by_round(job, self._now - job.start, left)",
        "self._coming(left - 1)[:] -= "
        "self._occupied_by_round(job, self._now - job.start, left - 1)",
    ),
    Mutant(
        "the cache frees too much on completion",
        "T1",
        CACHE,
        "held = resident.prefix + now - resident.start",
        "held = resident.prefix + now - resident.start + 1",
    ),
    Mutant(
        "the cache frees too little on completion",
        "T1",
        CACHE,
        "held = resident.prefix + now - resident.start",
        "held = resident.prefix + now - resident.start - 1",
    ),
    Mutant(
        "new blocks are counted one round too late",
        "T1",
        CACHE,
        "return (resident.start - resident.prefix) % self.block_size",
        "return (resident.start - resident.prefix + 1) % self.block_size",
    ),
)

MACHINE = (
    Mutant(
        "the simulator allows a token too many",
        "T1",
        SIMULATOR,
        "        if needed > self._cache.capacity:\n",
        "        if needed > self._cache.capacity + 1:\n",
    ),
    Mutant(
        "requests never complete",
        "T2",
        SIMULATOR,
        "            if request in self._cache.running and self._left(request) == 0:\n",
        "            if request in self._cache.running and self._left(request) < 0:\n",
    ),
    Mutant(
        "an evicted run's completion counts for the run after it",
        "T2",
        SIMULATOR,
        "            if request in self._cache.running and self._left(request) == 0:\n",
        "            if request in self._cache.running:\n",
    ),
)

VALIDITY = (
    Mutant(
        "checker without completes-once: a request that never completes",
        "T2",
        COMPLETION,
        "    if not completed and not may_be_unfinished:\n",
        "    if False:\n",
    ),
    Mutant(
        "checker without completes-once: a request that completes twice",
        "T2",
        COMPLETION,
        "    for run in completed[1:]:\n",
        "    for run in completed[:0]:\n",
    ),
    Mutant(
        "checker without nothing-after-completion",
        "T2",
        COMPLETION,
        'if run.outcome != "completed" and run.start >= completed[0].stop:',
        'if run.outcome != "completed" and run.start > 10**9:',
    ),
    Mutant(
        "checker without completed-length",
        "T2",
        COMPLETION,
        'if run.outcome == "completed" and length != request.output_len:',
        'if run.outcome == "completed" and length < 0:',
    ),
    Mutant(
        "checker without evicted-length",
        "T2",
        COMPLETION,
        'if run.outcome == "evicted" and not 1 <= length < request.output_len:',
        'if run.outcome == "evicted" and length < 0:',
    ),
    Mutant(
        "checker lets a run be evicted with its whole output",
        "T2",
        COMPLETION,
        "not 1 <= length < request.output_len",
        "not 1 <= length <= request.output_len",
    ),
    Mutant(
        "checker without not-before-arrival",
        "T2",
        TIMING,
        "        if run.start < request.arrival:\n",
        "        if run.start < 0:\n",
    ),
    Mutant(
        "checker without no-overlap",
        "T2",
        TIMING,
        "        if run.start < busy_until:\n",
        "        if run.start < 0:\n",
    ),
    Mutant(
        "checker without within-capacity",
        "T1",
        MEMORY,
        "        if over_at_the_end:\n",
        "        if False:\n",
    ),
    Mutant(
        "checker allows a token too many",
        "T1",
        MEMORY,
        "over_at_the_end = cache.held(following - 1) > instance.capacity",
        "over_at_the_end = cache.held(following - 1) > instance.capacity + 1",
    ),
    Mutant(
        "checker drops block rounding",
        "T1",
        MEMORY,
        "        self._block_size = block_size\n"
        "        self._split = "
        "[divmod(piece.tokens - piece.start, block_size) for piece in pieces]\n",
        "        self._block_size = 1\n"
        "        self._split = [divmod(piece.tokens - piece.start, 1) for piece in pieces]\n",
    ),
    Mutant(
        "checker leaves out the block that a request has begun",
        "T1",
        MEMORY,
        "running * (quotient + 1)",
        "running * quotient",
    ),
    Mutant(
        "checker leaves out the requests that are one block ahead",
        "T1",
        MEMORY,
        "running - self._count_up_to(self._block_size - remainder)",
        "0",
    ),
    Mutant(
        "checker counts a block of which a request holds nothing",
        "T1",
        MEMORY,
        "        if remainder == 0:\n",
        "        if False:\n",
    ),
)

REPLAY = (
    Mutant(
        "conformance lets any request be evicted",
        "T6",
        CONFORMANCE,
        "        if spared:\n",
        "        if False:\n",
    ),
    Mutant(
        "conformance lets too many be evicted",
        "T6",
        CONFORMANCE,
        "next_token[request] for request in could_be_last) <= self._capacity:",
        "next_token[request] for request in could_be_last) < 0:",
    ),
    Mutant(
        "conformance refuses a last victim that would not have fitted exactly",
        "T6",
        CONFORMANCE,
        "next_token[request] for request in could_be_last) <= self._capacity:",
        "next_token[request] for request in could_be_last) <= self._capacity + 1:",
    ),
    Mutant(
        "conformance takes the first victim for the last",
        "T6",
        CONFORMANCE,
        "last = max(places.values())",
        "last = min(places.values())",
    ),
    Mutant(
        "conformance resets the bound of an evicted request",
        "T6",
        CONFORMANCE,
        "        if self._bound_rule.remembers:\n",
        "        if False:\n",
    ),
    Mutant(
        "conformance ignores the tie-break",
        "T6",
        CONFORMANCE,
        "ANY_RANK if self._ranks is None else self._ranks[request]",
        "ANY_RANK",
    ),
    Mutant(
        "conformance allows readmission in the round of the eviction",
        "T7",
        CONFORMANCE,
        "        if again:\n",
        "        if False:\n",
    ),
    Mutant(
        "conformance never looks ahead",
        "T7",
        CONFORMANCE,
        "            if self._plan.exceeds(now, holding + spare, self._rounds_ahead(longest)):\n",
        "            if False:\n",
    ),
    Mutant(
        "conformance allows the first waiting request to be skipped",
        "T7",
        CONFORMANCE,
        '        return ("skipped-the-first", (*overtaking, unfit)) if overtaking else None\n',
        "        return None\n",
    ),
    Mutant(
        "conformance lets admission stop too early",
        "T7",
        CONFORMANCE,
        "        if may_start:\n",
        "        if False:\n",
    ),
    Mutant(
        "conformance does not test rounds without events",
        "T7",
        CONFORMANCE,
        "wrong = self._event(now) or self._quiet(now + 1, following)",
        "wrong = self._event(now)",
    ),
    Mutant(
        "conformance tests the smallest of equally ranked requests, not the largest",
        "T7",
        CONFORMANCE_WAITING,
        "heapq.heappush(group, (-prefix, ",
        "heapq.heappush(group, (prefix, ",
    ),
    Mutant(
        "conformance keeps evicted requests in its plan",
        "T7",
        CONFORMANCE_PLAN,
        "        if left > 0:\n",
        "        if left < 0:\n",
    ),
    Mutant(
        "conformance looks at the last round alone",
        "T7",
        CONFORMANCE_PLAN,
        "            if ahead[over] <= self._capacity:\n",
        "            if True:\n",
    ),
    Mutant(
        "conformance plans without blocks",
        "T7",
        CONFORMANCE_PLAN,
        "        if self._block_size > 1:\n",
        "        if False:\n",
    ),
)

REPLAY_FCFS = (
    Mutant(
        "conformance lets FCFS evict needlessly",
        "T6",
        CONFORMANCE_FCFS,
        "        if self._fit(holding, left, [evicted[request] for request in first]):\n",
        "        if False:\n",
    ),
    Mutant(
        "conformance lets FCFS spare the last admitted",
        "T6",
        CONFORMANCE_FCFS,
        "        if spared:\n",
        "        if False:\n",
    ),
    Mutant(
        "conformance lets FCFS evict one too many",
        "T6",
        CONFORMANCE_FCFS,
        "if all(self._fit(holding, left, [evicted[request]]) for request in could_be_first):",
        "if False:",
    ),
    Mutant(
        "conformance lets FCFS admit in a round that evicted",
        "T7",
        CONFORMANCE_FCFS,
        "        if evicted and admitted:\n",
        "        if False:\n",
    ),
    Mutant(
        "conformance has no watermark",
        "T7",
        CONFORMANCE_FCFS,
        "return self._machine.watermark if running else 0",
        "return 0",
    ),
    Mutant(
        "conformance keeps the watermark beside no running request",
        "T7",
        CONFORMANCE_FCFS,
        "return self._machine.watermark if running else 0",
        "return self._machine.watermark",
    ),
    Mutant(
        "conformance counts no running requests against their limit",
        "T7",
        CONFORMANCE_FCFS,
        "left == 0 or (limit is not None and len(running) >= limit)",
        "left == 0",
    ),
    Mutant(
        "conformance lets FCFS stop too early",
        "T7",
        CONFORMANCE_FCFS,
        'return ("stopped-too-early", (stopped_at,), None) if fits else None',
        "return None",
    ),
    Mutant(
        "conformance lets FCFS admit a prefix that does not fit",
        "T7",
        CONFORMANCE_FCFS,
        "        if in_turn and not self._all_fit(before, in_turn):\n",
        "        if False:\n",
    ),
    Mutant(
        "conformance looks for no FCFS admission after an event",
        "T7",
        CONFORMANCE_FCFS,
        "        after = {now + 1 for now in events} | {\n",
        "        after = set[int]() | {\n",
    ),
    Mutant(
        "conformance lets a later request take the tokens of an earlier one",
        "T7",
        CONFORMANCE_ORDER,
        "            if shares[one].kind and shares[other].taken:\n",
        "            if False:\n",
    ),
    Mutant(
        "conformance lets tokens of a round be left over",
        "T7",
        CONFORMANCE_ORDER,
        "budget is None or sum(share.taken for share in shares.values()) < budget",
        "budget is None",
    ),
    Mutant(
        "conformance learns no order from what requests compute",
        "T6",
        CONFORMANCE_ORDER,
        "            self._split(list(group), shares)\n",
        "            pass\n",
    ),
)

CERTIFICATES = (
    Mutant(
        "certificate without the capacity term",
        "T10",
        CERTIFICATE,
        "gain = -_whole_blocks(instance) * sum(stretch.multipliers)",
        "gain = 0",
    ),
    Mutant(
        "certificate rounded up beyond the optimum",
        "T10",
        CERTIFICATE,
        "return -(-total // denominator)",
        "return total // denominator + 1",
    ),
    Mutant(
        "certificate takes the most expensive start",
        "T10",
        CERTIFICATE,
        "    highest = costs[-1] + carry\n    least = int(highest.min())",
        "    highest = costs[-1] + carry\n    least = int(highest.max())",
    ),
    Mutant(
        "certificate with negative prices",
        "T10",
        CERTIFICATE,
        'whole_number(f"certificate: multipliers[{position}]", multiplier, 0, "price units")',
        'whole_number(f"certificate: multipliers[{position}]", multiplier, -9, "price units")',
    ),
    Mutant(
        "certificate for another instance accepted",
        "T10",
        CERTIFICATE,
        "    if _content(certificate.instance) != _content(instance):\n",
        "    if False:\n",
    ),
    Mutant(
        "certificate counts a block too many",
        "T10",
        CERTIFICATE,
        "before = -(-(prompt_len + 1) // block)",
        "before = -(-(prompt_len + 1) // block) + 1",
    ),
    Mutant(
        "shares omit the growth of the other requests until the next completion",
        "T10",
        CERTIFICATE,
        "room = max(0, free - self.places * (left + self.ignored))",
        "room = max(0, free - self.places * self.ignored)",
    ),
    Mutant(
        "shares count requests that need not run when the next one completes",
        "T10",
        CERTIFICATE,
        "left < self.lead",
        "left < 0",
    ),
    Mutant(
        "certificate charges a request beyond its last round",
        "T10",
        CERTIFICATE,
        "            - after * _later(self._onwards, output_len)\n",
        "",
    ),
    Mutant(
        "certificate's digits overflow 64 bits",
        "T10",
        CERTIFICATE,
        "bits = 62 - terms.bit_length()",
        "bits = 66 - terms.bit_length()",
    ),
    Mutant(
        "certificate drops the carry from one digit to the next",
        "T10",
        CERTIFICATE,
        "carry = digits >> bits",
        "carry = 0 * digits",
    ),
    Mutant(
        "certificate charges for the part of a block that no request can hold",
        "T10",
        CERTIFICATE,
        "gain = -_whole_blocks(instance) * sum(stretch.multipliers)",
        "gain = -instance.capacity * sum(stretch.multipliers)",
    ),
    Mutant(
        "tokens of a request may be generated in one round",
        "T21",
        CHEAPEST_ROUNDS,
        "now = before[:-1] + prices[first:] * held[first]",
        "now = before[1:] + prices[first:] * held[first]",
    ),
    Mutant(
        "tokens may be generated before the arrival",
        "T21",
        CERTIFICATE,
        "        onwards = prices[arrival - stretch.first_round :]\n",
        "        onwards = prices[max(0, arrival - stretch.first_round - 1) :]\n",
    ),
    Mutant(
        "a request that keeps its tokens never pauses",
        "T21",
        CHEAPEST_ROUNDS,
        "before = np.minimum.accumulate(now)",
        "before = now",
    ),
    Mutant(
        "shares accepted where tokens are kept",
        "T21",
        CERTIFICATE,
        "if stretch.shares and keeps_tokens(self.instance):",
        "if False:",
    ),
    Mutant(
        "prices that rise accepted as falling",
        "T21",
        CERTIFICATE,
        "(one_run if kind[2] >= last_rise else pausing)[kind] = count",
        "one_run[kind] = count",
    ),
    Mutant(
        "the newest token is charged though it is not stored",
        "T21",
        CERTIFICATE,
        "stored = self.instance.machine.held(request.prompt_len)",
        "stored = request.prompt_len",
    ),
    Mutant(
        "the last round that matters is left out",
        "T21",
        CHEAPEST_ROUNDS,
        "return min(cost // denominator, len(prices))",
        "return min(cost // denominator - 1, len(prices))",
    ),
    Mutant(
        "a request may pause for free and complete when prices are over",
        "T21",
        CHEAPEST_ROUNDS,
        "late = priced + denominator * (rounds + output_len - token)",
        "late = priced + denominator * (output_len - token)",
    ),
    Mutant(
        "a certificate of the machine that loses tokens accepted where they are kept",
        "T22",
        CERTIFICATE,
        "rules = machine.after_eviction, machine.last_token_stored",
        'rules: tuple[AfterEviction, bool] = "restart", machine.last_token_stored',
    ),
)

OPTIMA = (
    Mutant(
        "the exact search's bound is one too high",
        "T11",
        OPTIMUM,
        "            budget=self._budget,\n        )\n"
        "        return found.schedule, found.lower_bound\n",
        "            budget=self._budget,\n        )\n"
        "        return found.schedule, found.lower_bound + 1\n",
    ),
    Mutant(
        "the solver's bound is one too high",
        "T11",
        OPTIMUM,
        'self._offer_bound(found.lower_bound, "solver")',
        'self._offer_bound(found.lower_bound + 1, "solver")',
    ),
    Mutant(
        "the more expensive schedule is kept",
        "T11",
        OPTIMUM,
        "if schedule.total_latency < self.best.total_latency and not check(schedule):",
        "if schedule.total_latency > self.best.total_latency and not check(schedule):",
    ),
)

WORK = (
    Mutant(
        "every round looks at every waiting request",
        "T14",
        LOOKAHEAD,
        "return self._heap[0][1] if self._heap else None",
        "return min((job for _, job in self._heap), key=precedence, default=None)",
    ),
)

RATIOS = (
    Mutant(
        "a filler too many in each round of the staggered family",
        "T15",
        STAGGERED,
        "fillers = (free[t] - left[t] * (prompt_len + t + 1)) // (prompt_len + 1)",
        "fillers = (free[t] - left[t] * (prompt_len + t + 1)) // (prompt_len + 1) + 1",
    ),
    Mutant(
        "block 0 of the staggered family completes a round later",
        "T15",
        STAGGERED,
        "outputs += [t] * (left[t - 1] - left[t])",
        "outputs += [min(t + 1, upper)] * (left[t - 1] - left[t])",
    ),
    Mutant(
        "the adversary leaves room for one request less",
        "T15",
        ADAPTIVE,
        "most_before_admission = capacity - slots * (prompt_len + 1)",
        "most_before_admission = capacity - (slots - 1) * (prompt_len + 1)",
    ),
    Mutant(
        "the adversary begins a round late",
        "T15",
        ADAPTIVE,
        "while now >= lower and needed",
        "while now > lower and needed",
    ),
    Mutant(
        "the requests with the greatest bounds are evicted first",
        "T16",
        AMIN,
        "evict_in_order(batch, ascending(batch.running))",
        "evict_in_order(batch, reversed([*ascending(batch.running)]))",
    ),
    Mutant(
        "a request is admitted only into a cache that stays half empty",
        "T16",
        LOOKAHEAD,
        "return bool(held.max() <= self._capacity)",
        "return bool(2 * held.max() <= self._capacity or not self._running)",
    ),
    Mutant(
        "D leaves the volumes of evicted requests out",
        "T16",
        SMALL_BOUND,
        "2 * upper + 16 * (s + upper)",
        "2 * upper + 8 * (s + upper)",
    ),
    Mutant(
        "Amax reserves the whole cache",
        "T13",
        RESERVING,
        "return most if request.upper is None else min(request.upper, most)",
        "return most",
    ),
    Mutant(
        "Amax's bad family has the shortest batches first",
        "T13",
        LONGEST_FIRST,
        "for length in range(longest, 0, -1)",
        "for length in range(1, longest + 1)",
    ),
    Mutant(
        "overflow evicts every running request",
        "T17",
        AMIN,
        "        evicted = evict_in_order(batch, ascending(batch.running))\n",
        "        evicted = list(ascending(batch.running)) if batch.overflows() else []\n"
        "        for job in evicted:\n"
        "            batch.remove(job)\n",
    ),
    Mutant(
        "a shuffle keeps the order of the instance",
        "T17",
        TIES,
        'return random.Random(f"{self.seed}/{request.position}").random()',
        "return request.position",
    ),
    Mutant(
        "the tail of the steady mix omits the tokens that a request holds",
        "T17",
        MIXES,
        "r ** (j - 1) / (prompt_len + 1 + j)",
        "r ** (j - 1) / (prompt_len + 1)",
    ),
    Mutant(
        "the order ignores assumed lengths",
        "T18",
        LOOKAHEAD,
        "return job.assumed, job.rank",
        "return 0, job.rank",
    ),
    Mutant(
        "budgets grow by one token, not twofold",
        "T19",
        DOUBLING,
        "self._budget *= 2",
        "self._budget += 1",
    ),
    Mutant(
        "a request may use one token more than its budget",
        "T19",
        DOUBLING,
        "if now - job.start == job.assumed]",
        "if now - job.start > job.assumed]",
    ),
    Mutant(
        "Amin with probes never probes",
        "T19",
        PROBING,
        "if self._cost + len(self._unfinished) > self.factor * self._known.volume_bound():",
        "if self._cost < 0:",
    ),
    Mutant(
        "a probe leaves running requests in the cache",
        "T19",
        PROBING,
        "        evicted = list(self._batch.running)\n",
        "        evicted = list(self._batch.running)[:1]\n",
    ),
)

OTHER_POLICIES = (
    Mutant(
        "SVF orders requests by length",
        "T20",
        SMALLEST_VOLUME,
        "Reservations(batch, by_volume(block_size, self._machine))",
        "Reservations(batch)",
    ),
    Mutant(
        "SVF counts volumes without blocks",
        "T20",
        SMALLEST_VOLUME,
        "by_volume(block_size, self._machine))",
        "by_volume(1, self._machine))",
    ),
    Mutant(
        "Amin by volume admits by bound",
        "T7",
        AMIN_BY_VOLUME,
        "WaitingQueue(by_volume(block_size, self._machine))",
        "WaitingQueue()",
    ),
    Mutant(
        "SJF orders requests by arrival",
        "T7",
        SHORTEST_PREDICTED,
        "(request.lower, *self.ties",
        "(request.arrival, *self.ties",
    ),
    Mutant(
        "MC-Benchmark takes the shortest first",
        "T7",
        MC_BENCHMARK,
        "Reservations(batch_for(capacity, block_size, self._machine), by_rank)",
        "Reservations(batch_for(capacity, block_size, self._machine))",
    ),
    Mutant(
        "α-greedy fills the whole cache",
        "T7",
        ALPHA_GREEDY,
        "while self._batch.held() <= self._limit >> self._halvings:",
        "while True:",
    ),
    Mutant(
        "α-greedy never halves its limit",
        "T7",
        ALPHA_GREEDY,
        "self._halvings += not self._has_completed",
        "self._halvings += 0",
    ),
)

TOKEN_VECTORS_FOUND: tuple[Mutant, ...] = (
    Mutant(
        "a vector with fewer tokens excludes one with more",
        "T22",
        TOKEN_VECTORS,
        "(layer.vectors[row + 1 :] <= layer.vectors[row])",
        "(layer.vectors[row + 1 :] >= layer.vectors[row])",
    ),
    Mutant(
        "a token to come counts its price twice",
        "T22",
        TOKEN_VECTORS,
        "price[t] * own",
        "2 * price[t] * own",
    ),
    Mutant(
        "a search stops one above the optimum",
        "T22",
        TOKEN_VECTORS,
        "bound <= (self._least - 1) * UNITS",
        "bound <= (self._least - 2) * UNITS",
    ),
)

COMPILED: tuple[Mutant, ...] = (
    Mutant(
        "compiled code evicts in order of rank alone",
        "T6",
        COMPILED_ROUNDS,
        "victims[index] = slots[slot, ASSUMED] * requests + slots[slot, RANK]",
        "victims[index] = slots[slot, RANK]",
    ),
    Mutant(
        "compiled code does not refine before it evicts",
        "T6",
        COMPILED_ROUNDS,
        "slots[slot, ASSUMED] = max(slots[slot, ASSUMED], generated)",
        "slots[slot, ASSUMED] = slots[slot, ASSUMED]",
    ),
    Mutant(
        "compiled code lets an evicted request keep its first place in the queue",
        "T7",
        COMPILED_ROUNDS,
        "            state.requests[request, RAISED] = 1\n",
        "",
    ),
    Mutant(
        "compiled code lets requests with a raised bound wait behind all others",
        "T7",
        COMPILED_ROUNDS,
        "state.queue[0] < place(state, first)",
        "state.queue[0] < 0",
    ),
    Mutant(
        "compiled code evicts the oldest first in FCFS",
        "T6",
        COMPILED_ROUNDS,
        "victims[index] = generated * requests + requests - 1 - slots[slot, REQUEST]",
        "victims[index] = -generated * requests + requests - 1 - slots[slot, REQUEST]",
    ),
    Mutant(
        "compiled code evicts one request too few",
        "T6",
        COMPILED_ROUNDS,
        "while held_next(rules, state) > rules.capacity:",
        "while held_next(rules, state) > rules.capacity + 1:",
    ),
    Mutant(
        "compiled code admits in a round of FCFS that evicted",
        "T7",
        COMPILED_ROUNDS,
        "if evicted == 0 or rules.newest_first == 0:",
        "if evicted == 0 or rules.newest_first == rules.newest_first:",
    ),
    Mutant(
        "compiled code looks at the first and last planned rounds alone",
        "T7",
        COMPILED_ROUNDS,
        "if most <= rules.capacity and ahead > 2:",
        "if most <= rules.capacity and ahead > 10**9:",
    ),
    Mutant(
        "compiled code ignores in its look-ahead who outlived the bound",
        "T7",
        COMPILED_ROUNDS,
        "at_first = in_blocks(rules, prompt + 1) + held_next(rules, state)",
        "at_first = in_blocks(rules, prompt + 1) + state.planned[offset]",
    ),
    Mutant(
        "compiled code counts new blocks in the wrong rounds",
        "T7",
        COMPILED_ROUNDS,
        "state.new_blocks[(start - prompt) % rules.block_size] += times",
        "state.new_blocks[(start + prompt) % rules.block_size] += times",
    ),
    Mutant(
        "compiled code leaves a victim in the plan",
        "T7",
        COMPILED_ROUNDS,
        "        plan(rules, state, slots[slot, PROMPT] + generated, left, -1)",
        "        plan(rules, state, slots[slot, PROMPT] + generated, left - 1, -1)",
    ),
    Mutant(
        "compiled code forgets the plan when it moves it",
        "T7",
        COMPILED_ROUNDS,
        "            planned[index] = planned[window + index]",
        "            planned[index] = 0",
    ),
    Mutant(
        "compiled code lets requests wait one round too long",
        "T7",
        COMPILED_ROUNDS,
        "arriving[now[ARRIVED], 0] <= now[ROUND]:",
        "arriving[now[ARRIVED], 0] < now[ROUND]:",
    ),
    Mutant(
        "compiled code compares the wrong child in a heap",
        "T7",
        COMPILED_ROUNDS,
        "if below + 1 < size and heap[below + 1] < heap[below]:",
        "if below + 1 < size and heap[below + 1] > heap[below]:",
    ),
    Mutant(
        "compiled code plans a block too many",
        "T7",
        COMPILED_ROUNDS,
        "planned[index] += times * held",
        "planned[index] += times * (held + block_size)",
    ),
    Mutant(
        "compiled Amax ignores the predicted upper bound",
        "T7",
        COMPILED_COLUMNS,
        "return np.where(uppers > 0, np.minimum(uppers, most), most)",
        "return np.where(uppers > 0, most, most)",
    ),
    Mutant(
        "compiled SVF waits in order of assumed length",
        "T7",
        COMPILED_COLUMNS,
        "by_rank = type(policy) in (SmallestVolumeFirst, MCBenchmark)",
        "by_rank = type(policy) in (MCBenchmark,)",
    ),
    Mutant(
        "compiled FCFS ignores arrivals",
        "T7",
        COMPILED_COLUMNS,
        "if type(policy) in (FirstComeFirstServed, MCBenchmark):",
        "if type(policy) in (MCBenchmark,):",
    ),
)

COMPILED_MACHINES: tuple[Mutant, ...] = (
    Mutant(
        "compiled engines evict one request too few",
        "T6",
        COMPILED_MACHINE_ROUNDS,
        "    while state.planned[now[OFFSET]] > rules.capacity:",
        "    while state.planned[now[OFFSET]] > rules.capacity + 1:",
    ),
    Mutant(
        "compiled engines evict the last in the order",
        "T6",
        COMPILED_MACHINE_ROUNDS,
        "                if place(state, running[index]) < place(state, running[chosen]):",
        "                if place(state, running[index]) > place(state, running[chosen]):",
    ),
    Mutant(
        "compiled engines do not refine before they evict",
        "T6",
        COMPILED_MACHINE_ROUNDS,
        "            jobs[job, ASSUMED] = max(jobs[job, ASSUMED], generated)",
        "            jobs[job, ASSUMED] = jobs[job, ASSUMED]",
    ),
    Mutant(
        "compiled engines plan a request that resumes from its prompt alone",
        "T7",
        COMPILED_MACHINE_ROUNDS,
        "    tokens = jobs[job, PROMPT] + jobs[job, KEPT]\n",
        "    tokens = jobs[job, PROMPT]\n",
    ),
    Mutant(
        "compiled engines plan the whole output of a request that resumes",
        "T7",
        COMPILED_MACHINE_ROUNDS,
        "        ahead = max(1, jobs[job, ASSUMED] - jobs[job, KEPT])\n        jobs[job, UNTIL]",
        "        ahead = max(1, jobs[job, ASSUMED])\n        jobs[job, UNTIL]",
    ),
    Mutant(
        "compiled engines do not move the plan of a delayed request",
        "T7",
        COMPILED_MACHINE_ROUNDS,
        "        elif jobs[job, DELAYED]:",
        "        elif jobs[job, DELAYED] > 1:",
    ),
    Mutant(
        "compiled engines admit while the plan exceeds the cache",
        "T7",
        COMPILED_MACHINE_ROUNDS,
        "    now[MAY_EXCEED] = 1\n",
        "    now[MAY_EXCEED] = 0\n",
    ),
    Mutant(
        "compiled engines ignore in look-ahead the watermark",
        "T7",
        COMPILED_MACHINE_ROUNDS,
        "        free -= rules.watermark * rules.block_size",
        "        free -= 0",
    ),
    Mutant(
        "compiled engines look at the last planned round alone",
        "T7",
        COMPILED_MACHINE_ROUNDS,
        "    for index in range(ahead - 1, -1, -1):",
        "    for index in range(ahead - 1, ahead - 2, -1):",
    ),
    Mutant(
        "compiled engines admit without tokens left",
        "T7",
        COMPILED_MACHINE_ROUNDS,
        "uncomputed < rules.tokens and now[RUNNING] < rules.most_running:",
        "uncomputed <= rules.tokens and now[RUNNING] < rules.most_running:",
    ),
    Mutant(
        "compiled engines run one request too many",
        "T7",
        COMPILED_MACHINE_ROUNDS,
        "uncomputed < rules.tokens and now[RUNNING] < rules.most_running:",
        "uncomputed < rules.tokens and now[RUNNING] <= rules.most_running:",
    ),
    Mutant(
        "compiled engines never store the last token",
        "T7",
        COMPILED_MACHINE_ROUNDS,
        "    return in_blocks(rules, tokens - rules.unstored) * rules.block_size",
        "    return in_blocks(rules, tokens - 1) * rules.block_size",
    ),
    Mutant(
        "compiled FCFS counts a chunk's blocks as the whole prefix's",
        "T7",
        COMPILED_MACHINE_ROUNDS,
        "    if taken == state.jobs[job, UNCOMPUTED]:",
        "    if taken > 0:",
    ),
    Mutant(
        "compiled FCFS admits by the blocks of the prompt alone",
        "T7",
        COMPILED_MACHINE_ROUNDS,
        "needed = in_blocks(rules, jobs[job, PROMPT] + jobs[job, KEPT] + 1 - rules.unstored)",
        "needed = in_blocks(rules, jobs[job, PROMPT] + 1 - rules.unstored)",
    ),
    Mutant(
        "compiled FCFS admits by blocks after it evicts",
        "T7",
        COMPILED_MACHINE_ROUNDS,
        "        if by_blocks and evicted == 0:",
        "        if by_blocks and evicted >= 0:",
    ),
    Mutant(
        "compiled FCFS gives a request blocks that are not free",
        "T6",
        COMPILED_MACHINE_ROUNDS,
        "        while index < now[RUNNING] and needed - jobs[job, BLOCKS] > now[FREE]:",
        "        while index < now[RUNNING] and needed - jobs[job, BLOCKS] > now[FREE] + 1:",
    ),
    Mutant(
        "compiled engines lose the tokens of an evicted request",
        "T7",
        COMPILED_MACHINE_ROUNDS,
        "    if evicted and rules.resumes:",
        "    if evicted and not rules.resumes:",
    ),
    Mutant(
        "compiled engines give each request the tokens of the round",
        "T7",
        COMPILED_MACHINE_ROUNDS,
        "        left -= computed\n        if rules.are_limited and computed != 1:",
        "        left -= 0\n        if rules.are_limited and computed != 1:",
    ),
    Mutant(
        "compiled engines forget the plan when they move it",
        "T7",
        COMPILED_MACHINE_ROUNDS,
        "            planned[index] = planned[window + index]",
        "            planned[index] = 0",
    ),
    Mutant(
        "compiled engines compare the wrong child in a heap",
        "T7",
        COMPILED_MACHINE_ROUNDS,
        "heap[below + 1] < heap[below]:",
        "heap[below + 1] > heap[below]:",
    ),
    Mutant(
        "compiled engines halve bounds that the cache can hold",
        "T7",
        COMPILED_COLUMNS,
        "np.minimum(instance.columns.lowers, most)",
        "np.minimum(instance.columns.lowers, most // 2)",
    ),
    Mutant(
        "compiled engines tell no chunks",
        "T7",
        COMPILED_MACHINES_RUNS,
        "computed.get(number)",
        "computed.get(-1)",
    ),
)

COMPILED_SEARCH = (
    Mutant(
        "the compiled search charges one round in all for a delay",
        "T10",
        COMPILED_STATES,
        "if delay * waiting > spare:",
        "if delay > spare:",
    ),
    Mutant(
        "the compiled search justifies a start by the last completion",
        "T10",
        COMPILED_STATES,
        "justifying = min(justifying, last)",
        "justifying = max(justifying, last)",
    ),
    Mutant(
        "the compiled search closes a round that a request has left",
        "T10",
        COMPILED_STATES,
        "if wait < k - length + 1:",
        "if wait < k - length:",
    ),
    Mutant(
        "the compiled search counts a started request as waiting, too",
        "T10",
        COMPILED_STATES,
        "rest -= tables.later[index, now]",
        "rest -= 0",
    ),
    Mutant(
        "the compiled search keeps requests loose in a tight round",
        "T10",
        COMPILED_STATES,
        "out.loose[at] = 0 if tight else loose",
        "out.loose[at] = loose",
    ),
    Mutant(
        "compiled sequences ignore how far apart requests must start",
        "T10",
        COMPILED_SEQUENCES,
        "cost = later[mask, index, now + offset]",
        "cost = later[mask, index, now + 0 * offset]",
    ),
)

COMPILED_MOVES: tuple[Mutant, ...] = (
    Mutant(
        "the compiled local search places a request one round too early",
        "T11",
        COMPILED_PLACING,
        "start = max(start, forbidden + 1)",
        "start = max(start, forbidden)",
    ),
    Mutant(
        "the compiled local search looks at all rounds of a run but the last",
        "T11",
        COMPILED_PLACING,
        "if now - start >= length - 1:",
        "if now - start >= length - 2:",
    ),
    Mutant(
        "the compiled local search takes a new block one round too late",
        "T11",
        COMPILED_PLACING,
        "if stored + k + 1 > held:",
        "if stored + k > held:",
    ),
    Mutant(
        "the compiled local search ignores arrivals",
        "T11",
        COMPILED_PLACING,
        "floor = max(earliest, requests.arrival[request])",
        "floor = max(earliest, requests.arrival[request] * 0)",
    ),
    Mutant(
        "the compiled local search forgets requests that it does not place anew",
        "T11",
        COMPILED_PLACING,
        "_hold(requests, state, near[place], before[place], 1)",
        "_hold(requests, state, near[place], before[place], 0)",
    ),
    Mutant(
        "the compiled local search remembers no best schedule",
        "T11",
        COMPILED_PLACING,
        "state.best[request] = starts[request]",
        "state.best[request] = state.best[request]",
    ),
    Mutant(
        "compiled annealing counts more overflow than a request causes",
        "T11",
        COMPILED_OVERFLOWING,
        "overflow = overflow if overflow < occupied else occupied",
        "overflow = overflow if overflow < occupied else overflow",
    ),
    Mutant(
        "compiled annealing counts free tokens against overflow",
        "T11",
        COMPILED_OVERFLOWING,
        "overflow = overflow if overflow > 0.0 else 0.0",
        "overflow = overflow if overflow > 0.0 else overflow",
    ),
    Mutant(
        "compiled annealing begins each part of a run with its first round",
        "T11",
        COMPILED_OVERFLOWING,
        "requests.ramp, held, weights, full, phase + done, start + done, rounds",
        "requests.ramp, held, weights, full, phase, start + done, rounds",
    ),
    Mutant(
        "compiled annealing adds no noise to the cost of staying",
        "T11",
        COMPILED_OVERFLOWING,
        "best = _cost(requests, held, weights, request, start, noise[row, 0], np.inf)",
        "best = _cost(requests, held, weights, request, start, 0.0, np.inf)",
    ),
)

COMPILED_PRICES: tuple[Mutant, ...] = (
    Mutant(
        "compiled prices of shares let a late start pay nothing",
        "T10",
        COMPILED_SHARES,
        "last = rise * sums.ramps[share, kinds.rounds + since]",
        "last = 0.0 * sums.ramps[share, kinds.rounds + since]",
    ),
    Mutant(
        "compiled prices of shares forget the first start round",
        "T10",
        COMPILED_SHARES,
        "for column in range(1, len(costs)):",
        "for column in range(2, len(costs)):",
    ),
    Mutant(
        "compiled prices of shares count a weight once for several requests",
        "T10",
        COMPILED_SHARES,
        "costs[column] = weight * (count / total) if weight",
        "costs[column] = weight * (1 / total) if weight",
    ),
    Mutant(
        "compiled prices of shares pull on a share in every round where delays have steps",
        "T10",
        COMPILED_SHARES,
        "pulled[column * step] += rise * weights[column]",
        "pulled[column] += rise * weights[column]",
    ),
    Mutant(
        "compiled prices of shares pull too little where starts are late",
        "T10",
        COMPILED_SHARES,
        "for column in range(max(low, inside), high):",
        "for column in range(max(low, inside) + 1, high):",
    ),
    Mutant(
        "compiled prices with pauses give too little time for the shortest output",
        "T21",
        COMPILED_PAUSES,
        "fewest = groups.output_len[kinds] - lasting + since + 1",
        "fewest = groups.output_len[kinds] - lasting + since + 2",
    ),
    Mutant(
        "compiled prices with pauses forget completions after all prices",
        "T21",
        COMPILED_PAUSES,
        "for left in range(output_len, 0, -1):",
        "for left in range(output_len, 1, -1):",
    ),
    Mutant(
        "compiled prices with pauses charge a delay that is too long",
        "T21",
        COMPILED_PAUSES,
        "(since + 1)",
        "(since + 2)",
    ),
    Mutant(
        "compiled prices with pauses leave the last token of a sequence out of the gradient",
        "T21",
        COMPILED_PAUSES,
        "tokens += completed * groups.last_held[kinds + kind]",
        "tokens += 0 * completed * groups.last_held[kinds + kind]",
    ),
    Mutant(
        "compiled prices with pauses follow one entry too few backwards",
        "T21",
        COMPILED_PAUSES,
        "for entry in range(min(high, size - 2), low - 1, -1):",
        "for entry in range(min(high, size - 2), low, -1):",
    ),
)

COMPILED_REPLAYS: tuple[Mutant, ...] = (
    Mutant(
        "the compiled replay allows one eviction too many",
        "T6",
        COMPILED_REPLAY,
        "held_next(rules, replay) + most > rules.capacity)",
        "held_next(rules, replay) + most > 0)",
    ),
    Mutant(
        "the compiled replay spares a request that comes first",
        "T6",
        COMPILED_REPLAY,
        "if jobs[job, LEAVES] == 0 and victim_place(rules, replay, job) < last:",
        "if jobs[job, LEAVES] == 1 and victim_place(rules, replay, job) < last:",
    ),
    Mutant(
        "the compiled replay takes any victim for the last",
        "T6",
        COMPILED_REPLAY,
        "        if victim_place(rules, replay, job) == last:",
        "        if victim_place(rules, replay, job) <= last:",
    ),
    Mutant(
        "the compiled replay evicts the first admitted in FCFS",
        "T6",
        COMPILED_REPLAY,
        "found = (generated + 1) * len(jobs) - 1 - jobs[job, GROUP]",
        "found = (9999 - generated) * len(jobs) - 1 - jobs[job, GROUP]",
    ),
    Mutant(
        "the compiled replay refines one token too far",
        "T6",
        COMPILED_REPLAY,
        "found = max(found, generated + rules.shift)",
        "found = max(found, generated + rules.shift + 1)",
    ),
    Mutant(
        "the compiled replay forgets what a run has shown",
        "T6",
        COMPILED_REPLAY,
        "        if rules.remembers:\n",
        "        if rules.remembers and rules.shift:\n",
    ),
    Mutant(
        "the compiled replay lets FCFS admit after it evicts",
        "T7",
        COMPILED_REPLAY,
        "            if admitted:\n                return int(now[ROUND])\n",
        "            if admitted < 0:\n                return int(now[ROUND])\n",
    ),
    Mutant(
        "the compiled replay lets an evicted request start at once",
        "T7",
        COMPILED_REPLAY,
        "            is_right = False  # it is evicted in this round\n            break\n",
        "            break\n",
    ),
    Mutant(
        "the compiled replay does not look ahead after an admission",
        "T7",
        COMPILED_REPLAY,
        "most_of(replay.planned[offset + 1 : offset + longest]) > rules.capacity:",
        "most_of(replay.planned[offset + 1 : offset + 1]) > rules.capacity:",
    ),
    Mutant(
        "the compiled replay lets requests overtake",
        "T7",
        COMPILED_REPLAY,
        "return highest_place <= lowest and not",
        "return highest_place >= -1 and not",
    ),
    Mutant(
        "the compiled replay lets a request wait that fits",
        "T7",
        COMPILED_REPLAY,
        "return highest_place <= lowest and not all_fit(rules, replay, following)",
        "return highest_place <= lowest",
    ),
    Mutant(
        "the compiled replay skips quiet rounds in which a request fits",
        "T7",
        COMPILED_REPLAY,
        "        elif all_fit(rules, replay, first):",
        "        elif all_fit(rules, replay, first) and now[ROUND] < 0:",
    ),
    Mutant(
        "the compiled replay skips quiet rounds too far",
        "T7",
        COMPILED_REPLAY,
        "    return own + held_next(rules, replay) <= rules.capacity",
        "    return own + held_next(rules, replay) < rules.capacity",
    ),
    Mutant(
        "the compiled replay looks at one request of those that tie",
        "T7",
        COMPILED_REPLAY,
        "    if found and rules.is_mixed:",
        "    if found and rules.is_mixed < 0:",
    ),
    Mutant(
        "the compiled replay leaves a victim in the plan",
        "T7",
        COMPILED_REPLAY,
        "plan(rules, replay, prompt + generated, jobs[job, ASSUMED] - generated, -1)",
        "plan(rules, replay, prompt + generated, jobs[job, ASSUMED] - generated - 1, -1)",
    ),
    Mutant(
        "the compiled replay counts new blocks in the wrong rounds",
        "T7",
        COMPILED_REPLAY,
        "replay.new_blocks[(now[ROUND] - prompt) % rules.block_size] += 1",
        "replay.new_blocks[(now[ROUND] + prompt) % rules.block_size] += 1",
    ),
    Mutant(
        "the compiled replay forgets the plan when it moves it",
        "T7",
        COMPILED_REPLAY,
        "            planned[index] = planned[now[OFFSET] + index]",
        "            planned[index] = 0",
    ),
    Mutant(
        "the compiled replay takes old entries of the queue for new ones",
        "T7",
        COMPILED_REPLAY,
        "if replay.jobs[job, WAITS] and queue[0] == entry_of(rules, replay, job):",
        "if replay.jobs[job, WAITS]:",
    ),
    Mutant(
        "the compiled replay lets short prompts wait before long ones",
        "T7",
        COMPILED_RUNS,
        'positions = np.argsort(-instance.columns.prompts, kind="stable")',
        'positions = np.argsort(instance.columns.prompts, kind="stable")',
    ),
    Mutant(
        "the compiled replay ends evicted runs before completed ones",
        "T7",
        COMPILED_RUNS,
        "by_stop = np.lexsort((evicted, runs.stops))",
        "by_stop = np.lexsort((-evicted, runs.stops))",
    ),
)

MUTANTS: tuple[Mutant, ...] = (
    *EVICTION,
    *BOUNDS,
    *ADMISSION,
    *FOOTPRINT,
    *MACHINE,
    *VALIDITY,
    *REPLAY,
    *REPLAY_FCFS,
    *CERTIFICATES,
    *OPTIMA,
    *WORK,
    *RATIOS,
    *OTHER_POLICIES,
    *TOKEN_VECTORS_FOUND,
    *COMPILED,
    *COMPILED_MACHINES,
    *COMPILED_SEARCH,
    *COMPILED_MOVES,
    *COMPILED_PRICES,
    *COMPILED_REPLAYS,
)

"""The schedulers of section 7 on any machine, round by round, as the specification words them.

Nothing is stored that can be counted anew, so a run of n requests costs about n² a round. The
module shares no code with the simulator, the cache or the policies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from amin_ref import Instance, Outcome, Request, RequestId, Run

Name = Literal["amin", "amax", "h-sf", "fcfs"]


@dataclass(eq=False)
class Served:
    """A request that has arrived, and what happened to it.

    Attributes:
        request: the request.
        rank: breaks ties.
        assumed: ℓ̃; tokens.
        generated: g, tokens of all its runs.
        start: first round of the present run; ``None`` while it waits.
        computed: tokens computed in each round of the present run.
        prefix: what the present run must compute before it generates: the prompt and g; tokens.
        newest: whether the last round of the present run generated a token.
    """

    request: Request
    rank: int
    assumed: int
    generated: int = 0
    start: int | None = None
    computed: list[int] = field(default_factory=list)
    prefix: int = 0
    newest: bool = False

    @property
    def whole(self) -> int:
        """The prompt and the tokens generated so far."""
        return self.request.prompt_len + self.generated

    @property
    def rest(self) -> int:
        """What is left to compute of the prefix."""
        return self.whole - sum(self.computed)

    @property
    def key(self) -> tuple[int, int]:
        """The place in ≺."""
        return self.assumed, self.rank


class NaiveEngine:
    """An engine under one of the policies.

    Args:
        instance: the cache, its machine, and its requests.
        policy: the scheduler.
        ranks: break ties: a number for each request. ``None``: positions.
        aborted: the round in which the client of a request goes away.
    """

    def __init__(
        self,
        instance: Instance,
        policy: Name,
        ranks: Mapping[RequestId, int] | None = None,
        aborted: Mapping[RequestId, int] | None = None,
    ) -> None:
        self.instance = instance
        self.machine = instance.machine
        self.policy = policy
        self.ranks = instance.positions if ranks is None else ranks
        self.aborted = aborted or {}
        self.waiting: list[Served] = []
        self.running: list[Served] = []
        self.runs: list[Run] = []
        self.now = 0
        self.left = 0
        self.unfinished = len(instance.requests)
        self.gone: dict[RequestId, int] = {}

    def schedule_runs(self, most_rounds: int = 10_000) -> list[Run]:
        """All runs of the whole instance; an error after ``most_rounds`` rounds."""
        while self.unfinished:
            assert self.now < most_rounds, "no progress"
            self.round()
        return self.runs

    def blocks(self, tokens: int) -> int:
        """Blocks of ``tokens`` tokens."""
        return -(-tokens // self.instance.block_size)

    def needs(self, tokens: int) -> int:
        """Blocks of a request that generates its next token with a prefix of ``tokens`` tokens."""
        return self.blocks(tokens + 1 if self.machine.last_token_stored else tokens)

    @property
    def all_blocks(self) -> int:
        """Whole blocks of the cache."""
        return self.instance.capacity // self.instance.block_size

    def round(self) -> None:
        """One round: what has ended, what arrives, then steps 1 to 3 of the policy."""
        self.leave()
        self.arrive()
        limit = self.machine.tokens_per_round
        self.left = sum(each.whole for each in self.running + self.waiting) + 1
        if limit is not None:
            self.left = limit
        taken = self.first_come_first_served() if self.policy == "fcfs" else self.by_bounds()
        for each in self.running:
            computed = taken.get(id(each), 0)
            each.computed.append(computed)
            each.newest = computed > 0 and each.rest == 0
            each.generated += each.newest
        self.now += 1

    def leave(self) -> None:
        """Completed requests leave; then those whose client went away."""
        for each in list(self.running):
            if each.generated == each.request.output_len:
                self.stop(each, "completed")
                self.unfinished -= 1
        for each in [*self.running, *self.waiting]:
            if self.aborted.get(each.request.id) == self.now:
                if each in self.running:
                    self.stop(each, "aborted")
                else:
                    self.waiting.remove(each)
                self.unfinished -= 1
                self.gone[each.request.id] = self.now

    def arrive(self) -> None:
        """The requests of this round join the queue."""
        for request in self.instance.requests:
            if request.arrival == self.now:
                if self.aborted.get(request.id, self.now + 1) <= self.now:
                    self.unfinished -= 1
                    self.gone[request.id] = self.aborted[request.id]
                    continue
                self.waiting.append(
                    Served(request, self.ranks[request.id], self.first_bound(request))
                )
        if self.policy == "fcfs":
            self.waiting.sort(key=lambda each: (each.request.arrival, each.rank))

    def first_bound(self, request: Request) -> int:
        """What the policy assumes of a request that arrives; tokens."""
        most = self.instance.capacity - self.instance.capacity % self.instance.block_size
        most -= request.prompt_len - (0 if self.machine.last_token_stored else 1)
        if self.policy == "amin":
            return min(request.lower, most)
        if self.policy == "h-sf":
            return request.output_len
        if self.policy == "amax":
            return most if request.upper is None else min(request.upper, most)
        return 1

    def stop(self, each: Served, outcome: Outcome) -> None:
        """End the present run of a request at the start of this round."""
        assert each.start is not None
        usual = [each.prefix] + [1] * (len(each.computed) - 1)
        computed = None if each.computed == usual else tuple(each.computed)
        self.runs.append(Run(each.request.id, each.start, self.now, outcome, computed))
        self.running.remove(each)
        each.start, each.computed, each.newest = None, [], False
        if self.machine.after_eviction == "restart":
            each.generated = 0

    def evict(self, each: Served) -> None:
        """End the present run of a request, which waits again."""
        self.stop(each, "evicted")
        self.waiting.insert(0, each)

    def admit(self, each: Served, taken: dict[int, int]) -> None:
        """Begin a run, which takes what is left of the round's tokens."""
        self.waiting.remove(each)
        self.running.append(each)
        each.start, each.prefix = self.now, each.whole
        self.take(each, taken)

    def take(self, each: Served, taken: dict[int, int]) -> None:
        """Give a request as many of the round's tokens as it needs and as are left."""
        taken[id(each)] = min(each.rest, self.left)
        self.left -= taken[id(each)]

    def held(self, each: Served, taken: Mapping[int, int]) -> int:
        """Blocks that a running request holds once it has computed what it takes."""
        tokens = sum(each.computed) + taken.get(id(each), 0)
        generates = tokens == each.whole and taken.get(id(each), 0) > 0
        return self.needs(tokens) if generates else self.blocks(tokens)

    def first_come_first_served(self) -> dict[int, int]:
        """FCFS: section 7, paragraph "FCFS"."""
        taken: dict[int, int] = {}
        evicted = False
        place = 0
        while place < len(self.running) and self.left:
            each = self.running[place]
            self.take(each, taken)
            while sum(self.held(one, taken) for one in self.running) > self.all_blocks:
                last = self.running[-1]
                self.left += taken.pop(id(last), 0)
                self.evict(last)
                evicted = True
                if last is each:
                    return taken
            place += 1
        while not evicted and self.waiting and self.left and self.may_run_more():
            first = self.waiting[0]
            watermark = self.machine.watermark if self.running else 0
            holding = sum(self.held(one, taken) for one in self.running)
            if holding + self.needs(first.whole) + watermark > self.all_blocks:
                break
            self.admit(first, taken)
        return taken

    def may_run_more(self) -> bool:
        """Whether fewer than ``max_running`` requests run."""
        limit = self.machine.max_running
        return limit is None or len(self.running) < limit

    def by_bounds(self) -> dict[int, int]:
        """Steps 2 to 5 of section 3, as section 7 changes them; Amax and H-SF have no step 2."""
        for each in self.running:
            if self.policy != "h-sf":
                each.assumed = max(each.assumed, each.generated)
        evicted = []
        while self.planned(self.running, 0) > self.all_blocks:
            victim = min(self.running, key=lambda each: each.key)
            self.stop(victim, "evicted")
            evicted.append(victim)
        taken: dict[int, int] = {}
        for each in self.running:
            self.take(each, taken)
        for each in sorted(self.waiting, key=lambda each: each.key):
            if not (self.left and self.may_run_more() and self.fits(each)):
                break
            self.admit(each, taken)
        self.after_admission()
        self.waiting += evicted
        return taken

    def after_admission(self) -> None:
        """Called after step 4, when the evicted do not wait yet; a test may look at the state."""

    def planned(self, requests: list[Served], after: int) -> int:
        """Blocks that these requests hold in ``after`` rounds if each stops as assumed."""
        return sum(
            self.needs(each.whole + after)
            for each in requests
            if after < max(1, each.assumed - each.generated)
        )

    def fits(self, each: Served) -> bool:
        """Whether no round exceeds the cache if a waiting request runs from now on as assumed."""
        beside = [*self.running, each]
        longest = max(max(1, one.assumed - one.generated) for one in beside)
        watermark = self.machine.watermark if self.running else 0
        return (
            max(self.planned(beside, after) for after in range(longest)) <= self.all_blocks
            and self.planned(beside, 0) + watermark <= self.all_blocks
        )

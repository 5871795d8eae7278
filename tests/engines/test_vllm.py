"""vLLM's own scheduler and cache manager make the reference's runs, chunk by chunk."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from pathlib import Path

import pytest

from amin_ref import (
    Amin,
    FirstComeFirstServed,
    InvalidValue,
    Policy,
    RequestId,
    Schedule,
    check,
    conform,
    simulate,
)
from amin_ref.checker import prefixes_shared_in
from amin_ref.conformance import PolicyName
from amin_ref.workloads import build_instance
from tests.models.engine_machine import moments
from tests.support.real_data import lmsys_file

pytest.importorskip("vllm", reason="vLLM is not installed: .ci/run does so, beside the others")
os.environ["HF_HUB_OFFLINE"] = "1"  # no configuration is looked up anywhere

from amin_ref.engines.vllm import (
    AminScheduler,
    AsyncAminScheduler,
    RecordedAsyncScheduler,
    RecordedScheduler,
)
from tests.engines.fake_vllm import Asked, Recordable, drive, scheduler
from tests.engines.scheduling import measured

pytestmark = [pytest.mark.engine]

POLICIES: list[tuple[type[Recordable], Policy]] = [
    (RecordedScheduler, FirstComeFirstServed()),
    (AminScheduler, Amin()),
]

ASYNC: list[tuple[type[Recordable], Policy]] = [
    (RecordedAsyncScheduler, FirstComeFirstServed()),
    (AsyncAminScheduler, Amin()),
]


NAMES: dict[type[Policy], PolicyName] = {FirstComeFirstServed: "fcfs", Amin: "amin"}


@pytest.fixture(autouse=True)
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "log.jsonl"
    monkeypatch.setenv("AMIN_REF_LOG", str(path))
    return path


def some(number: int, seed: int, last_arrival: int = 0) -> list[Asked]:
    draw = random.Random(seed)
    found = []
    for index in range(number):
        output = draw.randint(1, 80)
        found.append(
            Asked(
                f"r{index}",
                draw.randint(1, 150),
                output,
                draw.choice([1, max(1, output // 2), output]),
                draw.randint(0, last_arrival),
            )
        )
    return sorted(found, key=lambda each: each.arrival)


def build(cls: type[Recordable], folder: Path, **options: object) -> Recordable:
    return scheduler(cls, folder, **options)  # type: ignore[arg-type, type-var]  # as they are given


SETTINGS: list[dict[str, object]] = [
    {"blocks": 40},
    {"blocks": 40, "tokens": 64, "running": 64},
    {"blocks": 40, "tokens": 200, "running": 3},
    {"blocks": 60, "tokens": 100, "running": 12, "watermark": 0.05},
    {"blocks": 15, "tokens": 40, "running": 40},
]


@pytest.mark.parametrize(("cls", "policy"), POLICIES)
@pytest.mark.parametrize("options", SETTINGS, ids=str)
@pytest.mark.parametrize("last_arrival", [0, 150])
def test_the_engine_makes_the_reference_s_runs_and_holds_its_blocks(
    cls: type[Recordable],
    policy: Policy,
    options: dict[str, object],
    last_arrival: int,
    tmp_path: Path,
) -> None:
    seen = drive(build(cls, tmp_path, **options), some(60, 1, last_arrival))
    assert check(seen) == ()
    expected = simulate(seen.instance, policy)
    assert seen.runs == expected.runs
    assert conform(seen, NAMES[type(policy)]).conforms
    assert seen.held == tuple(expected.occupancy())
    assert seen.evictions > 0 or options.get("running") == 3


@pytest.mark.parametrize(("cls", "policy"), POLICIES)
@pytest.mark.parametrize("options", SETTINGS[:2], ids=str)
def test_aborts_of_waiting_and_running_requests_change_nothing_else(
    cls: type[Recordable], policy: Policy, options: dict[str, object], tmp_path: Path
) -> None:
    asked = some(40, 2, 60)
    aborted = {each.id: each.arrival + 7 * (index % 9) for index, each in enumerate(asked[::3])}
    seen = drive(build(cls, tmp_path, **options), asked, {**aborted, "never came": 3})
    assert check(seen) == ()
    assert len(seen.aborted) > 3
    assert seen.runs == simulate(seen.instance, policy, aborted=seen.aborted).runs
    assert conform(seen, NAMES[type(policy)]).conforms


def generates_what_was_asked(seen: Schedule, asked: list[Asked]) -> bool:
    return {each.id: each.output_len for each in seen.instance.requests} == {
        each.id: each.output_len for each in asked
    } and len(seen.completions) == len(asked)


def outside_of_amin_s_order(seen: Schedule) -> list[tuple[int, str, RequestId, RequestId]]:
    """Evictions and admissions that are not in the order ≺, from the runs alone.

    Each is a round, what happened to a request, and the request that stands before it in ≺.
    """
    rank = {each.id: place for place, each in enumerate(seen.instance.requests)}
    generated = dict.fromkeys(rank, 0)
    found = []
    for now in range(seen.makespan):
        place = {
            each.id: (max(each.lower, generated[each.id]), rank[each.id])
            for each in seen.instance.requests
        }
        running = {run.request for run in seen.runs if run.start <= now < run.stop}
        evicted = {run.request for run in seen.runs if run.stop == now and run.outcome == "evicted"}
        started = {run.request for run in seen.runs if run.start == now}
        waiting = {
            each.id
            for each in seen.instance.requests
            if each.arrival <= now < seen.completions[each.id]
        } - (running | evicted)
        found += [
            (now, "evicted", name, other)
            for name in evicted
            for other in running - started
            if place[other] < place[name]
        ]
        found += [
            (now, "started", name, other)
            for name in started
            for other in waiting
            if place[other] < place[name]
        ]
        for name in running:
            generated[name] += _generates(seen, name, now)
    return found


def _generates(seen: Schedule, name: RequestId, now: int) -> bool:
    """Whether the request, which runs, has its whole prefix computed in round ``now``."""
    for run, prefix in zip(seen.runs, seen.prefixes, strict=True):
        if run.request == name and run.start <= now < run.stop:
            return moments(run, prefix)[now - run.start].generates
    return False


@pytest.mark.parametrize(("cls", "policy"), ASYNC)
@pytest.mark.parametrize("options", SETTINGS, ids=str)
@pytest.mark.parametrize("last_arrival", [0, 150])
def test_asynchronous_scheduling_is_logged_as_it_is(
    cls: type[Recordable],
    policy: Policy,
    options: dict[str, object],
    last_arrival: int,
    tmp_path: Path,
) -> None:
    """vLLM schedules a round before it knows the outputs of the one before."""
    del policy
    asked = some(60, 1, last_arrival)
    seen = drive(build(cls, tmp_path, is_async=True, **options), asked, ahead=1)
    assert check(seen) == ()
    assert generates_what_was_asked(seen, asked)
    assert seen.held == tuple(replace(seen, held=None).occupancy())
    assert seen.evictions > 0 or options.get("running") == 3
    if cls is AsyncAminScheduler:
        assert outside_of_amin_s_order(seen) == []


@pytest.mark.parametrize(("cls", "policy"), ASYNC)
@pytest.mark.parametrize("last_arrival", [0, 150])
def test_asynchronous_runs_are_the_reference_s_where_nothing_waits_for_a_block(
    cls: type[Recordable], policy: Policy, last_arrival: int, tmp_path: Path
) -> None:
    """What is freed a round late matters only where it is needed."""
    options: dict[str, object] = {"blocks": 400, "tokens": 100, "running": 100}
    seen = drive(build(cls, tmp_path, is_async=True, **options), some(60, 1, last_arrival), ahead=1)
    assert check(seen) == ()
    assert seen.runs == simulate(seen.instance, policy).runs
    assert any(run.computed is not None for run in seen.runs)


@pytest.mark.parametrize(("cls", "policy"), ASYNC)
def test_aborts_while_a_round_is_computed_leave_a_valid_log(
    cls: type[Recordable], policy: Policy, tmp_path: Path
) -> None:
    del policy
    asked = some(40, 2, 60)
    aborted = {each.id: each.arrival + 7 * (index % 9) for index, each in enumerate(asked[::3])}
    seen = drive(build(cls, tmp_path, blocks=40, is_async=True), asked, aborted, ahead=1)
    assert check(seen) == ()
    assert len(seen.aborted) > 3
    assert len(seen.aborted) + len(seen.completions) == len(asked)


@pytest.mark.parametrize(("cls", "policy"), [*POLICIES, *ASYNC])
@pytest.mark.parametrize("topics", [0, 4])
@pytest.mark.parametrize("options", [SETTINGS[0], SETTINGS[3], SETTINGS[4]], ids=str)
def test_a_cache_of_prefixes_leaves_a_valid_log(
    cls: type[Recordable],
    policy: Policy,
    topics: int,
    options: dict[str, object],
    tmp_path: Path,
) -> None:
    """Prompts of one topic share blocks; an evicted request finds some of its own again."""
    ahead = int((cls, policy) in ASYNC)
    asked = some(60, 1)
    if topics:
        asked = [replace(each, topic=f"topic {index % topics}") for index, each in enumerate(asked)]
    engine = build(cls, tmp_path, is_async=bool(ahead), prefixes=True, **options)
    seen = drive(engine, asked, ahead=ahead)
    assert check(seen) == ()
    assert generates_what_was_asked(seen, asked)
    assert (prefixes_shared_in(seen) is not None) == (topics > 0)
    assert seen.instance.machine.tokens_per_round is None
    is_amin = isinstance(policy, Amin)
    if is_amin:
        assert outside_of_amin_s_order(seen) == []
    if options is SETTINGS[0] and not ahead and (is_amin or not topics):
        # A round computes every prefix whole, and Amin counts blocks as if nothing were shared.
        assert seen.runs == simulate(seen.instance, policy).runs


def test_a_bound_that_no_engine_can_use_is_1_or_the_longest_that_fits(tmp_path: Path) -> None:
    bounds: list[object] = [0, -3, "9", None, True, 2.5, 10**9]
    asked = [Asked(f"r{index}", 20, 30, lower) for index, lower in enumerate(bounds)]
    seen = drive(build(AminScheduler, tmp_path, blocks=20), asked)
    assert check(seen) == ()
    assert {request.lower for request in seen.instance.requests[:-1]} == {1}
    assert len(seen.completions) == len(asked)


def test_a_recorded_scheduler_needs_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AMIN_REF_LOG")
    with pytest.raises(InvalidValue, match=r"set AMIN_REF_LOG=run\.jsonl"):
        build(RecordedScheduler, tmp_path, blocks=9)


@pytest.mark.slow
@pytest.mark.parametrize(("cls", "policy"), POLICIES)
def test_2000_requests_with_the_lengths_of_chats(
    cls: type[Recordable], policy: Policy, tmp_path: Path
) -> None:
    path = lmsys_file()
    requests = build_instance(path, capacity=16480, block_size=16, requests=2000).instance.requests
    asked = [
        Asked(str(each.id), each.prompt_len, each.output_len, max(1, each.output_len // 2))
        for each in requests
    ]
    seen = drive(build(cls, tmp_path, blocks=1030, tokens=2048, running=256), asked)
    assert check(seen) == ()
    expected = simulate(seen.instance, policy)
    assert seen.runs == expected.runs
    assert conform(seen, NAMES[type(policy)]).conforms
    assert seen.held == tuple(expected.occupancy())


@pytest.mark.slow
def test_simulate_is_a_hundred_times_as_fast_as_the_engine_s_scheduler() -> None:
    """The same 2,000 requests under FCFS, in compiled code."""
    found = measured(lmsys_file())
    assert found.ratio >= 100, found

"""vLLM's own scheduler and cache manager make the reference's runs, chunk by chunk."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from amin_ref import Amin, FirstComeFirstServed, InvalidValue, Policy, check, conform, simulate
from amin_ref.conformance import PolicyName
from amin_ref.workloads import build_instance
from tests.support.real_data import lmsys_file

pytest.importorskip("vllm", reason="vLLM is not installed: .ci/run does so, beside the others")
os.environ["HF_HUB_OFFLINE"] = "1"  # no configuration is looked up anywhere

from amin_ref.engines.vllm import AminScheduler, RecordedScheduler
from tests.engines.fake_vllm import Asked, Recordable, drive, scheduler

pytestmark = [pytest.mark.engine]

POLICIES: list[tuple[type[Recordable], Policy]] = [
    (RecordedScheduler, FirstComeFirstServed()),
    (AminScheduler, Amin()),
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

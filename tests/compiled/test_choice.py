"""When compiled code is used, what it refuses, and what happens where it does not work."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

from amin_ref import (
    Amax,
    Amin,
    ClairvoyantPolicy,
    Instance,
    InvalidValue,
    Machine,
    NoProgress,
    Policy,
    Ranking,
    Request,
    ShortestPredictedFirst,
    SmallestVolumeFirst,
    TieBreak,
    VisibleRequest,
    simulate,
)
from amin_ref.compiled import compiling, machine_rounds, rounds
from amin_ref.compiled import simulation as compiled_runs
from amin_ref.compiled.refusal import LONGEST, NotCompiled
from amin_ref.model.machine import PAPERS_MACHINE
from tests.support.project import PROJECT

SMALL = Instance.from_lengths([(1, 2), (2, 3)], capacity=6)


class OtherAmin(Amin):
    """A subclass may change any rule."""


@dataclass(frozen=True)
class OtherTies(TieBreak):
    """A tie-break of a user's."""

    def rank(self, request: VisibleRequest) -> float:
        return -request.position


def used_for(
    count: int,
    monkeypatch: pytest.MonkeyPatch,
    compiled: bool | None = None,
    machine: Machine = PAPERS_MACHINE,
    ready: tuple[object, ...] = (),
) -> bool:
    """Whether compiled code makes the schedule of this number of requests.

    Args:
        count: the number.
        monkeypatch: undoes the limits of 100 and 10 requests.
        compiled: what ``simulate`` is given.
        machine: that of the instance.
        ready: the functions of which compiled code lies ready.
    """
    calls = []

    def counted(*given: object) -> NoReturn:
        calls.append(given)
        raise NotCompiled("this is a test")

    monkeypatch.setattr(compiled_runs, "LEAST_REQUESTS", 100)
    monkeypatch.setattr(compiled_runs, "LEAST_REQUESTS_IF_READY", 10)
    monkeypatch.setattr(compiled_runs, "lies_ready", lambda function: function in ready)
    monkeypatch.setattr(compiled_runs, "starting_state", counted)
    monkeypatch.setattr(compiled_runs, "played_on_machine", counted)
    requests = [Request(number, 1, 1) for number in range(count)]
    instance = Instance(2 * count, requests, machine=machine)
    assert len(simulate(instance, Amin(), compiled=compiled).runs) == count
    return bool(calls)


def test_compiled_code_is_used_for_large_instances_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not used_for(99, monkeypatch)
    assert used_for(100, monkeypatch)
    assert not used_for(100, monkeypatch, compiled=False)


@pytest.mark.parametrize(
    ("machine", "its_own", "other"),
    [
        (PAPERS_MACHINE, rounds.play, machine_rounds.play),
        (Machine(after_eviction="resume"), machine_rounds.play, rounds.play),
    ],
)
def test_compiled_code_that_lies_ready_is_used_for_fewer_requests(
    machine: Machine, its_own: object, other: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not used_for(9, monkeypatch, machine=machine, ready=(its_own, other))
    assert used_for(10, monkeypatch, machine=machine, ready=(its_own,))
    assert not used_for(99, monkeypatch, machine=machine, ready=(other,))
    assert not used_for(99, monkeypatch, compiled=False, machine=machine, ready=(its_own,))


def test_compiled_code_lies_ready_once_it_is_kept_and_until_its_source_changes(
    tmp_path: Path,
) -> None:
    """In processes of their own: this one has used its compiled code already."""
    (tmp_path / "three.py").write_text(
        "from amin_ref.compiled.compiling import compiled\n"
        "@compiled\n"
        "def three() -> int: return 3\n"
        "@compiled\n"
        "def four() -> int: return 4\n"
    )
    asked = (
        "import three, os, sys\n"
        "from amin_ref.compiled.readiness import lies_ready\n"
        "print(lies_ready(three.three), lies_ready(three.four), lies_ready(len))\n"
    )
    assert said(asked, tmp_path) == "False False False"
    assert (
        said(asked + "three.three()\n" + asked, tmp_path) == "False False False\nTrue False False"
    )
    assert said(asked, tmp_path) == "True False False"
    later = (tmp_path / "three.py").stat().st_mtime + 100
    os.utime(tmp_path / "three.py", (later, later))
    assert said(asked, tmp_path) == "False False False"


def said(program: str, folder: Path) -> str:
    """What a program prints that finds modules in this folder and keeps compiled code there."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(folder), "NUMBA_CACHE_DIR": str(folder / "kept")},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("instance", "policy", "reason"),
    [
        (SMALL, OtherAmin(), "the policy OtherAmin is not compiled"),
        (SMALL, Amin(OtherTies()), "the policy's tie-break is not of this package"),
        (SMALL, Amin(Ranking([0])), "the policy's tie-break does not rank every request"),
        (SMALL, SmallestVolumeFirst(check="peak"), "the policy is SVF with the peak check"),
        (
            Instance(6, SMALL.requests, machine=Machine(after_eviction="resume")),
            ShortestPredictedFirst(),
            "the policy ShortestPredictedFirst is compiled for the paper's machine alone",
        ),
        (Instance(6, ()), Amin(), "there are no requests"),
        (
            Instance(LONGEST + 1, [Request(0, 1, 1)], block_size=LONGEST + 1),
            Amin(),
            f"blocks have more than {LONGEST} tokens",
        ),
        (
            Instance(2 * LONGEST, [Request(0, 1, 1)]),
            Amax(),
            f"an output has more than {LONGEST} tokens",
        ),
    ],
)
def test_what_compiled_code_refuses(
    instance: Instance, policy: Policy | ClairvoyantPolicy, reason: str
) -> None:
    with pytest.raises(InvalidValue) as caught:
        simulate(instance, policy, compiled=True)
    assert str(caught.value) == (
        f"simulate: compiled is True, but {reason}; leave it out, or give False."
    )


def test_schedules_with_aborted_requests_are_refused() -> None:
    with pytest.raises(InvalidValue, match="requests are aborted"):
        simulate(SMALL, Amin(), aborted={0: 1}, compiled=True)


def test_the_errors_are_those_of_the_reference() -> None:
    for compiled in (False, True):
        with pytest.raises(NoProgress, match="the limit is 2 rounds"):
            simulate(SMALL, Amin(), max_rounds=2, compiled=compiled)
    late = Instance(9, [Request(0, 1, 1, arrival=2**53 - 1)])
    with pytest.raises(InvalidValue, match="stop is"):
        simulate(late, Amin(), compiled=False)
    with pytest.raises(InvalidValue, match="the schedule is longer"):
        simulate(late, Amin(), compiled=True)


def test_progress_is_told_and_the_policy_is_left_as_after_a_simulation() -> None:
    told: list[int] = []
    policy = Amin()
    simulate(SMALL, policy, on_completion=told.append, compiled=True)
    assert told[-1] == len(SMALL.requests)
    assert policy.lower_bounds == {}


def test_without_numba_everything_works_without_compiled_code() -> None:
    """``None`` in ``sys.modules`` makes an import fail."""
    program = (
        "import sys; sys.modules['numba'] = None\n"
        "from amin_ref import Amin, Instance, InvalidValue, simulate\n"
        "from amin_ref.compiled import simulation\n"
        "simulation.LEAST_REQUESTS = 4\n"
        "instance = Instance.from_lengths([(1, 1)] * 4, capacity=4)\n"
        "assert simulate(instance, Amin()).total_latency == 1 + 1 + 2 + 2\n"
        "try: simulate(instance, Amin(), compiled=True)\n"
        "except InvalidValue as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert "Numba cannot be imported" in done.stdout


def test_simulating_a_small_instance_does_not_import_numba() -> None:
    program = (
        "import sys; from amin_ref import Amin, Instance, simulate\n"
        "simulate(Instance.from_lengths([(1, 2)], capacity=3), Amin())\n"
        "assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], cwd=PROJECT, check=True)


def test_a_cache_that_cannot_be_written_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, object]] = []

    def refusing(**options: object) -> Callable[[Callable[[], int]], Callable[[], int]]:
        asked.append(options)
        if "cache" in options:
            raise RuntimeError("cannot cache function: no locator available")
        return lambda function: function

    monkeypatch.setattr(compiling, "njit", refusing)
    assert compiling.compiled(lambda: 3)() == 3
    assert asked == [{"cache": True, "_nrt": False}, {"_nrt": False}]

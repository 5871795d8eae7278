"""A command that takes much memory prints a sentence about it, with and without a terminal."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from amin_ref import Instance, Request, Run, Schedule
from amin_ref.cli import memory
from amin_ref.cli.application import application
from amin_ref.cli.exit_codes import run
from tests.support.project import PROJECT

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")

SCHEDULE = Schedule(Instance.from_lengths([(1, 1)], capacity=2), [Run(0, 0, 1, "completed")])

SENTENCE = "amin-ref: this takes more than {most} MB of memory; Ctrl-C ends it.\n"


def amin_ref(*arguments: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-m", "amin_ref", *arguments],
        cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return ended.stderr


def test_a_plan_of_16_million_rounds_is_reported(tmp_path: Path) -> None:
    """A look-ahead over 2²⁴ rounds holds two arrays of 2²⁴ numbers of 8 bytes, and more."""
    file = tmp_path / "instance.json"
    far = 2**24
    request = Request(0, 1, far, lower=far)
    file.write_text(Instance(far + 9, (request,)).to_json(), encoding="utf-8")
    # Interrupted when it is planned: the simulation would take 2²⁴ rounds.
    program = (
        "from amin_ref.policies import lookahead; before = lookahead.Batch.admit\n"
        "def admit(batch, job):\n"
        "    before(batch, job)\n"
        "    raise KeyboardInterrupt\n"
        "lookahead.Batch.admit = admit\n"
        "from amin_ref.cli import main; main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, "simulate", "--workload", str(file)],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 130
    assert SENTENCE.format(most=200) in ended.stderr
    assert ended.stderr.endswith("amin-ref: interrupted.\n")


def slowly_checked(schedule: Schedule) -> tuple[()]:
    time.sleep(0.2)
    return ()


def test_little_memory_is_not_reported(tmp_path: Path) -> None:
    assert amin_ref("compare", "--requests", "20", "--bound", "--time-limit", "0") == ""


@pytest.mark.parametrize("quiet", [False, True])
@pytest.mark.parametrize("is_seen_at_the_end", [False, True])
def test_much_memory_is_reported_once(
    quiet: bool,
    is_seen_at_the_end: bool,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "schedule.json"
    file.write_text(SCHEDULE.to_json(), encoding="utf-8")
    peaks = iter([10**9])
    monkeypatch.setattr(memory, "GROWTH_MEGABYTES", 1)
    monkeypatch.setattr(memory, "peak", lambda: next(peaks, 3 * 10**9))
    monkeypatch.setattr(memory, "SECONDS_BETWEEN_LOOKS", 60 if is_seen_at_the_end else 0.02)
    monkeypatch.setattr("amin_ref.cli.check.check", slowly_checked)
    assert run(application, ["check", str(file), *["--quiet"] * quiet]) == 0
    assert capsys.readouterr().err == ("" if quiet else SENTENCE.format(most=1001))


def test_a_system_without_a_figure_of_memory_has_no_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "schedule.json"
    file.write_text(SCHEDULE.to_json(), encoding="utf-8")
    monkeypatch.setattr(memory, "peak", lambda: None)
    assert run(application, ["check", str(file)]) == 0
    assert capsys.readouterr().err == ""


def test_the_peak_is_the_largest_memory_so_far() -> None:
    before = memory.peak()
    assert before is not None
    held = bytearray(before + 50 * memory.MEGABYTE)
    held[:: 2**12] = b"x" * len(held[:: 2**12])
    del held
    after = memory.peak()
    assert after is not None
    assert after > before + 40 * memory.MEGABYTE

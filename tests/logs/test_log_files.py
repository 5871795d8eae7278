"""Commands that take a schedule read a log, plain or gzip, from a file or standard input."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from amin_ref import Instance, Request, Run, Schedule, simulate
from amin_ref.cli.application import application
from amin_ref.cli.exit_codes import run
from amin_ref.logs import log_of

SCHEDULE = Schedule(
    Instance(9, (Request("a", 2, 4), Request("b", 2, 4, arrival=1))),
    (Run("a", 0, 4, "completed"), Run("b", 4, 8, "completed")),
)


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """The log of a schedule as a file, plain and packed."""
    text = "".join(log_of(SCHEDULE))
    plain, packed = tmp_path / "engine.jsonl", tmp_path / "engine.jsonl.gz"
    plain.write_text(text, encoding="utf-8")
    packed.write_bytes(gzip.compress(text.encode()))
    return str(plain), str(packed)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("check", "--json"), 0),
        (("conform", "--no-bound", "--policy", "amin", "--json"), 1),
        (("simulate", "--workload"), 0),
        (("judge", "--no-bound", "--json"), 0),
        (("schema", "log", "--validate"), 0),
    ],
)
def test_a_log_is_read_like_the_schedule(
    command: tuple[str, ...],
    code: int,
    files: tuple[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = tmp_path / "schedule.json"
    other.write_text(SCHEDULE.to_json(), encoding="utf-8")
    said = []
    for file in (*files, str(other)):
        if command[0] != "schema" or file in files:
            assert run(application, [*command, file]) == code
            said.append(capsys.readouterr().out)
    assert len(set(said)) == 1
    assert said[0]


def test_compare_shows_a_log_beside_policies_on_its_requests(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    for file in files:
        words = ["compare", "--schedule", file, "--policies", "fcfs", "--json"]
        assert run(application, words) == 0
        rows = json.loads(capsys.readouterr().out)["policies"]
        assert [row["policy"] for row in rows] == [Path(file).name, "fcfs"]
        assert rows[0]["total_latency"] == SCHEDULE.total_latency
        fcfs = simulate(SCHEDULE.instance, "fcfs")
        assert rows[1]["total_latency"] == fcfs.total_latency


def test_compare_refuses_a_schedule_that_is_not_valid(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    file = Path(files[0])
    wrong = Schedule(SCHEDULE.instance, SCHEDULE.runs[:1])
    file.write_text(wrong.to_json(), encoding="utf-8")
    assert run(application, ["compare", "--schedule", str(file)]) == 2
    assert "holds a schedule that is not valid" in capsys.readouterr().err


@pytest.mark.slow
def test_a_report_shows_a_log(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.html"
    words = ["report", str(out), "--schedule", files[1], "--policies", "fcfs"]
    assert run(application, [*words, "--time-limit", "0"]) == 0
    assert "engine.jsonl" in out.read_text(encoding="utf-8")


def test_a_wrong_line_is_named_with_its_file(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    file = Path(files[0])
    lines = file.read_text(encoding="utf-8").splitlines()
    lines[2] = json.dumps(json.loads(lines[2]) | {"reason": 1})
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert run(application, ["check", str(file)]) == 2
    said = capsys.readouterr().err
    assert "engine.jsonl': line 3: " in " ".join(said.split())
    assert "the field 'reason' is unknown" in " ".join(said.split())

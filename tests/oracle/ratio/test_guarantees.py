"""The table of the ratios of policies with a proven constant on ordinary and on bad instances."""

from __future__ import annotations

from pathlib import Path

import pytest

from amin_ref.comparison.estimate import Estimate
from oracle.ratio import guarantees


def test_a_workload_arrives_in_round_0_without_predictions() -> None:
    instance = guarantees.workload("chat", 20, 1)
    assert len(instance.requests) == 20
    assert {(r.arrival, r.lower, r.upper) for r in instance.requests} == {(0, 1, None)}


def test_ratios_are_to_amin_on_workloads_and_to_h_sf_on_bad_families() -> None:
    found = guarantees.columns(["chat"], 40, 2, 4)
    assert set(found) == {
        "chat, to Amin",
        "staggered, u = 4, to H-SF",
        "decaying-tail, u = 4, to H-SF",
    }
    chat, staggered, _ = found.values()
    assert chat["Amin"] == Estimate(1.0, 1.0, 1.0, 2)
    assert chat["doubling budgets"].count == 2
    assert staggered["Amin"].mean > staggered["impatient Amin, F = 2"].mean > 1
    lines = guarantees.table(found).splitlines()
    assert len(lines) == 2 + len(guarantees.policies())
    assert lines[2].startswith("| Amin | 1.000 | ")
    assert all(line.count("|") == 5 for line in lines)


def test_the_command_takes_traces(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trace = tmp_path / "trace.csv"
    rows = [f"2023-11-16 18:15:{10 + i},{5 + i},{1 + i * i % 9}" for i in range(12)]
    trace.write_text("\n".join(["TIMESTAMP,ContextTokens,GeneratedTokens", *rows]) + "\n")
    guarantees.main([str(trace), "--requests", "10", "--upper", "3"])
    heading = capsys.readouterr().out.splitlines()[0]
    assert heading.startswith("| policy | trace.csv, to Amin | staggered, u = 3, to H-SF | ")

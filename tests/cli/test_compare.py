"""``amin-ref compare``: what it prints in each format, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from amin_ref import Amin, Instance, Schedule, simulate
from amin_ref.cli.application import application
from amin_ref.cli.exit_codes import run
from tests.cli.test_cli import one_sentence


def amin_ref(*arguments: str, code: int = 0) -> None:
    assert run(application, arguments) == code


class TestCompare:
    def test_json_holds_what_the_schedules_say(self, capsys: pytest.CaptureFixture[str]) -> None:
        amin_ref(
            "compare", "--requests", "60", "--capacity", "1500", "--block-size", "16",
            "--prediction", "exact", "--json",
        )  # fmt: skip
        captured = capsys.readouterr()
        assert captured.err == ""
        document = json.loads(captured.out)
        assert document["format"] == "amin-ref/comparison"
        assert document["requests"] == 60
        rows = {row["policy"]: row for row in document["policies"]}
        assert list(rows) == ["amin", "amax", "h-sf", "fcfs"]
        # With exact predictions Amin, Amax and H-SF are the same scheduler.
        for name in ("amax", "h-sf"):
            assert rows[name] | {"policy": "amin"} == rows["amin"]
        for row in rows.values():
            assert row["mean_latency"] == row["total_latency"] / 60
            assert row["peak_occupancy"] <= 1500
            assert row["peak_occupancy"] % 16 == 0
        assert min(row["ratio_to_best"] for row in rows.values()) == 1

    def test_table_has_a_line_for_each_policy_asked_for(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        amin_ref("compare", "--requests", "40", "--policies", "fcfs,amin")
        lines = capsys.readouterr().out.splitlines()
        first_words = [line.split()[0] for line in lines if line.split()]
        assert first_words.index("fcfs") < first_words.index("amin")
        assert "amax" not in first_words

    def test_seed_decides(self, capsys: pytest.CaptureFixture[str]) -> None:
        outputs = []
        for seed in ("1", "1", "2"):
            amin_ref("compare", "--requests", "40", "--seed", seed, "--ties", "random", "--json")
            outputs.append(json.loads(capsys.readouterr().out)["policies"])
        assert outputs[0] == outputs[1] != outputs[2]

    def test_dropped_rows_are_told(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        trace = tmp_path / "trace.csv"
        trace.write_text("question_length,answer_length\n3,5\n0,9\n4,0\n900,900\n7,2\n")
        flags = ("compare", "--workload", str(trace), "--capacity", "1000")
        amin_ref(*flags)
        assert "Left out of 5 rows read" in capsys.readouterr().out
        amin_ref(*flags, "--json")
        assert json.loads(capsys.readouterr().out)["dropped"] == {
            "empty_prompt": 1,
            "empty_output": 1,
            "longer_than_cache": 1,
        }

    def test_what_is_finished_is_printed_when_interrupted(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        calls = []

        def interrupted_in_the_second(instance: Instance, *_: object, **__: object) -> Schedule:
            calls.append(instance)
            if len(calls) == 2:
                raise KeyboardInterrupt
            return simulate(instance, Amin())

        monkeypatch.setattr("amin_ref.comparison.comparison.simulate", interrupted_in_the_second)
        amin_ref("compare", "--requests", "30", "--json", code=130)
        captured = capsys.readouterr()
        assert [row["policy"] for row in json.loads(captured.out)["policies"]] == ["amin"]
        one_sentence(captured.err.lstrip("\n"))

    def test_compare_with_a_bound(self, capsys: pytest.CaptureFixture[str]) -> None:
        flags = ("compare", "--requests", "30", "--capacity", "2000", "--bound")
        amin_ref(*flags, "--time-limit", "1", "--json")
        document = json.loads(capsys.readouterr().out)
        for row in document["policies"]:
            assert row["ratio_to_bound"] == row["total_latency"] / document["lower_bound"] >= 1
        amin_ref(*flags, "--time-limit", "0")
        assert "≤ × OPT" in capsys.readouterr().out

"""``amin-ref compare``: output in each format, and refusals."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from amin_ref import Amin, Instance, Machine, Schedule, compare, compare_seeds, simulate
from amin_ref.cli.application import application
from amin_ref.cli.exit_codes import run
from amin_ref.comparison.columns import COLUMNS, DEFAULT_COLUMNS
from amin_ref.policies.names import DEFAULT_POLICIES, POLICIES
from amin_ref.schemas import validate
from amin_ref.workloads import build_instance
from tests.cli.test_cli import PROGRAM, interrupted_once_seen, one_sentence
from tests.support.project import PROJECT

SMALL = ("--requests", "40", "--capacity", "1500")


def amin_ref(*arguments: str, code: int = 0) -> None:
    assert run(application, arguments) == code


class TestMachines:
    RESUME = ("--after-eviction", "resume", "--tokens-per-round", "300", "--max-running", "20")

    def test_flags_give_the_machine_of_every_policy(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        amin_ref("compare", *SMALL, *self.RESUME, "--format", "csv")
        shown = capsys.readouterr().out
        amin_ref("simulate", *SMALL, *self.RESUME, "--policy", "fcfs")
        schedule = Schedule.from_json(capsys.readouterr().out)
        machine = Machine(after_eviction="resume", tokens_per_round=300, max_running=20)
        assert schedule.instance.machine == machine
        assert schedule.recomputed_tokens > 0
        rows = {row["policy"]: row for row in csv.DictReader(io.StringIO(shown))}
        assert int(rows["fcfs"]["total_latency"]) == schedule.total_latency
        assert int(rows["fcfs"]["recomputed_tokens"]) == schedule.recomputed_tokens

    @pytest.mark.parametrize("seeds", [(), ("--seeds", "2")], ids=["one seed", "two seeds"])
    def test_the_machine_is_named(
        self, seeds: tuple[str, ...], capsys: pytest.CaptureFixture[str]
    ) -> None:
        line = ("compare", *SMALL, "--policies", "amin,fcfs", *seeds)
        amin_ref(*line, *self.RESUME)
        assert (
            'of 1, on a machine with after_eviction "resume", tokens_per_round 300, max_running 20.'
            in capsys.readouterr().out.replace("\n", " ")
        )
        for flags in (self.RESUME, ()):
            amin_ref(*line, *flags, "--json")
            text = capsys.readouterr().out
            assert validate("seed-comparison" if seeds else "comparison", text) == ()
            assert json.loads(text)["options"].get("machine") == (
                {"after_eviction": "resume", "tokens_per_round": 300, "max_running": 20}
                if flags
                else None
            )

    def test_recomputed_tokens_stand_in_the_place_of_wasted_ones(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        amin_ref("compare", *SMALL, "--policies", "fcfs,sjf")
        paper = capsys.readouterr().out
        assert "wasted" in paper
        assert "recomputed" not in paper
        amin_ref("compare", *SMALL, "--policies", "fcfs,sjf", *self.RESUME)
        resuming = capsys.readouterr().out
        assert "recomputed" in resuming
        assert "wasted" not in resuming

    def test_a_policy_that_does_not_know_the_machine_is_named(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        amin_ref("compare", *SMALL, *self.RESUME, "--policies", "doubling", code=2)
        assert "not supported by the policy DoublingBudgets" in capsys.readouterr().err


class TestCompare:
    def test_json_has_the_metrics_of_the_schedules(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
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
        assert list(rows) == list(DEFAULT_POLICIES)
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

    def test_results_depend_on_the_seed_alone(self, capsys: pytest.CaptureFixture[str]) -> None:
        outputs = []
        for seed in ("1", "1", "2"):
            amin_ref("compare", "--requests", "40", "--seed", seed, "--ties", "random", "--json")
            outputs.append(json.loads(capsys.readouterr().out)["policies"])
        assert outputs[0] == outputs[1] != outputs[2]

    def test_dropped_rows_are_counted_in_table_and_json(
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

    def test_finished_policies_are_printed_when_interrupted(
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

    def test_json_and_table_have_the_ratio_to_the_bound(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        flags = ("compare", "--requests", "30", "--capacity", "2000", "--bound")
        amin_ref(*flags, "--time-limit", "1", "--json")
        document = json.loads(capsys.readouterr().out)
        for row in document["policies"]:
            assert row["ratio_to_bound"] == row["total_latency"] / document["lower_bound"] >= 1
        amin_ref(*flags, "--time-limit", "0")
        assert "× bound" in capsys.readouterr().out

    def test_json_has_the_fields_of_version_0_1(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Version 0.1 wrote these fields, under this format and version."""
        amin_ref("compare", *SMALL, "--json")
        text = capsys.readouterr().out
        document = json.loads(text)
        assert document["version"] == 1
        assert set(document) >= {
            "format", "version", "options", "requests", "rows_read", "dropped", "lower_bound",
            "policies",
        }  # fmt: skip
        assert set(document["policies"][0]) >= {
            "policy", "total_latency", "mean_latency", "median_latency", "p99_latency", "makespan",
            "evictions", "wasted_tokens", "mean_occupancy", "peak_occupancy", "ratio_to_best",
            "ratio_to_bound",
        }  # fmt: skip
        amin_ref("compare", *SMALL, "--format", "json")
        assert capsys.readouterr().out == text

    def test_the_output_is_that_of_the_python_function(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        instance = build_instance(requests=40, capacity=1500, prediction="bins:10").instance
        amin_ref("compare", *SMALL, "--format", "csv")
        assert capsys.readouterr().out == compare(instance).to_csv()
        amin_ref("compare", *SMALL, "--json")
        ours = json.loads(compare(instance).to_json())
        theirs = json.loads(capsys.readouterr().out)
        assert {name: theirs[name] for name in ours} == ours

    def test_markdown_has_the_caption_and_the_table(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        amin_ref("compare", *SMALL, "--format", "markdown", "--columns", "makespan,mean_ttft")
        caption, heading, rule, *rows = capsys.readouterr().out.replace("\n\n", "\n").splitlines()
        assert caption.startswith("40 requests from chat")
        assert heading == "| policy | makespan last stop, rounds | TTFT mean, rounds |"
        assert rule == "| :-- | --: | --: |"
        assert len(rows) == 4


class TestUnits:
    def test_rounds_are_shown_as_seconds(self, capsys: pytest.CaptureFixture[str]) -> None:
        columns = ("--columns", "mean_latency,throughput,mean_tpot,evictions", "--format", "csv")
        amin_ref("compare", *SMALL, *columns)
        rounds = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
        amin_ref("compare", *SMALL, *columns, "--round", "0.05")
        seconds = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
        for first, second in zip(rounds, seconds, strict=True):
            for name in ("mean_latency", "mean_tpot"):
                assert float(second[f"{name}_seconds"]) == pytest.approx(float(first[name]) / 20)
            per_second = float(second["throughput_per_second"])
            assert per_second == pytest.approx(20 * float(first["throughput"]))
            assert second["evictions"] == first["evictions"]

    def test_headings_name_the_unit(self, capsys: pytest.CaptureFixture[str]) -> None:
        amin_ref("compare", *SMALL, "--slo", "20")
        text = capsys.readouterr().out
        assert text.split("---")[0].split().count("rounds") == 4
        assert "tok/round" in text
        assert "≤ 20" in text
        amin_ref("compare", *SMALL, "--round", "0.05", "--slo", "20s")
        text = capsys.readouterr().out
        assert text.split("---")[0].splitlines()[-1].split()[1:5] == ["s", "s", "s", "s"]
        assert "tokens/s" in text
        assert "≤ 20.00" in text

    def test_goodput_in_seconds_is_that_in_rounds(self, capsys: pytest.CaptureFixture[str]) -> None:
        shares = []
        for flags in (("--slo", "200"), ("--slo", "10s", "--round", "0.05")):
            amin_ref("compare", *SMALL, *flags, "--json")
            policies = json.loads(capsys.readouterr().out)["policies"]
            shares.append([row["goodput"] for row in policies])
        assert shares[0] == shares[1]
        assert 0 < shares[0][0] < 1


class TestWidth:
    @staticmethod
    def on_a_terminal(columns: int, *flags: str) -> list[str]:
        """The lines that are printed on a terminal of this width."""
        ours, theirs = pty.openpty()
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": str(columns)}
        process = subprocess.Popen(
            [*PROGRAM, "compare", *SMALL, *flags], cwd=PROJECT, stdout=theirs, env=environment
        )
        os.close(theirs)
        text = b"".join(read_all(ours))
        assert process.wait(60) == 0
        return text.decode().replace("\r\n", "\n").splitlines()

    def test_the_default_fits_into_80_columns(self) -> None:
        lines = self.on_a_terminal(80)
        assert max(map(len, lines)) <= 80
        assert "Left out" not in " ".join(lines)

    def test_a_narrow_terminal_names_what_it_leaves_out(self) -> None:
        lines = self.on_a_terminal(50)
        assert max(map(len, lines)) <= 50
        text = " ".join(lines)
        (left_out,) = re.findall("Left out for lack of width: ([a-z0-9_, ]+);", text)
        names = left_out.split(", ")
        hidden = ("goodput", "ratio_to_bound", "recomputed_share")
        shown = [name for name in DEFAULT_COLUMNS if name not in hidden]
        assert names == shown[-len(names) :], "the least important are left out"
        assert "--columns all" in text

    def test_all_columns_are_shown_where_they_are_asked_for(self) -> None:
        lines = self.on_a_terminal(60, "--columns", "all")
        assert max(map(len, lines)) <= 60
        assert len([line for line in lines if line.startswith("TTFT p90, rounds")]) >= 1
        assert "Left out" not in " ".join(lines)

    def test_without_a_terminal_no_width_limits_the_table(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        amin_ref("compare", *SMALL, "--columns", "all")
        table = capsys.readouterr().out.split("\n\n")[1].split("\n")
        assert len(table) == 4 + 4
        assert len(table[3].split()) == 1 + len(COLUMNS)


def read_all(terminal: int) -> Iterator[bytes]:
    try:
        while chunk := os.read(terminal, 4096):
            yield chunk
    except OSError:  # raised when the other end of the terminal is closed
        pass
    finally:
        os.close(terminal)


class TestSeeds:
    def test_means_are_those_of_the_single_seeds(self, capsys: pytest.CaptureFixture[str]) -> None:
        amin_ref("compare", *SMALL, "--seeds", "3", "--seed", "5", "--json")
        document = json.loads(capsys.readouterr().out)
        assert document["format"] == "amin-ref/seed-comparison"
        assert document["seeds"] == [5, 6, 7]
        assert document["rows_read"] >= 3 * 40
        of_amin = []
        for seed, of_seed in zip((5, 6, 7), document["comparisons"], strict=True):
            amin_ref("compare", *SMALL, "--seed", str(seed), "--json")
            assert json.loads(capsys.readouterr().out)["policies"] == of_seed["policies"]
            of_amin.append(of_seed["policies"][0]["mean_latency"])
        assert document["policies"][0]["mean_latency"]["mean"] == pytest.approx(sum(of_amin) / 3)

    def test_the_output_is_that_of_the_python_function(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def make(seed: int) -> Instance:
            return build_instance(
                requests=40, capacity=1500, prediction="bins:10", arrivals="load:0.8", seed=seed
            ).instance

        amin_ref("compare", *SMALL, "--seeds", "3", "--load", "0.8", "--format", "csv")
        assert capsys.readouterr().out == compare_seeds(make, "amin,amax,h-sf,fcfs", 3).to_csv()

    def test_table_and_markdown_have_means_and_differences(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        flags = ("compare", *SMALL, "--seeds", "3", "--policies", "amin,fcfs")
        amin_ref(*flags)
        text = capsys.readouterr().out
        assert text.startswith("Seeds 0 to 2, each: 40 requests from chat")
        assert re.search(r"amin .* ± ", text)
        assert re.search(r"amin +fcfs .*(yes|no)\n", text)
        amin_ref(*flags, "--format", "markdown")
        assert capsys.readouterr().out.count("| :-- |") == 2

    def test_each_seed_has_a_lower_bound(self, capsys: pytest.CaptureFixture[str]) -> None:
        amin_ref("compare", *SMALL, "--seeds", "2", "--bound", "--time-limit", "0.2", "--json")
        document = json.loads(capsys.readouterr().out)
        bounds = [of_seed["lower_bound"] for of_seed in document["comparisons"]]
        assert all(bounds)
        assert document["policies"][0]["ratio_to_bound"]["mean"] >= 1

    def test_a_report_of_all_seeds(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "seeds.html"
        flags = ("--seeds", "3", "--seed", "4", "--policies", "amin,fcfs", "--time-limit", "0.2")
        amin_ref("compare", *SMALL, *flags, "--report", str(file), "--json")
        document = json.loads(capsys.readouterr().out)
        assert all(of_seed["lower_bound"] for of_seed in document["comparisons"])
        page = re.sub("<[^>]*>", "", file.read_text())
        assert "4, 5 and 6" in page
        assert "amin-ref compare --report seeds.html --seed 4" in page
        assert "--policies amin,fcfs --time-limit 0.2 --seeds 3" in page

    def test_seeds_are_refused_where_nothing_is_random(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        trace = tmp_path / "trace.csv"
        trace.write_text("question_length,answer_length\n3,5\n4,7\n7,2\n")
        flags = ("compare", "--workload", str(trace), "--capacity", "12", "--seeds", "2")
        amin_ref(*flags, code=2)
        captured = capsys.readouterr()
        assert "nothing is random" in one_sentence(captured.err)
        assert captured.out == ""
        amin_ref(*flags, "--load", "0.5")
        amin_ref(*flags, "--ties", "random")

    def test_finished_seeds_are_printed_when_interrupted(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        calls = []

        def interrupted_in_the_third_seed(instance: Instance, *_: object, **__: object) -> Schedule:
            calls.append(instance)
            if len(calls) == 6:
                raise KeyboardInterrupt
            return simulate(instance, Amin())

        monkeypatch.setattr(
            "amin_ref.comparison.comparison.simulate", interrupted_in_the_third_seed
        )
        flags = ("compare", *SMALL, "--policies", "amin,fcfs", "--json")
        amin_ref(*flags, "--seeds", "9", code=130)
        captured = capsys.readouterr()
        assert json.loads(captured.out)["seeds"] == [0, 1]
        one_sentence(captured.err.lstrip("\n"))
        # One seed has no interval: its comparison is printed as without --seeds.
        del calls[2:]
        amin_ref(*flags, "--seeds", "9", code=130)
        document = json.loads(capsys.readouterr().out)
        assert document["format"] == "amin-ref/comparison"

    def test_ctrl_c_in_the_search_for_a_bound_prints_the_finished_seeds(
        self, tmp_path: Path
    ) -> None:
        flags = ("--requests", "300", "--seeds", "2", "--bound", "--time-limit", "100", "--json")
        code, out, err = interrupted_once_seen(
            b"lower bound", "compare", *flags, output=tmp_path / "out"
        )
        assert code == 130
        assert "best bounds so far." in err
        document = json.loads(out)
        assert document["lower_bound"] > 0
        assert len(document["policies"]) == 4


class TestYourOwnPolicy:
    @pytest.fixture
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        (tmp_path / "mine_compared.py").write_text(
            "from amin_ref import Decision, FirstComeFirstServed, Policy\n\n\n"
            "class Mine(FirstComeFirstServed):\n    pass\n\n\n"
            "class Raises(Policy):\n"
            "    def begin(self, capacity, block_size):\n"
            "        self.known = {}\n\n"
            "    def decide(self, now, arrived, completed):\n"
            "        return self.known['missing']\n\n\n"
            "class Nothing(Raises):\n"
            "    def decide(self, now, arrived, completed):\n"
            "        return Decision()\n"
        )
        monkeypatch.chdir(tmp_path)
        return tmp_path

    @pytest.mark.usefixtures("folder")
    def test_a_policy_of_a_module_is_compared_with_the_given_ones(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        amin_ref("compare", *SMALL, "--policies", "fcfs,mine_compared:Mine", "--json")
        ours, mine = json.loads(capsys.readouterr().out)["policies"]
        assert mine == ours | {"policy": "mine_compared:Mine"}
        amin_ref("compare", *SMALL, "--policies", "amin,mine_compared:Mine", "--seeds", "3")
        assert re.search(r"amin +mine_compared:Mine", capsys.readouterr().out)

    @pytest.mark.usefixtures("folder")
    def test_ties_has_no_effect_on_a_policy_of_a_module(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        flags = ("compare", *SMALL, "--ties", "random", "--policies")
        amin_ref(*flags, "mine_compared:Mine", code=2)
        assert "--ties has no effect" in one_sentence(capsys.readouterr().err)
        amin_ref(*flags, "amin,mine_compared:Mine")

    @pytest.mark.usefixtures("folder")
    @pytest.mark.parametrize(
        ("name", "says"),
        [
            ("Raises", "raised KeyError: 'missing' (mine_compared.py, line 13); mend the policy"),
            ("Nothing", "the cache has been empty for"),
        ],
    )
    def test_a_failing_policy_of_a_module_is_reported_in_one_sentence(
        self, name: str, says: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The policies that were simulated before are printed."""
        amin_ref("compare", *SMALL, "--policies", f"amin,mine_compared:{name}", "--json", code=2)
        captured = capsys.readouterr()
        assert says in one_sentence(captured.err)
        assert [row["policy"] for row in json.loads(captured.out)["policies"]] == ["amin"]


def test_the_flag_load_stands_for_arrivals_at_that_load(capsys: pytest.CaptureFixture[str]) -> None:
    amin_ref("compare", *SMALL, "--load", "0.8", "--json")
    document = json.loads(capsys.readouterr().out)
    assert document["options"]["arrivals"] == "load:0.8"
    amin_ref("compare", *SMALL, "--arrivals", "load:0.8", "--json")
    assert json.loads(capsys.readouterr().out) == document


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--requests", "20", "--capacity", "100000"), "under no policy does a request ever wait"),
        (("--requests", "40", "--capacity", "1500", "--policies", "h-sf"), "no policy ever evicts"),
    ],
)
def test_a_hint_where_policies_cannot_differ(
    flags: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    amin_ref("compare", *flags)
    text = " ".join(capsys.readouterr().out.split())
    assert says in text
    assert text.count("Hint") == 1
    amin_ref("compare", *SMALL)
    assert "Hint" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--load", "0.8", "--arrivals", "poisson:1"), "give one"),
        (("--load", "much"), "arrivals load"),
        (("--load", "0"), "arrivals load"),
        (("--seeds", "1"), "is not from 2"),
        (("--seeds", "20000"), "at most 1,000"),
        (("--time-limit", "3"), "--time-limit has no effect"),
        (("--columns", "beauty"), "there is no such column"),
        (("--columns", "evictions,evictions"), "it stands twice"),
        (("--columns", "evictions", "--json"), "--columns has no effect"),
        (("--json", "--format", "csv"), "contradict each other"),
        (("--format", "xml"), "is not one of"),
        (("--slo", "20s"), "needs --round"),
        (("--slo", "0"), "is not above 0"),
        (("--slo", "fast"), "is not a number"),
        (("--round", "0"), "round_seconds is 0.0"),
        (("--round", "nan"), "is not a finite number"),
        (("--policies", "no_such_module:X"), "cannot be imported"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_flags_are_refused_in_one_sentence(
    flags: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    amin_ref("compare", *SMALL, *flags, code=2)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert says in one_sentence(captured.err)


@pytest.mark.slow
def test_all_policies_are_compared_with_one_bound(capsys: pytest.CaptureFixture[str]) -> None:
    """On the default workload."""
    amin_ref("compare", "--policies", "all", "--bound", "--time-limit", "1", "--json")
    document = json.loads(capsys.readouterr().out)
    assert [row["policy"] for row in document["policies"]] == list(POLICIES)
    assert all(row["ratio_to_bound"] >= 1 for row in document["policies"])

"""The workload's flags: their meaning, their form in JSON, and the command of a report."""

from __future__ import annotations

import json
import shlex
import time
from decimal import Decimal
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amin_ref import Amin, Instance, Shuffled, simulate
from amin_ref.cli.application import application, load_command
from amin_ref.cli.exit_codes import run
from amin_ref.cli.options import SEED, TOKENS, WholeNumber, WorkloadOptions
from amin_ref.cli.report_file import command
from amin_ref.comparison import simulated
from amin_ref.policies import ByPosition
from amin_ref.workloads import build_instance
from amin_ref.workloads.fields import TIME_UNITS

numbers = st.integers(1, 2**53 - 1)

predictions = st.sampled_from(["exact", "bins:4", "bins:10", "naive", "mixed:0.5", "rough:1:9"])
arrivals = st.sampled_from(["at-once", "poisson:0.3", "load:0.8", "trace:0.05"])

all_options = st.builds(
    WorkloadOptions,
    workload=st.sampled_from(
        ["chat", "conversation", "code", "mooncake", "my trace.csv", "-", "instance's.json"]
    ),
    requests=st.none() | st.integers(1, 10**7),
    seed=st.integers(0, 3) | numbers,
    capacity=st.just(16_492) | numbers,
    block_size=st.integers(1, 2) | numbers,
    prediction=predictions,
    arrivals=arrivals,
    ties=st.sampled_from(["position", "random"]),
    time_unit=st.sampled_from([None, *TIME_UNITS]),
)


@given(all_options, st.booleans())
def test_the_command_of_a_report_has_the_same_options(
    options: WorkloadOptions, has_more: bool
) -> None:
    """The program parses the command; flags that the command leaves out have their defaults."""
    more = ["--policies", "amin,fcfs"] if has_more else []
    program, name, *words = shlex.split(command(("report", "a b.html"), options, more))
    assert (program, name) == ("amin-ref", "report")
    parsed = load_command("report").make_context("report", words).params
    for field in ("workload", "requests", "seed", "capacity", "block_size", "prediction"):
        assert parsed[field] == getattr(options, field)
    for field in ("arrivals", "ties", "time_unit"):
        assert parsed[field] == getattr(options, field)
    assert parsed["output"] == "a b.html"
    assert parsed["policies"] == (
        ("amin", "fcfs") if has_more else ("amin", "amax", "h-sf", "fcfs")
    )
    assert (parsed["schedule_file"], parsed["seeds"]) == (None, None)


def test_a_command_with_the_defaults_has_no_flags() -> None:
    plain = WorkloadOptions("chat", None, 0, 16_492, 1, "bins:10", "at-once", "position")
    assert command(("compare",), plain, []) == "amin-ref compare"


@pytest.mark.parametrize("seeds", [[], ["--seeds", "2"]], ids=["one seed", "two seeds"])
def test_json_has_the_options_as_they_were_given(
    seeds: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = tmp_path / "trace.csv"
    trace.write_text("arrived_at,num_prefill_tokens,num_decode_tokens\n" + "1.5,3,5\n" * 4)
    line = f"compare --json --workload {trace} --requests 3 --seed 7 --capacity 40 --block-size 2 "
    line += "--prediction bins:2 --arrivals trace:2 --ties random --time-unit ms"
    assert run(application, [*shlex.split(line), *seeds]) == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document)[:2] == ["format", "version"]
    assert document["options"] == {
        "workload": str(trace),
        "seed": 7,
        "capacity": 40,
        "block_size": 2,
        "prediction": "bins:2",
        "arrivals": "trace:2",
        "ties": "random",
        "time_unit": "ms",
    }
    if not seeds:
        assert document["requests"] == 3


USELESS = "question_length,answer_length\n0,4\n3,0\n3,0\n90,90\n3,5\n4,6\n"


@pytest.mark.parametrize("seeds", [1, 3])
def test_dropped_rows_are_counted_for_each_seed(
    seeds: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Six rows: one without a prompt, two without an answer, one that exceeds the cache."""
    trace = tmp_path / "trace.csv"
    trace.write_text(USELESS)
    line = ["compare", "--workload", str(trace), "--capacity", "40", "--ties", "random"]
    line += ["--seeds", str(seeds)] if seeds > 1 else []
    assert run(application, [*line, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["rows_read"] == 6 * seeds
    assert document["dropped"] == {
        "empty_prompt": seeds,
        "empty_output": 2 * seeds,
        "longer_than_cache": seeds,
    }
    assert run(application, line) == 0
    assert f"Left out of {6 * seeds} rows read: " in " ".join(capsys.readouterr().out.split())
    trace.write_text("question_length,answer_length\n3,5\n")
    assert run(application, line) == 0
    assert "Left out" not in capsys.readouterr().out


@pytest.mark.parametrize("form", ["csv", "markdown", "table"])
@pytest.mark.parametrize("seeds", [[], ["--seeds", "2"]], ids=["one seed", "two seeds"])
def test_every_output_ends_with_one_line_end(
    form: str, seeds: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["compare", "--requests", "5", "--policies", "amin,fcfs", "--format", form, *seeds]
    assert run(application, line) == 0
    text = capsys.readouterr().out
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert not text.startswith("\n")
    if form == "markdown":
        caption, blank, *_ = text.splitlines()
        assert (caption[-1], blank) == (".", "")


@pytest.mark.parametrize(("line", "said"), [
    ([], "simulating 5 requests under amin, fcfs"),
    (["--seeds", "2"], "simulating 5 requests under amin, fcfs"),
])  # fmt: skip
def test_a_long_comparison_prints_what_takes_long(
    line: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def slowly(*given: object, **named: object) -> object:
        time.sleep(0.1)
        return simulated(*given, **named)  # type: ignore[arg-type]  # the same arguments

    monkeypatch.setattr("amin_ref.cli.comparing.simulated", slowly)
    monkeypatch.setattr("amin_ref.cli.slow.SILENT_SECONDS", 0.02)
    begin = ["compare", "--requests", "5", "--policies", "amin,fcfs"]
    assert run(application, [*begin, *line]) == 0
    assert f"amin-ref: {said} takes longer than " in capsys.readouterr().err


@pytest.mark.parametrize("least", [0, 1, 3])
def test_a_whole_number_has_a_least_and_a_largest_value(least: int) -> None:
    kind = WholeNumber("tokens", least)
    assert kind.name == "tokens"
    for number in (least, least + 1, 2**53 - 1):
        assert kind.convert(str(number), None, None) == number
    for wrong in (least - 1, 2**53):
        with pytest.raises(click.BadParameter, match=rf"not from {least} to 2\*\*53 - 1"):
            kind.convert(str(wrong), None, None)
    with pytest.raises(click.BadParameter, match=r"'1\.5' is not a whole number"):
        kind.convert("1.5", None, None)


def test_tokens_begin_at_one_and_seeds_at_zero() -> None:
    assert SEED.convert("0", None, None) == 0
    with pytest.raises(click.BadParameter):
        TOKENS.convert("0", None, None)


def options(**changed: object) -> WorkloadOptions:
    given: dict[str, object] = {
        "workload": "chat",
        "requests": 5,
        "seed": 0,
        "capacity": 900,
        "block_size": 1,
        "prediction": "exact",
        "arrivals": "at-once",
        "ties": "position",
    }
    return WorkloadOptions(**(given | changed))  # type: ignore[arg-type]  # the names are its own


@pytest.mark.parametrize(("changed", "is_random"), [
    ({}, False),
    ({"ties": "random"}, True),
    ({"prediction": "bins:4"}, False),
    ({"prediction": "relative:0.5"}, False),
    ({"prediction": "naive"}, False),
    ({"prediction": "rough:1:99"}, False),
    ({"prediction": "varying:0.5"}, True),
    ({"prediction": "mixed:0.5"}, True),
    ({"arrivals": "poisson:0.3"}, True),
    ({"arrivals": "load:0.8"}, True),
    ({"arrivals": "trace:2"}, False),
    ({"prediction": "rough:1:99", "arrivals": "trace:2"}, False),
    ({"workload": "chat"}, True),
    ({"workload": "conversation"}, True),
])  # fmt: skip
def test_predictions_arrivals_and_ties_make_a_trace_random(
    changed: dict[str, object], is_random: bool, tmp_path: Path
) -> None:
    trace = tmp_path / "trace.csv"
    trace.write_text("arrived_at,num_prefill_tokens,num_decode_tokens\n1,3,5\n2,3,5\n")
    with click.Context(click.Command("compare")).scope():
        assert options(**({"workload": str(trace)} | changed)).is_random == is_random


def test_only_ties_make_the_instance_of_a_file_random(tmp_path: Path) -> None:
    file = tmp_path / "instance.json"
    file.write_text(Instance.from_lengths([(3, 5)], capacity=9).to_json())
    with click.Context(click.Command("compare")).scope():
        for changed in ({}, {"prediction": "mixed:0.5"}, {"arrivals": "load:0.8"}):
            assert not options(workload=str(file), **changed).is_random
        assert options(workload=str(file), ties="random").is_random


def test_ties_are_broken_as_asked() -> None:
    assert options().tie_break() == ByPosition()
    assert options(ties="random", seed=3).tie_break() == Shuffled(3)


def test_the_flags_make_the_instance_that_the_library_makes() -> None:
    chosen = options(capacity=700, block_size=4, seed=6, prediction="bins:3", arrivals="load:0.5")
    with click.Context(click.Command("compare")).scope():
        built = chosen.build().instance
    assert (
        built
        == build_instance(
            "chat",
            requests=5,
            seed=6,
            capacity=700,
            block_size=4,
            prediction="bins:3",
            arrivals="load:0.5",
        ).instance
    )


def test_a_load_stands_for_arrivals_at_that_load(capsys: pytest.CaptureFixture[str]) -> None:
    both = [
        ["simulate", "--requests", "6", *flags]
        for flags in (["--load", "0.25"], ["--arrivals", "load:0.25"])
    ]
    printed = []
    for line in both:
        assert run(application, line) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    drawn = build_instance("chat", requests=6, arrivals=f"load:{Decimal('0.25')}").instance
    assert json.loads(printed[0]) == json.loads(simulate(drawn, Amin()).to_json())
    assert run(application, ["simulate", "--load", "0.25", "--arrivals", "at-once"]) == 2
    assert "--load and --arrivals both say when requests arrive" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["requests", "capacity", "block_size", "prediction", "arrivals"])
def test_flags_of_the_instance_are_refused_for_a_file_with_an_instance(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "instance.json"
    file.write_text(Instance.from_lengths([(3, 5)], capacity=9).to_json())
    value = {"prediction": "exact", "arrivals": "at-once"}.get(name, "5")
    flag = f"--{name.replace('_', '-')}"
    assert run(application, ["simulate", "--workload", str(file), flag, value]) == 2
    assert f"{flag} has no effect on a file that holds an instance" in capsys.readouterr().err


@pytest.mark.parametrize(("flags", "code"), [
    (["--seed", "3"], 2), (["--seed", "3", "--ties", "random"], 0), (["--ties", "random"], 0),
])  # fmt: skip
def test_for_an_instance_the_seed_has_an_effect_on_random_ties_alone(
    flags: list[str], code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "instance.json"
    file.write_text(Instance.from_lengths([(3, 5), (3, 5)], capacity=9).to_json())
    assert run(application, ["simulate", "--workload", str(file), *flags]) == code
    assert ("--seed has no effect" in capsys.readouterr().err) == (code == 2)


def test_an_embedded_workload_is_not_a_file_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["simulate", "--requests", "3"]
    assert run(application, line) == 0
    drawn = capsys.readouterr().out
    monkeypatch.chdir(tmp_path)
    for text in (Instance.from_lengths([(3, 5)], capacity=9).to_json(), "1,2\n"):
        (tmp_path / "chat").write_text(text)
        assert run(application, line) == 0
        assert capsys.readouterr().out == drawn

"""``conform``, ``schema`` and ``vectors`` on the command line, and schedules as JSON lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from amin_ref import (
    Amin,
    FirstComeFirstServed,
    Instance,
    Request,
    Run,
    Schedule,
    conform,
    simulate,
)
from amin_ref.cli.application import application
from amin_ref.cli.exit_codes import run
from amin_ref.schemas import SCHEMA_NAMES
from amin_ref.vectors import VectorFile, published_text, published_vectors
from tests.support.printed import unwrapped

INSTANCE = Instance(6, (Request("a", 1, 4, 1, 4), Request("b", 1, 5, 4, 5), Request("c", 2, 2)))


def amin_ref(*arguments: str, code: int = 0) -> None:
    assert run(application, arguments) == code


def written(schedule: Schedule, folder: Path, *, lines: bool = False) -> str:
    file = folder / ("schedule.jsonl" if lines else "schedule.json")
    file.write_text(schedule.to_json_lines() if lines else schedule.to_json())
    return str(file)


class TestConform:
    @pytest.mark.parametrize("lines", [False, True])
    def test_a_schedule_of_amin_conforms(
        self, lines: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = written(simulate(INSTANCE, Amin()), tmp_path, lines=lines)
        amin_ref("conform", file, "--ties", "position")
        out = capsys.readouterr().out
        assert out.startswith("valid, and Amin's: 3 requests, ")
        assert " times the optimum, " in out

    def test_a_departure_is_explained_with_exit_code_1(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        instance = Instance(6, INSTANCE.requests[:2])
        runs = (Run("a", 0, 4, "completed"), Run("b", 0, 2, "evicted"), Run("b", 4, 9, "completed"))
        amin_ref("conform", written(Schedule(instance, runs), tmp_path), "--no-bound", code=1)
        first, last = unwrapped(capsys.readouterr().out).splitlines()
        assert first.startswith("wrong-victim: round 2: the cache has 6 tokens; running: 'a' ")
        assert last == "valid, but not Amin's from round 2 on."

    @pytest.mark.parametrize("as_json", [False, True])
    def test_the_verdict_is_printed_where_the_optimum_cannot_be_searched(
        self, as_json: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The replay takes no memory for each round; the lower bound has a price for each round."""
        rounds = 2**50
        instance = Instance(2 * rounds, (Request("a", 1, rounds),))
        schedule = Schedule(instance, (Run("a", 0, rounds, "completed"),))
        flags = ("--json",) if as_json else ()
        amin_ref("conform", written(schedule, tmp_path), *flags, code=2)
        printed = capsys.readouterr()
        if as_json:
            document = json.loads(printed.out)
            assert document["conforms"] is True
            assert document["lower_bound"] is None
        else:
            assert printed.out.startswith("valid, and Amin's: 1 request, ")
        assert printed.err.count("\n") == 1
        assert "memory" in printed.err

    @pytest.mark.parametrize("width", [None, 40, 120])
    def test_the_explanation_keeps_to_the_width_of_the_terminal(
        self,
        width: int | None,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Without a terminal the width is 80 characters. No word is lost."""
        monkeypatch.setattr("amin_ref.cli.writing.terminal_width", lambda: width)
        schedule = simulate(INSTANCE, FirstComeFirstServed())
        amin_ref("conform", written(schedule, tmp_path), "--no-bound", code=1)
        out = capsys.readouterr().out
        lines = out.splitlines()
        assert max(map(len, lines)) <= (width or 80)
        assert len(lines) > 2
        departure = conform(schedule, "amin").departure
        assert departure is not None
        assert unwrapped(out) == (
            f"{departure.rule}: {departure.message}\n"
            f"valid, but not Amin's from round {departure.round} on.\n"
        )

    def test_the_distance_is_exact_where_the_optimum_is(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Two requests that do not fit together, the longer first: 5 + 7, and OPT is 2 + 7."""
        instance = Instance(6, (Request("a", 1, 5, 5), Request("b", 4, 2, 2)))
        runs = (Run("a", 0, 5, "completed"), Run("b", 5, 7, "completed"))
        amin_ref("conform", written(Schedule(instance, runs), tmp_path), "--json", code=1)
        document = json.loads(capsys.readouterr().out)
        assert (document["lower_bound"], document["upper_bound"]) == (9, 9)
        assert document["total_latency"] == 12
        amin_ref("conform", written(Schedule(instance, runs), tmp_path), code=1)
        assert "total latency 12 request·rounds, 1.333 times the optimum, 9." in (
            capsys.readouterr().out
        )

    def test_the_distance_of_a_log_is_that_of_its_completed_requests(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """b has not completed when the log ends; a alone costs 2."""
        instance = Instance(20, (Request("a", 1, 2), Request("b", 1, 9)))
        runs = (Run("a", 0, 2, "completed"), Run("b", 0, 3, "evicted"))
        file = written(Schedule(instance, runs, ended=3), tmp_path)
        amin_ref("conform", file, "--json")
        document = json.loads(capsys.readouterr().out)
        assert (document["lower_bound"], document["upper_bound"]) == (2, 2)

    def test_a_schedule_that_is_not_valid_is_reported_with_its_violations(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = written(Schedule(INSTANCE, (Run("a", 0, 4, "completed"),)), tmp_path)
        amin_ref("conform", file, "--policy", "h-sf", code=1)
        out = unwrapped(capsys.readouterr().out).splitlines()
        assert [line.split(":")[0] for line in out[:2]] == ["completes-once", "completes-once"]
        assert out[2] == "not valid, and so not H-SF's: 2 violations."
        amin_ref("conform", file, "--json", code=1)
        document = json.loads(capsys.readouterr().out)
        assert document["format"] == "amin-ref/conformance"
        assert document["conforms"] is False
        assert document["total_latency"] is None
        assert [found["rule"] for found in document["violations"]] == ["completes-once"] * 2

    def test_json_names_the_departure(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = written(simulate(INSTANCE, FirstComeFirstServed()), tmp_path)
        amin_ref("conform", file, "--no-bound", "--json", code=1)
        departure = json.loads(capsys.readouterr().out)["departure"]
        assert set(departure) == {"round", "rule", "requests", "message"}

    def test_a_log_that_is_cut_off_is_refused_in_one_sentence(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "log.jsonl"
        file.write_text(simulate(INSTANCE, Amin()).to_json_lines()[:-9])
        for command in ("check", "conform", "optimum --workload"):
            amin_ref(*command.split(), str(file), code=2)
            error = capsys.readouterr().err
            assert "is cut off after " in error
            assert error.count("\n") == 1

    @pytest.mark.parametrize(
        "arguments",
        [
            ("conform",),
            ("conform", "no such file"),
            ("conform", "pyproject.toml"),
            ("conform", "schedule.json", "--policy", "sjf"),
            ("conform", "schedule.json", "--ties", "best"),
            ("conform", "schedule.json", "--time-limit", "-1"),
            ("schema",),
            ("schema", "colour"),
            ("schema", "schedule", "--validate", "no such file"),
            ("schema", "schedule", "--validate", "pyproject.toml"),
            ("schema", "schedule-lines", "--validate", "pyproject.toml"),
            ("vectors", "--output", "/no/such/folder/vectors.json"),
        ],
        ids=" ".join,
    )
    def test_bad_input_is_refused_in_one_sentence(
        self, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
    ) -> None:
        amin_ref(*arguments, code=3 if "vectors" in arguments else 2)
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith("amin-ref: ")
        assert captured.err.count("\n") == 1


def test_json_lines_are_read_wherever_a_schedule_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(simulate(INSTANCE, Amin()), tmp_path, lines=True)
    amin_ref("check", file)
    assert capsys.readouterr().out.startswith("valid: 3 requests")
    amin_ref("optimum", "--workload", file)
    assert "optimal" in capsys.readouterr().out


@pytest.mark.parametrize("name", SCHEMA_NAMES)
def test_a_schema_is_printed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    amin_ref("schema", name)
    assert json.loads(capsys.readouterr().out)["$id"] == f"urn:amin-ref:schema:{name}:1"


def test_a_document_is_validated_against_its_schema(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schedule = simulate(INSTANCE, Amin())
    amin_ref("schema", "schedule", "--validate", written(schedule, tmp_path))
    lines = written(schedule, tmp_path, lines=True)
    amin_ref("schema", "schedule-lines", "--validate", lines)
    assert capsys.readouterr().out.splitlines() == [
        "valid against the schema of schedule.",
        "valid against the schema of schedule-lines.",
    ]
    header, first, *rest = Path(lines).read_text().splitlines()
    wrong = json.dumps({**json.loads(first), "start": -1, "colour": "red"})
    Path(lines).write_text("\n".join([header, wrong, header, *rest]))
    amin_ref("schema", "schedule-lines", "--validate", lines, code=1)
    out = capsys.readouterr().out
    assert "line 2: $.start: -1 is less than the minimum of 0\n" in out
    assert "line 2: $: 'colour' does not match any of the regexes: '^x-'\n" in out
    assert "line 3: $: 'start' is a required property\n" in out
    assert "line 1:" not in out
    assert out.endswith(" places.\n")


def test_at_most_100_places_of_a_wrong_document_are_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "wrong.json"
    file.write_text(json.dumps({"runs": [{"start": ["x" * 5000]}] * 500}))
    amin_ref("schema", "schedule", "--validate", str(file), code=1)
    out = unwrapped(capsys.readouterr().out).splitlines()
    assert len(out) == 101
    assert out[-1] == "not valid against the schema of schedule: 100 places or more."
    assert all(len(line) < 300 for line in out)


class TestVectors:
    def test_vectors_are_printed_or_written(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        amin_ref("vectors")
        assert capsys.readouterr().out == published_text()
        amin_ref("vectors", "--output", str(tmp_path / "vectors.json"))
        assert (tmp_path / "vectors.json").read_text(encoding="utf-8") == published_text()

    def test_a_folder_gets_a_file_for_each_group(self, tmp_path: Path) -> None:
        amin_ref("vectors", "--output-folder", str(tmp_path / "vectors"))
        found = published_vectors()
        assert {file.stem for file in (tmp_path / "vectors").iterdir()} == {
            g.flag for g in found.groups
        }
        (group, *_) = found.groups
        read = VectorFile.from_json(
            (tmp_path / "vectors" / f"{group.flag}.json").read_text(encoding="utf-8")
        )
        assert read.groups == (group,)
        assert {note.flag for note in read.notes} == {f for v in group.vectors for f in v.flags}

"""Schedules after public bug reports of inference engines: verdict, exit code and message."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from amin_ref import InvalidDocument, Schedule
from amin_ref.cli.application import application
from amin_ref.cli.exit_codes import run
from amin_ref.schemas import validate
from tests.support.field_cases import (
    ABORTED,
    CHUNKED,
    EMPTY_RUN,
    HEADER,
    KEEPS_TOKENS,
    KEEPS_TOKENS_AND_WINS,
    LAST_BLOCK_TWICE,
    LAST_TOKEN_NOT_STORED,
    LOG_ENDS,
    MOST_TWO,
    SHARED_PREFIX,
    WRONG_PREDICTION,
    document,
)
from tests.support.printed import unwrapped


@pytest.mark.parametrize(("case", "code", "says"), [
    (LAST_BLOCK_TWICE, 0, "valid: 2 requests, 2 runs, total latency 6 request·rounds."),
    (MOST_TWO, 0, "valid: 3 requests, 3 runs, total latency 16 request·rounds."),
    (KEEPS_TOKENS, 1, "completed-length: request 'b' completes after 2 rounds, and its output has "
     "4 tokens, one for each round; its 2 runs together have 4 rounds, as if it resumed with the "
     "tokens of the runs before, but an evicted request starts over."),
    (KEEPS_TOKENS_AND_WINS, 1, "its 2 runs together have 4 rounds, as if it resumed"),
    (CHUNKED, 1, "completed-length: request 'long' completes after 5 rounds, and its output has "
     "2 tokens, one for each round."),
    (SHARED_PREFIX, 1, "within-capacity: round 0: 2 running requests hold 34 tokens and the cache "
     "has 30."),
    (EMPTY_RUN, 1, "evicted-length: request 'b' is evicted after 0 rounds, so the run has no round "
     "and holds nothing; leave out runs of no round."),
    (ABORTED, 2, "runs[1]: outcome is 'aborted', but it must be 'completed' or 'evicted'"),
    (LAST_TOKEN_NOT_STORED, 1, "within-capacity: round 0: 2 running requests hold 64 tokens"),
    (LOG_ENDS, 1, "completes-once: request 'b' never completes: it has no run; the log seems to "
     "end while the request waited or ran."),
    (WRONG_PREDICTION, 2, "request '1': lower is 5, but it must not exceed output_len, which is 3"),
])  # fmt: skip
def test_check(
    case: dict[str, object],
    code: int,
    says: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "case.json"
    file.write_text(json.dumps(case), encoding="utf-8")
    assert run(application, ["check", str(file)]) == code
    said = capsys.readouterr()
    assert says in (said.err if code == 2 else unwrapped(said.out))


@pytest.mark.parametrize(
    ("case", "request_id"), [(LAST_BLOCK_TWICE, "y"), (MOST_TWO, "c")], ids=["block", "two"]
)
def test_conform_names_the_rule_and_no_bug_that_the_instance_cannot_show(
    case: dict[str, object], request_id: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is no upper bound to read."""
    file = tmp_path / "case.json"
    file.write_text(json.dumps(case), encoding="utf-8")
    assert run(application, ["conform", "--json", str(file)]) == 1
    departure = json.loads(capsys.readouterr().out)["departure"]
    assert departure["rule"] == "stopped-too-early"
    assert (departure["round"], departure["requests"]) == (0, [request_id])
    assert "upper bound" not in departure["message"]


@pytest.mark.parametrize(("line", "says"), [
    ('{"request":1,"start":0,"stop":3,"outcome":"completed"}',
     """line 2: request is 1, but the instance has '1', which is another id; write "1" there"""),
    ('{"request":"2","start":0,"stop":3,"outcome":"completed"}',
     "line 2: request is '2', but the instance has no such request; give the id of one"),
    ('{"request":"1","start":0,"stop":3,"outcome":"completed","reason":"kv_full"}',
     "line 2: the field 'reason' is unknown; known are request, start, stop, outcome, and a field "
     "of your own begins with x-, such as 'x-reason'."),
])  # fmt: skip
def test_a_line_that_is_refused_is_named(
    line: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "case.jsonl"
    file.write_text(f"{HEADER}{line}\n", encoding="utf-8")
    assert run(application, ["check", str(file)]) == 2
    assert says in capsys.readouterr().err


def test_an_id_of_the_other_kind_is_named_in_a_document_as_well() -> None:
    case = document(20, {"a": (2, 3)}, "1 0-3")
    text = json.dumps(case).replace('"id": "a"', '"id": 1')
    with pytest.raises(ValueError, match=r"runs\[0\]: request is '1', .* has 1, .* write 1 there"):
        Schedule.from_json(text)


def with_own_fields(value: object) -> object:
    """The document with a field of the engine's own in each of its objects."""
    if isinstance(value, dict):
        return {"x-note": {"any": [value, None]}} | {
            name: with_own_fields(field) for name, field in value.items()
        }
    if isinstance(value, list):
        return [with_own_fields(item) for item in value]
    return value


def test_fields_of_an_engine_are_skipped_wherever_they_stand() -> None:
    """The values and the written documents are those of the document without them."""
    text = json.dumps(MOST_TWO)
    noted = json.dumps(with_own_fields(MOST_TWO))
    schedule = Schedule.from_json(text)
    assert Schedule.from_json(noted) == schedule
    assert "x-note" not in Schedule.from_json(noted).to_json()
    assert validate("schedule", noted) == ()
    lines = schedule.to_json_lines().splitlines()
    noted_lines = "".join(json.dumps(with_own_fields(json.loads(line))) + "\n" for line in lines)
    assert Schedule.from_json_lines(noted_lines) == schedule
    assert validate("schedule-lines", noted_lines) == ()


@pytest.mark.parametrize("name", ["x", "X-reason", "-x-reason", ""])
def test_only_fields_that_begin_with_x_and_a_hyphen_are_skipped(name: str) -> None:
    case = {**MOST_TWO, name: 1}
    with pytest.raises(InvalidDocument, match="is unknown"):
        Schedule.from_json(json.dumps(case))
    assert validate("schedule", json.dumps(case)) != ()

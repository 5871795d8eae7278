"""Schedules after public bug reports of inference engines: verdict, exit code and message."""

from __future__ import annotations

import json
import re
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
    FOLDER,
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
    file_of,
)
from tests.support.printed import unwrapped
from tests.support.real_data import BESIDE_THE_PROJECT


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
    (ABORTED, 2, "runs[1]: outcome is 'aborted', but it must be 'completed' or 'evicted', because "
     'the document is of version 1; write "version": 2.'),
    (LAST_TOKEN_NOT_STORED, 1, "within-capacity: round 0: 2 running requests hold 64 tokens"),
    (LOG_ENDS, 1, "completes-once: request 'b' never completes: it has no run; the log seems to "
     "end while the request waited or ran; if it does, give 'ended', the first round that the log "
     "does not have."),
    (WRONG_PREDICTION, 2, "request '1': lower is 5, but it must not exceed output_len, which is 3"),
])  # fmt: skip
def test_check_of_schedules_from_bug_reports(
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


RESUME = {"after_eviction": "resume"}
CHUNKS = {"long": [6, 6, 6, 6, 1], "short": [4, 1, 1, 1, 1, 1]}


def on_machine(
    case: dict[str, object], machine: dict[str, object], computed: dict[str, list[int]]
) -> dict[str, object]:
    """The case in version 2, with a machine, and with what the requests computed."""
    changed = json.loads(json.dumps(case)) | {"version": 2}
    if machine:
        changed["instance"]["machine"] = machine
    for each in changed["runs"]:
        if each["request"] in computed:
            each["computed"] = computed[each["request"]]
    found: dict[str, object] = changed
    return found


@pytest.mark.parametrize(("case", "machine", "computed", "says"), [
    (KEEPS_TOKENS, RESUME, {}, "valid: 2 requests, 3 runs, total latency 10 request·rounds, on a "
     'machine with after_eviction "resume".'),
    (CHUNKED, {}, CHUNKS, "valid: 2 requests, 2 runs, total latency 11 request·rounds."),
    (LAST_TOKEN_NOT_STORED, {"last_token_stored": False}, {},
     "valid: 2 requests, 2 runs, total latency 2 request·rounds, on a machine with "
     "last_token_stored false."),
    (KEEPS_TOKENS_AND_WINS, RESUME, {}, "total latency 6 request·rounds, on a machine with"),
    (WRONG_PREDICTION, {"sound_predictions": False}, {}, "total latency 3 request·rounds, on a"),
])  # fmt: skip
def test_check_on_the_machine_of_the_engine(
    case: dict[str, object],
    machine: dict[str, object],
    computed: dict[str, list[int]],
    says: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "case.json"
    text = json.dumps(on_machine(case, machine, computed))
    file.write_text(text, encoding="utf-8")
    assert validate("schedule", text) == ()
    assert run(application, ["check", str(file)]) == 0
    assert says in unwrapped(capsys.readouterr().out)
    assert run(application, ["check", "--json", str(file)]) == 0
    assert json.loads(capsys.readouterr().out)["machine"] == machine


@pytest.mark.parametrize(("case", "fields", "says"), [
    (ABORTED, {"aborted": {"b": 6}}, "valid: 2 requests (1 aborted), 2 runs, total latency 4 "
     "request·rounds of the 1 request completed."),
    (LOG_ENDS, {"ended": 6}, "valid: 2 requests (1 unfinished), 1 run, total latency 6 "
     "request·rounds of the 1 request completed."),
    (SHARED_PREFIX, {"held": [22, 24, 26]}, "valid: 2 requests, 2 runs, total latency 6 "
     "request·rounds. The verdict on the cache rests on 'held', what the engine says that it held: "
     "less than the runs imply in 3 rounds, first in round 0 (22 tokens where the runs imply 34), "
     "as when requests share prefixes."),
])  # fmt: skip
def test_check_of_what_a_log_lacks(
    case: dict[str, object],
    fields: dict[str, object],
    says: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "case.json"
    text = json.dumps(case | {"version": 2} | fields)
    file.write_text(text, encoding="utf-8")
    assert validate("schedule", text) == ()
    assert run(application, ["check", str(file)]) == 0
    assert " ".join(unwrapped(capsys.readouterr().out).split()) == says
    assert run(application, ["check", "--json", str(file)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["aborted"], found["unfinished"]) == ("aborted" in fields, "ended" in fields)
    shared = {"rounds": 3, "first": 0, "held": 22, "by_runs": 34}
    assert found["rests_on_held"] == (shared if "held" in fields else None)


@pytest.mark.parametrize(("held", "code", "says"), [
    ([34, 36, 38], 1, "within-capacity: round 0: the engine holds 34 tokens and the cache has 30."),
    ([22, 31, 26], 1, "within-capacity: round 1: the engine holds 31 tokens and the cache has 30."),
    ([22, 24, 39], 1, "held-by-runs: round 2: the engine holds 39 tokens, and its running requests "
     "occupy 38; only less is possible, where requests share prefixes."),
])  # fmt: skip
def test_what_the_engine_held_is_judged(
    held: list[int], code: int, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "case.json"
    file.write_text(json.dumps(SHARED_PREFIX | {"version": 2, "held": held}), encoding="utf-8")
    assert run(application, ["check", str(file)]) == code
    said = unwrapped(capsys.readouterr().out)
    assert says in said
    assert ("rests on 'held'" in said) == (held != [34, 36, 38])


def test_shared_prefixes_leave_the_tokens_of_a_round_unjudged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sentence says so; JSON is one document without a sentence."""
    file = tmp_path / "case.json"
    held = {"version": 2, "held": [22, 24, 26]}
    limits: list[dict[str, object]] = [{}, {"tokens_per_round": 3}]
    for limit in limits:
        case = on_machine(SHARED_PREFIX, limit, {}) | held
        file.write_text(json.dumps(case), encoding="utf-8")
        assert run(application, ["check", str(file)]) == 0
        said = unwrapped(capsys.readouterr().out)
        assert ("The tokens computed in a round are not judged." in said) == bool(limit)
        assert run(application, ["check", "--json", str(file)]) == 0
        assert json.loads(capsys.readouterr().out)["rests_on_held"]["rounds"] == 3


def test_a_field_of_an_engine_is_skipped_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "case.jsonl"
    text = file_of("s35_extra_field").read_text(encoding="utf-8")
    file.write_text(text.replace('"reason"', '"x-reason"'), encoding="utf-8")
    assert run(application, ["check", str(file)]) == 0
    assert capsys.readouterr().out.startswith("valid: 1 request, 1 run")


@pytest.mark.parametrize(("name", "flags", "code"), [
    ("s13_recompute_keeps_tokens", ("--after-eviction", "resume"), 0),
    ("s13_recompute_keeps_tokens", ("--after-eviction", "restart"), 1),
    ("s31_keep_tokens_beats_optimum", ("--after-eviction", "resume"), 0),
    ("s25_vllm_accounting_s", ("--no-last-token-stored",), 0),
    ("s25_vllm_accounting_s", ("--last-token-stored",), 1),
    ("s12_max_num_seqs_2", ("--max-running", "2"), 0),
    ("s12_max_num_seqs_2", ("--max-running", "1"), 1),
    ("s12_max_num_seqs_2", ("--tokens-per-round", "1"), 1),
    ("s12_max_num_seqs_2", ("--tokens-per-round", "1000", "--watermark", "3"), 0),
    ("s12_max_num_seqs_2", ("--max-running", "0"), 2),
    ("s12_max_num_seqs_2", ("--watermark", "-1"), 2),
])  # fmt: skip
def test_flags_name_the_machine(
    name: str, flags: tuple[str, ...], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(application, ["check", str(file_of(name)), *flags]) == code
    said = capsys.readouterr()
    assert bool(said.err) == (code == 2)


def test_flags_override_the_machine_of_a_document_and_complete_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "case.json"
    machine = {"after_eviction": "restart", "max_running": 2}
    file.write_text(json.dumps(on_machine(KEEPS_TOKENS, machine, {})), encoding="utf-8")
    words = ["check", "--json", str(file), "--after-eviction", "resume", "--watermark", "4"]
    assert run(application, words) == 0
    assert json.loads(capsys.readouterr().out)["machine"] == {
        "after_eviction": "resume",
        "max_running": 2,
        "watermark": 4,
    }


def test_version_1_has_no_computed() -> None:
    case = on_machine(CHUNKED, {}, CHUNKS) | {"version": 1}
    says = r"runs\[0\]: the field 'computed' belongs to version 2"
    with pytest.raises(InvalidDocument, match=says):
        Schedule.from_json(json.dumps(case))
    assert validate("schedule", json.dumps(case)) != ()


@pytest.mark.parametrize(
    ("case", "request_id"), [(LAST_BLOCK_TWICE, "y"), (MOST_TWO, "c")], ids=["block", "two"]
)
def test_conform_names_the_rule_and_no_bug_that_the_instance_cannot_show(
    case: dict[str, object], request_id: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The requests have no upper bounds, so no message is about reading them."""
    file = tmp_path / "case.json"
    file.write_text(json.dumps(case), encoding="utf-8")
    assert run(application, ["conform", "--json", str(file)]) == 1
    departure = json.loads(capsys.readouterr().out)["departure"]
    assert departure["rule"] == "stopped-too-early"
    assert (departure["round"], departure["requests"]) == (0, [request_id])
    assert "upper bound" not in departure["message"]


@pytest.mark.parametrize("policy", ["amin", "fcfs"])
def test_an_engine_that_runs_two_at_a_time_conforms_under_its_limit(
    policy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["conform", str(file_of("s12_max_num_seqs_2")), "--policy", policy]
    assert run(application, [*words, "--no-bound"]) == 1
    assert "stopped-too-early: round 0" in capsys.readouterr().out
    assert run(application, [*words, "--max-running", "2"]) == 0
    said = unwrapped(capsys.readouterr().out)
    assert said.startswith(f"valid, and {policy.upper() if policy == 'fcfs' else 'Amin'}'s: ")
    assert re.search(
        r"total latency 16 request·rounds, at most 1\.\d+ times the optimum without the limits of "
        r"a round, 1\d or more\. The lower bound rests on a certificate\.",
        said.replace("\n", " "),
    )
    assert run(application, [*words, "--max-running", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["conforms"], found["upper_bound"], found["evidence"]) == (
        True,
        None,
        "certificate",
    )
    assert 10 <= found["lower_bound"] <= 16


@pytest.mark.parametrize("policy", ["amin", "amax", "h-sf", "fcfs"])
def test_a_wrong_prediction_conforms_where_it_may_be_wrong(
    policy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "case.json"
    case = on_machine(WRONG_PREDICTION, {"sound_predictions": False}, {})
    file.write_text(json.dumps(case), encoding="utf-8")
    assert run(application, ["conform", str(file), "--policy", policy]) == 0
    assert "1.000 times the optimum, 3." in unwrapped(capsys.readouterr().out)


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


@pytest.mark.parametrize(("name", "says"), [
    ("s33_id_type",
     """line 2: request is 1, but the instance has '1', which is another id; write "1" there"""),
    ("s35_extra_field", "line 2: the field 'reason' is unknown; .* such as 'x-reason'"),
])  # fmt: skip
@pytest.mark.parametrize("command", ["check", "conform"])
def test_lines_of_published_logs_are_refused(
    command: str, name: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(application, [command, str(file_of(name))]) == 2
    assert re.search(says, capsys.readouterr().err)


IN_ROUNDS = ("--arrivals", "trace:0.05")
"""Arrivals of a trace, in rounds of a twentieth of a second."""

BAILIAN = [(521, 132, 0), (400, 80, 28), (502, 1494, 1200)]


@pytest.mark.parametrize(("name", "flags", "requests"), [
    ("qwen_bailian", IN_ROUNDS, BAILIAN),
    ("qwen_as_ms", IN_ROUNDS, BAILIAN),
    ("guidellm_trace_synthetic", (*IN_ROUNDS, "--time-unit", "s"),
     [(256, 128, 0), (300, 64, 10), (128, 32, 1225)]),
    ("splitwise_sim", IN_ROUNDS, [(4096, 32, 0), (2048, 8, 40), (2048, 16, 60)]),
    ("llmservingsim", IN_ROUNDS, [(10, 70, 0), (22, 104, 7), (16, 69, 9)]),
    ("vllm_bench_requests", (*IN_ROUNDS, "--requests", "3"),
     [(2358, 531, 0), (1034, 769, 6), (1320, 769, 8)]),
    ("aiperf_no_timestamp", (), [(300, 40, 0), (50, 30, 0)]),
])  # fmt: skip
def test_published_traces_are_read(
    name: str,
    flags: tuple[str, ...],
    requests: list[tuple[int, int, int]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Prompt and output in tokens, arrival in rounds after the first; by hand from the files."""
    words = ["simulate", "--capacity", "9999", "--workload", str(file_of(name)), *flags]
    assert run(application, words) == 0
    said = capsys.readouterr()
    found = Schedule.from_json(said.out).instance.requests
    assert [(each.prompt_len, each.output_len, each.arrival) for each in found] == requests
    assert ("the trace spans" in said.err) == (IN_ROUNDS[0] in flags)


@pytest.mark.parametrize(("name", "says"), [
    ("guidellm_trace_synthetic", "line 2: timestamp is 0.5, but Mooncake has whole milliseconds"),
    ("guidellm_trace_synthetic", "--time-unit s, ms or ns"),
    ("sharegpt", "is taken for a JSON array, such as ShareGPT's conversations"),
    ("sharegpt", "known are Azure"),
])  # fmt: skip
def test_published_traces_without_a_unit_or_of_no_format_are_refused(
    name: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(application, ["compare", "--workload", str(file_of(name))]) == 2
    assert says in capsys.readouterr().err


def test_the_cases_are_those_that_were_collected() -> None:
    """The folder beside the project is not part of it; where it is at hand, both are the same."""
    collected = BESIDE_THE_PROJECT.parent / "cases"
    if not collected.is_dir():
        pytest.skip("there is no ../shared/cases")
    for kind in ("schedules", "traces"):
        files = sorted(collected.glob(f"{kind}/*"))
        assert files
        kept = {file.name: file.read_bytes() for file in (FOLDER / kind).iterdir()}
        assert kept == {file.name: file.read_bytes() for file in files}


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


def test_fields_of_an_engine_are_skipped_in_every_object() -> None:
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

"""``amin-ref judge``: one page on what an engine did."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from amin_ref import (
    Instance,
    InvalidValue,
    Machine,
    Request,
    Run,
    Schedule,
    simulate,
)
from amin_ref.cli.application import application
from amin_ref.cli.bound import ProvenBound
from amin_ref.cli.exit_codes import run
from amin_ref.cli.judge import MOST_LISTED, MOST_NAMED
from amin_ref.logs import log_of
from oracle import lower_bound, verify
from tests.support.field_cases import SHARED_PREFIX
from tests.support.printed import unwrapped

RESTART = Instance(20, (Request("a", 2, 9), Request("b", 2, 9)))

CYCLE = Schedule(
    RESTART,
    (
        Run("a", 0, 2, "evicted"),
        Run("b", 0, 4, "evicted"),
        Run("a", 3, 6, "evicted"),
        Run("b", 5, 14, "completed"),
        Run("a", 14, 23, "completed"),
    ),
)
"""a is evicted while b runs, b while a runs, and a again; then one runs after the other."""


LIMITED = Machine(
    after_eviction="resume", last_token_stored=False, tokens_per_round=3, max_running=4, watermark=1
)
"""A machine with every option of engines."""


def judged(
    schedule: Schedule | str, folder: Path, capsys: pytest.CaptureFixture[str], *flags: str
) -> tuple[str, dict[str, object]]:
    """The sentences and the document."""
    file = folder / "engine.json"
    file.write_text(schedule if isinstance(schedule, str) else schedule.to_json(), "utf-8")
    code = run(application, ["judge", str(file), *flags])
    text = unwrapped(capsys.readouterr().out)
    assert run(application, ["judge", str(file), "--json", *flags]) == code
    document: dict[str, object] = json.loads(capsys.readouterr().out)
    assert document["valid"] == (code == 0)
    return text, document


def test_the_page_has_a_sentence_for_each_question(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Prefixes of 2 tokens; runs of 2, 4, 3, 9 and 9 rounds compute 3, 5, 4, 10 and 10 tokens."""
    text, document = judged(CYCLE, tmp_path, capsys, "--time-limit", "0")
    lines = text.splitlines()
    assert lines[0] == "valid: 2 requests, 5 runs, total latency 37 request·rounds."
    bound = verify(RESTART, lower_bound(RESTART, 0.0))
    assert f"optimum: at most {37 / bound:.3f} times the least total latency" in text
    assert lines[-5:] == [
        "latency: mean 18.5, median 18.5, 99th percentile 23 rounds.",
        "recomputed: 6 tokens of 32 that were computed, 18.8 %, belong to prefixes computed again "
        "after an eviction. 9 generated tokens were lost.",
        "evicted: 3 runs of 2 requests; most often 'a' 2×, 'b' 1×.",
        "evicted in turn: 1 pair of requests, each while the other ran: 'a' and 'b' 3× in rounds 2 "
        "to 6.",
        "longest wait: request 'a', 8 rounds, from round 6 to 14.",
    ]
    assert document["lower_bound"] == bound
    assert document["computed_tokens"] == 32
    assert document["recomputed_tokens"] == 6
    assert document["most_evicted"] == [
        {"request": "a", "evictions": 2},
        {"request": "b", "evictions": 1},
    ]
    assert document["evicted_in_turn"] == [
        {"requests": ["a", "b"], "evictions": 3, "first": 2, "last": 6}
    ]
    assert document["longest_wait"] == {"request": "a", "first": 6, "stop": 14}


def decisions(document: dict[str, object]) -> dict[str, dict[str, object]]:
    found = document["decisions"]
    assert isinstance(found, list)
    return {each["policy"]: each for each in found}


@pytest.mark.parametrize("machine", [Machine(), LIMITED], ids=["paper's", "engine's"])
@pytest.mark.parametrize("policy", ["amin", "fcfs"])
def test_the_decisions_are_those_of_the_policy_that_made_them(
    policy: str, machine: Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    requests = [Request(i, 1, 9, lower=5 - i) for i in range(5)]
    instance = Instance(12, requests, machine=machine)
    schedule = simulate(instance, policy)
    text, document = judged(schedule, tmp_path, capsys, "--no-bound")
    found = decisions(document)
    assert found.keys() == {"fcfs", "amin"}
    assert {name: each["conforms"] for name, each in found.items()} == {
        "amin": policy == "amin",
        "fcfs": policy == "fcfs",
    }
    assert "optimum: not judged: --no-bound was given." in text
    if policy == "amin":
        assert "Amin's decisions: yes, every decision is one that Amin could have made." in text
    else:
        departure = found["amin"]["departure"]
        assert isinstance(departure, dict)
        now = departure["round"]
        assert f"Amin's decisions: no, not from round {now} on. {departure['rule']}: " in text


def test_an_invalid_schedule_is_told_and_nothing_else_is_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, document = judged(Schedule(RESTART, CYCLE.runs[:4]), tmp_path, capsys)
    assert text.startswith("completes-once: request 'a' never completes")
    assert text.splitlines()[-1] == "not valid: 1 violation; nothing else is judged."
    assert document["total_latency"] is None
    assert document["lower_bound"] is None
    assert {each["not_judged"] for each in decisions(document).values()} == {
        "the schedule is not valid."
    }


def test_shared_prefixes_leave_only_what_does_not_depend_on_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = json.dumps(SHARED_PREFIX | {"version": 2, "held": [22, 24, 26]})
    text, document = judged(shared, tmp_path, capsys)
    assert "rests on 'held'" in text
    assert "optimum: not judged: requests share prefixes" in text
    assert "Amin's decisions: not judged: requests share prefixes" in text
    assert document["rests_on_held"] == {"rounds": 3, "first": 0, "held": 22, "by_runs": 34}


def test_the_bound_is_of_the_completed_requests(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """b was aborted: a alone needs 9 rounds."""
    aborted = Schedule(
        RESTART,
        (Run("a", 0, 9, "completed"), Run("b", 0, 3, "aborted")),
        aborted={"b": 3},
    )
    text, document = judged("".join(log_of(aborted)), tmp_path, capsys, "--time-limit", "0")
    assert text.startswith("valid: 2 requests (1 aborted), 2 runs, total latency 9 ")
    assert (document["total_latency"], document["lower_bound"]) == (9, 9)
    assert "optimum: at most 1.000 times" in text
    nothing = Schedule(RESTART, (), ended=3)
    text, document = judged(nothing, tmp_path, capsys)
    assert "optimum: not judged: no request completed." in text
    assert "longest wait: request 'a', 3 rounds, from round 0 to 3." in text
    assert document["lower_bound"] is None


def test_flags_name_the_machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = Schedule(
        RESTART,
        (Run("a", 0, 9, "completed"), Run("b", 0, 3, "evicted"), Run("b", 5, 11, "completed")),
    )
    assert judged(kept, tmp_path, capsys)[1]["valid"] is False
    flags = ("--after-eviction", "resume", "--no-bound")
    document = judged(kept, tmp_path, capsys, *flags)[1]
    assert document["valid"] is True
    assert (document["wasted_tokens"], document["recomputed_tokens"]) == (0, 5)
    assert document["machine"] == {"after_eviction": "resume"}
    assert Machine(after_eviction="resume") != Machine()


@pytest.mark.parametrize(
    "machine",
    [
        Machine(after_eviction="resume"),
        Machine(after_eviction="resume", tokens_per_round=30),
        Machine(after_eviction="resume", max_running=2),
        Machine(after_eviction="resume", tokens_per_round=30, max_running=2),
    ],
    ids=lambda machine: repr(machine),
)
def test_the_bound_knows_no_limits_of_a_round(
    machine: Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is a bound for a machine without them, too; nothing was evicted, computed twice or lost.

    Alone, each request needs 9 rounds.
    """
    runs = (Run("a", 0, 9, "completed"), Run("b", 9, 18, "completed"))
    schedule = Schedule(replace(RESTART, machine=machine), runs)
    text, document = judged(schedule, tmp_path, capsys, "--time-limit", "0")
    limits = (
        " without the limits of a round" if machine.tokens_per_round or machine.max_running else ""
    )
    least = document["lower_bound"]
    assert isinstance(least, int)
    assert 18 <= least <= 27
    assert (
        f"optimum: at most {27 / least:.3f} times the least total latency that is possible{limits}:"
        " every schedule of the completed requests" in text
    )
    assert text.splitlines()[-4:] == [
        "recomputed: 0 tokens of 20 that were computed, 0.0 %, belong to prefixes computed again "
        "after an eviction.",
        "evicted: none.",
        "evicted in turn: no two requests, each while the other ran, three times or more.",
        "longest wait: request 'b', 9 rounds, from round 0 to 9.",
    ]


def test_ctrl_c_in_the_search_for_the_bound_leaves_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(instance: Instance, _seconds: float) -> ProvenBound:
        return ProvenBound(18, lower_bound(instance, 0.0), interrupted=True)

    monkeypatch.setattr("amin_ref.cli.judge.proven_bound", interrupted)
    file = tmp_path / "engine.json"
    file.write_text(CYCLE.to_json(), "utf-8")
    assert run(application, ["judge", str(file)]) == 130
    captured = capsys.readouterr()
    assert f"optimum: at most {37 / 18:.3f} times" in unwrapped(captured.out)
    assert "longest wait" in captured.out
    assert captured.err.count("interrupted") == 1


def test_what_no_bound_is_known_for_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_instance: Instance, _seconds: float) -> ProvenBound:
        raise InvalidValue("machine", "another", "no bound is known for it", "use another")

    monkeypatch.setattr("amin_ref.cli.judge.proven_bound", refused)
    text, document = judged(CYCLE, tmp_path, capsys)
    assert "optimum: not judged: machine is 'another', but no bound is known for it" in text
    assert "no bound is known for it" in str(document["no_bound_because"])


def test_five_pairs_are_named_and_a_hundred_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """102 pairs do one after the other what the two requests of the cycle do."""
    requests, runs = [], []
    for pair in range(102):
        names = {"a": f"a{pair}", "b": f"b{pair}"}
        requests += [Request(name, 2, 9) for name in names.values()]
        runs += [
            replace(one, request=names[str(one.request)], start=one.start + 23 * pair,
                    stop=one.stop + 23 * pair)
            for one in CYCLE.runs
        ]  # fmt: skip
    schedule = Schedule(Instance(20, requests), runs)
    text, document = judged(schedule, tmp_path, capsys, "--no-bound")
    assert document["pairs_evicted_in_turn"] == 102
    listed = document["evicted_in_turn"]
    assert isinstance(listed, list)
    assert len(listed) == MOST_LISTED == 100
    (named,) = [line for line in text.splitlines() if line.startswith("evicted in turn: 102 pairs")]
    assert named.count("×") == MOST_NAMED == 5


def test_an_invalid_schedule_has_no_waits_and_no_pairs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The cycle, but its last run is one round short."""
    runs = (*CYCLE.runs[:4], Run("a", 14, 22, "completed"))
    _, document = judged(Schedule(RESTART, runs), tmp_path, capsys)
    assert (document["longest_wait"], document["evicted_in_turn"]) == (None, [])
    assert document["pairs_evicted_in_turn"] == 0


def test_an_invalid_schedule_with_shared_prefixes_says_what_the_verdict_rests_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = json.dumps(SHARED_PREFIX | {"version": 2, "held": [22, 24, 2600]})
    text, _ = judged(shared, tmp_path, capsys)
    assert "not valid: 2 violations" in text
    assert text.splitlines()[-1].startswith("The verdict on the cache rests on 'held'")


def test_no_bound_leaves_a_time_limit_without_effect(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "engine.json"
    file.write_text(CYCLE.to_json(), "utf-8")
    words = ["judge", str(file), "--no-bound", "--time-limit", "3"]
    assert run(application, words) == 2
    assert "--time-limit" in capsys.readouterr().err

"""The last round of a log that was not closed: left out, and judged as far as it is certain."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from amin_ref import AminError, InvalidDocument, InvalidValue, Machine, Schedule, check
from amin_ref.cli.application import application
from amin_ref.cli.exit_codes import run
from amin_ref.logs import log_of, read_log, read_log_to_its_end
from amin_ref.strategies import instances, machines
from tests.logs.test_logs import ARRIVES, HEADER, STARTS, as_read, happens, log, logged_schedules
from tests.models.engine_machine import cut_off, random_schedule
from tests.support.printed import unwrapped
from tests.support.profiles import times


@times(0.2)
@given(logged_schedules(), st.data())
def test_a_log_that_stops_after_any_line_is_valid_up_to_its_last_round(
    schedule: Schedule, data: st.DataObject
) -> None:
    """What an engine had written when it was killed breaks no rule, if what it did breaks none."""
    lines = list(log_of(schedule))
    text = "".join(lines[: data.draw(st.integers(1, len(lines)))])
    found = read_log_to_its_end(text)
    assert check(found.schedule) == ()
    assert check(found.to_check) == ()
    if found.left_out is not None:
        now = found.left_out.round
        assert found.schedule.ended == now
        whole = as_read(cut_off(schedule, now))
        held = (*schedule.held, *[0] * now)[:now] if schedule.held else ()
        assert found.schedule == replace(whole, held=held or None)
        assert found.left_out.lines == text.count(f'"round": {now},') + text.count(
            f'"round": {now}}}'
        )
    event(f"left out: {found.left_out is not None}")


LONGEST = 3
"""Tokens of a prompt and of an output, so that every way in which a round goes on can be tried."""


@st.composite
def small_machines(draw: st.DrawFn) -> Machine:
    return replace(draw(machines()), watermark=0, max_running=draw(st.sampled_from((None, 1))))


@st.composite
def unclosed_logs(draw: st.DrawFn) -> list[str]:
    """Lines of a valid log up to a round, and then of that round lines of any kind."""
    instance = draw(
        instances(max_requests=2, max_prompt_len=LONGEST, max_output_len=LONGEST, max_arrival=1)
    )
    requests = [replace(each, id=f"r{each.id}") for each in instance.requests]
    instance = replace(instance, requests=tuple(requests), machine=draw(small_machines()))
    schedule = random_schedule(instance, draw(st.randoms(use_true_random=False)))
    now = draw(st.integers(1, schedule.makespan))
    lines = list(log_of(cut_off(schedule, now)))[:-1]
    name = st.sampled_from([str(each.id) for each in requests])
    tokens = st.integers(0, instance.capacity + 1)
    of_round = draw(
        st.lists(
            st.one_of(
                st.builds(
                    lambda kind, request: happens(kind, now, request),
                    st.sampled_from(("start", "evict", "complete", "abort")),
                    name,
                ),
                st.builds(
                    lambda computed: happens("computed", now, tokens=computed),
                    st.dictionaries(name, tokens, min_size=1),
                ),
            ),
            min_size=1,
            max_size=3,
        )
    )
    return [*lines, *[f"{line}\n" for line in of_round]]


Way = tuple[tuple[str, ...], int | None, bool]
"""What a request does in the rest of a round: events, tokens computed, whether it completes."""

WAYS: tuple[Way, ...] = tuple(
    product(
        ((), ("evict",), ("abort",), ("start",), ("evict", "start")),
        (None, *range(2 * LONGEST + 2)),
        (False, True),
    )
)


def written(ways: Mapping[str, Way], now: int) -> str:
    """The lines of the rest of round ``now``, and the end of the log."""
    lines = [happens(kind, now, name) for name, (kinds, _, _) in ways.items() for kind in kinds]
    tokens = {name: tokens for name, (_, tokens, _) in ways.items() if tokens is not None}
    lines += [happens("computed", now, tokens=tokens)] if tokens else []
    lines += [happens("complete", now, name) for name, (_, _, is_last) in ways.items() if is_last]
    return "".join(f"{line}\n" for line in (*lines, happens("end", now + 1)))


def ways_to_go_on(text: str, now: int) -> Iterator[str]:
    """Lines that may follow in round ``now``: whatever the requests can do together."""
    arrivals = [json.loads(line) for line in text.splitlines() if '"arrive"' in line]
    names = [each["request"] for each in arrivals]

    def can_be_read(ways: Mapping[str, Way]) -> bool:
        try:
            read_log(text + written(ways, now))
        except InvalidDocument:
            return False
        except InvalidValue:
            return True  # about the instance, which the other request's way may change
        return True

    possible = [[way for way in WAYS if can_be_read({name: way})] for name in names]
    for ways in product(*possible):
        yield written(dict(zip(names, ways, strict=True)), now)


def is_valid(text: str) -> bool:
    """Whether a log can be read, and breaks no rule."""
    try:
        return check(read_log_to_its_end(text).to_check) == ()
    except AminError:
        return False


@times(0.2)
@given(unclosed_logs())
def test_a_last_round_is_wrong_exactly_if_no_further_line_can_mend_it(lines: list[str]) -> None:
    """Against brute force: every way in which the round can go on, read as a closed log."""
    text = "".join(lines)
    now = json.loads(lines[-1])["round"]
    can_be_mended = any(is_valid(text + more) for more in ways_to_go_on(text, now))
    event(f"can be mended: {can_be_mended}")
    assert is_valid(text) == can_be_mended


def of_round_0(*lines: str, capacity: int = 20, machine: str = "") -> str:
    """A log that stops within its first round."""
    header = HEADER.replace("20", str(capacity)).replace('"resume"', f'"resume"{machine}')
    return log(ARRIVES, happens("arrive", 0, "b", prompt_len=4), *lines).replace(HEADER, header)


STARTS_B = happens("start", 0, "b")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (of_round_0(STARTS, happens("computed", 0, tokens={"a": 5})), "computes-its-prefix"),
        (of_round_0(STARTS, STARTS_B, machine=', "max_running": 1'), "within-max-running"),
        (
            of_round_0(
                STARTS,
                happens("computed", 0, tokens={"a": 4}),
                machine=', "tokens_per_round": 3',
            ),
            "within-tokens-per-round",
        ),
        (
            of_round_0(
                STARTS,
                STARTS_B,
                happens("computed", 0, tokens={"a": 4, "b": 3}),
                capacity=6,
            ),
            "within-capacity",
        ),
        (
            of_round_0(STARTS, happens("computed", 0, tokens={"a": 4}, held=21)),
            "within-capacity",
        ),
        (
            of_round_0(STARTS, happens("computed", 0, tokens={"a": 3}), happens("complete", 0)),
            "completed-length",
        ),
        (of_round_0(STARTS, happens("evict", 0)), "evicted-length"),
    ],
)
def test_what_no_further_line_can_mend_is_told(
    text: str, rule: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole log is one round, so that nothing of it is in the schedule."""
    file = tmp_path / "engine.jsonl"
    file.write_text(text, "utf-8")
    for command in (["check"], ["judge", "--no-bound"]):
        assert run(application, [*command, str(file)]) == 1
        said = unwrapped(capsys.readouterr().out)
        assert f"{rule}: " in said
        assert "not closed: the log has no 'end' line, and requests are unfinished." in said
        assert run(application, [*command, str(file), "--json"]) == 1
        document = json.loads(capsys.readouterr().out)
        assert rule in [each["rule"] for each in document["violations"]]
    for command in (["conform", "--no-bound"], ["simulate", "--workload"]):
        assert run(application, [*command, str(file)]) == 2
        assert "the last round is not valid: " in unwrapped(capsys.readouterr().err)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([happens("complete", 0)], "line 4: request 'a' does not run"),
        ([happens("start", 0, "c")], "line 4: request 'c' has not arrived"),
        ([happens("arrive", 0, "c", prompt_len=21)], "request 'c': prompt_len + output_len - 1"),
    ],
)
def test_a_line_of_the_last_round_that_cannot_be_is_refused(
    lines: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "engine.jsonl"
    file.write_text(of_round_0(*lines), "utf-8")
    assert run(application, ["check", str(file)]) == 2
    assert says in unwrapped(capsys.readouterr().err)


BOTH_START = (STARTS, STARTS_B)
HELD_4 = happens("computed", 0, tokens={}, held=4)


@pytest.mark.parametrize(
    "text",
    [
        of_round_0(STARTS, happens("computed", 0, tokens={"a": 4}), capacity=4),
        log(
            happens("arrive", 0, prompt_len=4, lower=3),
            STARTS,
            happens("computed", 0, tokens={"a": 4}),
        ),
        log(
            ARRIVES,
            STARTS,
            happens("evict", 2),
            happens("start", 2),
            happens("computed", 2, tokens={"a": 4}),
        ).replace("resume", "restart"),
        of_round_0(STARTS, HELD_4, happens("computed", 1, tokens={"a": 1}, held=9)),
        of_round_0(
            STARTS,
            HELD_4,
            STARTS_B.replace("0", "1"),
            happens("computed", 1, tokens={"a": 1, "b": 4}),
            capacity=8,
        ),
        of_round_0(*BOTH_START, capacity=4),
    ],
    ids=[
        "it completes, since a further token would not fit",
        "it goes on, since its bound is 3",
        "it goes on, since its first run had two tokens",
        "others start, and hold the rest",
        "requests share prefixes, and hold less",
        "one of them computes nothing",
    ],
)
def test_what_a_further_line_can_mend_is_not_told(text: str) -> None:
    found = read_log_to_its_end(text)
    assert found.left_out is not None
    assert check(found.to_check) == ()


@pytest.mark.parametrize("ends", ["complete", "abort"])
def test_a_request_that_runs_after_its_end_is_told(ends: str) -> None:
    """No request is unfinished, so that the log is closed."""
    found = read_log_to_its_end(log(ARRIVES, STARTS, happens(ends, 1), happens("start", 2)))
    assert found.left_out is None
    rule = "nothing-after-completion" if ends == "complete" else "stops-when-aborted"
    assert rule in [each.rule for each in check(found.schedule)]


def test_every_command_says_that_a_log_was_not_closed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Round 1 has one line, and is left out; a has computed its prompt in round 0."""
    file = tmp_path / "engine.jsonl"
    file.write_text(of_round_0(STARTS, happens("evict", 1)), "utf-8")
    says = (
        "not closed: the log has no 'end' line, and requests are unfinished. So lines of its last "
        "round, 1, may be missing, and that round is left out: of its 1 line is judged only what "
        "no further line can mend."
    )
    for command in ("check", "judge"):
        assert run(application, [command, str(file)]) == 0
        said = unwrapped(capsys.readouterr().out)
        assert said.startswith("valid: 2 requests (2 unfinished), 1 run, ")
        assert says in said
        assert run(application, [command, str(file), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["left_out"] == {"round": 1, "lines": 1}
    for words in (["simulate", "--workload"], ["simulate", "--quiet", "--workload"]):
        assert run(application, [*words, str(file)]) == 0
        warned = unwrapped(capsys.readouterr().err)
        assert f"warning: {str(file)!r} was {says}" in warned
    file.write_text(of_round_0(STARTS, happens("evict", 1), happens("end", 2)), "utf-8")
    for command in ("check", "judge"):
        assert run(application, [command, str(file), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["left_out"] is None


def test_where_earlier_rounds_are_not_valid_the_last_one_does_not_matter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both rounds hold a token too many; the violations of round 0 are told."""
    file = tmp_path / "engine.jsonl"
    rounds = [
        happens("computed", now, tokens={"a": 4 if now == 0 else 1}, held=21) for now in (0, 1)
    ]
    file.write_text(log(ARRIVES, STARTS, *rounds), "utf-8")
    assert run(application, ["conform", "--no-bound", str(file)]) == 1
    captured = capsys.readouterr()
    assert "round 0: the engine holds 21 tokens" in unwrapped(captured.out)
    assert "the last round is not valid" not in captured.err

"""A log of any schedule reads back as that schedule; a malformed line is named in one sentence."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from amin_ref import Instance, InvalidDocument, InvalidValue, Machine, Request, Run, Schedule, check
from amin_ref.logs import LogWriter, is_log, log_of, read_log
from amin_ref.logs.stay import Stay
from amin_ref.schemas import validate
from amin_ref.strategies import instances, machines
from tests.models.engine_machine import engine_schedules, moments
from tests.support.profiles import times

ENGINE = Machine(after_eviction="resume", last_token_stored=False)


@st.composite
def instances_with_strings(draw: st.DrawFn) -> Instance:
    """A small instance of any machine whose ids are strings."""
    instance = draw(instances(max_requests=4, max_output_len=6, max_arrival=6, machine=machines()))
    requests = [replace(each, id=f"r{each.id}") for each in instance.requests]
    return replace(instance, requests=tuple(requests))


def logged_schedules() -> st.SearchStrategy[Schedule]:
    """A valid schedule of any machine, whose ids are strings."""
    return engine_schedules(instances_with_strings())


def as_read(schedule: Schedule) -> Schedule:
    """What a log keeps: the output lengths that were seen, and the requests by arrival.

    A request that has not arrived when the log ends is not in it.
    """
    instance, ended = schedule.instance, schedule.ended
    prefixes = {request.id: request.prompt_len for request in instance.requests}
    most = dict.fromkeys(prefixes, 0)
    total = dict.fromkeys(prefixes, 0)
    runs = []
    for run in schedule.runs:
        lived = moments(run, prefixes[run.request])
        usual = moments(replace(run, computed=None), prefixes[run.request])
        runs.append(replace(run, computed=None) if lived == usual else run)
        tokens = sum(moment.generates for moment in lived)
        most[run.request] = max(most[run.request], tokens)
        total[run.request] += tokens
        if instance.machine.after_eviction == "resume":
            prefixes[run.request] += tokens
    requests = []
    for request in sorted(instance.requests, key=lambda request: request.arrival):
        if request.id not in schedule.completions:
            resumes = instance.machine.after_eviction == "resume"
            least = 1 + (total if resumes else most)[request.id]
            if instance.machine.sound_predictions:
                least = max(least, request.lower)
            request = replace(request, output_len=least)
        if ended is None or request.arrival < ended:
            requests.append(request)
    seen = replace(instance, requests=tuple(requests))
    return Schedule(
        seen, runs, aborted=schedule.aborted, ended=schedule.ended, held=schedule.held or None
    )


@given(logged_schedules())
def test_the_log_of_any_schedule_reads_back_as_that_schedule(schedule: Schedule) -> None:
    text = "".join(log_of(schedule))
    assert is_log(text)
    found = read_log(text)
    assert found == as_read(schedule)
    assert check(found) == ()
    event(f"{schedule.instance.machine.after_eviction}, computed: {found.has_computed}")
    event(f"unfinished: {len(found.unfinished) > 0}, aborted: {len(found.aborted) > 0}")


@times(0.2)
@given(logged_schedules())
def test_logs_satisfy_their_schema(schedule: Schedule) -> None:
    assert validate("log", "".join(log_of(schedule))) == ()


@given(logged_schedules())
def test_an_engine_that_says_all_it_computes_writes_the_same_log(schedule: Schedule) -> None:
    """The writer is told what every running request computes, and leaves out what is usual."""
    instance = schedule.instance
    stream = io.StringIO()
    writer = LogWriter(
        stream,
        capacity=instance.capacity,
        block_size=instance.block_size,
        machine=instance.machine,
    )
    prefixes = {str(request.id): request.prompt_len for request in instance.requests}
    computed: dict[int, dict[str, int]] = {}
    for run in schedule.runs:
        lived = moments(run, prefixes[str(run.request)])
        for now, moment in enumerate(lived, start=run.start):
            if moment.computed:
                computed.setdefault(now, {})[str(run.request)] = moment.computed
        if instance.machine.after_eviction == "resume":
            prefixes[str(run.request)] += sum(moment.generates for moment in lived)
    stops = {"evicted": writer.evict, "completed": writer.complete, "aborted": writer.abort}
    last = max(schedule.makespan, schedule.ended or 0, *schedule.aborted.values(), 0)
    for now in range(last + 1):
        for request in instance.requests:
            if request.arrival == now != schedule.ended:
                name = str(request.id)
                writer.arrive(now, name, request.prompt_len, request.lower, request.upper)
        for run in schedule.runs:
            if run.outcome == "evicted" and run.stop == now != schedule.ended:
                stops[run.outcome](now, str(run.request))
        for aborted in [name for name, left in schedule.aborted.items() if left == now]:
            writer.abort(now, str(aborted))
        for run in schedule.runs:
            if run.start == now:
                writer.start(now, str(run.request))
        if any(run.start <= now < run.stop for run in schedule.runs) or schedule.held:
            held = None if schedule.held is None else [*schedule.held, 0][now]
            if now < last:
                writer.computed(now, computed.get(now, {}), held)
        for run in schedule.runs:
            if run.outcome == "completed" and run.stop == now + 1:
                writer.complete(now, str(run.request))
    if schedule.ended is not None:
        writer.end(schedule.ended)
    lines = stream.getvalue().splitlines(keepends=True)
    assert lines == list(log_of(schedule))


@given(st.integers(1, 9), st.lists(st.integers(0, 5), max_size=12))
def test_a_stay_is_what_a_run_is(prefix: int, computed: list[int]) -> None:
    """Round by round, against the brute-force model of section 7."""
    stay = Stay(3, prefix)
    for now, tokens in enumerate(computed, start=3):
        stay.compute(now, tokens)
    lived = moments(Run("a", 3, 3 + len(computed), "evicted", tuple(computed)), prefix)
    assert stay.generated == sum(moment.generates for moment in lived)
    silent = Stay(3, prefix)
    silent.pass_rounds(3 + len(computed))
    assert (silent.generated, silent.computed) == (len(computed), None)


HEADER = (
    '{"format": "amin-ref/log", "version": 1, "capacity": 20, "block_size": 1, '
    '"machine": {"after_eviction": "resume", "last_token_stored": false}}'
)


def happens(event: str, now: int, request: str = "a", **fields: object) -> str:
    of = {} if event in ("computed", "end") else {"request": request}
    return json.dumps({"event": event, "round": now, **of, **fields})


ARRIVES = happens("arrive", 0, prompt_len=4)
STARTS = happens("start", 0)


def log(*lines: str) -> str:
    return "".join(f"{line}\n" for line in (HEADER, *lines))


def test_output_lengths_come_from_what_was_generated() -> None:
    """a: a chunk, a token, a pause, evicted with 1 token; then 2 tokens more. b is aborted."""
    text = log(
        ARRIVES,
        happens("arrive", 0, "b", prompt_len=3, lower=2),
        STARTS,
        happens("computed", 0, tokens={"a": 3}, held=3),
        happens("computed", 1, tokens={}, held=4),
        happens("computed", 2, tokens={"a": 0}, held=4),
        happens("evict", 3),
        happens("start", 3, "b"),
        happens("computed", 3, tokens={}, held=3),
        happens("abort", 4, "b"),
        happens("start", 4),
        happens("computed", 4, tokens={}, held=5),
        happens("computed", 5, tokens={}, held=6),
        happens("complete", 5),
    )
    schedule = read_log(text)
    assert schedule == Schedule(
        Instance(20, (Request("a", 4, 3), Request("b", 3, 2, lower=2)), machine=ENGINE),
        (
            Run("a", 0, 3, "evicted", (3, 1, 0)),
            Run("b", 3, 4, "aborted"),
            Run("a", 4, 6, "completed"),
        ),
        aborted={"b": 4},
        held=(3, 4, 4, 3, 5, 6),
    )
    assert check(schedule) == ()


def test_a_log_that_stops_within_a_round_is_read_up_to_that_round() -> None:
    """Decision D46: the start in round 2 may be followed by lines that were not written."""
    lines = (
        ARRIVES,
        happens("arrive", 0, "b", prompt_len=3),
        STARTS,
        happens("complete", 1),
        happens("start", 2, "b"),
    )
    schedule = read_log(log(*lines))
    assert (schedule.ended, schedule.unfinished) == (2, ("b",))
    assert schedule.runs == (Run("a", 0, 2, "completed"),)
    said = read_log(log(*lines, happens("end", 3)))
    assert (said.ended, said.unfinished) == (3, ("b",))
    assert said.runs[1:] == (Run("b", 2, 3, "evicted"),)
    whole = read_log(log(*lines, happens("complete", 2, "b")))
    assert (whole.ended, whole.unfinished, len(whole.runs)) == (None, (), 2)


@pytest.mark.parametrize(
    "lines",
    [
        [STARTS, happens("computed", 2**50, tokens={"a": 1}), happens("complete", 2**50)],
        [STARTS, happens("computed", 0, tokens={"a": 1}), happens("complete", 2**50)],
        [happens("computed", 0, tokens={}, held=0), happens("end", 2**50)],
    ],
)
def test_a_short_log_of_many_rounds_does_not_fill_the_memory(lines: list[str]) -> None:
    with pytest.raises((InvalidDocument, InvalidValue), match=f"{2**26:,}"):
        read_log(log(ARRIVES, *lines))


def test_a_request_may_run_long_where_it_computes_what_is_usual() -> None:
    capacity = HEADER.replace("20", str(2**50 + 9))
    schedule = read_log(f"{capacity}\n{ARRIVES}\n{STARTS}\n{happens('complete', 2**50)}\n")
    assert schedule.instance.requests[0].output_len == 2**50 + 1


@pytest.mark.parametrize("bound", [{"lower": 3}, {"upper": 1}])
def test_predictions_that_were_wrong_need_a_header_that_says_so(bound: dict[str, int]) -> None:
    lines = (json.dumps(json.loads(ARRIVES) | bound), STARTS, happens("complete", 1))
    says = 'the request generated 2 tokens, and predictions must hold; write "sound_predictions"'
    with pytest.raises(InvalidValue, match=says):
        read_log(log(*lines))
    schedule = read_log(log(*lines), {"sound_predictions": False})
    assert check(schedule) == ()
    assert schedule.instance.requests[0].output_len == 2


def test_tokens_held_after_the_last_run_are_kept_for_check() -> None:
    """An engine that frees blocks one round late holds tokens while nothing runs."""
    late = (happens("computed", 0, tokens={}, held=4), happens("complete", 0))
    schedule = read_log(log(ARRIVES, STARTS, *late, happens("computed", 1, tokens={}, held=4)))
    assert (schedule.ended, schedule.held) == (2, (4, 4))
    assert [each.rule for each in check(schedule)] == ["held-by-runs"]


def test_the_machine_of_a_header_is_overridden_and_completed() -> None:
    schedule = read_log(log(), {"after_eviction": "restart", "max_running": 3})
    assert schedule.instance.machine == Machine(last_token_stored=False, max_running=3)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["{"], "line 2: not JSON: "),
        ([""], "line 2 is empty"),
        (["[]"], "line 2: array [] found where an object is needed"),
        (["{}"], "line 2: the field 'event' is missing; give one of arrive, start, computed,"),
        ([happens("begin", 0)], "line 2: event is 'begin'; it must be one of arrive, start,"),
        (['{"event": ["arrive"]}'], "line 2: event is ['arrive']; it must be one of"),
        (['{"event": "end"}'], "line 2: end: the field 'round' is missing"),
        ([happens("arrive", 0)], "line 2: arrive: the field 'prompt_len' is missing"),
        ([ARRIVES, happens("start", 0, reason=1)], "line 3: start: the field 'reason' is unknown"),
        ([happens("start", 0, reason=1)], "such as 'x-reason'"),
        ([happens("arrive", -1, prompt_len=1)], "line 2: round is -1, but it must be at least 0"),
        ([happens("arrive", 0, prompt_len=0)], "line 2: prompt_len is 0, but it must be at least"),
        ([happens("arrive", 0, prompt_len=2, lower="1")], "line 2: lower is '1', but it must be a"),
        ([happens("arrive", 0, prompt_len=2, upper=0)], "line 2: upper is 0, but it must be"),
        (
            [ARRIVES.replace('"a"', "1")],
            "line 2: request is 1, but in a log it must be a non-empty",
        ),
        ([ARRIVES.replace('"a"', '""')], "line 2: request is '', but in a log it must be"),
        ([ARRIVES, ARRIVES], "line 3: request 'a' has arrived before"),
        ([STARTS], "line 2: request 'a' has not arrived; write its 'arrive' line first"),
        ([ARRIVES, STARTS, STARTS], "line 4: request 'a' runs since round 0; a run stops with"),
        ([ARRIVES, happens("evict", 0)], "line 3: request 'a' does not run"),
        ([ARRIVES, happens("complete", 0)], "line 3: request 'a' does not run"),
        ([ARRIVES, happens("abort", 0), happens("abort", 0)], "line 4: request 'a' was aborted"),
        ([ARRIVES, happens("computed", 0, tokens={"a": 1})], "line 3: request 'a' does not run"),
        ([ARRIVES, STARTS, happens("computed", 0, tokens=3)], "line 4: tokens: integer 3 found"),
        (
            [ARRIVES, STARTS, happens("computed", 0, tokens={"a": -1})],
            "line 4: tokens: 'a' is -1, but it must be at least 0 tokens",
        ),
        (
            [ARRIVES, STARTS, *[happens("computed", 0, tokens={"a": 1})] * 2],
            "line 5: request 'a' has computed tokens in round 0 before; give one number",
        ),
        (
            [ARRIVES, STARTS, happens("computed", 0, tokens={"a": 1}), happens("evict", 0)],
            "line 5: request 'a' has computed tokens in round 0, and 'evict' is for the start of a "
            "round; write it with round 1",
        ),
        (
            [ARRIVES, STARTS, *[happens("computed", 0, tokens={}, held=1)] * 2],
            "line 5: 'held' is there twice for round 0",
        ),
        (
            [ARRIVES, STARTS, happens("computed", 0, tokens={}, held=4), happens("complete", 1)],
            "log: held is None, but round 1 lacks it, and round 0 has it",
        ),
        ([happens("end", 3), ARRIVES], "line 3: no line may follow the event 'end'"),
        (
            [happens("arrive", 3, prompt_len=1), STARTS],
            "line 3: it is of round 0 and a line before it of round 3; write the lines in",
        ),
        (
            [happens("arrive", 0, prompt_len=30), STARTS, happens("complete", 0)],
            "request 'a': prompt_len + output_len - 1 is 30",
        ),
    ],
)
def test_a_malformed_line_is_named_in_one_sentence(lines: list[str], says: str) -> None:
    with pytest.raises((InvalidDocument, InvalidValue), match=re.escape(says)) as caught:
        read_log(log(*lines, *[] if '"end"' in lines[0] else [happens("end", 9)]))
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the log is empty"),
        (HEADER, "line 1 is cut off after"),
        (f"{HEADER}\n{ARRIVES}", "line 2 is cut off after"),
        (HEADER.replace("log", "schedule") + "\n", "format is 'amin-ref/schedule'"),
        (HEADER.replace("1,", "3,", 1) + "\n", "version is 3"),
        (HEADER.replace("capacity", "size") + "\n", "line 1: the field 'capacity' is missing"),
        (HEADER.replace("20", "0") + "\n", "line 1: capacity is 0"),
        (HEADER.replace("resume", "forget") + "\n", "after_eviction is 'forget'"),
        (HEADER.replace('"block', '"speed": 1, "block') + "\n", "line 1: the field 'speed' is"),
    ],
)
def test_a_wrong_header_or_end_is_named(text: str, says: str) -> None:
    with pytest.raises((InvalidDocument, InvalidValue), match=re.escape(says)):
        read_log(text)


@given(st.data(), logged_schedules())
def test_fields_of_the_engine_are_skipped_in_every_line(
    data: st.DataObject, schedule: Schedule
) -> None:
    lines = list(log_of(schedule))
    noted = [json.dumps({"x-note": [1, {}], **json.loads(line)}) + "\n" for line in lines]
    assert read_log("".join(noted)) == read_log("".join(lines))
    place = data.draw(st.integers(0, len(lines) - 1))
    noted[place] = noted[place].replace("x-note", "note")
    with pytest.raises(InvalidDocument, match=f"line {place + 1}: .*the field 'note' is unknown"):
        read_log("".join(noted))


def test_the_writer_refuses_what_it_cannot_count() -> None:
    writer = LogWriter(io.StringIO(), capacity=20)
    with pytest.raises(InvalidValue, match="it has not arrived; call arrive first"):
        writer.start(0, "a")
    writer.arrive(0, "a", 4)
    with pytest.raises(InvalidValue, match="it has not started; call start first"):
        writer.computed(0, {"a": 1})


def test_ids_that_are_the_same_as_strings_cannot_be_logged() -> None:
    instance = Instance(20, (Request(1, 2, 3), Request("1", 2, 3)))
    with pytest.raises(InvalidValue, match="two ids are the same as strings"):
        list(log_of(Schedule(instance, ())))

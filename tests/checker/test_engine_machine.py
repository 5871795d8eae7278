"""``check`` on every machine: valid schedules pass, and brute force finds the same faults."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from amin_ref import Instance, InvalidValue, Machine, Request, RequestId, Run, Schedule, check
from amin_ref.checker import prefixes_shared_in
from amin_ref.model.schedule import OUTCOMES, read_schedule
from amin_ref.schemas import validate
from amin_ref.strategies import arbitrary_schedules, instances, machines, schedules
from tests.models.engine_machine import (
    BrokenRule,
    blocks,
    broken_rules,
    engine_schedules,
    moments,
)

RESUME = Machine(after_eviction="resume")


def engine_instances() -> st.SearchStrategy[Instance]:
    """A small instance of any machine."""
    return instances(max_requests=4, max_output_len=6, max_arrival=6, machine=machines())


@st.composite
def damaged_schedules(draw: st.DrawFn) -> Schedule:
    """A valid schedule after one or two changes, nearly always invalid."""
    schedule = draw(engine_schedules(engine_instances()))
    for _ in range(draw(st.integers(1, 2))):
        schedule = draw(st.sampled_from(CHANGES))(draw, schedule)
    return schedule


def with_run(schedule: Schedule, run: Run, new: Run | None) -> Schedule:
    runs = [new if each is run else each for each in schedule.runs]
    return with_runs(schedule, [each for each in runs if each is not None])


def with_runs(schedule: Schedule, runs: Iterable[Run]) -> Schedule:
    """Other runs; what was held is cut or filled with zeros for as many rounds as they have."""
    changed = tuple(runs)
    last = max((run.stop for run in changed), default=0)
    ended = None if schedule.ended is None else max(schedule.ended, last)
    held = schedule.held
    if held is not None:
        rounds = last if ended is None else ended
        held = (*held[:rounds], *[0] * (rounds - len(held)))
    return replace(schedule, runs=changed, ended=ended, held=held)


def other_computed(draw: st.DrawFn, schedule: Schedule) -> Schedule:
    run = draw(st.sampled_from(schedule.runs or [Run("a", 0, 0, "evicted")]))
    if run not in schedule.runs:
        return schedule
    computed = list(run.computed or [1] * run.length)
    if computed:
        place = draw(st.integers(0, len(computed) - 1))
        computed[place] = max(0, computed[place] + draw(st.sampled_from((-2, -1, 1, 2))))
    return with_run(schedule, run, replace(run, computed=tuple(computed)))


def without_computed(draw: st.DrawFn, schedule: Schedule) -> Schedule:
    return with_runs(schedule, [replace(run, computed=None) for run in schedule.runs])


def other_outcome(draw: st.DrawFn, schedule: Schedule) -> Schedule:
    if not schedule.runs:
        return schedule
    run = draw(st.sampled_from(schedule.runs))
    outcome = draw(st.sampled_from(OUTCOMES))
    return with_run(schedule, run, replace(run, outcome=outcome))


def one_run_less(draw: st.DrawFn, schedule: Schedule) -> Schedule:
    if not schedule.runs:
        return schedule
    return with_run(schedule, draw(st.sampled_from(schedule.runs)), None)


def moved_run(draw: st.DrawFn, schedule: Schedule) -> Schedule:
    if not schedule.runs:
        return schedule
    run = draw(st.sampled_from(schedule.runs))
    by = draw(st.integers(-min(run.start, 3), 3))
    return with_run(schedule, run, replace(run, start=run.start + by, stop=run.stop + by))


def longer_or_shorter_run(draw: st.DrawFn, schedule: Schedule) -> Schedule:
    if not schedule.runs:
        return schedule
    run = draw(st.sampled_from(schedule.runs))
    stop = run.stop + draw(st.integers(-min(2, run.length), 2))
    computed = run.computed
    if computed is not None:
        computed = (*computed, 0, 1)[: stop - run.start]
    return with_run(schedule, run, Run(run.request, run.start, stop, run.outcome, computed))


def one_more_run(draw: st.DrawFn, schedule: Schedule) -> Schedule:
    if not schedule.runs:
        return schedule
    run = draw(st.sampled_from(schedule.runs))
    return with_runs(schedule, (*schedule.runs, replace(run, start=run.start)))


def other_machine(draw: st.DrawFn, schedule: Schedule) -> Schedule:
    instance = schedule.instance
    try:
        return replace(schedule, instance=replace(instance, machine=draw(machines())))
    except InvalidValue:  # the last token no longer fits, or a prediction is wrong
        return schedule


def smaller_cache(draw: st.DrawFn, schedule: Schedule) -> Schedule:
    try:
        capacity = draw(st.integers(1, schedule.instance.capacity))
        return replace(schedule, instance=replace(schedule.instance, capacity=capacity))
    except InvalidValue:
        return schedule


def other_held(draw: st.DrawFn, schedule: Schedule) -> Schedule:
    if not schedule.held:
        return schedule
    held = list(schedule.held)
    place = draw(st.integers(0, len(held) - 1))
    held[place] = max(0, held[place] + draw(st.integers(-4, 4)))
    return replace(schedule, held=tuple(held))


def other_abort(draw: st.DrawFn, schedule: Schedule) -> Schedule:
    aborted = dict(schedule.aborted)
    request = draw(st.sampled_from(schedule.instance.requests)).id
    if request in aborted and draw(st.booleans()):
        del aborted[request]
    else:
        aborted[request] = draw(st.integers(0, schedule.makespan + 2))
    return replace(schedule, aborted=aborted)


def other_end(draw: st.DrawFn, schedule: Schedule) -> Schedule:
    ended = draw(st.none() | st.integers(schedule.makespan, schedule.makespan + 2))
    return with_runs(replace(schedule, held=None, ended=ended), schedule.runs)


CHANGES: tuple[Callable[[st.DrawFn, Schedule], Schedule], ...] = (
    other_computed,
    without_computed,
    other_outcome,
    one_run_less,
    moved_run,
    longer_or_shorter_run,
    one_more_run,
    other_machine,
    smaller_cache,
    other_held,
    other_abort,
    other_end,
)


def found_by_check(schedule: Schedule) -> list[BrokenRule]:
    return sorted(((found.rule, found.round) for found in check(schedule)), key=str)


@given(engine_schedules(engine_instances()))
def test_valid_schedules_of_any_machine_pass(schedule: Schedule) -> None:
    assert broken_rules(schedule) == []
    assert check(schedule) == ()
    machine = schedule.instance.machine
    event(f"{machine.after_eviction}, evicted: {schedule.evictions > 0}")
    event(f"chunks or pauses: {schedule.has_computed}")
    event(f"aborts: {len(schedule.aborted) > 0}, unfinished: {len(schedule.unfinished) > 0}")


@given(damaged_schedules())
def test_check_finds_what_brute_force_finds(schedule: Schedule) -> None:
    found = found_by_check(schedule)
    assert found == broken_rules(schedule)
    for rule, _ in found:
        event(rule)
    shared = prefixes_shared_in(schedule)
    by_runs = [int(held) for held in replace(schedule, held=None).occupancy()]
    less = [
        now
        for now, held in enumerate(schedule.held or ())
        if now < len(by_runs) and held < by_runs[now]
    ]
    assert (shared is not None) == bool(less)
    if shared is not None and schedule.held is not None:
        assert (shared.rounds, shared.first) == (len(less), less[0])
        assert (shared.held, shared.by_runs) == (schedule.held[less[0]], by_runs[less[0]])
        event("rests on held")


@given(arbitrary_schedules(), machines())
def test_check_finds_what_brute_force_finds_in_any_runs(
    schedule: Schedule, machine: Machine
) -> None:
    schedule = Schedule(replace(schedule.instance, machine=machine), schedule.runs)
    assert found_by_check(schedule) == broken_rules(schedule)


@given(schedules(), machines())
def test_a_restart_schedule_without_evictions_is_one_of_resume(
    schedule: Schedule, machine: Machine
) -> None:
    """The two machines differ only after an eviction."""
    assume(schedule.evictions == 0)
    assert check(schedule) == ()
    resumed = Schedule(replace(schedule.instance, machine=RESUME), schedule.runs)
    assert check(resumed) == ()
    assert list(resumed.occupancy()) == list(schedule.occupancy())


@given(engine_schedules(engine_instances()))
def test_metrics_by_brute_force(schedule: Schedule) -> None:
    instance, machine = schedule.instance, schedule.instance.machine
    held = [0] * schedule.makespan
    wasted = recomputed = computed_in_all = 0
    for request in instance.requests:
        kept = 0
        runs = [run for run in schedule.runs if run.request == request.id]
        for position, run in enumerate(runs):
            lived = moments(run, request.prompt_len + kept)
            tokens = sum(moment.generates for moment in lived)
            computed_in_all += sum(moment.computed for moment in lived)
            for now, moment in enumerate(lived, start=run.start):
                newest = moment.generates and machine.last_token_stored
                held[now] += blocks(moment.in_cache + newest, instance.block_size)
            if position:
                computed = sum(moment.computed for moment in lived)
                recomputed += min(computed, request.prompt_len + kept)
            if machine.after_eviction == "resume":
                kept += tokens
            elif run.outcome == "evicted" and run.stop != schedule.ended:
                wasted += tokens
    assert list(schedule.occupancy()) == held
    assert schedule.peak_occupancy == max(held, default=0)
    assert schedule.wasted_tokens == wasted
    assert schedule.recomputed_tokens == recomputed
    assert schedule.computed_tokens == computed_in_all


@given(engine_schedules(engine_instances()) | damaged_schedules())
def test_documents_keep_what_was_computed(schedule: Schedule) -> None:
    for text, name in ((schedule.to_json(), "schedule"), (schedule.to_json_lines(), "lines")):
        assert read_schedule(text) == schedule
        is_new = schedule.has_computed or schedule.lacks_something
        is_new = is_new or schedule.instance.machine != Machine()
        assert json.loads(text.split("\n")[0])["version"] == 1 + is_new
        assert validate("schedule" if name == "schedule" else "schedule-lines", text) == ()


LONG = Request("long", 24, 2)
SHORT = Request("short", 4, 6)


def test_a_run_generates_where_its_whole_prefix_is_computed() -> None:
    """Prefill in four chunks; the first token is generated in the round of the last chunk."""
    chunked = Schedule(
        Instance(40, (LONG, SHORT)),
        [
            Run("long", 0, 5, "completed", computed=(6, 6, 6, 6, 1)),
            Run("short", 0, 6, "completed", computed=(4, 1, 1, 1, 1, 1)),
        ],
    )
    assert check(chunked) == ()
    # 4 + a tokens of short; 6, 12, 18, 24 + 1 and 25 + 1 of long.
    assert list(chunked.occupancy()) == [5 + 6, 6 + 12, 7 + 18, 8 + 25, 9 + 26, 10]


@pytest.mark.parametrize(
    ("computed", "rule", "now", "says"),
    [
        (
            (6, 6, 6, 6),
            "completed-length",
            0,
            "completes with 1 token, and its output has 2 tokens",
        ),
        ((6, 6, 6, 6, 1, 0), "completed-length", 0, "generates nothing in the round before"),
        (
            (6, 6, 6, 7, 1),
            "computes-its-prefix",
            3,
            "its prefix, which has 24 tokens, and one more",
        ),
    ],
)
def test_what_a_run_computed_is_judged(
    computed: tuple[int, ...], rule: str, now: int, says: str
) -> None:
    run = Run("long", 0, len(computed), "completed", computed)
    found = check(Schedule(Instance(40, (LONG,)), [run]))
    assert [(each.rule, each.round) for each in found] == [(rule, now)]
    assert says in found[0].message


def test_limits_of_the_machine_are_judged_in_the_first_round_that_exceeds_them() -> None:
    """Each of three runs computes its prompt of 4 in the round in which it starts, and then 1."""
    requests = [Request(name, 4, 3) for name in "abc"]
    runs = [Run(name, start, start + 3, "completed") for start, name in enumerate("abc")]
    machine = Machine(tokens_per_round=5, max_running=2)
    found = check(Schedule(Instance(40, requests, machine=machine), runs))
    assert [(each.rule, each.round, each.requests) for each in found] == [
        ("within-tokens-per-round", 2, ("a", "b", "c")),
        ("within-max-running", 2, ("a", "b", "c")),
    ]
    assert "compute 6 tokens and the machine computes at most 5" in found[0].message
    assert "3 requests run and the machine runs at most 2" in found[1].message
    enough = Machine(tokens_per_round=6, max_running=3)
    assert check(Schedule(Instance(40, requests, machine=enough), runs)) == ()


def test_a_resumed_request_generates_its_output_in_all_runs_together() -> None:
    instance = Instance(10, (Request("a", 2, 4),), machine=RESUME)
    first, second = Run("a", 0, 3, "evicted"), Run("a", 5, 6, "completed")
    resumed = Schedule(instance, [first, second])
    assert check(resumed) == ()
    assert (resumed.wasted_tokens, resumed.recomputed_tokens, resumed.evictions) == (0, 5, 1)
    assert list(resumed.occupancy()) == [3, 4, 5, 0, 0, 6]
    again = check(Schedule(instance, [first, replace(second, stop=9)]))
    assert [each.message for each in again] == [
        "request 'a' completes with 7 tokens (3 of them from earlier runs), and its output has 4 "
        "tokens."
    ]
    late = check(Schedule(instance, [replace(first, stop=4), replace(second, stop=6)]))
    assert [each.rule for each in late] == ["evicted-length", "completed-length"]
    restarted = Schedule(Instance(10, instance.requests), [first, second])
    assert restarted.wasted_tokens == 3
    assert [each.rule for each in check(restarted)] == ["completed-length"]


def test_a_resumed_run_may_end_within_its_prefill() -> None:
    """It generates nothing, but it lasts at least one round."""
    instance = Instance(10, (Request("a", 4, 2),), machine=RESUME)
    runs = [Run("a", 0, 1, "evicted", (2,)), Run("a", 1, 3, "completed")]
    assert check(Schedule(instance, runs)) == ()
    empty = check(Schedule(instance, [Run("a", 0, 0, "evicted"), runs[1]]))
    assert [each.rule for each in empty] == ["evicted-length"]
    assert "leave out runs of no round" in empty[0].message


@pytest.mark.parametrize(
    ("computed", "says"),
    [
        ([1, 1], "one number for each of the 3 rounds"),
        ([], "one number for each of the 3 rounds"),
        ([1, 1, -1], "at least 0 tokens"),
        ([1, 1, True], "a whole number of tokens"),
        (3, "it must be an iterable of ints"),
    ],
)
def test_what_is_no_number_for_each_round_is_refused(computed: object, says: str) -> None:
    with pytest.raises(InvalidValue, match=says) as caught:
        Run("a", 0, 3, "completed", computed)  # type: ignore[arg-type]  # on purpose
    assert caught.value.field == "run of request 'a': computed"


ABORTED = Run("a", 0, 2, "aborted")


@pytest.mark.parametrize(
    ("runs", "aborted", "ended", "rule", "says"),
    [
        (
            [ABORTED],
            {},
            None,
            "stops-when-aborted",
            "has a run aborted in round 2, and 'aborted' does",
        ),
        (
            [ABORTED],
            {"a": 3},
            None,
            "stops-when-aborted",
            "aborted in round 2, and 'aborted' says 3",
        ),
        ([Run("a", 0, 3, "evicted")], {"a": 2}, None, "stops-when-aborted", "runs until round 3"),
        ([Run("a", 0, 4, "completed")], {"a": 2}, None, "stops-when-aborted", "yet completes at 4"),
        ([], {"a": 2}, 1, "stops-when-aborted", "and the log ends before round 1"),
        ([Run("a", 0, 4, "aborted")], {"a": 4}, None, "aborted-length", "is aborted with 4 tokens"),
        (
            [Run("a", 2, 2, "aborted")],
            {"a": 2},
            None,
            "aborted-length",
            "leave out runs of no round",
        ),
        ([Run("a", 0, 4, "evicted")], {}, 4, "evicted-length", "is evicted after 4 rounds"),
    ],
)
def test_aborts_and_the_end_of_the_log_are_judged(
    runs: list[Run], aborted: dict[RequestId, int], ended: int | None, rule: str, says: str
) -> None:
    instance = Instance(10, (Request("a", 2, 4),))
    found = check(Schedule(instance, runs, aborted=aborted, ended=ended))
    (violation,) = (each for each in found if each.rule != "completes-once")
    assert violation.rule == rule
    assert says in violation.message


def test_an_abort_and_an_eviction_in_one_round() -> None:
    """Decision D45."""
    instance = Instance(9, (Request("a", 2, 5),))
    evicted = Schedule(instance, [Run("a", 0, 2, "evicted")], aborted={"a": 2})
    assert check(evicted) == ()


def test_a_run_that_the_end_of_the_log_cuts_off() -> None:
    """Decision D43."""
    cut = Schedule(Instance(20, (Request("a", 2, 3),)), [Run("a", 0, 2, "evicted")], ended=2)
    assert check(cut) == ()
    assert (cut.evictions, cut.wasted_tokens, cut.unfinished) == (0, 0, ("a",))

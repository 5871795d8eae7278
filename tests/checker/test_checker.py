"""The checker reports each broken rule once, with the right round and the right requests.

Other tests use the checker to judge memory safety (T1) and completion (T2). So a missing rule would
leave a theorem without a test; the test of each rule names the theorem that depends on it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from types import FrameType
from typing import get_args

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from amin_ref import Instance, Request, RequestId, Rule, Run, Schedule, Violation, check
from amin_ref.model.schedule import Outcome
from amin_ref.strategies import arbitrary_schedules, instances, schedules
from tests.models.naive import Fault, naive_faults, naive_occupancy
from tests.support.profiles import times

inexactly_predicted = schedules(instances(predictions=("lowest", "interval")))


PAPERS_RULES: dict[str, Rule] = {rule: rule for rule in get_args(Rule)}
"""The rules that a schedule of the paper's machine can break."""


def faults(violations: Iterable[Violation]) -> list[Fault]:
    return [
        (PAPERS_RULES[found.rule], found.round, frozenset(found.requests)) for found in violations
    ]


def fault_of(rule: Rule, now: int | None, request: RequestId) -> list[Fault]:
    return [(rule, now, frozenset([request]))]


def in_a_large_cache(schedule: Schedule) -> Schedule:
    """The same runs in a cache too large to overflow, so that within-capacity is not broken."""
    return Schedule(replace(schedule.instance, capacity=10**6), schedule.runs)


def with_run(schedule: Schedule, run: Run) -> Schedule:
    return Schedule(schedule.instance, (*schedule.runs, run))


def without(schedule: Schedule, run: Run) -> Schedule:
    return Schedule(schedule.instance, tuple(other for other in schedule.runs if other != run))


def drawn_request(data: st.DataObject, schedule: Schedule, least_output: int = 1) -> Request:
    candidates = [
        request for request in schedule.instance.requests if request.output_len >= least_output
    ]
    assume(candidates)
    return data.draw(st.sampled_from(candidates), label="request")


def completed_run(schedule: Schedule, request: Request) -> Run:
    (found,) = (
        run for run in schedule.runs if run.request == request.id and run.outcome == "completed"
    )
    return found


@given(schedules())
def test_schedules_of_policies_are_valid(schedule: Schedule) -> None:
    assert check(schedule) == ()
    assert naive_faults(schedule) == set()


@pytest.mark.theorem("T1")
@pytest.mark.theorem("T2")
@times(3)
@given(arbitrary_schedules())
def test_the_checker_reports_what_a_naive_checker_reports(schedule: Schedule) -> None:
    violations = check(schedule)
    for rule in sorted({violation.rule for violation in violations}):
        event(rule)
    assert set(faults(violations)) == naive_faults(schedule)
    for violation in violations:
        if violation.rule == "within-capacity":
            total = naive_occupancy(schedule)[violation.round or 0]
            assert violation.message.startswith(f"round {violation.round}: ")
            assert f"hold {total} tokens" in violation.message
        else:
            assert violation.message.startswith(f"request {violation.requests[0]!r} ")


@pytest.mark.theorem("T2")
@given(st.data(), schedules())
def test_completes_once_reports_a_request_without_a_completed_run(
    data: st.DataObject, schedule: Schedule
) -> None:
    request = drawn_request(data, schedule)
    broken = without(schedule, completed_run(schedule, request))
    assert faults(check(broken)) == fault_of("completes-once", None, request.id)


@pytest.mark.theorem("T2")
@given(st.data(), schedules())
def test_completes_once_reports_a_second_completed_run(
    data: st.DataObject, schedule: Schedule
) -> None:
    request = drawn_request(data, schedule)
    start = schedule.makespan + data.draw(st.integers(0, 9))
    again = Run(request.id, start, start + request.output_len, "completed")
    assert faults(check(with_run(schedule, again))) == fault_of("completes-once", start, request.id)


@pytest.mark.theorem("T2")
@given(st.data(), schedules())
def test_completed_length_reports_a_completed_run_of_another_length_than_o(
    data: st.DataObject, schedule: Schedule
) -> None:
    request = drawn_request(data, schedule)
    run = completed_run(schedule, request)
    wrong = data.draw(
        st.integers(0, request.output_len + 5).filter(lambda length: length != run.length)
    )
    broken = with_run(
        without(in_a_large_cache(schedule), run), replace(run, stop=run.start + wrong)
    )
    assert faults(check(broken)) == fault_of("completed-length", run.start, request.id)


@pytest.mark.theorem("T2")
@given(st.data(), schedules())
def test_evicted_length_reports_a_run_of_length_0_or_of_at_least_o(
    data: st.DataObject, schedule: Schedule
) -> None:
    """An evicted run of length 0, or of length o or more, is added before all other runs."""
    request = drawn_request(data, schedule)
    longest = request.output_len + 5
    wrong = data.draw(st.just(0) | st.integers(request.output_len, longest))
    later = tuple(
        replace(run, start=run.start + longest, stop=run.stop + longest) for run in schedule.runs
    )
    run = Run(request.id, request.arrival, request.arrival + wrong, "evicted")
    broken = Schedule(in_a_large_cache(schedule).instance, (run, *later))
    assert faults(check(broken)) == fault_of("evicted-length", run.start, request.id)


@pytest.mark.theorem("T2")
@given(st.data(), inexactly_predicted)
def test_no_overlap_reports_a_run_that_starts_during_another(
    data: st.DataObject, schedule: Schedule
) -> None:
    request = drawn_request(data, schedule, least_output=2)
    run = completed_run(schedule, request)
    start = data.draw(st.integers(run.start, run.stop - 1))
    length = data.draw(st.integers(1, request.output_len - 1))
    inside = Run(request.id, start, start + length, "evicted")
    broken = with_run(in_a_large_cache(schedule), inside)
    assert faults(check(broken)) == fault_of("no-overlap", start, request.id)


@pytest.mark.theorem("T2")
@given(st.data(), schedules())
def test_not_before_arrival_reports_a_run_that_starts_before_the_arrival(
    data: st.DataObject, schedule: Schedule
) -> None:
    request = drawn_request(data, schedule)
    starts = [run.start for run in schedule.runs if run.request == request.id]
    # After the first start and not after the second, so that one run is too early.
    arrival = data.draw(st.integers(starts[0] + 1, [*starts, starts[0] + 9][1]))
    later = tuple(
        replace(other, arrival=arrival) if other == request else other
        for other in schedule.instance.requests
    )
    broken = Schedule(replace(schedule.instance, requests=later), schedule.runs)
    assert faults(check(broken)) == fault_of("not-before-arrival", starts[0], request.id)


@pytest.mark.theorem("T2")
@given(st.data(), inexactly_predicted)
def test_nothing_after_completion_reports_an_evicted_run_after_the_completed_one(
    data: st.DataObject, schedule: Schedule
) -> None:
    request = drawn_request(data, schedule, least_output=2)
    start = completed_run(schedule, request).stop + data.draw(st.integers(0, 9))
    length = data.draw(st.integers(1, request.output_len - 1))
    broken = with_run(in_a_large_cache(schedule), Run(request.id, start, start + length, "evicted"))
    assert faults(check(broken)) == fault_of("nothing-after-completion", start, request.id)


@pytest.mark.theorem("T1")
@given(st.data(), schedules(instances(min_requests=3, max_arrival=4)))
def test_within_capacity_reports_the_first_round_that_exceeds_the_capacity(
    data: st.DataObject, schedule: Schedule
) -> None:
    """Of consecutive rounds that exceed M the first is reported, with its running requests."""
    instance = schedule.instance
    size = instance.block_size
    largest = max(
        -(-(request.prompt_len + request.output_len) // size) * size
        for request in instance.requests
    )
    totals = naive_occupancy(schedule)
    assume(max(totals) > largest)
    smaller = replace(instance, capacity=data.draw(st.integers(largest, max(totals) - 1)))
    too_full = [now for now, total in enumerate(totals) if total > smaller.capacity]
    expected: list[Fault] = [
        (
            "within-capacity",
            now,
            frozenset(run.request for run in schedule.runs if run.start <= now < run.stop),
        )
        for now in too_full
        if now - 1 not in too_full
    ]
    event(f"intervals of rounds that exceed M: {min(3, len(expected))}")
    assert faults(check(Schedule(smaller, schedule.runs))) == expected


def test_within_capacity_finds_the_round_in_a_schedule_of_2_to_the_40_rounds() -> None:
    """Two requests that grow together: they hold 2t + 4 tokens in round t."""
    length = 2**40
    instance = Instance(length + 2, (Request("a", 1, length), Request("b", 1, length)))
    runs = (Run("a", 0, length, "completed"), Run("b", 0, length, "completed"))
    assert faults(check(Schedule(instance, runs))) == [
        ("within-capacity", 2**39, frozenset({"a", "b"}))
    ]


large = st.integers(1, 40) | st.integers(1, 2**50)


@pytest.mark.theorem("T1")
@given(
    block_size=st.integers(1, 9) | large,
    requests=st.lists(st.tuples(large, st.integers(0, 40) | large), min_size=1, max_size=6),
    now=large,
    further_rounds=st.integers(1, 3),
)
def test_occupancy_is_the_sum_of_whole_blocks(
    block_size: int, requests: list[tuple[int, int]], now: int, further_rounds: int
) -> None:
    """A request that starts in round p occupies B·⌈(s + t - p + 1)/B⌉ in round t."""
    now += max(start for _, start in requests)
    stop = now + further_rounds
    held = sum(
        block_size * -(-(prompt_len + now - start + 1) // block_size)
        for prompt_len, start in requests
    )
    runs = tuple(Run(id, start, stop, "completed") for id, (_, start) in enumerate(requests))
    largest = max(prompt_len + stop - start for prompt_len, start in requests)
    instance = Instance(
        capacity=max(held, block_size * -(-largest // block_size)),
        block_size=block_size,
        requests=tuple(
            Request(id, prompt_len, stop - start, arrival=start)
            for id, (prompt_len, start) in enumerate(requests)
        ),
    )
    after = sum(
        block_size * -(-(prompt_len + stop - start) // block_size) for prompt_len, start in requests
    )
    found = check(Schedule(instance, runs))
    assert bool(found) == (after > instance.capacity)
    if found:
        (violation,) = found
        assert violation.round is not None
        assert violation.round >= now + (held <= instance.capacity)


class LineCount:
    """A trace function that counts the executed lines of the checker: the same on every machine."""

    def __init__(self) -> None:
        self.lines = 0

    def __call__(self, frame: FrameType, event: str, _: object) -> LineCount | None:
        if "checker" not in frame.f_code.co_filename:
            return None
        self.lines += event == "line"
        return self


def lines_of_check(schedule: Schedule) -> int:
    count = LineCount()
    before = sys.gettrace()
    sys.settrace(count)
    try:
        found = check(schedule)
    finally:
        sys.settrace(before)
    assert found == ()
    return count.lines


@pytest.mark.parametrize("together", [True, False], ids=["all at once", "spread out"])
def test_work_grows_with_the_number_of_runs_alone(together: bool) -> None:
    """The work is O(R log R) for R runs, whatever the number of rounds."""

    def lines(size: int, length: int) -> int:
        requests = tuple(Request(id, 1 + id % 7, length) for id in range(size))
        starts = [id % 50 if together else id * 3 * length for id in range(size)]
        runs = tuple(Run(id, start, start + length, "completed") for id, start in enumerate(starts))
        return lines_of_check(Schedule(Instance(2**50, requests, block_size=16), runs))

    small = lines(200, 1000)
    assert lines(800, 1000) < 5 * small
    assert lines(200, 10**9) < 1.1 * small


def test_each_request_without_runs_is_reported() -> None:
    instance = Instance(9, (Request("a", 1, 1), Request(1, 1, 1)))
    assert faults(check(Schedule(instance, ()))) == [
        *fault_of("completes-once", None, "a"),
        *fault_of("completes-once", None, 1),
    ]


def test_the_rules_are_those_that_this_file_tests() -> None:
    """A rule that is added to the checker needs a test in this file."""
    assert set(get_args(Rule)) == {
        "completes-once",
        "completed-length",
        "evicted-length",
        "no-overlap",
        "not-before-arrival",
        "nothing-after-completion",
        "within-capacity",
    }


@pytest.mark.theorem("T1")
@pytest.mark.parametrize("capacity", [5, 6])
def test_a_round_that_holds_exactly_the_capacity_is_valid(capacity: int) -> None:
    """A round may hold M tokens, and not M + 1."""
    instance = Instance(5, (Request("a", 1, 1), Request("b", 2, 1)))
    runs = (Run("a", 0, 1, "completed"), Run("b", 0, 1, "completed"))
    assert check(Schedule(replace(instance, capacity=capacity), runs)) == ()
    smaller = replace(instance, capacity=4)
    assert [found.round for found in check(Schedule(smaller, runs))] == [0]


@pytest.mark.theorem("T1")
def test_each_interval_of_rounds_that_exceeds_the_capacity_is_reported() -> None:
    """Rounds 2, 3, 5, 6 and 7 exceed M; d starts in round 3, which is not reported again."""
    instance = Instance(
        10, (Request("a", 1, 9), Request("b", 4, 4), Request("c", 2, 4), Request("d", 1, 1))
    )
    runs = (
        Run("a", 0, 9, "completed"),
        Run("b", 0, 4, "completed"),
        Run("d", 3, 4, "completed"),
        Run("c", 4, 8, "completed"),
    )
    assert faults(check(Schedule(instance, runs))) == [
        ("within-capacity", 2, frozenset("ab")),
        ("within-capacity", 5, frozenset("ac")),
    ]


@pytest.mark.theorem("T2")
def test_each_run_within_a_longer_run_is_reported() -> None:
    """The run of rounds 0 to 7 overlaps two short runs, which do not overlap each other."""
    instance = Instance(100, (Request("a", 1, 9),))
    runs = (
        Run("a", 0, 8, "evicted"),
        Run("a", 2, 3, "evicted"),
        Run("a", 5, 6, "evicted"),
        Run("a", 8, 17, "completed"),
    )
    assert faults(check(Schedule(instance, runs))) == [
        *fault_of("no-overlap", 2, "a"),
        *fault_of("no-overlap", 5, "a"),
    ]


@pytest.mark.theorem("T2")
def test_an_evicted_run_between_two_completed_runs_is_after_completion() -> None:
    instance = Instance(100, (Request("a", 1, 2),))
    runs = (
        Run("a", 0, 2, "completed"),
        Run("a", 2, 3, "evicted"),
        Run("a", 3, 5, "completed"),
    )
    assert faults(check(Schedule(instance, runs))) == [
        *fault_of("completes-once", 3, "a"),
        *fault_of("nothing-after-completion", 2, "a"),
    ]


@pytest.mark.parametrize(("output_len", "runs", "says"), [
    (1, [(0, 2, "completed")], "completes after 2 rounds, and its output has 1 token, one for each "
     "round."),
    (3, [(0, 1, "completed")], "completes after 1 round, and its output has 3 tokens, one for each "
     "round."),
    (3, [(0, 1, "evicted"), (3, 5, "completed")], "one for each round; its 2 runs together have 3 "
     "rounds, as if it resumed with the tokens of the runs before, but an evicted request starts "
     "over."),
    (4, [(0, 1, "evicted"), (2, 3, "evicted"), (3, 5, "completed")], "; its 3 runs together have 4 "
     "rounds, as if it resumed"),
    (4, [(0, 1, "evicted"), (3, 5, "completed")], "its output has 4 tokens, one for each round."),
    (2, [(4, 4, "evicted"), (5, 7, "completed")], "is evicted after 0 rounds, so the run has no "
     "round and holds nothing; leave out runs of no round."),
    (1, [(4, 5, "evicted"), (5, 6, "completed")], "is evicted after 1 round, but it has 1 output "
     "token and completes after its first round."),
    (4, [(0, 5, "evicted"), (5, 9, "completed")], "is evicted after 5 rounds, and only 1 to 3 are "
     "possible."),
    (2, [(0, 2, "evicted"), (5, 7, "completed")], "is evicted after 2 rounds, and only 1 to 1 are "
     "possible."),
])  # fmt: skip
def test_a_wrong_length_is_explained(
    output_len: int, runs: list[tuple[int, int, Outcome]], says: str
) -> None:
    instance = Instance(50, (Request("a", 3, output_len),))
    schedule = Schedule(instance, [Run("a", *run) for run in runs])
    (found,) = check(schedule)
    assert says in found.message
    assert found.message.startswith("request 'a' ")

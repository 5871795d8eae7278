"""Instances from workloads: what is kept, what is dropped and counted, what is refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TypedDict

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from amin_ref import Instance, InvalidValue, InvalidWorkload, Request
from amin_ref.files.reading import open_source
from amin_ref.workloads import (
    CHAT,
    DEFAULT_REQUESTS,
    AtOnce,
    Bins,
    Dropped,
    Exact,
    Poisson,
    Rough,
    Row,
    TraceArrivals,
    build_instance,
    keep_usable,
)
from amin_ref.workloads.build import (
    MOST_REQUESTS,
    instance_from_rows,
    select_rows,
    workload_from_selection,
)
from amin_ref.workloads.usable import Selection
from tests.support.real_data import azure_file, lmsys_file

VIDUR = "arrived_at,num_prefill_tokens,num_decode_tokens\n"


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """Six rows: two without tokens, two too long for ten tokens in blocks of five."""
    path = tmp_path / "trace.csv"
    path.write_text(VIDUR + "4,3,2\n1,0,5\n2,5,0\n3,6,5\n1.5,4,6\n2,8,3\n")
    return path


def test_an_instance_from_a_trace_is_the_one_computed_by_hand(trace: Path) -> None:
    workload = build_instance(
        trace,
        capacity=10,
        block_size=5,
        prediction=Bins(3),
        arrivals=TraceArrivals(Decimal("0.4")),
    )
    assert workload.instance.requests == (
        Request(0, 3, 2, lower=1, upper=2, arrival=7),
        Request(1, 4, 6, lower=5, upper=6, arrival=0),
    )
    assert (workload.instance.capacity, workload.instance.block_size) == (10, 5)
    assert workload.rows_read == 6
    assert workload.dropped == Dropped(empty_prompt=1, empty_output=1, longer_than_cache=2)
    assert workload.dropped.total == 4
    assert str(workload.dropped) == (
        "1 without prompt tokens, 1 without output tokens, 2 longer than the cache"
    )
    assert workload.source == str(trace)
    assert workload.requested is None


def test_the_limit_counts_usable_rows_and_stops_the_reading(trace: Path) -> None:
    with trace.open("a") as file:
        file.write("malformed\n")
    workload = build_instance(trace, capacity=10, requests=2)
    assert [request.prompt_len for request in workload.instance.requests] == [3, 4]
    assert workload.rows_read == 5
    assert workload.dropped == Dropped(1, 1, 1)
    assert workload.requested == 2
    with pytest.raises(InvalidWorkload, match=r"line 8: the number of fields is 1"):
        build_instance(trace, capacity=10, requests=3)


def test_a_trace_with_fewer_rows_than_requested_gives_all_of_them(trace: Path) -> None:
    workload = build_instance(trace, capacity=10, requests=50)
    assert len(workload.instance.requests) == 2
    assert workload.requested == 50


def test_a_trace_without_usable_rows_is_refused_with_the_reasons(trace: Path) -> None:
    message = r"none of its 6 rows .*1 without output tokens, 4 longer.*raise capacity from 4"
    with pytest.raises(InvalidWorkload, match=message):
        build_instance(trace, capacity=4)


def test_an_unknown_name_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(InvalidWorkload, match=r"'chatt': .*embedded workload \(chat, conversation"):
        build_instance("chatt", capacity=100)


def test_the_default_is_the_embedded_chat() -> None:
    workload = build_instance(capacity=16_492)
    assert workload.source == "chat"
    assert len(workload.instance.requests) == workload.rows_read == DEFAULT_REQUESTS
    assert [request.id for request in workload.instance.requests] == list(range(DEFAULT_REQUESTS))
    assert workload.dropped == Dropped()
    assert str(workload.dropped) == "none"


@pytest.mark.parametrize("name", ["chat", "conversation", "code"])
def test_lengths_are_drawn_until_enough_requests_fit(name: str) -> None:
    workload = build_instance(name, capacity=256, block_size=16, requests=300)
    assert len(workload.instance.requests) == 300
    assert workload.dropped.longer_than_cache > 0
    assert workload.rows_read == 300 + workload.dropped.total


def test_a_cache_into_which_few_requests_fit_is_refused() -> None:
    with pytest.raises(InvalidWorkload, match=r"'conversation': only \d+ of 4096 .*raise capacity"):
        build_instance("conversation", capacity=64)
    with pytest.raises(InvalidWorkload, match=r"'chat': only 0 of 4096"):
        build_instance("chat", capacity=1, requests=10**7)


def test_lengths_and_arrivals_have_separate_random_numbers() -> None:
    def built(seed: int, capacity: int, rate: str) -> tuple[list[int], list[int]]:
        workload = build_instance(
            "conversation",
            capacity=capacity,
            requests=2000,
            seed=seed,
            arrivals=Poisson(Decimal(rate)),
        )
        requests = workload.instance.requests
        return [request.prompt_len for request in requests], [r.arrival for r in requests]

    prompts, rounds = built(7, 20_000, "0.5")
    assert built(7, 20_000, "0.5") == (prompts, rounds)
    assert built(7, 20_000, "0.1")[0] == prompts
    assert built(7, 500, "0.5")[0] != prompts
    assert built(7, 500, "0.5")[1] == rounds
    assert built(8, 20_000, "0.5")[0] != prompts
    assert built(8, 20_000, "0.5")[1] != rounds


def test_arrivals_do_not_repeat_the_random_numbers_of_the_lengths() -> None:
    class Redraw:
        """Arrivals that draw lengths in place of times."""

        def rounds(self, rows: Sequence[Row], generator: np.random.Generator) -> list[int]:
            assert list(islice(CHAT.draw(generator), len(rows))) != list(rows)
            return [0] * len(rows)

    build_instance("chat", capacity=16_492, requests=20, arrivals=Redraw())


def test_arrivals_and_predictions_that_the_workload_cannot_have_are_refused() -> None:
    with pytest.raises(InvalidValue, match=r"the workload has no timestamps"):
        build_instance("chat", capacity=16_492, arrivals=TraceArrivals(Decimal(1)))
    with pytest.raises(InvalidValue, match=r"output_len is \d+, but the prediction rough:1:100"):
        build_instance("chat", capacity=16_492, prediction=Rough(1, 100))


@pytest.mark.parametrize("bad", [0, -1, True, 10**8])
def test_a_bad_number_of_requests_is_refused(bad: int) -> None:
    with pytest.raises(InvalidValue, match=r"^requests is .*(\d| of) requests|at most 10000000"):
        build_instance(capacity=100, requests=bad)


def test_more_than_the_largest_number_of_requests_is_refused(trace: Path) -> None:
    built = build_instance(trace, capacity=1000, requests=MOST_REQUESTS)
    assert 0 < len(built.instance.requests) < MOST_REQUESTS
    with pytest.raises(InvalidValue, match=rf"^requests is {MOST_REQUESTS + 1}, but it must be at"):
        build_instance(trace, capacity=1000, requests=MOST_REQUESTS + 1)


def test_one_request_may_be_asked_for() -> None:
    assert len(build_instance(capacity=2000, requests=1).instance.requests) == 1


@pytest.mark.parametrize("missing", [-1, 1])
def test_a_law_must_give_a_round_to_each_request(missing: int) -> None:
    class Wrong:
        """Arrivals with one round too few, or one too many."""

        def rounds(self, rows: Sequence[Row], generator: np.random.Generator) -> list[int]:
            return [int(generator.integers(9)) for _ in range(len(rows) + missing)]

    with pytest.raises(ValueError, match="zip"):
        build_instance(capacity=2000, requests=5, arrivals=Wrong())


def test_an_open_trace_is_named_in_the_workload_and_in_errors(trace: Path) -> None:
    with open_source(trace) as source:
        workload = build_instance(source, capacity=10)
        assert workload.source == source.name == f"'{trace}'"
        assert len(workload.instance.requests) == 2
    with (
        open_source(trace) as source,
        pytest.raises(InvalidWorkload, match=r"^'.*trace\.csv': none of its 6 rows"),
    ):
        build_instance(source, capacity=4)


@pytest.mark.parametrize("bad", [0, -1, True])
def test_a_bad_seed_capacity_or_block_size_is_refused(bad: int) -> None:
    if bad != 0 or type(bad) is bool:
        with pytest.raises(InvalidValue, match=r"^seed is "):
            build_instance(capacity=1000, seed=bad)
    with pytest.raises(InvalidValue, match=r"^capacity is .* tokens"):
        build_instance(capacity=bad)
    with pytest.raises(InvalidValue, match=r"^block_size is .* tokens"):
        build_instance(capacity=1000, block_size=bad)


@given(
    rows=st.lists(st.builds(Row, st.integers(-1, 40), st.integers(-1, 40)), max_size=30),
    capacity=st.integers(1, 60),
    block_size=st.sampled_from([1, 4, 16]),
    limit=st.none() | st.integers(1, 5),
)
@example(rows=[Row(0, 1), Row(0, 0), Row(1, 0), Row(1, -1)], capacity=9, block_size=1, limit=None)
def test_every_row_read_is_kept_or_counted_as_dropped(
    rows: list[Row], capacity: int, block_size: int, limit: int | None
) -> None:
    source: Iterator[Row] = iter(rows)
    selection = keep_usable(source, capacity, block_size, limit)
    assert selection.rows_read == len(selection.rows) + selection.dropped.total
    before = rows[: selection.rows_read]
    assert selection.dropped.empty_prompt == sum(row.prompt_len < 1 for row in before)
    assert selection.dropped.empty_output == sum(
        row.prompt_len >= 1 and row.output_len < 1 for row in before
    )
    assert len(list(source)) == len(rows) - selection.rows_read
    read = rows[: selection.rows_read]
    fitting = [row for row in read if fits(row, capacity, block_size)]
    assert list(selection.rows) == fitting
    if limit is None:
        assert read == rows
    elif len(fitting) == limit:
        assert fits(read[-1], capacity, block_size)
    else:
        assert len(fitting) < limit
        assert read == rows


def fits(row: Row, capacity: int, block_size: int) -> bool:
    """Whether a row fits into the cache, counted block by block."""
    if row.prompt_len < 1 or row.output_len < 1:
        return False
    held = 0
    while held < row.prompt_len + row.output_len:
        held += block_size
    return held <= capacity


def test_the_lmsys_and_azure_files_give_their_known_numbers() -> None:
    lmsys = build_instance(lmsys_file(), capacity=16_492, requests=2000, prediction=Rough(1, 1000))
    assert len(lmsys.instance.requests) == 2000
    assert lmsys.rows_read == 2000 + lmsys.dropped.total
    everything = build_instance(lmsys_file(), capacity=16_492, prediction=Exact())
    assert (everything.rows_read, len(everything.instance.requests)) == (100_000, 99_849)
    assert everything.dropped == Dropped(empty_prompt=4, empty_output=147)
    azure = build_instance(azure_file(), capacity=65_536, prediction=Bins(10))
    assert (azure.rows_read, azure.dropped.total) == (19_366, 0)
    longest = max(request.output_len for request in azure.instance.requests)
    assert max(request.upper or 0 for request in azure.instance.requests) == longest == 1000


def test_a_workload_has_the_span_of_its_trace(tmp_path: Path) -> None:
    trace = tmp_path / "trace.csv"
    trace.write_text(
        "arrived_at,num_prefill_tokens,num_decode_tokens\n7.5,1,2\n5,1,2\n9.25,1,2\n1,0,2\n"
    )
    assert build_instance(trace, capacity=9).span_ns == 4_250_000_000
    assert build_instance("chat", capacity=2**14, requests=3).span_ns is None
    with pytest.raises(InvalidValue, match=r"^time_unit is 's', but chat is no trace"):
        build_instance("chat", capacity=2**14, requests=3, time_unit="s")


@pytest.mark.parametrize("source", ["chat", "code"])
def test_an_argument_that_is_left_out_has_its_documented_default(source: str) -> None:
    """The defaults of the functions are those of the command line and of the README."""
    rows = select_rows(source, capacity=16_492, block_size=1, requests=50, seed=0)
    assert select_rows(source, requests=50) == rows
    whole = workload_from_selection(
        rows,
        source,
        capacity=16_492,
        block_size=1,
        requests=50,
        seed=0,
        prediction=Bins(10),
        arrivals=AtOnce(),
    )
    assert workload_from_selection(rows, source, requests=50) == whole
    assert build_instance(source, requests=50) == whole
    assert instance_from_rows(rows.rows) == whole.instance
    assert (whole.instance.capacity, whole.instance.block_size) == (16_492, 1)


class Seed(TypedDict, total=False):
    """A seed that is given or left out."""

    seed: int


def test_a_seed_that_is_left_out_is_0() -> None:
    """Also of the random choices that the default prediction and arrivals do without."""
    selection = select_rows("chat", requests=20)
    guess, law = "varying:0.5", "poisson:0.5"

    def made(seed: Seed) -> list[Instance]:
        whole = build_instance("chat", requests=20, prediction=guess, arrivals=law, **seed)
        second = workload_from_selection(selection, "", prediction=guess, arrivals=law, **seed)
        return [
            whole.instance,
            second.instance,
            instance_from_rows(selection.rows, prediction=guess, arrivals=law, **seed),
        ]

    assert made({}) == made({"seed": 0})
    assert all(zero != one for zero, one in zip(made({}), made({"seed": 1}), strict=True))


def test_a_row_that_fills_the_cache_to_the_token_is_kept() -> None:
    assert keep_usable([Row(1, 2), Row(2, 2)], 3) == Selection((Row(1, 2),), 2, Dropped(0, 0, 1))


def test_a_capacity_into_which_41_of_4096_requests_fit_is_the_smallest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One in a hundred of the probed requests: 40 are fewer, 41 are not."""
    wide = replace(CHAT, prompt_quantiles=tuple(range(1000, 10**9, 10**7))[:98] + (10**9,) * 5)
    monkeypatch.setattr("amin_ref.workloads.build.EMBEDDED", {"chat": wide})
    probed = islice(wide.draw(np.random.default_rng(0)), 4096)
    smallest = sorted(row.prompt_len + row.output_len for row in probed)[40]
    assert len(select_rows("chat", capacity=smallest, requests=1).rows) == 1
    with pytest.raises(InvalidWorkload, match=r"'chat': only 40 of 4096 requests drawn fit"):
        select_rows("chat", capacity=smallest - 1, requests=1)


def test_ten_million_requests_are_the_most() -> None:
    assert MOST_REQUESTS == 10_000_000

"""All searches end by the same protocol: ``time_limit``, ``should_stop``, ``progress``."""

from __future__ import annotations

import ast
import inspect
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import oracle
from amin_ref import Instance, InvalidValue, Request
from oracle.deadline import Deadline
from oracle.heuristics.best_schedule import best_schedule
from oracle.programme.branch_and_cut import solve
from oracle.ratio.worst_case import worst_case
from oracle.search.branch_and_bound import search

ONE = Instance(10, (Request("only", 2, 3),))

SECONDS = st.floats(0, 1e6)


def ticking(step: float = 1.0) -> Callable[[], float]:
    """A clock that starts at 0 and advances by ``step`` seconds with each call."""

    def ticks() -> Iterator[float]:
        now = 0.0
        while True:
            yield now
            now += step

    return ticks().__next__


SIGNATURES = [
    inspect.signature(search_for)
    for search_for in (
        oracle.optimum,
        oracle.lower_bound,
        worst_case,
        best_schedule,
        search,
        solve,
    )
]

LIMITED: dict[str, Callable[[float], object]] = {
    "optimum": lambda seconds: oracle.optimum(ONE, time_limit=seconds),
    "lower_bound": lambda seconds: oracle.lower_bound(ONE, time_limit=seconds),
    "best_schedule": lambda seconds: best_schedule(ONE, time_limit=seconds),
    "search": lambda seconds: search(ONE, time_limit=seconds),
    "solve": lambda seconds: solve(ONE, time_limit=seconds),
}


@pytest.mark.parametrize("signature", SIGNATURES, ids=str)
def test_arguments_have_the_same_names_everywhere(signature: inspect.Signature) -> None:
    names = set(signature.parameters)
    assert {"time_limit", "should_stop"} <= names
    assert not {"stop", "deadline", "limit", "seconds", "on_progress", "callback"} & names


@pytest.mark.parametrize("name", LIMITED)
@pytest.mark.parametrize(
    "time_limit", [-1, -0.001, math.nan, math.inf, -math.inf, "60", None, True, 1j]
)
def test_all_searches_refuse_a_bad_time_limit_in_the_same_sentence(
    name: str, time_limit: float
) -> None:
    with pytest.raises(InvalidValue, match=r"^time_limit is ") as refused:
        LIMITED[name](time_limit)
    rule = "but it must be a finite number of seconds, 0 or more; give for example 60.0."
    assert str(refused.value).endswith(rule)


@pytest.mark.parametrize("name", LIMITED)
@pytest.mark.parametrize("time_limit", [0, 0.0, 1])
def test_whole_numbers_of_seconds_are_accepted(name: str, time_limit: float) -> None:
    assert LIMITED[name](time_limit) is not None


def reads_a_clock(source: str) -> bool:
    """Whether the source uses anything of the module ``time`` but ``sleep``."""
    return any(
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "time"
        and node.attr != "sleep"
        for node in ast.walk(ast.parse(source))
    )


def test_no_other_module_of_the_oracle_reads_a_clock_to_stop_or_checks_a_time_limit() -> None:
    package = Path(oracle.__file__).parent
    searching = ("deadline.py", "heuristics", "portfolio.py", "prices", "programme", "search")
    files = [
        file
        for name in searching
        for file in ([package / name] if name.endswith(".py") else (package / name).glob("*.py"))
    ]
    assert len(files) > 15
    text = {file.name: file.read_text(encoding="utf-8") for file in files}
    reading = {name for name in text if reads_a_clock(text[name])}
    checking = {name for name in text if re.search(r'InvalidValue\(\s*"time_limit"', text[name])}
    assert reading == checking == {"deadline.py"}


@given(seconds=SECONDS, part=SECONDS, extra=SECONDS, now=SECONDS)
def test_a_part_ends_no_later_and_an_extension_no_earlier(
    seconds: float, part: float, extra: float, now: float
) -> None:
    deadline = Deadline(0.0, seconds, lambda: now)
    assert deadline.within(part).ends == min(seconds, now + part)
    assert deadline.extended(extra).ends == max(seconds, now) + extra
    assert deadline.passed == (now >= seconds)
    assert deadline.remaining == max(0.0, seconds - now)
    assert 0 <= deadline.elapsed <= 1
    assert deadline.passed == (deadline.remaining == 0) == (deadline.elapsed == 1)


def test_a_deadline_passes_when_its_clock_reaches_it() -> None:
    deadline = Deadline.after(4, clock=ticking())
    assert [deadline.passed for _ in range(5)] == [False, False, False, True, True]
    assert Deadline.after(0, clock=lambda: 7.0).passed


def test_should_stop_ends_a_deadline_and_its_parts_early() -> None:
    asked: list[bool] = []

    def should_stop() -> bool:
        asked.append(len(asked) >= 2)
        return asked[-1]

    deadline = Deadline.after(1e6, should_stop, clock=lambda: 0.0)
    assert [deadline.passed, deadline.within(5).passed, deadline.extended(5).passed] == [
        False,
        False,
        True,
    ]
    assert deadline.remaining == 1e6, "should_stop does not change the seconds left"


def test_an_unlimited_deadline_ends_only_by_should_stop() -> None:
    clock = ticking(1e9)
    assert not Deadline.unlimited(clock=clock).passed
    assert Deadline.unlimited(clock=clock).elapsed == 0
    assert Deadline.unlimited(lambda: True, clock).passed

"""Work per round, counted in executed lines: the same number on every machine (T14)."""

from __future__ import annotations

import sys
from types import FrameType

import pytest

from amin_ref import Amin
from oracle.claims.rounds import Backlog, play


class LineCount:
    """Counts the lines that run in the policies, as a trace function."""

    def __init__(self) -> None:
        self.lines = 0

    def __call__(self, frame: FrameType, event: str, _: object) -> LineCount | None:
        if "policies" not in frame.f_code.co_filename:
            return None
        self.lines += event == "line"
        return self


def lines_per_round(backlog: Backlog) -> list[int]:
    counts = []
    for now, ask in enumerate(play(Amin(), backlog)):
        if now == backlog.rounds:
            break
        count = LineCount()
        before = sys.gettrace()
        sys.settrace(count)
        try:
            ask()
        finally:
            sys.settrace(before)
        counts.append(count.lines)
    return counts


@pytest.mark.theorem("T14")
@pytest.mark.parametrize("lower", [1, 50])
def test_a_round_runs_the_same_lines_however_many_wait(lower: int) -> None:
    few = lines_per_round(Backlog(300, 2048, rounds=150, lower=lower))
    many = lines_per_round(Backlog(6000, 2048, rounds=150, lower=lower))
    # In round 0 all requests arrive; from round 1 on the same requests run in both cases.
    assert many[1:] == few[1:]
    assert sum(few[1:]) > 0


@pytest.mark.theorem("T14")
def test_lines_of_a_round_grow_in_proportion_to_the_cache() -> None:
    small, large = (
        sum(lines_per_round(Backlog(m // 8, m, rounds=100))[50:]) for m in (4_096, 32_768)
    )
    # M log M would be 8 · 15/12 = 10 times as much.
    assert large < 10 * small

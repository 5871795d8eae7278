"""Progress is drawn on a terminal, and the count of every command reaches its total."""

from __future__ import annotations

import io
import json
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Event

import click
import pytest
from rich.progress import Progress, ProgressColumn

from amin_ref import Instance
from amin_ref.cli import progress
from amin_ref.cli.application import application
from amin_ref.cli.bound import PIECES_PER_WORKER, _Improvements, best_known, proven_bound
from amin_ref.cli.exit_codes import run
from amin_ref.cli.messages import quiet_flag
from amin_ref.cli.progress import Watch, asked_to_stop, busy, solving, watching
from amin_ref.cli.signals import ENDING, received, was_asked_to_stop
from oracle import Certificate, Method, Optimum, lower_bound, optimum, verify
from tests.cli.test_drive import AMIN, stdin_policy
from tests.support.project import PROJECT


class Screen(io.StringIO):
    """Standard error as a terminal."""

    def isatty(self) -> bool:
        return True

    def shows(self, text: str) -> bool:
        """Whether the text appears within ten seconds."""
        until = time.monotonic() + 10
        while text not in self.plain and time.monotonic() < until:
            time.sleep(0.01)
        return text in self.plain

    @property
    def plain(self) -> str:
        """What was drawn, without colours and movements of the cursor."""
        return re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", self.getvalue())


def screen_in(monkeypatch: pytest.MonkeyPatch, silent_seconds: float = 0.0) -> Screen:
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr("amin_ref.cli.progress.SILENT_SECONDS", silent_seconds)
    return screen


def test_a_terminal_shows_the_count_and_the_total(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = screen_in(monkeypatch)
    with watching(4_000, "simulating") as watch:
        watch.update(17, "amin")
        assert screen.shows("17/4000")
        assert "amin" in screen.plain
        watch.update(18, "amax")
        assert screen.shows("18/4000")
        assert "amax" in screen.plain
    # The line is erased, and the cursor shown again.
    assert screen.getvalue().rstrip("\r\n").endswith("\x1b[2K")
    assert screen.getvalue().rfind("\x1b[?25h") > screen.getvalue().rfind("\x1b[?25l") >= 0


def test_a_terminal_shows_the_present_step(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = screen_in(monkeypatch)
    with busy("preparing chat"):
        assert screen.shows("preparing chat")
    with solving(10.0) as watch:
        watch.update(5.0, "bound 12")
        assert screen.shows("bound 12")
    assert "XX" not in screen.plain


def test_a_display_that_begins_late_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work ends while the display begins: the end waits for the beginning."""
    screen = screen_in(monkeypatch)
    begins, begin = Event(), Progress.start

    def begin_late(progress: Progress) -> None:
        begins.set()
        time.sleep(0.2)
        begin(progress)

    monkeypatch.setattr(Progress, "start", begin_late)
    with busy("reading"):
        assert begins.wait(10)
    time.sleep(0.4)
    assert screen.getvalue().rfind("\x1b[?25h") > screen.getvalue().rfind("\x1b[?25l") >= 0


def test_quick_work_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = screen_in(monkeypatch, silent_seconds=600.0)
    with watching(3, "simulating") as watch, busy("reading"), solving(1.0):
        watch.update(3, "done")
    assert screen.getvalue() == ""


@pytest.mark.parametrize("flags", [[], ["--quiet"]])
def test_a_quiet_command_draws_nothing(flags: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    screen = screen_in(monkeypatch)
    drawn: list[bool] = []

    def work() -> None:
        with busy("reading"):
            if flags:
                time.sleep(0.2)
            drawn.append(not flags and screen.shows("reading"))

    assert run(click.Command("work", callback=work, params=[quiet_flag()]), flags) == 0
    assert drawn == [not flags]
    assert ("reading" in screen.plain) == (not flags)


def test_nothing_is_drawn_without_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("amin_ref.cli.progress.SILENT_SECONDS", 0.0)
    with watching(3, "simulating") as watch, busy("reading"), solving(1.0):
        watch.update(1, "amin")
        time.sleep(0.1)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("is_terminal", [True, False])
def test_without_a_terminal_a_sentence_says_what_takes_long(
    is_terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    screen = screen_in(monkeypatch) if is_terminal else None
    monkeypatch.setattr("amin_ref.cli.slow.SILENT_SECONDS", 0.02)
    with watching(3, "the count"), busy("the reading"), solving(9.0):
        time.sleep(0.2)
    said = capsys.readouterr().err if screen is None else screen.plain
    for work in ("the count", "the reading", "the search, with a time limit of 9 s,"):
        assert (f"{work} takes longer than 0.02 seconds" in said) == (not is_terminal)


class Counted:
    """Stands for a line of progress, and records what the line would show."""

    all: list[Counted]

    def __init__(self, _progress: Progress, doing: str, total: float | None) -> None:
        self.doing, self.total = doing, total
        self.shown: list[tuple[float, str]] = []
        Counted.all.append(self)

    def update(self, completed: float, doing: str) -> None:
        self.shown.append((completed, doing))

    @classmethod
    def works(cls) -> list[Counted]:
        """The lines that count requests, runs or portions of work."""
        return [one for one in cls.all if one.total is not None and not one.doing and one.shown]


@pytest.fixture(autouse=True)
def _counted(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    Counted.all = []
    if "counts" in request.node.name:
        monkeypatch.setattr("amin_ref.cli.progress.Watch", Counted)


SMALL = ["--requests", "20", "--capacity", "3000"]


@pytest.mark.parametrize(("line", "total", "last"), [
    (["simulate", *SMALL, "--policy", "amax"], 20, "amax"),
    (["compare", *SMALL, "--policies", "amin,amax,fcfs"], 60, "fcfs"),
    (["compare", *SMALL, "--policies", "amin,fcfs", "--seeds", "3"], 120, "fcfs"),
    (["worst-case", "--prompt", "1", "--lower", "1", "--upper", "3", "--capacity", "4",
      "--requests", "3"], None, "amin"),
])  # fmt: skip
def test_a_command_counts_its_work_to_the_end(
    line: list[str], total: int | None, last: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(application, line) == 0
    capsys.readouterr()
    (work,) = Counted.works()
    assert total in (None, work.total)
    done = [completed for completed, _ in work.shown]
    assert done == sorted(done)
    assert work.shown[-1] == (work.total, last)
    assert done[0] < done[-1] or work.total == 1


def test_a_comparison_with_bounds_counts_each_seed_by_itself(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each search for a bound has a line of its own; the count continues after it."""
    line = ["compare", *SMALL, "--policies", "amin,fcfs", "--seeds", "2"]
    assert run(application, [*line, "--bound", "--time-limit", "0"]) == 0
    capsys.readouterr()
    works = [work for work in Counted.works() if work.shown[-1][1] == "fcfs"]
    assert [work.total for work in works] == [80, 80]
    assert [work.shown[-1][0] for work in works] == [40, 80]
    assert works[1].shown[0][0] > 40


@pytest.mark.parametrize("flags", [[], ["--bound"], ["--report", "out.html"]])
def test_lines_of_progress_stand_alone(
    flags: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal shows one display at a time."""
    shown: list[str] = []
    beside: list[tuple[str, ...]] = []
    original = progress._shown

    @contextmanager
    def noted(
        doing: str, columns: tuple[ProgressColumn, ...], total: float | None, slow: str
    ) -> Iterator[Watch]:
        beside.append(tuple(shown))
        shown.append(slow)
        with original(doing, columns, total, slow) as watch:
            yield watch
        shown.remove(slow)

    monkeypatch.setattr("amin_ref.cli.progress._shown", noted)
    monkeypatch.setattr("amin_ref.cli.comparing.write_report", lambda *_, **__: None)
    monkeypatch.setattr("amin_ref.cli.compare.refuse_what_cannot_be_made", lambda _: None)
    limit = ["--time-limit", "0"] if flags else []
    line = ["compare", *SMALL, "--policies", "amin,fcfs", "--seeds", "3", *flags, *limit]
    assert run(application, line) == 0
    capsys.readouterr()
    assert set(beside) == {()}
    # Without bounds one line counts all seeds; with bounds each seed is built, counted, bounded.
    assert len(beside) == (9 if flags else 2)


def test_a_family_counts_the_requests_of_two_policies(capsys: pytest.CaptureFixture[str]) -> None:
    line = ["worst-case", "--family", "staggered", "--upper", "4", "--time-limit", "0", "--json"]
    assert run(application, line) == 0
    requests = json.loads(capsys.readouterr().out)["requests"]
    (work,) = [one for one in Counted.works() if one.shown[-1][1] == "h-sf"]
    assert work.total == 2 * requests
    done = [completed for completed, _ in work.shown]
    assert done == sorted(done)
    assert done[0] < done[-1] == 2 * requests


def test_a_report_counts_the_requests_of_every_seed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amin_ref.cli.report.write_report", lambda *_, **__: None)
    line = ["report", str(tmp_path / "out.html"), *SMALL, "--time-limit", "0", "--seeds", "3"]
    assert run(application, [*line, "--policies", "amin,fcfs"]) == 0
    capsys.readouterr()
    works = [work for work in Counted.works() if work.shown[-1][1] == "fcfs"]
    (work,) = works
    assert (work.total, work.shown[-1][0]) == (120, 120)
    done = [completed for completed, _ in work.shown]
    assert done == sorted(done)


def test_drive_counts_the_completed_requests(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    file = tmp_path / "instance.json"
    file.write_text(Instance.from_lengths([(1, 2), (1, 2)], capacity=3).to_json())
    assert run(application, ["drive", "--instance", str(file), "--", *stdin_policy(AMIN)]) == 0
    capsys.readouterr()
    (work,) = [one for one in Counted.works() if one.shown[-1][1] == "instance.json"]
    assert (work.total, work.shown[-1]) == (2, (2, "instance.json"))


def test_a_search_counts_its_seconds_and_may_be_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []

    def searching(
        instance: Instance,
        time_limit: float,
        method: Method,
        *,
        progress: Callable[[int, int], None],
        should_stop: Callable[[], bool],
        executor: Executor | None,
        in_flight: int,
    ) -> Optimum:
        progress(1_200, 1_000)
        given.extend([method, executor, in_flight, should_stop()])
        signal.raise_signal(signal.SIGINT)
        given.append(should_stop())
        return optimum(instance, time_limit)

    monkeypatch.setattr("oracle.optimum", searching)
    instance = Instance.from_lengths([(1, 2), (1, 2)], capacity=3)
    found = best_known(instance, 7.0, method="search")
    assert found.interrupted
    assert found.optimum.total_latency == 6
    assert given == ["search", None, PIECES_PER_WORKER, False, True]
    (work,) = Counted.works()
    assert work.total == 7.0
    ((seconds, doing),) = work.shown
    assert 0 <= seconds < 60
    assert doing == "bound 1,000, best 1,200, gap 20.00 %"
    monkeypatch.setattr("amin_ref.cli.bound.processes", lambda _: nullcontext())
    given.clear()
    best_known(instance, 7.0, workers=3)
    assert given[:3] == ["auto", None, 3 * PIECES_PER_WORKER]


def test_a_bound_counts_its_seconds_and_is_proved_by_its_certificate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[bool] = []

    def searching(
        instance: Instance,
        *,
        time_limit: float,
        progress: Callable[[float], None],
        should_stop: Callable[[], bool],
    ) -> Certificate:
        progress(1_000.0)
        asked.append(should_stop())
        return lower_bound(instance, time_limit=0)

    monkeypatch.setattr("oracle.lower_bound", searching)
    instance = Instance.from_lengths([(1, 2), (1, 2)], capacity=3)
    found = proven_bound(instance, 7.0)
    assert (found.interrupted, asked) == (False, [False])
    assert found.total_latency == verify(instance, found.certificate)
    (work,) = Counted.works()
    assert (work.total, work.shown[0][1]) == (7.0, "lower bound 1,000")


def test_a_line_that_counts_seconds_shows_a_bound_or_a_gap() -> None:
    watch = Counted(Progress(), "", 1.0)
    improvements = _Improvements(watch)  # type: ignore[arg-type]  # has the methods of a Watch
    improvements.bound(12_345.6)
    improvements.both(2, 0)
    assert [doing for _, doing in watch.shown] == [
        "lower bound 12,346",
        "bound 0, best 2, gap 200.00 %",
    ]
    assert all(0 <= seconds < 60 for seconds, _ in watch.shown)


@pytest.mark.parametrize("number", ENDING)
def test_the_first_signal_requests_a_stop_and_the_second_interrupts(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    handled: list[int] = []

    def handler(arrived: int, _frame: object) -> None:
        handled.append(arrived)
        raise KeyboardInterrupt

    signal.signal(number, handler)
    try:
        with click.Context(click.Command("work")).scope(), asked_to_stop() as was_asked:
            assert not was_asked()
            assert not was_asked_to_stop()
            assert received() is None
            signal.raise_signal(number)
            assert was_asked()
            assert was_asked_to_stop()
            assert received() == number
            assert handled == []
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(number)
            assert handled == [number]
        assert signal.getsignal(number) is handler
        signal.signal(number, signal.SIG_DFL)
        with asked_to_stop() as was_asked:
            signal.raise_signal(number)
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(number)
    finally:
        signal.signal(number, before)

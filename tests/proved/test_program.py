"""Each way in which the program may fail to answer has a sentence, and the rest is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from amin_ref import Amin, Instance, Machine, Request, Run, Schedule, simulate
from amin_ref.proved import NotCovered
from amin_ref.proved.program import (
    ProgramFailed,
    ProvedProgram,
    instance_in_words,
    refuse_uncovered_schedule,
)
from tests.proved.fake_compiler import ANSWERS_VALID

INSTANCE = Instance(
    8, (Request("a", 3, 4, lower=2, upper=5), Request("b", 2, 2, arrival=1)), block_size=2
)
SCHEDULE = simulate(INSTANCE, Amin())


def program(folder: Path, script: str) -> ProvedProgram:
    file = folder / "program"
    file.write_text(script, encoding="utf-8")
    file.chmod(0o755)
    return ProvedProgram(file)


def test_an_instance_in_words() -> None:
    assert instance_in_words(INSTANCE) == ["8 2 2", "3 4 2 5 0 0", "2 2 1 - 1 1"]


def test_the_question_has_the_instance_and_the_runs(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    started = program(tmp_path, f"#!/bin/sh\nhead -n 7 > {asked}\necho invalid\ncat > /dev/null\n")
    assert not started.accepts(SCHEDULE)
    started.close()
    runs = [f"{'ab'.index(str(run.request))} {run.start} {run.stop} 1" for run in SCHEDULE.runs]
    words = asked.read_text(encoding="utf-8").split("\n")
    assert words == ["K", *instance_in_words(INSTANCE), "2", *runs, ""]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("#!/bin/sh\nkill -9 $$\n", "was killed by SIGKILL"),
        (
            "#!/bin/sh\necho 'Fatal error: Stack_overflow' >&2; exit 2\n",
            "exited with code 2; .*Sta",
        ),
        ("#!/bin/sh\nread line; echo perhaps; cat > /dev/null\n", "'perhaps', which is no verdict"),
        ("#!/bin/sh\nread line; sleep 60\n", r"did not answer within 0\.3 s"),
        ("no program", "exited with code"),
    ],
)
def test_a_program_that_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, said: str
) -> None:
    if "sleep" in script:
        monkeypatch.setattr("amin_ref.proved.program.LONGEST_ANSWER", 0.3)
    started = program(tmp_path, script)
    with pytest.raises(ProgramFailed, match=said):
        started.accepts(SCHEDULE)
    started.close()


def test_a_bound_that_is_no_number(tmp_path: Path) -> None:
    started = program(tmp_path, ANSWERS_VALID)
    with pytest.raises(ProgramFailed, match="'valid', which is no number"):
        started.certified(INSTANCE, ["1 0"])
    started.close()


LOGGED = replace(INSTANCE, requests=INSTANCE.requests[:1])


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        (simulate(replace(INSTANCE, machine=Machine(max_running=1)), Amin()), "max_running=1"),
        (Schedule(LOGGED, (Run("a", 0, 4, "completed", (3, 1, 1, 1)),)), "'computed'"),
        (Schedule(LOGGED, (Run("a", 0, 2, "aborted"),), aborted={"a": 2}), "aborted requests"),
        (Schedule(LOGGED, (Run("a", 0, 2, "evicted"),), ended=2), "unfinished requests"),
        (Schedule(LOGGED, (Run("a", 0, 4, "completed"),), held=(4, 6, 6, 8)), "'held'"),
    ],
)
def test_what_the_theorem_does_not_speak_of_is_refused(schedule: Schedule, said: str) -> None:
    with pytest.raises(NotCovered, match=f"does not cover .*{said}.*; leave out --proved"):
        refuse_uncovered_schedule(schedule)

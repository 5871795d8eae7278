"""``check --proved`` and ``verify --proved``: agreement, refusal, difference; exit codes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from amin_ref import Amin, Instance, Machine, Request, Run, Schedule, simulate
from amin_ref.cli.application import application
from amin_ref.cli.exit_codes import run
from amin_ref.cli.proved import STEPS_OF_A_BRACKET, certificate_in_words
from oracle import Certificate, Stretch, verify
from oracle.certificate import Share
from tests.proved.fake_compiler import ANSWERS_VALID, FakeCompiler
from tests.support.printed import unwrapped

INSTANCE = Instance(8, (Request("a", 3, 4), Request("b", 2, 2, arrival=1)))
VALID = simulate(INSTANCE, Amin())
OVERFULL = Schedule(INSTANCE, (Run("a", 0, 4, "completed"), Run("b", 1, 3, "completed")))
LATER = Schedule(INSTANCE, (*VALID.runs, Run("b", 20, 21, "evicted")))
PRICES = Stretch(0, (0, 9, 9, 2))
CERTIFICATE = Certificate(INSTANCE, 10, (PRICES,))
ANSWERS_INVALID = ANSWERS_VALID.replace("valid", "invalid")


def answers(number: int) -> str:
    return ANSWERS_VALID.replace("valid", str(number))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "document.json"


def check(file: Path, schedule: Schedule, *flags: str) -> int:
    file.write_text(schedule.to_json(), encoding="utf-8")
    return run(application, ["check", str(file), "--proved", *flags])


def verified(file: Path, certificate: Certificate, *flags: str) -> int:
    file.write_text(certificate.to_json(), encoding="utf-8")
    return run(application, ["verify", str(file), "--proved", *flags])


@pytest.mark.parametrize(
    ("schedule", "script", "code", "said"),
    [
        (VALID, ANSWERS_VALID, 0, "The proved checker says: valid. The program is extracted"),
        (OVERFULL, ANSWERS_INVALID, 1, "The proved checker says: not valid. The program is"),
        (LATER, ANSWERS_VALID, 1, "valid. Section 2 of the specification, which it checks, has no"),
    ],
)
def test_a_verdict_is_confirmed(
    compiler: FakeCompiler,
    capsys: pytest.CaptureFixture[str],
    file: Path,
    schedule: Schedule,
    script: str,
    code: int,
    said: str,
) -> None:
    compiler.makes(script)
    assert check(file, schedule) == code
    printed = unwrapped(capsys.readouterr().out)
    assert said in printed
    assert "its theorem is checker_is_right. Trusted: Coq's kernel; the definitions of" in printed
    assert check(file, schedule, "--json") == code
    proved = json.loads(capsys.readouterr().out)["proved"]
    assert proved["answer"] == (script == ANSWERS_VALID)
    assert proved["theorem"] == "checker_is_right"
    assert proved["trusted"] in printed


def test_a_bound_is_confirmed(
    compiler: FakeCompiler, capsys: pytest.CaptureFixture[str], file: Path
) -> None:
    proven = verify(INSTANCE, CERTIFICATE)
    compiler.makes(answers(proven))
    assert verified(file, CERTIFICATE) == 0
    printed = unwrapped(capsys.readouterr().out)
    assert f"The proved program says: the prices prove {proven}." in printed
    assert "its theorem is T11. Trusted: Coq's kernel;" in printed
    assert verified(file, CERTIFICATE, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["proved"]["answer"] == document["proven_by_prices"] == proven


def test_answers_that_differ_are_a_bug(
    compiler: FakeCompiler, capfd: pytest.CaptureFixture[str], file: Path
) -> None:
    assert check(file, OVERFULL) == 70
    said = "ProgramsDiffer: the proved checker says valid, and amin_ref.check not valid: ['within-"
    assert said in capfd.readouterr().err


def test_a_valid_schedule_that_is_not_accepted_is_a_bug(
    compiler: FakeCompiler, capfd: pytest.CaptureFixture[str], file: Path
) -> None:
    compiler.makes(ANSWERS_INVALID)
    assert check(file, VALID) == 70
    assert "the proved checker says not valid, and amin_ref" in capfd.readouterr().err


def test_bounds_that_differ_are_a_bug(
    compiler: FakeCompiler, capfd: pytest.CaptureFixture[str], file: Path
) -> None:
    proven = verify(INSTANCE, CERTIFICATE)
    compiler.makes(answers(proven + 1))
    assert verified(file, CERTIFICATE) == 70
    said = f"the proved program says {proven + 1}, and oracle.verify {proven}"
    assert said in capfd.readouterr().err


SHARE = Share(1, 2, 0, 3, (1, 0, 1, 1))


@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        (replace(CERTIFICATE, stretches=()), "10 0"),
        (CERTIFICATE, "10 1 0 4 0 9 9 2 0"),
        (
            replace(CERTIFICATE, stretches=(PRICES, Stretch(9, (1,)))),
            "10 2 0 4 0 9 9 2 0 9 1 1 0",
        ),
        (
            replace(CERTIFICATE, stretches=(replace(PRICES, shares=(SHARE,)),)),
            "10 1 0 4 0 9 9 2 1 1 2 0 3 1 0 1 1",
        ),
    ],
)
def test_the_program_reads_stretches_and_shares(certificate: Certificate, words: str) -> None:
    """As ``main.ml`` says: d k, and for each stretch first T c_0 … n, for each share m d x lead."""
    assert " ".join(certificate_in_words(certificate)) == words


def test_a_certificate_of_another_machine_is_not_covered(
    compiler: FakeCompiler, capsys: pytest.CaptureFixture[str], file: Path
) -> None:
    limited = replace(INSTANCE, machine=Machine(max_running=1))
    assert verified(file, replace(CERTIFICATE, instance=limited)) == 2
    error = capsys.readouterr().err
    assert "only the paper's machine; leave out" in error
    assert error.count("\n") == 1
    assert compiler.compilations() == 0


def test_a_schedule_of_another_machine_is_not_covered(
    compiler: FakeCompiler, capsys: pytest.CaptureFixture[str], file: Path
) -> None:
    assert check(file, VALID, "--after-eviction", "resume") == 2
    assert "does not cover the machine Machine(after_eviction='resume')" in capsys.readouterr().err
    assert compiler.compilations() == 0


def test_a_schedule_without_runs_is_confirmed_not_to_be_valid(
    compiler: FakeCompiler, capsys: pytest.CaptureFixture[str], file: Path
) -> None:
    compiler.makes(ANSWERS_INVALID)
    assert check(file, Schedule(INSTANCE, ())) == 1
    assert "The proved checker says: not valid." in capsys.readouterr().out


def test_without_the_flag_the_program_is_not_asked(
    compiler: FakeCompiler, capsys: pytest.CaptureFixture[str], file: Path
) -> None:
    file.write_text(VALID.to_json(), encoding="utf-8")
    assert run(application, ["check", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["proved"] is None
    assert compiler.compilations() == 0


def test_failures_are_one_sentence_each(
    compiler: FakeCompiler,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    file: Path,
) -> None:
    compiler.makes("#!/bin/sh\nkill -9 $$\n")
    assert check(file, VALID) == 2
    killed = capsys.readouterr().err
    compiler.cache.joinpath("amin-ref").rename(compiler.cache / "away")
    monkeypatch.setenv("PATH", "")
    assert check(file, VALID) == 2
    missing = capsys.readouterr().err
    for error in (killed, missing):
        assert error.startswith("amin-ref: the proved program ")
        assert error.count("\n") == 1
    assert "was killed by SIGKILL" in killed
    assert "there is no 'ocamlfind'" in missing


def test_a_cache_that_cannot_be_written_ends_with_3(
    compiler: FakeCompiler,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    file: Path,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(file))
    assert check(file, VALID) == 3
    assert "the compiled program cannot be written to" in capsys.readouterr().err


def test_long_work_is_announced(
    compiler: FakeCompiler,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    file: Path,
) -> None:
    monkeypatch.setattr("amin_ref.cli.proved.SILENT_STEPS", 0)
    assert check(file, VALID) == 0
    assert "the proved checker takes about" in capsys.readouterr().err
    assert check(file, VALID, "--quiet") == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("schedule", "steps"), [
    (OVERFULL, 2 * (2 + 4)),
    (Schedule(INSTANCE, (*OVERFULL.runs, Run("b", 9, 11, "evicted"))), 3 * (3 + 11)),
])  # fmt: skip
def test_the_checker_is_announced_by_runs_and_rounds(
    compiler: FakeCompiler,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    file: Path,
    schedule: Schedule,
    steps: int,
) -> None:
    """It takes R · (R + last round) steps for R runs."""
    compiler.makes(ANSWERS_INVALID)
    for silent, is_announced in ((steps, False), (steps - 1, True)):
        monkeypatch.setattr("amin_ref.cli.proved.SILENT_STEPS", silent)
        assert check(file, schedule) == 1
        assert ("the proved checker takes about" in capsys.readouterr().err) == is_announced


@pytest.mark.parametrize(("stretches", "priced"), [
    ((PRICES, Stretch(9, (1,))), 4 + 1),
    ((replace(PRICES, shares=(SHARE,)),), 4 * 2),
    ((replace(PRICES, shares=(SHARE, SHARE)), Stretch(9, (1,))), 4 * 3 + 1),
])  # fmt: skip
def test_the_program_is_announced_by_requests_and_priced_rounds(
    compiler: FakeCompiler,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    file: Path,
    stretches: tuple[Stretch, ...],
    priced: int,
) -> None:
    """Each stretch is priced once, and once more for each of its shares."""
    certificate = replace(CERTIFICATE, stretches=stretches)
    compiler.makes(answers(verify(INSTANCE, certificate)))
    steps = STEPS_OF_A_BRACKET * len(INSTANCE.requests) * priced
    for silent, is_announced in ((steps, False), (steps - 1, True)):
        monkeypatch.setattr("amin_ref.cli.proved.SILENT_STEPS", silent)
        assert verified(file, certificate) == 0
        assert ("the proved program takes about" in capsys.readouterr().err) == is_announced


def test_short_work_is_not_announced(
    compiler: FakeCompiler, capsys: pytest.CaptureFixture[str], file: Path
) -> None:
    """Such as the 12 · (12 + 1,001) steps of the checker for a dozen runs."""
    runs = [Run("b", 20 + 2 * number, 21 + 2 * number, "evicted") for number in range(10)]
    compiler.makes(ANSWERS_INVALID)
    assert (
        check(file, Schedule(INSTANCE, (*VALID.runs, *runs, Run("b", 999, 1001, "evicted")))) == 1
    )
    assert capsys.readouterr().err == ""

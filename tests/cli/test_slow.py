"""A command that takes long prints a sentence about it, with and without a terminal."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from amin_ref import Instance, Run, Schedule
from amin_ref.cli import progress, slow, verify
from amin_ref.cli.application import application
from amin_ref.cli.exit_codes import run
from oracle import Certificate, Stretch
from tests.support.printed import unwrapped


@pytest.fixture
def silent_about_slow_commands() -> None:
    """Replaces the fixture that delays such sentences in all other tests."""


ONE = Instance.from_lengths([(1, 1)], capacity=2)
SCHEDULE = Schedule(ONE, [Run(0, 0, 1, "completed")])
PRICED_TOO_HIGH = Certificate(ONE, 1, (Stretch(0, (1,)),))
"""Started in round 0 the request costs 1 + 2, in round 1 it costs 2, and M times the price is 2."""


@pytest.mark.parametrize(("arguments", "text", "slow_call", "says"), [
    (["check"], SCHEDULE.to_json(), "amin_ref.cli.check.check", "checking '{file}'"),
    (["check"], SCHEDULE.to_json(), "amin_ref.cli.reading.read_schedule", "reading '{file}'"),
    (["conform", "--no-bound"], SCHEDULE.to_json(), "amin_ref.cli.conform.conform",
     "the replay of '{file}'"),
    (["schema", "schedule", "--validate"], SCHEDULE.to_json(), "amin_ref.cli.schema.validate",
     "validating '{file}'"),
    (["verify"], PRICED_TOO_HIGH.to_json(), "amin_ref.cli.verify.certificate_in",
     "reading '{file}'"),
    (["verify"], PRICED_TOO_HIGH.to_json(), "amin_ref.cli.verify.proven_by",
     "the verification of '{file}'"),
    (["simulate", "--workload"], ONE.to_json(), "amin_ref.cli.simulate.simulate",
     "simulating 1 request"),
])  # fmt: skip
@pytest.mark.parametrize("is_quiet", [False, True], ids=["told", "quiet"])
def test_work_that_takes_long_is_reported(
    arguments: list[str],
    text: str,
    slow_call: str,
    says: str,
    is_quiet: bool,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "file.json"
    file.write_text(text, encoding="utf-8")
    module, name = slow_call.rsplit(".", 1)
    quick = getattr(__import__(module, fromlist=[name]), name)

    def slowly(*given: object, **named: object) -> object:
        time.sleep(0.2)
        return quick(*given, **named)

    monkeypatch.setattr(slow_call, slowly)
    monkeypatch.setattr(slow, "SILENT_SECONDS", 0.02)
    assert run(application, [*arguments, str(file), *["--quiet"] * is_quiet]) == 0
    said = capsys.readouterr().err
    sentence = f"amin-ref: {says.format(file=file)} takes longer than 0.02 seconds; Ctrl-C ends it."
    assert said == "" if is_quiet else sentence in said.splitlines()


def test_quick_work_prints_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file.json"
    file.write_text(SCHEDULE.to_json(), encoding="utf-8")
    assert run(application, ["check", str(file)]) == 0
    assert capsys.readouterr().err == ""


def test_progress_and_sentences_wait_for_the_same_time() -> None:
    assert vars(progress)["SILENT_SECONDS"] == slow.SILENT_SECONDS == 2


def test_the_cost_of_a_large_certificate_is_printed_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "certificate.json"
    instance = Instance.from_lengths([(1, 1), (1, 2), (2, 1)], capacity=9)
    file.write_text(Certificate(instance, 1, (Stretch(0, (0,) * 50),)).to_json(), encoding="utf-8")
    monkeypatch.setattr(verify, "SILENT_OPERATIONS", 3 * 50 - 1)

    def interrupted(certificate: Certificate) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(verify, "proven_by", interrupted)
    assert run(application, ["verify", str(file)]) == 130
    assert capsys.readouterr().err.startswith(
        f"amin-ref: the certificate in '{file}' takes 150 additions: about "
    )
    monkeypatch.setattr(verify, "SILENT_OPERATIONS", 3 * 50)
    assert run(application, ["verify", str(file)]) == 130
    assert "additions" not in capsys.readouterr().err


def test_the_cost_of_a_small_certificate_is_not_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Such as 150 additions."""
    file = tmp_path / "certificate.json"
    instance = Instance.from_lengths([(1, 1), (1, 2), (2, 1)], capacity=9)
    file.write_text(Certificate(instance, 1, (Stretch(0, (0,) * 50),)).to_json(), encoding="utf-8")
    assert run(application, ["verify", str(file)]) == 0
    assert "additions" not in capsys.readouterr().err


def test_verify_prints_no_bound_below_the_sum_of_output_lengths(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "certificate.json"
    file.write_text(PRICED_TOO_HIGH.to_json(), encoding="utf-8")
    assert run(application, ["verify", str(file)]) == 0
    bound, why = unwrapped(capsys.readouterr().out).splitlines()
    assert bound.startswith("1 request·rounds at least")
    assert why == (
        "The prices prove less than no prices at all: 0. The bound above is the sum of the output "
        "lengths."
    )
    assert run(application, ["verify", "--json", str(file)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["lower_bound"], found["proven_by_prices"]) == (1, 0)

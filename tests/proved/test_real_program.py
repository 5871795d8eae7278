"""The program as a user compiles and asks it, from what the package has."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from amin_ref import Amin, InvalidValue, Schedule, check, simulate
from amin_ref.cli.application import application
from amin_ref.cli.exit_codes import run
from amin_ref.cli.proved import certificate_in_words
from amin_ref.proved import ProvedProgram, built_program
from oracle import lower_bound, verify
from tests.rocq.test_certificates import certified
from tests.rocq.test_differential import drawn, spoilt

pytestmark = pytest.mark.slow

INSTANCES = 300
"""Random schedules and certificates: some seconds."""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProvedProgram]:
    """The program, compiled into a cache folder of its own."""
    if shutil.which("ocamlfind") is None:
        pytest.skip("no ocamlfind: `apt-get install ocaml-findlib libzarith-ocaml-dev` brings it")
    if subprocess.run(["ocamlfind", "query", "zarith"], capture_output=True).returncode != 0:
        pytest.skip("no Zarith: `apt-get install libzarith-ocaml-dev` brings it")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        running = ProvedProgram(built_program())
        yield running
        running.close()


def test_verdicts_are_those_of_the_python(program: ProvedProgram) -> None:
    rng = random.Random("proved check")
    seen = set()
    for _ in range(INSTANCES):
        instance = drawn(rng, 12)
        try:
            schedule = Schedule(
                instance, tuple(spoilt(rng, instance, list(simulate(instance, Amin()).runs)))
            )
        except InvalidValue:
            continue
        broken = {found.rule for found in check(schedule)} - {"nothing-after-completion"}
        assert program.accepts(schedule) == (not broken)
        seen.add(not broken)
    assert seen == {True, False}


def test_bounds_are_those_of_the_python(program: ProvedProgram) -> None:
    rng = random.Random("proved verify")
    for _ in range(INSTANCES):
        instance = drawn(rng, 12)
        certificate = certified(rng, instance)
        bound = program.certified(instance, certificate_in_words(certificate))
        assert bound == verify(instance, certificate)


def test_commands(
    program: ProvedProgram, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    instance = drawn(random.Random(3), 12)
    schedule, certificate = tmp_path / "schedule.json", tmp_path / "certificate.json"
    schedule.write_text(simulate(instance, Amin()).to_json(), encoding="utf-8")
    certificate.write_text(lower_bound(instance, time_limit=0.2).to_json(), encoding="utf-8")
    assert run(application, ["check", str(schedule), "--proved"]) == 0
    assert run(application, ["verify", str(certificate), "--proved"]) == 0
    printed = capsys.readouterr().out
    assert "The proved checker says: valid." in printed
    assert "The proved program says: the prices prove" in printed

"""The plugin notices a verdict or a bound that differs from the proved one."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.project import PROJECT

pytestmark = pytest.mark.slow

MAKES_BOTH = """
from amin_ref import Amin, Instance, Request, simulate
from oracle import Certificate, Stretch

def test_makes_a_schedule_and_a_certificate():
    instance = Instance(8, (Request("a", 3, 4), Request("b", 2, 2, arrival=1)))
    simulate(instance, Amin())
    Certificate(instance, 10, (Stretch(0, (0, 1, 2)),))
"""

FAULTS = {
    "none": "",
    "verify": "every.verify = lambda instance, certificate: 1",
    "check": "every.check = lambda schedule: [type('Found', (), {'rule': 'within-capacity'})]",
}
"""Lines that replace what the plugin compares with."""


@pytest.mark.parametrize("fault", FAULTS)
def test_the_plugin_fails_a_test_exactly_on_a_difference(tmp_path: Path, fault: str) -> None:
    if shutil.which("ocamlfind") is None:
        pytest.skip("no ocamlfind: `apt-get install ocaml-findlib libzarith-ocaml-dev` brings it")
    (tmp_path / "conftest.py").write_text(f"from tests.rocq import every\n{FAULTS[fault]}\n")
    (tmp_path / "test_one.py").write_text(MAKES_BOTH)
    options = ("-p", "tests.rocq.every", "-n", "0", "--rootdir", str(tmp_path), "-c", "/dev/null")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(tmp_path)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == (fault != "none"), ran.stdout
    assert ("AssertionError" in ran.stdout) == (fault != "none")
    if fault == "none":
        assert "1 certificates judged" in ran.stdout
        assert "1 schedules judged" in ran.stdout

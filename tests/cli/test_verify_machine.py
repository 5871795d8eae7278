"""``amin-ref verify`` says for which machine a bound holds."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from amin_ref.cli.application import application
from amin_ref.cli.exit_codes import run
from amin_ref.model.instance import Instance
from amin_ref.model.machine import Machine
from amin_ref.model.request import Request
from oracle import Certificate, Stretch

RESUME = Machine(after_eviction="resume", max_running=4)
INSTANCE = Instance(11, (Request("A", 1, 10), Request("B", 9, 1, arrival=5)), machine=RESUME)
CERTIFICATE = Certificate(INSTANCE, 10, (Stretch(0, (0, 0, 0, 0, 0, 3, 2, 1)),))


def test_the_bound_names_its_machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """10.1 where tokens are kept, by hand: 12.7 for A, 4 for B, less 6.6; 11 is rounded up."""
    file = tmp_path / "certificate.json"
    file.write_text(CERTIFICATE.to_json(), encoding="utf-8")
    assert run(application, ["verify", str(file)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert said == (
        "11 request·rounds at least, for 2 requests in a cache of 11 tokens in blocks of 1, on a "
        'machine with after_eviction "resume", max_running 4.'
    )
    assert run(application, ["verify", str(file), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["machine"] == {"after_eviction": "resume", "max_running": 4}
    assert document["lower_bound"] == document["proven_by_prices"] == 11

    loses = replace(INSTANCE, machine=Machine())
    file.write_text(replace(CERTIFICATE, instance=loses).to_json(), encoding="utf-8")
    assert run(application, ["verify", str(file), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["machine"] == {}
    assert document["lower_bound"] == 12

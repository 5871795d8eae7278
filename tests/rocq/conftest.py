from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from amin_ref.files.locking import locked
from tests.rocq.program import built, missing_tools

POLL = 0.1
"""Seconds between two looks at whether another worker has compiled the program."""


@pytest.fixture(scope="session")
def compiled_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, extracted and compiled from the sources as they are, once for all workers."""
    missing = missing_tools()
    if missing:
        pytest.skip(
            f"no {' and no '.join(missing)}: `apt-get install coq libzarith-ocaml-dev` brings them"
        )
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # that of all workers of the run
    done, building = folder / "proved", folder / "proving"
    with (folder / "proved.lock").open("w") as file:
        while not done.exists():
            with locked(file.fileno()) as mine:
                if mine and not done.exists():
                    shutil.rmtree(building, ignore_errors=True)
                    building.mkdir()
                    built(building)
                    building.rename(done)
            if not mine:
                time.sleep(POLL)
    return done / "rocq" / "amin_model"

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rocq.program import built, missing_tools


@pytest.fixture(scope="session")
def compiled_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, extracted and compiled from the sources as they are."""
    missing = missing_tools()
    if missing:
        pytest.skip(
            f"no {' and no '.join(missing)}: `apt-get install coq libzarith-ocaml-dev` brings them"
        )
    return built(tmp_path_factory.mktemp("rocq"))

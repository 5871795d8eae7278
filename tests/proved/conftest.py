from __future__ import annotations

from pathlib import Path

import pytest

from tests.proved.fake_compiler import FakeCompiler


@pytest.fixture
def compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeCompiler:
    return FakeCompiler(tmp_path, monkeypatch)

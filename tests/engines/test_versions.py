"""An adapter without its engine, or with an unknown version, says so in one sentence."""

from __future__ import annotations

import importlib

import pytest

from amin_ref import AminError
from amin_ref.engines import versions


def test_an_engine_that_is_not_installed_is_one_sentence() -> None:
    with pytest.raises(versions.EngineUnavailable, match="no-such is not installed") as caught:
        versions.require("no-such", ("no-such-package",), ("1.0",))
    assert isinstance(caught.value, AminError)
    assert isinstance(caught.value, ImportError)
    assert str(caught.value).count(". ") == 0


def test_an_unknown_version_is_refused_by_name_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(versions.ANY_VERSION, raising=False)
    with pytest.raises(versions.EngineUnavailable, match=r"pytest .* is installed, but"):
        versions.require("pytest", ("no-such-package", "pytest"), ("0.1", "0.2"))
    monkeypatch.setenv(versions.ANY_VERSION, "1")
    assert versions.require("pytest", ("pytest",), ("0.1",)) == pytest.__version__


@pytest.mark.parametrize("engine", ["vllm", "transformers"])
def test_importing_an_adapter_without_its_engine_is_one_sentence(engine: str) -> None:
    if importlib.util.find_spec(engine) is not None:
        pytest.skip(f"{engine} is installed here")
    with pytest.raises(versions.EngineUnavailable, match="is not installed"):
        importlib.import_module(f"amin_ref.engines.{engine}")

"""``import amin_ref`` alone gives public names, folders on demand, and the version."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import version

import pytest

import amin_ref
from tests.support.project import PROJECT


@pytest.mark.parametrize(
    ("folder", "name"), [("workloads", "build_instance"), ("families", "staggered")]
)
def test_a_folder_is_an_attribute_that_is_loaded_when_it_is_used(folder: str, name: str) -> None:
    program = (
        f"import sys; import amin_ref; assert 'amin_ref.{folder}' not in sys.modules; "
        f"print(amin_ref.{folder}.{name}.__name__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{name}\n"


def test_the_version_is_the_one_of_the_installed_package() -> None:
    """Installing takes it from pyproject.toml, which is the only file that names it."""
    assert amin_ref.__version__ == version("amin-ref")
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for file in (PROJECT / "amin_ref").rglob("*.py"):
        assert f'"{project["version"]}"' not in file.read_text(encoding="utf-8"), file


def test_a_misspelt_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="module 'amin_ref' has no attribute 'simulat'"):
        amin_ref.simulat  # type: ignore[attr-defined]  # noqa: B018 - that is the point


@pytest.mark.parametrize("name", amin_ref.__all__)
def test_every_public_name_exists(name: str) -> None:
    assert hasattr(amin_ref, name)

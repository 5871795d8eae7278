"""One-way dependencies, and a core that needs numpy alone."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]

# Innermost first. A module may import from its own room and from those before it.
ROOMS: tuple[tuple[str, ...], ...] = (
    ("errors",),
    ("validation", "blocks", "document", "schemas"),
    ("request",),
    ("instance",),
    ("schedule",),
    ("cache",),
    ("policies",),
    ("simulator",),
    ("checker",),
    ("conformance",),
    ("vectors",),
    ("external",),
    ("suite",),
    ("pytest_plugin",),
    ("workloads",),
    ("strategies",),
    ("cli",),
)
KNOW_THE_ORACLE = ("suite", "cli")
ROOM_OF = {name: level for level, names in enumerate(ROOMS) for name in names}


def modules(package: str) -> list[Path]:
    return sorted((PROJECT / package).rglob("*.py"))


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            assert node.module is not None
            yield node.module


def room(module: str) -> str:
    """The room of ``amin_ref.policies.amin`` is ``policies``; of ``amin_ref`` itself, none."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


@pytest.mark.parametrize("file", modules("amin_ref"), ids=lambda file: file.stem)
def test_imports_point_inwards(file: Path) -> None:
    own = file.relative_to(PROJECT / "amin_ref").parts[0].removesuffix(".py")
    if own == "__init__":
        return
    for module in imported(file):
        if module.startswith("amin_ref"):
            assert ROOM_OF[room(module)] <= ROOM_OF[own], f"{file.name} imports {module}"
        if module.startswith("oracle"):
            assert own in KNOW_THE_ORACLE, f"{file.name} imports {module}"


@pytest.mark.parametrize("file", modules("oracle"), ids=lambda file: file.stem)
def test_the_oracle_is_outside_of_the_core_and_inside_of_the_cli(file: Path) -> None:
    # Solvers and certificates first, then the claims measured with them, then what shows both.
    rooms = ("solvers", "claims", "report")

    def level(parts: tuple[str, ...]) -> int:
        return rooms.index(parts[0]) if parts and parts[0] in rooms else 0

    own = level(file.relative_to(PROJECT / "oracle").parts)
    for module in imported(file):
        assert not module.startswith("amin_ref.cli"), f"{file.name} imports {module}"
        if module.startswith("oracle."):
            assert level(tuple(module.split(".")[1:])) <= own, f"{file.name} imports {module}"


def test_the_command_line_begins_without_extras() -> None:
    program = (
        "import sys; import amin_ref.cli.application; "
        "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert not {"matplotlib", "jinja2", "distributed"} & set(loaded.stdout.split())


def test_every_module_has_a_room() -> None:
    found = {file.relative_to(PROJECT / "amin_ref").parts[0] for file in modules("amin_ref")}
    assert {name.removesuffix(".py") for name in found} - {"__init__"} == set(ROOM_OF)


def test_checker_knows_values_only() -> None:
    allowed = {"instance", "request", "schedule", "validation"}
    inside = {
        room(module)
        for module in imported(PROJECT / "amin_ref" / "checker.py")
        if module.startswith("amin_ref")
    }
    assert inside <= allowed


def test_conformance_knows_values_and_the_interface_of_a_policy_only() -> None:
    """No code of the policies, the simulator or the cache judges a schedule."""
    allowed = {"checker", "conformance", "errors", "instance", "request", "schedule", "validation"}
    for file in modules("amin_ref/conformance"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        inside = {module for module in imported(file) if module.startswith("amin_ref")}
        assert {room(module) for module in inside} <= allowed | {"policies"}
        from_policies = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("amin_ref.policies")
            for alias in node.names
        }
        assert from_policies <= {"TieBreak", "VisibleRequest"}


def test_core_needs_numpy_alone() -> None:
    program = (
        "import sys; before = set(sys.modules); import amin_ref; "
        "print(*sorted({name.split('.')[0] for name in set(sys.modules) - before}))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    foreign = set(loaded.stdout.split()) - set(sys.stdlib_module_names) - {"amin_ref"}
    assert foreign <= {"numpy", "_distutils_hack", "mkl"}
    assert "numpy" in foreign

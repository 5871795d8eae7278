"""One-way dependencies, held by folder order; and a core that needs numpy alone."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.project import PROJECT
from tests.support.rooms import ROOMS, Room, room_of

LEVELS = {room.name: level for level, floor in enumerate(ROOMS) for room in floor}
EVERY_ROOM = tuple(room for floor in ROOMS for room in floor)


def modules(package: str) -> list[Path]:
    return sorted((PROJECT / package).rglob("*.py"))


def all_modules() -> list[Path]:
    return [*modules("amin_ref"), *modules("oracle")]


def dotted(file: Path) -> str:
    parts = file.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(file: Path) -> Iterator[str]:
    """Every module that a file imports, or from which it imports names."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            assert node.module is not None
            yield node.module


@pytest.mark.parametrize("file", all_modules(), ids=dotted)
def test_a_room_imports_only_from_rooms_below_it(file: Path) -> None:
    """Of ``amin_ref`` only the command line imports ``oracle``."""
    own = room_of(dotted(file))
    for module in imported(file):
        if module.split(".")[0] not in ("amin_ref", "oracle"):
            continue
        other = room_of(module)
        if own != other:
            assert LEVELS[other] < LEVELS[own], f"{dotted(file)} imports {module}"
        if own.startswith("amin_ref") and module.startswith("oracle"):
            assert own == "amin_ref.cli", f"{dotted(file)} imports {module}"


TOP_LEVEL = {
    "LICENSE",
    "README.md",
    "amin_ref",
    "oracle",
    "proofs_notes",
    "pyproject.toml",
    "tests",
}
"""Everything at the top of the project, apart from names that begin with a dot."""


def test_the_top_level_has_no_other_files() -> None:
    """A command that is run in a checkout can leave its results there."""
    if not (PROJECT / ".git").exists():
        pytest.skip("this is no checkout, so git cannot tell which files belong to the project")
    listed = subprocess.run(
        ["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    names = {name.split("/")[0] for name in listed.stdout.splitlines()}
    assert {name for name in names if not name.startswith(".")} == TOP_LEVEL


def test_every_room_exists_and_every_module_is_in_one() -> None:
    found = {room_of(dotted(file)) for file in all_modules()}
    assert found == set(LEVELS)


@pytest.mark.parametrize("room", EVERY_ROOM, ids=lambda room: room.name)
def test_the_docstring_of_a_folder_names_its_files(room: Room) -> None:
    """The folder has a docstring, which names each of its files."""
    folder = PROJECT / room.name.replace(".", "/")
    if not folder.is_dir():
        return
    text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))
    assert text is not None
    files = {file.stem for file in folder.glob("*.py")} - {"__init__", "__main__"}
    if room.name not in ("amin_ref", "oracle") and len(files) > 1:
        missing = {name for name in files if f"``{name}``" not in text}
        assert not missing, f"{room.name} does not say when to read {missing}"


def test_commands_load_without_optional_packages() -> None:
    program = (
        "import sys; from amin_ref.cli.application import COMMANDS, load_command; "
        "[load_command(name) for name in COMMANDS]; "
        "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert not {"matplotlib", "jinja2", "distributed"} & set(loaded.stdout.split())


def test_no_product_code_names_the_tests() -> None:
    for file in all_modules():
        named = {module for module in imported(file) if module.split(".")[0] == "tests"}
        assert not named, f"{dotted(file)} imports {named}"
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"\btests\.[a-z]\w*", text), f"{dotted(file)} names a test module"


def test_the_checker_imports_values_alone() -> None:
    inside = {
        module
        for file in (PROJECT / "amin_ref" / "checker").glob("*.py")
        for module in imported(file)
        if module.startswith("amin_ref") and not module.startswith("amin_ref.checker")
    }
    assert inside <= {
        f"amin_ref.model.{name}"
        for name in ("instance", "machine", "request", "schedule", "validation")
    }


def test_conformance_imports_values_and_the_interface_of_a_policy_alone() -> None:
    """No code of the policies, the simulator or the cache judges a schedule."""
    allowed = {"amin_ref.checker", "amin_ref.conformance", "amin_ref.model", "amin_ref.policies"}
    compiled = {
        f"amin_ref.compiled.{name}" for name in ("compiling", "judged_rounds", "refusal", "replay")
    }
    for name in compiled:
        file = PROJECT / f"{name.replace('.', '/')}.py"
        inside = {module for module in imported(file) if module.startswith("amin_ref.")}
        assert {m for m in inside - compiled if room_of(m) != "amin_ref.model"} <= {
            "amin_ref.compiled"  # from which replay imports judged_rounds
        }
        assert "compiled import rounds" not in file.read_text(encoding="utf-8")
    for file in modules("amin_ref/conformance"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        inside = {module for module in imported(file) if module.startswith("amin_ref")}
        assert {room_of(module) for module in inside - compiled} <= allowed
        assert "amin_ref.model.blocks" not in inside
        from_policies = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("amin_ref.policies")
            for alias in node.names
        }
        assert from_policies <= {"TieBreak", "VisibleRequest", "title_of"}


def test_core_needs_numpy_alone() -> None:
    program = (
        "import sys; before = set(sys.modules); from amin_ref import *; "
        "print(*sorted({name.split('.')[0] for name in set(sys.modules) - before}))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    foreign = set(loaded.stdout.split()) - set(sys.stdlib_module_names) - {"amin_ref"}
    assert foreign <= {"numpy", "_distutils_hack", "mkl"}
    assert "numpy" in foreign


def test_certificates_need_no_solver() -> None:
    program = (
        "import sys; sys.modules['highspy'] = None; sys.modules['pulp'] = None; "
        "from oracle import verify, lower_bound, Certificate; "
        "from amin_ref import Instance, Request; "
        "i = Instance(capacity=9, requests=tuple(Request(n, 2, 3) for n in range(3))); "
        "c = lower_bound(i, 0.2); assert isinstance(c, Certificate); assert verify(i, c) >= 9"
    )
    subprocess.run([sys.executable, "-c", program], cwd=PROJECT, check=True)

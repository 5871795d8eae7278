"""The page that lists every place where a file is read, written, appended or closed is complete."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.support.project import PROJECT

PAGE = PROJECT / "proofs_notes" / "files.md"

TOUCHES = {
    *("open", "fdopen", "pipe", "dup2", "ftruncate", "unlink", "replace", "link", "mkdir", "fsync"),
    *("read_text", "read_bytes", "write_text", "write_bytes", "write_all", "write_whole"),
    *("write_new", "destination", "open_source", "Journal", "Popen", "TemporaryDirectory"),
    *("get_text_stream", "scandir", "Checkpoint", "ResultStore", "File"),
}
"""Names of functions and methods that touch a file."""

OF_OS = {"replace", "link", "pipe", "dup2", "ftruncate", "unlink", "fsync", "scandir"}
"""Those that count as functions of ``os`` only: texts and dataclasses have such methods, too."""

WRITES = {"write_text", "write_bytes", "File"}

ROW = re.compile(r"^\| `((?:amin_ref|oracle)/[\w/]+\.py)` \|(.*)\|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def calls(file: Path) -> Iterator[tuple[str, ast.Call]]:
    """The calls in a file that touch files, by name."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Attribute):
            of_os = isinstance(called.value, ast.Name) and called.value.id == "os"
            if called.attr in TOUCHES and (of_os or called.attr not in OF_OS):
                yield called.attr, node
        elif isinstance(called, ast.Name) and called.id in TOUCHES - OF_OS:
            yield called.id, node


def product_files() -> list[Path]:
    return [
        file for package in ("amin_ref", "oracle") for file in (PROJECT / package).rglob("*.py")
    ]


@cache
def touching() -> Mapping[str, list[tuple[str, ast.Call]]]:
    found = {str(file.relative_to(PROJECT)): list(calls(file)) for file in product_files()}
    return {name: those for name, those in found.items() if those}


def rows() -> dict[str, str]:
    return dict(ROW.findall(PAGE.read_text(encoding="utf-8")))


def test_the_page_names_every_file_that_touches_files_and_no_other() -> None:
    assert set(rows()) == set(touching())


def test_every_row_names_a_test_that_exists() -> None:
    for file, row in rows().items():
        named = TEST.findall(row)
        assert named, f"no test stands for {file}"
        for path, function in named:
            text = (PROJECT / path).read_text(encoding="utf-8")
            assert f"def {function}(" in text if function else text, f"{path}::{function}"


@pytest.mark.parametrize("file", touching())
def test_results_are_written_whole(file: str) -> None:
    """Only ``amin_ref/files/writing.py`` opens targets for writing."""
    if file == "amin_ref/files/writing.py":
        return
    for name, call in touching()[file]:
        modes = [
            argument.value
            for argument in [*call.args[:2], *(keyword.value for keyword in call.keywords)]
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
        ]
        # File without ``click.`` is the command line's own class, which writes files whole.
        writes = (name in WRITES and isinstance(call.func, ast.Attribute)) or (
            name == "open"
            and any(re.fullmatch("[rwxab+t]*[wxa+][wxab+t]*", mode) for mode in modes)
        )
        # CBC's log lies in a folder of its own; standard error is no file; the log of a running
        # engine grows line by line.
        assert not writes or file in (
            "oracle/programme/solvers.py",
            "amin_ref/cli/streams.py",
            "amin_ref/engines/vllm.py",
        )

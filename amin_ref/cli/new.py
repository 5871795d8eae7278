"""``amin-ref new``: a scheduler to begin with."""

from __future__ import annotations

import os
import shlex
import sys
from importlib.resources import files
from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path

import click

from amin_ref.cli.messages import tell
from amin_ref.files.writing import write_new
from amin_ref.model.errors import CannotWrite, InvalidValue, shown_path

CLASS = "MyScheduler"
"""The class in the skeleton."""


@click.command(
    "new",
    epilog="""\b
Example:
  amin-ref new mine.py
  pytest --amin-policy mine:MyScheduler --amin-claims valid
  amin-ref compare --policies amin,mine:MyScheduler""",
)
@click.argument("file", metavar="FILE.py")
def new_command(file: str) -> None:
    """Write a scheduler to begin with, as a typed Python file.

    FILE.py must not exist yet. It gets a class MyScheduler, derived from amin_ref.Policy: first
    come, first served, with room reserved for the longest predicted outputs. Its schedules are
    valid, it passes 'mypy --strict', and its docstrings say what to change.

    Exit code 0: written. 2: no module can have this name. 3: the file exists or cannot be written.
    """
    path = Path(file)
    exists = CannotWrite(f"{shown_path(file)} exists, and is left unchanged; name another.")
    if file and os.path.lexists(path):
        raise exists
    module = _module_name(path)
    try:
        write_new(path, skeleton())
    except FileExistsError:
        raise exists from None
    tell(f"wrote the scheduler {CLASS} to {shown_path(file)}.")
    folder = "" if path.parent == Path() else f"cd {shlex.quote(str(path.parent))} && "
    tell(f"test it: {folder}pytest --amin-policy {module}:{CLASS} --amin-claims valid")
    tell(f"compare it: {folder}amin-ref compare --policies amin,{module}:{CLASS}")


def skeleton() -> str:
    """The text of the scheduler to begin with."""
    return files("amin_ref.cli").joinpath("skeleton.py").read_text(encoding="utf-8")


def _module_name(path: Path) -> str:
    """The name by which Python imports the file.

    Raises:
        InvalidValue: Python cannot import a file of this name, or would import another module.
    """
    module = path.stem
    if path.suffix != ".py" or not module.isidentifier() or iskeyword(module):
        raise InvalidValue(
            "FILE.py",
            str(path),
            "it must be a name of letters, digits and underscores that ends in .py, so that Python "
            "can import it",
            "give for example mine.py",
        )
    if module in sys.stdlib_module_names or find_spec(module) is not None:
        raise InvalidValue(
            "FILE.py",
            str(path),
            f"{module} is a module that Python has already",
            "give another name, for example mine.py",
        )
    return module

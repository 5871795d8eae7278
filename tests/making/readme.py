"""Write outputs of examples, README's map and exit codes: ``python -m tests.making.readme``.

A block of ``sh`` or ``python`` that a block of ``text`` follows is an example and its standard
output. Each is run in a new folder, on a terminal of 80 columns without colour. Parts of an output
that differ from run to run are listed in :data:`VARIABLE`; the page has ⟨names⟩ in their place.

The examples of :data:`ENGINE_PAGE` need vLLM and one folder for all: in an environment with vLLM,
``python -m tests.making.readme engine``.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from amin_ref.cli.exit_codes import EXIT_CODES
from tests.making.markers import replaced
from tests.support.project import PROJECT
from tests.support.rooms import ROOMS, Room

README = PROJECT / "README.md"
PAGES = (
    README,
    *(
        PROJECT / "proofs_notes" / f"{name}.md"
        for name in ("tutorial", "check", "compare", "import", "logs")
    ),
)
"""The pages for users; each of their examples is run, so that it works as it is printed."""

ENGINE_PAGE = PROJECT / "proofs_notes" / "vllm.md"
"""The tutorial for vLLM. Each of its examples goes on in the folder of those before it."""

CODES_PAGE = PROJECT / "proofs_notes" / "exit-codes.md"

INSTALLS = re.compile(r"\Apip install \S+ && ")
"""The command that installs this project. Only ``.ci/run`` runs it, in a virtual environment."""

RUNS_THE_TESTS = "pytest\n"
"""README's second command without its installation: the test suite, which ``.ci/run`` runs."""

VARIABLE = (
    (re.compile(r"\bin \d+\.\d+s\b"), "in ⟨seconds⟩"),
    (re.compile(r"'(\d+)-[0-9a-f]{8}'"), r"'\1-⟨random⟩'"),
)
"""Parts of an output that differ from run to run, and the name of each on the page."""

TERMINAL_COLUMNS = "80"
"""The width at which outputs are shown: a terminal's default."""

EXAMPLE = re.compile(
    r"^```(sh|python)\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE
)

COMMANDS = {
    "amin-ref": "from amin_ref.cli import main\nif __name__ == '__main__':\n    main()\n",
    "python": "import os\nos.execv(sys.executable, [sys.executable, *sys.argv[1:]])\n",
    "pytest": "import pytest\nif __name__ == '__main__':\n"
    "    sys.exit(pytest.main(['-p', 'amin_ref.pytest_plugin', *sys.argv[1:]]))\n",
}
"""Programs that do what the installed commands do, with the code of this checkout."""

MAP = (
    ("amin_ref.model", "the values: validated when built, frozen"),
    (
        "amin_ref.checker",
        "rules of a schedule, bad instances, the policies, JSON Schemas, small instances",
    ),
    ("amin_ref.workloads", "instances; running a policy; judging a schedule; other programs"),
    ("amin_ref.vectors", "tests for the schedulers of others"),
    (
        "oracle.cheapest_rounds",
        "lower bounds, good schedules, the exact optimum, the worst ratio",
    ),
    ("oracle.claims", "the article's claims, measured and shown"),
    ("amin_ref.cli", "the command line"),
)
"""README's rows: the room with which each row begins, and what the row is about."""

PUBLIC_NAMES = ("amin_ref", "oracle")
"""Rooms that only re-export names of other rooms; they have no row in the map."""


@dataclass(frozen=True, slots=True)
class Example:
    """A program that a page shows.

    Attributes:
        language: ``"sh"`` or ``"python"``.
        program: its text.
        output: the standard output that the page shows; ``None`` where it shows none.
    """

    language: str
    program: str
    output: str | None


def examples(page: Path) -> tuple[Example, ...]:
    """The programs of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return tuple(Example(*found.groups()) for found in EXAMPLE.finditer(text))


def run(example: Example, folder: Path) -> str:
    """The standard output of an example in ``folder``, with variable parts named.

    Raises:
        RuntimeError: if it fails; the message is what it wrote to standard error.
    """
    (folder / "bin").mkdir(exist_ok=True)
    for name, program in COMMANDS.items():
        command = folder / "bin" / name
        command.write_text(
            f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(PROJECT)!r})\n{program}"
        )
        command.chmod(0o755)
    work = folder / "clone"
    work.mkdir(exist_ok=True)
    data = work / "proofs_notes" / "data"
    if not data.exists():
        data.parent.mkdir()
        data.symlink_to(PROJECT / "proofs_notes" / "data")
    if example.language == "sh":
        arguments = ["bash", "-euo", "pipefail", "-c", INSTALLS.sub("", example.program)]
    else:
        arguments = [sys.executable, "-c", example.program]
    ended = subprocess.run(
        arguments, cwd=work, env=environment(folder), capture_output=True, text=True, check=False
    )
    if ended.returncode != 0:
        raise RuntimeError(f"{example.program}\n{ended.stdout}{ended.stderr}")
    return shown(ended.stdout)


def environment(folder: Path) -> dict[str, str]:
    """The environment of an example: this checkout, and the commands in ``folder / "bin"``."""
    return os.environ | {
        "PATH": os.pathsep.join([str(folder / "bin"), os.environ["PATH"]]),
        "PYTHONPATH": str(PROJECT),
        "COLUMNS": TERMINAL_COLUMNS,
        "NO_COLOR": "1",
    }


def shown(output: str) -> str:
    """An output as a page shows it: variable parts named, no spaces at the ends of lines."""
    for pattern, name in VARIABLE:
        output = pattern.sub(name, output)
    return "".join(f"{line.rstrip()}\n" for line in output.strip("\n").splitlines())


def refreshed(text: str, shared: Path | None = None) -> str:
    """The text of a page with the output that each of its examples has now.

    Args:
        text: of the page.
        shared: the folder in which all examples run; ``None``: each in a folder of its own.
    """

    def example_with_output(found: re.Match[str]) -> str:
        example = Example(*found.groups())
        if example.output is None and shared is None:
            return found[0]
        with tempfile.TemporaryDirectory() as folder:
            output = run(example, shared or Path(folder))
        if example.output is None:
            return found[0]
        return f"```{example.language}\n{example.program}```\n\n```text\n{output}```\n"

    return EXAMPLE.sub(example_with_output, text)


def rows() -> tuple[tuple[Room, ...], ...]:
    """The rooms of each row of the map, in the order that ``test_architecture`` enforces."""
    ordered = [room for floor in ROOMS for room in floor if room.name not in PUBLIC_NAMES]
    names = [room.name for room in ordered]
    begins = [names.index(first) for first, _ in MAP]
    assert begins == sorted(begins)
    return tuple(
        tuple(ordered[begin:end]) for begin, end in zip(begins, [*begins[1:], None], strict=True)
    )


def room_map() -> str:
    """README's map, in Markdown."""
    lines = ["| rooms | what for |", "|---|---|"]
    for row, (_, about) in zip(rows(), MAP, strict=True):
        package = row[0].name.split(".")[0]
        names = ", ".join(f"`{room.name.removeprefix(f'{package}.')}`" for room in row)
        lines.append(f"| `{package}`: {names} | {about} |")
    return "\n".join(lines) + "\n"


def exit_codes() -> str:
    """The table of exit codes, in Markdown."""
    lines = [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    return "\n".join(["| code | meaning |", "|---:|---|", *lines]) + "\n"


def refresh_engine_page() -> None:
    """Write :data:`ENGINE_PAGE`; vLLM must be installed."""
    with tempfile.TemporaryDirectory() as folder:
        text = refreshed(ENGINE_PAGE.read_text(encoding="utf-8"), Path(folder))
    ENGINE_PAGE.write_text(text, encoding="utf-8")


def main() -> None:
    README.write_text(
        replaced(README.read_text(encoding="utf-8"), "map", room_map()), encoding="utf-8"
    )
    CODES_PAGE.write_text(
        replaced(CODES_PAGE.read_text(encoding="utf-8"), "exit codes", exit_codes()),
        encoding="utf-8",
    )
    for page in PAGES:
        page.write_text(refreshed(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["engine"]:
        refresh_engine_page()
    else:
        main()

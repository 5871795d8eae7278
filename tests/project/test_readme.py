"""Every example of README and of the guides runs, and prints what the page shows.

The two commands that install are run by ``.ci/run``, in a new virtual environment.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.making import readme
from tests.making.markers import replaced
from tests.making.readme import PAGES, README, RUNS_THE_TESTS, Example, examples
from tests.support.project import PROJECT
from tests.support.rooms import ROOMS

EXAMPLES = [
    (page.stem, number, example)
    for page in PAGES
    for number, example in enumerate(examples(page))
    if readme.INSTALLS.sub("", example.program) != RUNS_THE_TESTS
]
"""Page, place on the page, and program."""

INNER_PROGRAM = re.compile(r"^cat > \S+\.py <<'END'\n(.*?)^END\n", re.DOTALL | re.MULTILINE)
"""A Python program that a shell command writes to a file."""


def python_programs() -> list[str]:
    """The Python programs of all pages, those inside of shell commands included."""
    return [
        program
        for _, _, example in EXAMPLES
        for program in (
            [example.program]
            if example.language == "python"
            else INNER_PROGRAM.findall(example.program)
        )
    ]


def test_readme_begins_with_the_commands_that_install_and_test() -> None:
    commands = [example.program for example in examples(README) if example.language == "sh"]
    assert commands[:2] == [
        "pip install . && amin-ref compare\n",
        "pip install '.[test]' && pytest\n",
    ]
    assert RUNS_THE_TESTS in commands[1]


def test_the_first_example_shows_a_row_for_each_policy() -> None:
    shown = examples(README)[0].output
    assert shown is not None
    for policy in ("amin", "amax", "h-sf", "fcfs"):
        assert re.search(rf"^ *{policy} .*\d", shown, flags=re.MULTILINE)


def is_slow(page: str, example: Example) -> bool:
    """The default run has README's own examples, but for those that draw."""
    return page != README.stem or "amin-ref report" in example.program


@pytest.mark.parametrize(
    "example",
    [
        pytest.param(
            example,
            id=f"{page}-{number}",
            marks=pytest.mark.slow if is_slow(page, example) else (),
        )
        for page, number, example in EXAMPLES
    ],
)
def test_an_example_prints_what_the_page_shows(example: Example, tmp_path: Path) -> None:
    printed = readme.run(example, tmp_path)
    if example.output is not None:
        assert printed == example.output, "python -m tests.making.readme"


@pytest.mark.slow
def test_python_programs_type_check(tmp_path: Path) -> None:
    """As a user's mypy sees them, without this project's configuration."""
    files = [f"program_{number}.py" for number, _ in enumerate(python_programs())]
    for file, program in zip(files, python_programs(), strict=True):
        (tmp_path / file).write_text(program)
    assert files
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", *files],
        cwd=tmp_path,
        env=readme.environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_only_durations_are_replaced_in_shown_outputs() -> None:
    assert readme.shown("\n4 passed in 3.69s  \n 12.5s of 4\n") == (
        "4 passed in ⟨seconds⟩\n 12.5s of 4\n"
    )


def test_an_example_that_fails_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no-such-command"):
        readme.run(Example("sh", "no-such-command | cat\n", None), tmp_path)


def test_the_map_is_current() -> None:
    text = README.read_text(encoding="utf-8")
    assert replaced(text, "map", readme.room_map()) == text, "python -m tests.making.readme"


def test_the_map_has_every_room_in_the_order_of_imports() -> None:
    ordered = [room for floor in ROOMS for room in floor]
    shown = [room for row in readme.rows() for room in row]
    assert shown == [room for room in ordered if room.name not in readme.PUBLIC_NAMES]
    assert len(readme.rows()) == 7


def test_readme_has_less_than_1000_words() -> None:
    """Long texts belong to the pages that README links to."""
    text = README.read_text(encoding="utf-8")
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    assert len(prose.split()) < 1000
    assert (PROJECT / "proofs_notes" / "README.md").is_file()

"""No file of the project has vague or private words."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.project import PROJECT

KINDS = (".py", ".md", ".toml", ".jinja", ".yml", ".yaml", ".cff")

BANNED = re.compile(
    r"\b(?:nobody|whoever|somebody|anybody|everybody|whomever|so many|all that|what is to be)\b"
    r"|\bso much(?! as\b)",
    re.IGNORECASE,
)
"""Persons in place of programs, and quantities without a number."""

PRIVATE = re.compile(
    r"\b(?:Company|Crowd|Errand|Notebook|Campaign|Scene|WrongIdea|Situation|crowds?|errands?)\b"
)
"""Private words for standard things: worker pool, busy period, work item, and so on."""

HERE = Path(__file__).relative_to(PROJECT).as_posix()


def files() -> list[str]:
    """Every text of the project, by its path: not those in ignored folders."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        found = listed.stdout.splitlines()
    else:  # an archive of the sources is no git repository
        found = [path.relative_to(PROJECT).as_posix() for path in PROJECT.rglob("*.*")]
    texts = [path for path in found if path.endswith(KINDS) and (PROJECT / path).is_file()]
    return sorted(set(texts) - {HERE})


@pytest.mark.parametrize("words", [BANNED, PRIVATE], ids=["banned", "private"])
def test_no_file_has_banned_or_private_words(words: re.Pattern[str]) -> None:
    found = [
        f"{path}:{number}: {match[0]!r} in {line.strip()[:120]}"
        for path in files()
        for number, line in enumerate((PROJECT / path).read_text("utf-8").splitlines(), 1)
        for match in words.finditer(line)
    ]
    assert found == [], "\n".join(found)


def test_banned_and_private_words_are_found() -> None:
    assert BANNED.findall("Nobody waits; so many runs; so much as one; so much cache") == [
        "Nobody",
        "so many",
        "so much",
    ]
    assert PRIVATE.findall("a Company of crowds, accompany") == ["Company", "crowds"]
    assert "README.md" in files()
    assert "tests/project/test_readme.py" in files()

"""Pages that restate the code are current: exit codes and versions."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.making import readme, site
from tests.making.markers import replaced
from tests.support.project import PROJECT

VERSION = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "version"
]


def test_the_page_of_exit_codes_is_current() -> None:
    page = readme.CODES_PAGE.read_text(encoding="utf-8")
    assert replaced(page, "exit codes", readme.exit_codes()) == page, (
        "python -m tests.making.readme"
    )


@pytest.mark.parametrize(
    ("file", "pattern"),
    [
        ("proofs_notes/changelog.md", r"^## (\d+\.\d+\.\d+) "),
        (".github/CITATION.cff", r"^version: (\S+)$"),
        ("proofs_notes/citing.md", r"^  version = \{(\S+)\},$"),
    ],
)
def test_the_newest_version_is_the_same_everywhere(file: str, pattern: str) -> None:
    text = (PROJECT / file).read_text(encoding="utf-8")
    assert re.findall(pattern, text, re.MULTILINE)[0] == VERSION


@pytest.mark.parametrize("path", ["README.md", "proofs_notes/concepts.md"])
def test_the_site_shows_a_gantt_chart_for_wide_and_one_for_narrow_screens(path: str) -> None:
    shown = re.findall(r"!\[([^\]]+)\]\((\S+)\)\{ \.(wide|narrow) \}", site.page(path))
    assert [(place.rpartition("/")[2], kind) for _, place, kind in shown] == [
        ("gantt.svg", "wide"),
        ("gantt-narrow.svg", "narrow"),
    ]
    assert shown[0][0] == shown[1][0]
    style = site.STYLE.read_text(encoding="utf-8")
    assert "img.narrow { display: none; }" in style
    assert "img.wide { display: none; }" in style

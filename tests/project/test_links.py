"""The relative links and anchors of every Markdown file exist; the site has every page."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.making import built_site, site, statements
from tests.support.project import PROJECT

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def markdown_files() -> list[Path]:
    """Every Markdown file of the project: not those of tools and caches in ignored folders."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.md"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        return [PROJECT / line for line in listed.stdout.splitlines()]
    # An archive of the sources is no git repository.
    folders = ("amin_ref", "oracle", "proofs_notes", "tests", ".github")
    found = [path for folder in folders for path in (PROJECT / folder).rglob("*.md")]
    return [PROJECT / "README.md", *found]


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    text = page.read_text(encoding="utf-8")
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def links(page: Path) -> Iterator[tuple[str, str]]:
    """The path and the anchor of each relative link."""
    for target in LINK.findall(re.sub(r"`[^`\n]*`", "", prose(page))):
        if "://" not in target and not target.startswith("mailto:"):
            path, _, anchor = target.partition("#")
            yield path, anchor


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and the site make them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), flags=re.MULTILINE)
    words = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.strip().replace(" ", "-") for heading in words}


@pytest.mark.parametrize(
    "page", markdown_files(), ids=lambda page: page.relative_to(PROJECT).as_posix()
)
def test_links_and_anchors_exist(page: Path) -> None:
    for path, anchor in links(page):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{path} does not exist"
        assert target.is_relative_to(PROJECT), f"{path} is outside of the project"
        if anchor:
            assert anchor in anchors(target), f"{path} has no heading {anchor!r}"


def test_links_and_anchors_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A (b), c — d\n[x](y.md#z) ![i](j.svg) `[no](no)` [w](https://no)\n```\n[no](no)\n```\n"
    )
    assert list(links(page)) == [("y.md", "z"), ("j.svg", "")]
    assert anchors(page) == {"a-b-c--d"}


def navigation(entries: object) -> Iterator[str]:
    """The pages in the navigation of the site."""
    if isinstance(entries, str):
        yield entries
    elif isinstance(entries, list):
        for entry in entries:
            yield from navigation(entry)
    elif isinstance(entries, dict):
        yield from navigation(list(entries.values()))


def test_the_navigation_of_the_site_has_every_page_once() -> None:
    configuration = tomllib.loads(site.CONFIGURATION.read_text(encoding="utf-8"))
    shown = list(navigation(configuration["project"]["nav"]))
    generated = [
        "reference/cli.md",
        statements.PLACE,
        *(f"reference/{module}.md" for module in site.MODULES),
    ]
    assert sorted(shown) == sorted([*site.pages().values(), *generated])


def test_links_on_the_site_stay_inside_or_name_the_repository() -> None:
    assert "](tutorial.md)" in site.page("README.md")
    assert "](../conformance.md)" in site.page(
        "proofs_notes/theorems/rules.md"
    ) or "](model.md" in (site.page("proofs_notes/theorems/rules.md"))
    assert "](contributing.md)" in site.page("proofs_notes/README.md")
    assert f"]({site.REPOSITORY}/blob/main/proofs_notes/data/" in "".join(
        site.page(path) for path in site.pages()
    )


def test_the_reference_has_every_command_and_every_option() -> None:
    text = site.cli_reference()
    for command in ("compare", "check", "conform", "optimum", "worst-case"):
        assert f"## amin-ref {command}\n" in text
    assert "`--capacity TOKENS`" in text


def test_the_python_reference_has_every_public_name() -> None:
    assert "::: amin_ref.Instance\n" in site.python_reference("amin_ref")
    assert "::: oracle.verify\n" in site.python_reference("oracle")
    assert "::: amin_ref.strategies.instances\n" in site.python_reference("amin_ref.strategies")


def test_references_of_sphinx_become_links_or_code() -> None:
    public = {"check": "amin_ref.check", "Policy": "amin_ref.Policy"}
    text = site.without_roles(":func:`check` :meth:`Policy.begin` :data:`~a.HIDDEN`", public)
    assert text == "[`check`][amin_ref.check] [`Policy.begin`][amin_ref.Policy] `HIDDEN`"


def test_the_faults_of_a_built_site_are_found(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "index.html").write_text('<h1 id="x"></h1><a href="../index.html#y">y</a>')
    (tmp_path / "index.html").write_text(
        '<script src="https://cdn/x.js"></script><link rel="canonical" href="https://me/">'
        '<a href="a/#x">x</a><a href="b/">b</a><a href="https://elsewhere">e</a>'
    )
    assert built_site.faults(tmp_path) == [
        "a/index.html links to ../index.html#y, which has no such anchor",
        "index.html loads https://cdn/x.js",
        "index.html links to b/, which does not exist",
    ]

"""Check the built documentation site: ``python -m tests.making.built_site FOLDER``.

Every link and anchor leads to a page of the site, and no page loads anything from another host.
"""

from __future__ import annotations

import posixpath
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADS = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}
"""Elements that load the file whose address one of their attributes has."""

ONLY_NAMES = ("canonical", "alternate", "next", "prev")
"""Values of the attribute ``rel`` with which a ``link`` element loads no file."""


class Page(HTMLParser):
    """A page of the site.

    Attributes:
        anchors: the ids of its elements.
        links: the addresses of its links.
        loads: the addresses that a browser loads to show it.
    """

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        loads = LOADS.get(tag)
        if loads in values and values.get("rel") not in ONLY_NAMES:
            self.loads.append(values[loads])


def faults(site: Path) -> list[str]:
    """A sentence for each link that leads nowhere, and for each address on another host."""
    # The 404 page is shown under any address, so its links begin at the root of the host.
    files = [file for file in site.rglob("*.html") if file.name != "404.html"]
    pages = {file.relative_to(site).as_posix(): Page(file) for file in files}
    return [fault for place in sorted(pages) for fault in _faults(site, pages, place)]


def _faults(site: Path, pages: dict[str, Page], place: str) -> list[str]:
    page = pages[place]
    found = [f"{place} loads {address}" for address in page.loads if urlsplit(address).netloc]
    for address in [*page.links, *page.loads]:
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            continue
        target = posixpath.normpath(posixpath.join(posixpath.dirname(place), unquote(parts.path)))
        if not parts.path:
            target = place
        elif (site / target).is_dir():
            target = posixpath.normpath(posixpath.join(target, "index.html"))
        if not (site / target).is_file():
            found.append(f"{place} links to {address}, which does not exist")
        elif target in pages and unquote(parts.fragment) not in {"", *pages[target].anchors}:
            found.append(f"{place} links to {address}, which has no such anchor")
    return found


def main(folder: str) -> None:
    found = faults(Path(folder))
    if found or not list(Path(folder).rglob("*.html")):
        raise SystemExit("\n".join(found) or f"{folder} has no pages")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The sources of the documentation site: ``python -m tests.making.site FOLDER``.

It copies the committed pages, and generates the reference of the command line from click's objects,
the page of machine-checked statements from the sources in ``proofs_notes/rocq``, and the pages of
the Python reference, which mkdocstrings fills from the docstrings of a copy of the packages.
``zensical build --strict`` in ``FOLDER`` then writes the site to ``FOLDER/site``.
"""

from __future__ import annotations

import os
import posixpath
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from html import escape
from importlib import import_module
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import click

from amin_ref.cli.application import application
from tests.making import statements
from tests.support.project import PROJECT

CONFIGURATION = PROJECT / ".github" / "zensical.toml"
STYLE = PROJECT / ".github" / "site.css"
REPOSITORY = "https://github.com/amin-ref/amin-ref"

MODULES = (
    "amin_ref",
    "amin_ref.workloads",
    "amin_ref.families",
    "amin_ref.suite",
    "amin_ref.strategies",
    "amin_ref.external",
    "oracle",
)
"""The modules that users import; each has a page of the Python reference."""

MOVED = {
    "README.md": "index.md",
    "proofs_notes/README.md": "documentation.md",
    ".github/CONTRIBUTING.md": "contributing.md",
    ".github/SECURITY.md": "security.md",
}
"""Pages that have another name or place on the site."""

ROLE = re.compile(r":(?:class|func|meth|attr|data|mod|exc):`([^`]+)`")
"""A reference in a docstring, as Sphinx and editors read it."""

GANTT = re.compile(r"(!\[[^\]]*\]\()(\S*)gantt\.svg\)")
"""The picture that is too wide for a phone; the style sheet shows a narrow one there."""

LINK = re.compile(r"(?<!`)(\]\()([^)\s]+)(\))")


def pages() -> dict[str, str]:
    """Every committed page: its path in the repository and on the site."""
    notes = sorted((PROJECT / "proofs_notes").rglob("*.md"))
    inside = {path.relative_to(PROJECT).as_posix() for path in notes}
    return {path: path.removeprefix("proofs_notes/") for path in inside} | MOVED


def figures() -> dict[str, str]:
    """Every image: its path in the repository and on the site."""
    images = sorted((PROJECT / "proofs_notes" / "figures").glob("*.svg"))
    inside = [path.relative_to(PROJECT).as_posix() for path in images]
    return {path: path.removeprefix("proofs_notes/") for path in inside}


def page(path: str) -> str:
    """The text of a committed page with links that are right on the site.

    A link to a page or image of the site stays relative; a link to another file of the repository
    becomes the address of that file.
    """
    places = pages() | figures()
    here = posixpath.dirname(places[path])

    def on_site(found: re.Match[str]) -> str:
        target, _, anchor = found[2].partition("#")
        if not target or "://" in target or target.startswith("mailto:"):
            return found[0]
        wanted = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        if wanted in places:
            address = posixpath.relpath(places[wanted], here or ".")
        else:
            address = f"{REPOSITORY}/blob/main/{wanted}"
        return f"{found[1]}{address}{'#' if anchor else ''}{anchor}{found[3]}"

    text = LINK.sub(on_site, (PROJECT / path).read_text(encoding="utf-8"))
    return GANTT.sub(r"\1\2gantt.svg){ .wide }\1\2gantt-narrow.svg){ .narrow }", text)


def cli_reference() -> str:
    """Every command with its options, from click's objects."""
    return "\n".join(_cli_lines())


def _cli_lines() -> Iterator[str]:
    context = click.Context(application, info_name="amin-ref", **application.context_settings)
    yield "# Command line"
    yield ""
    yield "[Exit codes](../exit-codes.md) are the same for all commands."
    yield ""
    yield from _command(application, context)
    for name in application.list_commands(context):
        command = application.get_command(context, name)
        assert command is not None
        if command.hidden:
            continue
        inner = click.Context(command, info_name=name, parent=context)
        yield f"## {inner.command_path}"
        yield ""
        yield from _command(command, inner)


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    yield "```text"
    yield " ".join((context.command_path, *command.collect_usage_pieces(context)))
    yield "```"
    yield ""
    yield from _text(command.help or "")
    yield "| option | meaning |"
    yield "|---|---|"
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None:
            option, meaning = record
            yield f"| `{option}` | {_cell(meaning)} |"
    yield ""
    yield from _text(command.epilog or "")


def _cell(text: str) -> str:
    """A text for a cell of a table, with Markdown's special characters escaped."""
    escaped = escape(" ".join(text.split()), quote=False)
    return re.sub(r"([|*_\[\]])", r"\\\1", escaped)


def _text(text: str) -> Iterator[str]:
    """Paragraphs; those that click must not wrap become blocks of code."""
    for paragraph in text.split("\n\n"):
        lines = [line.rstrip() for line in paragraph.strip("\n").splitlines()]
        if lines and lines[0].strip() == "\b":
            heading, *rest = lines[1:]
            kind = "text" if heading.strip() == "Exit codes:" else "sh"
            yield from (heading, "", f"```{kind}", *dedent("\n".join(rest)).splitlines(), "```", "")
        elif lines:
            yield from (*(line.strip() for line in lines), "")


def python_reference(module: str) -> str:
    """A page on a module: its docstring's first paragraph, and a directive for each public name."""
    loaded = import_module(module)
    first = (loaded.__doc__ or "").split("\n\n")[0]
    directives = "\n\n".join(f"::: {module}.{name}" for name in public_names(loaded))
    return f"# {module}\n\n{first}\n\n{directives}\n"


def public_names(module: ModuleType) -> list[str]:
    """``__all__``; where a module has none, the functions and classes that it defines."""
    listed: list[str] = getattr(module, "__all__", [])
    return sorted(listed) or sorted(
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
    )


def without_roles(source: str, public: Mapping[str, str]) -> str:
    """A Python source whose references of Sphinx's form are links of Markdown, or code.

    Args:
        source: the text of a module.
        public: the full name of each public name, under the name without its module.
    """

    def reference(found: re.Match[str]) -> str:
        # "~" shows the last part of a name, "." begins a name of the package.
        target = found[1].rpartition(".")[2] if found[1].startswith("~") else found[1].lstrip(".")
        target = target.lstrip("~")
        owner = target.partition(".")[0]
        if target in public.values():
            return f"[`{target}`][{target}]"
        # A link to a method leads to its class, which has the method if any page has it.
        return f"[`{target}`][{public[owner]}]" if owner in public else f"`{target}`"

    return ROLE.sub(reference, source)


def sources() -> Iterator[tuple[str, str]]:
    """Every page of the site: its path and its text."""
    for path, place in sorted(pages().items()):
        yield place, page(path)
    yield "reference/cli.md", cli_reference()
    yield statements.PLACE, statements.page()
    for module in MODULES:
        yield f"reference/{module}.md", python_reference(module)


def write(folder: Path) -> None:
    """Write the sources into ``folder``, which may not exist."""
    docs = folder / "docs"
    for place, text in sources():
        file = docs / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    for path, place in figures().items():
        (docs / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT / path, docs / place)
    public = {
        name: f"{imported}.{name}"
        for imported in reversed(MODULES)
        for name in public_names(import_module(imported))
    }
    for package in ("amin_ref", "oracle"):
        for module in sorted((PROJECT / package).rglob("*.py")):
            file = folder / module.relative_to(PROJECT)
            file.parent.mkdir(parents=True, exist_ok=True)
            source = module.read_text(encoding="utf-8")
            file.write_text(without_roles(source, public), encoding="utf-8")
    (docs / "assets").mkdir(exist_ok=True)
    shutil.copyfile(STYLE, docs / "assets" / "site.css")
    shutil.copyfile(CONFIGURATION, folder / "zensical.toml")


def main(folder: str) -> None:
    write(Path(folder))
    print(f"sources of the site are in {os.path.abspath(folder)}")


if __name__ == "__main__":
    main(*sys.argv[1:])

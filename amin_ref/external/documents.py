"""The texts that come with the package: the protocol page, and Amin in C and JavaScript."""

from __future__ import annotations

from importlib.resources import files
from typing import Literal, get_args

Language = Literal["c", "js"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
"""Languages in which an example scheduler comes with the package: C and JavaScript."""


def protocol_text() -> str:
    """The page that describes the protocol, as Markdown."""
    return _text("protocol.md")


def example_text(language: Language) -> str:
    """The source of an example scheduler: Amin, ready to be compiled or run."""
    return _text(f"amin.{language}")


def _text(file: str) -> str:
    return files("amin_ref.external").joinpath(file).read_text(encoding="utf-8")

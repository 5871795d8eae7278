"""The program's sources, which come with the package, and a key that changes with them."""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Mapping
from importlib.resources import files

SOURCES = ("amin_model.mli", "amin_model.ml", "main.ml")
"""The files in the order in which they are compiled."""

KEY_DIGITS = 16
"""Hexadecimal digits of a key: 64 bits, so that no two versions of the sources share one."""


def source_texts() -> dict[str, str]:
    """Each source file's text, by its name, in the order in which they are compiled."""
    folder = files("amin_ref.proved").joinpath("source")
    return {name: folder.joinpath(name).read_text(encoding="utf-8") for name in SOURCES}


def key_of(sources: Mapping[str, str]) -> str:
    """A name for what these sources compile to on this kind of machine: a hash."""
    digest = hashlib.sha256(f"{sys.platform} {platform.machine()}".encode())
    for name, text in sources.items():
        digest.update(f"\0{name}\0{text}".encode())
    return digest.hexdigest()[:KEY_DIGITS]

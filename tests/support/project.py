"""The path of the project."""

from __future__ import annotations

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
"""The folder that holds ``pyproject.toml``."""

NO_BYTECODE = {"PYTHONDONTWRITEBYTECODE": "1"}
"""Environment of a program whose files are limited in size.

Python compiles a module when it is first imported, and would keep the first bytes of the result,
so that all programs after it fail.
"""

"""JSON Schemas (Draft 2020-12) of every document: what other languages hold their output against.

The readers in this package do not go through them: they say more than a schema can, in sentences.
That the two agree is tested.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Literal, get_args

SchemaName = Literal["instance", "schedule", "schedule-lines", "certificate", "vectors"]
SCHEMA_NAMES: tuple[SchemaName, ...] = get_args(SchemaName)


def schema_text(name: SchemaName) -> str:
    """The schema of one kind of document, as JSON."""
    return files(__name__).joinpath(f"{name}.json").read_text(encoding="utf-8")

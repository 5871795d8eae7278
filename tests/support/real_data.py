"""The real traces, for tests that measure on them. They are not part of the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

BESIDE_THE_PROJECT = Path(__file__).resolve().parents[3] / "shared" / "data"


def data_folder() -> Path:
    """The folder with the real traces: ``$AMIN_DATA``, or ``../shared/data`` beside the project."""
    return Path(os.environ.get("AMIN_DATA") or BESIDE_THE_PROJECT)


def real_file(name: str) -> Path:
    """A real trace; the calling test is skipped if the file does not exist."""
    path = data_folder() / name
    if not path.is_file():
        pytest.skip(f"{name} is neither in $AMIN_DATA nor in ../shared/data")
    return path


def azure_file() -> Path:
    return real_file("AzureLLMInferenceTrace_conv.csv")


def lmsys_file() -> Path:
    return real_file("lmsys_chat_lengths.csv")


def code_file() -> Path:
    return real_file("AzureLLMInferenceTrace_code.csv")


def mooncake_file() -> Path:
    return real_file("mooncake_conversation_lengths.jsonl")

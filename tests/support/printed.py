"""What commands print, without the line ends that only keep to the width of the terminal."""

from __future__ import annotations

from amin_ref.cli.writing import INDENT


def unwrapped(printed: str) -> str:
    """What was printed, with each sentence in one line again."""
    return printed.replace(f"\n{INDENT}", " ")

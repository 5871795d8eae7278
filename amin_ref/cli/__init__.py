"""The command line: reads files and flags, calls inwards, prints tables or JSON."""

from amin_ref.cli.application import main

__all__ = ["main"]
